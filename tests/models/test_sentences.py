"""Models on PyTorch, where sentence-transformers is installed: its vectors, of whole texts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semindex.embed.registry import open_embedder
from semindex.errors import ModelError
from semindex.models.running import DeviceChoice, RunOptions
from semindex.models.sentences import SentenceModel
from semindex.models.texts import Side, TextEmbedder
from semindex.types import Vectors

from ..tiny_models import SPECIAL, WORDS, tokenizer

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
TEXTS = ["red green", "zebra", "blue session cookie red", ""]
LONG = "red green blue zebra " * 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with random weights, saved as its packages save models."""
    pytest.importorskip("sentence_transformers")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("torch")
    widths = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.BertConfig(
        vocab_size=len(WORDS), max_position_embeddings=16, pad_token_id=0, **widths
    )
    transformers.BertModel(config).save_pretrained(folder)
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), SPECIAL, strict=True))
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer(), model_max_length=16, **names
    ).save_pretrained(folder)
    steps = ["Transformer", "Pooling", "Normalize"]
    modules = [
        {"idx": at, "name": str(at), "path": f"{at}_{step}" if at else "",
         "type": f"sentence_transformers.models.{step}"}
        for at, step in enumerate(steps)
    ]  # fmt: skip
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    prompts = {"prompts": {"query": "ask ", "document": "tell "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    return folder


def own(folder: Path, texts: list[str], prompt: str) -> Vectors:
    """What the package gives when it is asked alone, a text at a time."""
    package: Any = pytest.importorskip("sentence_transformers")
    rows = package.SentenceTransformer(str(folder), device="cpu").encode(texts, prompt=prompt, batch_size=1)
    found: Vectors = np.asarray(rows, np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def opened(folder: Path, running: RunOptions | None = None) -> SentenceModel:
    made = open_embedder(str(folder), running=running or RunOptions(device=DeviceChoice.CPU))
    assert isinstance(made, TextEmbedder)
    assert isinstance(made.model, SentenceModel)
    return made.model


@pytest.mark.parametrize(("side", "prompt"), [(Side.QUERY, "ask "), (Side.DOCUMENT, "tell ")])
def test_short_texts_are_as_the_package_has_them(folder: Path, side: Side, prompt: str) -> None:
    found = opened(folder).embed(TEXTS, side)
    assert ((found.rows * own(folder, TEXTS, prompt)).sum(axis=1) > 0.9999).all()


def test_a_long_text_counts_whole(folder: Path) -> None:
    model = opened(folder)
    short, long = model.embed([LONG[: len(LONG) // 8], LONG + "cookie " * 40], Side.DOCUMENT).rows
    other = model.embed([LONG + "session " * 40], Side.DOCUMENT).rows[0]
    assert not np.allclose(long, other, atol=1e-3), "its end counts"
    pieces = model._loaded.pieces(LONG, "tell ")
    assert "".join(text for text, _ in pieces) == LONG
    assert all(tokens <= 16 for _, tokens in pieces)
    assert np.linalg.norm(short) == pytest.approx(1, abs=1e-5)


def test_what_is_run_is_in_the_fingerprint(folder: Path) -> None:
    whole = opened(folder).fingerprint
    assert whole.startswith("torch-")
    assert opened(folder, RunOptions(device=DeviceChoice.CPU, max_tokens=8)).fingerprint != whole


def test_damage_and_a_missing_gpu_are_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="DEVICE is cuda, and PyTorch finds no GPU"):
        opened(folder, RunOptions(device=DeviceChoice.CUDA)).embed(["red"], Side.QUERY)
    cut = shutil.copytree(folder, tmp_path / "cut")
    (cut / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-8])
    with pytest.raises(ModelError, match="cannot be loaded by sentence-transformers: "):
        opened(cut).embed(["red"], Side.QUERY)
