"""Tasks begun on other threads are all done, once, and what goes wrong in one is raised."""

import threading
from collections.abc import Callable
from functools import partial

import pytest

from semindex.process.threads import Beside


@pytest.mark.parametrize("threads", [0, 1, 5])
@pytest.mark.parametrize("tasks", [0, 1, 300])
def test_the_results_are_those_of_the_tasks_in_order(threads: int, tasks: int) -> None:
    done: list[int] = []

    def task(number: int) -> int:
        done.append(number)
        return number * number

    beside = Beside([partial(task, number) for number in range(tasks)], threads=threads)
    assert beside.results() == [number * number for number in range(tasks)]
    assert sorted(done) == list(range(tasks))


def test_another_thread_begins_before_the_results_are_asked_for() -> None:
    begun = threading.Event()
    beside = Beside([begun.set], threads=1)
    assert begun.wait(30)
    beside.results()
    begun.clear()
    alone = Beside([begun.set], threads=0)
    assert not begun.is_set()
    alone.results()
    assert begun.is_set()


@pytest.mark.parametrize("threads", [0, 1])
def test_an_error_ends_it(threads: int) -> None:
    def fail() -> None:
        raise ValueError("broken")

    done: list[int] = []
    tasks: list[Callable[[], None]] = [fail, *[partial(done.append, 1)] * 1000]
    beside = Beside(tasks, threads=threads)
    with pytest.raises(ValueError, match="broken"):
        beside.results()
    assert threads or not done


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    for _ in range(50):
        Beside([int] * 8, threads=4).results()
    assert threading.active_count() == before
