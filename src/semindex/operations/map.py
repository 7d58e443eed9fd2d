"""The shape of a repository: its files and their signatures by importance, within a number of tokens."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import QueryError
from semindex.operations.base import Operation, Request, option
from semindex.operations.search import Refreshing, Scope
from semindex.types import Coverage, Filters, GroupBy, Mode, Query, Upkept

if TYPE_CHECKING:
    from semindex.graph.network import Network
    from semindex.snapshot import Snapshot

LEAST_TOKENS = 100
INDENT = "  "
_SEEDS = 8
"""Files that a query stands for."""


class Map(Request, frozen=True, kw_only=True):
    """The files and definitions of a repository that matter most."""

    refused = QueryError

    query: Annotated[
        str,
        option(
            "What the map is for: files that a search for it finds, and what they use, come first.",
            argument=True,
        ),
    ] = ""
    file: Annotated[
        Sequence[str],
        option("The map is for work on this file: it and what it uses come first.", completes="file"),
    ] = ()
    tokens: Annotated[
        int, option("The map has at most about so many tokens.", least=LEAST_TOKENS, metavar="NUM")
    ] = 2000
    scope: Scope = ""
    refresh: Refreshing = False


class MappedDefinition(Struct, frozen=True):
    """A definition on a map."""

    symbol: str
    """The names of the definitions around it and its own, joined by dots."""
    name: str
    kind: str
    start_line: int
    """1-based."""
    end_line: int
    signature: str
    """On one line; cut where it is long."""
    depth: int
    """How many of the definitions around it are on the map, too; they stand above it."""
    references: int
    """Places in other files that name it, those in tests among them, as far as they are known."""
    tests: int
    """Of these, those in files of tests."""


class MappedFile(Struct, frozen=True):
    """A file on a map."""

    path: str
    """Root-relative."""
    lang: str
    rank: float
    """Its importance by the network between files; 1 is the mean of all."""
    exported: bool
    """Whether its package offers something of it."""
    definitions: tuple[MappedDefinition, ...]
    """In their order in the file."""
    total: int
    """Definitions in the file, those inside functions left out."""


class MappedFolder(Struct, frozen=True):
    """A folder of tests, which a map counts."""

    path: str
    """Root-relative; empty for the root."""
    files: int
    """Files of tests directly in it."""


class RepositoryMap(Struct, frozen=True):
    """An answer: what is worth knowing first of a repository."""

    query: str
    files: tuple[MappedFile, ...]
    """What packages offer first, then by importance."""
    tests: tuple[MappedFolder, ...]
    total: int
    """Files of code that could have been shown."""
    tokens: int
    """About how many tokens :meth:`lines` take."""
    coverage: Coverage
    seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        """The map as text: a file's path, then the line and signature of each definition, indented."""
        for each in self.files:
            yield each.path
            for one in each.definitions:
                yield definition_line(one.depth, one.start_line, one.signature)
        yield from tests_lines(self.tests)


def definition_line(depth: int, line: int, signature: str) -> str:
    """The line of a definition on a map."""
    return f"{INDENT * (1 + depth)}{line}: {signature}"


def tests_lines(tests: Sequence[MappedFolder]) -> Iterator[str]:
    """The line that counts files of tests; none without any."""
    if tests:
        yield "tests: " + ", ".join(f"{each.path or '.'} ({each.files})" for each in tests)


def map_(
    snapshot: Snapshot, asked: Map, checked: Sequence[Upkept] = (), *, started: float | None = None
) -> RepositoryMap:
    """The files and signatures of the first repository by importance, for as many tokens as are given.

    Raises:
        NotIndexed: The index has no code graph.
        QueryError: There is no such file.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.graph.importance import Importance
    from semindex.operations.mapping import drawn

    started = time.perf_counter() if started is None else started
    coverage = snapshot.coverage(checked)
    with snapshot.blaming_damage():
        network = snapshot.network()
        seeds = _seeds(snapshot, asked, network)
        importance = Importance(network, seeds)
        scope = asked.scope.strip("/")
        drawing = drawn(importance, snapshot.reader(), coverage, tokens=asked.tokens, scope=scope)
    corpus = network.corpus
    if not drawing.files:
        snapshot.require_sound()
    shown = {each.path for each in drawing.files}
    named = sorted(
        {corpus.language(each.file) for each in network.by_name if corpus.path(each.file) in shown}
    )
    if named:
        note = f"importance by names alone, as nothing resolves them: {', '.join(named)}"
        coverage = replace(coverage, notes=(*coverage.notes, note))
    return replace(drawing, query=asked.query, coverage=coverage, seconds=time.perf_counter() - started)


def _seeds(snapshot: Snapshot, asked: Map, network: Network) -> dict[int, float]:
    """The files that a map is for, with weights of at most 1."""
    from semindex.search.reading import files_named

    seeds: dict[int, float] = {}
    if asked.query.strip():
        query = Query(raw=asked.query, text=asked.query, filters=Filters(scope=asked.scope.strip("/")))
        ranking = snapshot.ranking(
            query, snapshot.reader(), limit=_SEEDS * 3, mode=Mode.HYBRID, grouping=GroupBy.FILE
        )
        code = [each for each in ranking.files if network.is_own(each.file)]
        best = max((each.score for each in code), default=0.0)
        seeds = {each.file: each.score / best for each in code[:_SEEDS] if best > 0}
    for name in asked.file:
        path, files = files_named(snapshot.generation, snapshot.roots, name.strip())
        own = [file for file in files if file in network.positions]
        if not own:
            raise QueryError(f"there is no indexed file of code {path or name!r}")
        seeds |= dict.fromkeys(own, 1.0)
    return seeds


OPERATION = Operation("map", "map", Map, RepositoryMap)
"""``semindex map``."""
