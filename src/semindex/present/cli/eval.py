"""``semindex eval``: how good search is on any repository, measured without judgements."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click
import msgspec

from semindex.present.cli.options import json_option, path_argument
from semindex.present.cli.outcome import DONE
from semindex.present.safe import safe_line
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from semindex.evaluate.functions import FunctionAnswer, FunctionReport
    from semindex.evaluate.metrics import Interval

Row = tuple[str, "Interval"]
_FIGURES = ("recall@1", "recall@5", "recall@10", "MRR@10")
"""The names of :class:`semindex.evaluate.functions.Figures`, in the order of its fields."""
_MOVED = {
    **dict.fromkeys(("--commits", "--limit-commits"), "commits"),
    **dict.fromkeys(("--pasted", "--limit-pieces"), "pasted"),
    **dict.fromkeys(("--judgements", "--corpora", "--half", "--index-dir"), "judged"),
}
"""Options of earlier versions, and the subcommand of ``benchmarks.quality.evaluate`` that has each now."""


class _Eval(click.Command):
    """Refuses the options of earlier versions with the command that has them now."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = args[: args.index("--")] if "--" in args else args
        for option in (word.partition("=")[0] for word in options):
            if option in _MOVED:
                raise click.UsageError(
                    f"{option} is no option of this command any more; in a checkout of semindex's source,"
                    f" run: python -m benchmarks.quality.evaluate {_MOVED[option]} --help",
                    ctx,
                )
        return super().parse_args(ctx, args)


@click.command("eval", cls=_Eval)
@path_argument
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
    path: Path, limit_functions: int, without_names: bool, seed: int, details: TextIO | None, as_json: bool
) -> int:
    """Measure search on a repository, without judgements.

    The documentation of all functions below PATH (default: the current folder) is removed from a copy,
    and the first sentence of each asks for its function.
    """
    from semindex.evaluate.functions import evaluate_functions

    with _progress() as say:
        report = evaluate_functions(
            path, limit=limit_functions, hide_names=without_names, seed=seed, on_progress=say
        )
    if details is not None:
        details.writelines(json.dumps(_row(answer)) + "\n" for answer in report.answers)
    if as_json:
        figures = msgspec.to_builtins(report)
        del figures["answers"]
        write_json({"functions": figures})
    else:
        _show(report)
    return DONE


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Shows each message on one line of a terminal's standard error, and nothing elsewhere."""
    shown = sys.stderr.isatty()

    def say(message: str) -> None:
        if shown:
            click.echo(f"\r\x1b[K{message}", nl=False, err=True)

    try:
        yield say
    finally:
        say("")


def _row(answer: FunctionAnswer) -> dict[str, Any]:
    """One query's line of ``--details``."""
    task = answer.task
    return {
        "path": task.path,
        "start_line": task.start_line,
        "end_line": task.end_line,
        "symbol": task.name,
        "lang": task.language,
        "query": task.query,
        "rank": answer.function_rank,
        "file_rank": answer.file_rank,
        "places": [f"{place.path}:{place.start_line}-{place.end_line}" for place in answer.places],
        "milliseconds": answer.milliseconds,
    }


def _show(report: FunctionReport) -> None:
    hidden = ", names hidden" if report.names_hidden else ""
    rows = [
        (f"{kind} {name}", found)
        for kind, figures in (("functions", report.functions), ("files", report.files))
        for name, found in zip(_FIGURES, msgspec.structs.astuple(figures), strict=True)
    ]
    rows += [(f"functions MRR@10, {name}", found) for name, found in report.languages.items()]
    _show_table(f"Documented functions, asked by their first sentence{hidden}", rows)
    write(
        f"asked for {len(report.answers)} of {report.askable} functions"
        f" ({report.documented} with documentation)"
    )
    write(
        f"{report.chunks} chunks, refreshed in {report.index_seconds:.1f} s;"
        f" a query takes {report.query_p50_ms:.1f} ms (p50), {report.query_p95_ms:.1f} ms (p95)"
    )
    for note in report.notes:
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
