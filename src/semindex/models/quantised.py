"""A transformer's graph in 8-bit whole numbers, made here and kept when its vectors stay what they were.

Dynamic quantisation (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html) of the
products with constant matrices, one scale a column. What is kept is decided by a fixed probe: the least
cosine between a text's two vectors. Where that is too low, it is tried again without the first layer, whose
errors reach furthest.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from semindex.errors import ModelError
from semindex.models import centring
from semindex.models.encoder import open_folder
from semindex.models.modelfolder import ModelFolder, fingerprint, weight_files
from semindex.models.packages import from_extra
from semindex.models.running import RunOptions
from semindex.models.session import rounds_by_batch

VERSION = 1
"""Raised when the same graph is converted otherwise; part of the name of what is kept."""
LEAST_COSINE = 0.99
"""MiniLM: 0.988 with all products in int8; 0.993 without those of the first layer, at two thirds of the
processor time of float32 for texts of 159 tokens (2.4 s and 3.6 s for 48), a text at a time."""
LAYER_PRODUCTS = 6
"""Of a layer: query, key, value, output, and two between."""
_MOST_BYTES = 1_500_000_000
"""Of weights: a file of the format ends at 2 GB, and converting takes several times as much memory."""
_MEMORY_FACTOR = 4


class Conversion(msgspec.Struct, frozen=True):
    """What came of converting a graph."""

    used: bool
    least_cosine: float
    left_out: int
    """Products that stay in float32."""
    failed: str = ""
    """Why there is no graph, when that is nobody's choice."""


def int8_folder(folder: ModelFolder, running: RunOptions) -> tuple[ModelFolder, Conversion | None]:
    """The folder with the converted graph, made the first time, or as it is; and what was found.

    Args:
        folder: Of a bi-encoder.
        running: How it is run; its ``derived`` names the folder of converted graphs.
    """
    if not running.derived or not _worth_trying(folder, running):
        return folder, None
    place = Path(running.derived) / f"{fingerprint(folder)}-int8.{VERSION}.onnx"
    told = place.with_suffix(".json")
    verdict = _read_conversion(told)
    if verdict is None or (verdict.used and not place.is_file()):
        try:
            verdict = _made(folder, place, running)
            told.parent.mkdir(parents=True, exist_ok=True)
            _write(told, msgspec.json.encode(verdict))
        except OSError as error:
            if verdict is None or verdict.used:
                return folder, Conversion(False, 0.0, 0, f"{place.parent}: {error.strerror}")
    return (replace(folder, graph=place) if verdict.used else folder), verdict


def _worth_trying(folder: ModelFolder, running: RunOptions) -> bool:
    weights = sum(file.stat().st_size for file in weight_files(folder))
    most = min(_MOST_BYTES, (running.most_bytes or _MOST_BYTES * _MEMORY_FACTOR) // _MEMORY_FACTOR)
    return weights <= most and folder.graph.stem == "model" and not rounds_by_batch(folder.graph)


def _made(folder: ModelFolder, place: Path, running: RunOptions) -> Conversion:
    """Convert, compare, keep or remove."""
    aside = place.with_name(f"{place.name}.{os.getpid()}.tmp")
    try:
        model, products = _products(folder)
        if not products:
            return Conversion(False, 0.0, 0)
        place.parent.mkdir(parents=True, exist_ok=True)
        aside.touch()  # a folder that cannot be written is found before the work is done
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
    """The graph, its nodes named, and its products with constant matrices in their order."""
    with from_extra("onnx"):
        import onnx
    model = onnx.load(str(folder.graph))
    # What would do the same at greater length; without it the package prints that it was not asked to.
    model.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    constant = {each.name for each in model.graph.initializer}
    found = []
    for number, node in enumerate(model.graph.node):
        node.name = f"{number}-{node.op_type}"
        if node.op_type == "MatMul" and node.input[1] in constant:
            found.append(node.name)
    return model, found


def _convert(model: Any, products: Sequence[str], into: Path) -> None:
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
    except Exception as error:  # the package raises nothing more exact
        raise ModelError(f"the graph cannot be converted to int8: {error}") from error


def _least_cosine(one: ModelFolder, other: ModelFolder, running: RunOptions) -> float:
    """Of the probe's vectors by two graphs."""
    rows = []
    for folder in (one, other):
        model = open_folder(folder, running)
        rows.append(model.embed(model.tokens([*centring.DOCUMENTS, *centring.QUERIES])))
    return float((rows[0] * rows[1]).sum(axis=1).min())


def _read_conversion(file: Path) -> Conversion | None:
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(file.read_bytes(), type=Conversion)
    return None


def _write(file: Path, content: bytes) -> None:
    aside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    aside.write_bytes(content)
    aside.replace(file)
