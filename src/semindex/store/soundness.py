"""Finds what is wrong with the tables of a segment whose checksums are right: somebody else may have made it.

There are three depths, by what they cost:

- Whether the sections fit the schema and one another is told by their types and shapes. It is checked when a
  segment that a catalog lists is opened.
- Whether the numbers in the tables are possible takes a millisecond for 100,000 chunks, and the pages of the
  tables. It is checked when a small segment is opened, and before a search says that nothing was found.
- Whether the orders are orders, and all lists of postings can be decoded, takes a second for 100 MB. It is
  checked when something looks wrong, or when the user asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from semindex.errors import IndexCorrupt
from semindex.store import layout
from semindex.store.content import unpacked_strings
from semindex.store.grams import GramLists
from semindex.store.header import corrupt
from semindex.store.postings import PARTS, Postings
from semindex.store.records import FileRecord, SegmentRecord
from semindex.store.schema import CHUNK, FILE, SCHEMA, SYMBOL, Column, Cover, Form, GramField, RowsOf
from semindex.store.segment import Segment
from semindex.types import Kind

Array = npt.NDArray[Any]

_COUNTED = {FILE: "file_chunks", CHUNK: "chunk_kinds", SYMBOL: "symbol_kinds"}
_PARTS_DTYPES = ("<u4", "|u1", "<u2", "<u4", "|u1")
_SMALL_BYTES = 8_000_000
"""The tables of segments of up to so many bytes are looked at when they are opened, in half a millisecond."""
_LISTS_AT_ONCE = 20_000
_GRAM_BYTES = 700_000
_LINES = ("chunk_lines", "symbol_lines")
_SPANS = (*_LINES, "chunk_bytes")
_KIND_COLUMNS = ("chunk_kinds", "symbol_kinds")
_LARGEST_SIZE = 1 << 62


class _Wanted(NamedTuple):
    """What a section must be."""

    name: str
    dtype: str
    counted: str
    """The section that has one row for each of its rows; empty when it may have any number."""
    extra: int
    """So many rows more than that."""
    inner: tuple[int, ...]
    """The shape of each row; -1 stands for any extent."""
    required: bool


def _wanted_sections() -> Iterator[_Wanted]:
    for column in SCHEMA.columns:
        dtype, counted = np.dtype(column.dtype).newbyteorder("<").str, _COUNTED[column.rows]
        *strings, last = column.sections
        match column.form:
            case Form.NUMBERS | Form.ORDER:
                yield _Wanted(last, dtype, counted, 0, column.shape, column.required)
            case Form.STRINGS:
                yield _Wanted(column.name, "|u1", "", 0, (), column.required)
                yield _Wanted(last, "<u4", counted, 1, (), column.required)
            case Form.CODES:
                yield _Wanted(strings[0], "|u1", "", 0, (), column.required)
                yield _Wanted(strings[1], "<u4", "", 0, (), column.required)
                yield _Wanted(last, dtype, counted, 0, (), column.required)
    for field in SCHEMA.fields:
        terms = f"{field.name}.heads"
        rows = (("", 0), (terms, 0), (terms, 1), ("", 0), ("", 0))
        for part, dtype, (counted, extra) in zip(PARTS, _PARTS_DTYPES, rows, strict=True):
            yield _Wanted(f"{field.name}.{part}", dtype, counted, extra, (), field.required)
    for lists in SCHEMA.grams:
        yield _Wanted(f"{lists.name}.keys", "|u1", "", 0, (), lists.required)
        yield _Wanted(f"{lists.name}.starts", "<u4", "", 0, (3,), lists.required)
        yield _Wanted(f"{lists.name}.data", "|u1", "", 0, (), lists.required)


_WANTED = tuple(_wanted_sections())


def require_fitting(segment: Segment) -> None:
    """Raise unless the sections are those of the schema, by their types and shapes.

    Raises:
        IndexCorrupt: One is missing, or does not fit the others.
    """
    for name, dtype, counted, extra, inner, required in _WANTED:
        if not required and not segment.has(name):
            continue
        shape = segment.shape(name)
        fits = segment.dtype(name) == dtype and len(shape) == 1 + len(inner)
        if fits and counted:
            fits = shape[:1] == tuple([extent + extra for extent in segment.shape(counted)[:1]])
        if not fits or (
            inner and any(want not in (-1, got) for want, got in zip(inner, shape[1:], strict=True))
        ):
            raise corrupt(segment.path, f"its section {name!r}, {segment.dtype(name)} {shape}, does not fit")


def open_listed(index_dir: Path, record: SegmentRecord, *, mapped: bool = True) -> Segment:
    """Open a segment that a catalog lists, as :meth:`Segment.open` does.

    Raises:
        IndexCorrupt: Besides the causes there: the sections do not fit, the segment has other numbers of
            files or chunks than the catalog says, or it is small and a table is impossible.
    """
    segment = Segment.open(layout.segment_path(index_dir, record.name), mapped=mapped)
    require_fitting(segment)
    if (segment.shape("file_chunks")[0], segment.shape("chunk_kinds")[0]) != (record.files, record.chunks):
        raise IndexCorrupt(f"{segment.path} is not what the catalog names; run 'semindex index'")
    if segment.nbytes <= _SMALL_BYTES:
        for fault in _find_faults(segment, thorough=False):
            raise IndexCorrupt(f"{fault}; run 'semindex index' to rebuild it")
    return segment


def by_segment(files: Iterable[FileRecord]) -> Mapping[int, Sequence[FileRecord]]:
    """The records of the indexed files by the id of their segment."""
    found: dict[int, list[FileRecord]] = {}
    for file in files:
        found.setdefault(file.segment, []).append(file)
    return found


def find_damage(segment: Segment, *, thorough: bool, files: Iterable[FileRecord] = ()) -> list[str]:
    """A sentence for each part that is damaged: by its checksums, else by what it holds.

    Args:
        segment: The segment.
        thorough: Whether to go to the third depth.
        files: What the catalog says of files in it, to be compared.
    """
    found = segment.verify()
    if found:
        return found
    try:
        require_fitting(segment)
    except IndexCorrupt as error:
        return [str(error)]
    faults = list(_find_faults(segment, thorough=thorough))
    return faults or [*filter(None, [_find_difference(segment, files)])]


def _find_difference(segment: Segment, files: Iterable[FileRecord]) -> str:
    """How a sound segment differs from what the catalog says of its files; empty when it does not."""
    paths = unpacked_strings(segment, "paths")
    languages = unpacked_strings(segment, "languages")
    codes, digests = segment.section("file_languages"), segment.section("digests")
    chunks = segment.section("file_chunks")
    for file in files:
        at = file.ordinal
        if at >= len(paths) or (os.fsdecode(paths[at]), digests[at].tobytes(), int(chunks[at])) != (
            *(file.ref.path, file.digest, file.chunks),
        ):
            return f"{segment.path}: file {at} is not {file.ref.path} as the catalog has it"
        if languages[codes[at]].decode() != file.language:
            return f"{segment.path}: file {at} is in another language than the catalog says"
    return ""


def find_cause(segments: Sequence[Segment], *, dim: int) -> str:
    """Why an answer from some segments cannot be trusted, and what to do; empty when all of them are sound.

    ``dim`` is the length of a vector of the model.
    """
    for segment in segments:
        if segment.shape("vectors")[1] != dim:
            return f"{segment.path} has vectors of another length; run 'semindex index --force' to rebuild it"
    for thorough, command in ((False, "index"), (True, "index --force")):
        # A refresh of a large index does not look as thoroughly.
        for segment in segments:
            for fault in find_damage(segment, thorough=thorough):
                return f"{fault}; run 'semindex {command}' to rebuild it"
    return ""


def _find_faults(segment: Segment, *, thorough: bool) -> Iterator[str]:
    """A sentence for each table that no semindex wrote, in a segment whose sections fit."""
    rows = {kind: segment.shape(name)[0] for kind, name in _COUNTED.items()}
    for column in SCHEMA.columns:
        if segment.has(column.name) and not _is_possible(segment, column, rows, thorough):
            yield f"{segment.path}: the checksums are right, and {column.name} is impossible"
    for lists in SCHEMA.grams:
        if segment.has(lists.blocks) and not _are_grams(segment, lists, thorough):
            yield f"{segment.path}: the checksums are right, and the {lists.name} lists are impossible"
    for field in SCHEMA.fields:
        has_field = segment.has(f"{field.name}.heads")
        if has_field and not _are_lists(segment, field.name, rows[field.rows], thorough):
            yield f"{segment.path}: the checksums are right, and the {field.name} postings are impossible"
    segment.release()


def _are_lists(segment: Segment, field: str, rows: int, thorough: bool) -> bool:
    try:
        lists = Postings(segment, field, rows)
        return _ascend(segment, field, lists) and (not thorough or _decode(lists))
    except (IndexCorrupt, LookupError, ValueError):
        return False


def _are_grams(segment: Segment, field: GramField, thorough: bool) -> bool:
    starts, blocks = segment.section(f"{field.name}.starts"), segment.section(field.blocks)
    if (starts[1:, 0] <= starts[:-1, 0]).any() or (starts[1:, 1:] < starts[:-1, 1:]).any():
        return False
    try:
        lists = GramLists(segment, field.name, int(blocks.sum(dtype=np.int64)))
        return not thorough or all(len(pairs) >= 0 for pairs in lists.pieces(_GRAM_BYTES))
    except (IndexCorrupt, LookupError, ValueError):
        return False


def _is_possible(segment: Segment, column: Column, rows: Mapping[RowsOf, int], thorough: bool) -> bool:
    match column.form:
        case Form.NUMBERS if column.name == "gram.cover":
            return _are_covers(segment.section(column.name), segment.section("file_chunks"))
        case Form.NUMBERS:
            return _are_possible(segment.section(column.name), column, rows)
        case Form.ORDER:
            order, keys = segment.section(column.name), segment.section(column.orders)
            return _highest(order) < len(keys) and (not thorough or _is_order(order, keys))
        case Form.STRINGS:
            return _are_strings(segment, column)
        case Form.CODES:
            return _are_strings(segment, column) and _are_codes(segment, column)


def _are_covers(covers: Array, chunks: Array) -> bool:
    """Whether each is a sum of flags, and no file that other searches must not see has chunks."""
    return _highest(covers) <= sum(Cover) and not ((covers & Cover.ALONE != 0) & (chunks > 0)).any()


def _are_codes(segment: Segment, column: Column) -> bool:
    """Whether the distinct strings are texts, ascending, and each code is the number of one."""
    known = unpacked_strings(segment, column.name)
    try:
        b"".join(known).decode()
    except UnicodeDecodeError:
        return False
    ascending = all(before < after for before, after in pairwise(known))
    return ascending and _highest(segment.section(column.sections[-1])) < len(known)


def _are_possible(numbers: Array, column: Column, rows: Mapping[RowsOf, int]) -> bool:
    name = column.name
    if column.refers is not None:
        in_order = name != "symbol_chunks" or bool((numbers[1:] >= numbers[:-1]).all())
        return int(numbers.min(initial=0)) >= -1 and _highest(numbers) < rows[column.refers] and in_order
    if name in _SPANS:
        least = 1 if name in _LINES else 0
        return bool((numbers[:, 0] <= numbers[:, 1]).all()) and int(numbers[:, 0].min(initial=1)) >= least
    if name in _KIND_COLUMNS:
        return _highest(numbers) <= max(Kind)
    if name == "file_chunks":
        return int(numbers.sum(dtype=np.int64)) == rows[CHUNK]
    if name == "file_symbols":
        return int(numbers.sum(dtype=np.int64)) == rows[SYMBOL]
    return name != "sizes" or _highest(numbers) < _LARGEST_SIZE


def _highest(numbers: Array) -> int:
    """The highest of some numbers, -1 if there are none."""
    return int(numbers.max()) if len(numbers) else -1


def _is_order(order: Array, keys: Array) -> bool:
    """Whether ``order`` has every row once, ordered by its key."""
    met = np.zeros(len(keys), dtype=bool)
    met[order] = True
    ordered = keys[order]
    return bool(met.all()) and bool((ordered[1:] >= ordered[:-1]).all())


def _are_strings(segment: Segment, column: Column) -> bool:
    offsets = segment.section(f"{column.name}.offsets")
    return (
        len(offsets) > 0
        and offsets[0] == 0
        and offsets[-1] == segment.shape(column.name)[0]
        and bool((offsets[1:] >= offsets[:-1]).all())
        and (column.step == 1 or not (offsets % column.step).any())
    )


def _ascend(segment: Segment, field: str, lists: Postings) -> bool:
    """Whether terms and the beginnings of their lists ascend."""
    heads = segment.section(f"{field}.heads")
    steps = segment.section(f"{field}.starts.steps")
    (same,) = (heads[1:] == heads[:-1]).nonzero()
    tails = segment.section(f"{field}.tails")
    return (
        bool((heads[1:] >= heads[:-1]).all())
        and bool((tails[same + 1] > tails[same]).all())
        and bool((steps[1:] >= steps[:-1]).all())
        and (not len(steps) or (steps[0] == 0 and int(steps[-1]) <= len(lists) + 1))
    )


def _decode(lists: Postings) -> bool:
    """Whether every list of a field makes sense."""
    for begin in range(0, len(lists), _LISTS_AT_ONCE):
        starts = lists.starts(begin, min(begin + _LISTS_AT_ONCE, len(lists)))
        if (starts[1:] <= starts[:-1]).any() or starts[0] < 0 or starts[-1] > lists.nbytes:
            return False
        lists.between(begin, begin + len(starts) - 1)
    return True
