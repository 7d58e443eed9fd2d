"""The collector is as it was when the work is done."""

from __future__ import annotations

import gc

import pytest

from semindex.process.garbage import without_collection


@pytest.mark.parametrize("was_on", [True, False])
def test_collection_is_as_it_was_afterwards(was_on: bool) -> None:
    assert gc.isenabled()
    try:
        if not was_on:
            gc.disable()
        with pytest.raises(KeyError), without_collection():
            assert not gc.isenabled()
            raise KeyError
        assert gc.isenabled() is was_on
    finally:
        gc.enable()
