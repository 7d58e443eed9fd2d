"""What stands behind a candidate's signals, in a few words: the ``detail`` of a reason."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from semindex.search.candidates import Candidates, Parts
from semindex.search.retrieve import Corpus

MAX_WORDS = 6
"""Words of the query that a detail names, the rarest first."""


class Explanation:
    """The details of the candidates that are shown; what they share is found once."""

    def __init__(
        self,
        parts: Parts,
        found: Candidates,
        places: Sequence[int],
        near: npt.NDArray[np.float64] | None,
        exact: npt.NDArray[np.float64] | None,
        corpus: Corpus,
    ) -> None:
        """``places`` are those of the candidates shown; the cosines and gains are of all their chunks."""
        self._parts = parts
        self._found = found
        self._exact = exact
        self._corpus = corpus
        self._near = near
        self._words = dict(zip(places, _words(parts, found, places), strict=True))

    def details(self, place: int) -> Mapping[str, str]:
        """By signal, what gave a candidate its part: words of the query, lines, a definition."""
        found, exact, generation = self._found, self._exact, self._corpus.generation
        file = int(found.files[place])
        begin, end = found.bounds(place)
        told = {"words": self._words[place]}
        if self._near is not None:
            nearest = begin + int(self._near[begin:end].argmax())
            told["meaning"] = "lines {}-{}".format(*generation.lines(int(found.chunks[nearest])))
        if file in self._parts.symbols:
            symbol = generation.symbol(self._parts.symbols[file].symbol)
            told["definition"] = f"{symbol.qualified}, line {symbol.start_line}"
        if exact is not None and exact[begin:end].any():
            best = begin + int(np.argmax(exact[begin:end]))
            share = math.sqrt(exact[best] / self._corpus.weights.verbatim)
            lines = "lines {}-{}".format(*generation.lines(int(found.chunks[best])))
            told["exact words"] = f"{share:.0%} in their order, {lines}"
        return told


def _words(parts: Parts, found: Candidates, places: Sequence[int]) -> list[str]:
    """For each candidate the words of the query that its names, comments or path have, rarest first."""
    at = np.array(places)
    begins = found.starts[at]
    firsts, lasts = found.chunks[begins], found.chunks[begins + found.sizes[at] - 1]
    held: list[list[str]] = [[] for _ in places]
    text = parts.text
    by_worth = sorted(
        zip(text.worth, text.terms, text.held_by(found.files[at], firsts, lasts), strict=True),
        key=lambda each: (-each[0], each[1].term),
    )
    for _, term, having in by_worth:
        for place in having.nonzero()[0].tolist():
            held[place].append(term.source)
    return [", ".join(list(dict.fromkeys(words))[:MAX_WORDS]) for words in held]
