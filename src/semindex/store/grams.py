"""Lists of trigrams: which blocks of a segment's files have each trigram.

Blocks are numbered through all files of the segment, ``gram.blocks`` of each one after the other. The lists
are three sections. Example: of 9 blocks, ``abc`` (0x616263) is in block 7, ``abd`` in blocks 1, 2 and 8, and
``abe`` in all of them::

    pairs         abc 7   abd 1, 2, 8   abe 0, 1, 2 ... 8
    gram.keys     0 28    1 13          1 2      two numbers a trigram: the difference to the one before
                                                 (0 for the first of a group), and a tag
    tags          7*4     3*4+1         2        block << 2: the only block; bytes << 2 | 1: a list of so
                                                 many bytes; 2: a bitmap
    gram.data             1 1 6         255 1    differences of blocks; a bit for each block, lowest first
    gram.starts   0x616263 0 0                   a row for each group of 64 trigrams: its first, and where
                                                 it begins in gram.keys and in gram.data

Numbers are in base 128, the lowest digit first; 128 is added to every digit but the last of a number. A list
is a bitmap where that takes no more room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.errors import IndexCorrupt
from semindex.store.codec import Bytes, Rows, decode_numbers, encode_numbers
from semindex.store.segment import Segment
from semindex.types import Mask

Pairs = npt.NDArray[np.uint64]
"""Trigrams with blocks that have them, ``gram << 32 | block`` each, ascending; shape ``(pairs,)``."""

PARTS = ("keys", "starts", "data")
GROUP = 64
"""Trigrams that are decoded together to find one of them."""
_ONE, _LIST, _BITMAP = range(3)
_KIND_BITS = 2
_BLOCK_BITS = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)
"""The bits of a pair that are its block."""
DTYPES: tuple[npt.DTypeLike, ...] = (np.uint8, np.uint32, np.uint8)
"""Of :data:`PARTS`."""


def pairs_of(grams: Sequence[npt.NDArray[np.uint32]], first: int = 0) -> Pairs:
    """The pairs of some blocks, given the trigrams of each; the first block has the number ``first``."""
    if not grams:
        return np.empty(0, dtype=np.uint64)
    blocks = np.arange(first, first + len(grams), dtype=np.uint64)
    pairs = np.concatenate(grams).astype(np.uint64)
    pairs <<= _BLOCK_BITS
    pairs |= blocks.repeat([len(each) for each in grams])
    pairs.sort()
    return pairs


class GramEncoder:
    """Makes the sections of pairs that come in ascending order, some trigrams at a time."""

    def __init__(self, blocks: int) -> None:
        """``blocks`` is how many the segment has."""
        self._bitmap_bytes = -(-blocks // 8)
        self._keys = self._key_bytes = self._data_bytes = 0
        self._last_key = 0

    def add(self, pairs: Pairs) -> tuple[Bytes, npt.NDArray[np.uint32], Bytes]:
        """What is to be appended to each of :data:`PARTS` for some trigrams, each with all of its blocks."""
        if not len(pairs):
            return np.empty(0, np.uint8), np.empty((0, 3), np.uint32), np.empty(0, np.uint8)
        keys, blocks = (pairs >> _BLOCK_BITS).astype(np.int64), (pairs & LOW).astype(np.int64)
        heads = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        sizes, data = self._lists(blocks, heads)
        keys = keys[heads]
        single = np.diff(np.append(heads, len(blocks))) == 1
        bitmap = ~single & (sizes == self._bitmap_bytes) & (sizes > 0)
        tags = np.where(
            single, blocks[heads] << _KIND_BITS, np.where(bitmap, _BITMAP, sizes << _KIND_BITS | _LIST)
        )
        numbers = np.empty((len(keys), 2), dtype=np.int64)
        numbers[1:, 0], numbers[0, 0] = keys[1:] - keys[:-1], keys[0] - self._last_key
        numbers[:, 1] = tags
        (firsts,) = ((self._keys + np.arange(len(keys))) % GROUP == 0).nonzero()
        numbers[firsts, 0] = 0
        stored, ends = encode_numbers(numbers.reshape(-1))
        begins = np.concatenate(([0], ends[1::2]))
        at = np.concatenate(([0], np.cumsum(sizes)))
        starts = np.stack(
            (keys[firsts], begins[firsts] + self._key_bytes, at[firsts] + self._data_bytes), axis=1
        ).astype(np.uint32)
        self._keys += len(keys)
        self._key_bytes += len(stored)
        self._data_bytes += len(data)
        self._last_key = int(keys[-1])
        return stored, starts, data

    def _lists(self, blocks: Rows, heads: Rows) -> tuple[Rows, Bytes]:
        """How many bytes each list takes in ``gram.data``, 0 for one of one block; and these bytes."""
        counts = np.diff(np.append(heads, len(blocks)))
        deltas = blocks.copy()
        deltas[1:] -= blocks[:-1]
        deltas[heads] = blocks[heads]
        several = counts > 1
        listed = several.repeat(counts)
        stored, ends = encode_numbers(deltas[listed])
        begins = np.concatenate(([0], ends[np.cumsum(counts[several]) - 1]))
        sizes = np.zeros(len(heads), dtype=np.int64)
        sizes[several] = np.diff(begins)
        (large,) = (several & (sizes >= self._bitmap_bytes)).nonzero()
        if not len(large):
            return sizes, stored
        # What is stored of lists that become bitmaps is replaced by these.
        origin = np.zeros(len(heads), dtype=np.int64)
        origin[several] = begins[:-1]
        pieces: list[Bytes] = []
        done = 0
        for number in large.tolist():
            begin, end = int(origin[number]), int(origin[number] + sizes[number])
            bits = np.zeros(self._bitmap_bytes * 8, dtype=np.uint8)
            bits[blocks[heads[number] : heads[number] + counts[number]]] = 1
            pieces += [stored[done:begin], np.packbits(bits, bitorder="little")]
            done = end
        sizes[large] = self._bitmap_bytes
        return sizes, np.concatenate([*pieces, stored[done:]])


def encode_grams(field: str, pairs: Pairs, blocks: int) -> Mapping[str, npt.NDArray[Any]]:
    """The sections of all pairs of a segment with so many blocks, named ``FIELD.keys`` and so on."""
    keys, starts, data = GramEncoder(blocks).add(pairs)
    return {f"{field}.keys": keys, f"{field}.starts": starts, f"{field}.data": data}


class GramList(Struct, frozen=True, gc=False):
    """Where the blocks of one trigram stand."""

    kind: int
    value: int
    """The only block, or the bytes of the list."""
    begin: int
    """Where its bytes begin in ``gram.data``."""

    @property
    def cost(self) -> int:
        """How many bytes are to be decoded, about."""
        return self.value if self.kind == _LIST else 1


class _Entries(Struct, frozen=True):
    """Trigrams of some groups, ascending; parallel arrays of shape ``(trigrams,)``."""

    keys: Rows
    kinds: Rows
    values: Rows
    begins: Rows
    """Where the bytes of each begin in ``gram.data``."""
    sizes: Rows


class GramLists:
    """The trigrams of a segment."""

    def __init__(self, segment: Segment, field: str, blocks: int) -> None:
        """Take a field of a segment, which has so many blocks.

        Raises:
            IndexCorrupt: A section is missing.
        """
        self._path = segment.path
        self._key_bytes, self._starts, self._data = (segment.section(f"{field}.{part}") for part in PARTS)
        self.blocks = blocks
        self._bitmap_bytes = -(-self.blocks // 8)
        self._firsts = self._starts[:, 0]

    @property
    def nbytes(self) -> int:
        """The bytes of all lists."""
        return len(self._data) + len(self._key_bytes)

    def find(self, grams: Sequence[int]) -> list[GramList | None]:
        """The list of each trigram; None for one that no block has."""
        wanted = np.array(grams, dtype=np.int64)
        groups = self._firsts.searchsorted(wanted, side="right") - 1
        needed = np.unique(groups[groups >= 0])
        if not len(needed):
            return [None] * len(grams)
        entries = self._entries(needed)
        at = entries.keys.searchsorted(wanted)
        found: list[GramList | None] = []
        for gram, place in zip(wanted.tolist(), at.tolist(), strict=True):
            if place >= len(entries.keys) or int(entries.keys[place]) != gram:
                found.append(None)
            else:
                kind, value = int(entries.kinds[place]), int(entries.values[place])
                found.append(GramList(kind, value, int(entries.begins[place])))
        return found

    def rows(self, found: GramList) -> Rows:
        """The blocks of a list, ascending.

        Raises:
            IndexCorrupt: The list is damaged.
        """
        if found.kind == _ONE:
            rows = np.array([found.value], dtype=np.int64)
        elif found.kind == _BITMAP:
            bits = self._bytes(found.begin, self._bitmap_bytes)
            rows = np.flatnonzero(np.unpackbits(bits, bitorder="little"))
        else:
            rows = self._numbers(self._bytes(found.begin, found.value)).cumsum()
        if not len(rows) or int(rows[-1]) >= self.blocks:
            raise self._damaged()
        return rows

    def mask(self, found: GramList) -> Mask:
        """Which blocks a list has, shape ``(blocks,)``; raises as :meth:`rows`."""
        if found.kind == _BITMAP:
            bits = self._bytes(found.begin, self._bitmap_bytes)
            return np.unpackbits(bits, count=self.blocks, bitorder="little").view(np.bool_)
        mask = np.zeros(self.blocks, dtype=np.bool_)
        mask[self.rows(found)] = True
        return mask

    def borders(self, pieces: int) -> list[int]:
        """Trigrams that cut the lists into pieces of about equal bytes, ascending; at most ``pieces - 1``."""
        if not len(self._starts):
            return []
        ends = np.arange(1, pieces) * len(self._data) // pieces
        groups = self._starts[:, 2].searchsorted(ends).clip(0, len(self._starts) - 1)
        return sorted(set(self._firsts[groups].tolist()))

    def between(self, low: int, high: int) -> Pairs:
        """The pairs of all trigrams from ``low`` up to ``high``, which is not included.

        Raises:
            IndexCorrupt: A list is damaged.
        """
        first = max(0, int(self._firsts.searchsorted(low, side="right")) - 1)
        last = int(self._firsts.searchsorted(high))
        if first >= last:
            return np.empty(0, dtype=np.uint64)
        entries = self._entries(np.arange(first, last))
        kept = (entries.keys >= low) & (entries.keys < high)
        single, listed = kept & (entries.kinds == _ONE), kept & (entries.kinds == _LIST)
        parts = [_paired(entries.keys[single], entries.values[single])]
        parts.append(self._listed(entries, listed))
        for number in (kept & (entries.kinds == _BITMAP)).nonzero()[0].tolist():
            rows = self.rows(GramList(_BITMAP, 0, int(entries.begins[number])))
            parts.append(_paired(entries.keys[number : number + 1].repeat(len(rows)), rows))
        pairs = np.concatenate(parts)
        pairs.sort()
        if len(pairs) and int((pairs & LOW).max()) >= self.blocks:
            raise self._damaged()
        return pairs

    def pieces(self, nbytes: int) -> Iterator[Pairs]:
        """All pairs, some ``nbytes`` of lists at a time; raises as :meth:`between`."""
        borders = [0, *self.borders(max(1, -(-len(self._data) // nbytes))), 1 << 24]
        for low, high in pairwise(borders):
            yield self.between(low, high)

    def _listed(self, entries: _Entries, listed: Mask) -> Pairs:
        """The pairs of lists of differences."""
        begins, sizes, keys = entries.begins[listed], entries.sizes[listed], entries.keys[listed]
        if not len(keys):
            return np.empty(0, dtype=np.uint64)
        if int(sizes.min()) < 1 or int((begins + sizes).max()) > len(self._data):
            raise self._damaged()
        first, end = int(begins[0]), int(begins[-1] + sizes[-1])
        data = self._data[first:end]
        if int(sizes.sum()) < end - first:
            held = np.repeat(begins - first - np.cumsum(sizes) + sizes, sizes) + np.arange(int(sizes.sum()))
            data = data[held]
        stops = np.cumsum(sizes)
        if (data[stops - 1] >= 128).any():
            raise self._damaged()
        deltas = self._numbers(data)
        counts = np.diff(np.concatenate(([0], np.cumsum(data < 128)[stops - 1])))
        heads = np.cumsum(counts) - counts
        sums = deltas.cumsum()
        rows = sums - np.repeat(sums[heads] - deltas[heads], counts)
        return _paired(keys.repeat(counts), rows)

    def _entries(self, groups: Rows) -> _Entries:
        """The trigrams of some groups, which are given ascending."""
        begins = self._starts[groups, 1].astype(np.int64)
        after = np.append(self._starts[1:, 1], len(self._key_bytes)).astype(np.int64)[groups]
        sizes = after - begins
        if int(sizes.min(initial=1)) < 1 or int(after.max(initial=0)) > len(self._key_bytes):
            raise self._damaged()
        held = np.repeat(begins - np.cumsum(sizes) + sizes, sizes) + np.arange(int(sizes.sum()))
        data = self._key_bytes[held]
        numbers = self._numbers(data).reshape(-1, 2) if (data < 128).sum() % 2 == 0 else None
        if numbers is None or (data[np.cumsum(sizes) - 1] >= 128).any():
            raise self._damaged()
        ends = np.cumsum(data < 128)[np.cumsum(sizes) - 1] // 2
        heads = np.concatenate(([0], ends[:-1]))
        counts = ends - heads
        steps, tags = numbers[:, 0], numbers[:, 1]
        sums = steps.cumsum()
        keys = sums - np.repeat(sums[heads] - self._starts[groups, 0].astype(np.int64), counts)
        kinds, values = tags & 3, tags >> _KIND_BITS
        stored = np.where(kinds == _LIST, values, np.where(kinds == _BITMAP, self._bitmap_bytes, 0))
        totals = stored.cumsum() - stored
        at = totals - np.repeat(totals[heads] - self._starts[groups, 2].astype(np.int64), counts)
        return _Entries(keys, kinds, values, at, stored)

    def _bytes(self, begin: int, size: int) -> Bytes:
        found = self._data[begin : begin + size]
        if len(found) != size or not size:
            raise self._damaged()
        return found

    def _numbers(self, data: Bytes) -> Rows:
        try:
            return decode_numbers(data)
        except ValueError as error:
            raise self._damaged() from error

    def _damaged(self) -> IndexCorrupt:
        return IndexCorrupt(f"{self._path}: its n-grams are damaged; run 'semindex index' to rebuild it")


def _paired(keys: Rows, blocks: Rows) -> Pairs:
    pairs = keys.astype(np.uint64)
    pairs <<= _BLOCK_BITS
    pairs |= blocks.astype(np.uint64)
    return pairs
