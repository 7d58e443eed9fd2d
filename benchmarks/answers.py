"""Everything that searches answer, written down, so that two versions of the code can be compared.

::

    python -m benchmarks.answers record OUT.jsonl TREE... [--queries N] [--judgements DIR]
    python -m benchmarks.answers compare OLD.jsonl NEW.jsonl [--show N] [--tolerance 1e-9]

``record`` indexes each tree anew, draws queries from the tree's own files, and writes one line for each
asking. A smaller tree is also copied; the copy's index is built from an older state and refreshed after
edits, so it has several segments and deleted files. The copies are also asked two and three together. What
is drawn depends on the trees' contents and names only. ``PYTHONPATH=OTHER/src`` has other code answer.

A tree is given as ``PATH`` or as ``NAME=PATH``; the name stands in the record instead of the path, and
``DIR/annotations/NAME.json`` has the judged queries of that tree. The record leaves out the only parts of an
answer that differ from run to run by their nature: the seconds it took, and how fresh the index is.

``compare`` ends with exit code 1 when the records differ. Its tolerance is for scores and for the values of
reasons only.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import semindex

QUERIES = 120
COPIED_FILES = 1000
"""A tree of more files is not copied: its second index would take too long to build."""
EDITED_FILES = 48
READ_FILES = 300
"""Queries are drawn from this many files of a tree at most."""
READ_BYTES = 300_000
LONG_PASTE_WORDS = 100
"""Distinct words of a long paste, at least; well above the 64 terms that semindex treats as a short query."""
_NOT_CONTENT = (".git", ".semindex")
_MODIFIERS = (
    r"export|default|pub|pub\(crate\)|async|static|abstract|final|public|private|protected|inline|case"
)
_DEFINED_BY = (
    "def|defp|defmacro|defmodule|class|fn|func|function|struct|enum|trait|interface|impl|module|object|const"
    "|type"
)
_DEFINITION = re.compile(
    rf"^[ \t]*(?:(?:{_MODIFIERS})\s+)*(?:{_DEFINED_BY})\s+([A-Za-z_]\w*(?:(?:\.|::)\w+)*)"
    r"|^#[ \t]*define[ \t]+(\w+)|^(\w+)[ \t]*\(\)[ \t]*\{|^\w[\w:<>*& ]*[ *&](\w+)\([^;\n]*$",
    re.M,
)
_QUALIFIED = re.compile(r"\b[A-Za-z_]\w+(?:(?:\.|::|->|\\)[A-Za-z_]\w+){1,3}\b")
_COMMENT = re.compile(r"^[ \t]*(?:#+|//+!?|/\*+|\*+|;+|--+|@doc)[ \t]+([A-Za-z`][^\n]{15,200})$", re.M)
_STRING = re.compile(r"\"([^\"\\\n]{8,90})\"|'([^'\\\n]{8,90})'")
_ERROR = re.compile(
    r"error|fail|invalid|must|cannot|can't|could not|expected|unable|missing|unknown|not ", re.I
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LANGUAGES = {
    **{"py": "python", "php": "php", "cc": "cpp", "h": "c", "rs": "rust", "rb": "ruby", "js": "javascript"},
    **{"ts": "typescript", "scala": "scala", "c": "c", "ex": "elixir", "sh": "bash", "zig": "zig"},
    **{"md": "markdown", "yml": "yaml", "json": "json", "toml": "toml"},
}
_FORMER = {"lang": "languages", "path": "paths", "exclude": "excluded_paths", "kind": "kinds"}
"""The names of filters in code from before they had one name everywhere."""
_KINDS = ("function", "method", "class", "struct", "module", "section", "block", "text", "config", "constant")
_UNICODE = (
    "größe der Datei",
    "文字列を解析する",
    "кэш ответов",
    "naïve café {name}",
    "🎉 {name} 🚀",
    "ﬁle ｆｕｌｌｗｉｄｔｈ {name}",
    "e\u0301tat de la re\u0301ponse",
    '"größe" {name}',
    "{name}\u200b\u00a0{name}",
    "İstanbul ſtraße {name}",
)


@dataclass(frozen=True)
class Asking:
    """One question, and how it is asked."""

    family: str
    query: str
    options: Mapping[str, Any] = field(default_factory=dict)
    method: str = "search"


@dataclass(frozen=True)
class Material:
    """Text of a tree, from which queries are drawn."""

    paths: Sequence[str]
    """All files that can be read as text, sorted, relative to the tree."""
    texts: Mapping[str, str]
    """Some of them."""

    @classmethod
    def read(cls, tree: Path, name: str) -> Material:
        """Read a tree; the same files of a tree of the same name are chosen always."""
        texts = {path: text for path in files_below(tree) if (text := _read(tree / path)) is not None}
        paths = list(texts)
        chosen = random.Random(f"files of {name}").sample(paths, min(READ_FILES, len(paths)))
        return cls(paths, {path: texts[path] for path in sorted(chosen)})

    @classmethod
    def joined(cls, parts: Sequence[Material]) -> Material:
        """The material of several trees together."""
        paths = sorted({path for part in parts for path in part.paths})
        texts: dict[str, str] = {}
        for number, part in enumerate(parts):
            texts |= {f"{number}/{path}": text for path, text in part.texts.items()}
        return cls(paths, texts)

    @cached_property
    def names(self) -> Sequence[str]:
        """Names of definitions."""
        return [name for name in self._found(_DEFINITION) if len(name) > 2]

    @cached_property
    def qualified(self) -> Sequence[str]:
        """Names with the names of what encloses them."""
        return self._found(_QUALIFIED)

    @cached_property
    def comments(self) -> Sequence[str]:
        """Lines of comments and of documents that read like sentences."""
        return [line for line in self._found(_COMMENT) if len(line.split()) > 3]

    @cached_property
    def strings(self) -> Sequence[str]:
        """String constants of two words or more."""
        return [text for text in self._found(_STRING) if len(text.split()) > 1]

    @cached_property
    def errors(self) -> Sequence[str]:
        """String constants that tell what went wrong."""
        return [text for text in self.strings if _ERROR.search(text)]

    @cached_property
    def common_words(self) -> Sequence[str]:
        """The words that stand in the largest number of files, the most frequent first."""
        counted = Counter(word for text in self.texts.values() for word in {*_WORD.findall(text.lower())})
        return [word for word, _ in sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:40]]

    @cached_property
    def folders(self) -> Sequence[str]:
        """Folders that hold files, also indirectly."""
        above = (Path(path).parents for path in self.paths)
        return sorted({parent.as_posix() for parents in above for parent in parents} - {"."})

    @cached_property
    def languages(self) -> Sequence[str]:
        """Languages of some of the files, by their endings."""
        endings = {Path(path).suffix[1:] for path in self.paths}
        return sorted({_LANGUAGES[ending] for ending in endings if ending in _LANGUAGES})

    def _found(self, pattern: re.Pattern[str]) -> list[str]:
        found: dict[str, None] = {}
        for text in self.texts.values():
            for match in pattern.finditer(text):
                found[next(filter(None, match.groups()), match[0]).strip()] = None
        return list(found)


def files_below(tree: Path) -> list[str]:
    """All regular files of a tree, sorted, without those of git and of semindex."""
    found = []
    for folder, folders, names in os.walk(tree):
        folders[:] = [name for name in folders if name not in _NOT_CONTENT]
        found += [Path(folder, name) for name in names if not Path(folder, name).is_symlink()]
    return sorted(path.relative_to(tree).as_posix() for path in found)


def _read(file: Path) -> str | None:
    """The text of a file; None when it is large, empty or not UTF-8."""
    if not 0 < file.stat().st_size <= READ_BYTES:
        return None
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


class Drawing:
    """Draws queries from material; each method draws one of its family."""

    def __init__(self, material: Material, seed: str) -> None:
        self.material = material
        self.random = random.Random(seed)
        self.drawn: list[Asking] = []

    def pick(self, items: Sequence[str], otherwise: str = "error handler") -> str:
        """One of the items; ``otherwise`` when there are none."""
        return self.random.choice(items) if items else otherwise

    def name(self) -> str:
        return self.pick(self.material.names)

    def words_of_name(self) -> str:
        return " ".join(_PART.findall(self.name())).lower() or "open file"

    def sentence(self) -> str:
        return self.pick(self.material.comments)

    def lines(self, least: int, most: int) -> str:
        """Consecutive lines of a file; blank ones at the beginning are left out."""
        text = self.material.texts[self.pick(list(self.material.texts))].splitlines()
        start = self.random.randrange(len(text))
        while start < len(text) - 1 and len(text[start].strip()) < 8:
            start += 1
        return "\n".join(text[start : start + self.random.randint(least, most)])

    def words_in_order(self, least: int, most: int) -> str:
        """Some words of a sentence or of a line, without double quotes."""
        source = self.sentence() if self.random.random() < 0.6 else self.lines(1, 1)
        words = source.replace('"', " ").split() or ["error"]
        count = min(len(words), self.random.randint(least, most))
        start = self.random.randint(0, len(words) - count)
        return " ".join(words[start : start + count])

    def phrase_inside_words(self) -> str:
        """A quoted phrase whose first word lacks its beginning, and whose last word may lack its end."""
        words = self.words_in_order(2, 4).split()
        words[0] = words[0][self.random.randint(1, 3) :] or words[0]
        if self.random.random() < 0.5:
            words[-1] = words[-1][: max(1, len(words[-1]) - 2)]
        return f'"{" ".join(words)}"'

    def long_paste(self) -> str:
        """Lines of one or several files, until there are many distinct words.

        Double quotes make phrases, which few files have all of; most pastes have single ones in their place.
        """
        pasted: list[str] = []
        while len({*_WORD.findall("\n".join(pasted).lower())}) < LONG_PASTE_WORDS and len(pasted) < 40:
            pasted.append(self.lines(40, 120))
        text = "\n".join(pasted)[:20_000]
        return text if self.random.random() < 0.3 else text.replace('"', "'")

    def error_message(self) -> str:
        """A message as a program prints it: what was left open is filled in."""
        message = self.pick(self.material.errors, self.sentence())
        filled = re.sub(r"%[sdrvzu]+|\{[^}]*\}|\$\w+", "value", message)
        return self.pick(["", "", "TypeError: ", "fatal: ", "panicked at "]) + filled

    def misspelled(self) -> str:
        """A sentence or a name with two letters of one word exchanged, or a word that nothing contains."""
        if self.random.random() < 0.2:
            return f"zqx{self.words_of_name().replace(' ', 'qx')}"
        words = self.pick([self.name(), self.words_of_name(), self.sentence()]).split()
        place = self.random.randrange(len(words))
        word = words[place]
        cut = self.random.randint(0, max(0, len(word) - 2))
        words[place] = word[:cut] + word[cut : cut + 2][::-1] + word[cut + 2 :]
        return " ".join(words)

    def glob(self) -> str:
        """A filter on paths: a folder, a file, or a pattern."""
        path = self.pick(self.material.paths)
        folder = self.pick(self.material.folders, "docs")
        file = Path(path)
        return self.pick([folder, f"{folder}/**", f"*{file.suffix}", f"**/{file.name}", path, f"{folder}/*"])

    def filtered(self) -> Asking:
        """Words with one or two filters, in the query or as options."""
        words = self.pick([self.words_of_name(), self.sentence(), self.name(), self.words_in_order(2, 3)])
        language, kind = self.pick(self.material.languages, "python"), self.pick(_KINDS)
        written = (f"lang:{language}", f"path:{self.glob()}", f"-path:{self.glob()}", f"kind:{kind}")
        options = (
            {"lang": [language]},
            {"path": [self.glob(), self.glob()]},
            {"exclude": [self.glob()]},
            {"kind": [kind, self.pick(_KINDS)]},
        )
        if self.random.random() < 0.3:
            return Asking("filter option", words, self.random.choice(options))
        chosen = self.random.sample(written, self.random.choice((1, 1, 1, 2)))
        chosen = [each.replace(":", ':"', 1) + '"' if " " in each else each for each in chosen]
        return Asking("filter", " ".join((*chosen, words)))

    def scoped(self) -> Asking:
        folder = self.pick(self.material.folders, "no/such/folder")
        words = self.pick([self.words_of_name(), self.sentence(), self.name()])
        return Asking("scope", words, {"scope": folder})

    def quoted(self) -> Asking:
        besides = self.pick(["", "", f" {self.words_of_name()}"])
        return Asking("phrase", f'"{self.words_in_order(1, 5)}"{besides}')

    def two_phrases(self) -> Asking:
        """Phrases of one run of lines, or of two places that may have nothing in common."""
        near = self.lines(6, 12).replace('"', " ").split()
        cut = len(near) // 2
        if cut > 2 and self.random.random() < 0.7:
            two = f'"{" ".join(near[1:3])}" "{" ".join(near[cut : cut + self.random.randint(1, 3)])}"'
        else:
            two = f'"{self.words_in_order(1, 3)}" "{self.words_in_order(1, 3)}"'
        return Asking("two phrases", two + self.pick(["", f" {self.words_of_name()}"]))

    def again(self) -> Asking:
        """An earlier query with other options, which a cache may answer in part."""
        earlier = [asking for asking in self.drawn if asking.method == "search"]
        if not earlier:
            return Asking("identifier", self.name())
        asking = self.random.choice(earlier)
        options = {**asking.options, "limit": self.random.choice((2, 5, 20))}
        if self.random.random() < 0.5:
            options["group_by"] = "file" if options.get("group_by") == "chunk" else "chunk"
        return replace(asking, family="again", options=options)

    def related(self) -> Asking:
        """A file, or a line of it."""
        path = self.pick(list(self.material.texts))
        count = len(self.material.texts[path].splitlines())
        line = self.pick(["", f":{self.random.randint(1, count)}", f":{self.random.randint(1, count)}"])
        options = {"scope": self.pick(self.material.folders, "docs")} if self.random.random() < 0.15 else {}
        return Asking("related", path + line, options, "related")

    def refused(self) -> Asking:
        """Something that cannot be answered, or finds nothing."""
        name = self.name()
        wrong = (
            Asking("refused", self.pick(["", "   ", '""', "lang:python", "\x00\x01"])),
            Asking("refused", f"{name} lang:klingon"),
            Asking("refused", f"{name} kind:gizmo"),
            Asking("refused", name, {"limit": 0}),
            Asking("refused", name, {"mode": "psychic"}),
            Asking("refused", name, {"group_by": "page"}),
            Asking("refused", name, {"kind": ["gizmo"]}),
            Asking("refused", f"{name} path:no/such/folder"),
            Asking("refused", "? ! ( ) { }"),
            Asking("refused", "no/such/file.py", {}, "related"),
            Asking("refused", f"{self.pick(self.material.paths)}:999999", {}, "related"),
        )
        return self.random.choice(wrong)

    def next(self, family: str) -> Asking:
        """Draw one of a family; a third of them get options."""
        asking = FAMILIES[family][1](self)
        if family in ("refused", "again"):
            return asking
        options = dict(asking.options)
        if self.random.random() < 0.3:
            options["group_by"] = "chunk"
        if self.random.random() < 0.3:
            options["limit"] = self.random.choice((1, 3, 3, 10, 50))
        if asking.method == "search" and self.random.random() < 0.15:
            options["mode"] = self.random.choice(("lexical", "dense", "hybrid"))
        return replace(asking, options=options)


def _plain(family: str, draw: Callable[[Drawing], str], **options: Any) -> Callable[[Drawing], Asking]:
    return lambda drawing: Asking(family, draw(drawing), options)


FAMILIES: Mapping[str, tuple[int, Callable[[Drawing], Asking]]] = {
    "identifier": (6, _plain("identifier", Drawing.name)),
    "qualified": (5, _plain("qualified", lambda d: d.pick(d.material.qualified))),
    "words of a name": (5, _plain("words of a name", Drawing.words_of_name)),
    "sentence": (7, _plain("sentence", Drawing.sentence)),
    "line of code": (4, _plain("line of code", lambda d: d.lines(1, 1))),
    "lines of code": (5, _plain("lines of code", lambda d: d.lines(2, 3))),
    "string": (4, _plain("string", lambda d: d.pick(d.material.strings))),
    "error message": (4, _plain("error message", Drawing.error_message)),
    "phrase": (7, Drawing.quoted),
    "two phrases": (4, Drawing.two_phrases),
    "phrase inside words": (4, _plain("phrase inside words", Drawing.phrase_inside_words)),
    "long paste": (5, _plain("long paste", Drawing.long_paste)),
    "common word": (3, _plain("common word", lambda d: d.pick(d.material.common_words))),
    "misspelled": (4, _plain("misspelled", Drawing.misspelled)),
    "filter": (8, Drawing.filtered),
    "scope": (3, Drawing.scoped),
    "lexical": (3, _plain("lexical", lambda d: d.words_in_order(1, 5), mode="lexical")),
    "dense": (3, _plain("dense", Drawing.sentence, mode="dense")),
    "fifty": (2, _plain("fifty", Drawing.words_of_name, limit=50)),
    "unicode": (2, _plain("unicode", lambda d: d.pick(_UNICODE).format(name=d.name()))),
    "related": (7, Drawing.related),
    "again": (4, Drawing.again),
    "refused": (2, Drawing.refused),
}
"""How often each family has its turn, and how one of it is drawn."""
OF_ONE_INDEX = ("scope", "related")
"""Families that only a single index answers."""


def draw(material: Material, seed: str, count: int, *, together: bool = False) -> list[Asking]:
    """Distinct askings; ``together`` leaves out those that several indexes cannot answer."""
    drawing = Drawing(material, seed)
    # The turns of a family lie evenly over a round, so that a short draw has families in proportion too.
    turns = [
        ((turn + drawing.random.random()) / weight, name)
        for name, (weight, _) in FAMILIES.items()
        for turn in range(weight)
    ]
    for family in itertools.cycle([name for _, name in sorted(turns)]):
        if len(drawing.drawn) >= count:
            return drawing.drawn
        if together and family in OF_ONE_INDEX:
            continue
        asking = drawing.next(family)
        if asking not in drawing.drawn and not (together and asking.method == "related"):
            drawing.drawn.append(asking)
    raise AssertionError("the turns never end")


def judged(judgements: Path | None, name: str, count: int) -> list[Asking]:
    """Some of the judged queries of a tree, with the options left as they are."""
    file = judgements / "annotations" / f"{name}.json" if judgements is not None else None
    if file is None or not file.exists():
        return []
    queries = list(dict.fromkeys(record["query"] for record in json.loads(file.read_text("utf-8"))))
    chosen = random.Random(f"judged {name}").sample(queries, min(count, len(queries)))
    return [Asking("judged", query) for query in chosen]


class Recorder:
    """Asks, and writes a line for each asking."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.written = 0
        self.names: dict[str, str] = {}
        """What stands in the record for a path."""

    def ask(self, label: str, index: semindex.Index | semindex.Indexes, askings: Sequence[Asking]) -> None:
        """Put the questions to an index, or to several that answer as one."""
        began = time.perf_counter()
        for asking in askings:
            asked = {
                "index": label,
                "method": asking.method,
                "family": asking.family,
                "query": asking.query,
                "options": asking.options,
            }
            line = json.dumps({"asked": asked, "answer": answer(index, asking)}, sort_keys=True)
            for path in sorted(self.names, key=len, reverse=True):
                line = line.replace(json.dumps(path)[1:-1], self.names[path])
            self.out.write(line + "\n")
        self.written += len(askings)
        tell(f"{label}: {len(askings)} askings in {time.perf_counter() - began:.1f} s")


def spelled(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options by the names that the code which answers has for them."""
    import semindex

    is_older = hasattr(semindex.Hit, "language")
    return {(_FORMER.get(name, name) if is_older else name): value for name, value in options.items()}


def answer(index: semindex.Index | semindex.Indexes, asking: Asking) -> dict[str, Any]:
    """Everything of an answer that does not depend on the time it took; or the error."""
    import semindex

    try:
        hits: semindex.Hits = getattr(index, asking.method)(asking.query, **spelled(asking.options))
    except semindex.SemindexError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except Exception as error:
        error.add_note(f"asked: {asking}")
        raise
    filters, coverage = hits.query.filters, hits.coverage
    return {
        "query": {
            "text": hits.query.text,
            "phrases": hits.query.phrases,
            "languages": filters.languages,
            "paths": filters.paths,
            "excluded_paths": filters.excluded_paths,
            "kinds": [kind.label for kind in filters.kinds],
            "scope": filters.scope,
        },
        "hits": [described(hit) for hit in hits],
        "coverage": {
            "seen": coverage.seen,
            "indexed": coverage.indexed,
            "chunks": coverage.chunks,
            "skipped": dict(coverage.skipped),
            "notes": coverage.notes,
        },
        "terms": hits.terms,
    }


def described(hit: semindex.Hit) -> dict[str, Any]:
    """A hit as it stands in the record: numbers in full, the text by its checksum."""
    text = None if hit.text is None else hit.text.encode("utf-8", "surrogatepass")
    return {
        "path": hit.path,
        "repository": hit.repository,
        "lines": [hit.start_line, hit.end_line],
        # Code from before the score was computed of the points called these the score.
        "score": repr(float(getattr(hit, "points", hit.score))),
        "symbol": hit.symbol,
        "kind": hit.kind,
        # Code from before the field had the name of its filter is compared too.
        "language": getattr(hit, "lang", None) or getattr(hit, "language", None),
        "digest": hit.digest,
        "stale": hit.stale,
        "reasons": [
            {"name": reason.signal, "value": repr(float(reason.contribution)), "detail": reason.detail}
            for reason in hit.reasons
        ],
        "text": None if text is None else hashlib.sha256(text).hexdigest(),
        "spans": hit.spans,
        "more": [described(other) for other in hit.more],
    }


def tell(message: str) -> None:
    """Say how far the work is, on standard error."""
    print(message, file=sys.stderr, flush=True)


def refresh(index: semindex.Index, label: str) -> None:
    """Bring an index up to date, and tell what that took."""
    # A new index takes nothing from those of other work trees: it is this code that is compared.
    report = index.refresh(force=not index.exists)
    tell(
        f"{label}: generation {report.generation}, {report.files} files, {report.chunks} chunks, "
        f"{report.changed} changed, {report.removed} removed, {report.seconds:.1f} s"
    )


class EditedCopy:
    """A copy of a tree that is changed in steps, always in the same way."""

    def __init__(self, tree: Path, place: Path, name: str) -> None:
        shutil.copytree(tree, place, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_CONTENT))
        self.place = place
        self.random = random.Random(f"edits of {name}")
        paths = [path for path in files_below(place) if _read(place / path) is not None]
        self.chosen = self.random.sample(paths, min(EDITED_FILES, len(paths) * 2 // 3))
        self.total = len(self.chosen)
        self.withheld: dict[str, str] = {}

    def take(self, share: float) -> list[str]:
        """Some of the chosen files, each once."""
        count = round(share * self.total)
        taken, self.chosen = self.chosen[:count], self.chosen[count:]
        return taken

    def withhold(self) -> None:
        """Begin with an older state: some files are not there yet."""
        for path in self.take(0.25):
            self.withheld[path] = (self.place / path).read_text("utf-8")
            (self.place / path).unlink()

    def change(self) -> None:
        """Edit, delete, rename and add files; called twice, it uses up about three quarters of them."""
        edited = self.take(0.15)
        for path in edited:
            self._edit(path)
        for path in self.take(0.08):
            (self.place / path).unlink()
        for path in self.take(0.08):
            file = self.place / path
            file.rename(file.with_name(f"renamed_{file.name}"))
        for path in list(self.withheld)[: max(1, len(self.withheld) // 2)]:
            (self.place / path).parent.mkdir(parents=True, exist_ok=True)
            (self.place / path).write_text(self.withheld.pop(path), "utf-8")
        if edited:
            file = self.place / edited[0]
            shutil.copy(file, file.with_name(f"copied_{file.name}"))

    def leave_stale(self) -> None:
        """Edit the rest; nothing indexes it."""
        for path in self.take(1.0):
            self._edit(path)

    def _edit(self, path: str) -> None:
        """Leave out a run of lines, and repeat another at the end."""
        lines = (self.place / path).read_text("utf-8").splitlines(keepends=True)
        cut = self.random.randrange(len(lines))
        size = max(1, len(lines) // 8)
        again = lines[self.random.randrange(len(lines)) :][:size]
        kept = [*lines[:cut], *lines[cut + size :]] or ["edited\n"]
        (self.place / path).write_text("".join([*kept, "\n", *again]), "utf-8")


@dataclass(frozen=True)
class Tree:
    """A folder to search, and what it is called in the record."""

    name: str
    root: Path

    @classmethod
    def named(cls, text: str) -> Tree:
        """Read ``PATH`` or ``NAME=PATH``."""
        name, separator, path = text.rpartition("=")
        root = Path(path).resolve()
        if not root.is_dir():
            raise argparse.ArgumentTypeError(f"{path} is not a folder")
        return cls(name if separator else root.name, root)


def record(trees: Sequence[Tree], recorder: Recorder, queries: int, judgements: Path | None) -> None:
    """Ask each tree, its edited copy where it is small enough, and copies together."""
    copies: dict[str, tuple[Path, Material]] = {}
    with tempfile.TemporaryDirectory(prefix="semindex-answers-") as name:
        scratch = Path(name).resolve()
        for tree in trees:
            material = Material.read(tree.root, tree.name)
            askings = judged(judgements, tree.name, queries // 4)
            askings += draw(material, f"queries of {tree.name}", queries - len(askings))
            ask_whole(tree, scratch / "index", recorder, askings)
            if len(files_below(tree.root)) <= COPIED_FILES:
                place = scratch / "copies" / tree.name
                copies[tree.name] = place, ask_edited(tree, place, recorder, material, queries // 2)
        ask_together(copies, recorder, queries)


def ask_whole(tree: Tree, index_dir: Path, recorder: Recorder, askings: Sequence[Asking]) -> None:
    """Build an index of a tree in one go, and ask it; the index is removed."""
    import semindex

    recorder.names |= {str(tree.root): tree.name, str(index_dir): f"{tree.name} index"}
    with semindex.open(tree.root, index_dir=index_dir) as index:
        refresh(index, tree.name)
        recorder.ask(tree.name, index, askings)
    shutil.rmtree(index_dir)


def ask_edited(tree: Tree, place: Path, recorder: Recorder, before: Material, count: int) -> Material:
    """Build an index of a copy in steps, and ask it for what was in the tree and for what is there now."""
    import semindex

    label = f"{tree.name} edited"
    recorder.names[str(place)] = label
    copy = EditedCopy(tree.root, place, tree.name)
    copy.withhold()
    with semindex.open(place) as index:
        refresh(index, label)
        for _ in range(2):
            copy.change()
            refresh(index, label)
        after = Material.read(place, label)
        copy.leave_stale()
        askings = draw(before, f"old of {tree.name}", count // 2)
        askings += draw(after, f"new of {tree.name}", count - count // 2)
        recorder.ask(label, index, list({_key_of(asking): asking for asking in askings}.values()))
    return after


def ask_together(copies: Mapping[str, tuple[Path, Material]], recorder: Recorder, count: int) -> None:
    """Ask pairs and triples of the copies."""
    import semindex

    groups = [*itertools.combinations(sorted(copies), 2), *itertools.combinations(sorted(copies), 3)]
    drawing = random.Random("groups")
    pairs = [group for group in groups if len(group) == 2]
    triples = [group for group in groups if len(group) == 3]
    chosen = [*drawing.sample(pairs, min(6, len(pairs))), *drawing.sample(triples, min(4, len(triples)))]
    for number, group in enumerate(chosen):
        label = " + ".join(f"{name} edited" for name in group)
        material = Material.joined([copies[name][1] for name in group])
        share = count * (number + 1) // len(chosen) - count * number // len(chosen)
        with semindex.open_all([copies[name][0] for name in group]) as indexes:
            recorder.ask(label, indexes, draw(material, f"queries of {label}", share, together=True))


def _key_of(asking: Asking) -> str:
    return json.dumps([asking.method, asking.query, asking.options], sort_keys=True)


def read_record(file: Path) -> dict[str, str]:
    """The lines of a record by what was asked of which index."""
    found = {}
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            asked = json.loads(line)["asked"]
            found[json.dumps(asked, sort_keys=True)] = line
    return found


def differences(old: Any, new: Any, tolerance: float, where: str = "") -> Iterator[tuple[str, str, str]]:
    """Fields that differ: the place, the old value, the new one."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            inside = f"{where}.{key}" if where else key
            yield from differences(old.get(key), new.get(key), tolerance, inside)
    elif isinstance(old, list) and isinstance(new, list):
        for number, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from differences(one, other, tolerance, f"{where}[{number}]")
        if len(old) != len(new):
            yield f"{where}, number of items", str(len(old)), str(len(new))
    elif old != new and not (_is_number(where, old, new) and abs(float(old) - float(new)) <= tolerance):
        yield where, json.dumps(old), json.dumps(new)


def _is_number(where: str, old: str | None, new: str | None) -> bool:
    """Whether the values at a place are written numbers, both of them."""
    return where.endswith((".score", ".value")) and old is not None and new is not None


def compare(old: Path, new: Path, *, show: int, tolerance: float) -> bool:
    """Whether two records are the same; prints where they are not."""
    before, after = read_record(old), read_record(new)
    same, fields, shown, widest = 0, Counter[str](), 0, 0.0
    for key in before.keys() & after.keys():
        same += before[key] == after[key]
    for key in [key for key in before if key in after and before[key] != after[key]]:
        pair = json.loads(before[key])["answer"], json.loads(after[key])["answer"]
        for place, one, other in differences(*pair, 0.0):
            was, is_now = json.loads(one), json.loads(other)
            if _is_number(place, was, is_now):
                widest = max(widest, abs(float(was) - float(is_now)))
        found = list(differences(*pair, tolerance))
        same += not found
        fields.update({re.sub(r"\[\d+\]", "[]", place) for place, _, _ in found})
        if found and shown < show:
            shown += 1
            show_difference(json.loads(key), found)
    lone = [key for key in (*before, *after) if (key in before) != (key in after)]
    for key in lone[:show]:
        asked = json.loads(key)
        print(f"only in {old if key in before else new}: {asked['index']}: {asked['query'][:200]!r}")
    common = len(before.keys() & after.keys())
    print(f"{same} of {common} askings are equal; {len(lone)} are in one record only")
    if same != common:
        print(f"largest difference of a score or a reason's value at the same place: {widest:g}")
    for place, count in fields.most_common(20):
        print(f"  {count:6} askings differ in {place}")
    return same == common and not lone


def show_difference(asked: Mapping[str, Any], found: Sequence[tuple[str, str, str]]) -> None:
    """Print an asking, and the first fields of its answer that differ."""
    query = asked["query"] if len(asked["query"]) <= 200 else asked["query"][:200] + "..."
    print(f"{asked['index']}, {asked['method']} ({asked['family']}) {query!r} {json.dumps(asked['options'])}")
    for place, one, other in found[:6]:
        print(f"    {place}: {one[:300]} -> {other[:300]}")
    if len(found) > 6:
        print(f"    and {len(found) - 6} more")


def main() -> None:
    """Record or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="ask, and write the answers down")
    recording.add_argument("out", type=Path)
    recording.add_argument("trees", type=Tree.named, nargs="+", metavar="TREE", help="PATH or NAME=PATH")
    recording.add_argument("--queries", type=int, default=QUERIES, help="a tree (default: %(default)s)")
    recording.add_argument("--judgements", type=Path, metavar="DIR", help="holds annotations/NAME.json")
    comparing = commands.add_parser("compare", help="tell how two records differ")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    comparing.add_argument("--show", type=int, default=5, help="differing askings to print")
    comparing.add_argument("--tolerance", type=float, default=0.0, help="of scores (default: none)")
    arguments = parser.parse_args()
    if arguments.command == "compare":
        equal = compare(arguments.old, arguments.new, show=arguments.show, tolerance=arguments.tolerance)
        raise SystemExit(0 if equal else 1)
    if len({tree.name for tree in arguments.trees}) < len(arguments.trees):
        parser.error("two trees have the same name; give one of them as NAME=PATH")
    # The user's own settings must not decide what is answered.
    os.environ["SEMINDEX_CONFIG"] = os.devnull
    import semindex

    tell(f"semindex of {Path(semindex.__file__).parent}")
    began = time.perf_counter()
    with arguments.out.open("w", encoding="utf-8") as out:
        recorder = Recorder(out)
        record(arguments.trees, recorder, arguments.queries, arguments.judgements)
    tell(f"{recorder.written} askings in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
