"""Files to a new generation: walk, plan, analyse, write segments, commit, merge."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from semindex.build import merge
from semindex.build.analysis import file_analysis, skip_analysis
from semindex.build.memory import peak_bytes
from semindex.build.plan import Plan, plan
from semindex.build.work import analyse
from semindex.errors import IndexCorrupt
from semindex.parse.parser import parse
from semindex.source.read import read
from semindex.source.walk import Walk, walk
from semindex.store import content, layout
from semindex.store.catalog import (
    Catalog,
    Change,
    FileRecord,
    MovedFile,
    NewFile,
    NewSegment,
    SegmentRecord,
    SkippedFile,
    Snapshot,
)
from semindex.store.content import Content
from semindex.store.durable import StepHook, no_step
from semindex.store.lock import write_lock
from semindex.store.segment import Segment, write_segment
from semindex.tokens import Lexicon
from semindex.types import (
    BuildReport,
    Embedder,
    FileFailure,
    FileRef,
    ParsedFile,
    Progress,
    ProgressCallback,
    SkipReason,
    SourceFile,
)

BATCH_BYTES = 4_000_000
"""Source analysed at once: large enough to spread the fixed costs, small against any budget."""
BATCH_FILES = 2000
MAX_LEXICON_WORDS = 200_000
"""The lexicon is begun anew above this, so that it cannot grow with the tree."""
FLUSH_SHARE = 10
"""A segment is written when its content reaches this fraction of the memory budget."""
MERGE_SHARE = 8
"""Segments are joined when together they are no larger than this fraction of the memory budget."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and with what an index is built."""

    root: Path
    index_dir: Path
    embedder: Embedder
    max_memory_bytes: int
    on_step: StepHook = no_step
    """Called between the steps of a commit; tests die there."""


@dataclass(slots=True)
class _Run:
    """What one refresh has done so far."""

    files: Mapping[str, FileRecord]
    failures: Mapping[str, SkippedFile]
    scan_ns: int
    force: bool
    total: int = 0
    done: int = 0
    added: int = 0
    changed: int = 0
    touched: list[FileRef] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    source_bytes: int = 0
    parts: list[Content] = field(default_factory=list)
    refs: list[FileRef] = field(default_factory=list)
    part_bytes: int = 0
    merged: int = 0


class Builder:
    """Brings an index up to date; one at a time an index, guarded by the writer lock."""

    def __init__(self, place: Place, *, progress: ProgressCallback | None = None) -> None:
        self._place = place
        self._progress = progress or (lambda _: None)
        self._lexicon = Lexicon()

    def refresh(
        self, *, force: bool = False, verify: bool = True, walked: tuple[Walk, int] | None = None
    ) -> BuildReport:
        """Index what is new or changed, forget what is gone, and commit.

        Args:
            force: Read and analyse every file again.
            verify: Check the checksums of what is kept, and analyse again what is damaged.
            walked: A walk that was just made, and when it began in nanoseconds of the epoch.

        Raises:
            RootError: The root is missing or not a folder.
            IndexLocked: Another process is writing.
            IndexTooNew: The index is of a newer semindex.
            IndexUnwritable: The index folder cannot be written; what was committed stays.
        """
        started = time.monotonic()
        seen, scan_ns = walked or self._walk()
        walk_seconds = time.monotonic() - started if walked is None else None
        layout.create(self._place.index_dir)
        with write_lock(self._place.index_dir):
            warnings = list(seen.warnings)

            def indexed() -> tuple[BuildReport, set[str]]:
                with self._catalog(warnings, verify=verify) as catalog:
                    report = self._refresh(catalog, seen, scan_ns, walk_seconds, warnings, force, verify)
                    return report, {segment.name for segment in catalog.snapshot().segments}

            try:
                report, live = indexed()
            except IndexCorrupt as error:
                # Damage that shows only when the pages that have it are read.
                self._begin_anew(warnings, error)
                report, live = indexed()
            layout.collect_garbage(self._place.index_dir, live, on_step=self._place.on_step)
        return replace(report, seconds=time.monotonic() - started)

    def _walk(self) -> tuple[Walk, int]:
        began = time.time_ns()
        seen = walk(
            self._place.root, on_progress=lambda n: self._progress(Progress("walk", n, None, "files"))
        )
        return seen, began

    @contextmanager
    def _catalog(self, warnings: list[str], *, verify: bool) -> Iterator[Catalog]:
        """The catalog, begun anew when it is damaged or of another model."""
        catalog = self._opened_catalog(warnings, verify=verify)
        try:
            yield catalog
        finally:
            catalog.close()

    def _opened_catalog(self, warnings: list[str], *, verify: bool) -> Catalog:
        place = self._place
        model = place.embedder.fingerprint
        try:
            catalog = Catalog.open_writer(place.index_dir, model=model, on_step=place.on_step)
            other_model = catalog.model != model
            found = catalog.verify() if verify else []
            if not other_model and not found:
                return catalog
            catalog.close()
            if found:
                raise IndexCorrupt(found[0])
            warnings.append("the index was made with another model; every file was indexed again")
            layout.set_catalog_aside(place.index_dir)
        except IndexCorrupt as error:
            self._begin_anew(warnings, error)
        return Catalog.open_writer(place.index_dir, model=model, on_step=place.on_step)

    def _begin_anew(self, warnings: list[str], error: IndexCorrupt) -> None:
        warnings.append(f"the catalog was damaged, every file was indexed again ({error})")
        layout.set_catalog_aside(self._place.index_dir)

    def _refresh(
        self,
        catalog: Catalog,
        seen: Walk,
        scan_ns: int,
        walk_seconds: float | None,
        warnings: list[str],
        force: bool,
        verify: bool,
    ) -> BuildReport:
        layout.require_root(self._place.index_dir, catalog.meta("root"), self._place.root)
        if catalog.last_scan_ns > scan_ns:
            # Another process has committed a later walk since ours: what it saw must not be taken for gone.
            seen, scan_ns = self._walk()
        broken = self._broken_segments(catalog.snapshot(), warnings, verify=verify)
        files = {record.ref.path: record for record in catalog.files()}
        failures = {known.failure.path: known for known in catalog.failures()}
        sound = {path: record for path, record in files.items() if record.segment not in broken}
        run = _Run(files=sound, failures=failures, scan_ns=scan_ns, force=force, warnings=warnings)
        work = plan(
            seen.refs,
            seen.skipped,
            sound,
            failures,
            scan_ns=catalog.last_scan_ns,
            force=force,
        )
        run.total = len(work.read)
        run.skipped.extend(self._new_skips(work, failures))
        for batch in self._batches(work, run):
            self._analyse(batch, run)
            if run.part_bytes > self._place.max_memory_bytes // FLUSH_SHARE:
                self._commit(catalog, run, pending=run.total - run.done)
        lost = files.keys() - sound.keys() - {ref.path for ref in work.read}
        self._commit(
            catalog,
            run,
            removed=(*work.removed, *sorted(lost)),
            dropped=sorted(broken),
            walk_seconds=walk_seconds,
        )
        self._merge(catalog, run)
        return self._report(catalog, work, run, files)

    def _new_skips(self, work: Plan, failures: Mapping[str, SkippedFile]) -> list[SkippedFile]:
        skips = [SkippedFile(failure, skip_analysis()) for failure in work.skipped]
        return [skip for skip in skips if failures.get(skip.failure.path) != skip]

    def _broken_segments(self, snapshot: Snapshot, warnings: list[str], *, verify: bool) -> set[int]:
        """Segments that cannot be used; what they held is indexed again."""
        broken: set[int] = set()
        for number, record in enumerate(snapshot.segments):
            self._progress(Progress("verify", number, len(snapshot.segments), "segments"))
            try:
                segment = Segment.open(layout.segment_path(self._place.index_dir, record.name))
                rows = len(segment.section("file_chunks")), len(segment.section("chunk_kinds"))
                faults = segment.verify() if verify else []
                if rows != (record.files, record.chunks):
                    faults.append(f"{segment.path} is not what the catalog names")
                segment.close()
            except IndexCorrupt as error:
                faults = [str(error)]
            if faults:
                broken.add(record.id)
                warnings.append(f"{faults[0]}; its {record.files} files were indexed again")
        return broken

    def _batches(self, work: Plan, run: _Run) -> Iterator[list[SourceFile]]:
        """What is to be analysed, a few megabytes at a time; skips, losses and touches go to the run."""
        batch: list[SourceFile] = []
        size = 0
        for ref in work.read:
            self._progress(Progress("index", run.done, run.total, "files", ref.path))
            source = read(self._place.root, ref)
            run.done += 1
            if isinstance(source, FileFailure):
                self._note_failure(source, ref, run)
                continue
            if self._same(source, ref, run):
                continue
            batch.append(source)
            run.refs.append(ref)
            size += len(source.text)
            if size >= BATCH_BYTES or len(batch) >= BATCH_FILES:
                yield batch
                batch, size = [], 0
        self._progress(Progress("index", run.done, run.total, "files"))
        if batch:
            yield batch

    def _note_failure(self, failure: FileFailure, ref: FileRef, run: _Run) -> None:
        skip = SkippedFile(failure if failure.ref else replace(failure, ref=ref), skip_analysis())
        if run.failures.get(ref.path) != skip:
            run.skipped.append(skip)

    def _same(self, source: SourceFile, ref: FileRef, run: _Run) -> bool:
        """Whether only the times of an indexed file have changed."""
        known = run.files.get(ref.path)
        if known is None or run.force or known.digest != source.digest:
            return False
        if known.language != source.language or known.analysis != file_analysis(source.language):
            return False
        if known.ref != ref:
            run.touched.append(ref)
        return True

    def _analyse(self, batch: Sequence[SourceFile], run: _Run) -> None:
        parsed = self._parsed(batch, run)
        if len(self._lexicon) > MAX_LEXICON_WORDS:
            self._lexicon = Lexicon()
        if not parsed:
            return
        part = analyse(parsed, self._place.embedder, self._lexicon)
        run.parts.append(part)
        run.part_bytes += content.size_bytes(part)
        for file in parsed:
            run.source_bytes += file.source.size_bytes
            if file.source.path in run.files:
                run.changed += 1
            else:
                run.added += 1

    def _parsed(self, batch: Sequence[SourceFile], run: _Run) -> list[ParsedFile]:
        """The batch parsed; a file that breaks the parser is left out, named and counted."""
        parsed: list[ParsedFile] = []
        begin = len(run.refs) - len(batch)
        kept: list[FileRef] = []
        for source, ref in zip(batch, run.refs[begin:], strict=True):
            try:
                parsed.append(parse(source))
                kept.append(ref)
            except Exception as error:  # noqa: BLE001 - the worker's edge: the failure becomes a value
                detail = f"{type(error).__name__}: {error}"
                run.skipped.append(
                    SkippedFile(
                        FileFailure(ref.path, "parse", SkipReason.FAILED, detail, ref), skip_analysis()
                    )
                )
        run.refs[begin:] = kept
        return parsed

    def _commit(
        self,
        catalog: Catalog,
        run: _Run,
        *,
        removed: Sequence[str] = (),
        dropped: Sequence[int] = (),
        pending: int = 0,
        walk_seconds: float | None = None,
    ) -> None:
        """Write what is held as a segment and make it live; does nothing when nothing changed."""
        meta = {"pending": str(pending), "root": str(self._place.root)}
        if walk_seconds is not None:
            meta["walk_ms"] = str(round(walk_seconds * 1000))
        catalog.commit(
            Change(
                add=self._written(run),
                skipped=run.skipped,
                remove=removed,
                touched=run.touched,
                drop_segments=dropped,
                scan_ns=None if pending else run.scan_ns,
                meta=meta,
            )
        )
        run.skipped, run.touched, run.parts, run.refs, run.part_bytes = [], [], [], [], 0

    def _written(self, run: _Run) -> list[NewSegment]:
        if not run.parts:
            return []
        whole = content.joined(run.parts)
        files = [
            NewFile(
                ref=ref,
                digest=whole.digests[i].tobytes(),
                analysis=file_analysis(whole.languages[i]),
                language=whole.languages[i],
                ordinal=i,
                chunks=int(whole.file_chunks[i]),
            )
            for i, ref in enumerate(run.refs)
        ]
        return [self._segment(whole, files)]

    def _segment(self, whole: Content, files: Sequence[NewFile]) -> NewSegment:
        name = layout.new_segment_name()
        path = layout.segment_path(self._place.index_dir, name)
        nbytes = write_segment(path, content.sections(whole), on_step=self._place.on_step)
        return NewSegment(name, nbytes, len(whole.chunk_kinds), files)

    def _merge(self, catalog: Catalog, run: _Run) -> None:
        """Join segments until the policy is content."""
        limit = self._place.max_memory_bytes // MERGE_SHARE
        while True:
            snapshot = catalog.snapshot()
            groups = merge.choose(snapshot.segments, snapshot.dead, limit_bytes=limit)
            if not groups:
                return
            for number, group in enumerate(groups):
                self._progress(Progress("merge", number, len(groups), "segments"))
                if not self._merge_group(catalog, snapshot, group, run):
                    return

    def _merge_group(
        self, catalog: Catalog, snapshot: Snapshot, group: Sequence[SegmentRecord], run: _Run
    ) -> bool:
        segments = [Segment.open(layout.segment_path(self._place.index_dir, record.name)) for record in group]
        faults = [fault for segment in segments for fault in segment.verify()]
        if faults:
            run.warnings.append(f"segments were not merged: {faults[0]}; run 'semindex index'")
            return False
        whole = merge.merged(segments, [snapshot.dead.get(record.id, ()) for record in group])
        added = [self._segment(whole, ())] if whole is not None else []
        moved = [
            MovedFile(os.fsdecode(path), added[0].name, ordinal)
            for ordinal, path in enumerate(whole.paths if whole is not None else ())
        ]
        catalog.commit(Change(add=added, moved=moved, drop_segments=[record.id for record in group]))
        for segment in segments:
            segment.close()
        run.merged += len(group)
        return True

    def _report(
        self, catalog: Catalog, work: Plan, run: _Run, before: Mapping[str, FileRecord]
    ) -> BuildReport:
        totals = catalog.totals()
        failed = [known.failure for known in catalog.failures() if known.failure.reason in FAILURES]
        return BuildReport(
            added=run.added,
            changed=run.changed,
            removed=sum(path in before for path in work.removed),
            unchanged=totals.files - run.added - run.changed,
            skipped=totals.skipped,
            failures=tuple(failed),
            warnings=tuple(dict.fromkeys(run.warnings)),
            seconds=0.0,
            peak_bytes=peak_bytes(),
            source_bytes=run.source_bytes,
            chunks=totals.chunks,
            files=totals.files,
            generation=catalog.generation,
            merged_segments=run.merged,
        )


FAILURES = frozenset(
    (
        SkipReason.PERMISSION,
        SkipReason.VANISHED,
        SkipReason.UNREADABLE,
        SkipReason.UNDECODABLE,
        SkipReason.FAILED,
    )
)
"""Reasons that a user should hear of by name; the others are rules."""
