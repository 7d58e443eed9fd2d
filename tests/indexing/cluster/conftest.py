"""Tests that use dask clean up behind it."""

from tests.indexing.cluster.leftovers import close_what_dask_leaves_open

__all__ = ["close_what_dask_leaves_open"]
