"""What a file imports, and who imports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from semindex.errors import QueryError
from semindex.operations.base import Operation, Request, option
from semindex.operations.relating import Asking, Most, NoTests, Wanted
from semindex.operations.search import Paths, Refreshing, Scope
from semindex.types import Links, Upkept

if TYPE_CHECKING:
    from semindex.snapshot import Snapshot


class OfFile(Request, frozen=True):
    """A file; all else that is asked with it has a name."""

    refused = QueryError

    file: Annotated[str, option("The path of an indexed file.", argument=True, completes="file")]


class Imports(OfFile, frozen=True, kw_only=True):
    """What a file imports, and which files import it."""

    limit: Most = 100
    no_tests: NoTests = False
    path: Paths = ()
    scope: Scope = ""
    refresh: Refreshing = False


def imports(
    snapshot: Snapshot, asked: Imports, checked: Sequence[Upkept] = (), *, started: float | None = None
) -> Links:
    """The imports of a file, then those in other files that import it; each by path and line.

    The former have the path of the file itself, and their target is the file that is imported; the target of
    the latter is the file that was asked for.

    Raises:
        QueryError: The path is empty, or that of no indexed file.
        NotIndexed: The index was made before there was a code graph; a refresh makes it.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.graph.importing import importers_of, imports_of
    from semindex.graph.walking import step_of_import

    with snapshot.blaming_damage():
        asking = Asking("imports", snapshot, asked, checked, started)
        wanted = asking.file(asked.file)
        if not isinstance(wanted, Wanted):
            return wanted
        file = wanted.targets[0].file
        asking.always_tells(file)
        found = [*imports_of(wanted.relations, file), *importers_of(wanted.relations, file)]
        steps = [step_of_import(wanted.relations, each) for each in found]
        return asking.answered(wanted, steps, limit=asked.limit, no_tests=asked.no_tests, in_order=True)


OPERATION = Operation("imports", "imports", Imports, Links)
