"""What the first step of a search finds over a whole generation, and the files it leaves to the second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from semindex.search.matches import BodyMatches, TextMatches
from semindex.search.sums import kth_largest
from semindex.search.symbols import SymbolMatch
from semindex.store.generation import Generation
from semindex.store.vectors import Nearness
from semindex.types import Floats, Ids, QueryTerm, Vector


class Candidates(Struct, frozen=True):
    """Candidate files, and their chunks one after the other."""

    files: Ids
    chunks: Ids
    owners: Ids
    """Shape ``(len(chunks),)``: position in ``files``."""
    starts: Ids
    """Shape ``(len(files),)``: where a file's chunks begin."""
    sizes: Ids
    """Shape ``(len(files),)``: how many it has, at least 1."""

    def bounds(self, place: int) -> tuple[int, int]:
        """Where the chunks of the file at a place begin and end in ``chunks``."""
        begin: int = self.starts.item(place)
        return begin, begin + self.sizes.item(place)


class Texts(Protocol):
    """Where the texts of indexed files are read."""

    def text(self, file: int) -> bytes | None:
        """A file's analysis text; None when the file is not what was indexed."""


class Parts(Struct, frozen=True):
    """What the first step found over the whole generation."""

    terms: list[QueryTerm]
    text: TextMatches
    body: BodyMatches
    near: Nearness | None
    vector: Vector | None
    """The query's, when there is nearness."""
    symbols: Mapping[int, SymbolMatch]


class Placed(Struct, frozen=True, gc=False):
    """A score, and what has it: a place, of a file with a path."""

    score: float
    path: str
    place: int

    @property
    def order(self) -> tuple[float, str, int]:
        """Best first, ties by path and place."""
        return -self.score, self.path, self.place


def best_places(found: Candidates, scores: Floats, most: int, generation: Generation) -> list[Placed]:
    """The places of the best chunks, with their positive scores, in their order."""
    places = ((scores >= kth_largest(scores, most)) & (scores > 0.0)).nonzero()[0].tolist()
    best = [
        Placed(scores.item(place), generation.path(found.files.item(found.owners.item(place))), place)
        for place in places
    ]
    best.sort(key=lambda placed: placed.order)
    return best[:most]
