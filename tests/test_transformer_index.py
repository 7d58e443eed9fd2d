"""An index whose chunks a transformer embedded: found by it, built once, changed with a note."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from msgspec.structs import replace

import semindex
from semindex import configured
from semindex.config import Settings
from semindex.index import Index

from .product import plant, semindex_command
from .tiny_models import bi_encoder, counted_texts, cross_encoder

FILES: dict[str | bytes, bytes] = {
    f"src/{name}.py": f"def work():\n    # {text}\n    return 1\n".encode()
    for name, text in (("a", "zebra zebra"), ("b", "red green"), ("c", "blue session"), ("d", "cookie " * 50))
}


CENTRES = 4
"""What the cache keeps of a model beside vectors of texts: of each side's probe the mean, and one vector."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return plant(tmp_path / "root", FILES)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return bi_encoder(tmp_path / "model", max_tokens=16)


def opened(root: Path, model: Path | str, cache: Path, **settings: Any) -> Index:
    chosen = replace(Settings(), embedding_model=str(model), cache_dir=str(cache), **settings)
    return semindex.open(root, settings=chosen)


def paths(hits: semindex.Hits) -> list[str]:
    return [hit.path for hit in hits]


def test_what_the_model_thinks_near_is_found(root: Path, model: Path, tmp_path: Path) -> None:
    with opened(root, model, tmp_path / "cache") as index:
        report = index.refresh()
        assert report.added == 4
        assert report.warnings == ()
        hits = index.search("zebra", mode="dense")
        assert hits[0].path == "src/a.py"
        assert "meaning" in {reason.signal for reason in hits[0].reasons}
        assert index.status().model.startswith("onnx-")
        assert paths(index.related("src/a.py:2"))
        assert paths(index.search("qqqzzz")) == []


def test_each_chunk_finds_itself(root: Path, model: Path, tmp_path: Path) -> None:
    with opened(root, model, tmp_path / "cache") as index:
        index.refresh()
        generation = index.snapshot().generation
        for chunk in range(generation.chunks):
            stored = generation.vector(chunk).astype(np.float32) / np.float32(127)
            assert np.linalg.norm(stored) == pytest.approx(1, abs=0.02)
            assert generation.nearness(stored).at(np.array([chunk]))[0] == pytest.approx(1, abs=0.03)


def test_a_second_build_embeds_nothing(
    root: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = counted_texts(monkeypatch)
    with opened(root, model, tmp_path / "cache") as index:
        index.refresh()
        assert sum(runs) >= 4
        expected = index.search("blue session").hits
        del runs[:]
        assert index.clean() > 0
        index.refresh()
        assert runs == []
        assert index.search("blue session").hits == expected
        del runs[:]
        plant(root, {"src/b.py": FILES["src/b.py"] + b"\n# blue\n"})
        index.refresh()
        assert len(runs) == 1, "the changed file's one chunk"
    with opened(root, model, tmp_path / "cache", enable_caching=False) as index:
        index.clean()
        del runs[:]
        index.refresh()
        assert sum(runs) >= 4
        assert index.search("zebra").hits
    assert configured.cache_stats(Settings(cache_dir=str(tmp_path / "cache"))).entries == 5 + CENTRES


@pytest.mark.parametrize(("caching", "times"), [(True, [1, 1, 2]), (False, [1, 2, 3])])
def test_a_query_is_embedded_once_a_generation(
    root: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caching: bool, times: list[int]
) -> None:
    runs = counted_texts(monkeypatch)
    with opened(root, model, tmp_path / "cache", enable_caching=caching) as index:
        index.refresh()
        index.search("red")
        del runs[:]
        told = []
        first = index.search("blue session", limit=3)
        told.append(len(runs))
        assert index.search("blue session", limit=1).hits == first.hits[:1]
        told.append(len(runs))
        (root / "src" / "d.py").unlink()
        index.refresh()
        assert paths(index.search("blue session", limit=3))[0] == first[0].path
        assert [*told, len(runs)] == times


def test_another_model_indexes_again_and_says_so(root: Path, model: Path, tmp_path: Path) -> None:
    with opened(root, "semindex", tmp_path / "cache") as index:
        index.refresh()
    with opened(root, model, tmp_path / "cache") as index:
        with pytest.raises(semindex.IndexMismatch, match="run 'semindex index'"):
            index.search("zebra")
        report = index.refresh()
        assert report.added == 4
        assert any("made with another model" in warning for warning in report.warnings)
        assert index.search("zebra")[0].path == "src/a.py"
    bi_encoder(model, max_tokens=16, cls=True)
    with opened(root, model, tmp_path / "cache") as index:
        assert index.refresh().added == 4, "the folder holds another model now"


def test_worker_processes_make_the_same_index(root: Path, model: Path, tmp_path: Path) -> None:
    plant(root, {f"more/f{n}.py": f"def f{n}():\n    return 'cookie {n}'\n".encode() * 9 for n in range(40)})
    from semindex.indexing.builder import Builder

    answers = []
    for workers in (1, 2):
        with opened(root, model, tmp_path / f"cache{workers}", max_workers=workers) as index:
            builder = index._builder()
            builder._place = structs.replace(builder._place, parallel_bytes=0, batch_bytes=2_000)
            report = Builder(builder._place).refresh()
            assert report.processes == (1 if workers == 1 else 3)
            answers.append([index.search(q, limit=50).hits for q in ("zebra", "cookie session", "red")])
            index.clean()
        entries = configured.cache_stats(Settings(cache_dir=str(tmp_path / f"cache{workers}"))).entries
        assert entries == 44 + CENTRES
    assert answers[0] == answers[1]


def test_a_cache_that_cannot_be_used_is_told(root: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with opened(root, model, tmp_path / "file") as index:
        (note,) = index.refresh().warnings
        assert note.startswith("vectors are not cached: ")
        assert index.search("zebra")[0].path == "src/a.py"


def test_the_command_takes_a_folder_and_refuses_what_is_none(root: Path, model: Path, tmp_path: Path) -> None:
    ran = semindex_command(
        "search", "zebra", root, "--json", "--set", f"EMBEDDING_MODEL={model}", cwd=tmp_path
    )
    assert ran.code == 0
    assert ran.paths[0] == "src/a.py"
    for wrong, told in ((tmp_path / "none", "nor a folder that is there"), (root, "has no ONNX model")):
        ran = semindex_command("search", "zebra", root, "--set", f"EMBEDDING_MODEL={wrong}", cwd=tmp_path)
        assert ran.code == 2
        assert told in ran.err
    cross = cross_encoder(tmp_path / "cross")
    ran = semindex_command("index", root, "--set", f"EMBEDDING_MODEL={cross}", cwd=tmp_path)
    assert ran.code == 2
    assert "not index (EMBEDDING_MODEL)" in ran.err
