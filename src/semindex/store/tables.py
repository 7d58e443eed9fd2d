"""Records over a segment's mapped columns of chunks, paths and symbols, from which single rows are read."""

from __future__ import annotations

import os
from typing import Self

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.store.segment import Segment
from semindex.types import Kind

_MAX_DEPTH = 64
"""Definitions nested in each other; only a damaged file has more, or a cycle."""


class SymbolRecord(Struct, frozen=True):
    """A definition, with numbers of the whole index."""

    name: str
    qualified: str
    """The names of the enclosing definitions, outermost first, and its own, joined by dots."""
    kind: Kind
    file: int
    chunk: int
    start_line: int
    end_line: int


class ChunkTable(Struct, frozen=True):
    """Where each chunk of a segment stands in its file, and the definition that owns its lines."""

    lines: npt.NDArray[np.uint32]
    """Shape ``(chunks, 2)``: first and last line, 1-based."""
    bytes: npt.NDArray[np.uint32]
    """Shape ``(chunks, 2)``: begin and end in the analysis text, the end not included."""
    owners: npt.NDArray[np.int32]
    """Shape ``(chunks,)``: the ordinal of the definition in the segment, or -1."""

    @classmethod
    def of(cls, segment: Segment) -> Self:
        """The columns of one segment."""
        return cls(*map(segment.section, ("chunk_lines", "chunk_bytes", "chunk_owners")))


class PathTable(Struct, frozen=True):
    """The paths of a segment's files."""

    ends: npt.NDArray[np.uint32]
    """Shape ``(files + 1,)``: where each path begins in ``data``, and where the last one ends."""
    data: memoryview

    @classmethod
    def of(cls, segment: Segment) -> Self:
        """The columns of one segment."""
        return cls(segment.section("paths.offsets"), segment.section("paths").data)

    def path(self, ordinal: int) -> str:
        """The root-relative path of a file."""
        return os.fsdecode(bytes(self.data[self.ends.item(ordinal) : self.ends.item(ordinal + 1)]))


class SymbolTable(Struct, frozen=True):
    """The definitions of a segment; arrays of one row each."""

    parents: npt.NDArray[np.int32]
    """The ordinal of the enclosing definition, or -1."""
    chunks: npt.NDArray[np.uint32]
    """The ordinal of the chunk in which the definition starts."""
    kinds: npt.NDArray[np.uint8]
    lines: npt.NDArray[np.uint32]
    """First and last line, 1-based."""
    ends: npt.NDArray[np.uint32]
    """Shape ``(symbols + 1,)``: where each name begins in ``names``, and where the last one ends."""
    names: memoryview

    @classmethod
    def of(cls, segment: Segment) -> Self:
        """The columns of one segment."""
        return cls(
            parents=segment.section("symbol_parents"),
            chunks=segment.section("symbol_chunks"),
            kinds=segment.section("symbol_kinds"),
            lines=segment.section("symbol_lines"),
            ends=segment.section("symbol_names.offsets"),
            names=segment.section("symbol_names").data,
        )

    def name(self, ordinal: int) -> str:
        """The name of a definition, without those of enclosing ones."""
        begin, end = self.ends.item(ordinal), self.ends.item(ordinal + 1)
        return str(self.names[begin:end], "utf-8", "replace")

    def qualified(self, ordinal: int) -> str:
        """The names of the enclosing definitions, outermost first, and its own, joined by dots."""
        names = [self.name(ordinal)]
        at = self.parents.item(ordinal)
        while at >= 0 and len(names) < _MAX_DEPTH:
            names.append(self.name(at))
            at = self.parents.item(at)
        return ".".join(reversed(names))
