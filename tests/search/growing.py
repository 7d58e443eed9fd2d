"""Small trees that a test writes, and their indexes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import semindex
from semindex.config import Settings
from semindex.index import Index

Grow = Callable[[Mapping[str, str]], Index]


@pytest.fixture
def grow(tmp_path: Path, request: pytest.FixtureRequest) -> Grow:
    """Writes files by path and content, indexes them, and gives the open index."""

    def grown(files: Mapping[str, str]) -> Index:
        root = tmp_path / f"tree{len(list(tmp_path.iterdir()))}"
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        index = semindex.open(root, settings=Settings())
        request.addfinalizer(index.close)
        index.refresh()
        return index

    return grown
