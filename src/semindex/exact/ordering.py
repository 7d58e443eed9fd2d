"""The order of an answer: that of ``rg --sort path``, by the names of folders and files, level by level."""

from __future__ import annotations

import os
from collections.abc import Iterable


def order_key(path: bytes) -> bytes:
    """What paths are compared by: ``a/x`` comes before ``a-b/x``, though a slash is greater than a dash."""
    return path.replace(b"/", b"\0")


def as_bytes(paths: Iterable[str]) -> list[bytes]:
    """The paths as the system has them, in the order of an answer."""
    return sorted(map(os.fsencode, paths), key=order_key)
