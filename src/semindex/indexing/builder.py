"""Makes a new generation of an index: walks, plans, has files analysed, commits, merges."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

from msgspec.structs import replace

from semindex.errors import BroadRoot, IndexCorrupt
from semindex.indexing import breadth, merge
from semindex.indexing.drift import CHEAP_BYTES, CHEAP_FILES, Drift, planned, walked
from semindex.indexing.memory import peak_bytes
from semindex.indexing.plan import MIXED, READ_BY, Plan, new_skips
from semindex.indexing.run import Indexing, Run
from semindex.indexing.sharing import Donor, Takings, named_donor, take, wanted_of
from semindex.indexing.stopped import STOPPED, read_stopped
from semindex.indexing.walktimes import WALKS, WalkTimes
from semindex.indexing.workplace import Workplace
from semindex.source.walk import checked_root
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.lock import OnWait, write_lock
from semindex.store.records import Totals
from semindex.store.soundness import by_segment, find_damage, open_listed
from semindex.types import (
    BuildReport,
    Progress,
    ProgressCallback,
    SkipReason,
)


class Builder:
    """Brings an index up to date. The writer lock sees to it that one at a time does so for an index."""

    def __init__(self, place: Workplace, *, progress: ProgressCallback | None = None) -> None:
        self._place = place
        self._progress = progress or (lambda _: None)

    def refresh(
        self,
        *,
        force: bool = False,
        verify: bool = True,
        paths: Collection[str] | None = None,
        drift: Drift | None = None,
        wait_seconds: float = 0.0,
        yes: bool = False,
        share_from: Path | None = None,
    ) -> BuildReport:
        """Index what is new or changed, forget what is gone, and commit.

        What the index of another work tree of the repository has of equal files is taken from there, when the
        index is new or there is much to do.

        Args:
            force: Read and analyse every file again.
            verify: Check the checksums of what is kept, and analyse again what is damaged.
            paths: Look only at what is at or below these root-relative paths, as far as they can be judged
                by themselves (see :func:`walk`) and there is an index already.
            drift: What :func:`check` has just found, so that it is not looked for again.
            wait_seconds: How long to wait for another process that is writing; ``progress`` is told.
            yes: Make a first index even of a folder that nobody may have meant.
            share_from: Take equal files from the index of this folder, too.

        Raises:
            UsageError: ``share_from`` has no index.
            IndexUntrusted: The index, or that of ``share_from``, is a link or another user's.
            RootError: The root is missing or not a folder.
            BroadRoot: Nobody may have meant the root, and there is no index of it yet.
            IndexLocked: Another process is writing, still after ``wait_seconds``.
            IndexTooNew: The index is of a newer semindex.
            IndexUnwritable: The index folder cannot be written; what was committed stays.
        """
        started = time.monotonic()
        place, warnings = self._place, list[str]()
        checked_root(place.root)
        donor = None if share_from is None else named_donor(share_from, place.index_dir)
        if not layout.has_catalog(place.index_dir):
            drift = self._first_walk(yes=yes)
            if not drift.seen.refs and not drift.seen.skipped:
                return _nothing_indexed(time.monotonic() - started)
        layout.create(place.index_dir)
        with write_lock(place.index_dir, wait_seconds=wait_seconds, on_wait=self._tell_wait(wait_seconds)):

            def indexed(drift: Drift | None) -> tuple[BuildReport, set[str]]:
                with self._opened_catalog(warnings, verify=verify) as catalog:
                    report = self._refresh(catalog, drift, paths, warnings, force, verify, donor)
                    return report, {segment.name for segment in catalog.live().segments}

            try:
                report, live = indexed(drift)
            except IndexCorrupt as error:
                # Damage that shows only when the pages that have it are read.
                self._begin_anew(warnings, error)
                report, live = indexed(None)
            layout.collect_garbage(place.index_dir, live, on_step=place.on_step)
        return replace(report, seconds=time.monotonic() - started)

    def _first_walk(self, *, yes: bool) -> Drift:
        """The walk of a root that has no index yet.

        Raises:
            BroadRoot: Nobody may have meant the root, and ``yes`` is not given.
        """
        root = self._place.root
        why = "" if yes else breadth.doubt(root)
        if not why:
            drift = walked(root, on_progress=self._tell_walk)
            why = "" if yes else breadth.doubt_of_many(root, len(drift.seen.refs))
        if why:
            raise BroadRoot(root, why)
        return drift

    def _tell_walk(self, files: int) -> None:
        self._progress(Progress("walk", files, None, "files"))

    def _tell_wait(self, wait_seconds: float) -> OnWait:
        return lambda waited, holder: self._progress(
            Progress("wait", int(waited), int(wait_seconds), "seconds", holder)
        )

    def _opened_catalog(self, warnings: list[str], *, verify: bool) -> Catalog:
        """The catalog, open for writing; begun anew when it is damaged or was made with another model."""
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
        warnings.append(f"the catalog cannot be used, so every file was indexed again ({error})")
        layout.set_catalog_aside(self._place.index_dir)

    def _refresh(
        self,
        catalog: Catalog,
        drift: Drift | None,
        paths: Collection[str] | None,
        warnings: list[str],
        force: bool,
        verify: bool,
        donor: Donor | None,
    ) -> BuildReport:
        layout.require_root(self._place.index_dir, catalog.meta("root"), self._place.root)
        broken = self._broken_segments(catalog, warnings, verify=verify)
        drift = self._drift(catalog, drift, paths, broken, force)
        work, whole = drift.plan, drift.seen.only is None
        warnings.extend(drift.seen.warnings)
        takings = Takings() if force else self._takings(catalog, work, donor)
        warnings.extend(takings.warnings)
        shared = {path for part in takings.parts for path in part.paths}
        run = Run(
            files=work.files,
            failures=work.failures,
            # A walk of some paths tells nothing of files that it did not look at.
            scan_ns=drift.scan_ns if whole else None,
            force=force,
            warnings=warnings,
            new=set(work.new),
            read_by=MIXED if work.by_other_rules else self._place.rules.note,
            touched=list(work.touched),
            stopped=read_stopped(catalog.meta(STOPPED)),
            pending_before=0 if whole else catalog.meta_number("pending"),
        )
        run.skipped.extend(new_skips(work.skipped, work.failures))
        with ExitStack() as leaving:
            indexing = Indexing(self._place, catalog, run, self._progress, leaving)
            indexing.index([ref for ref in work.read if ref.path not in shared], taken=takings.parts)
            indexing.commit(
                removed=(*work.removed, *work.lost),
                dropped=sorted(broken),
                notes=self._notes(drift, catalog) if whole else {},
            )
            indexed = run.added + run.changed - len(shared)
            totals = catalog.totals()
            most = indexed > 0 and 2 * indexed > totals.files
            indexing.merge(small_bytes=merge.SMALL_BYTES if most else 0)
        self._warn_of_memory(run)
        return self._report(catalog, work, run, totals, takings)

    def _takings(self, catalog: Catalog, work: Plan, donor: Donor | None) -> Takings:
        """What other indexes have of the files to be read."""
        wanted = wanted_of(work)
        much = len(wanted) > CHEAP_FILES or sum(ref.size_bytes for ref in wanted) > CHEAP_BYTES
        if wanted and (donor is not None or catalog.generation == 0 or much):
            return take(self._place, wanted, named=donor, progress=self._progress)
        return Takings()

    def _notes(self, drift: Drift, catalog: Catalog) -> dict[str, str]:
        """What a whole build leaves in the catalog for those that come after it."""
        times = drift.added_to(WalkTimes.read(catalog.meta(WALKS)))
        return {WALKS: times.note, READ_BY: self._place.rules.note}

    def _drift(
        self,
        catalog: Catalog,
        known: Drift | None,
        paths: Collection[str] | None,
        broken: Collection[int],
        force: bool,
    ) -> Drift:
        """What there is to do: what was found already, if that still holds; else what a walk finds now."""
        must_see_all = bool(broken) or catalog.generation == 0
        if (
            known is None
            or known.scan_ns < catalog.last_scan_ns
            or (must_see_all and known.seen.only is not None)
        ):
            # Also when another process has committed a later walk: what that saw must not be taken for gone.
            known = walked(
                self._place.root,
                paths=None if must_see_all else paths,
                on_progress=self._tell_walk,
            )
        if broken or force or known.stamp != catalog.stamp:
            return planned(known, catalog, rules=self._place.rules, broken=broken, force=force)
        return known

    def _broken_segments(self, catalog: Catalog, warnings: list[str], *, verify: bool) -> set[int]:
        """The ids of segments that cannot be used, whose files are indexed again; a warning for each."""
        broken: set[int] = set()
        live = catalog.live()
        thorough = verify and live.nbytes <= THOROUGH_BYTES
        files = by_segment(catalog.files()) if thorough else {}
        for number, record in enumerate(live.segments):
            self._progress(Progress("verify", number, len(live.segments), "segments"))
            try:
                segment = open_listed(self._place.index_dir, record)
                listed = files.get(record.id, ())
                faults = find_damage(segment, thorough=thorough, files=listed) if verify else []
                segment.close()
            except IndexCorrupt as error:
                faults = [str(error)]
            if faults:
                broken.add(record.id)
                warnings.append(f"{faults[0]}; its {record.files} files were indexed again")
        return broken

    def _warn_of_memory(self, run: Run) -> None:
        """Warn when a build took more memory than its budget."""
        peak, budget = run.peak_bytes, self._place.max_memory_bytes
        if run.source_bytes and peak > budget:
            run.warnings.append(
                f"the build took {peak / 1e6:,.0f} MB of memory, more than the {budget / 1e6:,.0f} MB of "
                "MAX_MEMORY_MB: it cannot be done with less"
            )

    def _report(
        self, catalog: Catalog, work: Plan, run: Run, totals: Totals, takings: Takings
    ) -> BuildReport:
        failed = [known.failure for known in catalog.failures() if known.failure.reason in FAILURES]
        return BuildReport(
            added=run.added,
            changed=run.changed,
            removed=work.removed_files,
            unchanged=totals.files - run.added - run.changed,
            skipped=totals.skipped,
            failures=tuple(failed),
            warnings=tuple(dict.fromkeys(run.warnings)),
            seconds=0.0,
            peak_bytes=run.peak_bytes,
            processes=run.processes,
            source_bytes=run.source_bytes,
            chunks=totals.chunks,
            files=totals.files,
            generation=catalog.generation,
            merged_segments=run.merged,
            shared=tuple(part.shared for part in takings.parts),
        )


def _nothing_indexed(seconds: float) -> BuildReport:
    """The report on an empty folder, of which no index is made."""
    return BuildReport(
        added=0,
        changed=0,
        removed=0,
        unchanged=0,
        skipped={},
        failures=(),
        warnings=("there are no files, so no index was made",),
        seconds=seconds,
        peak_bytes=peak_bytes(),
        processes=1,
        source_bytes=0,
        chunks=0,
        files=0,
        generation=0,
    )


THOROUGH_BYTES = 8_000_000
"""To verify an index of up to so many bytes its postings are decoded, which takes a tenth of a second."""
FAILURES = frozenset(
    (
        SkipReason.PERMISSION,
        SkipReason.VANISHED,
        SkipReason.UNREADABLE,
        SkipReason.UNDECODABLE,
        SkipReason.FAILED,
    )
)
"""Files skipped for these reasons are named to the user; all other reasons are rules that leave files out."""
