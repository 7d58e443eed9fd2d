"""What an index takes of memory, mapped and read whole: anonymous and file-backed, before and after queries.

``python -m benchmarks.mapping TREE INDEX_DIR`` asks 100 queries of the finished index in INDEX_DIR, in two
processes of their own, and prints their resident memory by kind. Linux only: it reads ``/proc``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.scale import QUERIES

ROUNDS = -(-100 // len(QUERIES))
_ASK = """
import json, re, sys
from pathlib import Path
import semindex
from semindex import config

def resident():
    text = Path("/proc/self/status").read_text()
    return [int(re.search(rf"{name}:\\s+(\\d+)", text)[1]) / 1024 for name in ("RssAnon", "RssFile")]

tree, index_dir, queries, rounds = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
settings = config.load(tree).settings
taken = {"imported": resident()}
index = semindex.open(tree, index_dir=index_dir, settings=settings)
index.search("warm")
taken["opened, one query"] = resident()
for number in range(rounds):
    for query in queries:
        index.search(f"{query} {number}" if number else query)
taken["100 queries"] = resident()
print(json.dumps(taken))
"""


def measure(tree: Path, index_dir: Path, threshold_mb: int) -> dict[str, list[float]]:
    """Anonymous and file-backed MB at each step."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[1] / "src"),
        "SEMINDEX_MEMORY_MAPPING_THRESHOLD_MB": str(threshold_mb),
    }
    arguments = [str(tree), str(index_dir), json.dumps(QUERIES), str(ROUNDS)]
    done = subprocess.run(
        [sys.executable, "-c", _ASK, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure both ways, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("index_dir", type=Path)
    arguments = parser.parse_args()
    disk = sum(path.stat().st_size for path in (arguments.index_dir / "segments").iterdir())
    mapped = measure(arguments.tree, arguments.index_dir, 0)
    whole = measure(arguments.tree, arguments.index_dir, 1_000_000)
    print(f"segments of {disk / 1e6:.0f} MB; resident MB, anonymous + file-backed\n")
    print("| | mapped | read whole | anonymous, mapped / whole |")
    print("|---|---|---|---|")
    for step, (anonymous, file) in mapped.items():
        other, other_file = whole[step]
        kinds = f"{anonymous:.0f} + {file:.0f} | {other:.0f} + {other_file:.0f}"
        print(f"| {step} | {kinds} | {anonymous / other:.2f} |")


if __name__ == "__main__":
    main()
