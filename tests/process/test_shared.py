"""What a process loads once."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path

import pytest

from semindex.embed.registry import open_embedder
from semindex.models.encoder import shared_folder
from semindex.models.modelfolder import read_folder
from semindex.models.running import RunOptions
from semindex.process.shared import Shared

from ..tiny_models import bi_encoder


class Model:
    """Something to hold."""


def test_threads_that_ask_at_once_get_one_object() -> None:
    shared: Shared[str, Model] = Shared()
    made: list[Model] = []
    found: list[Model] = []
    begun = threading.Barrier(8)
    entered, go_on = threading.Event(), threading.Event()

    def make() -> Model:
        entered.set()
        assert go_on.wait(30)
        made.append(Model())
        return made[-1]

    def ask() -> None:
        begun.wait(30)
        found.append(shared.get("a", make))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert entered.wait(30)
    assert shared.get("b", Model) is not None, "another key waits for nobody"
    go_on.set()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert set(map(id, found)) == {id(made[0])}


def test_what_nobody_holds_is_let_go_and_made_again() -> None:
    shared: Shared[str, Model] = Shared()
    held = weakref.ref(shared.get("a", Model))
    gc.collect()
    assert held() is None
    assert isinstance(shared.get("a", Model), Model)


def test_a_failure_is_raised_and_tried_again() -> None:
    shared: Shared[str, Model] = Shared()

    def fail() -> Model:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        shared.get("a", fail)
    assert isinstance(shared.get("a", Model), Model)


def test_a_model_whose_files_change_is_loaded_again(tmp_path: Path) -> None:
    first = shared_folder(read_folder(bi_encoder(tmp_path)))
    assert shared_folder(read_folder(tmp_path)) is first
    assert shared_folder(read_folder(tmp_path), RunOptions(max_tokens=5)) is not first
    second = shared_folder(read_folder(bi_encoder(tmp_path, cls=True)))
    assert second is not first
    assert second.fingerprint != first.fingerprint
    (tmp_path / "model.onnx").unlink()
    assert shared_folder(read_folder(bi_encoder(tmp_path, pooled=True))) not in (first, second)


def test_the_bundled_words_are_mapped_once() -> None:
    assert open_embedder() is open_embedder()
