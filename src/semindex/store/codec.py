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

Rows = npt.NDArray[np.int64]
"""Row ordinals, ascending and distinct within a term."""
Tallies = npt.NDArray[np.uint8]
"""A count a posting."""
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

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


def decoded(data: Bytes, stops: Rows) -> Decoded:
    """The lists whose bytes stand in ``data`` one after the other, each ending at one of ``stops``."""
    (last,) = (data < _LAST_BELOW).nonzero()
    ends = last.searchsorted(stops)
    sizes = ends.copy()
    sizes[1:] -= ends[:-1]
    if not len(stops) or sizes.min() < 1:
        return _nothing(sizes, sizes > 0)
    heads = ends - sizes
    begins = np.empty(len(last), dtype=np.int64)
    begins[1:] = last[:-1] + 1
    begins[0] = 0
    begins[heads[1:]] = stops[:-1]
    numbers = _numbers(data, begins, last)
    if len(numbers) != len(last):
        return _nothing(sizes, _short(begins, last, heads))
    deltas = numbers >> 1
    rows = deltas.cumsum()
    rows -= np.repeat(rows[heads] - deltas[heads], sizes)
    counts = np.ones(len(rows), dtype=np.uint8)
    (several,) = (numbers & 1).astype(np.bool_).nonzero()
    wanted = several.searchsorted(ends)
    wanted[1:] -= wanted[:-1].copy()
    spare = stops - last[ends - 1] - 1
    good = spare == wanted
    if len(several) and good.all():
        behind = spare.cumsum()
        counts[several] = data[np.arange(len(several)) + np.repeat(stops - behind, spare)] & 0x7F
    return Decoded(rows, counts, sizes, good)


def _nothing(sizes: Rows, good: Mask) -> Decoded:
    total = int(sizes.sum())
    return Decoded(np.zeros(total, np.int64), np.ones(total, np.uint8), sizes, good)


def _numbers(data: Bytes, begins: Rows, last: Rows) -> Rows:
    """The numbers whose bytes stand from ``begins`` to ``last``; none when one is too long."""
    values = (data[begins] & 0x7F).astype(np.int64)
    (more,) = (last > begins).nonzero()
    for place in range(1, _MAX_NUMBER_BYTES):
        if not len(more):
            return values
        at = begins[more] + place
        values[more] |= (data[at] & 0x7F).astype(np.int64) << (7 * place)
        more = more[last[more] > at]
    return values[:0] if len(more) else values


def _short(begins: Rows, last: Rows, heads: Rows) -> Mask:
    """Which lists have no number that is too long."""
    return np.asarray(np.maximum.reduceat(last - begins, heads) < _MAX_NUMBER_BYTES)


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
        highs = self.steps.searchsorted(places, side="right") - 1
        return (highs.astype(np.int64) << _LOW_BITS) + self.lows[places]

    def between(self, begin: int, end: int) -> Rows:
        """The numbers at the places from ``begin`` up to ``end``."""
        return self.at(np.arange(begin, end))
