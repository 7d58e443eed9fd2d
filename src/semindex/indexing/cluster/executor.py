"""The executor over the workers of a dask cluster, on this machine or on others.

Dask carries calls and answers. Which worker gets which item is decided here (:mod:`.team`): an item belongs
to one worker at a time, so that the loss of a worker has a name and costs only the items that it had.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from typing import Any

from semindex.errors import UsageError, WorkerError
from semindex.indexing.cluster.connection import SchedulerClient, SchedulerGone
from semindex.indexing.cluster.team import PATIENCE_SECONDS, PendingItem, WorkerTeam
from semindex.indexing.executors.base import Done, Failure, R, T, W
from semindex.indexing.executors.wire import pickle_parts

RECONNECTS = 3
WAIT_SECONDS = 60.0
"""How long a run without any worker waits for one."""
_STOP = object()


class ClusterExecutor:
    """The executor over a running scheduler's workers, or over workers that it starts on this machine."""

    def __init__(
        self,
        address: str,
        *,
        patience: Callable[[Any], float] = lambda item: PATIENCE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """Connect to the scheduler, or start one.

        Args:
            address: The address of a scheduler in dask's notation (``tcp://host:8786``, ``tls://host:8786``),
                or ``local:4`` to start four workers on this machine.
            patience: For an item, the seconds after which a worker that is at it is taken to hang.
            wait_seconds: How long to wait for a worker when there is none.

        Raises:
            UsageError: The extra is not installed, or the address cannot be read.
            WorkerError: No scheduler answers.
        """
        self._patience = patience
        self._wait_seconds = wait_seconds
        self._address = address
        self._notes: dict[str, None] = {}
        self._peaks: dict[str, int] = {}
        self._host_bytes: Callable[[], int] | None = None
        self._open = ExitStack()
        self._reconnects = 0
        self._connection = self._connect()

    @property
    def peak_bytes(self) -> int:
        """The sum of the peaks of the processes started here; 0 for workers that others started."""
        return sum(self._peaks.values()) + self._host_bytes() if self._host_bytes is not None else 0

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user about workers that were lost or refused."""
        return tuple(self._notes)

    def count_workers(self) -> int:
        """How many workers there are now."""
        try:
            return len(self._connection.members())
        except SchedulerGone:
            return 0

    def close(self) -> None:
        """Close the connection, and end a cluster that was started here."""
        self._open.close()

    def _connect(self) -> SchedulerClient:
        address = self._address
        workers = local_workers(address)
        if workers is not None:
            from semindex.indexing.cluster.local import LocalCluster

            host = self._open.enter_context(LocalCluster(workers))
            address, self._host_bytes = host.address, host.peak_bytes
        connection = SchedulerClient(address)
        self._open.callback(connection.close)
        return connection

    def run(
        self, task: Callable[[W, T], R], items: Iterable[T], *, setup: Callable[[], W], in_flight: int
    ) -> Generator[Done[T, R] | Failure[T], None, None]:
        """The outcomes; ``task``, ``setup``, items and results are pickled; see :meth:`Executor.run`.

        Raises:
            WorkerError: No worker came or can do the work, or the scheduler did not come back.
        """
        source: Iterator[Any] = iter(items)
        first = next(source, _STOP)
        if first is _STOP:
            return
        source, more, begun = chain((first,), source), True, 0
        greeting = pickle_parts((task, setup))[0]
        team = WorkerTeam(
            self._connection, greeting, self._patience, self._wait_seconds, self._notes, self._peaks
        )
        try:
            while more or begun:
                self._look_around(team)
                while more and begun < in_flight and team.has_room():
                    item = next(source, _STOP)
                    more = item is not _STOP
                    if more:
                        team.give(PendingItem(item))
                        begun += 1
                for outcome in team.outcomes():
                    begun -= 1
                    yield outcome
            team.say_goodbye()
        finally:
            team.dismiss()

    def _look_around(self, team: WorkerTeam) -> None:
        """Let the team look for new and lost workers; connect again if the scheduler was lost."""
        try:
            team.look_around()
        except SchedulerGone as gone:
            self._reconnects += 1
            if self._reconnects > RECONNECTS:
                raise self._gone_for_good(gone) from gone
            self._open.close()
            try:
                self._connection = self._connect()
            except WorkerError as error:
                raise self._gone_for_good(gone) from error
            self._notes[f"the scheduler at {self._address} went away ({gone}) and was found again"] = None
            team.start_over(self._connection)

    def _gone_for_good(self, gone: SchedulerGone) -> WorkerError:
        return WorkerError(
            f"the scheduler at {self._address} went away ({gone}); what was committed stays: "
            "start it and its workers again, then run the same command to go on"
        )


def local_workers(address: str) -> int | None:
    """How many workers an address asks for on this machine; None if it is that of a scheduler.

    Raises:
        UsageError: The address is neither ``local:N`` nor one in dask's notation.
    """
    found = re.fullmatch(r"local:([1-9][0-9]{0,2})", address)
    if found:
        return int(found[1])
    if not re.fullmatch(r"(tcp|tls|ws|wss)://[^\s/]+:[0-9]{1,5}/?", address):
        raise UsageError(
            f"{address!r} is no cluster; write the address of a dask scheduler (tcp://host:8786 or "
            "tls://host:8786), or local:4 for four workers on this machine"
        )
    return None
