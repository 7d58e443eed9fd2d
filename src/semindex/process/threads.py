"""Work that other threads take up while this one does something else."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_THREADS = 8
"""More would wait for memory."""


def usable_cores() -> int:
    """How many cores this process may use: where the system tells, fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def spare_threads() -> int:
    """How many others there may be: as many as there are cores but this one's."""
    return min(usable_cores(), MOST_THREADS) - 1


class Beside(Generic[T]):
    """Tasks that are begun at once on other threads; whoever asks for the results does what is left.

    They should spend their time where Python's lock is given up: in products and large arrays.
    """

    def __init__(self, tasks: Iterable[Callable[[], T]], *, threads: int) -> None:
        """With no ``threads`` nothing happens before :meth:`results`."""
        self._left = deque(enumerate(tasks))
        self._results: dict[int, T] = {}
        self._failed: list[BaseException] = []
        count = min(threads, len(self._left))
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def results(self) -> list[T]:
        """What the tasks gave, in their order.

        Raises:
            Exception: What a task raised; the first one if there are several. No other is begun after it.
        """
        self._work()
        for thread in self._threads:
            thread.join()
        if self._failed:
            raise self._failed[0]
        return [self._results[number] for number in range(len(self._results))]

    def _work(self) -> None:
        while True:
            try:
                number, task = self._left.popleft()
            except IndexError:
                return
            try:
                self._results[number] = task()
            except BaseException as error:  # noqa: BLE001  it is raised again where the results are asked for
                self._failed.append(error)
                self._left.clear()
