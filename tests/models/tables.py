"""model2vec folders, written by hand: a safetensors file and a tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..tiny_models import WORDS, tokenizer

NAMES = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32", "int8": "I8"}
TABLE = np.array(list(WORDS.values()), np.float32)


def write_tensors(file: Path, tensors: Mapping[str, npt.NDArray[Any]], **types: str) -> Path:
    """A safetensors file; ``types`` are other names of types than those of the arrays."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, array in tensors.items():
        begin = len(data)
        data += array.tobytes()
        kind = types.get(name, NAMES.get(array.dtype.name, "?"))
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return file


def write_table(folder: Path, *, layout: str = "model.safetensors", **tensors: npt.NDArray[Any]) -> Path:
    """A folder whose tokens have the vectors of :data:`TABLE`, unless others are given."""
    name = "embedding.weight" if "Static" in layout else "embeddings"
    write_tensors(folder / layout, {name: TABLE, **tensors})
    tokenizer().save(str((folder / layout).parent / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"model_type": "model2vec", "normalize": True}))
    return folder
