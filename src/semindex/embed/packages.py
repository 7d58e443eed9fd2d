"""Optional packages, imported when something needs them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from semindex.errors import ModelError

_EXTRA: Mapping[str, str] = {
    "huggingface_hub": "onnx",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxruntime.quantization": "onnx",
    "sentence_transformers": "torch",
    "tokenizers": "onnx",
    "torch": "torch",
}


def imported(name: str) -> Any:
    """The package of that name.

    Raises:
        ModelError: It is not installed; the message names the extra that brings it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ModelError(
            f"the package {name} is needed for this model ({error}); "
            f'install it with: pip install "semindex[{_EXTRA[name]}]"'
        ) from error
