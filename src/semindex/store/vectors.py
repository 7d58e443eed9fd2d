"""Exact search over int8 vectors.

The query is rounded to whole numbers as well, so that every product and partial sum is a whole
number below 2**24: float32 arithmetic on them is exact, in any order and on any library. A chunk has
the same score in any segment, merge or shard.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from semindex.types import Int8Vectors, Vector

DOCUMENT_SCALE = 127
_EXACT_BELOW = 1 << 24
_BLOCK_ROWS = 16384
_BATCH_ROWS = 64
"""Times 128 dimensions: below the 9,216 values from which OpenBLAS uses several threads for a product."""


def whole_query(query: Vector) -> tuple[npt.NDArray[np.float32], float]:
    """The query ``(dim,)`` in whole numbers, as float32, and the divisor that makes a product a cosine."""
    dim = max(1, len(query))
    scale = _EXACT_BELOW // (DOCUMENT_SCALE * dim) - 1
    return np.rint(query * np.float32(scale)).astype(np.float32), float(scale * DOCUMENT_SCALE)


def cosines(vectors: Int8Vectors | npt.NDArray[np.float32], query: Vector) -> npt.NDArray[np.float64]:
    """The cosine of each row with the query, shape ``(n,)``, in [-1, 1] up to rounding."""
    whole, scale = whole_query(query)
    if vectors.dtype == np.float32:
        return _products(vectors.astype(np.float32, copy=False), whole).astype(np.float64) / scale
    parts = [
        _products(vectors[start : start + _BLOCK_ROWS].astype(np.float32), whole)
        for start in range(0, len(vectors), _BLOCK_ROWS)
    ]
    return np.concatenate(parts).astype(np.float64) / scale if parts else np.empty(0)


def _products(rows: npt.NDArray[np.float32], whole: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Row by row, on this thread: a BLAS wakes others for a large product, and on a busy machine waits.

    So it gets products too small for that, which takes half the time of einsum.
    """
    count, dim = rows.shape
    cut = count - count % _BATCH_ROWS
    products = np.empty(count, dtype=np.float32)
    np.matmul(rows[:cut].reshape(-1, _BATCH_ROWS, dim), whole, out=products[:cut].reshape(-1, _BATCH_ROWS))
    np.einsum("ij,j->i", rows[cut:], whole, out=products[cut:])
    return products
