"""Graphs converted to int8: kept when vectors stay what they were, once for all processes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from msgspec.structs import replace

from semindex.errors import ModelError
from semindex.models import quantised
from semindex.models.modelfolder import read_folder
from semindex.models.quantised import LEAST_COSINE, Conversion, int8_folder
from semindex.models.running import DeviceChoice, RunOptions
from semindex.models.session import rounds_by_batch
from semindex.models.texts import Side
from semindex.models.transformer import TransformerModel

from ..tiny_models import bi_encoder

Matrix = npt.NDArray[np.float32]
TURN: Matrix = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32)
STRETCH: Matrix = np.diag([1, 3e4, 1]).astype(np.float32)
SHRINK: Matrix = np.diag([1, 1 / 3e4, 1]).astype(np.float32)
"""Of what was stretched: rounding by the largest number leaves nothing of the others."""
GOOD = [TURN, TURN]
BAD = [*[TURN] * 6, STRETCH, SHRINK]
BAD_FIRST = [STRETCH, SHRINK, *[TURN] * 6]
TEXTS = ["red", "green blue blue", "zebra cookie", "session " * 30]


def running(tmp_path: Path) -> RunOptions:
    return RunOptions(derived=str(tmp_path / "derived"))


def rows(folder: Path, how: RunOptions) -> Matrix:
    return TransformerModel(folder, how).embed(TEXTS, Side.DOCUMENT).rows


@pytest.mark.parametrize(("products", "left_out"), [(GOOD, 0), (BAD_FIRST, 6)])
def test_a_graph_whose_vectors_stay_is_used(tmp_path: Path, products: list[Matrix], left_out: int) -> None:
    folder = bi_encoder(tmp_path / "model", products=products)
    found, verdict = int8_folder(read_folder(folder), running(tmp_path))
    assert verdict is not None
    assert (verdict.used, verdict.left_out) == (True, left_out)
    assert verdict.least_cosine >= LEAST_COSINE
    assert found.graph.parent == tmp_path / "derived"
    assert rounds_by_batch(found.graph)
    assert not rounds_by_batch(folder / "model.onnx"), "the model's own file is left alone"
    kinds = [node.op_type for node in onnx.load(str(found.graph)).graph.node]
    assert kinds.count("MatMul") == left_out
    one, other = rows(folder, running(tmp_path)), rows(folder, RunOptions())
    assert ((one * other).sum(axis=1) >= 0.98).all()
    assert (one != other).any()


def test_a_graph_whose_vectors_would_change_is_not(tmp_path: Path) -> None:
    folder = bi_encoder(tmp_path / "model", products=BAD)
    found, verdict = int8_folder(read_folder(folder), running(tmp_path))
    assert found == read_folder(folder)
    assert verdict is not None
    assert not verdict.used
    assert verdict.least_cosine < LEAST_COSINE
    np.testing.assert_array_equal(rows(folder, running(tmp_path)), rows(folder, RunOptions()))
    assert [file.suffix for file in (tmp_path / "derived").iterdir()] == [".json"]
    assert TransformerModel(folder, running(tmp_path)).notes == ()


def test_it_is_converted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, products in (("good", GOOD), ("bad", BAD)):
        folder = bi_encoder(tmp_path / name, products=products)
        first = rows(folder, running(tmp_path))
        with monkeypatch.context() as patch:
            patch.setattr(quantised, "_make", None)
            other = bi_encoder(tmp_path / f"moved-{name}", products=products)
            for each in (folder, other):
                np.testing.assert_array_equal(rows(each, running(tmp_path)), first)


def test_what_was_removed_or_damaged_is_made_again(tmp_path: Path) -> None:
    folder = bi_encoder(tmp_path / "model", products=GOOD)
    made, _ = int8_folder(read_folder(folder), running(tmp_path))
    made.graph.unlink()
    assert int8_folder(read_folder(folder), running(tmp_path))[0].graph.is_file()
    made.graph.with_suffix(".json").write_bytes(b"{")
    assert int8_folder(read_folder(folder), running(tmp_path))[0] == made


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    folder = bi_encoder(tmp_path / "model", products=GOOD)
    (tmp_path / "file").touch()
    model = TransformerModel(folder, RunOptions(derived=str(tmp_path / "file" / "derived")))
    (note,) = model.notes
    assert note.startswith("the model runs in float32: ")
    np.testing.assert_array_equal(model.embed(TEXTS, Side.QUERY).rows, rows(folder, RunOptions()))


def test_a_conversion_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise ModelError("no such package")

    monkeypatch.setattr(quantised, "_convert", fail)
    folder = bi_encoder(tmp_path / "model", products=GOOD)
    assert TransformerModel(folder, running(tmp_path)).notes == (
        "the model runs in float32: no such package",
    )
    assert [file.suffix for file in (tmp_path / "derived").iterdir()] == [".json"]


def test_only_whole_graphs_on_a_processor_are_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bi_encoder(tmp_path / "model", products=GOOD)
    for how in (RunOptions(), RunOptions(derived=str(tmp_path / "derived"), most_bytes=100)):
        assert int8_folder(read_folder(folder), how) == (read_folder(folder), None)
    rounded = bi_encoder(tmp_path / "rounded", quantised=True)
    assert int8_folder(read_folder(rounded), running(tmp_path))[1] is None
    plain = bi_encoder(tmp_path / "plain")
    assert int8_folder(read_folder(plain), running(tmp_path))[1] == Conversion(False, 0.0, 0)
    monkeypatch.setattr(
        "semindex.models.transformer.runs_on_gpu", lambda device: device is not DeviceChoice.CPU
    )
    np.testing.assert_array_equal(rows(folder, running(tmp_path)), rows(folder, RunOptions()))


def test_an_index_of_int8_is_one_of_float32_unless_that_is_insisted_on(tmp_path: Path) -> None:
    folder = bi_encoder(tmp_path / "model", products=GOOD)
    exact = TransformerModel(folder, replace(running(tmp_path), exact=True))
    found = [TransformerModel(folder, how).fingerprint for how in (RunOptions(), running(tmp_path))]
    assert found[0] == found[1] != exact.fingerprint
    np.testing.assert_array_equal(exact.embed(TEXTS, Side.DOCUMENT).rows, rows(folder, RunOptions()))
