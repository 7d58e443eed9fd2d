from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from semindex.embed.quantising import quantise


def test_halves_are_rounded_to_even() -> None:
    rows = np.array([[0.5, 1.5, 2.5, -0.5, -1.5, 127.0]], np.float32) / np.float32(127)
    exact = (rows * np.float32(127) == np.array([0.5, 1.5, 2.5, -0.5, -1.5, 127], np.float32))[0]
    got = quantise(rows)[0]
    expected = np.array([0, 2, 2, 0, -2, 127])
    assert exact.sum() >= 4
    assert (got[exact] == expected[exact]).all()


def test_the_input_is_left_alone_and_the_ends_fit() -> None:
    rows = np.array([[1.0, -1.0, 0.0]], np.float32)
    assert quantise(rows).tolist() == [[127, -127, 0]]
    assert rows.tolist() == [[1.0, -1.0, 0.0]]
    assert quantise(rows).dtype == np.int8


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 3.0))
def test_the_direction_survives(seed: int, peak: float) -> None:
    row = np.random.default_rng(seed).normal(size=128)
    row[seed % 128] += peak * 10
    unit = (row / np.linalg.norm(row)).astype(np.float32)
    back = quantise(unit[None])[0].astype(np.float64)
    assert float(back @ unit / np.linalg.norm(back)) > 0.995
