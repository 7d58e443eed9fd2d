"""Root-relative POSIX paths as bytes; the root is the empty path."""

from __future__ import annotations


def join(folder: bytes, name: bytes) -> bytes:
    """The path of ``name`` in ``folder``."""
    return folder + b"/" + name if folder else name


def parent(path: bytes) -> bytes:
    """The folder that holds ``path``, empty at the root."""
    return path[: max(path.rfind(b"/"), 0)]


def name_of(path: bytes) -> bytes:
    """The last component."""
    return path[path.rfind(b"/") + 1 :]
