"""What a model's folder says, and how it can be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from semindex.errors import ModelError
from semindex.models.modelfolder import DEFAULT_TOKENS, fingerprint, read_folder
from semindex.models.pooling import Pooling

from ..tiny_models import bi_encoder

LONG = {"max_position_embeddings": 512}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The least that a folder has."""
    write(tmp_path / "model.onnx", b"")
    write(tmp_path / "tokenizer.json", {})
    return tmp_path


def write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())


def test_two_files_are_enough(folder: Path) -> None:
    found = read_folder(folder)
    assert found.graph == folder / "model.onnx"
    assert (found.pooling, found.max_tokens, found.pad_id) == (Pooling.MEAN, DEFAULT_TOKENS, None)
    assert (found.classifier, found.steps, found.lower_case) == (False, (), False)
    assert (found.query_prompt, found.document_prompt) == ("", "")


def test_the_whole_graph_comes_before_quantised_ones(folder: Path) -> None:
    names = ["onnx/model_q4.onnx", "onnx/model_qint8_avx2.onnx", "onnx/model_int8.onnx",
             "onnx/model_quantized.onnx", "model_quantized.onnx", "onnx/model.onnx"]  # fmt: skip
    (folder / "model.onnx").unlink()
    for name in names:
        write(folder / name, b"")
        assert read_folder(folder).graph == folder / name
    write(folder / "model.onnx", b"")
    assert read_folder(folder).graph == folder / "model.onnx"


def test_what_is_missing_is_named_with_what_belongs_there(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"no folder .*nowhere; a model is a folder with model\.onnx"):
        read_folder(folder / "nowhere")
    with pytest.raises(ModelError, match="no folder"):
        read_folder(folder / "model.onnx")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"has no tokenizer\.json"):
        read_folder(folder)
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelError, match="has no ONNX model"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("config", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, Pooling.CLS),
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, Pooling.MEAN),
        ({"pooling_mode": "cls", "embedding_dimension": 8}, Pooling.CLS),
        ({"pooling_mode_lasttoken": True}, Pooling.LAST),
        ({"pooling_mode_max_tokens": True}, Pooling.MAX),
        ({"pooling_mode": "weightedmean"}, Pooling.WEIGHTED_MEAN),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, Pooling.MEAN_ROOT),
    ],
)
def test_pooling_is_read_in_either_spelling(folder: Path, config: object, pooling: Pooling) -> None:
    write(folder / "1_Pooling" / "config.json", config)
    assert read_folder(folder).pooling is pooling


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True}, "mean and max"),
        ({"pooling_mode": "attention"}, "attention"),
        ({}, "of no kind"),
    ],
)
def test_other_pooling_is_refused_not_guessed(folder: Path, config: object, told: str) -> None:
    write(folder / "1_Pooling" / "config.json", config)
    with pytest.raises(ModelError, match=rf"1_Pooling.config\.json asks for pooling {told}; known is one of"):
        read_folder(folder)


def test_modules_tell_where_pooling_stands_and_what_follows(folder: Path) -> None:
    modules = [
        {"idx": 1, "name": "1", "path": "second", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"},
    ]
    write(folder / "modules.json", modules)
    write(folder / "second" / "config.json", {"pooling_mode_cls_token": True})
    found = read_folder(folder)
    assert found.pooling is Pooling.CLS
    assert found.steps == ("Dense",)


def test_modules_may_not_lead_out_of_the_folder(folder: Path) -> None:
    write(folder / "modules.json", [{"path": "../other", "type": "x.Pooling"}])
    with pytest.raises(ModelError, match="leads out of its folder"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("files", "tokens"),
    [
        ({"config.json": {"max_position_embeddings": 64}}, 64),
        ({"config.json": {"max_position_embeddings": 514, "model_type": "roberta"}}, 512),
        ({"config.json": LONG, "sentence_bert_config.json": {"max_seq_length": 256}}, 256),
        ({"config.json": LONG, "tokenizer_config.json": {"model_max_length": 1e30}}, 512),
        ({"tokenizer_config.json": {"model_max_length": 128}}, 128),
    ],
)  # fmt: skip
def test_the_shortest_of_what_is_said_bounds_an_input(
    folder: Path, files: dict[str, object], tokens: int
) -> None:
    for name, content in files.items():
        write(folder / name, content)
    assert read_folder(folder).max_tokens == tokens


def test_architecture_padding_and_prompts_are_read(folder: Path) -> None:
    write(folder / "config.json", {"architectures": ["BertForSequenceClassification"], "pad_token_id": 1})
    prompts = {"query": "ask: ", "document": ""}
    write(folder / "config_sentence_transformers.json", {"prompts": prompts, "__version__": {}})
    found = read_folder(folder)
    assert (found.classifier, found.pad_id) == (True, 1)
    assert (found.query_prompt, found.document_prompt) == ("ask: ", "")


@pytest.mark.parametrize(
    "name", ["config.json", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json"]
)
@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'"text"', b"[[]]"])
def test_a_broken_file_is_named(folder: Path, name: str, content: bytes) -> None:
    write(folder / name, content)
    with pytest.raises(ModelError, match=f"{name} is not what a model's folder has there"):
        read_folder(folder)


def fingerprint_of(folder: Path) -> str:
    return fingerprint(read_folder(folder))


def test_a_fingerprint_is_of_what_the_files_hold_not_of_where_they_lie(tmp_path: Path) -> None:
    one, other = bi_encoder(tmp_path / "one"), bi_encoder(tmp_path / "two" / "deep")
    assert fingerprint_of(one) == fingerprint_of(other)
    (other / "README.md").write_text("a model")
    assert fingerprint_of(one) == fingerprint_of(other)


def test_whatever_changes_a_vector_changes_the_fingerprint(tmp_path: Path) -> None:
    plain = bi_encoder(tmp_path / "plain")
    found = [
        fingerprint_of(plain),
        fingerprint_of(bi_encoder(tmp_path / "cls", cls=True)),
        fingerprint_of(bi_encoder(tmp_path / "pooled", pooled=True)),
        fingerprint_of(bi_encoder(tmp_path / "longer", max_tokens=13)),
        fingerprint_of(bi_encoder(tmp_path / "prompt", prompts={"query": "ask "})),
    ]
    tokenizer = plain / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text().replace('"red"', '"rot"'))
    found.append(fingerprint_of(plain))
    (plain / "model.onnx.data").write_bytes(b"weights")
    found.append(fingerprint_of(plain))
    (plain / "model.onnx.data").write_bytes(b"weight5")
    found.append(fingerprint_of(plain))
    assert len(set(found)) == len(found)
