"""Cuts the files of an answer into runs of ripgrep that the platform's command line can hold."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

_POINTER_BYTES = 8
"""What an argument takes beside its bytes."""
_MARGIN_BYTES = 8192
_MOST_BYTES = 1 << 20
"""Longer command lines save nothing."""
_WINDOWS_CHARACTERS = 32_000
"""Of 32,767, and each argument may need quotes."""
_LEAST_BYTES = 16_384
LEAST_FILES = 256
"""Starting ripgrep takes as long as reading some 250 files of a warm cache."""
_BATCHES_A_PROCESS = 4
"""So that processes which drew small files do not wait for one that drew large ones."""


class File(Struct, frozen=True):
    """A file to search."""

    shown: bytes
    """Its path as ripgrep is given it and prints it."""
    by_walking: bool = False
    """Whether ripgrep is to meet it in a folder: then it keeps silent about what follows a NUL byte."""


class Batch(Struct, frozen=True):
    """The files of one run of ripgrep."""

    files: tuple[bytes, ...]
    by_walking: bool = False
    """There is one file then."""


def cut(
    files: Sequence[File], words: Sequence[str], environment: Mapping[str, str], processes: int
) -> list[Batch]:
    """The files in their order as batches: few for few files, some for each process for many.

    For no ``processes`` they are as large as the platform allows.
    """
    room = _room(words, environment)
    shares = processes * _BATCHES_A_PROCESS
    most = max(LEAST_FILES, -(-len(files) // shares)) if shares else max(len(files), 1)
    return list(_cut(files, room, most))


def _cut(files: Sequence[File], room: int, most: int) -> Iterator[Batch]:
    waiting: list[bytes] = []
    taken = 0
    for file in files:
        size = len(file.shown) + 1 + (_POINTER_BYTES if sys.platform != "win32" else 2)
        if waiting and (file.by_walking or taken + size > room or len(waiting) >= most):
            yield Batch(tuple(waiting))
            waiting, taken = [], 0
        if file.by_walking:
            yield Batch((file.shown,), by_walking=True)
        else:
            waiting.append(file.shown)
            taken += size
    if waiting:
        yield Batch(tuple(waiting))


def _room(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """The bytes of a command line that are left for paths."""
    used = sum(len(os.fsencode(word)) + 1 + _POINTER_BYTES for word in words)
    if sys.platform == "win32":
        return max(_WINDOWS_CHARACTERS - used, 1)
    pairs = environment.items()
    used += sum(
        len(os.fsencode(name)) + len(os.fsencode(value)) + 2 + _POINTER_BYTES for name, value in pairs
    )
    try:
        most = os.sysconf("SC_ARG_MAX")
    except (OSError, ValueError):
        most = -1
    allowed = min(most if most > 0 else 131_072, _MOST_BYTES)
    return max(allowed - used - _MARGIN_BYTES, _LEAST_BYTES)
