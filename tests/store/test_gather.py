"""Postings decoded together are those decoded one by one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semindex.errors import IndexCorrupt
from semindex.store.gather import gather, gather_blocks
from semindex.store.postings import Postings, encode
from semindex.store.segment import Segment, write_segment

from .test_postings import Entries, entries, hashes, stored, triples_of


@settings(deadline=None)
@given(lists=st.lists(entries, max_size=4), terms=st.lists(st.integers(0, 7), max_size=12))
def test_they_are_those_of_each_term(
    tmp_path_factory: pytest.TempPathFactory, lists: list[Entries], terms: list[int]
) -> None:
    opened = [stored(tmp_path_factory.mktemp("list"), pairs) for pairs in lists]
    for pairs, found in zip(lists, gather(opened, hashes(terms)), strict=True):
        wanted = [
            (number, row, count)
            for number, term in enumerate(terms)
            for row, count in sorted((row, count) for (t, row), count in pairs.items() if t == term)
        ]
        got = zip(found.numbers.tolist(), found.rows.tolist(), found.counts.tolist(), strict=True)
        assert list(got) == wanted


@settings(deadline=None)
@given(
    lists=st.lists(entries, max_size=3),
    runs=st.lists(st.lists(st.integers(0, 7), max_size=4), max_size=5),
    most=st.integers(0, 40),
)
def test_blocks_hold_whole_runs_and_together_everything(
    tmp_path_factory: pytest.TempPathFactory, lists: list[Entries], runs: list[list[int]], most: int
) -> None:
    opened = [stored(tmp_path_factory.mktemp("list"), pairs) for pairs in lists]
    terms = hashes([term for run in runs for term in run])
    lengths = [len(run) for run in runs]
    borders = {sum(lengths[:count]) for count in range(len(runs) + 1)}
    joined: list[list[tuple[int, int, int]]] = [[] for _ in lists]
    end = 0
    for block, found in gather_blocks(opened, [1.0] * len(lists), terms, lengths, most):
        assert block.start == end and block.stop > end and block.stop in borders
        end = block.stop
        for held, part in zip(joined, found, strict=True):
            numbers = (part.numbers + block.start).tolist()
            held.extend(zip(numbers, part.rows.tolist(), part.counts.tolist(), strict=True))
    assert end == len(terms)
    for held, whole in zip(joined, gather(opened, terms), strict=True):
        got = zip(whole.numbers.tolist(), whole.rows.tolist(), whole.counts.tolist(), strict=True)
        assert held == list(got)


SOUND: Entries = {(5, 1): 1, (5, 700): 2, (9, 3): 1, (9, 400): 1, (9, 401): 7}


def damaged(folder: Path, place: int, byte: int) -> Postings:
    sections = {name: array.copy() for name, array in encode("body", triples_of(SOUND)).items()}
    sections["body.data"][place] = byte
    path = folder / "damaged.seg"
    write_segment(path, sections)
    return Postings(Segment.open(path), "body", 1000)


@pytest.mark.parametrize("place", range(9))
@pytest.mark.parametrize("byte", [0x00, 0x7F, 0x80, 0xFF])
def test_damage_is_found_wherever_a_term_by_itself_shows_it(tmp_path: Path, place: int, byte: int) -> None:
    (tmp_path / "whole").mkdir()
    lists = [stored(tmp_path / "whole", SOUND), damaged(tmp_path, place, byte)]
    terms = hashes([5, 9])
    try:
        alone = [lists[1].at(position)[0].tolist() for position in range(2)]
    except IndexCorrupt:
        with pytest.raises(IndexCorrupt, match="damaged"):
            gather(lists, terms)
    else:
        assert gather(lists, terms)[1].rows.tolist() == [row for rows in alone for row in rows]


def test_numbers_of_more_than_five_bytes_are_damage(tmp_path: Path) -> None:
    sections = {name: array.copy() for name, array in encode("body", triples_of({(5, 2**28): 1})).items()}
    sections["body.data"] = np.array([0x81, 0x81, 0x81, 0x81, 0x81, 0x01], dtype=np.uint8)
    sections["body.starts.lows"] = np.array([0, 6], dtype=np.uint16)
    write_segment(tmp_path / "a.seg", sections)
    postings = Postings(Segment.open(tmp_path / "a.seg"), "body", 2**62)
    with pytest.raises(IndexCorrupt, match="body"):
        gather([postings], hashes([5]))
    with pytest.raises(IndexCorrupt, match="body"):
        postings.at(0)
