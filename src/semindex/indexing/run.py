"""Has files made into segments, here or in worker processes, and commits the segments as they come in.

Commits are made every few seconds, so that a build that is killed goes on from there. Each tells in the notes
how many files are still to come (``pending``), and while files in doubt are unread it leaves the catalog's
``last_scan_ns`` as it was, so that they stay in doubt.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from semindex.errors import WorkerError
from semindex.indexing import merge
from semindex.indexing.batch import Wanted, Work, batches
from semindex.indexing.crew import Crew, cluster_crew, one_process, several
from semindex.indexing.executors.base import Done, Failure
from semindex.indexing.memory import peak_bytes
from semindex.indexing.merge import Merge, Outcome
from semindex.indexing.plan import READ_BY, by_todays_rules, new_skips
from semindex.indexing.sharing import SHARED, Taken, read_shared, shared_note
from semindex.indexing.stopped import STOPPED, stopped_lines, stopped_note
from semindex.indexing.workplace import Workplace
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.records import Change, FileRecord, NewSegment, SkippedFile
from semindex.types import (
    FileFailure,
    FileRef,
    Progress,
    ProgressCallback,
    SkipReason,
)


class Run(Struct):
    """What one refresh has done so far."""

    files: Mapping[str, FileRecord]
    """The records of the files to be read, by path; without those of broken segments."""
    failures: Mapping[str, SkippedFile]
    scan_ns: int | None
    """When the walk of the whole tree began; None when some paths were looked at."""
    force: bool
    new: set[str]
    """The paths still to be read that the catalog does not know at all."""
    read_by: str
    """What the catalog's note :data:`READ_BY` says until the build has ended."""
    pending_before: int = 0
    """When this run looks at some paths only: how many files an earlier run had left."""
    total: int = 0
    done: int = 0
    added: int = 0
    changed: int = 0
    segments: list[NewSegment] = field(default_factory=list)
    """Segments on disk that are not committed yet."""
    touched: list[FileRef] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    stopped: dict[str, str] = field(default_factory=dict)
    """Why a grammar was stopped, by the path of each file of the index of which one was."""
    source_bytes: int = 0
    guard_peak_bytes: int = 0
    """The most that the processes took in which files were parsed apart."""
    merged: int = 0
    worker_peak_bytes: int = 0
    processes: int = 1

    @property
    def peak_bytes(self) -> int:
        """The sum of the highest memory that each process took so far."""
        return peak_bytes() + self.worker_peak_bytes + self.guard_peak_bytes

    @property
    def pending(self) -> int:
        """How many files are not in the index yet, not even in an older state."""
        return max(len(self.new), self.pending_before - self.added)

    def notes(self) -> dict[str, str]:
        """The catalog's notes about this build; none when nothing was indexed."""
        return {"peak_bytes": str(self.peak_bytes)} if self.source_bytes else {}


class Indexing:
    """Has the files of one refresh read and analysed, and the segments merged."""

    def __init__(
        self, place: Workplace, catalog: Catalog, run: Run, progress: ProgressCallback, leaving: ExitStack
    ) -> None:
        """``leaving`` is closed by the caller, and ends the connection to a cluster."""
        self._place = replace(place, on_file=self._begin_file)
        self._leaving = leaving
        self._crew: Crew | None = None
        self._waiting: deque[Work] = deque()
        self._older = {segment.id for segment in catalog.live().segments}
        """Segments that were there before: their files may yet be replaced."""
        self._may_merge = True
        self._catalog = catalog
        self._run = run
        self._progress = progress
        self._begun = 0
        self._last_commit = time.monotonic()
        self._doubtful: set[str] = set()
        """Files still to be read that look as they did when they were indexed."""

    def index(self, refs: Sequence[FileRef], *, taken: Sequence[Taken] = ()) -> None:
        """Make segments of the files; those of the last seconds are left in the run, to be committed.

        Args:
            refs: The files to be read.
            taken: What was taken from other indexes, which becomes live before anything is read.

        Raises:
            IndexUnwritable: There is no room, or no permission; what was committed stays.
            WorkerError: The cluster is out of reach or gone; what was done before is committed.
            KeyboardInterrupt: The user wants no more; what was done before is committed.
        """
        self._run.total = len(refs)
        self._doubtful = {ref.path for ref in refs if self._looks_known(ref)}
        if taken:
            self._adopt(taken)
        if refs:
            # First those in doubt: until they are read, what is committed cannot be taken for up to date.
            wanted = map(self._wanted, sorted(refs, key=lambda ref: ref.path not in self._doubtful))
            self._crew = crew = self._chosen(sum(ref.size_bytes for ref in refs))
            self._waiting.extend(batches(wanted, most_bytes=crew.batch_bytes, workers=crew.workers))
            self._work(crew)
        self._tell()

    def _adopt(self, taken: Sequence[Taken]) -> None:
        """Make live what was taken from other indexes; it can be searched while the rest is analysed."""
        run, live = self._run, {segment.name for segment in self._catalog.live().segments}
        for part in taken:
            paths = list(part.paths)
            changed = sum(path in run.files for path in paths)
            run.changed += changed
            run.added += len(paths) - changed
            run.new.difference_update(paths)
            _forget(run.stopped, paths)
            run.segments += part.segments
        earlier = {
            name: root for name, root in read_shared(self._catalog.meta(SHARED)).items() if name in live
        }
        self.commit(notes={SHARED: shared_note(earlier, taken)})
        # Joining them before the end would only cost the room that sharing saves.
        self._older = {segment.id for segment in self._catalog.live().segments}

    def _work(self, crew: Crew) -> None:
        try:
            while self._waiting:
                outcomes = crew.run(_drained(self._waiting))
                with closing(outcomes):
                    for outcome in outcomes:
                        self._run.worker_peak_bytes = crew.executor.peak_bytes
                        self._take(outcome)
                        self._commit_now_and_then()
        except (KeyboardInterrupt, WorkerError):
            self.commit()
            raise
        finally:
            self._run.worker_peak_bytes = crew.executor.peak_bytes
            self._run.processes = crew.processes
            self._run.warnings += crew.executor.notes

    def merge(self, *, small_bytes: int) -> None:
        """Join segments until the policy names none; those that cannot be joined stay, with a warning.

        Raises:
            IndexUnwritable: There is no room; what was joined so far stays.
        """
        crew = self._crew or one_process(self._place)
        try:
            reason = ""
            while not reason and (groups := self._groups(crew, merge.TIER_SEGMENTS, small_bytes)):
                reason = self._merge(crew, groups)
        except WorkerError as error:
            reason = str(error)
        if reason:
            self._run.warnings.append(f"segments were not merged: {reason}; run 'semindex index'")
        self._run.worker_peak_bytes = crew.executor.peak_bytes
        self._run.warnings += crew.executor.notes

    def _merge(self, crew: Crew, groups: Sequence[Merge]) -> str:
        """Join groups until one cannot be joined; returns why, and nothing when all were."""
        works: Iterator[Work] = iter(groups)
        self._progress(Progress("merge", 0, len(groups), "segments"))
        with closing(crew.unite(works)) as outcomes:
            for done, outcome in enumerate(outcomes, 1):
                reason = self._take_merged(outcome)
                if reason:
                    return reason
                self._progress(Progress("merge", done, len(groups), "segments"))
        return ""

    def _groups(
        self, crew: Crew, tier_segments: int, small_bytes: int = 0, *, but: Collection[int] = ()
    ) -> list[Merge]:
        live = self._catalog.live()
        groups = merge.choose(
            [segment for segment in live.segments if segment.id not in but],
            live.dead,
            tier_segments=tier_segments,
            largest_bytes=crew.merge_bytes,
            small_bytes=min(small_bytes, crew.merge_bytes),
        )
        return [Merge(group, tuple(live.dead.get(each.id, ()) for each in group)) for group in groups]

    def _chosen(self, source_bytes: int) -> Crew:
        """Who does the work for so much source."""
        place = self._place
        if place.cluster is not None:
            return cluster_crew(place, place.cluster, self._catalog.live().identity, self._leaving)
        others = several(place) if source_bytes >= place.parallel_bytes else None
        return others or one_process(place)

    def _begin_file(self, path: str) -> None:
        self._tell(self._begun, path)
        self._begun += 1

    def _tell(self, begun: int = 0, path: str = "") -> None:
        self._progress(Progress("index", self._run.done + begun, self._run.total, "files", path))

    def _wanted(self, ref: FileRef) -> Wanted:
        known, skip = self._run.files.get(ref.path), self._run.failures.get(ref.path)
        if self._run.force:
            return Wanted(ref)
        covered = skip.covered if skip is not None and by_todays_rules(skip) else b""
        if known is None or not by_todays_rules(known):
            return Wanted(ref, covered=covered)
        return Wanted(ref, (known.digest, known.language), covered)

    def _looks_known(self, ref: FileRef) -> bool:
        record, skip = self._run.files.get(ref.path), self._run.failures.get(ref.path)
        return (record is not None and record.ref == ref) or (skip is not None and skip.failure.ref == ref)

    def _take(self, outcome: Done[Work, Outcome] | Failure[Work]) -> None:
        if isinstance(outcome.item, Merge):
            # One that fails is tried again, and told, by the merge at the end.
            self._may_merge = not self._take_merged(outcome)
            return
        run, files = self._run, outcome.item.files
        self._begun = 0
        if isinstance(outcome, Failure):
            if len(files) > 1:
                self._waiting.extend(outcome.item.parts())
                return
            ref = files[0].ref
            failure = FileFailure(ref.path, "analyse", SkipReason.FAILED, outcome.reason, ref)
            self._note(Outcome(None, failures=(failure,)))
        else:
            self._note(outcome.result)
        run.done += len(files)
        paths = [wanted.ref.path for wanted in files]
        self._doubtful.difference_update(paths)
        run.new.difference_update(paths)
        self._tell()

    def _note(self, outcome: Outcome) -> None:
        run = self._run
        run.touched += [ref for ref in outcome.touched if run.files[ref.path].ref != ref]
        run.skipped += new_skips(outcome.failures, run.failures, again=outcome.alone, kept=outcome.kept)
        run.source_bytes += outcome.source_bytes
        if outcome.guard_peak_bytes and self._crew is not None:
            # Each worker may have had such a process at the same time.
            guard_peak_bytes = outcome.guard_peak_bytes * self._crew.workers
            run.guard_peak_bytes = max(run.guard_peak_bytes, guard_peak_bytes)
        if outcome.segment is not None:
            _forget(run.stopped, (file.ref.path for file in outcome.segment.files))
            run.stopped.update(outcome.stopped)
            run.warnings += stopped_lines(outcome.stopped)
            run.segments.append(outcome.segment)
            paths = [file.ref.path for file in outcome.segment.files if not file.alone]
            changed = sum(path in run.files for path in paths)
            run.changed += changed
            run.added += len(paths) - changed

    def _commit_now_and_then(self) -> None:
        due = time.monotonic() - self._last_commit >= self._place.commit_seconds
        if due and self._run.done < self._run.total:
            self.commit()
            self._merge_when_many()
            self._last_commit = time.monotonic()

    def _merge_when_many(self) -> None:
        """Have the oldest of this build's segments joined, one merge at a time, when they become many."""
        if self._may_merge and self._crew is not None:
            groups = self._groups(self._crew, merge.TIER_SEGMENTS_AT_WORK, but=self._older)
            self._waiting.extendleft(groups[:1])
            self._may_merge = not groups

    def _take_merged(self, outcome: Done[Work, Outcome] | Failure[Work]) -> str:
        """Make a merged segment live; returns why that cannot be, and nothing when it is done."""
        merged, place = outcome.item, self._place
        assert isinstance(merged, Merge)
        if isinstance(outcome, Failure):
            return outcome.reason
        if outcome.result.fault:
            return outcome.result.fault
        new, old = outcome.result.segment, merged.records
        self._catalog.commit(
            Change(
                add=[] if new is None else [new],
                drop_segments=[record.id for record in old],
                meta=self._run.notes(),
            )
        )
        layout.discard(place.index_dir, [record.name for record in old], on_step=place.on_step)
        self._run.merged += len(old)
        return ""

    def commit(
        self,
        *,
        removed: Sequence[str] = (),
        dropped: Sequence[int] = (),
        notes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Make live what was written and not yet committed.

        Args:
            removed: Paths that are gone.
            dropped: Ids of broken segments.
            notes: More notes for the catalog.
        """
        run = self._run
        _forget(run.stopped, removed)
        _forget(run.stopped, (skip.failure.path for skip in run.skipped))
        meta = {
            "pending": str(run.pending),
            "root": str(self._place.root),
            READ_BY: run.read_by,
            **run.notes(),
            **notes,
        }
        if run.stopped or self._catalog.meta(STOPPED):
            meta[STOPPED] = stopped_note(run.stopped)
        self._catalog.commit(
            Change(
                add=run.segments,
                skipped=run.skipped,
                remove=removed,
                touched=run.touched,
                drop_segments=dropped,
                # While files are in doubt, the catalog is not as the walk saw the tree.
                scan_ns=None if self._doubtful else run.scan_ns,
                meta=meta,
            )
        )
        run.segments, run.skipped, run.touched = [], [], []


def _drained(waiting: deque[Work]) -> Iterator[Work]:
    while waiting:
        yield waiting.popleft()


def _forget(stopped: dict[str, str], paths: Iterable[str]) -> None:
    for path in paths:
        stopped.pop(path, None)
