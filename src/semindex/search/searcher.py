"""A query to ranked files and chunks of one generation.

Two steps: the best files by lexical, dense and body score over everything, and the definitions of the
names in the query; then every chunk of those candidates is scored exactly, with neighbouring words,
and the candidates are ordered by the sum of all signals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.embed.registry import open_words
from semindex.search import rank, verbatim
from semindex.search.candidates import Candidates, Parts, Texts, best_places
from semindex.search.explain import Explanation
from semindex.search.paths import PathWords, path_words
from semindex.search.query import path_filter
from semindex.search.rank import Signal
from semindex.search.retrieve import BodyScores, Corpus, Near, TextMatches
from semindex.search.shortlist import best_files, nearest_files
from semindex.search.sums import distinct, kth_largest, ranges
from semindex.search.symbols import SymbolMatch, symbol_matches
from semindex.store.cache import RecentlyUsed
from semindex.tokens import hash_term, query_terms
from semindex.types import Embedder, Filters, Mode, Query, QueryTerm, Reason, Vector

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MAX_TERMS = 64
"""Terms of a long query that are looked up: the rarest."""
REMEMBERED_SECONDS = 3600
"""After which a query's vector is computed again, so that a process that stays gives memory back."""
_MOST_COSINE = 1.1
"""No cosine of vectors rounded to whole numbers is more."""
MAX_PATHS = 65536
"""Files whose paths' words are remembered: some 50 MB at most."""


class RankedChunk(Struct, frozen=True):
    """A chunk of a ranked file and its own score."""

    chunk: int
    score: float


class RankedFile(Struct, frozen=True):
    """A file, its score, why, and its chunks, best first."""

    file: int
    score: float
    reasons: tuple[Reason, ...]
    chunks: tuple[RankedChunk, ...]
    symbol: int | None = None
    """The definition that the query names, where the file has it."""


class Ranking(Struct, frozen=True):
    """The answer in ids, best first."""

    files: tuple[RankedFile, ...]
    terms: tuple[QueryTerm, ...]
    notes: tuple[str, ...] = ()


class _Second(Struct, frozen=True):
    """What the second step finds of every candidate chunk."""

    lexical: Floats
    code: BodyScores
    exact: Floats | None
    """What the query's words in their order are worth; None when no chunk has them."""
    near: Floats | None
    """Cosines; None when nearness does not count."""


class Searcher:
    """Answers from one generation. Threads may share it."""

    def __init__(self, corpus: Corpus, embedder: Embedder, *, remembered: int = 0) -> None:
        """Prepare; with ``remembered`` so many queries' vectors are kept, as long as this generation is."""
        self.corpus = corpus
        self.generation = corpus.generation
        self.embedder = embedder
        self.words = open_words()
        """Which words are alike, whatever embeds the chunks."""
        self._paths: dict[int, PathWords] = {}
        self._asked: RecentlyUsed[tuple[object, ...], Vector] = RecentlyUsed(
            remembered, seconds=REMEMBERED_SECONDS
        )

    def search(
        self,
        query: Query,
        *,
        limit: int,
        spans: int | None = None,
        mode: Mode = Mode.HYBRID,
        required: Sequence[str] | None = None,
        texts: Texts | None = None,
        explained: bool = True,
    ) -> Ranking:
        """The best ``limit`` files, each with its best ``spans`` chunks (all, when None).

        With ``required`` terms every file that has all of them in its text is ranked, and no other.
        With ``texts`` the best chunks are read for the query's words in their order. Reasons are given
        when it is to be ``explained``.
        """
        if not self.generation.live_files:
            return Ranking((), ())
        terms, notes = self._terms(query.text)
        allowed = self._allowed(query.filters)
        if required is not None:
            allowed &= self._having(required)
        matches, body = self.corpus.matches(terms)
        vector = self._vector(query.text, terms, matches) if mode is not Mode.LEXICAL else None
        near = self.generation.nearest(vector) if vector is not None else None
        symbols = symbol_matches(self.generation, query.text, self.corpus.weights)
        parts = Parts(terms, matches, body, near, vector, symbols)
        every = np.flatnonzero(allowed) if required is not None else None
        candidates = self._candidates(parts, allowed, query.filters, mode, every)
        if not len(candidates.chunks):
            return Ranking((), tuple(terms), notes)
        lexical, code = self._exact(parts, candidates)
        exact = None
        if texts is not None and mode is not Mode.DENSE:
            exact = verbatim.gains(query.text, parts, candidates, code, self.corpus, texts)
        second = _Second(lexical, code, exact, self._cosines(parts, candidates))
        files = self._ranked(parts, candidates, second, mode, limit, spans, explained)
        return Ranking(files, tuple(terms), notes)

    def _terms(self, text: str) -> tuple[list[QueryTerm], tuple[str, ...]]:
        terms = query_terms(text)
        if len(terms) <= MAX_TERMS:
            return terms, ()
        found = self.corpus.text_matches([QueryTerm(t.term, 1.0, t.source) for t in terms])
        occurring = [number for number in range(len(terms)) if found.occurs(number)]
        occurring.sort(key=lambda number: (-found.idf[number], found.terms[number].term))
        kept = {found.terms[number].term for number in occurring[:MAX_TERMS]}
        note = f"long query: its {len(kept)} rarest of {len(terms)} terms were used"
        return [term for term in terms if term.term in kept], (note,)

    def _vector(self, text: str, terms: Sequence[QueryTerm], matches: TextMatches) -> Vector:
        known = {term.term: idf for term, idf in zip(matches.terms, matches.idf, strict=True)}
        unknown = self.corpus.chunk_idf(0)
        occurring = {term.term for number, term in enumerate(matches.terms) if matches.occurs(number)}
        meant = [t for t in terms if t.term in known and (t.term in occurring or self._has_meaning(t.term))]
        # A query of words that mean nothing here has no text either: nothing found is an answer.
        text = text if meant else ""
        vector = self._asked.get((text, *meant))
        if vector is None:
            vector = self.embedder.embed_query(meant, idf=lambda term: known.get(term, unknown), text=text)
            self._asked.put((text, *meant), vector)
        return vector

    def _cosines(self, parts: Parts, found: Candidates) -> Floats | None:
        """How near each candidate chunk is to the query."""
        if parts.near is None or parts.vector is None:
            return None
        if parts.near.rows is None:
            return parts.near.at(found.chunks)
        return self.generation.cosines(parts.vector, found.chunks)

    def _has_meaning(self, term: str) -> bool:
        """Whether a term without lexical matches can be near to anything but by chance."""
        key = hash_term(term)
        if self.words.knows(key):
            return True
        (found,) = self.generation.occurrences("body", np.array([key], dtype=np.uint64))
        return len(found.ids) > 0

    def _allowed(self, filters: Filters) -> Mask:
        """The live files that pass the filters, shape ``(files,)``."""
        generation = self.generation
        allowed = generation.file_live.copy()
        if filters.languages:
            names, numbers = generation.languages
            wanted = [number for number, name in enumerate(names) if name in filters.languages]
            allowed &= np.isin(numbers, wanted)
        passes = path_filter(filters)
        if passes is not None:
            for file in np.flatnonzero(allowed).tolist():
                allowed[file] = passes(generation.path(file))
        return allowed

    def _having(self, required: Sequence[str]) -> Mask:
        """The files whose code or comments have every one of some terms, shape ``(files,)``."""
        generation = self.generation
        mask = np.ones(generation.files, dtype=bool)
        keys = np.array([hash_term(term) for term in required], dtype=np.uint64)
        found = [generation.occurrences(field, keys) for field in ("body", "comment")]
        for places in zip(*found, strict=True):
            has = np.zeros(generation.files, dtype=bool)
            for place in places:
                has[generation.chunk_file[place.ids]] = True
            mask &= has
        return mask

    def _candidates(
        self, parts: Parts, allowed: Mask, filters: Filters, mode: Mode, every: Ids | None
    ) -> Candidates:
        generation, weights = self.generation, self.corpus.weights
        kinds = (
            np.isin(generation.chunk_kinds, [int(kind) for kind in filters.kinds]) if filters.kinds else None
        )
        if kinds is not None:
            has = np.zeros(generation.files, dtype=bool)
            has[generation.chunk_file[kinds]] = True
            allowed = allowed & has
        found: list[Ids] = []
        if mode is not Mode.DENSE:
            best = self.corpus.best_by_text(parts.text, kinds)
            found.append(best_files(best, allowed, weights.candidates, generation))
            found.append(best_files(parts.body.file, allowed, weights.body_candidates, generation))
            named = np.array(sorted(parts.symbols), dtype=np.int64)
            found.append(named[allowed[named]])
        if parts.near is not None:
            floor, wanted = weights.near_cosine, weights.candidates
            found.append(nearest_files(parts.near, allowed, wanted, generation, floor=floor, kinds=kinds))
        chosen = distinct(np.concatenate(found)) if every is None else every[allowed[every]]
        starts = generation.file_starts
        sizes = starts[chosen + 1] - starts[chosen]
        chunks, owners = ranges(starts[chosen], sizes), np.repeat(np.arange(len(chosen)), sizes)
        if kinds is not None:
            chunks, owners = chunks[kinds[chunks]], owners[kinds[chunks]]
            sizes = np.bincount(owners, minlength=len(chosen))
        return Candidates(chosen, chunks, owners, sizes.cumsum() - sizes, sizes)

    def _ranked(
        self,
        parts: Parts,
        found: Candidates,
        second: _Second,
        mode: Mode,
        limit: int,
        most: int | None,
        explained: bool,
    ) -> tuple[RankedFile, ...]:
        signals = self._signals(parts, found, second, mode)
        spans = self._span_scores(parts, found, second, mode)
        exact = second.exact
        if exact is not None:
            signals.append(Signal("exact words", np.maximum.reduceat(exact, found.starts)))
            spans = spans + exact
        scores = rank.total(signals, len(found.files))
        if second.near is not None:
            signals.append(self._feedback(found, spans, scores, limit))
            scores = scores + signals[-1].values
        order = self._ordered(scores, found.files, limit)
        why: Sequence[tuple[Reason, ...]] = [()] * len(order)
        if explained:
            explanation = Explanation(parts, found, order, second.near, exact, self.corpus)
            why = rank.reasons(signals, order, [explanation.details(place) for place in order])
        ranked = []
        for place, reasons in zip(order, why, strict=True):
            file = int(found.files[place])
            named = self._shown_definition(parts, found, place, exact)
            chunks = self._chunks(place, found, spans, named, most)
            symbol = named.symbol if named is not None and chunks[0].chunk == named.chunk else None
            ranked.append(RankedFile(file, float(scores[place]), reasons, chunks, symbol))
        return tuple(ranked)

    def _shown_definition(
        self, parts: Parts, found: Candidates, place: int, exact: Floats | None
    ) -> SymbolMatch | None:
        """The definition that is shown of a candidate: the one named, unless the query's words weigh more."""
        named = parts.symbols.get(int(found.files[place]))
        if named is None or exact is None:
            return named
        begin, end = found.bounds(place)
        return None if exact[begin:end].max() > named.boost else named

    def _exact(self, parts: Parts, found: Candidates) -> tuple[Floats, BodyScores]:
        """BM25F of every candidate chunk, neighbouring words counted in, and what its code scores."""
        near = [self._near(term) for term in parts.text.terms]
        with self.corpus.chosen(found.files, found.chunks, found.starts, found.sizes) as chosen:
            return self.corpus.exact_lexical(parts.text, near, chosen), parts.body.at(chosen)

    def _near(self, term: QueryTerm) -> Near:
        """The neighbours of a term and what share of their frequency it gets."""
        if term.weight < 1.0:
            return ()
        soft = self.corpus.weights.soft
        pairs = self.words.neighbours(hash_term(term.term))
        return [(key, soft * similarity) for key, similarity in pairs]

    def _signals(self, parts: Parts, found: Candidates, second: _Second, mode: Mode) -> list[Signal]:
        weights, count = self.corpus.weights, len(found.files)
        best = weights.best_chunks
        signals: list[Signal] = []
        if mode is not Mode.DENSE:
            decay = weights.lexical_decay
            words = rank.discounted(second.lexical, found.owners, count, decay=decay, best=best)
            signals.append(Signal("words", words))
            signals.append(Signal("body words", weights.body * parts.body.file[found.files]))
        if second.near is not None:
            near = np.maximum(second.near, 0.0)
            cubed = np.where(near > weights.near_cosine, near * near * near, 0.0)
            top = np.maximum.reduceat(near, found.starts)
            several = rank.discounted(cubed, found.owners, count, decay=weights.dense_decay, best=best)
            signals.append(Signal("meaning", weights.context * top))
            signals.append(Signal("meaning, several places", weights.context_sum * several))
        if mode is not Mode.DENSE:
            files = found.files.tolist()
            boosts = np.zeros(count)
            if parts.symbols:
                boosts[:] = [parts.symbols[file].boost if file in parts.symbols else 0.0 for file in files]
            signals.append(Signal("definition", boosts))
            known = self._paths
            paths = [known.get(file) or self._path_words(file) for file in files]
            sizes = self.generation.file_sizes[found.files].tolist()
            signals.extend(rank.path_signals(paths, sizes, parts.terms, weights))
            signals.append(rank.size_signal(sizes, weights))
        return signals

    def _path_words(self, file: int) -> PathWords:
        """The words of a file's path, remembered."""
        words = path_words(self.generation.path(file), self.generation.language(file))
        if len(self._paths) >= MAX_PATHS:
            self._paths.clear()
        self._paths[file] = words
        return words

    def _feedback(self, found: Candidates, spans: Floats, scores: Floats, limit: int) -> Signal:
        """How near a file comes to what the first chunks show: pseudo-relevance feedback.

        Rocchio, "Relevance feedback in information retrieval", 1971: the best chunks stand for what was
        meant, in words of the code rather than of the query; each counts as much as it scores. Files that
        this cannot bring among the first ``limit`` are not looked at, and get nothing.
        """
        weights = self.corpus.weights
        total = np.zeros(self.embedder.dim)
        whole = spans + weights.chunk_file_share * scores[found.owners]
        for place, score in best_places(found, whole, weights.feedback_chunks, self.generation):
            total += score * self.generation.vector(int(found.chunks[place]))
        vector = (total / max(1e-9, float(np.sqrt((total * total).sum())))).astype(np.float32)
        hopeful = scores >= kth_largest(scores, limit) - weights.feedback * _MOST_COSINE
        near = self.generation.cosines(vector, found.chunks[hopeful[found.owners]])
        sizes = found.sizes[hopeful]
        values = np.zeros(len(scores))
        values[hopeful] = np.maximum.reduceat(np.maximum(near, 0.0), sizes.cumsum() - sizes)
        return Signal("meaning of the first hits", weights.feedback * values)

    def _ordered(self, scores: Floats, files: Ids, limit: int) -> list[int]:
        """The best ``limit`` places, ties by path."""
        places = np.flatnonzero(scores >= kth_largest(scores, limit)).tolist()
        places.sort(key=lambda place: (-scores[place], self.generation.path(int(files[place]))))
        return places[:limit]

    def _span_scores(self, parts: Parts, found: Candidates, second: _Second, mode: Mode) -> Floats:
        """How well each candidate chunk answers by itself."""
        weights = self.corpus.weights
        scores = np.zeros(len(found.chunks))
        if mode is not Mode.DENSE:
            scores = second.lexical + weights.span_body * second.code.scores
        if second.near is not None:
            scores = scores + weights.span_dense * second.near
        return scores

    def _chunks(
        self, place: int, found: Candidates, spans: Floats, named: SymbolMatch | None, most: int | None
    ) -> tuple[RankedChunk, ...]:
        """A candidate's chunks, best first, but first of all the one that has the definition named."""
        begin, end = found.bounds(place)
        ids, scores = found.chunks[begin:end], spans[begin:end]
        order = (-scores).argsort(kind="stable")
        if named is not None:
            first = ids[order] == named.chunk
            order = np.concatenate((order[first], order[~first]))
        order = order[:most]
        return tuple(map(RankedChunk, ids[order].tolist(), scores[order].tolist()))
