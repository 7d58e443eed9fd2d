"""Keeps pieces of several sections in temporary files until each section is written as a whole.

A segment's sections are written one after the other, but joining gives a piece of each at a time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from semindex.store.durable import unwritable
from semindex.store.segment import Array, SectionStream

_READ_BYTES = 1 << 20


class Spools:
    """Files without a name, one a section."""

    def __init__(self, folder: Path, open_files: ExitStack, dtypes: Sequence[npt.DTypeLike]) -> None:
        """Nothing is opened yet; ``open_files`` closes the files, which lie in ``folder``."""
        self._folder = folder
        self._open_files = open_files
        self._dtypes = dtypes
        self._files: list[IO[bytes]] = []

    def streams(self, shapes: Sequence[tuple[int, ...]], fill: Callable[[], None]) -> Sequence[SectionStream]:
        """The sections, to be taken in this order; ``fill`` is called as the first is begun."""
        return [
            SectionStream(dtype, shape, self._blocks(number, shape, fill))
            for number, (dtype, shape) in enumerate(zip(self._dtypes, shapes, strict=True))
        ]

    def append(self, arrays: Sequence[Array | None]) -> None:
        """Add a piece to each section; None adds nothing.

        Raises:
            IndexUnwritable: There is no room.
        """
        with unwritable(self._folder):
            for file, array in zip(self._files, arrays, strict=True):
                if array is not None:
                    file.write(np.ascontiguousarray(array).data)

    def _blocks(self, number: int, shape: tuple[int, ...], fill: Callable[[], None]) -> Iterator[Array]:
        if number == 0:
            with unwritable(self._folder):
                for _ in self._dtypes:
                    opened = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - the stack closes it
                    self._files.append(self._open_files.enter_context(opened))
            fill()
        row_bytes = np.dtype(self._dtypes[number]).itemsize * int(np.prod(shape[1:]))
        with self._files[number] as file:
            file.seek(0)
            while data := file.read(_READ_BYTES // row_bytes * row_bytes):
                yield np.frombuffer(data, dtype=self._dtypes[number]).reshape(-1, *shape[1:])
