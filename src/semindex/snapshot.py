"""One generation, ready to be read: of one repository, or of several that answer as one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import IndexCorrupt, NotIndexed
from semindex.operations.base import verb
from semindex.operations.callees import Callees, callees
from semindex.operations.callers import Callers, callers
from semindex.operations.cycles import Cycles, cycles
from semindex.operations.drawing import Draw, draw
from semindex.operations.impact import Impact, impact
from semindex.operations.imports import Imports, imports
from semindex.operations.map import Map, map_
from semindex.operations.path import Chain
from semindex.operations.path import path as path_of_calls
from semindex.operations.read import Read, read
from semindex.operations.refs import Refs, refs
from semindex.operations.related import Related, related
from semindex.operations.search import Search, search
from semindex.operations.symbol import Symbol, symbol
from semindex.process.recent import RecentlyUsed
from semindex.search.hits import MORE_SHARE, MORE_SPANS, Reader
from semindex.search.ordering import RankedFile, Ranking
from semindex.search.patterns import LinesMatching
from semindex.search.phrases import rank_phrases
from semindex.search.ranker import Ranker
from semindex.search.weights import WEIGHTS
from semindex.source.kept import KeptTexts
from semindex.store.generation import Generation
from semindex.store.segment import Segment
from semindex.store.soundness import find_cause, find_damage
from semindex.types import Coverage, Embedder, FileFailure, GroupBy, Hit, Mode, Query, Reason, Upkept

if TYPE_CHECKING:
    from semindex.exact.indexed import IndexedFiles
    from semindex.graph.edges import Edges
    from semindex.graph.network import Network
    from semindex.graph.relations import Relations

ANSWER_SECONDS = 3600
"""How long a ranking is remembered, so that a process that stays gives memory back."""
ANSWER_BYTES = 32_000_000
"""What remembered rankings take at most."""
_FILE_BYTES, _CHUNK_BYTES, _TERM_BYTES = 250, 90, 100
"""What a file of a ranking, a chunk and a term take in memory."""
CHUNK_FILES = 100
"""Files whose chunks are compared when chunks are ranked by themselves."""
MAX_TOLD = 80
"""Characters of a phrase that a note repeats."""
_BREAKS = (ArithmeticError, LookupError, MemoryError, TypeError, ValueError)
"""What numbers from a damaged file lead to; whether one is damaged, its checksums tell then."""
_WORST_FIRST = ("stale", "unchecked", "refreshed", "fresh")

Judging = Callable[[Query, tuple[Hit, ...]], tuple[tuple[Hit, ...], tuple[str, ...]]]
"""Puts hits into another order; with notes."""


class Commit(Struct, frozen=True):
    """What one repository's index held when it was opened: its newest commit."""

    root: Path
    identity: tuple[str, int]
    """Of the catalog, and the number of its generation."""
    model: str
    segments: Sequence[Segment]
    dead: Sequence[Sequence[int]]
    """The files of each segment that are dead, or that exact search alone has."""
    coverage: Coverage
    why_left_out: Callable[[str], FileFailure | None] = lambda _: None
    """Why a file with this path is not in the index, if that is known."""
    gone: Sequence[Sequence[int]] = ()
    """The dead files of each segment."""


class Memory(Struct, frozen=True):
    """What stays in memory between answers."""

    texts: KeptTexts | None = None
    """Texts of files that were shown."""
    rankings: int = 0
    """How many rankings are kept."""
    vectors: int = 0
    """How many queries' vectors are kept."""


class Snapshot:
    """An immutable view of what some commits hold. Threads may share it."""

    def __init__(
        self,
        commits: Sequence[Commit],
        embedder: Embedder,
        *,
        scopes: Sequence[Sequence[str]] = (),
        memory: Memory = Memory(),  # noqa: B008 - frozen
        judging: Callable[[], Judging] | None = None,
        masks: bool = True,
        names: Sequence[Sequence[str]] = (),
        ripgrep: Callable[[], str],
    ) -> None:
        """Put the segments of all commits into one generation.

        Nothing stored depends on the rest of the corpus, so the answers are those of one index of all files.

        Args:
            commits: At least one, all made with the same model.
            embedder: Embeds queries.
            scopes: For each commit root-relative folders; only what lies in one of them is found. An empty
                sequence limits nothing.
            memory: What is kept between answers.
            judging: Opens the model that re-ranks.
            masks: Whether secrets are masked in the texts of hits.
            names: What each repository is called, the first of which hits tell; none for the names of their
                folders, which hits do not tell.
            ripgrep: Finds that program, by which patterns are compared with lines.

        Raises:
            IndexCorrupt: A file of an index is damaged.
        """
        self.commits = tuple(commits)
        self.roots = [commit.root for commit in commits]
        self.scopes = tuple(map(tuple, scopes))
        self._called = [some[0] for some in names]
        self.names = [tuple(some) for some in names] or [(root.name,) for root in self.roots]
        self._segments = [segment for commit in commits for segment in commit.segments]
        self._memory, self.judging, self._masks = memory, judging, masks
        self._embedder, self._is_sound, self._ripgrep = embedder, False, ripgrep
        self._graphs: dict[int, Edges] = {}
        self._relations: dict[int, Relations] = {}
        self._networks: dict[int, Network] = {}
        self._rankings: RecentlyUsed[tuple[object, ...], Ranking] = RecentlyUsed(
            memory.rankings,
            most_bytes=ANSWER_BYTES,
            size_of=_ranking_bytes,
            seconds=ANSWER_SECONDS,
        )
        repositories = [number for number, commit in enumerate(commits) for _ in commit.segments]
        dead = [files for commit in commits for files in commit.dead]
        with self.blaming_damage():
            self.generation = Generation(commits[0].identity[1], self._segments, dead, repositories)
            self.ranker = Ranker(
                self.generation,
                embedder,
                WEIGHTS.of_meaning(embedder.meaning),
                scopes=scopes,
                names=self.names,
                remembered=memory.vectors,
            )

    search = verb(Search, search)
    related = verb(Related, related)
    symbol = verb(Symbol, symbol)
    read = verb(Read, read)
    refs = verb(Refs, refs)
    callers = verb(Callers, callers)
    callees = verb(Callees, callees)
    imports = verb(Imports, imports)
    impact = verb(Impact, impact)
    path = verb(Chain, path_of_calls)
    map = verb(Map, map_)
    draw = verb(Draw, draw)
    cycles = verb(Cycles, cycles)

    def graph(self, repository: int = 0) -> Edges:
        """The code graph of one of the repositories.

        Raises:
            NotIndexed: The index was made before there was one; a refresh makes it.
        """
        from semindex.graph.corpus import Corpus
        from semindex.graph.edges import Edges

        known = self._graphs.get(repository)
        if known is None:
            corpus = Corpus(self.generation, repository)
            if not corpus.has_facts:
                raise NotIndexed("the index has no code graph; run 'semindex index' to make it")
            known = self._graphs[repository] = Edges(corpus)
        return known

    def relations(self, repository: int = 0) -> Relations:
        """The same, asked from its other end.

        Raises:
            NotIndexed: As :meth:`graph`.
        """
        from semindex.graph.relations import Relations

        known = self._relations.get(repository)
        if known is None:
            known = self._relations[repository] = Relations(self.graph(repository))
        return known

    def network(self, repository: int = 0) -> Network:
        """Which definition names which in one of the repositories.

        Raises:
            NotIndexed: As :meth:`graph`.
        """
        from semindex.graph.network import Network

        known = self._networks.get(repository)
        if known is None:
            known = self._networks[repository] = Network(self.graph(repository))
        return known

    def why_left_out(self, repository: int, path: str) -> FileFailure | None:
        """Why a file of a repository is not in its index, if that is known."""
        return self.commits[repository].why_left_out(path)

    def reader(self) -> Reader:
        """Reads texts for one answer."""
        texts = self._memory.texts
        return Reader(
            self.generation, self.roots, texts, self.blaming_damage, masks=self._masks, called=self._called
        )

    def ranking(self, query: Query, reader: Reader, *, limit: int, mode: Mode, grouping: GroupBy) -> Ranking:
        """The ranking that an answer of ``limit`` hits is made of; one that is remembered has no evidence.

        Raises:
            QueryError: Ripgrep cannot read a pattern of the query.
            ProgramMissing: The query has a pattern, and there is no ripgrep.
        """
        if query.phrases and not query.weighed:
            found = self._of_today(query, reader, partial(rank_phrases, self.ranker, limit=limit, mode=mode))
            if found.files:
                return found
            unquoted = replace(query, phrases=())
            other = self.ranking(unquoted, reader, limit=limit, mode=mode, grouping=grouping)
            return replace(other, notes=(*other.notes, _without_quotes(query, other)))
        key = query, limit, mode, grouping
        # What patterns match depends on the files of today.
        remembers = self._memory.rankings > 0 and not query.patterns
        known = self._rankings.get(key) if remembers else None
        if known is not None:
            return known
        if grouping is GroupBy.FILE:
            rank = partial(self._rank, limit=limit, mode=mode, spans=1 + MORE_SPANS, span_share=MORE_SHARE)
        else:
            rank = partial(self._rank, limit=max(limit, CHUNK_FILES), mode=mode, spans=limit)
        found = self._of_today(query, reader, rank)
        if remembers:
            # The evidence is a hundred times as large as the rest, and most readers do not ask for it.
            self._rankings.put(key, replace(found, evidence=None))
        return found

    def _of_today(self, query: Query, reader: Reader, rank: Callable[..., Ranking]) -> Ranking:
        """The ranking of the files that have not changed where patterns match lines."""
        if not query.patterns:
            return rank(query, reader)
        from semindex.exact.matching import Matching

        matching = Matching(self.generation, self._indexed, self.roots, reader.text, self._ripgrep)
        found = rank(query, reader, lines_matching=matching)
        if matching.outdated([each.file for each in found.files]):
            found = rank(query, reader, lines_matching=matching)
        return replace(found, notes=(*found.notes, *matching.notes))

    def _rank(
        self,
        query: Query,
        reader: Reader,
        *,
        limit: int,
        mode: Mode,
        spans: int,
        span_share: float = 0.0,
        lines_matching: LinesMatching | None = None,
    ) -> Ranking:
        return self.ranker.rank(
            query,
            limit=limit,
            spans=spans,
            span_share=span_share,
            mode=mode,
            texts=reader,
            holding=lambda literal: self._indexed.holding(literal),
            lines_matching=lines_matching,
        )

    @cached_property
    def _indexed(self) -> IndexedFiles:
        from semindex.exact.indexed import IndexedFiles

        return IndexedFiles(self.generation, self._segments)

    def reasons(
        self, ranking: Ranking, query: Query, reader: Reader, *, limit: int, mode: Mode
    ) -> Callable[[RankedFile], Sequence[Reason]]:
        """Tells what made the scores of a ranking; of one that was remembered, by ranking again."""
        evidence = ranking.evidence

        def reasons(found: RankedFile) -> Sequence[Reason]:
            nonlocal evidence
            if evidence is None:
                with self.blaming_damage():
                    again = self._rank(query, reader, limit=limit, spans=1, mode=mode)
                evidence = again.evidence
            return evidence.reasons(found.file) if evidence is not None else ()

        return reasons

    def coverage(self, checked: Sequence[Upkept] = ()) -> Coverage:
        """What all commits together could see: counts added up, the worst freshness, each note once.

        ``checked`` tells of each commit what was done about changes; none was looked at when it is empty.
        """
        parts = [commit.coverage for commit in self.commits]
        if len(parts) == 1 and not checked:
            return parts[0]
        done = checked or [Upkept()] * len(parts)
        pairs = list(zip(parts, done, strict=True))
        skipped: dict[str, int] = {}
        for part in parts:
            for reason, number in part.skipped.items():
                skipped[reason] = skipped.get(reason, 0) + number
        states = {each.freshness for each in done}
        return Coverage(
            seen=sum(part.seen for part in parts),
            indexed=sum(part.indexed for part in parts),
            chunks=sum(part.chunks for part in parts),
            skipped=skipped,
            freshness=next(state for state in _WORST_FIRST if state in states),
            changed=sum(each.changed for each in done),
            notes=tuple(dict.fromkeys(note for part, each in pairs for note in (*part.notes, *each.notes))),
        )

    @contextmanager
    def blaming_damage(self) -> Iterator[None]:
        """Turn what breaks over a damaged segment into :class:`IndexCorrupt`; our own mistakes pass.

        A query does not read whole segments to compare checksums, so it may run into nonsense.
        """
        try:
            yield
        except _BREAKS as error:
            cause = find_cause(self._segments, dim=self._embedder.dim)
            if not cause:
                raise
            raise IndexCorrupt(cause) from error

    def require_sound(self) -> None:
        """Raise if damage may be why nothing was found; the segments are looked at once.

        Raises:
            IndexCorrupt: A segment is damaged.
        """
        if not self._is_sound:
            for segment in self._segments:
                for fault in find_damage(segment, thorough=False):
                    raise IndexCorrupt(f"{fault}; run 'semindex index' to rebuild it")
            self._is_sound = True


def _ranking_bytes(key: tuple[object, ...], ranking: Ranking) -> int:
    """About what a ranking takes in memory, with the query that it is known by."""
    query = key[0]
    assert isinstance(query, Query)
    patterns = (*query.filters.paths, *query.filters.excluded_paths)
    texts = len(query.raw) + len(query.text) + sum(map(len, patterns))
    chunks = sum(len(found.chunks) for found in ranking.files)
    return (
        4 * texts
        + _FILE_BYTES * len(ranking.files)
        + _CHUNK_BYTES * chunks
        + _TERM_BYTES * len(ranking.terms)
    )


def _without_quotes(query: Query, found: Ranking) -> str:
    """What is said when no file holds the phrases of a query."""
    quoted = " and ".join(
        f'"{textwrap.shorten(phrase, MAX_TOLD, placeholder="...")}"' for phrase in query.phrases[:2]
    )
    files = f"{len(found.files)} file{'s' * (len(found.files) != 1)}"
    shown = (
        f"shown is what is found without the quotes, {files}" if found.files else "nor is anything similar"
    )
    return f"no file holds {quoted} as it stands; {shown}"
