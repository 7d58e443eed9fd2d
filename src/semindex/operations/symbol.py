"""The definitions of a name, and the outline of a file."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated

from msgspec.structs import replace

from semindex.errors import QueryError
from semindex.operations.base import Operation, Request, option
from semindex.operations.search import Languages, Paths, Refreshing, Scope
from semindex.types import Definition, Definitions, Filters, GroupBy, Mask, Mode, Query, Upkept

if TYPE_CHECKING:
    from semindex.snapshot import Snapshot


MAX_SUGGESTED = 8


class Named(Request, frozen=True):
    """The name; all else that is asked with it has a name."""

    refused = QueryError

    name: Annotated[
        str,
        option(
            "A name, alone or with those around it (Flask.run, Type::method), or the path of a file for its "
            "outline.",
            argument=True,
        ),
    ]


class Symbol(Named, frozen=True, kw_only=True):
    """The definitions that a name means, best first."""

    limit: Annotated[
        int,
        option(
            "At most this many definitions; an outline has all of the file.",
            least=1,
            short="-n",
            metavar="NUM",
        ),
    ] = 10
    kind: Annotated[
        Sequence[str],
        option(
            "Only definitions of these kinds, such as function or class.", metavar="KIND", completes="kind"
        ),
    ] = ()
    lang: Languages = ()
    path: Paths = ()
    scope: Scope = ""
    refresh: Refreshing = False


def symbol(
    snapshot: Snapshot, asked: Symbol, checked: Sequence[Upkept] = (), *, started: float | None = None
) -> Definitions:
    """The definitions of a name, best first; of a path its outline: the definitions at its top level.

    Raises:
        QueryError: The name is empty, or a filter names nothing known.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.search.definitions import Shower, asked_name, definitions_of
    from semindex.search.filtering import passing
    from semindex.search.query import kind_named
    from semindex.search.reading import files_named
    from semindex.source.languages import language_named

    started = time.perf_counter() if started is None else started
    name = asked_name(asked.name)
    if name is None:
        raise QueryError("the name is empty; give the name of a definition, or the path of a file")
    filters = Filters(
        languages=tuple([language_named(each, QueryError) for each in asked.lang]),
        paths=tuple(asked.path),
        scope=asked.scope.strip("/"),
    )
    kinds = tuple([kind_named(each) for each in asked.kind])
    generation = snapshot.generation
    suggestions: tuple[str, ...] = ()
    with snapshot.blaming_damage():
        shower = Shower(snapshot.reader())
        passes = passing(generation, filters, snapshot.scopes, snapshot.names).files
        found = definitions_of(generation, name, passes, kinds)
        path, files = files_named(generation, snapshot.roots, asked.name.strip())
        notes = found.notes
        definitions: tuple[Definition, ...]
        if files and ("/" in path or "." in path or not found.total):
            definitions = tuple(each for file in files for each in shower.outline(file))
            total, notes = len(definitions), ()
            if not definitions:
                notes = (f"{path} has no definitions",)
        else:
            definitions = tuple(shower.definition(each) for each in found.symbols[: asked.limit])
            total = found.total
            if not definitions:
                found_near = dict.fromkeys(near(snapshot, asked.name, filters, passes))
                suggestions = tuple(islice(found_near, MAX_SUGGESTED))
    if not definitions:
        snapshot.require_sound()
    stale = len({(each.repository, each.path) for each in definitions if each.stale})
    told = (f"{stale} of the files shown have changed since they were indexed",) if stale else ()
    coverage = snapshot.coverage(checked)
    coverage = replace(coverage, notes=(*coverage.notes, *notes, *told))
    return Definitions(asked.name, definitions, total, suggestions, coverage, time.perf_counter() - started)


def near(snapshot: Snapshot, asked: str, filters: Filters, passes: Mask) -> Iterator[str]:
    """Names near to one without a definition: misspelt ones, then those that a search for its words shows."""
    from semindex.search.definitions import asked_name, near_names, near_paths

    name, generation = asked_name(asked), snapshot.generation
    assert name is not None
    if "/" in asked:
        yield from near_paths(generation, asked.strip())
    yield from near_names(generation, name, passes)[: MAX_SUGGESTED // 2]
    query = Query(raw=asked, text=asked, filters=filters)
    ranking = snapshot.ranking(
        query, snapshot.reader(), limit=MAX_SUGGESTED, mode=Mode.HYBRID, grouping=GroupBy.FILE
    )
    for file in ranking.files:
        if file.symbol is not None:
            yield generation.symbol(file.symbol).qualified
        elif file.chunks:
            owner = generation.spot(file.chunks[0]).owner
            if owner is not None:
                yield owner


OPERATION = Operation("symbol", "symbol", Symbol, Definitions)
