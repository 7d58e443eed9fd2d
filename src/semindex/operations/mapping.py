"""Draws a map: which files and definitions are on it, and the lines that it is shown as."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from semindex.graph.choosing import Chosen, chosen, crowded
from semindex.graph.importance import Importance, Scored
from semindex.operations.map import (
    MappedDefinition,
    MappedFile,
    MappedFolder,
    RepositoryMap,
    definition_line,
    tests_lines,
)
from semindex.search.condensing import condensed
from semindex.search.definitions import Shower
from semindex.search.hits import Reader
from semindex.store.generation import Generation, SymbolRecord
from semindex.tokens import model_tokens
from semindex.types import Coverage, Kind

MOST_TEST_FOLDERS = 8
SIGNATURE_LINES = 60
"""A head with many parameters or decorators is read up to here, before it is put on one line."""
_BEST = 3
"""So many of a file's definitions say how early it stands."""
_HIDDEN = frozenset((Kind.SECTION, Kind.SETTING, Kind.FIELD))
_CLASSES = frozenset((Kind.CLASS, Kind.INTERFACE, Kind.STRUCT, Kind.TRAIT, Kind.ENUM))


class _Outlines:
    """The definitions of files, each looked up by line and name."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._records: dict[int, list[tuple[int, SymbolRecord]]] = {}
        self._met: dict[tuple[int, str], int] = {}

    def of(self, file: int) -> list[tuple[int, SymbolRecord]]:
        """The ids and records of a file's definitions, in their order."""
        if file not in self._records:
            symbols = self._generation.symbols_of(file)
            records = [(symbol, self._generation.symbol(symbol)) for symbol in symbols]
            self._records[file] = [item for item in records if item[1].kind not in _HIDDEN]
        return self._records[file]

    def found(self, each: Scored) -> Chosen | None:
        """A definition in the index: one of several with the same names around them stands for all."""
        best: tuple[int, SymbolRecord] | None = None
        for symbol, record in self.of(each.file):
            is_there = not each.line or record.start_line <= each.line <= record.end_line
            if is_there and _last(record.name) == _last(each.name) and (best is None or each.line):
                best = symbol, record
        if best is None:
            return None
        symbol, record = best
        symbol = self._met.setdefault((each.file, record.qualified), symbol)
        return Chosen(
            symbol,
            each.score,
            each.references,
            each.tests,
            record.kind in _CLASSES,
            self._around(each.file, symbol),
        )

    def _around(self, file: int, symbol: int) -> tuple[int, ...]:
        inner = self._generation.symbol(symbol)
        return tuple(
            self._met.setdefault((file, record.qualified), outer)
            for outer, record in self.of(file)
            if outer != symbol
            and record.start_line <= inner.start_line
            and inner.end_line <= record.end_line
            and inner.qualified.startswith(record.qualified)
            and len(inner.qualified) > len(record.qualified)
        )


def _last(name: str) -> str:
    return name.rpartition(".")[2].rpartition("::")[2]


def drawn(
    importance: Importance, reader: Reader, coverage: Coverage, *, tokens: int, scope: str
) -> RepositoryMap:
    """The map.

    Args:
        importance: Says what matters.
        coverage: What the answer could see of the tree.
        reader: Reads the files that are shown.
        tokens: What the lines take at most.
        scope: A root-relative folder or file; only what lies there is shown. Empty for all.
    """
    network = importance.network
    path = network.corpus.path
    inside = [file for file in network.files if _is_in(path(file), scope)]
    tests = _test_folders([path(file) for file in inside if network.is_test(file)])
    room = tokens - sum(model_tokens(line) + 1 for line in tests_lines(tests))
    generation = network.corpus.generation
    outlines, shower = _Outlines(generation), Shower(reader)
    lines: dict[int, str] = {}

    def line_of(symbol: int) -> str:
        if symbol not in lines:
            record = generation.symbol(symbol)
            line = condensed(shower.signature(symbol, SIGNATURE_LINES) or "")
            # What is left begins with a decorator where there are too many lines of these.
            lines[symbol] = f"{record.kind.label} {record.name}" if line[:1] in ("", "@") else line
        return lines[symbol]

    def cost(symbol: int) -> int:
        if symbol < 0:
            return model_tokens(path(~symbol)) + 1
        record = generation.symbol(symbol)
        depth = record.qualified.count(".")
        return model_tokens(definition_line(depth, record.start_line, line_of(symbol))) + 1

    wanted = set(inside)
    tried = crowded(each for each in importance.scored() if each.file in wanted)
    taken: dict[int, dict[int, Chosen]] = {}
    for file, each in chosen(tried, outlines.found, cost, room):
        taken.setdefault(file, {})[each.symbol] = each
    exported = {file for file, _ in importance.exported}
    files = [
        _file(importance, outlines, file, some, line_of, is_exported=file in exported)
        for file, some in taken.items()
    ]
    weight = {path(file): _weight(importance, file, some.values()) for file, some in taken.items()}
    asked = {path(file): importance.seeds.get(file, 0.0) for file in taken}
    files.sort(
        key=lambda each: (-asked[each.path], not each.exported, -round(weight[each.path], 9), each.path)
    )
    total = sum(importance.is_shown(file) for file in inside)
    answer = RepositoryMap("", tuple(files), tests, total, 0, coverage)
    return replace(answer, tokens=sum(model_tokens(line) + 1 for line in answer.lines()))


def _weight(importance: Importance, file: int, some: Iterable[Chosen]) -> float:
    """How early a file stands on a map: what it has that matters, and rather a user than what is used."""
    best = sorted((each.score for each in some), reverse=True)[:_BEST]
    return sum(best) * importance.leaning(file)


def _file(
    importance: Importance,
    outlines: _Outlines,
    file: int,
    some: dict[int, Chosen],
    line_of: object,
    *,
    is_exported: bool,
) -> MappedFile:
    assert callable(line_of)
    corpus = importance.network.corpus
    shown = {line for each in some.values() for line in (*each.parents, each.symbol)}
    definitions: list[MappedDefinition] = []
    parents = {each.symbol: each.parents for each in some.values()}
    parents |= {outer: each.parents[:at] for each in some.values() for at, outer in enumerate(each.parents)}
    for symbol in sorted(shown, key=lambda each: (corpus.generation.symbol(each).start_line, each)):
        record = corpus.generation.symbol(symbol)
        known = some.get(symbol)
        definitions.append(
            MappedDefinition(
                symbol=record.qualified,
                name=record.name,
                kind=record.kind.label,
                start_line=record.start_line,
                end_line=record.end_line,
                signature=line_of(symbol),
                depth=len(parents[symbol]),
                references=known.references if known else 0,
                tests=known.tests if known else 0,
            )
        )
    return MappedFile(
        path=corpus.path(file),
        lang=corpus.language(file),
        rank=round(importance.rank(file), 3),
        exported=is_exported,
        definitions=tuple(definitions),
        total=len(outlines.of(file)),
    )


def _is_in(path: str, scope: str) -> bool:
    return not scope or path == scope or path.startswith(scope + "/")


def _test_folders(paths: list[str]) -> tuple[MappedFolder, ...]:
    counts: dict[str, int] = {}
    for path in paths:
        folder = path.rpartition("/")[0]
        counts[folder] = counts.get(folder, 0) + 1
    ordered = sorted(counts, key=lambda folder: (-counts[folder], folder))
    return tuple(MappedFolder(folder, counts[folder]) for folder in ordered[:MOST_TEST_FOLDERS])
