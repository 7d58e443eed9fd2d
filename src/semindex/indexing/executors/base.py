"""The seam: a task over many items, the results as values, in whatever order they are done."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Done(Generic[T, R]):
    """An item and what the task made of it."""

    item: T
    result: R


@dataclass(frozen=True, slots=True)
class Failure(Generic[T]):
    """An item that the task cannot deal with: it raised, or killed its process twice."""

    item: T
    reason: str


class Executor(Protocol):
    """Runs a task; the contract suite is ``tests/build/executors/test_contract.py``."""

    @property
    def peak_bytes(self) -> int:
        """Peak resident memory of the processes it began, each at its own highest, added up."""

    def run(
        self, task: Callable[[W, T], R], items: Iterable[T], *, setup: Callable[[], W], in_flight: int
    ) -> Generator[Done[T, R] | Failure[T], None, None]:
        """Each item once, as it is done; closing the iterator ends what still runs.

        Args:
            task: Called with what ``setup`` gave and an item. It must not matter how often, where or
                in which order.
            items: Taken one by one, at most ``in_flight`` ahead of what the caller has been given.
            setup: Called once a process, before its first item.
            in_flight: Most items that are begun, or done and not yet given.

        Raises:
            SemindexError: As the task or ``setup`` raised it (no room on the disk, a damaged model): no
                fault of the item, so that trying others would not help.
            WorkerError: No process can be started.
        """


def reason_of(error: Exception) -> str:
    """What a task raised, in one line."""
    return f"{type(error).__name__}: {error}"
