"""Opens a transformer's ONNX graph and runs it: token ids in, pooled vectors or logits out.

Example: the texts with the tokens (101, 7, 102) and (101, 102) make these inputs, of shape (2, 3), where the
token that pads is 0. A graph takes those that it has inputs for::

    input_ids         101 7 102      101 102 0
    attention_mask      1 1   1        1   1 0      1 for tokens of the text
    token_type_ids      0 0   0        0   0 0      1 for tokens of the second text of a pair
    position_ids        0 1   2        0   1 1      masked where the text has no token

A graph gives either vectors of tokens, shape (2, 3, width), which are pooled, or vectors of texts or logits,
shape (2, width), which are taken as they are. onnxruntime comes with the extra ``onnx``, and is imported when
a graph is opened.
"""

from __future__ import annotations

import mmap
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from semindex.errors import ModelError
from semindex.models.batching import Device, OutOfMemory
from semindex.models.modelfolder import ModelFolder, weight_files
from semindex.models.packages import from_extra
from semindex.models.pooling import Outputs, pooled
from semindex.models.running import DeviceChoice
from semindex.types import Ids

_MASKED = ("input_ids", "attention_mask")
_KNOWN = (*_MASKED, "token_type_ids", "position_ids")
_NO_ROOM = "allocate memory|bad.?alloc|out of memory|ALLOC_FAILED"
"""What errors say when memory runs out: onnxruntime's arena, the C++ library, CUDA and cuBLAS."""
_GPU = "CUDAExecutionProvider"
_PROCESSOR = "CPUExecutionProvider"
OPENED_TWICE_BYTES = 250_000_000
"""Models with smaller weights are opened twice: once to run one batch on all cores (for a query), once to run
a batch on each core at once (for many texts). On two cores that embeds texts of 11, mixed 92, and 244 tokens
faster than one batch after the other: MiniLM in float32 by 15, 5 and 1 %, in int8, with one text a batch, by
60, 13 and 7 %."""
Opener = Callable[[], Any]
_INTEGERS: Mapping[str, type[np.integer[Any]]] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class _Value(Protocol):
    """An input or output of a graph, as onnxruntime describes it."""

    name: str
    type: str
    shape: list[Any]


class OnnxGraph:
    """An opened graph; threads may share it."""

    def __init__(self, folder: ModelFolder, session: Any, *, streams: int, open_narrow: Opener) -> None:
        """Check the graph's inputs and outputs.

        Args:
            folder: The model's folder.
            session: The graph, opened to run a batch on all cores.
            streams: How many batches may run at once.
            open_narrow: Opens the graph again, to run a batch on one core.

        Raises:
            ModelError: The inputs or outputs are not those of a transformer.
        """
        self._folder = folder
        self._session = session
        self._open_narrow = open_narrow
        self._opening = threading.Lock()
        self._narrow: Any = None
        self.device = Device.GPU if _GPU in session.get_providers() else Device.PROCESSOR
        """Where the graph runs: onnxruntime passes over a GPU whose libraries it does not find."""
        self.streams = streams if self.device is Device.PROCESSOR else 1
        """How many batches to run at once."""
        self._inputs = _check_inputs(folder, session.get_inputs())
        self._output, self.is_cross_encoder = _choose_output(folder, session.get_outputs())

    def run(
        self,
        ids: Sequence[Sequence[int]],
        kinds: Sequence[Sequence[int]],
        pad: int,
        *,
        one_of_several: bool = False,
    ) -> Outputs:
        """Pooled vectors or logits of some texts, shape ``(n, width)``.

        Args:
            ids: The tokens of each text.
            kinds: For each token 1 if it belongs to the second text of a pair, else 0.
            pad: The token that pads shorter texts; it is masked.
            one_of_several: Whether other threads run other batches, so that this one uses a single core.

        Raises:
            OutOfMemory: There is no room for the batch.
            ModelError: The graph fails, or gives infinite numbers or none.
        """
        with _model_errors(self._folder.graph), _memory_errors():
            given = _pad_inputs(ids, kinds, pad)
            feeds = {name: given[name].astype(kind, copy=False) for name, kind in self._inputs.items()}
            session = self._narrow_session() if one_of_several and self.streams > 1 else self._session
            (out,) = session.run([self._output], feeds)
            found = np.asarray(out, dtype=np.float32)
            if found.ndim == 3:
                found = pooled(found, given["attention_mask"], self._folder.pooling)
        if found.ndim != 2 or len(found) != len(ids) or not np.isfinite(found).all():
            raise ModelError(f"{self._folder.graph} gives no numbers that can be used: shape {found.shape}")
        return found

    def _narrow_session(self) -> Any:
        """The graph opened for one core, at the first call."""
        with self._opening:
            if self._narrow is None:
                self._narrow = self._open_narrow()
            return self._narrow


def _pad_inputs(ids: Sequence[Sequence[int]], kinds: Sequence[Sequence[int]], pad: int) -> Mapping[str, Ids]:
    """All inputs that a graph may have, each of shape ``(n, longest)``."""
    tokens = np.full((len(ids), max(map(len, ids))), pad, np.int64)
    mask, types = np.zeros_like(tokens), np.zeros_like(tokens)
    for place, (some, kind) in enumerate(zip(ids, kinds, strict=True)):
        tokens[place, : len(some)] = some
        types[place, : len(some)] = kind
        mask[place, : len(some)] = 1
    positions = np.maximum(mask.cumsum(axis=1) - 1, 0)
    return {"input_ids": tokens, "attention_mask": mask, "token_type_ids": types, "position_ids": positions}


def open_graph(
    folder: ModelFolder, *, device: DeviceChoice = DeviceChoice.AUTO, threads: int = 0
) -> OnnxGraph:
    """The graph of a model's folder, loaded.

    Args:
        folder: The model's folder.
        device: Where to run the graph.
        threads: Threads to use in all; 0 for one a core.

    Raises:
        ModelError: A package is missing (the message names the extra), the graph is damaged or is no
            transformer, or the device cannot be used.
    """
    with from_extra("onnx"):
        import onnxruntime
    onnxruntime.disable_telemetry_events()  # Windows collects them
    threads = threads or _cores()
    can = _GPU in onnxruntime.get_available_providers()
    gpu = [_GPU] if can and device is not DeviceChoice.CPU else []

    def opened(threads: int, providers: Sequence[str]) -> Any:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = threads
        # By default threads that wait spin, which takes the processor from everything else on the machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        with _model_errors(folder.graph):
            return onnxruntime.InferenceSession(folder.graph, options, providers=providers)

    session = opened(threads, [*gpu, _PROCESSOR])
    streams = threads if may_be_twice(folder) else 1
    graph = OnnxGraph(folder, session, streams=streams, open_narrow=lambda: opened(1, [_PROCESSOR]))
    if device is DeviceChoice.CUDA and graph.device is not Device.GPU:
        why = "found no GPU that it can use" if can else "was installed without CUDA (onnxruntime-gpu has it)"
        raise ModelError(
            f"DEVICE is cuda, and onnxruntime {why}; set DEVICE to auto or cpu, or mend the installation"
        )
    return graph


def may_be_twice(folder: ModelFolder) -> bool:
    """Whether a model's weights are small enough to be opened twice (:data:`OPENED_TWICE_BYTES`)."""
    return sum(file.stat().st_size for file in weight_files(folder)) <= OPENED_TWICE_BYTES


def runs_on_gpu(device: DeviceChoice) -> bool:
    """Whether the installed onnxruntime would try a GPU."""
    if device is DeviceChoice.CPU:
        return False
    with from_extra("onnx"):
        import onnxruntime
    return _GPU in onnxruntime.get_available_providers()


def rounds_by_batch(graph: Path) -> bool:
    """Whether a graph rounds numbers by the largest of the whole batch, as dynamic quantisation does.

    A text's vector would then depend on the others of its batch: for MiniLM in int8 it has a cosine of 0.983
    to the vector of the text alone. Such a graph is given one text a batch. It is found by the operator's
    name, which the file holds in plain bytes.
    """
    with graph.open("rb") as file:
        if not graph.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(b"DynamicQuantizeLinear") >= 0


def _cores() -> int:
    """The number of physical cores."""
    import psutil

    return psutil.cpu_count(logical=False) or psutil.cpu_count() or 1


@contextmanager
def _model_errors(graph: Path) -> Iterator[None]:
    """Turn the errors that onnxruntime raises into a :class:`ModelError` that names the graph."""
    try:
        yield
    except OutOfMemory:
        raise
    except Exception as error:  # onnxruntime's errors have no narrower base
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(f"{graph} cannot be run: {said}; get the model's folder again") from error


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Turn the errors that say that memory ran out into :class:`OutOfMemory`."""
    try:
        yield
    except MemoryError as error:
        raise OutOfMemory(str(error) or "out of memory") from error
    except Exception as error:  # onnxruntime's errors have no narrower base
        if not re.search(_NO_ROOM, str(error), re.IGNORECASE):
            raise
        raise OutOfMemory(str(error).strip().partition("\n")[0]) from error


def _check_inputs(folder: ModelFolder, inputs: Sequence[_Value]) -> dict[str, type[np.integer[Any]]]:
    """The type of integers that each input of the graph takes, by the input's name."""
    names = [each.name for each in inputs]
    strange = [each.name for each in inputs if each.name not in _KNOWN or each.type not in _INTEGERS]
    if strange or not set(_MASKED) <= set(names):
        raise ModelError(
            f"{folder.graph} has the inputs {', '.join(names)}; known are {', '.join(_KNOWN)} (whole "
            f"numbers), and {' and '.join(_MASKED)} have to be there"
        )
    return {each.name: _INTEGERS[each.type] for each in inputs}


def _choose_output(folder: ModelFolder, outputs: Sequence[_Value]) -> tuple[str, bool]:
    """The name of the output to read, and whether the model is a cross-encoder.

    Raises:
        ModelError: No output is a vector of each token or text, or one logit a text.
    """
    flat = [each for each in outputs if len(each.shape) == 2]
    deep = [each.name for each in outputs if len(each.shape) == 3]
    single = [each.name for each in flat if each.shape[1] == 1]
    pooled = [each.name for each in flat if each.name == "sentence_embedding"]
    if folder.classifier or single:
        logits = [each.name for each in flat if each.name == "logits"]
        chosen = single[:1] or logits or ([flat[0].name] if len(flat) == 1 else [])
        if chosen:
            return chosen[0], True
    elif pooled or (not deep and len(flat) == 1):
        return (pooled or [flat[0].name])[0], False
    elif deep and not folder.steps:
        return deep[0], False
    elif deep:
        raise ModelError(
            f"{folder.path / 'modules.json'} has a step behind the pooling ({', '.join(folder.steps)}), "
            f"which {folder.graph} does not hold; export the model whole, with an output sentence_embedding"
        )
    told = ", ".join(f"{each.name} {each.shape}" for each in outputs)
    raise ModelError(f"{folder.graph} gives {told}: neither vectors of tokens or texts, nor one logit a text")
