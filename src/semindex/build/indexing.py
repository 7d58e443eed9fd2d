"""Has files made into segments, here or in worker processes, and commits them as they come in."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from semindex.build import merge
from semindex.build.analysis import skip_analysis
from semindex.build.batch import Batch, Bench, Outcome, Wanted, batches, open_bench, process
from semindex.build.executors.base import Done, Executor, Failure
from semindex.build.executors.inline import InlineExecutor
from semindex.build.memory import Shares, peak_bytes, shares
from semindex.build.plan import by_todays_rules
from semindex.store.catalog import Catalog, Change, FileRecord, NewSegment, SkippedFile
from semindex.store.durable import StepHook, no_step
from semindex.types import (
    Embedder,
    FileFailure,
    FileRef,
    Progress,
    ProgressCallback,
    SkipReason,
)

PARALLEL_BYTES = 4_000_000
"""Less source than this is read by one process: starting others takes longer than they save."""
COMMIT_SECONDS = 5.0
"""A build that is killed loses this much work at the most, and what is in the workers' hands."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and with what an index is built."""

    root: Path
    index_dir: Path
    embedder: Embedder
    max_memory_bytes: int
    on_step: StepHook = no_step
    """Called between the steps of a commit; tests die there. Not in worker processes."""
    open_embedder: Callable[[], Embedder] | None = None
    """Opens the embedder in another process, so it must be picklable; without it there is no other."""
    workers: int = 1
    """Processes that analyse at once; 1 is this one."""
    parallel_bytes: int = PARALLEL_BYTES
    batch_bytes: int | None = None
    """Source of one segment; None leaves that to the memory budget."""
    commit_seconds: float = COMMIT_SECONDS
    approximate: bool = False
    """Whether large segments get inverted files."""


@dataclass(slots=True)
class Run:
    """What one refresh has done so far."""

    files: Mapping[str, FileRecord]
    """What is known and sound, by path."""
    failures: Mapping[str, SkippedFile]
    scan_ns: int
    force: bool
    total: int = 0
    done: int = 0
    added: int = 0
    changed: int = 0
    segments: list[NewSegment] = field(default_factory=list)
    """On disk and not yet committed."""
    touched: list[FileRef] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    source_bytes: int = 0
    merged: int = 0
    worker_peak_bytes: int = 0
    processes: int = 1

    @property
    def peak_bytes(self) -> int:
        """What all processes took so far, each at its highest."""
        return peak_bytes() + self.worker_peak_bytes

    def notes(self) -> dict[str, str]:
        """What a commit notes of a build; nothing when nothing was indexed."""
        return {"peak_bytes": str(self.peak_bytes)} if self.source_bytes else {}


class Indexing:
    """One refresh's reading and analysing."""

    def __init__(self, place: Place, catalog: Catalog, run: Run, progress: ProgressCallback) -> None:
        self._place = place
        self._catalog = catalog
        self._run = run
        self._progress = progress
        self._begun = 0
        self._last_commit = time.monotonic()
        self._doubtful: set[str] = set()
        """Files still to be read that look as they did when they were indexed."""

    def index(self, refs: Sequence[FileRef]) -> None:
        """Make segments of the files; those of the last seconds are left in the run, to be committed.

        Raises:
            IndexUnwritable: No room or permission; what was committed stays.
            KeyboardInterrupt: After what is done was committed.
        """
        self._run.total = len(refs)
        size = sum(ref.size_bytes for ref in refs)
        place = self._place
        share = shares(place.max_memory_bytes, place.workers, embedder_bytes=place.embedder.resident_bytes)
        executor, setup, workers = self._crew(size, share)
        self._doubtful = {ref.path for ref in refs if self._looks_known(ref)}
        # First those in doubt: until they are read, what is committed cannot be taken for up to date.
        wanted = map(self._wanted, sorted(refs, key=lambda ref: ref.path not in self._doubtful))
        most_bytes = place.batch_bytes or share.batch_bytes
        waiting = deque(batches(wanted, most_bytes=most_bytes, workers=workers))
        try:
            while waiting:
                outcomes = executor.run(process, _drained(waiting), setup=setup, in_flight=2 * workers)
                with closing(outcomes):
                    for outcome in outcomes:
                        self._run.worker_peak_bytes = executor.peak_bytes
                        self._take(outcome, waiting)
                        self._commit_now_and_then()
        except KeyboardInterrupt:
            self._commit()
            raise
        finally:
            self._run.worker_peak_bytes = executor.peak_bytes
            self._run.processes = 1 if workers == 1 else workers + 1
        self._tell()

    def _crew(self, source_bytes: int, share: Shares) -> tuple[Executor, Callable[[], Bench], int]:
        """Who does the work, how they set up, and how many they are."""
        place = self._place
        if share.workers == 1 or place.open_embedder is None or source_bytes < place.parallel_bytes:
            return InlineExecutor(), self._own_bench, 1
        from semindex.build.executors.local import LocalExecutor

        setup = partial(
            open_bench, place.root, place.index_dir, place.open_embedder, place.embedder.fingerprint
        )
        executor = LocalExecutor(share.workers, max_resident_bytes=share.worker_rest_bytes)
        return executor, setup, share.workers

    def _own_bench(self) -> Bench:
        place = self._place
        return Bench(place.root, place.index_dir, place.embedder, place.on_step, self._begin_file)

    def _begin_file(self, path: str) -> None:
        self._tell(self._begun, path)
        self._begun += 1

    def _tell(self, begun: int = 0, path: str = "") -> None:
        self._progress(Progress("index", self._run.done + begun, self._run.total, "files", path))

    def _wanted(self, ref: FileRef) -> Wanted:
        known = self._run.files.get(ref.path)
        if known is None or self._run.force or not by_todays_rules(known):
            return Wanted(ref)
        return Wanted(ref, (known.digest, known.language))

    def _looks_known(self, ref: FileRef) -> bool:
        record, skip = self._run.files.get(ref.path), self._run.failures.get(ref.path)
        return (record is not None and record.ref == ref) or (skip is not None and skip.failure.ref == ref)

    def _take(self, outcome: Done[Batch, Outcome] | Failure[Batch], waiting: deque[Batch]) -> None:
        run, files = self._run, outcome.item.files
        self._begun = 0
        if isinstance(outcome, Failure):
            if len(files) > 1:
                waiting.extend(outcome.item.parts())
                return
            ref = files[0].ref
            failure = FileFailure(ref.path, "analyse", SkipReason.FAILED, outcome.reason, ref)
            self._note(Outcome(None, (), (failure,), 0))
        else:
            self._note(outcome.result)
        run.done += len(files)
        self._doubtful.difference_update(wanted.ref.path for wanted in files)
        self._tell()

    def _note(self, outcome: Outcome) -> None:
        run = self._run
        run.touched += [ref for ref in outcome.touched if run.files[ref.path].ref != ref]
        for failure in outcome.failures:
            skip = SkippedFile(failure, skip_analysis())
            if run.failures.get(failure.path) != skip:
                run.skipped.append(skip)
        run.source_bytes += outcome.source_bytes
        if outcome.segment is not None:
            run.segments.append(outcome.segment)
            changed = sum(file.ref.path in run.files for file in outcome.segment.files)
            run.changed += changed
            run.added += len(outcome.segment.files) - changed

    def _commit_now_and_then(self) -> None:
        due = time.monotonic() - self._last_commit >= self._place.commit_seconds
        if due and self._run.done < self._run.total:
            self._commit()
            self._merge_when_many()
            self._last_commit = time.monotonic()

    def _merge_when_many(self) -> None:
        place = self._place
        # What is damaged is found and named again by the merge at the end.
        with suppress(merge.Damaged):
            self._run.merged += merge.merge_all(
                place.index_dir,
                self._catalog,
                tier_segments=merge.TIER_SEGMENTS_AT_WORK,
                on_step=place.on_step,
                on_group=lambda number, of: None,
                notes=self._run.notes,
            )

    def _commit(self) -> None:
        run = self._run
        commit(
            self._place,
            self._catalog,
            run,
            pending=run.total - run.done,
            scan_ns=None if self._doubtful else run.scan_ns,
        )


def _drained(waiting: deque[Batch]) -> Iterator[Batch]:
    while waiting:
        yield waiting.popleft()


def commit(
    place: Place,
    catalog: Catalog,
    run: Run,
    *,
    removed: Sequence[str] = (),
    dropped: Sequence[int] = (),
    pending: int = 0,
    scan_ns: int | None,
    walk_seconds: float | None = None,
) -> None:
    """Make what was written live; ``pending`` files are still to come. Nothing new is no generation.

    With ``scan_ns`` what the catalog knows counts as seen then: files that it does not know yet, or of
    which it knows an older state, are found by that.
    """
    meta = {"pending": str(pending), "root": str(place.root), **run.notes()}
    if walk_seconds is not None:
        meta["walk_ms"] = str(round(walk_seconds * 1000))
    catalog.commit(
        Change(
            add=run.segments,
            skipped=run.skipped,
            remove=removed,
            touched=run.touched,
            drop_segments=dropped,
            scan_ns=scan_ns,
            meta=meta,
        )
    )
    run.segments, run.skipped, run.touched = [], [], []
