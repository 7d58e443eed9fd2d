"""Scores are those of the formula, to the last bit, whichever way terms are looked up."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.embed.static import StaticEmbedder
from semindex.search.scoring import (
    Signal,
    Weighed,
    best_text,
    body_scores,
    discounted,
    exact_text,
    reasons,
    total,
    weighed,
)
from semindex.search.shortlist import by_file_maximum
from semindex.search.terms import NeighbourTerms, Norms
from semindex.search.weights import WEIGHTS
from semindex.store.generation import Generation
from semindex.tokens import hash_term, hash_terms, query_terms
from semindex.types import QueryTerm

from .lookups import WAYS, chosen_of, forced, look_up
from .occurrences import Occurrences, idf, live_postings

TERMS = query_terms("parse the route request header of a zzqq cookie template error path")


def matches(
    generation: Generation, way: str, terms: Sequence[QueryTerm] = TERMS, near: NeighbourTerms | None = None
) -> Weighed:
    """What is found of the terms, weighed."""
    neighbours = near if near is not None else NeighbourTerms.none(len(terms))
    found, source = look_up(generation, hash_terms(term.term for term in terms), neighbours, way)
    return weighed(terms, found, source, generation)


@pytest.mark.parametrize("way", WAYS)
def test_terms_are_worth_more_the_rarer_they_are(generation: Generation, way: str) -> None:
    known = Occurrences(generation)
    with forced(way):
        found = matches(generation, way)
    having = {term.term: known.having(term.term) for term in TERMS}
    kept = [term for term in TERMS if having[term.term] or term.weight >= 1.0]
    assert len(kept) < len(TERMS)
    assert list(found.terms) == kept
    wanted = [term.weight * idf(generation.live_chunks, len(having[term.term])) for term in kept]
    assert list(found.worth) == wanted
    assert found.worth_sum == sum(wanted)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("step", [None, 1, 3])
def test_the_best_chunk_of_a_file_is_scored_term_by_term(
    generation: Generation, way: str, step: int | None
) -> None:
    """By the formula but for rounding; by the sums in their order to the last bit."""
    known = Occurrences(generation)
    kinds = None
    if step is not None:
        kinds = np.zeros(generation.chunks, dtype=bool)
        kinds[::step] = True
    with forced(way):
        text = matches(generation, way)
        found = best_text(text, generation, kinds)
    scores, gains = np.zeros(generation.chunks), np.zeros(generation.chunks)
    by_path = np.zeros(generation.files)
    for term, worth in zip(text.terms, text.worth, strict=True):
        own, path = known.by_chunk(hash_term(term.term)), known.by_path(hash_term(term.term))
        for chunk in known.live:
            tf, file_tf = own.get(chunk, 0.0), path.get(int(generation.chunk_file[chunk]), 0.0)
            value = tf + file_tf
            scores[chunk] += value / (WEIGHTS.k1 + value) * worth
            gains[chunk] += (value / (WEIGHTS.k1 + value) - file_tf / (WEIGHTS.k1 + file_tf)) * worth
        for file, file_tf in path.items():
            by_path[file] += file_tf / (WEIGHTS.k1 + file_tf) * worth
    if kinds is not None:
        scores[~kinds], gains[~kinds] = -1.0, 0.0
    wanted = by_file_maximum(scores, generation) / text.worth_sum
    assert found.max() > 0.05
    assert found[wanted >= 0.0] == pytest.approx(wanted[wanted >= 0.0], abs=1e-12)
    in_order = (by_path + by_file_maximum(gains, generation)) / text.worth_sum
    assert np.array_equal(found[generation.file_live], in_order[generation.file_live])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("step", [1, 3])
def test_neighbours_count_with_their_share(generation: Generation, way: str, step: int) -> None:
    """As a filter by kind leaves the chunks; fields, neighbours, terms and the rest added in their order."""
    known, words = Occurrences(generation), StaticEmbedder.bundled()
    neighbours = words.neighbours(hash_terms(term.term for term in TERMS))
    near = NeighbourTerms(neighbours.hashes, 0.3 * neighbours.cosines, neighbours.counts.tolist())
    assert len(near.hashes)
    chosen = chosen_of(generation, known.live[::step])
    with forced(way):
        text = matches(generation, way, near=near)
        found = exact_text(text, chosen, WEIGHTS.k1)
    wanted, without = np.zeros(len(chosen.chunks)), np.zeros(len(chosen.chunks))
    for term, worth in zip(text.terms, text.worth, strict=True):
        number = TERMS.index(term)
        mine = slice(sum(near.runs[:number]), sum(near.runs[: number + 1]))
        hashes, shares = near.hashes[mine].tolist(), near.shares[mine].tolist()
        values = known.with_neighbours(hash_term(term.term), hashes, shares)
        alone = known.whole(hash_term(term.term))
        for place, chunk in enumerate(chosen.chunks.tolist()):
            value, less = values.get(chunk, 0.0), alone.get(chunk, 0.0)
            wanted[place] += value / (WEIGHTS.k1 + value) * worth
            without[place] += less / (WEIGHTS.k1 + less) * worth
    assert (wanted > without).any()
    assert np.array_equal(found, wanted / text.worth_sum)


@pytest.mark.parametrize("way", WAYS)
def test_bodies_are_scored_by_chunk_and_by_file(generation: Generation, way: str) -> None:
    known = Occurrences(generation)
    chunk, file = np.zeros(generation.chunks), np.zeros(generation.files)
    held = np.zeros(generation.chunks)
    totals = [0.0, 0.0]
    body, average = generation.lengths["body"].astype(np.int64), known.average("body")
    sizes = np.bincount(generation.chunk_file, body, generation.files)
    file_average = sizes[generation.file_live].sum() / generation.live_files
    for term in TERMS:
        found = live_postings(generation, "body", hash_term(term.term))
        if not len(found.rows) and term.weight < 1.0:
            continue
        worth = idf(generation.live_chunks, len(found.rows)) * term.weight
        totals[0] += worth
        if term.weight >= 1.0:  # what neighbours were joined to is no word of the query
            held[found.rows] += idf(generation.live_chunks, len(found.rows))
        for row, count in zip(found.rows.tolist(), found.counts.tolist(), strict=True):
            norm = 1.0 - WEIGHTS.body_b + WEIGHTS.body_b * (int(body[row]) / average)
            value = 1.0 / norm * count
            chunk[row] += value / (WEIGHTS.body_k1 + value) * worth
        counts = np.bincount(generation.chunk_file[found.rows], found.counts, generation.files)
        worth = idf(generation.live_files, int(np.count_nonzero(counts))) * term.weight
        totals[1] += worth
        for owner in np.flatnonzero(counts).tolist():
            b = WEIGHTS.file_body_b
            value = counts[owner] / (1.0 - b + b * (sizes[owner] / file_average))
            file[owner] += value / (WEIGHTS.file_body_k1 + value) * worth
    chosen = chosen_of(generation, known.live[::2])
    with forced(way):
        weighed_ = matches(generation, way)
        code = body_scores(weighed_, chosen, Norms(generation, WEIGHTS).body, WEIGHTS.body_k1)
    assert np.count_nonzero(file) > 3
    assert np.array_equal(weighed_.file_body, file / totals[1])
    assert np.array_equal(code.scores, chunk[chosen.chunks] / totals[0])
    assert np.array_equal(code.worth, held[chosen.chunks])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("query", ["", "zzqq"])
def test_terms_that_occur_nowhere_score_nothing(generation: Generation, way: str, query: str) -> None:
    terms = query_terms(query)
    assert len(terms) == bool(query)
    chosen = chosen_of(generation, np.flatnonzero(generation.chunk_live).tolist())
    with forced(way):
        found = matches(generation, way, terms)
        assert list(found.terms) == terms
        assert not best_text(found, generation, None).any()
        assert not found.file_body.any()
        assert not exact_text(found, chosen, WEIGHTS.k1).any()
        code = body_scores(found, chosen, Norms(generation, WEIGHTS).body, WEIGHTS.body_k1)
        assert not code.scores.any()
        assert not code.worth.any()


triples = st.lists(
    st.tuples(st.floats(0, 4, width=32), st.floats(-1, 4, width=32), st.integers(0, 5)), max_size=60
)
Triples = list[tuple[float, float, int]]
DECAYS = (0.5, 0.7)


def discounted_of(found: Triples, best: int) -> npt.NDArray[np.float64]:
    """Two kinds of values of six owners."""
    parts = [np.array([row[number] for row in found], dtype=np.float64) for number in range(2)]
    owners = np.array([owner for *_, owner in found], dtype=np.int64)
    return discounted(parts, owners, 6, decays=DECAYS, best=best)


@given(triples, st.integers(1, 4))
def test_discounted_sums_are_those_of_the_definition(found: Triples, best: int) -> None:
    sums = discounted_of(found, best)
    assert sums.shape == (2, 6)
    for number, decay in enumerate(DECAYS):
        for owner in range(6):
            own = sorted((row[number] for row in found if row[2] == owner), reverse=True)[:best]
            wanted = sum(max(0.0, value) * decay**rank for rank, value in enumerate(own))
            assert sums[number, owner] == pytest.approx(wanted)


@given(triples)
def test_discounted_sums_do_not_depend_on_order(found: Triples) -> None:
    assert np.array_equal(discounted_of(found, 8), discounted_of(sorted(found), 8))


def test_reasons_add_up_to_the_score_and_come_largest_first() -> None:
    signals = [
        Signal("words", np.array([1.0, 0.0])),
        Signal("tests file", np.array([-2.0, 0.5])),
        Signal("size", np.array([0.25, 0.25])),
    ]
    scores = total(signals, 2)
    first, second = reasons(signals, 0, {"words": "two"}), reasons(signals, 1, {})
    assert [reason.signal for reason in first] == ["tests file", "words", "size"]
    assert sum(reason.contribution for reason in first) == pytest.approx(scores[0])
    assert [reason.detail for reason in first] == ["", "two", ""]
    assert "words" not in [reason.signal for reason in second]
