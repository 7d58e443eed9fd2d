"""Seconds from the last write of some files until searches see all of them, and the cost of watching at rest.

``python -m benchmarks.watching TREE [--rounds 5] [--rest 60]``; see README.md here. The tree is copied, with
its history if it is a git work tree, and ``semindex watch`` is started on the copy as a process of its own.
Then a line with a new word is appended to each of so many indexed files, and an index opened in this process
is asked for that word, by searches that do not themselves look for changes, until they find it in all of the
files. At rest ``psutil`` tells the processor time of the watching process.
"""

from __future__ import annotations

import argparse
import itertools
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

import psutil

import semindex
from semindex.config import Settings
from semindex.errors import SemindexError
from semindex.store.catalog import Catalog

COUNTS = (1, 10, 100)
_SUFFIXES = {".c", ".go", ".h", ".java", ".js", ".py", ".rb", ".rs", ".ts"}
_MOST_FILE_BYTES = 100_000
_MOST_SECONDS = 120.0
_SETTLED_SECONDS = 2.0
_WORDS = itertools.count(random.randrange(10**6, 10**9))


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
            events = (json.loads(line) for line in process.stdout)
            for event in events:
                figures["files indexed"] = event.get("files", figures.get("files indexed", 0))
                if event["event"] == "watching":
                    figures["folders watched"] = event["folders"]
                    break
            with semindex.open(root, index_dir=index_dir, settings=Settings(enable_caching=False)) as index:
                files = list(_editable(root, index_dir))
                for count in COUNTS:
                    times = [_seconds_until_fresh(index, random.sample(files, count)) for _ in range(rounds)]
                    figures[f"seconds until fresh, {count} files"] = round(statistics.median(times), 3)
                    figures[f"  the slowest of {rounds}, {count} files"] = round(max(times), 3)
            figures[f"processor seconds in {rest:g} s at rest"] = round(_rested(process.pid, rest), 3)
        finally:
            process.terminate()
    return figures


def _editable(root: Path, index_dir: Path) -> Iterator[Path]:
    """Indexed source files to which a line can be appended."""
    with Catalog.open_reader(index_dir) as catalog:
        for file in catalog.files():
            if Path(file.ref.path).suffix in _SUFFIXES and file.ref.size_bytes < _MOST_FILE_BYTES:
                yield root / file.ref.path


def _seconds_until_fresh(index: semindex.Index, files: list[Path]) -> float:
    time.sleep(_SETTLED_SECONDS)
    word = f"freshword{next(_WORDS)}"
    for path in files:
        with path.open("a") as output:
            output.write(f"\n{word}\n")
    began = time.monotonic()
    while time.monotonic() - began < _MOST_SECONDS:
        try:
            found = {hit.path for hit in index.search(f'"{word}"', limit=len(files) + 1, refresh=False)}
        except SemindexError:
            found = set()
        if len(found) >= len(files):
            return time.monotonic() - began
        time.sleep(0.005)
    raise SystemExit(f"{word} was found in {len(found)} of {len(files)} files after {_MOST_SECONDS:g} s")


def _rested(pid: int, seconds: float) -> float:
    process = psutil.Process(pid)
    time.sleep(_SETTLED_SECONDS)
    before = process.cpu_times()
    time.sleep(seconds)
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system


if __name__ == "__main__":
    main()
