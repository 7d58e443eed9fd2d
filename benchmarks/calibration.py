"""How often hits of each score are right, by judgements; and the constants by which points become scores.

``python -m benchmarks.calibration --judgements SET --corpora CHECKOUTS [--index-dir DIR]`` asks each judged
repository its own questions, and some of repositories of other languages, for which nothing is right. Over
the first 20 files it fits by logistic regression how likely a hit shows what was judged relevant, by the
points of the best hit of its answer and by how many fewer it has. That gives the constants ``score_...`` of
``search/weights.py``. The tables tell for each band of scores how many hits have such a score, and how many
of them show what was judged relevant, by the constants of the half of the repositories to which a hit does
not belong. A last table is of a curve of the points alone, for comparison.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

import semindex
from benchmarks import nonsense
from benchmarks.quality.judged import Half, Repository, half_of, load_judgements
from benchmarks.quality.judging import Target, finds
from semindex.evaluate.ask import folder
from semindex.evaluate.metrics import HitPlace
from semindex.search.scale import relevance
from semindex.search.weights import WEIGHTS, Weights
from semindex.types import Floats, GroupBy, Mode

DEPTH = 20
"""Hits of each query that count."""
BANDS = (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
STEPS = 50
"""Of Newton's method, at most; it takes about ten."""
LEAST = 0.01
"""Fewer points than these count as these; the constants are fitted to logarithms."""


class Judged(NamedTuple):
    """A hit of a query."""

    half: Half
    best: float
    """The points of the best hit of its answer."""
    points: float
    relevant: bool


def asked(items: Sequence[Repository]) -> dict[str, list[tuple[str, tuple[Target, ...]]]]:
    """What each repository is asked, with what should be found: nothing for questions of others."""
    languages = {item.name: item.language for item in items}
    queries = {item.name: [each.query for each in item.judgements] for item in items}
    drawn, questions = random.Random(0), dict[str, list[tuple[str, tuple[Target, ...]]]]()
    for item in items:
        sorts = list(nonsense.questions(item.name, languages, queries, drawn))
        questions[item.name] = [(each.query, each.targets) for each in item.judgements]
        questions[item.name] += [(query, ()) for sort, query in sorts if sort == nonsense.ALIEN]
    return questions


def judged_hits(
    items: Sequence[Repository], corpora: Path, indexes: Path, grouping: GroupBy, mode: str
) -> Iterator[Judged]:
    """The first hits of all queries of all repositories."""
    questions = asked(items)
    for item in items:
        prefix = f"{item.benchmark_root}/" if item.benchmark_root else ""
        root = corpora / item.name / item.benchmark_root
        with semindex.open(root, index_dir=indexes / item.name) as index:
            index.refresh()
            for query, targets in questions[item.name]:
                hits = index.search(query, limit=DEPTH, group_by=grouping, mode=mode)
                best = max((hit.points for hit in hits), default=0.0)
                for hit in hits:
                    place = HitPlace(prefix + hit.path, hit.start_line, hit.end_line)
                    relevant = any(finds(place, target) for target in targets)
                    yield Judged(half_of(item.name), best, hit.points, relevant)


def regression(columns: Sequence[Floats], relevant: Floats) -> list[float]:
    """The constant and the slopes that make ones and zeros most likely, by Newton's method.

    All arrays have the shape ``(hits,)``.
    """
    rows = np.stack([np.ones(len(relevant)), *columns], axis=1)
    beta = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        likely = 1.0 / (1.0 + np.exp(-rows @ beta))
        step = np.linalg.solve((rows.T * (likely * (1.0 - likely))) @ rows, rows.T @ (relevant - likely))
        beta += step
        if np.abs(step).max() < 1e-10:
            break
    found: list[float] = beta.tolist()
    return found


def fitted(hits: Sequence[Judged]) -> Weights:
    """The weights with the constants that fit some hits best."""
    best = np.array([hit.best for hit in hits])
    fewer = best - np.array([hit.points for hit in hits])
    relevant = np.array([hit.relevant for hit in hits], dtype=np.float64)
    constant, power, slope = regression([np.log(np.maximum(best, LEAST)), fewer], relevant)
    middle = float(np.exp(-constant / power))
    return replace(WEIGHTS, score_middle=middle, score_power=power, score_width=-1.0 / slope)


def scored(hits: Sequence[Judged], weights: Weights) -> list[tuple[float, bool]]:
    """The score of each hit, and whether it is relevant."""
    return [(relevance(hit.best, weights)(hit.points), hit.relevant) for hit in hits]


def by_points_alone(hits: Sequence[Judged], others: Sequence[Judged]) -> list[tuple[float, bool]]:
    """The same by a curve of the points, without the best hit of the answer, that is fitted to ``others``."""
    points = np.array([hit.points for hit in others])
    relevant = np.array([hit.relevant for hit in others], dtype=np.float64)
    constant, slope = regression([points], relevant)
    return [(100.0 / (1.0 + float(np.exp(-constant - slope * hit.points))), hit.relevant) for hit in hits]


def table(rows: Sequence[tuple[float, bool]]) -> Iterator[str]:
    """For each band of scores the hits, their mean score, and how many of 100 were judged relevant."""
    yield "| score | hits | mean score | of 100 judged relevant |\n|---|---|---|---|"
    scores, relevant = np.array([score for score, _ in rows]), np.array([right for _, right in rows])
    for low, high in pairwise(BANDS):
        inside = (scores >= low) & ((scores < high) | (high == BANDS[-1]))
        if inside.any():
            share = 100.0 * float(relevant[inside].mean())
            yield f"| {low} to {high} | {inside.sum():,} | {scores[inside].mean():.0f} | {share:.0f} |"


def main(words: Sequence[str] | None = None) -> None:
    """Print the constants and the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--judgements", type=Path, required=True)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--index-dir", type=Path)
    parser.add_argument("--mode", choices=[mode.value for mode in Mode], help="tables of another mode, too")
    options = parser.parse_args(words)
    items = load_judgements(options.judgements)

    def measured(grouping: GroupBy, mode: str) -> list[Judged]:
        return list(judged_hits(items, options.corpora, indexes, grouping, mode))

    with folder(options.index_dir) as indexes:
        files = measured(GroupBy.FILE, Mode.HYBRID.value)
        others = {"by chunk": measured(GroupBy.CHUNK, Mode.HYBRID.value)}
        if options.mode:
            others[options.mode] = measured(GroupBy.FILE, options.mode)
    halves = {half: [hit for hit in files if hit.half == half] for half in ("a", "b")}
    constants = {half: fitted(hits) for half, hits in halves.items()}
    for name, weights in (*constants.items(), ("a and b", fitted(files))):
        values = ", ".join(
            f"{field} {getattr(weights, field):.2f}"
            for field in ("score_middle", "score_power", "score_width")
        )
        print(f"fitted to half {name}: {values}")
    for name, hits in {"by file": files, **others}.items():
        rows = [row for half, weights in constants.items() for row in scored(_not_of(half, hits), weights)]
        print(f"\n{name}, {len(items)} repositories:\n\n" + "\n".join(table(rows)))
    alone = [row for half in halves for row in by_points_alone(_not_of(half, files), halves[half])]
    print("\nby file, a curve of the points alone:\n\n" + "\n".join(table(alone)))


def _not_of(half: str, hits: Sequence[Judged]) -> list[Judged]:
    return [hit for hit in hits if hit.half != half]


if __name__ == "__main__":
    main()
