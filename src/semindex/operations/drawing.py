"""The graph of a repository as a document: JSON, Mermaid, DOT, GraphML, or a picture."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import QueryError
from semindex.operations.base import Request, option
from semindex.operations.search import Refreshing, Scope
from semindex.types import Coverage, Upkept

if TYPE_CHECKING:
    from semindex.snapshot import Snapshot

FORMATS = ("json", "mermaid", "dot", "graphml", "svg")
SHOWN = ("modules", "symbols")


class Draw(Request, frozen=True, kw_only=True):
    """The files or definitions of a repository, and which uses which, as a document."""

    refused = QueryError

    format: Annotated[str, option("How it is written.", choices=FORMATS)] = "json"
    of: Annotated[str, option("Files, or the definitions at the top of files, as nodes.", choices=SHOWN)] = (
        "modules"
    )
    limit: Annotated[
        int, option("At most this many nodes, the most important ones.", least=1, short="-n", metavar="NUM")
    ] = 40
    scope: Scope = ""
    refresh: Refreshing = False


class GraphDocument(Struct, frozen=True):
    """An answer: the document, and what is in it."""

    format: str
    of: str
    text: str
    """The document, without a line end behind it."""
    nodes: int
    edges: int
    total: int
    """How many nodes there would be without a limit."""
    coverage: Coverage
    seconds: float = 0.0


def draw(
    snapshot: Snapshot, asked: Draw, checked: Sequence[Upkept] = (), *, started: float | None = None
) -> GraphDocument:
    """The graph of the first repository as a document; tests, examples and old code are left out.

    Raises:
        NotIndexed: The index has no code graph.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.graph.drawing.picture import as_svg
    from semindex.graph.drawing.pieces import modules, symbols
    from semindex.graph.drawing.texts import as_dot, as_graphml, as_json, as_mermaid
    from semindex.graph.importance import Importance

    started = time.perf_counter() if started is None else started
    writers = dict(zip(FORMATS, (as_json, as_mermaid, as_dot, as_graphml, as_svg), strict=True))
    with snapshot.blaming_damage():
        network = snapshot.network()
        inside = {file for file in network.files if _is_in(network.corpus.path(file), asked.scope.strip("/"))}
        own = {file for file in inside if not network.is_aside(file)}
        # Whoever asks for a folder of tests wants to see them.
        importance = Importance(network, {} if own else dict.fromkeys(inside, 1.0))
        make = modules if asked.of == "modules" else symbols
        drawing = make(importance, own or inside, asked.limit)
    coverage = snapshot.coverage(checked)
    if drawing.total > len(drawing.nodes):
        shown = f"the {len(drawing.nodes)} most important of {drawing.total:,} {asked.of}"
        note = f"shown are {shown}; --limit shows more"
        coverage = replace(coverage, notes=(*coverage.notes, note))
    return GraphDocument(
        asked.format,
        asked.of,
        writers[asked.format](drawing),
        len(drawing.nodes),
        len(drawing.arrows),
        drawing.total,
        coverage,
        time.perf_counter() - started,
    )


def _is_in(path: str, scope: str) -> bool:
    return not scope or path == scope or path.startswith(scope + "/")
