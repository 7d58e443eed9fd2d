"""A cache on disk of the vectors that models computed: one SQLite file that several processes share.

The key is the model's fingerprint and the digest of the text; the text itself is not stored. The value of the
vector (0.6, 0.8), for which the model read 5 of the text's 7 tokens, is 24 bytes, integers little-endian::

    xxh3-64 of the rest, 8 bytes big-endian | 05 00 00 00 | 07 00 00 00 | 0.6 and 0.8 as float32

When the file is larger than its limit, say of 100 MB, the entries unused for longest are dropped until 90 MB
are left (KEPT_SHARE). The order of use is a count of the writes to the file, not a clock.

Nothing that goes wrong with the cache stops a search. A damaged file is renamed and a new one begun; a file
that cannot be used is left alone. :attr:`VectorCache.notes` says so in words for the user.
"""

from __future__ import annotations

import os
import sqlite3  # noqa: TID251 - this is SQL's room
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
import xxhash

from semindex.errors import CacheError
from semindex.store.connection import (
    BUSY,
    DAMAGE,
    MOUNTS,
    Connection,
    connect,
    network_file_system,
    primary_code,
    transaction,
)
from semindex.store.durable import DATABASE_SIDES, set_database_aside
from semindex.store.ownership import make_file
from semindex.types import CacheStats, Kept

T = TypeVar("T")

FILE = "vectors.db"
DAMAGED = "vectors.db.damaged"
APPLICATION_ID = 0x53495643
"""``SIVC`` in ASCII; SQLite keeps it in the head of the file."""
VERSION = 1
KEPT_SHARE = 0.9
"""What is left of the limit when entries are dropped: less than all of it, so that dropping is rare."""
BUSY_SECONDS = 5.0
_LOOKED_UP = 500
"""Digests in one SELECT; every SQLite takes at least 999 values."""
_HEAD = struct.Struct("<8sII")
"""Checksum, tokens read, tokens in all; the numbers follow."""
_SHRINK = "PRAGMA incremental_vacuum"
"""Gives free pages back to the system. Run it as a script: ``execute`` stops after the first page."""
_SCHEMA = (
    # ``used`` is the number of the write at which the entry was last used, counted since the file was made.
    """CREATE TABLE vectors (
        id INTEGER PRIMARY KEY,
        model TEXT NOT NULL, digest BLOB NOT NULL, used INTEGER NOT NULL, value BLOB NOT NULL
    )""",
    "CREATE UNIQUE INDEX vectors_key ON vectors (model, digest)",
    "CREATE INDEX vectors_used ON vectors (used)",
    """CREATE TABLE counts (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        writes INTEGER NOT NULL, hits INTEGER NOT NULL, misses INTEGER NOT NULL
    )""",
    "INSERT INTO counts VALUES (1, 0, 0, 0)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)


class _Foreign(Exception):  # noqa: N818 - never leaves this module
    """The file is a sound database that another program, or another version of semindex, made."""


class VectorCache:
    """The cache in a folder; threads and processes may share it.

    The file is opened at the first call that needs it, and again at the first such call after :meth:`close`.
    """

    def __init__(self, folder: Path, *, most_bytes: int, mounts: Path = MOUNTS) -> None:
        """Open nothing yet.

        Args:
            folder: Made when the first entry is stored.
            most_bytes: Limit of the file's size, above which entries are dropped. SQLite's log of the last
                writes comes on top.
            mounts: The system's table of file systems.
        """
        self.path = folder / FILE
        self._most_bytes = most_bytes
        self._mounts = mounts
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._off = False
        self._touched: set[tuple[str, bytes]] = set()
        self._broken: set[tuple[str, bytes]] = set()
        self._hits = self._misses = 0
        self._notes: dict[str, None] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user: that a damaged file was set aside, or that there is no cache and why."""
        return tuple(self._notes)

    def get(self, model: str, digests: Sequence[bytes], *, width: int | None) -> dict[bytes, Kept]:
        """The stored vectors of some texts by digest; texts without one are left out.

        Args:
            model: Fingerprint of the model and of how it is used.
            digests: The digests of the texts.
            width: How many numbers a vector must have; None takes any.
        """
        found: dict[bytes, Kept] = {}
        with self._lock:
            nothing: dict[bytes, bytes] = {}
            values = self._attempt(lambda opened: _values(opened, model, digests), nothing, making=False)
            for digest, value in values.items():
                kept = _decode_value(value)
                if kept is None or (width is not None and len(kept.numbers) != width):
                    self._broken.add((model, digest))
                else:
                    found[digest] = kept
            self._touched.update((model, digest) for digest in found)
            self._hits += len(found)
            self._misses += len(digests) - len(found)
        return found

    def put(self, model: str, entries: Mapping[bytes, Kept]) -> None:
        """Store computed vectors; a process that dies then loses none of them.

        An entry that is there already stays, so that an answer does not depend on who asked last.
        """
        rows = [(model, digest, _encode_value(kept)) for digest, kept in entries.items()]
        with self._lock:
            self._attempt(lambda opened: self._write(opened, rows), None, making=True)

    def close(self) -> None:
        """Record which entries were used, and close the file."""
        with self._lock:
            if self._touched or self._hits or self._misses:
                self._attempt(lambda opened: self._write(opened, []), None, making=False)
            self._disconnect()

    def stats(self) -> CacheStats:
        """How much the file holds, and how often a text was found in it or missed since it was made."""
        with self._lock:
            entries, models, hits, misses = self._attempt(_count_entries, (0, 0, 0, 0), making=False)
            return CacheStats(
                path=str(self.path),
                entries=entries,
                models=models,
                nbytes=_total_bytes(self.path),
                limit_bytes=self._most_bytes,
                hits=hits + self._hits,
                misses=misses + self._misses,
                notes=tuple(self._notes),
            )

    def clear(self) -> int:
        """Remove all entries, and a damaged file that was set aside; gives the number of bytes freed.

        The emptied file stays, since another process may have it open. Nothing else in the folder is touched.

        Raises:
            CacheError: Another process holds the file, or the system refused.
        """
        aside = self.path.with_name(DAMAGED)
        with self._lock:
            before = _total_bytes(self.path) + _total_bytes(aside)
            self._touched.clear()
            self._off, self._hits, self._misses, self._notes = False, 0, 0, {}
            there = os.path.lexists(self.path)
            cleared = self._attempt(_empty, False, making=False)
            self._disconnect()
            if there and not cleared:
                raise CacheError(f"{'; '.join(self._notes)}; nothing was removed")
            for ending in ("", *DATABASE_SIDES):
                Path(f"{aside}{ending}").unlink(missing_ok=True)
            self._notes = {}
            return max(0, before - _total_bytes(self.path))

    def _attempt(self, work: Callable[[Connection], T], otherwise: T, *, making: bool) -> T:
        """What ``work`` gives on the opened file, or ``otherwise`` if it fails.

        If the file is damaged, it is set aside, and ``work`` is tried once more on a new one. If there is no
        file, one is made if ``making``; else the answer is ``otherwise``.
        """
        for again in (True, False):
            if self._off:
                break
            try:
                opened = self._open_file(making=making or not again)
                return otherwise if opened is None else work(opened)
            except (sqlite3.Error, UnicodeDecodeError, _Foreign, OSError) as error:
                self._disconnect()
                if again and (isinstance(error, UnicodeDecodeError) or primary_code(error) in DAMAGE):
                    self._set_aside(error)
                else:
                    self._note_failure(error)
                    break
        return otherwise

    def _note_failure(self, error: Exception) -> None:
        """Tell the user, and use the cache no more in this process, unless it was only busy."""
        busy = primary_code(error) in BUSY
        self._off = not busy
        told = "in use by another process" if busy else str(error) or type(error).__name__
        self._notes[f"vectors are not cached: {self.path}: {told}"] = None

    def _set_aside(self, error: Exception) -> None:
        """Rename the damaged file and those that SQLite keeps beside it."""
        aside = self.path.with_name(DAMAGED)
        try:
            set_database_aside(self.path, aside)
        except OSError as refused:
            self._off = True
            self._notes[f"vectors are not cached: {self.path} is damaged ({error}): {refused}"] = None
            return
        self._notes[f"the vector cache was damaged ({error}) and begun anew; the old file is {aside}"] = None

    def _open_file(self, *, making: bool) -> Connection | None:
        """The connection, opened when it is not; None if there is no file and none is to be made."""
        if self._connection is None:
            if not making and not self.path.exists():
                return None
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            make_file(self.path)
            self._connection = connect(self.path, "mode=rwc", busy_seconds=BUSY_SECONDS)
            _prepare(self._connection, self.path, network_file_system(self.path.parent, self._mounts))
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _write(self, connection: Connection, rows: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Add new entries (model, digest, value) and record which others were used or found broken."""
        counted = self._hits, self._misses
        with transaction(connection):
            connection.execute(
                "UPDATE counts SET writes = writes + 1, hits = hits + ?, misses = misses + ?", counted
            )
            (now,) = connection.execute("SELECT writes FROM counts").fetchone()
            connection.executemany("DELETE FROM vectors WHERE model = ? AND digest = ?", self._broken)
            connection.executemany(
                "UPDATE vectors SET used = ? WHERE model = ? AND digest = ?",
                [(now, *key) for key in self._touched],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO vectors (model, digest, used, value) VALUES (?, ?, ?, ?)",
                [(model, digest, now, value) for model, digest, value in rows],
            )
            dropped = _drop_oldest(connection, self._most_bytes)
        if dropped:
            connection.executescript(_SHRINK)
        self._hits = self._misses = 0
        self._touched.clear()
        self._broken.clear()


def _prepare(connection: Connection, path: Path, network: str) -> None:
    """Set the connection up, and make the tables in an empty file; raise if the file is another version's."""
    # A power cut may lose the last vectors, which are then computed again; it damages nothing.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_size_limit = 4000000")
    if _version(connection, path) == VERSION:
        return
    # A page of 8 kB holds five vectors of 384 numbers; one of 4 kB holds two, and much of it stays empty.
    connection.execute("PRAGMA page_size = 8192")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute(f"PRAGMA journal_mode = {'delete' if network else 'wal'}")
    with transaction(connection):
        if _version(connection, path) == VERSION:
            return
        for statement in _SCHEMA:
            connection.execute(statement)


def _version(connection: Connection, path: Path) -> int:
    """``VERSION`` for a cache that this version made, 0 for an empty file."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version) == (APPLICATION_ID, VERSION):
        return VERSION
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == APPLICATION_ID and version > VERSION:
        raise _Foreign("written by a newer semindex; upgrade it, or name another CACHE_DIR")
    if application or version or tables:
        raise _Foreign("not a cache of this program; move it away, or name another CACHE_DIR")
    return 0


def _values(connection: Connection, model: str, digests: Sequence[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for start in range(0, len(digests), _LOOKED_UP):
        some = digests[start : start + _LOOKED_UP]
        marks = ", ".join("?" * len(some))
        found.update(
            connection.execute(
                f"SELECT digest, value FROM vectors WHERE model = ? AND digest IN ({marks})", (model, *some)
            )
        )
    return found


def _drop_oldest(connection: Connection, most_bytes: int) -> bool:
    """Drop the entries unused for longest if the file is above its limit; gives whether it was."""
    nbytes = _live_bytes(connection)
    if nbytes <= most_bytes:
        return False
    while nbytes > KEPT_SHARE * most_bytes:
        (entries,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
        if not entries:
            break
        dropped = max(1, int(entries * (1 - KEPT_SHARE * most_bytes / nbytes)))
        connection.execute(
            "DELETE FROM vectors WHERE id IN (SELECT id FROM vectors ORDER BY used, id LIMIT ?)",
            (dropped,),
        )
        nbytes = _live_bytes(connection)
    return True


def _live_bytes(connection: Connection) -> int:
    """The size of the database's pages that are in use, free ones left out."""
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _count_entries(connection: Connection) -> tuple[int, int, int, int]:
    """The numbers of entries, models, hits and misses."""
    entries, models = connection.execute("SELECT count(*), count(DISTINCT model) FROM vectors").fetchone()
    hits, misses = connection.execute("SELECT hits, misses FROM counts").fetchone()
    return int(entries), int(models), int(hits), int(misses)


def _empty(connection: Connection) -> bool:
    with transaction(connection):
        connection.execute("DELETE FROM vectors")
        connection.execute("UPDATE counts SET hits = 0, misses = 0")
    connection.executescript(_SHRINK)
    return True


def _encode_value(kept: Kept) -> bytes:
    numbers = np.ascontiguousarray(kept.numbers, dtype="<f4").tobytes()
    rest = _HEAD.pack(b"", kept.read_tokens, kept.total_tokens)[8:] + numbers
    return xxhash.xxh3_64_digest(rest) + rest


def _decode_value(value: object) -> Kept | None:
    """The vector in a stored value; None if the value is damaged."""
    if not isinstance(value, bytes) or len(value) < _HEAD.size or len(value) % 4:
        return None
    checksum, read, total = _HEAD.unpack_from(value)
    if xxhash.xxh3_64_digest(memoryview(value)[8:]) != checksum:
        return None
    return Kept(np.frombuffer(value, "<f4", offset=_HEAD.size).astype(np.float32), read, total)


def _total_bytes(path: Path) -> int:
    """The size of a database's files, but for ``-shm``, which is there only while the database is open."""
    total = 0
    for ending in ("", "-wal", "-journal"):
        with suppress(OSError):
            total += Path(f"{path}{ending}").stat().st_size
    return total
