"""A unit of work: one family of tasks over one repository (or the judged set), to a row a query.

Rows name their query the same way in every run, so that runs, and engines, can be compared query by
query. The tasks and what counts as found are those of ``semindex.evaluate``.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.quality.commits import evaluate_commits
from benchmarks.quality.judged import evaluate_judged, half_of
from benchmarks.quality.pasted import evaluate_pasted
from semindex.errors import UsageError
from semindex.evaluate.ask import Opener, open_index
from semindex.evaluate.functions import FunctionAnswer, evaluate_functions
from semindex.evaluate.metrics import recall, reciprocal_rank

JUDGED = "judged"
FUNCTIONS = "functions"
UNNAMED = "functions without names"
COMMITS = "commits"
PASTED = "pasted"
FAMILIES = (JUDGED, FUNCTIONS, UNNAMED, COMMITS, PASTED)
MAIN_FIGURE = {JUDGED: "ndcg", FUNCTIONS: "mrr", UNNAMED: "mrr", COMMITS: "recall_at_10", PASTED: "mrr"}
"""What a family stands or falls by."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What one process measures."""

    family: str
    repository: str
    tree: Path
    """The checkout, or the folder of the judged checkouts."""
    limit: int = 0
    """Queries asked for, at most; the judged set is asked whole."""
    judgements: Path | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One query's figures."""

    family: str
    repository: str
    language: str
    category: str
    key: str
    """What the query is, the same in every run; unique within family and repository."""
    figures: Mapping[str, float]
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Costs:
    """What a unit took."""

    family: str
    repository: str
    chunks: int
    index_seconds: float
    peak_bytes: int
    """Most resident memory of the unit's process."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a unit gave."""

    rows: tuple[Row, ...]
    costs: Costs


def measure(unit: Unit, opener: Opener = open_index) -> Measured:
    """Run one unit with an engine, the product's own unless another is given.

    A repository that cannot be measured gives no rows and a note that says why.
    """
    of_family = {JUDGED: _judged, COMMITS: _commits, PASTED: _pasted}.get(unit.family, _functions)
    try:
        return of_family(unit, opener)
    except UsageError as error:
        return Measured((), _costs(unit, 0, 0.0, (f"left out: {error}",)))


def _judged(unit: Unit, opener: Opener) -> Measured:
    assert unit.judgements is not None
    report = evaluate_judged(unit.judgements, unit.tree, opener=opener)
    rows = [
        Row(
            JUDGED,
            answer.repository,
            answer.language,
            answer.category,
            answer.query,
            {
                "ndcg": answer.ndcg,
                "recall_at_10": recall(answer.ranks, depth=10),
                "mrr": reciprocal_rank(answer.ranks),
            },
            answer.milliseconds,
        )
        for answer in report.answers
    ]
    return Measured(tuple(rows), _costs(unit, report.chunks, report.index_seconds, report.notes))


def _functions(unit: Unit, opener: Opener) -> Measured:
    report = evaluate_functions(unit.tree, limit=unit.limit, hide_names=unit.family == UNNAMED, opener=opener)
    rows = tuple(_place_row(unit, answer, "") for answer in report.answers)
    return Measured(rows, _costs(unit, report.chunks, report.index_seconds, report.notes))


def _pasted(unit: Unit, opener: Opener) -> Measured:
    report = evaluate_pasted(unit.tree, limit=unit.limit, opener=opener)
    rows = tuple(_place_row(unit, answer, answer.task.name) for answer in report.answers)
    return Measured(rows, _costs(unit, report.chunks, report.index_seconds, report.notes))


def _place_row(unit: Unit, answer: FunctionAnswer, category: str) -> Row:
    task, rank = answer.task, answer.function_rank
    return Row(
        unit.family,
        unit.repository,
        task.language,
        category,
        f"{task.path}:{task.start_line} {task.query}",
        {
            "mrr": reciprocal_rank([rank]),
            "recall_at_1": recall([rank], depth=1),
            "recall_at_10": recall([rank], depth=10),
            "file_mrr": reciprocal_rank([answer.file_rank]),
        },
        answer.milliseconds,
    )


def _commits(unit: Unit, opener: Opener) -> Measured:
    report = evaluate_commits([unit.tree], limit=unit.limit, opener=opener)
    rows = [
        Row(
            COMMITS,
            unit.repository,
            answer.task.language,
            "",
            f"{answer.task.commit} {answer.task.query}",
            {"recall_at_10": answer.recall, "mrr": reciprocal_rank(answer.ranks)}
            | ({"recall_at_10_without_tests": without} if without is not None else {}),
            answer.milliseconds,
        )
        for answer in report.answers
        for without in [answer.recall_without_tests]
    ]
    return Measured(tuple(rows), _costs(unit, report.chunks, report.index_seconds, report.notes))


def _costs(unit: Unit, chunks: int, seconds: float, notes: tuple[str, ...]) -> Costs:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Costs(unit.family, unit.repository, chunks, seconds, peak, notes)


def as_json(row: Row) -> dict[str, Any]:
    """A row as it is kept."""
    return asdict(row)


def from_json(value: Mapping[str, Any]) -> Row:
    """A row that was kept."""
    return Row(**value)


def groups(row: Row) -> Iterator[str]:
    """The lines of the table that a row counts in: the family's, and those of its parts."""
    yield ""
    if row.category:
        yield row.category
    if row.family == JUDGED:
        yield f"half {half_of(row.repository)}"
    yield row.language
