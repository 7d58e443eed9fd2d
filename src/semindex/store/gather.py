"""Postings of many terms in many lists, decoded together.

A query asks for dozens of short lists. Decoding each takes a dozen calls on arrays of a few numbers, so
their bytes are laid one after the other and decoded in one go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise, repeat
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.store.codec import Rows, Tallies, decoded
from semindex.store.postings import Encoded, Keys, Postings
from semindex.types import Mask, TermHashes

T = TypeVar("T", bound=np.generic)


class Field(Struct, frozen=True):
    """The lists of one field, a segment each."""

    lists: Sequence[Postings]
    bases: Sequence[int]
    """What is added to the rows of each."""


class Gathered(Struct, frozen=True):
    """The postings of some terms in one field: segment after segment, in each term after term."""

    terms: Rows
    """Shape ``(lists,)``: the position of each list's term among the terms asked for."""
    sizes: Rows
    """Shape ``(lists,)``: how many postings each has."""
    rows: Rows
    """Shape ``(postings,)``: ascending in each list."""
    counts: Tallies

    @property
    def numbers(self) -> Rows:
        """Shape ``(postings,)``: the position of each posting's term."""
        return self.terms.repeat(self.sizes)

    def spread(self, values: npt.NDArray[T]) -> npt.NDArray[T]:
        """The value of each term for all of its postings."""
        return values[self.terms].repeat(self.sizes)

    def some(self, places: Rows) -> Gathered:
        """The postings at some places, given ascending."""
        sizes = places.searchsorted(self.sizes.cumsum())
        sizes[1:] -= sizes[:-1].copy()
        return Gathered(self.terms, sizes, self.rows[places], self.counts[places])

    def split(self, number: int) -> tuple[Gathered, Gathered]:
        """Those of the terms below ``number``, and those of the others, numbered from it."""
        below = self.terms < number
        lists = np.count_nonzero(below)
        if lists == len(below):
            return self, EMPTY
        if np.count_nonzero(below[:lists]) == lists:
            postings = int(np.add.reduce(self.sizes[:lists]))
            before: slice | Mask = slice(lists)
            behind: slice | Mask = slice(lists, None)
            rows: slice | Mask = slice(postings)
            more: slice | Mask = slice(postings, None)
        else:
            # Each of several segments has terms of both kinds.
            before, behind, rows = below, ~below, below.repeat(self.sizes)
            more = ~rows
        return self._part(before, rows, 0), self._part(behind, more, number)

    def _part(self, lists: slice | Mask, postings: slice | Mask, first: int) -> Gathered:
        return Gathered(
            self.terms[lists] - first, self.sizes[lists], self.rows[postings], self.counts[postings]
        )


EMPTY = Gathered(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))

Block = tuple[slice, list[Gathered]]
"""Some of the terms asked for, and what each field holds of them, numbered from the first of the block."""


class Blocks:
    """Blocks one after the other, taken as far as they are wanted, then further."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._blocks = blocks
        self._held: Block | None = None

    def until(self, end: int) -> Iterator[Block]:
        """What is left of the terms before ``end``; a block that has others too is split there."""
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
    fields: Sequence[Field],
    terms: TermHashes,
    runs: Sequence[Sequence[int]],
    most: int,
    asked: Sequence[int] | None = None,
) -> Iterator[Block]:
    """What each field holds of some terms, which may repeat, so many terms at a time that it stays little.

    Args:
        fields: The fields.
        terms: The terms.
        runs: Lengths of runs of terms that stay together, in groups: no block has terms of two groups, but
            one that holds everything.
        most: Bytes of a block together; one run may have more.
        asked: Of each field only so many terms are asked for, the first ones.

    Yields:
        Blocks, in the order of the terms.

    Raises:
        IndexCorrupt: A list is damaged.
    """
    keys = Keys.of(terms)
    found = [
        [postings.encoded(wanted) for postings in field.lists]
        for field, wanted in zip(
            fields, map(keys.first, asked) if asked is not None else repeat(keys), strict=False
        )
    ]
    held = [each for lists in found for each in lists if each is not None]
    if sum(len(piece) for each in held for piece in each.pieces) <= most:
        if len(terms):
            yield slice(0, len(terms)), _decoded(fields, found)
        return
    needed = np.zeros(len(terms))
    for each in held:
        needed[each.numbers] += each.nbytes
    for begin, end in _cut(needed.tolist(), runs, most):
        some = [[_between(each, begin, end) for each in lists] for lists in found]
        yield slice(begin, end), _decoded(fields, some)


def _cut(needed: Sequence[float], groups: Sequence[Sequence[int]], most: float) -> Iterator[tuple[int, int]]:
    """Positions one after the other, in whole runs: as many as need at most so much, and at least one."""
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


def _between(found: Encoded | None, begin: int, end: int) -> Encoded | None:
    """The lists of the terms from ``begin`` up to ``end``, numbered from there."""
    if found is None:
        return None
    first, last = found.numbers.searchsorted([begin, end]).tolist()
    if first == last:
        return None
    return Encoded(found.numbers[first:last] - begin, found.pieces[first:last], found.nbytes[first:last])


def _decoded(fields: Sequence[Field], found: Sequence[Sequence[Encoded | None]]) -> list[Gathered]:
    held = [
        (postings, base, each)
        for field, lists in zip(fields, found, strict=True)
        for postings, base, each in zip(field.lists, field.bases, lists, strict=True)
        if each is not None
    ]
    if not held:
        return [EMPTY] * len(fields)
    lengths = [len(each.numbers) for _, _, each in held]
    lists = np.arange(len(held)).repeat(lengths)
    nbytes = np.concatenate([each.nbytes for _, _, each in held])
    good = nbytes > 0
    if good.all():
        all_ = decoded(
            np.concatenate([piece for _, _, each in held for piece in each.pieces]),
            nbytes.cumsum(),
            np.array([base for _, base, _ in held])[lists],
        )
        good = all_.good & (all_.lasts < np.array([postings.rows for postings, _, _ in held])[lists])
    if not good.all():
        raise held[int(lists[np.argmin(good)])][0].damaged()
    terms = np.concatenate([each.numbers for _, _, each in held])
    cuts = accumulate((sum(len(e.numbers) for e in lists if e is not None) for lists in found), initial=0)
    ends = np.concatenate(([0], all_.sizes.cumsum()))
    return [
        Gathered(
            terms[begin:end],
            all_.sizes[begin:end],
            all_.rows[ends[begin] : ends[end]],
            all_.counts[ends[begin] : ends[end]],
        )
        for begin, end in pairwise(cuts)
    ]
