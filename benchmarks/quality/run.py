"""All families of search tasks in one table, and what changed against an earlier run.

``python -m benchmarks.quality.run OUT --corpora FOLDER [--judgements SET] [--tree DIR]`` asks the judged
queries, for functions with and without their names, and for what commits changed; prints means with 95 %
intervals; and keeps a JSON line a query in the folder OUT. With ``--against``, an OUT of before, a line
has the paired difference too (``*``: more than noise), and the exit code is 1 when a family's main figure
fell by more than noise. ``--record NOTE`` adds a row to ``benchmarks/quality/results.jsonl``.

``--rerank MODEL`` asks everything re-ranked by the model in that folder too, over the same indexes: the
figures are then the re-ranked ones, compared with those without; the latter are kept in OUT/plain.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import semindex
from benchmarks.quality.checkout import repositories
from benchmarks.quality.judging import difference
from benchmarks.quality.reranking import Compared, compare
from benchmarks.quality.units import (
    COMMITS,
    FAMILIES,
    FUNCTIONS,
    JUDGED,
    MAIN_FIGURE,
    PASTED,
    UNNAMED,
    Costs,
    Measured,
    Row,
    Unit,
    as_json,
    from_json,
    groups,
    measure,
)
from semindex.embed.registry import open_embedder
from semindex.evaluate.metrics import interval, percentile

PARTS = {"all": slice(None), "even": slice(0, None, 2), "odd": slice(1, None, 2)}
"""Of the listed repositories, by position: to choose on one part and check on the other."""
RESULTS = Path(__file__).with_name("results.jsonl")
T = TypeVar("T")
Line = tuple[str, str, str]
"""Family, group, figure: a line of the table."""
Scores = dict[tuple[str, str], float]
"""By repository and key of the query."""


def units(options: argparse.Namespace, part: str = "all") -> list[Unit]:
    """What there is to measure, the longest first; of the listed repositories a part of :data:`PARTS`."""
    limits = {
        FUNCTIONS: options.functions,
        UNNAMED: options.functions,
        COMMITS: options.commits,
        PASTED: options.pieces,
    }
    listed = [options.corpora / each["name"] for each in repositories()] if options.corpora else []
    listed = listed[PARTS[part]]
    trees = [tree.resolve() for tree in (*listed, *options.tree) if tree.is_dir()]
    found = [
        Unit(family, tree.name, tree, limits[family])
        for family in (COMMITS, FUNCTIONS, UNNAMED, PASTED)
        for tree in trees
        if family in options.families
    ]
    if JUDGED in options.families and options.judgements is not None:
        checkouts = options.judged_corpora or options.corpora / "judged"
        found.insert(0, Unit(JUDGED, "all", checkouts, judgements=options.judgements))
    return found


def run(task: Callable[[Unit], T], wanted: Sequence[Unit], processes: int) -> list[T]:
    """Measure every unit, each in a process of its own; the answers do not depend on how many run."""
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, max_tasks_per_child=1) as pool:
        found: list[T] = []
        for unit, measured in zip(wanted, pool.map(task, wanted), strict=True):
            found.append(measured)
            print(f"[{len(found)}/{len(wanted)}] {unit.family}, {unit.repository}", file=sys.stderr)
    return found


def save(out: Path, measured: Iterable[Measured]) -> None:
    """Keep rows and costs as JSON lines."""
    out.mkdir(parents=True, exist_ok=True)
    measured = list(measured)
    rows = (as_json(row) for part in measured for row in part.rows)
    (out / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    costs = (asdict(part.costs) for part in measured)
    (out / "costs.jsonl").write_text("".join(json.dumps(each) + "\n" for each in costs), "utf-8")


def load(out: Path) -> list[Row]:
    """The rows that a run kept."""
    return [from_json(json.loads(line)) for line in (out / "queries.jsonl").read_text("utf-8").splitlines()]


def table(rows: Iterable[Row]) -> dict[Line, Scores]:
    """The figures of every line: all of a family's, and its main one for each of its parts."""
    found: dict[Line, Scores] = {}
    for row in rows:
        for group in groups(row):
            for figure, value in row.figures.items():
                if not group or figure == MAIN_FIGURE[row.family]:
                    line = found.setdefault((row.family, group, figure), {})
                    line[row.repository, row.key] = value
    return dict(sorted(found.items(), key=lambda item: (FAMILIES.index(item[0][0]), item[0][1])))


def show(now: Mapping[Line, Scores], before: Mapping[Line, Scores]) -> list[str]:
    """Print the table; gives the families whose main figure fell by more than noise."""
    fallen = []
    for (family, group, figure), scores in now.items():
        mean = interval(list(scores.values()))
        label = f"{family}, {group}" if group else family
        text = f"{label:42} {figure:26} {mean.mean:.4f}  [{mean.low:.3f}, {mean.high:.3f}]  n {mean.count:5}"
        old = before.get((family, group, figure), {})
        both = [key for key in scores if key in old]
        if both:
            change = difference([old[key] for key in both], [scores[key] for key in both])
            mark = " *" if change.settled else ""
            text += f"  {change.mean:+.4f} [{change.low:+.4f}, {change.high:+.4f}]{mark}"
            if not group and figure == MAIN_FIGURE[family] and change.high < 0:
                fallen.append(family)
        print(text)
    return fallen


def show_costs(measured: Sequence[Measured]) -> None:
    """Print what indexing and asking took, and every note."""
    costs: list[Costs] = [part.costs for part in measured]
    times = [row.milliseconds for part in measured for row in part.rows]
    seconds = sum(each.index_seconds for each in costs)
    print(
        f"{sum(each.chunks for each in costs)} chunks; indexing took {seconds:.0f} s;"
        f" query p50 {percentile(times, 0.5):.1f} ms, p95 {percentile(times, 0.95):.1f} ms;"
        f" peak memory {max(each.peak_bytes for each in costs) / 1e6:.0f} MB"
    )
    for each in costs:
        for note in each.notes:
            print(f"note: {each.family}, {each.repository}: {note}")


def show_times(compared: Sequence[Compared]) -> None:
    """Print what a query takes without and with re-ranking."""
    for label, times in (
        ("without re-ranking", [time for each in compared for time in each.plain_ms]),
        ("re-ranked", [time for each in compared for time in each.reranked_ms]),
    ):
        print(f"{label}: query p50 {percentile(times, 0.5):.1f} ms, p95 {percentile(times, 0.95):.1f} ms")


def record(note: str, figures: Mapping[Line, Scores]) -> None:
    """Add this run to the committed results."""
    head = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    entry: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip(),
        "version": semindex.__version__,
        "model": open_embedder("semindex").fingerprint,
        "note": note,
    }
    for (family, group, figure), scores in figures.items():
        if not group or group.startswith("half"):
            mean = interval(list(scores.values()))
            name = f"{family} {group} {figure}".replace("  ", " ")
            entry[name] = [round(mean.mean, 4), round(mean.low, 4), round(mean.high, 4), mean.count]
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder for this run's lines")
    parser.add_argument("--corpora", type=Path, help="checkouts of repositories.toml")
    parser.add_argument("--tree", type=Path, action="append", default=[], help="another checkout")
    parser.add_argument("--judgements", type=Path, help="folder of a judged set")
    parser.add_argument("--judged-corpora", type=Path, help="its checkouts (default: CORPORA/judged)")
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=FAMILIES)
    parser.add_argument("--functions", type=int, default=120, help="asked for of a repository")
    parser.add_argument("--commits", type=int, default=40, help="asked for of a repository")
    parser.add_argument("--pieces", type=int, default=40, help="pasted pieces of a repository")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--part", choices=PARTS, default="all", help="of the listed repositories")
    parser.add_argument("--rerank", type=Path, metavar="MODEL", help="ask re-ranked too, and compare")
    parser.add_argument("--against", type=Path, help="folder of an earlier run")
    parser.add_argument("--record", metavar="NOTE", help="add a row to the committed results")
    options = parser.parse_args()
    if options.rerank and options.against:
        parser.error("--rerank compares with the same run, --against with an earlier one; give one of them")
    wanted = units(options, options.part)
    if not wanted:
        parser.error("nothing to measure: give --corpora with checkouts in it, --judgements, or --tree")
    before = load(options.against) if options.against else []
    compared: list[Compared] = []
    if options.rerank:
        compared = run(partial(compare, options.rerank.resolve()), wanted, options.processes)
        measured = [each.reranked for each in compared]
        save(options.out / "plain", [each.plain for each in compared])
        before = load(options.out / "plain")
    else:
        measured = run(measure, wanted, options.processes)
    save(options.out, measured)
    figures = table(row for part in measured for row in part.rows)
    fallen = show(figures, table(before))
    show_costs(measured)
    if compared:
        show_times(compared)
    if options.record:
        record(options.record, figures)
    if fallen:
        raise SystemExit(f"fell by more than noise: {', '.join(fallen)}")


if __name__ == "__main__":
    main()
