"""Terms to scores over a whole generation: BM25F, body BM25, cosines; and the candidates of each.

BM25F: Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields", CIKM 2004.
All sums run in a fixed order over whole-number statistics of live chunks, so that the same live
content gives the same floats however it is laid out in segments. What a query's words do not occur in is
not touched: nothing here takes longer for chunks that have none of them, but for the products of vectors.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.search.sums import cells, heads_of, ranges, sums
from semindex.search.weights import WEIGHTS, Weights
from semindex.store.gather import Gathered
from semindex.store.generation import Generation
from semindex.tokens import hash_term
from semindex.types import QueryTerm

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int32]

CHUNK_TEXT_FIELDS = ("comment", "name", "parent")
FILE_TEXT_FIELDS = ("path", "stem")
TEXT_FIELDS = (*CHUNK_TEXT_FIELDS, *FILE_TEXT_FIELDS)
_CELLS = 4_000_000
"""Frequencies (term by chunk) that are held at once: 32 MB an array."""

Near = Sequence[tuple[int, float]]
"""Hashes of a term's neighbours, and the share of their frequency that counts."""


class Totals(Struct, frozen=True):
    """Whole numbers of live content, from which averages and idf come; those of several indexes add up."""

    chunks: int
    files: int
    lengths: Mapping[str, int]
    """By field, over all rows."""

    @classmethod
    def of(cls, generation: Generation) -> Totals:
        """Those of one index."""
        return cls(generation.live_chunks, generation.live_files, generation.length_sums)

    def __add__(self, other: Totals) -> Totals:
        lengths = {field: length + other.lengths[field] for field, length in self.lengths.items()}
        return Totals(self.chunks + other.chunks, self.files + other.files, lengths)

    def average(self, field: str) -> float:
        """Mean length of a field: a quotient of whole numbers, so the same however content is laid out."""
        rows = self.files if field in FILE_TEXT_FIELDS else self.chunks
        return max(1.0, self.lengths[field] / max(1, rows))

    @property
    def file_average(self) -> float:
        """Mean length of all code of a file."""
        return max(1.0, self.lengths["body"] / max(1, self.files))


class Frequencies(Struct, frozen=True):
    """In how many live chunks and files each term of a query occurs; those of several indexes add up."""

    text: tuple[int, ...]
    """Chunks, by name, comment or path."""
    body: tuple[int, ...]
    """Chunks, by code."""
    files: tuple[int, ...]
    """Files, by code."""

    def __add__(self, other: Frequencies) -> Frequencies:
        def added(one: tuple[int, ...], more: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(map(sum, zip(one, more, strict=True)))

        return Frequencies(
            added(self.text, other.text), added(self.body, other.body), added(self.files, other.files)
        )


class Found(Struct, frozen=True):
    """Where the terms of a query stand in one index, before it is known how rare they are."""

    terms: tuple[QueryTerm, ...]
    frequencies: Frequencies
    ids: Ids
    """Chunks that have a term in names, comments or path, term after term, ascending."""
    frequency: Floats
    """tf' there: counts by field, weighted and normed."""
    body_ids: Ids
    """The same by code."""
    body_numbers: Ids
    """The term of each."""
    body_values: Floats
    """BM25 without idf."""
    file_ids: Ids
    """Files by code, term after term."""
    file_numbers: Ids
    file_values: Floats


class TextMatches(Struct, frozen=True):
    """Where the terms of a query stand in names, comments and paths, term after term."""

    terms: tuple[QueryTerm, ...]
    """Those that count: joined from neighbouring words only where they occur."""
    idf: tuple[float, ...]
    cuts: tuple[int, ...]
    """Term ``i`` has the matches from ``cuts[i]`` up to ``cuts[i + 1]``."""
    numbers: Ids
    """Shape ``(matches,)``: the term of each."""
    ids: Ids
    """Its live chunk, ascending within a term."""
    frequency: Floats
    """The term's frequency there (tf'): counts by field, weighted and normed."""

    def chunks(self, number: int) -> Ids:
        """The chunks that have a term, ascending."""
        return self.ids[self.cuts[number] : self.cuts[number + 1]]

    @property
    def worth(self) -> list[float]:
        """Weight times idf of each term."""
        return [term.weight * idf for term, idf in zip(self.terms, self.idf, strict=True)]

    @property
    def idf_sum(self) -> float:
        """The sum of weight times idf, what a score is divided by; never zero."""
        return max(sum(self.worth), 1e-9)


class BodyMatches(Struct, frozen=True):
    """What the code itself says: BM25 over bodies, by chunk and by file, each over the sum of idf."""

    ids: Ids
    """Shape ``(matches,)``: live chunks, ascending within a term."""
    values: Floats
    """What the term adds to the chunk, not yet over the sum of idf."""
    plain: npt.NDArray[np.uint8]
    """1 where the term is no compound."""
    idf: float
    file: Floats
    """Shape ``(files,)``: the score of each."""

    def at(self, chosen: Chosen) -> BodyScores:
        """The scores of some chunks."""
        places = chosen.position[self.ids]
        inside = np.flatnonzero(places >= 0)
        places = places[inside]
        width = len(chosen.chunks)
        return BodyScores(
            sums(places, self.values[inside], width) / self.idf,
            np.bincount(places[self.plain[inside] > 0], minlength=width),
        )


class BodyScores(Struct, frozen=True):
    """The scores of some chunks' code."""

    scores: Floats
    words: Ids
    """How many of the terms that are no compounds each chunk's code has."""


class Chosen(Struct, frozen=True):
    """Chunks to be scored exactly, file by file."""

    chunks: Ids
    starts: Ids
    """Shape ``(files chosen,)``: where a file's chunks begin in ``chunks``."""
    sizes: Ids
    """How many of them are chosen; shape as ``starts``."""
    place_of_file: Ids
    """Shape ``(files of the generation,)``: a file's place in ``starts``, or -1."""
    position: Positions
    """Shape ``(chunks of the generation,)``: where a chunk stands in ``chunks``, or -1."""


class _Norms:
    """What a frequency is divided by for its field's length in a row: ``1 - b + b * length / average``.

    Kept by length, of which there are few, and not by row.
    """

    def __init__(self, lengths: npt.NDArray[np.uint16], average: float, b: float) -> None:
        self._lengths = lengths
        self._by_length: Floats = 1.0 - b + b * (np.arange(int(lengths.max(initial=0)) + 1) / average)

    def at(self, rows: Ids) -> Floats:
        return self._by_length[self._lengths[rows]]


class _Scratch(threading.local):
    """Arrays over all chunks that a thread uses again and leaves as they were.

    Making one of a million takes longer than using it.
    """

    def __init__(self, chunks: int) -> None:
        self.position: Positions = np.full(chunks, -1, dtype=np.int32)
        self.scores: Floats = np.zeros(chunks)


class Corpus:
    """A generation with its length norms; made once a generation, shared by threads."""

    def __init__(
        self, generation: Generation, weights: Weights = WEIGHTS, totals: Totals | None = None
    ) -> None:
        """``totals`` are those of all indexes that answer together; None stands for this one's own."""
        self.generation = generation
        self.weights = weights
        self.totals = totals if totals is not None else Totals.of(generation)
        self._norms: Mapping[str, _Norms] = {
            field: _Norms(generation.lengths[field], self.totals.average(field), b)
            for field, (_, b) in weights.fields.items()
        }
        self._body_norms = _Norms(generation.lengths["body"], self.totals.average("body"), weights.body_b)
        lengths = generation.lengths["body"].astype(np.int64)
        by_file = np.add.reduceat(lengths, generation.file_starts[:-1]) if generation.files else lengths
        self._scratch = _Scratch(generation.chunks)
        share = by_file / self.totals.file_average
        self._file_body_norm = 1.0 - weights.file_body_b + weights.file_body_b * share

    def chunk_idf(self, frequency: int) -> float:
        """ln(1 + (n - df + 0.5) / (df + 0.5)) over live chunks; never negative."""
        total = self.totals.chunks
        return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))

    def file_idf(self, frequency: int) -> float:
        """The same over live files."""
        total = self.totals.files
        return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))

    def look_up(self, terms: Sequence[QueryTerm]) -> Found:
        """Where the terms stand in names, comments and paths, and where in code."""
        text, body = _TextParts(), _BodyParts()
        for block, (*fields, code) in self.generation.gathered_blocks((*TEXT_FIELDS, "body"), _keys(terms)):
            self._add_text(len(terms[block]), fields, text)
            self._add_body(block.start, len(terms[block]), code, body)
        return Found(
            terms=tuple(terms),
            frequencies=Frequencies(tuple(text.sizes), tuple(body.sizes), tuple(body.file_sizes)),
            ids=_joined(text.ids, np.int64),
            frequency=_joined(text.frequency, np.float64),
            body_ids=_joined(body.ids, np.int64),
            body_numbers=_joined(body.numbers, np.int64),
            body_values=_joined(body.values, np.float64),
            file_ids=_joined(body.file_ids, np.int64),
            file_numbers=_joined(body.file_numbers, np.int64),
            file_values=_joined(body.file_values, np.float64),
        )

    def text_frequencies(self, terms: Sequence[QueryTerm]) -> tuple[int, ...]:
        """In how many chunks each of many terms stands, by name, comment or path."""
        text = _TextParts()
        for block, fields in self.generation.gathered_blocks(TEXT_FIELDS, _keys(terms)):
            self._add_text(len(terms[block]), fields, text)
        return tuple(text.sizes)

    def matches(self, found: Found, everywhere: Frequencies) -> tuple[TextMatches, BodyMatches]:
        """What was found, weighed by how rare the terms are in all indexes together."""
        own = found.frequencies.text
        rows = zip(found.terms, everywhere.text, own, strict=True)
        kept = [(term, total, size) for term, total, size in rows if total or term.weight >= 1.0]
        sizes = [size for _, _, size in kept]
        text = TextMatches(
            terms=tuple(term for term, _, _ in kept),
            idf=tuple(self.chunk_idf(total) for _, total, _ in kept),
            cuts=tuple(accumulate(sizes, initial=0)),
            numbers=np.repeat(np.arange(len(sizes)), sizes),
            ids=found.ids,
            frequency=found.frequency,
        )
        return text, self._bodies(found, everywhere)

    def _bodies(self, found: Found, everywhere: Frequencies) -> BodyMatches:
        weights = [term.weight for term in found.terms]
        idf = [self.chunk_idf(n) * weight for n, weight in zip(everywhere.body, weights, strict=True)]
        file_idf = [self.file_idf(n) * weight for n, weight in zip(everywhere.files, weights, strict=True)]
        counts = [bool(n) or weight >= 1.0 for n, weight in zip(everywhere.files, weights, strict=True)]
        file = np.zeros(self.generation.files)
        np.add.at(file, found.file_ids, found.file_values * np.array(file_idf)[found.file_numbers])
        plain = np.array([not term.is_compound for term in found.terms], dtype=np.uint8)
        return BodyMatches(
            found.body_ids,
            found.body_values * np.array(idf)[found.body_numbers],
            plain[found.body_numbers],
            max(_added(idf, counts), 1e-9),
            file / max(_added(file_idf, counts), 1e-9),
        )

    def _add_text(self, terms: int, fields: Sequence[Gathered], parts: _TextParts) -> None:
        """Add where so many terms stand and their tf' there: counts by field, weighted and normed."""
        width, starts = self.generation.chunks, self.generation.file_starts
        # Most words joined from neighbours occur nowhere: only the others get a line of cells.
        occurs = np.zeros(terms, dtype=bool)
        for found in fields:
            occurs[found.numbers] = True
        lines = (occurs.cumsum() - 1) * width
        places, values = [], []
        for field, found in zip(TEXT_FIELDS, fields, strict=True):
            weighted, line = self._weighted(field, found), lines[found.numbers]
            if field in FILE_TEXT_FIELDS:
                first = starts[found.rows]
                sizes = starts[found.rows + 1] - first
                places.append(ranges(line + first, sizes))
                values.append(np.repeat(weighted, sizes))
            else:
                places.append(line + found.rows)
                values.append(weighted)
        count = int(occurs.sum())
        at, frequency = cells(np.concatenate(places), np.concatenate(values), count * width)
        ends = np.arange(count + 1) * width
        cuts = at.searchsorted(ends)
        several = cuts[1:] - cuts[:-1]
        parts.ids.append(at - np.repeat(ends[:-1], several))
        parts.frequency.append(frequency)
        sizes = np.zeros(terms, dtype=np.int64)
        sizes[occurs] = several
        parts.sizes.extend(sizes.tolist())

    def _weighted(self, field: str, found: Gathered) -> Floats:
        weight = self.weights.fields[field][0]
        return weight * found.counts.astype(np.float64) / self._norms[field].at(found.rows)

    def best_by_text(self, text: TextMatches, kinds: Mask | None = None) -> Floats:
        """BM25F of each file's best chunk over the query's sum of idf, in [0, 1).

        Args:
            text: The matches.
            kinds: Shape ``(chunks,)``: the chunks that count; None counts all.

        Returns:
            Shape ``(files,)``.
        """
        generation, scores = self.generation, self._scratch.scores
        best = np.zeros(generation.files)
        try:
            np.add.at(
                scores,
                text.ids,
                saturated(text.frequency, self.weights.k1) * np.array(text.worth)[text.numbers],
            )
            ids = text.ids if kinds is None else text.ids[kinds[text.ids]]
            owners = generation.chunk_file[ids]
            heads = heads_of(owners)
            if len(heads):
                np.maximum.at(best, owners[heads], np.maximum.reduceat(scores[ids], heads))
        finally:
            scores[text.ids] = 0.0
        best /= text.idf_sum
        return best

    @contextmanager
    def chosen(self, files: Ids, chunks: Ids, starts: Ids, sizes: Ids) -> Iterator[Chosen]:
        """Some chunks of each file, from ``starts`` on, laid out to be scored; one at a time a thread."""
        place = np.full(self.generation.files, -1, dtype=np.int64)
        place[files] = np.arange(len(files))
        position = self._scratch.position
        try:
            position[chunks] = np.arange(len(chunks))
            yield Chosen(chunks, starts, sizes, place, position)
        finally:
            position[chunks] = -1

    def exact_lexical(self, text: TextMatches, near: Sequence[Near], chosen: Chosen) -> Floats:
        """BM25F of some chunks, neighbouring words counted in, over the query's sum of idf.

        ``near`` are the neighbours of each term; the scores are of shape ``(len(chosen.chunks),)``.
        """
        width, worth = len(chosen.chunks), text.worth
        scores = np.zeros(width)
        places = chosen.position[text.ids]
        inside = np.flatnonzero(places >= 0)
        at, frequency = text.numbers[inside] * width + places[inside], text.frequency[inside]
        cuts = inside.searchsorted(text.cuts).tolist()
        size = max(1, _CELLS // width)
        for first in range(0, len(worth), size):
            last = min(first + size, len(worth))
            shared = self._shared_frequencies(near[first:last], chosen)
            own = slice(cuts[first], cuts[last])
            shared[at[own] - first * width] += frequency[own]
            for line, row in enumerate(saturated(shared, self.weights.k1).reshape(-1, width), first):
                scores += row * worth[line]
        return scores / text.idf_sum

    def _shared_frequencies(self, near: Sequence[Near], chosen: Chosen) -> Floats:
        """The tf' of each term's neighbours times their shares, one term's chosen chunks after the other's.

        Returns:
            Shape ``(len(near) * len(chosen.chunks),)``.
        """
        width = len(chosen.chunks)
        total = np.zeros(len(near) * width)
        runs = [len(pairs) for pairs in near]
        lines = np.repeat(np.arange(len(near)) * width, runs)
        keys = np.array([key for pairs in near for key, _ in pairs], dtype=np.uint64)
        shares = np.array([share for pairs in near for _, share in pairs])
        # A term's neighbours stay together, so that what they add is added in one order in any index.
        for block, fields in self.generation.gathered_blocks(TEXT_FIELDS, keys, runs):
            places, values = [], []
            for field, everywhere in zip(TEXT_FIELDS, fields, strict=True):
                found, at, sizes = _inside(everywhere, chosen, by_file=field in FILE_TEXT_FIELDS)
                weighted = shares[block][found.numbers] * self._weighted(field, found)
                line = lines[block][found.numbers]
                places.append(line + at if sizes is None else ranges(line + at, sizes))
                values.append(weighted if sizes is None else np.repeat(weighted, sizes))
            total += sums(np.concatenate(places), np.concatenate(values), len(total))
        return total

    def _add_body(self, first: int, terms: int, found: Gathered, parts: _BodyParts) -> None:
        """Add what so many terms, from the ``first`` of the query on, give chunks and files, without idf."""
        generation, weights = self.generation, self.weights
        counts = found.counts.astype(np.float64)
        parts.sizes.extend(np.bincount(found.numbers, minlength=terms).tolist())
        parts.ids.append(found.rows)
        parts.numbers.append(found.numbers + first)
        parts.values.append(saturated(counts / self._body_norms.at(found.rows), weights.body_k1))
        # A term's postings in the chunks of one file stand together; the counts are whole numbers.
        owners = generation.chunk_file[found.rows]
        heads = heads_of(found.numbers * generation.files + owners)
        files, numbers = owners[heads], found.numbers[heads]
        by_file = np.add.reduceat(counts, heads) if len(heads) else counts
        parts.file_sizes.extend(np.bincount(numbers, minlength=terms).tolist())
        parts.file_ids.append(files.astype(np.int64))
        parts.file_numbers.append(numbers + first)
        parts.file_values.append(saturated(by_file / self._file_body_norm[files], weights.file_body_k1))


def _inside(found: Gathered, chosen: Chosen, *, by_file: bool) -> tuple[Gathered, Ids, Ids | None]:
    """The postings of what is chosen, where each stands there, and in how many chunks if it is of a file."""
    where = (chosen.place_of_file if by_file else chosen.position)[found.rows]
    kept = np.flatnonzero(where >= 0)
    at = where[kept].astype(np.int64, copy=False)
    inside = Gathered(found.numbers[kept], found.rows[kept], found.counts[kept])
    return (inside, chosen.starts[at], chosen.sizes[at]) if by_file else (inside, at, None)


class _TextParts:
    """Matches in names, comments and paths, as they come."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.ids: list[Ids] = []
        self.frequency: list[Floats] = []


class _BodyParts:
    """Matches in code, as they come."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.ids: list[Ids] = []
        self.numbers: list[Ids] = []
        self.values: list[Floats] = []
        self.file_sizes: list[int] = []
        self.file_ids: list[Ids] = []
        self.file_numbers: list[Ids] = []
        self.file_values: list[Floats] = []


def _added(values: Sequence[float], counts: Sequence[bool]) -> float:
    """Those that count, one after the other."""
    total = 0.0
    for value, counting in zip(values, counts, strict=True):
        total += value if counting else 0.0
    return total


def _joined(parts: list[npt.NDArray[Any]], dtype: type[np.generic]) -> npt.NDArray[Any]:
    """The parts one after the other; not copied where there is one."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype)


def _keys(terms: Iterable[QueryTerm]) -> npt.NDArray[np.uint64]:
    return np.array([hash_term(term.term) for term in terms], dtype=np.uint64)


def saturated(frequency: Floats, k1: float) -> Floats:
    """Frequency over frequency plus ``k1``, in [0, 1)."""
    return frequency / (k1 + frequency)
