"""All postings of a small index, decoded once, so that a query takes slices of arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.search.sums import cells, heads_of, ranges, sums
from semindex.search.terms import (
    CHUNK_TEXT_FIELDS,
    FILE_TEXT_FIELDS,
    TEXT_FIELDS,
    Chosen,
    NeighbourTerms,
    Norm,
    Norms,
    Occurring,
    Source,
    Tallies,
    body_gains,
    gains_of,
    saturated,
)
from semindex.store.generation import Generation
from semindex.store.postings import stored_bits
from semindex.types import Floats, Ids, TermHashes


class TermTable:
    """All postings of a small index, decoded: for each term the chunks and files that have it.

    The lists of four kinds (chunks by text, files by path, files by code, chunks by code) lie in one array of
    rows, so that a query takes all slices of all its terms at once.
    """

    def __init__(self, generation: Generation, norms: Norms) -> None:
        """Decode; 1 MB and 12 ms for 400 chunks, some 25 MB and 0.2 s for 15,000."""
        chunks, files = generation.chunks, generation.files
        held = {field: _field_rows(generation, field) for field in (*TEXT_FIELDS, "body")}
        self._hashes = _distinct([rows.hashes for rows in held.values()])
        count = len(self._hashes)
        lines, file_lines = np.arange(count) * chunks, np.arange(count) * files

        def added(fields: Sequence[str], norms_: Sequence[Norm], width: int) -> tuple[Ids, Floats]:
            keys, values = [], []
            for field, norm in zip(fields, norms_, strict=True):
                rows = held[field]
                keys.append(self._numbers(rows) * width + rows.rows)
                values.append(norm.weighted(rows.rows, rows.counts))
            return cells(np.concatenate(keys), np.concatenate(values), count * width)

        by_chunk = len(CHUNK_TEXT_FIELDS)
        at, tf = added(CHUNK_TEXT_FIELDS, norms.text[:by_chunk], chunks)
        file_at, file_tf = added(FILE_TEXT_FIELDS, norms.text[by_chunk:], files)
        sizes, file_sizes = _sizes(at, lines), _sizes(file_at, file_lines)
        numbers = np.arange(count).repeat(file_sizes)
        ids, starts = file_at - file_lines.repeat(file_sizes), generation.file_starts
        gains, alone = gains_of(starts, starts, at, tf, lines[numbers], ids, file_tf, norms.k1)
        self._text_df = sizes + np.bincount(numbers, alone, count).astype(np.int64)
        # In a small index there is room for the words of a path once more, with each chunk of the file.
        spread = starts[ids + 1] - starts[ids]
        every, self._whole_tf = cells(
            np.concatenate((at, ranges(lines[numbers] + starts[ids], spread))),
            np.concatenate((tf, file_tf.repeat(spread))),
            count * chunks,
        )
        whole_sizes = _sizes(every, lines)
        self._whole_starts = np.concatenate(([0], whole_sizes.cumsum()))
        self._whole_chunks = (every - lines.repeat(whole_sizes)).astype(np.int32)
        body = held["body"]
        in_body = self._numbers(body)
        # Already in order unless there are several segments.
        order = np.argsort(in_body * chunks + body.rows, kind="stable")
        in_body, rows, self._counts = in_body[order], body.rows[order], body.counts[order]
        body_sizes = np.bincount(in_body, minlength=count)
        whose, body_files, body_values = body_gains(
            generation, np.arange(count), body_sizes, rows, self._counts, norms
        )
        parts = (at - lines.repeat(sizes), ids, body_files, rows)
        self._rows = np.concatenate(parts).astype(np.int32)
        self._values = np.concatenate((gains, saturated(file_tf, norms.k1), body_values))
        self._sizes = np.stack((sizes, file_sizes, np.bincount(whose, minlength=count), body_sizes))
        """Shape ``(4, terms)``: the length of each list."""
        self._starts = (self._sizes.ravel().cumsum() - self._sizes.ravel()).reshape(4, count)

    def _numbers(self, rows: _FieldRows) -> Ids:
        """The number of each posting's term."""
        return self._hashes.searchsorted(rows.hashes).repeat(rows.sizes)

    def look_up(self, hashes: TermHashes, near: NeighbourTerms) -> tuple[Occurring, Source]:
        """Where some terms occur, and what finds them and their neighbours among chosen chunks."""
        count, others = len(hashes), len(near.hashes)
        # Neighbours before the terms themselves: in this order their frequencies are added.
        wanted = stored_bits(np.concatenate((near.hashes, hashes)))
        numbers = self._hashes.searchsorted(wanted)
        (known,) = (self._hashes.take(numbers, mode="clip") == wanted).nonzero()
        numbers = numbers[known]
        own = int(known.searchsorted(others))
        places = np.arange(count)
        terms = np.concatenate((places.repeat(near.runs), places))[known]
        shares = np.concatenate((near.shares, np.ones(count)))[known]
        occurring = self._occurring(count, terms[own:], numbers[own:])
        return occurring, _InTable(self, count, numbers, terms, shares)

    def _occurring(self, count: int, known: Ids, numbers: Ids) -> Occurring:
        """Where the terms at some places occur; ``numbers`` are theirs in the table."""
        some = self._sizes[:, numbers]
        rows_at = ranges(self._starts[:, numbers].ravel(), some.ravel())
        rows = self._rows[rows_at]
        sizes = np.zeros((4, count), dtype=np.int64)
        sizes[:, known] = some
        cuts = some.sum(axis=1).cumsum().tolist()
        values = self._values[rows_at[: cuts[2]]]
        text_df = np.zeros(count, dtype=np.int64)
        text_df[known] = self._text_df[numbers]
        return Occurring(
            text_df=text_df.tolist(),
            body_df=sizes[3].tolist(),
            file_df=sizes[2].tolist(),
            sizes=sizes[0],
            touched=None,
            places=rows[: cuts[0]],
            gains=values[: cuts[0]],
            file_sizes=sizes[1],
            files=rows[cuts[0] : cuts[1]],
            file_gains=values[cuts[0] : cuts[1]],
            body_lists=known,
            body_sizes=some[3],
            body_chunks=rows[cuts[2] :],
            body_counts=self._counts[rows_at[cuts[2] :] - len(self._values)],
            body_file_terms=known.repeat(some[2]),
            body_files=rows[cuts[1] : cuts[2]],
            body_gains=values[cuts[1] :],
        )

    def among(self, numbers: Ids, chosen: Chosen) -> tuple[Ids, npt.NDArray[np.integer], Floats]:
        """Where some terms stand among chosen chunks.

        Returns:
            The position in ``numbers``, the position in ``chosen.chunks``, and the frequency, each of shape
            ``(n,)``.
        """
        begins = self._whole_starts[numbers]
        sizes = self._whole_starts[numbers + 1] - begins
        every = ranges(begins, sizes)
        at = chosen.chunk_place[self._whole_chunks[every]]
        (inside,) = (at >= 0).nonzero()
        whose = np.arange(len(numbers)).repeat(sizes)
        return whose[inside], at[inside], self._whole_tf[every[inside]]


class _InTable:
    """Finds terms and neighbours in a table, those of all terms at once."""

    def __init__(self, table: TermTable, count: int, numbers: Ids, terms: Ids, shares: Floats) -> None:
        """Prepare.

        Args:
            table: The table.
            count: How many terms the query has.
            numbers: The numbers in the table of neighbours, then of the terms themselves.
            terms: The term that each of these counts for.
            shares: The share with which it counts.
        """
        self._table, self._count = table, count
        self._numbers, self._terms, self._shares = numbers, terms, shares

    def frequencies(self, chosen: Chosen, first: int, last: int) -> Floats:
        width, terms = len(chosen.chunks), self._terms
        numbers, shares = self._numbers, self._shares
        if (first, last) != (0, self._count):
            (some,) = ((terms >= first) & (terms < last)).nonzero()
            numbers, terms, shares = numbers[some], terms[some], shares[some]
        whose, at, tf = self._table.among(numbers, chosen)
        lines = (terms - first) * width
        return sums(lines[whose] + at, shares[whose] * tf, (last - first) * width)


def _sizes(places: Ids, lines: Ids) -> Ids:
    """How many of some ascending places belong to each of some lines, which begin at ``lines``."""
    starts = np.append(places.searchsorted(lines), len(places))
    return np.diff(starts)


class _FieldRows(Struct, frozen=True):
    """All live postings of a field, list after list."""

    hashes: TermHashes
    """Shape ``(lists,)``: as they are stored."""
    sizes: Ids
    rows: Ids
    counts: Tallies


def _field_rows(generation: Generation, field: str) -> _FieldRows:
    triples = generation.triples(field)
    heads = heads_of(triples.terms)
    sizes = np.diff(np.append(heads, len(triples.terms)))
    return _FieldRows(triples.terms[heads], sizes, triples.rows, triples.counts)


def _distinct(parts: Sequence[TermHashes]) -> TermHashes:
    ordered = np.sort(np.concatenate(parts))
    return ordered[heads_of(ordered)]
