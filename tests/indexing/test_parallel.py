"""A build by several processes is the build by one, and outlives its workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

import semindex
from semindex.config import Settings
from semindex.embed.registry import open_embedder
from semindex.index import Index
from semindex.indexing.builder import Builder
from semindex.indexing.workplace import PARALLEL_BYTES, Workplace
from semindex.store.catalog import Catalog
from semindex.types import BuildReport, Embedder, SkipReason
from tests.corpus import answers, copy_package, stored_chunks
from tests.indexing.embedders import DEADLY, Deadly, open_raising

QUERIES = [
    "decode a header",
    "EmailMessage",
    "how are lines folded",
    "parse json object",
    '"def __init__" policy',
    "base64 mime",
]
BUDGET_BYTES = 4_000_000_000
killing = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("json", "email"):
        copy_package(name, tmp_path / "tree")
    return tmp_path / "tree"


def build(
    root: Path,
    index_dir: Path,
    *,
    workers: int,
    batch_bytes: int = 60_000,
    opener: Callable[[], Embedder] = open_embedder,
    commit_seconds: float = 5.0,
) -> BuildReport:
    place = Workplace(
        root,
        index_dir,
        open_embedder(),
        BUDGET_BYTES,
        open_embedder=opener,
        workers=workers,
        parallel_bytes=0,
        batch_bytes=batch_bytes,
        commit_seconds=commit_seconds,
    )
    return Builder(place).refresh()


def texts(root: Path) -> list[Path]:
    """The files that are not empty."""
    return [path for path in root.rglob("*") if path.is_file() and path.stat().st_size]


def opened(root: Path, index_dir: Path) -> Index:
    return semindex.open(root, index_dir=index_dir, settings=Settings(enable_caching=False))


def assert_same_index(root: Path, one: Path, other: Path) -> None:
    assert stored_chunks(one) == stored_chunks(other)
    with opened(root, one) as first, opened(root, other) as second:
        assert answers(first, QUERIES) == answers(second, QUERIES)
        assert first.status(verify=True).problems == ()


@pytest.mark.parametrize("commit_seconds", [5.0, 0.0])
def test_several_processes_build_what_one_builds(tree: Path, tmp_path: Path, commit_seconds: float) -> None:
    (tree / "blob.bin").write_bytes(bytes(99))
    one = build(tree, tmp_path / "one", workers=1, batch_bytes=10**9)
    several = build(tree, tmp_path / "several", workers=2, commit_seconds=commit_seconds)
    assert (several.added, several.files, several.chunks, several.source_bytes) == (
        one.added,
        one.files,
        one.chunks,
        one.source_bytes,
    )
    assert several.skipped == one.skipped == {"empty": 1, "binary": 1}
    assert several.generation > 1  # more than one commit, so more than one segment
    assert_same_index(tree, tmp_path / "one", tmp_path / "several")


def test_several_processes_refresh_as_one_does(tree: Path, tmp_path: Path) -> None:
    build(tree, tmp_path / "several", workers=2)
    decoder, encoder = tree / "json" / "decoder.py", tree / "json" / "encoder.py"
    decoder.write_text(decoder.read_text() + "\n\ndef fold_everything(lines):\n    return lines\n")
    os.utime(encoder, ns=(1, 1))
    (tree / "email" / "charset.py").unlink()
    (tree / "email" / "errors.py").rename(tree / "email" / "mistakes.py")
    report = build(tree, tmp_path / "several", workers=2)
    assert (report.added, report.changed, report.removed) == (1, 1, 2)
    build(tree, tmp_path / "one", workers=1, batch_bytes=10**9)
    assert_same_index(tree, tmp_path / "one", tmp_path / "several")
    again = build(tree, tmp_path / "several", workers=2)
    assert (again.added, again.changed, again.removed, again.source_bytes) == (0, 0, 0, 0)


def test_settings_decide_how_many_processes_there_are(tree: Path, tmp_path: Path) -> None:
    def place(**settings: int | bool) -> Workplace:
        index = semindex.open(tree, index_dir=tmp_path / "index", settings=Settings(**settings))  # type: ignore[arg-type]
        return index._builder()._place

    assert place(max_workers=3).workers == 3
    assert place(max_workers=3, enable_parallel_processing=False).workers == 1
    assert 1 <= place().workers <= (os.cpu_count() or 1)


def lives(folder: Path, count: int) -> Deadly:
    folder.mkdir()
    for number in range(count):
        (folder / str(number)).touch()
    return Deadly(folder)


@killing
def test_a_worker_killed_once_changes_nothing(tree: Path, tmp_path: Path) -> None:
    (tree / "email" / "deadly.py").write_text(f"def {DEADLY}():\n    return {DEADLY}\n")
    opener = lives(tmp_path / "lives", 1)
    report = build(tree, tmp_path / "several", workers=2, opener=opener)
    assert report.failures == ()
    assert list((tmp_path / "lives").iterdir()) == []
    build(tree, tmp_path / "one", workers=1)
    assert_same_index(tree, tmp_path / "one", tmp_path / "several")


@killing
def test_a_file_that_always_kills_its_worker_is_left_out_by_name(tree: Path, tmp_path: Path) -> None:
    deadly = tree / "email" / "deadly.py"
    deadly.write_text(f"def {DEADLY}():\n    return {DEADLY}\n")
    opener = lives(tmp_path / "lives", 50)
    report = build(tree, tmp_path / "several", workers=2, opener=opener)
    (failure,) = report.failures
    assert (failure.path, failure.stage, failure.reason) == (
        "email/deadly.py",
        "analyse",
        SkipReason.FAILED,
    )
    assert failure.detail == "its worker process was killed by SIGKILL, 2 times"
    assert len(list((tmp_path / "lives").iterdir())) == 50 - 4  # two for its batch, two for itself
    deadly.unlink()
    build(tree, tmp_path / "one", workers=1)
    build(tree, tmp_path / "several", workers=2)
    assert_same_index(tree, tmp_path / "one", tmp_path / "several")


def test_a_file_that_cannot_be_analysed_is_left_out_by_name(tree: Path, tmp_path: Path) -> None:
    (tree / "email" / "deadly.py").write_text(f"def {DEADLY}():\n    return {DEADLY}\n")
    report = build(tree, tmp_path / "several", workers=2, opener=open_raising)
    (failure,) = report.failures
    assert (failure.path, failure.stage) == ("email/deadly.py", "analyse")
    assert failure.detail == "MemoryError: no room for the vectors"
    assert report.files == report.added == len(texts(tree)) - 1


SCRIPT = """
import sys
import semindex
from semindex.config import Settings
print("began")
index = semindex.open(sys.argv[1], index_dir=sys.argv[2], settings=Settings(max_workers=2))
report = index.refresh()
print(report.files, index.search("decode a header", limit=1)[0].path)
"""


@pytest.mark.parametrize(
    "how", ["file", *(pytest.param(how, marks=pytest.mark.slow) for how in ("standard input", "argument"))]
)
def test_a_script_needs_no_guard(tree: Path, tmp_path: Path, how: str) -> None:
    """It is run once, wherever it comes from: workers never import the caller's ``__main__``."""
    for number in range(6):
        (tree / f"{number}.txt").write_text("words of a text that is quickly read\n" * 20_000)
    assert sum(path.stat().st_size for path in texts(tree)) > PARALLEL_BYTES
    arguments = [str(tree), str(tmp_path / "index")]
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = {"file": [str(script)], "standard input": ["-"], "argument": ["-c", SCRIPT]}[how]
    done = subprocess.run(
        [sys.executable, *command, *arguments],
        input=SCRIPT if how == "standard input" else None,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    began, found = done.stdout.splitlines()
    assert began == "began"
    assert found.split()[0] == str(len(texts(tree)))
    assert found.endswith(".py")


STOPPING = """
import sys
from pathlib import Path
from semindex.embed.registry import open_embedder
from semindex.indexing.builder import Builder
from semindex.indexing.workplace import PARALLEL_BYTES, Workplace

def stop(step):
    if step.stage == "index" and step.done:
        print("some are done", flush=True)
        sys.stdin.read()

root, index_dir = map(Path, sys.argv[1:3])
place = Workplace(root, index_dir, open_embedder(), 4_000_000_000, open_embedder=open_embedder, workers=2,
    parallel_bytes=0, batch_bytes=20_000)
Builder(place, progress=stop).refresh()
"""


@killing
def test_ctrl_c_ends_the_workers_and_leaves_what_is_done(tree: Path, tmp_path: Path) -> None:
    index_dir = tmp_path / "index"
    building = subprocess.Popen(
        [sys.executable, "-c", STOPPING, str(tree), str(index_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    watched = psutil.Process(building.pid)
    assert building.stdout is not None
    assert building.stdout.readline() == "some are done\n"
    workers = watched.children()
    assert len(workers) == 2
    os.killpg(building.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    _, errors = building.communicate(timeout=120)
    assert errors.count("KeyboardInterrupt") == 1
    assert psutil.wait_procs(workers, timeout=60)[1] == []
    with Catalog.open_reader(index_dir) as catalog:
        kept, pending = catalog.totals().files, int(catalog.meta("pending") or 0)
    assert 0 < kept < kept + pending <= len([path for path in tree.rglob("*") if path.is_file()])
    with opened(tree, index_dir) as index:
        assert index.status(verify=True).problems == ()
        assert index.search("decode a header")
    build(tree, tmp_path / "fresh", workers=2, batch_bytes=10**9)
    build(tree, index_dir, workers=2, batch_bytes=10**9)
    with opened(tree, tmp_path / "fresh") as fresh, opened(tree, index_dir) as index:
        assert answers(index, QUERIES[:2]) == answers(fresh, QUERIES[:2])
