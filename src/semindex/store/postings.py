"""Postings: which rows of a segment hold a term, and how often; one set of lists for each field.

A row is a chunk or a file of the segment, by its ordinal. A field's lists are five sections of the segment.
Of the term's 64-bit hash 40 bits are kept: among five million terms about ten pairs share those.

Example: the term with the hash ``0x00000007_04_abcdef`` occurs once in row 3, twice in row 5 and seven times
in row 300; the term with the hash ``0x0000000a_01_000000`` occurs once in row 2::

    heads           7, 10                       the first 32 bits of each hash, ascending
    tails           4, 1                        the next 8 bits; the other 24 are not stored
    starts          0, 6, 7                     where each term's bytes begin in data, and the last's end,
                                                stored as starts.lows and starts.steps (see codec.Ascending)
    data            6 5 207 4 130 135, 4        the rows and counts of each term (see codec.py)

The counts are those of the text: nothing stored depends on other files of the index, so a segment stays valid
beside any others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.errors import IndexCorrupt
from semindex.store.codec import Ascending, Bytes, Rows, Tallies, decode_lists, encode_lists
from semindex.store.segment import Segment
from semindex.types import Ids, TermHashes

PARTS = ("heads", "tails", "starts.lows", "starts.steps", "data")
_HEAD, _TAIL = np.uint64(32), np.uint64(24)
_TAIL_BITS = np.uint64(0xFF)


class Triples(Struct, frozen=True):
    """Decoded postings in any order: parallel arrays of shape ``(postings,)``."""

    terms: TermHashes
    rows: Rows
    counts: Tallies

    @staticmethod
    def concatenated(parts: Iterable[Triples]) -> Triples:
        """The postings of all parts, one part after the other; empty arrays if there is no part."""
        kept = [part for part in parts if len(part.terms)]
        if not kept:
            return Triples(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.uint8))
        return Triples(
            np.concatenate([part.terms for part in kept]),
            np.concatenate([part.rows for part in kept]),
            np.concatenate([part.counts for part in kept]),
        )


def stored_bits(terms: TermHashes) -> TermHashes:
    """The hashes with the 24 bits that are not stored set to 0."""
    return terms >> _TAIL << _TAIL


def encode_postings(field: str, triples: Triples) -> Mapping[str, npt.NDArray[Any]]:
    """The five sections of a field's lists, named ``FIELD.heads`` and so on, from postings in any order.

    A pair of term and row may occur once only.
    """
    known = Triples(stored_bits(triples.terms), triples.rows, triples.counts)
    order = _order(known)
    lists = encode_ordered(Triples(known.terms[order], known.rows[order], known.counts[order]))
    starts = Ascending.of(lists.starts)
    arrays: tuple[npt.NDArray[Any], ...] = (lists.heads, lists.tails, starts.lows, starts.steps, lists.data)
    return {f"{field}.{part}": array for part, array in zip(PARTS, arrays, strict=True)}


class EncodedLists(Struct, frozen=True):
    """A field's lists as they are stored, but for the starts, which are plain numbers here."""

    heads: npt.NDArray[np.uint32]
    tails: npt.NDArray[np.uint8]
    starts: Rows
    """Shape ``(terms + 1,)``."""
    data: Bytes


def encode_ordered(triples: Triples) -> EncodedLists:
    """The lists of postings that are ordered by term, then row, and whose terms are :func:`stored_bits`."""
    terms = triples.terms
    # first: whether a posting is the first of its term, and so begins a list.
    first = np.ones(len(terms), dtype=bool)
    first[1:] = terms[1:] != terms[:-1]
    heads = np.flatnonzero(first)
    data, starts = encode_lists(triples.rows, triples.counts, heads)
    return EncodedLists(*_split(terms[heads]), starts, data)


def _split(terms: TermHashes) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    """The heads and the tails of some hashes."""
    return (terms >> _HEAD).astype(np.uint32), (terms >> _TAIL & _TAIL_BITS).astype(np.uint8)


def _order(triples: Triples) -> Ids:
    """The positions of the postings, ordered by term, then row."""
    rows = triples.rows
    if (rows[1:] >= rows[:-1]).all():
        # The analysis gives rows ascending. A stable sort by term then suffices and takes half the time.
        return np.argsort(triples.terms, kind="stable")
    return np.lexsort((rows, triples.terms))


class TermKeys(Struct, frozen=True):
    """Terms to look up: the heads and tails of their hashes, in the order of the terms."""

    heads: npt.NDArray[np.uint32]
    tails: npt.NDArray[np.uint8]

    @staticmethod
    def of(terms: TermHashes) -> TermKeys:
        """The keys of some hashes."""
        return TermKeys(*_split(terms))

    def first(self, count: int) -> TermKeys:
        """The keys of the first ``count`` terms."""
        return TermKeys(self.heads[:count], self.tails[:count])


class StoredLists(Struct, frozen=True):
    """The lists of some of the terms asked for, still encoded."""

    numbers: Rows
    """Shape ``(lists,)``: the position of each list's term among the terms asked for, ascending."""
    pieces: list[Bytes]
    """The bytes of each list."""
    nbytes: Rows
    """Shape ``(lists,)``: the lengths of the pieces."""


class Postings:
    """The lists of one field in one segment, read from the mapped file when they are asked for."""

    def __init__(self, segment: Segment, field: str, rows: int) -> None:
        """Open the lists of ``field``, whose postings may name rows from 0 to ``rows - 1``.

        Raises:
            IndexCorrupt: A section is missing, or the sections do not fit together.
        """
        self._path = segment.path
        self._field = field
        self.rows = rows
        self._heads, self._tails, lows, steps, self._data = (
            segment.section(f"{field}.{part}") for part in PARTS
        )
        self._starts = Ascending(lows, steps)
        if (
            len(self._tails) != len(self._heads)
            or len(self._starts) != len(self._heads) + 1
            or self._starts.between(len(self._heads), len(self._starts)).tolist() != [len(self._data)]
        ):
            raise IndexCorrupt(
                f"{segment.path}: the {field} postings do not fit together; run 'semindex index'"
            )

    @property
    def nbytes(self) -> int:
        """Bytes of all rows and counts; there are about as many postings."""
        return len(self._data)

    def __len__(self) -> int:
        """The number of distinct terms."""
        return len(self._heads)

    def starts(self, begin: int, end: int) -> Rows:
        """Where the lists at positions ``begin`` up to ``end`` begin in the data, and where the last ends."""
        return self._starts.between(begin, end + 1)

    def find(self, keys: TermKeys) -> tuple[Rows, Rows]:
        """The numbers of those of the terms that occur, ascending, and the position of each in the field."""
        heads, tails = self._heads, self._tails
        if not len(heads):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        places = heads.searchsorted(keys.heads)
        # A head above all others has the place len(heads): it is compared with the last head, and differs.
        (numbers,) = (heads.take(places, mode="clip") == keys.heads).nonzero()
        places, wanted = places[numbers], keys.tails[numbers]
        found = tails[places] == wanted
        if np.count_nonzero(found) == len(found):
            return numbers, places
        # Some head occurs with another tail than the wanted one. Terms of one head stand side by side, so
        # step forward while the head stays the same and the tail is below the wanted one.
        (behind,) = (tails[places] < wanted).nonzero()
        while len(behind):
            behind = behind[places[behind] < len(heads) - 1]
            places[behind] += 1
            at = places[behind]
            same = heads[at] == keys.heads[numbers[behind]]
            behind = behind[same & (tails[at] < wanted[behind])]
        found = (heads[places] == keys.heads[numbers]) & (tails[places] == wanted)
        return numbers[found], places[found]

    def stored_lists(self, keys: TermKeys) -> StoredLists | None:
        """The encoded lists of those of the terms that occur in the field; None if none does.

        In a damaged index a list may have no bytes, and its length may be negative: the caller checks.
        """
        numbers, places = self.find(keys)
        if not len(numbers):
            return None
        # A list ends where that of the next term begins; the last start is the end of the data.
        starts, stops = self._starts.at(np.concatenate((places, places + 1))).reshape(2, -1)
        data = self._data
        pieces = [data[start:stop] for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]
        return StoredLists(numbers, pieces, stops - starts)

    def damaged(self) -> IndexCorrupt:
        """The error to raise when a list of the field makes no sense."""
        return IndexCorrupt(
            f"{self._path}: the {self._field} postings are damaged; run 'semindex index' to rebuild them"
        )

    def triples(self) -> Triples:
        """All postings of the field, ordered by term, then row."""
        return self.between(0, len(self))

    def cuts(self, borders: TermHashes) -> list[int]:
        """The positions that cut the terms at some hashes: 0, the first term not below each, the end.

        Args:
            borders: Ascending; only their first 32 bits may be set.
        """
        heads, _ = _split(borders)
        return [0, *self._heads.searchsorted(heads).tolist(), len(self)]

    def between(self, begin: int, end: int) -> Triples:
        """The postings of the terms at positions ``begin`` up to ``end``, ordered by term, then row.

        Raises:
            IndexCorrupt: A list is damaged.
        """
        starts = self._starts.between(begin, end + 1)
        found = decode_lists(self._data[int(starts[0]) : int(starts[-1])], starts[1:] - starts[0])
        if not found.good.all() or int(found.lasts.max(initial=-1)) >= self.rows:
            raise self.damaged()
        terms = self._heads[begin:end].astype(np.uint64) << _HEAD
        terms |= self._tails[begin:end].astype(np.uint64) << _TAIL
        return Triples(np.repeat(terms, found.sizes), found.rows, found.counts)
