"""Terms to scores over a whole generation: BM25F, body BM25, cosines; and the candidates of each.

BM25F: Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields", CIKM 2004.
All sums run in a fixed order over whole-number statistics of live chunks, so that the same live
content gives the same floats however it is laid out in segments. What a query's words do not occur in is
not touched: nothing here takes longer for chunks that have none of them, but for the products of vectors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import accumulate

import numpy as np
from msgspec import structs

from semindex.process.threads import Beside, spare_threads
from semindex.search.lookup import BodyLookup, Norms, Scratch, TextLookup
from semindex.search.matches import (
    BodyMatches,
    BodyScores,
    Chosen,
    Found,
    FoundNear,
    Frequencies,
    Near,
    TextMatches,
    Totals,
    saturated,
)
from semindex.search.sums import ranges, sums
from semindex.search.weights import WEIGHTS, Weights
from semindex.store.gather import TermBlocks
from semindex.store.generation import Generation
from semindex.store.schema import FIELDS_BY_FILE, RANKED_FILE_FIELDS
from semindex.tokens import hash_terms
from semindex.types import Floats, Ids, QueryTerm

CHUNK_TEXT_FIELDS = ("comment", "name", "parent")
TEXT_FIELDS = (*CHUNK_TEXT_FIELDS, *RANKED_FILE_FIELDS)
THREADED_CHUNKS = 200_000
"""From here on another thread looks code up: some milliseconds."""
_CELLS = 4_000_000
"""Frequencies (term by chunk) that are held at once: 32 MB an array."""


class Corpus:
    """A generation with its length norms; made once a generation, shared by threads."""

    def __init__(
        self, generation: Generation, weights: Weights = WEIGHTS, totals: Totals | None = None
    ) -> None:
        """``totals`` are those of all indexes that answer together; None stands for this one's own."""
        self.generation = generation
        self.weights = weights
        self.totals = totals if totals is not None else Totals.of(generation)
        lengths, average = generation.lengths, self.totals.average
        self._norms = [
            Norms(lengths[field], average(field), b, weight)
            for field in TEXT_FIELDS
            for weight, b in (weights.fields[field],)
        ]
        self._body_norms = Norms(lengths["body"], average("body"), weights.body_b)
        self._scratch = Scratch(generation.chunks)
        bodies = lengths["body"].astype(np.int64)
        by_file = np.add.reduceat(bodies, generation.file_starts[:-1]) if generation.files else bodies
        share = by_file / self.totals.file_average
        self._file_body_norm = 1.0 - weights.file_body_b + weights.file_body_b * share

    def chunk_idf(self, frequency: int) -> float:
        """ln(1 + (n - df + 0.5) / (df + 0.5)) over live chunks; never negative."""
        total = self.totals.chunks
        return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))

    def file_idf(self, frequency: int) -> float:
        """The same over live files."""
        total = self.totals.files
        return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))

    def look_up(self, terms: Sequence[QueryTerm], near: Near) -> Found:
        """Where the terms stand in names, comments and paths, and where in code.

        With them their neighbours are looked for, since asking once takes less; these are decoded here
        only so far as they stand in a block with terms.
        """
        text, body = self._text_lookup(), self._body_lookup()
        if self.generation.chunks < THREADED_CHUNKS:
            rest = _look_up(self.generation, terms, (*TEXT_FIELDS, "body"), near, text=text, body=body)
        else:
            code = partial(_look_up, self.generation, terms, ("body",), Near.none(len(terms)), body=body)
            begun = Beside([code], threads=min(1, spare_threads()))
            rest = _look_up(self.generation, terms, TEXT_FIELDS, near, text=text)
            begun.results()
        frequencies = Frequencies(tuple(text.chunks), tuple(body.chunks), tuple(body.files))
        found_near = FoundNear(near.shares, near.runs, len(terms), rest)
        return Found(tuple(terms), frequencies, text.found(), body.found(), found_near)

    def text_frequencies(self, terms: Sequence[QueryTerm]) -> tuple[int, ...]:
        """In how many chunks each of many terms stands, by name, comment or path."""
        text = self._text_lookup()
        _look_up(self.generation, terms, TEXT_FIELDS, Near.none(len(terms)), text=text)
        return tuple(text.chunks)

    def _text_lookup(self) -> TextLookup:
        return TextLookup(self.generation, self._norms, self._scratch)

    def _body_lookup(self) -> BodyLookup:
        return BodyLookup(self.generation, self._file_body_norm, self.weights.file_body_k1)

    def matches(self, found: Found, everywhere: Frequencies) -> tuple[TextMatches, BodyMatches]:
        """What was found, weighed by how rare the terms are in all indexes together."""
        terms, text = found.terms, found.text
        kept = [n for n, term in enumerate(terms) if everywhere.text[n] or term.weight >= 1.0]
        sizes = [text.sizes[number] for number in kept]
        if len(kept) < len(terms):
            # What is left out has no matches, so only the numbers change.
            numbers = np.zeros(len(terms), dtype=np.int64)
            numbers[kept] = np.arange(len(kept))
            text = structs.replace(text, sizes=tuple(sizes), file_numbers=numbers[text.file_numbers])
        weighed = TextMatches(
            terms=tuple(terms[number] for number in kept),
            idf=tuple(self.chunk_idf(everywhere.text[number]) for number in kept),
            cuts=tuple(accumulate(sizes, initial=0)),
            found=text,
            near=structs.replace(found.near, runs=[found.near.runs[number] for number in kept]),
        )
        return weighed, self._bodies(found, everywhere)

    def _bodies(self, found: Found, everywhere: Frequencies) -> BodyMatches:
        weights = [term.weight for term in found.terms]
        idf = [self.chunk_idf(n) * weight for n, weight in zip(everywhere.body, weights, strict=True)]
        file_idf = [self.file_idf(n) * weight for n, weight in zip(everywhere.files, weights, strict=True)]
        counts = [bool(n) or weight >= 1.0 for n, weight in zip(everywhere.files, weights, strict=True)]
        file, body = np.zeros(self.generation.files), found.body
        np.add.at(file, body.file_ids, body.file_values * np.array(file_idf)[body.file_numbers])
        return BodyMatches(
            found=body,
            idf=np.array(idf),
            plain=np.array([not term.is_compound for term in found.terms], dtype=bool),
            idf_sum=max(_added(idf, counts), 1e-9),
            file=file / max(_added(file_idf, counts), 1e-9),
        )

    @contextmanager
    def chosen(self, files: Ids, chunks: Ids, starts: Ids, sizes: Ids) -> Iterator[Chosen]:
        """Some chunks of each file, from ``starts`` on, laid out to be scored; one at a time a thread."""
        place = np.full(self.generation.files, -1, dtype=np.int64)
        place[files] = np.arange(len(files))
        position = self._scratch.position
        try:
            position[chunks] = np.arange(len(chunks))
            yield Chosen(chunks, starts, sizes, place, position)
        finally:
            position[chunks] = -1

    def body_scores(self, body: BodyMatches, chosen: Chosen) -> BodyScores:
        """BM25 of some chunks' code over the query's sum of idf."""
        found, width = body.found, len(chosen.chunks)
        places = chosen.position[found.ids]
        (inside,) = (places >= 0).nonzero()
        places, rows = places[inside], found.ids[inside]
        lists = found.sizes.cumsum().searchsorted(inside, side="right")
        numbers = found.numbers[lists]
        frequency = self._body_norms.weighted(rows, found.counts[inside])
        values = saturated(frequency, self.weights.body_k1) * body.idf[numbers]
        return BodyScores(
            sums(places, values, width) / body.idf_sum,
            np.bincount(places[body.plain[numbers]], minlength=width),
        )

    def exact_lexical(self, text: TextMatches, chosen: Chosen) -> Floats:
        """BM25F of some chunks, neighbouring words counted in, over the query's sum of idf.

        Takes the neighbours of ``text``, so once only.

        Returns:
            Shape ``(len(chosen.chunks),)``.
        """
        width, worth = len(chosen.chunks), text.worth
        scores = np.zeros(width)
        own = _own_frequencies(text, chosen)
        size = max(1, _CELLS // max(1, width))
        for first in range(0, len(worth), size):
            last = min(first + size, len(worth))
            shared = self._shared_frequencies(text.near, first, last, chosen)
            for at, frequency in own:
                begin, end = at.searchsorted([first * width, last * width]).tolist()
                shared[at[begin:end] - first * width] += frequency[begin:end]
            for line, row in enumerate(saturated(shared, self.weights.k1).reshape(-1, width), first):
                scores += row * worth[line]
        return scores / text.idf_sum

    def _shared_frequencies(self, near: FoundNear, first: int, last: int, chosen: Chosen) -> Floats:
        """The tf' of some terms' neighbours times their shares, one term's chosen chunks after the other's.

        Returns:
            Shape ``((last - first) * len(chosen.chunks),)``.
        """
        width, runs = len(chosen.chunks), near.runs[first:last]
        total = np.zeros(len(runs) * width)
        lines = (np.arange(len(runs)) * width).repeat(runs)
        begin = sum(near.runs[:first])
        shares = near.shares[begin : begin + len(lines)]
        # A term's neighbours stay together, so that what they add is added in one order in any index.
        for block, fields in near.blocks.until(near.first + begin + len(lines)):
            before = block.start - near.first - begin
            places, values = [], []
            for field, norms, everywhere in zip(TEXT_FIELDS, self._norms, fields, strict=False):
                by_file = field in FIELDS_BY_FILE
                where = (chosen.place_of_file if by_file else chosen.position)[everywhere.rows]
                (kept,) = (where >= 0).nonzero()
                at = where[kept].astype(np.int64, copy=False)
                numbers = everywhere.numbers[kept] + before
                weighted = shares[numbers] * norms.weighted(everywhere.rows[kept], everywhere.counts[kept])
                line = lines[numbers]
                if by_file:
                    sizes = chosen.sizes[at]
                    places.append(ranges(line + chosen.starts[at], sizes))
                    values.append(weighted.repeat(sizes))
                else:
                    places.append(line + at)
                    values.append(weighted)
            total += sums(np.concatenate(places), np.concatenate(values), len(total))
        return total


def _look_up(
    generation: Generation,
    terms: Sequence[QueryTerm],
    fields: Sequence[str],
    near: Near,
    *,
    text: TextLookup | None = None,
    body: BodyLookup | None = None,
) -> TermBlocks:
    """Add where the terms stand in some fields: those of ``text`` when it is given, then that of ``body``.

    Returns:
        Where their neighbours stand in those of ``text``, numbered behind the terms.
    """
    by_chunk, by_file = len(CHUNK_TEXT_FIELDS), len(TEXT_FIELDS)
    count = len(terms)
    keys = np.concatenate((hash_terms(term.term for term in terms), near.keys))
    asked = [count if field == "body" else len(keys) for field in fields]
    blocks = TermBlocks(generation.gathered(fields, keys, [[1] * count, near.runs], asked))
    for block, everywhere in blocks.until(count):
        found = [generation.live(field, each) for field, each in zip(fields, everywhere, strict=True)]
        size = block.stop - block.start
        if text is not None:
            text.add(size, found[:by_chunk], found[by_chunk:by_file])
        if body is not None:
            body.add(size, found[-1])
    return blocks


def _own_frequencies(text: TextMatches, chosen: Chosen) -> list[tuple[Ids, Floats]]:
    """The tf' of terms in chosen chunks, by themselves and by path.

    Returns:
        Twice, term times chosen chunks plus place, ascending in each term, and the tf' there.
    """
    found, width = text.found, len(chosen.chunks)
    where = chosen.position[found.touched]
    (inside,) = (where >= 0)[found.places].nonzero()
    numbers = np.array(text.cuts[1:]).searchsorted(inside, side="right")
    files = chosen.place_of_file[found.file_ids]
    (kept,) = (files >= 0).nonzero()
    at, sizes = files[kept], chosen.sizes[files[kept]]
    return [
        (numbers * width + where[found.places[inside]], found.frequency[inside]),
        (
            ranges(found.file_numbers[kept] * width + chosen.starts[at], sizes),
            found.file_frequency[kept].repeat(sizes),
        ),
    ]


def _added(values: Sequence[float], counts: Sequence[bool]) -> float:
    """Those that count, one after the other."""
    total = 0.0
    for value, counting in zip(values, counts, strict=True):
        total += value if counting else 0.0
    return total
