"""What dask leaves open is closed right after the test that used it."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def close_what_dask_leaves_open() -> Iterator[None]:
    """Collect sockets that dask did not close, lest their warning fails a later test.

    Only tests that use dask have this fixture: a collection takes 0.15 s in the process of a whole run.
    """
    yield
    if "distributed" in sys.modules:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
