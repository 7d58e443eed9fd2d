"""What a large index does otherwise changes no answer: forced upon a small one, it gives the same bits."""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import semindex
from semindex.config import Settings
from semindex.types import Hit
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
WAYS: list[dict[str, Any]] = [{}, {"mode": "dense"}, {"group_by": "chunk"}, {"kind": ["function"]}]


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


WARM_UP = ("a folder of mails", "digest of a body")
"""Asked first: from the second query on a small index is decoded."""
LARGE: dict[str, object] = {
    "search.ranker.DECODED_CHUNKS": 0,
    "search.gathering._FEW_CHUNKS": 0,
    "search.gathering.THREADED_CHUNKS": 0,
    "search.scoring._CELLS": 1,
    "search.shortlist._SAMPLED_CHUNKS": 1,
    "search.shortlist._SAMPLE": 16,
    "search.sums._DENSE_CELLS": 0,
    "store.generation._BLOCK_BYTES": 1,
    "store.vectors.THREADED_ROWS": 0,
    "store.vectors.BLOCK_ROWS": 7,
}


def answers(
    place: tuple[Path, Path], mapped_above_mb: int, changed: Mapping[str, object], *, decoded: bool
) -> list[Sequence[Hit]]:
    """All answers with some constants changed, their reasons and other spans made meanwhile."""
    root, index_dir = place
    settings = Settings(memory_mapping_threshold_mb=mapped_above_mb)
    with (
        pytest.MonkeyPatch.context() as patch,
        semindex.open(root, index_dir=index_dir, settings=settings) as index,
    ):
        for name, value in changed.items():
            patch.setattr(f"semindex.{name}", value)
        for query in WARM_UP:
            index.search(query)
        assert (index.snapshot().ranker._table is not None) is decoded
        found = [index.search(query, **way).hits for way in WAYS for query in QUERIES]
        for hit in chain.from_iterable(found):
            assert hit.reasons
            len(hit.more)
        return found


def test_a_large_index_answers_as_a_small_one(place: tuple[Path, Path]) -> None:
    small = answers(place, 1000, {}, decoded=True)
    assert sum(bool(hits) for hits in small) >= len(WAYS) * (len(QUERIES) - 1)
    gathered = answers(place, 1000, {"search.ranker.DECODED_CHUNKS": 0}, decoded=False)
    large = answers(place, 0, LARGE, decoded=False)
    for one, other, third in zip(small, gathered, large, strict=True):
        assert one == other
        assert one == third
