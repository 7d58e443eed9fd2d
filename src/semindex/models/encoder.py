"""Runs a transformer: texts to vectors (bi-encoder), or pairs of texts to scores (cross-encoder).

The tokenizer is that of the model's folder (:mod:`semindex.models.modelfolder`); the graph is run by
:mod:`semindex.models.session`. The packages come with the extra ``onnx`` and are imported when a model is
opened. Nothing here opens a network connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from semindex.errors import ModelError
from semindex.models.batching import BatchRunner, measured_bytes
from semindex.models.modelfolder import ModelFolder, fingerprint, read_folder
from semindex.models.packages import from_extra
from semindex.models.pooling import Outputs
from semindex.models.running import DEFAULT, RunOptions
from semindex.models.session import OnnxGraph, open_graph, rounds_by_batch
from semindex.process.shared import Shared
from semindex.types import Vectors


class ModelInput(Struct, frozen=True):
    """The tokens of a text, or of a query and a text, that a model is given."""

    ids: tuple[int, ...]
    """The tokens, special ones included."""
    kinds: tuple[int, ...]
    """0 for the first text, 1 for the second of a pair."""
    read: int
    """How many tokens of the text are among them."""
    total: int
    """How many tokens the text has; more than ``read`` if its end was cut off."""


class Transformer:
    """An opened model, made by :func:`open_transformer`; threads may share it."""

    def __init__(
        self, folder: ModelFolder, graph: OnnxGraph, tokenizer: Any, *, max_tokens: int, batches: BatchRunner
    ) -> None:
        self.folder = folder
        self.batches = batches
        self.is_cross_encoder = graph.is_cross_encoder
        self._graph = graph
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._pad = _pad_id(folder, tokenizer)
        # A first run tells the width of the output, and shows at once if the graph cannot be run.
        self.dim = int(self._run([self._model_input(self._tokenize("a"), self._tokenize("b"))]).shape[1])
        if self.is_cross_encoder and self.dim != 1:
            raise ModelError(
                f"{folder.graph} tells {self.dim} classes; a model for re-ranking gives one number a text"
            )

    @cached_property
    def fingerprint(self) -> str:
        """A name of what the model computes: its files' content, how they are used, the longest input."""
        return f"{fingerprint(self.folder)}-{self._max_tokens}"

    def tokens(self, texts: Sequence[str], *, prompt: str = "") -> list[ModelInput]:
        """The input for each text with the prompt in front, cut to the model's longest input."""
        return [
            self._model_input(encoded) for encoded in self._tokenize_all([prompt + text for text in texts])
        ]

    def windows(self, text: str, *, prompt: str = "") -> list[ModelInput]:
        """Inputs for the pieces of a text that together hold all of it, each with the prompt in front.

        A text that fits into the model's longest input is one piece.
        """
        text = self._with_case(text)  # done before offsets are taken, since it may change the length
        whole = self._tokenize(prompt + text)
        if len(whole) <= self._room(pair=False):
            return [self._model_input(whole)]
        alone = self._tokenize(text)
        pieces = max(2, -(-len(alone) // max(1, self._room(pair=False) - len(self._tokenize(prompt)))))
        if len(alone) < pieces:
            return [self._model_input(whole)]
        cuts = [len(alone) * number // pieces for number in range(1, pieces)]
        borders = [0, *(alone.offsets[cut][0] for cut in cuts), len(text)]
        found: list[ModelInput] = []
        for begin, end in pairwise(borders):
            # Tokenized alone, a piece may have a few tokens more than its share of the whole: split again.
            if begin < end and end - begin < len(text):
                found += self.windows(text[begin:end], prompt=prompt)
        return found or [self._model_input(whole)]

    def query_tokens(self, query: str, *, prompt: str = "") -> ModelInput:
        """The input for a query alone; a cross-encoder reads at most half of its longest input of it."""
        first, total = self._query(prompt + query)
        whole = self._tokenizer.post_process(first, None, add_special_tokens=True)
        return ModelInput(tuple(whole.ids), tuple(whole.type_ids), len(first), total)

    def pair_tokens(self, query: str, texts: Sequence[str]) -> list[ModelInput]:
        """The inputs for the query, cut as by :meth:`query_tokens`, with each text, cut to the room left."""
        first, _ = self._query(query)
        return [self._model_input(first, encoded) for encoded in self._tokenize_all(texts)]

    def embed(self, tokens: Sequence[ModelInput]) -> Vectors:
        """Unit vectors, shape ``(n, dim)``, in the order of the inputs; zero rows stay zero.

        Padding is masked, so other texts of a batch change a row in its last bits at most.

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

    def score(self, pairs: Sequence[ModelInput]) -> Outputs:
        """The logit of each pair, shape ``(n,)``: any real number, higher for a better answer.

        Raises:
            ModelError: The model is a bi-encoder, or fails.
        """
        if not self.is_cross_encoder:
            raise ModelError(f"{self.folder.path} gives vectors and compares no pairs")
        return self._run(pairs)[:, 0]

    def _tokenize(self, text: str) -> Any:
        return self._tokenizer.encode(self._with_case(text), add_special_tokens=False)

    def _with_case(self, text: str) -> str:
        """The text, in lower case if the model reads it so."""
        return text.lower() if self.folder.lower_case else text

    def _tokenize_all(self, texts: Sequence[str]) -> list[Any]:
        found: list[Any] = self._tokenizer.encode_batch(
            [self._with_case(text) for text in texts], add_special_tokens=False
        )
        return found

    def _query(self, query: str) -> tuple[Any, int]:
        """The tokenized query, cut, and how many tokens it had."""
        first = self._tokenize(query)
        total = len(first)
        room = self._room(pair=self.is_cross_encoder)
        first.truncate(max(1, room // 2 if self.is_cross_encoder else room))
        return first, total

    def _room(self, *, pair: bool) -> int:
        """How many tokens the longest input has besides the special ones."""
        return self._max_tokens - int(self._tokenizer.num_special_tokens_to_add(pair))

    def _model_input(self, first: Any, second: Any | None = None) -> ModelInput:
        """The input for a pair, or for ``first`` alone if the model is a bi-encoder."""
        pair = second if self.is_cross_encoder else None
        room = self._room(pair=pair is not None)
        if pair is not None:
            room -= len(first)
        cut = first if pair is None else pair
        total = len(cut)
        cut.truncate(max(1, room))
        whole = self._tokenizer.post_process(first, pair, add_special_tokens=True)
        return ModelInput(tuple(whole.ids), tuple(whole.type_ids), len(cut), total)

    def _run(self, rows: Sequence[ModelInput]) -> Outputs:
        """Pooled vectors or logits, shape ``(n, width)``, in the order of the inputs."""
        out: Outputs | None = None
        lengths = [len(row.ids) for row in rows]

        def run(places: Sequence[int], one_of_several: bool) -> Outputs:
            some = [rows[place] for place in places]
            ids, kinds = [each.ids for each in some], [each.kinds for each in some]
            return self._graph.run(ids, kinds, self._pad, one_of_several=one_of_several)

        for places, made in self.batches.run(lengths, run):
            if out is None:
                out = np.empty((len(rows), made.shape[1]), np.float32)
            out[places] = made
        return np.zeros((0, self.dim), np.float32) if out is None else out


def open_transformer(path: Path, running: RunOptions = DEFAULT) -> Transformer:
    """The model in the folder ``path``, loaded.

    Raises:
        ModelError: A package is missing (the message names the extra), or the folder lacks a file.
    """
    return open_folder(read_folder(path), running)


def open_folder(folder: ModelFolder, running: RunOptions = DEFAULT) -> Transformer:
    """The model of a folder that was read, loaded.

    Raises:
        ModelError: A package is missing, or a file is damaged.
    """
    tokenizer = open_tokenizer(folder.tokenizer)
    graph = open_graph(folder, device=running.device, threads=running.threads)
    batches = BatchRunner(
        folder.footprint,
        device=graph.device,
        free_bytes=lambda: measured_bytes(running.most_bytes, graph.device),
        rows=1 if rounds_by_batch(folder.graph) else running.batch_size,
        streams=graph.streams,
    )
    longest = min(folder.max_tokens, running.max_tokens or folder.max_tokens)
    return Transformer(folder, graph, tokenizer, max_tokens=longest, batches=batches)


_OPEN: Shared[tuple[object, ...], Transformer] = Shared()


def shared_folder(folder: ModelFolder, running: RunOptions = DEFAULT) -> Transformer:
    """The model of a folder that was read; callers in one process share it while its files stay the same.

    Raises:
        ModelError: A package is missing, or a file is damaged.
    """
    states = [file.stat() for file in (folder.graph, folder.tokenizer)]
    files = tuple((state.st_ino, state.st_size, state.st_mtime_ns) for state in states)
    return _OPEN.get((folder, files, running), partial(open_folder, folder, running))


def open_tokenizer(file: Path) -> Any:
    """The tokenizer of a ``tokenizer.json``, set to neither pad nor cut.

    Raises:
        ModelError: The package is missing, or the file is damaged.
    """
    with from_extra("onnx"):
        import tokenizers
    try:
        found = tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # the package raises nothing more exact
        raise ModelError(f"{file} is no tokenizer: {error}; get the model's folder again") from error
    found.no_padding()
    found.no_truncation()
    return found


def _pad_id(folder: ModelFolder, tokenizer: Any) -> int:
    """The token that pads. It is masked, but some models count positions by it, so it has to be right."""
    if folder.pad_id is not None:
        return folder.pad_id
    found = (tokenizer.token_to_id(name) for name in ("[PAD]", "<pad>"))
    return next((number for number in found if number is not None), 0)
