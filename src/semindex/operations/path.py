"""A chain of calls from one definition to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from semindex.operations.base import Operation, option
from semindex.operations.relating import Asking, OfName, Wanted
from semindex.operations.search import Refreshing, Scope
from semindex.types import Links, Upkept

if TYPE_CHECKING:
    from semindex.snapshot import Snapshot


class Ends(OfName, frozen=True):
    """Where a chain begins and ends; all else that is asked with them has a name."""

    to: Annotated[str, option("The definition at the end of the chain, as NAME.", argument=True)]


class Chain(Ends, frozen=True, kw_only=True):
    """A chain of calls from one definition to another."""

    scope: Scope = ""
    refresh: Refreshing = False


def path(
    snapshot: Snapshot, asked: Chain, checked: Sequence[Upkept] = (), *, started: float | None = None
) -> Links:
    """The calls of a shortest chain from one definition to another, in their order; none without a chain.

    Calls that may run an override of what they name are followed only where there is no other chain.

    Raises:
        QueryError: A name is empty, or the path of a file.
        NotIndexed: The index was made before there was a code graph; a refresh makes it.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.graph.walking import chain

    with snapshot.blaming_damage():
        asking = Asking("path", snapshot, asked, checked, started)
        begin = asking.definition(asked.name)
        if not isinstance(begin, Wanted):
            return begin
        end = asking.definition(asked.to)
        if not isinstance(end, Wanted):
            return end
        if begin.repository != end.repository:
            asking.note("the two are in different repositories, between which no calls are followed")
            return asking.answered(begin, (), limit=1)
        walk = chain(begin.relations, begin.targets, end.targets)
        if walk.is_cut:
            asking.note("no chain was found in the part of the graph that was looked at")
        return asking.answered(
            begin, walk.steps, limit=len(walk.steps) or 1, is_cut=walk.is_cut, in_order=True
        )


OPERATION = Operation("path", "path", Chain, Links)
