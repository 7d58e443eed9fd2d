"""Cosines are exact quotients of whole numbers, however many rows there are."""

import numpy as np
import pytest

from semindex.store.vectors import cosines, whole_query


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 129, 1000])
@pytest.mark.parametrize("dim", [64, 128])
def test_products_are_those_of_whole_numbers(count: int, dim: int) -> None:
    rng = np.random.default_rng(count)
    vectors = rng.integers(-127, 128, (count, dim)).astype(np.int8)
    query = rng.standard_normal(dim).astype(np.float32)
    query /= np.linalg.norm(query)
    whole, divisor = whole_query(query)
    wanted = (vectors.astype(np.int64) @ whole.astype(np.int64)) / divisor
    assert np.array_equal(cosines(vectors, query), wanted)
    assert np.array_equal(cosines(vectors.astype(np.float32), query), wanted)
