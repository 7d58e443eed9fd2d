"""The ways in which the terms of a query are looked up, for tests that hold each to the same numbers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest

from semindex.search.gathering import Scratch, gathered
from semindex.search.terms import Chosen, NeighbourTerms, Norms, Occurring, Source
from semindex.search.termtable import TermTable
from semindex.search.weights import WEIGHTS
from semindex.store.generation import Generation
from semindex.types import TermHashes

DECODED = "from the table of all postings"
WAYS = (DECODED, "gathered", "gathered as in an index of millions")
_MILLIONS = {
    "search.gathering._FEW_CHUNKS": 0,
    "search.gathering.THREADED_CHUNKS": 0,
    "search.scoring._CELLS": 1,
    "search.sums._DENSE_CELLS": 0,
    "store.generation._BLOCK_BYTES": 1,
}


@contextmanager
def forced(way: str) -> Iterator[None]:
    """Inside, a small index is worked on as a large one if the way says so."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _MILLIONS.items() if way == WAYS[2] else ():
            patch.setattr(f"semindex.{name}", value)
        yield


def look_up(
    generation: Generation, hashes: TermHashes, near: NeighbourTerms, way: str
) -> tuple[Occurring, Source]:
    """Where some terms occur, and what finds them and their neighbours among chosen chunks."""
    norms = Norms(generation, WEIGHTS)
    if way == DECODED:
        return TermTable(generation, norms).look_up(hashes, near)
    return gathered(generation, norms, Scratch(generation.chunks), hashes, near)


def chosen_of(generation: Generation, chunks: Sequence[int]) -> Chosen:
    """Some chunks, given ascending, of all files that have one."""
    ids = np.array(chunks, dtype=np.int64)
    files, owners, sizes = np.unique(generation.chunk_file[ids], return_inverse=True, return_counts=True)
    file_place = np.full(generation.files, -1, dtype=np.int64)
    file_place[files] = np.arange(len(files))
    chunk_place = np.full(generation.chunks, -1, dtype=np.int32)
    chunk_place[ids] = np.arange(len(ids))
    starts = owners.searchsorted(np.arange(len(files)))
    return Chosen(files.astype(np.int64), ids, owners, starts, sizes, file_place, chunk_place)
