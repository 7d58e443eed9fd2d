"""Whether an index still is what lies on disk: the walk held against the catalog, nothing read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from semindex.build.analysis import file_analysis, skip_analysis
from semindex.build.plan import Plan, plan
from semindex.source.walk import Walk, walk
from semindex.store.catalog import Catalog

CHEAP_BYTES = 4_000_000
CHEAP_FILES = 300
"""A search indexes this much by itself before it answers: about two seconds at the most."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """What has happened since the last commit."""

    seen: Walk
    plan: Plan
    scan_ns: int
    """When the walk began."""

    @property
    def changed(self) -> int:
        """Files to read, to forget or newly skipped."""
        return len(self.plan.read) + len(self.plan.removed)

    @property
    def cheap(self) -> bool:
        """Whether bringing the index up to date takes about as long as one is ready to wait."""
        size = sum(ref.size_bytes for ref in self.plan.read)
        return size <= CHEAP_BYTES and self.changed <= CHEAP_FILES


def check(root: Path, catalog: Catalog) -> Freshness:
    """Walk the root and compare.

    Raises:
        RootError: The root is missing or not a folder.
    """
    scan_ns = time.time_ns()
    seen = walk(root)
    files = {record.ref.path: record for record in catalog.files()}
    failures = {known.failure.path: known for known in catalog.failures()}
    work = plan(
        seen.refs,
        seen.skipped,
        files,
        failures,
        scan_ns=catalog.last_scan_ns,
        current=lambda record: record.analysis == file_analysis(record.language),
        current_failure=lambda known: known.analysis == skip_analysis(),
    )
    return Freshness(seen, work, scan_ns)
