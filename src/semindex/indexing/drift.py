"""How the tree on disk differs from its index: a walk compared with the catalog, by reading where needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from semindex.indexing.plan import NOTHING, Plan, by_todays_rules, is_known, plan
from semindex.indexing.walktimes import WalkTimes
from semindex.process.garbage import without_collection
from semindex.source.read import RULES, ReadRules, digest_of, load_bytes, read_file
from semindex.source.walk import Walk, walk
from semindex.store.catalog import Catalog
from semindex.types import FileFailure, FileRef

CHEAP_BYTES = 4_000_000
CHEAP_FILES = 300
"""A search indexes this much by itself before it answers: about two seconds at the most."""
SETTLED_BYTES = 32_000_000
SETTLED_FILES = 2000
"""A search reads this much, to know whether files that were touched have changed: a tenth of a second."""


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
    """How many files are to be read only because they were written about when the last walk was made."""

    def added_to(self, times: WalkTimes) -> WalkTimes:
        """The times of the last walks, and this one's."""
        return times.after(self.scan_ns + int(self.walk_seconds * 1e9), self.walk_seconds)

    @property
    def work(self) -> int:
        """How many files are to be read or removed."""
        return len(self.plan.read) + len(self.plan.removed)

    @property
    def changed(self) -> int:
        """How many files look new, changed or gone."""
        return self.work - self.doubtful

    @property
    def cheap(self) -> bool:
        """Whether bringing the index up to date takes no longer than somebody who searches will wait."""
        size = sum(ref.size_bytes for ref in self.plan.read)
        return size <= CHEAP_BYTES and self.work <= CHEAP_FILES


def check(root: Path, catalog: Catalog, rules: ReadRules = RULES) -> Drift:
    """Walk the root, and compare what is there with the catalog.

    Raises:
        RootError: The root is missing or not a folder.
    """
    return planned(walked(root), catalog, rules=rules)


def walked(
    root: Path,
    *,
    paths: Collection[str] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Drift:
    """A walk without a plan; with ``paths``, of what is at or below these (see :func:`walk`).

    Raises:
        RootError: The root is missing or not a folder.
    """
    scan_ns, began = time.time_ns(), time.monotonic()
    with without_collection():
        seen = walk(root, only=paths, on_progress=on_progress)
    return Drift(seen, NOTHING, scan_ns, ("", 0, 0), time.monotonic() - began)


def planned(
    drift: Drift,
    catalog: Catalog,
    *,
    rules: ReadRules = RULES,
    broken: Collection[int] = (),
    force: bool = False,
) -> Drift:
    """The same walk with a plan made from the catalog of now; all other arguments as in :func:`plan`."""
    stamp = catalog.stamp
    with without_collection():
        work = plan(drift.seen, catalog, rules=rules, broken=broken, force=force)
    young = 0
    if not work.by_other_rules:
        young = sum(is_known(ref, work.files, work.failures) for ref in work.read)
    return replace(drift, plan=work, stamp=stamp, doubtful=young)


def settled(
    root: Path,
    drift: Drift,
    *,
    rules: ReadRules = RULES,
    most_bytes: int = SETTLED_BYTES,
    most_files: int = SETTLED_FILES,
) -> Drift:
    """The same without files whose content turns out to be as it was.

    To know that, two kinds of files are read: those that look as they did but may have changed just after
    they were indexed (these first), and those of the same size that were touched or whose mode changed. No
    more than ``most_files`` and ``most_bytes`` are read. The new times of unchanged files are put among
    :attr:`Plan.touched` and :attr:`Plan.skipped`, to be noted in the catalog.
    """
    work = drift.plan
    if work.by_other_rules:
        return drift
    young = {ref for ref in work.read if is_known(ref, work.files, work.failures)}
    same, touched, skipped = set[FileRef](), list[FileRef](), list[FileFailure]()
    for ref in sorted(work.read, key=lambda ref: ref not in young):
        record, skip = work.files.get(ref.path), work.failures.get(ref.path)
        if record is not None and by_todays_rules(record) and record.ref.size_bytes == ref.size_bytes:
            needed = ref.size_bytes
        elif skip is not None and by_todays_rules(skip) and not skip.covered:
            needed = min(ref.size_bytes, rules.max_file_bytes)
        else:
            continue
        most_bytes, most_files = most_bytes - needed, most_files - 1
        if most_bytes < 0 or most_files < 0:
            break
        found = read_file(root, ref, rules=rules) if record is None else load_bytes(root, ref, rules=rules)
        if isinstance(found, bytes):
            if record is not None and digest_of(found) == record.digest:
                same.add(ref)
                touched += [ref] if record.ref != ref else []
        elif isinstance(found, FileFailure) and skip is not None and skip.failure.reason is found.reason:
            same.add(ref)
            skipped.append(found)
    left = replace(
        work,
        read=tuple(ref for ref in work.read if ref not in same),
        touched=(*work.touched, *touched),
        skipped=(*work.skipped, *skipped),
    )
    return replace(drift, plan=left, doubtful=len(young - same))
