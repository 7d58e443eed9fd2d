"""Postings lists: what goes in comes out, term by term and whole."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semindex.errors import IndexCorrupt
from semindex.store.postings import Postings, Triples, encode
from semindex.store.segment import Segment, write_segment

Entries = dict[tuple[int, int], int]
entries = st.dictionaries(
    st.tuples(st.integers(0, 2**64 - 1) | st.integers(0, 5), st.integers(0, 300) | st.integers(0, 2**22)),
    st.integers(1, 255),
    max_size=80,
)


def triples_of(pairs: Entries, seed: int = 0) -> Triples:
    keys = list(pairs)
    np.random.default_rng(seed).shuffle(keys)
    return Triples(
        np.array([term for term, _ in keys], dtype=np.uint64),
        np.array([row for _, row in keys], dtype=np.int64),
        np.array([pairs[key] for key in keys], dtype=np.uint8),
    )


def stored(folder: Path, pairs: Entries, rows: int = 2**22 + 1) -> Postings:
    path = folder / "a.seg"
    write_segment(path, encode("body", triples_of(pairs)))
    return Postings(Segment.open(path), "body", rows)


@settings(deadline=None)
@given(pairs=entries)
def test_each_term_gives_its_rows_and_counts(
    tmp_path_factory: pytest.TempPathFactory, pairs: Entries
) -> None:
    postings = stored(tmp_path_factory.mktemp("postings"), pairs)
    for term in {term for term, _ in pairs}:
        rows, counts = postings.at(int(postings.find(np.array([term], dtype=np.uint64))[0]))
        wanted = sorted((row, count) for (t, row), count in pairs.items() if t == term)
        assert list(zip(rows.tolist(), counts.tolist(), strict=True)) == wanted


@settings(deadline=None)
@given(pairs=entries)
def test_the_whole_list_comes_back_in_order(tmp_path_factory: pytest.TempPathFactory, pairs: Entries) -> None:
    whole = stored(tmp_path_factory.mktemp("postings"), pairs).triples()
    found = list(zip(whole.terms.tolist(), whole.rows.tolist(), whole.counts.tolist(), strict=True))
    assert found == sorted((term, row, count) for (term, row), count in pairs.items())


def test_the_bytes_do_not_depend_on_the_order_of_the_input() -> None:
    pairs = {(term, row): 1 + (term + row) % 7 for term in range(9) for row in range(0, 900, 1 + term)}
    first, second = (encode("body", triples_of(pairs, seed)) for seed in (1, 2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_an_absent_term_is_not_found(tmp_path: Path) -> None:
    postings = stored(tmp_path, {(5, 1): 1, (9, 2): 1})
    assert postings.find(np.array([4, 5, 7, 9, 10], dtype=np.uint64)).tolist() == [-1, 0, -1, 1, -1]


def test_rows_out_of_bounds_are_damage(tmp_path: Path) -> None:
    postings = stored(tmp_path, {(5, 1): 1, (5, 70): 1}, rows=70)
    with pytest.raises(IndexCorrupt, match="body"):
        postings.at(0)


def test_small_differences_take_one_byte_each() -> None:
    pairs = {(1, row): 1 for row in range(1000)}
    assert len(encode("body", triples_of(pairs))["body.ids"]) == 1000
