"""``semindex eval``: how good search is, on any repository or on a judged set."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

import click

from semindex.present.cli.options import json_option
from semindex.present.cli.outcome import DONE
from semindex.present.safe import safe_line
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from semindex.evaluate.functions import FunctionReport
    from semindex.evaluate.judged import JudgedReport
    from semindex.evaluate.metrics import Interval

FOLDER = click.Path(path_type=Path)
Row = tuple[str, "Interval"]


@click.command("eval")
@click.argument("path", type=FOLDER, required=False)
@click.option("--judgements", type=FOLDER, metavar="DIR", help="A judged set: repos.json and annotations/.")
@click.option(
    "--corpora", type=FOLDER, metavar="DIR", help="Holds a checkout NAME/ of each judged repository."
)
@click.option("--half", type=click.Choice(["a", "b"]), help="Only this half of the judged repositories.")
@click.option("--index-dir", type=FOLDER, metavar="DIR", help="Keep the judged repositories' indexes in DIR.")
@click.option(
    "--limit-functions",
    type=click.IntRange(min=0),
    default=500,
    show_default=True,
    help="Functions to ask for, drawn at random; 0 for all.",
)
@click.option("--without-names", is_flag=True, help="Remove the names of the functions too.")
@click.option("--seed", default=0, show_default=True, help="Of the draw and of the intervals.")
@click.option(
    "--details", type=click.File("w", "utf-8", lazy=False), metavar="FILE", help="Write a JSON line a query."
)
@json_option
def evaluate(
    path: Path | None,
    judgements: Path | None,
    corpora: Path | None,
    half: Literal["a", "b"] | None,
    index_dir: Path | None,
    limit_functions: int,
    without_names: bool,
    seed: int,
    details: TextIO | None,
    as_json: bool,
) -> int:
    """Measure search on a repository, or on judged queries.

    For PATH (default: the current folder) no judgements are needed: the documentation of all its
    functions is removed from a copy, and the first sentence of each asks for its function.

    With --judgements and --corpora, NDCG@10 of the judged queries is measured instead, or as well
    where PATH is given.
    """
    if (judgements is None) != (corpora is None):
        raise click.UsageError("--judgements and --corpora belong together")
    from semindex.evaluate.functions import evaluate_functions
    from semindex.evaluate.judged import evaluate_judged

    judged = functions = None
    with _Progress() as progress:
        if judgements is not None and corpora is not None:
            judged = evaluate_judged(
                judgements, corpora, half=half, index_dir=index_dir, seed=seed, on_progress=progress.say
            )
        if judged is None or path is not None:
            functions = evaluate_functions(
                path or Path(),
                limit=limit_functions,
                hide_names=without_names,
                seed=seed,
                on_progress=progress.say,
            )
    if details is not None:
        _write_details(details, judged, functions)
    if as_json:
        write_json(_as_json(judged, functions))
        return DONE
    if judged is not None:
        _show_judged(judged)
    if functions is not None:
        _show_functions(functions)
    return DONE


class _Progress:
    """One line on a terminal's standard error that says what is being measured; nothing elsewhere."""

    def __enter__(self) -> _Progress:
        self._shown = sys.stderr.isatty()
        return self

    def say(self, message: str) -> None:
        if self._shown:
            click.echo(f"\r\x1b[K{message}", nl=False, err=True)

    def __exit__(self, *_: object) -> None:
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)


def _show_judged(report: JudgedReport) -> None:
    groups = {
        "category": report.categories,
        "language": report.languages,
        "repository": report.repositories,
    }
    rows = [("all queries", report.ndcg)]
    rows += [(f"{kind} {name}", found) for kind, group in groups.items() for name, found in group.items()]
    rows += [("recall@10", report.recall), ("MRR@10", report.mrr)]
    _show_table("Judged queries, NDCG@10", rows)
    _show_costs(report)
    if report.left_out:
        write(f"{report.left_out} queries left out: none of their targets exists")
    _show_notes(report.notes)


def _show_functions(report: FunctionReport) -> None:
    hidden = ", names hidden" if report.names_hidden else ""
    rows = [
        (f"{kind} {name}", found)
        for kind, figures in (("functions", report.functions), ("files", report.files))
        for name, found in (
            ("recall@1", figures.recall_at_1),
            ("recall@5", figures.recall_at_5),
            ("recall@10", figures.recall_at_10),
            ("MRR@10", figures.mrr),
        )
    ]
    rows += [(f"functions MRR@10, {name}", found) for name, found in report.languages.items()]
    _show_table(f"Documented functions, asked by their first sentence{hidden}", rows)
    write(
        f"asked for {len(report.answers)} of {report.askable} functions"
        f" ({report.documented} with documentation)"
    )
    _show_costs(report)
    _show_notes(report.notes)


def _show_costs(report: JudgedReport | FunctionReport) -> None:
    write(
        f"{report.chunks} chunks, refreshed in {report.index_seconds:.1f} s;"
        f" a query takes {report.query_p50_ms:.1f} ms (p50), {report.query_p95_ms:.1f} ms (p95)"
    )


def _show_notes(notes: Iterable[str]) -> None:
    for note in notes:
        write(safe_line(f"note: {note}"))


def _show_table(title: str, rows: list[Row]) -> None:
    if sys.stdout.isatty():
        from rich.table import Table

        from semindex.present.terminal import console

        table = Table("", "mean", "95 %", "queries", title=title, title_justify="left")
        for column in table.columns[1:]:
            column.justify = "right"
        for label, found in rows:
            table.add_row(label, *_cells(found))
        console(sys.stdout, colour=None).print(table)
        return
    width = max(len(label) for label, _ in rows)
    write(title)
    for label, found in rows:
        write("  ".join((label.ljust(width), *_cells(found))))


def _cells(found: Interval) -> tuple[str, str, str]:
    return f"{found.mean:.4f}", f"{found.low:.3f}-{found.high:.3f}", str(found.count)


def _as_json(judged: JudgedReport | None, functions: FunctionReport | None) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if judged is not None:
        result["judged"] = {
            "ndcg": _interval(judged.ndcg),
            "recall_at_10": _interval(judged.recall),
            "mrr": _interval(judged.mrr),
            "categories": _intervals(judged.categories),
            "languages": _intervals(judged.languages),
            "repositories": _intervals(judged.repositories),
            "left_out": judged.left_out,
            **_costs(judged),
        }
    if functions is not None:
        result["functions"] = {
            kind: {
                "recall_at_1": _interval(figures.recall_at_1),
                "recall_at_5": _interval(figures.recall_at_5),
                "recall_at_10": _interval(figures.recall_at_10),
                "mrr": _interval(figures.mrr),
            }
            for kind, figures in (("functions", functions.functions), ("files", functions.files))
        } | {
            "languages": _intervals(functions.languages),
            "documented": functions.documented,
            "askable": functions.askable,
            "names_hidden": functions.names_hidden,
            **_costs(functions),
        }
    return result


def _costs(report: JudgedReport | FunctionReport) -> dict[str, Any]:
    return {
        "notes": list(report.notes),
        "chunks": report.chunks,
        "index_seconds": report.index_seconds,
        "query_p50_ms": report.query_p50_ms,
        "query_p95_ms": report.query_p95_ms,
    }


def _intervals(group: Mapping[str, Interval]) -> dict[str, Any]:
    return {name: _interval(found) for name, found in group.items()}


def _interval(found: Interval) -> dict[str, float]:
    return {"mean": found.mean, "low": found.low, "high": found.high, "queries": found.count}


def _write_details(file: TextIO, judged: JudgedReport | None, functions: FunctionReport | None) -> None:
    for line in (*_judged_details(judged), *_function_details(functions)):
        file.write(json.dumps(line) + "\n")


def _judged_details(report: JudgedReport | None) -> Iterator[dict[str, Any]]:
    for answer in report.answers if report else ():
        yield {
            "family": "judged",
            "repository": answer.repository,
            "language": answer.language,
            "query": answer.query,
            "category": answer.category,
            "ndcg": answer.ndcg,
            "targets": [target.path for target in answer.targets],
            "ranks": answer.ranks,
            "paths": [place.path for place in answer.places],
            "milliseconds": answer.milliseconds,
        }


def _function_details(report: FunctionReport | None) -> Iterator[dict[str, Any]]:
    for answer in report.answers if report else ():
        task = answer.task
        yield {
            "family": "functions",
            "path": task.path,
            "start_line": task.start_line,
            "end_line": task.end_line,
            "symbol": task.name,
            "language": task.language,
            "query": task.query,
            "rank": answer.function_rank,
            "file_rank": answer.file_rank,
            "places": [f"{place.path}:{place.start_line}-{place.end_line}" for place in answer.places],
            "milliseconds": answer.milliseconds,
        }
