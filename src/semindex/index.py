"""The life of one folder's index: opened, brought up to date, adopted, closed; the public :class:`Index`.

What is read of it comes from a :class:`semindex.snapshot.Snapshot` of its newest commit.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from semindex import config
from semindex.embed.static import open_words
from semindex.errors import (
    IndexMismatch,
    NotIndexed,
    RootError,
    UsageError,
)
from semindex.locate import Location, StrPath, indexes_below, locate, path_named, why_no_folder
from semindex.operations.base import verb
from semindex.operations.callees import Callees, callees
from semindex.operations.callers import Callers, callers
from semindex.operations.cycles import Cycles, ImportCycles, cycles
from semindex.operations.drawing import Draw, GraphDocument, draw
from semindex.operations.grep import Grep, Tree, grep
from semindex.operations.impact import Impact, impact
from semindex.operations.imports import Imports, imports
from semindex.operations.index import WatchedRefresh
from semindex.operations.map import Map, RepositoryMap, map_
from semindex.operations.path import Chain
from semindex.operations.path import path as path_of_calls
from semindex.operations.read import Read, read
from semindex.operations.refs import Refs, refs
from semindex.operations.related import Related, related
from semindex.operations.relating import Asked, Linking
from semindex.operations.search import Search, search
from semindex.operations.status import StatusRequest
from semindex.operations.symbol import Symbol, symbol
from semindex.process.threads import usable_cores
from semindex.snapshot import Commit, Judging, Memory, Snapshot
from semindex.source.kept import KeptTexts
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.records import LiveSegments, partial_note
from semindex.store.schema import Cover
from semindex.store.segment import Segment, SegmentMissing
from semindex.store.soundness import open_listed
from semindex.types import (
    BuildReport,
    Cluster,
    Coverage,
    Definitions,
    Embedder,
    FileFailure,
    Hit,
    Hits,
    Links,
    Matches,
    ProgressCallback,
    Query,
    Status,
    Texts,
    Upkept,
)

if TYPE_CHECKING:
    from semindex.config import Settings
    from semindex.exact.choosing import Choosing
    from semindex.indexing.builder import Builder
    from semindex.indexing.freshness import Upkeep
    from semindex.models.judge import Judge
    from semindex.search.rerank import Reranked

__all__ = ["Index", "Location", "StrPath", "indexes_below", "locate", "open"]

_ADOPT_TRIES = 20
"""A segment may be merged away between reading the catalog and opening the file; then it is read again."""
TEXT_BATCH_BYTES = 500_000
"""Source of one segment where a transformer reads it, at some 20 kB a second."""
REHEARSED = "how is the path of a file opened"
"""Asked before anybody asks, to load and compile what any question needs."""
_REMEMBERED = 4096
"""Queries whose vector is kept in memory, at most; one takes some kilobytes."""


def open(root: StrPath, *, index_dir: StrPath | None = None, settings: Settings | None = None) -> Index:
    """An index of the folder ``root``, kept in ``root/.semindex`` or in ``index_dir``.

    Opens what is there and builds nothing: call :meth:`Index.refresh` to index.

    Raises:
        RootError: ``root`` is not an existing folder.
        ConfigError: A configuration file or variable is wrong.
        UsageError: An argument is of a wrong type.
    """
    folder = path_named("root", root).absolute()
    if not os.path.isdir(folder):  # noqa: PTH112 - unlike Path.is_dir it never raises
        raise RootError(f"{folder} {why_no_folder(folder)}; give the folder of a repository")
    folder = folder.resolve()
    place = folder / layout.FOLDER if index_dir is None else path_named("index_dir", index_dir).absolute()
    if settings is None:
        settings = config.load(folder).settings
    elif not isinstance(settings, config.Settings):
        raise UsageError(f"settings is {settings!r}; it must be semindex.config.Settings, or None")
    kept = KEEPER.kept(folder, place, settings) if KEEPER is not None else None
    return Index(folder, place, settings) if kept is None else kept


class Keeper(Protocol):
    """Holds indexes open that were opened before this process was forked."""

    def kept(self, root: Path, index_dir: Path, settings: Settings) -> Index | None:
        """The index, if it is held."""

    def opened(self, opened: Index, settings: Settings) -> None:
        """Hear that an index had to open a commit."""

    def attend(self, attended: Index, settings: Settings) -> None:
        """Keep an index up to date while this process lives."""


KEEPER: Keeper | None = None
"""The one of this process; only processes that the daemon has forked have one."""


class Index:
    """The index of one folder. Threads may search one object; each search sees one generation."""

    def __init__(self, root: Path, index_dir: Path, settings: Settings) -> None:
        """Use :func:`open`."""
        self.root = root
        self.index_dir = index_dir
        self._settings = settings
        self._lock = threading.Lock()
        self._catalog: Catalog | None = None
        self._commit: Commit | None = None
        self._snapshot: Snapshot | None = None
        self._loaded: Embedder | None = None
        self._judge: Judge | None = None
        self._texts = KeptTexts() if settings.enable_caching else None
        self._upkeep: Upkeep | None = None
        self._chooser: Choosing | None = None
        self._is_held = False

    def __repr__(self) -> str:
        """Where the index is and, if a commit was read, what that holds; reads nothing itself."""
        commit = self._commit
        held = ""
        if commit is not None:
            held = f": {commit.coverage.indexed} files, generation {commit.identity[1]}"
        return f"<semindex.Index of {str(self.root)!r}, kept in {str(self.index_dir)!r}{held}>"

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give files, maps and models back; hits stay valid, and the index may be used again.

        In a forked process an index that is held stays open, but for its catalog: it goes with the process.
        """
        if self._is_held and KEEPER is not None:
            self._close_catalog()
            return
        self._is_held = False
        with self._lock:
            self._forget()
            if self._upkeep is not None:
                self._upkeep.close()
            if self._chooser is not None:
                self._chooser.close()
            self._chooser = None
            if self._judge is not None:
                self._judge.close()
            self._judge = None
            if self._loaded is not None:
                self._loaded.close()
            self._loaded = None
            if self._texts is not None:
                self._texts.clear()

    def hold(self) -> int:
        """Open the newest commit and keep it open without its catalog, for processes forked from this one.

        A connection to SQLite cannot be taken into them: each opens its own. Gives the number of files.

        Raises:
            NotIndexed: Nothing was indexed here; and as :meth:`snapshot`.
        """
        try:
            snapshot = self.snapshot()
            # What is asked loads and compiles what any question needs.
            assert snapshot.search(REHEARSED).masked >= 0
            self._is_held = True
            return snapshot.commits[0].coverage.indexed
        finally:
            self._close_catalog()

    def _close_catalog(self) -> None:
        with self._lock:
            if self._catalog is not None:
                self._catalog.close()
            self._catalog = None

    def attend(self) -> None:
        """Have the index kept up to date while this process lives, if the daemon has forked it."""
        if KEEPER is not None:
            KEEPER.attend(self, self._settings)

    @property
    def exists(self) -> bool:
        """Whether something was indexed here."""
        with self._lock:
            try:
                return self._opened_catalog().generation > 0
            except NotIndexed:
                self._forget()
                return False

    @property
    def unbegun(self) -> bool:
        """Whether a first build was interrupted before it had indexed any file."""
        with self._lock:
            catalog = self._opened_catalog()
            return not catalog.totals().files and catalog.meta_number("pending") > 0

    def _refresh(self, asked: WatchedRefresh) -> BuildReport:
        """Index what is new or changed, forget what is gone; everything when ``force``.

        Raises:
            UsageError: An argument is wrong, or ``cluster`` needs an extra that is not installed.
            IndexUntrusted: The index, or that of ``share_from``, is a link or another user's.
            WorkerError: The cluster is out of reach, or none of its workers fit; what was committed stays.
            RootError: The root is gone.
            BroadRoot: It has no index, and nobody may have meant it; ``yes`` insists.
            IndexLocked: Another process is writing, still after ``wait_seconds``.
            IndexTooNew: The index is of a newer semindex.
            IndexUnwritable: No room or permission; what was committed before is intact.
        """
        workers = asked.workers
        if workers is not None:
            from semindex.indexing.cluster.executor import local_workers

            local_workers(workers.address)
        report = self._builder(asked.progress, workers).refresh(
            force=asked.force,
            verify=asked.verify,
            paths=asked.paths,
            wait_seconds=asked.wait_seconds,
            yes=asked.yes,
            share_from=Path(asked.share_from) if asked.share_from else None,
        )
        return replace(
            report, warnings=(*self._settings.passed_over, *report.warnings, *self._embedder.notes)
        )

    refresh = verb(WatchedRefresh, _refresh)

    def _search(self, asked: Search) -> Hits:
        """The spans that answer a query, best first.

        Raises:
            NotIndexed: Nothing was indexed here; call :meth:`refresh`.
            ModelError: ``rerank`` without a model that can be used; the message tells how to bring one.
            QueryError: The query is empty, or a filter names nothing known.
            IndexCorrupt: A file of the index is damaged; :meth:`refresh` rebuilds what it held.
            IndexMismatch: The index was made with another model.
        """
        started = time.perf_counter()
        if asked.rerank:
            self.load_reranker()
        checked = (self.bring_up_to_date(),) if asked.refresh else ()
        return search(self.snapshot(), asked, checked, started=started)

    search = verb(Search, _search)

    def _related(self, asked: Related) -> Hits:
        """The spans most like the one at ``path:line`` (or like a whole file, ``path``), itself left out.

        Raises:
            QueryError: No indexed file has that path, or it has no such line.
            NotIndexed: Nothing was indexed here.
        """
        return related(self.snapshot(), asked)

    related = verb(Related, _related)

    def _grep(self, asked: Grep) -> Matches:
        """Every line that a pattern matches, as the files are now; also where nothing was indexed.

        From the second time on, what changes is heard of where the system tells (Linux), so that no file has
        to be looked at that did not change. Without ``refresh`` files are missed that are new, or match only
        since they were indexed.

        Raises:
            QueryError: Ripgrep cannot read the pattern, a glob or a type, or there is nothing at ``scope``.
            ProgramMissing: There is no ripgrep.
        """
        started = time.perf_counter()
        return grep([Tree(self.root, self.chooser)], asked, self._settings, started=started)

    grep = verb(Grep, _grep)

    def _symbol(self, asked: Symbol) -> Definitions:
        """The definitions that a name means, best first; of the path of a file its outline.

        Raises:
            NotIndexed: Nothing was indexed here.
            QueryError: The name is empty, or a filter names nothing known.
        """
        started = time.perf_counter()
        checked = (self.bring_up_to_date(),) if asked.refresh else ()
        return symbol(self.snapshot(), asked, checked, started=started)

    symbol = verb(Symbol, _symbol)

    def _refs(self, asked: Refs) -> Links:
        """The places that use a definition: calls, reads, types, bases, decorators, imports.

        Raises:
            QueryError: The name is empty, or the path of a file.
            NotIndexed: Nothing was indexed here, or before there was a code graph; :meth:`refresh` makes it.
        """
        return self._linked(refs, asked, refresh=asked.refresh)

    refs = verb(Refs, _refs)

    def _callers(self, asked: Callers) -> Links:
        """The places that call a definition; with a depth those that call what they stand in.

        Raises:
            QueryError: The name is empty, or the path of a file.
            NotIndexed: Nothing was indexed here, or before there was a code graph; :meth:`refresh` makes it.
        """
        return self._linked(callers, asked, refresh=asked.refresh)

    callers = verb(Callers, _callers)

    def _callees(self, asked: Callees) -> Links:
        """What a definition calls; with a depth what that calls.

        Raises:
            QueryError: The name is empty, or the path of a file.
            NotIndexed: Nothing was indexed here, or before there was a code graph; :meth:`refresh` makes it.
        """
        return self._linked(callees, asked, refresh=asked.refresh)

    callees = verb(Callees, _callees)

    def _imports(self, asked: Imports) -> Links:
        """What a file imports, then which files import it.

        Raises:
            QueryError: No indexed file has that path.
            NotIndexed: Nothing was indexed here, or before there was a code graph; :meth:`refresh` makes it.
        """
        return self._linked(imports, asked, refresh=asked.refresh)

    imports = verb(Imports, _imports)

    def _impact(self, asked: Impact) -> Links:
        """What a change of a definition, a file or since a commit may break, the nearest first.

        Raises:
            QueryError: Neither a name nor a revision is given, or both, or git does not know the revision.
            NotIndexed: Nothing was indexed here, or before there was a code graph; :meth:`refresh` makes it.
        """
        return self._linked(impact, asked, refresh=asked.refresh)

    impact = verb(Impact, _impact)

    def _path(self, asked: Chain) -> Links:
        """The calls of a shortest chain from one definition to another, in their order.

        Raises:
            QueryError: The name is empty, or the path of a file.
            NotIndexed: Nothing was indexed here, or before there was a code graph; :meth:`refresh` makes it.
        """
        return self._linked(path_of_calls, asked, refresh=asked.refresh)

    path = verb(Chain, _path)

    def _linked(self, answering: Linking[Asked], asked: Asked, *, refresh: bool) -> Links:
        started = time.perf_counter()
        checked = (self.bring_up_to_date(),) if refresh else ()
        return answering(self.snapshot(), asked, checked, started=started)

    def _map(self, asked: Map) -> RepositoryMap:
        """The files and signatures of the repository by importance, for as many tokens as are given.

        Raises:
            NotIndexed: Nothing was indexed here, or the index has no code graph.
            QueryError: There is no such file.
        """
        started = time.perf_counter()
        checked = (self.bring_up_to_date(),) if asked.refresh else ()
        return map_(self.snapshot(), asked, checked, started=started)

    map = verb(Map, _map)

    def _cycles(self, asked: Cycles) -> ImportCycles:
        """The cycles of imports between files.

        Raises:
            NotIndexed: Nothing was indexed here, or before there was a code graph; :meth:`refresh` makes it.
        """
        started = time.perf_counter()
        checked = (self.bring_up_to_date(),) if asked.refresh else ()
        return cycles(self.snapshot(), asked, checked, started=started)

    cycles = verb(Cycles, _cycles)

    def _draw(self, asked: Draw) -> GraphDocument:
        """The files or definitions of the repository, and which uses which, as a document.

        Raises:
            NotIndexed: Nothing was indexed here, or before there was a code graph; :meth:`refresh` makes it.
        """
        started = time.perf_counter()
        checked = (self.bring_up_to_date(),) if asked.refresh else ()
        return draw(self.snapshot(), asked, checked, started=started)

    draw = verb(Draw, _draw)

    def _read(self, asked: Read) -> Texts:
        """Lines of indexed files, as they are today; a span that cannot be given says why.

        Raises:
            NotIndexed: Nothing was indexed here.
            QueryError: No span is given.
        """
        started = time.perf_counter()
        checked = (self.bring_up_to_date(),) if asked.refresh else ()
        return read(self.snapshot(), asked, checked, started=started)

    read = verb(Read, _read)

    def _status(self, asked: StatusRequest) -> Status:
        """The state of the index; ``verify`` reads every file of it and compares checksums.

        Raises:
            NotIndexed: Nothing was indexed here.
            UsageError: The index is that of another folder.
        """
        from semindex.configured import read_rules
        from semindex.status import status_of

        return status_of(
            self.root,
            self.index_dir,
            self._embedder.fingerprint,
            mapped_above=self._mapped_above,
            rules=read_rules(self._settings),
            verify=asked.verify,
            skipped=asked.skipped,
        )

    status = verb(StatusRequest, _status)

    def clean(self) -> int:
        """Remove the index folder; gives the bytes freed.

        Raises:
            IndexLocked: Another process is writing.
            IndexUnwritable: The folder is not ours, or the system refused.
        """
        self.close()
        return layout.clean(self.index_dir)

    @property
    def chooser(self) -> Choosing:
        """Chooses the files that may hold what is looked for; closed with the index."""
        with self._lock:
            if self._chooser is None:
                from semindex.exact.choosing import open_chooser

                stays = self._settings.enable_caching
                self._chooser = open_chooser(self.root, self.index_dir, stays=stays)
            return self._chooser

    def snapshot(self) -> Snapshot:
        """The newest commit, ready to be read; the same object while there is no newer one.

        Raises:
            NotIndexed: Nothing was indexed here.
            IndexCorrupt: A file of the index is damaged.
            IndexMismatch: The index was made with another model.
        """
        with self._lock:
            commit = self._newest()
            if self._snapshot is None or self._snapshot.commits[0] is not commit:
                self._snapshot = Snapshot(
                    [commit],
                    self._embedder,
                    memory=self.memory,
                    judging=lambda: self.judging,
                    masks=self.masks,
                    ripgrep=self.ripgrep,
                )
            return self._snapshot

    def commit(self) -> Commit:
        """What the newest commit holds, opened; raises as :meth:`snapshot`."""
        with self._lock:
            return self._newest()

    @property
    def embedder(self) -> Embedder:
        """Embeds this index's queries."""
        return self._embedder

    @property
    def memory(self) -> Memory:
        """What stays in memory between answers, as the settings want it."""
        settings = self._settings
        if not settings.enable_caching:
            return Memory()
        return Memory(self._texts, settings.cache_size, self._remembered)

    @property
    def settings(self) -> Settings:
        """What was set when it was opened."""
        return self._settings

    def ripgrep(self) -> str:
        """The absolute path of that program.

        Raises:
            ConfigError: The setting RIPGREP names no file that can be run.
            ProgramMissing: There is none.
        """
        from semindex.exact.ripgrep import find_program

        return find_program(self._settings)

    @property
    def masks(self) -> bool:
        """Whether secrets are masked in the texts of hits."""
        return not self._settings.index_secrets

    def load_reranker(self) -> None:
        """Load the model that ``search(rerank=True)`` asks, which does so itself when it is first needed.

        Raises:
            ModelError: None is named, a package is missing, or the folder is not whole.
        """
        self._opened_judge()

    @property
    def judging(self) -> Judging:
        """Puts hits into the order that the model of ``RERANK_MODEL`` and the ranking find together.

        Raises:
            ModelError: There is no such model, or it cannot be used.
        """
        return partial(self._reranked, self._opened_judge())

    def bring_up_to_date(self) -> Upkept:
        """Look for changes while that is quick, and index them when they are few; tells what was done."""
        from semindex.configured import read_rules
        from semindex.indexing.freshness import Upkeep

        with self._lock:
            catalog = self._opened_catalog()
            self._upkeep = self._upkeep or Upkeep(
                self.root, self.index_dir, self._builder, rules=read_rules(self._settings)
            )
        return self._upkeep.catch_up(catalog, self._embedder.fingerprint)

    @property
    def _embedder(self) -> Embedder:
        if self._loaded is None:
            if self._settings.embedding_model == config.BUNDLED_MODEL:
                self._loaded = open_words()
            else:
                from semindex.configured import embedder_opener

                self._loaded = embedder_opener(self._settings)()
        return self._loaded

    @property
    def _remembered(self) -> int:
        """How many queries' vectors to keep in memory."""
        return min(self._settings.cache_size, _REMEMBERED) if self._settings.enable_caching else 0

    def _opened_judge(self) -> Judge:
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
        from semindex.search.rerank import rerank

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
        from semindex.configured import embedder_opener, read_rules
        from semindex.indexing.builder import Builder
        from semindex.indexing.workplace import Workplace

        budget, workers = self._settings.max_memory_mb * 1_000_000, _workers(self._settings)
        place = Workplace(
            self.root,
            self.index_dir,
            self._embedder,
            budget,
            open_embedder=embedder_opener(self._settings, workers),
            workers=workers,
            batch_bytes=TEXT_BATCH_BYTES if self._embedder.reads_text else None,
            cluster=cluster,
            rules=read_rules(self._settings),
        )
        return Builder(place, progress=progress)

    def _opened_catalog(self) -> Catalog:
        if self._catalog is None:
            self._catalog = Catalog.open_reader(self.index_dir)
        return self._catalog

    def _newest(self) -> Commit:
        """The newest commit; whoever calls this holds the lock."""
        for _ in range(_ADOPT_TRIES):
            try:
                return self._adopt()
            except SegmentMissing:
                self._commit = self._snapshot = None
        return self._adopt()

    def _adopt(self) -> Commit:
        catalog = self._opened_catalog()
        if self._commit is not None and self._commit.identity == catalog.current:
            return self._commit
        live = catalog.live()
        if live.generation == 0:
            raise NotIndexed.in_folder(self.root)
        layout.require_root(self.index_dir, catalog.meta("root"), self.root)
        if live.model != self._embedder.fingerprint:
            raise IndexMismatch(
                f"{self.index_dir} was made with the model {live.model}, this is "
                f"{self._embedder.fingerprint}; run 'semindex index' to index again"
            )
        self._commit, self._snapshot = self._opened(live, catalog), None
        if KEEPER is not None:
            KEEPER.opened(self, self._settings)
        return self._commit

    @property
    def _mapped_above(self) -> int:
        return self._settings.memory_mapping_threshold_mb * 1_000_000

    def _opened(self, live: LiveSegments, catalog: Catalog) -> Commit:
        mapped = live.nbytes > self._mapped_above
        segments = [open_listed(self.index_dir, record, mapped=mapped) for record in live.segments]
        gone = [live.dead.get(record.id, ()) for record in live.segments]
        dead = [_unseen(segment, some) for segment, some in zip(segments, gone, strict=True)]
        # As many as the catalog has, which would have to count them.
        files = sum(record.files for record in live.segments) - sum(map(len, dead))
        chunks = sum(_live_chunks(segment, some) for segment, some in zip(segments, dead, strict=True))
        skipped, pending = catalog.skipped(), catalog.meta_number("pending")
        partial = (partial_note(files, files + pending),) if pending else ()
        coverage = Coverage(
            seen=files + sum(skipped.values()) + pending,
            indexed=files,
            chunks=chunks,
            skipped=skipped,
            freshness="unchecked",
            notes=(*catalog.notes, *partial),
        )
        return Commit(
            self.root,
            (live.identity, live.generation),
            live.model,
            segments,
            dead,
            coverage,
            self._why_left_out,
            gone,
        )

    def _why_left_out(self, path: str) -> FileFailure | None:
        """Why a file is not in the index, as the newest commit tells; None when it tells nothing."""
        with self._lock:
            known = list(self._opened_catalog().failures([path]))
        return next((each.failure for each in known if each.failure.path == path), None)

    def _forget(self) -> None:
        if self._catalog is not None:
            self._catalog.close()
        self._catalog = self._commit = self._snapshot = None


def _workers(settings: Settings) -> int:
    """How many processes a build may have at work."""
    if not settings.enable_parallel_processing:
        return 1
    return settings.max_workers or usable_cores()


def _out_of_time(done: Reranked, settings: Settings) -> str:
    return (
        f"re-ranked the first {done.judged} of {done.wanted} results only: RERANK_BUDGET_MS is "
        f"{settings.rerank_budget_ms}"
    )


def _unseen(segment: Segment, dead: Sequence[int]) -> Sequence[int]:
    """The files of a segment that only exact search may see, or nothing at all."""
    if not segment.has("gram.cover"):
        return dead
    alone = (segment.section("gram.cover") & Cover.ALONE).nonzero()[0].tolist()
    return sorted({*alone, *dead}) if alone else dead


def _live_chunks(segment: Segment, dead: Sequence[int]) -> int:
    """How many chunks of a segment are of files that are not dead."""
    counts = segment.section("file_chunks")
    return int(counts.sum(dtype="i8")) - int(counts[list(dead)].sum(dtype="i8"))
