"""Wires the rooms; the public :class:`Index`."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from semindex import config
from semindex.asking import Freshness, Judging, Part, Wish, answered, wish
from semindex.errors import (
    IndexCorrupt,
    IndexMismatch,
    NotIndexed,
    QueryError,
    RootError,
)
from semindex.locate import Location, locate, why_no_folder
from semindex.process.recent import RecentlyUsed
from semindex.process.threads import usable_cores
from semindex.search import answering
from semindex.search import hits as shown
from semindex.search.ranking import Ranking
from semindex.search.related import chunk_at, related_files
from semindex.search.rerank import DEPTH, Reranked, rerank
from semindex.search.retrieve import Corpus
from semindex.search.searcher import Searcher
from semindex.search.shard import Shard
from semindex.search.weights import WEIGHTS
from semindex.source.kept import KeptTexts
from semindex.store import layout
from semindex.store.catalog import Catalog, Snapshot
from semindex.store.generation import Generation, faults
from semindex.store.records import partial_note
from semindex.store.segment import Segment, SegmentMissing
from semindex.types import (
    BuildReport,
    Cluster,
    Coverage,
    Embedder,
    Filters,
    GroupBy,
    Hit,
    Hits,
    Mode,
    ProgressCallback,
    Query,
    Status,
)

if TYPE_CHECKING:
    from semindex.config import Settings
    from semindex.indexing.builder import Builder
    from semindex.indexing.freshness import Upkeep
    from semindex.models.judge import Judge

__all__ = ["Adopted", "Index", "Location", "StrPath", "blamed", "locate", "open"]

_ADOPT_TRIES = 20
"""A segment may be merged away between reading the catalog and opening the file; then it is read again."""
ANSWER_SECONDS = 3600
"""How long an answer is remembered, so that a process that stays gives memory back; a newer generation
drops all of them at once."""
_LOCATION = re.compile(r"(?P<path>.+?)(?::(?P<line>\d{1,9})(?:[:-]\d+)?)?", re.DOTALL)
_BREAKS = (ArithmeticError, LookupError, MemoryError, TypeError, ValueError)
"""What numbers from a damaged file lead to; whether one is damaged, its checksums tell then."""

StrPath = str | os.PathLike[str]


def open(root: StrPath, *, index_dir: StrPath | None = None, settings: Settings | None = None) -> Index:
    """An index of the folder ``root``, kept in ``root/.semindex`` or in ``index_dir``.

    Opens what is there and builds nothing: call :meth:`Index.refresh` to index.

    Raises:
        RootError: ``root`` is not an existing folder.
        ConfigError: A configuration file or variable is wrong.
    """
    folder = Path(root).absolute()
    if not os.path.isdir(folder):  # noqa: PTH112 - unlike Path.is_dir it never raises
        raise RootError(f"{folder} {why_no_folder(folder)}; give the folder of a repository")
    folder = folder.resolve()
    place = Path(index_dir).absolute() if index_dir is not None else folder / layout.FOLDER
    return Index(folder, place, settings if settings is not None else config.load(folder).settings)


class Adopted(Struct, frozen=True):
    """One adopted generation, ready to answer."""

    snapshot: Snapshot
    generation: Generation
    searcher: Searcher
    coverage: Coverage


class Index:
    """The index of one folder. Threads may search one object; each search sees one generation."""

    def __init__(self, root: Path, index_dir: Path, settings: Settings) -> None:
        """Use :func:`open`."""
        self.root = root
        self.index_dir = index_dir
        self._settings = settings
        self._lock = threading.Lock()
        self._catalog: Catalog | None = None
        self._reader: Adopted | None = None
        self._loaded: Embedder | None = None
        self._judge: Judge | None = None
        self._rankings: RecentlyUsed[tuple[object, ...], Ranking] = RecentlyUsed(
            settings.cache_size, seconds=ANSWER_SECONDS
        )
        self._texts = KeptTexts() if settings.enable_caching else None
        self._upkeep: Upkeep | None = None

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give files, maps and models back; hits stay valid, and the index may be used again."""
        with self._lock:
            self._forget()
            if self._upkeep is not None:
                self._upkeep.close()
            if self._judge is not None:
                self._judge.close()
            self._judge = None
            if self._loaded is not None:
                self._loaded.close()
            self._loaded = None
            if self._texts is not None:
                self._texts.clear()

    @property
    def exists(self) -> bool:
        """Whether something was indexed here."""
        try:
            with Catalog.open_reader(self.index_dir) as catalog:
                return catalog.generation > 0
        except NotIndexed:
            return False

    def refresh(
        self,
        *,
        progress: ProgressCallback | None = None,
        force: bool = False,
        wait_seconds: float = 300,
        cluster: Cluster | str | None = None,
    ) -> BuildReport:
        """Index what is new or changed, forget what is gone; everything when ``force``.

        Args:
            progress: Called at each step, from this thread.
            force: Read and analyse every file again.
            wait_seconds: How long to wait for another process that is writing the index.
            cluster: Has other processes or machines do the work: the address of a dask scheduler, or
                ``local:4``. Without it no connection is opened.

        Raises:
            UsageError: ``cluster`` cannot be read, or the extra that it needs is not installed.
            WorkerError: The cluster is out of reach, or none of its workers fit; what was committed stays.
            RootError: The root is gone.
            IndexLocked: Another process is writing, still after ``wait_seconds``.
            IndexTooNew: The index is of a newer semindex.
            IndexUnwritable: No room or permission; what was committed before is intact.
        """
        named = Cluster(cluster) if isinstance(cluster, str) else cluster
        if named is not None:
            from semindex.indexing.cluster.executor import local_workers

            local_workers(named.address)
        report = self._builder(progress, named).refresh(force=force, wait_seconds=wait_seconds)
        return replace(
            report, warnings=(*self._settings.passed_over, *report.warnings, *self._embedder.notes)
        )

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        mode: Mode | str = Mode.HYBRID,
        group_by: GroupBy | str = GroupBy.FILE,
        languages: Sequence[str] = (),
        paths: Sequence[str] = (),
        excluded_paths: Sequence[str] = (),
        kinds: Sequence[str] = (),
        scope: str = "",
        refresh: bool = False,
        rerank: bool = False,
    ) -> Hits:
        """The spans that answer a query, best first.

        Args:
            query: Words, identifiers, ``"quoted phrases"`` and filters (``lang:``, ``path:``,
                ``-path:``, ``kind:``).
            limit: Most hits to give, at least 1.
            mode: ``hybrid``, ``lexical`` or ``dense``.
            group_by: ``file`` gives each file once, its other spans in ``more``; ``chunk`` a flat list.
            languages: Only files of these languages.
            paths: Only files that match one of these globs or lie below one of these folders.
            excluded_paths: No file that does.
            kinds: Only chunks of these kinds (``function``, ``class``, ...).
            scope: Only files below this root-relative folder.
            refresh: Look for changes first, as long as that is quick, and index them when they are few;
                ``coverage.freshness`` tells what was done.
            rerank: Put the first hits into the order that the transformer of the setting ``RERANK_MODEL``
                and the ranking find together; slower by a second or so. A note in ``coverage`` tells how
                many, when the time of ``RERANK_BUDGET_MS`` did not do for all.

        Raises:
            NotIndexed: Nothing was indexed here; call :meth:`refresh`.
            ModelError: ``rerank`` without a model that can be used; the message tells how to bring one.
            QueryError: The query is empty, or a filter names nothing known.
            IndexCorrupt: A file of the index is damaged; :meth:`refresh` rebuilds what it held.
            IndexMismatch: The index was made with another model.
        """
        started = time.perf_counter()
        asked = wish(
            query,
            limit=limit,
            mode=mode,
            group_by=group_by,
            languages=languages,
            paths=paths,
            excluded_paths=excluded_paths,
            kinds=kinds,
            scope=scope,
        )
        judging = self.judging() if rerank else None
        reader, part = self.part(refresh=refresh)
        with blamed(reader.generation.faults):
            return answered(
                asked,
                [part],
                partial(self._ranked, reader),
                judging=judging,
                depth=DEPTH,
                started=started,
            )

    def part(self, *, refresh: bool) -> tuple[Adopted, Part]:
        """The newest generation, brought up to date first where that is wanted and cheap."""
        freshness, notes = self._caught_up() if refresh else (_UNCHECKED, ())
        reader = self._adopted()
        texts = shown.Reader(reader.generation, self.root, {}, kept=self._texts)
        return reader, Part(self.root, texts, reader.coverage, freshness, notes)

    def load_reranker(self) -> None:
        """Load the model that ``search(rerank=True)`` asks, which does so itself when it is first needed.

        Raises:
            ModelError: None is named, a package is missing, or the folder is not whole.
        """
        self._judging()

    def related(
        self, location: str, *, limit: int = 10, group_by: GroupBy | str = GroupBy.FILE, scope: str = ""
    ) -> Hits:
        """The spans most like the one at ``path:line`` (or like a whole file, ``path``), itself left out.

        Raises:
            QueryError: No indexed file has that path, or it has no such line.
            NotIndexed: Nothing was indexed here.
        """
        started = time.perf_counter()
        asked = wish(location, limit=limit, mode=Mode.DENSE, group_by=group_by, scope=scope)
        reader = self._adopted()
        texts = shown.Reader(reader.generation, self.root, {}, kept=self._texts)
        with blamed(reader.generation.faults):
            known = reader.generation.path_of
            path, line = (location, None) if location in known else _location(location, self.root)
            origin = chunk_at(reader.generation, path, line)
            ranking = related_files(reader.generation, origin, limit=limit, scope=asked.query.filters.scope)
            found = answering.hits(ranking, [texts], limit=limit, grouping=asked.grouping)
        query = Query(raw=location, text=location, filters=Filters(scope=scope))
        return Hits(query, found, reader.coverage, time.perf_counter() - started)

    def status(self, *, verify: bool = False) -> Status:
        """The state of the index; ``verify`` reads every file of it and compares checksums.

        Raises:
            NotIndexed: Nothing was indexed here.
        """
        from semindex.status import status_of

        return status_of(
            self.root,
            self.index_dir,
            self._embedder.fingerprint,
            mapped_above=self._mapped_above,
            verify=verify,
        )

    def clean(self) -> int:
        """Remove the index folder; gives the bytes freed.

        Raises:
            IndexLocked: Another process is writing.
            IndexUnwritable: The folder is not ours, or the system refused.
        """
        self.close()
        return layout.clean(self.index_dir)

    @property
    def _embedder(self) -> Embedder:
        if self._loaded is None:
            from semindex.configured import embedder_opener

            self._loaded = embedder_opener(self._settings)()
        return self._loaded

    @property
    def _remembered(self) -> int:
        """How many queries' vectors to keep in memory."""
        return min(self._settings.cache_size, _REMEMBERED) if self._settings.enable_caching else 0

    def judging(self) -> Judging:
        """Puts hits into the order that the model of ``RERANK_MODEL`` and the ranking find together.

        Raises:
            ModelError: There is no such model, or it cannot be used.
        """
        return partial(self._reranked, self._judging())

    def _judging(self) -> Judge:
        with self._lock:
            if self._judge is None:
                from semindex.configured import running, vector_cache
                from semindex.models.judge import open_judge

                settings = self._settings
                self._judge = open_judge(
                    settings.rerank_model,
                    cache=vector_cache(settings),
                    remembered=self._remembered,
                    running=running(settings),
                )
            return self._judge

    def _reranked(
        self, judge: Judge, query: Query, found: tuple[Hit, ...]
    ) -> tuple[tuple[Hit, ...], tuple[str, ...]]:
        """The hits in the order that the model and the ranking find together, and notes."""
        done = rerank(
            found,
            lambda texts: judge.judge(query.text, texts),
            measure=judge.measure,
            seconds=self._settings.rerank_budget_ms / 1000,
            clock=time.monotonic,
        )
        short = () if done.judged == done.wanted else (_out_of_time(done, self._settings),)
        return done.hits, (*judge.notes(query.text), *short)

    def _builder(self, progress: ProgressCallback | None = None, cluster: Cluster | None = None) -> Builder:
        from semindex.configured import embedder_opener
        from semindex.indexing.builder import Builder
        from semindex.indexing.run import Place

        budget, workers = self._settings.max_memory_mb * 1_000_000, _workers(self._settings)
        place = Place(
            self.root,
            self.index_dir,
            self._embedder,
            budget,
            open_embedder=embedder_opener(self._settings, workers),
            workers=workers,
            batch_bytes=TEXT_BATCH_BYTES if self._embedder.reads_text else None,
            cluster=cluster,
        )
        return Builder(place, progress=progress)

    def _caught_up(self) -> tuple[Freshness, tuple[str, ...]]:
        """Bring the index up to date when that is cheap; what was done, and what a reader should know."""
        from semindex.indexing.freshness import Upkeep

        with self._lock:
            catalog = self._opened_catalog()
            self._upkeep = self._upkeep or Upkeep(self.root, self.index_dir, self._builder)
        upkept = self._upkeep.catch_up(catalog, self._embedder.fingerprint)
        return Freshness(upkept.label, upkept.changed), upkept.notes

    def _opened_catalog(self) -> Catalog:
        if self._catalog is None:
            self._catalog = Catalog.open_reader(self.index_dir)
        return self._catalog

    def _adopted(self) -> Adopted:
        """A reader of the newest generation."""
        with self._lock:
            for _ in range(_ADOPT_TRIES):
                try:
                    return self._adopt()
                except SegmentMissing:
                    self._reader = None
            return self._adopt()

    def _adopt(self) -> Adopted:
        catalog = self._opened_catalog()
        current = catalog.current
        if self._reader is not None:
            known = self._reader.snapshot
            if (known.identity, known.generation) == current:
                return self._reader
        snapshot = catalog.snapshot()
        if snapshot.generation == 0:
            raise NotIndexed(f"nothing is indexed in {self.root}; run 'semindex index {self.root}' first")
        layout.require_root(self.index_dir, catalog.meta("root"), self.root)
        if snapshot.model != self._embedder.fingerprint:
            raise IndexMismatch(
                f"{self.index_dir} was made with the model {snapshot.model}, this is "
                f"{self._embedder.fingerprint}; run 'semindex index' to index again"
            )
        self._reader = self._opened(snapshot, catalog)
        self._rankings.clear()
        return self._reader

    @property
    def _mapped_above(self) -> int:
        return self._settings.memory_mapping_threshold_mb * 1_000_000

    def _opened(self, snapshot: Snapshot, catalog: Catalog) -> Adopted:
        mapped = snapshot.nbytes > self._mapped_above
        segments: list[Segment] = []
        for record in snapshot.segments:
            segment = Segment.open(layout.segment_path(self.index_dir, record.name), mapped=mapped)
            segments.append(segment)
            if len(segment.section("chunk_kinds")) != record.chunks:
                raise IndexCorrupt(f"{segment.path} is not what the catalog names; run 'semindex index'")
        dead = [snapshot.dead.get(record.id, ()) for record in snapshot.segments]
        weights = WEIGHTS.of_meaning(self._embedder.meaning)
        with blamed(lambda: faults(segments)):
            generation = Generation(snapshot.generation, segments, dead)
            shards = [Shard(Corpus(generation, weights))]
            searcher = Searcher(shards, self._embedder, remembered=self._remembered)
        # As many as the catalog has, which would have to count them.
        files, skipped = generation.live_files, catalog.skipped()
        pending = int(catalog.meta("pending") or 0)
        partial = (partial_note(files, files + pending),) if pending else ()
        coverage = Coverage(
            seen=files + sum(skipped.values()) + pending,
            indexed=files,
            chunks=generation.live_chunks,
            skipped=skipped,
            freshness="unchecked",
            notes=(*catalog.notes, *partial),
        )
        return Adopted(snapshot, generation, searcher, coverage)

    def _forget(self) -> None:
        if self._catalog is not None:
            self._catalog.close()
        self._catalog = None
        self._reader = None
        self._rankings.clear()

    def _ranked(self, reader: Adopted, asked: Wish, texts: Sequence[shown.Reader]) -> Ranking:
        snapshot = reader.snapshot
        key = (snapshot.identity, snapshot.generation, asked)
        keeps = self._settings.enable_caching and not asked.query.phrases
        known = self._rankings.get(key) if keeps else None
        if known is not None:
            return known
        ranking = answering.rank(
            reader.searcher, asked.query, texts, limit=asked.limit, mode=asked.mode, grouping=asked.grouping
        )
        if keeps:
            self._rankings.put(key, ranking)
        return ranking


TEXT_BATCH_BYTES = 500_000
"""Source of one segment where a transformer reads it, at some 20 kB a second."""
_REMEMBERED = 4096
"""Queries whose vector is kept in memory, at most; one takes some kilobytes."""


def _workers(settings: Settings) -> int:
    """How many processes a build may have at work."""
    if not settings.enable_parallel_processing:
        return 1
    return settings.max_workers or usable_cores()


_UNCHECKED = Freshness("unchecked")


def _out_of_time(done: Reranked, settings: Settings) -> str:
    return (
        f"re-ranked the first {done.judged} of {done.wanted} results only: RERANK_BUDGET_MS is "
        f"{settings.rerank_budget_ms}"
    )


@contextmanager
def blamed(find_faults: Callable[[], list[str]]) -> Iterator[None]:
    """Turn what breaks over a damaged segment into :class:`IndexCorrupt`; our own mistakes pass.

    A query does not read whole segments to compare checksums, so it may run into nonsense.
    """
    try:
        yield
    except _BREAKS as error:
        found = find_faults()
        if not found:
            raise
        raise IndexCorrupt(f"{found[0]}; run 'semindex index' to rebuild it") from error


def _location(location: str, root: Path) -> tuple[str, int | None]:
    match = _LOCATION.fullmatch(location)
    if match is None:
        raise QueryError("the location is empty; give path or path:line")
    path = Path(match["path"])
    absolute = path if path.is_absolute() else root / path
    inside = os.path.normpath(absolute)
    relative = os.path.relpath(inside, root)
    return Path(relative).as_posix(), int(match["line"]) if match["line"] else None
