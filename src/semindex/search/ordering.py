"""The order of a shortlist's files by the sum of their signals, and the chunks that are shown of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from semindex.search.evidence import Reasons
from semindex.search.paths import PathColumns, path_signals
from semindex.search.places import PlaceMatch
from semindex.search.scoring import Signal, Weighed, discounted
from semindex.search.sums import kth_largest, ranges
from semindex.search.symbols import SymbolMatch
from semindex.search.terms import Chosen
from semindex.search.weights import Weights
from semindex.source.roles import Role
from semindex.store.generation import Generation
from semindex.types import Floats, Ids, Kind, Mask, Mode, QueryTerm, Vector

MEASURED_CHUNKS = 20_000
"""Up to so many chunks in all, the nearness of all candidates is measured at once: half as many calls."""
_MOST_COSINE = 1.1
"""No cosine of vectors rounded to whole numbers is more."""


_IS_CONFIGURATION = np.isin(np.arange(256), [int(Kind.CONFIG), int(Kind.SETTING)])
_ASKS_FOR_SETTINGS = frozenset(["configur", "config", "set", "option", "variabl", "environ", "env"])
"""Terms, stemmed, by which a query asks how something is configured."""


def asks_for_settings(terms: Sequence[QueryTerm]) -> bool:
    """Whether a query asks in words how something is configured."""
    return any(term.term in _ASKS_FOR_SETTINGS for term in terms)


_NO_EVIDENCE = frozenset(("size", *(f"{role.label} file" for role in Role)))
"""Signals that do not depend on the query."""


_TOLD_WORDS = 6
"""Words that stand nowhere which a note names."""


class RankedFile(Struct, frozen=True, gc=False):
    """A file, its score, and its chunks, best first."""

    file: int
    score: float
    chunks: tuple[int, ...]
    spans: tuple[float, ...]
    """The score of each of the chunks."""
    symbol: int | None = None
    """The definition that the query names, where the file has it."""
    line: int | None = None
    """The line that the query names, when the first chunk has it."""


class First(Struct, frozen=True, gc=False):
    """What is shown first of a file."""

    chunk: int
    symbol: int | None = None
    """The definition that is shown whole, in place of the chunk's lines."""
    line: int | None = None
    """The line of the chunk that the query names."""


class Ranking(Struct, frozen=True, gc=False):
    """An answer in ids, best first."""

    files: tuple[RankedFile, ...]
    terms: tuple[str, ...]
    notes: tuple[str, ...] = ()
    evidence: Reasons | None = None
    """Tells what made the scores; None where nothing was found, or where it was not kept."""


class Ordering:
    """Orders the files of a generation. Threads may share it."""

    def __init__(self, generation: Generation, weights: Weights) -> None:
        self._generation, self._weights = generation, weights
        self._paths: PathColumns | None = None

    def signals(
        self,
        mode: Mode,
        terms: Sequence[QueryTerm],
        matches: Weighed,
        chosen: Chosen,
        text: Floats,
        cosines: Floats | None,
        symbols: Mapping[int, SymbolMatch],
    ) -> list[Signal]:
        """What each kind of evidence gives each file, but for the exact words and the nearness to others."""
        weights, files, owners = self._weights, chosen.files, chosen.owners
        count, best = len(files), weights.best_chunks
        signals: list[Signal] = []
        best_of: list[Floats] = []
        decays: list[float] = []
        if mode is not Mode.DENSE:
            best_of.append(text)
            decays.append(weights.lexical_decay)
        if cosines is not None:
            near = np.maximum(cosines, 0.0)
            best_of.append(np.where(near > weights.near_cosine, near * near * near, 0.0))
            decays.append(weights.dense_decay)
        several = discounted(best_of, owners, count, decays=decays, best=best)
        if mode is not Mode.DENSE:
            gain = _gain_of_words(matches.terms, weights)
            signals.append(Signal("words", gain * several[0]))
            signals.append(Signal("body words", gain * weights.body * matches.file_body[files]))
        if cosines is not None:
            top = np.maximum.reduceat(near, chosen.starts)
            signals.append(Signal("meaning", weights.context * top))
            signals.append(Signal("meaning, several places", weights.context_sum * several[-1]))
        if mode is not Mode.DENSE:
            signals.append(Signal("definition", _boosts(symbols, chosen)))
            if self._paths is None:
                self._paths = PathColumns.of(self._generation, weights)
            signals += path_signals(self._paths, files, terms, weights)
        return signals

    def importance(self, files: Ids) -> list[Signal]:
        """What some files gain or lose whatever is asked: by their size and role."""
        if self._paths is None:
            self._paths = PathColumns.of(self._generation, self._weights)
        signals = path_signals(self._paths, files, (), self._weights)
        return [signal for signal in signals if signal.name in _NO_EVIDENCE]

    def shown_vector(self, chosen: Chosen, scores: Floats, dim: int) -> Vector:
        """What the best chunks show, as a unit vector of shape ``(dim,)``.

        Rocchio, "Relevance feedback in information retrieval", 1971: the best chunks stand for what was
        meant, in words of the code rather than of the query; each counts as much as it scores.
        """
        places = self.best_chunks(chosen, scores, self._weights.feedback_chunks)
        if not places:
            return np.zeros(dim, dtype=np.float32)
        rows = self._generation.vectors_of([chosen.chunks.item(place) for place in places])
        # Row after row: a sum over the first axis is taken in its order.
        shown = np.add.reduce(scores[places][:, None] * rows, axis=0)
        unit: Vector = (shown / max(1e-9, float(np.sqrt((shown * shown).sum())))).astype(np.float32)
        return unit

    def configuration(self, chosen: Chosen, scores: Floats) -> Signal:
        """More for files with settings, for a query that asks how something is configured."""
        is_configuration = _IS_CONFIGURATION[self._generation.chunk_kinds[chosen.chunks]]
        has = np.maximum.reduceat(is_configuration, chosen.starts)
        return Signal("configuration", self._weights.setting * np.where(has, np.maximum(scores, 0.0), 0.0))

    def feedback(self, shown: Vector, chosen: Chosen, scores: Floats, limit: int) -> Signal:
        """How near files come to ``shown``; those that cannot come among the first ``limit`` get nothing."""
        weight, values = self._weights.feedback, np.zeros(len(scores))
        nearest = self._nearest_chunks(shown, chosen)
        least = kth_largest(scores, limit)
        first = scores >= least
        values[first] = nearest(first)
        if len(scores) > limit:
            # No file falls by this, so what the first have with it is what the others must reach.
            least = max(least, kth_largest(scores[first] + weight * values[first], limit))
            rest = (scores >= least - weight * _MOST_COSINE) & ~first
            if rest.any():
                values[rest] = nearest(rest)
        return Signal("meaning of the first hits", weight * values)

    def _nearest_chunks(self, vector: Vector, chosen: Chosen) -> Callable[[Mask], Floats]:
        """Gives the cosine of the nearest chunk of each of some files with a vector, at least 0."""
        cosines = self._generation.cosines
        if self._generation.chunks <= MEASURED_CHUNKS:
            near = np.maximum.reduceat(cosines(vector, chosen.chunks), chosen.starts)
            every = np.maximum(near, 0.0)
            return lambda files: every[files]

        def of(files: Mask) -> Floats:
            sizes = chosen.sizes[files]
            near = cosines(vector, chosen.chunks[files[chosen.owners]])
            best: Floats = np.maximum.reduceat(np.maximum(near, 0.0), sizes.cumsum() - sizes)
            return best

        return of

    def strong(
        self, best: list[int], signals: Sequence[Signal], unknown: Sequence[str], *, by_meaning: bool = True
    ) -> tuple[list[int], tuple[str, ...]]:
        """Of the places of the best files those that are worth showing, and notes.

        A file must have a fair share of the evidence that the first one has; its size and its role are none.
        That share was chosen for evidence ``by_meaning``, too, and no file is left out where there is none.
        When words of the query are ``unknown``, because they stand nowhere, there must be some in all.
        """
        parts = [signal.values for signal in signals if signal.name not in _NO_EVIDENCE]
        evidence = [sum(part.item(place) for part in parts) for place in best]
        if unknown and max(evidence, default=0.0) < self._weights.floor:
            words = ", ".join(unknown[:_TOLD_WORDS])
            return [], (f"no file has {words}, and nothing is near enough in meaning to be shown",)
        if not by_meaning:
            return best, ()
        least = self._weights.tail * evidence[0] if best else 0.0
        return [place for place, value in zip(best, evidence, strict=True) if value >= least], ()

    def best_chunks(self, chosen: Chosen, scores: Floats, most: int) -> list[int]:
        """The places of the best chunks with a positive score, best first; ties by path, then place."""
        places = ((scores >= kth_largest(scores, most)) & (scores > 0.0)).nonzero()[0]
        return self._in_order(places, scores, chosen.files[chosen.owners[places]])[:most]

    def best_places(self, scores: Floats, files: Ids, most: int) -> list[int]:
        """The places of the best files, best first; ties by path, then in the order of the repositories."""
        places = (scores >= kth_largest(scores, most)).nonzero()[0]
        return self._in_order(places, scores, files[places])[:most]

    def _in_order(self, places: Ids, scores: Floats, files: Ids) -> list[int]:
        path = self._generation.path
        rows = zip((-scores[places]).tolist(), files.tolist(), places.tolist(), strict=True)
        return [place for _, _, place in sorted((score, path(file), place) for score, file, place in rows)]

    def named_places(self, chosen: Chosen, places: Mapping[int, PlaceMatch]) -> Signal:
        """More for files that the query names by their paths."""
        return Signal("named place", _boosts(places, chosen))

    def firsts(
        self,
        is_name: bool,
        chosen: Chosen,
        symbols: Mapping[int, SymbolMatch],
        places: Mapping[int, PlaceMatch],
        exact: Floats | None,
    ) -> Callable[[int], First | None]:
        """Tells what is shown first of a file at a place: the line named, or the definition.

        A definition named in a sentence comes second to a chunk that has the sentence word for word. When it
        stands in that very chunk, the chunk is shown, with the comment above the definition.
        """

        def first(place: int) -> First | None:
            file = chosen.files.item(place)
            named = places.get(file)
            if named is not None and named.chunk is not None:
                return First(named.chunk, line=named.line)
            match = symbols.get(file)
            if match is None:
                return None
            begin, end = chosen.bounds(place)
            if exact is not None and not is_name and exact[begin:end].max() > match.boost:
                best = chosen.chunks[begin:end][exact[begin:end] == exact[begin:end].max()]
                return First(match.chunk) if match.chunk in best else None
            return First(match.chunk, match.symbol)

        return first

    def ranked(
        self,
        best: Sequence[int],
        scores: Floats,
        chosen: Chosen,
        span_scores: Floats,
        with_names: Callable[[Ids, Floats, Ids], Floats],
        first_of: Callable[[int], First | None],
        most: int | None,
        share: float,
    ) -> tuple[RankedFile, ...]:
        """The files at some places, each with its ``most`` best chunks (all, when None).

        Before all others comes the one that ``first_of`` tells. ``with_names`` takes chunks, their scores
        and how many chunks each file has; it gives the scores by which they are ordered.
        """
        files = [chosen.files.item(place) for place in best]
        named = [first_of(place) for place in best]
        at = np.array(best, dtype=np.int64)
        sizes = chosen.sizes[at]
        inside = ranges(chosen.starts[at], sizes)
        ids, spans, owners = chosen.chunks[inside], span_scores[inside], np.arange(len(at)).repeat(sizes)
        spans = with_names(ids, spans, sizes)
        firsts = np.zeros(len(ids), dtype=bool)
        for match in named:
            if match is not None:
                firsts |= ids == match.chunk
        if share:
            # Sorting takes most of the time here, so that what is not shown goes first.
            top = np.maximum.reduceat(spans, sizes.cumsum() - sizes)
            (kept,) = (firsts | (spans >= np.minimum(top, share * top)[owners])).nonzero()
            ids, spans, owners, firsts = ids[kept], spans[kept], owners[kept], firsts[kept]
            sizes = np.bincount(owners, minlength=len(at))
        order = np.lexsort((-spans, ~firsts, owners))
        if most is not None:
            begins = sizes.cumsum() - sizes
            order = order[np.arange(len(order)) - begins.repeat(sizes) < most]
            sizes = np.minimum(sizes, most)
        chunks, values = tuple(ids[order].tolist()), tuple(spans[order].tolist())
        found, begin = [], 0
        for place, file, match, size in zip(best, files, named, sizes.tolist(), strict=True):
            shown = chunks[begin : begin + size]
            symbol, line = None, None
            if match is not None and shown[0] == match.chunk:
                symbol, line = match.symbol, match.line
            values_shown = values[begin : begin + size]
            found.append(RankedFile(file, scores.item(place), shown, values_shown, symbol, line))
            begin += size
        return tuple(found)


def _gain_of_words(terms: Sequence[QueryTerm], weights: Weights) -> float:
    """By how much words count more; ``terms`` are those that count, of which the model may know none."""
    whole = [term for term in terms if term.weight >= 1.0]
    share = sum(bool(term.script) for term in whole) / max(1, len(whole))
    return 1.0 + (weights.words_alone - 1.0) * share


def _boosts(matches: Mapping[int, SymbolMatch] | Mapping[int, PlaceMatch], chosen: Chosen) -> Floats:
    """What matches add to each candidate file, shape ``(files,)``; files that are no candidates get none."""
    boosts = np.zeros(len(chosen.files))
    for file, match in matches.items():
        place = chosen.file_place.item(file)
        if place >= 0:
            boosts[place] = match.boost
    return boosts
