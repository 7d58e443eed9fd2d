"""Which rows hold a term, and how often: one list a field, compact, mapped.

A list is five sections: ``heads`` (the first 32 bits of each term's hash, ascending) and ``tails`` (the
next 8: among five million terms ten pairs share all 40), ``starts.lows`` and ``starts.steps`` (where a
term's bytes begin, :class:`semindex.store.codec.Ascending`) and ``data`` (its bytes, see there). Counts
are plain: nothing stored depends on the rest of the corpus.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.errors import IndexCorrupt
from semindex.store.codec import Ascending, Bytes, Rows, Tallies, decoded, encoded
from semindex.store.segment import Segment
from semindex.types import Ids, TermHashes

PARTS = ("heads", "tails", "starts.lows", "starts.steps", "data")
_HEAD, _TAIL = np.uint64(32), np.uint64(24)
_TAIL_BITS = np.uint64(0xFF)


class Triples(Struct, frozen=True):
    """Unordered postings: parallel arrays of term hash, row ordinal and count."""

    terms: TermHashes
    rows: Rows
    counts: Tallies

    @staticmethod
    def concatenated(parts: Iterable[Triples]) -> Triples:
        """All of them, one after the other; none gives an empty one."""
        kept = [part for part in parts if len(part.terms)]
        if not kept:
            return Triples(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.uint8))
        return Triples(
            np.concatenate([part.terms for part in kept]),
            np.concatenate([part.rows for part in kept]),
            np.concatenate([part.counts for part in kept]),
        )


def stored_part(terms: TermHashes) -> TermHashes:
    """The hashes without the bits that are not stored, in the place where they were."""
    return terms >> _TAIL << _TAIL


def encode(field: str, triples: Triples) -> Mapping[str, npt.NDArray[Any]]:
    """The five sections of a list, named ``FIELD.heads`` and so on. A (term, row) pair occurs once."""
    known = Triples(stored_part(triples.terms), triples.rows, triples.counts)
    order = _order(known)
    ordered = Triples(known.terms[order], known.rows[order], known.counts[order])
    arrays = encode_ordered(ordered)
    starts = Ascending.of(arrays.starts)
    parts: tuple[npt.NDArray[Any], ...] = (
        arrays.heads,
        arrays.tails,
        starts.lows,
        starts.steps,
        arrays.data,
    )
    return {f"{field}.{part}": array for part, array in zip(PARTS, parts, strict=True)}


class Arrays(Struct, frozen=True):
    """A list, but for how its starts are kept."""

    heads: npt.NDArray[np.uint32]
    tails: npt.NDArray[np.uint8]
    starts: Rows
    """One more than there are terms."""
    data: Bytes


def encode_ordered(triples: Triples) -> Arrays:
    """The list of triples that are ordered by (term, row), terms as they are stored."""
    terms = triples.terms
    first = np.ones(len(terms), dtype=bool)
    first[1:] = terms[1:] != terms[:-1]
    heads = np.flatnonzero(first)
    data, starts = encoded(triples.rows, triples.counts, heads)
    return Arrays(*_split(terms[heads]), starts, data)


def _split(terms: TermHashes) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    return (terms >> _HEAD).astype(np.uint32), (terms >> _TAIL & _TAIL_BITS).astype(np.uint8)


def _order(triples: Triples) -> Ids:
    """Positions by (term, row)."""
    rows = triples.rows
    if len(rows) < 2 or bool((rows[1:] >= rows[:-1]).all()):
        # As they come from the analysis; half the time of the general way.
        return np.argsort(triples.terms, kind="stable")
    distinct, ranks = np.unique(triples.terms, return_inverse=True)
    if not len(distinct):
        return np.empty(0, np.int64)
    width = int(triples.rows.max()) + 1
    return np.argsort(ranks.astype(np.int64) * width + triples.rows, kind="stable")


class Keys(Struct, frozen=True):
    """Hashes of terms as they are compared with those of lists."""

    heads: npt.NDArray[np.uint32]
    tails: npt.NDArray[np.uint8]

    @staticmethod
    def of(terms: TermHashes) -> Keys:
        """Those of some terms."""
        return Keys(*_split(terms))

    def first(self, count: int) -> Keys:
        """The first of them."""
        return Keys(self.heads[:count], self.tails[:count])


class Encoded(Struct, frozen=True):
    """The lists of some terms, as they are stored."""

    numbers: Rows
    """Position of each among the terms asked for, ascending."""
    pieces: list[Bytes]
    nbytes: Rows
    """Lengths of the pieces."""


class Postings:
    """One field's list in one segment, read where it is mapped."""

    def __init__(self, segment: Segment, field: str, rows: int) -> None:
        """``rows`` is the number of rows that ordinals may name; anything else is damage."""
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
        """Bytes of all rows and counts; about as many postings."""
        return len(self._data)

    def __len__(self) -> int:
        """Distinct terms."""
        return len(self._heads)

    def find(self, keys: Keys) -> Ids:
        """The position of each term, -1 where it does not occur."""
        places = np.full(len(keys.heads), -1, dtype=np.int64)
        numbers, found = self._find(keys)
        places[numbers] = found
        return places

    def _find(self, keys: Keys) -> tuple[Rows, Rows]:
        """Which of the terms occur, and where each of these stands."""
        heads, tails = self._heads, self._tails
        if not len(heads):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        places = heads.searchsorted(keys.heads)
        # One that would stand behind the last is compared with that, and is another.
        (numbers,) = (heads.take(places, mode="clip") == keys.heads).nonzero()
        places, wanted = places[numbers], keys.tails[numbers]
        found = tails[places] == wanted
        if np.count_nonzero(found) == len(found):
            return numbers, places
        # Two terms with the same 32 bits are rare, three in a row unheard of but in damaged files.
        (behind,) = (tails[places] < wanted).nonzero()
        while len(behind):
            behind = behind[places[behind] < len(heads) - 1]
            places[behind] += 1
            at = places[behind]
            same = heads[at] == keys.heads[numbers[behind]]
            behind = behind[same & (tails[at] < wanted[behind])]
        found = (heads[places] == keys.heads[numbers]) & (tails[places] == wanted)
        return numbers[found], places[found]

    def at(self, place: int) -> tuple[Rows, Tallies]:
        """The rows and counts of the term at a position that :meth:`find` gave."""
        start, stop = self._starts.between(place, place + 2).tolist()
        data = self._data[start:stop]
        found = decoded(data, np.array([len(data)], dtype=np.int64))
        if not found.good.all() or int(found.lasts[0]) >= self.rows:
            raise self.damaged()
        return found.rows, found.counts

    def encoded(self, keys: Keys) -> Encoded | None:
        """The lists of those of some terms that occur, as they are stored; None when none does.

        One without bytes, or with fewer than none, is damaged.
        """
        numbers, places = self._find(keys)
        if not len(numbers):
            return None
        starts, stops = self._starts.at(np.concatenate((places, places + 1))).reshape(2, -1)
        data = self._data
        pieces = [data[start:stop] for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]
        return Encoded(numbers, pieces, stops - starts)

    def damaged(self) -> IndexCorrupt:
        """The error to raise when a list of the field makes no sense."""
        return IndexCorrupt(
            f"{self._path}: the {self._field} postings are damaged; run 'semindex index' to rebuild them"
        )

    def triples(self) -> Triples:
        """Everything, ordered by (term, row)."""
        return self.part(0, len(self))

    def cuts(self, borders: TermHashes) -> list[int]:
        """The positions of the first terms not below some hashes of which 32 bits are set, ascending."""
        heads, _ = _split(borders)
        return [0, *self._heads.searchsorted(heads).tolist(), len(self)]

    def part(self, begin: int, end: int) -> Triples:
        """The postings of the terms at positions ``begin`` up to ``end``, ordered by (term, row)."""
        starts = self._starts.between(begin, end + 1)
        found = decoded(self._data[int(starts[0]) : int(starts[-1])], starts[1:] - starts[0])
        if not found.good.all() or int(found.lasts.max(initial=0)) >= self.rows:
            raise self.damaged()
        terms = self._heads[begin:end].astype(np.uint64) << _HEAD
        terms |= self._tails[begin:end].astype(np.uint64) << _TAIL
        return Triples(np.repeat(terms, found.sizes), found.rows, found.counts)
