"""Where the terms of a query occur in an index, with what each occurrence adds to a score.

There are two ways to the same numbers, bit for bit. A small index that is asked again decodes all its
postings once into a :class:`TermTable`, from which a query takes slices. Before that, and in a large index,
the postings of the query's own terms are decoded (:mod:`semindex.search.gathering`).

A worked example: three chunks, of which 0 and 1 are the file 0 and chunk 2 is the file 1, whose path has
the word "cookie". The names of chunk 0 have "cookie" twice. Then for the term "cookie"::

    chunks  [0]     tf      [f(2)]    f weighs a count by its field and by the length of the row
    files   [1]     file_tf [g(1)]
    gains   [s(f(2))]                 s(x) = x / (k1 + x); file 0 has nothing by its path, so all is gain
    text_df 2                         chunk 0 by itself, chunk 2 by its path

A chunk's score for a term is ``s(tf + file_tf)``. It is kept as ``s(file_tf)``, the same for all chunks of
a file, plus the gain ``s(tf + file_tf) - s(file_tf)``, so that a word of a path (which may be in 700,000
chunks) stays one number a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from semindex.search.sums import distinct, heads_of, ranges
from semindex.search.weights import Weights
from semindex.store.generation import Generation
from semindex.types import Floats, Ids, TermHashes

Tallies = npt.NDArray[np.uint8]

CHUNK_TEXT_FIELDS = ("comment", "name", "parent")
"""Fields that a chunk has by itself, besides its code, in the order in which they are added."""
FILE_TEXT_FIELDS = ("path", "stem")
"""Fields that all chunks of a file share, in the order in which they are added."""
TEXT_FIELDS = (*CHUNK_TEXT_FIELDS, *FILE_TEXT_FIELDS)


def saturated(frequency: Floats, k1: float) -> Floats:
    """Frequency over frequency plus ``k1``, in [0, 1)."""
    return frequency / (k1 + frequency)


class Norm:
    """Turns counts of a field into frequencies, as BM25F does.

    A count is multiplied by the weight of the field and divided by ``1 - b + b * length / average``, where
    length is that of the row. The factor is kept by length, of which there are few, and not by row.
    """

    def __init__(
        self, lengths: npt.NDArray[np.uint16], average: float, b: float, weight: float = 1.0
    ) -> None:
        self._lengths = lengths
        shares = np.arange(int(lengths.max(initial=0)) + 1) / average
        self._by_length: Floats = weight / (1.0 - b + b * shares)

    def weighted(self, rows: npt.NDArray[np.integer], counts: Tallies) -> Floats:
        """The frequencies of some rows, in their order."""
        weighted: Floats = self._by_length[self._lengths[rows]] * counts
        return weighted


class Norms:
    """The norms of all ranked fields of a generation, and the constants that go with them."""

    def __init__(self, generation: Generation, weights: Weights) -> None:
        def average(field: str, rows: int) -> float:
            return max(1.0, generation.length_sums[field] / max(1, rows))

        lengths, chunks, files = generation.lengths, generation.live_chunks, generation.live_files
        self.text = [
            Norm(lengths[field], average(field, files if field in FILE_TEXT_FIELDS else chunks), b, weight)
            for field in TEXT_FIELDS
            for weight, b in (weights.fields[field],)
        ]
        self.body = Norm(lengths["body"], average("body", chunks), weights.body_b)
        bodies = lengths["body"].astype(np.int64)
        share = generation.by_file(np.add, bodies) / average("body", files)
        self.file_body: Floats = 1.0 - weights.file_body_b + weights.file_body_b * share
        """Shape ``(files,)``: what the counts of a file's whole code are divided by."""
        self.k1, self.file_body_k1 = weights.k1, weights.file_body_k1


class Occurring(Struct, frozen=True):
    """Where the terms of a query occur, by the position of each term in the query."""

    text_df: Sequence[int]
    """In how many live chunks each term stands by name, comment or path."""
    body_df: Sequence[int]
    """In how many live chunks it stands in code."""
    file_df: Sequence[int]
    """In the code of how many live files it stands."""
    sizes: Ids
    """Shape ``(terms,)``: how many chunks have the term in a name or comment."""
    touched: Ids | None
    """The chunks that ``places`` are positions of, ascending; None when places are chunk ids."""
    places: npt.NDArray[np.integer]
    """Shape ``(sizes.sum(),)``: the chunks, term after term, ascending in each."""
    gains: Floats
    """What each adds to the saturated frequency of the term in the path of the chunk's file."""
    file_sizes: Ids
    """Shape ``(terms,)``: how many files have the term in their path."""
    files: npt.NDArray[np.integer]
    """Shape ``(file_sizes.sum(),)``: the files, term after term, ascending in each."""
    file_gains: Floats
    """The saturated frequency in the path of each."""
    body_lists: Ids
    """Shape ``(lists,)``: the term of each list of chunks that have it in their code."""
    body_sizes: Ids
    """Shape ``(lists,)``: how many chunks the list has."""
    body_chunks: npt.NDArray[np.integer]
    """The chunks, list after list, ascending in each."""
    body_counts: Tallies
    """How often the term stands in the code of each."""
    body_file_terms: Ids
    """Shape ``(n,)``: the term of each file that has it in its code."""
    body_files: npt.NDArray[np.integer]
    """Shape ``(n,)``: the files; those of one term ascend within a segment."""
    body_gains: Floats
    """Shape ``(n,)``: BM25 of the term in all code of the file, without its idf."""

    def standing(self, number: int) -> Ids:
        """The chunks that have a term in a name, a comment or code, ascending, each once."""
        end = int(self.sizes[: number + 1].sum())
        places = self.places[end - int(self.sizes[number]) : end]
        parts = [places if self.touched is None else self.touched[places]]
        ends = self.body_sizes.cumsum()
        for at in (self.body_lists == number).nonzero()[0].tolist():
            parts.append(self.body_chunks[ends[at] - self.body_sizes[at] : ends[at]])
        return distinct(np.concatenate(parts).astype(np.int64))

    @property
    def chunks(self) -> npt.NDArray[np.integer]:
        """The chunk ids that stand behind ``places``."""
        return self.places if self.touched is None else self.touched[self.places]

    def of(self, kept: Sequence[int]) -> Occurring:
        """The same, with the text of some terms only, numbered anew; the others' occurs nowhere."""
        return replace(
            self,
            text_df=[self.text_df[number] for number in kept],
            sizes=self.sizes[kept],
            file_sizes=self.file_sizes[kept],
        )


class Chosen(Struct, frozen=True):
    """The chunks that are scored exactly, file by file."""

    files: Ids
    """Ascending."""
    chunks: Ids
    owners: Ids
    """Shape ``(len(chunks),)``: the position of each chunk's file in ``files``."""
    starts: Ids
    """Shape ``(len(files),)``: where the chunks of each file begin."""
    sizes: Ids
    """Shape ``(len(files),)``: how many chunks of each file are chosen."""
    file_place: npt.NDArray[np.int64]
    """Shape ``(files of the generation,)``: a file's position in ``files``, or -1."""
    chunk_place: npt.NDArray[np.int32]
    """Shape ``(chunks of the generation,)``: a chunk's position in ``chunks``, or -1."""

    def bounds(self, place: int) -> tuple[int, int]:
        """Where the chunks of the file at a place begin and end in ``chunks``."""
        begin: int = self.starts.item(place)
        return begin, begin + self.sizes.item(place)


class NeighbourTerms(Struct, frozen=True):
    """Words that mean about the same as the terms of a query, one term's after the other's."""

    hashes: TermHashes
    shares: Floats
    """Of a neighbour's frequency so much counts."""
    runs: Sequence[int]
    """How many neighbours each term has."""

    @staticmethod
    def none(terms: int) -> NeighbourTerms:
        """No neighbours for so many terms."""
        return NeighbourTerms(np.empty(0, np.uint64), np.empty(0), [0] * terms)


class Source(Protocol):
    """Finds a query's terms and their neighbours among chosen chunks."""

    def frequencies(self, chosen: Chosen, first: int, last: int) -> Floats:
        """The frequency of some terms in chosen chunks, neighbouring words counted in with their shares.

        What a chunk has by itself and what it has by its file's path are one frequency. Those of a term's
        neighbours are added in their order, each times its share, then that of the term itself.

        Args:
            chosen: The chunks.
            first: The position of the first term; terms are asked for in their order, each once.
            last: The position behind the last term.

        Returns:
            Shape ``((last - first) * len(chosen.chunks),)``: one term's chunks after the other's.
        """


def gains_of(
    file_starts: Ids,
    place_starts: Ids,
    at: Ids,
    tf: Floats,
    lines: Ids,
    files: Ids,
    file_tf: Floats,
    k1: float,
) -> tuple[Floats, Ids]:
    """What chunks gain over the paths of their files, and how many chunks have a term by the path alone.

    Args:
        file_starts: Shape ``(files of the generation + 1,)``: the first chunk of each file.
        place_starts: The same by place, where matches are numbered by their place among some chunks.
        at: Ascending; the line of a term plus a place, where that chunk has the term by itself.
        tf: The frequency at each.
        lines: Shape ``(n,)``: the line of the term of each of ``files``.
        files: Shape ``(n,)``: a file that has the term in its path.
        file_tf: Shape ``(n,)``: the frequency there.
        k1: Where frequencies are half saturated.

    Returns:
        Shape ``(len(at),)``, and shape ``(n,)``.
    """
    first, last = (
        at.searchsorted(lines + place_starts[files]),
        at.searchsorted(lines + place_starts[files + 1]),
    )
    sizes = last - first
    gains = saturated(tf, k1)
    both, path = ranges(first, sizes), file_tf.repeat(sizes)
    gains[both] = saturated(tf[both] + path, k1) - saturated(path, k1)
    return gains, file_starts[files + 1] - file_starts[files] - sizes


def body_gains(
    generation: Generation,
    list_terms: Ids,
    list_sizes: Ids,
    chunks: npt.NDArray[np.integer],
    counts: Tallies,
    norms: Norms,
) -> tuple[Ids, npt.NDArray[np.integer], Floats]:
    """BM25, without idf, of terms in all code of each file, from the counts in its chunks.

    Args:
        generation: Tells the file of a chunk.
        list_terms: Shape ``(lists,)``: the term of each list.
        list_sizes: Shape ``(lists,)``: how many of the chunks are of each.
        chunks: List after list, ascending in each.
        counts: How often the term stands in each chunk.
        norms: What the sum of a file's counts is divided by.

    Returns:
        The term, the file and the value, each of shape ``(n,)``, list after list.
    """
    owners, ends = generation.chunk_file[chunks], list_sizes.cumsum()
    # The chunks of a file stand together; the counts are whole numbers, so their order does not matter.
    heads = heads_of(owners, (ends - list_sizes)[list_sizes > 0])
    by_file = np.add.reduceat(counts, heads, dtype=np.float64) if len(heads) else np.empty(0)
    cuts = heads.searchsorted(ends)
    cuts[1:] -= cuts[:-1].copy()
    files = owners[heads]
    return list_terms.repeat(cuts), files, saturated(by_file / norms.file_body[files], norms.file_body_k1)
