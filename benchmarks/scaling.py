"""What builds and queries of far larger trees would take, from what is measured here on a part.

``python -m benchmarks.scaling TREE`` measures the processor time of analysing a file and of the coordinator
of a cluster for it, the size of segments, and queries: of the tree's index, of indexes of half of its files,
and of two and three indexes that have its files between them and are asked together. From these it calculates
how long builds with 1, 10 and 100 workers and queries of 1, 10 and 100 indexes would take, up to 100 million
files, and what limits them. Nothing larger than TREE is run. ``--network`` is the number of bytes that one
machine sends or receives in a second.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import semindex
from benchmarks.cluster import measure as measure_cluster
from benchmarks.scale import QUERIES
from semindex.library import Indexes, open_all
from semindex.source.walk import walk

ROUNDS = 3
_BATCH_BYTES = 8e6
"""At most; what one task of a cluster has."""
_TASK_SECONDS = 0.001
"""Of a scheduler for one task, several times what dask's documentation gives (200 microseconds)."""
REMEDIES = {
    "workers": "more workers: nothing that they do depends on another",
    "coordinator": "several indexes of a part each, with a coordinator each, searched together",
    "network": "--shared-disk (files do not travel), or a faster one",
    "scheduler": "as for the coordinator: a scheduler each",
    "vectors": "nothing yet: every query compares all vectors",
    "indexes": "fewer of them: each costs every query that asks it its steps",
    "fixed part": "nothing: it is what a query of a small index takes",
}


@dataclass(frozen=True)
class Measured:
    """What a file and a query cost here."""

    file_bytes: float
    file_chunks: float
    worker_seconds: float
    """Processor time of analysing a file."""
    coordinator_seconds: float
    """Processor time of the coordinator for a file, its start aside."""
    start_seconds: float
    """What the coordinator takes before the first file."""
    segment_share: float
    """Bytes of a segment for a byte of source."""
    query_seconds: float
    """The part of a query that does not grow."""
    chunk_seconds: float
    """What a chunk adds to a query."""
    index_seconds: float
    """What a further index that is asked together with others adds, its chunks aside."""
    together_seconds: Sequence[float]
    """A query of one index, of two and of three that have the same files between them."""


def build_times(cost: Measured, files: float, workers: int, network: float) -> dict[str, float]:
    """Seconds that each part of a build is busy; the largest is the limit."""
    # Files and segments to be merged go out; segments come in, and once more when they were merged.
    sent = files * cost.file_bytes * (1 + cost.segment_share)
    taken = files * cost.file_bytes * 2 * cost.segment_share
    return {
        "workers": files * cost.worker_seconds / workers,
        "coordinator": cost.start_seconds + files * cost.coordinator_seconds,
        "network": max(sent, taken) / network,
        "scheduler": files * cost.file_bytes / _BATCH_BYTES * _TASK_SECONDS,
    }


def query_times(cost: Measured, files: float, indexes: int) -> dict[str, float]:
    """Seconds that each part of a query takes that asks some indexes of so many files in all; they add up."""
    return {
        "vectors": cost.chunk_seconds * cost.file_chunks * files,
        "indexes": cost.index_seconds * (indexes - 1),
        "fixed part": cost.query_seconds,
    }


def asked(index: semindex.Index | Indexes) -> float:
    """Median seconds of an answer."""
    index.search("warm up")
    taken = []
    for number in range(ROUNDS):
        for query in QUERIES:
            began = time.perf_counter()
            index.search(f"{query} {number}" if number else query)
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def dealt_out(tree: Path, folder: Path, count: int) -> list[Path]:
    """So many folders, each indexed, among which copies of a tree's files are dealt out."""
    roots = [folder / f"part-{number}-of-{count}" for number in range(count)]
    for number, ref in enumerate(walk(tree).refs):
        target = roots[number % count] / ref.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree / ref.path, target)
    for root in roots:
        with semindex.open(root) as part:
            part.refresh()
    return roots


def measure(tree: Path) -> Measured:
    """Build with and without a cluster; ask an index of all files, and several of parts of them."""
    with tempfile.TemporaryDirectory(prefix="semindex-scaling-") as name:
        scratch = Path(name)
        clustered = measure_cluster(tree, (0, 2), ROUNDS, [])
        with (
            semindex.open(tree, index_dir=scratch / "index") as index,
            open_all(dealt_out(tree, scratch, 2)) as two,
            open_all(dealt_out(tree, scratch, 3)) as three,
        ):
            index.refresh()
            status = index.status()
            whole, half = asked(index), statistics.mean(asked(part) for part in two.indexes)
            together = [whole, asked(two), asked(three)]
            chunk_seconds = max(0.0, (whole - half) / (status.chunks / 2))
        files = clustered.by_workers[0][0].report["files"]
        return Measured(
            file_bytes=status.source_bytes / files,
            file_chunks=status.chunks / files,
            worker_seconds=clustered.file_seconds(0),
            coordinator_seconds=clustered.file_seconds(2),
            start_seconds=clustered.starts[2].coordinator_seconds,
            segment_share=status.index_bytes / status.source_bytes,
            query_seconds=max(0.0, whole - chunk_seconds * status.chunks),
            chunk_seconds=chunk_seconds,
            index_seconds=max(0.0, (together[2] - whole) / 2),
            together_seconds=together,
        )


def duration(seconds: float) -> str:
    """In a unit that suits."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds * 1000:,.0f} ms"


def tables(cost: Measured, files: Sequence[float], network: float) -> list[str]:
    """The model, as lines of Markdown."""
    lines = ["| files | workers | build | limit | what removes it |", "|--:|--:|--:|---|---|"]
    for count in files:
        for workers in (1, 10, 100):
            parts = build_times(cost, count, workers, network)
            limit = max(parts, key=lambda part: parts[part])
            taken = duration(parts[limit])
            lines.append(f"| {count:,.0f} | {workers} | {taken} | {limit} | {REMEDIES[limit]} |")
    lines += [
        "",
        "| files | indexes | size of each | query | limit | what removes it |",
        "|--:|--:|--:|--:|---|---|",
    ]
    for count in files:
        for indexes in (1, 10, 100):
            parts = query_times(cost, count, indexes)
            limit = max(parts, key=lambda part: parts[part])
            size = count * cost.file_bytes * cost.segment_share / indexes / 1e9
            taken = duration(sum(parts.values()))
            lines.append(
                f"| {count:,.0f} | {indexes} | {size:,.1f} GB | {taken} | {limit} | {REMEDIES[limit]} |"
            )
    return lines


def main() -> None:
    """Measure, and print what follows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--files", type=float, nargs="+", default=[1e5, 1e6, 1e8])
    parser.add_argument("--network", type=float, default=125e6, help="bytes a second (1 Gbit/s)")
    arguments = parser.parse_args()
    cost = measure(arguments.tree.resolve())
    print(
        f"measured on {os.cpu_count()} cores: a file has {cost.file_bytes / 1e3:.1f} kB and "
        f"{cost.file_chunks:.1f} chunks, takes a worker {1e3 * cost.worker_seconds:.2f} ms and the "
        f"coordinator {1e3 * cost.coordinator_seconds:.2f} ms, whose start takes "
        f"{cost.start_seconds:.1f} s; a segment has {cost.segment_share:.2f} of its bytes; "
        f"a query takes {1e3 * cost.query_seconds:.1f} ms, {1e9 * cost.chunk_seconds:.1f} ms more for "
        f"a million chunks, and {1e3 * cost.index_seconds:.1f} ms more for each further index\n"
    )
    for count, seconds in enumerate(cost.together_seconds, 1):
        print(f"asked together, {count} that have the same files between them: {1e3 * seconds:.2f} ms")
    print()
    print("\n".join(tables(cost, arguments.files, arguments.network)))


if __name__ == "__main__":
    main()
