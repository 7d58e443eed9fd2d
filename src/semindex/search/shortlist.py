"""The best files by one score: which stay in, ties at the cut by path."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semindex.search.sums import kth_largest
from semindex.store.generation import Generation
from semindex.store.vectors import Nearness
from semindex.types import Floats, Ids, Mask

_SAMPLED_CHUNKS = 200_000
"""From here on a sample tells what is near enough to be looked at."""
_SAMPLE = 16384
_CHUNKS_A_FILE = 40
"""Chunks that are looked at for each file wanted: one file may have many of the nearest."""


def best_files(scores: Floats, allowed: Mask, limit: int, generation: Generation) -> Ids:
    """The ``limit`` allowed files of the highest positive score, ascending; ties at the cut by path."""
    (positive,) = (allowed & (scores > 0.0)).nonzero()
    if len(positive) <= limit:
        return positive
    values = scores[positive]
    cut = kth_largest(values, limit)
    above, tied = positive[values > cut], positive[values == cut]
    if len(above) + len(tied) > limit:
        tied = np.array(sorted(tied.tolist(), key=generation.path)[: limit - len(above)], dtype=np.int64)
    return np.sort(np.concatenate((above, tied)))


def nearest_files(
    near: Nearness, allowed: Mask, limit: int, generation: Generation, *, floor: float, kinds: Mask | None
) -> Ids:
    """The ``limit`` allowed files whose nearest chunk is nearest, and nearer than a cosine of ``floor``.

    With ``kinds``, shape ``(chunks,)``, only those chunks count. Ties at the cut by path.
    """
    products = near.products if kinds is None else np.where(kinds, near.products, np.float32(0.0))
    best = _best_of_the_nearest(products, allowed, limit, generation)
    if best is None:
        best = by_file_maximum(products, generation)
    cosines = near.cosines(best)
    cosines[cosines <= floor] = 0.0
    return best_files(cosines, allowed, limit, generation)


def _best_of_the_nearest(
    products: npt.NDArray[np.float32], allowed: Mask, limit: int, generation: Generation
) -> npt.NDArray[np.float32] | None:
    """The best product of the files that have one of the nearest chunks, else 0; None if they are too few.

    The same files are best as by all chunks, in a quarter of the time where there are a million.
    """
    count = len(products)
    if count < _SAMPLED_CHUNKS:
        return None
    sample = products[:: count // _SAMPLE]
    rank = min(len(sample), max(1, _CHUNKS_A_FILE * limit * len(sample) // count))
    cut = kth_largest(sample, rank)
    (at,) = (products >= cut).nonzero()
    best = _best_of(products[at], at, generation)
    return best if np.count_nonzero((best > 0.0) & allowed) >= limit else None


def _best_of(products: npt.NDArray[np.float32], rows: Ids, generation: Generation) -> npt.NDArray[np.float32]:
    """The best product of each file that has one of some rows, and a positive one; else 0."""
    best = np.zeros(generation.files, dtype=np.float32)
    np.maximum.at(best, generation.chunk_file[rows], products)
    return best


def by_file_maximum(scores: npt.NDArray[Any], generation: Generation) -> npt.NDArray[Any]:
    """The best chunk's score of each file, shape ``(files,)``, of the same dtype."""
    return generation.by_file(np.maximum, scores)
