from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from semindex.embed.registry import open_embedder
from semindex.errors import ModelError

from ..tiny_models import bi_encoder
from .tables import write_tensors


def test_the_bundled_name_opens_the_bundled_words() -> None:
    embedder = open_embedder("semindex")
    assert embedder.dim == 192
    assert embedder.fingerprint.startswith("semindex-192-")
    assert open_embedder().fingerprint == embedder.fingerprint


@pytest.mark.parametrize(
    "name", ["", "Semindex", "no/such/folder", "./BAAI/bge-small-en-v1.5", "ftp://localhost"]
)
def test_another_name_is_refused_and_the_known_one_named(name: str) -> None:
    with pytest.raises(ModelError, match="semindex") as caught:
        open_embedder(name)
    assert repr(name) in str(caught.value)


def test_a_folder_opens_its_transformer(tmp_path: Path) -> None:
    assert open_embedder(str(bi_encoder(tmp_path))).fingerprint.startswith("onnx-")
    with pytest.raises(ModelError, match=r"has no ONNX model"):
        open_embedder(str(tmp_path.parent))


def test_an_address_opens_a_server_and_connects_to_nothing() -> None:
    made = open_embedder("http://127.0.0.1:9/v1#tiny")
    assert made.fingerprint.startswith("server-")
    assert made.notes == ()
    made.close()


def test_pytorchs_weights_without_its_package_name_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tensors(tmp_path / "model.safetensors", {"encoder.weight": np.ones((2, 2), np.float32)})
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(
        ModelError, match=r"has no ONNX graph: .*semindex\[torch\].*or take a model that has one"
    ):
        open_embedder(str(tmp_path))


def test_importing_the_registry_does_not_import_numpy() -> None:
    script = "import sys, semindex.embed.registry; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
