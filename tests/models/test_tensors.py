"""Safetensors files: numbers come back as they were written, damage is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numbers

from semindex.errors import ModelError
from semindex.models.tensors import map_tensors, tensor_names

from .tables import NAMES, write_tensors

arrays = st.sampled_from(sorted(NAMES)).flatmap(
    lambda name: numbers.arrays(name, numbers.array_shapes(max_dims=3, max_side=5))
)


@given(st.dictionaries(st.text(max_size=9).filter(lambda name: name != "__metadata__"), arrays, max_size=4))
def test_numbers_come_back(
    tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, npt.NDArray[Any]]
) -> None:
    file = write_tensors(tmp_path_factory.mktemp("tensors") / "model.safetensors", tensors)
    found = map_tensors(file)
    assert tensor_names(file) == set(tensors) == set(found)
    for name, array in tensors.items():
        np.testing.assert_array_equal(found[name], array)


def test_bfloat16_is_widened(tmp_path: Path) -> None:
    values = np.array([1.0, -2.5, 0.0], "<f4")
    halves = (values.view("<u4") >> 16).astype("<u2")
    file = write_tensors(tmp_path / "model.safetensors", {"a": halves}, a="BF16")
    np.testing.assert_array_equal(map_tensors(file)["a"], values)


def test_a_file_that_is_not_there_has_no_tensors(tmp_path: Path) -> None:
    assert tensor_names(tmp_path / "none") == frozenset()


@pytest.mark.parametrize(
    "content", [b"", b"\x02", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0[]", b"\x02\0\0\0\0\0\0\0{"]
)
def test_what_is_no_such_file_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.safetensors is no safetensors file"):
        map_tensors(file)


def test_a_file_that_was_cut_is_told(tmp_path: Path) -> None:
    file = write_tensors(tmp_path / "model.safetensors", {"a": np.ones(8, np.float32)})
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ModelError, match="is damaged: a lies outside"):
        map_tensors(file)


def test_numbers_of_an_unknown_kind_are_told(tmp_path: Path) -> None:
    file = write_tensors(tmp_path / "model.safetensors", {"a": np.ones(8, np.uint8)}, a="F8_E4M3")
    with pytest.raises(ModelError, match="a is of the type F8_E4M3; known are F64"):
        map_tensors(file)
