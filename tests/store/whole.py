"""Segments joined and thinned whole, in memory: what the product does in pieces is held against this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from semindex.store.content import Content, Strings, join_contents, unpacked_strings
from semindex.store.grams import GramLists, Pairs
from semindex.store.postings import Postings, Triples
from semindex.store.schema import CHUNK, FILE, SCHEMA, SYMBOL, Form, RowsOf, Schema
from semindex.store.segment import Array, Segment
from semindex.types import Ids, Mask


def kept(content: Content, files: Mask, schema: Schema = SCHEMA) -> Content:
    """Only the files of a mask ``(F,)``, in their order."""
    if files.all():
        return content
    masks = {
        FILE: files,
        CHUNK: np.repeat(files, content.array("file_chunks")),
        SYMBOL: np.repeat(files, content.array("file_symbols")),
    }
    numbers = {rows: np.where(mask, np.cumsum(mask) - 1, -1) for rows, mask in masks.items()}
    columns: dict[str, Array | Strings] = {}
    for column in schema.columns:
        values = content.columns.get(column.name)
        if values is None:
            continue
        mask = masks[column.rows]
        if isinstance(values, tuple):
            columns[column.name] = tuple(values[i] for i in np.flatnonzero(mask))
        elif column.refers is None:
            columns[column.name] = values[mask]
        else:
            renumber = np.append(numbers[column.refers], -1)
            columns[column.name] = renumber[values[mask]].astype(values.dtype)
    rows_of = {field.name: field.rows for field in schema.fields}
    return Content(
        columns,
        {
            name: _only(triples, masks[rows_of[name]], numbers[rows_of[name]])
            for name, triples in content.postings.items()
        },
        {
            field.name: _only_pairs(content.grams[field.name], np.repeat(files, content.array(field.blocks)))
            for field in schema.grams
            if field.name in content.grams
        },
    )


def _only_pairs(pairs: Pairs, live: Mask) -> Pairs:
    grams, blocks = pairs >> np.uint64(32), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)
    numbers = (np.cumsum(live) - 1).astype(np.uint64)
    kept = live[blocks]
    return (grams[kept] << np.uint64(32)) | numbers[blocks[kept]]


def _only(triples: Triples, mask: Mask, numbers: Ids) -> Triples:
    live = mask[triples.rows]
    return Triples(triples.terms[live], numbers[triples.rows[live]], triples.counts[live])


def read(segment: Segment, schema: Schema = SCHEMA) -> Content:
    """Everything of the schema that a segment holds."""
    columns: dict[str, Array | Strings] = {}
    for column in schema.columns:
        if not segment.has(column.name) or column.form is Form.ORDER:
            continue
        values: Any = segment.section(column.name)
        if column.form is not Form.NUMBERS:
            values = tuple(unpacked_strings(segment, column.name))
        if column.form is Form.CODES:
            values = tuple(values[code] for code in segment.section(column.sections[-1]).tolist())
        columns[column.name] = values
    content = Content(columns, {})
    postings = {
        field.name: Postings(segment, field.name, content.count(field.rows)).triples()
        for field in schema.fields
        if segment.has(f"{field.name}.heads")
    }
    grams = {
        field.name: GramLists(
            segment, field.name, int(content.array(field.blocks).sum(dtype=np.int64))
        ).between(0, 1 << 24)
        for field in schema.grams
        if segment.has(f"{field.name}.keys")
    }
    return Content(columns, postings, grams)


def merged(
    segments: Sequence[Segment], dead: Sequence[Sequence[int]], schema: Schema = SCHEMA
) -> Content | None:
    """The live files of some segments as one content, in the order given; None when none is live."""
    parts = []
    for segment, ordinals in zip(segments, dead, strict=True):
        whole = read(segment, schema)
        live = np.ones(whole.count(RowsOf.FILE), dtype=bool)
        live[np.asarray(ordinals, dtype=np.int64)] = False
        if live.any():
            parts.append(kept(whole, live, schema))
    return join_contents(parts, schema) if parts else None
