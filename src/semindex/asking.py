"""What is asked, checked; and the answer of one index or of several that answer as one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import QueryError
from semindex.search import answering
from semindex.search.hits import Reader
from semindex.search.query import kind_named, language_named, parse
from semindex.search.ranking import Ranking
from semindex.types import Coverage, Filters, GroupBy, Hit, Hits, Mode, Query

_WORST_FIRST = ("stale", "unchecked", "refreshed", "fresh")


class Wish(Struct, frozen=True):
    """A query with all that was asked with it."""

    query: Query
    limit: int
    mode: Mode
    grouping: GroupBy


class Freshness(Struct, frozen=True):
    """What was done about changes, and how many files are known to be newer."""

    label: str
    changed: int = 0


class Part(Struct, frozen=True):
    """One index's part in an answer."""

    root: Path
    texts: Reader
    coverage: Coverage
    freshness: Freshness
    notes: tuple[str, ...] = ()


Judging = Callable[[Query, tuple[Hit, ...]], tuple[tuple[Hit, ...], tuple[str, ...]]]
"""Puts hits into another order; with notes."""


def wish(
    query: str,
    *,
    limit: int,
    mode: Mode | str,
    group_by: GroupBy | str,
    languages: Sequence[str] = (),
    paths: Sequence[str] = (),
    excluded_paths: Sequence[str] = (),
    kinds: Sequence[str] = (),
    scope: str = "",
) -> Wish:
    """What was asked, as :meth:`semindex.index.Index.search` takes it.

    Raises:
        QueryError: The query is empty, or something in it is not known.
    """
    filters = Filters(
        languages=tuple(language_named(name) for name in _several(languages)),
        paths=_several(paths),
        excluded_paths=_several(excluded_paths),
        kinds=tuple(kind_named(name) for name in _several(kinds)),
        scope=scope.strip("/"),
    )
    if limit < 1:
        raise QueryError(f"limit is {limit}; it must be at least 1")
    return Wish(parse(query, filters), limit, _mode(mode), _grouping(group_by))


def answered(
    asked: Wish,
    parts: Sequence[Part],
    ranked: Callable[[Wish, Sequence[Reader]], Ranking],
    *,
    judging: Judging | None = None,
    depth: int = 0,
    late: Callable[[Path], str] = lambda root: f"{root} did not answer in time",
    started: float,
) -> Hits:
    """The answer: ranked, read, and perhaps judged.

    Args:
        asked: What is asked.
        parts: The indexes, in the order of the shards.
        ranked: Gives the ranking.
        judging: Has at least ``depth`` hits to put into order.
        depth: See there.
        late: What to say of an index that has no part in the answer.
        started: When this began, as :func:`time.perf_counter` tells.
    """
    wanted = asked if judging is None else replace(asked, limit=max(asked.limit, depth))
    readers = [part.texts for part in parts]
    ranking = ranked(wanted, readers)
    found = answering.hits(ranking, readers, limit=wanted.limit, grouping=wanted.grouping)
    notes = tuple(late(parts[number].root) for number in ranking.late)
    if judging is not None:
        found, more = judging(asked.query, found)
        found, notes = found[: asked.limit], (*notes, *more)
    coverage = joined(parts)
    coverage = replace(coverage, notes=(*coverage.notes, *notes, *ranking.notes, *_stale_note(found)))
    terms = tuple(term.term for term in ranking.terms)
    return Hits(asked.query, found, coverage, time.perf_counter() - started, terms)


def joined(parts: Sequence[Part]) -> Coverage:
    """What all parts together could see: counts added up, the worst freshness, each note once."""
    if len(parts) == 1:
        (part,) = parts
        return replace(
            part.coverage,
            freshness=part.freshness.label,
            changed=part.freshness.changed,
            notes=(*part.coverage.notes, *part.notes),
        )
    skipped: dict[str, int] = {}
    for part in parts:
        for reason, number in part.coverage.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + number
    states = {part.freshness.label for part in parts}
    return Coverage(
        seen=sum(part.coverage.seen for part in parts),
        indexed=sum(part.coverage.indexed for part in parts),
        chunks=sum(part.coverage.chunks for part in parts),
        skipped=skipped,
        freshness=next(state for state in _WORST_FIRST if state in states),
        changed=sum(part.freshness.changed for part in parts),
        notes=tuple(dict.fromkeys(note for part in parts for note in (*part.coverage.notes, *part.notes))),
    )


def _several(values: Sequence[str]) -> tuple[str, ...]:
    """The values; a string is one value, not a sequence of its letters."""
    return (values,) if isinstance(values, str) else tuple(values)


def _mode(mode: Mode | str) -> Mode:
    try:
        return Mode(mode)
    except ValueError:
        raise QueryError(f"unknown mode {mode!r}; one of {', '.join(m.value for m in Mode)}") from None


def _grouping(group_by: GroupBy | str) -> GroupBy:
    try:
        return GroupBy(group_by)
    except ValueError:
        allowed = ", ".join(g.value for g in GroupBy)
        raise QueryError(f"unknown group_by {group_by!r}; one of {allowed}") from None


def _stale_note(found: Sequence[Hit]) -> tuple[str, ...]:
    stale = sum(hit.stale for hit in found)
    return (f"{stale} of the files shown have changed since they were indexed",) if stale else ()
