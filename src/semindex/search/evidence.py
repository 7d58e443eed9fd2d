"""What made the scores of an answer, worked out when somebody asks: reasons, and the detail of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
from msgspec import Struct

from semindex.search.places import PlaceMatch
from semindex.search.scoring import Signal, Weighed, reasons
from semindex.search.symbols import SymbolMatch
from semindex.search.terms import Chosen
from semindex.search.verbatim import Fit
from semindex.store.generation import Generation
from semindex.types import Floats, Reason

MAX_WORDS = 6
"""Words of the query that a detail names, the rarest first."""


class Reasons(Protocol):
    """Tells what made the scores of an answer."""

    def reasons(self, file: int) -> tuple[Reason, ...]:
        """What made the score of a file that is shown, the largest part first."""


class FirstOf(Struct, frozen=True, gc=False):
    """The evidence of several rankings, of which the first that shows a file tells of it."""

    parts: Sequence[tuple[frozenset[int], Reasons]]

    def reasons(self, file: int) -> tuple[Reason, ...]:
        """What made the score of a file that is shown, the largest part first."""
        return next(evidence.reasons(file) for files, evidence in self.parts if file in files)


class Evidence(Struct, frozen=True, dict=True):
    """The signals of all candidates of a query, and what is needed to tell what gave them."""

    matches: Weighed
    """Where the query's terms occur."""
    chosen: Chosen
    """The candidates."""
    signals: Sequence[Signal]
    cosines: Floats | None
    """How near each candidate chunk is to the query; None when nearness did not count."""
    fits: Mapping[int, Fit]
    """How chunks that were read compare with the words of the query, by their place."""
    held: Mapping[int, str]
    """What chunks hold that few files do, in words, by chunk."""
    symbols: Mapping[int, SymbolMatch]
    """Definitions that the query names, by file."""
    places: Mapping[int, PlaceMatch]
    """Files that the query names by their paths."""
    shown: Sequence[int]
    """The places of the candidates that the answer shows."""
    generation: Generation
    """What was searched."""

    def reasons(self, file: int) -> tuple[Reason, ...]:
        """What made the score of a file that is shown, the largest part first."""
        place = int(self.chosen.files.searchsorted(file))
        return reasons(self.signals, place, self._details(place, file))

    def _details(self, place: int, file: int) -> Mapping[str, str]:
        """By signal, what gave a candidate its part: words of the query, lines, a definition."""
        chosen, lines = self.chosen, self.generation.lines
        begin, end = chosen.bounds(place)
        told = {"words": self._words[place]}
        if self.cosines is not None:
            nearest = begin + int(self.cosines[begin:end].argmax())
            told["meaning"] = "lines {}-{}".format(*lines(chosen.chunks.item(nearest)))
        if file in self.symbols:
            symbol = self.generation.symbol(self.symbols[file].symbol)
            told["definition"] = f"{symbol.qualified}, line {symbol.start_line}"
        if file in self.places and self.places[file].line:
            told["named place"] = f"line {self.places[file].line}"
        held = [self.held[chunk] for chunk in chosen.chunks[begin:end].tolist() if chunk in self.held]
        fitting = [at for at in range(begin, end) if at in self.fits]
        best = max(fitting, key=lambda at: self.fits[at].share, default=None)
        if held and (best is None or not self.fits[best].whole):
            told["exact words"] = held[0]
        elif best is not None:
            told["exact words"] = "{:.0%} in their order, lines {}-{}".format(
                self.fits[best].share, *lines(chosen.chunks.item(best))
            )
        return told

    @cached_property
    def _words(self) -> Mapping[int, str]:
        """For each place shown the words of the query that its names, comments or path have, rarest first."""
        text, places, chosen = self.matches.occurring, np.array(self.shown), self.chosen
        files, begins = chosen.files[places], chosen.starts[places]
        firsts, lasts = chosen.chunks[begins], chosen.chunks[begins + chosen.sizes[places] - 1]
        if text.touched is not None:
            firsts = text.touched.searchsorted(firsts)
            lasts = text.touched.searchsorted(lasts, side="right") - 1
        ends, file_ends = text.sizes.cumsum().tolist(), text.file_sizes.cumsum().tolist()
        held: list[list[str]] = [[] for _ in places]
        worth, terms = self.matches.worth, self.matches.terms
        by_worth = sorted(range(len(ends)), key=lambda number: (-worth[number], terms[number].term))
        for number in by_worth:
            rows = text.places[ends[number] - int(text.sizes[number]) : ends[number]]
            named = text.files[file_ends[number] - int(text.file_sizes[number]) : file_ends[number]]
            in_path = named.searchsorted(files) < named.searchsorted(files, side="right")
            in_chunks = rows.searchsorted(firsts) < rows.searchsorted(lasts, side="right")
            for at in (in_path | in_chunks).nonzero()[0].tolist():
                held[at].append(terms[number].source)
        told = (", ".join(list(dict.fromkeys(words))[:MAX_WORDS]) for words in held)
        return dict(zip(self.shown, told, strict=True))
