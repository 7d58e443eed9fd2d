"""Tasks that developers measure search with, one family at a time.

``python -m benchmarks.quality.evaluate judged --judgements SET --corpora CHECKOUTS`` asks the judged
queries; ``... commits CHECKOUT...`` asks for what the newest commits of each checkout changed, by their
subject lines and in the tree as it was before; ``... pasted PATH`` asks for pieces of the code of PATH by
themselves. Each prints a table of means with 95 % intervals, or with ``--json`` one object; ``--details
FILE`` writes a JSON line a query. ``benchmarks.quality.run`` measures all families at once, and compares.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.quality import commits, pasted
from benchmarks.quality.commits import CommitAnswer, CommitReport, evaluate_commits
from benchmarks.quality.judged import JudgedAnswer, JudgedReport, evaluate_judged
from benchmarks.quality.pasted import PastedReport, evaluate_pasted
from semindex.errors import SemindexError
from semindex.evaluate.ask import ProgressMessage, no_progress
from semindex.evaluate.functions import FunctionAnswer
from semindex.evaluate.metrics import Interval

Report = JudgedReport | CommitReport | PastedReport
TITLES = {
    "judged": "Judged queries (groups: NDCG@10)",
    "commits": "Commits, asked by their subject for the files they changed (groups: recall@10)",
    "pasted": "Pieces of code, asked by themselves (groups: MRR@10)",
}


def options_of(words: list[str] | None) -> argparse.Namespace:
    """The command line, understood."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--seed", type=int, default=0, help="of the draw and of the intervals")
    shared.add_argument("--details", type=Path, help="write a JSON line a query to this file")
    shared.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    families = parser.add_subparsers(dest="family", required=True)
    judged = families.add_parser("judged", parents=[shared], help="queries with judged targets")
    judged.add_argument("--judgements", type=Path, required=True, help="repos.json and annotations/")
    judged.add_argument("--corpora", type=Path, required=True, help="a checkout NAME/ of each repository")
    judged.add_argument("--half", choices=["a", "b"], help="only this half of the judged repositories")
    judged.add_argument("--index-dir", type=Path, help="keep the repositories' indexes in this folder")
    changed = families.add_parser("commits", parents=[shared], help="what commits changed")
    changed.add_argument("checkouts", type=Path, nargs="+", metavar="CHECKOUT")
    changed.add_argument("--limit", type=int, default=commits.DEFAULT_LIMIT, help="commits of each checkout")
    pieces = families.add_parser("pasted", parents=[shared], help="lines of code and string constants")
    pieces.add_argument("path", type=Path)
    pieces.add_argument("--limit", type=int, default=pasted.DEFAULT_LIMIT, help="pieces; 0 for all")
    return parser.parse_args(words)


def measure(options: argparse.Namespace, on_progress: ProgressMessage) -> Report:
    """What the chosen family gives."""
    if options.family == "judged":
        return evaluate_judged(
            options.judgements,
            options.corpora,
            half=options.half,
            index_dir=options.index_dir,
            seed=options.seed,
            on_progress=on_progress,
        )
    shared = {"limit": options.limit, "seed": options.seed, "on_progress": on_progress}
    if options.family == "commits":
        return evaluate_commits(options.checkouts, **shared)
    return evaluate_pasted(options.path, **shared)


def row(answer: JudgedAnswer | CommitAnswer | FunctionAnswer) -> dict[str, Any]:
    """One query's line of ``--details``: the record, and the figure it counts with where that is computed."""
    found: dict[str, Any] = msgspec.to_builtins(answer)
    if isinstance(answer, JudgedAnswer):
        found["ndcg"] = answer.ndcg
    elif isinstance(answer, CommitAnswer):
        found |= {"recall": answer.recall, "recall_without_tests": answer.recall_without_tests}
    return found


def figures(report: Report) -> Iterator[tuple[str, Interval]]:
    """Every interval of a report with its label, groups after the whole."""
    for name in report.__struct_fields__:
        value = getattr(report, name)
        if isinstance(value, Interval):
            yield name, value
        elif isinstance(value, Mapping):
            yield from ((f"{name}: {group}", found) for group, found in value.items())


def show(report: Report) -> None:
    """Print the table, what it took, and what has to be known about it."""
    rows = list(figures(report))
    width = max(len(label) for label, _ in rows)
    for label, found in rows:
        print(f"{label:{width}}  {found.mean:.4f}  {found.low:.3f}-{found.high:.3f}  {found.count}")
    print(
        f"{report.chunks} chunks, refreshed in {report.index_seconds:.1f} s;"
        f" a query takes {report.query_p50_ms:.1f} ms (p50), {report.query_p95_ms:.1f} ms (p95)"
    )
    for note in report.notes:
        print(f"note: {note}")


def main(words: list[str] | None = None) -> None:
    """Measure one family and print its figures."""
    options = options_of(words)
    if options.details is not None:
        options.details.write_text("")  # a folder that is not there fails now, not after an hour
    try:
        report = measure(options, _say if sys.stderr.isatty() else no_progress)
    except SemindexError as error:
        raise SystemExit(str(error)) from error
    if options.details is not None:
        options.details.write_text("".join(json.dumps(row(answer)) + "\n" for answer in report.answers))
    if options.json:
        content: dict[str, Any] = msgspec.to_builtins(report)
        del content["answers"]
        print(json.dumps({options.family: content}))
    else:
        print(TITLES[options.family])
        show(report)


def _say(message: str) -> None:
    print(message, file=sys.stderr)


if __name__ == "__main__":
    main()
