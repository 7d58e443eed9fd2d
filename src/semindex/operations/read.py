"""Lines of indexed files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from semindex.errors import QueryError
from semindex.operations.base import Operation, Request, option
from semindex.operations.search import Refreshing
from semindex.types import Texts, Upkept

if TYPE_CHECKING:
    from semindex.snapshot import Snapshot


class Spans(Request, frozen=True):
    """The spans; all else that is asked with them has a name."""

    refused = QueryError

    spans: Annotated[
        Sequence[str],
        option(
            "Lines of files, as path:10-40 or path:10, or whole files, as their paths.",
            argument=True,
            metavar="SPAN",
            completes="file",
        ),
    ]


class Read(Spans, frozen=True, kw_only=True):
    """Lines of indexed files, in the order in which they are asked for."""

    context: Annotated[
        int, option("Lines before and after each span.", least=0, short="-C", metavar="LINES")
    ] = 0
    refresh: Refreshing = False


def read(
    snapshot: Snapshot, asked: Read, checked: Sequence[Upkept] = (), *, started: float | None = None
) -> Texts:
    """Lines of indexed files, as they are today; a span that cannot be given says why.

    Raises:
        QueryError: No span is given.
        IndexCorrupt: A file of the index is damaged; a refresh rebuilds what it held.
    """
    from semindex.search.reading import SpanReader

    started = time.perf_counter() if started is None else started
    if not asked.spans:
        raise QueryError("no span is given; give path, path:10 or path:10-40")
    with snapshot.blaming_damage():
        reader = SpanReader(snapshot.reader(), snapshot.why_left_out)
        spans = tuple([reader.read(span, asked.context) for span in asked.spans])
    return Texts(spans, tuple(reader.notes), snapshot.coverage(checked), time.perf_counter() - started)


OPERATION = Operation("read", "read", Read, Texts)
