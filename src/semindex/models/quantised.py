"""Converts a transformer's graph to int8, and keeps the result if its vectors are nearly the same.

Products with constant matrices are quantised dynamically, with one scale a column
(https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html). Some fixed texts are embedded
by both graphs; the lowest cosine between the two vectors of a text decides. Example: MiniLM has 36 such
products. With all of them in int8 the lowest cosine is 0.988, below LEAST_COSINE. Without the 6 of the first
layer, whose errors pass through all others, it is 0.993: that graph is kept, as ``FINGERPRINT-int8.1.onnx``,
with what was found in the ``.json`` beside it. A graph that fails both times is recorded too, and not tried
again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from semindex.errors import ModelError
from semindex.models import centring
from semindex.models.encoder import open_folder
from semindex.models.modelfolder import ModelFolder, fingerprint, weight_files
from semindex.models.packages import from_extra
from semindex.models.running import RunOptions
from semindex.models.session import rounds_by_batch

VERSION = 1
"""To be raised when the same graph is converted otherwise than before; part of the file's name."""
LEAST_COSINE = 0.99
"""MiniLM without its first layer reaches 0.993, at two thirds of the processor time of float32 (2.4 s instead
of 3.6 s for 48 texts of 159 tokens, one text a batch)."""
LAYER_PRODUCTS = 6
"""Products of a layer: query, key, value, output, and the two of the feed-forward part."""
_MOST_BYTES = 1_500_000_000
"""Larger weights are not converted: a file of the format holds at most 2 GB."""
_MEMORY_FACTOR = 4
"""Converting takes this many times the memory of the weights."""


class Conversion(msgspec.Struct, frozen=True):
    """What converting a graph gave; stored as JSON."""

    used: bool
    """Whether the int8 graph is to be used."""
    least_cosine: float
    left_out: int
    """How many products stay in float32."""
    failed: str = ""
    """Why converting failed; empty if it did not."""


def int8_folder(folder: ModelFolder, running: RunOptions) -> tuple[ModelFolder, Conversion | None]:
    """The folder with its graph in int8, or unchanged if that is not to be used; and what converting gave.

    The graph is converted the first time; later calls read what was found. None stands for a model that is
    not converted at all.

    Args:
        folder: The folder of a bi-encoder.
        running: Its ``derived`` names the folder of converted graphs.
    """
    if not running.derived or not _worth_trying(folder, running):
        return folder, None
    place = Path(running.derived) / f"{fingerprint(folder)}-int8.{VERSION}.onnx"
    told = place.with_suffix(".json")
    verdict = _read_conversion(told)
    if verdict is None or (verdict.used and not place.is_file()):
        try:
            verdict = _make(folder, place, running)
            told.parent.mkdir(parents=True, exist_ok=True)
            _write(told, msgspec.json.encode(verdict))
        except OSError as error:
            if verdict is None or verdict.used:
                return folder, Conversion(False, 0.0, 0, f"{place.parent}: {error.strerror}")
    return (replace(folder, graph=place) if verdict.used else folder), verdict


def _worth_trying(folder: ModelFolder, running: RunOptions) -> bool:
    """Whether the graph is in float32 and small enough to be converted."""
    weights = sum(file.stat().st_size for file in weight_files(folder))
    most = min(_MOST_BYTES, (running.most_bytes or _MOST_BYTES * _MEMORY_FACTOR) // _MEMORY_FACTOR)
    return weights <= most and folder.graph.stem == "model" and not rounds_by_batch(folder.graph)


def _make(folder: ModelFolder, place: Path, running: RunOptions) -> Conversion:
    """Convert the graph, compare its vectors, and keep it at ``place`` if they are near enough."""
    aside = place.with_name(f"{place.name}.{os.getpid()}.tmp")
    try:
        model, products = _products(folder)
        if not products:
            return Conversion(False, 0.0, 0)
        place.parent.mkdir(parents=True, exist_ok=True)
        aside.touch()  # fails at once if the folder cannot be written
        least = 0.0
        for left_out in [each for each in (0, LAYER_PRODUCTS) if each < len(products)]:
            _convert(model, products[left_out:], aside)
            least = _least_cosine(folder, replace(folder, graph=aside), running)
            if least >= LEAST_COSINE:
                aside.replace(place)
                return Conversion(True, least, left_out)
        return Conversion(False, least, left_out)
    except ModelError as error:
        return Conversion(False, 0.0, 0, str(error))
    finally:
        with suppress(OSError):
            aside.unlink()


def _products(folder: ModelFolder) -> tuple[Any, list[str]]:
    """The graph with every node named, and the names of its products with constant matrices, in order."""
    with from_extra("onnx"):
        import onnx
    model = onnx.load(str(folder.graph))
    # Without this mark the package prints a warning that its preprocessing was not run.
    model.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    constant = {each.name for each in model.graph.initializer}
    found = []
    for number, node in enumerate(model.graph.node):
        node.name = f"{number}-{node.op_type}"
        if node.op_type == "MatMul" and node.input[1] in constant:
            found.append(node.name)
    return model, found


def _convert(model: Any, products: Sequence[str], into: Path) -> None:
    """Write the graph with these products in int8."""
    with from_extra("onnx"):
        from onnxruntime.quantization import QuantType, quantize_dynamic
    try:
        quantize_dynamic(
            type(model).FromString(model.SerializeToString()),
            str(into),
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul"],
            nodes_to_quantize=list(products),
        )
    except Exception as error:  # onnxruntime's errors have no narrower base
        raise ModelError(f"the graph cannot be converted to int8: {error}") from error


def _least_cosine(one: ModelFolder, other: ModelFolder, running: RunOptions) -> float:
    """The lowest cosine between the vectors that two graphs give for the same text."""
    rows = []
    for folder in (one, other):
        model = open_folder(folder, running)
        rows.append(model.embed(model.tokens([*centring.DOCUMENTS, *centring.QUERIES])))
    return float((rows[0] * rows[1]).sum(axis=1).min())


def _read_conversion(file: Path) -> Conversion | None:
    """What was found before; None if there is no such file or it is damaged."""
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(file.read_bytes(), type=Conversion)
    return None


def _write(file: Path, content: bytes) -> None:
    aside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    aside.write_bytes(content)
    aside.replace(file)
