"""Cosines are exact quotients of whole numbers, however many rows there are."""

import sys

import numpy as np
import numpy.typing as npt
import pytest

from semindex.store import vectors as module
from semindex.store.vectors import Scan, nearness, whole_query
from semindex.types import Int8Vectors, Vector


def cosines(vectors: Int8Vectors, query: Vector) -> npt.NDArray[np.float64]:
    return nearness([vectors], query).at(np.arange(len(vectors)))


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


def test_the_example_of_a_query_in_whole_numbers() -> None:
    query = np.array([0.6, 0.8], np.float32)
    whole, divisor = whole_query(query)
    assert whole.tolist() == [95, 127]
    assert divisor == pytest.approx(158.75 * 127)
    found = nearness([np.array([[127, 0]], np.int8)], query)
    assert found.products.tolist() == [12065]
    assert found.at(np.array([0])) == pytest.approx([0.598], abs=0.0005)


def test_a_cosine_is_that_of_the_unrounded_query_but_for_rounding() -> None:
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((500, 192))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = vectors[7].astype(np.float32)
    found = cosines(np.rint(vectors * 127).astype(np.int8), query)
    assert int(found.argmax()) == 7
    assert np.abs(found - vectors @ query).max() < 0.03


def test_extreme_values_and_a_query_of_nothing() -> None:
    ends = np.array([[127, -127] * 96, [-127, 127] * 96], dtype=np.int8)
    query = np.array([1.0, -1.0] * 96, dtype=np.float32) / np.sqrt(np.float32(192))
    assert cosines(ends, query).tolist() == pytest.approx([192**0.5, -(192**0.5)])
    assert cosines(ends, np.zeros(192, dtype=np.float32)).tolist() == [0.0, 0.0]


def test_parts_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    rows = rng.integers(-127, 128, (3000, 192)).astype(np.int8)
    query = rng.standard_normal(192).astype(np.float32)
    whole = nearness([rows], query)
    parts = nearness([rows[:1], rows[:0], rows[1:2000], rows[2000:]], query)
    assert np.array_equal(parts.products, whole.products)
    monkeypatch.setattr(module, "THREADED_ROWS", 10)
    monkeypatch.setattr(module, "BLOCK_ROWS", 7)
    assert len(Scan([rows[:8], rows[8:20]], query).tasks) == 4
    assert np.array_equal(nearness([rows], query).products, whole.products)
    assert nearness([], query).products.shape == (0,)


def test_thousands_of_calls_leave_none_alone() -> None:
    rows = np.ones((4, 192), dtype=np.int8)
    before = sys.getrefcount(None)
    for _ in range(3000):
        nearness([rows[:2], rows[2:]], np.ones(192, dtype=np.float32))
    assert sys.getrefcount(None) > before - 1000
