"""Segments joined in pieces are what they would be joined whole, byte for byte."""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semindex.errors import IndexUnwritable
from semindex.store import joining
from semindex.store.content import Content, sections
from semindex.store.joining import join
from semindex.store.segment import Segment, write_segment
from tests.store.test_content import SOURCES, content_of
from tests.store.whole import merged

groups = st.lists(
    st.lists(st.tuples(st.sampled_from(sorted(SOURCES)), st.booleans()), min_size=1, max_size=5),
    min_size=1,
    max_size=5,
)
_KNOWN: dict[tuple[str, ...], Content] = {}


def written(folder: Path, paths: list[str]) -> Segment:
    content = _KNOWN.setdefault(tuple(paths), content_of(paths))
    path = folder / f"{len(list(folder.iterdir())):032x}.seg"
    write_segment(path, sections(content))
    return Segment.open(path)


def held(segment: Segment) -> dict[str, Any]:
    return {
        name: (segment.section(name).dtype.str, segment.section(name).shape, segment.section(name).tobytes())
        for name in segment.names
    }


@settings(deadline=None, max_examples=60)
@given(groups, st.sampled_from([1, 7, 500_000]), st.sampled_from([1, 3, 100_000]))
def test_joined_in_pieces_is_joined_whole(
    files: list[list[tuple[str, bool]]], range_bytes: int, block_rows: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(joining, "RANGE_BYTES", range_bytes)
        patch.setattr(joining, "BLOCK_ROWS", block_rows)
        segments = [written(Path(folder), [path for path, _ in group]) for group in files]
        dead = [[i for i, (_, live) in enumerate(group) if not live] for group in files]
        target = Path(folder) / f"{99:032x}.seg"
        found = join(target, segments, dead)
        expected = merged(segments, dead)
        if expected is None:
            assert found is None
            assert not target.exists()
            return
        assert found is not None
        write_segment(target.with_name(f"{98:032x}.seg"), sections(expected))
        joined = Segment.open(target)
        assert held(joined) == held(Segment.open(target.with_name(f"{98:032x}.seg")))
        assert joined.verify() == []
        assert (found.paths, found.chunks, found.nbytes) == (
            expected.paths,
            len(expected.chunk_kinds),
            target.stat().st_size,
        )


def test_nothing_but_the_segment_is_left(tmp_path: Path) -> None:
    segments = [written(tmp_path, list(SOURCES)) for _ in range(3)]
    before = set(tmp_path.iterdir())
    join(tmp_path / "joined.seg", segments, [[], [1], []])
    assert set(tmp_path.iterdir()) - before == {tmp_path / "joined.seg"}


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    segments = [written(tmp_path, list(SOURCES)) for _ in range(3)]
    before = set(tmp_path.iterdir())
    with pytest.raises(IndexUnwritable):
        join(tmp_path / "missing" / "joined.seg", segments, [[], [], []])
    assert set(tmp_path.iterdir()) == before


@pytest.mark.skipif(not hasattr(__import__("mmap"), "MADV_DONTNEED"), reason="pages cannot be let go")
def test_what_was_verified_is_not_this_processs_memory_any_more(tmp_path: Path) -> None:
    path = tmp_path / "large.seg"
    write_segment(path, {"rows": np.ones(40_000_000, dtype=np.uint8), "more": np.ones(40_000_000, np.uint8)})
    os.sync()
    segment = Segment.open(path)
    gc.collect()
    before = psutil.Process().memory_info().rss
    assert segment.verify() == []
    assert psutil.Process().memory_info().rss - before < 20_000_000
    assert int(segment.section("rows").sum()) == 40_000_000  # and it comes back
    assert psutil.Process().memory_info().rss - before > 30_000_000
