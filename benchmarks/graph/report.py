"""The figures of scores, as a table to read and as lines of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.graph.score import EDGE_TIERS, STATED, Score, Tier

_HEADER = ("repository", "tier", "right", "wrong", "precision", "recall")


def table(scores: Sequence[Score]) -> str:
    """Return a table in Markdown with a row a tier of each repository, and the counts below it."""
    rows: list[tuple[str, ...]] = [_HEADER, tuple("---" for _ in _HEADER)]
    for score in scores:
        rows += _rows(score)
    counts = "\n".join(counts_of(score) for score in scores)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + f"\n\n{counts}\n" + _means(scores)


def counts_of(score: Score) -> str:
    """Return a sentence with what was counted, and what counts neither way."""
    broken = ", ".join(f"{count} {reason}" for reason, count in sorted(score.broken.items()))
    external = score.external_right + score.external_wrong
    faults = f" ({broken})" if broken else ""
    return (
        f"{score.repository} ({score.language}): {score.calls} calls, {score.internal} internal by oracle; "
        f"external: {score.external_right} of {external} right; not counted: {score.open} open, "
        f"{score.value} values, {score.broken.total()} broken{faults}, "
        f"{score.elsewhere} in files that the oracle did not analyse."
    )


def write_details(scores: Sequence[Score], path: Path) -> None:
    """Write a JSON object a wrong edge or missed call."""
    with path.open("wb") as file:
        for score in scores:
            for detail in score.details:
                file.write(
                    msgspec.json.encode({"repository": score.repository, **msgspec.to_builtins(detail)})
                )
                file.write(b"\n")


def as_json(score: Score) -> bytes:
    """Return the figures of a repository as one JSON object, without the details."""
    figures = msgspec.to_builtins(score)
    del figures["details"]
    stated = {"precision": score.precision(STATED), "recall": score.recall(STATED)}
    return msgspec.json.encode({**figures, "stated": stated})


def _rows(score: Score) -> list[tuple[str, ...]]:
    shown = [
        (tier.value, (tier,)) for tier in EDGE_TIERS if score.tiers[tier].right + score.tiers[tier].wrong
    ]
    rows = [_row(score, label, tiers) for label, tiers in shown]
    return [*rows, _row(score, "**stated**", STATED)]


def _row(score: Score, label: str, tiers: tuple[Tier, ...]) -> tuple[str, ...]:
    edges = [score.tiers[tier] for tier in tiers]
    counts = (str(sum(each.right for each in edges)), str(sum(each.wrong for each in edges)))
    return (score.repository, label, *counts, _share(score.precision(tiers)), _share(score.recall(tiers)))


def _means(scores: Sequence[Score]) -> str:
    if len(scores) < 2:
        return ""
    precisions = [value for score in scores if (value := score.precision(STATED)) is not None]
    recalls = [value for score in scores if (value := score.recall(STATED)) is not None]
    return f"Mean of {len(scores)}, stated: precision {_mean(precisions)}, recall {_mean(recalls)}.\n"


def _mean(values: Sequence[float]) -> str:
    return _share(sum(values) / len(values) if values else None)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
