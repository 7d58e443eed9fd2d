"""One of the indexes that answer together, and a query before it, step by step.

Each step takes plain values and gives plain values. What is summed or cut over all shards stands between
the steps (:mod:`semindex.search.searcher`), so that shards answer exactly as one index of all their files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.embed.registry import open_words
from semindex.search import rank, verbatim
from semindex.search.candidates import Candidates, Parts, Placed, Texts, best_places
from semindex.search.explain import Explanation
from semindex.search.matches import BodyScores, Frequencies, Near
from semindex.search.paths import PathWords, path_words
from semindex.search.query import path_filter, within
from semindex.search.rank import Signal
from semindex.search.ranking import RankedChunk, RankedFile
from semindex.search.retrieve import Corpus
from semindex.search.shortlist import FileScores, best_files, nearest_files
from semindex.search.sums import distinct, kth_largest, ranges
from semindex.search.symbols import SymbolMatch, names_in, symbol_matches
from semindex.tokens import hash_terms
from semindex.types import Filters, Floats, Ids, Mask, Mode, Query, QueryTerm, Reason, Vector

_MOST_COSINE = 1.1
"""No cosine of vectors rounded to whole numbers is more."""
MAX_PATHS = 65536
"""Files whose paths' words are remembered: some 50 MB at most."""


class Shard:
    """An index among those that answer together. Threads may share it."""

    def __init__(self, corpus: Corpus, *, scopes: Sequence[str] = ()) -> None:
        """With ``scopes`` only files below one of these root-relative folders are found."""
        self.corpus = corpus
        self.generation = corpus.generation
        self.words = open_words()
        """Which words are alike, whatever embeds the chunks."""
        self._scopes = tuple(scopes)
        self.paths: dict[int, PathWords] = {}
        """The words of files' paths that were needed so far."""

    def ask(
        self,
        query: Query,
        terms: Sequence[QueryTerm],
        *,
        mode: Mode,
        required: Sequence[str] | None,
        texts: Texts | None,
    ) -> Question:
        """Begin with a query; see :meth:`semindex.search.searcher.Searcher.search`."""
        return Question(self, query, terms, mode=mode, required=required, texts=texts)

    def allowed(self, filters: Filters) -> Mask:
        """The live files that pass the filters, shape ``(files,)``."""
        generation = self.generation
        allowed = generation.file_live.copy()
        if filters.languages:
            names, numbers = generation.languages
            wanted = [number for number, name in enumerate(names) if name in filters.languages]
            allowed &= np.isin(numbers, wanted)
        for passes in (path_filter(filters), within(self._scopes)):
            if passes is not None:
                for file in np.flatnonzero(allowed).tolist():
                    allowed[file] = passes(generation.path(file))
        return allowed

    def having(self, required: Sequence[str]) -> Mask:
        """The files whose code or comments have every one of some terms, shape ``(files,)``."""
        generation = self.generation
        mask = np.ones(generation.files, dtype=bool)
        keys = hash_terms(required)
        found = [generation.occurrences(field, keys) for field in ("body", "comment")]
        for places in zip(*found, strict=True):
            has = np.zeros(generation.files, dtype=bool)
            for place in places:
                has[generation.chunk_file[place.ids]] = True
            mask &= has
        return mask

    def near(self, terms: Sequence[QueryTerm]) -> Near:
        """The neighbours of terms and what share of their frequency counts; only whole words have any."""
        places = [place for place, term in enumerate(terms) if term.weight >= 1.0]
        found = self.words.neighbours(hash_terms(terms[place].term for place in places))
        runs = [0] * len(terms)
        for place, count in zip(places, found.counts.tolist(), strict=True):
            runs[place] = count
        return Near(found.hashes, self.corpus.weights.soft * found.cosines, runs)

    def path_words(self, file: int) -> PathWords:
        """The words of a file's path, to be found among :attr:`paths` from now on."""
        known = path_words(self.generation.path(file), self.generation.language(file))
        if len(self.paths) >= MAX_PATHS:
            self.paths.clear()
        self.paths[file] = known
        return known


class Shortlists(Struct, frozen=True):
    """The best files of a shard by each score of the first step."""

    text: FileScores
    body: FileScores
    near: FileScores


class Question:
    """A query before a shard. The steps are taken in the order in which they stand here."""

    def __init__(
        self,
        shard: Shard,
        query: Query,
        terms: Sequence[QueryTerm],
        *,
        mode: Mode,
        required: Sequence[str] | None,
        texts: Texts | None,
    ) -> None:
        self._shard = shard
        self._corpus, self._generation = shard.corpus, shard.generation
        self._weights = shard.corpus.weights
        self._query, self._mode, self._required, self._texts = query, mode, required, texts
        self._found = self._corpus.look_up(terms, shard.near(terms))
        self._names = names_in(query.text)
        self._defined = [self._generation.defined(name.key) for name in self._names]

    @property
    def frequencies(self) -> Frequencies:
        """Of the terms, here."""
        return self._found.frequencies

    @property
    def definitions(self) -> tuple[int, ...]:
        """How many definitions each name in the query has here."""
        return tuple(map(len, self._defined))

    def shortlists(
        self, frequencies: Frequencies, definitions: Sequence[int], vector: Vector | None
    ) -> Shortlists:
        """The best files by words, by code and by nearness to ``vector``, known how rare the terms are.

        Args:
            frequencies: Of the terms, over all shards.
            definitions: Of each name, over all shards.
            vector: The query's; without one nearness does not count.
        """
        generation, weights, filters = self._generation, self._weights, self._query.filters
        near = generation.begin_nearest(vector) if vector is not None else None
        text, body = self._corpus.matches(self._found, frequencies)
        symbols = symbol_matches(generation, self._names, self._defined, definitions, weights)
        allowed = self._shard.allowed(filters)
        if self._required is not None:
            allowed &= self._shard.having(self._required)
        kinds = None
        if filters.kinds:
            kinds = np.isin(generation.chunk_kinds, [int(kind) for kind in filters.kinds])
            has = np.zeros(generation.files, dtype=bool)
            has[generation.chunk_file[kinds]] = True
            allowed &= has
        self._allowed, self._kinds = allowed, kinds
        by_text = by_body = by_near = FileScores.none()
        if self._mode is not Mode.DENSE and self._required is None:
            best = text.best(generation, weights.k1, kinds)
            by_text = best_files(best, allowed, weights.candidates, generation)
            by_body = best_files(body.file, allowed, weights.body_candidates, generation)
        nearness = near() if near is not None else None
        self._parts = Parts(list(self._found.terms), text, body, nearness, vector, symbols)
        if nearness is not None and self._required is None:
            floor, wanted = weights.near_cosine, weights.candidates
            by_near = nearest_files(nearness, allowed, wanted, generation, floor=floor, kinds=kinds)
        return Shortlists(by_text, by_body, by_near)

    def choose(self, files: Sequence[Ids]) -> int:
        """Score every chunk of the files chosen, and of those that define a name; gives how many chunks.

        What has none has no further part.
        """
        generation, kinds = self._generation, self._kinds
        if self._required is not None:
            chosen = np.flatnonzero(self._allowed)
        else:
            named = np.array(sorted(self._parts.symbols), dtype=np.int64)
            named = named[self._allowed[named]] if self._mode is not Mode.DENSE else named[:0]
            chosen = distinct(np.concatenate((*files, named)))
        starts = generation.file_starts
        sizes = starts[chosen + 1] - starts[chosen]
        chunks, owners = ranges(starts[chosen], sizes), np.arange(len(chosen)).repeat(sizes)
        if kinds is not None:
            chunks, owners = chunks[kinds[chunks]], owners[kinds[chunks]]
            sizes = np.bincount(owners, minlength=len(chosen))
        self._candidates = Candidates(chosen, chunks, owners, sizes.cumsum() - sizes, sizes)
        if len(chunks):
            self._score()
        return len(chunks)

    def _score(self) -> None:
        parts, found, weights = self._parts, self._candidates, self._weights
        with self._corpus.chosen(found.files, found.chunks, found.starts, found.sizes) as chosen:
            self._lexical = self._corpus.exact_lexical(parts.text, chosen)
            self._code = self._corpus.body_scores(parts.body, chosen)
        self._near: Floats | None = None
        if parts.near is not None and parts.vector is not None:
            self._near = parts.near.at(found.chunks)
        self._exact: Floats | None = None
        self._spans = np.zeros(len(found.chunks))
        if self._mode is not Mode.DENSE:
            self._spans = self._lexical + weights.span_body * self._code.scores
        if self._near is not None:
            self._spans = self._spans + weights.span_dense * self._near

    def worth_reading(self) -> list[Placed]:
        """The chunks that are best read for the query's words in their order."""
        if self._texts is None or self._mode is Mode.DENSE or not verbatim.runs(self._query.text):
            return []
        worth = verbatim.worth(self._parts, self._candidates, self._code, self._corpus)
        return best_places(self._candidates, worth, self._weights.verbatim_chunks, self._generation)

    def read(self, places: Sequence[int]) -> None:
        """Look for the query's words in the chunks at some places."""
        if self._texts is None or not places:
            return
        self._exact = verbatim.gains(self._query.text, places, self._candidates, self._corpus, self._texts)
        if self._exact is not None:
            self._spans = self._spans + self._exact

    def total(self, limit: int) -> list[float]:
        """Add up the signals; gives the best ``limit`` scores."""
        found = self._candidates
        self._signals = self._all_signals()
        if self._exact is not None:
            self._signals.append(Signal("exact words", np.maximum.reduceat(self._exact, found.starts)))
        self._scores = rank.total(self._signals, len(found.files))
        best: list[float] = np.sort(self._scores)[-limit:].tolist()
        return best

    def shown_best(self) -> list[tuple[Placed, npt.NDArray[np.int8]]]:
        """The best chunks, with their vectors, for feedback; none when nearness does not count."""
        if self._near is None:
            return []
        found, weights = self._candidates, self._weights
        whole = self._spans + weights.chunk_file_share * self._scores[found.owners]
        best = best_places(found, whole, weights.feedback_chunks, self._generation)
        return [(placed, self._generation.vector(int(found.chunks[placed.place]))) for placed in best]

    def feed_back(self, vector: Vector, least: float, limit: int) -> None:
        """Add how near each file comes to ``vector``; one that cannot come among the first gets nothing.

        Args:
            vector: What the first chunks of all shards show.
            least: The ``limit``-th best score of all shards; no file falls by this.
            limit: How many files are shown.
        """
        scores, weight = self._scores, self._weights.feedback
        values = np.zeros(len(scores))
        first = scores >= kth_largest(scores, limit)
        near = self._generation.measure(vector)
        self._come_near(near, first, values)
        if len(scores) > limit:
            # What the first have by it, others must reach.
            least = max(least, kth_largest(scores[first] + weight * values[first], limit))
        self._come_near(near, (scores >= least - weight * _MOST_COSINE) & ~first, values)
        self._signals.append(Signal("meaning of the first hits", weight * values))
        self._scores = scores + self._signals[-1].values

    def _come_near(self, cosines: Callable[[Ids], Floats], files: Mask, values: Floats) -> None:
        """Write how near some candidates come to their places."""
        if not files.any():
            return
        found = self._candidates
        near = cosines(found.chunks[files[found.owners]])
        sizes = found.sizes[files]
        values[files] = np.maximum.reduceat(np.maximum(near, 0.0), sizes.cumsum() - sizes)

    def best(self, limit: int) -> list[Placed]:
        """The best ``limit`` files, ties by path."""
        scores, path = self._scores, self._generation.path
        places = (scores >= kth_largest(scores, limit)).nonzero()[0].tolist()
        files = self._candidates.files
        best = [Placed(scores.item(place), path(files.item(place)), place) for place in places]
        best.sort(key=lambda placed: placed.order)
        return best[:limit]

    def ranked(
        self, places: Sequence[int], *, most: int | None, explained: bool, shard: int
    ) -> list[RankedFile]:
        """The files at some places, each with its ``most`` best chunks (all, when None)."""
        found = self._candidates
        why: Sequence[tuple[Reason, ...]] = [()] * len(places)
        if explained and places:
            explanation = Explanation(self._parts, found, places, self._near, self._exact, self._corpus)
            why = rank.reasons(self._signals, places, [explanation.details(place) for place in places])
        ranked = []
        definitions = [self._shown_definition(place) for place in places]
        every = self._best_chunks(places, definitions, most)
        for place, reasons, named, chunks in zip(places, why, definitions, every, strict=True):
            symbol = named.symbol if named is not None and chunks[0].chunk == named.chunk else None
            score = self._scores.item(place)
            ranked.append(RankedFile(found.files.item(place), score, reasons, chunks, symbol, shard))
        return ranked

    def _shown_definition(self, place: int) -> SymbolMatch | None:
        """The definition that is shown of a candidate: the one named, unless the query's words weigh more."""
        named = self._parts.symbols.get(self._candidates.files.item(place))
        if named is None or self._exact is None:
            return named
        begin, end = self._candidates.bounds(place)
        return None if self._exact[begin:end].max() > named.boost else named

    def _best_chunks(
        self, places: Sequence[int], definitions: Sequence[SymbolMatch | None], most: int | None
    ) -> list[tuple[RankedChunk, ...]]:
        """The chunks of some candidates, best first, but before all the one that defines what is named."""
        found, at = self._candidates, np.array(places, dtype=np.int64)
        sizes = found.sizes[at]
        inside = ranges(found.starts[at], sizes)
        ids, scores = found.chunks[inside], self._spans[inside]
        others = np.ones(len(ids), dtype=bool)
        for named in definitions:
            if named is not None:
                others[ids == named.chunk] = False
        owners = np.arange(len(at)).repeat(sizes)
        order = np.lexsort((-scores, others, owners))
        if most is not None:
            begins = sizes.cumsum() - sizes
            order = order[np.arange(len(order)) - begins.repeat(sizes) < most]
            sizes = np.minimum(sizes, most)
        chunks = map(RankedChunk, ids[order].tolist(), scores[order].tolist())
        return [tuple(islice(chunks, size)) for size in sizes.tolist()]

    def _all_signals(self) -> list[Signal]:
        """What each part of the evidence gives each candidate, but for the exact words."""
        parts, found, weights = self._parts, self._candidates, self._weights
        count, best = len(found.files), weights.best_chunks
        signals: list[Signal] = []
        if self._mode is not Mode.DENSE:
            decay = weights.lexical_decay
            words = rank.discounted(self._lexical, found.owners, count, decay=decay, best=best)
            signals.append(Signal("words", words))
            signals.append(Signal("body words", weights.body * parts.body.file[found.files]))
        if self._near is not None:
            near = np.maximum(self._near, 0.0)
            cubed = np.where(near > weights.near_cosine, near * near * near, 0.0)
            top = np.maximum.reduceat(near, found.starts)
            several = rank.discounted(cubed, found.owners, count, decay=weights.dense_decay, best=best)
            signals.append(Signal("meaning", weights.context * top))
            signals.append(Signal("meaning, several places", weights.context_sum * several))
        if self._mode is not Mode.DENSE:
            files = found.files.tolist()
            boosts = np.zeros(count)
            if parts.symbols:
                boosts[:] = [parts.symbols[file].boost if file in parts.symbols else 0.0 for file in files]
            signals.append(Signal("definition", boosts))
            known = self._shard.paths
            paths = [known.get(file) or self._shard.path_words(file) for file in files]
            sizes = self._generation.file_sizes[found.files].tolist()
            signals.extend(rank.path_signals(paths, sizes, parts.terms, weights))
            signals.append(rank.size_signal(sizes, weights))
        return signals

    _parts: Parts
    _candidates: Candidates
    _allowed: Mask
    _kinds: Mask | None
    _lexical: Floats
    _code: BodyScores
    _spans: Floats
    _signals: list[Signal]
    _scores: Floats
