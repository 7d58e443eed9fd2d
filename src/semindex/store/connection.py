"""Opens the catalog's database as its place allows, and puts SQLite's errors into our words."""

from __future__ import annotations

import os
import re
import sqlite3  # noqa: TID251 - this is SQL's room
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from semindex.errors import BrokenIndex, IndexCorrupt, IndexLocked, IndexUnwritable, NotIndexed
from semindex.store.layout import CATALOG

Connection = sqlite3.Connection
OperationalError = sqlite3.OperationalError

MOUNTS = Path("/proc/mounts")
"""Where the system tells its file systems, if it does."""

_BUSY_SECONDS = 10.0
_NETWORK = re.compile(
    r"(fuse\.)?(9p|acfs|afpfs|afs|beegfs|ceph|cephfs|cifs|coda|drvfs|glusterfs|gpfs|lustre|ncpfs|nfs|nfs4"
    r"|orangefs|prl_fs|rclone|s3fs|smb2|smb3|smbfs|sshfs|vboxsf|virtiofs|vmhgfs(-fuse)?)"
)
"""File systems on which memory is not shared between machines, or locks are not to be trusted."""
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_REFUSED = {
    sqlite3.SQLITE_FULL: "no space is left on the device",
    sqlite3.SQLITE_IOERR: "the disk failed, is full, or a limit on the size of files was reached",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it, or a file beside it, cannot be opened",
    sqlite3.SQLITE_PERM: "permission denied",
}


class Opened(Struct, frozen=True):
    """A connection and what a user should know about it."""

    connection: Connection
    immutable: bool
    """The database was taken for unchangeable: what others commit is not seen."""
    notes: tuple[str, ...] = ()


@contextmanager
def translated(path: Path, *, writing: bool) -> Iterator[None]:
    """Turn SQLite's errors about the database ``path`` into ours; other people's bugs pass."""
    try:
        yield
    except UnicodeDecodeError as error:
        # SQLite quotes the damaged schema in its message, and Python cannot read that.
        raise damaged(path, error) from error
    except sqlite3.Error as error:
        code = _code(error)
        if code in _DAMAGED:
            raise damaged(path, error) from error
        if code in _BUSY:
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


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary code; Python gives none for text that is not UTF-8."""
    unreadable = sqlite3.SQLITE_CORRUPT if isinstance(error, sqlite3.OperationalError) else 0
    return int(getattr(error, "sqlite_errorcode", unreadable)) & 0xFF


def damaged(path: Path, what: object) -> IndexCorrupt:
    """The error for a damaged catalog, ready to be raised."""
    return IndexCorrupt(f"{path} is damaged ({what}); 'semindex index' moves it aside and rebuilds the index")


def open_for_reading(index_dir: Path) -> Opened:
    """Open the catalog without changing it; on a read-only place, as a file that nobody changes.

    Raises:
        NotIndexed: There is none.
        IndexCorrupt: Not a database.
        BrokenIndex: The system does not let it be read.
    """
    path = index_dir / CATALOG
    if not os.path.lexists(path):
        raise NotIndexed(f"Nothing is indexed in {index_dir}; run 'semindex index' first")
    _require_file(path)
    modes = ["mode=ro"] if has_unfinished(path) else ["immutable=1"]
    if os.access(index_dir, os.W_OK):
        modes.insert(0, "mode=rw")
    with translated(path, writing=False):
        # A full disk has no room for what SQLite keeps beside the file, and can still be read.
        try:
            return _probe(path, modes[0])
        except sqlite3.OperationalError as error:
            if modes[1:] and _code(error) in _REFUSED:
                return _probe(path, modes[1])
            raise


def _probe(path: Path, mode: str) -> Opened:
    connection = _connect(path, mode)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    immutable = mode.startswith("immutable")
    return Opened(connection, immutable, ("the index is read-only here",) if immutable else ())


def open_for_writing(index_dir: Path, *, mounts: Path = MOUNTS) -> Opened:
    """Open or make the catalog; the caller holds the writer lock.

    Raises:
        IndexCorrupt: Not a database.
        IndexUnwritable: No room, no permission.
    """
    path = index_dir / CATALOG
    _require_file(path)
    with translated(path, writing=True):
        connection = _connect(path, "mode=rwc")
        try:
            return Opened(connection, False, _set_journal(connection, network_file_system(index_dir, mounts)))
        except BaseException:
            connection.close()
            raise


def _set_journal(connection: Connection, network: str) -> tuple[str, ...]:
    wanted = "delete" if network else "wal"
    mode = _journal_mode(connection, wanted)
    # Segment files are removed after a commit, so the commit must outlive a power cut: FULL, not NORMAL.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA temp_store = MEMORY")
    if network:
        return (f"the index is on a network file system ({network}); journal mode {mode}",)
    return () if mode == wanted else (f"readers keep the catalog in journal mode {mode}",)


def _journal_mode(connection: Connection, wanted: str) -> str:
    """Change the mode, unless readers are in the way; gives the mode that holds."""
    mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    if mode == wanted:
        return mode
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        return str(connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0])
    except sqlite3.OperationalError as error:
        if _code(error) not in _BUSY:
            raise
        return mode
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")


def _connect(path: Path, mode: str) -> Connection:
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(path.absolute()))}?{mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    # The file may come from a stranger's repository: its schema must not call functions.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def has_unfinished(path: Path) -> bool:
    """Whether something beside the database belongs to it: a journal to roll back, a log to apply."""
    return any(_size(Path(f"{path}{suffix}")) > 0 for suffix in ("-wal", "-journal"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _require_file(path: Path) -> None:
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise IndexCorrupt(f"{path} is not a file; 'semindex index' moves it aside and rebuilds the index")


def network_file_system(path: Path, mounts: Path = MOUNTS) -> str:
    """The type of the network file system that holds ``path``; empty when it is local or unknown."""
    try:
        lines = os.fsdecode(mounts.read_bytes()).splitlines()
    except OSError:
        return ""
    place = path.resolve()
    found, kind = Path(), ""
    for fields in (line.split(" ") for line in lines):
        if len(fields) < 3:
            continue
        point = Path(_unescape(fields[1]))
        # Later mounts cover earlier ones on the same point.
        if place.is_relative_to(point) and len(point.parts) >= len(found.parts):
            found, kind = point, fields[2]
    return kind if _NETWORK.fullmatch(kind) else ""


def _unescape(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
