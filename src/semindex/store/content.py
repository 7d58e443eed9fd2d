"""The content of a segment in memory: its columns and postings by name, as the schema lists them.

Ordinals are local to the content: files in the order they were added, a file's chunks and symbols
one after the other in that order. Joining contents shifts ordinals. How segments on disk are joined, and
dead files left out, stands in ``joining.py``; tests hold it against the same done in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, pairwise
from types import MappingProxyType

import numpy as np
from msgspec import Struct

from semindex.errors import IndexCorrupt
from semindex.store.grams import Pairs, encode_grams
from semindex.store.postings import Triples, encode_postings
from semindex.store.schema import CHUNK, FILE, SCHEMA, SYMBOL, Column, Form, GramField, RowsOf, Schema
from semindex.store.segment import Array, Segment
from semindex.types import Ids

Strings = tuple[bytes, ...]


class Content(Struct, frozen=True):
    """The columns and postings of some files, by the names that the schema gives them.

    A column of the form ``STRINGS`` or ``CODES`` is here a tuple of bytes, one for each row; a column of the
    form ``ORDER`` is not here, as it is made when the content is written.
    """

    columns: Mapping[str, Array | Strings]
    postings: Mapping[str, Triples]
    """By field; rows are ordinals of chunks or files."""
    grams: Mapping[str, Pairs] = MappingProxyType({})
    """By field; blocks are numbered through all files."""

    def array(self, name: str) -> Array:
        """A column of numbers, shape ``(rows, ...)`` as in the schema."""
        found = self.columns[name]
        assert isinstance(found, np.ndarray), name
        return found

    def strings(self, name: str) -> Strings:
        """A column of strings."""
        found = self.columns[name]
        assert isinstance(found, tuple), name
        return found

    def count(self, rows: RowsOf) -> int:
        """How many files, chunks or symbols there are."""
        counted = {FILE: "paths", CHUNK: "chunk_kinds", SYMBOL: "symbol_kinds"}
        return len(self.columns[counted[rows]])

    @property
    def names(self) -> set[str]:
        """The names of all columns and fields that are here."""
        return {*self.columns, *self.postings, *self.grams}


def join_contents(parts: Sequence[Content], schema: Schema = SCHEMA) -> Content:
    """One content of the files of all parts, one part after the other; there is at least one part.

    A column or field that is optional, and that one of the parts does not have, is left out.
    """
    held = schema.held([part.names for part in parts])
    bases = {rows: list(accumulate((part.count(rows) for part in parts), initial=0)) for rows in RowsOf}
    return Content(
        {
            column.name: _join_column(column, parts, bases)
            for column in held.columns
            if column.form is not Form.ORDER
        },
        {
            field.name: Triples.concatenated(
                Triples(triples.terms, triples.rows + base, triples.counts)
                for triples, base in zip(
                    (part.postings[field.name] for part in parts), bases[field.rows], strict=False
                )
            )
            for field in held.fields
        },
        {field.name: _join_grams(field, parts) for field in held.grams},
    )


def _join_grams(field: GramField, parts: Sequence[Content]) -> Pairs:
    first, joined = 0, []
    for part in parts:
        # Blocks are the low bits, and a segment has far less than 2**32 of them.
        joined.append(part.grams[field.name] + np.uint64(first))
        first += int(part.array(field.blocks).sum(dtype=np.int64))
    pairs = np.concatenate(joined)
    pairs.sort()
    return pairs


def _join_column(
    column: Column, parts: Sequence[Content], bases: Mapping[RowsOf, Sequence[int]]
) -> Array | Strings:
    name = column.name
    if column.form is not Form.NUMBERS:
        return tuple(chain.from_iterable(part.strings(name) for part in parts))
    arrays = [part.array(name) for part in parts]
    if column.refers is not None:
        shifts = bases[column.refers]
        arrays = [
            np.where(array >= 0, array.astype(np.int64) + shift, -1).astype(column.dtype)
            for array, shift in zip(arrays, shifts, strict=False)
        ]
    return np.concatenate(arrays)


def sections(content: Content, schema: Schema = SCHEMA) -> dict[str, Array]:
    """The content as named sections, ready to be written.

    Raises:
        ValueError: Something required is missing, or a column is not as the schema says.
    """
    held = schema.held([content.names])
    found: dict[str, Array] = {}
    for column in held.columns:
        found.update(zip(column.sections, _column_sections(column, content), strict=True))
    for field in held.fields:
        found.update(encode_postings(field.name, content.postings[field.name]))
    for lists in held.grams:
        blocks = int(content.array(lists.blocks).sum(dtype=np.int64))
        found.update(encode_grams(lists.name, content.grams[lists.name], blocks))
    return found


def _column_sections(column: Column, content: Content) -> tuple[Array, ...]:
    match column.form:
        case Form.NUMBERS:
            array = content.array(column.name)
            column.check(array, content.count(column.rows))
            return (array,)
        case Form.STRINGS:
            return packed_strings(content.strings(column.name))
        case Form.CODES:
            return coded_strings(column, content.strings(column.name))
        case Form.ORDER:
            return (np.argsort(content.array(column.orders), kind="stable").astype(column.dtype),)


def packed_strings(strings: Sequence[bytes]) -> tuple[Array, Array]:
    """The bytes of some strings one after the other; and where each begins and the last one ends, uint32."""
    offsets = np.cumsum([0, *map(len, strings)], dtype=np.uint32)
    return np.frombuffer(b"".join(strings), dtype=np.uint8), offsets


def coded_strings(column: Column, strings: Sequence[bytes]) -> tuple[Array, Array, Array]:
    """The distinct strings, ascending, as :func:`packed_strings`; and the number of each row's own."""
    distinct = sorted(set(strings))
    number = {string: i for i, string in enumerate(distinct)}
    codes = np.fromiter((number[string] for string in strings), column.dtype, len(strings))
    return (*packed_strings(distinct), codes)


def unpacked_strings(segment: Segment, name: str) -> list[bytes]:
    """The strings of a column of a segment; of one with codes, the distinct strings.

    Raises:
        IndexCorrupt: The offsets do not fit the bytes.
    """
    data = segment.section(name).tobytes()
    offsets = segment.section(f"{name}.offsets").tolist()
    if offsets[-1] != len(data):
        raise IndexCorrupt(f"{segment.path}: {name} is damaged; run 'semindex index' to rebuild it")
    return [data[begin:end] for begin, end in pairwise(offsets)]


def string_sizes(segment: Segment, name: str) -> Ids:
    """How many bytes each of the strings that :func:`unpacked_strings` gives has.

    Raises:
        IndexCorrupt: The offsets do not fit the bytes.
    """
    offsets: Ids = segment.section(f"{name}.offsets").astype(np.int64)
    sizes = np.diff(offsets)
    if offsets[:1].any() or offsets[-1:].tolist() != list(segment.shape(name)) or (sizes < 0).any():
        raise IndexCorrupt(f"{segment.path}: {name} is damaged; run 'semindex index' to rebuild it")
    return sizes


def unpacked_string(segment: Segment, name: str, ordinal: int) -> bytes:
    """One of the strings that :func:`unpacked_strings` gives."""
    offsets = segment.section(f"{name}.offsets")
    data = segment.section(name)[offsets.item(ordinal) : offsets.item(ordinal + 1)]
    return data.tobytes()
