"""How many of the definitions that universal-ctags finds are found here, by language.

``python -m benchmarks.definitions [--language LANG]... [--samples N] [--json] TREE...`` parses each file of
the trees in this process, without an index, and asks ctags for the names in the same files.

- *recall*: the share of ctags' functions, types, modules and macros that have a symbol of the same last name
  within three lines, or around their line: clauses of one function are one symbol. Known errors of ctags
  (``benchmarks/ctags.py``) are left out, and counted under *flaws*, and so is what we leave out on purpose,
  under *local*: definitions of one or two lines inside functions, and all inside functions of C and C++.
- *precision*: the share of our symbols that ctags knows, as a tag of any kind, or that stand behind a word
  that begins a definition. The rest is *ours only*; ``--samples`` shows some, as most are names that ctags
  misses.
- *MB/s*: bytes parsed in a second of processor time.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from benchmarks.ctags import LANGUAGES, Tag, flaw_of, is_definition, last_name, tags_of
from semindex.parse.parser import parse_file
from semindex.source.read import read_file
from semindex.source.walk import walk
from semindex.types import Kind, ParsedFile, SourceFile

NEAR_LINES = 3
"""How far the line of a tag may be from the lines of a symbol's head."""
_HEAD_LINES = 40
"""A name is looked for in as many lines of its symbol."""
_HEADING = re.compile(
    r"""(?ix)\b(?:abstract|actor|aggregate|alias|architecture|class|command|component|contract|create|custom
    |data|declare|def\w*|domain|entity|enum\w*|error|event|exception|extend|extension|fn|fun|func|function
    |global|impl|inductive|instance|interface|iface|let|local|macro\w*|message|method|mixin|mod|modifier
    |module|my|namespace|newtype|object|oneof|operator|our|package|policy|proc|procedure|program|protocol
    |record|resource|rpc|rule|schema|scope|section|sequence|service|signature|source|struct\w*|sub
    |subprogram|subroutine|subtype|table|task|template|trait|trigger|type\w*|union|using|val|var|variable
    |view|output|provider)\b"""
)
_WITH_MACROS = ("C", "C++", "CUDA")
_MADE_BY_MACRO = re.compile(r"(?P<macro>[A-Z][A-Z0-9_]+)\s*\(")
"""A head that is a macro, as in ``TEST(Split, Empty) {``: ctags names the function by the macro."""
_SHOWN = (Kind.SECTION, Kind.SETTING)
"""Kinds that are no definitions of code."""


class Name(Struct, frozen=True):
    """A symbol of ours. Lines count from 1; ``line`` is the one where the name stands."""

    path: str
    name: str
    kind: str
    first_line: int
    line: int
    text: str
    last_line: int

    def is_at(self, tag: Tag) -> bool:
        """Whether the tag's line is near the head, or inside."""
        return self.first_line - NEAR_LINES <= tag.line <= max(self.line + NEAR_LINES, self.last_line)


class Tally(Struct):
    """What was found in the files of a language."""

    language: str
    files: int = 0
    nbytes: int = 0
    seconds: float = 0.0
    reference: str = "none"
    tags: int = 0
    found: int = 0
    names: int = 0
    known: int = 0
    headed: int = 0
    local: int = 0
    flaws: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    missed: list[Tag] = field(default_factory=list)
    ours_only: list[Name] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        """Percent; None without a reference."""
        return 100 * self.found / self.tags if self.tags else None

    @property
    def precision(self) -> float | None:
        """Percent; None without a reference."""
        if self.reference == "none" or not self.names:
            return None
        return 100 * (self.known + self.headed) / self.names

    @property
    def speed(self) -> float:
        """Megabytes in a second of processor time."""
        return self.nbytes / 1e6 / self.seconds if self.seconds else 0.0


def label_of(source: SourceFile) -> str:
    """The language that the table shows: zsh stands apart from bash, though one grammar serves both."""
    if source.language != "bash":
        return source.language
    name = source.path.rpartition("/")[2].lower()
    is_zsh = name.endswith((".zsh", ".zsh-theme")) or name.startswith((".zsh", ".zpro", ".zlog"))
    first = source.text[:200]
    return (
        "zsh" if is_zsh or first.startswith((b"#compdef", b"#autoload")) or b"zsh" in first[:25] else "bash"
    )


def names_of(parsed: ParsedFile, path: str) -> list[Name]:
    """The definitions that we find in a file; ``path`` is how the report names it."""
    lines = parsed.source.text.decode("utf-8", "replace").split("\n")
    names = []
    for symbol in parsed.symbols:
        if symbol.kind in _SHOWN:
            continue
        name, first = last_name(symbol.name), symbol.span.start_line
        end = min(symbol.span.end_line, first + _HEAD_LINES)
        at = next((n for n in range(first, end + 1) if name in lines[n - 1].lower()), first)
        text, last = lines[at - 1].strip(), symbol.span.end_line
        names.append(Name(path, symbol.name, symbol.kind.label, first, at, text, last))
    return names


def commented_lines(parsed: ParsedFile) -> frozenset[int]:
    """The lines, from 1, that begin inside a comment or a docstring."""
    text = parsed.source.text
    starts = [match.start(1) for match in re.finditer(rb"(?m)^[ \t]*+()", text)]
    ends = parsed.comments[:, 1].tolist()
    return frozenset(
        number
        for number, start in enumerate(starts, 1)
        if (at := bisect_right(ends, start)) < len(ends) and parsed.comments[at, 0] <= start
    )


def compare(
    tally: Tally,
    parser: str,
    tags: Iterable[Tag],
    names: Sequence[Name],
    commented: Mapping[str, frozenset[int]],
) -> None:
    """Count what both have, and keep what only one has; ``commented`` has the lines of comments by path."""
    by_name: dict[tuple[str, str], list[Name]] = defaultdict(list)
    for name in names:
        by_name[name.path, last_name(name.name)].append(name)
        if parser in _WITH_MACROS and (made := _MADE_BY_MACRO.match(name.text)):
            by_name[name.path, made["macro"].lower()].append(name)
    known: set[int] = set()
    for tag in dict.fromkeys(tags):
        same = [name for name in by_name.get((tag.path, tag.last_name), ()) if name.is_at(tag)]
        known.update(map(id, same))
        if not is_definition(parser, tag):
            continue
        is_comment = tag.line in commented.get(tag.path, ())
        flaw = None if same else "in a comment" if is_comment else flaw_of(parser, tag)
        if flaw is not None:
            tally.flaws[flaw] += 1
            continue
        if not same and (tag.is_small_local or (tag.local and parser in _WITH_MACROS)):
            tally.local += 1
            continue
        tally.tags += 1
        tally.found += bool(same)
        if not same:
            tally.missed.append(tag)
    for name in names:
        tally.names += 1
        if id(name) in known:
            tally.known += 1
        elif _stands_in_head(name):
            tally.headed += 1
        else:
            tally.ours_only.append(name)


def _stands_in_head(name: Name) -> bool:
    """Whether a word that begins definitions stands before the name in its line."""
    at = name.text.lower().find(last_name(name.name))
    return at > 0 and _HEADING.search(name.text[:at]) is not None


def measure(roots: Sequence[Path], languages: frozenset[str] = frozenset()) -> list[Tally]:
    """One tally for each language that has files in the trees; all languages when none is named."""
    tallies: dict[str, Tally] = {}
    names: dict[str, list[Name]] = defaultdict(list)
    files: dict[str, list[Path]] = defaultdict(list)
    commented: dict[str, frozenset[int]] = {}
    for root in roots:
        for ref in walk(root).refs:
            source = read_file(root, ref)
            if not isinstance(source, SourceFile) or (languages and label_of(source) not in languages):
                continue
            label = label_of(source)
            tally = tallies.setdefault(label, Tally(label))
            begun = time.process_time()
            parsed = parse_file(source)
            tally.seconds += time.process_time() - begun
            tally.files += 1
            tally.nbytes += len(source.text)
            path = root / ref.path
            files[label].append(path)
            names[label] += names_of(parsed, str(path))
            commented[str(path)] = commented_lines(parsed)
    for label, tally in tallies.items():
        parser = LANGUAGES.get(label)
        tally.kinds = Counter(name.kind for name in names[label])
        tally.names = 0
        if parser is None:
            tally.names = len(names[label])
            continue
        tally.reference = "ctags"
        compare(tally, parser, tags_of(parser, files[label]), names[label], commented)
    return sorted(tallies.values(), key=lambda tally: tally.language)


def table(tallies: Iterable[Tally]) -> list[str]:
    """The lines of a Markdown table."""
    shown = [
        "| language | files | MB | ctags | found | recall % | ours | precision % | ours only | flaws | local "
        "| MB/s |"
    ]
    shown.append("|---|" + "--:|" * 11)
    for tally in tallies:
        counts = (tally.tags, tally.found) if tally.reference != "none" else ("none", "")
        cells = [tally.language, tally.files, f"{tally.nbytes / 1e6:.2f}", *counts, _percent(tally.recall)]
        cells += [tally.names, _percent(tally.precision), len(tally.ours_only)]
        cells += [sum(tally.flaws.values()), tally.local, f"{tally.speed:.1f}"]
        shown.append("| " + " | ".join(map(str, cells)) + " |")
    return shown


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def samples_of(tally: Tally, count: int) -> list[str]:
    """Some of what only one side has, evenly from all files."""
    shown = [f"{tally.language}: flaws of ctags: {dict(tally.flaws)}"] if tally.flaws else []
    for tag in _spread(tally.missed, count):
        shown.append(
            f"{tally.language}: missed: {tag.path}:{tag.line}: {tag.kind} {tag.name}: {tag.text.strip()}"
        )
    for name in _spread(tally.ours_only, count):
        shown.append(
            f"{tally.language}: ours only: {name.path}:{name.line}: {name.kind} {name.name}: {name.text}"
        )
    return [line[:240] for line in shown]


def _spread(rows: Sequence[Any], count: int) -> Sequence[Any]:
    return rows[:: max(1, -(-len(rows) // count))] if count and rows else ()


def as_object(tally: Tally) -> dict[str, Any]:
    """The tally as JSON has it; samples are counted only."""
    plain = {name: getattr(tally, name) for name in ("language", "files", "nbytes", "seconds", "reference")}
    plain |= {
        name: getattr(tally, name)
        for name in ("tags", "found", "recall", "names", "known", "headed", "local")
    }
    plain |= {"precision": tally.precision, "missed": len(tally.missed), "ours_only": len(tally.ours_only)}
    return plain | {
        "flaws": dict(tally.flaws),
        "kinds": dict(tally.kinds),
        "megabytes_per_second": tally.speed,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.definitions", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("trees", nargs="*", type=Path, metavar="TREE")
    parser.add_argument("--language", action="append", default=[], metavar="LANG", help="only this language")
    parser.add_argument(
        "--corpus", type=Path, metavar="FILE", help="more trees: a file of lines LANG, tab, TREE"
    )
    parser.add_argument(
        "--samples", type=int, default=0, metavar="N", help="show N names that one side lacks"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    jobs = [([root.resolve() for root in given.trees], frozenset(given.language))] if given.trees else []
    for language, trees in (_listed(given.corpus) if given.corpus else {}).items():
        if not given.language or language in given.language:
            jobs.append((trees, frozenset([language])))
    if not jobs:
        parser.error("name a tree, or a corpus that has the language")
    tallies = [tally for roots, languages in jobs for tally in measure(roots, languages)]
    if given.json:
        print(json.dumps({"languages": [as_object(tally) for tally in tallies]}, indent=2))
        return
    print("\n".join(table(tallies)))
    for tally in tallies:
        print("\n".join(samples_of(tally, given.samples)), end="\n" if given.samples else "")


def _listed(corpus: Path) -> dict[str, list[Path]]:
    """The trees of each language of a corpus file; relative ones start at its folder."""
    listed: dict[str, list[Path]] = defaultdict(list)
    for line in corpus.read_text().splitlines():
        language, _, tree = line.partition("\t")
        if tree:
            listed[language].append((corpus.parent / tree).resolve())
    return dict(sorted(listed.items()))


if __name__ == "__main__":
    main()
