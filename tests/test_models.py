"""An index by every kind of model that a setting can name: found by it, embedded once, changed and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

import semindex
from semindex import configured
from semindex.config import Settings
from semindex.index import Index
from semindex.models.client import ServerModel
from semindex.models.model2vec import Model2vec
from semindex.models.texts import EmbeddedTexts, Side
from semindex.models.transformer import TransformerModel

from .models.servers import Told, serving
from .models.tables import write_table
from .product import plant, semindex_command
from .tiny_models import bi_encoder

FILES: dict[str | bytes, bytes] = {
    f"src/{name}.py": f"def work():\n    # {text}\n    return 1\n".encode()
    for name, text in (("a", "zebra zebra"), ("b", "red green"), ("c", "blue red"), ("d", "green " * 400))
}
KINDS = ("transformer", "int8", "table", "server", "ollama")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return plant(tmp_path / "root", FILES)


@pytest.fixture
def server() -> Iterator[Told]:
    with serving() as told:
        yield told


@pytest.fixture
def names(tmp_path: Path, server: Told) -> dict[str, str]:
    """What to set, by kind of model."""
    turned = np.eye(3, dtype=np.float32)[::-1]
    return {
        "semindex": "semindex",
        "transformer": str(bi_encoder(tmp_path / "transformer", max_tokens=16)),
        "int8": str(bi_encoder(tmp_path / "int8", max_tokens=16, products=[turned, turned])),
        "table": str(write_table(tmp_path / "table")),
        "server": f"{server.address}#tiny",
        "ollama": f"{server.address}/api/embed#nomic-embed-text",
    }


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts any model is given, from now on."""
    counts: list[int] = []
    for kind in (TransformerModel, Model2vec, ServerModel):
        whole = kind.embed

        def noted(self: Any, texts: Sequence[str], side: Side, whole: Any = whole) -> EmbeddedTexts:
            counts.append(len(texts))
            found: EmbeddedTexts = whole(self, texts, side)
            return found

        monkeypatch.setattr(kind, "embed", noted)
    return counts


def opened(root: Path, model: str, cache: Path, **settings: Any) -> Index:
    chosen = replace(Settings(), embedding_model=model, cache_dir=str(cache), **settings)
    return semindex.open(root, settings=chosen)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_model_thinks_near_is_found_and_the_chunk_finds_itself(
    root: Path, names: dict[str, str], tmp_path: Path, kind: str
) -> None:
    with opened(root, names[kind], tmp_path / "cache") as index:
        report = index.refresh()
        assert (report.added, report.warnings) == (4, ())
        assert index.search("zebra", mode="dense")[0].path == "src/a.py"
        assert index.search("green", mode="dense")[0].path in ("src/b.py", "src/d.py")
        assert list(index.search("qqqzzz")) == []
        generation = index.snapshot().generation
        for chunk in range(generation.chunks):
            stored = generation.vector(chunk).astype(np.float32) / np.float32(127)
            assert generation.nearness(stored).at(np.array([chunk]))[0] == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_building_again_and_changing_models_and_back_embeds_nothing(
    root: Path, names: dict[str, str], tmp_path: Path, kind: str, embedded: list[int]
) -> None:
    with opened(root, names[kind], tmp_path / "cache") as index:
        index.refresh()
        expected = index.search("red green").hits
        assert sum(embedded) >= 4
    del embedded[:]
    with opened(root, names[kind], tmp_path / "cache") as index:
        index.clean()
        assert index.refresh().added == 4
        assert embedded == []
    other = names["table" if kind != "table" else "transformer"]
    with opened(root, other, tmp_path / "cache") as index:
        assert index.refresh().added == 4
        assert embedded
    with opened(root, "semindex", tmp_path / "cache") as index:
        assert index.refresh().added == 4
    del embedded[:]
    with opened(root, names[kind], tmp_path / "cache") as index:
        report = index.refresh()
        assert report.added == 4
        assert any("made with another model" in warning for warning in report.warnings)
        assert embedded == []
        assert index.search("red green").hits == expected
        assert len(embedded) == 1, "the query alone"


def test_float32_is_a_setting_of_its_own(root: Path, names: dict[str, str], tmp_path: Path) -> None:
    found = []
    for settings in ({}, {"enable_caching": False}, {"precision": "float32"}, {"embedding_max_tokens": 8}):
        with opened(root, names["int8"], tmp_path / "cache", **settings) as index:
            index.refresh()
            found.append(index.status().model)
    assert len(set(found)) == 3
    assert found[0] == found[1], "a cache that is off makes no other index"
    assert list((tmp_path / "cache" / "models").glob("*.onnx"))
    assert configured.clear_cache(Settings(cache_dir=str(tmp_path / "cache"))) > 0
    assert not list((tmp_path / "cache" / "models").iterdir())


def test_a_gpu_that_is_not_there_is_told(root: Path, names: dict[str, str], tmp_path: Path) -> None:
    with (
        opened(root, names["transformer"], tmp_path / "cache", device="cuda") as index,
        pytest.raises(semindex.ModelError, match="DEVICE is cuda, and onnxruntime"),
    ):
        index.refresh()


def test_the_command_asks_a_server_with_the_key_of_a_variable(
    root: Path, server: Told, tmp_path: Path
) -> None:
    unset = {
        "SEMINDEX_EMBEDDING_KEY_VARIABLE": "TINY_KEY",
        "SEMINDEX_EMBEDDING_MODEL": f"{server.address}/v1#tiny",
        "SEMINDEX_CACHE_DIR": str(tmp_path / "cache"),
    }
    variables = {**unset, "TINY_KEY": "sk-secret"}
    ran = semindex_command("search", "zebra", root, "--json", cwd=tmp_path, variables=variables)
    assert ran.code == 0, ran.err
    assert ran.paths[0] == "src/a.py"
    assert set(server.keys) == {"Bearer sk-secret"}
    assert {request["model"] for request in server.requests} == {"tiny"}
    shown = semindex_command("config", cwd=tmp_path, variables=variables)
    assert "TINY_KEY" in shown.out
    for output in (ran.out, ran.err, shown.out, shown.err):
        assert "sk-secret" not in output
    ran = semindex_command("search", "red", root, cwd=tmp_path, variables=unset)
    assert ran.code == 2
    assert "names the environment variable TINY_KEY, which is not set" in ran.err


@pytest.mark.parametrize(
    "line",
    [
        'EMBEDDING_MODEL = "http://127.0.0.1:9/v1"',
        'EMBEDDING_MODEL = "BAAI/bge-m3"',
        'EMBEDDING_MODEL = "../model"',
        'EMBEDDING_KEY_VARIABLE = "HOME"',
    ],
)
def test_a_repository_names_no_model_and_no_key(root: Path, tmp_path: Path, line: str) -> None:
    (root / ".semindex.toml").write_text(f"[MODELS]\n{line}\n")
    ran = semindex_command("index", root, cwd=tmp_path)
    assert ran.code == 0
    assert f".semindex.toml:2: {line.partition(' ')[0]} = " in ran.err
    assert "is passed over, and " in ran.err
    assert json.loads(semindex_command("status", root, "--json", cwd=tmp_path).out)["model"].startswith(
        "semindex"
    )
