"""What the formulas of the ranking give, worked out from single occurrences: slow, and plain to check."""

import math
from collections.abc import Sequence

import numpy as np

from semindex.search.terms import CHUNK_TEXT_FIELDS, FILE_TEXT_FIELDS
from semindex.search.weights import WEIGHTS
from semindex.store.gather import Gathered
from semindex.store.generation import Generation
from semindex.tokens import hash_term


def live_postings(generation: Generation, field: str, term: int) -> Gathered:
    """The live rows of a field that have a term, and how often."""
    ((_, (found,)),) = generation.gathered([field], np.array([term], dtype=np.uint64), [[1]])
    return generation.live(field, found)


class Occurrences:
    """Frequencies of terms (hashes) by chunk, each worked out once."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.live = np.flatnonzero(generation.chunk_live).tolist()
        self._known: dict[tuple[int, tuple[str, ...]], dict[int, float]] = {}

    def average(self, field: str) -> float:
        """The mean length of a field over live rows, at least 1."""
        generation = self.generation
        live = generation.file_live if field in FILE_TEXT_FIELDS else generation.chunk_live
        return max(1.0, int(generation.lengths[field][live].sum(dtype=np.int64)) / int(live.sum()))

    def rows(self, term: int, fields: Sequence[str]) -> dict[int, float]:
        """By row that has the term in any of the fields, its frequency: added field by field."""
        key = term, tuple(fields)
        if key in self._known:
            return self._known[key]
        totals: dict[int, float] = {}
        for field in fields:
            weight, b = WEIGHTS.fields[field]
            average = self.average(field)
            found = live_postings(self.generation, field, term)
            for row, count in zip(found.rows.tolist(), found.counts.tolist(), strict=True):
                norm = 1.0 - b + b * (int(self.generation.lengths[field][row]) / average)
                totals[row] = totals.get(row, 0.0) + weight / norm * float(count)
        self._known[key] = totals
        return totals

    def by_chunk(self, term: int) -> dict[int, float]:
        """By chunk, what a term has in names and comments."""
        return self.rows(term, CHUNK_TEXT_FIELDS)

    def by_path(self, term: int) -> dict[int, float]:
        """By file, what a term has in its path."""
        return self.rows(term, FILE_TEXT_FIELDS)

    def whole(self, term: int) -> dict[int, float]:
        """By live chunk that has a term, what it has by itself, and to it what its path has."""
        own, path, owners = self.by_chunk(term), self.by_path(term), self.generation.chunk_file.tolist()
        return {
            chunk: own.get(chunk, 0.0) + path.get(owners[chunk], 0.0)
            for chunk in self.live
            if chunk in own or owners[chunk] in path
        }

    def with_neighbours(self, term: int, hashes: Sequence[int], shares: Sequence[float]) -> dict[int, float]:
        """By live chunk: what a term's neighbours have times their shares, in their order; then its own."""
        totals: dict[int, float] = {}
        for neighbour, share in zip(hashes, shares, strict=True):
            for chunk, tf in self.whole(neighbour).items():
                totals[chunk] = totals.get(chunk, 0.0) + share * tf
        for chunk, tf in self.whole(term).items():
            totals[chunk] = totals.get(chunk, 0.0) + tf
        return totals

    def having(self, term: str) -> set[int]:
        """The live chunks that have a term by name, comment or path."""
        return set(self.whole(hash_term(term)))


def idf(total: int, frequency: int) -> float:
    """As BM25 has it, never negative."""
    return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))
