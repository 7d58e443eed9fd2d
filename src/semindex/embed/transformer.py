"""A transformer as the embedder of an index: a chunk's vector is that of its path, names and lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from semindex.embed.base import text_digest
from semindex.embed.encoder import Tokens, Transformer, shared_transformer
from semindex.embed.modelfolder import fingerprint, read_folder, weight_files
from semindex.errors import ModelError
from semindex.types import Documents, Kept, QueryTerm, Vector, Vectors, VectorStore

POOLING_VERSION = 1
"""Raised when the same text gives another vector than before; part of the fingerprint."""
KEPT_TOGETHER = 64
"""Texts that are computed between two writes of the cache: what a process that is killed loses."""

_RUNTIME_BYTES = 150_000_000
"""onnxruntime, tokenizer and the results between layers; measured with MiniLM."""


class TransformerEmbedder:
    """The model of a folder, loaded when something is first embedded; threads may share it."""

    def __init__(
        self,
        path: Path,
        *,
        store: VectorStore | None = None,
        threads: int = 0,
        batch_size: int = 0,
        most_bytes: int | None = None,
    ) -> None:
        """Read what the folder says.

        Args:
            path: The folder.
            store: Keeps the vectors of documents; None computes all anew.
            threads: See :func:`semindex.embed.encoder.open_transformer`, as for the others.
            batch_size: Texts run together.
            most_bytes: Memory of this process.

        Raises:
            ModelError: The folder is not whole.
        """
        self._path = path
        self._folder = read_folder(path)
        self._store = store
        self._options = {"threads": threads, "batch_size": batch_size}
        self._most_bytes = most_bytes

    @property
    def reads_text(self) -> bool:
        """Yes."""
        return True

    @property
    def notes(self) -> tuple[str, ...]:
        """What is wrong with the cache, which is opened to see."""
        if self._store is None:
            return ()
        self._store.get(self.fingerprint, (), width=0)
        return self._store.notes

    @property
    def resident_bytes(self) -> int:
        """The weights, about, and what running them takes in a process."""
        return _RUNTIME_BYTES + sum(file.stat().st_size for file in weight_files(self._folder))

    @cached_property
    def fingerprint(self) -> str:
        """The model's, and the version of how a long text's pieces are put together."""
        return f"{fingerprint(self._folder)}-text{POOLING_VERSION}"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._model.dim

    def embed_documents(self, documents: Documents) -> Vectors:
        """Shape ``(n, dim)``, unit rows: one a text, from the cache where that has it."""
        digests = [text_digest(None, self._document_prompt + text) for text in documents.texts]
        named = dict(zip(digests, documents.texts, strict=True))
        known: dict[bytes, Vector] = {}
        if self._store is not None:
            found = self._store.get(self.fingerprint, list(named), width=self.dim)
            known = {digest: kept.numbers for digest, kept in found.items()}
        missing = [digest for digest in named if digest not in known]
        for begin in range(0, len(missing), KEPT_TOGETHER):
            some = missing[begin : begin + KEPT_TOGETHER]
            known.update(self._computed({digest: named[digest] for digest in some}))
        return np.array([known[digest] for digest in digests], np.float32).reshape(len(digests), self.dim)

    def embed_query(
        self, terms: Sequence[QueryTerm], *, idf: Callable[[str], float], text: str = ""
    ) -> Vector:
        """The unit vector of the query's text, however long; shape ``(dim,)``, zero when it is empty."""
        if not text.strip():
            return np.zeros(self.dim, np.float32)
        vector: Vector = self._pooled([self._model.windows(text, prompt=self._model.prompt("query"))])[0]
        return vector

    def close(self) -> None:
        """Give the cache's file back."""
        if self._store is not None:
            self._store.close()

    @cached_property
    def _model(self) -> Transformer:
        model = shared_transformer(self._path, most_bytes=self._most_bytes, **self._options)
        if model.is_cross_encoder:
            raise ModelError(
                f"{self._path} compares a query with a text and gives no vectors: it can re-rank "
                "(RERANK_MODEL), not index (EMBEDDING_MODEL)"
            )
        return model

    @property
    def _document_prompt(self) -> str:
        return self._model.prompt("document", "passage", "corpus")

    def _computed(self, texts: dict[bytes, str]) -> dict[bytes, Vector]:
        windows = [self._model.windows(text, prompt=self._document_prompt) for text in texts.values()]
        rows = self._pooled(windows)
        if self._store is not None:
            totals = [sum(piece.read for piece in pieces) for pieces in windows]
            kept = {
                digest: Kept(row, total, total)
                for digest, row, total in zip(texts, rows, totals, strict=True)
            }
            self._store.put(self.fingerprint, kept)
        return dict(zip(texts, rows, strict=True))

    def _pooled(self, windows: Sequence[Sequence[Tokens]]) -> Vectors:
        """One unit vector a text: its pieces' mean, each as heavy as its tokens; shape ``(n, dim)``."""
        rows = self._model.embed([piece for pieces in windows for piece in pieces])
        weights = np.array([piece.read for pieces in windows for piece in pieces], np.float32)
        sizes = np.array([len(pieces) for pieces in windows])
        starts = np.cumsum(sizes) - sizes
        alone = sizes == 1
        total = np.add.reduceat(rows * np.maximum(weights, 1)[:, None], starts, axis=0)
        total[alone] = rows[starts[alone]]
        lengths = np.sqrt((total * total).sum(axis=1, keepdims=True))
        lengths[lengths == 0] = 1
        pooled: Vectors = np.where(alone[:, None], total, total / lengths).astype(np.float32)
        return pooled
