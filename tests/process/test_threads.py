"""Tasks begun on other threads are all done, once, and what goes wrong in one is raised."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial

import pytest

from semindex.process import threads
from semindex.process.threads import MOST_THREADS, Beside


@pytest.mark.parametrize("others", [0, 1, 5, 100])
@pytest.mark.parametrize("tasks", [0, 1, 300])
def test_the_results_are_those_of_the_tasks_in_order(others: int, tasks: int) -> None:
    done: list[int] = []

    def task(number: int) -> int:
        done.append(number)
        return number * number

    beside = Beside([partial(task, number) for number in range(tasks)], threads=others)
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


@pytest.mark.parametrize("others", [0, 1])
def test_an_error_ends_it(others: int) -> None:
    def fail() -> None:
        raise ValueError("broken")

    done: list[int] = []
    tasks: list[Callable[[], None]] = [fail, *[partial(done.append, 1)] * 1000]
    beside = Beside(tasks, threads=others)
    with pytest.raises(ValueError, match="broken"):
        beside.results()
    assert others or not done


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> threads._Pool:
    """A pool of its own, without the threads that other tests began."""
    pool = threads._Pool()
    monkeypatch.setattr(threads, "_pool", lambda: pool)
    return pool


@pytest.mark.usefixtures("pool")
def test_threads_are_used_again() -> None:
    """Each task is begun by another thread, as nobody asks for its result before."""
    workers: set[threading.Thread] = set()
    for _ in range(20 * MOST_THREADS):
        begun = threading.Event()

        def task(begun: threading.Event = begun) -> None:
            workers.add(threading.current_thread())
            begun.set()

        beside = Beside([task], threads=1)
        assert begun.wait(30)
        beside.results()
    assert 1 <= len(workers) <= MOST_THREADS
    assert threading.current_thread() not in workers
    assert all(worker.is_alive() and worker.daemon for worker in workers)


def test_there_are_no_more_threads_than_there_may_be(pool: threads._Pool) -> None:
    """All of them are held up, and still whoever asks for results gets them: by doing the work itself."""
    everyone, gate = threading.Barrier(MOST_THREADS + 1), threading.Event()
    workers: set[threading.Thread] = set()

    def hold() -> bool:
        workers.add(threading.current_thread())
        everyone.wait(30)
        return gate.wait(30)

    held = Beside([hold] * MOST_THREADS, threads=MOST_THREADS)
    everyone.wait(30)
    try:
        assert len(workers) == MOST_THREADS
        me = threading.current_thread()
        assert Beside([threading.current_thread] * 30, threads=5).results() == [me] * 30
        assert [held.ended, len(workers)] == [False, MOST_THREADS]
    finally:
        gate.set()
    assert held.results() == [True] * MOST_THREADS
    assert Beside([partial(int, 7)] * 100, threads=100).results() == [7] * 100
    assert pool._threads == MOST_THREADS


@pytest.mark.usefixtures("pool")
def test_tasks_may_have_tasks_of_their_own() -> None:
    def add(numbers: range) -> int:
        return sum(Beside([partial(int, number) for number in numbers], threads=3).results())

    outer = Beside([partial(add, range(count)) for count in range(40)], threads=MOST_THREADS)
    assert outer.results() == [sum(range(count)) for count in range(40)]


FORKING = """
import os, threading
from semindex.process import threads
from semindex.process.threads import MOST_THREADS, Beside

def beside():
    begun = threading.Event()
    found = Beside([begun.set], threads=1)
    assert begun.wait(30)
    found.results()

beside()
child = os.fork()
if child == 0:
    try:
        beside()
        os._exit(0)
    finally:
        os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
beside()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
