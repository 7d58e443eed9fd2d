"""The catalog's tables: made in an empty database; databases of any other kind or version are refused.

An index can always be made again, so a catalog of an older version is not converted: it is refused, and the
next ``semindex index`` begins it anew.
"""

from __future__ import annotations

import sqlite3  # noqa: TID251 - this is SQL's room
from pathlib import Path

from semindex.errors import IndexCorrupt, IndexTooNew
from semindex.store.connection import damaged, transaction

APPLICATION_ID = 0x53494458
"""``SIDX`` in ASCII; SQLite keeps it in the head of the file."""
VERSION = 3
"""Of the tables below."""
TABLES = (
    """CREATE TABLE state (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        identity TEXT NOT NULL,
        model TEXT NOT NULL DEFAULT '',
        generation INTEGER NOT NULL DEFAULT 0,
        last_scan_ns INTEGER NOT NULL DEFAULT 0
    )""",
    "INSERT INTO state (id, identity) VALUES (1, lower(hex(randomblob(16))))",
    # Text that may name files is stored as bytes: names need not be valid UTF-8.
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    """CREATE TABLE segments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        files INTEGER NOT NULL,
        chunks INTEGER NOT NULL,
        nbytes INTEGER NOT NULL
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
    # Skipped files that a segment has for exact search alone.
    """CREATE TABLE covered (
        path BLOB PRIMARY KEY,
        digest BLOB NOT NULL,
        segment INTEGER NOT NULL,
        ordinal INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE dead (
        segment INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        PRIMARY KEY (segment, ordinal)
    ) WITHOUT ROWID""",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)
"""Statements, in their order."""
_MADE = {
    *(("table", sql.split()[2], sql) for sql in TABLES if sql.startswith("CREATE")),
    ("table", "sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq)"),
    ("index", "sqlite_autoindex_segments_1", None),
}
"""Type, name and statement of all that SQLite then lists. A catalog with anything else, such as a view in the
place of a table, was made by somebody else: asking it could take for ever."""


def has_catalog(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the database has today's tables; False for an empty one.

    Raises:
        IndexCorrupt: The database is that of another program, or of an older semindex, or its tables are
            not those that semindex makes.
        IndexTooNew: A newer semindex wrote it.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    found = connection.execute("SELECT type, name, sql FROM sqlite_master LIMIT 100").fetchall()
    if application == version == 0 and not found:
        return False
    if application != APPLICATION_ID or version < 1:
        raise IndexCorrupt(f"{path} is not a catalog; 'semindex index' moves it aside and rebuilds the index")
    if version > VERSION:
        raise IndexTooNew(f"{path} was written by a newer semindex (schema {version}); upgrade semindex")
    if version < VERSION:
        raise IndexCorrupt(
            f"{path} was written by an older semindex (schema {version}); run 'semindex index' to index again"
        )
    if len(found) != len(_MADE) or set(found) != _MADE:
        raise damaged(path, "its tables are not those of a catalog")
    return True


def make_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in an empty database, all or none; a catalog that is there stays as it is.

    Raises:
        IndexCorrupt: The database is that of another program, or of an older semindex.
        IndexTooNew: A newer semindex wrote it.
    """
    with transaction(connection):
        if not has_catalog(connection, path):
            for statement in TABLES:
                connection.execute(statement)
