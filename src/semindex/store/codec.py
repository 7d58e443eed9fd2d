"""Rows and counts of terms as bytes, and back: pure functions of arrays, for any number of lists at once.

The bytes of one list::

    numbers    for each row its difference to the one before, twice, and 1 more if its count is above 1;
               little-endian base 128, the last byte of each number below 128
    counts     one byte, 128 added, for each row whose count is above 1

So a list tells by its bytes how long it is, and most counts take no byte.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.types import Mask

Rows = npt.NDArray[np.int64]
"""Row ordinals, ascending and distinct within a term."""
Tallies = npt.NDArray[np.uint8]
"""A count a posting."""
Bytes = npt.NDArray[np.uint8]

MAX_COUNT = 127
_LOW_BITS = 16
_MAX_NUMBER_BYTES = 5
_LAST_BELOW = 0x80


class Decoded(Struct, frozen=True):
    """Lists one after the other."""

    rows: Rows
    counts: Tallies
    sizes: Rows
    """Shape ``(lists,)``: postings of each."""
    lasts: Rows
    """Shape ``(lists,)``: the highest row of each, without its base."""
    good: Mask
    """Shape ``(lists,)``: whether the bytes of each make sense; the rows mean nothing where any does not."""


def encoded(rows: Rows, counts: Tallies, heads: Rows) -> tuple[Bytes, Rows]:
    """The bytes of lists that begin at ``heads``, and where each begins, and the last ends.

    Args:
        rows: Ascending within a list; the first list begins at 0.
        counts: At least 1 each, saturating at :data:`MAX_COUNT`.
        heads: Ascending positions in ``rows``.
    """
    deltas = rows.copy()
    deltas[1:] -= rows[:-1]
    deltas[heads] = rows[heads]
    several = counts > 1
    numbers = deltas * 2 + several
    sizes = np.ones(len(numbers), dtype=np.int64)
    for bits in (7, 14, 21, 28):
        sizes += numbers >= (1 << bits)
    ends = np.cumsum(sizes)
    held = np.concatenate(([0], np.cumsum(several)))
    tails = np.append(heads[1:], len(rows)) if len(heads) else heads
    numbers_end = ends[tails - 1] if len(heads) else ends[:0]
    starts = np.concatenate(([0], numbers_end + held[tails]))
    data = np.zeros(int(starts[-1]), dtype=np.uint8)
    begins = ends - sizes + np.repeat(held[heads], tails - heads)
    for place in range(int(sizes.max(initial=0))):
        has = sizes > place
        more = (sizes > place + 1).astype(np.int64) << 7
        data[begins[has] + place] = (((numbers >> (7 * place)) & 0x7F) | more)[has]
    # The k-th count of all stands behind the numbers of its list and of all before, and behind k counts.
    at = np.repeat(numbers_end, held[tails] - held[heads])
    data[at + np.arange(len(at))] = np.minimum(counts[several], MAX_COUNT) | _LAST_BELOW
    return data, starts


def decoded(data: Bytes, stops: Rows, bases: Rows | None = None) -> Decoded:
    """The lists whose bytes stand in ``data`` one after the other, each ending at one of ``stops``.

    To the rows of each list its number in ``bases`` is added.
    """
    (last,) = (data < _LAST_BELOW).nonzero()
    ends = last.searchsorted(stops)
    sizes = _differences(ends)
    if not len(stops) or sizes.min() < 1:
        return _nothing(sizes, sizes > 0)
    heads = ends - sizes
    before = np.empty(len(last), dtype=np.int64)
    before[0], before[1:] = -1, last[:-1]
    before[heads[1:]] = stops[:-1] - 1
    nbytes = last - before
    low = data[last]
    odd, deltas = low & 1, (low >> 1).astype(np.int64)
    (more,) = (nbytes > 1).nonzero()
    if len(more):
        longer = nbytes[more]
        if longer.max() > _MAX_NUMBER_BYTES:
            return _nothing(sizes, np.maximum.reduceat(nbytes, heads) <= _MAX_NUMBER_BYTES)
        numbers = _long_numbers(data, last[more], longer)
        odd[more], deltas[more] = numbers & 1, numbers >> 1
    counts = np.ones(len(last), dtype=np.uint8)
    (several,) = odd.view(np.bool_).nonzero()
    wanted, spare = _differences(several.searchsorted(ends)), stops - last[ends - 1] - 1
    good = spare == wanted
    if len(several) and good.all():
        behind = spare.cumsum()
        counts[several] = data[np.arange(len(several)) + np.repeat(stops - behind, spare)] & 0x7F
    lasts = np.add.reduceat(deltas, heads)
    reached = lasts
    if bases is not None:
        deltas[heads] += bases
        reached = lasts + bases
    deltas[heads[1:]] -= reached[:-1]
    return Decoded(deltas.cumsum(out=deltas), counts, sizes, lasts, good)


def _differences(ends: Rows) -> Rows:
    """The sizes of what ends at some places, each beginning where the one before ends."""
    sizes = ends.copy()
    sizes[1:] -= ends[:-1]
    return sizes


def _nothing(sizes: Rows, good: Mask) -> Decoded:
    total = int(sizes.sum())
    nothing = np.zeros(total, np.int64)
    return Decoded(nothing, np.ones(total, np.uint8), sizes, np.zeros(len(sizes), np.int64), good)


def _long_numbers(data: Bytes, last: Rows, nbytes: Rows) -> Rows:
    """The numbers of some bytes each, at least two, the last of which stand at some places."""
    at = last - nbytes + 1
    values: Rows = (data[at] & 0x7F).astype(np.int64)
    values |= (data[at + 1] & 0x7F).astype(np.int64) << 7
    (more,) = (nbytes > 2).nonzero()
    for place in range(2, _MAX_NUMBER_BYTES):
        if not len(more):
            break
        values[more] |= (data[at[more] + place] & 0x7F).astype(np.int64) << (7 * place)
        more = more[nbytes[more] > place + 1]
    return values


class Ascending(Struct, frozen=True):
    """Ascending numbers, 2 bytes each: Elias and Fano's way of keeping them, with 16 low bits."""

    lows: npt.NDArray[np.uint16]
    """The low bits of each number."""
    steps: npt.NDArray[np.uint32]
    """At ``h``: how many numbers lie below ``h << 16``; the highest that occurs comes last."""

    @staticmethod
    def of(numbers: Rows, *, before: int = 0, known: int = 0) -> Ascending:
        """Of some numbers, behind ``before`` others for which there are ``known`` steps already."""
        highs = numbers >> _LOW_BITS
        last = int(highs[-1]) + 1 if len(highs) else known
        steps = highs.searchsorted(np.arange(known, last)) + before
        return Ascending((numbers & 0xFFFF).astype(np.uint16), steps.astype(np.uint32))

    def __len__(self) -> int:
        return len(self.lows)

    def at(self, places: Rows) -> Rows:
        """The numbers at some places."""
        if len(self.steps) == 1:
            return self.lows[places].astype(np.int64)
        highs = self.steps.searchsorted(places, side="right") - 1
        return (highs.astype(np.int64) << _LOW_BITS) + self.lows[places]

    def between(self, begin: int, end: int) -> Rows:
        """The numbers at the places from ``begin`` up to ``end``."""
        return self.at(np.arange(begin, end))
