"""Worker processes: they die, grow, print, and are never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from semindex.errors import WorkerError
from semindex.indexing.executors.base import Done, Failure
from semindex.indexing.executors.local import LocalExecutor
from tests.indexing.executors import tasks
from tests.indexing.executors.tasks import Shop
from tests.patience import still_runs

killing = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")


def run(
    executor: LocalExecutor, task: Callable[[Shop, int], Any], items: range, folder: Path
) -> dict[int, Done[int, Any] | Failure[int]]:
    setup = partial(tasks.open_shop, folder)
    return {outcome.item: outcome for outcome in executor.run(task, items, setup=setup, in_flight=4)}


def tries(folder: Path, item: int) -> int:
    return len((folder / str(item)).read_text().splitlines())


@killing
def test_a_killed_worker_costs_one_more_try_of_its_item_and_of_no_other(tmp_path: Path) -> None:
    found = run(LocalExecutor(2), tasks.die_once_at_four, range(12), tmp_path)
    assert found == {item: Done(item, 3 * item) for item in range(12)}
    assert [tries(tmp_path, item) for item in range(12)] == [2 if item == 4 else 1 for item in range(12)]


@killing
def test_an_item_that_kills_two_workers_is_a_failure_with_a_reason(tmp_path: Path) -> None:
    found = run(LocalExecutor(2), tasks.die_always_at_four, range(12), tmp_path)
    assert found.pop(4) == Failure(4, "its worker process was killed by SIGKILL, 2 times")
    assert found == {item: Done(item, 3 * item) for item in range(12) if item != 4}
    assert [tries(tmp_path, item) for item in range(12)] == [2 if item == 4 else 1 for item in range(12)]


def test_workers_that_cannot_begin_are_an_error_not_a_wait(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match=r"ended with status 3.*ENABLE_PARALLEL_PROCESSING"):
        list(LocalExecutor(2).run(tasks.multiply, range(9), setup=tasks.leave_at_opening, in_flight=4))
    with pytest.raises(WorkerError, match="ZeroDivisionError: nobody thought of this"):
        list(LocalExecutor(2).run(tasks.multiply, range(9), setup=tasks.stumble_at_opening, in_flight=4))


def test_an_interpreter_that_is_not_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(WorkerError, match="cannot be started"):
        run(LocalExecutor(2), tasks.multiply, range(9), tmp_path)


def test_no_more_workers_than_items_nor_than_allowed(tmp_path: Path) -> None:
    def processes(workers: int, items: int) -> int:
        found = run(LocalExecutor(workers), tasks.process_number, range(items), tmp_path)
        return len({outcome.result for outcome in found.values() if isinstance(outcome, Done)})

    assert processes(5, 1) == 1
    assert 1 <= processes(2, 20) <= 2


def test_a_worker_that_has_grown_too_large_is_replaced(tmp_path: Path) -> None:
    kept = run(LocalExecutor(1), tasks.process_number, range(5), tmp_path)
    replaced = run(LocalExecutor(1, max_resident_bytes=1), tasks.process_number, range(5), tmp_path)

    def numbers(found: dict[int, Any]) -> int:
        return len({outcome.result for outcome in found.values()})

    assert (numbers(kept), numbers(replaced)) == (1, 5)


def test_the_peak_is_that_of_the_workers_at_their_highest(tmp_path: Path) -> None:
    small, large = LocalExecutor(1), LocalExecutor(1)
    run(small, tasks.multiply, range(3), tmp_path)
    run(large, tasks.take_memory, range(3), tmp_path)
    assert 5_000_000 < small.peak_bytes < 60_000_000 < large.peak_bytes < small.peak_bytes + 100_000_000


def test_libraries_use_one_thread(tmp_path: Path) -> None:
    found = run(LocalExecutor(1), tasks.threads_of_libraries, range(1), tmp_path)
    assert found == {0: Done(0, "11")}


def begun_workers() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if "semindex.indexing.executors.worker" in " ".join(child.cmdline())
    ]


def test_no_process_is_left_when_all_is_done_nor_when_the_caller_leaves(tmp_path: Path) -> None:
    run(LocalExecutor(2), tasks.multiply, range(5), tmp_path)
    assert begun_workers() == []
    setup = partial(tasks.open_shop, tmp_path)
    with closing(LocalExecutor(2).run(tasks.multiply, range(50), setup=setup, in_flight=4)) as results:
        next(results)
        assert len(begun_workers()) == 2
    assert begun_workers() == []


SCRIPT = """
import sys, threading
from functools import partial
from pathlib import Path
from semindex.indexing.executors.local import LocalExecutor
from tests.indexing.executors import tasks
setup = partial(tasks.open_shop, Path(sys.argv[1]))
list(LocalExecutor(2).run(tasks.note_and_wait, range(4), setup=setup, in_flight=4))
"""


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[psutil.Process]:
    """A process whose two workers have an item each that waits for a file."""
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(root)},
        stderr=subprocess.DEVNULL,
    )
    watched = psutil.Process(process.pid)
    begun = tmp_path / "begun"
    try:
        while not begun.exists() or len(begun.read_text().splitlines()) < 2:
            assert still_runs(process)
        yield watched
    finally:
        (tmp_path / "released").touch()
        process.kill()
        process.wait()


@killing
def test_interrupted_it_ends_workers_in_the_middle_of_an_item(builder: psutil.Process) -> None:
    workers = builder.children()
    assert len(workers) == 2
    builder.send_signal(signal.SIGINT)
    assert psutil.wait_procs([builder, *workers], timeout=60)[1] == []


@killing
def test_workers_with_nobody_to_answer_to_end_after_their_item(
    builder: psutil.Process, tmp_path: Path
) -> None:
    workers = builder.children()
    builder.kill()
    psutil.wait_procs([builder], timeout=60)
    assert len(psutil.wait_procs(workers, timeout=0)[1]) == 2
    (tmp_path / "released").touch()
    assert psutil.wait_procs(workers, timeout=60)[1] == []
