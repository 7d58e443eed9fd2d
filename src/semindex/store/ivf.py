"""An inverted file: a segment's vectors by the centroid that they are nearest to: a query reads a few lists.

For indexes of tens of millions of chunks, and only where it is asked for: what is found is approximate,
while what is found is scored exactly. The file lies beside its segment, is derived from it alone, and may be
removed at any time. Lists are those of k-means over unit vectors (Lloyd's iterations, the mean made a unit
vector again: Dhillon and Modha, "Concept decompositions for large sparse text data using clustering", 2001).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.errors import BrokenIndex, IndexCorrupt
from semindex.store.durable import StepHook, no_step
from semindex.store.segment import SectionStream, Segment, write_segment
from semindex.store.vectors import SCALE, products
from semindex.types import Int8Vectors

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

SUFFIX = ".ivf"
LEAST_ROWS = 100_000
"""A smaller segment is searched whole: that takes 2 ms."""
MOST_LISTS = 4096
PROBED_SHARE = 8
"""One in so many lists is read: nine in ten of the ten nearest chunks are there."""
_ROWS_A_LIST = 32
"""Vectors that a centroid is found from."""
_ITERATIONS = 6
_BLOCK_ROWS = 8192


def path_beside(segment: Path) -> Path:
    """Where the inverted file of a segment lies."""
    return segment.with_suffix(SUFFIX)


def lists_for(rows: int) -> int:
    """About the square root of the rows, a power of two."""
    return int(min(MOST_LISTS, 1 << round(np.log2(max(2.0, rows)) / 2)))


def build(segment: Segment, *, on_step: StepHook = no_step) -> int:
    """Write the inverted file of a segment beside it; gives its bytes. Of the segment nothing is held whole.

    Raises:
        IndexUnwritable: As :func:`semindex.store.segment.write_segment`.
    """
    vectors: Int8Vectors = segment.section("vectors")
    centroids = _centroids(vectors, lists_for(len(vectors)))
    lists = np.concatenate([_nearest(block, centroids) for block in _blocks(vectors)])
    order = lists.argsort(kind="stable")
    starts = lists[order].searchsorted(np.arange(len(centroids) + 1))
    ordered = (vectors[order[at : at + _BLOCK_ROWS]] for at in range(0, len(order), _BLOCK_ROWS))
    return write_segment(
        path_beside(segment.path),
        {
            "centroids": np.rint(centroids * SCALE).astype(np.int8),
            "starts": starts.astype(np.uint32),
            "rows": order.astype(np.uint32),
            "vectors": SectionStream(np.int8, vectors.shape, ordered),
        },
        on_step=on_step,
    )


def _centroids(vectors: Int8Vectors, count: int) -> Floats:
    """Shape ``(count, dim)``, unit rows or zero, found from rows that lie evenly over the segment."""
    wanted = min(len(vectors), count * _ROWS_A_LIST)
    sample = _units(vectors[np.arange(wanted) * len(vectors) // wanted].astype(np.float32))
    centroids: Floats = sample[np.arange(count) * wanted // count].copy()
    for _ in range(_ITERATIONS):
        lists = np.concatenate(
            [_nearest(sample[at : at + _BLOCK_ROWS], centroids) for at in range(0, wanted, _BLOCK_ROWS)]
        )
        sums = np.zeros_like(centroids)
        np.add.at(sums, lists, sample)
        used = (sums != 0.0).any(axis=1)
        centroids[used] = _units(sums[used])
    return centroids


def _units(rows: Floats) -> Floats:
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.maximum(lengths, np.float32(1e-9)), dtype=np.float32)


def _blocks(vectors: Int8Vectors) -> Iterator[Floats]:
    for at in range(0, len(vectors), _BLOCK_ROWS):
        yield vectors[at : at + _BLOCK_ROWS].astype(np.float32)


def _nearest(rows: Floats, centroids: Floats) -> npt.NDArray[np.int16]:
    nearest: npt.NDArray[np.int16] = (rows @ centroids.T).argmax(axis=1).astype(np.int16)
    return nearest


class InvertedFile(Struct, frozen=True):
    """The inverted file of one segment, mapped."""

    file: Segment
    centroids: Int8Vectors
    starts: Ids
    rows: npt.NDArray[np.uint32]
    """Rows of the segment, list after list."""
    vectors: Int8Vectors
    """In the same order."""

    def faults(self) -> list[str]:
        """What is wrong with the file by its checksums; reads it whole."""
        return self.file.verify()

    def probe(self, whole: npt.NDArray[np.int8]) -> tuple[Ids, Floats]:
        """The rows in the lists that are nearest to a query, and their products with it.

        Args:
            whole: The query in whole numbers, shape ``(dim,)``.

        Raises:
            IndexCorrupt: A list names a row that there is not.
        """
        near = products(whole, self.centroids)
        count = max(1, len(near) // PROBED_SHARE)
        probed = np.sort(np.argpartition(near, len(near) - count)[len(near) - count :])
        bounds = zip(self.starts[probed].tolist(), self.starts[probed + 1].tolist(), strict=True)
        parts = [(begin, end) for begin, end in bounds if begin < end]
        if not parts:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows = np.concatenate([self.rows[begin:end] for begin, end in parts]).astype(np.int64)
        if int(rows.max()) >= len(self.rows):
            raise IndexCorrupt(f"{self.file.path} is damaged; run 'semindex index' to make it again")
        return rows, np.concatenate([products(whole, self.vectors[begin:end]) for begin, end in parts])


def beside(segment: Segment) -> InvertedFile:
    """The inverted file of a segment.

    Raises:
        SegmentMissing: There is none.
        IndexCorrupt: Damaged, or of another segment.
    """
    file = Segment.open(path_beside(segment.path))
    names = ("centroids", "starts", "rows", "vectors")
    centroids, starts, ordered, vectors = map(file.section, names)
    count, dim = segment.section("vectors").shape
    starts = starts.astype(np.int64)
    if (
        starts.shape != (len(centroids) + 1,)
        or (starts[1:] < starts[:-1]).any()
        or starts[[0, -1]].tolist() != [0, count]
        or ordered.shape != (count,)
        or centroids.shape[1:] != (dim,)
        or vectors.shape != (count, dim)
    ):
        raise IndexCorrupt(f"{file.path} does not fit its segment; run 'semindex index' to make it again")
    return InvertedFile(file, centroids, starts, ordered, vectors)


def all_beside(segments: Sequence[Segment]) -> tuple[list[InvertedFile | None], tuple[str, ...]]:
    """The inverted file of each large segment that has one, and what readers of answers should know."""
    found: list[InvertedFile | None] = []
    listed = compared = 0
    for segment in segments:
        count = len(segment.section("chunk_kinds"))
        inverted = None
        if count >= LEAST_ROWS:
            with suppress(IndexCorrupt, BrokenIndex):
                inverted = beside(segment)
            if inverted is None:
                compared += count
            else:
                listed += count
        found.append(inverted)
    notes = []
    if listed:
        notes.append(f"approximate: of {listed:,} chunks the lists nearest to the query are compared with it")
    if compared:
        notes.append(f"{compared:,} chunks have no inverted file and are all compared; run 'semindex index'")
    return found, tuple(notes)
