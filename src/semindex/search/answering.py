"""From a query to the hits of an answer: ranks, verifies quoted phrases, reads what is shown."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from semindex.search import hits as shown
from semindex.search.phrases import phrase_terms
from semindex.search.ranking import RankedFile, Ranking
from semindex.search.searcher import Searcher
from semindex.search.weights import WEIGHTS
from semindex.types import GroupBy, Hit, Mode, Query

CHUNK_FILES = 100
"""Files whose chunks are compared when chunks are ranked by themselves."""
PHRASE_FILES = 5000
"""Files read in search of a phrase, best first; more are passed over, and the answer says so."""


def rank(
    searcher: Searcher,
    query: Query,
    readers: Sequence[shown.Reader],
    *,
    limit: int,
    mode: Mode,
    grouping: GroupBy,
) -> Ranking:
    """The ranking that an answer of ``limit`` hits is made of; a reader a shard."""
    if query.phrases:
        return _phrased(searcher, query, readers, limit=limit, mode=mode)
    if grouping is GroupBy.FILE:
        spans = 1 + shown.MORE_SPANS
        return searcher.search(query, limit=limit, spans=spans, mode=mode, texts=readers)
    files = max(limit, CHUNK_FILES)
    return searcher.search(query, limit=files, spans=limit, mode=mode, texts=readers, explained=False)


def hits(
    ranking: Ranking, readers: Sequence[shown.Reader], *, limit: int, grouping: GroupBy
) -> tuple[Hit, ...]:
    """The hits of a ranking, with their texts."""
    if grouping is GroupBy.FILE:
        return shown.by_file(ranking, readers)
    return shown.by_chunk(ranking, readers, limit=limit, file_share=WEIGHTS.chunk_file_share)


def _phrased(
    searcher: Searcher, query: Query, readers: Sequence[shown.Reader], *, limit: int, mode: Mode
) -> Ranking:
    """Every file that may hold the phrases, ranked, then read and checked."""
    kept: tuple[RankedFile, ...] = ()
    for terms in phrase_terms(query.phrases):
        ranking = searcher.search(query, limit=PHRASE_FILES, mode=mode, required=terms)
        known = {(found.shard, found.file) for found in kept}
        others = replace(ranking, files=tuple(f for f in ranking.files if (f.shard, f.file) not in known))
        kept += shown.containing(others, query.phrases, readers, limit=limit - len(kept))
        if len(kept) == limit:
            break
    notes = ranking.notes
    if len(ranking.files) == PHRASE_FILES and len(kept) < limit:
        notes = (*notes, f"the phrase was looked for in the {PHRASE_FILES:,} best files only")
    return replace(ranking, files=kept, notes=notes)
