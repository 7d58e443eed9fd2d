"""Quoted phrases: which files may hold them, ranked, then read and checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from semindex.search.evidence import FirstOf, Reasons
from semindex.search.hits import Reader, containing
from semindex.search.ordering import RankedFile, Ranking
from semindex.search.patterns import LinesMatching
from semindex.search.ranker import Ranker
from semindex.tokens import word_terms, words
from semindex.types import Mode, Query

PHRASE_FILES = 5000
"""Files read in search of a phrase, best first; more are passed over, and the answer says so."""


def rank_phrases(
    ranker: Ranker,
    query: Query,
    reader: Reader,
    *,
    limit: int,
    mode: Mode,
    lines_matching: LinesMatching | None = None,
) -> Ranking:
    """The best ``limit`` files that hold every phrase of the query, with the chunks that do.

    ``lines_matching`` is that of :meth:`Ranker.rank`.
    """
    kept: tuple[RankedFile, ...] = ()
    evidence: list[tuple[frozenset[int], Reasons]] = []
    for terms in phrase_terms(query.phrases):
        ranking = ranker.rank(
            query, limit=PHRASE_FILES, mode=mode, required=terms, lines_matching=lines_matching
        )
        known = {found.file for found in kept}
        others = replace(ranking, files=tuple(f for f in ranking.files if f.file not in known))
        more = containing(others, query.phrases, reader, limit=limit - len(kept))
        if ranking.evidence is not None:
            evidence.append((frozenset(found.file for found in more), ranking.evidence))
        kept += more
        if len(kept) == limit:
            break
    notes = ranking.notes
    if len(ranking.files) == PHRASE_FILES and len(kept) < limit:
        notes = (*notes, f"the phrase was looked for in the {PHRASE_FILES:,} best files only")
    return replace(ranking, files=kept, notes=notes, evidence=FirstOf(evidence))


def phrase_terms(phrases: Sequence[str]) -> Iterator[list[str]]:
    """Sets of terms that a file must have, the strictest first, the last one safe.

    A phrase may begin and end inside words (``"arse_cook"`` occurs in ``parse_cookie``), which terms
    cannot tell. So all words are required first, which finds nearly everything quickly; when that finds
    too few, only the words between the first and the last, which no occurrence can lack.
    """
    yield sorted({term for phrase in phrases for word in words(phrase) for term in _parts(word)})
    yield sorted({term for phrase in phrases for word in words(phrase)[1:-1] for term in _parts(word)})


def _parts(word: str) -> list[str]:
    return [term for term in word_terms(word) if not term.startswith("=")]
