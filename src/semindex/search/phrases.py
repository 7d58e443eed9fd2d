"""Which terms a file must have to hold a phrase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from semindex.tokens import word_terms, words


def phrase_terms(phrases: Sequence[str]) -> Iterator[list[str]]:
    """Term sets to require, the strictest first, the last one safe.

    A phrase may begin and end inside words (``"arse_cook"`` occurs in ``parse_cookie``), which terms
    cannot tell. So all words are required first, which finds nearly everything quickly; when that finds
    too few, only the words between the first and the last, which no occurrence can lack.
    """
    yield sorted({term for phrase in phrases for word in words(phrase) for term in _parts(word)})
    yield sorted({term for phrase in phrases for word in words(phrase)[1:-1] for term in _parts(word)})


def _parts(word: str) -> list[str]:
    return [term for term in word_terms(word) if not term.startswith("=")]
