"""What a refresh has to do: the walk held against the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from semindex.build.analysis import file_analysis, skip_analysis
from semindex.source.read import RACY_NS
from semindex.store.catalog import FileRecord, SkippedFile
from semindex.types import FileFailure, FileRef


class Plan(Struct, frozen=True):
    """The work of a refresh."""

    read: tuple[FileRef, ...]
    """New, changed on disk, or analysed by other rules: to be read."""
    removed: tuple[str, ...]
    """Known paths that are not there any more, indexed or skipped."""
    skipped: tuple[FileFailure, ...]
    """Skipped by the walk."""
    unchanged: int
    """Indexed files that need nothing."""


def same_stat(known: FileRef, seen: FileRef) -> bool:
    """Whether nothing that the file system tells has changed."""
    return known == seen


def by_todays_rules(known: FileRecord | SkippedFile) -> bool:
    """Whether a file was analysed, or left out, by the rules of today."""
    if isinstance(known, FileRecord):
        return known.analysis == file_analysis(known.language)
    return known.analysis == skip_analysis()


def plan(
    seen: Iterable[FileRef],
    skipped: Iterable[FileFailure],
    files: Mapping[str, FileRecord],
    failures: Mapping[str, SkippedFile],
    *,
    scan_ns: int,
    force: bool = False,
) -> Plan:
    """Hold what the walk saw against what the catalog knows.

    Args:
        seen: The walk's files.
        skipped: Files that the walk itself left out.
        files: Indexed files by path.
        failures: Files known as skipped or failed, by path.
        scan_ns: When the catalog's last scan began, nanoseconds of the epoch.
        force: Read everything.
    """
    read: list[FileRef] = []
    unchanged = 0
    present: set[str] = set()
    for ref in seen:
        present.add(ref.path)
        racy = ref.mtime_ns >= scan_ns - RACY_NS
        record = files.get(ref.path)
        failure = failures.get(ref.path)
        if force or racy:
            read.append(ref)
        elif record is not None and same_stat(record.ref, ref) and by_todays_rules(record):
            unchanged += 1
        elif failure is not None and failure.failure.ref == ref and by_todays_rules(failure):
            continue
        else:
            read.append(ref)
    left_out = tuple(skipped)
    present.update(failure.path for failure in left_out)
    removed = tuple(path for path in (*files, *failures) if path not in present)
    return Plan(tuple(read), removed, left_out, unchanged)
