"""The places that call a definition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from semindex.operations.base import Operation
from semindex.operations.relating import Asking, Depth, Guesses, Most, NoTests, OfName, Wanted
from semindex.operations.search import Paths, Refreshing, Scope
from semindex.types import Links, Upkept

if TYPE_CHECKING:
    from semindex.snapshot import Snapshot


class Callers(OfName, frozen=True, kw_only=True):
    """The places that call a definition, and with a depth the places that call what they stand in."""

    depth: Depth = 1
    limit: Most = 100
    no_tests: NoTests = False
    guesses: Guesses = False
    path: Paths = ()
    scope: Scope = ""
    refresh: Refreshing = False


def callers(
    snapshot: Snapshot, asked: Callers, checked: Sequence[Upkept] = (), *, started: float | None = None
) -> Links:
    """The places that call a definition; those in tests behind the others, then by distance, path and line.

    Raises:
        QueryError: The name is empty, or the path of a file.
        NotIndexed: The index was made before there was a code graph; a refresh makes it.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.graph.walking import users

    with snapshot.blaming_damage():
        asking = Asking("callers", snapshot, asked, checked, started)
        wanted = asking.definition(asked.name)
        if not isinstance(wanted, Wanted):
            return wanted
        walk = users(wanted.relations, wanted.targets, depth=asked.depth, guesses=asked.guesses)
        return asking.answered(
            wanted, walk.steps, limit=asked.limit, no_tests=asked.no_tests, is_cut=walk.is_cut
        )


OPERATION = Operation("callers", "callers", Callers, Links)
