"""The order of an answer: that of ``rg --sort path``, by the names of folders and files, level by level."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def order_key(path: bytes) -> bytes:
    """What paths are compared by: ``a/x`` comes before ``a-b/x``, though a slash is greater than a dash."""
    return path.replace(b"/", b"\0")


def ordered(
    files: Sequence[Item], path_of: Callable[[Item], bytes], folder: bytes, order: str, *, reverse: bool
) -> list[Item]:
    """Files in another order than part by part: as ``rg --sort`` and ``--sortr`` give them.

    Args:
        files: In the order of an answer.
        path_of: The path of a file, absolute or relative to ``folder``.
        folder: An absolute path.
        order: ``path``, ``modified``, ``accessed`` or ``none``.
        reverse: Whether the order is turned around; without it ``path`` and ``none`` change nothing.
    """
    if order == "none" or (order == "path" and not reverse):
        return list(files)

    def time_of(item: Item) -> float:
        try:
            status = os.stat(os.path.join(folder, path_of(item)))  # noqa: PTH116, PTH118 - bytes
        except OSError:
            return 0
        return status.st_mtime_ns if order == "modified" else status.st_atime_ns

    if order == "path":
        return sorted(files, key=lambda item: order_key(path_of(item)), reverse=True)
    return sorted(files, key=time_of, reverse=reverse)


def as_bytes(paths: Iterable[str]) -> list[bytes]:
    """The paths as the system has them, in the order of an answer."""
    return sorted(map(os.fsencode, paths), key=order_key)
