"""Transformers small enough to compute by hand, as folders in the usual layout.

Words have vectors of three numbers (:data:`WORDS`); a token's state is its own vector plus the sum of
all vectors of the text that are not masked, so that padding which is not masked changes everything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from semindex.models.encoder import ModelInput, Transformer
from semindex.types import Vectors

Rows = npt.NDArray[np.float32]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WORDS: Mapping[str, tuple[float, float, float]] = {
    "[PAD]": (50, -70, 90),
    "[UNK]": (0, 0, 0),
    "[CLS]": (0, 0, 1),
    "[SEP]": (0, 1, 0),
    "red": (4, 0, 0),
    "green": (0, 3, 0),
    "blue": (0, 0, 2),
    "cookie": (2, 1, 0),
    "session": (-1, 2, 1),
    "zebra": (9, 9, -9),
    "ask": (1, 0, 0),
    "tell": (0, 0, -3),
}
NUMBER = {word: number for number, word in enumerate(WORDS)}
LOGIT = {word: float(sum(vector)) for word, vector in WORDS.items()}
"""What a cross-encoder gives a word of the text; one of the query counts a hundredth."""


def bi_encoder(
    folder: Path,
    *,
    pooled: bool = False,
    cls: bool = False,
    quantised: bool = False,
    products: Sequence[Rows] = (),
    **changes: Any,
) -> Path:
    """A folder with a model that gives vectors: of tokens, or (``pooled``) three times the sum of a text.

    One that is ``quantised`` rounds the states of a batch by the largest among them; ``products`` are
    constant matrices that the states are multiplied with, one after the other.
    """
    table = numpy_helper.from_array(np.array(list(WORDS.values()), np.float32), "words")
    nodes = [
        helper.make_node("Gather", ["words", "input_ids"], ["own"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["own", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["total"], keepdims=1),
        helper.make_node("Add", ["own", "total"], ["exact" if quantised else "last_hidden_state"]),
    ]
    if quantised:
        rounded = ["rounded", "scale", "zero"]
        nodes.append(helper.make_node("DynamicQuantizeLinear", ["exact"], rounded))
        nodes.append(helper.make_node("DequantizeLinear", rounded, ["last_hidden_state"]))
    tables = [table]
    for number, matrix in enumerate(products):
        nodes[-1].output[0] = f"before{number}"
        tables.append(numpy_helper.from_array(np.asarray(matrix, np.float32), f"matrix{number}"))
        product = [f"before{number}", f"matrix{number}"]
        nodes.append(helper.make_node("MatMul", product, ["last_hidden_state"]))
    outputs: dict[str, list[str | int]] = {"last_hidden_state": ["n", "length", 3]}
    if pooled:
        nodes.append(helper.make_node("ReduceSum", ["kept", "middle"], ["flat"], keepdims=0))
        nodes.append(helper.make_node("Mul", ["flat", "three"], ["sentence_embedding"]))
        outputs["sentence_embedding"] = ["n", 3]
    write_folder(folder, nodes, outputs, tables, **changes)
    (folder / "1_Pooling").mkdir(exist_ok=True)
    modes = {"pooling_mode_cls_token": cls, "pooling_mode_mean_tokens": not cls}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 3, **modes}))
    return folder


def cross_encoder(folder: Path, *, classes: int = 1, **changes: Any) -> Path:
    """A folder with a model that gives a pair the sum of :data:`LOGIT` over its text."""
    logits = np.array([[LOGIT[word]] * classes for word in WORDS], np.float32)
    kinds = np.array([[0.01], [1.0]], np.float32)
    nodes = [
        helper.make_node("Gather", ["logits_of", "input_ids"], ["own"]),
        helper.make_node("Gather", ["kinds", "token_type_ids"], ["counts"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["own", "counts"], ["weighed"]),
        helper.make_node("Mul", ["weighed", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "middle"], ["logits"], keepdims=0),
    ]
    tables = [numpy_helper.from_array(logits, "logits_of"), numpy_helper.from_array(kinds, "kinds")]
    config = {"architectures": ["TinyForSequenceClassification"], **changes.pop("config", {})}
    return write_folder(folder, nodes, {"logits": ["n", classes]}, tables, config=config, **changes)


def write_folder(
    folder: Path,
    nodes: Sequence[onnx.NodeProto],
    outputs: Mapping[str, Sequence[str | int]],
    tables: Sequence[onnx.TensorProto],
    *,
    inputs: Sequence[str] = ("input_ids", "attention_mask", "token_type_ids"),
    integers: int = TensorProto.INT64,
    graph: str = "model.onnx",
    max_tokens: int = 12,
    config: Mapping[str, Any] | None = None,
    prompts: Mapping[str, str] | None = None,
) -> Path:
    """Write a graph, the tokenizer, and what says how long an input may be."""
    shapes = [helper.make_tensor_value_info(name, integers, ["n", "length"]) for name in inputs]
    given = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()]
    constants = [
        numpy_helper.from_array(np.array([2], np.int64), "last"),
        numpy_helper.from_array(np.array([1], np.int64), "middle"),
        numpy_helper.from_array(np.array(3, np.float32), "three"),
    ]
    whole = helper.make_graph(nodes, "tiny", shapes, given, [*tables, *constants])
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (folder / graph).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / graph))
    tokenizer().save(str(folder / "tokenizer.json"))
    described = {"max_position_embeddings": max_tokens, "pad_token_id": 0, **(config or {})}
    (folder / "config.json").write_text(json.dumps(described))
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts or {}}))
    return folder


def tokenizer() -> Tokenizer:
    """Lower-case words, ``[CLS] text [SEP]`` and ``[CLS] text [SEP] text [SEP]``."""
    made = Tokenizer(models.WordLevel(dict(NUMBER), unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, NUMBER[name]) for name in ("[CLS]", "[SEP]")],
    )
    # As exports often leave it; the loader must not pad or cut by this.
    made.enable_truncation(3)
    made.enable_padding(length=9)
    return made


def counted_texts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts any transformer is given to embed at each call, from now on."""
    counts: list[int] = []
    embed = Transformer.embed

    def noted(self: Transformer, tokens: Sequence[ModelInput]) -> Vectors:
        counts.append(len(tokens))
        return embed(self, tokens)

    monkeypatch.setattr(Transformer, "embed", noted)
    return counts


def vector(*words: str, cls: bool = False) -> Rows:
    """The unit vector of a text of known words, by hand."""
    rows = np.array([WORDS[word] for word in ("[CLS]", *words, "[SEP]")], np.float64)
    states = rows + rows.sum(axis=0)
    pooled = states[0] if cls else states.mean(axis=0)
    unit: Rows = (pooled / np.linalg.norm(pooled)).astype(np.float32)
    return unit


def logit(query: Sequence[str], text: Sequence[str]) -> float:
    """The logit of a pair of known words, by hand."""
    asked = sum(LOGIT[word] for word in ("[CLS]", *query, "[SEP]"))
    return asked / 100 + sum(LOGIT[word] for word in (*text, "[SEP]"))
