"""Read a file only if it is a regular one: links are not followed, and a FIFO does not block."""

import errno
import os
import stat
from pathlib import Path

from msgspec import Struct

_NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_FLAGS = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class RegularFileError(Exception):
    """The path exists and is no regular file; the message says what it is, such as ``a symbolic link``."""


class RegularFile(Struct, frozen=True):
    """The content of a file and its state when it was opened."""

    data: bytes
    """At most ``limit + 1`` bytes: one more than ``limit`` when the file has grown past it meanwhile."""
    status: os.stat_result


def read_regular(path: Path | str | bytes, *, limit: int) -> RegularFile:
    """The content of a regular file; no bytes at all if it has more than ``limit``.

    Raises:
        RegularFileError: The path is a link, a folder, a FIFO, a device or a socket.
        OSError: The file cannot be opened or read.
    """
    descriptor, status = open_regular(path)
    try:
        data = b"" if status.st_size > limit else _read(descriptor, status.st_size, limit)
        return RegularFile(data, status)
    finally:
        os.close(descriptor)


def open_regular(path: Path | str | bytes) -> tuple[int, os.stat_result]:
    """A descriptor to read a regular file from, and its state.

    Raises:
        RegularFileError: The path is a link, a folder, a FIFO, a device or a socket.
        OSError: The file cannot be opened.
    """
    if not _NO_FOLLOW and os.path.islink(path):  # noqa: PTH114 - paths may be bytes here
        raise RegularFileError("a symbolic link")
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise RegularFileError("a symbolic link") from error
        if error.errno in (errno.ENXIO, errno.EISDIR):
            kind = "a folder" if error.errno == errno.EISDIR else "a socket or a device"
            raise RegularFileError(kind) from error
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise RegularFileError(describe(status.st_mode))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status


def _read(descriptor: int, expected: int, limit: int) -> bytes:
    data = os.read(descriptor, expected + 1)
    if len(data) == expected:
        return data
    parts, total = [data], len(data)
    while data and total <= limit:
        data = os.read(descriptor, min(1 << 20, limit + 1 - total))
        parts.append(data)
        total += len(data)
    return b"".join(parts)


def describe(mode: int) -> str:
    """What a file of this ``st_mode`` is, in words: ``a folder``."""
    kinds = {
        stat.S_IFREG: "a regular file",
        stat.S_IFDIR: "a folder",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a character device",
        stat.S_IFBLK: "a block device",
    }
    return kinds.get(stat.S_IFMT(mode), "a special file")
