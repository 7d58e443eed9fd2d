"""An inverted file holds every row once, and its nearest lists hold what is near."""

from pathlib import Path

import numpy as np
import pytest

from semindex.errors import IndexCorrupt
from semindex.store import ivf
from semindex.store.segment import Segment, SegmentMissing, write_segment
from semindex.store.vectors import products, whole_query
from semindex.types import Int8Vectors

DIM = 32


def vectors_around(centres: int, rows: int, seed: int = 3) -> Int8Vectors:
    """Unit rows that lie in heaps."""
    rng = np.random.default_rng(seed)
    middle = rng.standard_normal((centres, DIM))
    found = middle[rng.integers(0, centres, rows)] + 0.4 * rng.standard_normal((rows, DIM))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return np.rint(found * 127).astype(np.int8)


def segment_of(folder: Path, vectors: Int8Vectors) -> Segment:
    path = folder / "a.seg"
    write_segment(path, {"vectors": vectors, "chunk_kinds": np.zeros(len(vectors), np.uint8)})
    return Segment.open(path)


@pytest.mark.parametrize("rows", [1, 7, 300, 5000])
def test_every_row_stands_in_one_list(tmp_path: Path, rows: int) -> None:
    vectors = vectors_around(20, rows)
    segment = segment_of(tmp_path, vectors)
    assert ivf.build(segment) == ivf.path_beside(segment.path).stat().st_size
    found = ivf.beside(segment)
    assert sorted(found.rows.tolist()) == list(range(rows))
    assert np.array_equal(found.vectors, vectors[found.rows])
    assert found.faults() == []


def test_what_is_probed_is_exact_and_nine_in_ten_of_the_nearest(tmp_path: Path) -> None:
    vectors = vectors_around(60, 8000)
    segment = segment_of(tmp_path, vectors)
    ivf.build(segment)
    found, shared, seen = ivf.beside(segment), 0, 0
    queries = vectors_around(60, 50, seed=4)
    for query in queries:
        whole, _ = whole_query(query.astype(np.float32))
        everything = products(whole, vectors)
        rows, values = found.probe(whole)
        assert len(set(rows.tolist())) == len(rows)
        assert np.array_equal(values, everything[rows])
        nearest = set(np.argsort(-everything, kind="stable")[:10].tolist())
        shared += len(nearest & set(rows.tolist()))
        seen += len(rows)
    assert shared > 0.9 * 10 * len(queries)
    assert seen < 0.4 * len(vectors) * len(queries)


def test_another_segments_file_and_none_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = (
        segment_of(tmp_path, vectors_around(5, 90)),
        segment_of(tmp_path / "other", vectors_around(5, 91)),
    )
    with pytest.raises(SegmentMissing):
        ivf.beside(one)
    ivf.build(other)
    ivf.path_beside(other.path).rename(ivf.path_beside(one.path))
    with pytest.raises(IndexCorrupt, match="does not fit"):
        ivf.beside(one)


def test_rows_that_there_are_not_are_damage(tmp_path: Path) -> None:
    segment = segment_of(tmp_path, vectors_around(5, 90))
    ivf.build(segment)
    found = ivf.beside(segment)
    sections = {name: found.file.section(name).copy() for name in found.file.names}
    sections["rows"][:] = 90
    write_segment(ivf.path_beside(segment.path), sections)
    with pytest.raises(IndexCorrupt, match="damaged"):
        ivf.beside(segment).probe(np.ones(DIM, np.int8))
