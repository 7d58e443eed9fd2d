"""What all texts share is taken out, and nothing else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.models.centring import DOCUMENTS, QUERIES, centred
from semindex.models.texts import unit

Rows = npt.NDArray[np.float32]


def drawn(seed: int, count: int = 40, dim: int = 24) -> Rows:
    return unit(np.random.default_rng(seed).standard_normal((count, dim), np.float32))


def cosines(rows: Rows) -> Rows:
    found: Rows = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    return found


@given(st.integers(0, 999))
def test_rows_are_unit_or_zero(seed: int) -> None:
    rows = drawn(seed)
    rows[3] = 0
    centre = rows.mean(axis=0)
    rows[5] = centre
    lengths = np.linalg.norm(centred(rows, centre), axis=1)
    np.testing.assert_allclose(np.delete(lengths, [3, 5]), 1, atol=1e-5)
    assert not lengths[[3, 5]].any()


@pytest.mark.parametrize(("distance", "length"), [(1e-5, 0), (9e-4, 0), (2e-3, 1), (0.05, 1)])
def test_a_row_that_rounding_alone_keeps_from_the_centre_says_nothing(distance: float, length: int) -> None:
    rows = drawn(7)
    centre = rows.mean(axis=0)
    rows[3] = centre + np.float32(distance) * drawn(8, 1)[0]
    found = centred(rows, centre)[3]
    assert np.linalg.norm(found) == pytest.approx(length, abs=1e-5)
    if length:
        np.testing.assert_allclose(found, drawn(8, 1)[0], atol=1e-3)


def test_without_a_centre_nothing_changes() -> None:
    rows = drawn(1)
    np.testing.assert_allclose(centred(rows, np.zeros(24, np.float32)), rows, atol=1e-6)


@given(st.integers(0, 99), st.floats(0.8, 3))
def test_a_constant_that_a_model_adds_changes_nothing_once_it_is_taken_out(
    seed: int, strength: float
) -> None:
    """Other texts than those that the centre is of."""
    base = np.float32(strength) * drawn(1000, 1)
    probe, rows = drawn(seed + 2000, 64), drawn(seed)
    shifted_probe, shifted = unit(probe + base), unit(rows + base)
    assert cosines(shifted).mean() > 0.25
    plain = cosines(centred(rows, probe.mean(axis=0)))
    without = cosines(centred(shifted, shifted_probe.mean(axis=0)))
    assert abs(float(without.mean())) < 0.05
    assert float(np.corrcoef(plain, without)[0, 1]) > 0.9


def test_the_probe_is_of_many_texts_and_none_twice() -> None:
    assert len(set(DOCUMENTS)) == len(DOCUMENTS) == len(set(QUERIES)) == len(QUERIES) == 32
    assert all(text.strip() == text for text in (*DOCUMENTS, *QUERIES))
