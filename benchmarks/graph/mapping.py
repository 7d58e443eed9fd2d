"""How long the map of a repository takes, and whether two processes print the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

import semindex
from benchmarks.graph.oracles.options import OracleError

TOKENS = 2000
_SCRIPT = """
import sys, time
import semindex
with semindex.open(sys.argv[1]) as index:
    snapshot = index.snapshot()
    begun, used = time.perf_counter(), time.process_time()
    answer = snapshot.map(tokens=int(sys.argv[2]))
    text = chr(10).join(answer.lines())
    spent = [time.perf_counter() - begun, time.process_time() - used]
print(*spent, answer.total, answer.tokens)
sys.stdout.write(text)
"""


class TimedMap(Struct, frozen=True):
    """One repository's map."""

    name: str
    files: int
    """Files of code that could have been shown."""
    tokens: int
    seconds: float
    """The quicker of two processes, from an open index to the text."""
    cpu_seconds: float
    same: bool
    """Whether both printed the same bytes."""


def timed_map(root: Path) -> TimedMap:
    """Map a repository twice, each time in a process of its own; it is indexed first.

    Raises:
        OracleError: The map could not be made.
    """
    with semindex.open(root) as index:
        index.refresh()
    heads, texts = [], []
    for _ in range(2):
        command = [sys.executable, "-c", _SCRIPT, str(root), str(TOKENS)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            raise OracleError(f"the map of {root} failed:\n{done.stderr.decode(errors='replace').strip()}")
        head, _, text = done.stdout.partition(b"\n")
        heads.append([float(each) for each in head.split()])
        texts.append(text)
    seconds, cpu, files, tokens = min(heads)
    return TimedMap(root.name, int(files), int(tokens), seconds, cpu, texts[0] == texts[1])


def mapping_table(timed: Sequence[TimedMap]) -> str:
    """The figures as a table in Markdown."""
    lines = [
        "| repository | files | tokens | seconds | CPU seconds | same bytes |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {each.name} | {each.files:,} | {each.tokens:,} | {each.seconds:.2f} | {each.cpu_seconds:.2f} | "
        f"{'yes' if each.same else 'NO'} |"
        for each in timed
    ]
    return "\n".join(lines) + "\n"
