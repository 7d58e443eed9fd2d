"""Models of the hub: downloaded once, pinned, never when offline, and how to bring one by hand."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from semindex.embed.registry import open_embedder
from semindex.errors import ModelError
from semindex.models.hub import HubModel, read_id, wanted_files

from ..product import environment, run_module
from ..tiny_models import bi_encoder
from .hubs import hub_of
from .tables import write_table


@dataclass(frozen=True)
class Embedded:
    """What the process printed."""

    returncode: int
    stdout: str
    stderr: str


def embedded(name: str, home: Path, endpoint: str = "", **variables: str) -> Embedded:
    """What a process of its own makes of a name; the hub's client reads its variables when it is imported."""
    hub = {"HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_ENDPOINT": endpoint or "http://127.0.0.1:9"}
    whole = {**environment(), **hub, **variables}
    code, out, err = run_module("tests.models.embed_one", [name], home.parent, whole)
    return Embedded(code, out.decode(), err.decode())


def test_a_model_is_downloaded_once_and_only_what_it_needs(tmp_path: Path) -> None:
    model = bi_encoder(tmp_path / "model", graph="onnx/model.onnx")
    for name in (
        "onnx/model_quantized.onnx",
        "pytorch_model.bin",
        "model.safetensors",
        "onnx/model.onnx_data",
    ):
        (model / name).write_bytes(b"other")
    with hub_of({"ann/tiny": {"main": model}}) as hub:
        done = embedded("ann/tiny", tmp_path / "home", hub.address)
        assert done.returncode == 0, done.stderr
        assert "(1, 3)" in done.stdout
        assert set(hub.files) == {
            "1_Pooling/config.json", "config.json", "config_sentence_transformers.json", "onnx/model.onnx",
            "onnx/model.onnx_data", "tokenizer.json",
        }  # fmt: skip
        assert hub.files[-1] == "config.json", "what marks it as whole comes last"
        asked = len(hub.asked)
        again = embedded("ann/tiny", tmp_path / "home", hub.address)
        assert (again.stdout, len(hub.asked)) == (done.stdout, asked)
    for variables in ({}, {"HF_HUB_OFFLINE": "1"}):
        gone = embedded("ann/tiny", tmp_path / "home", **variables)
        assert gone.stdout == done.stdout, gone.stderr


def test_a_revision_is_pinned(tmp_path: Path) -> None:
    models = {"main": bi_encoder(tmp_path / "new"), "v1": bi_encoder(tmp_path / "old", cls=True)}
    with hub_of({"ann/tiny": models}) as hub:
        found = [embedded(f"ann/tiny{pin}", tmp_path / "home", hub.address).stdout for pin in ("", "@v1")]
        assert len({*found, ""}) == 3
        wrong = embedded("ann/tiny@v9", tmp_path / "home", hub.address)
        assert "told: EMBEDDING_MODEL names ann/tiny@v9, and the hub has no revision 'v9'" in wrong.stderr
    assert embedded("ann/tiny@v1", tmp_path / "home", HF_HUB_OFFLINE="1").stdout == found[1]


def test_a_table_of_vectors_is_known_by_its_tags(tmp_path: Path) -> None:
    folder = write_table(tmp_path / "table")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(b"another export")
    with hub_of({"ann/words": {"main": folder}}, "model2vec") as hub:
        done = embedded("ann/words", tmp_path / "home", hub.address)
        assert done.stdout.startswith("model2vec-"), done.stderr
        assert set(hub.files) == {"model.safetensors", "config.json", "tokenizer.json"}


@pytest.mark.parametrize("variables", [{}, {"HF_HUB_OFFLINE": "1"}])
def test_without_a_network_it_is_told_how_to_bring_the_folder(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    done = embedded("BAAI/bge-small-en-v1.5@abc123", tmp_path, **variables)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for told in (
        "which is not on this machine and cannot be downloaded (",
        "hf download BAAI/bge-small-en-v1.5 --revision abc123 --local-dir bge-small-en-v1.5 --include",
        "https://huggingface.co/BAAI/bge-small-en-v1.5/tree/abc123",
        'set EMBEDDING_MODEL = "path/to/bge-small-en-v1.5"',
    ):
        assert told in done.stderr


def test_the_command_that_is_told_brings_the_folder(tmp_path: Path) -> None:
    done = embedded("ann/tiny", tmp_path, HF_HUB_OFFLINE="1")
    found = re.search(r"hf download .*?(?= \(the command)", done.stderr)
    assert found is not None
    command = shlex.split(found[0])
    model = bi_encoder(tmp_path / "model", graph="onnx/model.onnx", cls=True)
    with hub_of({"ann/tiny": {"main": model}}) as hub:
        own = "from huggingface_hub.cli.hf import main; main()"
        variables = {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.address, "HF_HUB_DISABLE_XET": "1"}
        subprocess.run(
            [sys.executable, "-c", own, *command[1:]], check=True, stdout=subprocess.DEVNULL, cwd=tmp_path,
            env={**os.environ, **variables},
        )  # fmt: skip
    assert open_embedder(str(tmp_path / "tiny")).fingerprint == open_embedder(str(model)).fingerprint


def test_a_name_that_the_hub_does_not_have_is_told(tmp_path: Path) -> None:
    with hub_of({}) as hub:
        done = embedded("ann/none", tmp_path, hub.address)
    assert "neither a folder here nor a model that the hub shows you" in done.stderr
    assert "hf auth login" in done.stderr


def test_a_download_that_was_cut_is_begun_again(tmp_path: Path) -> None:
    model = bi_encoder(tmp_path / "model")
    with hub_of({"ann/tiny": {"main": model}}) as hub:
        assert embedded("ann/tiny", tmp_path / "home", hub.address).returncode == 0
        (snapshot,) = (tmp_path / "home" / "hub" / "models--ann--tiny" / "snapshots").iterdir()
        (snapshot / "config.json").unlink()
        (snapshot / "tokenizer.json").unlink()
        assert "cannot be downloaded" in embedded("ann/tiny", tmp_path / "home", HF_HUB_OFFLINE="1").stderr
        assert embedded("ann/tiny", tmp_path / "home", hub.address).returncode == 0


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("BAAI/bge-small-en-v1.5", HubModel("BAAI/bge-small-en-v1.5", None)),
        ("a/b@refs/pr/3", HubModel("a/b", "refs/pr/3")),
        ("a/b@0123abc", HubModel("a/b", "0123abc")),
        *((name, None) for name in "a a/b/c ./a/b /a/b ~/a ../a a/.. a\\b a/b@ ä/b http://a/b a/b/".split()),
        ("", None),
    ],
)
def test_names_of_the_hub_are_told_from_paths(name: str, found: HubModel | None) -> None:
    assert read_id(name) == found
    assert found is None or found.name == name


def test_the_graph_is_chosen_as_in_a_folder() -> None:
    whole = ["config.json", "tokenizer.json", "vocab.txt", "README.md", "a/b/c.json", "onnx/config.json"]
    beside = ["tokenizer.json", "config.json"]
    graphs = ["onnx/model_fp16.onnx", "onnx/model_quantized.onnx", "onnx/model.onnx", "model.onnx"]
    for end in range(1, len(graphs) + 1):
        found = wanted_files([*whole, *graphs[:end]], static=False)
        assert found == [graphs[end - 1], "vocab.txt", *beside]
    assert wanted_files([*whole, "model-1.safetensors", "x.bin"], static=False)[0] == "model-1.safetensors"
    for missing in (["config.json"], ["model.onnx"], ["pytorch_model.bin", "config.json"]):
        with pytest.raises(ModelError, match="has no weights that can be used"):
            wanted_files(missing, static=False)
