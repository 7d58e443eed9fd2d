"""Approximate search: asked for, visible, kept up by ``index``, gone when it is no longer wanted."""

from pathlib import Path

import pytest

import semindex
from semindex.config import Settings
from semindex.index import Index
from semindex.store import ivf
from tests.corpus import copy_package

QUERIES = [
    "parse the header of a message",
    "encode words of a header",
    "base64 body",
    "date and time zone of a message",
    "_parse_mime_parameters",
    "policy for line length",
    "attachments of a multipart message",
]


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ivf, "LEAST_ROWS", 50)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_package("email", tmp_path / "repo")


def opened(root: Path, *, approximate: bool) -> Index:
    return semindex.open(root, settings=Settings(approximate_search=approximate))


def files(root: Path) -> list[Path]:
    return list((root / ".semindex" / "segments").glob("*.ivf"))


def test_answers_say_so_and_scores_are_exact(root: Path) -> None:
    with opened(root, approximate=False) as index:
        index.refresh()
        assert files(root) == []
        exact = {query: index.search(query) for query in QUERIES}
    assert not any("approximate" in note for note in exact[QUERIES[0]].coverage.notes)
    with opened(root, approximate=True) as index:
        index.refresh()
        assert len(files(root)) == 1
        found = {query: index.search(query) for query in QUERIES}
        assert any("approximate" in note for note in index.status(verify=True).notes)
    first = 0
    for query, hits in found.items():
        assert any("approximate" in note for note in hits.coverage.notes)
        scores = {(hit.path, hit.start_line): hit.score for hit in exact[query]}
        first += hits[0].path == exact[query][0].path
        common = [hit for hit in hits if (hit.path, hit.start_line) in scores]
        assert len(common) >= 5
        assert all(hit.score == scores[hit.path, hit.start_line] for hit in common)
    assert first == len(QUERIES)


def test_only_the_nearest_lists_are_read(root: Path) -> None:
    with opened(root, approximate=True) as index:
        index.refresh()
        reader = index._adopted()
        generation = reader.generation
        near = generation.nearest(generation.vector(30).astype("float32"))
        assert near.rows is not None and 0 < len(near.rows) < generation.chunks / 2
        assert index.search("header", mode="dense", kinds=["class"]).hits


def test_what_has_no_file_is_compared_whole_and_told(root: Path) -> None:
    with opened(root, approximate=True) as index:
        index.refresh()
        wanted = index.search(QUERIES[0])
    (path,) = files(root)
    good = path.read_bytes()
    for spoiled in (None, good[:-9], b"x" * len(good)):
        if spoiled is None:
            path.unlink()
        else:
            path.write_bytes(spoiled)
        with opened(root, approximate=True) as index:
            hits = index.search(QUERIES[0])
            assert any("no inverted file" in note for note in hits.coverage.notes)
            assert [hit.path for hit in hits][:3] == [hit.path for hit in wanted][:3]
            index.refresh()
            assert not any("no inverted file" in note for note in index.search(QUERIES[0]).coverage.notes)
        assert path.stat().st_size == len(good)


def test_damage_inside_is_found_and_mended(root: Path) -> None:
    with opened(root, approximate=True) as index:
        index.refresh()
    (path,) = files(root)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with opened(root, approximate=True) as index:
        assert index.status(verify=True).problems
        index.refresh()
        assert not index.status(verify=True).problems


def test_a_new_segment_gets_its_own_and_the_old_one_goes(root: Path) -> None:
    with opened(root, approximate=True) as index:
        index.refresh()
        (before,) = files(root)
        for path in sorted(root.rglob("*.py")):
            path.write_text("# changed\n" + path.read_text("utf-8"), "utf-8")
        index.refresh()
        (after,) = files(root)
        assert after != before
        assert index.search("changed header")
    with opened(root, approximate=False) as index:
        index.refresh()
        assert files(root) == []
