"""Opens SQLite databases as their folders allow, and translates SQLite's errors into ours.

How the catalog is opened, and what it then writes beside itself::

    to write, local disk             mode=rwc     journal "wal": readers go on while a writer commits
    to write, network file system    mode=rwc     journal "delete": "wal" needs memory that machines share
    to read, folder writable         mode=rw      SQLite may finish what a dead writer left (a log, a journal)
    to read, folder not writable     mode=ro      if a writer left something; else immutable=1, which needs
                                                  no files beside the database and does not see later commits

If mode=rw fails, since a full disk has no room for SQLite's files, the modes of the last row are tried.
"""

from __future__ import annotations

import os
import re
import sqlite3  # noqa: TID251 - this is SQL's room
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from semindex.errors import BrokenIndex, IndexCorrupt, IndexLocked, IndexUnwritable, NotIndexed
from semindex.source.regular import describe
from semindex.store.durable import DATABASE_SIDES, unwritable
from semindex.store.layout import CATALOG
from semindex.store.ownership import make_file
from semindex.store.steplimit import StepLimit

Connection = sqlite3.Connection
Cursor = sqlite3.Cursor
OperationalError = sqlite3.OperationalError

MOUNTS = Path("/proc/mounts")
"""Linux's table of mounted file systems; other systems have none."""

_BUSY_SECONDS = 10.0
_NETWORK = frozenset(
    "9p acfs afpfs afs beegfs ceph cephfs cifs coda drvfs glusterfs gpfs lustre ncpfs nfs nfs4 orangefs "
    "prl_fs rclone s3fs smb2 smb3 smbfs sshfs vboxsf virtiofs vmhgfs vmhgfs-fuse".split()
)
"""File systems whose users share no memory, or whose locks do not hold; also with ``fuse.`` in front."""
DAMAGE = {
    *(sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH),
    *(sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_AUTH),
}
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_REFUSED = {
    sqlite3.SQLITE_FULL: "no space is left on the device",
    sqlite3.SQLITE_IOERR: "the disk failed, is full, or a limit on the size of files was reached",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it, or a file beside it, cannot be opened",
    sqlite3.SQLITE_PERM: "permission denied",
}


class OpenedDatabase(Struct, frozen=True):
    """A connection and what a user should know about it."""

    connection: Connection
    limit: StepLimit
    immutable: bool
    """Whether the database was opened as one that nobody changes: later commits are not seen."""
    notes: tuple[str, ...] = ()


@contextmanager
def translated(path: Path, *, writing: bool, limit: StepLimit | None = None) -> Iterator[None]:
    """Turn SQLite's errors about the database ``path`` into ours; errors without such a cause pass.

    Raises:
        IndexCorrupt: The database is damaged, or a statement passed the ``limit``.
        KeyboardInterrupt: The user ended a statement.
        IndexLocked: Another process holds it.
        IndexUnwritable: The system refused to write (``writing``).
        BrokenIndex: The system refused to read.
        ValueError: A change broke a constraint of the schema.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        # SQLite quotes the damaged schema in its message, and Python cannot read that.
        raise damaged(path, error) from error
    except sqlite3.Error as error:
        code = primary_code(error)
        if code == sqlite3.SQLITE_INTERRUPT:
            if limit is not None and limit.exceeded:
                raise IndexCorrupt(limit.told) from error
            # The interrupt came while SQLite asked whether to go on, and Python hands it to nobody.
            raise KeyboardInterrupt from error
        if code in DAMAGE:
            raise damaged(path, error) from error
        if code in BUSY:
            raise IndexLocked(f"{path} is in use by another process; try again") from error
        if code == sqlite3.SQLITE_CONSTRAINT:
            raise ValueError(f"the change does not fit what {path} holds: {error}") from error
        if code not in _REFUSED:
            raise
        if writing:
            raise IndexUnwritable(
                f"Cannot write {path}: {_REFUSED[code]}. What was indexed before is intact. "
                "Make room, or keep the index elsewhere with --index-dir."
            ) from error
        raise BrokenIndex(
            f"Cannot read {path}: {_REFUSED[code]}. If a writer was cut short, run 'semindex index' where "
            "the folder can be written."
        ) from error


def primary_code(error: Exception) -> int:
    """SQLite's primary result code; 0 if the error has none.

    Python sets no code where a message of SQLite's is not UTF-8: that is damage.
    """
    unreadable = sqlite3.SQLITE_CORRUPT if isinstance(error, sqlite3.OperationalError) else 0
    return int(getattr(error, "sqlite_errorcode", unreadable)) & 0xFF


def damaged(path: Path, what: object) -> IndexCorrupt:
    """The error to raise for a damaged catalog; ``what`` says what is wrong."""
    return IndexCorrupt(f"{path} is damaged ({what}); 'semindex index' moves it aside and rebuilds the index")


def open_for_reading(index_dir: Path) -> OpenedDatabase:
    """Open the catalog for reading, in the first mode of the table above that works.

    Raises:
        NotIndexed: There is no catalog in the folder.
        IndexCorrupt: The file is no database.
        BrokenIndex: The system does not let it be read.
    """
    path = index_dir / CATALOG
    if not os.path.lexists(path):
        raise NotIndexed.in_folder(index_dir)
    _require_file(path)
    modes = ["mode=ro"] if has_unfinished(path) else ["immutable=1"]
    if os.access(index_dir, os.W_OK):
        modes.insert(0, "mode=rw")
    with translated(path, writing=False):
        try:
            return _probe(path, modes[0])
        except sqlite3.OperationalError as error:
            if modes[1:] and primary_code(error) in _REFUSED:
                return _probe(path, modes[1])
            raise


def _probe(path: Path, mode: str) -> OpenedDatabase:
    """Connect and read something, since SQLite opens the file only then."""
    connection = connect(path, mode)
    limit = StepLimit(connection, path)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchone()
    except BaseException as error:
        connection.close()
        if limit.exceeded:
            raise IndexCorrupt(limit.told) from error
        raise
    immutable = mode.startswith("immutable")
    return OpenedDatabase(connection, limit, immutable, ("the index is read-only here",) if immutable else ())


def open_for_writing(index_dir: Path, *, mounts: Path = MOUNTS) -> OpenedDatabase:
    """Open the catalog for writing, or make an empty one; the caller holds the writer lock.

    Raises:
        IndexCorrupt: The file is no database.
        IndexUnwritable: There is no room or no permission.
    """
    path = index_dir / CATALOG
    _require_file(path)
    with unwritable(path):
        _remove_emptied(path)
        make_file(path)  # SQLite would let others read it
    with translated(path, writing=True):
        connection = connect(path, "mode=rwc")
        try:
            limit = StepLimit(connection, path)
            notes = _set_journal(connection, network_file_system(index_dir, mounts))
            return OpenedDatabase(connection, limit, False, notes)
        except BaseException:
            connection.close()
            raise


def _remove_emptied(path: Path) -> None:
    """Remove a database that was emptied from outside, since whoever has it open holds locks on its files.

    SQLite gives a database its first page before anything else, so an empty one holds nothing.
    """
    with suppress(FileNotFoundError):
        if path.stat().st_size == 0:
            for ending in (*DATABASE_SIDES, ""):
                Path(f"{path}{ending}").unlink(missing_ok=True)


def _set_journal(connection: Connection, network: str) -> tuple[str, ...]:
    """Set how commits reach the disk; gives what a user should know about it."""
    wanted = "delete" if network else "wal"
    mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    if mode != wanted:
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            mode = str(connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0])
        except sqlite3.OperationalError as error:
            # Readers that hold the old mode keep it.
            if primary_code(error) not in BUSY:
                raise
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")
    # Segment files are removed after a commit, so the commit must outlive a power cut: FULL, not NORMAL.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA temp_store = MEMORY")
    if network:
        return (f"the index is on a network file system ({network}); journal mode {mode}",)
    return () if mode == wanted else (f"readers keep the catalog in journal mode {mode}",)


def connect(path: Path, mode: str, *, busy_seconds: float = _BUSY_SECONDS) -> Connection:
    """A connection in autocommit mode that any thread may use, one at a time.

    Args:
        path: The database.
        mode: The parameter of SQLite's URI that says how to open it.
        busy_seconds: How long statements wait for the locks of other processes.
    """
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(path.absolute()))}?{mode}",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        # The file may come from a stranger's repository: its schema must not call functions.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Commit what the body changes, or roll it back if the body or the commit fails."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def has_unfinished(path: Path) -> bool:
    """Whether a dead or running writer left a journal to roll back or a log to apply beside the database."""
    for suffix in ("-wal", "-journal"):
        with suppress(FileNotFoundError):
            if Path(f"{path}{suffix}").stat().st_size:
                return True
    return False


def _require_file(path: Path) -> None:
    """Refuse links and FIFOs, also under the names of SQLite's files beside the database."""
    for ending in ("", *DATABASE_SIDES):
        with suppress(FileNotFoundError):
            mode = os.lstat(f"{path}{ending}").st_mode
            if not stat.S_ISREG(mode):
                raise IndexCorrupt(
                    f"{path}{ending} is {describe(mode)}; "
                    "'semindex index' moves it aside and rebuilds the index"
                )


def network_file_system(path: Path, mounts: Path = MOUNTS) -> str:
    """The type of the network file system that holds ``path``, as ``nfs4``; empty if local or unknown."""
    try:
        lines = os.fsdecode(mounts.read_bytes()).splitlines()
    except OSError:
        return ""
    place = path.resolve()
    found, kind = Path(), ""
    for fields in (line.split(" ") for line in lines):
        if len(fields) < 3:
            continue
        # The table writes some characters as octal escapes: a\040b is "a b".
        point = Path(re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[1]))
        # Later mounts cover earlier ones on the same point.
        if place.is_relative_to(point) and len(point.parts) >= len(found.parts):
            found, kind = point, fields[2]
    return kind if kind.removeprefix("fuse.") in _NETWORK else ""
