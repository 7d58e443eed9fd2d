"""Hands the items of one run to the workers of a cluster, and finds out which item a lost worker was at.

Example: workers A, B and C, items 1 to 7, two items a worker (QUEUED) so that none waits for the network::

    A  at work on 1, then 4        B  at work on 2, then 5        C  at work on 3, then 6        waiting: 7

A leaves the cluster. Item 4 was not at work, so it only goes back to the front of the waiting items. Item 1
was at work and may have killed A: A is noted as a worker that was lost with it, and from now on it is given
only to a worker that has nothing else, so that another death can have no other cause. B does items 2 and 5
and then gets item 1 alone; meanwhile C does the others. If B and then C do not come back from item 1 either,
three workers (TRIES) were lost with it, and it is given up as a failure. A worker that is silent for too long
is treated like one that left, and its nanny (dask's process that watches it) is asked to start it again.
"""

from __future__ import annotations

import math
import pickle
import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from typing import Any

from msgspec import Struct, field

from semindex.errors import SemindexError, WorkerError, WorkerUnfit
from semindex.indexing.cluster.connection import (
    FINISHED,
    AnswerLost,
    SchedulerClient,
    SchedulerGone,
    WorkerInfo,
)
from semindex.indexing.cluster.remote import DONE, OPENED, UNFIT, do_item, forget_run
from semindex.indexing.executors.base import Done, Failure, reason_of
from semindex.indexing.executors.wire import Reply, pickle_parts
from semindex.version import __version__

TRIES = 3
"""After this many workers were lost with an item it is a failure."""
LOSSES = 10
"""After the answer for an item was lost this often, with no worker to blame, it is a failure too."""
QUEUED = 2
"""Items that a worker has at a time: the one at work, and the next."""
PATIENCE_SECONDS = 120.0
"""How long a worker may take to open what the run works with."""
_POLL_SECONDS = 0.5
_FORGET_SECONDS = 2.0


class WorkerState(Enum):
    """Whether a worker of a run is given items."""

    GREETED = "asked to open what the run works with"
    READY = "given items"
    OUT = "given nothing any more"


class PendingItem(Struct):
    """An item that is not done."""

    item: Any
    lost: list[tuple[TeamWorker, str]] = field(default_factory=list)
    """The workers that were lost with it, and how each was lost."""
    losses: int = 0
    """How often the item's answer was lost with no worker to blame."""


class Attempt(Struct, eq=False):
    """An item that a worker was given; or the greeting, which has no item."""

    pending: PendingItem | None
    worker: TeamWorker
    future: Any = None
    finished: bool = False
    """Whether the worker has gone on to its next item; the answer may still be on its way."""


class TeamWorker(Struct, eq=False):
    """A worker of a run, and what it was given."""

    member: WorkerInfo
    state: WorkerState = WorkerState.GREETED
    tries: deque[Attempt] = field(default_factory=deque)
    """What it was given and has not answered, oldest first; it does one after the other."""
    since: float = 0.0
    """When it began with the oldest, by the monotonic clock."""

    def has_room_for(self, pending: PendingItem) -> bool:
        """Whether it can be given this item now; an item that workers were lost with is given alone."""
        if pending.lost:
            return not self.tries
        suspects = any(each.pending is not None and each.pending.lost for each in self.tries)
        return len(self.tries) < QUEUED and not suspects

    def at_work(self) -> Attempt | None:
        """The attempt that it is working at; None if it has nothing to do."""
        return next((each for each in self.tries if not each.finished), None)


class WorkerTeam:
    """The workers of one run; all methods are called by one thread."""

    def __init__(
        self,
        connection: SchedulerClient,
        greeting: bytes,
        patience: Callable[[Any], float],
        wait_seconds: float,
        notes: dict[str, None],
        peaks: dict[str, int],
    ) -> None:
        """Begin a run; no worker is known before :meth:`look_around`.

        Args:
            connection: The client of the scheduler.
            greeting: The pickled task and setup of the run.
            patience: For an item, the seconds after which a worker that is at it is taken to hang.
            wait_seconds: How long to wait for a worker when there is none.
            notes: Gets sentences for the user about lost and refused workers, in order.
            peaks: Gets the peak memory of each worker, by address.
        """
        self._connection = connection
        self._greeting = greeting
        self._patience = patience
        self._wait_seconds = wait_seconds
        self._notes = notes
        self._peaks = peaks
        self._name = uuid.uuid4().hex
        self._workers: dict[str, TeamWorker] = {}
        self._waiting: deque[PendingItem] = deque()
        self._given_up: list[Failure[Any]] = []
        self._looked = 0.0
        self._served = time.monotonic()
        """When there was last a worker that is not out, by the monotonic clock."""
        self._ever_ready = False
        self._refusals: dict[str, SemindexError | None] = {}

    def has_room(self) -> bool:
        """Whether some worker could be given one more item."""
        places = sum(QUEUED - len(worker.tries) for worker in self._ready())
        return len(self._waiting) < places

    def give(self, pending: PendingItem) -> None:
        """Have an item done as soon as a worker has room for it."""
        self._waiting.append(pending)
        self._hand_out()

    def look_around(self) -> None:
        """Greet new workers, and take back the items of workers that have left or are silent.

        Raises:
            SchedulerGone: Everything that was submitted is lost.
            WorkerError: No worker can do the work, or none came in time.
        """
        now = time.monotonic()
        if now - self._looked < _POLL_SECONDS:
            return
        members = self._connection.members()
        self._looked = time.monotonic()
        for address, worker in list(self._workers.items()):
            # A refused or hanging worker stays while the cluster has it, so that it is not greeted again.
            if address not in members:
                del self._workers[address]
                if worker.state is not WorkerState.OUT:
                    self._take_back(worker, "left the cluster")
        for address, member in members.items():
            if address not in self._workers:
                self._greet(member)
        for worker in list(self._workers.values()):
            if worker.state is not WorkerState.OUT and now > self._due(worker):
                self._give_up_waiting(worker)
        self._hand_out()
        self._require_somebody()

    def outcomes(self) -> Iterator[Done[Any, Any] | Failure[Any]]:
        """The outcomes that have arrived; waits a moment for the first.

        Raises:
            SemindexError: A task raised it, for a cause other than its item.
        """
        wait = _POLL_SECONDS
        while True:
            try:
                token, answer = self._connection.answers.get(timeout=wait)
            except queue.Empty:
                break
            wait = 0.001  # once something has arrived, take only what is there already
            outcome = self._receive(token, answer)
            self._hand_out()
            if outcome is not None:
                yield outcome
        while self._given_up:
            yield self._given_up.pop()

    def start_over(self, connection: SchedulerClient) -> None:
        """Go on with another scheduler: all items that workers had are handed out again."""
        for worker in self._workers.values():
            self._waiting.extend(each.pending for each in worker.tries if each.pending is not None)
        self._workers.clear()
        self._connection = connection
        self._served = time.monotonic()
        self._looked = 0.0

    def say_goodbye(self) -> None:
        """Tell the workers to drop what they opened, and wait at most a moment for their answers."""
        asked: list[Any] = []
        with suppress(SchedulerGone):  # then no worker can be told
            for worker in self._ready():
                asked.append(self._connection.submit(None, worker.member.address, forget_run, self._name))
        until = time.monotonic() + _FORGET_SECONDS
        answers = 0
        while answers < len(asked) and (left := until - time.monotonic()) > 0:
            try:
                self._connection.answers.get(timeout=left)
            except queue.Empty:
                break
            answers += 1

    def dismiss(self) -> None:
        """Drop everything that workers still have."""
        for worker in self._workers.values():
            for each in worker.tries:
                self._connection.drop(each.future)

    def _ready(self) -> list[TeamWorker]:
        return [worker for worker in self._workers.values() if worker.state is WorkerState.READY]

    def _greet(self, member: WorkerInfo) -> None:
        worker = TeamWorker(member)
        self._workers[member.address] = worker
        if member.threads > 1:
            self._notes[
                f"{member.label} has {member.threads} threads, of which one is used; start workers with "
                "--nthreads 1 --nworkers N"
            ] = None
        self._send(Attempt(None, worker))

    def _send(self, attempt: Attempt) -> None:
        """Submit an item or the greeting; every submission carries the greeting, as workers may restart."""
        worker = attempt.worker
        item, payloads = (None, []) if attempt.pending is None else pickle_parts(attempt.pending.item)
        if worker.at_work() is None:
            worker.since = time.monotonic()
        worker.tries.append(attempt)
        with suppress(SchedulerGone):  # look_around finds that too, and hands the item out again
            attempt.future = self._connection.submit(
                attempt,
                worker.member.address,
                do_item,
                self._name,
                __version__,
                self._greeting,
                item,
                *payloads,
            )

    def _hand_out(self) -> None:
        """Give waiting items, in order, to the workers that have least to do.

        An item goes to a worker that was not lost with it before, if there is one.
        """
        while self._waiting:
            ready = self._ready()
            pending = self._waiting[0]
            lost = [worker for worker, _ in pending.lost]
            others = [worker for worker in ready if worker not in lost]
            free = [worker for worker in others or ready if worker.has_room_for(pending)]
            if not free:
                return
            self._waiting.popleft()
            self._send(Attempt(pending, min(free, key=lambda worker: len(worker.tries))))

    def _due(self, worker: TeamWorker) -> float:
        """When the worker will be taken to hang, by the monotonic clock."""
        at_work = worker.at_work()
        if at_work is None:
            return math.inf
        pending = at_work.pending
        return worker.since + (PATIENCE_SECONDS if pending is None else self._patience(pending.item))

    def _give_up_waiting(self, worker: TeamWorker) -> None:
        """Take a silent worker's items back, and have its nanny start it again."""
        label, seconds = worker.member.label, time.monotonic() - worker.since
        silent = f"did not answer within {seconds:.0f} s"
        worker.state = WorkerState.OUT
        if worker.member.has_nanny:
            self._connection.restart(worker.member.address)
            self._notes[f"{label} {silent} and was started again"] = None
        else:
            self._notes[f"{label} {silent} and has no nanny that could start it again"] = None
        self._take_back(worker, silent)

    def _take_back(self, worker: TeamWorker, why: str = "") -> None:
        """Have a lost worker's items done by others; ``why`` it was lost, empty if no item is to blame."""
        if worker.state is WorkerState.READY:
            self._notes[f"{worker.member.label} {why}; others did what it had"] = None
        at_work = worker.at_work()
        tries, worker.tries = worker.tries, deque()
        for each in tries:
            self._connection.drop(each.future)
            if why and each.pending is not None and each is at_work:
                self._blame(each.pending, worker, f"{worker.member.label} {why}")
            elif each.pending is not None:
                self._waiting.appendleft(each.pending)

    def _blame(self, pending: PendingItem, worker: TeamWorker, reason: str) -> None:
        """Note that a worker was lost with an item, and give the item up if it was the last allowed."""
        pending.lost.append((worker, reason))
        if len(pending.lost) < TRIES:
            self._waiting.appendleft(pending)
        else:
            told = "; ".join(dict.fromkeys(how for _, how in pending.lost))
            self._given_up.append(Failure(pending.item, f"{TRIES} workers did not come back from it: {told}"))

    def _receive(self, token: Any, answer: object) -> Done[Any, Any] | Failure[Any] | None:
        """Act on what the client reports about an attempt; gives the outcome of an item that is over."""
        if not isinstance(token, Attempt) or token not in token.worker.tries:
            return None  # the attempt was taken back, and its item given to another worker
        worker, pending = token.worker, token.pending
        if answer is FINISHED:
            # The worker begins its next item now, while the answer is on its way.
            token.finished = True
            worker.since = time.monotonic()
            return None
        worker.tries.remove(token)
        self._connection.drop(token.future)
        if isinstance(answer, tuple):
            return self._take_answer(worker, pending, *answer)
        assert isinstance(answer, Exception), "a call gives an answer or an exception"
        if pending is None:
            self._refuse(worker, f"could not be asked: {reason_of(answer)}", None)
        elif isinstance(answer, AnswerLost):
            pending.losses += 1
            if pending.losses < LOSSES:
                self._waiting.appendleft(pending)
            else:
                return Failure(pending.item, f"it was lost {LOSSES} times ({answer})")
        else:
            self._blame(pending, worker, f"{worker.member.label}: {reason_of(answer)}")
        return None

    def _take_answer(
        self, worker: TeamWorker, pending: PendingItem | None, kind: str, content: bytes, *payloads: Any
    ) -> Done[Any, Any] | Failure[Any] | None:
        """Act on a worker's answer, as :func:`do_item` gives it."""
        reply: Reply | None = None if kind == UNFIT else pickle.loads(content, buffers=payloads)
        if reply is None:
            self._refuse(worker, content.decode(), WorkerUnfit(content.decode()))
        elif isinstance(reply.error, WorkerUnfit) or (kind == OPENED and (reply.error or reply.failure)):
            self._refuse(worker, str(reply.error or reply.failure), reply.error)
        elif reply.error is not None:
            raise reply.error
        else:
            known = self._peaks.get(worker.member.address, 0)
            self._peaks[worker.member.address] = max(known, reply.peak_bytes)
            if kind == DONE and pending is not None:
                failed = reply.failure
                return Done(pending.item, reply.result) if failed is None else Failure(pending.item, failed)
            worker.state = WorkerState.READY
            self._ever_ready = True
        if pending is not None:
            self._waiting.appendleft(pending)
        return None

    def _refuse(self, worker: TeamWorker, reason: str, error: SemindexError | None) -> None:
        """Give a worker nothing more, as it cannot do the work of this run."""
        worker.state = WorkerState.OUT
        told = f"{worker.member.label} was refused: {reason}"
        self._notes[told] = None
        self._refusals[told] = error
        self._take_back(worker)

    def _require_somebody(self) -> None:
        """Raise if all workers were refused, or none was there for ``wait_seconds``."""
        now = time.monotonic()
        if any(worker.state is not WorkerState.OUT for worker in self._workers.values()):
            self._served = now
            return
        if self._refusals and not self._ever_ready:
            raise self._nobody_fit()
        if now - self._served > self._wait_seconds:
            raise WorkerError(
                f"no worker has been there for {self._wait_seconds:.0f} s; what was committed stays: start "
                "workers (dask worker ADDRESS --nthreads 1), then run the same command to go on"
                + "".join(f"; {refused}" for refused in self._refusals)
            )

    def _nobody_fit(self) -> SemindexError:
        """The error that names all refused workers, of the class of their errors if it is one class."""
        told = "; ".join(self._refusals)
        kinds = {type(error) for error in self._refusals.values()}
        kind = kinds.pop() if len(kinds) == 1 else None
        if kind is None or not issubclass(kind, SemindexError):
            kind = WorkerError
        return kind(f"no worker of the cluster can do the work: {told}")
