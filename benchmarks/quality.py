"""Every family of search tasks in one table, and what changed against an earlier run.

``python benchmarks/quality.py OUT [--judgements DIR --corpora DIR] [--tree DIR ...] [--against OLD]``
runs ``semindex eval`` once a family, keeps a JSON line a query in the folder OUT, and prints means
with 95 % intervals. With ``--against``, an OUT of before, it prints the paired difference too: a
change that is not marked ``*`` is within noise.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from semindex.evaluate.metrics import difference, interval, reciprocal_rank

Row = dict[str, Any]
Scores = dict[str, float]
"""By query, the key being the same from run to run."""


def run_eval(details: Path, arguments: list[str]) -> None:
    """One ``semindex eval``, its lines written to ``details``."""
    command = ["-c", "from semindex.present.cli import main; main()", "eval", *arguments, "--json"]
    done = subprocess.run(
        [sys.executable, *command, "--details", str(details)], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    report = json.loads(done.stdout)
    for part in report.keys() - {"schema"}:
        costs = report[part]
        print(
            f"{details.stem}: {costs['chunks']} chunks, refreshed in {costs['index_seconds']:.1f} s,"
            f" query p50 {costs['query_p50_ms']:.1f} ms, p95 {costs['query_p95_ms']:.1f} ms"
        )
        for note in costs["notes"]:
            print(f"  note: {note}")


def run_families(out: Path, options: argparse.Namespace) -> None:
    """Judged queries, and each tree's functions with and without their names."""
    out.mkdir(parents=True, exist_ok=True)
    if options.judgements:
        judged = ["--judgements", options.judgements, "--corpora", options.corpora]
        run_eval(out / "judged.jsonl", judged)
    for tree in options.tree:
        name = Path(tree).resolve().name
        asked = [tree, "--limit-functions", str(options.limit_functions)]
        run_eval(out / f"functions {name}.jsonl", asked)
        run_eval(out / f"functions without names {name}.jsonl", [*asked, "--without-names"])


def figures(folder: Path) -> Iterator[tuple[str, Scores]]:
    """Every figure of a run: its name, and its value for each query."""
    for file in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        yield from judged_figures(rows) if file.stem == "judged" else function_figures(file.stem, rows)


def judged_figures(rows: list[Row]) -> Iterator[tuple[str, Scores]]:
    """NDCG@10, overall and by category."""
    yield "judged NDCG@10", {judged_key(row): row["ndcg"] for row in rows}
    for category in sorted({row["category"] for row in rows}):
        chosen = (row for row in rows if row["category"] == category)
        yield f"judged NDCG@10, {category}", {judged_key(row): row["ndcg"] for row in chosen}


def judged_key(row: Row) -> str:
    """A judged query, the same in every run."""
    return f"{row['repository']}\n{row['query']}"


def function_figures(name: str, rows: list[Row]) -> Iterator[tuple[str, Scores]]:
    """MRR@10 for functions and for files."""
    for label, column in (("function MRR@10", "rank"), ("file MRR@10", "file_rank")):
        yield (
            f"{name}, {label}",
            {f"{row['path']}\n{row['query']}": reciprocal_rank([row[column]]) for row in rows},
        )


def show(now: dict[str, Scores], before: dict[str, Scores]) -> None:
    """A line a figure; with its difference over the queries that both runs have."""
    width = max((len(name) for name in now), default=0)
    for name, scores in now.items():
        found = interval(list(scores.values()))
        line = f"{name:{width}}  {found.mean:.4f}  [{found.low:.3f}, {found.high:.3f}]  n {found.count}"
        both = [key for key in scores if key in before.get(name, {})]
        if both:
            change = difference([before[name][key] for key in both], [scores[key] for key in both])
            mark = " *" if change.settled else ""
            line += f"  {change.mean:+.4f} [{change.low:+.4f}, {change.high:+.4f}]{mark}"
        print(line)


def main() -> None:
    """Run, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder for this run's lines")
    parser.add_argument("--judgements", help="folder of a judged set")
    parser.add_argument("--corpora", help="folder with its checkouts")
    parser.add_argument("--tree", action="append", default=[], help="folder whose functions are asked for")
    parser.add_argument("--limit-functions", type=int, default=500)
    parser.add_argument("--against", type=Path, help="folder of an earlier run")
    options = parser.parse_args()
    run_families(options.out, options)
    show(dict(figures(options.out)), dict(figures(options.against)) if options.against else {})


if __name__ == "__main__":
    main()
