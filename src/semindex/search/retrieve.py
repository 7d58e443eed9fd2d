"""Terms to scores over a whole generation: BM25F, body BM25, cosines; and the candidates of each.

BM25F: Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields", CIKM 2004.
All sums run in a fixed order over whole-number statistics of live chunks, so that the same live
content gives the same floats however it is laid out in segments.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from semindex.search.weights import WEIGHTS, Weights
from semindex.store.gather import Gathered
from semindex.store.generation import Generation
from semindex.tokens import hash_term
from semindex.types import QueryTerm

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CHUNK_TEXT_FIELDS = ("comment", "name", "parent")
FILE_TEXT_FIELDS = ("path", "stem")
TEXT_FIELDS = (*CHUNK_TEXT_FIELDS, *FILE_TEXT_FIELDS)
_CELLS = 4_000_000
"""Frequencies (term by chunk) that are held at once: 32 MB an array."""

_DENSE_CELLS = 16
"""Up to so many cells for each number that falls to one, all are laid out; sorting takes less for more."""

Near = Sequence[tuple[int, float]]
"""Hashes of a term's neighbours, and the share of their frequency that counts."""


@dataclass(frozen=True, slots=True)
class TermScores:
    """A query term's weighted frequency (tf') in every chunk that has it."""

    term: QueryTerm
    idf: float
    ids: Ids
    """Live chunks, ascending."""
    frequency: Floats


@dataclass(frozen=True, slots=True)
class BodyScores:
    """What the code itself says: BM25 over bodies, by chunk and by file, each over the sum of idf."""

    sums: Floats
    """Shape ``(chunks,)``, not yet over the sum of idf."""
    idf: float
    file: Floats
    words: npt.NDArray[np.uint8]
    """How many of the terms that are no compounds each chunk's code has."""

    def chunks(self, ids: Ids) -> Floats:
        """The scores of some chunks."""
        scores: Floats = self.sums[ids] / self.idf
        return scores


@dataclass(frozen=True, slots=True)
class Chosen:
    """Chunks to be scored exactly, file by file."""

    chunks: Ids
    starts: Ids
    """Shape ``(files chosen,)``: where a file's chunks begin in ``chunks``."""
    sizes: Ids
    """How many of them are chosen; shape as ``starts``."""
    place_of_file: Ids
    """Shape ``(files of the generation,)``: a file's place in ``starts``, or -1."""


class _Norms:
    """What a frequency is divided by for its field's length in a row: ``1 - b + b * length / average``.

    Kept by length, of which there are few, and not by row.
    """

    def __init__(self, lengths: npt.NDArray[np.uint16], average: float, b: float) -> None:
        self._lengths = lengths
        self._by_length: Floats = 1.0 - b + b * (np.arange(int(lengths.max(initial=0)) + 1) / average)

    def at(self, rows: Ids) -> Floats:
        return self._by_length[self._lengths[rows]]


class Corpus:
    """A generation with its length norms; made once a generation, shared by threads."""

    def __init__(self, generation: Generation, weights: Weights = WEIGHTS) -> None:
        self.generation = generation
        self.weights = weights
        self._norms: Mapping[str, _Norms] = {
            field: _Norms(generation.lengths[field], generation.averages[field], b)
            for field, (_, b) in weights.fields.items()
        }
        self._body_norms = _Norms(generation.lengths["body"], generation.averages["body"], weights.body_b)
        lengths = generation.lengths["body"].astype(np.int64)
        by_file = np.add.reduceat(lengths, generation.file_starts[:-1]) if generation.files else lengths
        live_total = int(by_file[generation.file_live].sum()) if generation.files else 0
        file_average = max(1.0, live_total / max(1, generation.live_files))
        self._scratch = threading.local()
        self._file_body_norm = 1.0 - weights.file_body_b + weights.file_body_b * (by_file / file_average)

    def chunk_idf(self, frequency: int) -> float:
        """ln(1 + (n - df + 0.5) / (df + 0.5)) over live chunks; never negative."""
        total = self.generation.live_chunks
        return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))

    def file_idf(self, frequency: int) -> float:
        """The same over live files."""
        total = self.generation.live_files
        return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))

    def lexical(self, terms: Sequence[QueryTerm]) -> list[TermScores]:
        """Every term with its live frequency and idf; terms joined from neighbours only where they occur."""
        found = []
        for block in self._blocks(terms):
            some = terms[block]
            for term, (ids, frequency) in zip(some, self._frequencies(some), strict=True):
                if len(ids) or term.weight >= 1.0:
                    found.append(TermScores(term, self.chunk_idf(len(ids)), ids, frequency))
        return found

    def _blocks(self, terms: Sequence[object]) -> list[slice]:
        """The terms in parts whose postings, however common, are few enough to be decoded together."""
        size = max(1, _CELLS // max(1, self.generation.chunks))
        return [slice(begin, begin + size) for begin in range(0, len(terms), size)]

    def _frequencies(self, terms: Sequence[QueryTerm]) -> list[tuple[Ids, Floats]]:
        """The chunks of each term, ascending, and its tf' there: counts by field, weighted and normed."""
        width, starts = self.generation.chunks, self.generation.file_starts
        everything = self.generation.gathered(TEXT_FIELDS, _keys(terms))
        # Most words joined from neighbours occur nowhere: only the others get a line of cells.
        occurs = np.zeros(len(terms), dtype=bool)
        for found in everything:
            occurs[found.numbers] = True
        lines = (np.cumsum(occurs) - 1) * width
        places, values = [], []
        for field, found in zip(TEXT_FIELDS, everything, strict=True):
            weighted, line = self._weighted(field, found), lines[found.numbers]
            if field in FILE_TEXT_FIELDS:
                first = starts[found.rows]
                sizes = starts[found.rows + 1] - first
                places.append(ranges(line + first, sizes))
                values.append(np.repeat(weighted, sizes))
            else:
                places.append(line + found.rows)
                values.append(weighted)
        at, frequencies = _cells(np.concatenate(places), np.concatenate(values), int(occurs.sum()) * width)
        cuts = np.searchsorted(at, np.arange(int(occurs.sum()) + 1) * width).tolist()
        found_at = iter(
            [
                (at[begin:end] - line * width, frequencies[begin:end])
                for line, (begin, end) in enumerate(pairwise(cuts))
            ]
        )
        nothing = at[:0], frequencies[:0]
        return [next(found_at) if here else nothing for here in occurs.tolist()]

    def _weighted(self, field: str, found: Gathered) -> Floats:
        weight = self.weights.fields[field][0]
        return weight * found.counts.astype(np.float64) / self._norms[field].at(found.rows)

    def lexical_scores(self, terms: Sequence[TermScores]) -> Floats:
        """BM25F of every chunk over the query's sum of idf, shape ``(chunks,)``, in [0, 1)."""
        scores = np.zeros(self.generation.chunks)
        for item in terms:
            scores[item.ids] += saturated(item.frequency, self.weights.k1) * (item.term.weight * item.idf)
        scores /= idf_sum(terms)
        return scores

    def exact_lexical(self, terms: Sequence[TermScores], near: Sequence[Near], chosen: Chosen) -> Floats:
        """BM25F of some chunks, neighbouring words counted in, over the query's sum of idf.

        ``near`` are the neighbours of each term; the scores are of shape ``(len(chosen.chunks),)``.
        """
        width = len(chosen.chunks)
        scores = np.zeros(width)
        with self._positions(chosen.chunks) as position:
            for block in self._blocks(terms):
                some = terms[block]
                cells = self._shared_frequencies(near[block], chosen, position)
                for line, item in enumerate(some):
                    place = position[item.ids]
                    inside = np.flatnonzero(place >= 0)
                    cells[line * width + place[inside]] += item.frequency[inside]
                rows = saturated(cells, self.weights.k1).reshape(len(some), width)
                for item, row in zip(some, rows, strict=True):
                    scores += row * (item.term.weight * item.idf)
        return scores / idf_sum(terms)

    @contextmanager
    def _positions(self, chunks: Ids) -> Iterator[Ids]:
        """Shape ``(chunks of the generation,)``: where each stands among some, or -1.

        One array a thread, put back as it was: making a new one of a million takes longer than using it.
        """
        kept: Ids | None = getattr(self._scratch, "positions", None)
        if kept is None:
            kept = self._scratch.positions = np.full(self.generation.chunks, -1, dtype=np.int64)
        try:
            kept[chunks] = np.arange(len(chunks))
            yield kept
        finally:
            kept[chunks] = -1

    def _shared_frequencies(self, near: Sequence[Near], chosen: Chosen, position: Ids) -> Floats:
        """The tf' of each term's neighbours times their shares, one term's chosen chunks after the other's.

        Args:
            near: The neighbours of each term.
            chosen: The chunks.
            position: Shape ``(chunks,)``: where a chunk stands in ``chosen``, or -1.

        Returns:
            Shape ``(len(near) * len(chosen.chunks),)``.
        """
        width = len(chosen.chunks)
        pairs = [(number * width, *pair) for number, found in enumerate(near) for pair in found]
        if not pairs:
            return np.zeros(len(near) * width)
        lines = np.array([line for line, _, _ in pairs], dtype=np.int64)
        keys = np.array([key for _, key, _ in pairs], dtype=np.uint64)
        shares = np.array([share for _, _, share in pairs])
        places, values = [], []
        for field, everywhere in zip(TEXT_FIELDS, self.generation.gathered(TEXT_FIELDS, keys), strict=True):
            by_file = field in FILE_TEXT_FIELDS
            where = (chosen.place_of_file if by_file else position)[everywhere.rows]
            kept = np.flatnonzero(where >= 0)
            found = Gathered(everywhere.numbers[kept], everywhere.rows[kept], everywhere.counts[kept])
            weighted = shares[found.numbers] * self._weighted(field, found)
            if by_file:
                files = where[kept]
                sizes = chosen.sizes[files]
                places.append(ranges(lines[found.numbers] + chosen.starts[files], sizes))
                values.append(np.repeat(weighted, sizes))
            else:
                places.append(lines[found.numbers] + where[kept])
                values.append(weighted)
        return _sums(np.concatenate(places), np.concatenate(values), len(near) * width)

    def body(self, terms: Sequence[QueryTerm]) -> BodyScores:
        """BM25 of every chunk's and file's code over the sum of idf."""
        chunk, file = np.zeros(self.generation.chunks), np.zeros(self.generation.files)
        words = np.zeros(self.generation.chunks, dtype=np.uint8)
        chunk_total = file_total = 0.0
        for block in self._blocks(terms):
            for chunk_idf, file_idf in self._add_body(terms[block], chunk, file, words):
                chunk_total += chunk_idf
                file_total += file_idf
        return BodyScores(chunk, max(chunk_total, 1e-9), file / max(file_total, 1e-9), words)

    def _add_body(
        self, terms: Sequence[QueryTerm], chunk: Floats, file: Floats, words: npt.NDArray[np.uint8]
    ) -> list[tuple[float, float]]:
        """Add some terms' scores to those of chunks and files; gives the idf of each that counts."""
        generation, weights = self.generation, self.weights
        (found,) = generation.gathered(("body",), _keys(terms))
        counts = found.counts.astype(np.float64)
        sizes = np.bincount(found.numbers, minlength=len(terms)).tolist()
        idf = [self.chunk_idf(size) * term.weight for term, size in zip(terms, sizes, strict=True)]
        values = saturated(counts / self._body_norms.at(found.rows), weights.body_k1)
        np.add.at(chunk, found.rows, values * np.array(idf)[found.numbers])
        plain = np.array([not term.is_compound for term in terms], dtype=np.uint8)
        np.add.at(words, found.rows, plain[found.numbers])
        # A term's postings in the chunks of one file stand together; the counts are whole numbers.
        owners = generation.chunk_file[found.rows]
        heads = _heads(found.numbers * generation.files + owners)
        files, numbers = owners[heads], found.numbers[heads]
        sums = np.add.reduceat(counts, heads) if len(heads) else counts
        sizes = np.bincount(numbers, minlength=len(terms)).tolist()
        file_idf = [self.file_idf(size) * term.weight for term, size in zip(terms, sizes, strict=True)]
        values = saturated(sums / self._file_body_norm[files], weights.file_body_k1)
        np.add.at(file, files, values * np.array(file_idf)[numbers])
        both = zip(idf, file_idf, sizes, terms, strict=True)
        return [(one, other) for one, other, size, term in both if size or term.weight >= 1.0]


def _keys(terms: Iterable[QueryTerm]) -> npt.NDArray[np.uint64]:
    return np.array([hash_term(term.term) for term in terms], dtype=np.uint64)


def _sums(places: Ids, values: Floats, size: int) -> Floats:
    """What falls to each place of ``size``, added in the order given (so by field, or by term)."""
    return np.bincount(places, values, size).astype(np.float64, copy=False)


def _cells(places: Ids, values: Floats, size: int) -> tuple[Ids, Floats]:
    """The places of ``size`` that get anything, ascending, and what falls to each, as :func:`_sums`."""
    if size <= _DENSE_CELLS * len(places):
        dense = _sums(places, values, size)
        at = np.flatnonzero(dense > 0.0)
        return at, dense[at]
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    heads = _heads(places)
    sizes = np.diff(heads, append=len(places))
    sums = values[heads]
    more, step = np.flatnonzero(sizes > 1), 1
    while len(more):
        sums[more] += values[heads[more] + step]
        step += 1
        more = more[sizes[more] > step]
    return places[heads], sums


def _heads(values: Ids) -> Ids:
    """Where runs of equal values begin."""
    first = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return np.flatnonzero(first)


def saturated(frequency: Floats, k1: float) -> Floats:
    """Frequency over frequency plus ``k1``, in [0, 1)."""
    return frequency / (k1 + frequency)


def idf_sum(terms: Iterable[TermScores]) -> float:
    """The sum of weight times idf, what a score is divided by; never zero."""
    return max(sum(item.term.weight * item.idf for item in terms), 1e-9)


def ranges(starts: Ids, sizes: Ids) -> Ids:
    """``starts[0] .. starts[0]+sizes[0]-1, starts[1] ..``, joined."""
    total = int(sizes.sum())
    before: Ids = np.cumsum(sizes) - sizes
    return np.arange(total, dtype=np.int64) + np.repeat(starts - before, sizes)


def distinct(ids: Ids) -> Ids:
    """The ids ascending, each once; numpy's own imports its masked arrays, a slow import."""
    ordered = np.sort(ids)
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def best_files(scores: Floats, allowed: Mask, limit: int, generation: Generation) -> Ids:
    """The ``limit`` allowed files of the highest positive score, ids ascending; ties at the cut by path."""
    positive = np.flatnonzero(allowed & (scores > 0.0))
    if len(positive) <= limit:
        return positive
    values = scores[positive]
    cut = np.partition(values, len(values) - limit)[len(values) - limit]
    above, tied = positive[values > cut], positive[values == cut]
    if len(above) + len(tied) > limit:
        tied = np.array(sorted(tied.tolist(), key=generation.path)[: limit - len(above)], dtype=np.int64)
    return np.sort(np.concatenate((above, tied)))


def by_file_maximum(scores: npt.NDArray[Any], generation: Generation) -> npt.NDArray[Any]:
    """The best chunk's score of each file, shape ``(files,)``, of the same dtype."""
    if not generation.files:
        return scores[:0]
    return np.maximum.reduceat(scores, generation.file_starts[:-1])
