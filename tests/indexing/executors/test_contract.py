"""All executors: the same task gives the same results, and failures are values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from semindex.errors import IndexUnwritable, ModelError
from semindex.indexing.cluster.executor import ClusterExecutor
from semindex.indexing.cluster.local import LocalCluster
from semindex.indexing.executors.base import Done, Executor, Failure
from semindex.indexing.executors.inline import InlineExecutor
from semindex.indexing.executors.local import LocalExecutor
from tests.indexing.executors import tasks
from tests.indexing.executors.tasks import Shop


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with LocalCluster(2) as cluster:
        yield cluster.address


@pytest.fixture(params=["inline", "local", "cluster"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    if request.param == "cluster":
        with closing(ClusterExecutor(request.getfixturevalue("scheduler"))) as executor:
            yield executor
    else:
        yield InlineExecutor() if request.param == "inline" else LocalExecutor(2)


def outcomes(
    executor: Executor, task: Callable[[Shop, int], Any], items: range, folder: Path
) -> list[Done[int, Any] | Failure[int]]:
    setup = partial(tasks.open_shop, folder)
    return sorted(executor.run(task, items, setup=setup, in_flight=4), key=lambda outcome: outcome.item)


@pytest.mark.parametrize("task", [tasks.multiply, tasks.multiply_slowly_when_even, tasks.print_and_multiply])
def test_each_item_once_with_its_own_result(
    executor: Executor, task: Callable[[Shop, int], int], tmp_path: Path
) -> None:
    assert outcomes(executor, task, range(25), tmp_path) == [Done(item, 3 * item) for item in range(25)]


def test_nothing_to_do_is_done_at_once(executor: Executor, tmp_path: Path) -> None:
    assert outcomes(executor, tasks.multiply, range(0), tmp_path) == []


def test_what_a_task_raises_is_the_failure_of_its_item_alone(executor: Executor, tmp_path: Path) -> None:
    found = outcomes(executor, tasks.refuse_seven, range(10), tmp_path)
    assert found[7] == Failure(7, "ValueError: seven is not to be had")
    assert [outcome for outcome in found if isinstance(outcome, Done)] == [
        Done(item, 3 * item) for item in range(10) if item != 7
    ]


def test_what_is_no_items_fault_ends_the_run(executor: Executor, tmp_path: Path) -> None:
    with pytest.raises(IndexUnwritable, match="no room"):
        outcomes(executor, tasks.find_the_disk_full, range(10), tmp_path)
    with pytest.raises(ModelError, match="the model is gone"):
        list(executor.run(tasks.multiply, [1], setup=tasks.fail_to_open, in_flight=1))


def test_items_are_taken_no_further_ahead_than_was_said(executor: Executor, tmp_path: Path) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(30):
            taken.append(item)
            yield item

    setup = partial(tasks.open_shop, tmp_path)
    given = 0
    for _ in executor.run(tasks.multiply, items(), setup=setup, in_flight=3):
        given += 1
        assert len(taken) <= given + 3
    assert given == 30
