"""Turns rows and counts of terms into bytes and back: pure functions of arrays, for many lists in one call.

Example: a term occurs once in row 3, twice in row 5 and seven times in row 300. Its list is six bytes::

    rows           3         5           300        counts 1, 2, 7
    differences    3         2           295        each row minus the row before it
    numbers        6         5           591        twice that, and 1 more where the count is above 1
    bytes          6         5           207 4      base 128, lowest digit first (591 = 79 + 4 * 128); 128
                                                    is added to every digit but a number's last one
    and then       130 135                          128 + 2 and 128 + 7: the counts above 1

Only the last digit of a number is below 128, so the bytes of a list tell how many rows it has. Most counts
are 1 and take no byte.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.types import Mask

Rows = npt.NDArray[np.int64]
"""Row ordinals, ascending and distinct within a term; or positions and sizes of lists."""
Tallies = npt.NDArray[np.uint8]
"""How often the term occurs, one number a posting."""
Bytes = npt.NDArray[np.uint8]
"""Bytes of a file or of encoded lists; shape ``(size,)``."""

MAX_COUNT = 127
_LOW_BITS = 16
_MAX_NUMBER_BYTES = 5
_LAST_BELOW = 0x80


class DecodedLists(Struct, frozen=True):
    """Postings of some lists, one list after the other."""

    rows: Rows
    """Shape ``(postings,)``: the list's base is added to each."""
    counts: Tallies
    """Shape ``(postings,)``."""
    sizes: Rows
    """Shape ``(lists,)``: how many postings each list has."""
    lasts: Rows
    """Shape ``(lists,)``: the highest row of each list, without its base."""
    good: Mask
    """Shape ``(lists,)``: whether each list's bytes make sense; if any do not, no row means anything."""


def encode_lists(rows: Rows, counts: Tallies, heads: Rows) -> tuple[Bytes, Rows]:
    """The bytes of some lists, and shape ``(lists + 1,)``: where each list's bytes begin, and the last's end.

    Args:
        rows: Shape ``(postings,)``: list after list, ascending within a list.
        counts: Shape ``(postings,)``: at least 1 each; those above :data:`MAX_COUNT` are stored as that.
        heads: Shape ``(lists,)``: ascending positions in ``rows`` where the lists begin; the first is 0.
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
    # held[p]: how many of the first p postings have a count byte. tails: where the lists end.
    held = np.concatenate(([0], np.cumsum(several)))
    tails = np.append(heads[1:], len(rows)) if len(heads) else heads
    numbers_end = ends[tails - 1] if len(heads) else ends[:0]
    starts = np.concatenate(([0], numbers_end + held[tails]))
    data = np.zeros(int(starts[-1]), dtype=np.uint8)
    # A number stands behind all numbers before it, and behind the count bytes of all lists before its own.
    begins = ends - sizes + np.repeat(held[heads], tails - heads)
    for place in range(int(sizes.max(initial=0))):
        has = sizes > place
        more = (sizes > place + 1).astype(np.int64) << 7
        data[begins[has] + place] = (((numbers >> (7 * place)) & 0x7F) | more)[has]
    # The k-th count byte of all stands behind the numbers of its list and all before, and behind k counts.
    at = np.repeat(numbers_end, held[tails] - held[heads])
    data[at + np.arange(len(at))] = np.minimum(counts[several], MAX_COUNT) | _LAST_BELOW
    return data, starts


def decode_lists(data: Bytes, stops: Rows, bases: Rows | None = None) -> DecodedLists:
    """The postings of the lists whose bytes stand in ``data``, one list after the other.

    Args:
        data: The bytes of all lists.
        stops: Shape ``(lists,)``: where the bytes of each list end; the next list begins there.
        bases: Shape ``(lists,)``: what is added to the rows of each list; 0 if it is not given.
    """
    # last: where each number of any list has its last byte. Count bytes are 128 or more, so they are no end.
    (last,) = (data < _LAST_BELOW).nonzero()
    ends = last.searchsorted(stops)
    sizes = _differences(ends)
    if not len(stops) or sizes.min() < 1:
        return _undecoded(sizes, sizes > 0)
    heads = ends - sizes
    # before: the byte in front of each number, which ends the number, or the list, before it.
    before = np.empty(len(last), dtype=np.int64)
    before[0], before[1:] = -1, last[:-1]
    before[heads[1:]] = stops[:-1] - 1
    nbytes = last - before
    # Most numbers have one byte: read all as if they had, then read the longer ones again.
    low = data[last]
    odd, deltas = low & 1, (low >> 1).astype(np.int64)
    (more,) = (nbytes > 1).nonzero()
    if len(more):
        longer = nbytes[more]
        if longer.max() > _MAX_NUMBER_BYTES:
            return _undecoded(sizes, np.maximum.reduceat(nbytes, heads) <= _MAX_NUMBER_BYTES)
        numbers = _long_numbers(data, last[more], longer)
        odd[more], deltas[more] = numbers & 1, numbers >> 1
    counts = np.ones(len(last), dtype=np.uint8)
    (several,) = odd.view(np.bool_).nonzero()
    # A list is sound if as many bytes follow its last number as its numbers announce counts above 1.
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
    # One running sum gives all rows if each list begins by taking back what the list before it reached.
    deltas[heads[1:]] -= reached[:-1]
    return DecodedLists(deltas.cumsum(out=deltas), counts, sizes, lasts, good)


def _differences(ends: Rows) -> Rows:
    """The sizes of pieces that end at ``ends``, each of which begins where the one before it ends."""
    sizes = ends.copy()
    sizes[1:] -= ends[:-1]
    return sizes


def _undecoded(sizes: Rows, good: Mask) -> DecodedLists:
    """What :func:`decode_lists` gives for damaged bytes: rows of 0 that nobody may use."""
    total = int(sizes.sum())
    nothing = np.zeros(total, np.int64)
    return DecodedLists(nothing, np.ones(total, np.uint8), sizes, np.zeros(len(sizes), np.int64), good)


def _long_numbers(data: Bytes, last: Rows, nbytes: Rows) -> Rows:
    """The values of numbers of at least two bytes, of each of which ``last`` is the last byte's place."""
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
    """Ascending numbers in about 2 bytes each: the encoding of Elias and Fano, with 16 low bits.

    Example: 6, 70000 and 70001 are ``65536 * high + low`` with highs 0, 1, 1 and lows 6, 4464, 4465. The lows
    are stored, and in place of the highs the steps 0, 1: no number lies below 0, and one lies below 65536.
    """

    lows: npt.NDArray[np.uint16]
    """Shape ``(numbers,)``: the low 16 bits of each number."""
    steps: npt.NDArray[np.uint32]
    """Shape ``(highest high + 1,)``: how many of the numbers lie below ``high << 16``."""

    @staticmethod
    def of(numbers: Rows, *, before: int = 0, known: int = 0) -> Ascending:
        """The encoded form of some ascending numbers.

        Where a sequence is encoded piece by piece, ``before`` numbers and ``known`` steps stand in the
        pieces before this one; the pieces' arrays, one after the other, are those of the whole.
        """
        highs = numbers >> _LOW_BITS
        last = int(highs[-1]) + 1 if len(highs) else known
        steps = highs.searchsorted(np.arange(known, last)) + before
        return Ascending((numbers & 0xFFFF).astype(np.uint16), steps.astype(np.uint32))

    def __len__(self) -> int:
        return len(self.lows)

    def at(self, places: Rows) -> Rows:
        """The numbers at some positions, in any order."""
        if len(self.steps) == 1:
            return self.lows[places].astype(np.int64)
        highs = self.steps.searchsorted(places, side="right") - 1
        return (highs.astype(np.int64) << _LOW_BITS) + self.lows[places]

    def between(self, begin: int, end: int) -> Rows:
        """The numbers at the positions from ``begin`` up to ``end``, which is not included."""
        return self.at(np.arange(begin, end))


def encode_numbers(numbers: Rows) -> tuple[Bytes, Rows]:
    """Some numbers below ``1 << 35`` in base 128, the lowest digit first; and where each ends.

    All arrays have the shape ``(numbers,)``, but for the bytes.
    """
    sizes = np.ones(len(numbers), dtype=np.int64)
    for bits in (7, 14, 21, 28):
        sizes += numbers >= (1 << bits)
    ends = np.cumsum(sizes)
    if len(ends) and int(ends[-1]) == len(ends):
        return numbers.astype(np.uint8), ends
    data = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    begins = ends - sizes
    for place in range(int(sizes.max(initial=0))):
        (has,) = (sizes > place).nonzero()
        more = (sizes[has] > place + 1).astype(np.int64) << 7
        data[begins[has] + place] = ((numbers[has] >> (7 * place)) & 0x7F) | more
    return data, ends


def decode_numbers(data: Bytes) -> Rows:
    """The numbers that :func:`encode_numbers` made bytes of.

    Raises:
        ValueError: A number has no end, or more bytes than any has.
    """
    if not len(data):
        return np.empty(0, dtype=np.int64)
    if data[-1] >= _LAST_BELOW:
        raise ValueError("the last number has no end")
    (last,) = (data < _LAST_BELOW).nonzero()
    numbers = data[last].astype(np.int64)
    if len(last) == len(data):
        return numbers
    nbytes = np.diff(last, prepend=-1)
    (more,) = (nbytes > 1).nonzero()
    longer = nbytes[more]
    if int(longer.max()) > _MAX_NUMBER_BYTES:
        raise ValueError("a number has too many bytes")
    numbers[more] = _long_numbers(data, last[more], longer)
    return numbers
