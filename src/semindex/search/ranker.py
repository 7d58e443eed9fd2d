"""A query to ranked files and chunks of one generation, which may be of several repositories.

:meth:`Ranker.rank` reads from top to bottom: the terms are *looked up*; a *shortlist* is made of the best
files by names, by code and by meaning, and of those that define a name in the query; every chunk of these is
*scored* exactly, with neighbouring words; the files are put in *order* by the sum of their signals, the
nearness to the best chunks among them; and the chunks to be *shown* are picked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from msgspec.structs import replace

from semindex.embed.static import open_words
from semindex.process.recent import RecentlyUsed
from semindex.process.threads import Beside
from semindex.search import verbatim
from semindex.search.evidence import Evidence
from semindex.search.filtering import Passing, passing, with_lines
from semindex.search.gathering import Scratch, gathered, text_frequencies
from semindex.search.holders import Holding, Lookup, Standing, Texts
from semindex.search.matched import rank_matched
from semindex.search.ordering import Ordering, RankedFile, Ranking, asks_for_settings
from semindex.search.patterns import LinesMatching, as_words, settled
from semindex.search.places import place_matches
from semindex.search.plan import Asked
from semindex.search.rare import NOTHING, Rare, rare_places
from semindex.search.scoring import (
    BodyScores,
    Signal,
    Weighed,
    best_text,
    body_scores,
    exact_text,
    fullest_chunks,
    idf,
    total,
    unknown_words,
    weighed,
)
from semindex.search.shortlist import best_files, by_file_maximum, nearest_files
from semindex.search.spans import Spans
from semindex.search.sums import distinct, ranges
from semindex.search.symbols import (
    SymbolMatch,
    closest,
    meant_chunks,
    names_in,
    setting_matches,
    symbol_matches,
)
from semindex.search.terms import Chosen, NeighbourTerms, Norms, Occurring, Source
from semindex.search.termtable import TermTable
from semindex.search.unmatched import unmatched_notes
from semindex.search.weights import WEIGHTS, Weights
from semindex.store.generation import Generation
from semindex.store.vectors import Nearness
from semindex.tokens import hash_terms, query_terms
from semindex.types import (
    Embedder,
    Filters,
    Floats,
    Ids,
    Kind,
    Mask,
    Mode,
    Query,
    QueryTerm,
    TermHashes,
    Vector,
)

MAX_TERMS = 64
"""Terms of a long query that are looked up: the rarest."""
DECODED_CHUNKS = 20_000
"""Up to so many chunks all postings are decoded once a second query comes: 20 MB at most."""
REMEMBERED_SECONDS = 3600
"""After which a query's vector is computed again, so that a process that stays gives memory back."""
REMEMBERED_BYTES = 16_000_000
"""What remembered vectors take at most."""
FILTERED_BYTES = 64_000_000
"""What remembered sets of files take at most."""
_FILTERED = 16
"""Sets of filters whose files are remembered: 1.3 MB each for a million chunks, where a kind is wanted."""
_TERM_BYTES = 300
"""What a term of a query takes in memory, with its strings."""
_SOON_DECODED = 2000
"""So many chunks are decoded in some 50 ms, which a query waits for."""


class Ranker:
    """Ranks the files and chunks of a generation. Threads may share it."""

    def __init__(
        self,
        generation: Generation,
        embedder: Embedder,
        weights: Weights = WEIGHTS,
        *,
        scopes: Sequence[Sequence[str]] = (),
        names: Sequence[Sequence[str]] = (),
        remembered: int = 0,
    ) -> None:
        """Prepare.

        Args:
            generation: What is searched.
            embedder: Embeds queries.
            weights: The constants of the ranking.
            scopes: For each repository root-relative folders; only what lies in one of them is found. An
                empty sequence limits nothing.
            names: What each repository is called, for filters by repository.
            remembered: So many queries' vectors are kept.
        """
        self.generation, self.embedder, self.weights = generation, embedder, weights
        self._scopes, self._repositories = scopes, names
        self._words = open_words()
        self._norms = Norms(generation, weights)
        self._scratch = Scratch(generation.chunks)
        self._ordering = Ordering(generation, weights)
        self._spans = Spans(generation, weights)
        self._table: TermTable | None = None
        self._decoding: Beside[TermTable] | None = None
        self._queries = 0
        self._vectors: RecentlyUsed[tuple[object, ...], Vector] = RecentlyUsed(
            remembered,
            most_bytes=REMEMBERED_BYTES,
            size_of=_vector_bytes,
            seconds=REMEMBERED_SECONDS,
        )
        self._filtered: RecentlyUsed[Filters, Passing] = RecentlyUsed(
            _FILTERED, most_bytes=FILTERED_BYTES, size_of=_passing_bytes
        )
        self._chunk_texts = verbatim.ChunkTexts()

    def rank(
        self,
        query: Query,
        *,
        limit: int,
        spans: int | None = None,
        span_share: float = 0.0,
        mode: Mode = Mode.HYBRID,
        required: Sequence[str] | None = None,
        texts: Texts | None = None,
        holding: Holding | None = None,
        lines_matching: LinesMatching | None = None,
    ) -> Ranking:
        """The best ``limit`` files, each with its best ``spans`` chunks (all, when None).

        A chunk that scores less than ``span_share`` of the best one of its file is left out. With
        ``required`` terms every file that has all of them in its text is ranked, and no other. With ``texts``
        the best chunks are read for the query's words in their order, and the few files that may hold a
        rare word; ``holding`` tells more of such files. The chunks that the patterns of the query match are
        told by ``lines_matching``; without it patterns are words.
        """
        generation = self.generation
        if not generation.live_files:
            return Ranking((), ())
        if query.patterns:
            query = settled(query, generation) if lines_matching else as_words(query, query.patterns)
        passing = self._passing(query.filters, required)
        if query.patterns and lines_matching is not None:
            passing, lines = with_lines(generation, passing, query.patterns, lines_matching)
            if not query.text:
                return rank_matched(generation, self._ordering, passing, lines, limit=limit, spans=spans)
        find = partial(self._rank, limit=limit, spans=spans, span_share=span_share, mode=mode)
        return find(query, passing, required=required is not None, texts=texts, holding=holding)

    def _rank(
        self,
        query: Query,
        passing: Passing,
        *,
        limit: int,
        spans: int | None,
        span_share: float,
        mode: Mode,
        required: bool,
        texts: Texts | None,
        holding: Holding | None,
    ) -> Ranking:
        """As :meth:`rank`, of what passes; all of that is ranked if it is ``required``."""
        generation, weights = self.generation, self.weights
        # Look up.
        terms, hashes, notes = self._terms(query.text)
        told = tuple([term.term for term in terms])
        found, source = self._look_up(terms, hashes)
        vector = self._vector(query.text, terms, hashes, found) if mode is not Mode.LEXICAL else None
        notes = notes or unmatched_notes(query.text, terms, found, vector if mode is Mode.DENSE else None)
        matches = weighed(terms, found, source, generation)
        symbols = symbol_matches(generation, names_in(query.text), weights, query.filters.kinds)
        asks_settings = asks_for_settings(terms)
        if asks_settings:
            symbols = setting_matches(generation, query.text, weights, query.filters.kinds) | symbols
        places, misplaced = place_matches(generation, query, weights)
        is_name, readable = query.kind == Asked.NAME.value, texts is not None and mode is not Mode.DENSE
        asked = None if is_name or not readable else self._wanted(query, terms, matches)
        notes += misplaced + passing.notes
        standing = Standing(generation, terms, found)
        lookup = (
            Lookup(generation, passing, texts, standing, holding) if texts is not None and readable else None
        )
        rare = self._rare(query, terms, lookup, symbols)
        # Shortlist.
        products = generation.begin_nearest(vector) if vector is not None else None
        lists = [np.array(list(places), dtype=np.int64)]
        if not required and mode is not Mode.DENSE:
            lists += self._best_by_words(matches, passing, symbols, by_fullness=asked is not None)
        lists.append(rare.files(generation))
        nearness = products() if products is not None else None
        if not required and nearness is not None:
            lists.append(self._nearest(nearness, passing))
        files = distinct(np.concatenate(lists)) if not required else passing.files.nonzero()[0]
        # Score.
        chosen = self._choose(files[passing.files[files]], passing.chunks)
        if not len(chosen.chunks):
            return Ranking((), told, notes)
        try:
            text = exact_text(matches, chosen, weights.k1)
            code = body_scores(matches, chosen, self._norms.body, weights.body_k1)
        finally:
            self._scratch.position[chosen.chunks] = -1
        cosines = nearness.at(chosen.chunks) if nearness is not None else None
        fits: dict[int, verbatim.Fit] = {}
        if texts is not None and asked is not None:
            fits = self._fits(asked, matches, chosen, code, texts)
        exact = self._exact_words(fits, rare, chosen.chunks) if fits or rare.gains else None
        span_scores = self._spans.scores(mode, told, chosen.chunks, text, code, cosines, exact)
        # Order.
        signals = self._ordering.signals(mode, terms, matches, chosen, text, cosines, symbols)
        if exact is not None:
            signals.append(Signal("exact words", np.maximum.reduceat(exact, chosen.starts)))
        if places:
            signals.append(self._ordering.named_places(chosen, places))
        scores = total(signals, len(chosen.files))
        if asks_settings:
            signals.append(self._ordering.configuration(chosen, scores))
            scores = scores + signals[-1].values
        if cosines is not None:
            signals.append(self._feedback(chosen, scores, span_scores, limit))
            scores = scores + signals[-1].values
        best = self._ordering.best_places(scores, chosen.files, limit)
        if not required and mode is Mode.HYBRID:
            unknown, by_meaning = unknown_words(terms, found), not any(term.script for term in terms)
            best, weak = self._ordering.strong(best, signals, unknown, by_meaning=by_meaning)
            notes += weak
        # Show.
        evidence = Evidence(
            matches, chosen, signals, cosines, fits, rare.told, symbols, places, best, generation
        )
        first = self._ordering.firsts(is_name, chosen, symbols, places, exact)
        named = partial(self._spans.with_names, told)
        ranked = self._ordering.ranked(best, scores, chosen, span_scores, named, first, spans, span_share)
        ranked = tuple([self._of_kinds(found, query.filters.kinds, told) for found in ranked])
        return Ranking(ranked, told, notes, evidence)

    def _wanted(self, query: Query, terms: Sequence[QueryTerm], matches: Weighed) -> verbatim.Wanted | None:
        """The words of a query that pasted text is found by; None if there are too few."""
        worth = zip(terms, matches.body_worth.tolist(), strict=True)
        return verbatim.wanted(query.text, {term.term: each for term, each in worth if each}, query.phrases)

    def _feedback(self, chosen: Chosen, scores: Floats, span_scores: Floats, limit: int) -> Signal:
        """The nearness of files to the best chunks of all."""
        by_file = self.weights.feedback_file_share * scores[chosen.owners]
        shown = self._ordering.shown_vector(chosen, span_scores + by_file, self.embedder.dim)
        return self._ordering.feedback(shown, chosen, scores, limit)

    def _of_kinds(self, found: RankedFile, kinds: Sequence[Kind], terms: Sequence[str]) -> RankedFile:
        """The file with a definition of the wanted kinds as what is shown first, if one begins there.

        Nothing changes without wanted kinds.
        """
        if not kinds or found.symbol is not None:
            return found
        return replace(found, symbol=closest(self.generation, found.chunks[0], frozenset(terms), kinds))

    def _best_by_words(
        self, matches: Weighed, passing: Passing, symbols: Mapping[int, SymbolMatch], *, by_fullness: bool
    ) -> Iterator[Ids]:
        """The files that are best by names, by code, that define a name, and whose chunks have most words."""
        generation, weights = self.generation, self.weights
        allowed, kinds = passing.files, passing.chunks
        yield best_files(best_text(matches, generation, kinds), allowed, weights.candidates, generation)
        yield best_files(matches.file_body, allowed, weights.body_candidates, generation)
        yield np.array(list(symbols), dtype=np.int64)
        if by_fullness:
            worth = fullest_chunks(matches, generation)
            worth[worth < weights.verbatim_terms * matches.body_worth.sum()] = 0.0
            if kinds is not None:
                worth[~kinds] = 0.0
            by_file = by_file_maximum(worth, generation)
            yield best_files(by_file, allowed, weights.verbatim_chunks, generation)

    def _nearest(self, nearness: Nearness, passing: Passing) -> Ids:
        floor, most = self.weights.near_cosine, self.weights.candidates
        return nearest_files(
            nearness, passing.files, most, self.generation, floor=floor, kinds=passing.chunks
        )

    def _terms(self, text: str) -> tuple[list[QueryTerm], TermHashes, tuple[str, ...]]:
        """The terms of a query, the hash of each, and notes; of a long query its rarest terms."""
        terms = query_terms(text)
        hashes = hash_terms([term.term for term in terms])
        if len(terms) <= MAX_TERMS:
            return terms, hashes, ()
        frequencies = text_frequencies(self.generation, self._norms, self._scratch, hashes)
        # The rarest have the highest idf, whatever that is.
        occurring = sorted((df, term.term) for df, term in zip(frequencies, terms, strict=True) if df)
        rarest = {term for _, term in occurring[:MAX_TERMS]}
        note = f"long query: its {len(rarest)} rarest of {len(terms)} terms were used"
        kept = [number for number, term in enumerate(terms) if term.term in rarest]
        return [terms[number] for number in kept], hashes[kept], (note,)

    def _look_up(self, terms: Sequence[QueryTerm], hashes: TermHashes) -> tuple[Occurring, Source]:
        """Where the terms occur, and what finds them and their neighbours among chosen chunks."""
        near = self._neighbours(terms, hashes)
        table = self._decoded()
        if table is not None:
            return table.look_up(hashes, near)
        return gathered(self.generation, self._norms, self._scratch, hashes, near)

    def _neighbours(self, terms: Sequence[QueryTerm], hashes: TermHashes) -> NeighbourTerms:
        """The neighbours of terms and what share of their frequency counts; only whole words have any."""
        whole = [number for number, term in enumerate(terms) if term.weight >= 1.0]
        found = self._words.neighbours(hashes[whole])
        runs = [0] * len(terms)
        for number, count in zip(whole, found.counts.tolist(), strict=True):
            runs[number] = count
        return NeighbourTerms(found.hashes, self.weights.soft * found.cosines, runs)

    def _decoded(self) -> TermTable | None:
        """All postings, decoded, from about the second query on; None in a large index."""
        if self._table is not None or self.generation.chunks > DECODED_CHUNKS:
            return self._table
        self._queries += 1
        if self._queries < 2:
            # A process that asks once has no use for it.
            return None
        if self._decoding is None:
            self._decoding = Beside([lambda: TermTable(self.generation, self._norms)], threads=1)
        if self.generation.chunks <= _SOON_DECODED or self._decoding.ended:
            (self._table,) = self._decoding.results()
        return self._table

    def _vector(self, text: str, terms: Sequence[QueryTerm], hashes: TermHashes, found: Occurring) -> Vector:
        """The query's vector, shape ``(dim,)``; zero when no word means anything here or to the model."""
        total, rows = self.generation.live_chunks, zip(terms, found.text_df, found.body_df, strict=True)
        known: dict[str, float] = {}
        meant: list[QueryTerm] = []
        for number, (term, chunks, bodies) in enumerate(rows):
            if not chunks and term.weight < 1.0:
                continue
            known[term.term] = idf(total, chunks)
            knows = self._words.knows(hashes.item(number))
            # The bundled model has no vectors of words in other scripts, only random ones.
            if knows or ((chunks or bodies) and (self.embedder.reads_text or not term.script)):
                meant.append(term)
        # A query of words that mean nothing here has no text either: nothing found is an answer.
        text = text if meant else ""
        vector = self._vectors.get((text, *meant))
        if vector is None:
            unknown = idf(total, 0)
            vector = self.embedder.embed_query(meant, idf=lambda term: known.get(term, unknown), text=text)
            self._vectors.put((text, *meant), vector)
        return vector

    def _passing(self, filters: Filters, required: Sequence[str] | None) -> Passing:
        """What passes the filters, of its files those that have all required terms."""
        found = self._filtered.get(filters)
        if found is None:
            found = passing(self.generation, filters, self._scopes, self._repositories)
            self._filtered.put(filters, found)
        return found if required is None else found._replace(files=found.files & self._having(required))

    def _having(self, required: Sequence[str]) -> Mask:
        """The files whose code or comments have every one of some terms, shape ``(files,)``."""
        generation = self.generation
        mask = np.ones(generation.files, dtype=bool)
        keys = hash_terms(required)
        fields = ("body", "comment")
        for block, found in generation.gathered(fields, keys, [[1] * len(keys)]):
            live = [generation.live(field, each) for field, each in zip(fields, found, strict=True)]
            numbers = np.concatenate([each.numbers for each in live])
            files = generation.chunk_file[np.concatenate([each.rows for each in live])]
            for number in range(block.stop - block.start):
                has = np.zeros(generation.files, dtype=bool)
                has[files[numbers == number]] = True
                mask &= has
        return mask

    def _choose(self, files: Ids, kinds: Mask | None) -> Chosen:
        """All chunks of some files (of wanted kinds), marked in this thread's scratch array."""
        starts = self.generation.file_starts
        sizes = starts[files + 1] - starts[files]
        chunks, owners = ranges(starts[files], sizes), np.arange(len(files)).repeat(sizes)
        if kinds is not None:
            chunks, owners = chunks[kinds[chunks]], owners[kinds[chunks]]
            sizes = np.bincount(owners, minlength=len(files))
        file_place = np.full(self.generation.files, -1, dtype=np.int64)
        file_place[files] = np.arange(len(files))
        chunk_place = self._scratch.position
        chunk_place[chunks] = np.arange(len(chunks))
        return Chosen(files, chunks, owners, sizes.cumsum() - sizes, sizes, file_place, chunk_place)

    def _fits(
        self, asked: verbatim.Wanted, matches: Weighed, chosen: Chosen, code: BodyScores, texts: Texts
    ) -> dict[int, verbatim.Fit]:
        """How the chunks compare that have most of a query's words, by their place in ``chosen``."""
        kinds = self.generation.chunk_kinds[chosen.chunks]
        most = float(matches.body_worth.sum()) - asked.classes
        pays = verbatim.worth_reading(code, most, kinds, self.weights)
        found: dict[int, verbatim.Fit] = {}
        for place in self._ordering.best_chunks(chosen, pays, self.weights.verbatim_chunks):
            file, chunk = chosen.files.item(chosen.owners.item(place)), chosen.chunks.item(place)
            read = texts.text(file)
            if read is not None:
                begin, end = self.generation.byte_range(chunk)
                fit = verbatim.fit(asked, self._chunk_texts.of(chunk, read, begin, end))
                if fit.whole and verbatim.stands_in(asked, read[begin:end]):
                    fit = replace(fit, exact=True)
                if fit.share > 0.0:
                    found[place] = fit
        return found

    def _rare(
        self,
        query: Query,
        terms: Sequence[QueryTerm],
        lookup: Lookup | None,
        symbols: Mapping[int, SymbolMatch],
    ) -> Rare:
        """What chunks gain that hold what few files hold; a definition that is meant gains as much."""
        if lookup is None or query.kind == Asked.TRACE.value:
            return NOTHING
        rare = rare_places(query.text, terms, lookup, self.generation, self.weights)
        return rare.with_definitions(meant_chunks(self.generation, names_in(query.text), symbols))

    def _exact_words(self, fits: Mapping[int, verbatim.Fit], rare: Rare, chunks: Ids) -> Floats:
        """What some chunks gain by the query's words in their order, and by holding rare ones."""
        values = np.zeros(len(chunks))
        rarest = idf(self.generation.live_chunks, 1)
        for place, fit in fits.items():
            values[place] = verbatim.gain(fit, rarest, self.weights)
        for place, gain in rare.values(chunks):
            values[place] = max(values[place], gain)
        return values


def _vector_bytes(key: tuple[object, ...], vector: Vector) -> int:
    """About what the vector of a query takes in memory, with the text and the terms that it is known by."""
    text, *terms = key
    assert isinstance(text, str)
    return 4 * len(text) + _TERM_BYTES * len(terms) + vector.nbytes


def _passing_bytes(filters: Filters, found: Passing) -> int:
    patterns = (*filters.paths, *filters.excluded_paths)
    masks = found.files.nbytes + (found.chunks.nbytes if found.chunks is not None else 0)
    return masks + sum(4 * len(pattern) for pattern in patterns)
