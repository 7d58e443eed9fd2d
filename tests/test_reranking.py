"""``Index.search(rerank=True)``: the second stage over a real index, with models computed by hand."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

import semindex
from semindex import configured
from semindex.config import Settings
from semindex.index import Index
from semindex.search.rerank import DEPTH, GROUP, SIGNAL
from semindex.types import CacheStats

from .product import plant, semindex_command
from .tiny_models import bi_encoder, cross_encoder

Kind = Callable[..., Path]
COUNT = DEPTH + 6
WANTED = 16


def module(number: int) -> bytes:
    """A file about ``cookie``, much like the others; the model likes that of number :data:`WANTED`."""
    animals = "zebra and a zebra and a horse" if number == WANTED else "horse and a horse and a zebra"
    return f'def load():\n    """Read the cookie of a {animals}."""\n    return jar\n'.encode()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    plant(root, {f"src/m{number:02}.py": module(number) for number in range(COUNT)})
    plant(root, {"lib/cookie.go": b"package lib\n\n// Cookie is a zebra.\nfunc Cookie() {}\n"})
    for file in root.rglob("*"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    with semindex.open(root, settings=Settings()) as index:
        index.refresh()
    return root


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cross_encoder(tmp_path_factory.mktemp("cross"), max_tokens=100)


def opened(root: Path, model: Path | str, **settings: Any) -> Index:
    return semindex.open(root, settings=replace(Settings(), rerank_model=str(model), **settings))


@pytest.fixture
def index(root: Path, cross: Path) -> Iterator[Index]:
    with opened(root, cross, rerank_budget_ms=600_000) as index:
        yield index


def transformer_parts(hits: semindex.Hits) -> list[float]:
    return [reason.contribution for hit in hits for reason in hit.reasons if reason.signal == SIGNAL]


def paths(hits: semindex.Hits) -> list[str]:
    return [hit.path for hit in hits]


def test_the_hit_that_the_model_likes_comes_first(index: Index) -> None:
    plain = index.search("read the cookie", lang=["python"])
    found = index.search("read the cookie", lang=["python"], rerank=True)
    assert plain[0].path != f"src/m{WANTED:02}.py"
    assert found[0].path == f"src/m{WANTED:02}.py"
    assert len(found) == len(plain) == 10
    assert found.coverage.notes == plain.coverage.notes


@pytest.mark.parametrize("group_by", ["file", "chunk"])
def test_reasons_still_sum_to_the_score(index: Index, group_by: str) -> None:
    found = index.search("read the cookie", group_by=group_by, limit=50, rerank=True)
    assert len(transformer_parts(found)) == DEPTH < len(found)
    assert [hit.points for hit in found] == sorted((hit.points for hit in found), reverse=True)
    for hit in found:
        assert sum(reason.contribution for reason in hit.reasons) == pytest.approx(hit.points)


@pytest.mark.parametrize("group_by", ["file", "chunk"])
def test_the_same_hits_in_another_order(index: Index, group_by: str) -> None:
    plain = index.search("read the cookie", group_by=group_by, limit=DEPTH)
    found = index.search("read the cookie", group_by=group_by, limit=DEPTH, rerank=True)
    assert set(paths(found)) == set(paths(plain))
    assert paths(found) != paths(plain)


def test_a_hit_comes_up_from_behind_the_limit(index: Index) -> None:
    query = {"query": "read the cookie", "lang": ["python"]}
    order = paths(index.search(**query, limit=DEPTH))  # type: ignore[arg-type]
    place = order.index(f"src/m{WANTED:02}.py")
    assert place > 0
    assert paths(index.search(**query, limit=place))[:1] != [f"src/m{WANTED:02}.py"]  # type: ignore[arg-type]
    assert paths(index.search(**query, limit=1, rerank=True)) == [f"src/m{WANTED:02}.py"]  # type: ignore[arg-type]


def test_plain_and_re_ranked_answers_do_not_mix(index: Index) -> None:
    plain = index.search("read the cookie", limit=DEPTH)
    found = index.search("read the cookie", limit=DEPTH, rerank=True)
    assert index.search("read the cookie", limit=DEPTH).hits == plain.hits
    assert index.search("read the cookie", limit=DEPTH, rerank=True).hits == found.hits
    assert transformer_parts(plain) == []


QUERIES = ["read the cookie", "zebra cookie", "cookie lang:go", '"cookie of a horse"', "read the cookie"]


def cache_stats(folder: Path) -> CacheStats:
    return configured.cache_stats(Settings(cache_dir=str(folder)))


@pytest.mark.parametrize("kind", [bi_encoder, cross_encoder])
def test_answers_do_not_depend_on_what_is_remembered(root: Path, tmp_path: Path, kind: Kind) -> None:
    model, kept = kind(tmp_path / "model", max_tokens=100), tmp_path / "kept"

    def answers(*, caching: bool = True, cache_dir: Path = kept) -> list[Sequence[semindex.Hit]]:
        settings = {"enable_caching": caching, "cache_dir": str(cache_dir), "rerank_budget_ms": 600_000}
        with opened(root, model, **settings) as index:
            return [index.search(query, rerank=True).hits for query in QUERIES]

    plain = answers(caching=False)
    assert not kept.exists()
    assert answers() == plain
    stats = cache_stats(kept)
    assert stats.entries == stats.misses > 0
    assert answers() == plain, "from the disk, by another index"
    again = cache_stats(kept)
    assert (again.entries, again.misses) == (stats.entries, stats.misses), "nothing was computed again"
    assert again.hits > stats.hits
    assert answers(cache_dir=tmp_path / "other") == plain


def test_a_damaged_cache_is_told_and_changes_no_answer(root: Path, cross: Path, tmp_path: Path) -> None:
    options = {"cache_dir": str(tmp_path), "rerank_budget_ms": 600_000}
    with opened(root, cross, **options) as index:
        first = index.search("read the cookie", rerank=True)
    (tmp_path / "vectors.db").write_bytes(b"nonsense" * 1000)
    ran = semindex_command(
        *(
            "search",
            "read the cookie",
            root,
            "--json",
            "--rerank-model",
            cross,
            "--set",
            f"CACHE_DIR={tmp_path}",
        ),
        cwd=root,
    )
    assert ran.code == 0
    assert ran.paths == paths(first)
    assert any(note.startswith("the vector cache was damaged (") for note in ran.object["coverage"]["notes"])
    assert cache_stats(tmp_path).entries == DEPTH


def test_no_room_for_a_cache_stops_nothing(root: Path, cross: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with opened(root, cross, cache_dir=str(tmp_path / "file"), rerank_budget_ms=600_000) as index:
        found = index.search("read the cookie", rerank=True)
    with opened(root, cross, vector_cache_mb=0, rerank_budget_ms=600_000) as index:
        plain = index.search("read the cookie", rerank=True)
    assert found.hits == plain.hits
    assert [note for note in found.coverage.notes if note not in plain.coverage.notes] == [
        note for note in found.coverage.notes if note.startswith("vectors are not cached: ")
    ]
    assert found.coverage.notes != plain.coverage.notes


def test_two_indexes_load_one_model(root: Path, cross: Path) -> None:
    with opened(root, cross) as one, opened(root, cross) as other:
        one.load_reranker()
        other.load_reranker()
        assert one._opened_judge()._model is other._opened_judge()._model
        assert one._embedder is other._embedder


def test_filters_and_phrases_hold(index: Index) -> None:
    found = index.search("cookie lang:go", rerank=True)
    assert paths(found) == ["lib/cookie.go"]
    found = index.search('"cookie of a horse"', rerank=True, limit=50)
    assert len(found) == COUNT - 1
    assert f"src/m{WANTED:02}.py" not in paths(found)
    assert len(transformer_parts(found)) == DEPTH


def test_a_bi_encoder_re_ranks_too(root: Path, tmp_path: Path) -> None:
    with opened(root, bi_encoder(tmp_path, max_tokens=100), rerank_budget_ms=600_000) as index:
        found = index.search("zebra cookie", rerank=True)
        (reason,) = [each for each in found[0].reasons if each.signal == SIGNAL]
        assert reason.detail.startswith("cosine ")
        assert found[0].path in (f"src/m{WANTED:02}.py", "lib/cookie.go")


def test_nothing_found_needs_no_order(index: Index) -> None:
    assert len(index.search("qqqzzzxxx", rerank=True)) == 0


def test_a_budget_that_ends_early_is_told(root: Path, cross: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = count()
    clock = SimpleNamespace(perf_counter=time.perf_counter, monotonic=lambda: float(next(now)))
    monkeypatch.setattr("semindex.index.time", clock)
    with opened(root, cross, rerank_budget_ms=3000) as index:
        found = index.search("read the cookie", limit=50, rerank=True)
    assert len(transformer_parts(found)) == 3 * GROUP
    assert (
        f"re-ranked the first {3 * GROUP} of {DEPTH} results only: RERANK_BUDGET_MS is 3000"
        in found.coverage.notes
    )


def test_a_changed_file_is_not_read(root: Path, cross: Path, tmp_path: Path) -> None:
    copy = plant(tmp_path / "copy", {f"m{number}.py": module(number) for number in range(6)})
    with opened(copy, cross, rerank_budget_ms=600_000) as index:
        index.refresh()
        (copy / "m2.py").write_bytes(module(WANTED))
        found = index.search("read the cookie", rerank=True)
    (stale,) = [hit for hit in found if hit.stale]
    assert stale.path == "m2.py"
    assert [each.detail for each in stale.reasons if each.signal == SIGNAL] == [
        "not read: counts as the mean of the others"
    ]


def test_without_a_model_the_error_tells_how_to_bring_one(root: Path) -> None:
    with opened(root, "") as index:
        with pytest.raises(semindex.ModelError, match="set RERANK_MODEL in table"):
            index.search("cookie", rerank=True)
        with pytest.raises(semindex.ModelError, match="set RERANK_MODEL in table"):
            index.load_reranker()
        assert len(index.search("cookie")) > 0


def test_a_folder_that_is_not_whole_is_an_error(root: Path, tmp_path: Path) -> None:
    with opened(root, tmp_path) as index, pytest.raises(semindex.ModelError, match="has no ONNX model"):
        index.search("cookie", rerank=True)


def test_the_command_re_ranks(root: Path, cross: Path) -> None:
    words = ("search", "read the cookie lang:python", root, "--json", "-n", "3")
    plain = semindex_command(*words, cwd=root)
    ran = semindex_command(*words, "--rerank-model", cross, cwd=root)
    assert (plain.code, ran.code) == (0, 0)
    assert ran.paths[0] == f"src/m{WANTED:02}.py" != plain.paths[0]
    assert len(ran.paths) == 3
    (reason,) = [each for each in ran.object["hits"][0]["reasons"] if each["signal"] == SIGNAL]
    assert reason["contribution"] > 0
    assert reason["detail"].startswith("logit ")


def test_the_setting_names_the_model_and_the_flag_asks_for_it(root: Path, cross: Path) -> None:
    named = ("--set", f"RERANK_MODEL={cross}")
    words = ("search", "read the cookie lang:python", root, "--json", *named)
    assert semindex_command(*words, cwd=root).paths[0] != f"src/m{WANTED:02}.py"
    assert semindex_command(*words, "--rerank", cwd=root).paths[0] == f"src/m{WANTED:02}.py"


@pytest.mark.parametrize("words", [("--rerank",), ("--rerank-model", "nowhere"), ("--rerank-model", "")])
def test_the_command_without_a_model_is_an_error_and_builds_nothing(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    tree = plant(tmp_path / "tree", {"a.py": b"cookie = 1\n"})
    ran = semindex_command("search", "cookie", tree, *words, cwd=tmp_path)
    assert ran.code == 2
    assert "model.onnx" in ran.err
    assert not (tree / ".semindex").exists()
    told = json.loads(semindex_command("search", "cookie", tree, "--json", *words, cwd=tmp_path).out)
    assert told["error"]["type"] == "ModelError"


def test_a_repository_may_not_name_the_model(tmp_path: Path, cross: Path) -> None:
    settings = f'[MODELS]\nRERANK_MODEL = "{cross}"\n'.encode()
    tree = plant(tmp_path / "tree", {"a.py": b"cookie = 1\n", ".semindex.toml": settings})
    ran = semindex_command("search", "cookie", tree, "--rerank", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "RERANK_MODEL" in ran.err
    ran = semindex_command("index", tree, cwd=tmp_path)
    assert ran.code == 0
    assert "RERANK_MODEL = " in ran.err
    assert "is passed over, and '' holds" in ran.err
