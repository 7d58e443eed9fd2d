"""What a large tree costs: building, refreshing and asking, in processes of their own, measured from outside.

::

    python -m benchmarks.scale TREE                        # the tree is not changed
    python -m benchmarks.scale TREE --edit                 # ten files get a line more, and are put back
    python -m benchmarks.scale TREE --set MAX_MEMORY_MB=1024 --against OTHER/CHECKOUT/src
    python -m benchmarks.scale TREE --peer PEER/bin/python --peer-model FOLDER

``--peer`` has semble, installed for that interpreter, index the same files with a model in a local folder,
and answer queries from the command line. It follows a root's ``.gitignore`` even where that leaves nothing,
so that file is moved away for the time.

Memory is the resident memory of all processes at once, added up every 20 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.bytecode import compiled

QUERIES = (
    "how is a page written back to disk",
    "tcp_v4_connect",
    "lock that may sleep while waiting",
    "parse device tree node",
    "read inode from disk",
    "spin_lock_irqsave",
    "allocate memory for a network packet",
    "schedule the next task",
    "usb device disconnect handler",
    "checksum of a block group descriptor",
    "map user pages for dma",
    "container_of",
    "timer that fires once",
    "register a platform driver",
    "handle interrupt from the controller",
    "copy data from user space",
    "bpf verifier checks register bounds",
    "free list of slab objects",
    "walk the page table",
    "power management suspend and resume",
)
ROUNDS = 5
_SAMPLE_SECONDS = 0.02
_ASK = """
import json, sys, time
import psutil
import semindex
index = semindex.open(sys.argv[1], index_dir=sys.argv[2])
queries, rounds = json.loads(sys.argv[3]), int(sys.argv[4])
index.search("warm up")
taken = []
for _ in range(rounds):
    for query in queries:
        began = time.perf_counter()
        index.search(query)
        taken.append(time.perf_counter() - began)
print(json.dumps({"taken": taken, "resident": psutil.Process().memory_info().rss}))
"""


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str


def run(command: Sequence[str], environment: dict[str, str], *, watched: bool = True) -> Cost:
    """Run a command to its end, watching all its processes, which takes a tenth of a core."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=environment, stdout=output)
        root = psutil.Process(process.pid)
        peak = 0
        while watched and process.poll() is None:
            peak = max(peak, _resident_bytes(root))
            time.sleep(_SAMPLE_SECONDS)
        process.wait()
        wall = time.perf_counter() - began
        if process.returncode > 1:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        output.seek(0)
        text = output.read().decode()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, peak, text)


def _resident_bytes(root: psutil.Process) -> int:
    total = 0
    try:
        for process in (root, *root.children(recursive=True)):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
    except psutil.NoSuchProcess:
        pass
    return total


class Bench:
    """One checkout of semindex over one tree."""

    def __init__(
        self, tree: Path, index_dir: Path, src: Path, settings: Sequence[str], *, scratch: Path
    ) -> None:
        self.tree = tree
        self.index_dir = index_dir
        self._environment = {
            **compiled(scratch / "bytecode"),
            "PYTHONPATH": str(src),
            **{f"SEMINDEX_{name}": value for name, _, value in (each.partition("=") for each in settings)},
        }

    def command(self, *words: str) -> Cost:
        """A command of semindex over the tree."""
        place = [str(self.tree), "--index-dir", str(self.index_dir)]
        return run([sys.executable, "-m", "semindex", *words, *place, "--json"], self._environment)

    def ask_warm(self) -> tuple[list[float], int]:
        """Seconds of each query in one process, and what that process holds."""
        arguments = [str(self.tree), str(self.index_dir), json.dumps(QUERIES), str(ROUNDS)]
        # Nothing is kept, so that no answer is that of an earlier round.
        environment = {**self._environment, "SEMINDEX_ENABLE_CACHING": "false"}
        found = json.loads(run([sys.executable, "-c", _ASK, *arguments], environment, watched=False).output)
        return sorted(found["taken"]), found["resident"]

    def ask_new(self, *options: str) -> tuple[list[float], int]:
        """Seconds of each query in a process of its own, and the most that one held."""
        costs = [self.command("search", *options, query) for query in QUERIES[:10]]
        return sorted(cost.wall_seconds for cost in costs), max(cost.peak_bytes for cost in costs)


def measure(bench: Bench, *, edit: bool) -> Iterator[tuple[str, str]]:
    """Names and values, as they are found; an index that is there already is not built."""
    if not (bench.index_dir / "catalog.db").exists():
        yield from _built(bench)
    # Files that an earlier run edited and put back have new times: taken in first, they count as unchanged.
    bench.command("index")
    yield from _refreshed(bench, "refresh, nothing changed")
    if edit:
        with edited(bench.tree):
            yield from _refreshed(bench, "refresh, 10 files edited")
    taken, resident = bench.ask_warm()
    yield "query, warm process", f"{_spread(taken)}, {resident / 1e6:.0f} MB"
    for name, options in (("query, new process", ()), ("the same, --no-refresh", ("--no-refresh",))):
        taken, resident = bench.ask_new(*options)
        yield name, f"{_spread(taken)}, {resident / 1e6:.0f} MB"


def _built(bench: Bench) -> Iterator[tuple[str, str]]:
    cores = len(os.sched_getaffinity(0))
    # Forced, it takes nothing from the indexes of other work trees.
    cost = bench.command("index", "--force")
    report = json.loads(cost.output)
    source = report["source_bytes"]
    disk = sum(path.stat().st_size for path in bench.index_dir.rglob("*") if path.is_file())
    yield "cold build, wall", f"{cost.wall_seconds:.1f} s"
    yield "processor time", f"{cost.cpu_seconds:.1f} s on {cores} cores"
    yield "CPU / (wall x cores)", f"{cost.cpu_seconds / cost.wall_seconds / cores:.2f}"
    yield "source", f"{source / 1e6:.1f} MB, {source / 1e6 / cost.wall_seconds:.2f} MB/s"
    yield "peak memory, all processes", f"{cost.peak_bytes / 1e6:.0f} MB"
    yield "the same as semindex tells it", f"{report['peak_bytes'] / 1e6:.0f} MB"
    yield "index on disk", f"{disk / 1e6:.1f} MB, {disk / source:.0%} of the source"
    yield "files indexed", f"{report['files']:,}, {report['chunks']:,} chunks"
    yield "skipped", ", ".join(f"{count:,} {why}" for why, count in report["skipped"].items()) or "none"
    yield "failures", str(len(report["failures"]))


def _refreshed(bench: Bench, name: str) -> Iterator[tuple[str, str]]:
    cost = bench.command("index")
    report: dict[str, Any] = json.loads(cost.output)
    yield (
        name,
        f"{cost.wall_seconds:.2f} s ({report['changed']} changed), peak {cost.peak_bytes / 1e6:.0f} MB",
    )


@contextmanager
def edited(tree: Path) -> Iterator[None]:
    """Ten files of the tree with a line more; put back afterwards."""
    sources = sorted(path for path in tree.rglob("*.c") if path.is_file())
    chosen = sources[:: max(1, len(sources) // 10)][:10]
    before = {path: (path.read_bytes(), path.stat()) for path in chosen}
    try:
        for number, path in enumerate(chosen):
            path.write_bytes(before[path][0] + b"\n/* edited %d */\n" % number)
        yield
    finally:
        for path, (data, status) in before.items():
            path.write_bytes(data)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@contextmanager
def without_ignore_file(tree: Path) -> Iterator[None]:
    """The tree without its root's ``.gitignore``, which comes back afterwards."""
    file, aside = tree / ".gitignore", tree.parent / f"{tree.name}.gitignore"
    moved = file.exists()
    if moved:
        file.rename(aside)
    try:
        yield
    finally:
        if moved:
            aside.rename(file)


def _spread(taken: Sequence[float]) -> str:
    last = taken[min(len(taken) - 1, int(0.99 * len(taken)))]
    return f"p50 {1000 * statistics.median(taken):.0f} ms, p99 {1000 * last:.0f} ms"


def measure_peer(tree: Path, python: str, model: Path, scratch: Path) -> Iterator[tuple[str, str]]:
    """The same of semble, which keeps its index in the user's cache folder."""
    environment = {
        **os.environ,
        "SEMBLE_MODEL_NAME": str(model),
        "SEMBLE_CACHE_LOCATION": str(scratch / "cache"),
        "HF_HUB_OFFLINE": "1",
    }
    command = [str(Path(python).parent / "semble"), "search", "--content", "all", "--max-snippet-lines", "5"]
    build = run([*command, QUERIES[0], str(tree)], environment)
    yield "search that builds, wall", f"{build.wall_seconds:.1f} s"
    yield "processor time", f"{build.cpu_seconds:.1f} s"
    yield "peak memory, all processes", f"{build.peak_bytes / 1e6:.0f} MB"
    disk = sum(path.stat().st_size for path in (scratch / "cache").rglob("*") if path.is_file())
    yield "index on disk", f"{disk / 1e6:.1f} MB"
    costs = [run([*command, query, str(tree)], environment) for query in QUERIES[1:4]]
    taken = sorted(cost.wall_seconds for cost in costs)
    yield "query, new process", f"{_spread(taken)}, {max(cost.peak_bytes for cost in costs) / 1e6:.0f} MB"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--edit", action="store_true", help="edit ten files for a while")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--against", type=Path, action="append", default=[], help="src of another checkout")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep this checkout's index here; one that is there is used"
    )
    parser.add_argument("--peer", metavar="PYTHON", help="an interpreter with semble")
    parser.add_argument("--peer-model", type=Path, metavar="FOLDER", help="model2vec folder for it")
    arguments = parser.parse_args()
    if (arguments.peer is None) != (arguments.peer_model is None):
        parser.error("--peer and --peer-model go together")
    here = Path(__file__).parents[1] / "src"
    for src in (here, *arguments.against):
        scratch = Path(tempfile.mkdtemp(prefix="semindex-scale-"))
        kept = arguments.keep if src == here and arguments.keep else scratch / "index"
        try:
            bench = Bench(arguments.tree.resolve(), kept, src.resolve(), arguments.settings, scratch=scratch)
            print(f"\n{'this checkout' if src == here else src}  {' '.join(arguments.settings)}")
            for name, value in measure(bench, edit=arguments.edit):
                print(f"| {name} | {value} |", flush=True)
        finally:
            shutil.rmtree(scratch)
    if arguments.peer is not None:
        scratch = Path(tempfile.mkdtemp(prefix="semindex-scale-"))
        try:
            print("\nsemble")
            tree = arguments.tree.resolve()
            with without_ignore_file(tree):
                for name, value in measure_peer(
                    tree, arguments.peer, arguments.peer_model.resolve(), scratch
                ):
                    print(f"| {name} | {value} |", flush=True)
        finally:
            shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
