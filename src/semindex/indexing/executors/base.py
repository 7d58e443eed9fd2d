"""What every executor is: it runs a task over many items, and gives results and failures as values."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

T = TypeVar("T")
R = TypeVar("R")
W = TypeVar("W")


class Done(Struct, Generic[T, R], frozen=True):
    """An item and what the task gave for it."""

    item: T
    result: R


class Failure(Struct, Generic[T], frozen=True):
    """An item for which the task raised an error, or killed its process several times."""

    item: T
    reason: str


class Executor(Protocol):
    """Runs a task; ``tests/indexing/executors/test_contract.py`` tests every executor."""

    @property
    def peak_bytes(self) -> int:
        """The sum of the peak resident memory of all processes that the executor started."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user about how it went so far."""

    def run(
        self, task: Callable[[W, T], R], items: Iterable[T], *, setup: Callable[[], W], in_flight: int
    ) -> Generator[Done[T, R] | Failure[T], None, None]:
        """The outcome of each item, as soon as it is done; closing the iterator stops what still runs.

        Args:
            task: Called with what ``setup`` gave and an item, maybe more than once for an item, in any
                process and any order.
            items: Taken one by one, at most ``in_flight`` ahead of the outcomes that the caller has taken.
            setup: Called once in each process, before its first item.
            in_flight: The most items that are being worked at, or done and not yet taken by the caller.

        Raises:
            SemindexError: The task or ``setup`` raised it. Its cause is not the item (no room on the disk, a
                damaged model), so trying other items would not help.
            WorkerError: No process can be started.
        """


def reason_of(error: Exception) -> str:
    """An error that a task raised, in one line."""
    return f"{type(error).__name__}: {error}"
