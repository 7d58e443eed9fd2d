"""The threads of this process: work that others take up while this one does something else.

All of it shares one pool, whose threads are started when they are first needed and then stay.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import cache
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_THREADS = 8
"""More would wait for memory."""


def usable_cores() -> int:
    """How many cores this process may use: where the system tells, fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


_is_alone = False


def spare_threads() -> int:
    """How many others there may be: as many as there are cores but this one's."""
    return 0 if _is_alone else min(usable_cores(), MOST_THREADS) - 1


def use_no_others() -> None:
    """Have work done on its own thread in this process, which forks; those that it forks have threads."""
    global _is_alone
    _is_alone = True


def _use_others() -> None:
    global _is_alone
    _is_alone = False


class _Pool:
    """Threads that end with the process, at most :data:`MOST_THREADS`, never more than there is work for."""

    def __init__(self) -> None:
        from queue import SimpleQueue  # most processes need no pool

        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._busy = 0
        """Threads at work, and pieces of work that no thread has taken yet."""

    def submit(self, run: Callable[[], None]) -> None:
        """Have a thread run something that raises nothing; a new one when all are busy."""
        with self._lock:
            self._busy += 1
            new = self._busy > self._threads and self._threads < MOST_THREADS
            self._threads += new
        self._work.put(run)
        if new:
            threading.Thread(target=self._serve, name="semindex", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._work.get()()
            with self._lock:
                self._busy -= 1


@cache
def _pool() -> _Pool:
    """The pool of this process; a forked one has none of its parent's threads, and gets its own."""
    return _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)
    os.register_at_fork(after_in_child=_use_others)


class Beside(Generic[T]):
    """Tasks that are begun at once on other threads; whoever asks for the results does what is left.

    They should spend their time where Python's lock is given up: in products and large arrays.
    """

    def __init__(self, tasks: Iterable[Callable[[], T]], *, threads: int) -> None:
        """With no ``threads`` nothing happens before :meth:`results`."""
        self._left = deque(enumerate(tasks))
        self._results: dict[int, T] = {}
        self._failed: list[BaseException] = []
        self._at_work = 0
        self._change = threading.Condition()
        for _ in range(min(threads, len(self._left))):
            _pool().submit(self._work)

    def results(self) -> list[T]:
        """What the tasks gave, in their order.

        Raises:
            Exception: What a task raised; the first one if there are several. No other is begun after it.
        """
        self._work()
        with self._change:
            self._change.wait_for(lambda: not self._at_work)
        if self._failed:
            raise self._failed[0]
        return [self._results[number] for number in range(len(self._results))]

    @property
    def ended(self) -> bool:
        """Whether the results are there, so that nobody has to wait for them."""
        with self._change:
            return not self._left and not self._at_work

    def _work(self) -> None:
        while True:
            with self._change:
                if not self._left:
                    return
                number, task = self._left.popleft()
                self._at_work += 1
            try:
                self._results[number] = task()
            except BaseException as error:  # noqa: BLE001  it is raised again where the results are asked for
                self._failed.append(error)
                self._left.clear()
            finally:
                with self._change:
                    self._at_work -= 1
                    self._change.notify_all()
