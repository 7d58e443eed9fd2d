"""Whether an index still is what lies on disk: the walk held against the catalog, read only in doubt."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from semindex.indexing.plan import NOTHING, Plan, is_known, plan
from semindex.process.garbage import without_collection
from semindex.source.read import read_file
from semindex.source.walk import Walk, walk
from semindex.store.catalog import Catalog, FileRecord, SkippedFile
from semindex.types import FileFailure, FileRef

CHEAP_BYTES = 4_000_000
CHEAP_FILES = 300
"""A search indexes this much by itself before it answers: about two seconds at the most."""


class Drift(Struct, frozen=True):
    """How the tree on disk differs from what is indexed."""

    seen: Walk
    plan: Plan
    scan_ns: int
    """When the walk began, in nanoseconds of the epoch."""
    stamp: tuple[str, int, int]
    """The catalog's :attr:`Catalog.stamp` when the plan was made: the plan holds as long as it stays so."""
    walk_seconds: float
    doubtful: int = 0
    """Files to read only because they were written about when the last scan was made."""

    @property
    def work(self) -> int:
        """Files to read or to forget."""
        return len(self.plan.read) + len(self.plan.removed)

    @property
    def changed(self) -> int:
        """Files that are known to be new, changed or gone."""
        return self.work - self.doubtful

    @property
    def cheap(self) -> bool:
        """Whether bringing the index up to date takes about as long as one is ready to wait."""
        size = sum(ref.size_bytes for ref in self.plan.read)
        return size <= CHEAP_BYTES and self.work <= CHEAP_FILES


def check(
    root: Path,
    catalog: Catalog,
    *,
    paths: Collection[str] | None = None,
    broken: Collection[int] = (),
    force: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> Drift:
    """Walk the root and compare; with ``paths`` look only at what is at or below these.

    ``broken`` and ``force`` are those of :func:`plan`.

    Raises:
        RootError: The root is missing or not a folder.
    """
    scan_ns, began = time.time_ns(), time.monotonic()
    with without_collection():
        seen = walk(root, only=paths, on_progress=on_progress)
        seconds = time.monotonic() - began
        found = Drift(seen, NOTHING, scan_ns, ("", 0, 0), seconds)
        return planned(found, catalog, broken=broken, force=force)


def planned(drift: Drift, catalog: Catalog, *, broken: Collection[int] = (), force: bool = False) -> Drift:
    """The same walk held against the catalog as it is now; see :func:`plan`."""
    stamp = catalog.stamp
    work = plan(drift.seen, catalog, broken=broken, force=force)
    young = sum(is_known(ref, work.files, work.failures) for ref in work.read)
    return replace(drift, plan=work, stamp=stamp, doubtful=young)


def settled(root: Path, drift: Drift) -> Drift:
    """The same without the doubtful files that are as they were, which are read to know it."""
    work = drift.plan
    young = [ref for ref in work.read if is_known(ref, work.files, work.failures)]
    as_they_were = {ref.path for ref in young if _is_as_it_was(root, ref, work.files, work.failures)}
    read = tuple(ref for ref in work.read if ref.path not in as_they_were)
    return replace(drift, plan=replace(work, read=read), doubtful=0)


def _is_as_it_was(
    root: Path, ref: FileRef, files: Mapping[str, FileRecord], failures: Mapping[str, SkippedFile]
) -> bool:
    found = read_file(root, ref)
    if isinstance(found, FileFailure):
        return ref.path in failures and failures[ref.path].failure.reason is found.reason
    return ref.path in files and files[ref.path].digest == found.digest
