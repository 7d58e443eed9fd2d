"""Writes files whole or not at all, and says in plain words what the operating system refused."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from semindex.errors import IndexUnwritable
from semindex.store.ownership import open_new

StepHook = Callable[[str], None]
"""Called with the name of the step just reached; crash tests end the process in it."""

_WORDS = {
    errno.ENOSPC: "no space is left on the device",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would pass the size limit for files",
    errno.EROFS: "it is on a read-only file system",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
}
_ELSEWHERE = "keep the index elsewhere with --index-dir"
_ADVICE = {
    errno.ENOSPC: f"Free some space, or {_ELSEWHERE}.",
    errno.EDQUOT: f"Free some space, or {_ELSEWHERE}.",
    errno.EFBIG: f"Raise the limit (ulimit -f), or {_ELSEWHERE}.",
}
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF})
DATABASE_SIDES = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite puts beside a database."""


def no_step(_name: str) -> None:
    """Do nothing; the hook to use when nobody watches the steps."""


def explain(error: OSError) -> str:
    """What went wrong, in a few words without the path."""
    return _WORDS.get(error.errno or 0) or (error.strerror or str(error)).lower()


@contextmanager
def unwritable(path: Path) -> Iterator[None]:
    """Turn an :class:`OSError` of the body into an :class:`IndexUnwritable` that names ``path``."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, f"Make it writable, or {_ELSEWHERE}.")
        raise IndexUnwritable(
            f"Cannot write {path}: {explain(error)}. What was indexed before is intact. {advice}"
        ) from error


def sync_folder(folder: Path) -> None:
    """Make the names of a folder's files survive a power cut, where the system offers that (not on Windows).

    Raises:
        OSError: The device failed. A file system that cannot sync folders is no error.
    """
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def set_database_aside(path: Path, aside: Path) -> bool:
    """Rename an SQLite database, in place of what was set aside before; False if there is none.

    Raises:
        OSError: The system refused.
    """
    moved = False
    # The log goes before the database: SQLite would apply a log left behind to a new one.
    for suffix in (*DATABASE_SIDES, ""):
        try:
            Path(f"{path}{suffix}").replace(f"{aside}{suffix}")
            moved = True
        except FileNotFoundError:
            Path(f"{aside}{suffix}").unlink(missing_ok=True)
            moved = False
    return moved


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Write a file that is no file of an index whole or not at all, with these permissions.

    Raises:
        OSError: The system refused; ``path`` is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.semindex")
    descriptor = open_new(temporary)
    try:
        with io.FileIO(descriptor, "wb") as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(descriptor)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


class Replacement:
    """A context manager that writes ``path`` whole or not at all.

    The body fills ``NAME.tmp`` beside ``path``. At the end that file is synced and renamed to ``path``, and
    the folder is synced. If anything fails, the temporary file is removed and ``path`` stays as it was.
    ``on_step`` is called with ``prefix`` and ``created``, ``written``, ``synced``, ``renamed``, ``durable``.

    Every method raises :class:`IndexUnwritable` if the system refuses.
    """

    def __init__(self, path: Path, *, on_step: StepHook = no_step, prefix: str = "") -> None:
        self._path = path
        self._temporary = path.with_name(f"{path.name}.tmp")
        self._step: StepHook = lambda name: on_step(prefix + name)

    def __enter__(self) -> Replacement:
        with unwritable(self._path):
            self._temporary.unlink(missing_ok=True)
            self._file = io.FileIO(open_new(self._temporary), "wb")
        self._step("created")
        return self

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes to the file."""
        rest = memoryview(data)
        with unwritable(self._path):
            while rest:
                rest = rest[self._file.write(rest) :]

    def rewrite_start(self, data: bytes) -> None:
        """Overwrite the file's first bytes."""
        with unwritable(self._path):
            self._file.seek(0)
        self.write(data)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._publish()
        finally:
            self._file.close()
            with unwritable(self._path):
                self._temporary.unlink(missing_ok=True)

    def _publish(self) -> None:
        self._step("written")
        with unwritable(self._path):
            os.fsync(self._file.fileno())
            self._file.close()
        self._step("synced")
        with unwritable(self._path):
            self._temporary.replace(self._path)
        self._step("renamed")
        with unwritable(self._path):
            sync_folder(self._path.parent)
        self._step("durable")
