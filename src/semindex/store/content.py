"""What a segment holds, as arrays: the tables of files, chunks and symbols, the postings, the vectors.

Ordinals are local to the content: files in the order they were added, a file's chunks and symbols
one after the other in that order. Joining contents shifts ordinals. How segments on disk are joined, and
dead files left out, stands in ``joining.py``; tests hold it against the same done in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import IndexCorrupt
from semindex.store.postings import Triples, encode_postings
from semindex.store.segment import Segment
from semindex.types import Int8Vectors

CHUNK_FIELDS = ("comment", "name", "parent", "body")
"""Postings by chunk."""
FILE_FIELDS = ("path", "stem")
"""Postings by file."""
LENGTH_FIELDS = ("comment", "name", "parent", "body")
"""The columns of :attr:`Content.chunk_lengths`: terms in the field, saturating at 65535."""

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]


class Content(Struct, frozen=True):
    """``F`` files, ``C`` chunks, ``S`` symbols."""

    paths: tuple[bytes, ...]
    digests: U8
    """Shape ``(F, 16)``."""
    languages: tuple[str, ...]
    """``F`` names."""
    sizes: U64
    """Shape ``(F,)``: bytes as stored."""
    file_chunks: U32
    """Shape ``(F,)``: chunks of each file, at least 1."""
    file_symbols: U32
    """Shape ``(F,)``."""
    file_lengths: U16
    """Shape ``(F, 2)``: terms of path and stem."""
    chunk_lines: U32
    """Shape ``(C, 2)``: first and last line, 1-based."""
    chunk_bytes: U32
    """Shape ``(C, 2)``: half-open, into the analysis text."""
    chunk_kinds: U8
    chunk_owners: I32
    """Shape ``(C,)``: symbol ordinal, -1 for none."""
    chunk_lengths: U16
    """Shape ``(C, 4)``, columns as ``LENGTH_FIELDS``."""
    symbol_names: tuple[bytes, ...]
    symbol_kinds: U8
    symbol_lines: U32
    """Shape ``(S, 2)``."""
    symbol_parents: I32
    symbol_chunks: U32
    """Shape ``(S,)``: the chunk in which the definition starts."""
    symbol_keys: U32
    """Shape ``(S,)``: :func:`semindex.tokens.symbol_key` of what each name is looked up by."""
    postings: Mapping[str, Triples]
    """By field; rows are chunk or file ordinals."""
    vectors: Int8Vectors
    """Shape ``(C, dim)``."""


def joined(parts: Sequence[Content]) -> Content:
    """The files of all parts, one after the other; at least one part."""
    files = np.cumsum([0, *(len(part.paths) for part in parts)])
    chunks = np.cumsum([0, *(len(part.chunk_kinds) for part in parts)])
    symbols = np.cumsum([0, *(len(part.symbol_kinds) for part in parts)])
    shifted = [
        replace(
            part,
            chunk_owners=_shift(part.chunk_owners, int(symbols[i])),
            symbol_parents=_shift(part.symbol_parents, int(symbols[i])),
            symbol_chunks=(part.symbol_chunks + np.uint32(chunks[i])).astype(np.uint32),
            postings={
                field: replace(triples, rows=triples.rows + (files if field in FILE_FIELDS else chunks)[i])
                for field, triples in part.postings.items()
            },
        )
        for i, part in enumerate(parts)
    ]
    arrays = {
        name: np.concatenate([getattr(part, name) for part in shifted]) for name in (*ARRAYS, "vectors")
    }
    return Content(
        paths=tuple(path for part in shifted for path in part.paths),
        languages=tuple(name for part in shifted for name in part.languages),
        symbol_names=tuple(name for part in shifted for name in part.symbol_names),
        postings={
            field: Triples.concatenated([part.postings[field] for part in shifted])
            for field in (*CHUNK_FIELDS, *FILE_FIELDS)
        },
        **arrays,
    )


def _shift(ordinals: I32, base: int) -> I32:
    return np.where(ordinals >= 0, ordinals + base, ordinals).astype(np.int32)


ARRAYS = {
    "digests": "file",
    "sizes": "file",
    "file_chunks": "file",
    "file_symbols": "file",
    "file_lengths": "file",
    "chunk_lines": "chunk",
    "chunk_bytes": "chunk",
    "chunk_kinds": "chunk",
    "chunk_owners": "chunk",
    "chunk_lengths": "chunk",
    "symbol_kinds": "symbol",
    "symbol_lines": "symbol",
    "symbol_parents": "symbol",
    "symbol_chunks": "symbol",
    "symbol_keys": "symbol",
}
"""Each array and the table whose rows it has."""


def sections(content: Content) -> dict[str, npt.NDArray[Any]]:
    """The content as named sections, ready to be written."""
    names = sorted(set(content.languages))
    number = {name: i for i, name in enumerate(names)}
    return {
        **_packed("paths", content.paths),
        **_packed("symbol_names", content.symbol_names),
        **_packed("languages", [name.encode() for name in names]),
        "file_languages": np.fromiter((number[name] for name in content.languages), np.uint16),
        **{name: getattr(content, name) for name in ARRAYS},
        "symbol_order": np.argsort(content.symbol_keys, kind="stable").astype(np.uint32),
        "vectors": content.vectors,
        **{
            name: array
            for field, triples in content.postings.items()
            for name, array in encode_postings(field, triples).items()
        },
    }


def size_bytes(content: Content) -> int:
    """About how much memory the arrays take."""
    arrays = sum(getattr(content, name).nbytes for name in (*ARRAYS, "vectors"))
    return int(arrays) + sum(
        triples.terms.nbytes + triples.rows.nbytes + triples.counts.nbytes
        for triples in content.postings.values()
    )


def _packed(name: str, strings: Sequence[bytes]) -> dict[str, npt.NDArray[Any]]:
    offsets = np.cumsum([0, *map(len, strings)], dtype=np.uint32)
    return {name: np.frombuffer(b"".join(strings), dtype=np.uint8), f"{name}.offsets": offsets}


def unpacked(segment: Segment, name: str) -> list[bytes]:
    """The strings of a packed pair of sections."""
    data = segment.section(name).tobytes()
    offsets = segment.section(f"{name}.offsets").tolist()
    if offsets[-1] != len(data):
        raise IndexCorrupt(f"{segment.path}: {name} is damaged; run 'semindex index' to rebuild it")
    return [data[begin:end] for begin, end in pairwise(offsets)]
