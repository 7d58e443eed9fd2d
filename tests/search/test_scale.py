"""Scores from 0 to 100: what they are computed of, and that they change no order."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import semindex
from semindex.index import Index
from semindex.search.scale import relevance, similarity
from semindex.search.weights import WEIGHTS
from semindex.types import Hits
from tests.corpus import copy_package

points = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-20, 20)
QUERIES = (
    "parse the header of a message",
    "EmailMessage.get_body",
    "policy",
    '"line length"',
    "boundary lines",
)


def odds(score: float) -> float:
    return score / (100.0 - score)


@given(st.lists(points, min_size=1))
def test_scores_are_between_0_and_100_and_rise_with_points(several: list[float]) -> None:
    scale = relevance(max(several))
    scores = [scale(each) for each in sorted(several)]
    assert all(0.0 <= score <= 100.0 for score in scores)
    assert scores == sorted(scores)


@given(points, points)
def test_the_best_hit_has_the_higher_score_the_more_points_it_has(one: float, other: float) -> None:
    assume(one < other)
    assert relevance(one)(one) <= relevance(other)(other)


def test_the_constants_mean_what_they_say() -> None:
    middle, power, width = WEIGHTS.score_middle, WEIGHTS.score_power, WEIGHTS.score_width
    assert relevance(middle)(middle) == pytest.approx(50.0)
    assert relevance(0.0)(0.0) == relevance(-1.0)(-1.0) == 0.0
    best = 2.0 * middle
    assert odds(relevance(best)(best)) == pytest.approx(2.0**power)
    assert odds(relevance(best)(best - width)) == pytest.approx(2.0**power / math.e)


@given(points, st.sampled_from([0.0, 0.35]))
def test_similarities_are_percents_whatever_the_best_is(cosine: float, share: float) -> None:
    assert similarity(share)(1.0)(cosine) == similarity(share)(7.0)(cosine)
    assert 0.0 <= similarity(share)(1.0)(cosine) <= 100.0
    assert similarity(share)(1.0)(0.5 + share * 0.5) == pytest.approx(50.0)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    with semindex.open(copy_package("email", tmp_path_factory.mktemp("scale") / "repo")) as index:
        index.refresh()
        return index


def check(hits: Hits) -> None:
    """Scores are in their range and in the order of points, and no other span has more than its head."""
    assert hits
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert [hit.points for hit in hits] == sorted((hit.points for hit in hits), reverse=True)
    for hit in hits:
        assert 0.0 <= hit.score <= 100.0
        assert hit.score == round(hit.score, 1)
        assert sum(reason.contribution for reason in hit.reasons) == pytest.approx(hit.points)
        also = [each.score for each in (hit, *hit.more)]
        assert also[1:] == sorted(also[1:], reverse=True)
        assert all(0.0 <= each.score <= hit.score and each.points <= hit.points for each in hit.more)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("asked", [{}, {"mode": "lexical"}, {"mode": "dense"}, {"group_by": "chunk"}])
def test_scores_of_an_answer_follow_its_points(index: Index, query: str, asked: dict[str, Any]) -> None:
    check(index.search(query, limit=40, **asked))


def test_what_is_pasted_is_surely_right_and_the_rest_is_not(index: Index) -> None:
    first, second, *_ = index.search("boundary = self.get_boundary() start sub-multiparts with the boundary")
    assert first.score > 50.0 > second.score


def test_a_file_with_less_than_no_points_has_no_other_spans_above_it(negative: Index) -> None:
    (hit,) = negative.search("wander", group_by="file")
    assert hit.points < 0.0
    assert hit.score == 0.0
    assert all(each.points <= hit.points and each.score == 0.0 for each in hit.more)


@pytest.fixture
def negative(tmp_path: Path) -> Index:
    """A document of which so little speaks for anything that its role outweighs it."""
    text = "\n\n".join(f"# Part {n}\n\n" + "Of ships and harbours.\n" * 40 for n in range(3))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "notes.md").write_text(f"{text}\nThey wander.\n", "utf-8")
    with semindex.open(tmp_path) as index:
        index.refresh()
        return index


@pytest.mark.parametrize("place", ["email/parser.py:30", "email/feedparser.py"])
def test_similar_places_have_their_cosine_in_percent(index: Index, place: str) -> None:
    hits = index.related(place)
    check(hits)
    for hit in hits:
        for each in (hit, *hit.more):
            assert each.score == pytest.approx(100.0 * min(1.0, each.points), abs=0.051)
    flat = index.related(place, group_by="chunk", limit=20)
    check(flat)
    assert flat[0].score == hits[0].score
