"""What decides which chunks of a file are shown: words and meaning, what kind a chunk is, and its name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from semindex.search.paths import unmentioned
from semindex.search.scoring import BodyScores
from semindex.search.symbols import name_share
from semindex.search.weights import Weights
from semindex.source.roles import Role
from semindex.store.generation import Generation
from semindex.types import Floats, Ids, Kind, Mode

_CONTAINERS = (
    Kind.CLASS,
    Kind.INTERFACE,
    Kind.STRUCT,
    Kind.ENUM,
    Kind.TRAIT,
    Kind.MODULE,
    Kind.OBJECT,
    Kind.IMPLEMENTATION,
)
_IS_CONTAINER = np.isin(np.arange(256), [int(kind) for kind in _CONTAINERS])
_VALUES = (Kind.CONSTANT, Kind.VARIABLE, Kind.FIELD)
_PROSE = {Role.PROSE: (Kind.TEXT, Kind.SECTION), Role.DATA: (Kind.CONFIG, Kind.SETTING)}
"""Kinds of chunks that are shown late unless a query asks for files of a role."""


class Spans:
    """Scores the chunks of a generation for being shown. Threads may share it."""

    def __init__(self, generation: Generation, weights: Weights) -> None:
        self._generation, self._weights = generation, weights
        subsets = [frozenset(some) for count in range(3) for some in combinations(_PROSE, count)]
        self._by_asked = {asked: _kind_table(weights, asked) for asked in subsets}

    def scores(
        self,
        mode: Mode,
        terms: Sequence[str],
        chunks: Ids,
        text: Floats,
        code: BodyScores,
        cosines: Floats | None,
        exact: Floats | None,
    ) -> Floats:
        """The scores of some chunks by all but their names, shape ``(len(chunks),)``."""
        weights, spans = self._weights, np.zeros(len(chunks))
        if mode is not Mode.DENSE:
            spans = text + weights.span_body * code.scores
            spans += self._by_kind(terms, chunks)
        if cosines is not None:
            spans = spans + weights.span_dense * cosines
        return spans if exact is None else spans + exact

    def _by_kind(self, terms: Sequence[str], chunks: Ids) -> Floats:
        """What chunks lose by what they are, shape ``(len(chunks),)``."""
        kinds = self._generation.chunk_kinds[chunks]
        asked = frozenset(_PROSE).difference(unmentioned(frozenset(terms)))
        values: Floats = self._by_asked[asked][kinds]
        (containers,) = _IS_CONTAINER[kinds].nonzero()
        values[containers] = self._weights.span_head * self._generation.heads(chunks[containers])
        return values

    def with_names(self, terms: Sequence[str], chunks: Ids, spans: Floats, sizes: Ids) -> Floats:
        """The scores with what the names of definitions add in the first files.

        Only chunks that may come first of their file by it gain anything.

        Args:
            terms: Those of the query.
            chunks: File after file.
            spans: Their scores.
            sizes: How many of the chunks each file has; none has no chunk.
        """
        most, known, begin = self._weights.span_name, frozenset(terms), 0
        named = spans.copy()
        for size in sizes[: self._weights.span_named_files].tolist():
            inside = spans[begin : begin + size]
            for place in (begin + (inside >= inside.max() - most).nonzero()[0]).tolist():
                owner = self._generation.spot(chunks.item(place)).owner
                if owner is not None:
                    named[place] += most * name_share(owner.rpartition(".")[2], known) ** 2
            begin += size
        return named


def _kind_table(weights: Weights, asked: frozenset[Role]) -> Floats:
    """What a chunk loses by its kind, shape ``(256,)``, when a query asks for files of some roles."""
    table = np.zeros(256)
    table[Kind.BLOCK] = weights.span_block
    table[[*_VALUES]] = weights.span_value
    for role, kinds in _PROSE.items():
        table[[*kinds]] = 0.0 if role in asked else weights.span_prose
    return table
