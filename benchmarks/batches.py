"""What choosing batch sizes is worth: texts a second and padding beside fixed sizes, for three kinds of text.

``python benchmarks/batches.py MODEL_FOLDER TREE``; see README.md here. Every way runs the same texts in every
round, in alternating order; its figure is that of its fastest round, as other work on the machine only adds.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semindex.models.batching import BatchCounts, BatchRunner
from semindex.models.encoder import ModelInput, Transformer, open_transformer
from semindex.models.running import RunOptions
from semindex.parse.parser import parse_file
from semindex.source.read import read_file
from semindex.source.walk import walk
from semindex.types import FileFailure

ARRIVAL = (16, 32)
SWEEP = (1, 2, 4, 8, 16, 32, 64)
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
LONG_SHARE = 0.75
"""Of the model's longest input: what a text of the kind *long* has at least."""


Embed = Callable[[Sequence[ModelInput]], object]


@dataclass(frozen=True)
class Way:
    """A way to put texts into batches."""

    name: str
    run: Embed
    batches: BatchRunner


@dataclass(frozen=True)
class Run:
    """What a way did with some texts, once."""

    seconds: float
    padded_share: float


def chunks(tree: Path) -> Iterator[str]:
    """The text of every chunk of a tree."""
    walked = walk(tree)
    for ref in walked.refs:
        source = read_file(tree, ref)
        if isinstance(source, FileFailure):
            continue
        for chunk in parse_file(source).chunks:
            yield source.text[chunk.span.start_byte : chunk.span.end_byte].decode("utf-8", "replace")


def kinds(model: Transformer, tree: Path, count: int) -> dict[str, list[ModelInput]]:
    """Texts of three kinds in random order: first lines, both, and chunks that (nearly) fill the model."""
    drawn = random.Random(0)
    texts = sorted({text for text in chunks(tree) if text.strip()})
    drawn.shuffle(texts)
    texts = texts[: 20 * count]
    whole = model.tokens(texts)
    longest = max(len(tokens.ids) for tokens in whole)
    first = model.tokens([text.strip().partition("\n")[0] for text in texts[:count]])
    long = [tokens for tokens in whole if len(tokens.ids) >= LONG_SHARE * longest][:count]
    mixed = first[: count // 2] + whole[: count - count // 2]
    drawn.shuffle(mixed)
    return {"short": first, "mixed": mixed, "long": long}


def in_arrival_order(model: Transformer, rows: int) -> Embed:
    """Batches of neighbours, whatever their lengths."""

    def run(texts: Sequence[ModelInput]) -> object:
        return np.concatenate([model.embed(texts[at : at + rows]) for at in range(0, len(texts), rows)])

    return run


def ways(model: Transformer) -> list[Way]:
    """Adaptive first, then :data:`ARRIVAL`, then :data:`SWEEP`; all of one model.

    In arrival order one batch follows another, on all cores; by length they run as adaptive ones do.
    """

    def fixed(rows: int) -> BatchRunner:
        streams = model.batches.streams
        return BatchRunner(model.folder.footprint, free_bytes=lambda: 1 << 40, rows=rows, streams=streams)

    return [
        Way("adaptive", model.embed, model.batches),
        *(Way(f"{rows}, arrival order", in_arrival_order(model, rows), fixed(rows)) for rows in ARRIVAL),
        *(Way(f"{rows}, by length", model.embed, fixed(rows)) for rows in SWEEP),
    ]


def once(model: Transformer, way: Way, texts: Sequence[ModelInput], clock: Callable[[], float]) -> Run:
    """Run the texts."""
    model.batches = way.batches
    way.batches.counted = BatchCounts()
    began = clock()
    way.run(texts)
    return Run(clock() - began, way.batches.counted.padded_share)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--texts", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    options = parser.parse_args()
    model = open_transformer(options.model, RunOptions(threads=options.threads))
    candidates = ways(model)
    print(
        f"{model.folder.graph.name}, at most {options.texts} texts a kind, best of {options.rounds} rounds, "
        f"{options.clock} time"
    )
    for kind, texts in kinds(model, options.tree, options.texts).items():
        lengths = np.array([len(tokens.ids) for tokens in texts])
        told = f"{lengths.min()} to {lengths.max()} tokens, mean {lengths.mean():.0f}"
        print(f"\n{kind}: {len(texts)} texts of {told}")
        report(candidates, measured(model, candidates, texts, options), len(texts))


def measured(
    model: Transformer, candidates: Sequence[Way], texts: Sequence[ModelInput], options: argparse.Namespace
) -> list[Run]:
    """The fastest run of each way."""
    runs: list[list[Run]] = [[] for _ in candidates]
    for turn in range(options.rounds):
        order = range(len(candidates))
        for place in reversed(order) if turn % 2 else order:
            runs[place].append(once(model, candidates[place], texts, CLOCKS[options.clock]))
    return [min(each, key=lambda run: run.seconds) for each in runs]


def report(candidates: Sequence[Way], best: Sequence[Run], count: int) -> None:
    """A line a way, with its speed beside that of the first."""
    adaptive = best[0].seconds
    for way, run in zip(candidates, best, strict=True):
        speed, beside = count / run.seconds, adaptive / run.seconds
        padding = f"padding {run.padded_share:6.1%}"
        print(f"{way.name:>18}  {speed:8.1f} texts/s  {beside:6.1%} of adaptive  {padding}")
    fixed = min(run.seconds for run in best[1:])
    arrival = best[len(ARRIVAL)].seconds
    print(f"adaptive is {fixed / adaptive - 1:+.1%} beside the best fixed size, ", end="")
    print(f"{arrival / adaptive - 1:+.1%} beside {ARRIVAL[-1]} in arrival order")


if __name__ == "__main__":
    main()
