"""The figures, checked against hand-computed values and the properties they must have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.evaluate.metrics import interval, percentile, recall, reciprocal_rank

RANKS = st.lists(st.none() | st.integers(1, 30), max_size=8)


@given(RANKS)
def test_every_figure_lies_between_zero_and_one(ranks: list[int | None]) -> None:
    assert 0.0 <= recall(ranks, depth=10) <= 1.0
    assert 0.0 <= reciprocal_rank(ranks) <= 1.0


def test_recall_and_reciprocal_rank_stop_at_their_depth() -> None:
    ranks = [2, 7, None, 40]
    assert recall(ranks, depth=5) == 0.25
    assert recall(ranks, depth=10) == 0.5
    assert recall([], depth=10) == 0.0
    assert reciprocal_rank(ranks) == 0.5
    assert reciprocal_rank([11, None]) == 0.0


def test_an_interval_holds_its_mean_and_is_the_same_for_the_same_seed() -> None:
    values = [float(x) for x in np.random.default_rng(3).random(200)]
    first = interval(values, seed=5)
    assert first.low < first.mean < first.high
    assert first.mean == pytest.approx(sum(values) / 200)
    assert first == interval(values, seed=5)
    assert first != interval(values, seed=6)
    assert first.count == 200


def test_an_interval_has_the_width_that_theory_gives() -> None:
    values = [0.0, 1.0] * 200
    found = interval(values)
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(400), rel=0.1)


def test_an_interval_of_nothing_is_zero_and_of_equal_values_has_no_width() -> None:
    assert (interval([]).mean, interval([]).count) == (0.0, 0)
    assert (interval([0.5] * 9).low, interval([0.5] * 9).high) == (0.5, 0.5)


def test_many_values_are_resampled_in_blocks_that_use_one_stream() -> None:
    values = [float(x) for x in np.random.default_rng(1).random(30_000)]
    found = interval(values, rounds=300)
    expected = 1.96 * float(np.std(values)) / math.sqrt(len(values))
    assert (found.high - found.low) / 2 == pytest.approx(expected, rel=0.2)


def test_percentiles_interpolate() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.5
    assert percentile([], 0.5) == 0.0
