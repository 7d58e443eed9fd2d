"""model2vec folders: the mean of the known tokens' vectors, in every layout that its authors write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.embed.registry import open_embedder
from semindex.errors import ModelError
from semindex.models.model2vec import Model2vec, table_file
from semindex.models.texts import Side, TextEmbedder
from semindex.store.vectorcache import VectorCache
from semindex.types import Vectors

from ..tiny_models import NUMBER, SPECIAL, WORDS, bi_encoder
from .tables import TABLE, write_table, write_tensors
from .test_transformer import documents

PLAIN = [word for word in WORDS if word not in SPECIAL]


def opened(folder: Path) -> Model2vec:
    file = table_file(folder)
    assert file is not None
    return Model2vec(folder, file)


def by_hand(words: list[str]) -> Vectors:
    mean = np.mean([WORDS[word] for word in words], axis=0)
    found: Vectors = (mean / max(1e-9, float(np.linalg.norm(mean)))).astype(np.float32)
    return found


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model2vec:
    return opened(write_table(tmp_path_factory.mktemp("table")))


@given(st.lists(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=900), max_size=4))
def test_a_text_of_any_length_is_the_mean_of_its_tokens(model: Model2vec, texts: list[list[str]]) -> None:
    found = model.embed([" ".join(text) for text in texts], Side.DOCUMENT)
    assert found.rows.shape == (len(texts), 3)
    assert list(found.sizes) == [len(text) for text in texts]
    for row, text in zip(found.rows, texts, strict=True):
        expected = by_hand(text)
        if np.linalg.norm(np.mean([WORDS[word] for word in text], axis=0)) > 1e-3:
            np.testing.assert_allclose(row, expected, atol=1e-4)


def test_unknown_words_do_not_count_and_alone_say_nothing(model: Model2vec) -> None:
    found = model.embed(["unheard", "", "red unheard of green"], Side.QUERY)
    assert not found.rows[:2].any()
    np.testing.assert_allclose(found.rows[2], by_hand(["red", "green"]), atol=1e-6)


def test_tokens_may_have_weights_and_share_rows(tmp_path: Path) -> None:
    weights = np.ones(len(WORDS))
    weights[NUMBER["red"]] = 0.5
    mapping = np.arange(len(WORDS))
    mapping[NUMBER["green"]] = NUMBER["blue"]
    model = opened(write_table(tmp_path, weights=weights, mapping=mapping))
    (row,) = model.embed(["red green"], Side.DOCUMENT).rows
    expected = 0.5 * TABLE[NUMBER["red"]] + TABLE[NUMBER["blue"]]
    np.testing.assert_allclose(row, expected / np.linalg.norm(expected), atol=1e-6)


def test_the_layout_of_sentence_transformers_is_read(tmp_path: Path) -> None:
    model = opened(write_table(tmp_path, layout="0_StaticEmbedding/model.safetensors"))
    np.testing.assert_allclose(model.embed(["red"], Side.DOCUMENT).rows[0], by_hand(["red"]), atol=1e-6)


def test_half_and_whole_numbers_are_vectors_too(tmp_path: Path) -> None:
    for kind in (np.float16, np.int8):
        model = opened(write_table(tmp_path, embeddings=TABLE.astype(kind)))
        row = model.embed(["cookie session"], Side.DOCUMENT).rows[0]
        np.testing.assert_allclose(row, by_hand(["cookie", "session"]), atol=1e-3)


def test_other_folders_are_no_tables(tmp_path: Path) -> None:
    assert table_file(bi_encoder(tmp_path)) is None
    write_tensors(tmp_path / "model.safetensors", {"embeddings": TABLE, "encoder.layer.0": TABLE})
    assert table_file(tmp_path) is None


@pytest.mark.parametrize(
    "tensors",
    [
        {"embeddings": TABLE[:-1]},
        {"embeddings": TABLE[0]},
        {"weights": np.ones(3)},
        {"mapping": np.full(len(WORDS), len(WORDS))},
        {"mapping": np.full(len(WORDS), -1)},
        {"mapping": np.zeros(2, np.int64)},
    ],
)
def test_a_table_that_does_not_fit_the_tokenizer_is_told(tmp_path: Path, tensors: dict[str, Any]) -> None:
    model = opened(write_table(tmp_path, **tensors))
    with pytest.raises(ModelError, match=r"model\.safetensors does not fit .*tokenizer\.json"):
        model.embed(["red"], Side.DOCUMENT)


def test_a_folder_without_its_tokenizer_is_told(tmp_path: Path) -> None:
    (write_table(tmp_path) / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"has no tokenizer\.json"):
        opened(tmp_path)


def test_the_fingerprint_is_of_the_files(tmp_path: Path) -> None:
    one = opened(write_table(tmp_path / "one")).fingerprint
    assert opened(write_table(tmp_path / "two")).fingerprint == one
    assert opened(write_table(tmp_path / "three", embeddings=TABLE + 1)).fingerprint != one


def test_its_vectors_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_table(tmp_path / "table")
    texts = documents("red", "green cookie")

    def embedded() -> Vectors:
        made = open_embedder(
            str(folder), open_store=lambda: VectorCache(tmp_path / "c", most_bytes=10_000_000)
        )
        assert isinstance(made, TextEmbedder)
        rows = made.embed_documents(texts)
        made.close()
        return rows

    first = embedded()
    monkeypatch.setattr(Model2vec, "embed", None)
    np.testing.assert_array_equal(embedded(), first)
