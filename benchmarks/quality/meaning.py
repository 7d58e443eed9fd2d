"""What cosines of an embedding model are worth in the ranking, by their weight.

``python -m benchmarks.quality.meaning MODEL --corpora FOLDER --judgements SET [--names flask plug]`` indexes
each repository once with MODEL (as ``EMBEDDING_MODEL``; other settings by the environment), asks every judged
query with each share of the weight that meaning has for the bundled words, and prints NDCG@10: over all, and
over each half of the repositories. ``--offset 2`` adds a constant twice as long as a vector before it is made
a unit vector, as models behave whose texts are all near each other; ``--whole`` leaves in what texts share.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from benchmarks.quality.ablation import generation_of, places_of
from benchmarks.quality.judged import Repository, half_of, load_judgements
from benchmarks.quality.judging import ndcg, rank_of
from semindex import config
from semindex.configured import embedder_opener, vector_cache
from semindex.evaluate.metrics import HitPlace as Shown
from semindex.evaluate.metrics import interval
from semindex.indexing.builder import Builder
from semindex.indexing.workplace import Workplace
from semindex.models import centring
from semindex.models.texts import EmbeddedTexts, Side, TextEmbedder, TextModel, unit
from semindex.search.hits import Reader
from semindex.search.ranker import Ranker
from semindex.search.weights import WEIGHTS, Weights
from semindex.types import Embedder, GroupBy, Vector

MEMORY_BYTES = 4_000_000_000
SHARES = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2)
LEAST = (0.0, 0.1, 0.2, 0.3)
"""Cosines below which nothing counts."""


class Shifted:
    """A model whose vectors have a constant added."""

    may_change = False

    def __init__(self, model: TextModel, offset: float) -> None:
        self._model = model
        self._offset = offset
        self.fingerprint = f"{model.fingerprint}+{offset}"
        self.resident_bytes, self.notes = model.resident_bytes, model.notes

    def embed(self, texts: Sequence[str], side: Side) -> EmbeddedTexts:
        """The model's vectors, moved and made unit vectors again."""
        found = self._model.embed(texts, side)
        base = np.random.default_rng(0).standard_normal(found.rows.shape[1], np.float32)
        moved = found.rows + base * np.float32(self._offset / float(np.linalg.norm(base)))
        return EmbeddedTexts(unit(moved), found.sizes)

    def close(self) -> None:
        """Nothing."""


class Whole(TextEmbedder):
    """A model whose vectors are taken as they are."""

    def _find_centre(self, side: Side) -> Vector:
        return super()._find_centre(side) * np.float32(0)


def embedder_of(options: argparse.Namespace) -> Embedder:
    """The model as it is asked for."""
    settings = replace(config.load(None).settings, embedding_model=options.model)
    made = embedder_opener(settings)()
    if not isinstance(made, TextEmbedder):
        return made
    model: TextModel = Shifted(made.model, options.offset) if options.offset else made.model
    return (Whole if options.whole else TextEmbedder)(model, store=vector_cache(settings))


def variants() -> Iterator[tuple[str, Weights]]:
    """The weights to compare."""
    for share in SHARES:
        yield f"share {share}", WEIGHTS.of_meaning(share)
    for least in LEAST:
        yield (
            f"share {centring.MEANING}, least cosine {least}",
            replace(WEIGHTS.of_meaning(centring.MEANING), near_cosine=least),
        )


def scores(item: Repository, checkout: Path, embedder: Embedder) -> dict[str, list[float]]:
    """NDCG@10 of every query by each variant."""
    root = checkout / item.benchmark_root
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        Builder(Workplace(root, Path(folder), embedder, MEMORY_BYTES)).refresh()
        generation = generation_of(Path(folder))
        for name, weights in variants():
            ranker = Ranker(generation, embedder, weights, remembered=1000)
            texts = Reader(generation, [root])
            for judged in item.judgements:
                if not any((checkout / t.path).exists() or (root / t.path).exists() for t in judged.targets):
                    continue
                places = [
                    Shown(f"{item.benchmark_root}/{at.path}".lstrip("/"), at.start_line, at.end_line)
                    for at in places_of(ranker, texts, judged.query, 10, GroupBy.FILE)
                ]
                ranks = [rank_of(target, places) for target in judged.targets]
                found.setdefault(name, []).append(ndcg(ranks))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--judgements", type=Path, required=True)
    parser.add_argument("--names", nargs="*", default=())
    parser.add_argument("--offset", type=float, default=0.0)
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    embedder = embedder_of(options)
    every: dict[str, dict[str, list[float]]] = {}
    for item in load_judgements(options.judgements):
        checkout = options.corpora / item.name
        if not checkout.is_dir() or (options.names and item.name not in options.names):
            continue
        for name, values in scores(item, checkout, embedder).items():
            every.setdefault(name, {})[item.name] = values
    for variant, by_repository in every.items():
        halves = [
            [value for name, values in by_repository.items() if half_of(name) == half for value in values]
            for half in ("a", "b")
        ]
        whole = interval([*halves[0], *halves[1]])
        told = "  ".join(f"half {half} {np.mean(v):.4f}" for half, v in zip("ab", halves, strict=True) if v)
        print(f"{variant:30} {whole.mean:.4f} ({whole.low:.3f} to {whole.high:.3f}, {whole.count})  {told}")


if __name__ == "__main__":
    main()
