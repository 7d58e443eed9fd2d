"""Tells how much memory this process holds."""

from __future__ import annotations

import sys

_PAGES = "/proc/self/statm"
_RESIDENT = 1
"""The place of the resident pages among the numbers in that file."""


def resident_bytes() -> int:
    """Resident memory of this process now; takes a few microseconds on Linux."""
    if sys.platform == "linux":
        import resource

        try:
            with open(_PAGES, "rb", buffering=0) as file:  # noqa: PTH123 - called while files are parsed
                return int(file.read(200).split()[_RESIDENT]) * resource.getpagesize()
        except OSError:
            pass  # /proc is not mounted
    import psutil

    return int(psutil.Process().memory_info().rss)
