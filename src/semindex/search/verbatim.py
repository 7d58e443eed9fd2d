"""How much of a query stands word for word in a text: what pasted code and error messages are found by.

Runs of three words are compared, not the whole, so that a message is found by its fixed words when the
values in it are others than in the source. Case, white space and punctuation do not count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from semindex.search.candidates import Candidates, Parts, Texts, best_places
from semindex.search.retrieve import BodyScores, Corpus
from semindex.tokens import raw_words
from semindex.types import Kind

Floats = npt.NDArray[np.float64]

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


def gains(
    query: str, parts: Parts, found: Candidates, code: BodyScores, corpus: Corpus, texts: Texts
) -> Floats | None:
    """What each candidate chunk gains by having the query's words in their order; None when none does.

    Shape ``(chunks of the candidates,)``, as what their ``code`` scores. The best chunks by the share of
    the query's terms that their *code* has are read: who describes something seldom means a sentence like
    it in a comment or a document, and MRR of functions asked by their documentation fell by .005 more
    where these counted.
    """
    wanted = runs(query)
    if not wanted:
        return None
    weights, generation = corpus.weights, corpus.generation
    asked = sum(not term.is_compound for term in parts.terms)
    terms = code.words / max(1, asked)
    kinds = generation.chunk_kinds[found.chunks]
    eligible = (terms >= weights.verbatim_terms) & (kinds != Kind.TEXT) & (kinds != Kind.SECTION)
    worth = np.where(eligible, terms + code.scores, 0.0)
    values = np.zeros(len(found.chunks))
    for place, _ in best_places(found, worth, weights.verbatim_chunks, generation):
        text = texts.text(int(found.files[found.owners[place]]))
        if text is not None:
            begin, end = generation.byte_range(int(found.chunks[place]))
            values[place] = weights.verbatim * share(wanted, text[begin:end]) ** 2
    return values if values.any() else None
