"""Exact search over int8 vectors, where they lie: mapped or read, none is copied.

The query is rounded to whole numbers as well, so that every product and sum is a whole number: a chunk
has the same score in any segment, merge or shard, and on any processor.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import simsimd

from semindex.types import Int8Vectors, Vector

SCALE = 127
"""What a stored 1.0 is."""
THREADED_ROWS = 200_000
"""From here on threads save more than they take to wake: 4 ms of one."""
_ALL_CORES = 0


def whole_query(query: Vector) -> tuple[npt.NDArray[np.int8], float]:
    """The query ``(dim,)`` in whole numbers of 8 bits, and the divisor that makes a product a cosine.

    Its largest number becomes 127: rounding moves a cosine by about 0.0005.
    """
    largest = float(np.abs(query).max(initial=0.0))
    scale = SCALE / largest if largest > 0.0 else 1.0
    return np.rint(query * np.float32(scale)).astype(np.int8), scale * SCALE


def cosines(vectors: Int8Vectors, query: Vector) -> npt.NDArray[np.float64]:
    """The cosine of each row with the query, shape ``(n,)``, in [-1, 1] up to rounding."""
    if not len(vectors):
        return np.empty(0)
    whole, divisor = whole_query(query)
    threads = _ALL_CORES if len(vectors) >= THREADED_ROWS else 1
    found = simsimd.cdist(whole.reshape(1, -1), vectors, metric="dot", threads=threads)
    products = np.asarray(found, dtype=np.float64).reshape(-1)
    products /= divisor
    return products
