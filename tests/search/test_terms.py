"""Where terms occur: what each way finds is what the postings hold, and all ways find the same."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semindex.search.gathering import Scratch, text_frequencies
from semindex.search.terms import NeighbourTerms, Norms, Occurring
from semindex.search.weights import WEIGHTS
from semindex.store.generation import Generation
from semindex.tokens import hash_term, hash_terms, query_terms

from .lookups import DECODED, WAYS, chosen_of, forced, look_up
from .occurrences import Occurrences


def terms_of(text: str) -> list[str]:
    """The terms of a query."""
    return [term.term for term in query_terms(text)]


TERMS = terms_of("parse the route request header of a zzqq cookie template error path")
DRAWN = sorted(
    {
        *terms_of("wsgi server handler environ simple headers validate util types"),
        *terms_of("start_response get_environ WSGIServer BaseHandler zzqq zzxx"),
        *terms_of("self def return the of is a test read write error input status"),
        *TERMS,
    }
)
words = st.lists(st.sampled_from(DRAWN), unique=True, max_size=12)


def test_what_is_drawn_occurs(generation: Generation) -> None:
    """Otherwise the tests below would compare nothing with nothing."""
    found, _ = look_up(generation, hash_terms(DRAWN), NeighbourTerms.none(len(DRAWN)), DECODED)
    assert sum(map(bool, found.text_df)) > 20
    assert sum(map(bool, found.body_df)) >= 25
    assert not all(found.text_df)
    assert found.file_sizes.sum() > 5


@pytest.mark.parametrize("way", WAYS)
def test_gains_are_those_of_frequencies_added_field_by_field(generation: Generation, way: str) -> None:
    known, k1 = Occurrences(generation), WEIGHTS.k1
    with forced(way):
        found, _ = look_up(generation, hash_terms(TERMS), NeighbourTerms.none(len(TERMS)), way)
    ends, file_ends = found.sizes.cumsum().tolist(), found.file_sizes.cumsum().tolist()
    assert np.count_nonzero(found.sizes) >= 4
    assert np.count_nonzero(found.file_sizes)
    for number, term in enumerate(TERMS):
        own, path = known.by_chunk(hash_term(term)), known.by_path(hash_term(term))
        cut = slice(ends[number] - int(found.sizes[number]), ends[number])
        chunks, gains = found.chunks[cut].tolist(), found.gains[cut].tolist()
        assert chunks == sorted(own)
        for chunk, gain in zip(chunks, gains, strict=True):
            tf, by_path = own[chunk], path.get(int(generation.chunk_file[chunk]), 0.0)
            assert gain == (tf + by_path) / (k1 + (tf + by_path)) - by_path / (k1 + by_path)
        file_cut = slice(file_ends[number] - int(found.file_sizes[number]), file_ends[number])
        files, file_gains = found.files[file_cut].tolist(), found.file_gains[file_cut].tolist()
        assert files == sorted(path)
        assert file_gains == [path[file] / (k1 + path[file]) for file in files]
        assert found.text_df[number] == len(known.having(term))


@pytest.mark.parametrize("way", WAYS)
def test_frequencies_are_looked_up_together_or_apart(generation: Generation, way: str) -> None:
    hashes = hash_terms(TERMS)
    with forced(way):
        found, _ = look_up(generation, hashes, NeighbourTerms.none(len(TERMS)), way)
        norms, scratch = Norms(generation, WEIGHTS), Scratch(generation.chunks)
        assert list(found.text_df) == list(text_frequencies(generation, norms, scratch, hashes))
    assert (scratch.position == -1).all()
    assert not scratch.mark.any()


@given(words)
@settings(deadline=None, max_examples=60)
def test_all_ways_find_the_same(generation: Generation, terms: list[str]) -> None:
    wanted = None
    for way in WAYS:
        with forced(way):
            found, _ = look_up(generation, hash_terms(terms), NeighbourTerms.none(len(terms)), way)
        wanted = comparable(found) if wanted is None else wanted
        assert comparable(found) == wanted


def comparable(found: Occurring) -> list[Any]:
    """All that was found, bit for bit, in an order that does not depend on segments."""
    lists = found.body_lists.repeat(found.body_sizes).tolist()
    bodies = zip(lists, found.body_chunks.tolist(), found.body_counts.tolist(), strict=True)
    terms, files, gains = found.body_file_terms, found.body_files, found.body_gains
    by_file = zip(terms.tolist(), files.tolist(), gains.tolist(), strict=True)
    by_chunk, by_path = (
        (found.sizes, found.chunks, found.gains),
        (found.file_sizes, found.files, found.file_gains),
    )
    frequencies = [list(found.text_df), list(found.body_df), list(found.file_df)]
    text = [array.tolist() for array in (*by_chunk, *by_path)]
    return [*frequencies, *text, sorted(bodies), sorted(by_file)]


@given(st.lists(st.tuples(st.sampled_from(DRAWN), words), max_size=6), st.integers(1, 5), st.data())
@settings(deadline=None, max_examples=60)
def test_all_ways_give_the_same_frequencies_in_chosen_chunks(
    generation: Generation, drawn: list[tuple[str, list[str]]], step: int, data: st.DataObject
) -> None:
    """Asked for some terms first, then for the others; to the last bit what is added up chunk by chunk."""
    terms = hash_terms(term for term, _ in drawn)
    runs = [len(neighbours) for _, neighbours in drawn]
    hashes = hash_terms(word for _, neighbours in drawn for word in neighbours)
    near = NeighbourTerms(hashes, np.linspace(0.1, 0.7, len(hashes)), runs)
    known = Occurrences(generation)
    chosen = chosen_of(generation, known.live[::step])
    wanted = []
    for number, term in enumerate(terms.tolist()):
        mine = slice(sum(runs[:number]), sum(runs[: number + 1]))
        values = known.with_neighbours(term, hashes[mine].tolist(), near.shares[mine].tolist())
        wanted += [values.get(chunk, 0.0) for chunk in chosen.chunks.tolist()]
    cuts = sorted({0, data.draw(st.integers(0, len(terms))), len(terms)})
    for way in WAYS:
        with forced(way):
            _, source = look_up(generation, terms, near, way)
            found = [source.frequencies(chosen, *bounds).tolist() for bounds in pairwise(cuts)]
        assert [value for part in found for value in part] == wanted
