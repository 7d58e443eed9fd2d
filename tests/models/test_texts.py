"""Pieces of texts put together; a model with its cache as the embedder of an index."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.models.texts import KEPT_TOGETHER, EmbeddedTexts, Side, TextEmbedder, mean_of_pieces, unit
from semindex.store.vectorcache import VectorCache
from semindex.types import Vectors

from .test_transformer import documents


class Letters:
    """A model that counts letters, and notes what it is given."""

    fingerprint = "letters"
    resident_bytes = 0
    notes = ("counts letters",)
    may_change = False

    def __init__(self) -> None:
        self.given: list[tuple[Side, int]] = []
        self.closed = 0

    def embed(self, texts: Sequence[str], side: Side) -> EmbeddedTexts:
        self.given.append((side, len(texts)))
        rows = [[text.count(letter) for letter in "abcdefgh"] for text in texts]
        return EmbeddedTexts(
            unit(np.array(rows, np.float32).reshape(len(texts), 8)), [len(text) for text in texts]
        )

    def close(self) -> None:
        self.closed += 1


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), max_size=5), st.integers(0, 99))
def test_a_text_is_the_mean_of_its_pieces(sizes: list[list[int]], seed: int) -> None:
    flat = [size for some in sizes for size in some]
    rows = unit(np.random.default_rng(seed).standard_normal((len(flat), 5), np.float32))
    found = mean_of_pieces(rows, flat, [len(some) for some in sizes])
    assert list(found.sizes) == [sum(some) for some in sizes]
    begin = 0
    for row, some in zip(found.rows, sizes, strict=True):
        weights = np.maximum(np.array(some), 1)
        total = (rows[begin : begin + len(some)] * weights[:, None]).sum(axis=0)
        np.testing.assert_allclose(row, total / np.linalg.norm(total), atol=1e-4)
        begin += len(some)


def test_each_side_has_a_centre_that_is_measured_once(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, most_bytes=1_000_000)
    first = Letters()
    made = TextEmbedder(first, store=cache)
    rows = made.embed_documents(documents("abc", "bad"))
    made.embed_query([], idf=lambda term: 1.0, text="face")
    made.embed_query([], idf=lambda term: 1.0, text="cage")
    assert first.given == [
        (Side.DOCUMENT, 32),
        (Side.DOCUMENT, 2),
        (Side.QUERY, 32),
        (Side.QUERY, 1),
        (Side.QUERY, 1),
    ]
    second = Letters()
    again = TextEmbedder(second, store=cache)
    np.testing.assert_array_equal(again.embed_documents(documents("abc", "bad")), rows)
    assert again.dim == 8
    assert second.given == []
    assert made.notes == ("counts letters",)
    again.close()
    assert second.closed == 1


def test_threads_measure_a_centre_once() -> None:
    model = Letters()
    made = TextEmbedder(model)
    found: list[Vectors] = []
    threads = [
        threading.Thread(target=lambda: found.append(made.embed_documents(documents("abc"))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert model.given.count((Side.DOCUMENT, 32)) == 1
    assert all(np.array_equal(found[0], each) for each in found)


def test_a_build_that_is_cut_short_loses_little(tmp_path: Path) -> None:
    class Failing(Letters):
        def embed(self, texts: Sequence[str], side: Side) -> EmbeddedTexts:
            if any("stop" in text for text in texts):
                raise KeyboardInterrupt
            return super().embed(texts, side)

    cache = VectorCache(tmp_path, most_bytes=1_000_000)
    texts = [f"{'a' * n} text" for n in range(KEPT_TOGETHER + 1)]
    with pytest.raises(KeyboardInterrupt):
        TextEmbedder(Failing(), store=cache).embed_documents(documents(*texts, "stop"))
    model = Letters()
    TextEmbedder(model, store=cache).embed_documents(documents(*texts))
    assert model.given == [(Side.DOCUMENT, 1)]
    cache.close()
