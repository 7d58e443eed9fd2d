"""Which rows hold a term, and how often: one list a field, compact, mapped.

A list is five sections: ``terms`` (sorted distinct uint64 hashes), ``offsets`` (where a term's
postings begin), ``starts`` (where their bytes begin), ``ids`` (row ordinals: the first, then the
differences, as little-endian base-128 numbers) and ``counts`` (uint8, saturating at 255).
Counts are plain: nothing stored depends on the rest of the corpus.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semindex.errors import IndexCorrupt
from semindex.store.segment import Segment
from semindex.types import TermHashes

Rows = npt.NDArray[np.int64]
"""Row ordinals, ascending and distinct within a term."""
Tallies = npt.NDArray[np.uint8]
"""A count (or, for references, a set of role bits) a posting."""

MAX_COUNT = 255
_MAX_VARINT_BYTES = 5
PARTS = ("terms", "offsets", "starts", "ids", "counts")


@dataclass(frozen=True, slots=True)
class Triples:
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


def encode(field: str, triples: Triples) -> Mapping[str, npt.NDArray[Any]]:
    """The five sections of a list, named ``FIELD.terms`` and so on. A (term, row) pair occurs once."""
    order = _order(triples)
    ordered = Triples(triples.terms[order], triples.rows[order], triples.counts[order])
    return {f"{field}.{part}": array for part, array in zip(PARTS, encode_ordered(ordered), strict=True)}


def encode_ordered(triples: Triples) -> tuple[npt.NDArray[Any], ...]:
    """The arrays of ``PARTS`` of triples that are ordered by (term, row)."""
    hashes, rows = triples.terms, triples.rows
    first = np.ones(len(hashes), dtype=bool)
    first[1:] = hashes[1:] != hashes[:-1]
    heads = np.flatnonzero(first)
    deltas = rows.copy()
    deltas[1:] -= rows[:-1]
    deltas[heads] = rows[heads]
    data, ends = _varint(deltas)
    offsets = np.append(heads, len(hashes))
    starts = np.append(np.concatenate(([0], ends))[heads], len(data))
    return hashes[heads], offsets.astype(np.uint32), starts.astype(np.uint32), data, triples.counts


def _order(triples: Triples) -> npt.NDArray[np.int64]:
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


def _varint(values: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Base-128 bytes of each value, the last byte of each below 128, and where each ends."""
    sizes = np.ones(len(values), dtype=np.int64)
    for bits in (7, 14, 21, 28):
        sizes += values >= (1 << bits)
    ends = np.cumsum(sizes)
    data = np.zeros(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
    begins = ends - sizes
    for place in range(int(sizes.max()) if len(sizes) else 0):
        has = sizes > place
        more = (sizes > place + 1).astype(np.int64) << 7
        data[begins[has] + place] = (((values >> (7 * place)) & 0x7F) | more)[has]
    return data, ends


def unvarint(data: npt.NDArray[np.uint8], last: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The numbers in ``data``, whose last bytes (below 128) are at ``last``; none when it is damaged."""
    if len(data) == len(last):
        return data.astype(np.int64)
    begins = np.empty(len(last), dtype=np.int64)
    begins[:1] = 0
    begins[1:] = last[:-1] + 1
    values = (data[begins] & 0x7F).astype(np.int64)
    more = np.flatnonzero(last > begins)
    for place in range(1, _MAX_VARINT_BYTES):
        if not len(more):
            return values
        at = begins[more] + place
        values[more] |= (data[at] & 0x7F).astype(np.int64) << (7 * place)
        more = more[last[more] > at]
    return values[:0] if len(more) else values


@dataclass(frozen=True, slots=True)
class Encoded:
    """The lists of some terms, as they are stored."""

    numbers: Rows
    """Position of each among the terms asked for, ascending."""
    ids: list[npt.NDArray[np.uint8]]
    counts: list[Tallies]
    nbytes: Rows
    """Lengths of ``ids``."""
    sizes: Rows
    """Lengths of ``counts``."""


class Postings:
    """One field's list in one segment, read where it is mapped."""

    def __init__(self, segment: Segment, field: str, rows: int) -> None:
        """``rows`` is the number of rows that ordinals may name; anything else is damage."""
        self._path = segment.path
        self._field = field
        self.rows = rows
        self.terms, self._offsets, self._starts, self._ids, self._counts = (
            segment.section(f"{field}.{part}") for part in PARTS
        )
        if (
            len(self._offsets) != len(self.terms) + 1
            or len(self._starts) != len(self._offsets)
            or int(self._offsets[-1]) != len(self._counts)
            or int(self._starts[-1]) != len(self._ids)
        ):
            raise IndexCorrupt(
                f"{segment.path}: the {field} postings do not fit together; run 'semindex index'"
            )

    @property
    def count(self) -> int:
        """Postings in all."""
        return len(self._counts)

    def find(self, terms: TermHashes) -> npt.NDArray[np.int64]:
        """The position of each term, -1 where it does not occur."""
        if not len(self.terms):
            return np.full(len(terms), -1, dtype=np.int64)
        places = np.searchsorted(self.terms, terms)
        places[places == len(self.terms)] = 0
        return np.where(self.terms[places] == terms, places, -1)

    def at(self, place: int) -> tuple[Rows, Tallies]:
        """The rows and counts of the term at a position that :meth:`find` gave."""
        begin, end = int(self._offsets[place]), int(self._offsets[place + 1])
        data = self._ids[int(self._starts[place]) : int(self._starts[place + 1])]
        rows = np.cumsum(unvarint(data, np.flatnonzero(data < 0x80)))
        if len(rows) != end - begin or (len(rows) and int(rows[-1]) >= self.rows):
            raise self.damaged()
        return rows, self._counts[begin:end]

    def encoded(self, terms: TermHashes) -> Encoded | None:
        """The lists of those of some terms that occur, as they are stored; None when none does.

        Raises:
            IndexCorrupt: A list is empty, which none is that was written.
        """
        if not len(self.terms):
            return None
        places = self.terms.searchsorted(terms)
        np.minimum(places, len(self.terms) - 1, out=places)
        (numbers,) = (self.terms[places] == terms).nonzero()
        if not len(numbers):
            return None
        places = places[numbers]
        begins, ends = self._offsets[places], self._offsets[places + 1]
        starts, stops = self._starts[places], self._starts[places + 1]
        if (begins >= ends).any() or (starts >= stops).any():
            raise self.damaged()
        ids, counts = self._ids, self._counts
        return Encoded(
            numbers,
            [ids[start:stop] for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)],
            [counts[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)],
            (stops - starts).astype(np.int64),
            (ends - begins).astype(np.int64),
        )

    def damaged(self) -> IndexCorrupt:
        """The error to raise when a list of the field makes no sense."""
        return IndexCorrupt(
            f"{self._path}: the {self._field} postings are damaged; run 'semindex index' to rebuild them"
        )

    def triples(self) -> Triples:
        """Everything, ordered by (term, row)."""
        return self.part(0, len(self.terms))

    def part(self, begin: int, end: int) -> Triples:
        """The postings of the terms at positions ``begin`` up to ``end``, ordered by (term, row)."""
        offsets = self._offsets[begin : end + 1].astype(np.int64)
        first, last = int(offsets[0]), int(offsets[-1])
        counts = offsets[1:] - offsets[:-1]
        data = self._ids[int(self._starts[begin]) : int(self._starts[end])]
        deltas = unvarint(data, np.flatnonzero(data < 0x80))
        if len(deltas) != last - first or (len(counts) and int(counts.min()) < 1):
            raise self.damaged()
        totals = np.cumsum(deltas)
        heads = offsets[:-1] - first
        before = (totals[heads] - deltas[heads]) if len(heads) else totals
        rows = totals - np.repeat(before, counts)
        if len(rows) and int(rows.max()) >= self.rows:
            raise self.damaged()
        return Triples(np.repeat(self.terms[begin:end], counts), rows, np.asarray(self._counts[first:last]))
