"""Is what stands in one file only found there? Rare words, names with uses elsewhere, and literals.

``python -m benchmarks.rare TREE...`` draws from each tree, with ``--seed``, what is listed below, asks
``search`` for each by itself, and prints how often the file comes first and how often the first span has a
line of it. ``--misses`` prints the others, ``--details FILE`` writes a JSON line a query. A tree is only
read; its index is temporary unless ``--index-dir`` names a folder for it.

The sorts are *plain word* (letters alone, asked in lower case), *identifier* (with an underscore, a capital
inside or a digit, asked as it is written), *identifier in lower case*, *two words* (a plain word and another
one of its line that stands in several files), *used name* (a definition whose name stands in other files too;
wanted is the definition), *string constant*, *comment line*, and *quoted* (either of these in quotes). Words
are compared whole and without case, literals byte for byte, in all files that the index has.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec import Struct

import semindex
from benchmarks.quality.pasted import comment_lines
from semindex.errors import SemindexError
from semindex.parse.parser import parse_file
from semindex.source.languages import kind_of
from semindex.source.read import read_file
from semindex.source.walk import walk
from semindex.types import FileFailure, Kind, ParsedFile

DEFAULT_LIMIT = 20
"""Queries of each sort and tree."""
MOST_OF_A_FILE = 3
"""Queries of one sort for which one file is wanted."""
_WORD = re.compile(rb"[\w\x80-\xff]+")
_CHARS = range(4, 41)
_LITERAL = re.compile(rb'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.)*)\'')
_LITERAL_CHARS = range(8, 121)
_MARKERS = b" \t/*#;-!%<>{}("


class Wanted(Struct, frozen=True):
    """Something to ask for, and where it stands."""

    sort: str
    query: str
    path: str
    lines: tuple[int, ...]
    """Lines of which one is wanted; 1-based."""
    language: str


class Answer(Struct, frozen=True):
    """What came first."""

    wanted: Wanted
    file_first: bool
    span_first: bool
    found: str
    """The first hit as ``path:start-end``; empty when nothing was found."""


class Source(Struct, frozen=True):
    """A file of a tree."""

    parsed: ParsedFile
    lines: Sequence[bytes]

    @property
    def path(self) -> str:
        """The path from the tree's root."""
        return self.parsed.source.path


class Places(Struct, frozen=True):
    """Where each of some texts stands."""

    file: dict[bytes, int]
    """The only file that has it; -1 when several have."""
    lines: dict[bytes, list[int]]
    """The lines in the file that was seen first."""

    def add(self, text: bytes, file: int, line: int) -> None:
        """The text stands there, too."""
        known = self.file.setdefault(text, file)
        if known == file:
            self.lines.setdefault(text, []).append(line)
        elif known >= 0:
            self.file[text] = -1

    def only(self) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
        """What one file alone has: the text, the file, the lines."""
        for text, file in self.file.items():
            if file >= 0:
                yield text, file, tuple(self.lines[text])


def sources(root: Path) -> list[Source]:
    """The files that an index of the tree has."""
    read = [read_file(root, ref) for ref in walk(root).refs]
    texts = [each for each in read if not isinstance(each, FileFailure)]
    return [Source(parse_file(each), each.text.split(b"\n")) for each in texts]


def wanted(files: Sequence[Source], limit: int, drawn: random.Random) -> list[Wanted]:
    """Up to ``limit`` queries of each sort."""
    words, as_written = _words(files)
    found: dict[str, list[Wanted]] = defaultdict(list)

    def add(sort: str, query: bytes, file: int, lines: Sequence[int]) -> None:
        source = files[file].parsed.source
        text = query.decode("utf-8", "replace")
        found[sort].append(Wanted(sort, text, source.path, tuple(lines), source.language))

    for word, file, lines in words.only():
        written = as_written[word]
        if word.isalpha() and written in (word, word.upper(), word.capitalize()):
            add("plain word", word, file, lines)
            other = _companion(files[file].lines[lines[0] - 1], words)
            if other is not None:
                add("two words", b" ".join(drawn.sample((word, other), 2)), file, lines)
        else:
            add("identifier", written, file, lines)
            if word != written:
                add("identifier in lower case", word, file, lines)
    for name, file, line in _used_names(files, words):
        add("used name", name, file, (line,))
    for sort, literals in (("string constant", _constants(files)), ("comment line", _comments(files))):
        whole = b"\0".join(b"\n".join(file.lines) for file in files)
        for text, file, lines in _drawn(list(literals.only()), drawn, limit):
            if whole.count(text) == len(lines):
                add(sort, text, file, lines)
                if b'"' not in text:
                    add("quoted", b'"%s"' % text, file, lines)
    return [each for some in found.values() for each in _spread(some, limit, drawn)]


def _words(files: Sequence[Source]) -> tuple[Places, Mapping[bytes, bytes]]:
    """The words in lower case with their places, and one way in which each is written."""
    words, written = Places({}, {}), dict[bytes, bytes]()
    for number, file in enumerate(files):
        for line, text in enumerate(file.lines, 1):
            for word in _WORD.findall(text):
                if len(word) in _CHARS and word.isascii() and not word[:1].isdigit():
                    words.add(word.lower(), number, line)
                    written.setdefault(word.lower(), word)
    return words, written


def _companion(line: bytes, words: Places) -> bytes | None:
    """A word of the line that several files have."""
    shared = [word.lower() for word in _WORD.findall(line) if words.file.get(word.lower()) == -1]
    return max(shared, key=len, default=None)


def _used_names(files: Sequence[Source], words: Places) -> Iterator[tuple[bytes, int, int]]:
    """Names that several files have and one definition: the name, its file, the line where it begins."""
    places: dict[bytes, list[tuple[bytes, int, int]]] = defaultdict(list)
    for number, file in enumerate(files):
        for symbol in file.parsed.symbols if kind_of(file.parsed.source.language) == "code" else ():
            name = symbol.name.encode("utf-8", "replace")
            if symbol.kind is not Kind.IMPLEMENTATION and len(name) in _CHARS and symbol.name.isidentifier():
                places[name.lower().replace(b"_", b"")].append((name, number, symbol.span.start_line))
    for some in places.values():
        if len(some) == 1 and words.file.get(some[0][0].lower()) == -1:
            yield some[0]


def _constants(files: Sequence[Source]) -> Places:
    found = Places({}, {})
    for number, file in enumerate(files):
        commented = comment_lines(file.parsed)
        code = kind_of(file.parsed.source.language) == "code"
        for line, text in enumerate(file.lines if code else (), 1):
            for match in _LITERAL.finditer(text) if line not in commented else ():
                constant = match[1] or match[2] or b""
                if len(constant) in _LITERAL_CHARS and b"\\" not in constant and _WORD.search(constant):
                    found.add(constant, number, line)
    return found


def _comments(files: Sequence[Source]) -> Places:
    found = Places({}, {})
    for number, file in enumerate(files):
        if kind_of(file.parsed.source.language) == "code":
            for line in sorted(comment_lines(file.parsed)):
                text = file.lines[line - 1].strip(_MARKERS + b"\r")
                if len(text) in _LITERAL_CHARS and len(_WORD.findall(text)) > 1:
                    found.add(text, number, line)
    return found


def _drawn(
    some: list[tuple[bytes, int, tuple[int, ...]]], drawn: random.Random, limit: int
) -> list[tuple[bytes, int, tuple[int, ...]]]:
    """Some of them: to look for each in all files takes long."""
    drawn.shuffle(some)
    return some[: 12 * limit]


def _spread(some: Sequence[Wanted], limit: int, drawn: random.Random) -> Iterator[Wanted]:
    """Up to ``limit`` of some, of many files."""
    by_file: dict[str, list[Wanted]] = defaultdict(list)
    for each in some:
        by_file[each.path].append(each)
    paths = drawn.sample(sorted(by_file), len(by_file))
    picked = [each for path in paths for each in _some_of(by_file[path], drawn)]
    # The first of each file, then the second of each.
    picked.sort(key=lambda item: item[0])
    yield from (each for _, each in picked[:limit])


def _some_of(some: Sequence[Wanted], drawn: random.Random) -> list[tuple[int, Wanted]]:
    return list(enumerate(drawn.sample(some, min(len(some), MOST_OF_A_FILE))))


def ask(root: Path, asked: Sequence[Wanted], index_dir: Path) -> Iterator[Answer]:
    """The answer to each query, of an index of the tree; an error counts as nothing found."""
    with semindex.open(root, index_dir=index_dir) as index:
        index.refresh()
        for each in asked:
            try:
                hits = list(index.search(each.query, limit=10))
            except SemindexError:
                hits = []
            first = hits[0] if hits else None
            in_file = first is not None and first.path == each.path
            shows = range(first.start_line, first.end_line + 1) if first is not None else ()
            in_span = in_file and any(line in shows for line in each.lines)
            shown = f"{first.path}:{first.start_line}-{first.end_line}" if first else ""
            yield Answer(each, in_file, in_span, shown)


def table(answers: Iterable[Answer], *, by: Callable[[Answer], str]) -> Iterator[str]:
    """Lines of a table with a row a group and a column a measure."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        groups[by(answer)].append(answer)
    yield "| | asked | file first | first span has the line |"
    yield "|---|---|---|---|"
    for name, some in groups.items():
        files, spans = sum(each.file_first for each in some), sum(each.span_first for each in some)
        share = f"{files} ({files / len(some):.1%}) | {spans} ({spans / len(some):.1%})"
        yield f"| {name} | {len(some)} | {share} |"


def main(words: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rare", description=__doc__)
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--limit", type=int, default=DEFAULT_LIMIT, help="queries of each sort and tree")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--index-dir", type=Path, help="keep the trees' indexes in this folder")
    parser.add_argument("--details", type=Path)
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args(words)
    answers: list[Answer] = []
    with TemporaryDirectory(prefix="rare-") as temporary:
        for root in options.trees:
            name = root.resolve().name
            drawn = random.Random(f"{options.seed}:{name}")
            asked = wanted(sources(root), options.limit, drawn)
            answers += ask(root, asked, (options.index_dir or Path(temporary)) / name)
    for by in (lambda each: each.wanted.sort, lambda each: each.wanted.language, lambda each: "all"):
        print("\n".join(table(answers, by=by)), end="\n\n")
    if options.details:
        rows = [json.dumps(msgspec.to_builtins(answer)) + "\n" for answer in answers]
        options.details.write_text("".join(rows), "utf-8")
    for answer in answers if options.misses else ():
        if not answer.span_first:
            missed = answer.wanted
            print(
                f"[{missed.sort}] {missed.query!r}\n    {missed.path}:{missed.lines[0]}, not {answer.found}"
            )


if __name__ == "__main__":
    main()
