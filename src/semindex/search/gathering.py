"""The postings of a query's own terms, decoded block after block: for large indexes and first queries.

What comes out has the shape, and bit for bit the numbers, of what a :class:`semindex.search.terms.TermTable`
gives.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from semindex.process.threads import Beside, spare_threads
from semindex.search.sums import cells, distinct, ranges, sums
from semindex.search.terms import (
    CHUNK_TEXT_FIELDS,
    TEXT_FIELDS,
    Chosen,
    NeighbourTerms,
    Norm,
    Norms,
    Occurring,
    body_gains,
    gains_of,
    saturated,
)
from semindex.store.gather import Gathered, TermBlocks
from semindex.store.generation import Generation
from semindex.types import Floats, Ids, TermHashes

THREADED_CHUNKS = 200_000
"""From here on another thread looks code up: some milliseconds."""
_FEW_CHUNKS = 8192
"""Up to here it takes less to go through all chunks than to find out which have a term."""
_BY_CHUNK = len(CHUNK_TEXT_FIELDS)


class Scratch(threading.local):
    """Arrays over all chunks that a thread uses again and leaves as they were.

    Making one of a million takes longer than using it.
    """

    def __init__(self, chunks: int) -> None:
        self.position: npt.NDArray[np.int32] = np.full(chunks, -1, dtype=np.int32)
        self.mark: npt.NDArray[np.bool_] = np.zeros(chunks, dtype=bool)

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


def gathered(
    generation: Generation, norms: Norms, scratch: Scratch, hashes: TermHashes, near: NeighbourTerms
) -> tuple[Occurring, GatheredTerms]:
    """Where some terms occur, and a source of where their neighbours do.

    The neighbours are looked up together with the terms, which takes one look into each list. They are
    decoded here only so far as they stand in a block with terms.
    """
    count = len(hashes)
    text, body = _Text(generation, norms, scratch), _Body(generation, norms)
    if generation.chunks < THREADED_CHUNKS:
        rest = _look_up(generation, hashes, (*TEXT_FIELDS, "body"), near, text=text, body=body)
    else:
        code = partial(_look_up, generation, hashes, ("body",), NeighbourTerms.none(count), body=body)
        begun = Beside([code], threads=min(1, spare_threads()))
        rest = _look_up(generation, hashes, TEXT_FIELDS, near, text=text)
        begun.results()
    touched, places = text.touched_places()
    file_tf, tf = _concatenated(text.file_tf, np.float64), _concatenated(text.tf, np.float64)
    found = Occurring(
        text_df=text.chunks,
        body_df=body.chunks,
        file_df=body.files,
        sizes=_concatenated(text.sizes, np.int64),
        touched=touched,
        places=places,
        gains=_concatenated(text.gains, np.float64),
        file_sizes=_concatenated(text.file_sizes, np.int64),
        files=_concatenated(text.file_ids, np.int64),
        file_gains=saturated(file_tf, norms.k1),
        body_lists=_concatenated(body.list_terms, np.int64),
        body_sizes=_concatenated([each.sizes for each in body.lists], np.int64),
        body_chunks=_concatenated([each.rows for each in body.lists], np.int64),
        body_counts=_concatenated([each.counts for each in body.lists], np.uint8),
        body_file_terms=_concatenated(body.file_terms, np.int64),
        body_files=_concatenated(body.file_ids, np.int64),
        body_gains=_concatenated(body.gains, np.float64),
    )
    return found, GatheredTerms(norms, rest, near, found, tf, file_tf)


def text_frequencies(
    generation: Generation, norms: Norms, scratch: Scratch, hashes: TermHashes
) -> Sequence[int]:
    """In how many chunks each of many terms stands, by name, comment or path."""
    text = _Text(generation, norms, scratch)
    _look_up(generation, hashes, TEXT_FIELDS, NeighbourTerms.none(len(hashes)), text=text)
    return text.chunks


class GatheredTerms:
    """Finds decoded terms among chosen chunks, and decodes neighbours as far as they are wanted."""

    def __init__(
        self,
        norms: Norms,
        blocks: TermBlocks,
        near: NeighbourTerms,
        found: Occurring,
        tf: Floats,
        file_tf: Floats,
    ) -> None:
        """Prepare.

        Args:
            norms: Turn counts into frequencies.
            blocks: Have the neighbours, numbered behind the terms.
            near: The neighbours.
            found: Where the terms occur.
            tf: The frequency at each of ``found.places``.
            file_tf: The frequency in the path of each of ``found.files``.
        """
        self._norms, self._blocks, self._near, self._found = norms, blocks, near, found
        self._tf, self._file_tf, self._count = tf, file_tf, len(found.sizes)
        self._ends = list(accumulate(near.runs, initial=0))

    def frequencies(self, chosen: Chosen, first: int, last: int) -> Floats:
        """As :meth:`semindex.search.terms.Source.frequencies`."""
        width, begin = len(chosen.chunks), self._ends[first]
        total = np.zeros((last - first) * width)
        lines = (np.arange(last - first) * width).repeat(self._near.runs[first:last])
        # A term's neighbours stay in one block, so that what they add is added in one order in any index.
        for block, fields in self._blocks.until(self._count + self._ends[last]):
            start = block.start - self._count
            shares, line = self._near.shares[start:], lines[start - begin :]
            numbers, at, tf = self._neighbours(chosen, fields)
            total += sums(line[numbers] + at, shares[numbers] * tf, len(total))
        places, tf = self._own(chosen, first, last)
        total[places] += tf
        return total

    def _own(self, chosen: Chosen, first: int, last: int) -> tuple[Ids, Floats]:
        """Where some terms stand: distinct places as :meth:`frequencies` lays them out, and frequencies."""
        found, width = self._found, len(chosen.chunks)
        ends, file_ends = found.sizes.cumsum(), found.file_sizes.cumsum()
        mine = slice(ends[first] - found.sizes[first], ends[last - 1])
        files = slice(file_ends[first] - found.file_sizes[first], file_ends[last - 1])
        terms = np.arange(last - first)
        places = found.places[mine]
        at = chosen.chunk_place[places if found.touched is None else found.touched[places]]
        file_at = chosen.file_place[found.files[files]]
        (inside,), (kept,) = (at >= 0).nonzero(), (file_at >= 0).nonzero()
        return _whole(
            chosen,
            (last - first) * width,
            terms.repeat(found.sizes[first:last])[inside] * width + at[inside],
            self._tf[mine][inside],
            terms.repeat(found.file_sizes[first:last])[kept] * width,
            file_at[kept],
            self._file_tf[files][kept],
        )

    def _neighbours(self, chosen: Chosen, fields: Sequence[Gathered]) -> tuple[Ids, Ids, Floats]:
        """The number, the place and the frequency of each match of a block of neighbours."""
        width, files = len(chosen.chunks), len(chosen.files)
        by_chunk, by_file = fields[:_BY_CHUNK], fields[_BY_CHUNK : len(TEXT_FIELDS)]
        numbers, at, tf = self._added(by_chunk, 0, chosen.chunk_place, width)
        whose, file_at, file_tf = self._added(by_file, _BY_CHUNK, chosen.file_place, files)
        terms = 1 + max(int(numbers.max(initial=-1)), int(whose.max(initial=-1)))
        places, whole = _whole(
            chosen, terms * width, numbers * width + at, tf, whose * width, file_at, file_tf
        )
        numbers = places // max(1, width)
        return numbers, places - numbers * width, whole

    def _added(
        self, fields: Sequence[Gathered], first: int, place: npt.NDArray[Any], width: int
    ) -> tuple[Ids, Ids, Floats]:
        """The frequencies of some fields among the places that are chosen, added field by field."""
        keys, values, terms = [], [], 0
        for norm, found in zip(self._norms.text[first : first + len(fields)], fields, strict=True):
            where = place[found.rows]
            (inside,) = (where >= 0).nonzero()
            numbers = found.numbers[inside]
            keys.append(numbers * width + where[inside])
            values.append(norm.weighted(found.rows[inside], found.counts[inside]))
            terms = max(terms, int(numbers.max(initial=-1)) + 1)
        at, tf = cells(np.concatenate(keys), np.concatenate(values), terms * width)
        numbers = at // max(1, width)
        return numbers, at - numbers * width, tf


def _whole(
    chosen: Chosen, size: int, places: Ids, tf: Floats, lines: Ids, file_at: Ids, file_tf: Floats
) -> tuple[Ids, Floats]:
    """What chunks have by themselves, and what all chunks of a file have by its path, as one frequency.

    Args:
        chosen: The chunks.
        size: How many places there are.
        places: Shape ``(m,)``: the line of a term plus the place of a chunk.
        tf: Shape ``(m,)``: the frequency of the term in the chunk.
        lines: Shape ``(n,)``: the line of a term.
        file_at: Shape ``(n,)``: the position in ``chosen.files`` of a file that has it in its path.
        file_tf: Shape ``(n,)``: the frequency there.

    Returns:
        Places, ascending, each once, and the frequency there.
    """
    sizes = chosen.sizes[file_at]
    by_path = ranges(lines + chosen.starts[file_at], sizes)
    return cells(np.concatenate((places, by_path)), np.concatenate((tf, file_tf.repeat(sizes))), size)


def _look_up(
    generation: Generation,
    hashes: TermHashes,
    fields: Sequence[str],
    near: NeighbourTerms,
    *,
    text: _Text | None = None,
    body: _Body | None = None,
) -> TermBlocks:
    """Add where the terms stand in some fields: those of ``text`` when it is given, then that of ``body``.

    Returns:
        Where their neighbours stand in those of ``text``, numbered behind the terms.
    """
    count, keys = len(hashes), np.concatenate((hashes, near.hashes))
    asked = [count if field == "body" else len(keys) for field in fields]
    blocks = TermBlocks(generation.gathered(fields, keys, [[1] * count, near.runs], asked))
    for block, everywhere in blocks.until(count):
        found = [generation.live(field, each) for field, each in zip(fields, everywhere, strict=True)]
        size = block.stop - block.start
        if text is not None:
            text.add(size, found[:_BY_CHUNK], found[_BY_CHUNK : len(TEXT_FIELDS)])
        if body is not None:
            body.add(size, found[-1])
    return blocks


class _Text:
    """Matches in names, comments and paths, as they come."""

    def __init__(self, generation: Generation, norms: Norms, scratch: Scratch) -> None:
        self._generation, self._norms, self._scratch = generation, norms, scratch
        self.chunks: list[int] = []
        """In how many chunks each term stands."""
        self.sizes: list[Ids] = []
        self._touched: list[Ids] = []
        self._places: list[Ids] = []
        self.tf: list[Floats] = []
        self.gains: list[Floats] = []
        self.file_sizes: list[Ids] = []
        self.file_ids: list[Ids] = []
        self.file_tf: list[Floats] = []

    def add(self, terms: int, by_chunk: Sequence[Gathered], by_file: Sequence[Gathered]) -> None:
        """Add where the next so many terms stand."""
        files = self._generation.files
        touched, placed = self._touched_by([found.rows for found in by_chunk])
        width = len(touched)
        norms = self._norms.text
        at, sizes, tf = _summed(terms, width, by_chunk, placed, norms[:_BY_CHUNK])
        rows = [found.rows for found in by_file]
        file_at, file_sizes, file_tf = _summed(terms, files, by_file, rows, norms[_BY_CHUNK:])
        numbers = np.arange(terms).repeat(file_sizes)
        ids = file_at - numbers * files
        gains, alone = self._gains(at, tf, numbers, ids, file_tf, touched)
        more = np.bincount(numbers, alone, terms).astype(np.int64)
        self.chunks.extend((sizes + more).tolist())
        self.sizes.append(sizes)
        self._touched.append(touched)
        self._places.append(at - (np.arange(terms) * width).repeat(sizes))
        self.tf.append(tf)
        self.gains.append(gains)
        self.file_sizes.append(file_sizes)
        self.file_ids.append(ids)
        self.file_tf.append(file_tf)

    def _gains(
        self, at: Ids, tf: Floats, numbers: Ids, files: Ids, file_tf: Floats, touched: Ids
    ) -> tuple[Floats, Ids]:
        """As :func:`semindex.search.terms.gains_of`, for places among the touched chunks."""
        starts = self._generation.file_starts
        places = touched.searchsorted(starts) if len(touched) < self._generation.chunks else starts
        return gains_of(starts, places, at, tf, numbers * len(touched), files, file_tf, self._norms.k1)

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

    def touched_places(self) -> tuple[Ids | None, Ids]:
        """What was touched by any block, and the places of all matches there; None for all chunks."""
        places = self._places
        if all(len(touched) == self._generation.chunks for touched in self._touched):
            return None, _concatenated(places, np.int64)
        if len(self._touched) == 1:
            return self._touched[0], places[0]
        touched = distinct(np.concatenate(self._touched))
        renumbered = [
            touched.searchsorted(own)[each] for own, each in zip(self._touched, places, strict=True)
        ]
        return touched, np.concatenate(renumbered)


def _summed(
    terms: int,
    width: int,
    fields: Sequence[Gathered],
    rows: Sequence[npt.NDArray[np.integer]],
    norms: Sequence[Norm],
) -> tuple[Ids, Ids, Floats]:
    """The frequencies of terms in rows, added field by field.

    Returns:
        Term times ``width`` plus row, ascending, of those that are not zero; how many those of each term are,
        shape ``(terms,)``; the frequencies.
    """
    lines = np.arange(terms) * width
    # Most words joined from neighbours occur nowhere: only the others get a line of cells.
    occurs = np.zeros(terms, dtype=bool)
    for found in fields:
        occurs[found.terms] = True
    compact = (occurs.cumsum() - 1) * width
    places = [found.spread(compact) + row for found, row in zip(fields, rows, strict=True)]
    values = [norm.weighted(found.rows, found.counts) for norm, found in zip(norms, fields, strict=True)]
    count = int(occurs.sum())
    at, tf = cells(np.concatenate(places), np.concatenate(values), count * width)
    sizes = np.zeros(terms, dtype=np.int64)
    several = np.diff(at.searchsorted(np.arange(count + 1) * width))
    sizes[occurs] = several
    at += (lines - compact)[occurs].repeat(several)
    return at, sizes, tf


class _Body:
    """Matches in code, as they come."""

    def __init__(self, generation: Generation, norms: Norms) -> None:
        self._generation, self._norms = generation, norms
        self.chunks: list[int] = []
        """In how many chunks each term stands."""
        self.files: list[int] = []
        """In how many files."""
        self.lists: list[Gathered] = []
        self.list_terms: list[Ids] = []
        self.file_terms: list[Ids] = []
        self.file_ids: list[npt.NDArray[np.integer]] = []
        self.gains: list[Floats] = []

    def add(self, terms: int, found: Gathered) -> None:
        """Add where the next so many terms stand."""
        first, numbers = len(self.chunks), found.terms
        whose, files, gains = body_gains(
            self._generation, numbers, found.sizes, found.rows, found.counts, self._norms
        )
        self.chunks.extend(np.bincount(numbers, found.sizes, terms).astype(np.int64).tolist())
        self.files.extend(np.bincount(whose, minlength=terms).tolist())
        self.lists.append(found)
        self.list_terms.append(numbers + first)
        self.file_terms.append(whose + first)
        self.file_ids.append(files)
        self.gains.append(gains)


def _concatenated(parts: Sequence[npt.NDArray[Any]], dtype: type[np.generic]) -> npt.NDArray[Any]:
    """The parts one after the other; not copied where there is one."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype)
