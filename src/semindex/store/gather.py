"""Postings of many terms in many lists, decoded together.

A query asks for dozens of short lists. Decoding each takes a dozen calls on arrays of a few numbers, so
their bytes are laid one after the other and decoded in one go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import numpy as np
from msgspec import Struct

from semindex.store.codec import Rows, Tallies, decoded
from semindex.store.postings import Encoded, Keys, Postings
from semindex.types import TermHashes


class Gathered(Struct, frozen=True):
    """The postings of some terms in one list: parallel arrays, by term and row."""

    numbers: Rows
    """Position of each posting's term among the terms asked for."""
    rows: Rows
    counts: Tallies


EMPTY = Gathered(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))


def gather(lists: Sequence[Postings], terms: TermHashes) -> list[Gathered]:
    """What each list holds of some terms, which may repeat; their order is kept.

    Raises:
        IndexCorrupt: A list is damaged.
    """
    keys = Keys(terms)
    return _decoded(lists, [postings.encoded(keys) for postings in lists])


def gather_blocks(
    lists: Sequence[Postings], costs: Sequence[float], terms: TermHashes, runs: Sequence[int], most: float
) -> Iterator[tuple[slice, list[Gathered]]]:
    """As :func:`gather`, so many terms at a time that their postings stay few.

    Args:
        lists: The lists.
        costs: What a byte of each list counts as.
        terms: The terms.
        runs: Lengths of runs of terms that stay together.
        most: What the bytes of a block may cost together; one run may cost more.

    Yields:
        The terms of a block, and what each list holds of them, numbered from the first of the block.

    Raises:
        IndexCorrupt: A list is damaged.
    """
    keys = Keys(terms)
    found = [postings.encoded(keys) for postings in lists]
    needed = np.zeros(len(terms))
    for each, cost in zip(found, costs, strict=True):
        if each is not None:
            needed[each.numbers] += each.nbytes * cost
    for begin, end in _cut(needed.tolist(), runs, most):
        some = found if end - begin == len(terms) else [_between(each, begin, end) for each in found]
        yield slice(begin, end), _decoded(lists, some)


def _cut(needed: Sequence[float], runs: Sequence[int], most: float) -> Iterator[tuple[int, int]]:
    """Positions one after the other, in whole runs: as many as need at most so much, and at least one."""
    begin = end = 0
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


def _between(found: Encoded | None, begin: int, end: int) -> Encoded | None:
    """The lists of the terms from ``begin`` up to ``end``, numbered from there."""
    if found is None:
        return None
    first, last = found.numbers.searchsorted([begin, end]).tolist()
    if first == last:
        return None
    return Encoded(found.numbers[first:last] - begin, found.pieces[first:last], found.nbytes[first:last])


def _decoded(lists: Sequence[Postings], found: Sequence[Encoded | None]) -> list[Gathered]:
    held = [each for each in found if each is not None]
    if not held:
        return [EMPTY] * len(lists)
    joined = np.concatenate([piece for each in held for piece in each.pieces])
    all_ = decoded(joined, np.concatenate([each.nbytes for each in held]).cumsum())
    lengths = [0 if each is None else len(each.numbers) for each in found]
    ends, good = all_.sizes.cumsum(), all_.good
    if good.all():
        good = all_.rows[ends - 1] < np.repeat([postings.rows for postings in lists], lengths)
    shares = list(accumulate(lengths, initial=0))
    if not good.all():
        raise lists[int(np.searchsorted(shares, np.argmin(good), side="right")) - 1].damaged()
    owners = np.repeat(np.concatenate([each.numbers for each in held]), all_.sizes)
    cuts = np.concatenate(([0], ends))[shares].tolist()
    return [
        Gathered(owners[begin:end], all_.rows[begin:end], all_.counts[begin:end])
        for begin, end in pairwise(cuts)
    ]
