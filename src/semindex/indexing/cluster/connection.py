"""The connection to a dask scheduler: which workers there are, errands to one of them, their answers.

Here alone is ``distributed`` imported. Who asks for no cluster needs no such package.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from semindex.errors import UsageError, WorkerError

EXTRA = 'a cluster needs the package distributed: pip install "semindex[cluster]"'
CONNECT_SECONDS = 30.0
_CALL_SECONDS = 20.0
_FETCH_SECONDS = 60.0
"""For an answer to come from the worker that has it; on a slow network 8 MB take as long."""
_FETCHERS = 4
_RESTART_SECONDS = 30.0
_CLOSE_SECONDS = 5.0


class Finished(Enum):
    """See :data:`FINISHED`."""

    FINISHED = "the worker has gone on to its next errand"


FINISHED = Finished.FINISHED


class SchedulerGone(Exception):  # noqa: N818 - an event, not a mistake
    """The scheduler does not answer, or is another one than before."""


class AnswerLost(Exception):  # noqa: N818 - an event, not a mistake
    """There will be no answer, through nobody's fault that is known."""


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker, as the scheduler lists it."""

    address: str
    label: str
    """What it is called in messages."""
    threads: int
    has_nanny: bool


class SchedulerClient:
    """A client of one scheduler."""

    def __init__(self, address: str) -> None:
        """Connect, with what dask's own configuration says of TLS.

        Raises:
            UsageError: The extra is not installed.
            WorkerError: No scheduler answers there, or it speaks otherwise.
        """
        try:
            from distributed import Client  # noqa: TID251 - reaches the scheduler that a user names
        except ImportError as error:
            raise UsageError(f"{EXTRA} ({error})") from error
        self.answers: queue.SimpleQueue[tuple[Any, object]] = queue.SimpleQueue()
        """What was handed to :meth:`submit`, with :data:`FINISHED` as soon as it is known that there is an
        answer, then with the answer, or with an exception where there is none."""
        self._fetchers = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="semindex-fetch")
        self._levels = _silenced()
        try:
            self._client: Any = Client(  # type: ignore[no-untyped-call]
                address, timeout=CONNECT_SECONDS, set_as_default=False, name="semindex"
            )
        except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
            _restore(self._levels)
            raise _unreachable(address, error) from error
        try:
            self._scheduler = self._identity()["id"]
        except SchedulerGone as error:
            self.close()
            raise _unreachable(address, error) from error

    def members(self) -> dict[str, WorkerInfo]:
        """The workers that are there, by address.

        Raises:
            SchedulerGone: Nobody answers, or a scheduler that knows nothing of what was submitted.
        """
        identity = self._identity()
        if identity["id"] != self._scheduler:
            raise SchedulerGone("it was started anew")
        return {
            address: _member(address, told)
            for address, told in identity["workers"].items()
            if not str(told.get("status", "")).startswith("clos")
        }

    def _identity(self) -> dict[str, Any]:
        if self._client.status != "running":
            raise SchedulerGone("the connection was lost")
        try:
            found: dict[str, Any] = self._client.sync(
                self._client.scheduler.identity, n_workers=-1, callback_timeout=_CALL_SECONDS
            )
        except (OSError, TimeoutError, asyncio.CancelledError, RuntimeError) as error:
            raise SchedulerGone(in_a_line(error)) from error
        return found

    def submit(self, token: object, worker: str, errand: Callable[..., object], *arguments: object) -> Any:
        """Have one worker do an errand; the token comes back in :attr:`answers`. Gives what `drop` takes.

        Raises:
            SchedulerGone: It cannot be sent.
        """
        import dask  # noqa: TID251 - its configuration

        # The files of a batch are meant to travel with the task: it may then be given to another worker.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "16 GiB"}):
            try:
                future = self._client.submit(errand, *arguments, workers=[worker], pure=False)
            except Exception as error:
                raise SchedulerGone(in_a_line(error)) from error
        future.add_done_callback(lambda done: self._fetch(token, done))
        return future

    def drop(self, future: Any) -> None:
        """Forget an errand; an answer that still comes is ignored by the scheduler."""
        with suppress(Exception):  # the scheduler that would be told may be gone
            future.release()

    def restart(self, worker: str) -> None:
        """Have a worker's nanny kill it and start another; nobody waits for it."""

        def ask() -> None:
            with suppress(Exception):  # the host may be out of reach: then the scheduler gives it up
                self._client.restart_workers([worker], timeout=_RESTART_SECONDS, raise_for_error=False)

        threading.Thread(target=ask, name="semindex-restart", daemon=True).start()

    def close(self) -> None:
        """Take leave; what was submitted is cancelled."""
        self._fetchers.shutdown(wait=False, cancel_futures=True)
        with suppress(Exception):  # of a connection that is broken already
            self._client.close(timeout=_CLOSE_SECONDS)
        _restore(self._levels)

    def _fetch(self, token: object, future: Any) -> None:
        """Called by a thread of the client when an errand is done; the answer is still far away."""
        self.answers.put((token, FINISHED))
        with suppress(RuntimeError):  # closed meanwhile
            self._fetchers.submit(self._fetched, token, future)

    def _fetched(self, token: object, future: Any) -> None:
        answer: object
        try:
            answer = future.result(timeout=_FETCH_SECONDS)
        except (TimeoutError, asyncio.CancelledError) as error:
            answer = AnswerLost(in_a_line(error))
        except Exception as error:  # noqa: BLE001 - what a worker raised; the failure becomes a value
            answer = AnswerLost(in_a_line(error)) if "Cancelled" in type(error).__name__ else error
        self.answers.put((token, answer))


def scratch_folder() -> str | None:
    """Of the dask worker that this is called on; None elsewhere."""
    try:
        from distributed import get_worker  # noqa: TID251 - asks whether this is a worker
    except ImportError:
        return None
    try:
        return str(get_worker().local_directory)
    except ValueError:  # this is none
        return None


def _member(address: str, told: Mapping[str, Any]) -> WorkerInfo:
    name = str(told.get("name", address))
    label = address if name == address else f"{address} ({name})"
    return WorkerInfo(address, label, int(told.get("nthreads", 1)), told.get("nanny") is not None)


def _silenced() -> dict[str, int]:
    """Quieten dask's loggers: what goes wrong is told by our errors and notes. Gives the levels they had."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return levels


def _restore(levels: Mapping[str, int]) -> None:
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def _unreachable(address: str, error: Exception) -> WorkerError:
    return WorkerError(
        f"no dask scheduler answers at {address} ({in_a_line(error)}); start one there: dask scheduler"
    )


def in_a_line(error: BaseException) -> str:
    """What kind of error it is, and the beginning of what it says."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
