"""Segments joined and thinned whole, in memory: what the product does in pieces is held against this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from semindex.store.content import ARRAYS, CHUNK_FIELDS, FILE_FIELDS, Content, joined, unpacked
from semindex.store.postings import Postings, Triples
from semindex.store.segment import Segment


def kept(content: Content, files: npt.NDArray[np.bool_]) -> Content:
    """Only the files of a mask ``(F,)``, in their order."""
    if files.all():
        return content
    chunks = np.repeat(files, content.file_chunks)
    symbols = np.repeat(files, content.file_symbols)
    renumber = {"file": _numbers(files), "chunk": _numbers(chunks), "symbol": _numbers(symbols)}
    masks = {"file": files, "chunk": chunks, "symbol": symbols}
    arrays = {name: getattr(content, name)[masks[table]] for name, table in ARRAYS.items()}
    arrays["vectors"] = content.vectors[chunks]
    ordinals = np.append(renumber["symbol"], -1)  # what is at -1 stays -1, and there may be no symbols
    for name in ("chunk_owners", "symbol_parents"):
        arrays[name] = ordinals[arrays[name]].astype(np.int32)
    arrays["symbol_chunks"] = renumber["chunk"][arrays["symbol_chunks"]].astype(np.uint32)
    return Content(
        paths=_chosen(content.paths, files),
        languages=_chosen(content.languages, files),
        symbol_names=_chosen(content.symbol_names, symbols),
        postings={
            field: _only(triples, *(masks[table], renumber[table]))
            for field, triples in content.postings.items()
            for table in ("file" if field in FILE_FIELDS else "chunk",)
        },
        **arrays,
    )


def _numbers(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    return np.cumsum(mask, dtype=np.int64) - 1


def _chosen(values: tuple[Any, ...], mask: npt.NDArray[np.bool_]) -> tuple[Any, ...]:
    return tuple(values[i] for i in np.flatnonzero(mask))


def _only(triples: Triples, mask: npt.NDArray[np.bool_], numbers: npt.NDArray[np.int64]) -> Triples:
    live = mask[triples.rows]
    return Triples(triples.terms[live], numbers[triples.rows[live]], triples.counts[live])


def read(segment: Segment) -> Content:
    """Everything a segment holds, for a merge."""
    names = [name.decode() for name in unpacked(segment, "languages")]
    arrays = {name: segment.section(name) for name in (*ARRAYS, "vectors")}
    paths = unpacked(segment, "paths")
    rows = {
        **dict.fromkeys(CHUNK_FIELDS, len(arrays["chunk_kinds"])),
        **dict.fromkeys(FILE_FIELDS, len(paths)),
    }
    return Content(
        paths=tuple(paths),
        languages=tuple(names[i] for i in segment.section("file_languages").tolist()),
        symbol_names=tuple(unpacked(segment, "symbol_names")),
        postings={field: Postings(segment, field, count).triples() for field, count in rows.items()},
        **arrays,
    )


def merged(segments: Sequence[Segment], dead: Sequence[Sequence[int]]) -> Content | None:
    """The live files of some segments as one content, in the order given; None when none is live."""
    parts = []
    for segment, ordinals in zip(segments, dead, strict=True):
        whole = read(segment)
        live = np.ones(len(whole.paths), dtype=bool)
        live[np.asarray(ordinals, dtype=np.int64)] = False
        if live.any():
            parts.append(kept(whole, live))
    return joined(parts) if parts else None
