"""Pooling, beside plain loops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.models.pooling import Pooling, pooled

Row = npt.NDArray[np.float32]
EXPECTED: dict[Pooling, Callable[[Row], Row]] = {
    Pooling.CLS: lambda rows: rows[0],
    Pooling.LAST: lambda rows: rows[-1],
    Pooling.MAX: lambda rows: rows.max(axis=0),
    Pooling.MEAN: lambda rows: rows.mean(axis=0),
    Pooling.MEAN_ROOT: lambda rows: rows.mean(axis=0),
    Pooling.WEIGHTED_MEAN: lambda rows: np.average(rows, axis=0, weights=np.arange(1, len(rows) + 1)),
}


@pytest.mark.parametrize("pooling", Pooling)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_padding_says_nothing(pooling: Pooling, lengths: list[int], seed: int) -> None:
    drawn = np.random.default_rng(seed)
    states = drawn.normal(size=(len(lengths), max(lengths), 4)).astype(np.float32)
    mask = np.array([[int(at < length) for at in range(max(lengths))] for length in lengths], np.int64)
    states[mask == 0] = 1e6
    found = pooled(states, mask, pooling)
    expected = [EXPECTED[pooling](row[:length]) for row, length in zip(states, lengths, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
