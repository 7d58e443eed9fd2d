"""The second stage: the first hits in a new order, by what a transformer says of their text.

Pure functions over hits; the model and the clock come from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from semindex.search.scale import DECIMALS, Scale, relevance
from semindex.types import Deferred, Hit, Reason

DEPTH = 30
"""Hits that are judged, at most."""
GROUP = 6
"""Hits judged between two looks at the clock."""
WEIGHT = 0.15
"""Added for a standard deviation of the model's values. Chosen with LARGEST on function-level, commit-level
and judged queries, see docs/ranking.md for what that is worth. It is not scaled by the spread of the
scores: where one hit stands far ahead, that has a reason, and the model should not undo it."""
LARGEST = 1.5
"""Standard deviations from the mean that count, at most: the model may not decide alone."""
USUAL = LARGEST * WEIGHT
"""Added for a value at the mean; scores are of points without it, since no model makes all hits better."""
SIGNAL = "transformer"
_ALIKE = 1e-6
"""A smaller deviation is of the model's last bits."""


class Verdict(Protocol):
    """What the model says of one text; :class:`semindex.models.judge.TextScore` is one."""

    @property
    def value(self) -> float:
        """Higher is better; comparable within a query."""

    @property
    def read_tokens(self) -> int:
        """How much of the text it read."""

    @property
    def total_tokens(self) -> int:
        """How much there was."""


JudgeTexts = Callable[[Sequence[str]], Sequence[Verdict]]
"""Texts to verdicts on how well they answer the query at hand, in their order."""


class Reranked(Struct, frozen=True):
    """Hits in their new order."""

    hits: tuple[Hit, ...]
    judged: int
    """The first so many of the old order were judged; the others kept their places behind them."""
    wanted: int
    """How many would have been, with time enough."""


def rerank(
    hits: Sequence[Hit],
    judge: JudgeTexts,
    *,
    measure: str,
    seconds: float,
    clock: Callable[[], float],
) -> Reranked:
    """The hits with the model's part added to the points of the first :data:`DEPTH`, best first.

    Scores are computed anew of these points less :data:`USUAL`, so that those of all hits together stay as
    high as they were, and those of other spans in proportion to their heads'.

    Args:
        hits: Best first.
        judge: The model.
        measure: What its values are called (``cosine``).
        seconds: No group of texts is begun that would, taking as long as the one before, end later
            than this. The first group is always judged.
        clock: Seconds, ascending.
    """
    wanted = min(DEPTH, len(hits))
    verdicts = _verdicts(hits[:wanted], judge, seconds=seconds, clock=clock)
    first = hits[: len(verdicts)]
    added = contributions([None if verdict is None else verdict.value for verdict in verdicts])
    changed = [
        _with_reason(hit, Reason(SIGNAL, part, _detail(verdict, measure)))
        for hit, part, verdict in zip(first, added, verdicts, strict=True)
    ]
    changed.sort(key=lambda hit: (-hit.points, hit.path, hit.start_line))
    ordered = (*changed, *hits[len(verdicts) :])
    scale = relevance(max((hit.points for hit in ordered), default=0.0) - USUAL)
    return Reranked(tuple([_scored(hit, scale) for hit in ordered]), len(verdicts), wanted)


def contributions(values: Sequence[float | None]) -> list[float]:
    """What the model's values add to points, between 0 and ``2 * LARGEST * WEIGHT``.

    Values are standardised, so that cosines and logits of any model count alike. As nothing is taken away,
    hits that were not judged stay behind all that were.

    Args:
        values: The model's; None (nothing to read) counts as the mean of the others.
    """
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    spread = float(known.std()) if len(known) else 0.0
    if spread < _ALIKE:
        return [0.0] * len(values)
    mean = float(known.mean())
    away = [0.0 if value is None else (value - mean) / spread for value in values]
    return [WEIGHT * (LARGEST + max(-LARGEST, min(LARGEST, each))) for each in away]


def text_of(hit: Hit) -> str:
    """What the model reads of a hit: where it stands, what it is called, and its lines."""
    return f"{hit.path} {hit.symbol or ''}\n{hit.text or ''}"


def _verdicts(
    hits: Sequence[Hit], judge: JudgeTexts, *, seconds: float, clock: Callable[[], float]
) -> list[Verdict | None]:
    """A verdict a hit, None where it has no text; fewer than hits when the time is up."""
    found: list[Verdict | None] = []
    began = last = clock()
    while len(found) < len(hits):
        group = hits[len(found) : len(found) + GROUP]
        told = iter(judge([text_of(hit) for hit in group if hit.text is not None]))
        found += [next(told) if hit.text is not None else None for hit in group]
        now = clock()
        if now - began + (now - last) > seconds:
            break
        last = now
    return found


def _with_reason(hit: Hit, reason: Reason) -> Hit:
    reasons = sorted((*hit.reasons, reason), key=lambda each: (-abs(each.contribution), each.signal))
    return replace(hit, points=hit.points + reason.contribution, reasons=tuple(reasons))


def _scored(hit: Hit, scale: Scale) -> Hit:
    score = round(scale(hit.points - USUAL), DECIMALS)
    more, share = hit.more, score / hit.score if hit.score else 0.0
    told = Deferred(lambda: [replace(each, score=round(share * each.score, DECIMALS)) for each in more])
    return replace(hit, score=score, more=told)


def _detail(verdict: Verdict | None, measure: str) -> str:
    if verdict is None:
        return "not read: counts as the mean of the others"
    cut = verdict.read_tokens < verdict.total_tokens
    part = f", first {verdict.read_tokens:,} of {verdict.total_tokens:,} tokens" if cut else ""
    return f"{measure} {verdict.value:.3f}{part}"
