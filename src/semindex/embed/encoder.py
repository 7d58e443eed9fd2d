"""A transformer in an ONNX file: texts to vectors (bi-encoder), or pairs of texts to scores (cross-encoder).

Runs through onnxruntime, on the processor or, where the installed package can, on a GPU, with the tokenizer
of the model's own folder (:mod:`semindex.embed.modelfolder`); both packages come with the extra ``onnx`` and
are imported when a model is opened. No function here opens a connection.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from semindex.embed.batching import Batches, Device, OutOfMemory, measured_bytes
from semindex.embed.modelfolder import ModelFolder, Pooling, fingerprint, read_folder
from semindex.embed.shared import Shared
from semindex.errors import ModelError
from semindex.types import Vectors

if TYPE_CHECKING:
    from types import ModuleType

EXTRA = 'install them with: pip install "semindex[onnx]"'
_MASKED = ("input_ids", "attention_mask")
_KNOWN = (*_MASKED, "token_type_ids")
_NO_ROOM = re.compile("allocate memory|bad.?alloc|out of memory|ALLOC_FAILED", re.IGNORECASE)
"""In what onnxruntime says when memory runs out: its own arena, the C++ library, CUDA and cuBLAS."""
_GPU = "CUDAExecutionProvider"
_INTEGERS: Mapping[str, type[np.integer[Any]]] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text (or a query and a text) as the model reads it."""

    ids: tuple[int, ...]
    """Special tokens included."""
    kinds: tuple[int, ...]
    """0 for the first text, 1 for the second of a pair."""
    read: int
    """Tokens of the text that the model reads."""
    total: int
    """Tokens that the text has; more than ``read`` when its end was cut off."""


class _Value(Protocol):
    """An input or output of a graph, as onnxruntime describes it."""

    name: str
    type: str
    shape: list[Any]


class Transformer:
    """A model that was opened; threads may share it. Made by :func:`open_transformer`."""

    def __init__(
        self, folder: ModelFolder, session: Any, tokenizer: Any, *, max_tokens: int, batches: Batches
    ) -> None:
        self.folder = folder
        self.batches = batches
        self._session = session
        self._tokenizer = tokenizer
        self._inputs = _checked_inputs(folder, session.get_inputs())
        self._output, self.is_cross_encoder = _chosen_output(folder, session.get_outputs())
        self._max_tokens = max_tokens
        self._pad = _pad_id(folder, tokenizer)
        # Tells the width, and finds what is wrong with a graph before anything is asked of it.
        self.dim = int(self._run([self._joined(self._encoded("a"), self._encoded("b"))]).shape[1])
        if self.is_cross_encoder and self.dim != 1:
            raise ModelError(
                f"{folder.graph} tells {self.dim} classes; a model for re-ranking gives one number a text"
            )

    @cached_property
    def fingerprint(self) -> str:
        """Names what the model computes: its files' content, how they are used, the longest input."""
        return f"{fingerprint(self.folder)}-{self._max_tokens}"

    def tokens(self, texts: Sequence[str], *, prompt: str = "") -> list[Tokens]:
        """Each text behind the prompt, cut to the model's longest input."""
        return [self._joined(encoded) for encoded in self._encoded_all([prompt + text for text in texts])]

    def windows(self, text: str, *, prompt: str = "") -> list[Tokens]:
        """The whole text in as many pieces as its length needs, each behind the prompt; nothing is left out.

        A text that fits is one piece, as :meth:`tokens` gives it.
        """
        whole = self._encoded(prompt + text)
        if len(whole) <= self._room(pair=False):
            return [self._joined(whole)]
        alone = self._encoded(text)
        pieces = max(2, -(-len(alone) // max(1, self._room(pair=False) - len(self._encoded(prompt)))))
        if len(alone) < pieces:
            return [self._joined(whole)]
        cuts = [len(alone) * number // pieces for number in range(1, pieces)]
        borders = [0, *(alone.offsets[cut][0] for cut in cuts), len(text)]
        found: list[Tokens] = []
        for begin, end in pairwise(borders):
            # A piece by itself may have a few tokens more than its share of the whole.
            if begin < end and end - begin < len(text):
                found += self.windows(text[begin:end], prompt=prompt)
        return found or [self._joined(whole)]

    def query_tokens(self, query: str, *, prompt: str = "") -> Tokens:
        """The query as far as the model reads it: a cross-encoder gives it half of the longest input."""
        first, total = self._query(prompt + query)
        whole = self._tokenizer.post_process(first, None, add_special_tokens=True)
        return Tokens(tuple(whole.ids), tuple(whole.type_ids), len(first), total)

    def pair_tokens(self, query: str, texts: Sequence[str]) -> list[Tokens]:
        """The query, as :meth:`query_tokens` cuts it, with each text, cut to the room that is left."""
        first, _ = self._query(query)
        return [self._joined(first, encoded) for encoded in self._encoded_all(texts)]

    def embed(self, tokens: Sequence[Tokens]) -> Vectors:
        """Unit vectors, shape ``(n, dim)``, in the order of the tokens.

        Padding is masked, so a row differs by batch in its last bits only.

        Raises:
            ModelError: The model is a cross-encoder, or fails.
        """
        if self.is_cross_encoder:
            raise ModelError(f"{self.folder.path} compares a query with a text and gives no vectors")
        rows = self._run(tokens)
        lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
        lengths[lengths == 0] = 1
        unit: Vectors = rows / lengths
        return unit

    def score(self, pairs: Sequence[Tokens]) -> Floats:
        """The model's number (a logit: any real, higher is better) for each pair, shape ``(n,)``.

        Raises:
            ModelError: The model is a bi-encoder, or fails.
        """
        if not self.is_cross_encoder:
            raise ModelError(f"{self.folder.path} gives vectors and compares no pairs")
        return self._run(pairs)[:, 0]

    def prompt(self, *tasks: str) -> str:
        """The folder's prompt for the first of some tasks that it has one for; empty without."""
        return next((self.folder.prompts[task] for task in tasks if task in self.folder.prompts), "")

    def _encoded(self, text: str) -> Any:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def _encoded_all(self, texts: Sequence[str]) -> list[Any]:
        found: list[Any] = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return found

    def _query(self, query: str) -> tuple[Any, int]:
        """The encoded query, cut, and how many tokens it had."""
        first = self._encoded(query)
        total = len(first)
        room = self._room(pair=self.is_cross_encoder)
        first.truncate(max(1, room // 2 if self.is_cross_encoder else room))
        return first, total

    def _room(self, *, pair: bool) -> int:
        """Tokens besides the special ones."""
        return self._max_tokens - int(self._tokenizer.num_special_tokens_to_add(pair))

    def _joined(self, first: Any, second: Any | None = None) -> Tokens:
        """One text, or a pair for a cross-encoder (for a bi-encoder the second is left out)."""
        pair = second if self.is_cross_encoder else None
        room = self._room(pair=pair is not None)
        if pair is not None:
            room -= len(first)
        cut = first if pair is None else pair
        total = len(cut)
        cut.truncate(max(1, room))
        whole = self._tokenizer.post_process(first, pair, add_special_tokens=True)
        return Tokens(tuple(whole.ids), tuple(whole.type_ids), len(cut), total)

    def _run(self, rows: Sequence[Tokens]) -> Floats:
        """Pooled vectors or logits, shape ``(n, width)``; batches are of texts of nearly one length."""
        out: Floats | None = None
        lengths = [len(row.ids) for row in rows]

        def run(places: Sequence[int]) -> Floats:
            with _room_found():
                return self._run_batch([rows[place] for place in places])

        for places, made in self.batches.run(lengths, run):
            if out is None:
                out = np.empty((len(rows), made.shape[1]), np.float32)
            out[places] = made
        return np.zeros((0, self.dim), np.float32) if out is None else out

    def _run_batch(self, rows: Sequence[Tokens]) -> Floats:
        longest = max(len(row.ids) for row in rows)
        ids = np.full((len(rows), longest), self._pad, np.int64)
        mask, kinds = np.zeros_like(ids), np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row.ids)] = row.ids
            kinds[place, : len(row.ids)] = row.kinds
            mask[place, : len(row.ids)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}
        feeds = {name: given[name].astype(kind, copy=False) for name, kind in self._inputs.items()}
        with _blamed(self.folder.graph), _room_found():
            (out,) = self._session.run([self._output], feeds)
        found = np.asarray(out, dtype=np.float32)
        if found.ndim == 3:
            found = _pooled(found, mask, self.folder.pooling)
        if found.ndim != 2 or len(found) != len(rows) or not np.isfinite(found).all():
            raise ModelError(f"{self.folder.graph} gives no numbers that can be used: shape {found.shape}")
        return found


def open_transformer(
    path: Path,
    *,
    max_tokens: int | None = None,
    threads: int = 0,
    batch_size: int = 0,
    most_bytes: int | None = None,
) -> Transformer:
    """The model of a folder, loaded.

    Args:
        path: The folder.
        max_tokens: A shorter longest input than the model's own.
        threads: Of one batch; 0 for one a core.
        batch_size: Texts run together; 0 chooses (:mod:`semindex.embed.batching`). One, whatever is said,
            for a graph in which a text's vector would depend on the others.
        most_bytes: Memory that this process may hold while it runs the model; None without a bound.

    Raises:
        ModelError: A package is missing (the message names the extra), or the folder is not whole.
    """
    folder = read_folder(path)
    onnxruntime, tokenizers = _packages()
    tokenizer = _tokenizer(tokenizers, folder.tokenizer)
    onnxruntime.disable_telemetry_events()  # Windows collects them
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads or _cores()
    # Threads that wait by turning take the processor from everything else on the machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    gpu = [_GPU] if _GPU in onnxruntime.get_available_providers() else []
    with _blamed(folder.graph):
        providers = [*gpu, "CPUExecutionProvider"]
        session = onnxruntime.InferenceSession(folder.graph, options, providers=providers)
    # What it was given and what it took: without its libraries a GPU is passed over.
    device = Device.GPU if _GPU in session.get_providers() else Device.PROCESSOR
    batches = Batches(
        folder.footprint,
        device=device,
        free_bytes=lambda: measured_bytes(most_bytes, device),
        rows=1 if _rounds_by_batch(folder.graph) else batch_size,
    )
    longest = folder.max_tokens if max_tokens is None else min(folder.max_tokens, max_tokens)
    return Transformer(folder, session, tokenizer, max_tokens=longest, batches=batches)


_OPEN: Shared[tuple[object, ...], Transformer] = Shared()


def shared_transformer(
    path: Path,
    *,
    max_tokens: int | None = None,
    threads: int = 0,
    batch_size: int = 0,
    most_bytes: int | None = None,
) -> Transformer:
    """As :func:`open_transformer`; one in this process while anybody holds it and its files stay the same.

    Raises:
        ModelError: As there.
    """
    folder = read_folder(path)
    states = [file.stat() for file in (folder.graph, folder.tokenizer)]
    files = tuple((state.st_ino, state.st_size, state.st_mtime_ns) for state in states)
    used = (folder.pooling, folder.max_tokens, folder.pad_id, tuple(sorted(folder.prompts.items())))
    key = (path.resolve(), files, used, max_tokens, threads, batch_size, most_bytes)
    make = partial(
        open_transformer,
        path,
        max_tokens=max_tokens,
        threads=threads,
        batch_size=batch_size,
        most_bytes=most_bytes,
    )
    return _OPEN.get(key, make)


def _rounds_by_batch(graph: Path) -> bool:
    """Whether a graph rounds numbers by the largest of the whole batch, as dynamic quantisation does.

    A text's vector would then depend on the texts beside it (cosine 0.983 to its own for MiniLM in int8),
    so that such a graph is given one at a time. Names of operators stand in the file as they are.
    """
    with graph.open("rb") as file:
        if not graph.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(b"DynamicQuantizeLinear") >= 0


def _cores() -> int:
    import psutil

    return psutil.cpu_count(logical=False) or psutil.cpu_count() or 1


def _packages() -> tuple[ModuleType, ModuleType]:
    try:
        import onnxruntime
        import tokenizers
    except ImportError as error:
        raise ModelError(
            f"a transformer needs the packages onnxruntime and tokenizers ({error}); {EXTRA}"
        ) from error
    return onnxruntime, tokenizers


def _tokenizer(tokenizers: ModuleType, file: Path) -> Any:
    try:
        found = tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # the package raises nothing more exact
        raise ModelError(f"{file} is no tokenizer: {error}; get the model's folder again") from error
    found.no_padding()
    found.no_truncation()
    return found


@contextmanager
def _blamed(graph: Path) -> Iterator[None]:
    """Turn whatever onnxruntime raises over a graph into :class:`ModelError`; not our own."""
    try:
        yield
    except OutOfMemory:
        raise
    except Exception as error:  # its errors have no other base
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(f"{graph} cannot be run: {said}; get the model's folder again") from error


@contextmanager
def _room_found() -> Iterator[None]:
    """Turn what onnxruntime and numpy raise when memory runs out into :class:`OutOfMemory`."""
    try:
        yield
    except MemoryError as error:
        raise OutOfMemory(str(error) or "out of memory") from error
    except (OutOfMemory, ModelError):
        raise
    except Exception as error:  # its errors have no other base
        if not _NO_ROOM.search(str(error)):
            raise
        raise OutOfMemory(str(error).strip().partition("\n")[0]) from error


def _checked_inputs(folder: ModelFolder, inputs: Sequence[_Value]) -> dict[str, type[np.integer[Any]]]:
    """The graph's inputs and the integers that each takes."""
    names = [each.name for each in inputs]
    strange = [each.name for each in inputs if each.name not in _KNOWN or each.type not in _INTEGERS]
    if strange or not set(_MASKED) <= set(names):
        raise ModelError(
            f"{folder.graph} has the inputs {', '.join(names)}; known are {', '.join(_KNOWN)} (whole "
            f"numbers), and {' and '.join(_MASKED)} have to be there"
        )
    return {each.name: _INTEGERS[each.type] for each in inputs}


def _chosen_output(folder: ModelFolder, outputs: Sequence[_Value]) -> tuple[str, bool]:
    """The output to read, and whether the model is a cross-encoder."""
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
    elif deep and not folder.dense:
        return deep[0], False
    elif deep:
        raise ModelError(
            f"{folder.path / 'modules.json'} has a dense step behind the pooling, which {folder.graph} does "
            "not hold; export the model whole, with an output sentence_embedding"
        )
    told = ", ".join(f"{each.name} {each.shape}" for each in outputs)
    raise ModelError(f"{folder.graph} gives {told}: neither vectors of tokens or texts, nor one logit a text")


def _pad_id(folder: ModelFolder, tokenizer: Any) -> int:
    """The padding token; it is masked, but some models count positions by it."""
    if folder.pad_id is not None:
        return folder.pad_id
    found = (tokenizer.token_to_id(name) for name in ("[PAD]", "<pad>"))
    return next((number for number in found if number is not None), 0)


def _pooled(states: Floats, mask: npt.NDArray[np.int64], pooling: Pooling) -> Floats:
    """Token vectors ``(n, length, dim)`` to ``(n, dim)``; masked tokens do not count."""
    if pooling is Pooling.CLS:
        return states[:, 0]
    weights = mask.astype(np.float32)
    total: Floats = np.matmul(weights[:, None, :], states)[:, 0]
    mean: Floats = total / np.maximum(weights.sum(axis=1, keepdims=True), np.float32(1))
    return mean
