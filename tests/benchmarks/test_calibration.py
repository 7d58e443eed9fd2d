"""The fit finds constants that are known, and the table counts."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import numpy as np
import pytest
from msgspec.structs import replace

from benchmarks.calibration import Judged, fitted, regression, scored, table
from semindex.search.scale import relevance
from semindex.search.weights import WEIGHTS

KNOWN = replace(WEIGHTS, score_middle=2.0, score_power=3.0, score_width=0.5)


def drawn(count: int) -> Iterator[Judged]:
    """Answers of three hits, of which as many are relevant as the known constants say."""
    chance = random.Random(7)
    for _ in range(count):
        best = chance.uniform(1.0, 6.0)
        for fewer in (0.0, chance.uniform(0.0, 1.0), chance.uniform(0.5, 2.0)):
            likely = relevance(best, KNOWN)(best - fewer) / 100.0
            yield Judged("a", best, best - fewer, chance.random() < likely)


def test_the_constants_by_which_judgements_were_drawn_are_found_again() -> None:
    found = fitted(list(drawn(20_000)))
    assert found.score_middle == pytest.approx(2.0, rel=0.05)
    assert found.score_power == pytest.approx(3.0, rel=0.05)
    assert found.score_width == pytest.approx(0.5, rel=0.05)


def test_a_constant_alone_is_the_share() -> None:
    (constant,) = regression([], np.array([1.0, 0.0, 0.0, 0.0]))
    assert constant == pytest.approx(math.log(1 / 3))


def test_a_table_counts_hits_by_their_score() -> None:
    hits = [Judged("a", 2.0, 2.0, True), Judged("a", 2.0, 2.0, False), Judged("a", 2.0, 0.0, False)]
    rows = scored(hits, KNOWN)
    assert list(table(rows))[1:] == ["| 0 to 5 | 1 | 2 | 0 |", "| 50 to 60 | 2 | 50 | 50 |"]
