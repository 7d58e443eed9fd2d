"""The spans most like the one at a place."""

from __future__ import annotations

from typing import Annotated

from semindex.errors import QueryError
from semindex.operations.base import Operation, Request, option
from semindex.operations.search import Grouping, Limit, Scope
from semindex.types import GroupBy, Hits


class Whereabouts(Request, frozen=True):
    """The place; all else that is asked with it has a name."""

    refused = QueryError

    location: Annotated[
        str, option("A line of a file, as path:line, or a whole file, as its path.", argument=True)
    ]


class Related(Whereabouts, frozen=True, kw_only=True):
    """The spans most like the one at a place, which is left out itself."""

    limit: Limit = 10
    group_by: Grouping = GroupBy.FILE
    scope: Scope = ""


OPERATION = Operation("related", "related", Related, Hits)
