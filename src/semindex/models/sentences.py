"""Runs a model without an ONNX graph by sentence-transformers on PyTorch (extra ``torch``).

Only files on this machine are read, and no program code that comes with a model is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from semindex.errors import ModelError
from semindex.models.batching import BatchRunner, Device, OutOfMemory, measured_bytes
from semindex.models.modelfolder import ModelFolder, fingerprint, read_torch_folder, weight_files
from semindex.models.packages import from_extra
from semindex.models.running import DEFAULT, DeviceChoice, RunOptions
from semindex.models.texts import EmbeddedTexts, Side, mean_of_pieces, unit
from semindex.process.shared import Shared
from semindex.types import Vectors

_RUNTIME_BYTES = 600_000_000
"""Memory that PyTorch and transformers take without a model."""
_OPEN: Shared[tuple[object, ...], LoadedModel] = Shared()


class LoadedModel:
    """A model in memory, with its batches."""

    def __init__(self, folder: ModelFolder, running: RunOptions) -> None:
        """Load the model.

        Raises:
            ModelError: The package is missing, the files are damaged, or the device cannot be used.
        """
        with from_extra("torch"):
            import torch
            from sentence_transformers import SentenceTransformer
        there = bool(torch.cuda.is_available())
        if running.device is DeviceChoice.CUDA and not there:
            raise ModelError(
                "DEVICE is cuda, and PyTorch finds no GPU that it can use; set DEVICE to auto or cpu"
            )
        self.device = Device.GPU if there and running.device is not DeviceChoice.CPU else Device.PROCESSOR
        if running.threads:
            torch.set_num_threads(running.threads)
        try:
            self._model = SentenceTransformer(
                str(folder.path),
                device="cuda" if self.device is Device.GPU else "cpu",
                local_files_only=True,
                trust_remote_code=False,
            )
        except Exception as error:  # the errors of two packages have no common base
            said = str(error).strip().partition("\n")[0] or type(error).__name__
            raise ModelError(
                f"{folder.path} cannot be loaded by sentence-transformers: {said}; take a model with an ONNX "
                "graph, or one that needs no programs of its own"
            ) from error
        self._torch = torch
        own = int(self._model.max_seq_length or folder.max_tokens)
        self.max_tokens = min(own, folder.max_tokens, running.max_tokens or own)
        self.batches = BatchRunner(
            folder.footprint,
            device=self.device,
            free_bytes=partial(self._free_bytes, running.most_bytes),
            rows=running.batch_size,
        )

    def pieces(self, text: str, prompt: str) -> list[tuple[str, int]]:
        """Parts of a text that fit into the longest input, each with its tokens, the prompt's included."""
        ends = self._ends(text)
        beside = len(self._ends(prompt)) + int(self._model.tokenizer.num_special_tokens_to_add())
        room = max(1, self.max_tokens - beside)
        count = -(-len(ends) // room)
        if count <= 1:
            return [(text, len(ends) + beside)]
        cuts = [0, *(ends[len(ends) * number // count - 1] for number in range(1, count)), len(text)]
        parts = [text[low:high] for low, high in pairwise(cuts) if low < high]
        # Tokenized alone, a part may have a few tokens more than its share of the whole: split again.
        return [piece for part in parts for piece in (self.pieces(part, prompt) if part != text else [])]

    def embed(self, texts: Sequence[str], lengths: Sequence[int], prompt: str) -> Vectors:
        """Unit vectors of texts that fit into the longest input, shape ``(n, dim)``."""
        out: Vectors | None = None
        for places, made in self.batches.run(
            lengths, lambda at, _: self._run([texts[each] for each in at], prompt)
        ):
            if out is None:
                out = np.empty((len(texts), made.shape[1]), np.float32)
            out[places] = made
        return np.zeros((0, 0), np.float32) if out is None else unit(out)

    def _run(self, texts: Sequence[str], prompt: str) -> Vectors:
        try:
            found = self._model.encode(
                list(texts),
                prompt=prompt,
                batch_size=len(texts),
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        except (MemoryError, self._torch.cuda.OutOfMemoryError) as error:
            self._torch.cuda.empty_cache()
            raise OutOfMemory(str(error).partition("\n")[0] or "out of memory") from error
        rows: Vectors = np.asarray(found, np.float32)
        if not np.isfinite(rows).all():
            raise ModelError("the model gives no numbers that can be used; get its folder again")
        return rows

    def _free_bytes(self, most_bytes: int | None) -> int:
        if self.device is Device.PROCESSOR:
            return measured_bytes(most_bytes)
        free, _ = self._torch.cuda.mem_get_info()
        return int(free) // 2

    def _ends(self, text: str) -> list[int]:
        """Where each token ends in a text."""
        encoded = self._model.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
        )
        return [int(end) for _, end in encoded["offset_mapping"]]


class SentenceModel:
    """The model of a folder, loaded when something is first embedded; threads may share it."""

    notes: tuple[str, ...] = ()
    may_change = False

    def __init__(self, path: Path, running: RunOptions = DEFAULT) -> None:
        """Read the folder's configuration files.

        Raises:
            ModelError: The folder lacks a file, or the package is missing.
        """
        try:
            with from_extra("torch"):
                import sentence_transformers  # noqa: F401 - fails early if it is not installed
        except ModelError as error:
            raise ModelError(f"{path} has no ONNX graph: {error}, or take a model that has one") from error
        self._folder = read_torch_folder(path)
        self._running = running

    @property
    def resident_bytes(self) -> int:
        """The size of the weights, and what running them takes in a process."""
        return _RUNTIME_BYTES + sum(file.stat().st_size for file in weight_files(self._folder))

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the folder, with a shorter longest input if it is set."""
        asked = self._running.max_tokens
        cut = f"-{asked}" if 0 < asked < self._folder.max_tokens else ""
        return f"torch-{fingerprint(self._folder).removeprefix('onnx-')}{cut}"

    def embed(self, texts: Sequence[str], side: Side) -> EmbeddedTexts:
        """Unit vectors; that of a text longer than the model reads is the mean of its pieces."""
        folder = self._folder
        prompt = folder.query_prompt if side is Side.QUERY else folder.document_prompt
        split = [self._loaded.pieces(text, prompt) for text in texts]
        flat = [piece for found in split for piece in found]
        lengths = [tokens for _, tokens in flat]
        rows = self._loaded.embed([text for text, _ in flat], lengths, prompt)
        return mean_of_pieces(rows, lengths, [len(found) for found in split])

    def close(self) -> None:
        """Do nothing: all users in this process share the model."""

    @cached_property
    def _loaded(self) -> LoadedModel:
        return _OPEN.get((self._folder, self._running), partial(LoadedModel, self._folder, self._running))
