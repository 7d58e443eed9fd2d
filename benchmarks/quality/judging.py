"""Whether hits show what was judged right, and what a list of hits is worth: NDCG, and paired differences.

Pure functions, beside those of :mod:`semindex.evaluate.metrics`. A *rank* is 1 for the first hit, and
None for what was not found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from semindex.evaluate.metrics import DEPTH, ROUNDS, HitPlace, middle, resampled_means, shares_line


class Target(Struct, frozen=True):
    """What a query should find: a file, or lines ``start_line..end_line`` of it."""

    path: str
    start_line: int | None = None
    end_line: int | None = None


class Difference(Struct, frozen=True):
    """The mean of ``new - old`` over paired values, and its 95 % interval."""

    mean: float
    low: float
    high: float
    count: int
    better: float
    """Share of the bootstrap draws in which ``new`` is ahead, draws that tie counting half."""

    @property
    def settled(self) -> bool:
        """Whether the interval leaves out zero: the difference is more than noise."""
        return self.low > 0 or self.high < 0


def same_file(one: str, other: str) -> bool:
    """Whether two paths are equal, or one is a suffix of the other at a slash."""
    return one == other or one.endswith(f"/{other}") or other.endswith(f"/{one}")


def finds(place: HitPlace, target: Target) -> bool:
    """Whether a hit shows a target: the same file and, where the target has lines, a line of them."""
    if not same_file(place.path, target.path):
        return False
    first = target.start_line
    return first is None or shares_line(place, first, target.end_line or first)


def rank_of(target: Target, places: Sequence[HitPlace]) -> int | None:
    """The rank of the first hit that finds ``target``."""
    return next((rank for rank, place in enumerate(places, 1) if finds(place, target)), None)


def ndcg(ranks: Sequence[int | None], *, depth: int = DEPTH) -> float:
    """NDCG of one query whose targets, all worth 1, have these ranks; 0.0 to 1.0, higher is better.

    ``sum(1 / log2(rank + 1))`` over the targets within ``depth``, divided by that sum for ranks
    1, 2, 3, ... (Järvelin and Kekäläinen, *Cumulated gain-based evaluation of IR techniques*, ACM
    TOIS 20(4), 2002). Two targets that one hit finds share its rank; the quotient is held at 1.
    """
    found = sum(_gain(rank) for rank in ranks if rank is not None and rank <= depth)
    ideal = sum(_gain(rank) for rank in range(1, min(len(ranks), depth) + 1))
    return min(1.0, found / ideal) if ideal else 0.0


def _gain(rank: int) -> float:
    return 1.0 / math.log2(rank + 1)


def difference(
    old: Sequence[float], new: Sequence[float], *, seed: int = 0, rounds: int = ROUNDS
) -> Difference:
    """How much better ``new`` is than ``old``, value by value of the same queries in the same order.

    The paired bootstrap of Koehn, *Statistical Significance Tests for Machine Translation
    Evaluation*, EMNLP 2004.

    Raises:
        ValueError: The two are not equally long.
    """
    if len(old) != len(new):
        raise ValueError(f"paired values must be of one length, not {len(old)} and {len(new)}")
    if not old:
        return Difference(0.0, 0.0, 0.0, 0, 0.5)
    gaps = np.asarray(new, dtype=np.float64) - np.asarray(old, dtype=np.float64)
    means = resampled_means(gaps, seed=seed, rounds=rounds)
    low, high = middle(means)
    better = float((means > 0).mean() + (means == 0).mean() / 2)
    return Difference(float(gaps.mean()), low, high, len(gaps), better)
