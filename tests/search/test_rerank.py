"""Mixing the model's values in, and the budget; the model and the clock are played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from semindex.models.judge import TextScore
from semindex.search.rerank import (
    DEPTH,
    GROUP,
    LARGEST,
    SIGNAL,
    USUAL,
    WEIGHT,
    Reranked,
    contributions,
    rerank,
    text_of,
)
from semindex.search.scale import relevance
from semindex.types import Hit, Reason

from ..present.records import HIT

numbers = st.floats(-50, 50, allow_nan=False).map(lambda value: round(value, 3))


def hits_of(scores: Sequence[float]) -> list[Hit]:
    return [
        replace(HIT, path=f"{place:03}.py", points=score, reasons=(Reason("words", score),))
        for place, score in enumerate(scores)
    ]


def reranked(
    hits: Sequence[Hit],
    value: Callable[[str], float],
    *,
    seconds: float = 100.0,
    step: float = 0.0,
    tokens: tuple[int, int] = (5, 5),
) -> Reranked:
    """With a model that gives each text ``value(text)``, and a clock that moves on with every look."""
    ticks = count()
    return rerank(
        hits,
        lambda texts: [TextScore(value(text), *tokens) for text in texts],
        measure="cosine",
        seconds=seconds,
        clock=lambda: next(ticks) * step,
    )


def order(done: Reranked) -> list[int]:
    return [int(hit.path.removesuffix(".py")) for hit in done.hits]


def place_of(text: str) -> int:
    return int(text.partition(".py")[0])


def second_is_best(text: str) -> float:
    return 1.0 if place_of(text) == 1 else 0.0


@given(st.lists(numbers, max_size=40), st.floats(0.01, 5), numbers)
def test_contributions_do_not_depend_on_the_models_scale(
    values: list[float], scale: float, shift: float
) -> None:
    found = contributions(values)
    again = contributions([scale * value + shift for value in values])
    assert again == pytest.approx(found, abs=1e-3)


@given(st.lists(numbers, min_size=2, max_size=40))
def test_contributions_are_bounded_and_in_the_order_of_the_values(values: list[float]) -> None:
    found = contributions(values)
    assert all(0.0 <= part <= 2 * LARGEST * WEIGHT for part in found)
    for (lower, less), (higher, more) in pairwise(sorted(zip(values, found, strict=True))):
        assert less <= more
        assert lower <= higher


def test_contributions_by_hand() -> None:
    # Mean 3, deviation 2.
    assert contributions([5, 1]) == pytest.approx([WEIGHT * 2.5, WEIGHT * 0.5])
    assert contributions([5, None, 1]) == pytest.approx([WEIGHT * 2.5, WEIGHT * 1.5, WEIGHT * 0.5])
    # Mean 1, deviation 3: the last is three deviations away, and counts as one and a half.
    assert contributions([0] * 9 + [10]) == pytest.approx([WEIGHT * (1.5 - 1 / 3)] * 9 + [WEIGHT * 3])


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0], [None, None], [None, 1.0]])
def test_what_tells_nothing_apart_adds_nothing(values: list[float | None]) -> None:
    assert contributions(values) == [0.0] * len(values)


@given(st.lists(numbers, min_size=1, max_size=45))
def test_reasons_sum_to_the_score_and_no_hit_is_lost(scores: list[float]) -> None:
    hits = hits_of(sorted(scores, reverse=True))
    values = {place: place * 37 % 11 for place in range(len(hits))}
    done = reranked(hits, lambda text: float(values[place_of(text)]))
    assert sorted(order(done)) == list(range(len(hits)))
    assert [hit.points for hit in done.hits] == sorted((hit.points for hit in done.hits), reverse=True)
    for hit in done.hits:
        assert sum(reason.contribution for reason in hit.reasons) == pytest.approx(hit.points)


@given(st.lists(numbers, min_size=1, max_size=45))
def test_scores_follow_the_new_order_and_those_of_other_spans_their_heads(points: list[float]) -> None:
    scale = relevance(max(points))
    hits = [
        replace(hit, score=scale(hit.points), more=(replace(hit, score=scale(hit.points) / 2, more=()),))
        for hit in hits_of(sorted(points, reverse=True))
    ]
    done = reranked(hits, lambda text: float(place_of(text) * 37 % 11)).hits
    assert [hit.score for hit in done] == sorted((hit.score for hit in done), reverse=True)
    for hit in done:
        assert 0.0 <= hit.score <= 100.0
        assert [each.score for each in hit.more] == pytest.approx([hit.score / 2], abs=0.06)


def test_a_model_that_tells_nothing_apart_leaves_scores_nearly_as_they_were() -> None:
    # What it finds as good as the others gets USUAL, and scores are of points without that.
    values = [2.0, 1.0, 0.0]
    hits = hits_of([3.0, 2.9, 2.8])
    done = {hit.path: hit for hit in reranked(hits, lambda text: values[place_of(text)]).hits}
    middle = done["001.py"]
    assert middle.points == pytest.approx(2.9 + USUAL)
    best = max(hit.points for hit in done.values()) - USUAL
    assert middle.score == pytest.approx(relevance(best)(2.9), abs=0.051)


def test_the_model_moves_what_the_ranking_holds_close() -> None:
    done = reranked(hits_of([2.0, 1.9, 1.8, 0.1]), lambda text: {2: 0.9}.get(place_of(text), 0.1))
    assert order(done) == [2, 0, 1, 3]
    (reason,) = [reason for reason in done.hits[0].reasons if reason.signal == SIGNAL]
    assert reason.detail == "cosine 0.900"
    assert (done.judged, done.wanted) == (4, 4)


def test_hits_past_the_depth_stay_where_they_were() -> None:
    hits = hits_of([10.0 - place / 10 for place in range(DEPTH + 5)])
    done = reranked(hits, second_is_best)
    assert (done.judged, done.wanted) == (DEPTH, DEPTH)
    assert order(done) == [1, 0, *range(2, DEPTH + 5)]
    assert all(SIGNAL not in {reason.signal for reason in hit.reasons} for hit in done.hits[DEPTH:])


def test_ties_go_by_path() -> None:
    hits = hits_of([1.0] * 5)[::-1]
    assert order(reranked(hits, lambda text: 0.0)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("seconds", "groups"), [(0.0, 1), (1.5, 1), (2.5, 2), (4.9, 4), (5.0, 5), (9.0, 5)])
def test_no_group_is_begun_that_would_end_too_late(seconds: float, groups: int) -> None:
    hits = hits_of([5.0 - place / 10 for place in range(DEPTH + 2)])
    done = reranked(hits, second_is_best, seconds=seconds, step=1.0)
    assert (done.judged, done.wanted) == (groups * GROUP, DEPTH)
    assert order(done) == [1, 0, *range(2, DEPTH + 2)], "the others wait behind"
    judged = [hit for hit in done.hits if SIGNAL in {reason.signal for reason in hit.reasons}]
    assert len(judged) == done.judged


def test_a_text_read_in_part_says_so() -> None:
    done = reranked(hits_of([2.0, 1.0]), place_of, tokens=(126, 1410))
    assert {reason.detail for hit in done.hits for reason in hit.reasons if reason.signal == SIGNAL} == {
        "cosine 0.000, first 126 of 1,410 tokens",
        "cosine 1.000, first 126 of 1,410 tokens",
    }


def test_a_hit_without_text_is_not_read_and_counts_as_the_mean() -> None:
    hits = hits_of([3.0, 2.9, 2.8])
    hits[1] = replace(hits[1], text=None, stale=True)
    read: list[str] = []
    done = reranked(hits, lambda text: read.append(text) or float(place_of(text)))  # type: ignore[func-returns-value]
    assert [place_of(text) for text in read] == [0, 2]
    parts = {hit.path: reason for hit in done.hits for reason in hit.reasons if reason.signal == SIGNAL}
    middle = (parts["000.py"].contribution + parts["002.py"].contribution) / 2
    assert parts["001.py"].contribution == pytest.approx(middle)
    assert parts["001.py"].detail == "not read: counts as the mean of the others"


def test_nothing_found_is_nothing_judged() -> None:
    done = reranked([], place_of)
    assert done == Reranked((), 0, 0)


def test_the_model_reads_place_name_and_lines() -> None:
    assert text_of(HIT) == f"src/cookies.py Jar.parse_cookie\n{HIT.text}"
    assert text_of(replace(HIT, symbol=None, text="x = 1")) == "src/cookies.py \nx = 1"
