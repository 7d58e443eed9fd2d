"""Cosines of a query with all stored vectors, computed exactly on the int8 arrays of the segments, uncopied.

The query is rounded to whole numbers too, so that every product and every sum is a whole number and a chunk
has the same score in any segment, before and after a merge, and on any processor. Example: the query (0.6,
0.8) times 158.75 is (95.25, 127), rounded (95, 127). The unit vector (1, 0) is stored as (127, 0). Their
product is 12065; divided by 158.75 * 127 it is 0.598, the cosine, which is 0.6 without rounding.
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
"""The stored number that stands for 1.0."""
THREADED_ROWS = 200_000
"""From this many rows on, which take one thread 4 ms, several threads save more than their start costs."""
BLOCK_ROWS = 32_768
"""Rows of one task of a thread: it takes about a millisecond, and its results stay in the cache."""


def whole_query(query: Vector) -> tuple[npt.NDArray[np.int8], float]:
    """The query ``(dim,)`` in whole numbers, and the number to divide a product by to get a cosine.

    The query is scaled so that its largest number becomes 127. Rounding moves a cosine by about 0.0005.
    """
    largest = float(np.abs(query).max(initial=0.0))
    scale = SCALE / largest if largest > 0.0 else 1.0
    return np.rint(query * np.float32(scale)).astype(np.int8), scale * SCALE


class Nearness(Struct, frozen=True):
    """The products of a query with many vectors, made into cosines for the rows that need them."""

    products: npt.NDArray[np.float32]
    """Shape ``(n,)``: whole numbers below 2**24, which float32 holds exactly."""
    divisor: float
    """What turns a product into a cosine: see :func:`whole_query`."""

    def at(self, rows: Ids) -> Floats:
        """The cosines of some rows, in [-1, 1] up to rounding."""
        return self.cosines(self.products[rows])

    def cosines(self, products: npt.NDArray[np.float32]) -> Floats:
        """The cosines of which some products are given."""
        return products.astype(np.float64) / self.divisor


class Scan:
    """The products of a query with the rows of some arrays, split into tasks that threads may share."""

    def __init__(self, parts: Sequence[Int8Vectors], query: Vector) -> None:
        self._whole, self._divisor = whole_query(query)
        self._products = np.empty(sum(map(len, parts)), dtype=np.float32)
        self.tasks: list[Callable[[], None]] = []
        """Each task writes the products of one block of rows; they may run in any order, on any thread."""
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
        """The products in the order of the arrays; complete once all tasks have run."""
        return Nearness(self._products, self._divisor)


def begin_nearness(parts: Sequence[Int8Vectors], query: Vector) -> Callable[[], Nearness]:
    """Begin what :func:`nearness` does, on other threads where there are many rows; the function ends it."""
    if sum(map(len, parts)) < THREADED_ROWS:
        whole, divisor = whole_query(query)
        found = [products(whole, vectors) for vectors in parts if len(vectors)]
        few = found[0] if len(found) == 1 else np.concatenate([np.empty(0, np.float32), *found])
        return lambda: Nearness(few, divisor)
    scan = Scan(parts, query)
    begun = Beside(scan.tasks, threads=spare_threads())

    def end() -> Nearness:
        begun.results()
        return scan.nearness

    return end


def nearness(parts: Sequence[Int8Vectors], query: Vector) -> Nearness:
    """The nearness to the query of every row of some arrays, in the order of the arrays."""
    return begin_nearness(parts, query)()


def products(whole: npt.NDArray[np.int8], vectors: Int8Vectors) -> npt.NDArray[np.float32]:
    """The product of a query in whole numbers with each row, shape ``(len(vectors),)``."""
    # Without its argument ``out``: simsimd 6.5 then returns a None that it does not own, and before
    # Python 3.12 the interpreter dies of that after some thousand calls.
    found = simsimd.cdist(whole.reshape(1, -1), vectors, metric="dot", out_dtype="float32", threads=1)
    return np.asarray(found).reshape(-1)
