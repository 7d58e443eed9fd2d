"""``semindex eval``: how good search is, on any repository or on a judged set."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

import click

from semindex.present.cli.figures import Reports, as_object, as_rows
from semindex.present.cli.options import json_option
from semindex.present.cli.outcome import DONE
from semindex.present.safe import safe_line
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from semindex.evaluate.commits import CommitReport
    from semindex.evaluate.functions import FunctionReport
    from semindex.evaluate.judged import JudgedReport
    from semindex.evaluate.metrics import Interval
    from semindex.evaluate.pasted import PastedReport

FOLDER = click.Path(path_type=Path)
Row = tuple[str, "Interval"]


@click.command("eval")
@click.argument("paths", type=FOLDER, metavar="[PATH]...", nargs=-1)
@click.option("--commits", is_flag=True, help="Ask for what the newest commits of each PATH changed.")
@click.option(
    "--limit-commits",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Commits of each PATH to ask for.",
)
@click.option("--pasted", is_flag=True, help="Ask for pieces of the code: lines, string constants.")
@click.option(
    "--limit-pieces",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="Pieces to ask for, drawn at random; 0 for all.",
)
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
    paths: tuple[Path, ...],
    commits: bool,
    limit_commits: int,
    pasted: bool,
    limit_pieces: int,
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

    With --commits each PATH is a git checkout instead, and the subject lines of its newest commits ask
    for the files that they changed, in the tree as it was before.

    With --pasted pieces of the code of PATH ask for the place where they stand: three lines of a
    function, or a string constant such as a message.

    With --judgements and --corpora, NDCG@10 of the judged queries is measured, and the others only
    where PATH is given.
    """
    _check(paths, commits, pasted, (judgements is None) == (corpora is None))
    from semindex.evaluate.commits import evaluate_commits
    from semindex.evaluate.functions import evaluate_functions
    from semindex.evaluate.judged import evaluate_judged
    from semindex.evaluate.pasted import evaluate_pasted

    judged = functions = changes = pieces = None
    path = paths[0] if paths else Path()
    with _Progress() as progress:
        if judgements is not None and corpora is not None:
            judged = evaluate_judged(
                judgements, corpora, half=half, index_dir=index_dir, seed=seed, on_progress=progress.say
            )
        if commits:
            changes = evaluate_commits(
                paths or (Path(),), limit=limit_commits, seed=seed, on_progress=progress.say
            )
        elif pasted:
            pieces = evaluate_pasted(path, limit=limit_pieces, seed=seed, on_progress=progress.say)
        elif judged is None or paths:
            functions = evaluate_functions(
                path,
                limit=limit_functions,
                hide_names=without_names,
                seed=seed,
                on_progress=progress.say,
            )
    reports = Reports(judged, functions, changes, pieces)
    if details is not None:
        details.writelines(json.dumps(row) + "\n" for row in as_rows(reports))
    if as_json:
        write_json(as_object(reports))
        return DONE
    _show(reports)
    return DONE


def _check(paths: Sequence[Path], commits: bool, pasted: bool, whole_set: bool) -> None:
    if not whole_set:
        raise click.UsageError("--judgements and --corpora belong together")
    if commits and pasted:
        raise click.UsageError("--commits and --pasted ask for different things: give one of them")
    if len(paths) > 1 and not commits:
        raise click.UsageError("several PATHs need --commits; the others ask in one folder at a time")


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


def _show(reports: Reports) -> None:
    if reports.judged is not None:
        _show_judged(reports.judged)
    if reports.functions is not None:
        _show_functions(reports.functions)
    if reports.commits is not None:
        _show_commits(reports.commits)
    if reports.pasted is not None:
        _show_pasted(reports.pasted)


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


def _show_commits(report: CommitReport) -> None:
    rows = [
        ("recall@10", report.recall),
        ("recall@10, tests not asked for", report.recall_without_tests),
        ("MRR@10", report.mrr),
        ("first file right", report.first),
    ]
    groups = {"language": report.languages, "repository": report.repositories}
    rows += [
        (f"recall@10, {kind} {name}", found)
        for kind, group in groups.items()
        for name, found in group.items()
    ]
    _show_table("Commits, asked by their subject for the files they changed", rows)
    _show_costs(report)
    _show_notes(report.notes)


def _show_pasted(report: PastedReport) -> None:
    rows = [("MRR@10", report.mrr), ("recall@1", report.recall_at_1), ("recall@10", report.recall_at_10)]
    rows += [(f"MRR@10, {name}", found) for name, found in report.pieces.items()]
    rows += [(f"MRR@10, {name}", found) for name, found in report.languages.items()]
    _show_table("Pieces of code, asked by themselves", rows)
    _show_costs(report)
    _show_notes(report.notes)


def _show_costs(report: JudgedReport | FunctionReport | CommitReport | PastedReport) -> None:
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
