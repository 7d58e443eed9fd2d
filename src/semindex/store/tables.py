"""A segment's columns of chunks and symbols, as they are mapped, to be read a row at a time."""

from __future__ import annotations

import os
from typing import Self

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.store.segment import Segment
from semindex.types import Kind

_MAX_DEPTH = 64
"""Of definitions in each other; more only in a damaged file."""


class SymbolRecord(Struct, frozen=True):
    """A definition as it stands in the index."""

    name: str
    qualified: str
    """With the names of enclosing definitions, outermost first, joined by dots."""
    kind: Kind
    file: int
    chunk: int
    start_line: int
    end_line: int


class ChunkTable(Struct, frozen=True):
    """Where each chunk stands, and the definition that owns its lines."""

    lines: npt.NDArray[np.uint32]
    """Shape ``(chunks, 2)``: first and last, 1-based."""
    bytes: npt.NDArray[np.uint32]
    """Shape ``(chunks, 2)``: half-open, in the analysis text."""
    owners: npt.NDArray[np.int32]
    """The segment's ordinal of a symbol, or -1."""

    @classmethod
    def of(cls, segment: Segment) -> Self:
        """The columns of one segment."""
        return cls(*map(segment.section, ("chunk_lines", "chunk_bytes", "chunk_owners")))


class PathTable(Struct, frozen=True):
    """The paths of a segment's files."""

    ends: npt.NDArray[np.uint32]
    """Where each begins, and where the last one ends."""
    data: memoryview

    @classmethod
    def of(cls, segment: Segment) -> Self:
        """The columns of one segment."""
        return cls(segment.section("paths.offsets"), segment.section("paths").data)

    def path(self, ordinal: int) -> str:
        """The path of a file."""
        return os.fsdecode(bytes(self.data[self.ends.item(ordinal) : self.ends.item(ordinal + 1)]))


class SymbolTable(Struct, frozen=True):
    """The definitions of a segment."""

    parents: npt.NDArray[np.int32]
    chunks: npt.NDArray[np.uint32]
    kinds: npt.NDArray[np.uint8]
    lines: npt.NDArray[np.uint32]
    ends: npt.NDArray[np.uint32]
    """Where each name begins, and where the last one ends."""
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
        """The name of a definition, without those around it."""
        begin, end = self.ends.item(ordinal), self.ends.item(ordinal + 1)
        return str(self.names[begin:end], "utf-8", "replace")

    def qualified(self, ordinal: int) -> str:
        """The same with the names of those around it, outermost first, joined by dots."""
        names = [self.name(ordinal)]
        at = self.parents.item(ordinal)
        while at >= 0 and len(names) < _MAX_DEPTH:
            names.append(self.name(at))
            at = self.parents.item(at)
        return ".".join(reversed(names))
