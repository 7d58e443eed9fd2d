"""How much of a query stands word for word in a text: what pasted code and error messages are found by.

Runs of three words are compared, not the whole, so that a message is found by its fixed words when the
values in it are others than in the source. Case, white space and punctuation do not count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from semindex.search.candidates import Candidates, Parts, Texts
from semindex.search.matches import BodyScores
from semindex.search.retrieve import Corpus
from semindex.tokens import raw_words
from semindex.types import Floats, Kind

RUN_WORDS = 3
MIN_WORDS = 4
"""A shorter query repeats itself by chance."""
MAX_RUNS = 64
"""Of a long paste the first ones are looked for."""


def runs(query: str) -> tuple[bytes, ...]:
    """The distinct runs of :data:`RUN_WORDS` words, in order; none for a query of few words."""
    words = raw_words(query.encode("utf-8", "replace").lower())
    if len(words) < MIN_WORDS:
        return ()
    found = (_joined(words[start : start + RUN_WORDS]) for start in range(len(words) - RUN_WORDS + 1))
    return tuple(dict.fromkeys(found))[:MAX_RUNS]


def share(wanted: Sequence[bytes], text: bytes) -> float:
    """The share of some runs that ``text`` has, 0.0 to 1.0; a run counts wherever it stands."""
    joined = _joined(raw_words(text.lower()))
    return sum(run in joined for run in wanted) / len(wanted) if wanted else 0.0


def _joined(words: Sequence[bytes]) -> bytes:
    """The words between blanks, so that a run matches whole words only."""
    return b" " + b" ".join(words) + b" "


def worth(parts: Parts, found: Candidates, code: BodyScores, corpus: Corpus) -> Floats:
    """How well it pays to read each candidate chunk, 0 where it does not; shape ``(candidate chunks,)``.

    By the share of the query's terms that its *code* has, and the ``code`` score: who describes something
    seldom means a sentence like it in a comment or a document, and MRR of functions asked by their
    documentation fell by .005 more where these counted.
    """
    asked = sum(not term.is_compound for term in parts.terms)
    terms = code.words / max(1, asked)
    kinds = corpus.generation.chunk_kinds[found.chunks]
    prose = (kinds == Kind.TEXT) | (kinds == Kind.SECTION)
    eligible = (terms >= corpus.weights.verbatim_terms) & ~prose
    return np.where(eligible, terms + code.scores, 0.0)


def gains(
    query: str, places: Sequence[int], found: Candidates, corpus: Corpus, texts: Texts
) -> Floats | None:
    """What the chunks at some places gain by having the query's words in their order; None when none does.

    Shape ``(candidate chunks,)``.
    """
    wanted = runs(query)
    values = np.zeros(len(found.chunks))
    for place in places:
        text = texts.text(found.files.item(found.owners.item(place)))
        if text is not None:
            begin, end = corpus.generation.byte_range(found.chunks.item(place))
            values[place] = corpus.weights.verbatim * share(wanted, text[begin:end]) ** 2
    return values if values.any() else None
