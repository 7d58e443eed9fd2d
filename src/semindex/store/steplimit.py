"""Ends SQLite's statements that read more than a database of that size can hold.

A catalog may come with a stranger's repository. Its pages can be linked so that a small file looks as if it
had more rows than anybody could read, or so that all rows share one long text. SQLite would read on for ever,
or until memory is full, and Ctrl-C would wait for it.
"""

from __future__ import annotations

import marshal
import os
import sqlite3  # noqa: TID251 - this is SQL's room
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from semindex.errors import IndexCorrupt

Row = tuple[Any, ...]

LONGEST_BYTES = 4 << 20
"""No value of ours is longer."""
ROWS_AT_ONCE = 100
"""Read before their bytes are counted: 400 MB at most."""
_STEPS_AT_ONCE = 200_000
"""SQLite runs so many in some 5 ms."""
_LEAST_STEPS = 2_000_000
_STEPS_A_BYTE = 32
"""The smallest row, a dead file, has 8 bytes, and our longest statement takes some 100 steps for it."""
_STEPS_A_CHANGE = 2000
"""Writing a row takes some 200 steps."""
_ROOM = 8
"""In memory a small number takes so many times the room."""
_SPARE_BYTES = 1 << 20
"""A transaction's rows may be in memory alone."""


class StepLimit:
    """Watches the statements of one connection."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Watch a connection to the database ``path``, and bound what its statements may be and hold."""
        self._path = path
        self._steps = 0
        self._changes = 0
        self.exceeded = False
        """Whether the last statement was ended by this."""
        connection.set_progress_handler(self._count, _STEPS_AT_ONCE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.setlimit(sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1)

    def begin(self, changes: int = 0) -> None:
        """Count from zero, for statements that change so many rows."""
        self._steps, self._changes, self.exceeded = 0, changes, False

    def bounded(self, batches: Iterable[list[Row]]) -> Iterator[list[Row]]:
        """The batches of rows, which may not hold more bytes than the database.

        Raises:
            IndexCorrupt: They do.
        """
        total = most = 0
        for rows in batches:
            total += len(marshal.dumps(rows, 2))  # the quickest way to learn how much they hold
            if total > most:
                most = _ROOM * self._size() + _SPARE_BYTES
                if total > most:
                    raise IndexCorrupt(self.told)
            yield rows

    @property
    def told(self) -> str:
        """What to tell the user of a database that has too much."""
        return (
            f"{self._path} is damaged (it gives more than its size can hold); "
            "'semindex index' moves it aside and rebuilds the index"
        )

    def _count(self) -> bool:
        """Whether to end the statement that runs; SQLite asks after each ``_STEPS_AT_ONCE`` of its steps."""
        self._steps += _STEPS_AT_ONCE
        if self._steps > _LEAST_STEPS:
            most = _LEAST_STEPS + _STEPS_A_BYTE * self._size() + _STEPS_A_CHANGE * self._changes
            self.exceeded = self._steps > most
        return self.exceeded

    def _size(self) -> int:
        total = 0
        for ending in ("", "-wal"):
            with suppress(OSError):
                total += os.stat(f"{self._path}{ending}").st_size  # noqa: PTH116 - a name with an ending
        return total
