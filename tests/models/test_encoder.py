"""Transformers: vectors and scores equal those computed by hand, however texts are put together."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from semindex.errors import ModelError
from semindex.models.encoder import Transformer, open_transformer
from semindex.models.running import RunOptions

from ..tiny_models import SPECIAL, WORDS, bi_encoder, cross_encoder, logit, vector, write_folder

PLAIN = [word for word in WORDS if word not in SPECIAL]
texts_of_words = st.lists(st.sampled_from(PLAIN), min_size=1, max_size=10)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Transformer:
    return open_transformer(bi_encoder(tmp_path_factory.mktemp("bi")))


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> Transformer:
    return open_transformer(cross_encoder(tmp_path_factory.mktemp("cross"), max_tokens=40))


def test_a_mean_of_tokens_is_the_one_by_hand(encoder: Transformer) -> None:
    assert (encoder.dim, encoder.is_cross_encoder) == (3, False)
    found = encoder.embed(encoder.tokens(["Red green", "blue"]))
    np.testing.assert_allclose(found, [vector("red", "green"), vector("blue")], atol=1e-6)
    assert found.dtype == np.float32


def test_cls_takes_the_first_token(tmp_path: Path) -> None:
    model = open_transformer(bi_encoder(tmp_path, cls=True))
    found = model.embed(model.tokens(["cookie blue blue"]))
    np.testing.assert_allclose(found[0], vector("cookie", "blue", "blue", cls=True), atol=1e-6)
    assert not np.allclose(vector("cookie", "blue", "blue", cls=True), vector("cookie", "blue", "blue"))


def test_a_pooled_output_is_taken_before_token_vectors(tmp_path: Path) -> None:
    model = open_transformer(bi_encoder(tmp_path, pooled=True, cls=True))
    found = model.embed(model.tokens(["red green"]))
    total = np.array([4, 4, 1]) / np.sqrt(33)  # the four words' sum, special ones included
    np.testing.assert_allclose(found[0], total, atol=1e-6)


@given(st.lists(texts_of_words, min_size=1, max_size=25))
def test_neither_order_nor_padding_changes_a_vector(encoder: Transformer, texts: list[list[str]]) -> None:
    found = encoder.embed(encoder.tokens([" ".join(text) for text in texts]))
    np.testing.assert_allclose(found, [vector(*text) for text in texts], atol=1e-5)


@given(texts_of_words, st.lists(texts_of_words, min_size=1, max_size=25))
def test_neither_order_nor_padding_changes_a_score(
    cross: Transformer, query: list[str], texts: list[list[str]]
) -> None:
    found = cross.score(cross.pair_tokens(" ".join(query), [" ".join(text) for text in texts]))
    np.testing.assert_allclose(found, [logit(query, text) for text in texts], rtol=1e-4, atol=1e-4)


def test_no_texts_have_no_vectors(encoder: Transformer, cross: Transformer) -> None:
    assert encoder.embed(encoder.tokens([])).shape == (0, 3)
    assert cross.score(cross.pair_tokens("ask", [])).shape == (0,)


def test_an_empty_text_has_a_vector(encoder: Transformer) -> None:
    np.testing.assert_allclose(encoder.embed(encoder.tokens([""]))[0], vector(), atol=1e-6)


def test_a_long_text_is_cut_at_its_end_and_that_is_told(encoder: Transformer) -> None:
    (short, long) = encoder.tokens(["red " * 10, "red " * 10 + "zebra zebra"])
    assert (short.read, short.total) == (10, 10)
    assert (long.read, long.total) == (10, 12)
    assert long.ids == short.ids, "the closing special token stays"


def test_a_shorter_input_may_be_asked_for_but_no_longer_one(tmp_path: Path) -> None:
    bi_encoder(tmp_path)
    (cut,) = open_transformer(tmp_path, RunOptions(max_tokens=5)).tokens(["red green blue red"])
    assert (len(cut.ids), cut.read, cut.total) == (5, 3, 4)
    (own,) = open_transformer(tmp_path, RunOptions(max_tokens=500)).tokens(["red " * 100])
    assert len(own.ids) == 12


def test_a_long_query_leaves_half_to_the_text(tmp_path: Path) -> None:
    model = open_transformer(cross_encoder(tmp_path, max_tokens=13))
    query, text = ["ask"] * 8, ["red"] * 8
    (pair,) = model.pair_tokens(" ".join(query), [" ".join(text)])
    asked = model.query_tokens(" ".join(query))
    assert (asked.read, asked.total) == (5, 8)
    assert (pair.read, pair.total, len(pair.ids)) == (5, 8, 13)
    assert model.score([pair])[0] == pytest.approx(logit(query[:5], text[:5]), abs=1e-4)
    (pair,) = model.pair_tokens("ask", [" ".join(text)])
    assert pair.read == pair.total == 8, "a short query leaves it more"


def test_prompts_stand_in_front(tmp_path: Path) -> None:
    model = open_transformer(bi_encoder(tmp_path, prompts={"query": "ask ", "passage": "tell "}))
    assert model.folder.document_prompt == "tell "
    found = model.embed(model.tokens(["red"], prompt=model.folder.query_prompt))
    np.testing.assert_allclose(found[0], vector("ask", "red"), atol=1e-6)


def test_an_output_of_one_column_is_a_cross_encoder_without_a_configuration(tmp_path: Path) -> None:
    cross_encoder(tmp_path, config={"architectures": None})
    assert open_transformer(tmp_path).is_cross_encoder


def test_each_kind_refuses_what_the_other_does(encoder: Transformer, cross: Transformer) -> None:
    with pytest.raises(ModelError, match="compares no pairs"):
        encoder.score(encoder.tokens(["red"]))
    with pytest.raises(ModelError, match="gives no vectors"):
        cross.embed(cross.tokens(["red"]))


@pytest.mark.parametrize("graph", ["onnx/model.onnx", "onnx/model_quantized.onnx"])
def test_the_graph_may_stand_in_a_folder_of_its_own(tmp_path: Path, graph: str) -> None:
    model = open_transformer(bi_encoder(tmp_path, graph=graph))
    np.testing.assert_allclose(model.embed(model.tokens(["red"]))[0], vector("red"), atol=1e-6)


def test_inputs_are_those_of_the_graph(tmp_path: Path) -> None:
    bi_encoder(tmp_path, inputs=("input_ids", "attention_mask"), integers=TensorProto.INT32)
    model = open_transformer(tmp_path)
    np.testing.assert_allclose(model.embed(model.tokens(["green"]))[0], vector("green"), atol=1e-6)


def test_more_than_one_class_is_no_score(tmp_path: Path) -> None:
    cross_encoder(tmp_path, classes=3)
    with pytest.raises(ModelError, match=r"model\.onnx tells 3 classes; a model for re-ranking gives one"):
        open_transformer(tmp_path)


@pytest.mark.parametrize(
    "inputs",
    [("input_ids",), ("input_ids", "attention_mask", "pixels"), ("ids", "mask")],
)
def test_strange_inputs_are_named(tmp_path: Path, inputs: tuple[str, ...]) -> None:
    write_folder(tmp_path, [helper.make_node("Cast", [inputs[0]], ["flat"], to=TensorProto.FLOAT)],
                 {"flat": ["n", "length"]}, [], inputs=inputs)  # fmt: skip
    with pytest.raises(ModelError, match=f"has the inputs {', '.join(inputs)}; known are input_ids"):
        open_transformer(tmp_path)


def test_strange_outputs_are_named(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["input_ids"], ["one"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["attention_mask"], ["two"], to=TensorProto.FLOAT),
    ]
    write_folder(tmp_path, nodes, {"one": ["n", "length"], "two": ["n", "length"]}, [])
    with pytest.raises(ModelError, match=r"gives one \['n', 'length'\], two .*: neither vectors"):
        open_transformer(tmp_path)


def test_a_dense_step_that_the_graph_lacks_is_refused(tmp_path: Path) -> None:
    bi_encoder(tmp_path)
    (tmp_path / "modules.json").write_text(
        '[{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]'
    )
    with pytest.raises(ModelError, match=r"modules\.json has a step .*\(Dense\), which .*does not hold"):
        open_transformer(tmp_path)
    bi_encoder(tmp_path, pooled=True)
    assert open_transformer(tmp_path).dim == 3, "a graph that ends in the vector holds all steps"


def test_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    file = bi_encoder(tmp_path) / "model.onnx"
    model = onnx.load(str(file))
    table = next(each for each in model.graph.initializer if each.name == "words")
    values = numpy_helper.to_array(table).copy()
    values[:] = np.nan
    table.CopyFrom(numpy_helper.from_array(values, "words"))
    onnx.save(model, str(file))
    with pytest.raises(ModelError, match="gives no numbers that can be used"):
        open_transformer(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x08\x09"])
def test_a_broken_graph_is_named(tmp_path: Path, content: bytes) -> None:
    bi_encoder(tmp_path)
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx cannot be run: .*; get the model's folder again"):
        open_transformer(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[1]"])
def test_a_broken_tokenizer_is_named(tmp_path: Path, content: str) -> None:
    bi_encoder(tmp_path)
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError, match=r"tokenizer\.json is no tokenizer: "):
        open_transformer(tmp_path)


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_a_missing_package_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    bi_encoder(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelError, match=re.escape(f"{package}") + r'.*pip install "semindex\[onnx\]"'):
        open_transformer(tmp_path)


def test_a_text_runs_with_others_of_its_length(encoder: Transformer, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes: list[tuple[int, ...]] = []
    session = encoder._graph._session
    used: set[str] = set()

    class Noted:
        def run(self, names: list[str], feeds: dict[str, Any]) -> object:
            shapes.append(feeds["input_ids"].shape)
            used.add(threading.current_thread().name.partition("_")[0])
            return session.run(names, feeds)

    monkeypatch.setattr(encoder._graph, "_session", None)
    monkeypatch.setattr(encoder._graph, "_narrow", Noted())
    monkeypatch.setattr(encoder._graph, "streams", 2)
    monkeypatch.setattr(encoder.batches, "streams", 2)
    lengths = [1, 9] * 8
    encoder.embed(encoder.tokens(["red " * length for length in lengths]))
    assert sorted(shapes) == [(8, 3), (8, 11)]
    assert used == {"semindex-batch"}


def test_one_batch_has_all_cores_and_no_second_session(tmp_path: Path) -> None:
    model = open_transformer(bi_encoder(tmp_path), RunOptions(threads=3))
    model.embed(model.tokens(["red", "blue"]))
    assert model._graph._narrow is None


def test_a_graph_for_one_thread_a_batch_gives_the_same_vectors(tmp_path: Path) -> None:
    model = open_transformer(bi_encoder(tmp_path), RunOptions(threads=3, batch_size=2))
    texts = [" ".join(PLAIN[: 1 + place % 9]) for place in range(30)]
    together = model.embed(model.tokens(texts))
    assert model._graph._narrow is not None
    alone = np.concatenate([model.embed(model.tokens([text])) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert model.batches.counted.batches == 1 + 15 + 30, "one was run at opening"


@pytest.mark.parametrize("batch_size", [1, 2, 5, 64])
def test_a_vector_is_the_same_whatever_the_batch_size(
    encoder: Transformer, tmp_path: Path, batch_size: int
) -> None:
    texts = [
        " ".join(PLAIN[(place * step) % len(PLAIN)] for step in range(place % 10)) for place in range(50)
    ]
    fixed = open_transformer(bi_encoder(tmp_path), RunOptions(batch_size=batch_size))
    one, other = (model.embed(model.tokens(texts)) for model in (encoder, fixed))
    assert (one * other).sum(axis=1).min() >= 0.999
    assert fixed.batches.counted.batches >= 50 // batch_size


@pytest.mark.parametrize("batch_size", [0, 1, 8])
def test_texts_beside_one_change_nothing_in_a_graph_that_rounds_by_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    folder = bi_encoder(tmp_path, quantised=True)
    texts = ["red", "zebra", "green blue", "zebra zebra", "blue"]

    def embedded(model: Transformer) -> Any:
        return model.embed(model.tokens(texts))

    model = open_transformer(folder, RunOptions(batch_size=batch_size))
    alone = [model.embed(model.tokens([text]))[0] for text in texts]
    np.testing.assert_array_equal(embedded(model), alone)
    monkeypatch.setattr("semindex.models.encoder.rounds_by_batch", lambda graph: False)
    together = embedded(open_transformer(folder, RunOptions(batch_size=8)))
    assert np.abs(together - alone).max() > 1e-3, "together it would change them"


RUN_SHORT_OF_MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np
from semindex.models.encoder import open_transformer
from semindex.models.running import RunOptions
model = open_transformer(Path(sys.argv[1]), RunOptions(threads=1, batch_size=2000))
texts = ["red green blue " * 300] * 4000
tokens = model.tokens(texts[:1]) * len(texts)
some = np.ones((999, 999), "f4")
np.matmul(some, some)  # OpenBLAS gives up when it has to begin without room
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 100_000_000, resource.RLIM_INFINITY))
found = model.embed(tokens)
counted = model.batches.counted
print(counted.refused > 0, counted.texts, bool(np.allclose(found, found[0], atol=1e-5)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of address space")
def test_a_real_graph_that_runs_out_of_memory_goes_on_with_smaller_batches(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", RUN_SHORT_OF_MEMORY]
    model = bi_encoder(tmp_path, max_tokens=1000)
    done = subprocess.run([*command, str(model)], check=False, capture_output=True, text=True)
    assert done.stdout.strip() == "True 4001 True", done.stderr


def test_one_text_that_memory_does_not_do_for_is_told(
    encoder: Transformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def run(self, names: list[str], feeds: dict[str, Any]) -> object:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 123")

    monkeypatch.setattr(encoder._graph, "_session", Full())
    monkeypatch.setattr(encoder._graph, "_narrow", Full())
    with pytest.raises(ModelError, match=r"no memory left for one text of 3 tokens .*buffer of size 123"):
        encoder.embed(encoder.tokens(["red", "blue"]))


@pytest.mark.parametrize(("built", "taken", "rows"), [(True, True, 40), (True, False, 1), (False, False, 1)])
def test_a_gpu_is_used_where_the_package_can_and_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: bool, taken: bool, rows: int
) -> None:
    """A package for GPUs, around the real graph: what it offers, what a session then runs on."""
    asked: list[list[str]] = []
    largest: list[int] = []
    gpu, processor = "CUDAExecutionProvider", "CPUExecutionProvider"

    class Session:
        def __init__(self, graph: Path, options: Any, providers: list[str]) -> None:
            asked.append(providers)
            self._session = onnxruntime.InferenceSession(graph, options, providers=[processor])
            self.get_inputs, self.get_outputs = self._session.get_inputs, self._session.get_outputs

        def get_providers(self) -> list[str]:
            return [gpu, processor] if taken else [processor]

        def run(self, names: list[str], feeds: dict[str, Any]) -> object:
            largest.append(len(feeds["input_ids"]))
            return self._session.run(names, feeds)

    package = SimpleNamespace(
        get_available_providers=lambda: [gpu, processor] if built else [processor],
        InferenceSession=Session,
        SessionOptions=onnxruntime.SessionOptions,
        disable_telemetry_events=onnxruntime.disable_telemetry_events,
    )
    monkeypatch.setitem(sys.modules, "onnxruntime", package)
    model = open_transformer(bi_encoder(tmp_path, max_tokens=600))
    assert asked == [[gpu, processor] if built else [processor]]
    texts = ["red " * 500] * 40
    np.testing.assert_allclose(model.embed(model.tokens(texts)), [vector(*["red"] * 500)] * 40, atol=1e-5)
    assert max(largest) == min(rows, 16_384 // 502)


RUN_WATCHED = """
import sys
events = []
sys.addaudithook(lambda event, arguments: events.append(event) if event.startswith("socket.") else None)
from pathlib import Path
import semindex.models.encoder
assert not {"onnxruntime", "tokenizers"} & set(sys.modules), "imported before a model is opened"
model = semindex.models.encoder.open_transformer(Path(sys.argv[1]))
model.embed(model.tokens(["red green"]))
import psutil
print(events, psutil.Process().net_connections(), "huggingface_hub" in sys.modules)
"""


def test_the_network_is_never_touched(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", RUN_WATCHED, str(bi_encoder(tmp_path))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[] [] False"
    assert done.stderr == ""


def test_words_are_told_apart_by_hand() -> None:
    """The models that are tested with are worth something: no two words' vectors are alike."""
    for one, other in itertools.combinations(PLAIN, 2):
        assert not np.allclose(vector(one), vector(other), atol=1e-3)
