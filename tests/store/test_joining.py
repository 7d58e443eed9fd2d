"""Segments joined in pieces are what they would be joined whole, byte for byte."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from semindex.errors import IndexCorrupt, IndexUnwritable
from semindex.store import joining
from semindex.store.content import Content, Strings, sections
from semindex.store.joining import join_segments
from semindex.store.postings import Triples
from semindex.store.schema import (
    CHUNK,
    FILE,
    SCHEMA,
    SYMBOL,
    Column,
    Form,
    PostingsField,
    RowsOf,
    Schema,
)
from semindex.store.segment import Array, Segment, write_segment
from tests.store.test_content import SOURCES, content_of
from tests.store.whole import merged, read

groups = st.lists(
    st.lists(st.tuples(st.sampled_from(sorted(SOURCES)), st.booleans()), min_size=1, max_size=5),
    min_size=1,
    max_size=5,
)
_KNOWN: dict[tuple[str, ...], Content] = {}

MADE_UP = (
    *(
        Column(name=f"made_{rows.value}_{form.name}", rows=rows, form=form, dtype=np.uint16, required=False)
        for rows in RowsOf
        for form in (Form.NUMBERS, Form.STRINGS, Form.CODES)
    ),
    Column(name="made_pairs", rows=SYMBOL, dtype=np.int8, shape=(2, 3), required=False),
    Column(name="made_edges", rows=SYMBOL, dtype=np.int32, shape=(2,), refers=FILE, required=False),
    Column(name="made_homes", rows=FILE, dtype=np.int32, refers=CHUNK, required=False),
    Column(
        name="made_order",
        rows=FILE,
        form=Form.ORDER,
        dtype=np.uint32,
        orders="made_file_NUMBERS",
        required=False,
    ),
)
MADE_UP_FIELDS = tuple(
    PostingsField(name=f"made_field_{rows.value}", rows=rows, required=False) for rows in RowsOf
)
LARGER = Schema((*SCHEMA.columns, *MADE_UP), (*SCHEMA.fields, *MADE_UP_FIELDS), SCHEMA.grams)
"""The schema with a made-up row of every form for every kind of rows."""


def with_made_up(content: Content, seed: int, lacking: frozenset[str] = frozenset()) -> Content:
    """The content with random values in the made-up columns and fields."""
    random = np.random.default_rng(seed)
    columns: dict[str, Array | Strings] = {}
    for column in MADE_UP:
        rows = content.count(column.rows)
        if column.form in (Form.STRINGS, Form.CODES):
            columns[column.name] = tuple(bytes([65 + i]) * i for i in random.integers(0, 5, rows).tolist())
        elif column.form is Form.NUMBERS:
            most = 9 if column.refers is None else content.count(column.refers)
            least = 0 if column.refers is None else -1
            columns[column.name] = random.integers(least, most, (rows, *column.shape)).astype(column.dtype)
    postings = {}
    for field in MADE_UP_FIELDS:
        pairs = np.flatnonzero(random.integers(0, 2, 3 * content.count(field.rows)))
        terms = (pairs % 3 + 1).astype(np.uint64) << np.uint64(40)
        postings[field.name] = Triples(terms, pairs // 3, np.full(len(pairs), 2, dtype=np.uint8))
    return Content(
        {name: values for name, values in {**content.columns, **columns}.items() if name not in lacking},
        {name: lists for name, lists in {**content.postings, **postings}.items() if name not in lacking},
        {name: pairs for name, pairs in content.grams.items() if name not in lacking},
    )


def written(folder: Path, content: Content, schema: Schema = SCHEMA) -> Segment:
    path = folder / f"{len(list(folder.iterdir())):032x}.seg"
    write_segment(path, sections(content, schema))
    return Segment.open(path)


def of_sources(paths: Sequence[str]) -> Content:
    return _KNOWN.setdefault(tuple(paths), content_of(list(paths)))


def held(segment: Segment) -> dict[str, Any]:
    return {
        name: (segment.section(name).dtype.str, segment.section(name).shape, segment.section(name).tobytes())
        for name in segment.names
    }


@settings(max_examples=30)
@given(groups, st.sampled_from([1, 7, 500_000]), st.sampled_from([1, 3, 100_000]), st.integers(0, 99))
def test_every_row_of_the_schema_is_joined_in_pieces_as_it_is_joined_whole(
    files: list[list[tuple[str, bool]]], range_bytes: int, block_rows: int, seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(joining, "RANGE_BYTES", range_bytes)
        patch.setattr(joining, "BLOCK_ROWS", block_rows)
        contents = [
            with_made_up(of_sources([path for path, _ in group]), seed + number)
            for number, group in enumerate(files)
        ]
        segments = [written(Path(folder), content, LARGER) for content in contents]
        dead = [[i for i, (_, live) in enumerate(group) if not live] for group in files]
        target = Path(folder) / f"{99:032x}.seg"
        found = join_segments(target, segments, dead, schema=LARGER)
        expected = merged(segments, dead, LARGER)
        if expected is None:
            assert found is None
            assert not target.exists()
            return
        assert found is not None
        whole = written(Path(folder), expected, LARGER)
        joined = Segment.open(target)
        assert held(joined) == held(whole)
        assert set(joined.names) >= {name for column in LARGER.columns for name in column.sections}
        assert joined.verify() == []
        assert (tuple(map(os.fsencode, found.moved)), found.chunks, found.nbytes) == (
            expected.strings("paths"),
            expected.count(CHUNK),
            target.stat().st_size,
        )


def test_a_row_added_to_the_schema_is_written_joined_and_read(tmp_path: Path) -> None:
    row = Column(name="weekday", rows=FILE, dtype=np.uint8, required=False)
    field = PostingsField(name="trigrams", rows=FILE, required=False)
    schema = Schema((*SCHEMA.columns, row), (*SCHEMA.fields, field))
    term = np.array([7 << 40], dtype=np.uint64)

    def content(day: int) -> Content:
        known = of_sources(["a.py", "c.md"])
        lists = Triples(term, np.array([1]), np.array([3], dtype=np.uint8))
        days = np.array([day, day + 1], dtype=np.uint8)
        return Content({**known.columns, "weekday": days}, {**known.postings, "trigrams": lists})

    segments = [written(tmp_path, content(day), schema) for day in (1, 3, 5)]
    join_segments(tmp_path / "joined.seg", segments, [[], [0], []], schema=schema)
    joined = read(Segment.open(tmp_path / "joined.seg"), schema)
    assert joined.array("weekday").tolist() == [1, 2, 4, 5, 6]
    assert joined.postings["trigrams"].rows.tolist() == [1, 2, 4]
    assert joined.postings["trigrams"].counts.tolist() == [3, 3, 3]
    # A semindex that does not know the row reads and joins the segment as if it were not there.
    join_segments(tmp_path / "older.seg", [Segment.open(tmp_path / "joined.seg")], [[]])
    assert not Segment.open(tmp_path / "older.seg").has("weekday")


def test_what_one_of_the_segments_lacks_is_left_out_when_it_is_optional(tmp_path: Path) -> None:
    files = ["a.py", "c.md"]
    lacking = frozenset({"made_file_NUMBERS", "made_symbol_CODES", "made_field_chunk"})
    full = written(tmp_path, with_made_up(of_sources(files), 1), LARGER)
    less = written(tmp_path, with_made_up(of_sources(files), 2, lacking), LARGER)
    join_segments(tmp_path / "joined.seg", [full, less], [[], []], schema=LARGER)
    joined = read(Segment.open(tmp_path / "joined.seg"), LARGER)
    assert joined.names == read(full, LARGER).names - lacking
    assert not Segment.open(tmp_path / "joined.seg").has("made_order")
    # A segment of which nothing is left does not count.
    join_segments(tmp_path / "one.seg", [full, less], [[], [0, 1]], schema=LARGER)
    assert held(Segment.open(tmp_path / "one.seg")) == held(full)


def test_what_is_required_is_missed(tmp_path: Path) -> None:
    known = of_sources(["a.py"])
    less = {name: values for name, values in known.columns.items() if name != "sizes"}
    with pytest.raises(ValueError, match="'sizes'"):
        sections(Content(less, known.postings))
    optional = Schema(
        tuple(replace(column, required=column.name != "sizes") for column in SCHEMA.columns), SCHEMA.fields
    )
    segment = written(tmp_path, Content(less, known.postings), optional)
    with pytest.raises(IndexCorrupt, match="'sizes'"):
        join_segments(tmp_path / "joined.seg", [segment], [[]])


@pytest.mark.parametrize("wrong", [np.zeros(2, "u8"), np.zeros(1, "i8"), np.zeros((1, 1), "u8")])
def test_a_column_that_is_not_as_the_schema_says_is_not_written(wrong: Array) -> None:
    known = of_sources(["a.py"])
    with pytest.raises(ValueError, match="'sizes'"):
        sections(Content({**known.columns, "sizes": wrong}, known.postings))


def test_nothing_but_the_segment_is_left(tmp_path: Path) -> None:
    segments = [written(tmp_path, of_sources(list(SOURCES))) for _ in range(3)]
    before = set(tmp_path.iterdir())
    join_segments(tmp_path / "joined.seg", segments, [[], [1], []])
    assert set(tmp_path.iterdir()) - before == {tmp_path / "joined.seg"}


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    segments = [written(tmp_path, of_sources(list(SOURCES))) for _ in range(3)]
    before = set(tmp_path.iterdir())
    with pytest.raises(IndexUnwritable):
        join_segments(tmp_path / "missing" / "joined.seg", segments, [[], [], []])
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
