"""Whole-process wall times of semindex, beside a peer's on the same tree in the same run.

``python -m benchmarks.start TREE [--rg PROGRAM] [--peer-python PYTHON --peer-model FOLDER]``; see README.md.
Every command runs once untimed, then each round runs all of them, every other round in reverse, so
that neither warmth nor a slow minute favours one. The figure is the median.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.bytecode import compiled
from benchmarks.sessions import service

QUERY = "how are cookies parsed"
DAEMON = "semindex search, daemon"


@dataclass
class Case:
    """A measured thing: the commands it runs, one after the other, and how long that took each time."""

    name: str
    commands: Callable[[Path], list[list[str]]]
    """Given a new, empty folder, which only this run has."""
    environment: Callable[[Path], dict[str, str]] = lambda _: {}
    seconds: list[float] = field(default_factory=list)

    def run(self, scratch: Path, bytecode: Path) -> float:
        """Wall time of all commands; their output is thrown away. Compiled modules are in ``bytecode``."""
        environment = compiled(bytecode) | {"SEMINDEX_DAEMON": "off"} | self.environment(scratch)
        commands = self.commands(scratch)
        began = time.perf_counter()
        for command in commands:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode or not done.stdout:
                raise SystemExit(f"{self.name}: {' '.join(command)} failed or found nothing:\n{done.stderr}")
        return time.perf_counter() - began

    @property
    def median_ms(self) -> float:
        """The median of all rounds."""
        return statistics.median(self.seconds) * 1000


def own_cases(program: str, tree: str, kept: Path) -> list[Case]:
    """What a user of semindex waits for; ``kept`` holds the warm index."""

    def index(folder: Path) -> list[str]:
        return [program, "index", tree, "--index-dir", str(folder)]

    def search(folder: Path) -> list[str]:
        return [program, "search", QUERY, tree, "--index-dir", str(folder)]

    return [
        Case("semindex index, then search, cold", lambda scratch: [index(scratch), search(scratch)]),
        Case("semindex search, cold", lambda scratch: [search(scratch)]),
        Case("semindex search, warm", lambda _: [search(kept)]),
        Case("semindex --help", lambda _: [[program, "--help"]]),
    ]


def served_cases(program: str, tree: str, kept: Path, variables: dict[str, str]) -> list[Case]:
    """The same through a daemon, beside what Python takes to do nothing."""

    def search(*more: str) -> Callable[[Path], list[list[str]]]:
        return lambda _: [[program, "search", QUERY, tree, "--index-dir", str(kept), *more]]

    return [
        Case(DAEMON, search(), lambda _: variables),
        Case(f"{DAEMON}, --no-refresh", search("--no-refresh"), lambda _: variables),
        Case("python -c print()", lambda _: [[sys.executable, "-c", "print()"]]),
    ]


def ripgrep_cases(program: str, tree: str) -> list[Case]:
    """What ripgrep takes to find a word of the query in all files."""
    return [Case("rg", lambda _: [[program, "-n", "cookie", tree]])]


def peer_cases(python: Path, model: Path, tree: str, kept: Path) -> list[Case]:
    """The same of semble; ``kept`` is its warm cache, and it can reach no network."""
    program = str(python.parent / "semble")
    search = [program, "search", QUERY, tree, "-k", "10"]

    def cached_in(folder: Path) -> dict[str, str]:
        model_name = str(model.resolve())
        return {"SEMBLE_MODEL_NAME": model_name, "SEMBLE_CACHE_LOCATION": str(folder), "HF_HUB_OFFLINE": "1"}

    return [
        Case("semble search, cold", lambda _: [search], cached_in),
        Case("semble search, warm", lambda _: [search], lambda _: cached_in(kept)),
        Case("semble --help", lambda _: [[program, "--help"]], cached_in),
    ]


def measure(cases: Sequence[Case], rounds: int, bytecode: Path) -> None:
    """Fill in the times of every case; compiled modules are kept in ``bytecode``."""
    for number in range(-1, rounds):
        for case in cases if number % 2 else reversed(cases):
            with tempfile.TemporaryDirectory() as scratch:
                seconds = case.run(Path(scratch), bytecode)
            if number >= 0:
                case.seconds.append(seconds)


def show(cases: Sequence[Case]) -> None:
    """Print the times and, where there is a peer, what share of its time ours is."""
    median = {case.name: case.median_ms for case in cases}
    for case in cases:
        fastest = min(case.seconds) * 1000
        print(f"{case.name:36} {case.median_ms:8.0f} ms  (fastest {fastest:.0f}, n {len(case.seconds)})")
    compared = [
        ("semindex index, then search, cold", "semble search, cold"),
        ("semindex search, cold", "semble search, cold"),
        ("semindex search, warm", "semble search, cold"),
        ("semindex search, warm", "semble search, warm"),
        ("semindex --help", "semble --help"),
        (DAEMON, "semindex search, warm"),
        (DAEMON, "semble search, warm"),
        (DAEMON, "rg"),
    ]
    for ours, theirs in compared:
        if theirs in median and ours in median:
            print(f"{ours} / {theirs}: {median[ours] / median[theirs]:.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path, help="source tree to search; only read")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--semindex", default=str(Path(sys.executable).parent / "semindex"))
    parser.add_argument("--peer-python", type=Path, help="Python of an environment with semble")
    parser.add_argument("--peer-model", type=Path, help="local model2vec folder, see peer_model.py")
    parser.add_argument("--rg", help="ripgrep's program")
    parser.add_argument("--json", type=Path, help="also write the times here")
    arguments = parser.parse_args()
    if (arguments.peer_python is None) != (arguments.peer_model is None):
        parser.error("--peer-python and --peer-model belong together")
    tree = str(arguments.tree.resolve())
    with tempfile.TemporaryDirectory() as name, service() as variables:
        folder = Path(name)
        cases = own_cases(arguments.semindex, tree, folder / "index")
        served = {key: variables[key] for key in ("XDG_RUNTIME_DIR", "SEMINDEX_DAEMON")}
        cases += served_cases(arguments.semindex, tree, folder / "index", served)
        if arguments.rg is not None:
            cases += ripgrep_cases(arguments.rg, tree)
        if arguments.peer_python is not None:
            cases += peer_cases(arguments.peer_python, arguments.peer_model, tree, folder / "cache")
        version = sys.version.split()[0]
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {version}, query {QUERY!r}")
        measure(cases, arguments.rounds, folder / "bytecode")
    show(cases)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({case.name: case.seconds for case in cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
