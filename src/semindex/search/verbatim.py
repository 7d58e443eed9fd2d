"""How much of a query stands word for word in a text: what pasted code and error messages are found by.

Runs of three words are compared, not the whole, so that a message is found by its fixed words when the
values in it are others than in the source. Case, white space and punctuation do not count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from semindex.search.scoring import BodyScores
from semindex.search.weights import Weights
from semindex.tokens import raw_words
from semindex.types import Floats, Kind

RUN_WORDS = 3
MIN_WORDS = 4
"""A shorter query repeats itself by chance."""
MAX_RUNS = 64
"""Of a long paste the first ones are looked for."""
MOST_BYTES = 8_000_000
"""Words of chunks that are remembered."""


def runs(query: str) -> tuple[bytes, ...]:
    """The distinct runs of :data:`RUN_WORDS` words, in order; none for a query of few words."""
    words = raw_words(query.encode("utf-8", "replace").lower())
    if len(words) < MIN_WORDS:
        return ()
    found = (_spaced(words[start : start + RUN_WORDS]) for start in range(len(words) - RUN_WORDS + 1))
    return tuple(dict.fromkeys(found))[:MAX_RUNS]


def share(wanted: Sequence[bytes], text: bytes) -> float:
    """The share of some runs that ``text`` has, 0.0 to 1.0; a run counts wherever it stands."""
    joined = _spaced(raw_words(text.lower()))
    return sum(run in joined for run in wanted) / len(wanted) if wanted else 0.0


def _spaced(words: Sequence[bytes]) -> bytes:
    """The words between blanks, so that a run matches whole words only."""
    return b" " + b" ".join(words) + b" "


def worth(code: BodyScores, asked: int, kinds: npt.NDArray[np.uint8], weights: Weights) -> Floats:
    """How well it pays to read each of some chunks, 0 where it does not; shape ``(chunks,)``.

    By the share of the query's ``asked`` terms that its *code* has, and the score of that: who describes
    something seldom means a sentence like it in a comment or a document, and MRR of functions asked by their
    documentation fell by .005 more where these counted.
    """
    terms = code.words / max(1, asked)
    prose = (kinds == Kind.TEXT) | (kinds == Kind.SECTION)
    eligible = (terms >= weights.verbatim_terms) & ~prose
    return np.where(eligible, terms + code.scores, 0.0)


class ChunkWords:
    """Remembers the words of chunks that were read; threads may share it."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._known: dict[int, bytes] = {}
        self._bytes = 0

    def share(self, wanted: Sequence[bytes], chunk: int, text: bytes, begin: int, end: int) -> float:
        """As :func:`share`, of the chunk between two bytes of a text, which must be the same each time."""
        known = self._known.get(chunk)
        if known is None:
            known = _spaced(raw_words(text[begin:end].lower()))
            self._bytes += len(known)
            if self._bytes > self._most_bytes:
                self._known, self._bytes = {}, len(known)
            self._known[chunk] = known
        return sum(map(known.__contains__, wanted)) / len(wanted)
