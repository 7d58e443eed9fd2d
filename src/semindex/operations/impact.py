"""What a change may break."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from semindex.errors import QueryError
from semindex.operations.base import Operation, Request, option
from semindex.operations.relating import Asking, Depth, Most, NoTests, Wanted
from semindex.operations.search import Paths, Refreshing, Scope
from semindex.types import Links, Upkept

if TYPE_CHECKING:
    from semindex.snapshot import Snapshot


class Changing(Request, frozen=True):
    """What changes; all else that is asked with it has a name."""

    refused = QueryError

    name: Annotated[
        str,
        option(
            "What changes: a definition by its name or a place in it (path.py:12), or the path of a file; "
            "with --diff a commit (a branch, a tag, HEAD~3).",
            argument=True,
        ),
    ]


class Impact(Changing, frozen=True, kw_only=True):
    """What a change of a definition, of a file, or of all that changed since a commit may break."""

    diff: Annotated[bool, option("What changes are the definitions that have changed since a commit.")] = (
        False
    )
    depth: Depth = 3
    limit: Most = 100
    no_tests: NoTests = False
    path: Paths = ()
    scope: Scope = ""
    refresh: Refreshing = False


def impact(
    snapshot: Snapshot, asked: Impact, checked: Sequence[Upkept] = (), *, started: float | None = None
) -> Links:
    """The places that use what changes, those that use what these stand in, and so on.

    Uses are calls, reads, types, bases, decorators and imports. A class changes with its members, a file with
    all that it defines. Those in tests stand behind the others; they are the tests to run.

    Raises:
        QueryError: The name is empty, or git does not know the commit.
        NotIndexed: The index was made before there was a code graph; a refresh makes it.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.graph.walking import outside_of, users, whole, with_importers

    with snapshot.blaming_damage():
        asking = Asking("impact", snapshot, asked, checked, started)
        wanted = asking.changed(asked.name) if asked.diff else asking.definition(asked.name, or_file=True)
        if not isinstance(wanted, Wanted):
            return wanted
        changed = whole(wanted.relations, wanted.targets)
        walk = users(wanted.relations, changed, depth=asked.depth, calls_only=False)
        steps = with_importers(wanted.relations, wanted.targets, outside_of(walk.steps, changed))
        return asking.answered(wanted, steps, limit=asked.limit, no_tests=asked.no_tests, is_cut=walk.is_cut)


OPERATION = Operation("impact", "impact", Impact, Links)
