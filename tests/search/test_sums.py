"""What falls to rows is added in the order given, laid out or sorted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.search.sums import cells, ranges, sums

fallen = st.lists(st.tuples(st.integers(0, 30), st.floats(0.001, 9)), max_size=60)


@pytest.mark.parametrize("limits", [(0, 0), (10**6, 10**6)], ids=["sorted", "laid out"])
def test_cells_are_those_that_something_falls_to(
    limits: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("semindex.search.sums._DENSE_CELLS", limits[0])
    monkeypatch.setattr("semindex.search.sums._DENSE_SHARE", limits[1])
    property_of_cells()


@given(fallen)
def property_of_cells(found: list[tuple[int, float]]) -> None:
    places = np.array([place for place, _ in found], dtype=np.int64)
    values = np.array([value for _, value in found])
    wanted: dict[int, float] = {}
    for place, value in found:
        wanted[place] = wanted.get(place, 0.0) + value
    at, totals = cells(places, values, 31)
    assert at.tolist() == sorted(wanted)
    assert totals.tolist() == [wanted[place] for place in sorted(wanted)]
    assert sums(places, values, 31).tolist() == [wanted.get(place, 0.0) for place in range(31)]


def test_ranges_are_joined() -> None:
    assert ranges(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert ranges(np.empty(0, np.int64), np.empty(0, np.int64)).tolist() == []
