"""The catalog's schema as numbered steps, which bring a catalog of any age up to date."""

from __future__ import annotations

import sqlite3  # noqa: TID251 - this is SQL's room
from collections.abc import Sequence
from pathlib import Path

from semindex.errors import IndexCorrupt, IndexTooNew
from semindex.store.connection import transaction

APPLICATION_ID = 0x53494458
"""``SIDX`` in ASCII; SQLite keeps it in the head of the file."""

Step = Sequence[str]
"""Statements that lead from one version to the next."""

STEPS: tuple[Step, ...] = (
    (
        """CREATE TABLE state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            identity TEXT NOT NULL,
            model TEXT NOT NULL DEFAULT '',
            generation INTEGER NOT NULL DEFAULT 0,
            last_scan_ns INTEGER NOT NULL DEFAULT 0,
            next_base INTEGER NOT NULL DEFAULT 0
        )""",
        "INSERT INTO state (id, identity) VALUES (1, lower(hex(randomblob(16))))",
        # Text that may name files is stored as bytes: names need not be valid UTF-8.
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
        """CREATE TABLE segments (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            files INTEGER NOT NULL,
            chunks INTEGER NOT NULL,
            nbytes INTEGER NOT NULL,
            base INTEGER NOT NULL
        )""",
        # Sizes, times and inodes have no declared type: what passes 63 bits is stored as text.
        """CREATE TABLE files (
            path BLOB PRIMARY KEY,
            size NOT NULL, mtime NOT NULL, ctime NOT NULL, inode NOT NULL,
            digest BLOB NOT NULL,
            analysis TEXT NOT NULL,
            language TEXT NOT NULL,
            segment INTEGER NOT NULL,
            ordinal INTEGER NOT NULL,
            chunks INTEGER NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE skipped (
            path BLOB PRIMARY KEY,
            size, mtime, ctime, inode,
            stage TEXT NOT NULL,
            reason TEXT NOT NULL,
            detail BLOB NOT NULL,
            analysis TEXT NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE dead (
            segment INTEGER NOT NULL,
            ordinal INTEGER NOT NULL,
            PRIMARY KEY (segment, ordinal)
        ) WITHOUT ROWID""",
    ),
    # Without state.next_base and segments.base, which nothing reads. SQLite drops columns since 3.35 only.
    (
        """CREATE TABLE state_2 (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            identity TEXT NOT NULL,
            model TEXT NOT NULL DEFAULT '',
            generation INTEGER NOT NULL DEFAULT 0,
            last_scan_ns INTEGER NOT NULL DEFAULT 0
        )""",
        "INSERT INTO state_2 SELECT id, identity, model, generation, last_scan_ns FROM state",
        "DROP TABLE state",
        "ALTER TABLE state_2 RENAME TO state",
        """CREATE TABLE segments_2 (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            files INTEGER NOT NULL,
            chunks INTEGER NOT NULL,
            nbytes INTEGER NOT NULL
        )""",
        "INSERT INTO segments_2 SELECT id, name, files, chunks, nbytes FROM segments",
        # The highest id that was ever given, which may be that of a segment that is gone.
        "DELETE FROM sqlite_sequence WHERE name = 'segments_2'",
        "INSERT INTO sqlite_sequence SELECT 'segments_2', seq FROM sqlite_sequence WHERE name = 'segments'",
        "DROP TABLE segments",
        "ALTER TABLE segments_2 RENAME TO segments",
    ),
)


def schema_version(connection: sqlite3.Connection, path: Path, *, newest: int = len(STEPS)) -> int:
    """The version of the catalog's schema; 0 for an empty database.

    Raises:
        IndexCorrupt: The database is that of another program.
        IndexTooNew: A newer semindex wrote it.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == 0 and version == 0 and tables == 0:
        return 0
    if application != APPLICATION_ID or version < 1:
        raise IndexCorrupt(f"{path} is not a catalog; 'semindex index' moves it aside and rebuilds the index")
    if version > newest:
        raise IndexTooNew(f"{path} was written by a newer semindex (schema {version}); upgrade semindex")
    return int(version)


def has_catalog(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the database has a catalog, of any version: what readers ask for was there from the first.

    Raises:
        IndexCorrupt: The database is that of another program.
        IndexTooNew: A newer semindex wrote it.
    """
    return schema_version(connection, path) > 0


def migrate(connection: sqlite3.Connection, path: Path, *, steps: Sequence[Step] = STEPS) -> None:
    """Run the steps that the catalog has not had, all or none, in a transaction of its own.

    Raises:
        IndexCorrupt: The database is that of another program.
        IndexTooNew: A newer semindex wrote it.
    """
    with transaction(connection):
        version = schema_version(connection, path, newest=len(steps))
        for statement in (statement for step in steps[version:] for statement in step):
            connection.execute(statement)
        if version < len(steps):
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(steps)}")
