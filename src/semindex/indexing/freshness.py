"""Whether an index still is what lies on disk: the walk held against the catalog, read only in doubt."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from semindex.indexing.plan import Plan, is_known, plan
from semindex.process.garbage import without_collection
from semindex.source.read import read_file
from semindex.source.walk import Walk, walk
from semindex.store.catalog import Catalog, FileRecord, SkippedFile
from semindex.types import FileFailure, FileRef

CHEAP_BYTES = 4_000_000
CHEAP_FILES = 300
"""A search indexes this much by itself before it answers: about two seconds at the most."""


class Freshness(Struct, frozen=True):
    """What has happened since the last commit."""

    seen: Walk
    plan: Plan
    scan_ns: int
    """When the walk began."""
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


def check(root: Path, catalog: Catalog, *, look: bool = False) -> Freshness:
    """Walk the root and compare.

    With ``look`` the doubtful files are read, and those that are as they were leave the plan.

    Raises:
        RootError: The root is missing or not a folder.
    """
    scan_ns = time.time_ns()
    with without_collection():
        seen = walk(root)
        work = plan(seen, catalog)
    young = [ref for ref in work.read if is_known(ref, work.files, work.failures)]
    if not look:
        return Freshness(seen, work, scan_ns, len(young))
    as_they_were = {ref.path for ref in young if _is_as_it_was(root, ref, work.files, work.failures)}
    read = tuple(ref for ref in work.read if ref.path not in as_they_were)
    return Freshness(seen, replace(work, read=read), scan_ns)


def _is_as_it_was(
    root: Path, ref: FileRef, files: Mapping[str, FileRecord], failures: Mapping[str, SkippedFile]
) -> bool:
    found = read_file(root, ref)
    if isinstance(found, FileFailure):
        return ref.path in failures and failures[ref.path].failure.reason is found.reason
    return ref.path in files and files[ref.path].digest == found.digest
