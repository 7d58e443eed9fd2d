"""Postings of many terms in many segments, decoded together.

A query asks for dozens of short lists. To decode one takes a dozen numpy calls on arrays of a few numbers, so
the bytes of all lists are laid one after the other and decoded with one call.

Example: a query asks for the terms (B, A). Segment 0, whose rows begin at 0, has A in rows 3, 5 and 300 with
counts 1, 2 and 7; segment 1, whose rows begin at 1000, has A once in its row 0, B thrice in its row 2. Three
lists are found, one in segment 0 and two in segment 1; :class:`Gathered` holds them in this order::

    terms      1             0       1           B is term 0 and A is term 1 of those asked for
    sizes      3             1       1
    rows       3  5  300     1002    1000
    counts     1  2  7       3       1
    numbers    1  1  1       0       1           terms, repeated as often as sizes says
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise, repeat
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.store.codec import Rows, Tallies, decode_lists
from semindex.store.postings import Postings, StoredLists, TermKeys
from semindex.types import Mask, TermHashes

T = TypeVar("T", bound=np.generic)


class FieldLists(Struct, frozen=True):
    """The postings of one field in all segments."""

    lists: Sequence[Postings]
    """One for each segment."""
    bases: Sequence[int]
    """What is added to the rows of each segment to make them numbers of the whole index."""


class Gathered(Struct, frozen=True):
    """The postings of some terms in one field: ordered by segment, then term, then row."""

    terms: Rows
    """Shape ``(lists,)``: the position of each list's term among the terms asked for."""
    sizes: Rows
    """Shape ``(lists,)``: how many postings each list has."""
    rows: Rows
    """Shape ``(postings,)``: numbers of the whole index, ascending in each list."""
    counts: Tallies
    """Shape ``(postings,)``."""

    @property
    def numbers(self) -> Rows:
        """Shape ``(postings,)``: the position of each posting's term among the terms asked for."""
        return self.terms.repeat(self.sizes)

    def spread(self, values: npt.NDArray[T]) -> npt.NDArray[T]:
        """Shape ``(postings,)``: for each posting the value of its term; ``values`` has one for each term."""
        return values[self.terms].repeat(self.sizes)

    def some(self, places: Rows) -> Gathered:
        """The postings at some positions, given ascending; lists that lose all of theirs keep size 0."""
        # How many of the positions lie before each list's end; minus the same for the list before it.
        sizes = places.searchsorted(self.sizes.cumsum())
        sizes[1:] -= sizes[:-1].copy()
        return Gathered(self.terms, sizes, self.rows[places], self.counts[places])

    def split(self, number: int) -> tuple[Gathered, Gathered]:
        """The postings of the terms before ``number``, and those of the others, which count from 0 again."""
        below = self.terms < number
        lists = np.count_nonzero(below)
        if lists == len(below):
            return self, EMPTY
        if np.count_nonzero(below[:lists]) == lists:
            # The lists of the first half stand in front, as they do in a single segment: slices copy nothing.
            postings = int(np.add.reduce(self.sizes[:lists]))
            before: slice | Mask = slice(lists)
            behind: slice | Mask = slice(lists, None)
            rows: slice | Mask = slice(postings)
            more: slice | Mask = slice(postings, None)
        else:
            before, behind, rows = below, ~below, below.repeat(self.sizes)
            more = ~rows
        return self._part(before, rows, 0), self._part(behind, more, number)

    def _part(self, lists: slice | Mask, postings: slice | Mask, first: int) -> Gathered:
        """Some of the lists and their postings; terms are counted from ``first``."""
        return Gathered(
            self.terms[lists] - first, self.sizes[lists], self.rows[postings], self.counts[postings]
        )


EMPTY = Gathered(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))

TermBlock = tuple[slice, list[Gathered]]
"""A slice of the terms asked for, and their postings in each field, with terms counted from its start."""


class TermBlocks:
    """Blocks of terms, taken one after the other in several goes, each up to some term."""

    def __init__(self, blocks: Iterator[TermBlock]) -> None:
        self._blocks = blocks
        self._held: TermBlock | None = None

    def until(self, end: int) -> Iterator[TermBlock]:
        """The blocks not yet taken of the terms before ``end``; a block that goes on behind is split."""
        while (held := self._held or next(self._blocks, None)) is not None:
            block, found = held
            if block.start >= end:
                self._held = held
                return
            self._held = None
            if block.stop > end:
                parts = [each.split(end - block.start) for each in found]
                self._held = slice(end, block.stop), [behind for _, behind in parts]
                block, found = slice(block.start, end), [before for before, _ in parts]
            yield block, found


def gather(
    fields: Sequence[FieldLists],
    terms: TermHashes,
    runs: Sequence[Sequence[int]],
    most: int,
    asked: Sequence[int] | None = None,
) -> Iterator[TermBlock]:
    """The postings of some terms in each field, in blocks that keep memory small.

    Args:
        fields: Where to look.
        terms: What to look for; a term may occur twice.
        runs: Lengths of runs of terms that stay in one block, in groups. No block has terms of two
            groups, unless one block holds everything.
        most: Encoded bytes that a block may have over all fields; a single run may have more.
        asked: For each field, how many of the terms it is asked for, counted from the first; None stands for
            all of them.

    Yields:
        Blocks in the order of the terms; none if there are no terms.

    Raises:
        IndexCorrupt: A list is damaged.
    """
    keys = TermKeys.of(terms)
    wanted = map(keys.first, asked) if asked is not None else repeat(keys)
    found = [
        [postings.stored_lists(few) for postings in field.lists]
        for field, few in zip(fields, wanted, strict=False)
    ]
    held = [each for lists in found for each in lists if each is not None]
    if sum(len(piece) for each in held for piece in each.pieces) <= most:
        if len(terms):
            yield slice(0, len(terms)), _decode(fields, found)
        return
    needed = np.zeros(len(terms))
    for each in held:
        needed[each.numbers] += each.nbytes
    for begin, end in _cut(needed.tolist(), runs, most):
        some = [[_between(each, begin, end) for each in lists] for lists in found]
        yield slice(begin, end), _decode(fields, some)


def _cut(needed: Sequence[float], groups: Sequence[Sequence[int]], most: float) -> Iterator[tuple[int, int]]:
    """Begins and ends of blocks of whole runs: each run that still fits into ``most`` bytes joins its block.

    Example: terms that need 4, 4, 4 and 4 bytes in two groups of runs, ``[[1, 2], [1]]``, at most 10 bytes a
    block: (0, 1) and (1, 3), for the second run would make 12 bytes; then (3, 4), the second group.
    """
    begin = end = 0
    for runs in groups:
        total = 0.0
        for run in runs:
            amount = sum(needed[end : end + run])
            if end > begin and total + amount > most:
                yield begin, end
                begin, total = end, 0.0
            end += run
            total += amount
        if end > begin:
            yield begin, end
            begin = end


def _between(found: StoredLists | None, begin: int, end: int) -> StoredLists | None:
    """The lists of the terms from ``begin`` up to ``end``, numbered from ``begin``; None if there is none."""
    if found is None:
        return None
    first, last = found.numbers.searchsorted([begin, end]).tolist()
    if first == last:
        return None
    return StoredLists(found.numbers[first:last] - begin, found.pieces[first:last], found.nbytes[first:last])


def _decode(fields: Sequence[FieldLists], found: Sequence[Sequence[StoredLists | None]]) -> list[Gathered]:
    """The postings of each field, of what was found in each of its segments."""
    held = [
        (postings, base, each)
        for field, lists in zip(fields, found, strict=True)
        for postings, base, each in zip(field.lists, field.bases, lists, strict=True)
        if each is not None
    ]
    if not held:
        return [EMPTY] * len(fields)
    # owners[i]: the entry of held to which the i-th of all lists belongs.
    owners = np.arange(len(held)).repeat([len(each.numbers) for _, _, each in held])
    nbytes = np.concatenate([each.nbytes for _, _, each in held])
    good = nbytes > 0
    if good.all():
        lists = decode_lists(
            np.concatenate([piece for _, _, each in held for piece in each.pieces]),
            nbytes.cumsum(),
            np.array([base for _, base, _ in held])[owners],
        )
        good = lists.good & (lists.lasts < np.array([postings.rows for postings, _, _ in held])[owners])
    if not good.all():
        raise held[int(owners[np.argmin(good)])][0].damaged()
    terms = np.concatenate([each.numbers for _, _, each in held])
    # Cut what was decoded at the fields' borders: cuts counts lists, ends counts postings.
    cuts = accumulate((sum(len(e.numbers) for e in each if e is not None) for each in found), initial=0)
    ends = np.concatenate(([0], lists.sizes.cumsum()))
    return [
        Gathered(
            terms[begin:end],
            lists.sizes[begin:end],
            lists.rows[ends[begin] : ends[end]],
            lists.counts[ends[begin] : ends[end]],
        )
        for begin, end in pairwise(cuts)
    ]
