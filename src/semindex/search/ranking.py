"""An answer in ids: what a search gives, before anything of it is read."""

from __future__ import annotations

from msgspec import Struct

from semindex.types import QueryTerm, Reason


class RankedChunk(Struct, frozen=True, gc=False):
    """A chunk of a ranked file and its own score."""

    chunk: int
    score: float


class RankedFile(Struct, frozen=True, gc=False):
    """A file, its score, why, and its chunks, best first."""

    file: int
    score: float
    reasons: tuple[Reason, ...]
    chunks: tuple[RankedChunk, ...]
    symbol: int | None = None
    """The definition that the query names, where the file has it."""
    shard: int = 0
    """The index that has it, of those that answer together; ids are of that one."""


class Ranking(Struct, frozen=True, gc=False):
    """The answer in ids, best first."""

    files: tuple[RankedFile, ...]
    terms: tuple[QueryTerm, ...]
    notes: tuple[str, ...] = ()
    late: tuple[int, ...] = ()
    """The shards that did not answer in time, and have no part in it."""
