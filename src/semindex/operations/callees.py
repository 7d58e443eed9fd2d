"""What a definition calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from semindex.operations.base import Operation, option
from semindex.operations.relating import Asking, Depth, Most, NoTests, OfName, Wanted
from semindex.operations.search import Paths, Refreshing, Scope
from semindex.types import Links, Upkept

if TYPE_CHECKING:
    from semindex.snapshot import Snapshot


class Callees(OfName, frozen=True, kw_only=True):
    """What a definition calls, and with a depth what that calls."""

    depth: Depth = 1
    limit: Most = 100
    external: Annotated[
        bool,
        option("Also list calls that lead out of the index (tier external) or are not known (tier name)."),
    ] = False
    no_tests: NoTests = False
    path: Paths = ()
    scope: Scope = ""
    refresh: Refreshing = False


def callees(
    snapshot: Snapshot, asked: Callees, checked: Sequence[Upkept] = (), *, started: float | None = None
) -> Links:
    """The calls inside a definition and what each calls, by distance, path and line.

    A note tells how many calls lead out of the index or are not known, where these are not listed.

    Raises:
        QueryError: The name is empty.
        NotIndexed: The index was made before there was a code graph; a refresh makes it.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.graph.edges import Tier
    from semindex.graph.walking import called

    with snapshot.blaming_damage():
        asking = Asking("callees", snapshot, asked, checked, started)
        wanted = asking.definition(asked.name, or_file=True)
        if not isinstance(wanted, Wanted):
            return wanted
        walk = called(wanted.relations, wanted.targets, depth=asked.depth)
        steps = walk.steps
        if not asked.external:
            steps = [step for step in steps if step.place.target is not None]
            outside = sum(step.place.tier is Tier.EXTERNAL for step in walk.steps)
            unknown = len(walk.steps) - len(steps) - outside
            if outside or unknown:
                asking.note(
                    f"not listed: {outside} calls that lead out of the index, {unknown} that are not known"
                )
        return asking.answered(wanted, steps, limit=asked.limit, no_tests=asked.no_tests, is_cut=walk.is_cut)


OPERATION = Operation("callees", "callees", Callees, Links)
