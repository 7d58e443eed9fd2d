"""Lists of trigrams: what is stored is found again, whole, by trigram, by range and piece by piece."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semindex.errors import IndexCorrupt
from semindex.store.grams import GROUP, PARTS, GramEncoder, GramLists, Pairs, encode_grams, pairs_of
from semindex.store.segment import Segment, write_segment

_FEW = st.integers(0, 40)
_ANY = st.integers(0, (1 << 24) - 1)
blocks = st.lists(st.lists(_FEW | _ANY, max_size=200), min_size=1, max_size=40)


def grams(numbers: list[int]) -> npt.NDArray[np.uint32]:
    return np.array(sorted(set(numbers)), dtype=np.uint32)


def stored(folder: str, pairs: Pairs, count: int) -> GramLists:
    path = Path(folder) / f"{1:032x}.seg"
    write_segment(path, encode_grams("gram", pairs, count))
    return GramLists(Segment.open(path), "gram", count)


@settings(max_examples=60)
@given(blocks, st.lists(_ANY, max_size=3))
def test_what_is_stored_is_found(held: list[list[int]], others: list[int]) -> None:
    pairs = pairs_of([grams(each) for each in held])
    with tempfile.TemporaryDirectory() as folder:
        lists = stored(folder, pairs, len(held))
        assert np.array_equal(np.concatenate(list(lists.pieces(30))), pairs)
        asked = sorted({*others, *held[0], *held[-1]})
        for gram, found in zip(asked, lists.find(asked), strict=True):
            wanted = [number for number, each in enumerate(held) if gram in each]
            rows = [] if found is None else lists.rows(found).tolist()
            assert rows == wanted
            if found is not None:
                assert np.flatnonzero(lists.mask(found)).tolist() == wanted


@settings(max_examples=60)
@given(blocks, _ANY, _ANY)
def test_a_range_has_the_pairs_of_its_trigrams(held: list[list[int]], one: int, other: int) -> None:
    pairs = pairs_of([grams(each) for each in held])
    low, high = sorted((one, other))
    keys = pairs >> np.uint64(32)
    with tempfile.TemporaryDirectory() as folder:
        found = stored(folder, pairs, len(held)).between(low, high)
    assert np.array_equal(found, pairs[(keys >= low) & (keys < high)])


@settings(max_examples=60)
@given(blocks, st.lists(_FEW | _ANY, max_size=4))
def test_pieces_are_encoded_as_the_whole_is(held: list[list[int]], cuts: list[int]) -> None:
    pairs = pairs_of([grams(each) for each in held])
    keys, borders = pairs >> np.uint64(32), [0, *sorted(cuts), 1 << 24]
    encoder = GramEncoder(len(held))
    parts = [encoder.add(pairs[(keys >= low) & (keys < high)]) for low, high in itertools.pairwise(borders)]
    whole = encode_grams("gram", pairs, len(held))
    for number, name in enumerate(PARTS):
        assert np.array_equal(np.concatenate([part[number] for part in parts]), whole[f"gram.{name}"])


def test_a_trigram_of_most_blocks_takes_a_bit_a_block() -> None:
    pairs = pairs_of([grams([7])] * 800)
    assert encode_grams("gram", pairs, 800)["gram.data"].tolist() == [255] * 100


def test_a_trigram_of_one_block_takes_no_list() -> None:
    pairs = pairs_of([grams([block]) for block in range(3 * GROUP)])
    sections = encode_grams("gram", pairs, 3 * GROUP)
    assert len(sections["gram.data"]) == 0
    assert sections["gram.starts"].tolist() == [[0, 0, 0], [GROUP, 160, 0], [2 * GROUP, 352, 0]]


@settings(max_examples=200)
@given(st.integers(0, 1), st.integers(0, 10_000), st.integers(0, 255))
def test_damaged_bytes_give_an_error_or_blocks_that_there_are(part: int, place: int, byte: int) -> None:
    random = np.random.default_rng(5)
    pairs = pairs_of([grams(random.integers(0, 300, 60).tolist()) for _ in range(50)])
    sections = {name: data.copy() for name, data in encode_grams("gram", pairs, 50).items()}
    data = sections[f"gram.{('keys', 'data')[part]}"]
    data[place % len(data)] = byte
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{1:032x}.seg"
        write_segment(path, sections)
        lists = GramLists(Segment.open(path), "gram", 50)
        try:
            found = lists.between(0, 1 << 24)
        except IndexCorrupt as error:
            assert "n-grams are damaged" in str(error)
        else:
            assert int((found & np.uint64(0xFFFFFFFF)).max(initial=0)) < 50
        for gram in range(300):
            try:
                (one,) = lists.find([gram])
                assert one is None or int(lists.rows(one).max()) < 50
            except IndexCorrupt as error:
                assert "n-grams are damaged" in str(error)


def test_no_block_has_no_list(tmp_path: Path) -> None:
    lists = stored(str(tmp_path), pairs_of([]), 0)
    assert lists.find([1, 2]) == [None, None]
    assert len(lists.between(0, 1 << 24)) == 0
    with pytest.raises(StopIteration):
        next(iter(lists.borders(5)))
