"""What a refresh has to do, found by comparing a walk with the catalog.

Example: the catalog knows ``a.py``, ``b.py`` and ``c.py``. The walk sees ``a.py`` with another time, ``b.py``
as it was, and a new ``d.py``. The plan is to read ``a.py`` and ``d.py`` (if the bytes of ``a.py`` have the
digest in the catalog, only its new time is noted), and to remove ``c.py``. Had ``b.py`` been written within
two seconds of the last walk, it would be read too: it may have changed after that without another time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from semindex.indexing.analysis import file_analysis, skip_analysis
from semindex.source.read import RACY_NS, RULES, ReadRules
from semindex.source.secrets import has_hidden_values
from semindex.source.walk import Walk
from semindex.store.catalog import Catalog
from semindex.store.records import FileRecord, SkippedFile
from semindex.types import FileFailure, FileRef

READ_BY = "read_by"
"""Key of the catalog's note that names the rules by which the indexed files were read."""
MIXED = "mixed"
"""This note while a build by other rules has not ended: some files were read by those, and some by these."""


class Plan(Struct, frozen=True):
    """The work of a refresh."""

    read: tuple[FileRef, ...]
    """Files to read: new ones, ones that look changed, ones analysed by other rules, ones in doubt."""
    removed: tuple[str, ...]
    """Paths that the catalog knows, as indexed or skipped, and that are not there any more."""
    removed_files: int
    """How many of the removed paths are indexed."""
    lost: tuple[str, ...]
    """Files of broken segments that are not read again, because they are gone."""
    skipped: tuple[FileFailure, ...]
    """What the walk skipped, and what :func:`semindex.indexing.drift.settled` found skipped as before."""
    files: Mapping[str, FileRecord]
    """The records of the files to be read, by path; without those of broken segments."""
    failures: Mapping[str, SkippedFile]
    """All files that the catalog knows as skipped or failed, by path."""
    new: frozenset[str]
    """The paths to be read that the catalog does not know at all."""
    by_other_rules: bool = False
    """Whether the index was made by other :class:`ReadRules`; then all files are read."""
    touched: tuple[FileRef, ...] = ()
    """Indexed files whose content is as it was, though size, times or inode are not."""


NOTHING = Plan((), (), 0, (), (), {}, {}, frozenset())
"""No work at all."""


def by_todays_rules(known: FileRecord | SkippedFile) -> bool:
    """Whether a file was analysed, or skipped, by the rules of today."""
    if isinstance(known, FileRecord):
        return known.analysis == file_analysis(known.language)
    return known.analysis == skip_analysis()


def is_known(ref: FileRef, files: Mapping[str, FileRecord], failures: Mapping[str, SkippedFile]) -> bool:
    """Whether a file that a walk saw is indexed, or skipped, in just this state and by today's rules."""
    record, skip = files.get(ref.path), failures.get(ref.path)
    if record is not None and record.ref == ref and by_todays_rules(record):
        return True
    return skip is not None and skip.failure.ref == ref and by_todays_rules(skip)


def new_skips(
    found: Iterable[FileFailure],
    known: Mapping[str, SkippedFile],
    *,
    again: Collection[str] = (),
    kept: Collection[str] = (),
) -> list[SkippedFile]:
    """The records of files found to be skipped today that the catalog does not have just so.

    Those with a path in ``again`` are to be recorded in any case: exact search has got them anew. Of those in
    ``kept`` it keeps what it has.
    """
    rules = skip_analysis()
    skips = [
        SkippedFile(failure, rules, known[failure.path].covered if failure.path in kept else b"")
        for failure in found
    ]
    return [
        skip
        for skip in skips
        if skip.failure.path in again or not _is_noted(skip, known.get(skip.failure.path))
    ]


def _is_noted(skip: SkippedFile, known: SkippedFile | None) -> bool:
    return known is not None and (known.failure, known.analysis) == (skip.failure, skip.analysis)


def plan(
    seen: Walk,
    catalog: Catalog,
    *,
    rules: ReadRules = RULES,
    broken: Collection[int] = (),
    force: bool = False,
) -> Plan:
    """Compare what a walk saw with what the catalog knows; of a walk of some paths, only these.

    Args:
        seen: The walk.
        catalog: The catalog.
        rules: By which files are left out today.
        broken: Ids of segments that cannot be used; their files are read again.
        force: Whether to read all files.
    """
    failures = {known.failure.path: known for known in catalog.failures(seen.only)}
    found = catalog.differences(seen.refs, analysis=file_analysis, without=broken, only=seen.only)
    racy_ns = catalog.last_scan_ns - RACY_NS
    young = {ref for ref in seen.refs if ref.mtime_ns >= racy_ns}
    doubtful = {*found.refs, *young}
    by_other_rules = (catalog.meta(READ_BY) or RULES.note) != rules.note
    every = force or by_other_rules
    read = [ref for ref in seen.refs if every or ref in doubtful] if every or doubtful else []
    seen_failures = failures
    if broken:
        uncovered = catalog.covered_in(broken)
        failures = {path: known for path, known in failures.items() if path not in uncovered}
    files = catalog.records([ref.path for ref in read])
    new = frozenset(ref.path for ref in read if ref.path not in files and ref.path not in failures)
    if broken:
        files = {path: record for path, record in files.items() if record.segment not in broken}
    if by_other_rules:
        # Their text may be another now, though their bytes are the same.
        hidden = [path for path in files if has_hidden_values(path)]
        files = {**files, **{path: files[path]._replace(digest=b"") for path in hidden}}
    if not every:
        read = [ref for ref in read if ref in young or not is_known(ref, files, failures)]
    skipped = {failure.path for failure in seen.skipped}
    gone = [path for path in found.gone if path not in skipped]
    gone_skips = seen_failures.keys() - skipped - {ref.path for ref in found.refs}
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
        by_other_rules=by_other_rules,
    )
