"""A generation: the live segments of one commit, opened once, read by any number of threads.

Chunks, files and symbols of all segments stand one after the other, so an id is a position in that
row; ids are of this generation only. Dead files keep their ids and are masked: frequencies, averages
and candidates see live ones only, which is why a generation of many segments answers exactly as one
freshly built.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.store.content import string_sizes, unpacked_string, unpacked_strings
from semindex.store.gather import FieldLists, Gathered, TermBlock, gather
from semindex.store.postings import Postings, Triples
from semindex.store.schema import FIELDS_BY_FILE, RANKED_CHUNK_FIELDS, RANKED_FILE_FIELDS, SCHEMA
from semindex.store.segment import Segment
from semindex.store.vectors import Nearness, begin_nearness, nearness
from semindex.types import Floats, Ids, Kind, Mask, Vector


class FileFacts(Struct, frozen=True, gc=False):
    """What is told of a file with each of its hits."""

    path: str
    language: str
    digest: bytes
    """xxh3-128 of the file that was indexed, 16 bytes."""
    digest_hex: str
    repository: int
    """The number of the repository that it is of."""


class RowLists(Struct, frozen=True):
    """A list of numbers for each row."""

    starts: Ids
    """Shape ``(rows + 1,)``: where the list of each row begins, and the last one ends."""
    values: npt.NDArray[Any]


class Spot(NamedTuple):
    """Where a chunk stands in its file, what it is, and the definition that owns its lines."""

    first_line: int
    """1-based."""
    last_line: int
    """Inclusive."""
    begin: int
    """Bytes of the analysis text, half-open."""
    end: int
    kind: int
    """Of :class:`semindex.types.Kind`."""
    owner: str | None


class SymbolRecord(Struct, frozen=True):
    """A definition, with numbers of the whole index."""

    name: str
    qualified: str
    """The names of the enclosing definitions, outermost first, and its own, joined by dots."""
    kind: Kind
    file: int
    chunk: int
    """The chunk in which the definition starts."""
    start_line: int
    end_line: int


class Generation:
    """Tables and postings of the live segments. Cheap to open: arrays are mapped, not read."""

    def __init__(
        self,
        number: int,
        segments: Sequence[Segment],
        dead: Sequence[Sequence[int]],
        repositories: Sequence[int] = (),
    ) -> None:
        """Join the tables of some segments.

        Args:
            number: The generation of the commit; that of the first of several repositories.
            segments: In the order in which their files are numbered.
            dead: The dead file ordinals of each segment.
            repositories: The number of the repository that each segment is of; none when all are of one.

        Raises:
            ValueError: The tables do not fit together (or another error of Python's or numpy's: checksums
                are not compared here, so a damaged segment may break anything; see :meth:`Segment.verify`).
        """
        self.number = number
        self._segments = tuple(segments)
        self._file_base = _bases([len(s.section("file_chunks")) for s in segments])
        self._chunk_base = _bases([len(s.section("chunk_kinds")) for s in segments])
        self._symbol_base = _bases([len(s.section("symbol_kinds")) for s in segments])
        self._repositories = tuple(repositories) or (0,) * len(segments)
        self._vectors = [segment.section("vectors") for segment in segments]
        self.files = self._file_base[-1]
        self.chunks = self._chunk_base[-1]
        self.symbols = self._symbol_base[-1]
        self.file_live = np.ones(self.files, dtype=bool)
        for base, ordinals in zip(self._file_base, dead, strict=False):
            self.file_live[base + np.asarray(ordinals, dtype=np.int64)] = False
        self.file_sizes = self.column("sizes").astype(np.int64)
        counts = self.column("file_chunks").astype(np.int64)
        if int(counts.sum()) != self.chunks:
            raise ValueError(f"{int(counts.sum())} chunks in files, {self.chunks} in all")
        self.file_starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        """Shape ``(files + 1,)``: the first chunk of each file."""
        self.chunk_file = np.repeat(np.arange(self.files, dtype=np.int32), counts)
        self.all_live = bool(self.file_live.all())
        self.chunk_live = self.file_live[self.chunk_file]
        self.chunk_kinds = self.column("chunk_kinds")
        self.lengths = self._lengths()
        self.live_files = int(self.file_live.sum())
        self.live_chunks = int(self.chunk_live.sum())
        self.length_sums = {
            field: int(lengths[self._live_rows(field)].sum(dtype=np.int64))
            for field, lengths in self.lengths.items()
        }
        """Of each field, over live rows."""
        self._fields = self._open_fields()
        self._known_names: dict[int, str] = {}
        self._known_paths: dict[int, str] = {}
        self._known_facts: dict[int, FileFacts] = {}

    def column(self, name: str) -> npt.NDArray[Any]:
        """A column of numbers, all segments' rows one after the other."""
        parts = [segment.section(name) for segment in self._segments]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def by_file(self, reduce: np.ufunc, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What ``reduce`` (``np.add`` or another) makes of the values of each file's chunks, ``(files,)``.

        It is 0 for a file without chunks, as one is that exact search alone has.
        """
        starts = self.file_starts[:-1]
        filled = starts < self.file_starts[1:]
        if len(filled) and filled.all():
            return np.asarray(reduce.reduceat(values, starts))
        found = np.zeros(self.files, dtype=values.dtype)
        if filled.any():
            found[filled] = reduce.reduceat(values, starts[filled])
        return found

    def _lengths(self) -> Mapping[str, npt.NDArray[np.uint16]]:
        by_chunk = self.column("chunk_lengths").reshape(-1, len(RANKED_CHUNK_FIELDS))
        by_file = self.column("file_lengths").reshape(-1, len(RANKED_FILE_FIELDS))
        return {
            **{field: np.ascontiguousarray(by_chunk[:, i]) for i, field in enumerate(RANKED_CHUNK_FIELDS)},
            **{field: np.ascontiguousarray(by_file[:, i]) for i, field in enumerate(RANKED_FILE_FIELDS)},
        }

    def _live_rows(self, field: str) -> Mask:
        """Which rows of a field are live."""
        return self.file_live if field in FIELDS_BY_FILE else self.chunk_live

    def _open_fields(self) -> Mapping[str, FieldLists]:
        """The fields that all segments have: an optional one may be missing in older ones."""
        found: dict[str, FieldLists] = {}
        for field in SCHEMA.fields:
            if field.required or self.has(f"{field.name}.heads"):
                bases = self._file_base if field.name in FIELDS_BY_FILE else self._chunk_base
                sizes = np.diff(bases).tolist()
                lists = [Postings(each, field.name, n) for each, n in zip(self._segments, sizes, strict=True)]
                found[field.name] = FieldLists(lists, bases[:-1])
        return found

    def of_repository(self, number: int) -> Mask:
        """Which files are of a repository, shape ``(files,)``."""
        mask: Mask = self.repositories == number
        return mask

    @property
    def repositories(self) -> Ids:
        """The number of the repository that each file is of, shape ``(files,)``."""
        return np.array(self._repositories, dtype=np.int64).repeat(np.diff(self._file_base))

    def has(self, name: str) -> bool:
        """Whether every segment has a section; optional ones are missing in older segments."""
        return all(segment.has(name) for segment in self._segments)

    def string(self, name: str, file: int) -> bytes:
        """What a file has in a column of strings by file."""
        number, ordinal = _locate(self._file_base, file)
        return unpacked_string(self._segments[number], name, ordinal)

    def lists(self, name: str, dtype: type[np.generic]) -> RowLists:
        """A column of strings whose bytes are numbers of a type, as a list of numbers for each row."""
        sizes = [string_sizes(segment, name) for segment in self._segments]
        joined = np.concatenate(sizes) if sizes else np.empty(0, np.int64)
        starts = np.concatenate(([0], np.cumsum(joined, dtype=np.int64))) // np.dtype(dtype).itemsize
        return RowLists(starts, self.column(name).view(dtype))

    def triples(self, field: str) -> Triples:
        """All live postings of a field; segment after segment, in each by term, then row."""
        live = self._live_rows(field)
        held = self._fields[field]
        parts = []
        for base, postings in zip(held.bases, held.lists, strict=True):
            found = postings.triples()
            rows = found.rows + base
            keep = slice(None) if self.all_live else live[rows]
            parts.append(Triples(found.terms[keep], rows[keep], found.counts[keep]))
        return Triples.concatenated(parts)

    def gathered(
        self,
        fields: Sequence[str],
        terms: npt.NDArray[np.uint64],
        runs: Sequence[Sequence[int]],
        asked: Sequence[int] | None = None,
    ) -> Iterator[TermBlock]:
        """The postings of some terms (hashes) in each field: ids of live and dead rows, counts, and whose.

        So many of the terms at a time that what is decoded stays bounded; those of a block are numbered from
        its first. Ids stand one segment after the other; in each by term, in the order asked for, then
        ascending.

        Args:
            fields: Names of fields.
            terms: The terms.
            runs: Lengths of runs of terms that stay together, in groups that do too where there is room.
            asked: How many of the terms, the first ones, each field is asked for; None stands for all.
        """
        return gather([self._fields[field] for field in fields], terms, runs, _BLOCK_BYTES, asked)

    def live(self, field: str, found: Gathered) -> Gathered:
        """What was gathered of a field without dead rows."""
        if self.all_live:
            return found
        (kept,) = self._live_rows(field)[found.rows].nonzero()
        return found if len(kept) == len(found.rows) else found.some(kept)

    def nearness(self, query: Vector) -> Nearness:
        """How near every chunk is to the query, dead ones included."""
        return nearness(self._vectors, query)

    def begin_nearest(self, query: Vector) -> Callable[[], Nearness]:
        """The nearness of every chunk, begun on other threads where there are many; the function ends it."""
        return begin_nearness(self._vectors, query)

    def measure(self, query: Vector) -> Callable[[Ids], Floats]:
        """Gives the cosines of some chunks with the query, as :meth:`cosines`, to be asked several times."""
        return self.nearness(query).at if self.chunks <= _FEW_CHUNKS else partial(self.cosines, query)

    def cosines(self, query: Vector, chunks: Ids) -> Floats:
        """The cosines of some chunks, given ascending, with the query, shape ``(len(chunks),)``."""
        if len(chunks) * _GATHERING > self.chunks:
            return self.nearness(query).at(chunks)
        parts = []
        for number, vectors in enumerate(self._vectors):
            base, end = self._chunk_base[number : number + 2]
            begin, stop = chunks.searchsorted([base, end]).tolist()
            parts.append(vectors[chunks[begin:stop] - base])
        found = nearness(parts, query)
        return found.cosines(found.products)

    def vectors_of(self, chunks: Sequence[int]) -> npt.NDArray[np.int8]:
        """The stored vectors of some chunks, shape ``(len(chunks), dim)``."""
        if len(self._vectors) == 1:
            return np.asarray(self._vectors[0][chunks])
        return np.array([self.vector(chunk) for chunk in chunks], dtype=np.int8)

    def vector(self, chunk: int) -> npt.NDArray[np.int8]:
        """A chunk's stored vector, shape ``(dim,)``."""
        number, ordinal = _locate(self._chunk_base, chunk)
        return np.asarray(self._vectors[number][ordinal])

    def path(self, file: int) -> str:
        """A file's root-relative path; remembered."""
        known = self._known_paths.get(file)
        if known is None:
            number, ordinal = _locate(self._file_base, file)
            known = self._known_paths[file] = os.fsdecode(
                unpacked_string(self._segments[number], "paths", ordinal)
            )
        return known

    @cached_property
    def path_of(self) -> Mapping[str, int]:
        """Every live path and its file id."""
        return {self.path(file): file for file in np.flatnonzero(self.file_live).tolist()}

    @cached_property
    def files_at(self) -> Mapping[str, tuple[int, ...]]:
        """Every live path and the ids of the files that have it: one a repository, in their order."""
        found: dict[str, tuple[int, ...]] = {}
        for file in np.flatnonzero(self.file_live).tolist():
            path = self.path(file)
            found[path] = (*found.get(path, ()), file)
        return found

    @cached_property
    def named(self) -> Mapping[str, Sequence[tuple[str, int]]]:
        """For each file name the live paths that end with it, in their order, with their file ids."""
        found: dict[str, list[tuple[str, int]]] = {}
        for path, file in sorted(self.path_of.items()):
            found.setdefault(path.rpartition("/")[2], []).append((path, file))
        return found

    @cached_property
    def languages(self) -> tuple[list[str], Ids]:
        """The distinct language names, and each file's position among them."""
        names: list[str] = []
        parts = []
        for segment in self._segments:
            local = [name.decode() for name in unpacked_strings(segment, "languages")]
            names.extend(name for name in local if name not in names)
            renumber = np.array([names.index(name) for name in local], dtype=np.int64)
            parts.append(renumber[segment.section("file_languages")])
        return names, np.concatenate(parts) if parts else np.empty(0, np.int64)

    def language(self, file: int) -> str:
        """A file's language."""
        names, numbers = self.languages
        return names[int(numbers[file])]

    def facts(self, file: int) -> FileFacts:
        """What is told of a file with each of its hits; remembered."""
        known = self._known_facts.get(file)
        if known is None:
            number, ordinal = _locate(self._file_base, file)
            digest = self._segments[number].section("digests")[ordinal].tobytes()
            known = FileFacts(
                self.path(file), self.language(file), digest, digest.hex(), self._repositories[number]
            )
            if len(self._known_facts) >= _MAX_SYMBOLS:
                self._known_facts.clear()
            self._known_facts[file] = known
        return known

    def lines(self, chunk: int) -> tuple[int, int]:
        """First and last line of a chunk, 1-based, inclusive."""
        number, ordinal = _locate(self._chunk_base, chunk)
        lines = self._segments[number].section("chunk_lines")
        return lines.item(ordinal, 0), lines.item(ordinal, 1)

    def byte_range(self, chunk: int) -> tuple[int, int]:
        """A chunk's bytes in the analysis text, half-open."""
        number, ordinal = _locate(self._chunk_base, chunk)
        ends = self._segments[number].section("chunk_bytes")
        return ends.item(ordinal, 0), ends.item(ordinal, 1)

    def spot(self, chunk: int) -> Spot:
        """Where a chunk stands, what it is, and whose."""
        number, ordinal = _locate(self._chunk_base, chunk)
        section = self._segments[number].section
        # Number by number: for a single row that takes half as long as any array of several.
        lines, span = section("chunk_lines").item, section("chunk_bytes").item
        symbol = section("chunk_owners").item(ordinal)
        owner = self._qualified(symbol + self._symbol_base[number]) if symbol >= 0 else None
        kind = self.chunk_kinds.item(chunk)
        return Spot(lines(ordinal, 0), lines(ordinal, 1), span(ordinal, 0), span(ordinal, 1), kind, owner)

    def part(self, chunk: int) -> tuple[int, int, int]:
        """The owner of a chunk, which of the owner's chunks it is, from 1, and how many these are.

        The owner is -1, and both numbers 1, where no definition owns the chunk.
        """
        number, ordinal = _locate(self._chunk_base, chunk)
        owners = self._segments[number].section("chunk_owners")
        owner = owners.item(ordinal)
        if owner < 0:
            return -1, 1, 1
        file, base = self.chunk_file.item(chunk), self._chunk_base[number]
        first, last = self.file_starts.item(file) - base, self.file_starts.item(file + 1) - base
        own = owners[first:last] == owner
        before, count = int(np.count_nonzero(own[: ordinal - first])), int(np.count_nonzero(own))
        return int(owner + self._symbol_base[number]), before + 1, count

    def _qualified(self, symbol: int) -> str:
        """The name of a definition with those around it; remembered, since one owns many chunks."""
        known = self._known_names.get(symbol)
        if known is None:
            if len(self._known_names) >= _MAX_SYMBOLS:
                self._known_names.clear()
            number, ordinal = _locate(self._symbol_base, symbol)
            segment, names = self._segments[number], list[str]()
            parents = segment.section("symbol_parents")
            while ordinal >= 0 and len(names) < _MAX_DEPTH:
                names.append(_symbol_name(segment, ordinal))
                ordinal = parents.item(ordinal)
            known = self._known_names[symbol] = ".".join(reversed(names))
        return known

    def symbol(self, symbol: int) -> SymbolRecord:
        """A definition by its id."""
        number, ordinal = _locate(self._symbol_base, symbol)
        segment = self._segments[number]
        chunk = segment.section("symbol_chunks").item(ordinal) + self._chunk_base[number]
        lines = segment.section("symbol_lines")
        return SymbolRecord(
            name=_symbol_name(segment, ordinal),
            qualified=self._qualified(symbol),
            kind=_KINDS[segment.section("symbol_kinds").item(ordinal)],
            file=self.chunk_file.item(chunk),
            chunk=chunk,
            start_line=lines.item(ordinal, 0),
            end_line=lines.item(ordinal, 1),
        )

    def defined(self, key: int) -> Ids:
        """The live definitions whose folded name has this key: symbol ids, ascending."""
        parts: list[Ids] = []
        for number, segment in enumerate(self._segments):
            order, keys = segment.section("symbol_order"), segment.section("symbol_keys")
            # Not np.searchsorted: it would widen the whole order first.
            begin = bisect_left(order, key, key=keys.item)
            end = bisect_right(order, key, begin, key=keys.item)
            if begin < end:
                ordinals = np.sort(order[begin:end].astype(np.int64))
                chunks = segment.section("symbol_chunks")[ordinals].astype(np.int64)
                files = self.chunk_file[chunks + self._chunk_base[number]]
                parts.append(ordinals[self.file_live[files]] + self._symbol_base[number])
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def starting(self, chunk: int) -> range:
        """The ids of the definitions that begin in a chunk, in their order."""
        number, ordinal = _locate(self._chunk_base, chunk)
        chunks = self._segments[number].section("symbol_chunks")
        begin, end = chunks.searchsorted((ordinal, ordinal + 1)).tolist()
        return range(begin + self._symbol_base[number], end + self._symbol_base[number])

    def symbols_of(self, file: int) -> range:
        """The ids of the definitions of a file, in their order."""
        first, last = self.file_starts[file : file + 2].tolist()
        return range(self.starting(first).start, self.starting(last - 1).stop) if first < last else range(0)

    def members(self, file: int, symbol: int | None = None) -> list[int]:
        """The ids of the definitions directly inside one of a file, or at its top level, in their order."""
        own = self.symbols_of(file)
        if not own:
            return []
        number, first = _locate(self._symbol_base, own.start)
        parents = self._segments[number].section("symbol_parents")[first : first + len(own)]
        outer = -1 if symbol is None else symbol - self._symbol_base[number]
        return [own[place] for place in np.flatnonzero(parents == outer).tolist()]

    def around(self, file: int, line: int) -> int | None:
        """The innermost definition of a file that has a line; None when the line is in none."""
        own = self.symbols_of(file)
        if not own:
            return None
        number, first = _locate(self._symbol_base, own.start)
        lines = self._segments[number].section("symbol_lines")[first : first + len(own)]
        (inside,) = ((lines[:, 0] <= line) & (lines[:, 1] >= line)).nonzero()
        return own[int(inside[-1])] if len(inside) else None

    def files_of(self, symbols: Ids) -> Ids:
        """The file of each of some definitions, given ascending."""
        return np.concatenate([files for files, _, _ in self._rows_of(symbols)] or [np.empty(0, np.int64)])

    def inside(self, symbols: Ids, key: int) -> Mask:
        """Which of some definitions, given ascending, lie directly in one whose name has this key."""
        parts = [np.empty(0, dtype=bool)]
        for _, segment, ordinals in self._rows_of(symbols):
            parents = segment.section("symbol_parents")[ordinals]
            parts.append((parents >= 0) & (segment.section("symbol_keys")[parents] == key))
        return np.concatenate(parts)

    def _rows_of(self, symbols: Ids) -> Iterator[tuple[Ids, Segment, Ids]]:
        """Of each segment: the files of those of some definitions that it holds, and their ordinals in it."""
        for number, segment in enumerate(self._segments):
            base, end = self._symbol_base[number : number + 2]
            begin, stop = symbols.searchsorted([base, end]).tolist()
            ordinals = symbols[begin:stop] - base
            chunks = segment.section("symbol_chunks")[ordinals].astype(np.int64) + self._chunk_base[number]
            yield self.chunk_file[chunks].astype(np.int64), segment, ordinals

    def starts_of(self, kinds: Sequence[Kind]) -> Mask:
        """The chunks in which a definition of some kinds begins, shape ``(chunks,)``."""
        mask = np.zeros(self.chunks, dtype=bool)
        for base, segment in zip(self._chunk_base, self._segments, strict=False):
            wanted = np.isin(segment.section("symbol_kinds"), [int(kind) for kind in kinds])
            mask[base + segment.section("symbol_chunks")[wanted].astype(np.int64)] = True
        return mask

    def heads(self, chunks: Ids) -> Mask:
        """Which of some chunks, given ascending, have the beginning but not the end of what owns them."""
        found = np.zeros(len(chunks), dtype=bool)
        for number, segment in enumerate(self._segments):
            base, end = self._chunk_base[number : number + 2]
            begin, stop = chunks.searchsorted([base, end]).tolist()
            ordinals = chunks[begin:stop] - base
            owners = segment.section("chunk_owners")[ordinals]
            (owned,) = (owners >= 0).nonzero()
            ordinals, owners = ordinals[owned], owners[owned]
            begins = segment.section("symbol_chunks")[owners] == ordinals
            ends = segment.section("symbol_lines")[owners, 1] > segment.section("chunk_lines")[ordinals, 1]
            found[begin + owned] = begins & ends
        return found

    def kinds_in(self, files: Mask) -> list[Kind]:
        """The kinds of chunks and definitions that some files have, in the order of their numbers."""
        found = set(np.unique(self.chunk_kinds[files[self.chunk_file]]).tolist())
        for base, segment in zip(self._chunk_base, self._segments, strict=False):
            chunks = base + segment.section("symbol_chunks").astype(np.int64)
            found.update(np.unique(segment.section("symbol_kinds")[files[self.chunk_file[chunks]]]).tolist())
        return [_KINDS[kind] for kind in sorted(found)]

    def close(self) -> None:
        """Give the maps back; arrays that are still held stay valid."""
        for segment in self._segments:
            segment.close()


_GATHERING = 1.5
"""A row takes so many times longer to copy out and multiply than to multiply where it lies."""

_FEW_CHUNKS = 8192
"""Up to here all are multiplied in less time than is taken by asking twice for some."""

_BLOCK_BYTES = 1_000_000
"""Bytes of postings that are decoded together: about as many postings, 60 MB while they are worked on."""

_MAX_SYMBOLS = 32768
"""Definitions whose names are remembered: some 5 MB at most."""
_MAX_DEPTH = 64
"""Definitions nested in each other; only a damaged file has more, or a cycle."""
_KINDS = {int(kind): kind for kind in Kind}


def _bases(sizes: Sequence[int]) -> list[int]:
    return list(accumulate(sizes, initial=0))


def _locate(bases: list[int], position: int) -> tuple[int, int]:
    number = bisect_right(bases, position) - 1
    return number, position - bases[number]


def _symbol_name(segment: Segment, ordinal: int) -> str:
    """The name of a definition, without those of enclosing ones."""
    return str(unpacked_string(segment, "symbol_names", ordinal), "utf-8", "replace")
