"""Moves the word vectors so that a first sentence lies near the code it documents.

Symmetric InfoNCE (https://arxiv.org/abs/1807.03748) over batches of several packages, through the very
sums that the embedder makes of a chunk and of a query; a word's length is its weight, and is learned too.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pairs import Pair
from scipy.sparse import csr_matrix

from semindex.embed.static import NAMES_SHARE, PATHS_SHARE
from semindex.tokens import STOP_WORDS, word_terms, words

Array = npt.NDArray[np.float32]
Bag = tuple[npt.NDArray[np.int64], Array]
"""Rows of the words, and their factors."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How it is trained."""

    epochs: int = 3
    rate: float = 4e-3
    temperature: float = 0.07
    pull: float = 3e-4
    """Towards the initial vectors, a step, relative to the rate."""
    groups: int = 4
    group_size: int = 128
    drop_names: float = 0.3
    drop_paths: float = 0.3
    drop_shared_content: float = 0.3
    drop_shared_names: float = 0.4
    ask_by_name: float = 0.15
    """Share of the examples whose query is the definition's name, split."""
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Example:
    """A pair as rows of words."""

    sentence: Bag
    asked_name: Bag
    content: Bag
    names: Bag
    paths: Bag


class Encoder:
    """Texts to rows of the vocabulary; words outside of it are left out."""

    def __init__(self, terms: Sequence[str]) -> None:
        self._rows = {term: row for row, term in enumerate(terms)}
        self._cache: dict[str, tuple[int, ...]] = {}

    def counts(self, text: str, *, query: bool = False) -> Counter[int]:
        """How often each row occurs; a query's stop words are left out."""
        found: Counter[int] = Counter()
        for word in words(text):
            if query and word.lower() in STOP_WORDS:
                continue
            rows = self._cache.get(word)
            if rows is None:
                rows = tuple(self._rows[term] for term in word_terms(word) if term in self._rows)
                self._cache[word] = rows
            found.update(rows)
        return found


def examples(pairs: Sequence[Pair], encoder: Encoder) -> list[Example]:
    """One package's pairs, each sentence once; query words carry the package's inverse frequencies."""
    said = Counter(pair.sentence.lower() for pair in pairs)
    fields = []
    for pair in pairs:
        if said[pair.sentence.lower()] > 1:
            continue
        stem = pair.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        folders = pair.path.split("/", 1)[-1].rsplit(".", 1)[0]
        texts = (pair.body, f"{pair.name} {pair.parents}", f"{folders} {stem}")
        fields.append((pair, *(encoder.counts(text) for text in texts)))
    frequency: Counter[int] = Counter()
    for _, *counted in fields:
        frequency.update(set().union(*counted))
    total = len(fields)

    def asked(text: str) -> Bag:
        rows = encoder.counts(text, query=True)
        factors = [
            min(2, n) * math.log(1 + (total - frequency[r] + 0.5) / (frequency[r] + 0.5))
            for r, n in rows.items()
        ]
        return np.array(list(rows), np.int64), np.array(factors, np.float32)

    return [
        Example(asked(pair.sentence), asked(pair.name), _bag(content), _bag(names), _bag(paths))
        for pair, content, names, paths in fields
        if len(content) >= 3
    ]


def _bag(counts: Counter[int]) -> Bag:
    return np.array(list(counts), np.int64), np.log1p(np.array(list(counts.values()), np.float32))


def train(initial: Array, packages: Sequence[list[Example]], settings: Settings) -> Array:
    """The moved vectors, shape as ``initial`` (rows with their weights as lengths)."""
    vectors = initial.copy()
    first, second = np.zeros_like(initial), np.zeros_like(initial)
    draw = np.random.default_rng(settings.seed)
    per_epoch = sum(len(package) for package in packages) // (settings.groups * settings.group_size)
    steps = per_epoch * settings.epochs
    for step, batch in zip(range(steps), _batches(packages, settings, draw), strict=False):
        rows, gradient, loss = _gradient(vectors, batch, settings, draw)
        first[rows] = 0.9 * first[rows] + 0.1 * gradient
        second[rows] = 0.999 * second[rows] + 0.001 * gradient * gradient
        rate = settings.rate * (1 - step / steps)
        corrected = first[rows] / (1 - 0.9 ** (step + 1))
        moved = corrected / (np.sqrt(second[rows] / (1 - 0.999 ** (step + 1))) + 1e-8)
        vectors[rows] -= rate * moved + settings.pull * (rate / settings.rate) * (
            vectors[rows] - initial[rows]
        )
        if step % 100 == 0:
            print(f"step {step} of {steps}: loss {loss:.3f}", flush=True)
    return vectors


def _batches(
    packages: Sequence[list[Example]], settings: Settings, draw: np.random.Generator
) -> Iterator[list[Example]]:
    """Endless batches of ``groups`` packages, drawn by their size."""
    sizes = np.array([len(package) for package in packages], float)
    left: list[list[int]] = [[] for _ in packages]
    while True:
        batch: list[Example] = []
        chosen = draw.choice(len(packages), size=settings.groups, replace=False, p=sizes / sizes.sum())
        for number in chosen:
            if len(left[number]) < settings.group_size:
                left[number] = draw.permutation(len(packages[number])).tolist()
            batch += [packages[number][i] for i in left[number][: settings.group_size]]
            del left[number][: settings.group_size]
        yield batch


def _gradient(
    vectors: Array, batch: list[Example], settings: Settings, draw: np.random.Generator
) -> tuple[npt.NDArray[np.int64], Array, float]:
    """Rows of the batch's words, the loss' gradient there, and the loss."""
    asked, content, names, paths = _augmented(batch, settings, draw)
    rows = np.unique(np.concatenate([bag[0] for field in (asked, content, names, paths) for bag in field]))
    local = vectors[rows]
    matrices = [_matrix(field, rows) for field in (asked, content, names, paths)]
    units, lengths = zip(*(_normalise(matrix @ local) for matrix in matrices), strict=True)
    shares = (1.0, NAMES_SHARE, PATHS_SHARE)
    document, document_length = _normalise(
        sum(np.float32(share) * unit for share, unit in zip(shares, units[1:], strict=True))  # type: ignore[arg-type]
    )
    scores = units[0] @ document.T / np.float32(settings.temperature)
    by_query, by_document = _softmax(scores), _softmax(scores.T).T
    diagonal = np.arange(len(batch))
    loss = -np.log(by_query[diagonal, diagonal] * by_document[diagonal, diagonal] + 1e-12).mean() / 2
    slope = (by_query + by_document) / 2
    slope[diagonal, diagonal] -= 1
    slope /= len(batch) * settings.temperature
    d_document = _through(slope.T @ units[0], document, document_length)
    gradient = matrices[0].T @ _through(slope @ document, units[0], lengths[0])
    for share, matrix, unit, length in zip(shares, matrices[1:], units[1:], lengths[1:], strict=True):
        gradient += matrix.T @ _through(np.float32(share) * d_document, unit, length)
    return rows, gradient, float(loss)


def _augmented(batch: list[Example], settings: Settings, draw: np.random.Generator) -> tuple[list[Bag], ...]:
    """The four fields, with what would make it too easy dropped at random."""
    asked, content, names, paths = [], [], [], []
    empty: Bag = (np.empty(0, np.int64), np.empty(0, np.float32))
    for example in batch:
        by_name = draw.random() < settings.ask_by_name and len(example.asked_name[0]) > 0
        query = example.asked_name if by_name else example.sentence
        asked.append(query)
        shared = 0.8 if by_name else settings.drop_shared_content
        content.append(_without(example.content, query, shared, draw))
        hide = by_name or draw.random() < settings.drop_names
        names.append(empty if hide else _without(example.names, query, settings.drop_shared_names, draw))
        paths.append(empty if draw.random() < settings.drop_paths else example.paths)
    return asked, content, names, paths


def _without(bag: Bag, query: Bag, share: float, draw: np.random.Generator) -> Bag:
    kept = ~np.isin(bag[0], query[0]) | (draw.random(len(bag[0])) >= share)
    return bag[0][kept], bag[1][kept]


def _matrix(bags: list[Bag], rows: npt.NDArray[np.int64]) -> csr_matrix:
    """One line a bag, one column a row of the batch's words."""
    ends = np.cumsum([0, *(len(words_) for words_, _ in bags)])
    columns = np.searchsorted(rows, np.concatenate([words_ for words_, _ in bags]))
    factors = np.concatenate([factors for _, factors in bags])
    return csr_matrix((factors, columns, ends), shape=(len(bags), len(rows)))


def _normalise(x: Array) -> tuple[Array, Array]:
    length = np.sqrt((x * x).sum(axis=1, keepdims=True)) + np.float32(1e-9)
    return x / length, length


def _through(gradient: Array, unit: Array, length: Array) -> Array:
    """Back through :func:`_normalise`; nothing passes a row that was zero."""
    inner = gradient - unit * (unit * gradient).sum(axis=1, keepdims=True)
    return np.where(length > 1e-6, inner / length, 0).astype(np.float32)


def _softmax(scores: Array) -> Array:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
