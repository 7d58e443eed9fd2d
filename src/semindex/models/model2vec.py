"""Runs a model2vec folder: a text's vector averages its tokens' (https://github.com/MinishLab/model2vec).

Two files are read, ``model.safetensors`` (or ``0_StaticEmbedding/model.safetensors``) and ``tokenizer.json``.
The package ``tokenizers`` comes with the extra ``onnx``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from semindex.errors import ModelError
from semindex.models.encoder import open_tokenizer
from semindex.models.modelfolder import files_digest
from semindex.models.tensors import Array, map_tensors, tensor_names
from semindex.models.texts import EmbeddedTexts, Side, unit
from semindex.types import Vectors

READING_VERSION = 1
"""To be raised when the same folder gives other numbers than before; part of the fingerprint."""
_FILES = ("model.safetensors", "0_StaticEmbedding/model.safetensors")
_TABLES = ("embeddings", "embedding.weight")
_BESIDE = frozenset({"weights", "mapping"})
_RUNTIME_BYTES = 60_000_000
"""Memory of the tokenizer; the table is mapped."""
_UNKNOWN = ("[UNK]", "<unk>")


def table_file(folder: Path) -> Path | None:
    """The file with a folder's table of vectors; None if the folder holds no model of this kind.

    Raises:
        ModelError: A file with weights is damaged.
    """
    for name in _FILES:
        names = tensor_names(folder / name)
        if names.intersection(_TABLES) and names <= {*_TABLES, *_BESIDE}:
            return folder / name
    return None


class Model2vec:
    """The model of a folder; its table is mapped at the first embedding; threads may share it."""

    notes: tuple[str, ...] = ()
    may_change = False
    resident_bytes = _RUNTIME_BYTES

    def __init__(self, folder: Path, file: Path) -> None:
        """Load nothing yet.

        Args:
            folder: The model's folder.
            file: The file with its table, as :func:`table_file` gives it.

        Raises:
            ModelError: The folder has no tokenizer.
        """
        self._file = file
        self._tokens_file = file.parent / "tokenizer.json"
        if not self._tokens_file.is_file():
            self._tokens_file = folder / "tokenizer.json"
        if not self._tokens_file.is_file():
            raise ModelError(f"{folder} has no tokenizer.json; get the model's folder again")

    @cached_property
    def fingerprint(self) -> str:
        """A digest of the files' content."""
        return f"model2vec-{files_digest((READING_VERSION,), [self._tokens_file, self._file])}"

    def embed(self, texts: Sequence[str], side: Side) -> EmbeddedTexts:
        """Unit vectors: means of the vectors of known tokens; zero for a text without any."""
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ids = [np.array([each for each in found.ids if each != self._unknown], np.intp) for found in encoded]
        rows = np.array([self._mean(each) for each in ids], np.float32).reshape(
            len(ids), self._table.shape[1]
        )
        return EmbeddedTexts(unit(rows), [len(each) for each in ids])

    def close(self) -> None:
        """Do nothing: the table is mapped."""

    def _mean(self, ids: Array) -> Vectors:
        weights, mapping = self._tensors.get("weights"), self._tensors.get("mapping")
        rows = ids if mapping is None else mapping[ids]
        found = self._table[rows].astype(np.float32)
        if weights is not None:
            found *= weights[ids].astype(np.float32)[:, None]
        mean: Vectors = found.mean(axis=0) if len(ids) else np.zeros(found.shape[1], np.float32)
        return mean

    @cached_property
    def _tensors(self) -> dict[str, Array]:
        found = map_tensors(self._file)
        table = next(found[name] for name in _TABLES if name in found)
        words = self._tokenizer.get_vocab_size(with_added_tokens=True)
        mapping, weights = found.get("mapping"), found.get("weights")
        whole = table.ndim == 2 and len(table) > 0
        if mapping is None:
            whole = whole and len(table) >= words
        else:
            whole = whole and len(mapping) >= words and mapping.min() >= 0 and mapping.max() < len(table)
        if not whole or (weights is not None and len(weights) < words):
            raise ModelError(f"{self._file} does not fit {self._tokens_file}; get the model's folder again")
        return {**found, "table": table}

    @property
    def _table(self) -> Array:
        return self._tensors["table"]

    @cached_property
    def _tokenizer(self) -> Any:
        return open_tokenizer(self._tokens_file)

    @cached_property
    def _unknown(self) -> int | None:
        found = (self._tokenizer.token_to_id(name) for name in _UNKNOWN)
        return next((number for number in found if number is not None), None)
