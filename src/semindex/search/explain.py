"""What stands behind a candidate's signals, in a few words: the ``detail`` of a reason."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from semindex.search.candidates import Candidates, Parts
from semindex.search.retrieve import Corpus

MAX_WORDS = 6
"""Words of the query that a detail names, the rarest first."""


def details(
    parts: Parts,
    found: Candidates,
    place: int,
    exact: npt.NDArray[np.float64] | None,
    corpus: Corpus,
) -> Mapping[str, str]:
    """By signal, what gave a candidate its part: words of the query, lines, a definition."""
    generation = corpus.generation
    file = int(found.files[place])
    begin, end = found.bounds(place)
    told = {"words": _words(parts, int(found.chunks[begin]), int(found.chunks[end - 1]))}
    if parts.cosines is not None:
        nearest = begin + int(np.argmax(parts.cosines[found.chunks[begin:end]]))
        told["meaning"] = "lines {}-{}".format(*generation.lines(int(found.chunks[nearest])))
    if file in parts.symbols:
        symbol = generation.symbol(parts.symbols[file].symbol)
        told["definition"] = f"{symbol.qualified}, line {symbol.start_line}"
    if exact is not None and exact[begin:end].any():
        best = begin + int(np.argmax(exact[begin:end]))
        share = math.sqrt(exact[best] / corpus.weights.verbatim)
        lines = "lines {}-{}".format(*generation.lines(int(found.chunks[best])))
        told["exact words"] = f"{share:.0%} in their order, {lines}"
    return told


def _words(parts: Parts, first: int, last: int) -> str:
    """The words of the query that names, comments or the path of chunks ``first`` to ``last`` have."""
    rarest = sorted(parts.lexical, key=lambda item: (-item.idf * item.term.weight, item.term.term))
    held = []
    for item in rarest:
        begin, end = np.searchsorted(item.ids, (first, last + 1)).tolist()
        if begin < end:
            held.append(item.term.source)
    return ", ".join(list(dict.fromkeys(held))[:MAX_WORDS])
