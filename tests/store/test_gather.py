"""Postings decoded together are those decoded one by one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.errors import IndexCorrupt
from semindex.store.gather import FieldLists, Gathered, TermBlocks, gather
from semindex.store.postings import Postings, encode_postings
from semindex.store.segment import Segment, write_segment

from .test_postings import Entries, entries, hashes, stored, triples_of


def whole(fields: list[list[Postings]], terms: list[int]) -> list[Gathered]:
    """All in one block; each list's rows begin 1,000 behind those of the one before."""
    asked = [FieldLists(lists, [1000 * number for number in range(len(lists))]) for lists in fields]
    found = list(gather(asked, hashes(terms), [[1] * len(terms)], 10**9))
    assert len(found) == (1 if terms else 0)
    return found[0][1] if terms else []


def postings_of(found: Gathered) -> list[tuple[int, int, int]]:
    """Term, row and count of each posting."""
    assert np.array_equal(found.spread(np.arange(100) * 3), found.numbers * 3)
    return list(zip(found.numbers.tolist(), found.rows.tolist(), found.counts.tolist(), strict=True))


@given(lists=st.lists(entries, max_size=4), terms=st.lists(st.integers(0, 7), max_size=12))
def test_they_are_those_of_each_term(
    tmp_path_factory: pytest.TempPathFactory, lists: list[Entries], terms: list[int]
) -> None:
    opened = [stored(tmp_path_factory.mktemp("list"), pairs) for pairs in lists]
    wanted = [
        [
            (number, row + 1000 * place, count)
            for number, term in enumerate(terms)
            for row, count in sorted((row, count) for (t, row), count in pairs.items() if t == term)
        ]
        for place, pairs in enumerate(lists)
    ]
    found = whole([opened, opened[:1], []], terms)
    if terms:
        assert postings_of(found[0]) == [posting for each in wanted for posting in each]
        assert postings_of(found[1]) == [posting for each in wanted[:1] for posting in each]
        assert postings_of(found[2]) == []


@given(pairs=entries, terms=st.lists(st.integers(0, 7), min_size=1, max_size=12), data=st.data())
def test_some_of_them_are_still_those_of_their_terms(
    tmp_path_factory: pytest.TempPathFactory, pairs: Entries, terms: list[int], data: st.DataObject
) -> None:
    (found,) = whole([[stored(tmp_path_factory.mktemp("list"), pairs)]], terms)
    every = postings_of(found)
    kept = sorted(data.draw(st.sets(st.integers(0, len(every) - 1)))) if every else []
    some = found.some(np.array(kept, dtype=np.int64))
    assert postings_of(some) == [every[place] for place in kept]


@given(
    lists=st.lists(entries, max_size=3),
    terms=st.lists(st.integers(0, 7), min_size=1, max_size=12),
    ends=st.lists(st.integers(0, 14), max_size=4),
    most=st.integers(0, 40),
)
def test_blocks_are_taken_as_far_as_wanted(
    tmp_path_factory: pytest.TempPathFactory,
    lists: list[Entries],
    terms: list[int],
    ends: list[int],
    most: int,
) -> None:
    opened = [stored(tmp_path_factory.mktemp("list"), pairs) for pairs in lists]
    fields = [
        FieldLists(opened, [1000 * number for number in range(len(opened))]),
        FieldLists(opened[:1], [0] * len(opened[:1])),
    ]
    asked = [len(terms), len(terms) // 2]
    runs = [[1] * asked[1], [1] * (asked[0] - asked[1])]
    blocks = TermBlocks(gather(fields, hashes(terms), runs, most, asked))
    held: list[list[tuple[int, int, int]]] = [[], []]
    taken = 0
    for end in [*sorted(ends), len(terms)]:
        for block, found in blocks.until(end):
            assert block.start == taken < block.stop <= end
            taken = block.stop
            for kept, part in zip(held, found, strict=True):
                kept.extend((number + block.start, row, count) for number, row, count in postings_of(part))
        assert taken == min(end, len(terms))
    borders = [block for block, _ in gather(fields, hashes(terms), runs, most, asked)]
    assert len(borders) == 1 or not any(block.start < asked[1] < block.stop for block in borders)
    every, few = (whole([list(each.lists)], terms[:count]) for each, count in zip(fields, asked, strict=True))
    assert sorted(held[0]) == sorted(postings_of(every[0]))
    assert held[1] == (postings_of(few[0]) if few else [])


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
    fields = [FieldLists([postings], [0]) for postings in opened]
    joined: list[list[tuple[int, int, int]]] = [[] for _ in lists]
    end = 0
    for block, found in gather(fields, terms, [lengths], most):
        assert block.start == end and block.stop > end and block.stop in borders
        end = block.stop
        for held, part in zip(joined, found, strict=True):
            held.extend((number + block.start, row, count) for number, row, count in postings_of(part))
    assert end == len(terms)
    for held, (_, (found_whole,)) in zip(
        joined, (item for field in fields for item in gather([field], terms, [lengths], 10**9)), strict=False
    ):
        assert held == postings_of(found_whole)


def test_the_example_of_two_terms_in_two_segments(tmp_path: Path) -> None:
    a, b = 7 << 8 | 4, 10 << 8 | 1
    (tmp_path / "first").mkdir()
    lists = [
        stored(tmp_path / "first", {(a, 3): 1, (a, 5): 2, (a, 300): 7}),
        stored(tmp_path, {(a, 0): 1, (b, 2): 3}),
    ]
    ((block, (found,)),) = gather([FieldLists(lists, [0, 1000])], hashes([b, a]), [[2]], 100)
    assert block == slice(0, 2)
    assert (found.terms.tolist(), found.sizes.tolist()) == ([1, 0, 1], [3, 1, 1])
    assert (found.rows.tolist(), found.counts.tolist()) == ([3, 5, 300, 1002, 1000], [1, 2, 7, 3, 1])
    assert found.numbers.tolist() == [1, 1, 1, 0, 1]


SOUND: Entries = {(5, 1): 1, (5, 700): 2, (9, 3): 1, (9, 400): 1, (9, 401): 7}


def damaged(folder: Path, place: int, byte: int) -> Postings:
    sections = {name: array.copy() for name, array in encode_postings("body", triples_of(SOUND)).items()}
    sections["body.data"][place] = byte
    path = folder / "damaged.seg"
    write_segment(path, sections)
    return Postings(Segment.open(path), "body", 1000)


@pytest.mark.parametrize("place", range(9))
@pytest.mark.parametrize("byte", [0x00, 0x7F, 0x80, 0xFF])
def test_damage_is_found_wherever_a_term_by_itself_shows_it(tmp_path: Path, place: int, byte: int) -> None:
    (tmp_path / "whole").mkdir()
    lists = [stored(tmp_path / "whole", SOUND), damaged(tmp_path, place, byte)]
    try:
        alone = [lists[1].between(position, position + 1).rows.tolist() for position in range(2)]
    except IndexCorrupt:
        with pytest.raises(IndexCorrupt, match="damaged"):
            whole([lists[:1], lists[1:]], [5, 9])
    else:
        found = whole([lists[:1], lists[1:]], [5, 9])[1]
        assert found.rows.tolist() == [row for rows in alone for row in rows]


def test_numbers_of_more_than_five_bytes_are_damage(tmp_path: Path) -> None:
    sections = {
        name: array.copy() for name, array in encode_postings("body", triples_of({(5, 2**28): 1})).items()
    }
    sections["body.data"] = np.array([0x81, 0x81, 0x81, 0x81, 0x81, 0x01], dtype=np.uint8)
    sections["body.starts.lows"] = np.array([0, 6], dtype=np.uint16)
    write_segment(tmp_path / "a.seg", sections)
    postings = Postings(Segment.open(tmp_path / "a.seg"), "body", 2**62)
    with pytest.raises(IndexCorrupt, match="body"):
        whole([[postings]], [5])
    with pytest.raises(IndexCorrupt, match="body"):
        postings.between(0, 1)
