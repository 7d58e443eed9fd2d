"""Approximate beside exact search, of one finished index: recall, latency, size.

``python -m benchmarks.approximate TREE INDEX_DIR`` makes the inverted files of the index in INDEX_DIR (they
are removed again), asks what the names of 300 of its definitions say in words, and prints a table.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import semindex
from semindex import config
from semindex.index import Index
from semindex.store.generation import Generation
from semindex.tokens import query_terms, words

QUERIES = 300
SEED = 7
_KEPT = 10


@dataclass
class Measured:
    """What one kind of search gave."""

    name: str
    near_ms: list[float]
    """Finding the nearest chunks, by query."""
    answer_ms: list[float]
    """The whole answer, by query."""
    nearest: list[set[int]]
    """The ten nearest chunks."""
    answers: list[list[str]]
    """The paths of the first ten hits."""


def questions(generation: Generation) -> list[str]:
    """Names of three words or more, as words."""
    chance, found = random.Random(SEED), set[str]()
    while len(found) < QUERIES:
        name = generation.symbol(chance.randrange(generation.symbols)).name
        parts = [part for word in words(name) for part in word.replace("_", " ").split()]
        if len(parts) >= 3:
            found.add(" ".join(parts))
    return sorted(found)


def measured(name: str, index: Index, queries: Sequence[str]) -> Measured:
    """Ask everything once, after a warm-up."""
    reader = index._adopted()
    searcher, generation = reader.searcher, reader.generation
    result = Measured(name, [], [], [], [])
    for query in queries:
        terms = query_terms(query)
        found = searcher.shards[0].corpus.look_up(terms)
        vector = searcher._vector(query, terms, found.frequencies)
        began = time.perf_counter()
        near = generation.nearest(vector)
        result.near_ms.append(1000 * (time.perf_counter() - began))
        rows = near.rows if near.rows is not None else np.arange(generation.chunks)
        best = np.argpartition(-near.products, _KEPT)[:_KEPT]
        result.nearest.append(set(rows[best].tolist()))
    for query in queries:
        began = time.perf_counter()
        hits = index.search(query, limit=_KEPT)
        result.answer_ms.append(1000 * (time.perf_counter() - began))
        result.answers.append([hit.path for hit in hits])
    return result


def row(found: Measured, exact: Measured, nbytes: int) -> str:
    """A line of the table."""
    nearest = [len(one & other) / _KEPT for one, other in zip(found.nearest, exact.nearest, strict=True)]
    answers = [
        len(set(one) & set(other)) / max(1, len(other))
        for one, other in zip(found.answers, exact.answers, strict=True)
    ]
    first = [one[:1] == other[:1] for one, other in zip(found.answers, exact.answers, strict=True)]
    cells = [
        found.name,
        f"{statistics.mean(nearest):.3f}",
        f"{statistics.mean(answers):.3f}",
        f"{statistics.mean(first):.3f}",
        f"{statistics.median(found.near_ms):.1f}",
        f"{statistics.median(found.answer_ms):.1f}",
        f"{nbytes / 1e6:,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("index_dir", type=Path)
    arguments = parser.parse_args()
    loaded = config.load(arguments.tree, overrides={"APPROXIMATE_SEARCH": "true"}).settings
    plain = config.load(arguments.tree, overrides={"APPROXIMATE_SEARCH": "false"}).settings

    def opened(settings: config.Settings) -> Index:
        return semindex.open(arguments.tree, index_dir=arguments.index_dir, settings=settings)

    def nbytes() -> int:
        return sum(path.stat().st_size for path in (arguments.index_dir / "segments").iterdir())

    with opened(plain) as index:
        index.refresh()
        queries = questions(index._adopted().generation)
        index.search("warm")
        exact, without = measured("exact", index, queries), nbytes()
        chunks = index._adopted().generation.chunks
    with opened(loaded) as index:
        began = time.perf_counter()
        index.refresh()
        seconds = time.perf_counter() - began
        index.search("warm")
        approximate, with_files = measured("approximate", index, queries), nbytes()
    with opened(plain) as index:
        index.refresh()
    print(f"{chunks:,} chunks, {len(queries)} queries; a refresh that makes the files: {seconds:.0f} s\n")
    print(
        "| search | recall@10, nearest chunks | recall@10, files of the answer | same first file "
        "| nearest, p50 ms | answer, p50 ms | segments, MB |\n|---|---|---|---|---|---|---|"
    )
    print(row(exact, exact, without))
    print(row(approximate, exact, with_files))


if __name__ == "__main__":
    main()
