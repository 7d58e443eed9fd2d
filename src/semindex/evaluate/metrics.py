"""Ranks to figures: NDCG, recall, reciprocal rank, and how sure one can be of their means.

Pure functions. A *rank* is 1 for the first hit, and None for what was not found. Means come with a
percentile bootstrap interval (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993,
section 13.3): the queries are drawn again with replacement, and the middle 95 % of the means of
those draws is the interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DEPTH = 10
"""Hits that are looked at, here and in the published figures for these tasks."""
ROUNDS = 2000
"""Bootstrap draws: 95 % ends move by less than a twentieth of the interval from seed to seed."""
_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """What a query should find: a file, or lines ``start_line..end_line`` of it."""

    path: str
    start_line: int | None = None
    end_line: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hit points: lines ``start_line..end_line`` of ``path``, 1-based and inclusive."""

    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over ``count`` values and its 95 % interval; all zero when there were none."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Difference:
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


def shares_line(place: Place, start_line: int, end_line: int) -> bool:
    """Whether a hit shows any of the lines ``start_line..end_line``."""
    return place.start_line <= end_line and start_line <= place.end_line


def finds(place: Place, target: Target) -> bool:
    """Whether a hit shows a target: the same file and, where the target has lines, a line of them."""
    if not same_file(place.path, target.path):
        return False
    first = target.start_line
    return first is None or shares_line(place, first, target.end_line or first)


def rank_of(target: Target, places: Sequence[Place]) -> int | None:
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


def recall(ranks: Sequence[int | None], *, depth: int) -> float:
    """The share of one query's targets that stand within ``depth``; 0.0 when it has no target."""
    found = sum(1 for rank in ranks if rank is not None and rank <= depth)
    return found / len(ranks) if ranks else 0.0


def reciprocal_rank(ranks: Sequence[int | None], *, depth: int = DEPTH) -> float:
    """One over the best rank within ``depth``, 0.0 when there is none (its mean is the MRR).

    Voorhees, *The TREC-8 Question Answering Track Report*, 1999.
    """
    return max((1.0 / rank for rank in ranks if rank is not None and rank <= depth), default=0.0)


def interval(values: Sequence[float], *, seed: int = 0, rounds: int = ROUNDS) -> Interval:
    """The mean of ``values`` with its 95 % bootstrap interval; the same for the same seed."""
    if not values:
        return Interval(0.0, 0.0, 0.0, 0)
    array = np.asarray(values, dtype=np.float64)
    low, high = _middle(_resampled_means(array, seed=seed, rounds=rounds))
    return Interval(float(array.mean()), low, high, len(array))


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
    means = _resampled_means(gaps, seed=seed, rounds=rounds)
    low, high = _middle(means)
    better = float((means > 0).mean() + (means == 0).mean() / 2)
    return Difference(float(gaps.mean()), low, high, len(gaps), better)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0.0 to 1.0) of ``values`` lie, interpolated; 0.0 for none."""
    return float(np.quantile(np.asarray(values, dtype=np.float64), share)) if values else 0.0


def _resampled_means(values: npt.NDArray[np.float64], *, seed: int, rounds: int) -> npt.NDArray[np.float64]:
    """Means of ``rounds`` draws with replacement, shape ``(rounds,)``."""
    return np.concatenate(list(_blocks_of_means(values, np.random.default_rng(seed), rounds)))


def _blocks_of_means(
    values: npt.NDArray[np.float64], random: np.random.Generator, rounds: int
) -> Iterator[npt.NDArray[np.float64]]:
    rows = max(1, _BLOCK_CELLS // len(values))
    for done in range(0, rounds, rows):
        draws = random.integers(0, len(values), size=(min(rows, rounds - done), len(values)))
        yield values[draws].mean(axis=1)


def _middle(means: npt.NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
