"""The modules that a warm query passes through, and how often it moves from one to another.

``python -m benchmarks.moves TREE [--query TEXT]... [--read text|all]`` indexes the tree in a temporary
folder, asks some queries first, and then one by one those that are counted, whose hits are read. A move is a
call from a function of one module to a function of another; its return is not counted again. With ``--query``
it can be run with the ``PYTHONPATH`` of another checkout, for the moves there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import semindex
from benchmarks.latency import READ, made_queries

WARM_UP = (
    "read a file",
    "handle an error",
    "parse_options",
    "open connection",
    "list of names",
)
"""Asked first."""
PACKAGE = semindex.__name__


class Moves:
    """Counts calls while it is set as the profile function of a thread."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        """By module, how often any of its functions was called."""
        self.pairs: Counter[tuple[str, str]] = Counter()
        """How often a function of the first module called one of the second."""
        self._stack: list[str] = []

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Take up a call or a return; those of other packages are passed over."""
        module = frame.f_globals.get("__name__", "")
        if event not in ("call", "return") or module.partition(".")[0] != PACKAGE:
            return
        if event == "return":
            self._stack.pop()
            return
        if self._stack and self._stack[-1] != module:
            self.pairs[self._stack[-1], module] += 1
        self._stack.append(module)
        self.calls[module] += 1


def counted(ask: Callable[[], object]) -> Moves:
    """The moves of one call."""
    moves = Moves()
    sys.setprofile(moves)
    try:
        ask()
    finally:
        sys.setprofile(None)
    return moves


def show(query: str, moves: Moves, pairs: int) -> None:
    """Print the modules, and the moves between the pairs that have most of them."""
    total = sum(moves.pairs.values())
    print(f"{query!r}: {len(moves.calls)} modules, {total} moves, {sum(moves.calls.values())} calls")
    entered: Counter[str] = Counter()
    for (_, to), times in moves.pairs.items():
        entered[to] += times
    for module in sorted(moves.calls):
        print(f"  {module:36} moved to {entered[module]:4}, calls {moves.calls[module]:5}")
    for (origin, to), times in moves.pairs.most_common(pairs):
        print(f"  {times:4} {origin} -> {to}")


def main() -> None:
    """Index, ask, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--query", action="append", help="default: a sentence and a name from the tree")
    parser.add_argument("--read", choices=READ, default="text", help="what is read of each hit")
    parser.add_argument("--pairs", type=int, default=12, help="print so many pairs of modules")
    options = parser.parse_args()
    # A sentence and a name, and not the words of a name.
    queries = options.query or made_queries(options.tree, 3)[:2]
    read = READ[options.read]
    with (
        tempfile.TemporaryDirectory(prefix="semindex-moves-") as folder,
        semindex.open(options.tree, index_dir=folder) as index,
    ):
        index.refresh()
        for query in WARM_UP:
            read(index.search(query))
        for query in queries:
            show(query, counted(lambda query=query: read(index.search(query))), options.pairs)  # type: ignore[misc]


if __name__ == "__main__":
    main()
