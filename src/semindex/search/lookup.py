"""Terms looked up in an index, block after block."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from semindex.search.matches import (
    FoundBody,
    FoundText,
    Positions,
    saturated,
)
from semindex.search.sums import cells, distinct, heads_of
from semindex.store.gather import Gathered
from semindex.store.generation import Generation
from semindex.types import Floats, Ids, Mask

_FEW_CHUNKS = 8192
"""Up to here it takes less to go through all than to find out which have a term."""


class Norms:
    """Counts of a field to frequencies: times its weight, over ``1 - b + b * length / average`` of the row.

    The factor is kept by length, of which there are few, and not by row.
    """

    def __init__(
        self, lengths: npt.NDArray[np.uint16], average: float, b: float, weight: float = 1.0
    ) -> None:
        self._lengths = lengths
        shares = np.arange(int(lengths.max(initial=0)) + 1) / average
        self._by_length: Floats = weight / (1.0 - b + b * shares)

    def weighted(self, rows: Ids, counts: npt.NDArray[np.uint8]) -> Floats:
        """The frequencies of some rows."""
        return self._by_length[self._lengths[rows]] * counts


class Scratch(threading.local):
    """Arrays over all chunks that a thread uses again and leaves as they were.

    Making one of a million takes longer than using it.
    """

    def __init__(self, chunks: int) -> None:
        self.position: Positions = np.full(chunks, -1, dtype=np.int32)
        self.mark: Mask = np.zeros(chunks, dtype=bool)

    def distinct(self, ids: Sequence[Ids]) -> Ids:
        """The chunks among some, ascending, each once."""
        try:
            for each in ids:
                self.mark[each] = True
            (found,) = self.mark.nonzero()
        finally:
            for each in ids:
                self.mark[each] = False
        return found


class TextLookup:
    """Matches in names, comments and paths, as they come."""

    def __init__(self, generation: Generation, norms: Sequence[Norms], scratch: Scratch) -> None:
        """``norms`` are those of the fields, of chunks first, then of files."""
        self._generation, self._norms, self._scratch = generation, norms, scratch
        self.chunks: list[int] = []
        """In how many chunks each term stands."""
        self._sizes: list[int] = []
        self._touched: list[Ids] = []
        self._places: list[Ids] = []
        self._frequency: list[Floats] = []
        self._file_numbers: list[Ids] = []
        self._file_ids: list[Ids] = []
        self._file_frequency: list[Floats] = []
        self._file_first: list[Ids] = []
        self._file_last: list[Ids] = []
        self._matches = 0

    def add(self, terms: int, by_chunk: Sequence[Gathered], by_file: Sequence[Gathered]) -> None:
        """Add where the next so many terms stand."""
        generation = self._generation
        files = generation.files
        norms = self._norms[: len(by_chunk)], self._norms[len(by_chunk) :]
        touched, placed = self._touched_by([found.rows for found in by_chunk])
        width = len(touched)
        at, cuts, frequency = _summed(terms, width, by_chunk, placed, norms[0])
        rows = [found.rows for found in by_file]
        file_at, file_cuts, file_frequency = _summed(terms, files, by_file, rows, norms[1])
        numbers = np.arange(terms).repeat(_sizes(file_cuts))
        ids = file_at - numbers * files
        # Where the chunks of the files stand among the matches of the term.
        begins, ends = generation.file_starts[ids], generation.file_starts[ids + 1]
        lines = numbers * width
        first = at.searchsorted(lines + touched.searchsorted(begins))
        last = at.searchsorted(lines + touched.searchsorted(ends))
        alone = ends - begins - (last - first)
        sizes = _sizes(cuts)
        more = np.bincount(numbers, alone, terms).astype(np.int64)
        self.chunks.extend((sizes + more).tolist())
        self._sizes.extend(sizes.tolist())
        self._touched.append(touched)
        self._places.append(at - (np.arange(terms) * width).repeat(sizes))
        self._frequency.append(frequency)
        self._file_numbers.append(numbers + (len(self._sizes) - terms))
        self._file_ids.append(ids)
        self._file_frequency.append(file_frequency)
        self._file_first.append(first + self._matches)
        self._file_last.append(last + self._matches)
        self._matches += len(at)

    def _touched_by(self, rows: Sequence[Ids]) -> tuple[Ids, Sequence[npt.NDArray[np.integer]]]:
        """The chunks among which some stand, ascending, and the places of those there."""
        chunks, position = self._generation.chunks, self._scratch.position
        if chunks <= _FEW_CHUNKS:
            return np.arange(chunks), rows
        touched = self._scratch.distinct(rows)
        position[touched] = np.arange(len(touched))
        try:
            return touched, [position[each] for each in rows]
        finally:
            position[touched] = -1

    def found(self) -> FoundText:
        """All that was added."""
        touched = joined(self._touched, np.int64)
        if len(self._touched) > 1:
            touched = distinct(touched)
            for number, (own, places) in enumerate(zip(self._touched, self._places, strict=True)):
                self._places[number] = touched.searchsorted(own)[places]
        return FoundText(
            sizes=tuple(self._sizes),
            touched=touched,
            places=joined(self._places, np.int64),
            frequency=joined(self._frequency, np.float64),
            file_numbers=joined(self._file_numbers, np.int64),
            file_ids=joined(self._file_ids, np.int64),
            file_frequency=joined(self._file_frequency, np.float64),
            file_first=joined(self._file_first, np.int64),
            file_last=joined(self._file_last, np.int64),
        )


def _summed(
    terms: int,
    width: int,
    fields: Sequence[Gathered],
    rows: Sequence[npt.NDArray[np.integer]],
    norms: Sequence[Norms],
) -> tuple[Ids, Ids, Floats]:
    """The frequencies of terms in rows, added field by field.

    Returns:
        Term times ``width`` plus row, ascending, of those that are not zero; where those of each term begin
        and the last end, shape ``(terms + 1,)``; the frequencies.
    """
    lines = np.arange(terms + 1) * width
    # Most words joined from neighbours occur nowhere: only the others get a line of cells.
    occurs = np.zeros(terms, dtype=bool)
    for found in fields:
        occurs[found.terms] = True
    compact = (occurs.cumsum() - 1) * width
    places = [found.spread(compact) + row for found, row in zip(fields, rows, strict=True)]
    values = [norm.weighted(found.rows, found.counts) for norm, found in zip(norms, fields, strict=True)]
    count = int(occurs.sum())
    at, frequency = cells(np.concatenate(places), np.concatenate(values), count * width)
    sizes = np.zeros(terms, dtype=np.int64)
    cuts = at.searchsorted(np.arange(count + 1) * width)
    several = _sizes(cuts)
    sizes[occurs] = several
    at += (lines[:-1] - compact)[occurs].repeat(several)
    return at, np.concatenate(([0], sizes.cumsum())), frequency


def _sizes(cuts: Ids) -> Ids:
    return cuts[1:] - cuts[:-1]


class BodyLookup:
    """Matches in code, as they come."""

    def __init__(self, generation: Generation, file_norm: Floats, file_k1: float) -> None:
        """``file_norm`` is what the counts of each file are divided by."""
        self._generation, self._file_norm, self._file_k1 = generation, file_norm, file_k1
        self.chunks: list[int] = []
        """In how many chunks each term stands."""
        self.files: list[int] = []
        self._lists: list[Gathered] = []
        self._numbers: list[Ids] = []
        self._file_numbers: list[Ids] = []
        self._file_ids: list[Ids] = []
        self._file_values: list[Floats] = []

    def add(self, terms: int, found: Gathered) -> None:
        """Add where the next so many terms stand."""
        first = len(self.chunks)
        numbers, sizes = found.terms, found.sizes
        ends = sizes.cumsum()
        # A term's postings in the chunks of one file stand together; the counts are whole numbers.
        owners = self._generation.chunk_file[found.rows]
        heads = heads_of(owners, (ends - sizes)[sizes > 0])
        files = owners[heads].astype(np.int64)
        by_file = np.add.reduceat(found.counts, heads, dtype=np.float64) if len(heads) else np.empty(0)
        cuts = heads.searchsorted(ends)
        cuts[1:] -= cuts[:-1].copy()
        self.chunks.extend(np.bincount(numbers, sizes, terms).astype(np.int64).tolist())
        self.files.extend(np.bincount(numbers, cuts, terms).astype(np.int64).tolist())
        self._lists.append(found)
        self._numbers.append(numbers + first)
        self._file_numbers.append((numbers + first).repeat(cuts))
        self._file_ids.append(files)
        self._file_values.append(saturated(by_file / self._file_norm[files], self._file_k1))

    def found(self) -> FoundBody:
        """All that was added."""
        return FoundBody(
            numbers=joined(self._numbers, np.int64),
            sizes=joined([found.sizes for found in self._lists], np.int64),
            ids=joined([found.rows for found in self._lists], np.int64),
            counts=joined([found.counts for found in self._lists], np.uint8),
            file_numbers=joined(self._file_numbers, np.int64),
            file_ids=joined(self._file_ids, np.int64),
            file_values=joined(self._file_values, np.float64),
        )


def joined(parts: list[npt.NDArray[Any]], dtype: type[np.generic]) -> npt.NDArray[Any]:
    """The parts one after the other; not copied where there is one."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype)
