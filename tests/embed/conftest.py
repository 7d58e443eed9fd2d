from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from semindex.embed.static import StaticEmbedder
from semindex.embed.wordfile import WordVectors, write
from semindex.tokens import hash_terms, text_terms
from semindex.types import Documents, TermCounts

Bag = Mapping[str, int]
Chunk = tuple[Bag, Bag, int]
"""Terms of content, terms of names, row of the path."""


def counts_of(bags: Sequence[Bag]) -> TermCounts:
    rows = [sorted((int(hash_terms([term])[0]), uses) for term, uses in bag.items()) for bag in bags]
    return TermCounts(
        np.cumsum([0, *map(len, rows)], dtype=np.int64),
        np.array([term for row in rows for term, _ in row], dtype=np.uint64),
        np.array([uses for row in rows for _, uses in row], dtype=np.uint16),
    )


def documents_of(chunks: Sequence[Chunk], paths: Sequence[Bag]) -> Documents:
    return Documents(
        counts_of([content for content, _, _ in chunks]),
        counts_of([names for _, names, _ in chunks]),
        counts_of(paths),
        np.array([row for _, _, row in chunks], dtype=np.int64),
    )


def text_documents(*texts: str) -> Documents:
    return documents_of([(Counter(text_terms(text)), {}, 0) for text in texts], [{}])


@pytest.fixture(scope="session")
def bundled() -> StaticEmbedder:
    return StaticEmbedder.bundled()


@pytest.fixture
def small_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of three words, ``alpha``, ``beta`` and ``gamma``, in 64 dimensions."""

    def make(*, neighbour: int = 1) -> Path:
        hashes = hash_terms(["alpha", "beta", "gamma"])
        order = np.argsort(hashes)
        vectors = np.zeros((3, 64), np.float32)
        vectors[0, 0] = 1
        vectors[1, :2] = 0.6, 0.8
        vectors[2, 2] = -1
        neighbours = np.full((3, 2), -1, np.int64)
        neighbours[0, 0] = neighbour
        place = np.argsort(order)
        cosines = np.zeros((3, 2), np.float32)
        cosines[0, 0] = 0.6
        inside = (neighbours >= 0) & (neighbours < 3)
        words = WordVectors.of(
            hashes[order],
            vectors[order],
            np.array([1.0, 0.5, 1.0])[order],
            0.5,
            neighbours=np.where(inside, place[neighbours % 3], neighbours)[order],
            cosines=cosines[order],
        )
        path = tmp_path / "words.bin"
        write(path, words)
        return path

    return make
