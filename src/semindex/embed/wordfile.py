"""Writes, maps and checks the file of the bundled word vectors.

The file is little-endian: a header of 128 bytes, then five arrays, each beginning at a multiple of 64:

==============  ===================  =====================================================
array           shape, type          holds
==============  ===================  =====================================================
hashes          ``(n,)`` uint64      term hashes, ascending and distinct
neighbours      ``(n, k)`` uint32    rows of the nearest other words; ``NO_WORD`` for none
weights         ``(n,)`` uint16      factors of the rows in a sum
vectors         ``(n, dim)`` int8    the words' directions, each row on a scale of its own
cosines         ``(n, k)`` int8      cosines of the neighbours times 127, descending
==============  ===================  =====================================================

``weight * vector`` is what a word adds to a sum, up to one constant for the whole file. Both are whole
numbers, so that sums are exact and depend neither on their order nor on the machine.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import xxhash
from msgspec import Struct

from semindex.errors import ModelError
from semindex.types import Floats, Ids, TermHashes

VERSION = 1
NO_WORD = 0xFFFFFFFF
MAX_WEIGHT = 4095
"""The largest weight. With logarithms of counts below 2**11 and bytes below 2**7, sums stay far below 2**53,
up to which float64 is exact."""
UNKNOWN_BYTE = 64
"""The magnitude of every number of an unknown word's vector."""
_MAGIC = b"smxwords"
_HEADER = struct.Struct("<8sIIQIIQ16s16s")
_HEADER_BYTES = 128
_DAMAGED = "{path} is not a whole word vector file of this semindex ({why}); install semindex again"


class WordVectors(Struct, frozen=True):
    """The arrays of the file, of ``n`` words."""

    hashes: TermHashes
    neighbours: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.uint16]
    vectors: npt.NDArray[np.int8]
    cosines: npt.NDArray[np.int8]
    unknown_weight: int
    """The weight of every word that is not in the file, comparable with ``weights``."""
    checksum: bytes = b""
    """xxh3-128 of all arrays, as the header states it; 16 bytes."""

    @classmethod
    def of(
        cls,
        hashes: TermHashes,
        vectors: npt.NDArray[np.float32],
        weights: Floats,
        unknown_weight: float,
        *,
        neighbours: Ids,
        cosines: npt.NDArray[np.float32],
    ) -> Self:
        """The arrays for unit rows with weights in (0, 1]; neighbours are rows, negative for none."""
        scaled = vectors * (127 / np.abs(vectors).max(axis=1, keepdims=True))
        rounded = np.rint(scaled).astype(np.int8)
        norms = np.linalg.norm(rounded.astype(np.float64), axis=1)
        relative = np.append(weights / norms, unknown_weight / (UNKNOWN_BYTE * vectors.shape[1] ** 0.5))
        integers = np.maximum(1, np.rint(relative * (MAX_WEIGHT / relative.max()))).astype(np.uint16)
        return cls(
            hashes,
            np.where(neighbours < 0, NO_WORD, neighbours).astype(np.uint32),
            integers[:-1],
            rounded,
            np.rint(cosines * 127).astype(np.int8),
            int(integers[-1]),
        )


def _layout(count: int, dim: int, neighbours: int) -> tuple[list[tuple[int, type, tuple[int, ...]]], int]:
    """The offset, type and shape of each array, and the size of the file."""
    arrays: list[tuple[type, tuple[int, ...]]] = [
        (np.uint64, (count,)),
        (np.uint32, (count, neighbours)),
        (np.uint16, (count,)),
        (np.int8, (count, dim)),
        (np.int8, (count, neighbours)),
    ]
    placed = []
    at = _HEADER_BYTES
    for dtype, shape in arrays:
        placed.append((at, dtype, shape))
        at += -(-int(np.prod(shape)) * np.dtype(dtype).itemsize // 64) * 64
    return placed, at


def write(path: Path, words: WordVectors) -> int:
    """Write the file; gives its size in bytes."""
    count, dim = words.vectors.shape
    placed, size = _layout(count, dim, words.neighbours.shape[1])
    body = bytearray(size - _HEADER_BYTES)
    arrays = (words.hashes, words.neighbours, words.weights, words.vectors, words.cosines)
    for array, (at, dtype, _) in zip(arrays, placed, strict=True):
        data = np.ascontiguousarray(array, dtype=np.dtype(dtype).newbyteorder("<")).tobytes()
        body[at - _HEADER_BYTES : at - _HEADER_BYTES + len(data)] = data
    checksum = xxhash.xxh3_128_digest(bytes(body))
    known = (_MAGIC, VERSION, dim, count, words.neighbours.shape[1], words.unknown_weight, size, checksum)
    seal = xxhash.xxh3_128_digest(_HEADER.pack(*known, b""))
    path.write_bytes(_HEADER.pack(*known, seal).ljust(_HEADER_BYTES, b"\0") + body)
    return size


def map_words(path: Path) -> WordVectors:
    """The arrays over the mapped file, whose pages are read when they are used.

    Raises:
        ModelError: The file is absent, cut short, of another version, or its header is damaged.
    """
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise ModelError(_DAMAGED.format(path=path, why=error)) from error
    if len(mapped) < _HEADER_BYTES:
        raise ModelError(_DAMAGED.format(path=path, why=f"only {len(mapped)} bytes"))
    magic, version, dim, count, neighbours, unknown, size, checksum, seal = _HEADER.unpack_from(mapped)
    if magic != _MAGIC or version != VERSION:
        raise ModelError(_DAMAGED.format(path=path, why="another format or version"))
    if seal != xxhash.xxh3_128_digest(mapped[: _HEADER.size - 16] + bytes(16)):
        raise ModelError(_DAMAGED.format(path=path, why="its header is damaged"))
    if size != len(mapped):
        raise ModelError(_DAMAGED.format(path=path, why=f"{len(mapped)} bytes instead of {size}"))
    arrays: list[npt.NDArray[Any]] = [
        np.frombuffer(mapped, np.dtype(dtype).newbyteorder("<"), int(np.prod(shape)), at).reshape(shape)
        for at, dtype, shape in _layout(count, dim, neighbours)[0]
    ]
    hashes, near, weights, vectors, cosines = arrays
    return WordVectors(hashes, near, weights, vectors, cosines, unknown, checksum)


def verify(path: Path) -> None:
    """Read the whole file and compare it with its checksum.

    Raises:
        ModelError: A byte of the file differs from what was written.
    """
    words = map_words(path)
    if xxhash.xxh3_128_digest(path.read_bytes()[_HEADER_BYTES:]) != words.checksum:
        raise ModelError(_DAMAGED.format(path=path, why="its content does not match its checksum"))
