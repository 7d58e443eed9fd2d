"""Times of queries inside a process, each asked once of a fresh one; beside another checkout's, if given.

``python benchmarks/latency.py TREE [--queries FILE] [--against SRC]``; see README.md here. Every round
starts a new process for each checkout, in alternating order. It opens the index, answers one query (the
cold figures) and then all others once, so that no query meets what it left in a cache itself. After each it
reads what ``--read`` says of the hits, as some of that is made only when it is read. A query's figure is its
fastest of all rounds: other work on the machine only ever adds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, TypedDict

OWN_SRC = Path(__file__).resolve().parents[1] / "src"
BUILT_IN_QUERIES = 100
STEPS = ("ranking", "hits", "search", "search and read")
"""Timed of each query; ``search`` is the call of ``Index.search``, after which hits may be made when read."""
_SHARES = (0.5, 0.95, 0.99)
_CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


class Round(TypedDict):
    """What one process measured, in milliseconds."""

    import_ms: float
    first_ms: float
    """Opening the index and the first query, the import left out."""
    times: list[tuple[int, *tuple[float, ...]]]
    """Position of the query, then what :data:`STEPS` names."""


@dataclass
class Checkout:
    """A source folder, its own index of the tree, and what was measured with it."""

    name: str
    src: Path
    index_dir: Path
    imports: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    fastest: dict[int, list[float]] = field(default_factory=dict)

    def add(self, measured: Round) -> None:
        """Keep the fastest of each query."""
        self.imports.append(measured["import_ms"])
        self.firsts.append(measured["first_ms"])
        for number, *times in measured["times"]:
            known = self.fastest.get(number, times)
            self.fastest[number] = list(map(min, known, times))


def run_child(checkout: Checkout, task: dict[str, Any]) -> Any:
    """What this file's other half prints, run with the checkout's package; its messages are shown."""
    environment = os.environ | {
        "PYTHONPATH": str(checkout.src),
        "SEMINDEX_CONFIG": os.devnull,
        # Bytecode for every checkout alike: one where none is written would seem slow to start.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(checkout.index_dir.with_suffix(".bytecode")),
    }
    done = subprocess.run(
        [sys.executable, __file__, "--child"],
        input=json.dumps({**task, "index_dir": str(checkout.index_dir)}),
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{checkout.name}: the measuring process failed with {done.returncode}")
    return json.loads(done.stdout)


def child() -> None:
    """Do the task that stands on standard input; print the outcome as JSON."""
    task = json.load(sys.stdin)
    outcome = build(task) if task["do"] == "build" else ask(task)
    json.dump(outcome, sys.stdout)


def build(task: dict[str, Any]) -> dict[str, int]:
    """Bring the index up to date."""
    import semindex

    with semindex.open(task["tree"], index_dir=task["index_dir"]) as index:
        report = index.refresh()
        return {"files": report.files, "chunks": report.chunks}


def ask(task: dict[str, Any]) -> Round:
    """Ask every query once; ``first`` is the position of the query that begins."""
    queries, first, limit = task["queries"], task["first"], task["limit"]
    clock, read = _CLOCKS[task["clock"]], READ[task["read"]]
    began = clock()
    import semindex
    from semindex import config
    from semindex.search import hits

    owner, method = _ranking()
    imported = clock()
    clocks = {"ranking": 0.0, "hits": 0.0}
    # The two steps have no public face of their own; a clock around each leaves them as they are.
    setattr(owner, method, _timed(getattr(owner, method), clock, clocks, "ranking"))
    hits.by_file = _timed(hits.by_file, clock, clocks, "hits")
    tree = Path(task["tree"])
    settings = config.load(tree).settings
    index = semindex.open(tree, index_dir=task["index_dir"], settings=settings)
    read(index.search(queries[first], limit=limit))
    answered = clock()
    times = []
    for step in range(1, len(queries)):
        number = (first + step) % len(queries)
        clocks.update(ranking=0.0, hits=0.0)
        start = clock()
        found = index.search(queries[number], limit=limit)
        searched = clock() - start
        read(found)
        taken = clocks["ranking"], clocks["hits"], searched, clock() - start
        times.append((number, *(1000 * seconds for seconds in taken)))
    return {"import_ms": (imported - began) * 1000, "first_ms": (answered - imported) * 1000, "times": times}


def _ranking() -> tuple[Any, str]:
    """The class that ranks, in this checkout or an older one, and the name of its method."""
    try:
        return import_module("semindex.search.ranker").Ranker, "rank"
    except ModuleNotFoundError:
        return import_module("semindex.search.searcher").Searcher, "search"


def _read_text(hits: Sequence[Any]) -> int:
    """What shows the spans themselves; gives their characters."""
    return sum(len(f"{hit.path}:{hit.start_line}-{hit.end_line}\n{hit.text}") for hit in hits)


def _read_all(hits: Sequence[Any]) -> int:
    """That, and why each was found, and the other spans of its file."""
    reasons = sum(len(f"{reason.signal} {reason.detail}") for hit in hits for reason in hit.reasons)
    return reasons + _read_text(hits) + sum(_read_all(hit.more) for hit in hits)


READ: Mapping[str, Callable[[Sequence[Any]], int]] = {"text": _read_text, "all": _read_all}
"""Ways to read the hits of an answer."""


def _timed(
    function: Callable[..., Any], clock: Callable[[], float], clocks: dict[str, float], name: str
) -> Callable[..., Any]:
    def timed(*args: Any, **options: Any) -> Any:
        start = clock()
        try:
            return function(*args, **options)
        finally:
            clocks[name] += clock() - start

    return timed


def read_queries(file: Path) -> list[str]:
    """Distinct queries of a judged annotation file (``.json``), or of a text file, one a line."""
    text = file.read_text("utf-8")
    found = [record["query"] for record in json.loads(text)] if file.suffix == ".json" else text.splitlines()
    return list(dict.fromkeys(line.strip() for line in found if line.strip()))


def made_queries(tree: Path, count: int = BUILT_IN_QUERIES) -> list[str]:
    """Queries that the tree itself suggests: a third sentences, a third names, a third the names' words.

    Sentences are the first ones of documentation; everything is taken evenly over the tree.
    """
    from semindex.evaluate.sentences import first_sentence
    from semindex.parse.parser import parse_file
    from semindex.source.read import read_file
    from semindex.source.walk import walk
    from semindex.tokens import split_word
    from semindex.types import FileFailure

    names: dict[str, None] = {}
    sentences: dict[str, None] = {}
    for ref in walk(tree).refs:
        source = read_file(tree, ref)
        if isinstance(source, FileFailure):
            continue
        for symbol in parse_file(source).symbols:
            names[symbol.name] = None
            sentence = first_sentence(source.text[slice(*symbol.doc)].decode("utf-8", "replace"))
            if sentence:
                sentences[sentence.replace('"', " ")] = None
    long = [name for name in names if len(split_word(name)) > 1 and name.isidentifier()]
    spoken = [" ".join(split_word(name)) for name in long]
    third = count // 3
    chosen = [
        *_evenly(list(sentences), third),
        *_evenly(long, third),
        *_evenly(spoken[1:], count - 2 * third),
    ]
    return list(dict.fromkeys(chosen))


def _evenly(items: Sequence[str], count: int) -> list[str]:
    step = max(1.0, len(items) / count)
    return [items[int(number * step)] for number in range(min(count, len(items)))]


def show(checkout: Checkout) -> None:
    """Print the percentiles over the queries, and the cold figures."""
    print(f"{checkout.name} ({len(checkout.fastest)} queries, {len(checkout.firsts)} rounds), ms")
    print(f"  {'':24}{'p50':>8}{'p95':>8}{'p99':>8}")
    for place, name in enumerate(STEPS):
        ordered = sorted(times[place] for times in checkout.fastest.values())
        print(f"  {name:24}" + "".join(f"{_percentile(ordered, share):8.2f}" for share in _SHARES))
    print(f"  {'':24}{'fastest':>8}{'median':>8}")
    for name, values in (("import", checkout.imports), ("open and first query", checkout.firsts)):
        print(f"  {name:24}{min(values):8.1f}{_percentile(sorted(values), 0.5):8.1f}")


def _percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path, help="source tree to search; only read")
    parser.add_argument("--queries", type=Path, action="append", help="judged annotations, or one a line")
    parser.add_argument("--against", type=Path, metavar="SRC", help="the src folder of another checkout")
    parser.add_argument("--index-dir", type=Path, help="keep the indexes here; they are brought up to date")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument(
        "--read",
        choices=READ,
        default="text",
        help="what is read of each hit: path, lines and text, or also reasons and other spans",
    )
    parser.add_argument(
        "--clock",
        choices=_CLOCKS,
        default="wall",
        help="cpu: processor time of the process, for a machine that does other work too",
    )
    arguments = parser.parse_args()
    tree = arguments.tree.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        kept = (arguments.index_dir or Path(scratch)).resolve()
        checkouts = [Checkout("this checkout", OWN_SRC, kept / "this")]
        if arguments.against is not None:
            checkouts.append(Checkout(str(arguments.against), arguments.against.resolve(), kept / "other"))
        for checkout in checkouts:
            built = run_child(checkout, {"do": "build", "tree": str(tree)})
        print(f"{arguments.clock} time; of each hit {arguments.read} is read; {_machine()}")
        for file in arguments.queries or [None]:
            queries = read_queries(file) if file is not None else made_queries(tree)
            if len(queries) < 2:
                parser.error(f"{file or tree} gives {len(queries)} queries; at least 2 are needed")
            task = {"do": "ask", "tree": str(tree), "queries": queries, "limit": arguments.limit}
            task |= {"clock": arguments.clock, "read": arguments.read}
            measure(checkouts, task, arguments.rounds)
            label = file.name if file is not None else "made from the tree"
            print(f"queries: {label}; {built['files']:,} files, {built['chunks']:,} chunks")
            for checkout in checkouts:
                show(checkout)


def measure(checkouts: Sequence[Checkout], task: dict[str, Any], rounds: int) -> None:
    """Fill in the times of every checkout; each round begins with another query."""
    for checkout in checkouts:
        checkout.imports, checkout.firsts, checkout.fastest = [], [], {}
    for number in range(-1, rounds):
        for checkout in checkouts if number % 2 else reversed(checkouts):
            measured: Round = run_child(checkout, {**task, "first": number % len(task["queries"])})
            if number >= 0:
                checkout.add(measured)


def _machine() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}"


if __name__ == "__main__":
    child() if sys.argv[1:] == ["--child"] else main()
