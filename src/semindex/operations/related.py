"""The spans most like the one at a place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from semindex.errors import QueryError
from semindex.operations.base import Operation, Request, option
from semindex.operations.search import Grouping, Limit, Scope
from semindex.types import Filters, GroupBy, Hits, Query, Reason

if TYPE_CHECKING:
    from semindex.snapshot import Snapshot


class Whereabouts(Request, frozen=True):
    """The place; all else that is asked with it has a name."""

    refused = QueryError

    location: Annotated[
        str,
        option(
            "A line of a file, as path:line, or a whole file, as its path.", argument=True, completes="file"
        ),
    ]


class Related(Whereabouts, frozen=True, kw_only=True):
    """The spans most like the one at a place, which is left out itself."""

    limit: Limit = 10
    group_by: Grouping = GroupBy.FILE.value
    scope: Scope = ""


def related(snapshot: Snapshot, asked: Related) -> Hits:
    """The spans most like the one at ``path:line`` (or like a whole file, ``path``), itself left out.

    Raises:
        QueryError: No indexed file has that path, or it has no such line.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.search.hits import by_chunk, by_file
    from semindex.search.related import chunk_at, place_in, related_files
    from semindex.search.scale import similarity
    from semindex.search.weights import WEIGHTS

    started = time.perf_counter()
    scope, generation = asked.scope.strip("/"), snapshot.generation
    with snapshot.blaming_damage():
        origin = chunk_at(generation, place_in(asked.location, snapshot.roots, generation.path_of))
        ranking = related_files(generation, origin, limit=asked.limit, scope=scope)
        reader = snapshot.reader()
        if asked.group_by == GroupBy.FILE:
            found = by_file(ranking, reader, lambda file: (Reason("meaning", file.score),), similarity())
        else:
            share = WEIGHTS.chunk_file_share
            scaling = similarity(share)
            found = by_chunk(ranking, reader, limit=asked.limit, file_share=share, scaling=scaling)
    query = Query(raw=asked.location, text=asked.location, filters=Filters(scope=scope))
    return Hits(query, found, snapshot.coverage(), time.perf_counter() - started)


OPERATION = Operation("related", "related", Related, Hits)
