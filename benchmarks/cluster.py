"""What a build by a cluster gains with a second worker, and what it costs the process that coordinates it.

::

    python -m benchmarks.cluster TREE [--rounds 3] [--workers 1 2] [--segments-url URL] [--shared-disk]

A scheduler and workers are started as a user starts them, programs of their own, on this machine; only the
coordinator is measured for itself. It shares the cores with them: on two cores, two workers and a coordinator
cannot be twice as fast as one worker. The builds alternate; of each kind the fastest counts, and the least
processor time. What the coordinator takes whatever the tree (its start: Python, dask, the connection) is that
of a build of one file; the rest is the cost of the files. ``--segments-url`` and ``--shared-disk`` are as in
``semindex index``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.scale import run

_START_SECONDS = 60.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Built:
    """One build."""

    wall_seconds: float
    coordinator_seconds: float
    """Processor time of the process that coordinates, its merging included."""
    coordinator_bytes: int
    """Its peak resident memory."""
    worker_seconds: float
    """Processor time of all others: the scheduler's and the workers'."""
    report: dict[str, Any]

    def file_seconds(self, start: Built) -> float:
        """The coordinator's processor time for a file, beside what ``start``, a build of few files, took."""
        files: int = self.report["files"] - start.report["files"]
        return (self.coordinator_seconds - start.coordinator_seconds) / files


@contextmanager
def cluster(workers: int, folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler that has so many workers, and their processes."""
    file = folder / "scheduler.json"
    common = ["--host=127.0.0.1", "--no-dashboard", "--dashboard-address=127.0.0.1:0"]
    started = [_begin("dask_scheduler", *common, "--port=0", f"--scheduler-file={file}")]
    try:
        _wait(file.exists)
        address = json.loads(file.read_text())["address"]
        options = ["--nthreads=1", "--memory-limit=0", "--no-nanny", f"--local-directory={folder}"]
        started += [_begin("dask_worker", address, *common, *options) for _ in range(workers)]
        _wait(lambda: _joined(address) == workers)
        yield address, started
    finally:
        for process in started:
            process.kill()
            process.wait()
        file.unlink(missing_ok=True)


def _begin(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{program}", *arguments], stderr=subprocess.DEVNULL
    )


def _joined(address: str) -> int:
    from semindex.indexing.cluster.connection import SchedulerClient

    connection = SchedulerClient(address)
    try:
        return len(connection.members())
    finally:
        connection.close()


def _wait(ready: Any) -> None:
    until = time.monotonic() + _START_SECONDS
    while not ready():
        if time.monotonic() > until:
            raise SystemExit(f"the cluster did not start within {_START_SECONDS:.0f} s")
        time.sleep(_LOOK_SECONDS)


def processor_seconds(process: int) -> float:
    """That a running process has taken so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    ticks: int = os.sysconf("SC_CLK_TCK")
    return (int(fields[11]) + int(fields[12])) / ticks


def build(tree: Path, workers: int, options: Sequence[str], scratch: Path) -> Built:
    """Build an index from nothing; ``workers`` 0 is one process without a cluster."""
    index_dir = scratch / "index"
    # Forced, it takes nothing from the indexes of other work trees.
    words = ["index", str(tree), "--index-dir", str(index_dir), "--force", "--json"]
    command = [sys.executable, "-m", "semindex", *words]
    try:
        if not workers:
            cost = run([*command, "--set", "MAX_WORKERS=1"], dict(os.environ))
            return Built(cost.wall_seconds, cost.cpu_seconds, cost.peak_bytes, 0.0, json.loads(cost.output))
        with cluster(workers, scratch) as (address, processes):
            before = sum(processor_seconds(each.pid) for each in processes)
            cost = run([*command, "--cluster", address, *options], dict(os.environ))
            others = sum(processor_seconds(each.pid) for each in processes) - before
        return Built(cost.wall_seconds, cost.cpu_seconds, cost.peak_bytes, others, json.loads(cost.output))
    finally:
        shutil.rmtree(index_dir, ignore_errors=True)


@dataclass(frozen=True)
class Found:
    """All builds."""

    by_workers: dict[int, list[Built]]
    starts: dict[int, Built]
    """By number of workers: of the builds of one file, that which took the coordinator least."""

    def cheapest(self, workers: int) -> Built:
        """Of the builds by so many workers, that which took the coordinator least."""
        return min(self.by_workers[workers], key=lambda each: each.coordinator_seconds)

    def file_seconds(self, workers: int) -> float:
        """The coordinator's processor time for a file."""
        return self.cheapest(workers).file_seconds(self.starts[workers])


def measure(tree: Path, kinds: Sequence[int], rounds: int, options: Sequence[str]) -> Found:
    """All builds by number of workers, alternating; each beside one of one file."""
    found: dict[int, list[Built]] = {kind: [] for kind in kinds}
    starts: dict[int, list[Built]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory(prefix="semindex-cluster-") as folder:
        single = Path(folder) / "single"
        single.mkdir()
        (single / "one.c").write_text("int one(void)\n{\n\treturn 1;\n}\n")
        for number in range(rounds):
            for kind in kinds if number % 2 == 0 else reversed(kinds):
                starts[kind].append(build(single, kind, options, Path(folder)))
                built = build(tree, kind, options, Path(folder))
                found[kind].append(built)
                print(f"round {number + 1}, {_name(kind)}: {built.wall_seconds:.1f} s", flush=True)
    return Found(
        found,
        {kind: min(each, key=lambda one: one.coordinator_seconds) for kind, each in starts.items()},
    )


def _name(workers: int) -> str:
    return f"{workers} worker{'s' if workers > 1 else ''}" if workers else "no cluster, one process"


def table(found: Found) -> Iterator[str]:
    """The figures, as lines of Markdown."""
    fastest = {kind: min(each.wall_seconds for each in builds) for kind, builds in found.by_workers.items()}
    yield (
        "| | wall | MB/s | against 1 worker | coordinator CPU | its start | for 1,000 files "
        "| its peak memory | CPU of the others |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for kind, builds in found.by_workers.items():
        report, least = builds[0].report, found.cheapest(kind)
        gain = f"{fastest[1] / fastest[kind]:.2f}" if 1 in fastest else "-"
        yield (
            f"| {_name(kind)} | {fastest[kind]:.1f} s | {report['source_bytes'] / 1e6 / fastest[kind]:.1f} "
            f"| {gain} | {least.coordinator_seconds:.2f} s | {found.starts[kind].coordinator_seconds:.2f} s "
            f"| {1000 * found.file_seconds(kind):.2f} s "
            f"| {max(each.coordinator_bytes for each in builds) / 1e6:.0f} MB "
            f"| {min(each.worker_seconds for each in builds):.1f} s |"
        )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2], help="0 is without a cluster")
    parser.add_argument("--segments-url", metavar="URL")
    parser.add_argument("--shared-disk", action="store_true")
    arguments = parser.parse_args()
    options = ["--segments-url", arguments.segments_url] if arguments.segments_url else []
    options += ["--shared-disk"] if arguments.shared_disk else []
    found = measure(arguments.tree.resolve(), arguments.workers, arguments.rounds, options)
    report = next(iter(found.by_workers.values()))[0].report
    print(f"\n{report['files']:,} files, {report['source_bytes'] / 1e6:.0f} MB, {os.cpu_count()} cores\n")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
