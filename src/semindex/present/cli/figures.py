"""The figures of an evaluation as JSON: one object in all, or a row a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from semindex.evaluate.commits import CommitReport
    from semindex.evaluate.functions import FunctionReport
    from semindex.evaluate.judged import JudgedReport
    from semindex.evaluate.metrics import Interval
    from semindex.evaluate.pasted import PastedReport


class Reports(Struct, frozen=True):
    """What was measured, by family; None for what was not."""

    judged: JudgedReport | None = None
    functions: FunctionReport | None = None
    commits: CommitReport | None = None
    pasted: PastedReport | None = None


def as_object(reports: Reports) -> dict[str, Any]:
    """The figures of the families that were measured, by family."""
    judged, functions, commits, pasted = (
        reports.judged,
        reports.functions,
        reports.commits,
        reports.pasted,
    )
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
    if commits is not None:
        result["commits"] = {
            "recall_at_10": _interval(commits.recall),
            "recall_at_10_without_tests": _interval(commits.recall_without_tests),
            "mrr": _interval(commits.mrr),
            "recall_at_1_any": _interval(commits.first),
            "languages": _intervals(commits.languages),
            "repositories": _intervals(commits.repositories),
            **_costs(commits),
        }
    if pasted is not None:
        result["pasted"] = {
            "mrr": _interval(pasted.mrr),
            "recall_at_1": _interval(pasted.recall_at_1),
            "recall_at_10": _interval(pasted.recall_at_10),
            "pieces": _intervals(pasted.pieces),
            "languages": _intervals(pasted.languages),
            **_costs(pasted),
        }
    return result


def _costs(report: JudgedReport | FunctionReport | CommitReport | PastedReport) -> dict[str, Any]:
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


def as_rows(reports: Reports) -> Iterator[dict[str, Any]]:
    """A row a query; ``family`` says of which."""
    yield from _judged_details(reports.judged)
    yield from _function_details("functions", reports.functions)
    yield from _commit_details(reports.commits)
    yield from _function_details("pasted", reports.pasted)


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


def _function_details(family: str, report: FunctionReport | PastedReport | None) -> Iterator[dict[str, Any]]:
    for answer in report.answers if report else ():
        task = answer.task
        yield {
            "family": family,
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


def _commit_details(report: CommitReport | None) -> Iterator[dict[str, Any]]:
    for answer in report.answers if report else ():
        task = answer.task
        yield {
            "family": "commits",
            "repository": answer.repository,
            "commit": task.commit,
            "parent": task.parent,
            "language": task.language,
            "query": task.query,
            "targets": task.targets,
            "tests": sorted(task.tests),
            "ranks": answer.ranks,
            "recall": answer.recall,
            "recall_without_tests": answer.recall_without_tests,
            "paths": [place.path for place in answer.places],
            "milliseconds": answer.milliseconds,
            "refresh_seconds": answer.refresh_seconds,
        }
