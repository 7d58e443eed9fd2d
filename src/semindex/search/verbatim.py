"""How much of a query stands word for word in a text: what pasted code and error messages are found by.

Runs of three words are compared, not the whole, so that a message is found by its fixed words when the
values in it are others than in the source. Case, white space and punctuation do not count.
"""

from __future__ import annotations

from collections.abc import Sequence

from semindex.tokens import raw_words

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
