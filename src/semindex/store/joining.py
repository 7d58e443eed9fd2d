"""Joins segments into one in bounded memory: section by section, postings by ranges of term hashes.

Example: the first segment has files ``a, b`` with 2 and 1 chunks, and ``a`` is dead; the second has the file
``c`` with 2 chunks. The new segment has ``b, c`` and 3 chunks. Its chunk 0 was chunk 2 of the first segment,
its chunks 1 and 2 were 0 and 1 of the second. So the new numbers of the chunks are

    first segment    chunks 0, 1, 2  ->  -1, -1, 0     (-1: left out)
    second segment   chunks 0, 1     ->  1, 2

and a posting in chunk 1 of the second segment becomes one in chunk 2, as does a symbol that starts there.

What comes out is what :func:`content.sections` of the joined contents would be, byte for byte. Which sections
there are, and how the rows of each are joined, is read from ``schema.py``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import numpy as np

from semindex.errors import IndexCorrupt
from semindex.store import grams
from semindex.store.codec import Ascending
from semindex.store.content import coded_strings, unpacked_strings
from semindex.store.durable import StepHook, no_step
from semindex.store.grams import GramEncoder, GramLists, Pairs
from semindex.store.postings import PARTS, Postings, Triples, encode_ordered
from semindex.store.records import NewSegment
from semindex.store.schema import (
    CHUNK,
    FILE,
    SCHEMA,
    SYMBOL,
    Column,
    Form,
    GramField,
    PostingsField,
    RowsOf,
    Schema,
)
from semindex.store.segment import Array, SectionStream, Segment, write_segment
from semindex.store.spools import Spools
from semindex.types import Ids

RANGE_BYTES = 700_000
"""Postings decoded and sorted at once, by their bytes: some 500,000, 60 MB; one term may have more."""
BLOCK_ROWS = 100_000
"""Rows copied at once: 20 MB of vectors."""

_DTYPES = (np.uint32, np.uint8, np.uint16, np.uint32, np.uint8)
"""Of ``PARTS``."""


class _Part:
    """One of the segments to join: which of its rows are live, and their numbers in the new segment."""

    def __init__(self, segment: Segment, dead: Sequence[int], bases: Mapping[RowsOf, int]) -> None:
        self.segment = segment
        files = np.ones(len(segment.section("file_chunks")), dtype=bool)
        files[np.asarray(dead, dtype=np.int64)] = False
        self.whole = bool(files.all())
        self.live = {
            FILE: files,
            CHUNK: np.repeat(files, segment.section("file_chunks")),
            SYMBOL: np.repeat(files, segment.section("file_symbols")),
        }
        self.numbers = {
            rows: np.where(mask, np.cumsum(mask, dtype=np.int64) - 1 + bases[rows], -1)
            for rows, mask in self.live.items()
        }
        self.ends = {rows: bases[rows] + int(mask.sum()) for rows, mask in self.live.items()}

    @property
    def names(self) -> set[str]:
        """The names of the columns and fields that the segment has, as the schema calls them."""
        # The first section of a field is FIELD.heads or FIELD.keys; a column's first has its own name.
        firsts = f".{PARTS[0]}", f".{grams.PARTS[0]}"
        return {name.removesuffix(firsts[0]).removesuffix(firsts[1]) for name in self.segment.names}


def join_segments(
    path: Path,
    segments: Sequence[Segment],
    dead: Sequence[Sequence[int]],
    *,
    schema: Schema = SCHEMA,
    on_step: StepHook = no_step,
) -> NewSegment | None:
    """Write one segment of the live files of several, in the order given.

    A section that is optional, and that one of the segments with live files does not have, is left out.

    Args:
        path: The file to write.
        segments: The segments to join, which stay as they are.
        dead: The ordinals of the dead files of each.
        schema: What segments hold.
        on_step: Called between the steps of writing; see :func:`write_segment`.

    Returns:
        What was written; None when all files are dead, and nothing was.

    Raises:
        IndexCorrupt: A segment is damaged where it was read, or lacks a section that is required.
        IndexUnwritable: There is no room, or no permission; nothing is left behind.
    """
    bases = dict.fromkeys(RowsOf, 0)
    parts: list[_Part] = []
    for segment, ordinals in zip(segments, dead, strict=True):
        part = _Part(segment, ordinals, bases)
        bases = part.ends
        parts += [part] if part.live[FILE].any() else []
    if not parts:
        return None
    try:
        held = schema.held([part.names for part in parts])
    except ValueError as error:
        raise IndexCorrupt(f"{path.parent}: {error}; run 'semindex index' to rebuild it") from error
    sections: dict[str, Array | SectionStream] = {}
    for column in held.columns:
        sections.update(zip(column.sections, _column_sections(column, parts), strict=True))
    with ExitStack() as spools:
        for field in held.fields:
            sections.update(_Lists(field, parts, Spools(path.parent, spools, _DTYPES)).sections())
        for lists in held.grams:
            spooled = Spools(path.parent, spools, grams.DTYPES)
            sections.update(_Grams(lists, parts, spooled).sections())
        nbytes = write_segment(path, sections, on_step=on_step)
    moved = [
        os.fsdecode(name)
        for part in parts
        for name, live in zip(unpacked_strings(part.segment, "paths"), part.live[FILE].tolist(), strict=True)
        if live
    ]
    return NewSegment(path.name, nbytes, bases[CHUNK], moved=moved)


def _column_sections(column: Column, parts: Sequence[_Part]) -> Sequence[Array | SectionStream]:
    match column.form:
        case Form.NUMBERS:
            return (_numbers(column, parts),)
        case Form.STRINGS:
            return _strings(column, parts)
        case Form.CODES:
            return _codes(column, parts)
        case Form.ORDER:
            keys = [part.segment.section(column.orders)[part.live[column.rows]] for part in parts]
            return (np.argsort(np.concatenate(keys), kind="stable").astype(column.dtype),)


def _numbers(column: Column, parts: Sequence[_Part]) -> SectionStream:
    name, rows_of = column.name, column.rows
    shape = parts[0].segment.section(name).shape

    def blocks() -> Iterator[Array]:
        for part in parts:
            stored, live = part.segment.section(name), part.live[rows_of]
            for begin in range(0, len(stored), BLOCK_ROWS):
                rows = stored[begin : begin + BLOCK_ROWS]
                rows = rows if part.whole else rows[live[begin : begin + BLOCK_ROWS]]
                yield rows if column.refers is None else _renumbered(rows, part.numbers[column.refers])
                part.segment.release()

    return SectionStream(column.dtype, (-1, *shape[1:]), blocks())


def _renumbered(ordinals: Array, numbers: Ids) -> Array:
    """What ordinals are in the new segment, where ``numbers`` tells it of each old one; -1 for a dead one."""
    # What is at -1 stays -1, and there may be no rows at all.
    return np.append(numbers, -1)[ordinals].astype(ordinals.dtype)


def _strings(column: Column, parts: Sequence[_Part]) -> tuple[SectionStream, Array]:
    def lengths(part: _Part) -> Ids:
        offsets: Ids = part.segment.section(f"{column.name}.offsets").astype(np.int64)
        return offsets[1:] - offsets[:-1]

    def blocks() -> Iterator[Array]:
        for part in parts:
            data = part.segment.section(column.name)
            yield data if part.whole else data[np.repeat(part.live[column.rows], lengths(part))]
            part.segment.release()

    kept = [lengths(part)[part.live[column.rows]] for part in parts]
    offsets = np.concatenate(([0], np.cumsum(np.concatenate(kept)))).astype(np.uint32)
    return SectionStream(np.uint8, (-1,), blocks()), offsets


def _codes(column: Column, parts: Sequence[_Part]) -> tuple[Array, Array, Array]:
    strings: list[bytes] = []
    for part in parts:
        known = unpacked_strings(part.segment, column.name)
        codes = part.segment.section(column.sections[-1])[part.live[column.rows]]
        strings += [known[code] for code in codes.tolist()]
    return coded_strings(column, strings)


class _Lists:
    """A field's postings of all parts, merged range of hashes by range of hashes."""

    def __init__(self, field: PostingsField, parts: Sequence[_Part], spools: Spools) -> None:
        self._rows = field.rows
        self._parts = parts
        self._spools = spools
        self._postings = [Postings(part.segment, field.name, len(part.live[field.rows])) for part in parts]
        self._field = field.name

    def sections(self) -> dict[str, SectionStream]:
        """The field's five sections as streams, to be taken in this order."""
        streams = self._spools.streams([(-1,)] * len(PARTS), self._fill)
        return {f"{self._field}.{part}": stream for part, stream in zip(PARTS, streams, strict=True)}

    def _fill(self) -> None:
        total = terms = steps = 0

        def starts_of(starts: Ids) -> Ascending:
            nonlocal terms, steps
            found = Ascending.of(starts, before=terms, known=steps)
            terms, steps = terms + len(starts), steps + len(found.steps)
            return found

        for triples in self._ranges():
            arrays = encode_ordered(triples)
            # The last start is where the next range begins.
            starts = starts_of(arrays.starts[:-1] + total)
            self._spools.append((arrays.heads, arrays.tails, starts.lows, starts.steps, arrays.data))
            total += len(arrays.data)
        end = starts_of(np.array([total], dtype=np.int64))
        self._spools.append((None, None, end.lows, end.steps, None))

    def _ranges(self) -> Iterator[Triples]:
        total = sum(postings.nbytes for postings in self._postings)
        pieces = max(1, -(-total // RANGE_BYTES))
        # Hashes are spread evenly, so equal ranges hold about equally many terms.
        step = (1 << 32) // pieces << 32
        borders = np.array([piece * step for piece in range(1, pieces)], dtype=np.uint64)
        cuts = [postings.cuts(borders) for postings in self._postings]
        for piece in range(pieces):
            found = [
                self._live(part, postings.between(edges[piece], edges[piece + 1]))
                for part, postings, edges in zip(self._parts, self._postings, cuts, strict=True)
                if edges[piece] < edges[piece + 1]
            ]
            for part in self._parts:
                part.segment.release()
            joined = Triples.concatenated(found)
            if len(joined.terms):
                # Rows ascend from part to part, so a stable order by term is one by (term, row).
                order = np.argsort(joined.terms, kind="stable")
                yield Triples(joined.terms[order], joined.rows[order], joined.counts[order])

    def _live(self, part: _Part, triples: Triples) -> Triples:
        rows = part.numbers[self._rows][triples.rows]
        if part.whole:
            return Triples(triples.terms, rows, triples.counts)
        live = part.live[self._rows][triples.rows]
        return Triples(triples.terms[live], rows[live], triples.counts[live])


class _Grams:
    """The lists of trigrams of all parts, merged range by range of trigrams."""

    def __init__(self, field: GramField, parts: Sequence[_Part], spools: Spools) -> None:
        self._field = field.name
        self._spools = spools
        self._parts = parts
        self._lists: list[GramLists] = []
        self._numbers: list[Ids] = []
        self._total = 0
        for part in parts:
            counts = part.segment.section(field.blocks).astype(np.int64)
            live = np.repeat(part.live[FILE], counts)
            self._lists.append(GramLists(part.segment, field.name, len(live)))
            self._numbers.append(np.where(live, np.cumsum(live) - 1 + self._total, -1))
            self._total += int(live.sum())

    def sections(self) -> dict[str, SectionStream]:
        """The field's three sections as streams, to be taken in this order."""
        streams = self._spools.streams([(-1,), (-1, 3), (-1,)], self._fill)
        return {f"{self._field}.{part}": stream for part, stream in zip(grams.PARTS, streams, strict=True)}

    def _fill(self) -> None:
        encoder = GramEncoder(self._total)
        largest = max(self._lists, key=lambda lists: lists.nbytes)
        nbytes = sum(lists.nbytes for lists in self._lists)
        borders = [0, *largest.borders(max(1, -(-nbytes // RANGE_BYTES))), 1 << 24]
        for low, high in pairwise(borders):
            found = [
                _renumbered_pairs(lists.between(low, high), numbers, whole=part.whole)
                for part, lists, numbers in zip(self._parts, self._lists, self._numbers, strict=True)
            ]
            for part in self._parts:
                part.segment.release()
            pairs = np.concatenate(found)
            pairs.sort()
            self._spools.append(encoder.add(pairs))


def _renumbered_pairs(pairs: Pairs, numbers: Ids, *, whole: bool) -> Pairs:
    """The pairs with the new numbers of their blocks, without those of dead ones, whose number is -1."""
    blocks = (pairs & grams.LOW).astype(np.int64)
    if whole:
        return pairs + np.uint64(numbers[0]) if len(numbers) else pairs
    new = numbers[blocks]
    kept = new >= 0
    return (pairs[kept] & ~grams.LOW) | new[kept].astype(np.uint64)
