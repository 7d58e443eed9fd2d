"""The workers of one run on a cluster: who is there, what each has, who did not come back from what."""

from __future__ import annotations

import math
import pickle
import queue
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from semindex.errors import SemindexError, WorkerError, WorkerUnfit
from semindex.indexing.cluster.connection import (
    FINISHED,
    AnswerLost,
    SchedulerClient,
    SchedulerGone,
    WorkerInfo,
)
from semindex.indexing.cluster.errand import DONE, OPENED, UNFIT, attend, forget
from semindex.indexing.executors.base import Done, Failure, reason_of
from semindex.indexing.executors.wire import Reply, pickle_parts
from semindex.version import __version__

TRIES = 3
"""An item that this many workers did not come back from is given up."""
LOSSES = 10
"""An item that vanished this often without anybody's fault is given up, too."""
QUEUED = 2
"""Items that a worker has: one at work, and the next, so that it never waits for the network."""
PATIENCE_SECONDS = 120.0
_POLL_SECONDS = 0.5
_FORGET_SECONDS = 2.0


class WorkerState(Enum):
    """What a worker is to a run."""

    GREETED = "asked to open what the run works with"
    READY = "at work"
    OUT = "given nothing any more"


@dataclass(slots=True)
class PendingItem:
    """An item and who did not come back from it."""

    item: Any
    lost_with: list[TeamWorker] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    losses: int = 0


@dataclass(slots=True, eq=False)
class Attempt:
    """An errand in a worker's hands; the greeting has none."""

    errand: PendingItem | None
    fellow: TeamWorker
    future: Any = None
    finished: bool = False
    """It was done; the answer may still be on its way."""

    @property
    def is_suspect(self) -> bool:
        """Whether a worker did not come back from its item."""
        return self.errand is not None and bool(self.errand.reasons)


@dataclass(slots=True, eq=False)
class TeamWorker:
    """A worker of a run."""

    member: WorkerInfo
    state: WorkerState = WorkerState.GREETED
    tries: deque[Attempt] = field(default_factory=deque)
    since: float = 0.0
    """When it began with what it is at."""

    def has_room_for(self, errand: PendingItem) -> bool:
        """Whether it can be given one more."""
        if errand.reasons:
            return not self.tries
        return len(self.tries) < QUEUED and not any(each.is_suspect for each in self.tries)

    def at_work(self) -> Attempt | None:
        """What it is at; it does one after the other."""
        return next((each for each in self.tries if not each.finished), None)


class WorkerTeam:
    """The workers of one run, and what each has in hand."""

    def __init__(
        self,
        connection: SchedulerClient,
        greeting: bytes,
        patience: Callable[[Any], float],
        wait_seconds: float,
        notes: dict[str, None],
        peaks: dict[str, int],
    ) -> None:
        self._connection = connection
        self._greeting = greeting
        self._patience = patience
        self._wait_seconds = wait_seconds
        self._notes = notes
        self._peaks = peaks
        self._name = uuid.uuid4().hex
        self._fellows: dict[str, TeamWorker] = {}
        self._waiting: deque[PendingItem] = deque()
        self._given_up: list[Failure[Any]] = []
        self._looked = 0.0
        self._served = time.monotonic()
        """When there was last somebody who could work."""
        self._ever_ready = False
        self._refusals: dict[str, SemindexError | None] = {}

    def has_room(self) -> bool:
        """Whether somebody could be given one more item."""
        places = sum(QUEUED - len(fellow.tries) for fellow in self._ready())
        return len(self._waiting) < places

    def give(self, errand: PendingItem) -> None:
        """Have an item done."""
        self._waiting.append(errand)
        self._hand_out()

    def look_around(self) -> None:
        """Greet who is new, take back what those had who are gone or silent.

        Raises:
            SchedulerGone: Everything that was submitted is lost.
            WorkerError: Nobody can work, and nobody came in time.
        """
        now = time.monotonic()
        if now - self._looked < _POLL_SECONDS:
            return
        members = self._connection.members()
        self._looked = time.monotonic()
        for address, fellow in list(self._fellows.items()):
            if address not in members:
                del self._fellows[address]
                if fellow.state is not WorkerState.OUT:
                    self._take_back(fellow, "left the cluster")
        for address, member in members.items():
            if address not in self._fellows:
                self._greet(member)
        for fellow in list(self._fellows.values()):
            if fellow.state is not WorkerState.OUT and now > self._due(fellow):
                self._give_up_waiting(fellow)
        self._hand_out()
        self._require_somebody()

    def outcomes(self) -> Iterator[Done[Any, Any] | Failure[Any]]:
        """What has come in, after a moment when nothing has.

        Raises:
            SemindexError: As a task raised it.
        """
        wait = _POLL_SECONDS
        while True:
            try:
                token, answer = self._connection.answers.get(timeout=wait)
            except queue.Empty:
                break
            wait = 0.001
            outcome = self._heard(token, answer)
            self._hand_out()
            if outcome is not None:
                yield outcome
        while self._given_up:
            yield self._given_up.pop()

    def start_over(self, connection: SchedulerClient) -> None:
        """Go on with another scheduler: everything that was in somebody's hands is handed out again."""
        for fellow in self._fellows.values():
            self._waiting.extend(each.errand for each in fellow.tries if each.errand is not None)
        self._fellows.clear()
        self._connection = connection
        self._served = time.monotonic()
        self._looked = 0.0

    def say_goodbye(self) -> None:
        """Have the workers let go what they opened; one that is slow to answer is not waited for."""
        asked: list[Any] = []
        with suppress(SchedulerGone):  # then there is nobody to tell
            for fellow in self._ready():
                asked.append(self._connection.submit(None, fellow.member.address, forget, self._name))
        until = time.monotonic() + _FORGET_SECONDS
        answers = 0
        while answers < len(asked) and (left := until - time.monotonic()) > 0:
            try:
                self._connection.answers.get(timeout=left)
            except queue.Empty:
                break
            answers += 1

    def dismiss(self) -> None:
        """Forget what still runs."""
        for fellow in self._fellows.values():
            for each in fellow.tries:
                self._connection.drop(each.future)

    def _ready(self) -> list[TeamWorker]:
        return [fellow for fellow in self._fellows.values() if fellow.state is WorkerState.READY]

    def _greet(self, member: WorkerInfo) -> None:
        fellow = TeamWorker(member)
        self._fellows[member.address] = fellow
        if member.threads > 1:
            self._notes[
                f"{member.label} has {member.threads} threads, of which one is used; start workers with "
                "--nthreads 1 --nworkers N"
            ] = None
        self._send(Attempt(None, fellow))

    def _send(self, one: Attempt) -> None:
        fellow = one.fellow
        item, loads = (None, []) if one.errand is None else pickle_parts(one.errand.item)
        if fellow.at_work() is None:
            fellow.since = time.monotonic()
        fellow.tries.append(one)
        with suppress(SchedulerGone):  # the next look around finds that, and hands it out again
            one.future = self._connection.submit(
                one, fellow.member.address, attend, self._name, __version__, self._greeting, item, *loads
            )

    def _hand_out(self) -> None:
        """Give waiting items to who has least to do, if possible to somebody who has not failed them.

        One that a worker did not come back from is by itself from then on, so that the next death is its own:
        of what was done in the last moment a dead worker could not tell.
        """
        while self._waiting:
            ready = self._ready()
            errand = self._waiting[0]
            others = [fellow for fellow in ready if fellow not in errand.lost_with]
            free = [fellow for fellow in others or ready if fellow.has_room_for(errand)]
            if not free:
                return
            self._waiting.popleft()
            self._send(Attempt(errand, min(free, key=lambda fellow: len(fellow.tries))))

    def _due(self, fellow: TeamWorker) -> float:
        """When it will be taken to hang."""
        at_work = fellow.at_work()
        if at_work is None:
            return math.inf
        errand = at_work.errand
        return fellow.since + (PATIENCE_SECONDS if errand is None else self._patience(errand.item))

    def _give_up_waiting(self, fellow: TeamWorker) -> None:
        label, seconds = fellow.member.label, time.monotonic() - fellow.since
        silent = f"did not answer within {seconds:.0f} s"
        fellow.state = WorkerState.OUT
        if fellow.member.has_nanny:
            self._connection.restart(fellow.member.address)
            self._notes[f"{label} {silent} and was started again"] = None
        else:
            self._notes[f"{label} {silent} and has no nanny that could start it again"] = None
        self._take_back(fellow, silent)

    def _take_back(self, fellow: TeamWorker, why: str) -> None:
        """Have what a worker had done by others; only what it was at can be to blame."""
        if fellow.state is WorkerState.READY:
            self._notes[f"{fellow.member.label} {why}; others did what it had"] = None
        at_work = fellow.at_work()
        tries, fellow.tries = fellow.tries, deque()
        for each in tries:
            self._connection.drop(each.future)
            if each.errand is not None and each is at_work:
                self._blame(each.errand, fellow, f"{fellow.member.label} {why}")
            elif each.errand is not None:
                self._waiting.appendleft(each.errand)

    def _blame(self, errand: PendingItem, fellow: TeamWorker, reason: str) -> None:
        errand.lost_with.append(fellow)
        errand.reasons.append(reason)
        if len(errand.reasons) < TRIES:
            self._waiting.appendleft(errand)
        else:
            told = "; ".join(dict.fromkeys(errand.reasons))
            self._given_up.append(Failure(errand.item, f"{TRIES} workers did not come back from it: {told}"))

    def _heard(self, token: Any, answer: object) -> Done[Any, Any] | Failure[Any] | None:
        if not isinstance(token, Attempt) or token not in token.fellow.tries:
            return None  # of a try that was given up: it was done by somebody else
        fellow, errand = token.fellow, token.errand
        if answer is FINISHED:
            token.finished = True
            fellow.since = time.monotonic()
            return None
        fellow.tries.remove(token)
        self._connection.drop(token.future)
        if isinstance(answer, tuple):
            return self._answered(fellow, errand, *answer)
        if errand is None:
            self._refuse(fellow, f"could not be asked: {reason_of(_as_exception(answer))}", None)
        elif isinstance(answer, AnswerLost):
            errand.losses += 1
            if errand.losses < LOSSES:
                self._waiting.appendleft(errand)
            else:
                return Failure(errand.item, f"it was lost {LOSSES} times ({answer})")
        else:
            self._blame(errand, fellow, f"{fellow.member.label}: {reason_of(_as_exception(answer))}")
        return None

    def _answered(
        self, fellow: TeamWorker, errand: PendingItem | None, kind: str, content: bytes, *loads: Any
    ) -> Done[Any, Any] | Failure[Any] | None:
        reply: Reply | None = None if kind == UNFIT else pickle.loads(content, buffers=loads)
        if reply is None:
            self._refuse(fellow, content.decode(), WorkerUnfit(content.decode()))
        elif isinstance(reply.error, WorkerUnfit) or (kind == OPENED and (reply.error or reply.failure)):
            self._refuse(fellow, str(reply.error or reply.failure), _semindex_error(reply.error))
        elif reply.error is not None:
            raise reply.error
        else:
            self._note_peak(fellow, reply)
            if kind == DONE and errand is not None:
                failed = reply.failure
                return Done(errand.item, reply.result) if failed is None else Failure(errand.item, failed)
            fellow.state = WorkerState.READY
            self._ever_ready = True
        if errand is not None:
            self._waiting.appendleft(errand)
        return None

    def _note_peak(self, fellow: TeamWorker, reply: Reply) -> None:
        known = self._peaks.get(fellow.member.address, 0)
        self._peaks[fellow.member.address] = max(known, reply.peak_bytes)

    def _refuse(self, fellow: TeamWorker, reason: str, error: SemindexError | None) -> None:
        fellow.state = WorkerState.OUT
        told = f"{fellow.member.label} was refused: {reason}"
        self._notes[told] = None
        self._refusals[told] = error
        self._take_back_blameless(fellow)

    def _take_back_blameless(self, fellow: TeamWorker) -> None:
        tries, fellow.tries = fellow.tries, deque()
        for each in tries:
            self._connection.drop(each.future)
            if each.errand is not None:
                self._waiting.appendleft(each.errand)

    def _require_somebody(self) -> None:
        """Raise when nobody is at work, being greeted, or to be expected."""
        now = time.monotonic()
        if any(fellow.state is not WorkerState.OUT for fellow in self._fellows.values()):
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
        """An error that names all who were refused, of the kind that they gave if it was one."""
        told = "; ".join(self._refusals)
        kinds = {type(error) for error in self._refusals.values()}
        kind = kinds.pop() if len(kinds) == 1 else None
        if kind is None or not issubclass(kind, SemindexError):
            kind = WorkerError
        return kind(f"no worker of the cluster can do the work: {told}")


def _as_exception(answer: object) -> Exception:
    return answer if isinstance(answer, Exception) else RuntimeError(str(answer))


def _semindex_error(error: Exception | None) -> SemindexError | None:
    return error if isinstance(error, SemindexError) else None
