"""One writer at a time: a lock of the operating system, which drops it when its owner dies."""

from __future__ import annotations

import errno
import os
import platform
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import DecodeError, json

from semindex.errors import IndexLocked, IndexUnwritable
from semindex.source.regular import RegularFileError, describe, read_regular
from semindex.store.durable import Replacement, unwritable
from semindex.store.ownership import FILE_MODE, make_file

LOCK = "writer.lock"
HOLDER = "writer.json"
"""A file that says who holds the lock, for messages only: it may tell of an owner that died."""

_POLL_SECONDS = 0.05
_HOLDER_BYTES = 10_000


OnWait = Callable[[float, str], None]
"""Called again and again by a writer that waits: with the seconds it has waited, and who is writing."""


@contextmanager
def write_lock(
    index_dir: Path, *, wait_seconds: float = 0.0, on_wait: OnWait = lambda seconds, holder: None
) -> Iterator[None]:
    """Hold the writer lock of an index folder for the body.

    Raises:
        IndexLocked: Another process, or another thread, still holds it after ``wait_seconds``.
        IndexUnwritable: The folder cannot be written.
    """
    from filelock import FileLock, Timeout  # half as long to import as all else; searches write nothing

    lock = FileLock(index_dir / LOCK, mode=FILE_MODE, thread_local=False)
    began = time.monotonic()
    with unwritable(index_dir):
        make_file(index_dir / LOCK)
    _require_regular(index_dir / LOCK)
    with unwritable(index_dir):
        while not lock.is_locked:
            try:
                lock.acquire(timeout=0)
            except Timeout as error:
                holder, waited = _holder(index_dir), time.monotonic() - began
                if waited >= wait_seconds:
                    after = f" after {wait_seconds:g} s of waiting" if wait_seconds else ""
                    told = f"{holder} is writing the index {index_dir}{after}; try again later"
                    raise IndexLocked(told) from error
                on_wait(waited, holder)
                time.sleep(_POLL_SECONDS)
    try:
        with unwritable(index_dir):
            if not os.access(index_dir, os.W_OK):
                raise PermissionError(errno.EACCES, "the folder is not writable")
        # Signing is a courtesy: a full disk must not keep anybody from removing the index.
        with suppress(IndexUnwritable), Replacement(index_dir / HOLDER) as output:
            output.write(json.encode(_own()))
        yield
    finally:
        with suppress(OSError):
            (index_dir / HOLDER).unlink(missing_ok=True)
        lock.release()


def _require_regular(path: Path) -> None:
    """Refuse a link, through which taking the lock would empty another file."""
    with unwritable(path):
        mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        raise IndexUnwritable(f"{path} is {describe(mode)}; remove it, then run 'semindex index'")


def _own() -> dict[str, object]:
    return {"pid": os.getpid(), "host": platform.node()}


def _holder(index_dir: Path) -> str:
    try:
        holder = json.decode(read_regular(index_dir / HOLDER, limit=_HOLDER_BYTES).data)
        if holder == _own():
            return "Another thread of this process"
        return f"Process {int(holder['pid'])} on {str(holder['host'])[:80]!r}"
    except (OSError, RegularFileError, DecodeError, ValueError, KeyError, TypeError):
        return "Another process"
