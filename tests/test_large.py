"""What a large index does otherwise changes no answer: forced upon a small one, it gives the same bits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import semindex
from semindex.config import Settings
from semindex.types import Hits
from tests.corpus import copy_package

QUERIES = (
    "parse the header of a message",
    "EmailMessage.get_body",
    "attachments of a multipart message",
    "raise an error when the charset is not known",
    "email policy",
    '"line length"',
    " ".join(f"word{number} header" for number in range(80)),
)
WAYS: list[dict[str, Any]] = [{}, {"mode": "dense"}, {"group_by": "chunk"}, {"kinds": ["function"]}]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tree and its index, of two segments, with files that are gone."""
    root = copy_package("email", tmp_path_factory.mktemp("large") / "repo")
    index_dir = tmp_path_factory.mktemp("index")
    with semindex.open(root, index_dir=index_dir) as index:
        index.refresh()
        (root / "email" / "quoprimime.py").unlink()
        (root / "email" / "more.py").write_text("def parse_header(message):\n    return message\n", "utf-8")
        index.refresh()
    return root, index_dir


def answers(place: tuple[Path, Path], settings: Settings) -> Iterator[Hits]:
    root, index_dir = place
    with semindex.open(root, index_dir=index_dir, settings=settings) as index:
        for way in WAYS:
            yield from (index.search(query, **way) for query in QUERIES)


def test_a_large_index_answers_as_a_small_one(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = [hits.hits for hits in answers(place, Settings(memory_mapping_threshold_mb=1000))]
    assert sum(bool(hits) for hits in small) >= len(WAYS) * (len(QUERIES) - 1)
    for name, value in {
        "search.lookup._FEW_CHUNKS": 0,
        "search.retrieve.THREADED_CHUNKS": 0,
        "search.retrieve._CELLS": 1,
        "search.shortlist._SAMPLED_CHUNKS": 1,
        "search.shortlist._SAMPLE": 16,
        "search.sums._DENSE_CELLS": 0,
        "store.generation._BLOCK_BYTES": 1,
        "store.generation.THREADED_ROWS": 0,
        "store.vectors.THREADED_ROWS": 0,
        "store.vectors.BLOCK_ROWS": 7,
    }.items():
        monkeypatch.setattr(f"semindex.{name}", value)
    large = [hits.hits for hits in answers(place, Settings(memory_mapping_threshold_mb=0))]
    for one, other in zip(small, large, strict=True):
        assert one == other
