"""Which worker gets which item, over a client that records calls; test_executor.py has real ones."""

from __future__ import annotations

import pickle
import queue
from collections.abc import Callable
from typing import Any, cast

import pytest

from semindex.indexing.cluster import team as module
from semindex.indexing.cluster.connection import FINISHED, SchedulerClient, WorkerInfo
from semindex.indexing.cluster.remote import DONE, OPENED
from semindex.indexing.cluster.team import PendingItem, WorkerTeam
from semindex.indexing.executors.base import Done, Failure
from semindex.indexing.executors.wire import Reply


class RecordingClient:
    """Workers that do nothing by themselves: the test says which of them answers, and which leaves."""

    def __init__(self, *names: str) -> None:
        self.answers: queue.SimpleQueue[tuple[Any, object]] = queue.SimpleQueue()
        self.there = list(names)
        self.calls: list[tuple[str, Any]] = []
        """The worker and the token of each call that is not answered, in order."""

    def members(self) -> dict[str, WorkerInfo]:
        return {name: WorkerInfo(name, name, 1, True) for name in self.there}

    def submit(self, token: Any, worker: str, function: Callable[..., object], *arguments: object) -> Any:
        self.calls.append((worker, token))

    def drop(self, future: Any) -> None:
        """Calls of lost workers are never answered."""

    def items(self, worker: str) -> list[Any]:
        return [token.pending.item for name, token in self.calls if name == worker and token.pending]

    def answer(self, worker: str) -> None:
        """Have the worker finish the first thing that it was given."""
        call = next(call for call in self.calls if call[0] == worker)
        self.calls.remove(call)
        pending = call[1].pending
        reply = Reply(None if pending is None else 3 * pending.item, None, None, 0, 0)
        self.answers.put((call[1], FINISHED))
        self.answers.put((call[1], (OPENED if pending is None else DONE, pickle.dumps(reply))))

    def lose(self, worker: str) -> None:
        self.there.remove(worker)
        self.calls = [call for call in self.calls if call[0] != worker]


def test_the_example_of_an_item_that_three_workers_are_lost_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.0)
    client = RecordingClient("A", "B", "C")
    team = WorkerTeam(cast(SchedulerClient, client), b"", lambda item: 1000.0, 1000.0, {}, {})

    def outcomes() -> list[Done[Any, Any] | Failure[Any]]:
        team.look_around()
        return list(team.outcomes())

    team.look_around()
    for name in "ABC":
        client.answer(name)
    assert outcomes() == []
    for item in range(1, 8):
        team.give(PendingItem(item))
    assert [client.items(name) for name in "ABC"] == [[1, 4], [2, 5], [3, 6]]
    assert not team.has_room()

    client.lose("A")
    assert outcomes() == []
    assert [client.items(name) for name in "BC"] == [[2, 5], [3, 6]]
    for name in ("B", "B", "C", "C"):
        client.answer(name)
    assert [outcome.item for outcome in outcomes()] == [2, 5, 3, 6]
    alone, other = sorted((client.items(name) for name in "BC"), key=len)
    assert (alone, other) == ([1], [4, 7])

    (first,) = (name for name in "BC" if client.items(name) == [1])
    (last,) = {"B", "C"} - {first}
    client.lose(first)
    client.answer(last)
    client.answer(last)
    assert [outcome.item for outcome in outcomes()] == [4, 7]
    assert client.items(last) == [1]
    client.lose(last)
    client.there.append("D")
    (failure,) = outcomes()
    assert isinstance(failure, Failure)
    assert failure.item == 1
    assert failure.reason.startswith("3 workers did not come back from it: A left the cluster; ")
