"""What a query's words have in common with an index: whole numbers over all of it, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.search.sums import heads_of, ranges
from semindex.store.gather import TermBlocks
from semindex.store.generation import Generation
from semindex.store.schema import FIELDS_BY_FILE
from semindex.types import Floats, Ids, Mask, QueryTerm, TermHashes

Positions = npt.NDArray[np.int32]


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
        rows = self.files if field in FIELDS_BY_FILE else self.chunks
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


class FoundText(Struct, frozen=True):
    """Where terms stand in names and comments, chunk by chunk, and in paths, file by file.

    A term of a path is in all chunks of the file, which may be most of an index; so these are not listed.
    """

    sizes: tuple[int, ...]
    """How many chunks have each term in a name or comment."""
    touched: Ids
    """The chunks that have any, ascending; others may be among them."""
    places: Ids
    """Shape ``(matches,)``: which of ``touched``, term after term, ascending in each."""
    frequency: Floats
    """tf' there: counts by field, weighted and normed."""
    file_numbers: Ids
    """Shape ``(matches of files,)``: the term of each."""
    file_ids: Ids
    """The file that has it in its path, ascending in each term."""
    file_frequency: Floats
    """tf' of its path and stem: adds to that of each of its chunks."""
    file_first: Ids
    """Where the matches of the term in the file's own chunks begin."""
    file_last: Ids
    """And where they end."""


class FoundBody(Struct, frozen=True):
    """Where terms stand in code."""

    numbers: Ids
    """Shape ``(lists,)``: the term of each list."""
    sizes: Ids
    """How many chunks it has."""
    ids: Ids
    """Its live chunks, ascending, list after list."""
    counts: npt.NDArray[np.uint8]
    file_numbers: Ids
    """Shape ``(matches of files,)``: the term of each, list after list."""
    file_ids: Ids
    file_values: Floats
    """BM25 without idf."""


class Near(Struct, frozen=True):
    """The neighbours of some terms, one term's after the other's: words that mean about the same."""

    keys: TermHashes
    shares: Floats
    """Of a neighbour's frequency, so much counts."""
    runs: Sequence[int]
    """How many each term has."""

    @staticmethod
    def none(terms: int) -> Near:
        """No neighbours of so many terms."""
        return Near(np.empty(0, np.uint64), np.empty(0), [0] * terms)


class FoundNear(Struct, frozen=True):
    """Where the neighbours of terms stand in names, comments and paths, decoded as far as was of use."""

    shares: Floats
    runs: Sequence[int]
    """As those of :class:`Near`."""
    first: int
    """The number of the first neighbour in ``blocks``."""
    blocks: TermBlocks
    """What is taken of them is gone."""


class Found(Struct, frozen=True):
    """Where the terms of a query stand in one index, before it is known how rare they are."""

    terms: tuple[QueryTerm, ...]
    frequencies: Frequencies
    text: FoundText
    body: FoundBody
    near: FoundNear


class TextMatches(Struct, frozen=True):
    """Where the terms of a query stand in names, comments and paths, weighed by how rare they are."""

    terms: tuple[QueryTerm, ...]
    """Those that count: joined from neighbouring words only where they occur."""
    idf: tuple[float, ...]
    cuts: tuple[int, ...]
    """Term ``i`` has the matches from ``cuts[i]`` up to ``cuts[i + 1]``."""
    found: FoundText
    """By the numbers of these terms."""
    near: FoundNear
    """Theirs."""

    def held_by(self, files: Ids, firsts: Ids, lasts: Ids) -> list[Mask]:
        """Which of some files have each term in their path, or in their chunks ``firsts`` to ``lasts``."""
        found = self.found
        begins, ends = found.touched.searchsorted(firsts), found.touched.searchsorted(lasts, side="right")
        by_path = found.file_numbers.searchsorted(np.arange(len(self.terms) + 1)).tolist()
        held = []
        for number in range(len(self.terms)):
            places = found.places[self.cuts[number] : self.cuts[number + 1]]
            named = found.file_ids[by_path[number] : by_path[number + 1]]
            in_path = named.searchsorted(files) < named.searchsorted(files, side="right")
            held.append(in_path | (places.searchsorted(begins) < places.searchsorted(ends)))
        return held

    @property
    def worth(self) -> list[float]:
        """Weight times idf of each term."""
        return [term.weight * idf for term, idf in zip(self.terms, self.idf, strict=True)]

    @property
    def idf_sum(self) -> float:
        """The sum of weight times idf, what a score is divided by; never zero."""
        return max(sum(self.worth), 1e-9)

    def best(self, generation: Generation, k1: float, kinds: Mask | None) -> Floats:
        """BM25F of each file's best chunk over the query's sum of idf, in [0, 1), shape ``(files,)``.

        With ``kinds``, shape ``(chunks,)``, only those chunks count; a file without one may have any score.
        """
        found, worth = self.found, np.array(self.worth)
        best = np.zeros(generation.files)
        np.add.at(best, found.file_ids, saturated(found.file_frequency, k1) * worth[found.file_numbers])
        # That is what a chunk has by its path alone; to it comes what it has by itself.
        values = saturated(found.frequency, k1)
        sizes = found.file_last - found.file_first
        both, path = ranges(found.file_first, sizes), found.file_frequency.repeat(sizes)
        values[both] = saturated(found.frequency[both] + path, k1) - saturated(path, k1)
        values *= worth.repeat(found.sizes)
        touched, more = found.touched, np.bincount(found.places, values, len(found.touched))
        if kinds is not None:
            (kept,) = kinds[touched].nonzero()
            touched, more = touched[kept], more[kept]
        owners = generation.chunk_file[touched]
        heads = heads_of(owners)
        if len(heads):
            best[owners[heads]] += np.maximum.reduceat(more, heads)
        best /= self.idf_sum
        return best


class BodyMatches(Struct, frozen=True):
    """What the code itself says: BM25 over bodies, by chunk and by file, each over the sum of idf."""

    found: FoundBody
    idf: Floats
    """Shape ``(terms,)``: times the term's weight."""
    plain: Mask
    """Shape ``(terms,)``: those that are no compounds."""
    idf_sum: float
    file: Floats
    """Shape ``(files,)``: the score of each."""


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


def saturated(frequency: Floats, k1: float) -> Floats:
    """Frequency over frequency plus ``k1``, in [0, 1)."""
    return frequency / (k1 + frequency)
