"""Root-relative POSIX paths as bytes; the root is the empty path."""

import sys

_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()


def as_text(path: bytes) -> str:
    """The path as text, as ``os.fsdecode`` gives it but in a third of the time."""
    return str(path, _ENCODING, _ERRORS)


def join(folder: bytes, name: bytes) -> bytes:
    """The path of ``name`` in ``folder``."""
    return folder + b"/" + name if folder else name


def parent(path: bytes) -> bytes:
    """The folder that holds ``path``, empty at the root."""
    return path[: max(path.rfind(b"/"), 0)]


def name_of(path: bytes) -> bytes:
    """The last component."""
    return path[path.rfind(b"/") + 1 :]
