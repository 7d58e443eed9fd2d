"""Ranks to figures: recall, reciprocal rank, and how sure one can be of their means.

Pure functions. A *rank* is 1 for the first hit, and None for what was not found. Means come with a
percentile bootstrap interval (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993,
section 13.3): the queries are drawn again with replacement, and the middle 95 % of the means of
those draws is the interval.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

DEPTH = 10
"""Hits that are looked at, here and in the published figures for these tasks."""
ROUNDS = 2000
"""Bootstrap draws: 95 % ends move by less than a twentieth of the interval from seed to seed."""
_BLOCK_CELLS = 4_000_000


class HitPlace(Struct, frozen=True):
    """Where a hit points: lines ``start_line..end_line`` of ``path``, 1-based and inclusive."""

    path: str
    start_line: int
    end_line: int


class Interval(Struct, frozen=True, rename={"count": "queries"}):
    """A mean over ``count`` values and its 95 % interval; all zero when there were none."""

    mean: float
    low: float
    high: float
    count: int


def shares_line(place: HitPlace, start_line: int, end_line: int) -> bool:
    """Whether a hit shows any of the lines ``start_line..end_line``."""
    return place.start_line <= end_line and start_line <= place.end_line


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
    low, high = middle(resampled_means(array, seed=seed, rounds=rounds))
    return Interval(float(array.mean()), low, high, len(array))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0.0 to 1.0) of ``values`` lie, interpolated; 0.0 for none."""
    return float(np.quantile(np.asarray(values, dtype=np.float64), share)) if values else 0.0


def resampled_means(values: npt.NDArray[np.float64], *, seed: int, rounds: int) -> npt.NDArray[np.float64]:
    """Means of ``rounds`` draws with replacement, shape ``(rounds,)``."""
    random, rows = np.random.default_rng(seed), max(1, _BLOCK_CELLS // len(values))
    means: list[npt.NDArray[np.float64]] = []
    for done in range(0, rounds, rows):
        draws = random.integers(0, len(values), size=(min(rows, rounds - done), len(values)))
        means.append(values[draws].mean(axis=1))
    return np.concatenate(means)


def middle(means: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The values between which the middle 95 % of ``means`` lie."""
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
