"""What a second work tree and a clone cost beside the first: time until they can be searched, and disk.

``python -m benchmarks.worktrees [TREE] [--files 5000] [--edited 50] [--rounds 3]`` copies the files of a tree
(by default Python's standard library) into a new git repository, as ``copy0/``, ``copy1/`` ... until it has
so many, and commits them. Then it adds a work tree, makes a clone, and edits some files in both. Each round
builds the first index; that of the work tree alone (``--force``); that of the work tree, which takes from the
first; and that of the clone (``--share-from``). Each is a process of its own, whose whole time counts. At the
end the answers of the work tree's two indexes are compared. A table has the fastest round of each.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import semindex

QUERIES = (
    "parse json object",
    "how are cookies sent to the server",
    "JSONDecoder",
    "raise TypeError if the value is not serialisable",
    "wait until the event loop is closed",
    "edited by the benchmark",
)


@dataclass(frozen=True)
class Built:
    """A build of an index, as its process told of it."""

    seconds: float
    report: dict[str, Any]

    @property
    def taken(self) -> int:
        """How many files were taken from other indexes."""
        return sum(each["files"] for each in self.report["shared"])


def git(folder: Path, *words: str) -> None:
    """Run git, without anybody's settings."""
    identity = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *identity, *words], cwd=folder, env=environment, check=True, capture_output=True)


def sources(tree: Path) -> Iterator[Path]:
    """The files of a tree that may be source, in the order of their paths."""
    for folder, folders, names in os.walk(tree):
        folders[:] = sorted(set(folders) - {".git", ".semindex", "__pycache__", "site-packages"})
        yield from (Path(folder, name) for name in sorted(names) if not name.endswith((".pyc", ".so", ".a")))


def repository(tree: Path, root: Path, count: int) -> None:
    """A new repository with so many files, the tree's again and again."""
    files, made, copy = list(sources(tree)), 0, 0
    while made < count:
        for file in files[: count - made]:
            target = root / f"copy{copy}" / file.relative_to(tree)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        made, copy = made + len(files), copy + 1
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "all files")


def edit(root: Path, count: int) -> None:
    """Add a function to the end of Python files that lie far apart."""
    files = sorted(root.glob("copy*/**/*.py"))
    for number in range(count):
        with files[number * len(files) // count].open("a") as file:
            file.write(f"\n\ndef edited_{number}():\n    # edited by the benchmark\n    return {number}\n")


def build(root: Path, *words: str) -> Built:
    """Index in a process of its own."""
    began = time.monotonic()
    command = [sys.executable, "-m", "semindex", "index", str(root), "--json", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Built(time.monotonic() - began, json.loads(done.stdout))


def disk_bytes(folders: Sequence[Path]) -> int:
    """What the files below some folders take on the disk, each file once however many names it has."""
    blocks: dict[tuple[int, int], int] = {}
    for folder in folders:
        for file in folder.rglob("*"):
            status = file.lstat()
            blocks[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(blocks.values())


def answers(root: Path, index_dir: Path) -> list[tuple[object, ...]]:
    """Every hit of every query, with its exact points and lines."""
    with semindex.open(root, index_dir=index_dir) as index:
        return [
            (hit.path, hit.start_line, hit.end_line, hit.points, hit.symbol, hit.text)
            for query in QUERIES
            for hit in index.search(query, limit=50, refresh=False)
        ]


def measure(base: Path, rounds: int) -> dict[str, list[Built]]:
    """Build all indexes, so often; those of the last round stay."""
    main, linked, clone = (base / name for name in ("main", "linked", "clone"))
    found: dict[str, list[Built]] = {"first": [], "alone": [], "work tree": [], "clone": []}
    for _ in range(rounds):
        for root in (main, linked, clone):
            shutil.rmtree(root / ".semindex", ignore_errors=True)
        shutil.rmtree(base / "alone", ignore_errors=True)
        found["first"].append(build(main))
        found["alone"].append(build(linked, "--force", "--index-dir", str(base / "alone")))
        found["work tree"].append(build(linked))
        found["clone"].append(build(clone, "--share-from", str(main)))
    return found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tree", type=Path, nargs="?", default=Path(sysconfig.get_paths()["stdlib"]))
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--edited", type=int, default=50, help="files that differ in the second tree")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="semindex-worktrees-") as folder:
        base = Path(folder).resolve()
        (base / "main").mkdir()
        repository(arguments.tree.resolve(), base / "main", arguments.files)
        git(base / "main", "worktree", "add", "-q", str(base / "linked"))
        git(base, "clone", "-q", str(base / "main"), str(base / "clone"))
        for name in ("linked", "clone"):
            edit(base / name, arguments.edited)
        found = measure(base, arguments.rounds)
        print("| index | files | taken | analysed | seconds | of the same alone |")
        print("|---|---|---|---|---|---|")
        # The fastest round of each, as other work on the machine only adds.
        alone = min(built.seconds for built in found["alone"])
        for name, builds in found.items():
            seconds, last = min(built.seconds for built in builds), builds[-1]
            analysed = last.report["added"] - last.taken
            share = f"{seconds / alone:.1%}" if name in ("work tree", "clone") else ""
            files = last.report["files"]
            print(f"| {name} | {files:,} | {last.taken:,} | {analysed:,} | {seconds:.2f} | {share} |")
        indexes = {name: base / name / ".semindex" for name in ("main", "linked", "clone")}
        each = {name: disk_bytes([place]) for name, place in indexes.items()}
        whole = disk_bytes(list(indexes.values()))
        print(
            f"disk: {', '.join(f'{name} {size / 1e6:.1f} MB' for name, size in each.items())}; all three "
            f"{whole / 1e6:.1f} MB, {whole / each['main'] - 1:.1%} more than the first"
        )
        same = answers(base / "linked", base / "alone") == answers(base / "linked", indexes["linked"])
        print(f"answers of the work tree's two indexes: {'equal, bit for bit' if same else 'NOT EQUAL'}")


if __name__ == "__main__":
    main()
