"""The bundled embedder: a text's vector is a weighted sum of its words' vectors.

The vectors, the weights and the logarithms of counts are whole numbers, so that every sum of a document is
exact in float64. Its bytes depend neither on the batch, nor on the order of the words, nor on the linear
algebra library of the machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.embed.wordfile import NO_WORD, UNKNOWN_BYTE, WordVectors, map_words
from semindex.errors import ModelError
from semindex.process.shared import Shared
from semindex.tokens import hash_terms
from semindex.types import Documents, Floats, Ids, Mask, QueryTerm, TermCounts, TermHashes, Vector, Vectors

POOLING_VERSION = 1
"""To be raised when the same words give another vector than before; part of the fingerprint."""

MODEL_FILE = Path(__file__).parent / "model" / "words.bin"
NAMES_SHARE = 0.7
PATHS_SHARE = 0.7
"""Weights of the unit vectors of names and paths; content has weight 1. Chosen on judged queries of 60
repositories."""

_BLOCK_TERMS = 2048
"""Terms gathered at once: their float64 rows, 2 MB at 128 dimensions, stay in the processor's cache. One
buffer is used again and again, which is 10 times as fast as new ones."""
_BUCKET_BITS = 16
_MAX_COUNT = 1023
_LOG_UNIT = 256


class WordNeighbours(Struct, frozen=True):
    """The nearest other words of some terms: those of the first term, best first, then those of the next."""

    hashes: TermHashes
    cosines: Floats
    counts: Ids
    """Shape ``(terms,)``: how many neighbours each term has."""


_FEW_TERMS = 128
"""Up to so many terms a binary search is one call instead of a dozen."""


class StaticEmbedder:
    """Word vectors in a mapped file; holds no other state, so threads may share it."""

    resident_bytes = 0
    reads_text = False
    meaning = 1.0
    notes: tuple[str, ...] = ()

    def __init__(self, words: WordVectors) -> None:
        self._words = words
        self.dim = int(words.vectors.shape[1])
        self.fingerprint = f"semindex-{self.dim}-{POOLING_VERSION}-{words.checksum.hex()}"

    @classmethod
    def bundled(cls) -> Self:
        """The embedder over the file that comes with the package.

        Raises:
            ModelError: The file is absent or damaged.
        """
        return cls.open(MODEL_FILE)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The embedder over a word vector file, mapped.

        Raises:
            ModelError: The file is absent, cut short, of another version or damaged in its header.
        """
        return cls(map_words(path))

    def close(self) -> None:
        """Do nothing: all users in this process share the mapped file."""

    def embed_documents(self, documents: Documents) -> Vectors:
        """Unit rows, shape ``(n, dim)``: the weighted sum of the unit vectors of content, names and path.

        A row is zero only if the three fields have no term, or words that cancel each other exactly.
        """
        out = _unit(self._pool(documents.content))
        names = _unit(self._pool(documents.names))
        names *= NAMES_SHARE
        out += names
        paths = _unit(self._pool(documents.paths))
        paths *= PATHS_SHARE
        out += paths[documents.path_row]
        return _unit(out).astype(np.float32)

    def embed_query(
        self, terms: Sequence[QueryTerm], *, idf: Callable[[str], float], text: str = ""
    ) -> Vector:
        """The unit vector of the sum of ``weight * idf(term) * word``; zero without terms."""
        ordered = sorted(terms, key=attrgetter("term"))
        hashes = hash_terms([term.term for term in ordered])
        vectors = np.empty((len(ordered), self.dim), np.int8)
        weights = self._gather(hashes, vectors)
        factors = [
            weight * term.weight * idf(term.term)
            for term, weight in zip(ordered, weights.tolist(), strict=True)
        ]
        # Rounding depends on the order of a sum: terms are sorted, and this sum takes row after row.
        total = np.add.reduce(vectors * np.array(factors).reshape(-1, 1), axis=0)
        vector: Vector = (total / (_length(total) or 1.0)).astype(np.float32)
        return vector

    def knows(self, term_hash: int) -> bool:
        """Whether the term has a learned vector; any other term has a vector of random signs."""
        hashes = self._words.hashes
        row = int(hashes.searchsorted(np.uint64(term_hash)))
        return row < len(hashes) and int(hashes[row]) == term_hash

    def neighbours(self, terms: TermHashes) -> WordNeighbours:
        """At most 8 nearest other words of each term, best first; an unknown word has none.

        Raises:
            ModelError: The file names a neighbour that it does not have.
        """
        words = self._words
        rows, known = self._rows(terms)
        (which,) = known.nonzero()
        # Only known terms' rows are read: each row may be a page of the file that is not in memory yet.
        rows = rows[which]
        others = words.neighbours[rows]
        listed = others != NO_WORD
        places = others[listed]
        if places.max(initial=0) >= len(words.hashes):
            raise ModelError("the word vectors are damaged (a neighbour outside); install semindex again")
        counts = np.zeros(len(terms), dtype=np.int64)
        counts[which] = np.add.reduce(listed, axis=1)
        return WordNeighbours(words.hashes[places], words.cosines[rows][listed] / 127, counts)

    @cached_property
    def _starts(self) -> npt.NDArray[np.intp]:
        """The row where each bucket of :meth:`_rows` begins, shape ``(65537,)``."""
        buckets = (self._words.hashes >> np.uint64(64 - _BUCKET_BITS)).astype(np.intp)
        counts = np.bincount(buckets, minlength=1 << _BUCKET_BITS)
        return np.concatenate((np.zeros(1, np.intp), np.cumsum(counts)))

    def _rows(self, terms: TermHashes) -> tuple[npt.NDArray[np.intp], Mask]:
        """The row of each term, and whether it has one; the row of a term without one means nothing.

        Hashes are spread evenly, so a term's leading bits give a bucket of about one word, where the search
        begins; that takes a third of the time of a binary search.
        """
        hashes = self._words.hashes
        last = len(hashes) - 1
        if len(terms) <= _FEW_TERMS:
            few = np.minimum(hashes.searchsorted(terms), last)
            return few, hashes[few] == terms
        rows = np.minimum(self._starts[(terms >> np.uint64(64 - _BUCKET_BITS)).astype(np.intp)], last)
        (behind,) = ((hashes[rows] < terms) & (rows < last)).nonzero()
        while len(behind):
            rows[behind] += 1
            behind = behind[(hashes[rows[behind]] < terms[behind]) & (rows[behind] < last)]
        return rows, hashes[rows] == terms

    def _gather(self, terms: TermHashes, into: npt.NDArray[np.int8]) -> Ids:
        """Write the terms' vectors into the leading rows of ``into``; gives their weights, shape ``(m,)``."""
        rows, known = self._rows(terms)
        vectors = into[: len(terms)]
        np.take(self._words.vectors, rows, axis=0, out=vectors, mode="clip")
        weights = self._words.weights[rows].astype(np.int64)
        if not known.all():
            unknown = np.flatnonzero(~known)
            vectors[unknown] = unknown_vectors(terms[unknown], self.dim)
            weights[unknown] = self._words.unknown_weight
        return weights

    def _pool(self, counts: TermCounts) -> Floats:
        """For each row the sum of its words' vectors times weight and ln(1 + count), shape ``(n, dim)``.

        The sums are whole numbers. A block of terms may begin and end within a row: such rows are added up.
        """
        offsets, total = counts.offsets, len(counts.terms)
        out = np.zeros((len(offsets) - 1, self.dim))
        gathered = np.empty((min(total, _BLOCK_TERMS), self.dim), np.int8)
        vectors = np.empty(gathered.shape)
        for start in range(0, total, _BLOCK_TERMS):
            stop = min(start + _BLOCK_TERMS, total)
            weights = self._gather(counts.terms[start:stop], gathered)
            np.copyto(vectors, gathered)
            factors = weights * _log_counts()[np.minimum(counts.counts[start:stop], _MAX_COUNT)]
            first = int(np.searchsorted(offsets, start, side="right")) - 1
            last = int(np.searchsorted(offsets, stop, side="left"))
            cuts = (np.clip(offsets[first : last + 1], start, stop) - start).tolist()
            _add_sums(out[first:last], factors.astype(np.float64), vectors, cuts)
        return out


_OPEN: Shared[Path, StaticEmbedder] = Shared()


def open_words() -> StaticEmbedder:
    """The embedder over the bundled word vectors; all users in this process share it.

    Raises:
        ModelError: The file is absent or damaged.
    """
    return _OPEN.get(MODEL_FILE, StaticEmbedder.bundled)


def _add_sums(out: Floats, factors: Floats, vectors: Floats, cuts: Sequence[int]) -> None:
    """Add to row ``i`` of ``out`` the sum of ``factors * vectors`` over ``cuts[i]:cuts[i + 1]``."""
    for row, (low, high) in enumerate(pairwise(cuts)):
        if low < high:
            out[row] += np.dot(factors[low:high], vectors[low:high])


@lru_cache(maxsize=1)
def _log_counts() -> Ids:
    """256 * ln(1 + count), rounded, for counts from 0 to 1023; larger counts are taken for 1023."""
    return np.array([round(_LOG_UNIT * math.log1p(count)) for count in range(_MAX_COUNT + 1)], dtype=np.int64)


def unknown_vectors(terms: TermHashes, dim: int) -> npt.NDArray[np.int8]:
    """A vector of random signs for each hash, shape ``(n, dim)``; ``dim`` is a multiple of 64.

    The signs are bits that SplitMix64 makes of the hash (https://prng.di.unimi.it/splitmix64.c).
    """
    steps = np.arange(1, dim // 64 + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = terms[:, None] + steps
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    bits = np.unpackbits(mixed.astype("<u8").view(np.uint8).reshape(len(terms), dim // 8), axis=1)
    return (bits.astype(np.int8) * 2 - 1) * np.int8(UNKNOWN_BYTE)


def _length(row: Floats) -> float:
    """The length of one row, its squares added in the order of :func:`_unit`."""
    squares = row * row
    while len(squares) > 1:
        half, odd = divmod(len(squares), 2)
        added = squares[:half] + squares[half : 2 * half]
        squares = np.concatenate((added, squares[-1:])) if odd else added
    return math.sqrt(squares.item())


def _unit(rows: Floats) -> Floats:
    """The rows divided by their lengths; zero rows stay zero. Squares are added in a fixed order."""
    squares = rows * rows
    while squares.shape[1] > 1:
        half, odd = divmod(squares.shape[1], 2)
        added = squares[:, :half] + squares[:, half : 2 * half]
        squares = np.concatenate((added, squares[:, -1:]), axis=1) if odd else added
    lengths = np.sqrt(squares)
    lengths[lengths == 0] = 1
    return rows / lengths
