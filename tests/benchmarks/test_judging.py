"""What counts as found, NDCG and paired differences, checked against hand-computed values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.quality.judging import Target, difference, finds, ndcg, rank_of, same_file
from semindex.evaluate.metrics import HitPlace, interval

RANKS = st.lists(st.none() | st.integers(1, 30), max_size=8)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("src/a.py", "src/a.py", True),
        ("src/a.py", "repo/src/a.py", True),
        ("repo/src/a.py", "src/a.py", True),
        ("src/a.py", "src/aa.py", False),
        ("bsrc/a.py", "src/a.py", False),
        ("a.py", "ba.py", False),
        ("src/a.py", "src/a.pyi", False),
    ],
)
def test_paths_match_as_suffixes_at_a_slash_only(one: str, other: str, same: bool) -> None:
    assert same_file(one, other) is same
    assert same_file(other, one) is same


@pytest.mark.parametrize(
    ("start", "end", "found"), [(1, 9, False), (1, 10, True), (15, 15, True), (20, 99, True), (21, 30, False)]
)
def test_a_target_with_lines_needs_a_hit_that_shares_one(start: int, end: int, found: bool) -> None:
    assert finds(HitPlace("a.py", start, end), Target("a.py", 10, 20)) is found


def test_a_target_without_lines_is_found_by_any_hit_of_the_file() -> None:
    assert finds(HitPlace("a.py", 400, 401), Target("a.py"))


def test_the_rank_is_that_of_the_first_hit_that_finds_the_target() -> None:
    places = [
        HitPlace("b.py", 1, 5),
        HitPlace("a.py", 1, 5),
        HitPlace("x/a.py", 30, 40),
        HitPlace("a.py", 30, 40),
    ]
    assert rank_of(Target("a.py", 35, 36), places) == 3
    assert rank_of(Target("a.py"), places) == 2
    assert rank_of(Target("c.py"), places) is None


def test_ndcg_of_hand_computed_cases() -> None:
    assert ndcg([1]) == 1.0
    assert ndcg([2]) == pytest.approx(1 / math.log2(3))
    assert ndcg([2, 1]) == pytest.approx(1.0)
    assert ndcg([1, None]) == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert ndcg([3, 5]) == pytest.approx((1 / 2 + 1 / math.log2(6)) / (1 + 1 / math.log2(3)))
    assert ndcg([11]) == 0.0
    assert ndcg([10]) == pytest.approx(1 / math.log2(11))
    assert ndcg([None, None]) == 0.0
    assert ndcg([]) == 0.0


def test_twelve_targets_cannot_all_stand_in_the_first_ten_and_are_not_asked_to() -> None:
    assert ndcg([*range(1, 11), None, None]) == pytest.approx(1.0)


@given(RANKS)
def test_ndcg_lies_between_zero_and_one(ranks: list[int | None]) -> None:
    assert 0.0 <= ndcg(ranks) <= 1.0


@given(RANKS.filter(lambda ranks: any(rank is not None and 1 < rank <= 10 for rank in ranks)))
def test_moving_a_target_up_raises_ndcg(ranks: list[int | None]) -> None:
    place = next(i for i, rank in enumerate(ranks) if rank is not None and 1 < rank <= 10)
    up = [rank - 1 if rank is not None and i == place else rank for i, rank in enumerate(ranks)]
    assert ndcg(up) > ndcg(ranks) or ndcg(ranks) == 1.0


def test_a_paired_difference_is_settled_where_separate_intervals_overlap() -> None:
    old = [float(x) for x in np.random.default_rng(2).random(300)]
    new = [value + (0.02 if i % 3 else 0.01) for i, value in enumerate(old)]
    assert interval(old).high > interval(new).low
    found = difference(old, new)
    assert found.settled
    assert found.better == 1.0
    assert found.mean == pytest.approx(0.05 / 3)


def test_no_difference_is_not_settled() -> None:
    found = difference([0.1, 0.9, 0.5], [0.1, 0.9, 0.5])
    assert (found.mean, found.better, found.settled) == (0.0, 0.5, False)
    assert difference([], []).count == 0


def test_a_difference_of_unpaired_values_is_refused() -> None:
    with pytest.raises(ValueError, match="2 and 1"):
        difference([0.1, 0.2], [0.1])
