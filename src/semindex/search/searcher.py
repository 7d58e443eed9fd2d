"""A query to ranked files and chunks of one generation, or of several that answer as one.

Two steps: the best files by lexical, dense and body score over everything, and the definitions of the
names in the query; then every chunk of those candidates is scored exactly, with neighbouring words,
and the candidates are ordered by the sum of all signals. Here stands what is summed and cut over all
shards; what each does stands in :mod:`semindex.search.shard`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from semindex.embed.registry import open_words
from semindex.process.recent import RecentlyUsed
from semindex.search.candidates import Placed, Texts
from semindex.search.matches import Frequencies
from semindex.search.ranking import RankedFile, Ranking
from semindex.search.shard import Question, Shard
from semindex.search.shortlist import FileScores
from semindex.tokens import hash_term, query_terms
from semindex.types import Embedder, Ids, Mode, Query, QueryTerm, Vector

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")
R = TypeVar("R")

MAX_TERMS = 64
"""Terms of a long query that are looked up: the rarest."""
REMEMBERED_SECONDS = 3600
"""After which a query's vector is computed again, so that a process that stays gives memory back."""


class Searcher:
    """Answers from some shards as if they were one index. Threads may share it."""

    def __init__(
        self,
        shards: Sequence[Shard],
        embedder: Embedder,
        *,
        remembered: int = 0,
        deadline_seconds: float | None = None,
    ) -> None:
        """Prepare.

        Args:
            shards: Their corpora have the totals of all of them.
            embedder: Embeds queries, for all.
            remembered: So many queries' vectors are kept, as long as these generations are.
            deadline_seconds: A shard that takes longer, of several, has no part in the answer.
        """
        self.shards = tuple(shards)
        self.embedder = embedder
        self._deadline_seconds = deadline_seconds
        self._words = open_words()
        self._asked: RecentlyUsed[tuple[object, ...], Vector] = RecentlyUsed(
            remembered, seconds=REMEMBERED_SECONDS
        )
        self._threads: ThreadPoolExecutor | None = None

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor

            self._threads = ThreadPoolExecutor(len(self.shards), thread_name_prefix="shard")
        return self._threads

    def search(
        self,
        query: Query,
        *,
        limit: int,
        spans: int | None = None,
        mode: Mode = Mode.HYBRID,
        required: Sequence[str] | None = None,
        texts: Sequence[Texts] | None = None,
        explained: bool = True,
    ) -> Ranking:
        """The best ``limit`` files, each with its best ``spans`` chunks (all, when None).

        With ``required`` terms every file that has all of them in its text is ranked, and no other.
        With ``texts``, one a shard, the best chunks are read for the query's words in their order. Reasons
        are given when it is to be ``explained``.
        """
        shards = {number: shard for number, shard in enumerate(self.shards) if shard.generation.live_files}
        if not shards:
            return Ranking((), ())
        team = _Team(shards, self._pool, self._deadline_seconds)
        terms, notes = self._terms(query.text, team)
        asked = team.each(
            lambda number, shard: shard.ask(
                query, terms, mode=mode, required=required, texts=texts[number] if texts else None
            )
        )
        asking = team.turned(asked)
        if self._prepared(asking, query.text, terms, mode):
            files = self._ranked(asking, limit, spans, explained, feeds_back=mode is not Mode.LEXICAL)
        else:
            files = ()
        return Ranking(files, tuple(terms), notes, tuple(asking.late))

    def _terms(self, text: str, team: _Team[Shard]) -> tuple[list[QueryTerm], tuple[str, ...]]:
        terms = query_terms(text)
        if len(terms) <= MAX_TERMS:
            return terms, ()
        found = team.each(lambda _, shard: shard.corpus.text_frequencies(terms)).values()
        totals = [sum(each) for each in zip(*found, strict=True)]
        # The rarest have the highest idf, whatever that is.
        occurring = sorted((total, term.term) for total, term in zip(totals, terms, strict=True) if total)
        kept = {term for _, term in occurring[:MAX_TERMS]}
        note = f"long query: its {len(kept)} rarest of {len(terms)} terms were used"
        return [term for term in terms if term.term in kept], (note,)

    def _prepared(self, team: _Team[Question], text: str, terms: Sequence[QueryTerm], mode: Mode) -> bool:
        """Choose the files that are looked at closely; whether there are any."""
        if not team.members:
            return False
        asked = team.members.values()
        frequencies = reduce(add, [question.frequencies for question in asked])
        definitions = [sum(each) for each in zip(*(q.definitions for q in asked), strict=True)]
        vector = self._vector(text, terms, frequencies) if mode is not Mode.LEXICAL else None
        lists = team.each(lambda _, question: question.shortlists(frequencies, definitions, vector))
        weights = self.shards[0].corpus.weights
        cuts = (
            self._cut({number: found.text for number, found in lists.items()}, weights.candidates),
            self._cut({number: found.body for number, found in lists.items()}, weights.body_candidates),
            self._cut({number: found.near for number, found in lists.items()}, weights.candidates),
        )
        sizes = team.each(lambda number, question: question.choose([cut[number] for cut in cuts]))
        team.keep(number for number, size in sizes.items() if size)
        return bool(team.members)

    def _ranked(
        self, team: _Team[Question], limit: int, spans: int | None, explained: bool, *, feeds_back: bool
    ) -> tuple[RankedFile, ...]:
        weights = self.shards[0].corpus.weights
        worth = team.each(lambda _, question: question.worth_reading())
        reading = _by_number(_first(worth, weights.verbatim_chunks))
        team.each(lambda number, question: question.read(reading.get(number, [])))
        totals = team.each(lambda _, question: question.total(limit))
        if feeds_back and team.members:
            scores = sorted((score for each in totals.values() for score in each), reverse=True)
            least = scores[min(limit, len(scores)) - 1]
            shown = team.each(lambda _, question: question.shown_best())
            vector = self._shown(shown, weights.feedback_chunks)
            team.each(lambda _, question: question.feed_back(vector, least, limit))
        best = _first(team.each(lambda _, question: question.best(limit)), limit)
        places = _by_number(best)
        ranked = team.each(
            lambda number, question: question.ranked(
                places.get(number, []), most=spans, explained=explained, shard=number
            )
        )
        left = {number: iter(files) for number, files in ranked.items()}
        return tuple(next(left[number]) for number, _ in best if number in left)

    def _vector(self, text: str, terms: Sequence[QueryTerm], found: Frequencies) -> Vector:
        idf = self.shards[0].corpus.chunk_idf
        rows = list(zip(terms, found.text, found.body, strict=True))
        known = {term.term: idf(chunks) for term, chunks, _ in rows if chunks or term.weight >= 1.0}
        unknown = idf(0)
        meant = [
            term
            for term, chunks, bodies in rows
            if term.term in known and (chunks or bodies or self._words.knows(hash_term(term.term)))
        ]
        # A query of words that mean nothing here has no text either: nothing found is an answer.
        text = text if meant else ""
        vector = self._asked.get((text, *meant))
        if vector is None:
            vector = self.embedder.embed_query(meant, idf=lambda term: known.get(term, unknown), text=text)
            self._asked.put((text, *meant), vector)
        return vector

    def _cut(self, found: Mapping[int, FileScores], most: int) -> dict[int, Ids]:
        """The best files of all shards together, by shard; ties at the cut by path."""
        if len(found) == 1 or sum(len(each.files) for each in found.values()) <= most:
            return {number: each.files for number, each in found.items()}
        placed = {
            number: [
                Placed(score, self.shards[number].generation.path(file), file)
                for file, score in zip(each.files.tolist(), each.scores.tolist(), strict=True)
            ]
            for number, each in found.items()
        }
        kept = _by_number(_first(placed, most))
        return {number: np.array(sorted(kept.get(number, [])), dtype=np.int64) for number in found}

    def _shown(self, found: Mapping[int, Sequence[tuple[Placed, npt.NDArray[np.int8]]]], most: int) -> Vector:
        """What the first chunks of all show, as a unit vector.

        Rocchio, "Relevance feedback in information retrieval", 1971: the best chunks stand for what was
        meant, in words of the code rather than of the query; each counts as much as it scores.
        """
        first = _first({number: [placed for placed, _ in each] for number, each in found.items()}, most)
        vectors = {
            (number, placed.place): vector for number, each in found.items() for placed, vector in each
        }
        total = np.zeros(self.embedder.dim)
        for number, placed in first:
            total += placed.score * vectors[number, placed.place]
        unit: Vector = (total / max(1e-9, float(np.sqrt((total * total).sum())))).astype(np.float32)
        return unit


def _first(found: Mapping[int, Sequence[Placed]], most: int) -> list[tuple[int, Placed]]:
    """The best of several ordered lists together, with the number of the list of each."""
    every = [(number, placed) for number, each in found.items() for placed in each]
    if len(found) > 1:
        every.sort(key=lambda item: (*item[1].order, item[0]))
    return every[:most]


def _by_number(first: Sequence[tuple[int, Placed]]) -> dict[int, list[int]]:
    """The places in each list."""
    places: dict[int, list[int]] = {}
    for number, placed in first:
        places.setdefault(number, []).append(placed.place)
    return places


class _Team(Generic[T]):
    """Several that take the same steps, each on a thread; one alone takes them on this thread."""

    def __init__(
        self,
        members: Mapping[int, T],
        pool: Callable[[], ThreadPoolExecutor],
        seconds: float | None,
        *,
        until: float | None = None,
    ) -> None:
        self.members = dict(members)
        self.late: list[int] = []
        """Those that took too long, and take no further steps."""
        self._pool = pool
        self._until = until if seconds is None or until is not None else time.monotonic() + seconds

    def each(self, step: Callable[[int, T], R]) -> dict[int, R]:
        """What a step gives, by number, of those that are in time."""
        if len(self.members) < 2:
            return {number: step(number, member) for number, member in self.members.items()}
        pool = self._pool()
        futures = {number: pool.submit(step, number, member) for number, member in self.members.items()}
        from concurrent.futures import wait

        left = None if self._until is None else max(0.0, self._until - time.monotonic())
        wait(futures.values(), timeout=left)
        for number, future in futures.items():
            if not future.done():
                future.cancel()
                self.late.append(number)
                del self.members[number]
        return {number: futures[number].result() for number in self.members}

    def keep(self, numbers: Iterable[int]) -> None:
        """Let the others take no further steps."""
        kept = set(numbers)
        self.members = {number: member for number, member in self.members.items() if number in kept}

    def turned(self, members: Mapping[int, R]) -> _Team[R]:
        """The same with others in the places of the members."""
        other = _Team(members, self._pool, None, until=self._until)
        other.late = self.late
        return other
