"""What a SCIP index says about the names in a repository, with a language's rules beside it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec import Struct

from benchmarks.graph.scip import Document, bytes_before
from benchmarks.graph.sources import Sources
from benchmarks.graph.truth import Site, Target, Verdict, merged

_NAME = re.compile(r"\w+")
IMPOSSIBLE = "the definition has another name"


class Name(Struct, frozen=True):
    """An occurrence as it stands in the source. ``line`` and ``column`` (bytes) count from 1."""

    path: str
    line: int
    column: int
    text: str
    symbol: str
    is_definition: bool

    @property
    def key(self) -> tuple[str, str]:
        """What tells symbols apart: those that begin with ``local`` belong to their file."""
        return (self.path if self.symbol.startswith("local ") else "", self.symbol)


class Rules(Protocol):
    """What one language's oracle needs beside its index."""

    call: re.Pattern[bytes]
    """Matches what stands behind a name that is called."""

    def definition(self, name: Name) -> tuple[Target, ...]:
        """Return the definition at ``name``, its overloads and constructors; none if it is no callable."""

    def undefined(self, symbol: str) -> tuple[Target, ...] | None:
        """Return the definition of a symbol that the index has no definition of; none in another package."""

    def is_alias(self, name: Name) -> bool:
        """Return whether an import or the like gave something else this name, in the file of ``name``."""

    def fault(self, name: Name, targets: Iterable[Target]) -> str:
        """Return which known fault of the oracle ``name`` shows, or the empty string."""


def sites_of(
    indexed: Iterable[Document], sources: Sources, rules: Rules, *, moved: dict[str, str]
) -> dict[str, list[Site]]:
    """Return the sites by path. ``moved`` maps paths of the index to paths of the repository."""
    names = [name for document in indexed for name in _names(document, sources, moved)]
    definitions: dict[tuple[str, str], list[Name]] = defaultdict(list)
    for name in names:
        if name.is_definition:
            definitions[name.key].append(name)
    sites: dict[str, list[Site]] = {name.path: [] for name in names}
    for name in names:
        if name.is_definition or not _NAME.fullmatch(name.text):
            continue
        sites[name.path].append(_site(name, definitions.get(name.key, []), sources, rules))
    return {path: merged(found) for path, found in sites.items()}


def _names(document: Document, sources: Sources, moved: dict[str, str]) -> Iterator[Name]:
    path = moved.get(document.path, document.path)
    lines = [line.decode(errors="surrogateescape") for line in sources.lines(path)]
    for occurrence in document.occurrences:
        if occurrence.line >= len(lines):
            continue
        line = lines[occurrence.line]
        start = bytes_before(line, occurrence.start, document.encoding)
        end = bytes_before(line, occurrence.end, document.encoding)
        text = sources.line(path, occurrence.line + 1)[start:end].decode(errors="replace")
        yield Name(path, occurrence.line + 1, start + 1, text, occurrence.symbol, occurrence.is_definition)


def _site(name: Name, defined: list[Name], sources: Sources, rules: Rules) -> Site:
    behind = sources.behind(name.path, name.line, name.column + len(name.text.encode()))
    call = rules.call.match(behind) is not None
    verdict, targets, reason = _answer(name, defined, rules)
    return Site(name.line, name.column, name.text, call, verdict, targets, reason)


def _answer(name: Name, defined: list[Name], rules: Rules) -> tuple[Verdict, tuple[Target, ...], str]:
    if defined:
        found = tuple(sorted({target for each in defined for target in rules.definition(each)}))
        if found and not rules.is_alias(name) and all(each.text != name.text for each in defined):
            return Verdict.BROKEN, (), IMPOSSIBLE
    elif name.symbol.startswith("local "):
        return Verdict.BROKEN, (), "a local symbol without a definition"
    else:
        undefined = rules.undefined(name.symbol)
        if undefined is None:
            fault = rules.fault(name, ())
            return (Verdict.BROKEN, (), fault) if fault else (Verdict.EXTERNAL, (), "")
        found = undefined
        if found and not rules.is_alias(name) and _last_name(name.symbol) != name.text:
            return Verdict.BROKEN, (), IMPOSSIBLE
    if fault := rules.fault(name, found):
        return Verdict.BROKEN, (), fault
    return (Verdict.INTERNAL, found, "") if found else (Verdict.VALUE, (), "")


def _last_name(symbol: str) -> str:
    words = re.findall(r"[\w$]+", symbol)
    return words[-1] if words else ""
