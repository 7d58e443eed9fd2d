"""The spans that answer a query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from semindex.errors import QueryError
from semindex.operations.base import Operation, Request, option
from semindex.types import GroupBy, Hits, Mode

Limit = Annotated[int, option("At most this many hits.", least=1, short="-n")]
Grouping = Annotated[
    str, option("One hit a file, with its other spans under it, or every span by itself.", choices=GroupBy)
]
Scope = Annotated[str, option("Only files below this folder, relative to the root.", from_path=True)]


class Question(Request, frozen=True):
    """What is looked for; all else that is asked with it has a name."""

    refused = QueryError

    query: Annotated[
        str,
        option(
            'Words, identifiers, "quoted phrases" that must occur as they stand, and the filters lang:, '
            "path:, -path: and kind:.",
            argument=True,
        ),
    ]


class Search(Question, frozen=True, kw_only=True):
    """The spans that answer a query, best first."""

    limit: Limit = 10
    mode: Annotated[str, option("Rank by words and meaning, by words, by meaning.", choices=Mode)] = (
        Mode.HYBRID
    )
    group_by: Grouping = GroupBy.FILE
    languages: Annotated[
        Sequence[str], option("Only files of this language.", flag="--lang", metavar="LANGUAGE")
    ] = ()
    paths: Annotated[
        Sequence[str],
        option("Only files that match this glob or lie below this folder.", flag="--path", metavar="GLOB"),
    ] = ()
    excluded_paths: Annotated[
        Sequence[str],
        option("No files that match this glob or lie below this folder.", flag="--exclude", metavar="GLOB"),
    ] = ()
    kinds: Annotated[
        Sequence[str],
        option("Only spans of this kind, such as function or class.", flag="--kind", metavar="KIND"),
    ] = ()
    scope: Scope = ""
    refresh: Annotated[
        bool,
        option(
            "Look for changes first, as long as that is quick, and index them when they are few; "
            "otherwise take the index as it is, and look at no file times.",
            unless_off=True,
        ),
    ] = False
    rerank: Annotated[
        bool, option("Let a transformer of your own (RERANK_MODEL) re-order the first 30 hits.")
    ] = False


OPERATION = Operation("search", "search", Search, Hits)
