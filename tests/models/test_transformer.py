"""A transformer that embeds chunks: whole texts, whatever their length, computed once."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from semindex.embed.registry import open_embedder
from semindex.errors import ModelError
from semindex.models.encoder import Transformer, open_transformer
from semindex.models.running import RunOptions
from semindex.models.texts import KEPT_TOGETHER, Side, TextEmbedder
from semindex.models.transformer import TransformerModel
from semindex.store.vectorcache import VectorCache
from semindex.types import Documents, QueryTerm, TermCounts, Vectors

from ..tiny_models import SPECIAL, WORDS, bi_encoder, counted_texts, cross_encoder, vector

PLAIN = [word for word in WORDS if word not in SPECIAL]
NO_COUNTS = TermCounts(np.zeros(1, np.int64), np.empty(0, np.uint64), np.empty(0, np.uint16))
WINDOW = 10
"""Words that the tiny model reads beside the special ones."""


def documents(*texts: str) -> Documents:
    return Documents(NO_COUNTS, NO_COUNTS, NO_COUNTS, np.zeros(len(texts), np.int64), texts)


def made(folder: Path, store: VectorCache | None = None) -> TextEmbedder:
    return TextEmbedder(TransformerModel(folder), store=store)


CENTRE = np.array([0, 1, 1], np.float32) / np.sqrt(np.float32(2))
"""What the tiny model gives a text without a known word, as all of the probe are."""


def without_centre(row: Vectors, centre: Vectors = CENTRE) -> Vectors:
    moved: Vectors = row - centre
    return moved / np.float32(np.linalg.norm(moved))


def by_hand(words: Sequence[str]) -> Vectors:
    """Windows of nearly one length, their unit vectors added up by their words."""
    pieces = -(-len(words) // WINDOW)
    cuts = [len(words) * number // pieces for number in range(pieces + 1)]
    total = np.sum([vector(*words[begin:end]) * (end - begin) for begin, end in pairwise(cuts)], axis=0)
    unit: Vectors = total / np.linalg.norm(total)
    return unit


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bi_encoder(tmp_path_factory.mktemp("bi"))


@pytest.fixture(scope="module")
def embedder(folder: Path) -> TextEmbedder:
    return made(folder)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[VectorCache]:
    made = VectorCache(tmp_path / "cache", most_bytes=1_000_000)
    yield made
    made.close()


@given(st.lists(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=45), max_size=6))
@example([["green", "blue", "blue", "session", "ask"]])  # the centre itself
def test_a_text_of_any_length_counts_whole(embedder: TextEmbedder, texts: list[list[str]]) -> None:
    found = embedder.embed_documents(documents(*map(" ".join, texts)))
    assert found.shape == (len(texts), 3)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    for row, words in zip(found, texts, strict=True):
        unit = by_hand(words)
        if np.linalg.norm(unit - CENTRE) > 0.05:  # nearer to it, rounding decides about the direction
            np.testing.assert_allclose(row, without_centre(unit), atol=1e-5)


def test_the_end_of_a_long_text_changes_its_vector(embedder: TextEmbedder) -> None:
    one, other = embedder.embed_documents(documents("red " * 40 + "blue", "red " * 40 + "zebra"))
    assert not np.allclose(one, other, atol=1e-3)


@given(
    st.lists(st.sampled_from([*PLAIN, "unheard", "(", "::", "é"]), max_size=60), st.sampled_from(["", "ask "])
)
def test_windows_leave_nothing_out(folder: Path, words: list[str], prompt: str) -> None:
    model = windowed(folder)
    text = " ".join(words)
    pieces = model.windows(text, prompt=prompt)
    asked = len(prompt.split())
    assert all(piece.read == piece.total <= WINDOW for piece in pieces)
    assert sum(piece.read - asked for piece in pieces) == len(model._tokenize(text))
    if len(pieces) == 1:
        assert pieces == model.tokens([text], prompt=prompt)


def windowed(folder: Path, known: dict[Path, Transformer] = {}) -> Transformer:  # noqa: B006 - opened once
    return known.setdefault(folder, known.get(folder) or open_transformer(folder))


def test_prompts_go_before_each_piece(tmp_path: Path) -> None:
    model = TransformerModel(bi_encoder(tmp_path, prompts={"query": "ask ", "document": "tell "}))
    found = model.embed(["red " * 5 + "green " * 5], Side.DOCUMENT)
    expected = 6 * vector("tell", *["red"] * 5) + 6 * vector("tell", *["green"] * 5)
    np.testing.assert_allclose(found.rows[0], expected / np.linalg.norm(expected), atol=1e-5)
    assert found.sizes == [12]
    np.testing.assert_allclose(model.embed(["red"], Side.QUERY).rows[0], vector("ask", "red"), atol=1e-6)


def test_a_query_is_read_as_text_and_without_one_means_nothing(embedder: TextEmbedder) -> None:
    terms = [QueryTerm("blue", 1.0, "blue")]
    asked = embedder.embed_query(terms, idf=lambda term: 1.0, text="red " * 30 + "blue")
    np.testing.assert_allclose(asked, without_centre(by_hand(["red"] * 30 + ["blue"])), atol=1e-5)
    assert not embedder.embed_query(terms, idf=lambda term: 1.0, text=" ").any()


def test_documents_are_computed_once(
    folder: Path, cache: VectorCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(folder, cache).embed_documents(documents())  # keeps the mean of the probe
    computed = counted_texts(monkeypatch)
    texts = [f"{PLAIN[n % 8]} {PLAIN[n // 8 % 8]} {PLAIN[n // 64]}" for n in range(KEPT_TOGETHER + 9)]
    first = made(folder, cache).embed_documents(documents(*texts, texts[0]))
    assert computed == [KEPT_TOGETHER, 9], "and one that is there twice once"
    again = made(folder, cache).embed_documents(documents(*reversed(texts)))
    assert computed == [KEPT_TOGETHER, 9]
    np.testing.assert_array_equal(again[::-1], first[:-1])
    plain = made(folder).embed_documents(documents(*texts))
    np.testing.assert_allclose(plain, first[:-1], atol=1e-6)


def test_the_fingerprint_is_known_before_the_model_is_loaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("semindex.models.transformer.shared_folder", None)
    found = made(folder)
    assert found.fingerprint.startswith("onnx-")
    assert found.resident_bytes > (folder / "model.onnx").stat().st_size


def test_a_cross_encoder_is_no_embedder(tmp_path: Path) -> None:
    embedder = made(cross_encoder(tmp_path))
    with pytest.raises(ModelError, match=r"it can re-rank \(RERANK_MODEL\), not index"):
        embedder.embed_documents(documents("red"))


def test_it_is_opened_by_the_name_of_its_folder_in_any_process(folder: Path, tmp_path: Path) -> None:
    spec = pickle.loads(
        pickle.dumps(
            partial(
                open_embedder,
                str(folder),
                open_store=partial(VectorCache, tmp_path, most_bytes=10_000),
                running=RunOptions(threads=1),
            )
        )
    )
    found = spec()
    assert isinstance(found, TextEmbedder)
    row = found.embed_documents(documents("red"))[0]
    np.testing.assert_allclose(row, without_centre(vector("red")), atol=1e-5)
    found.close()
