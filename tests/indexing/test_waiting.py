"""Writers wait for each other, each a process of its own; who searches does not wait."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import semindex
from semindex.errors import IndexLocked
from semindex.types import Progress
from tests.present.processes import PATIENCE_SECONDS, start
from tests.product import plant
from tests.store.dying_writer import hold_lock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = plant(tmp_path / "root", {f"{n}.py": b"def airship(): pass\n" for n in range(5)})
    with semindex.open(root) as index:
        index.refresh()
    return plant(root, {"new.py": b"def zeppelin(): pass\n"})


@pytest.fixture
def end_other_writer(root: Path) -> Iterator[Callable[[], None]]:
    """Another process holds the writer lock, until this is called."""
    context = multiprocessing.get_context("forkserver")
    told, telling = context.Pipe(duplex=False)
    child = context.Process(target=hold_lock, args=(root / ".semindex", telling))
    child.start()
    told.recv()

    def end() -> None:
        child.kill()
        child.join()

    yield end
    end()
    told.close()
    telling.close()


def test_a_build_waits_for_another_and_says_so(root: Path, end_other_writer: Callable[[], None]) -> None:
    steps: list[Progress] = []

    def watch(step: Progress) -> None:
        steps.append(step)
        if step.stage == "wait":
            end_other_writer()

    with semindex.open(root) as index:
        report = index.refresh(progress=watch, wait_seconds=PATIENCE_SECONDS)
    assert (report.added, report.files) == (1, 6)
    assert (steps[0].stage, steps[0].total, steps[0].unit) == ("wait", PATIENCE_SECONDS, "seconds")
    assert steps[0].path.startswith("Process ")
    assert {step.stage for step in steps[1:]} >= {"walk", "index"}, "the tree is walked after the wait"


@pytest.mark.usefixtures("end_other_writer", "patience")
def test_the_wait_has_a_bound_and_a_search_does_not_wait(root: Path) -> None:
    with semindex.open(root) as index:
        with pytest.raises(IndexLocked, match=r"Process \d+ on .* is writing the index"):
            index.refresh(wait_seconds=0)
        hits = index.search("zeppelin", refresh=True)
        assert (hits.coverage.freshness, hits.coverage.changed) == ("stale", 1)
        assert any("not refreshed: Process" in note for note in hits.coverage.notes)


def test_builds_started_at_once_all_succeed_one_after_the_other(root: Path) -> None:
    running = [start(["index", "--json"], root) for _ in range(3)]
    ended = [process.communicate(timeout=PATIENCE_SECONDS) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], ended
    reports = [json.loads(out) for out, _ in ended]
    assert sorted(report["added"] for report in reports) == [0, 0, 1]
    assert {report["files"] for report in reports} == {6}
