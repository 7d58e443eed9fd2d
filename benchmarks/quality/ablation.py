"""What each part of the ranking is worth: every family again without it.

``python -m benchmarks.quality.ablation --corpora FOLDER --judgements SET [--plot FILE.png]`` indexes each
tree once, answers every query with each variant of the weights, and prints the main figure of each family
and its paired difference to the whole ranking (``*``: more than noise). ``--plot`` needs matplotlib.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from msgspec.structs import replace

from benchmarks.quality.judging import Difference, difference
from benchmarks.quality.run import units
from benchmarks.quality.tape import Tape, replay
from benchmarks.quality.units import FAMILIES, MAIN_FIGURE, Row, Unit, measure
from semindex.embed.registry import open_embedder
from semindex.evaluate.ask import Built, Shown
from semindex.evaluate.metrics import HitPlace, interval
from semindex.index import open as open_index
from semindex.search.hits import Reader
from semindex.search.query import parse
from semindex.search.ranker import Ranker
from semindex.search.weights import WEIGHTS, Weights
from semindex.snapshot import CHUNK_FILES
from semindex.store.catalog import Catalog
from semindex.store.generation import Generation
from semindex.store.layout import segment_path
from semindex.store.segment import Segment
from semindex.types import GroupBy

WHOLE = "the whole ranking"
VARIANTS: Mapping[str, Weights] = {
    WHOLE: WEIGHTS,
    "without vectors": replace(WEIGHTS, context=0, context_sum=0, span_dense=0, feedback=0, soft=0),
    "without the first hits' vectors": replace(WEIGHTS, feedback=0),
    "without neighbouring words": replace(WEIGHTS, soft=0),
    "without body words": replace(WEIGHTS, body=0, span_body=0),
    "without definitions": replace(WEIGHTS, symbol=0, symbol_inside=0),
    "without file and folder names": replace(WEIGHTS, stem_share=0, folder_share=0, named_file=0),
    "without exact words": replace(WEIGHTS, verbatim=0),
    "without roles of files": replace(
        WEIGHTS, tests=0, examples=0, legacy=0, barrel=0, prose=0, data=0, platform=0
    ),
    "without size": replace(WEIGHTS, size=0),
}


class Recorded:
    """An index that answers with the whole ranking, and notes what the variants would have said."""

    def __init__(self, root: Path, index_dir: Path, tape: Tape) -> None:
        self._index = open_index(root, index_dir=index_dir)
        self._root = root
        self._index_dir = index_dir
        self._tape = tape
        self._rankers: dict[str, Ranker] = {}

    def refresh(self) -> Built:
        """Index everything."""
        report = self._index.refresh()
        self._tape.built.append(report)
        generation = generation_of(self._index_dir)
        embedder = open_embedder("semindex")
        self._rankers = {name: Ranker(generation, embedder, weights) for name, weights in VARIANTS.items()}
        return report

    def search(self, query: str, /, *, limit: int, group_by: GroupBy) -> Sequence[Shown]:
        """The first hits of the whole ranking."""
        texts = Reader(self._rankers[WHOLE].generation, [self._root])
        for name, ranker in self._rankers.items():
            places = places_of(ranker, texts, query, limit, group_by)
            self._tape.answers.setdefault(name, []).append(places)
        return self._tape.answers[WHOLE][-1]


def generation_of(index_dir: Path) -> Generation:
    """What an index holds now."""
    with Catalog.open_reader(index_dir) as catalog:
        snapshot = catalog.live()
    segments = [Segment.open(segment_path(index_dir, record.name)) for record in snapshot.segments]
    dead = [snapshot.dead.get(record.id, ()) for record in snapshot.segments]
    return Generation(snapshot.generation, segments, dead)


def places_of(ranker: Ranker, texts: Reader, query: str, limit: int, group_by: GroupBy) -> list[HitPlace]:
    """What a ranker shows first."""
    generation = ranker.generation
    by_chunk = group_by is GroupBy.CHUNK
    files, spans = (max(limit, CHUNK_FILES), limit) if by_chunk else (limit, 1)
    ranking = ranker.rank(parse(query), limit=files, spans=spans, texts=texts)
    share = ranker.weights.chunk_file_share if by_chunk else 0.0
    found = [
        (span + share * file.score, generation.path(file.file), chunk)
        for file in ranking.files
        for chunk, span in zip(file.chunks, file.spans, strict=True)
    ]
    if by_chunk:
        found.sort(key=lambda item: (-item[0], item[1], item[2]))
    return [HitPlace(path, *generation.lines(chunk)) for _, path, chunk in found[:limit]]


def run_unit(unit: Unit) -> dict[str, list[Row]]:
    """The rows of a unit for every variant."""
    tapes: list[Tape] = []

    @contextmanager
    def recording(root: Path, index_dir: Path) -> Iterator[Recorded]:
        tapes.append(Tape())
        yield Recorded(root, index_dir, tapes[-1])

    found = {WHOLE: list(measure(unit, recording).rows)}
    for name in VARIANTS:
        if name != WHOLE and found[WHOLE]:
            found[name] = list(replay(unit, tapes, name).rows)
    return found


def plot(file: Path, gaps: Mapping[str, Mapping[str, Difference]]) -> None:
    """A bar a family for each variant, with its interval."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 6.5))
    height = 0.8 / len(FAMILIES)
    names = list(gaps)
    for number, family in enumerate(FAMILIES):
        found = [gaps[name].get(family) for name in names]
        places = [row + (number - len(FAMILIES) / 2 + 0.5) * height for row in range(len(names))]
        means = [gap.mean if gap else 0.0 for gap in found]
        errors = [[g.mean - g.low if g else 0 for g in found], [g.high - g.mean if g else 0 for g in found]]
        label = f"{family} ({MAIN_FIGURE[family]})"
        axes.barh(places, means, height * 0.9, xerr=errors, label=label, error_kw={"linewidth": 0.8})
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("difference to the whole ranking, with 95 % intervals")
    axes.legend(loc="lower left", fontsize=8)
    figure.tight_layout()
    figure.savefig(file, dpi=130)


def main() -> None:
    """Run, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, help="checkouts of repositories.toml")
    parser.add_argument("--tree", type=Path, action="append", default=[], help="another checkout")
    parser.add_argument("--judgements", type=Path, help="folder of a judged set")
    parser.add_argument("--judged-corpora", type=Path, help="its checkouts (default: CORPORA/judged)")
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=FAMILIES)
    parser.add_argument("--functions", type=int, default=60, help="asked for of a repository")
    parser.add_argument("--pieces", type=int, default=20, help="pasted pieces of a repository")
    parser.add_argument("--commits", type=int, default=15, help="asked for of a repository")
    parser.add_argument("--every", type=int, default=2, help="take every so many-th repository")
    parser.add_argument("--plot", type=Path, help="write the differences as a picture")
    options = parser.parse_args()
    wanted = units(options)
    kept = set(sorted({unit.repository for unit in wanted})[:: options.every]) | {"all"}
    wanted = [unit for unit in wanted if unit.repository in kept]
    context = get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context, max_tasks_per_child=1) as pool:
        results = list(pool.map(run_unit, wanted))
    gaps: dict[str, dict[str, Difference]] = {}
    for name in VARIANTS:
        cells = []
        for family in options.families:
            old, new = (
                [
                    row.figures[MAIN_FIGURE[family]]
                    for result in results
                    for row in result.get(variant, [])
                    if row.family == family
                ]
                for variant in (WHOLE, name)
            )
            gap = difference(old, new)
            mean = interval(new)
            if name != WHOLE:
                gaps.setdefault(name, {})[family] = gap
            mark = " *" if gap.settled else ""
            cells.append(f"{mean.mean:.4f} (n {mean.count})" if name == WHOLE else f"{gap.mean:+.4f}{mark}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    if options.plot:
        plot(options.plot, gaps)


if __name__ == "__main__":
    main()
