"""Points to the score that is shown, 0 to 100: points are the sum of signals that orders hits.

How many points a right hit has differs from question to question, so two things count: how many the best
hit of the answer has, and how many fewer a hit has. The odds that the best one is right are
``(best / middle) ** power``, and those of another hit are smaller by ``exp((best - points) / width)``.

A worked example, with a middle of 2.5, a power of 4 and a width of 0.3. The best hit has 3.5 points, so its
odds are 1.4 ** 4 = 3.84, which is 3.84 of 4.84, or a score of 79. A hit with 3.0 points has odds of
3.84 / exp(0.5 / 0.3) = 0.73, or a score of 42.

Within an answer scores never fall where points rise, so that they change no order. Hits are ordered by their
points, since many points all give 100.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from semindex.search.weights import WEIGHTS, Weights

DECIMALS = 1
"""Those of a score; more would mean nothing."""

Scale = Callable[[float], float]
"""Points to a score from 0 to 100, never falling."""
Scaling = Callable[[float], Scale]
"""The most points of any hit of an answer to the scale of this answer."""


def relevance(best: float, weights: Weights = WEIGHTS) -> Scale:
    """The scale of an answer whose best hit has ``best`` points.

    A score is about how many of 100 hits such as this one were judged relevant: the logistic curve
    ``100 / (1 + exp(-x))`` of the logarithm x of their odds, written with ``tanh``, which overflows nowhere.
    ``benchmarks.calibration`` fits the constants.
    """
    if best <= 0.0:
        return lambda points: 0.0
    first = weights.score_power * (math.log(best) - math.log(weights.score_middle))
    return lambda points: 50.0 * (1.0 + math.tanh((first - (best - points) / weights.score_width) / 2.0))


def similarity(share: float = 0.0) -> Scaling:
    """Cosines in percent, whatever the best is: 0 for those below 0, 100 for those that rounding made over 1.

    Args:
        share: Points are the cosine of a chunk and so much of that of its file; the score is then of the mean
            of the two, in these weights.
    """
    return lambda best: lambda points: 100.0 * min(1.0, max(0.0, points / (1.0 + share)))
