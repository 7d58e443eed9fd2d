"""Vectors that models computed, on disk, by model and digest of the text; the least recently used go first.

One SQLite file that several processes share. It holds no text. Nothing that goes wrong with it stops a
search: a damaged file is set aside and begun anew, one that cannot be used is left alone, and
:attr:`VectorCache.notes` tell.
"""

from __future__ import annotations

import os
import sqlite3  # noqa: TID251 - this is SQL's room
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import numpy as np
import xxhash

from semindex.errors import CacheError
from semindex.store.connection import MOUNTS, network_file_system
from semindex.types import CacheStats, Kept

T = TypeVar("T")

FILE = "vectors.db"
DAMAGED = "vectors.db.damaged"
SIDES = ("", "-wal", "-shm", "-journal")
"""Endings of the files that belong to one database."""
APPLICATION_ID = 0x53495643
"""``SIVC``: SQLite keeps it in the head of the file."""
VERSION = 1
KEPT_SHARE = 0.9
"""Of the limit that is left when entries are dropped, so that this is not done for each new one."""
BUSY_SECONDS = 5.0
_LOOKED_UP = 500
"""Digests in one question; SQLite takes 999 values at least."""
_HEAD = struct.Struct("<8sII")
"""Checksum of the rest of the value, tokens read, tokens in all; float32 numbers follow."""
_SHRINK = "PRAGMA incremental_vacuum"
"""Gives free pages back to the system; run as a script, as ``execute`` stops after the first."""
_BUSY_CODES = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED_CODES = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_MISMATCH,
}
_SCHEMA = (
    # ``used`` counts writes of the file: what is looked up gets the number of the next one.
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
    """The file is a whole database that another program, or another version, made."""


class VectorCache:
    """The vectors in a folder; threads and processes may share it.

    It is opened when first asked, and again when asked once closed.
    """

    def __init__(self, folder: Path, *, most_bytes: int, mounts: Path = MOUNTS) -> None:
        """Open nothing yet.

        Args:
            folder: Made when something is to be kept.
            most_bytes: Of the file; entries are dropped above. A log of the last writes comes on top.
            mounts: The system's table of file systems.
        """
        self.path = folder / FILE
        self._most_bytes = most_bytes
        self._mounts = mounts
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._off = False
        self._touched: set[tuple[str, bytes]] = set()
        self._broken: set[tuple[str, bytes]] = set()
        self._hits = self._misses = 0
        self._notes: dict[str, None] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know: that a damaged file was set aside, that there is no cache and why."""
        return tuple(self._notes)

    def get(self, model: str, digests: Sequence[bytes], *, width: int | None) -> dict[bytes, Kept]:
        """What is known of some texts; of no other model and of no other width.

        Args:
            model: Fingerprint of the model and of how it is used.
            digests: Of the texts.
            width: How many numbers each has; None takes any.
        """
        found: dict[bytes, Kept] = {}
        with self._lock:
            nothing: dict[bytes, bytes] = {}
            values = self._attempted(lambda opened: _values(opened, model, digests), nothing, making=False)
            for digest, value in values.items():
                kept = _decoded(value)
                if kept is None or (width is not None and len(kept.numbers) != width):
                    self._broken.add((model, digest))
                else:
                    found[digest] = kept
            self._touched.update((model, digest) for digest in found)
            self._hits += len(found)
            self._misses += len(digests) - len(found)
        return found

    def put(self, model: str, entries: Mapping[bytes, Kept]) -> None:
        """Keep what was computed, safe from the death of any process; what is known already stays.

        As the first that was kept wins, an answer does not depend on who asked last.
        """
        rows = [(model, digest, _encoded(kept)) for digest, kept in entries.items()]
        with self._lock:
            self._attempted(lambda opened: self._write(opened, rows), None, making=True)

    def close(self) -> None:
        """Write down what was used, and give the file back."""
        with self._lock:
            if self._touched or self._hits or self._misses:
                self._attempted(lambda opened: self._write(opened, []), None, making=False)
            self._disconnect()

    def stats(self) -> CacheStats:
        """What the file holds, and how often it was of use since it was begun."""
        with self._lock:
            entries, models, hits, misses = self._attempted(_counted, (0, 0, 0, 0), making=False)
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
        """Forget everything, and remove a damaged file that was set aside; the bytes freed.

        The file stays, emptied, as another process may have it open; nothing else in the folder is touched.

        Raises:
            CacheError: The file is in use, or the system refused.
        """
        aside = self.path.with_name(DAMAGED)
        with self._lock:
            before = _total_bytes(self.path) + _total_bytes(aside)
            self._touched.clear()
            self._off, self._hits, self._misses, self._notes = False, 0, 0, {}
            there = os.path.lexists(self.path)
            cleared = self._attempted(_emptied, False, making=False)
            self._disconnect()
            if there and not cleared:
                raise CacheError(f"{'; '.join(self._notes)}; nothing was removed")
            for path in _files(aside):
                with suppress(FileNotFoundError):
                    path.unlink()
            self._notes = {}
            return max(0, before - _total_bytes(self.path))

    def _attempted(self, work: Callable[[sqlite3.Connection], T], otherwise: T, *, making: bool) -> T:
        """What ``work`` gives; ``otherwise`` where there is no file (unless ``making``) or it fails."""
        for again in (True, False):
            if self._off:
                break
            try:
                opened = self._opened(making=making or not again)
                return otherwise if opened is None else work(opened)
            except (sqlite3.Error, UnicodeDecodeError, _Foreign, OSError) as error:
                self._disconnect()
                if _is_damage(error) and again:
                    self._set_aside(error)
                else:
                    self._note_failure(error)
                    break
        return otherwise

    def _note_failure(self, error: Exception) -> None:
        """Busy is for this time only; anything else would only fail again."""
        busy = _code(error) in _BUSY_CODES
        self._off = not busy
        told = "in use by another process" if busy else str(error) or type(error).__name__
        self._notes[f"vectors are not cached: {self.path}: {told}"] = None

    def _set_aside(self, error: Exception) -> None:
        aside = self.path.with_name(DAMAGED)
        try:
            # The log goes first: beside a new file SQLite would take it for that one's.
            for ending in reversed(SIDES):
                with suppress(FileNotFoundError):
                    Path(f"{self.path}{ending}").replace(f"{aside}{ending}")
        except OSError as refused:
            self._off = True
            self._notes[f"vectors are not cached: {self.path} is damaged ({error}): {refused}"] = None
            return
        self._notes[f"the vector cache was damaged ({error}) and begun anew; the old file is {aside}"] = None

    def _opened(self, *, making: bool) -> sqlite3.Connection | None:
        if self._connection is None:
            if not making and not self.path.exists():
                return None
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = _connect(self.path)
            _prepare(self._connection, self.path, network_file_system(self.path.parent, self._mounts))
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _write(self, connection: sqlite3.Connection, rows: Sequence[tuple[str, bytes, bytes]]) -> None:
        counted = self._hits, self._misses
        with _transaction(connection):
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


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(path.absolute()))}?mode=rwc",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        # A power cut may lose the last vectors, which are computed again; it damages nothing.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 4000000")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, network: str) -> None:
    """Make the tables where there are none; raise when the file is not of this version."""
    if _version(connection, path) == VERSION:
        return
    # Five vectors of 384 numbers a page; of 4 kB there would be two, and much of it empty.
    connection.execute("PRAGMA page_size = 8192")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute(f"PRAGMA journal_mode = {'delete' if network else 'wal'}")
    with _transaction(connection):
        if _version(connection, path) == VERSION:
            return
        for statement in _SCHEMA:
            connection.execute(statement)


def _version(connection: sqlite3.Connection, path: Path) -> int:
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


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _values(connection: sqlite3.Connection, model: str, digests: Sequence[bytes]) -> dict[bytes, bytes]:
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


def _drop_oldest(connection: sqlite3.Connection, most_bytes: int) -> bool:
    """Drop what was not used for longest, when there is too much; whether there was."""
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


def _live_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _counted(connection: sqlite3.Connection) -> tuple[int, int, int, int]:
    """Entries, models, hits, misses."""
    entries, models = connection.execute("SELECT count(*), count(DISTINCT model) FROM vectors").fetchone()
    hits, misses = connection.execute("SELECT hits, misses FROM counts").fetchone()
    return int(entries), int(models), int(hits), int(misses)


def _emptied(connection: sqlite3.Connection) -> bool:
    with _transaction(connection):
        connection.execute("DELETE FROM vectors")
        connection.execute("UPDATE counts SET hits = 0, misses = 0")
    connection.executescript(_SHRINK)
    return True


def _encoded(kept: Kept) -> bytes:
    numbers = np.ascontiguousarray(kept.numbers, dtype="<f4").tobytes()
    rest = _HEAD.pack(b"", kept.read_tokens, kept.total_tokens)[8:] + numbers
    return xxhash.xxh3_64_digest(rest) + rest


def _decoded(value: object) -> Kept | None:
    """None for a value that is not what was written."""
    if not isinstance(value, bytes) or len(value) < _HEAD.size or len(value) % 4:
        return None
    checksum, read, total = _HEAD.unpack_from(value)
    if xxhash.xxh3_64_digest(memoryview(value)[8:]) != checksum:
        return None
    return Kept(np.frombuffer(value, "<f4", offset=_HEAD.size).astype(np.float32), read, total)


def _code(error: Exception) -> int:
    """SQLite's primary code; Python gives none for text that is not UTF-8."""
    unreadable = sqlite3.SQLITE_CORRUPT if isinstance(error, sqlite3.OperationalError) else 0
    return int(getattr(error, "sqlite_errorcode", unreadable)) & 0xFF


def _is_damage(error: Exception) -> bool:
    return isinstance(error, UnicodeDecodeError) or _code(error) in _DAMAGED_CODES


def _files(path: Path) -> list[Path]:
    return [Path(f"{path}{ending}") for ending in SIDES]


def _total_bytes(path: Path) -> int:
    """Of what is kept; ``-shm`` holds nothing and is there only while the file is open."""
    total = 0
    for file in _files(path):
        if file.name.endswith("-shm"):
            continue
        with suppress(OSError):
            total += file.stat().st_size
    return total
