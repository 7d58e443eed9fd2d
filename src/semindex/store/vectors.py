"""Exact search over int8 vectors, where they lie: mapped or read, none is copied.

The query is rounded to whole numbers as well, so that every product and sum is a whole number: a chunk
has the same score in any segment, merge or shard, and on any processor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import simsimd
from msgspec import Struct

from semindex.process.threads import Beside, spare_threads
from semindex.types import Floats, Ids, Int8Vectors, Vector

SCALE = 127
"""What a stored 1.0 is."""
THREADED_ROWS = 200_000
"""From here on threads save more than they take to start: 4 ms of one."""
BLOCK_ROWS = 32_768
"""Rows that a thread takes at once: a millisecond, and what they give stays in the cache."""


def whole_query(query: Vector) -> tuple[npt.NDArray[np.int8], float]:
    """The query ``(dim,)`` in whole numbers of 8 bits, and the divisor that makes a product a cosine.

    Its largest number becomes 127: rounding moves a cosine by about 0.0005.
    """
    largest = float(np.abs(query).max(initial=0.0))
    scale = SCALE / largest if largest > 0.0 else 1.0
    return np.rint(query * np.float32(scale)).astype(np.int8), scale * SCALE


class Nearness(Struct, frozen=True):
    """How near each of many vectors is to a query: whole numbers, made cosines where they are asked for."""

    products: npt.NDArray[np.float32]
    """Shape ``(n,)``: exact, since they are below 2**24."""
    divisor: float

    def at(self, rows: Ids) -> Floats:
        """The cosines of some rows, in [-1, 1] up to rounding."""
        return self.cosines(self.products[rows])

    def cosines(self, products: npt.NDArray[np.float32]) -> Floats:
        """Some of the products as cosines."""
        return products.astype(np.float64) / self.divisor


class Scan:
    """The products of a query with the rows of some arrays, one after the other, as tasks."""

    def __init__(self, parts: Sequence[Int8Vectors], query: Vector) -> None:
        self._whole, self._divisor = whole_query(query)
        self._products = np.empty(sum(map(len, parts)), dtype=np.float32)
        self.tasks: list[Callable[[], None]] = []
        """Each writes some of them; any number of threads may share the tasks."""
        start = 0
        for vectors in parts:
            for begin in range(0, len(vectors), BLOCK_ROWS):
                block = vectors[begin : begin + BLOCK_ROWS]
                self.tasks.append(partial(self._multiply, block, start + begin))
            start += len(vectors)

    def _multiply(self, block: Int8Vectors, start: int) -> None:
        self._products[start : start + len(block)] = products(self._whole, block)

    @property
    def nearness(self) -> Nearness:
        """What all tasks found."""
        return Nearness(self._products, self._divisor)


def nearness(parts: Sequence[Int8Vectors], query: Vector) -> Nearness:
    """The nearness of each row of some arrays, one after the other, to the query."""
    if sum(map(len, parts)) >= THREADED_ROWS:
        scan = Scan(parts, query)
        Beside(scan.tasks, threads=spare_threads()).results()
        return scan.nearness
    whole, divisor = whole_query(query)
    found = [products(whole, vectors) for vectors in parts if len(vectors)]
    if len(found) == 1:
        return Nearness(found[0], divisor)
    return Nearness(np.concatenate(found) if found else np.empty(0, np.float32), divisor)


def products(whole: npt.NDArray[np.int8], vectors: Int8Vectors) -> npt.NDArray[np.float32]:
    """The product of each of some rows with a query in whole numbers, shape ``(len(vectors),)``."""
    # Not with ``out``: simsimd 6.5 then gives back a None that it does not own, and before Python 3.12
    # the interpreter dies of that after some thousand calls.
    found = simsimd.cdist(whole.reshape(1, -1), vectors, metric="dot", out_dtype="float32", threads=1)
    return np.asarray(found).reshape(-1)
