"""Maps the arrays of a safetensors file (https://github.com/huggingface/safetensors)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from semindex.errors import ModelError

_MOST_HEADER_BYTES = 100_000_000
"""The largest header that the format allows."""
_TYPES: Mapping[str, str] = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2",
    "I8": "<i1", "U8": "<u1",
}  # fmt: skip

Array = npt.NDArray[Any]


class _Tensor(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def tensor_names(file: Path) -> frozenset[str]:
    """The names of a file's tensors; empty if there is no such file.

    Raises:
        ModelError: The file cannot be read or is damaged.
    """
    return frozenset(_header(file)[0]) if file.is_file() else frozenset()


def map_tensors(file: Path) -> dict[str, Array]:
    """A file's tensors by name, as read-only arrays over the mapped file; bfloat16 is copied to float32.

    Raises:
        ModelError: The file cannot be read, is damaged, or holds numbers of an unknown type.
    """
    tensors, begin = _header(file)
    content = np.memmap(file, np.uint8, "r")
    return {name: _array(file, name, tensor, content[begin:]) for name, tensor in tensors.items()}


def _array(file: Path, name: str, tensor: _Tensor, data: Array) -> Array:
    """One tensor of ``data``, the bytes behind the header."""
    low, high = tensor.data_offsets
    kind = _TYPES.get(tensor.dtype)
    if kind is None:
        raise ModelError(f"{file}: {name} is of the type {tensor.dtype}; known are {', '.join(_TYPES)}")
    expected = math.prod(tensor.shape) * np.dtype(kind).itemsize
    if min([low, *tensor.shape]) < 0 or high - low != expected or high > len(data):
        raise ModelError(f"{file} is damaged: {name} lies outside of it; get the model's folder again")
    found = data[low:high].view(kind).reshape(tensor.shape)
    if tensor.dtype == "BF16":
        return (found.astype("<u4") << np.uint32(16)).view("<f4")
    return found


def _header(file: Path) -> tuple[dict[str, _Tensor], int]:
    """What the header says of each tensor, and the offset in the file at which their data begins."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            raw = opened.read(length) if length <= _MOST_HEADER_BYTES else b""
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        fields.pop("__metadata__", None)
        return {name: msgspec.json.decode(each, type=_Tensor) for name, each in fields.items()}, 8 + length
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} is no safetensors file: {error}; get the model's folder again") from error
