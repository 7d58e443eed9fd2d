"""Runs one item after the other in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

from semindex.errors import SemindexError
from semindex.indexing.executors.base import Done, Failure, R, T, W, reason_of


class InlineExecutor:
    """The executor that starts no process."""

    peak_bytes = 0
    notes = ()

    def run(
        self, task: Callable[[W, T], R], items: Iterable[T], *, setup: Callable[[], W], in_flight: int = 1
    ) -> Generator[Done[T, R] | Failure[T], None, None]:
        """The outcomes in the order of the items; see :meth:`Executor.run`."""
        state = setup()
        for item in items:
            try:
                result = task(state, item)
            except SemindexError:
                raise
            except Exception as error:  # noqa: BLE001 - the worker's edge: the failure becomes a value
                yield Failure(item, reason_of(error))
            else:
                yield Done(item, result)
