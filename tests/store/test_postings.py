"""Postings lists: what goes in comes out, term by term and whole."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.errors import IndexCorrupt
from semindex.store.codec import MAX_COUNT, Rows, Tallies
from semindex.store.postings import Postings, TermKeys, Triples, encode_postings
from semindex.store.segment import Segment, write_segment
from semindex.types import TermHashes

Entries = dict[tuple[int, int], int]
entries = st.dictionaries(
    st.tuples(
        st.integers(0, 2**40 - 1) | st.integers(0, 5) | st.integers(2**8, 2**8 + 2),
        st.integers(0, 300) | st.integers(0, 2**22),
    ),
    st.integers(1, MAX_COUNT),
    max_size=80,
)


def hashes(terms: Iterable[int]) -> TermHashes:
    """Hashes that differ in what is stored of them."""
    return np.array([term << 24 for term in terms], dtype=np.uint64)


def triples_of(pairs: Entries, seed: int = 0) -> Triples:
    keys = list(pairs)
    np.random.default_rng(seed).shuffle(keys)
    return Triples(
        hashes(term for term, _ in keys),
        np.array([row for _, row in keys], dtype=np.int64),
        np.array([pairs[key] for key in keys], dtype=np.uint8),
    )


def stored(folder: Path, pairs: Entries, rows: int = 2**22 + 1) -> Postings:
    path = folder / "a.seg"
    write_segment(path, encode_postings("body", triples_of(pairs)))
    return Postings(Segment.open(path), "body", rows)


def places(postings: Postings, terms: TermHashes) -> list[int]:
    """The position of each term in the field; -1 if it does not occur."""
    numbers, found = postings.find(TermKeys.of(terms))
    known = dict(zip(numbers.tolist(), found.tolist(), strict=True))
    return [known.get(number, -1) for number in range(len(terms))]


def listed(postings: Postings, place: int) -> tuple[Rows, Tallies]:
    found = postings.between(place, place + 1)
    return found.rows, found.counts


@given(pairs=entries)
def test_each_term_gives_its_rows_and_counts(
    tmp_path_factory: pytest.TempPathFactory, pairs: Entries
) -> None:
    postings = stored(tmp_path_factory.mktemp("postings"), pairs)
    for term in {term for term, _ in pairs}:
        (place,) = places(postings, hashes([term]))
        rows, counts = listed(postings, place)
        wanted = sorted((row, count) for (t, row), count in pairs.items() if t == term)
        assert list(zip(rows.tolist(), counts.tolist(), strict=True)) == wanted


@given(pairs=entries)
def test_the_whole_list_comes_back_in_order(tmp_path_factory: pytest.TempPathFactory, pairs: Entries) -> None:
    whole = stored(tmp_path_factory.mktemp("postings"), pairs).triples()
    found = list(
        zip((whole.terms >> np.uint64(24)).tolist(), whole.rows.tolist(), whole.counts.tolist(), strict=True)
    )
    assert found == sorted((term, row, count) for (term, row), count in pairs.items())


def test_the_bytes_do_not_depend_on_the_order_of_the_input() -> None:
    pairs = {(term, row): 1 + (term + row) % 7 for term in range(9) for row in range(0, 900, 1 + term)}
    first, second = (encode_postings("body", triples_of(pairs, seed)) for seed in (1, 2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_an_absent_term_is_not_found(tmp_path: Path) -> None:
    postings = stored(tmp_path, {(5, 1): 1, (9, 2): 1})
    assert places(postings, hashes([4, 5, 7, 9, 10])) == [-1, 0, -1, 1, -1]


def test_rows_out_of_bounds_are_damage(tmp_path: Path) -> None:
    postings = stored(tmp_path, {(5, 1): 1, (5, 70): 1}, rows=70)
    with pytest.raises(IndexCorrupt, match="body"):
        postings.between(0, 1)


def test_small_differences_take_one_byte_each() -> None:
    pairs = {(1, row): 1 for row in range(1000)}
    assert len(encode_postings("body", triples_of(pairs))["body.data"]) == 1000


def test_a_count_of_one_takes_no_byte_and_others_one() -> None:
    pairs = {(1, row): 1 + row % 2 * MAX_COUNT for row in range(10)}
    assert len(encode_postings("body", triples_of(pairs))["body.data"]) == 15


def test_larger_counts_saturate(tmp_path: Path) -> None:
    postings = stored(tmp_path, {(5, 1): 255, (5, 2): MAX_COUNT})
    assert listed(postings, 0)[1].tolist() == [MAX_COUNT, MAX_COUNT]


def test_terms_are_told_apart_by_40_bits_of_their_hashes(tmp_path: Path) -> None:
    same_head = [7 << 32 | tail << 24 for tail in (3, 4, 9)]
    first = Triples(np.array(same_head, np.uint64), np.arange(3), np.ones(3, np.uint8))
    write_segment(tmp_path / "a.seg", encode_postings("body", first))
    postings = Postings(Segment.open(tmp_path / "a.seg"), "body", 10)
    asked = [7 << 32 | tail << 24 | 0xABCDEF for tail in range(11)]
    wanted = [-1, -1, -1, 0, 1, -1, -1, -1, -1, 2, -1]
    assert places(postings, np.array(asked, np.uint64)) == wanted


EXAMPLE = {(7 << 8 | 4, 3): 1, (7 << 8 | 4, 5): 2, (7 << 8 | 4, 300): 7, (10 << 8 | 1, 2): 1}
"""The example at the top of ``postings.py``: pairs of the 40 bits that are stored and a row, and counts."""


def test_the_example_gives_its_sections_and_its_terms_are_found(tmp_path: Path) -> None:
    sections = encode_postings("body", triples_of(EXAMPLE))
    assert {name: array.tolist() for name, array in sections.items()} == {
        "body.heads": [7, 10],
        "body.tails": [4, 1],
        "body.starts.lows": [0, 6, 7],
        "body.starts.steps": [0],
        "body.data": [6, 5, 207, 4, 130, 135, 4],
    }
    postings = stored(tmp_path, EXAMPLE)
    terms = np.array([0x0000000A_01_000000, 0x00000007_04_ABCDEF], np.uint64)
    assert places(postings, terms) == [1, 0]
    rows, counts = listed(postings, 0)
    assert (rows.tolist(), counts.tolist()) == ([3, 5, 300], [1, 2, 7])
