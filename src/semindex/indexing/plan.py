"""What a refresh has to do: the walk held against the catalog."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from semindex.indexing.analysis import file_analysis, skip_analysis
from semindex.source.read import RACY_NS
from semindex.source.walk import Walk
from semindex.store.catalog import Catalog, FileRecord, SkippedFile
from semindex.types import FileFailure, FileRef


class Plan(Struct, frozen=True):
    """The work of a refresh."""

    read: tuple[FileRef, ...]
    """New, changed on disk, or analysed by other rules: to be read."""
    removed: tuple[str, ...]
    """Known paths that are not there any more, indexed or skipped."""
    removed_files: int
    """How many of them are indexed."""
    lost: tuple[str, ...]
    """Indexed files of broken segments that are not read."""
    skipped: tuple[FileFailure, ...]
    """Skipped by the walk, and those that :func:`semindex.indexing.drift.settled` found skipped as before."""
    files: Mapping[str, FileRecord]
    """What is known and sound of the files to be read, by path."""
    failures: Mapping[str, SkippedFile]
    """All files that are known as skipped or failed, by path."""
    new: frozenset[str]
    """Those to be read of which nothing is known at all."""
    touched: tuple[FileRef, ...] = ()
    """Indexed files whose content is as it was, though size, times or inode are not."""


NOTHING = Plan((), (), 0, (), (), {}, {}, frozenset())
"""No work at all."""


def same_stat(known: FileRef, seen: FileRef) -> bool:
    """Whether nothing that the file system tells has changed."""
    return known == seen


def by_todays_rules(known: FileRecord | SkippedFile) -> bool:
    """Whether a file was analysed, or left out, by the rules of today."""
    if isinstance(known, FileRecord):
        return known.analysis == file_analysis(known.language)
    return known.analysis == skip_analysis()


def is_known(ref: FileRef, files: Mapping[str, FileRecord], failures: Mapping[str, SkippedFile]) -> bool:
    """Whether a file that was seen is indexed, or left out, just so, under today's rules."""
    record, skip = files.get(ref.path), failures.get(ref.path)
    if record is not None and same_stat(record.ref, ref) and by_todays_rules(record):
        return True
    return skip is not None and skip.failure.ref == ref and by_todays_rules(skip)


def plan(seen: Walk, catalog: Catalog, *, broken: Collection[int] = (), force: bool = False) -> Plan:
    """Hold what the walk saw against what the catalog knows; of a walk of some paths, only these.

    Args:
        seen: The walk.
        catalog: The catalog.
        broken: Ids of segments whose files are to be read again.
        force: Read everything.
    """
    failures = {known.failure.path: known for known in catalog.failures(seen.only)}
    found = catalog.differences(seen.refs, analysis=file_analysis, without=broken, only=seen.only)
    racy_ns = catalog.last_scan_ns - RACY_NS
    young = {ref for ref in seen.refs if ref.mtime_ns >= racy_ns}
    doubtful = {*found.refs, *young}
    read = [ref for ref in seen.refs if force or ref in doubtful] if force or doubtful else []
    files = catalog.records([ref.path for ref in read])
    new = frozenset(ref.path for ref in read if ref.path not in files and ref.path not in failures)
    if broken:
        files = {path: record for path, record in files.items() if record.segment not in broken}
    if not force:
        read = [ref for ref in read if ref in young or not is_known(ref, files, failures)]
    skipped = {failure.path for failure in seen.skipped}
    gone = [path for path in found.gone if path not in skipped]
    gone_skips = failures.keys() - skipped - {ref.path for ref in found.refs}
    if gone_skips:
        gone_skips = gone_skips.difference(ref.path for ref in seen.refs)
    return Plan(
        read=tuple(read),
        removed=(*gone, *sorted(gone_skips.difference(gone))),
        removed_files=len(gone),
        lost=tuple(sorted(set(found.left_out).difference(ref.path for ref in read))),
        skipped=seen.skipped,
        files=files,
        failures=failures,
        new=new,
    )
