"""Runs items in worker processes on this machine, each served by a thread of this process.

We do not use the standard library's pool: when one worker is killed it fails as a whole and cannot say which
item was at work, and its workers run the caller's ``__main__`` again. Here each worker has pipes of its own,
so a death costs only the item that the worker had.
"""

from __future__ import annotations

import queue
import signal
import subprocess  # noqa: TID251 - starts worker processes, of this interpreter only
import sys
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from semindex.errors import WorkerError
from semindex.indexing.executors.base import Done, Failure, R, T, W
from semindex.indexing.executors.wire import Reply, receive, send

TRIES = 2
"""After an item has killed this many workers it is a failure."""
STARTS = 3
"""After this many workers in a row have died before their first item, no more are started."""
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from semindex.indexing.executors.worker import main; main()"
_STOP = object()
_END_SECONDS = 10.0
_LOOK_SECONDS = 0.5
"""How long to wait at a time: on Windows a wait without an end does not notice Ctrl-C."""


class _Died(Exception):  # noqa: N818 - an event, not a mistake
    """The worker process has ended; the message says how."""


class LocalExecutor:
    """The executor over at most ``workers`` processes, each started when there is an item for it."""

    notes = ()

    def __init__(self, workers: int, *, max_resident_bytes: int | None = None) -> None:
        """Start nothing yet; a worker that holds more than ``max_resident_bytes`` will be replaced."""
        self._workers = workers
        self._limit = max_resident_bytes
        self._peaks = [0] * workers

    @property
    def peak_bytes(self) -> int:
        """The sum of the peaks; a worker and those that replaced it count once, by the highest."""
        return sum(self._peaks)

    def run(
        self, task: Callable[[W, T], R], items: Iterable[T], *, setup: Callable[[], W], in_flight: int
    ) -> Generator[Done[T, R] | Failure[T], None, None]:
        """The outcomes; ``task``, ``setup``, items and results are pickled; see :meth:`Executor.run`."""
        pool = _WorkerPool((task, setup), self._workers, self._limit, self._peaks)
        source, begun, more = iter(items), 0, True
        try:
            while True:
                while more and begun < in_flight:
                    item = next(source, _STOP)
                    more = item is not _STOP
                    if more:
                        pool.give(item)
                        begun += 1
                if not begun:
                    break
                yield pool.take()
                begun -= 1
            pool.dismiss()
        finally:
            pool.kill()


class _WorkerPool:
    """The threads of one run, each with a worker process."""

    def __init__(self, greeting: object, size: int, limit: int | None, peaks: list[int]) -> None:
        self._greeting = greeting
        self._limit = limit
        self._peaks = peaks
        self._size = size
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._live: set[_WorkerProcess] = set()
        self._over = False

    def give(self, item: object) -> None:
        self._items.put(item)
        if len(self._threads) < self._size:
            thread = threading.Thread(
                target=self._serve, args=(len(self._threads),), name="semindex-worker", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def take(self) -> Any:
        while True:
            try:
                outcome = self._outcomes.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

    def dismiss(self) -> None:
        """End the workers once all items are done."""
        for _ in self._threads:
            self._items.put(_STOP)
        for thread in self._threads:
            thread.join(_END_SECONDS)

    def kill(self) -> None:
        """End the workers at once, whatever they do."""
        with self._lock:
            self._over = True
            live = list(self._live)
        for worker in live:
            worker.kill()
        self.dismiss()
        for worker in live:
            worker.end()

    def _serve(self, slot: int) -> None:
        """What the thread with the number ``slot`` does: have items done until there are no more."""
        if hasattr(signal, "pthread_sigmask"):
            # Only the main thread is to get Ctrl-C, not this one or the workers that it starts.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        worker: _WorkerProcess | None = None
        try:
            while (item := self._items.get()) is not _STOP and not self._over:
                worker = self._attend(item, worker, slot)
            if worker is not None:
                self._let_go(worker)
        except BaseException as error:  # noqa: BLE001 - the thread's edge: take() raises the error
            self._outcomes.put(error)

    def _attend(self, item: Any, worker: _WorkerProcess | None, slot: int) -> _WorkerProcess | None:
        """Have an item done; gives the worker for the next item, None if a new one is needed."""
        reason = ""
        for _ in range(TRIES):
            worker = worker or self._start(slot)
            try:
                reply = worker.ask(item)
            except _Died as death:
                reason = f"its worker process {death}, {TRIES} times"
                self._let_go(worker)
                worker = None
                if self._over:
                    return None
                continue
            self._note(reply, slot)
            failed = reply.failure
            self._outcomes.put(Done(item, reply.result) if failed is None else Failure(item, failed))
            if self._limit is not None and reply.resident_bytes > self._limit:
                self._let_go(worker)
                return None
            return worker
        self._outcomes.put(Failure(item, reason))
        return None

    def _start(self, slot: int) -> _WorkerProcess:
        """A started worker whose ``setup`` has gone well.

        Raises:
            WorkerError: No worker can be started, or ``setup`` fails.
        """
        death = _Died()
        for _ in range(STARTS):
            with self._lock:
                if self._over:
                    raise _Died("was not wanted any more")
                worker = _WorkerProcess()
                self._live.add(worker)
            try:
                reply = worker.ask(self._greeting)
                self._note(reply, slot)
                if reply.failure is not None:
                    raise WorkerError(f"a worker process could not begin: {reply.failure}")
                return worker
            except _Died as error:
                death = error
                self._let_go(worker)
        raise WorkerError(
            f"worker processes cannot be started ({sys.executable} {death}); set "
            "ENABLE_PARALLEL_PROCESSING to false to build in one process"
        )

    def _note(self, reply: Reply, slot: int) -> None:
        """Remember the worker's peak, and raise the error of a reply that ends the run."""
        self._peaks[slot] = max(self._peaks[slot], reply.peak_bytes)
        if reply.error is not None:
            raise reply.error

    def _let_go(self, worker: _WorkerProcess) -> None:
        worker.end()
        with self._lock:
            self._live.discard(worker)


class _WorkerProcess:
    """A worker process and its pipes; one thread uses it, and any thread may kill it."""

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-X", f"utf8={sys.flags.utf8_mode}", "-c", _BOOT, *module_path()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except (OSError, ValueError) as error:
            raise WorkerError(
                f"worker processes cannot be started with {sys.executable!r} ({error}); set "
                "ENABLE_PARALLEL_PROCESSING to false to build in one process"
            ) from error

    def ask(self, item: object) -> Reply:
        """The worker's reply to an item.

        Raises:
            _Died: The process ended before it replied.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            send(self._process.stdin, item)
            reply = receive(self._process.stdout)
        except (OSError, EOFError, ValueError) as error:
            raise _Died(self._end()) from error
        assert isinstance(reply, Reply)
        return reply

    def _end(self) -> str:
        """Wait until the process has ended; gives how it ended, in words."""
        try:
            status = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        if status < 0:
            return f"was killed by {signal.Signals(-status).name}"
        return f"ended with status {status}"

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        self._process.kill()

    def end(self) -> None:
        """Close the pipes, which ends the process once it is idle."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(OSError):  # closing flushes bytes, which a dead process does not take
                stream.close()
        self._end()


def module_path() -> list[str]:
    """The module path for a worker: that of this process, without the working directory."""
    home = str(Path(__file__).parents[3])
    path = [part for part in sys.path if part]
    return path if home in path else [*path, home]
