"""The order of what a pattern alone matches: definitions, then important files, then by path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from semindex.search.filtering import Passing
from semindex.search.ordering import Ordering, RankedFile, Ranking
from semindex.search.scoring import Signal, reasons, total
from semindex.store.generation import Generation
from semindex.types import Ids, Reason

POINTS = 4.0
"""What a match gains, and a definition again: more than sizes and roles differ by, as for rare words."""


class Matched(Struct, frozen=True):
    """What made the scores of files that a pattern matches."""

    files: Ids
    """Ascending."""
    signals: Sequence[Signal]
    counts: Mapping[int, int]
    """How many lines of each file match."""

    def reasons(self, file: int) -> tuple[Reason, ...]:
        """What made the score of a file, the largest part first."""
        count = self.counts[file]
        told = {"pattern": f"{count} line{'s' * (count != 1)}"}
        return reasons(self.signals, int(self.files.searchsorted(file)), told)


def rank_matched(
    generation: Generation,
    ordering: Ordering,
    passing: Passing,
    lines: Mapping[int, Sequence[int]],
    *,
    limit: int,
    spans: int | None,
) -> Ranking:
    """The best ``limit`` files that have a chunk with matching lines, each with its best ``spans`` chunks.

    Chunks in which a definition begins on a matching line come first, then in their order. Files with such a
    chunk come before the others; both are ordered by size and role, and ties by path.

    Args:
        generation: What is searched.
        ordering: Knows what files weigh.
        passing: What passes all filters.
        lines: The matching lines, ascending, of each chunk that passes.
        limit: How many files.
        spans: How many chunks of each; all, when None.
    """
    defined = {chunk: _defined(generation, chunk, numbers) for chunk, numbers in lines.items()}
    by_file: dict[int, list[int]] = {}
    for chunk in sorted(lines, key=lambda chunk: (defined[chunk] is None, chunk)):
        by_file.setdefault(generation.chunk_file.item(chunk), []).append(chunk)
    files = np.array(sorted(by_file), dtype=np.int64)
    firsts = [by_file[file][0] for file in files.tolist()]
    defines = np.array([POINTS if defined[chunk] is not None else 0.0 for chunk in firsts])
    signals = [Signal("pattern", np.full(len(files), POINTS)), Signal("definition", defines)]
    if firsts:
        signals += ordering.importance(files)
    scores = total(signals, len(files))
    ranked = []
    for place in ordering.best_places(scores, files, limit) if firsts else ():
        first = firsts[place]
        chunks = tuple(by_file[files.item(place)][:spans])
        values = tuple([1.0 if defined[chunk] is None else 2.0 for chunk in chunks])
        line = lines[first][0] if defined[first] is None else None
        ranked.append(RankedFile(files.item(place), scores.item(place), chunks, values, defined[first], line))
    counts = {file: sum(len(lines[chunk]) for chunk in chunks) for file, chunks in by_file.items()}
    return Ranking(tuple(ranked), (), passing.notes, Matched(files, signals, counts))


def _defined(generation: Generation, chunk: int, lines: Sequence[int]) -> int | None:
    """The first definition that begins in a chunk on one of some lines."""
    starting = generation.starting(chunk)
    return next((number for number in starting if generation.symbol(number).start_line in lines), None)
