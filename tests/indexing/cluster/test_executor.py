"""Workers of a cluster: they die, hang, are of another version, and their scheduler goes away."""

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

import semindex
from semindex.errors import UsageError, WorkerError, WorkerUnfit
from semindex.indexing.cluster.executor import ClusterExecutor, local_workers
from semindex.indexing.cluster.local import LocalCluster
from semindex.indexing.executors.base import Done, Failure
from tests.indexing.cluster.fleet import OTHER_VERSION, Fleet, send, tree
from tests.indexing.executors import tasks
from tests.indexing.executors.tasks import Shop
from tests.patience import still_runs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path) as started:
        yield started


def executor_of(fleet: Fleet, **options: Any) -> ClusterExecutor:
    return ClusterExecutor(fleet.address, **options)


def run(
    executor: ClusterExecutor, task: Callable[[Shop, int], Any], items: range, folder: Path
) -> dict[int, Done[int, Any] | Failure[int]]:
    """By item; each must have come once."""
    setup = partial(tasks.open_shop, folder)
    outcomes = list(executor.run(task, items, setup=setup, in_flight=8))
    assert sorted(outcome.item for outcome in outcomes) == list(items)
    return {outcome.item: outcome for outcome in outcomes}


ALL = {item: Done(item, 3 * item) for item in range(20)}


def test_an_address_that_cannot_be_read_is_refused_before_anything_is_tried() -> None:
    assert (local_workers("local:4"), local_workers("tcp://10.0.0.1:8786")) == (4, None)
    for address in ("local:0", "local:", "local:x", "localhost", "host:8786", "tcp://host", "file:///x", ""):
        with pytest.raises(UsageError, match=r"is no cluster; write the address of a dask scheduler"):
            local_workers(address)


def test_a_scheduler_that_is_not_there_is_an_error_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semindex.indexing.cluster.connection.CONNECT_SECONDS", 0.5)
    with pytest.raises(WorkerError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:1 "):
        ClusterExecutor("tcp://127.0.0.1:1")


@pytest.mark.parametrize("address", ["local:1", "tcp://127.0.0.1:1"])
def test_a_missing_extra_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r'pip install "semindex\[cluster\]"'):
        ClusterExecutor(address)


def listening(process: psutil.Process) -> set[str]:
    return {
        connection.laddr.ip
        for each in (process, *process.children(recursive=True))
        for connection in each.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


def test_a_cluster_on_this_machine_listens_to_this_machine_only_and_leaves_no_process() -> None:
    with LocalCluster(2) as cluster:
        assert cluster.address.startswith("tcp://127.0.0.1:")
        begun = psutil.Process(cluster._process.pid)
        below = begun.children(recursive=True)
        assert listening(begun) == {"127.0.0.1"}
    assert psutil.wait_procs([begun, *below], timeout=60)[1] == []


@pytest.mark.slow
def test_workers_begun_here_count_with_their_peak_and_others_do_not(tmp_path: Path) -> None:
    with closing(ClusterExecutor("local:1")) as here:
        run(here, tasks.multiply, range(3), tmp_path)
        small = here.peak_bytes
        run(here, tasks.take_memory, range(3), tmp_path)
        assert small + 30_000_000 < here.peak_bytes
        address = here._connection._client.scheduler.address
        with closing(ClusterExecutor(address)) as elsewhere:
            run(elsewhere, tasks.multiply, range(3), tmp_path)
            assert elsewhere.peak_bytes == 0


@pytest.mark.slow
def test_a_worker_of_another_version_is_refused_by_name_and_the_others_do_all(
    fleet: Fleet, tmp_path: Path
) -> None:
    fleet.worker("--no-nanny", "--name=old", preload=OTHER_VERSION)
    with closing(executor_of(fleet)) as executor:
        while not executor.count_workers():
            assert still_runs(fleet.scheduler)
        told = rf"\(old\) was refused: it has semindex 0\.0\.1, this is {semindex.__version__}"
        with pytest.raises(WorkerUnfit, match=rf"no worker of the cluster can do the work: tcp://.* {told}"):
            run(executor, tasks.multiply, range(20), tmp_path)
        fleet.worker("--no-nanny", "--name=new")
        while executor.count_workers() < 2:
            assert still_runs(fleet.scheduler)
        assert run(executor, tasks.multiply, range(20), tmp_path) == ALL
        assert any("(old) was refused: it has semindex 0.0.1" in note for note in executor.notes)


@pytest.mark.slow
def test_nobody_fit_is_an_error_that_says_why(fleet: Fleet, tmp_path: Path) -> None:
    fleet.worker("--no-nanny")
    with (
        closing(executor_of(fleet)) as executor,
        pytest.raises(WorkerUnfit, match="was refused: it has another model"),
    ):
        setup = partial(tasks.refuse_to_open, tmp_path)
        list(executor.run(tasks.multiply, range(3), setup=setup, in_flight=2))


def test_no_worker_at_all_is_an_error_after_a_while(fleet: Fleet, tmp_path: Path) -> None:
    with (
        closing(executor_of(fleet, wait_seconds=0.5)) as executor,
        pytest.raises(WorkerError, match=r"no worker has been there for .*dask worker ADDRESS"),
    ):
        run(executor, tasks.multiply, range(3), tmp_path)


@pytest.mark.slow
def test_a_worker_whose_disk_is_full_leaves_its_items_to_others(fleet: Fleet, tmp_path: Path) -> None:
    fleet.worker("--no-nanny", "--name=a")
    fleet.worker("--no-nanny", "--name=b")
    with closing(executor_of(fleet)) as executor:
        assert run(executor, tasks.find_the_workers_disk_full_once, range(20), tmp_path) == ALL
        assert [note for note in executor.notes if note.endswith("was refused: it has no room")]


@pytest.mark.slow
@pytest.mark.parametrize("nanny", ["--nanny", "--no-nanny"])
def test_a_worker_that_is_killed_costs_another_try_of_its_item(
    nanny: str, fleet: Fleet, tmp_path: Path
) -> None:
    fleet.worker(nanny)
    fleet.worker(nanny)
    with closing(executor_of(fleet)) as executor:
        assert run(executor, tasks.die_once_at_four, range(20), tmp_path) == ALL
        assert len((tmp_path / "4").read_text().splitlines()) == 2
        assert [note for note in executor.notes if "left the cluster; others did what it had" in note]


@pytest.mark.slow
def test_an_item_that_kills_three_workers_is_a_failure_that_names_them(fleet: Fleet, tmp_path: Path) -> None:
    fleet.worker("--nanny", "--nworkers=2")
    with closing(executor_of(fleet)) as executor:
        found = run(executor, tasks.die_always_at_four, range(20), tmp_path)
        failure = found.pop(4)
        assert isinstance(failure, Failure)
        assert failure.reason.startswith("3 workers did not come back from it: tcp://127.0.0.1:")
        assert found == {item: outcome for item, outcome in ALL.items() if item != 4}
        # Of the item before it the first worker may have had no time to tell; then that had the blame.
        assert len((tmp_path / "4").read_text().splitlines()) in (3, 4)


@pytest.mark.slow
def test_a_worker_that_hangs_is_started_again_and_its_item_done_elsewhere(
    fleet: Fleet, tmp_path: Path
) -> None:
    fleet.worker("--nanny", "--nworkers=2")
    with closing(executor_of(fleet, patience=lambda item: 5.0)) as executor:
        assert run(executor, tasks.hang_once_at_four, range(20), tmp_path) == ALL
        (note,) = [note for note in executor.notes if "did not answer" in note]
        assert note.endswith("and was started again")


@pytest.mark.slow
def test_an_item_that_always_hangs_is_a_failure_after_three_workers(fleet: Fleet, tmp_path: Path) -> None:
    fleet.worker("--nanny", "--nworkers=2")
    with closing(executor_of(fleet, patience=lambda item: 5.0)) as executor:
        found = run(executor, tasks.hang_always_at_four, range(20), tmp_path)
        failure = found.pop(4)
        assert isinstance(failure, Failure)
        assert failure.reason.count("did not answer within") == 3
        assert found == {item: outcome for item, outcome in ALL.items() if item != 4}


@pytest.mark.slow
def test_a_host_that_is_silent_and_answers_late_is_not_heard_twice(fleet: Fleet, tmp_path: Path) -> None:
    """Stopped as a whole, nanny and all: to the others it is as one that cannot be reached."""
    cut = fleet.worker("--nanny")
    setup = partial(tasks.open_shop, tmp_path)
    outcomes = []
    with closing(executor_of(fleet, patience=lambda item: 5.0)) as executor:
        results = executor.run(tasks.multiply_slowly_when_even, range(60), setup=setup, in_flight=8)
        outcomes.append(next(results))
        fleet.worker("--no-nanny")
        send(cut, signal.SIGSTOP)
        while len(outcomes) < 59:  # the last of what it had has been given to the other
            outcomes.append(next(results))
        send(cut, signal.SIGCONT)
        outcomes.extend(results)
        assert [note for note in executor.notes if "did not answer within" in note]
    assert sorted(outcome.item for outcome in outcomes) == list(range(60))
    assert all(isinstance(outcome, Done) and outcome.result == 3 * outcome.item for outcome in outcomes)


@pytest.mark.slow
def test_a_scheduler_that_is_started_again_is_found_again(fleet: Fleet, tmp_path: Path) -> None:
    fleet.worker("--no-nanny")
    setup = partial(tasks.open_shop, tmp_path)
    with closing(executor_of(fleet)) as executor:
        results = executor.run(tasks.multiply, range(60), setup=setup, in_flight=8)
        outcomes = [next(results)]
        send(fleet.scheduler, signal.SIGKILL)
        fleet.scheduler.wait()
        fleet.restart_scheduler()
        fleet.worker("--no-nanny")
        outcomes.extend(results)
        assert [note for note in executor.notes if note.endswith("and was found again")]
    assert sorted(outcome.item for outcome in outcomes) == list(range(60))


@pytest.mark.slow
def test_a_scheduler_that_stays_away_is_an_error_that_says_how_to_go_on(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.worker("--no-nanny")
    setup = partial(tasks.open_shop, tmp_path)
    with closing(executor_of(fleet)) as executor:
        results = executor.run(tasks.multiply, range(60), setup=setup, in_flight=8)
        next(results)
        send(fleet.scheduler, signal.SIGKILL)
        monkeypatch.setattr("semindex.indexing.cluster.connection.CONNECT_SECONDS", 2.0)
        with pytest.raises(WorkerError, match=r"went away .* what was committed stays: .* to go on"):
            list(results)


SCRIPT = """
import sys
from functools import partial
from pathlib import Path
from semindex.indexing.cluster.executor import ClusterExecutor
from tests.indexing.executors import tasks
setup = partial(tasks.open_shop, Path(sys.argv[1]))
list(ClusterExecutor("local:2").run(tasks.note_and_wait, range(4), setup=setup, in_flight=4))
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_cluster_of_this_machine_ends_with_who_began_it(number: signal.Signals, tmp_path: Path) -> None:
    building = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stderr=subprocess.DEVNULL,
    )
    begun = tmp_path / "begun"
    while not begun.exists() or len(begun.read_text().splitlines()) < 2:
        assert still_runs(building)
    processes = tree(building)
    assert len(processes) >= 4
    building.send_signal(number)
    building.wait()
    (tmp_path / "released").touch()
    assert psutil.wait_procs(processes, timeout=60)[1] == []


@pytest.mark.slow
def test_what_a_killed_worker_had_written_goes_when_it_is_started_again(fleet: Fleet, tmp_path: Path) -> None:
    fleet.worker("--nanny")
    with closing(executor_of(fleet)) as executor:
        (tmp_path / "shop").mkdir()
        done = run(executor, tasks.write_and_die_once, range(3), tmp_path / "shop")
    (left,) = [outcome.result for outcome in done.values() if isinstance(outcome, Done) and outcome.result]
    assert Path(left).parent.parent.parent == tmp_path / "dask-scratch-space"
    assert not Path(left).parent.exists()
