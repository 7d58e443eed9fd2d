"""Terms to scores over a whole generation: BM25F, body BM25, cosines; and the candidates of each.

BM25F: Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields", CIKM 2004.
All sums run in a fixed order over whole-number statistics of live chunks, so that the same live
content gives the same floats however it is laid out in segments.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semindex.search.weights import WEIGHTS, Weights
from semindex.store.generation import Generation, Occurrences
from semindex.tokens import hash_term
from semindex.types import QueryTerm

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CHUNK_TEXT_FIELDS = ("comment", "name", "parent")
FILE_TEXT_FIELDS = ("path", "stem")


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

    chunk: Floats
    file: Floats
    places: tuple[Ids, ...]
    """By term, the live chunks whose code has it, ascending."""


class Corpus:
    """A generation with its length norms; made once a generation, shared by threads."""

    def __init__(self, generation: Generation, weights: Weights = WEIGHTS) -> None:
        self.generation = generation
        self.weights = weights
        self._norms: Mapping[str, Floats] = {
            field: 1.0 - b + b * (generation.lengths[field] / generation.averages[field])
            for field, (_, b) in weights.fields.items()
        }
        average = generation.averages["body"]
        self._body_norm = 1.0 - weights.body_b + weights.body_b * (generation.lengths["body"] / average)
        by_file = np.bincount(
            generation.chunk_file, weights=generation.lengths["body"], minlength=generation.files
        )
        live_total = int(by_file[generation.file_live].sum()) if generation.files else 0
        file_average = max(1.0, live_total / max(1, generation.live_files))
        self._file_body_norm = 1.0 - weights.file_body_b + weights.file_body_b * (by_file / file_average)

    def chunk_idf(self, frequency: int) -> float:
        """ln(1 + (n - df + 0.5) / (df + 0.5)) over live chunks; never negative."""
        total = self.generation.live_chunks
        return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))

    def file_idf(self, frequency: int) -> float:
        """The same over live files."""
        total = self.generation.live_files
        return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))

    def frequencies(self, hashes: Sequence[int]) -> list[Floats]:
        """The tf' of each term in every chunk, shape ``(chunks,)``: counts by field, weighted and normed."""
        shares = [(number, key, 1.0) for number, key in enumerate(hashes)]
        return self.shared_frequencies(shares, len(hashes))

    def shared_frequencies(self, shares: Sequence[tuple[int, int, float]], count: int) -> list[Floats]:
        """For each of ``count`` terms the tf' of other terms in every chunk, each times its share.

        Args:
            shares: Term number, hash of the other term, and its share.
            count: Number of terms.
        """
        keys = np.array([key for _, key, _ in shares], dtype=np.uint64)
        totals = [np.zeros(self.generation.chunks) for _ in range(count)]
        for field in (*CHUNK_TEXT_FIELDS, *FILE_TEXT_FIELDS):
            found = self.generation.occurrences(field, keys)
            for (number, _, share), places in zip(shares, found, strict=True):
                if not len(places.ids):
                    continue
                if field in FILE_TEXT_FIELDS:
                    self._add_by_file(totals[number], field, places, share)
                else:
                    totals[number][places.ids] += share * self._weighted(field, places)
        return totals

    def _weighted(self, field: str, found: Occurrences) -> Floats:
        weight = self.weights.fields[field][0]
        return weight * found.counts.astype(np.float64) / self._norms[field][found.ids]

    def _add_by_file(self, total: Floats, field: str, found: Occurrences, share: float) -> None:
        values = share * self._weighted(field, found)
        starts = self.generation.file_starts
        sizes = starts[found.ids + 1] - starts[found.ids]
        total[ranges(starts[found.ids], sizes)] += np.repeat(values, sizes)

    def lexical(self, terms: Sequence[QueryTerm]) -> list[TermScores]:
        """Every term with its live frequency and idf; terms joined from neighbours only where they occur."""
        found = []
        for term, dense in zip(terms, self.frequencies([hash_term(t.term) for t in terms]), strict=True):
            ids = np.flatnonzero(dense)
            if len(ids) or term.weight >= 1.0:
                found.append(TermScores(term, self.chunk_idf(len(ids)), ids, dense[ids]))
        return found

    def lexical_scores(self, terms: Sequence[TermScores]) -> Floats:
        """BM25F of every chunk over the query's sum of idf, shape ``(chunks,)``, in [0, 1)."""
        scores = np.zeros(self.generation.chunks)
        for item in terms:
            scores[item.ids] += saturated(item.frequency, self.weights.k1) * (item.term.weight * item.idf)
        return scores / idf_sum(terms)

    def body(self, terms: Sequence[QueryTerm]) -> BodyScores:
        """BM25 of every chunk's and file's code over the sum of idf."""
        generation, weights = self.generation, self.weights
        chunk, file = np.zeros(generation.chunks), np.zeros(generation.files)
        chunk_total = file_total = 0.0
        keys = np.array([hash_term(term.term) for term in terms], dtype=np.uint64)
        occurrences = generation.occurrences("body", keys)
        for term, found in zip(terms, occurrences, strict=True):
            if not len(found.ids) and term.weight < 1.0:
                continue
            counts = found.counts.astype(np.float64)
            idf = self.chunk_idf(len(found.ids)) * term.weight
            chunk[found.ids] += saturated(counts / self._body_norm[found.ids], weights.body_k1) * idf
            chunk_total += idf
            by_file = np.bincount(
                generation.chunk_file[found.ids], weights=counts, minlength=generation.files
            )
            files = np.flatnonzero(by_file)
            idf = self.file_idf(len(files)) * term.weight
            file[files] += saturated(by_file[files] / self._file_body_norm[files], weights.file_body_k1) * idf
            file_total += idf
        places = tuple(found.ids for found in occurrences)
        return BodyScores(chunk / max(chunk_total, 1e-9), file / max(file_total, 1e-9), places)


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


def by_file_maximum(scores: Floats, generation: Generation) -> Floats:
    """The best chunk's score of each file, shape ``(files,)``."""
    if not generation.files:
        return np.empty(0)
    return np.maximum.reduceat(scores, generation.file_starts[:-1])
