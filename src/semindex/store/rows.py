"""Makes records of the catalog's rows, and refuses rows that no semindex wrote.

SQLite lets any column hold any value, so a damaged page, or a stranger's catalog, may give text where a
number should be, or a number that nothing can have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from semindex.source.paths import as_text
from semindex.store.records import FileRecord, SegmentRecord, SkippedFile
from semindex.types import FileFailure, FileRef, SkipReason

Row = tuple[Any, ...]

LARGEST = 1 << 62
"""Numbers of ours are smaller, so that sums of two are numbers of SQLite's too."""


class OddRow(ValueError):  # noqa: N818 - says what was found
    """A row that no semindex wrote; the message says what is odd."""


def number(value: object) -> int:
    """A count, a size or an id."""
    if type(value) is not int or not 0 <= value < LARGEST:
        raise OddRow(f"{value!r:.80} where a number should be")
    return value


def text(value: object) -> str:
    """A text that is stored as text."""
    if type(value) is not str:
        raise OddRow(f"{value!r:.80} where a text should be")
    return value


def packed_text(value: object) -> str:
    """A text that is stored as bytes."""
    if type(value) is not bytes:
        raise OddRow(f"{value!r:.80} where the bytes of a text should be")
    try:
        return value.decode("utf-8", "surrogatepass")
    except ValueError as error:
        raise OddRow(str(error)) from error


def path(value: object) -> str:
    """A root-relative path."""
    if type(value) is not bytes:
        raise OddRow(f"{value!r:.80} where a path should be")
    return as_text(value)


def segments(rows: Iterable[Row]) -> tuple[SegmentRecord, ...]:
    """Records of the live segments."""
    return tuple(
        SegmentRecord(number(id_), text(name), number(files), number(chunks), number(nbytes))
        for id_, name, files, chunks, nbytes in rows
    )


def dead_files(rows: Sequence[Row], known: Sequence[SegmentRecord]) -> Mapping[int, tuple[int, ...]]:
    """The ordinals of the dead files of each segment that has some."""
    files = {segment.id: segment.files for segment in known}
    dead: dict[int, list[int]] = {}
    for segment, ordinal in rows:
        if type(segment) is not int or type(ordinal) is not int or not 0 <= ordinal < files.get(segment, 0):
            raise OddRow(f"segment {segment!r:.80} has no file {ordinal!r:.80} to be dead")
        dead.setdefault(segment, []).append(ordinal)
    return {segment: tuple(ordinals) for segment, ordinals in dead.items()}


def ref(row: Row) -> FileRef:
    """A file's path, size, times and inode; numbers that SQLite cannot hold are text."""
    name, *numbers = row
    try:
        size, mtime, ctime, inode = map(int, numbers)
    except (TypeError, ValueError, OverflowError) as error:
        raise OddRow(str(error)) from error
    return FileRef(path(name), size, mtime, ctime, inode)


def file(row: Row) -> FileRecord:
    """An indexed file."""
    digest, analysis, language, segment, ordinal, chunks = row[5:]
    if type(digest) is not bytes:
        raise OddRow(f"{digest!r:.80} where a digest should be")
    return FileRecord(
        ref(row[:5]),
        digest,
        text(analysis),
        text(language),
        number(segment),
        number(ordinal),
        number(chunks),
    )


def skipped(row: Row) -> SkippedFile:
    """A file that was seen and is not (wholly) indexed."""
    stage, reason, detail, analysis, covered = row[5:]
    seen = None if row[1] is None else ref(row[:5])
    failure = FileFailure(path(row[0]), text(stage), _reason(reason), packed_text(detail), seen)
    if type(covered) is not bytes:
        raise OddRow(f"{covered!r:.80} where a digest should be")
    return SkippedFile(failure, text(analysis), covered)


def counts(rows: Iterable[Row]) -> dict[str, int]:
    """Numbers by a text, in the order of the rows."""
    return {text(name): number(count) for name, count in rows}


def _reason(value: object) -> SkipReason:
    """The reason of that name; a name that only a newer semindex knows counts as a failure."""
    try:
        return SkipReason(value)
    except ValueError:
        return SkipReason.FAILED
