"""A client of a dask scheduler: lists its workers, has one of them call a function, and collects the answers.

The package ``distributed`` comes with the extra ``cluster`` and is imported when a client is made.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from msgspec import Struct

from semindex.errors import UsageError, WorkerError

EXTRA = 'a cluster needs the package distributed: pip install "semindex[cluster]"'
CONNECT_SECONDS = 30.0
_CALL_SECONDS = 20.0
_FETCH_SECONDS = 60.0
"""How long an answer may take from the worker that has it; on a slow network 8 MB take as long."""
_FETCHERS = 4
_RESTART_SECONDS = 30.0
_CLOSE_SECONDS = 5.0


FINISHED = object()
"""Reported of a call whose worker is done and has gone on to the next."""


class SchedulerGone(Exception):  # noqa: N818 - an event, not a mistake
    """The scheduler does not answer, or was started again and knows nothing of earlier calls."""


class AnswerLost(Exception):  # noqa: N818 - an event, not a mistake
    """There will be no answer to a call, and no worker is known to be to blame."""


class WorkerInfo(Struct, frozen=True):
    """What the scheduler says of a worker."""

    address: str
    label: str
    """The worker's name in messages."""
    threads: int
    has_nanny: bool
    """Whether a nanny, dask's process that watches a worker, can start it again."""


class SchedulerClient:
    """A client of one scheduler."""

    def __init__(self, address: str) -> None:
        """Connect to the scheduler at ``address``, by TLS as dask's configuration says.

        Raises:
            UsageError: The extra is not installed.
            WorkerError: No scheduler answers, or one of another protocol.
        """
        try:
            from distributed import Client  # noqa: TID251 - reaches the scheduler that a user names
        except ImportError as error:
            raise UsageError(f"{EXTRA} ({error})") from error
        self.answers: queue.SimpleQueue[tuple[Any, object]] = queue.SimpleQueue()
        """Twice for each call the token of :meth:`submit`: first with :data:`FINISHED`, when the worker is
        done, then with the answer, or with an exception if there is none."""
        self._fetchers = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="semindex-fetch")
        self._levels = _silence()
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
        """The workers that the scheduler has now, by address.

        Raises:
            SchedulerGone: The scheduler does not answer, or is another one now.
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

    def submit(self, token: object, worker: str, function: Callable[..., object], *arguments: object) -> Any:
        """Have one worker call a function; gives the future to :meth:`drop`.

        Args:
            token: Comes back with the answer in :attr:`answers`.
            worker: The worker's address.
            function: What to call.
            arguments: What to call it with.

        Raises:
            SchedulerGone: The call cannot be sent.
        """
        import dask  # noqa: TID251 - its configuration

        # By default dask warns of large arguments; here they are the files of a batch, which have to be sent.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "16 GiB"}):
            try:
                future = self._client.submit(function, *arguments, workers=[worker], pure=False)
            except Exception as error:
                raise SchedulerGone(in_a_line(error)) from error
        future.add_done_callback(lambda done: self._fetch(token, done))
        return future

    def drop(self, future: Any) -> None:
        """Cancel a call; if it is being done, its answer is thrown away."""
        with suppress(Exception):  # the scheduler may be gone
            future.release()

    def restart(self, worker: str) -> None:
        """Have a worker's nanny kill it and start it again; does not wait for it."""

        def ask() -> None:
            with suppress(Exception):  # the host may be out of reach; then the scheduler drops the worker
                self._client.restart_workers([worker], timeout=_RESTART_SECONDS, raise_for_error=False)

        threading.Thread(target=ask, name="semindex-restart", daemon=True).start()

    def close(self) -> None:
        """Close the connection; all calls are cancelled."""
        self._fetchers.shutdown(wait=False, cancel_futures=True)
        with suppress(Exception):  # the connection may be broken already
            self._client.close(timeout=_CLOSE_SECONDS)
        _restore(self._levels)

    def _fetch(self, token: object, future: Any) -> None:
        """Report a call that is done, and fetch its answer in another thread; a thread of dask calls this."""
        self.answers.put((token, FINISHED))
        with suppress(RuntimeError):  # the client was closed meanwhile
            self._fetchers.submit(self._put_answer, token, future)

    def _put_answer(self, token: object, future: Any) -> None:
        answer: object
        try:
            answer = future.result(timeout=_FETCH_SECONDS)
        except (TimeoutError, asyncio.CancelledError) as error:
            answer = AnswerLost(in_a_line(error))
        except Exception as error:  # noqa: BLE001 - what a worker raised; the failure becomes a value
            answer = AnswerLost(in_a_line(error)) if "Cancelled" in type(error).__name__ else error
        self.answers.put((token, answer))


def scratch_folder() -> str | None:
    """The folder of the dask worker that runs this process; None if this is none."""
    try:
        from distributed import get_worker  # noqa: TID251 - only asks whether this is a worker
    except ImportError:
        return None
    try:
        return str(get_worker().local_directory)
    except ValueError:  # this process is no worker
        return None


def _member(address: str, told: Mapping[str, Any]) -> WorkerInfo:
    name = str(told.get("name", address))
    label = address if name == address else f"{address} ({name})"
    return WorkerInfo(address, label, int(told.get("nthreads", 1)), told.get("nanny") is not None)


def _silence() -> dict[str, int]:
    """Silence dask's loggers, since our errors and notes say what goes wrong; gives their former levels."""
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
    """The class of an error and the beginning of its message, in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
