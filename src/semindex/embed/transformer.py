"""A transformer in a local folder with an ONNX graph as what embeds texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from semindex.embed.encoder import Transformer, shared_transformer
from semindex.embed.modelfolder import fingerprint, read_folder, weight_files
from semindex.embed.running import DEFAULT, Running
from semindex.embed.texts import Embedded, Side, joined
from semindex.errors import ModelError

_RUNTIME_BYTES = 150_000_000
"""onnxruntime, tokenizer and the results between layers; measured with MiniLM."""


class TransformerModel:
    """The model of a folder, loaded when something is first embedded; threads may share it."""

    def __init__(self, path: Path, running: Running = DEFAULT) -> None:
        """Read what the folder says.

        Raises:
            ModelError: The folder is not whole.
        """
        self._path = path
        self._folder = read_folder(path)
        self._running = running

    @property
    def notes(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def resident_bytes(self) -> int:
        """The weights, about, and what running them takes in a process."""
        return _RUNTIME_BYTES + sum(file.stat().st_size for file in weight_files(self._folder))

    @cached_property
    def fingerprint(self) -> str:
        """That of the folder, and the longest input where that is a shorter one."""
        asked = self._running.max_tokens
        cut = f"-{asked}" if 0 < asked < self._folder.max_tokens else ""
        return fingerprint(self._folder) + cut

    def embed(self, texts: Sequence[str], side: Side) -> Embedded:
        """Unit vectors; a text longer than the model reads is the mean of its pieces."""
        folder = self._folder
        prompt = folder.query_prompt if side is Side.QUERY else folder.document_prompt
        windows = [self._model.windows(text, prompt=prompt) for text in texts]
        pieces = [piece for found in windows for piece in found]
        rows = self._model.embed(pieces)
        return joined(rows, [piece.read for piece in pieces], [len(found) for found in windows])

    def close(self) -> None:
        """Nothing: all in this process share the model."""

    @cached_property
    def _model(self) -> Transformer:
        model = shared_transformer(self._path, self._running)
        if model.is_cross_encoder:
            raise ModelError(
                f"{self._path} compares a query with a text and gives no vectors: it can re-rank "
                "(RERANK_MODEL), not index (EMBEDDING_MODEL)"
            )
        return model
