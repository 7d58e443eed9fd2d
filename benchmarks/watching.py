"""Seconds from the last write of some files until searches see all of them, and the cost of watching at rest.

``python -m benchmarks.watching TREE [--rounds 5] [--rest 60]``; see README.md here. The tree is copied, with
its history if it is a git work tree, and ``semindex watch`` is started on the copy as a process of its own.
Then a function with a new name is appended to each of so many Python files, and an index opened in this
process is asked for the definitions of that name, without looking for changes, until it has them all. At rest
``psutil`` tells the processor time of the watching process.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

import semindex
from semindex.config import Settings
from semindex.store.catalog import Catalog

COUNTS = (1, 10, 100)
_MOST_FILE_BYTES = 100_000
_MOST_SECONDS = 120.0
_SETTLED_SECONDS = 2.0


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rest", type=float, default=60.0, help="seconds without any change")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        figures = measured(options.tree, Path(scratch).resolve(), options.rounds, options.rest)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<46} {value:>10}")


def measured(tree: Path, scratch: Path, rounds: int, rest: float) -> dict[str, float]:
    """The figures, by name."""
    root, index_dir = scratch / "tree", scratch / "index"
    shutil.copytree(tree, root, symlinks=True, ignore=shutil.ignore_patterns(".semindex", ".venv"))
    command = [sys.executable, "-m", "semindex", "watch", "--json", str(root), "--index-dir", str(index_dir)]
    figures: dict[str, float] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            watching = psutil.Process(process.pid)
            events = (json.loads(line) for line in process.stdout)
            for event in events:
                if event["event"] == "refreshed":
                    figures["files indexed"] = event["files"]
                elif event["event"] == "watching":
                    figures["folders watched"] = event["folders"]
                    break
            with semindex.open(root, index_dir=index_dir, settings=Settings(enable_caching=False)) as index:
                files = list(_editable(root, index_dir))
                for count in COUNTS:
                    some = [_freshness(index, random.sample(files, count), watching) for _ in range(rounds)]
                    times, used = zip(*some, strict=True)
                    figures[f"seconds until fresh, {count} files"] = round(statistics.median(times), 3)
                    figures[f"  the slowest of {rounds}, {count} files"] = round(max(times), 3)
                    figures[f"  processor seconds, {count} files"] = round(statistics.median(used), 3)
            figures["resident MB at rest"] = round(watching.memory_info().rss / 1e6)
            figures[f"processor seconds in {rest:g} s at rest"] = round(_rested(watching, rest), 3)
        finally:
            process.terminate()
    return figures


def _editable(root: Path, index_dir: Path) -> Iterator[Path]:
    """Indexed Python files to which a line can be appended."""
    with Catalog.open_reader(index_dir) as catalog:
        for file in catalog.files():
            if file.ref.path.endswith(".py") and file.ref.size_bytes < _MOST_FILE_BYTES:
                yield root / file.ref.path


class Freshness(NamedTuple):
    """How long it took until searches saw what was written."""

    seconds: float
    processor_seconds: float
    """Of the watching process."""


def _freshness(index: semindex.Index, files: list[Path], watching: psutil.Process) -> Freshness:
    time.sleep(_SETTLED_SECONDS)
    name = "".join(random.choices("bcdfghjklmnprstvz", k=12))
    used, identity = _processor_seconds(watching), index.commit().identity
    for path in files:
        with path.open("a") as output:
            output.write(f"\n\ndef {name}():\n    return 1\n")
    began = time.monotonic()
    while time.monotonic() - began < _MOST_SECONDS:
        # To ask costs more than to learn that there is a new generation, and would slow what it waits for.
        if identity == (identity := index.commit().identity):
            time.sleep(0.005)
            continue
        if index.symbol(name, refresh=False).total >= len(files):
            return Freshness(time.monotonic() - began, _processor_seconds(watching) - used)
    raise SystemExit(f"{name} was not found in all {len(files)} files after {_MOST_SECONDS:g} s")


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _rested(process: psutil.Process, seconds: float) -> float:
    time.sleep(_SETTLED_SECONDS)
    before = _processor_seconds(process)
    time.sleep(seconds)
    return _processor_seconds(process) - before


if __name__ == "__main__":
    main()
