"""Joins segments into one in bounded memory: section by section, postings by ranges of term hashes.

What comes out is what :func:`content.sections` of the joined contents would be, byte for byte.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import numpy as np
from msgspec import Struct

from semindex.store.codec import Ascending
from semindex.store.content import ARRAYS, CHUNK_FIELDS, FILE_FIELDS, unpacked
from semindex.store.durable import StepHook, no_step, unwritable
from semindex.store.postings import PARTS, Postings, Triples, encode_ordered
from semindex.store.segment import Array, SectionStream, Segment, write_segment
from semindex.types import Ids

RANGE_BYTES = 700_000
"""Postings decoded and sorted at once, by their bytes: some 500,000, 60 MB; one term may have more."""
BLOCK_ROWS = 100_000
"""Rows copied at once: 20 MB of vectors."""

_DTYPES = (np.uint32, np.uint8, np.uint16, np.uint32, np.uint8)
"""Of ``PARTS``."""


class Joined(Struct, frozen=True):
    """The segment that was written."""

    nbytes: int
    chunks: int
    paths: tuple[bytes, ...]
    """Of its files, by ordinal."""


class _Part:
    """A segment, which of its rows are live, and their new numbers."""

    def __init__(self, segment: Segment, dead: Sequence[int], bases: Mapping[str, int]) -> None:
        self.segment = segment
        files = np.ones(len(segment.section("file_chunks")), dtype=bool)
        files[np.asarray(dead, dtype=np.int64)] = False
        self.whole = bool(files.all())
        self.live = {
            "file": files,
            "chunk": np.repeat(files, segment.section("file_chunks")),
            "symbol": np.repeat(files, segment.section("file_symbols")),
        }
        self.numbers = {
            table: np.cumsum(mask, dtype=np.int64) - 1 + bases[table] for table, mask in self.live.items()
        }
        self.ends = {table: bases[table] + int(mask.sum()) for table, mask in self.live.items()}


def join(
    path: Path, segments: Sequence[Segment], dead: Sequence[Sequence[int]], *, on_step: StepHook = no_step
) -> Joined | None:
    """Write the live files of some segments, in the order given, to ``path``; None when none is live.

    Raises:
        IndexCorrupt: A segment is damaged where it was read.
        IndexUnwritable: No room, no permission; nothing is left behind.
    """
    bases = {"file": 0, "chunk": 0, "symbol": 0}
    parts: list[_Part] = []
    for segment, ordinals in zip(segments, dead, strict=True):
        parts.append(_Part(segment, ordinals, bases))
        bases = parts[-1].ends
    if not bases["file"]:
        return None
    sections: dict[str, Array | SectionStream] = {
        **_packed("paths", "file", parts),
        **_packed("symbol_names", "symbol", parts),
        **_languages(parts),
        **{name: _column(name, table, parts) for name, table in ARRAYS.items()},
        "symbol_order": _symbol_order(parts),
        "vectors": _column("vectors", "chunk", parts),
    }
    with ExitStack() as spools:
        for field in (*CHUNK_FIELDS, *FILE_FIELDS):
            sections.update(_Lists(field, parts, path.parent, spools).sections())
        nbytes = write_segment(path, sections, on_step=on_step)
    paths = tuple(
        name
        for part in parts
        for name, live in zip(unpacked(part.segment, "paths"), part.live["file"].tolist(), strict=True)
        if live
    )
    return Joined(nbytes, bases["chunk"], paths)


def _column(name: str, table: str, parts: Sequence[_Part]) -> SectionStream:
    first = parts[0].segment.section(name)

    def blocks() -> Iterator[Array]:
        for part in parts:
            column, live = part.segment.section(name), part.live[table]
            for begin in range(0, len(column), BLOCK_ROWS):
                rows = column[begin : begin + BLOCK_ROWS]
                rows = rows if part.whole else rows[live[begin : begin + BLOCK_ROWS]]
                yield _renumbered(name, rows, part)
                part.segment.release()

    return SectionStream(first.dtype, (-1, *first.shape[1:]), blocks())


def _renumbered(name: str, rows: Array, part: _Part) -> Array:
    """Ordinals of symbols and chunks as they are in the new segment; other rows as they were."""
    if name == "symbol_chunks":
        return part.numbers["chunk"][rows].astype(np.uint32)
    if name not in ("chunk_owners", "symbol_parents"):
        return rows
    numbers = np.append(part.numbers["symbol"], -1)  # what is at -1 stays -1, and there may be no symbols
    return numbers[rows].astype(np.int32)


def _packed(name: str, table: str, parts: Sequence[_Part]) -> dict[str, Array | SectionStream]:
    def lengths(part: _Part) -> Ids:
        offsets: Ids = part.segment.section(f"{name}.offsets").astype(np.int64)
        return offsets[1:] - offsets[:-1]

    def blocks() -> Iterator[Array]:
        for part in parts:
            data = part.segment.section(name)
            yield data if part.whole else data[np.repeat(part.live[table], lengths(part))]
            part.segment.release()

    kept = [lengths(part)[part.live[table]] for part in parts]
    offsets = np.concatenate(([0], np.cumsum(np.concatenate(kept)))).astype(np.uint32)
    return {name: SectionStream(np.uint8, (-1,), blocks()), f"{name}.offsets": offsets}


def _languages(parts: Sequence[_Part]) -> dict[str, Array | SectionStream]:
    local = [[name.decode() for name in unpacked(part.segment, "languages")] for part in parts]
    codes = [part.segment.section("file_languages")[part.live["file"]] for part in parts]
    used = {names[code] for names, column in zip(local, codes, strict=True) for code in set(column.tolist())}
    order = sorted(used)
    number = {name: i for i, name in enumerate(order)}
    column = [
        np.array([number.get(name, 0) for name in names], dtype=np.uint16)[codes_]
        for names, codes_ in zip(local, codes, strict=True)
    ]
    encoded = [name.encode() for name in order]
    return {
        "languages": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "languages.offsets": np.cumsum([0, *map(len, encoded)], dtype=np.uint32),
        "file_languages": np.concatenate(column),
    }


def _symbol_order(parts: Sequence[_Part]) -> Array:
    keys = np.concatenate([part.segment.section("symbol_keys")[part.live["symbol"]] for part in parts])
    return np.argsort(keys, kind="stable").astype(np.uint32)


class _Lists:
    """A field's postings of all parts, merged by ranges of hashes into files that have no name.

    They are read again one after the other, as a segment's sections are written.
    """

    def __init__(self, field: str, parts: Sequence[_Part], folder: Path, open_files: ExitStack) -> None:
        self._table = "file" if field in FILE_FIELDS else "chunk"
        self._parts = parts
        self._folder = folder
        self._open_files = open_files
        self._postings = [Postings(part.segment, field, len(part.live[self._table])) for part in parts]
        self._field = field
        self._spools: list[IO[bytes]] = []

    def sections(self) -> dict[str, SectionStream]:
        """Streams of the five parts, to be taken in their order."""
        return {
            f"{self._field}.{part}": SectionStream(dtype, (-1,), self._blocks(number))
            for number, (part, dtype) in enumerate(zip(PARTS, _DTYPES, strict=True))
        }

    def _blocks(self, number: int) -> Iterator[Array]:
        if number == 0:
            self._fill()
        with self._spools[number] as spool:
            spool.seek(0)
            while data := spool.read(1 << 20):
                yield np.frombuffer(data, dtype=_DTYPES[number])

    def _fill(self) -> None:
        total = terms = steps = 0
        with unwritable(self._folder):
            for _ in PARTS:
                spool = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - the stack closes it
                self._spools.append(self._open_files.enter_context(spool))

        def starts_of(starts: Ids) -> Ascending:
            nonlocal terms, steps
            found = Ascending.of(starts, before=terms, known=steps)
            terms, steps = terms + len(starts), steps + len(found.steps)
            return found

        for triples in self._ranges():
            arrays = encode_ordered(triples)
            # The last start is where the next range begins.
            starts = starts_of(arrays.starts[:-1] + total)
            self._append((arrays.heads, arrays.tails, starts.lows, starts.steps, arrays.data))
            total += len(arrays.data)
        end = starts_of(np.array([total], dtype=np.int64))
        self._append((None, None, end.lows, end.steps, None))

    def _append(self, arrays: Sequence[Array | None]) -> None:
        with unwritable(self._folder):
            for spool, array in zip(self._spools, arrays, strict=True):
                if array is not None:
                    spool.write(np.ascontiguousarray(array).data)

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
        rows = part.numbers[self._table][triples.rows]
        if part.whole:
            return Triples(triples.terms, rows, triples.counts)
        live = part.live[self._table][triples.rows]
        return Triples(triples.terms[live], rows[live], triples.counts[live])
