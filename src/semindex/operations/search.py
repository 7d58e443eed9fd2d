"""The spans that answer a query."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec.structs import replace

from semindex.errors import QueryError
from semindex.operations.base import Operation, Request, option
from semindex.types import Deferred, Filters, GroupBy, Hit, Hits, Mode, Upkept

if TYPE_CHECKING:
    from semindex.snapshot import Snapshot

Limit = Annotated[int, option("At most this many hits.", least=1, short="-n", metavar="NUM")]
Grouping = Annotated[
    str, option("One hit a file, with its other spans under it, or every span by itself.", choices=GroupBy)
]
Languages = Annotated[
    Sequence[str], option("Only files of these languages.", short="-t", metavar="LANG", completes="lang")
]
Paths = Annotated[
    Sequence[str],
    option(
        "Only files that match one of these globs or lie below one of these folders; ! in front of one "
        "leaves these out.",
        short="-g",
        metavar="GLOB",
        completes="file",
    ),
]
Refreshing = Annotated[
    bool,
    option(
        "Look for changes first, as long as that is quick, and index them when they are few; "
        "otherwise take the index as it is, and look at no file times.",
        unless_off=True,
    ),
]
Scope = Annotated[str, option("Only files below this folder, relative to the root.", from_path=True)]


class Question(Request, frozen=True):
    """What is looked for; all else that is asked with it has a name."""

    refused = QueryError

    query: Annotated[
        str,
        option(
            'Words, identifiers, "quoted phrases" that must occur as they stand, /patterns/ that must match '
            "a line, and the filters lang:, path:, -path:, kind:, symbol: and repo:.",
            argument=True,
        ),
    ]


class Search(Question, frozen=True, kw_only=True):
    """The spans that answer a query, best first."""

    limit: Limit = 10
    mode: Annotated[str, option("Rank by words and meaning, by words, by meaning.", choices=Mode)] = (
        Mode.HYBRID.value
    )
    group_by: Grouping = GroupBy.FILE.value
    lang: Languages = ()
    path: Paths = ()
    exclude: Annotated[
        Sequence[str],
        option(
            "No files that match one of these globs or lie below one of these folders.",
            metavar="GLOB",
            completes="file",
        ),
    ] = ()
    kind: Annotated[
        Sequence[str],
        option("Only spans of these kinds, such as function or class.", metavar="KIND", completes="kind"),
    ] = ()
    symbol: Annotated[
        Sequence[str],
        option("Only spans in which a definition with one of these names begins.", metavar="NAME"),
    ] = ()
    repo: Annotated[
        Sequence[str],
        option(
            "Only the repositories with these names, in which * may stand; `semindex list` shows yours.",
            metavar="NAME",
            completes="repo",
        ),
    ] = ()
    scope: Scope = ""
    refresh: Refreshing = False
    rerank: Annotated[
        bool, option("Let a transformer of your own (RERANK_MODEL) re-order the first 30 hits.")
    ] = False


def search(
    snapshot: Snapshot, asked: Search, checked: Sequence[Upkept] = (), *, started: float | None = None
) -> Hits:
    """The spans that answer a query, best first.

    Raises:
        QueryError: The query is empty, or a filter names nothing known.
        ModelError: ``rerank`` without a model that can be used; the message tells how to bring one.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.search.hits import by_chunk, by_file
    from semindex.search.query import kind_named, parse
    from semindex.search.weights import WEIGHTS
    from semindex.source.languages import language_named

    started = time.perf_counter() if started is None else started
    filters = Filters(
        languages=tuple([language_named(name, QueryError) for name in asked.lang]),
        paths=tuple(asked.path),
        excluded_paths=tuple(asked.exclude),
        kinds=tuple([kind_named(name) for name in asked.kind]),
        scope=asked.scope.strip("/"),
        repositories=tuple(asked.repo),
        symbols=tuple(asked.symbol),
    )
    query = parse(asked.query, filters)
    judging = snapshot.judging() if asked.rerank and snapshot.judging is not None else None
    mode, grouping = Mode(asked.mode), GroupBy(asked.group_by)
    limit = asked.limit
    if judging is not None:
        from semindex.search.rerank import DEPTH

        limit = max(limit, DEPTH)
    with snapshot.blaming_damage():
        reader = snapshot.reader()
        ranking = snapshot.ranking(query, reader, limit=limit, mode=mode, grouping=grouping)
        found: Sequence[Hit]
        if grouping is GroupBy.FILE:
            reasons = snapshot.reasons(ranking, query, reader, limit=limit, mode=mode)
            stale = [reader.text(file.file) for file in ranking.files].count(None)
            found = Deferred(lambda: by_file(ranking, reader, reasons))
        else:
            found = by_chunk(ranking, reader, limit=limit, file_share=WEIGHTS.chunk_file_share)
            stale = sum(hit.stale for hit in found)
    if not ranking.files:
        snapshot.require_sound()
    notes: tuple[str, ...] = ()
    if judging is not None:
        judged, notes = judging(query, tuple(found))
        found = judged[: asked.limit]
        stale = sum(hit.stale for hit in found)
    told = (f"{stale} of the files shown have changed since they were indexed",) if stale else ()
    coverage = snapshot.coverage(checked)
    every = (*coverage.notes, *query.notes, *notes, *ranking.notes, *told)
    if len(every) > len(coverage.notes):
        coverage = replace(coverage, notes=every)
    return Hits(query, found, coverage, time.perf_counter() - started, ranking.terms)


OPERATION = Operation("search", "search", Search, Hits)
