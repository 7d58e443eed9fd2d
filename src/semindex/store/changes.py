"""Applies one change to the catalog's tables, inside a transaction that the caller opened."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from operator import itemgetter

from semindex.store import rows
from semindex.store.connection import Connection
from semindex.store.durable import StepHook
from semindex.store.records import Change, NewSegment
from semindex.types import FileRef

_LARGEST = (1 << 63) - 1
_PLACED = ("files", "covered")
"""The tables that tell where in a segment a file is."""


def apply(connection: Connection, change: Change, on_step: StepHook) -> int:
    """Change the tables; returns the generation that they hold then.

    Steps: ``catalog:segments``, ``catalog:removed``, ``catalog:files``, ``catalog:skipped``,
    ``catalog:moved``, ``catalog:dropped``, ``catalog:state``.

    Raises:
        ValueError: The change does not fit the catalog, or itself; the caller rolls back.
    """
    ids = _add_segments(connection, change)
    on_step("catalog:segments")
    _remove(connection, change)
    on_step("catalog:removed")
    for segment in change.add:
        _add_files(connection, segment, ids[segment.name])
    on_step("catalog:files")
    _add_skipped(connection, change)
    on_step("catalog:skipped")
    _touch(connection, change.touched)
    for segment in change.add:
        _move(connection, segment, ids[segment.name])
    on_step("catalog:moved")
    for number in change.drop_segments:
        _drop(connection, number)
    on_step("catalog:dropped")
    generation = _set_state(connection, change)
    on_step("catalog:state")
    return generation


def _add_segments(connection: Connection, change: Change) -> Mapping[str, int]:
    """The new segments' ids by name. An id is higher than any that was given before."""
    ids: dict[str, int] = {}
    for segment in change.add:
        ordinals = [*(file.ordinal for file in segment.files), *segment.dead]
        if sorted(ordinals) != list(range(len(ordinals))):
            # An ordinal that no record names would be a file that nothing could ever make dead.
            raise ValueError(f"the ordinals of segment {segment.name} are not 0, 1, 2..., each once")
        cursor = connection.execute(
            "INSERT INTO segments (name, files, chunks, nbytes) VALUES (?, ?, ?, ?)",
            (segment.name, len(ordinals) + len(segment.moved), segment.chunks, segment.nbytes),
        )
        ids[segment.name] = number = int(cursor.lastrowid or 0)
        connection.executemany("INSERT INTO dead VALUES (?, ?)", ((number, each) for each in segment.dead))
    return ids


def _remove(connection: Connection, change: Change) -> None:
    """Delete the records of all paths that the change is about; their old places become dead."""
    paths = {os.fsencode(file.ref.path) for segment in change.add for file in segment.files}
    paths.update(map(os.fsencode, change.remove))
    # What exact search has of a skipped file may stay as it is.
    kept = {os.fsencode(skip.failure.path) for skip in change.skipped if skip.covered} - paths
    paths.update(os.fsencode(skip.failure.path) for skip in change.skipped)
    connection.execute("CREATE TEMP TABLE gone (path BLOB PRIMARY KEY, kept INTEGER) WITHOUT ROWID")
    connection.executemany("INSERT INTO gone VALUES (?, ?)", ((path, path in kept) for path in sorted(paths)))
    for table, condition in (("files", "TRUE"), ("covered", "NOT kept")):
        connection.execute(
            f"INSERT INTO dead SELECT segment, ordinal FROM gone JOIN {table} USING (path) WHERE {condition}"
        )
        connection.execute(f"DELETE FROM {table} WHERE path IN (SELECT path FROM gone WHERE {condition})")
    connection.execute("DELETE FROM skipped WHERE path IN (SELECT path FROM gone)")
    connection.execute("DROP TABLE gone")


def _add_files(connection: Connection, segment: NewSegment, number: int) -> None:
    rows = [
        (
            os.fsencode(file.ref.path),
            *_stat(file.ref),
            *(file.digest, file.analysis, file.language, number, file.ordinal, file.chunks),
        )
        for file in segment.files
        if not file.alone
    ]
    rows.sort(key=itemgetter(0))
    connection.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.executemany(
        "INSERT INTO covered VALUES (?, ?, ?, ?)",
        (
            (os.fsencode(file.ref.path), file.digest, number, file.ordinal)
            for file in segment.files
            if file.alone
        ),
    )


def _add_skipped(connection: Connection, change: Change) -> None:
    connection.executemany(
        "INSERT INTO skipped VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                os.fsencode(file.failure.path),
                *(_stat(file.failure.ref) if file.failure.ref else (None,) * 4),
                *(
                    file.failure.stage,
                    file.failure.reason.value,
                    _text_bytes(file.failure.detail),
                    file.analysis,
                ),
            )
            for file in change.skipped
        ),
    )


def _touch(connection: Connection, touched: Sequence[FileRef]) -> None:
    cursor = connection.executemany(
        "UPDATE files SET size = ?, mtime = ?, ctime = ?, inode = ? WHERE path = ?",
        ((*_stat(ref), os.fsencode(ref.path)) for ref in touched),
    )
    _require_all(cursor.rowcount, touched, "touched")


def _move(connection: Connection, segment: NewSegment, number: int) -> None:
    """Give the files that a merge copied their place in the new segment; their old places become dead."""
    paths = list(map(os.fsencode, segment.moved))
    first, moved = len(segment.files) + len(segment.dead), 0
    for table in _PLACED:
        connection.executemany(
            f"INSERT INTO dead SELECT segment, ordinal FROM {table} WHERE path = ?", zip(paths, strict=True)
        )
        cursor = connection.executemany(
            f"UPDATE {table} SET segment = ?, ordinal = ? WHERE path = ?",
            ((number, ordinal, path) for ordinal, path in enumerate(paths, first)),
        )
        moved += cursor.rowcount
    _require_all(moved, paths, "moved")


def _require_all(rows: int, wanted: Sequence[object], what: str) -> None:
    if wanted and rows != len(wanted):
        raise ValueError(f"{len(wanted) - rows} files are {what} that are not indexed")


def _drop(connection: Connection, number: int) -> None:
    for table in _PLACED:
        left = connection.execute(f"SELECT path FROM {table} WHERE segment = ? LIMIT 1", (number,)).fetchone()
        if left is not None:
            raise ValueError(f"segment {number} is dropped and still holds {rows.path(left[0])!r}")
    connection.execute("DELETE FROM dead WHERE segment = ?", (number,))
    if connection.execute("DELETE FROM segments WHERE id = ?", (number,)).rowcount != 1:
        raise ValueError(f"there is no segment {number} to drop")


def _set_state(connection: Connection, change: Change) -> int:
    connection.execute(
        "UPDATE state SET generation = generation + (? OR generation = 0),"
        " last_scan_ns = coalesce(?, last_scan_ns), model = coalesce(?, model)",
        (change.alters_answers, change.scan_ns, change.model),
    )
    connection.executemany(
        "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
        ((key, _text_bytes(value)) for key, value in change.meta.items()),
    )
    (generation,) = connection.execute("SELECT generation FROM state").fetchone()
    return int(generation)


def _text_bytes(text: str) -> bytes:
    """The bytes of a text, which may hold pieces of paths that are not valid UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def _stat(ref: FileRef) -> tuple[int | str, ...]:
    """Size, times and inode; a number that passes SQLite's 63 bits (a year after 2262, say) as text."""
    numbers = (ref.size_bytes, ref.mtime_ns, ref.ctime_ns, ref.inode)
    if max(numbers) <= _LARGEST and min(numbers) >= -_LARGEST:
        return numbers
    return tuple(number if -_LARGEST <= number <= _LARGEST else str(number) for number in numbers)
