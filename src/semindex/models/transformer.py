"""The text model over a local folder that holds a transformer as an ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from semindex.errors import ModelError
from semindex.models import quantised
from semindex.models.encoder import Transformer, shared_folder
from semindex.models.modelfolder import ModelFolder, fingerprint, read_folder, weight_files
from semindex.models.running import DEFAULT, RunOptions
from semindex.models.session import may_be_twice, runs_on_gpu
from semindex.models.texts import EmbeddedTexts, Side, mean_of_pieces

_RUNTIME_BYTES = 150_000_000
"""Memory of onnxruntime, the tokenizer and the results between layers; measured with MiniLM."""


class TransformerModel:
    """The model of a folder, loaded when something is first embedded; threads may share it."""

    may_change = False

    def __init__(self, path: Path, running: RunOptions = DEFAULT) -> None:
        """Read the folder's configuration files.

        Raises:
            ModelError: The folder lacks a file.
        """
        self._path = path
        self._folder = read_folder(path)
        self._running = running

    @property
    def notes(self) -> tuple[str, ...]:
        """Why the model runs in float32, if converting it to int8 failed."""
        found = self._used[1]
        return (f"the model runs in float32: {found.failed}",) if found is not None and found.failed else ()

    @property
    def resident_bytes(self) -> int:
        """About the weights, as often as they are loaded, and what running them takes in a process."""
        folder = self._used[0]
        times = 2 if self._running.threads != 1 and may_be_twice(folder) else 1
        return _RUNTIME_BYTES + times * sum(file.stat().st_size for file in weight_files(folder))

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the folder, with a shorter longest input and ``exact``, if they are set.

        Whether this machine runs the model in int8 does not matter: an index that was built on a GPU has to
        answer on a processor.
        """
        asked = self._running.max_tokens
        cut = f"-{asked}" if 0 < asked < self._folder.max_tokens else ""
        return fingerprint(self._folder) + cut + ("-float32" if self._running.exact else "")

    def embed(self, texts: Sequence[str], side: Side) -> EmbeddedTexts:
        """Unit vectors; that of a text longer than the model reads is the mean of its pieces."""
        folder = self._folder
        prompt = folder.query_prompt if side is Side.QUERY else folder.document_prompt
        windows = [self._model.windows(text, prompt=prompt) for text in texts]
        pieces = [piece for found in windows for piece in found]
        rows = self._model.embed(pieces)
        return mean_of_pieces(rows, [piece.read for piece in pieces], [len(found) for found in windows])

    def close(self) -> None:
        """Do nothing: all users in this process share the model."""

    @cached_property
    def _used(self) -> tuple[ModelFolder, quantised.Conversion | None]:
        """The folder with the graph to run, and what converting it to int8 gave, if it was tried."""
        running = self._running
        if running.exact or not running.derived or self._folder.classifier or runs_on_gpu(running.device):
            return self._folder, None
        return quantised.int8_folder(self._folder, running)

    @cached_property
    def _model(self) -> Transformer:
        model = shared_folder(self._used[0], self._running)
        if model.is_cross_encoder:
            raise ModelError(
                f"{self._path} compares a query with a text and gives no vectors: it can re-rank "
                "(RERANK_MODEL), not index (EMBEDDING_MODEL)"
            )
        return model
