"""Makes an embedder of an index of any model that reads text: a chunk's text is its path, names and lines.

A :class:`TextModel` computes vectors, in this process or on a server. :class:`TextEmbedder` keeps them in a
cache, and subtracts a mean vector so that cosines mean the same for every model
(:mod:`semindex.models.centring`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol

import numpy as np
from msgspec import Struct

from semindex.errors import ModelError
from semindex.models import centring
from semindex.models.digest import text_digest
from semindex.types import Documents, Kept, QueryTerm, Vector, Vectors, VectorStore

POOLING_VERSION = 2
"""To be raised when the same text gives another vector than before; part of the fingerprint."""
SAME_COSINE = 0.99
"""Two vectors of one text with a lower cosine come from different models, not from rounding."""
KEPT_TOGETHER = 64
"""Texts that are computed between two writes of the cache; a process that is killed loses at most these."""


class Side(Enum):
    """Whether a text is a query or is searched; many models want another prompt in front of each."""

    QUERY = "query"
    DOCUMENT = "document"


class EmbeddedTexts(Struct, frozen=True):
    """The vectors of some texts."""

    rows: Vectors
    """Shape ``(n, dim)``: unit rows, or zero."""
    sizes: Sequence[int]
    """How long each text is, in tokens or characters."""


class TextModel(Protocol):
    """A model that gives vectors of texts, all of whose words count, however long they are."""

    @property
    def fingerprint(self) -> str:
        """A name of what the model computes; known before anything heavy is loaded."""

    @property
    def resident_bytes(self) -> int:
        """Memory that the model takes in each process."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user about how the model runs."""

    @property
    def may_change(self) -> bool:
        """Whether the same fingerprint may give other vectors one day."""

    def embed(self, texts: Sequence[str], side: Side) -> EmbeddedTexts:
        """The vectors of some texts, in their order.

        Raises:
            ModelError: The model cannot be loaded or reached, or fails.
        """

    def close(self) -> None:
        """Close connections and files."""


class TextEmbedder:
    """The embedder over a model and a cache; threads may share it."""

    reads_text = True
    meaning = centring.MEANING

    def __init__(self, model: TextModel, *, store: VectorStore | None = None) -> None:
        """Load nothing yet; ``store`` is the cache, without which every vector is computed anew."""
        self.model = model
        self._store = store
        self._lock = threading.Lock()
        self._centres: dict[Side, Vector] = {}
        self._witnesses: dict[Side, Vector] = {}
        """A probe text's vector from the cache, until the model was seen to still give the same one."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the user about the model, and about the cache, which is opened for them."""
        if self._store is None:
            return self.model.notes
        self._store.get(self._cache_name, (), width=0)
        return (*self.model.notes, *self._store.notes)

    @property
    def resident_bytes(self) -> int:
        """Memory that the model takes in each process."""
        return self.model.resident_bytes

    @property
    def fingerprint(self) -> str:
        """The model's fingerprint, with the versions of what is done with its vectors."""
        return f"{self._cache_name}-{centring.VERSION}"

    @property
    def dim(self) -> int:
        """The length of a vector."""
        known = next(iter(self._centres.values()), None)
        return len(self._centre(Side.QUERY) if known is None else known)

    def embed_documents(self, documents: Documents) -> Vectors:
        """The vectors of the texts, shape ``(n, dim)``: unit rows, from the cache or computed."""
        centre = self._centre(Side.DOCUMENT)
        digests = [text_digest(None, text) for text in documents.texts]
        named = dict(zip(digests, documents.texts, strict=True))
        known: dict[bytes, Vector] = {}
        if self._store is not None:
            found = self._store.get(self._cache_name, list(named), width=len(centre))
            known = {digest: kept.numbers for digest, kept in found.items()}
        missing = [digest for digest in named if digest not in known]
        for begin in range(0, len(missing), KEPT_TOGETHER):
            known.update(
                self._compute({each: named[each] for each in missing[begin : begin + KEPT_TOGETHER]})
            )
        rows = np.array([known[digest] for digest in digests], np.float32).reshape(len(digests), len(centre))
        return centring.centred(rows, centre)

    def embed_query(
        self, terms: Sequence[QueryTerm], *, idf: Callable[[str], float], text: str = ""
    ) -> Vector:
        """The unit vector of the query's text, shape ``(dim,)``; zero for an empty text."""
        if not text.strip():
            return np.zeros(self.dim, np.float32)
        centre = self._centre(Side.QUERY)
        vector: Vector = centring.centred(self._embed([text], Side.QUERY).rows, centre)[0]
        return vector

    def close(self) -> None:
        """Close the cache's file and the model's connections."""
        self.model.close()
        if self._store is not None:
            self._store.close()

    @property
    def _cache_name(self) -> str:
        """The name under which the cache holds the vectors of texts."""
        return f"{self.model.fingerprint}-text{POOLING_VERSION}"

    def _centre(self, side: Side) -> Vector:
        """The mean vector of the probe texts of a side, from memory, the cache or the model."""
        with self._lock:
            if side not in self._centres:
                self._centres[side] = self._find_centre(side)
            return self._centres[side]

    def _find_centre(self, side: Side) -> Vector:
        """The mean vector from the cache or the model; the cache also has the first probe text's vector."""
        name, digests = self.fingerprint, [text_digest(side.value, each) for each in "cw"]
        probe = centring.QUERIES if side is Side.QUERY else centring.DOCUMENTS
        if self._store is not None:
            found = self._store.get(name, digests, width=None)
            if len(found) == len(digests):
                if self.model.may_change:
                    self._witnesses[side] = found[digests[1]].numbers
                return found[digests[0]].numbers
        rows = self.model.embed(probe, side).rows
        centre: Vector = rows.mean(axis=0)
        if self._store is not None:
            kept = zip(digests, (centre, rows[0]), strict=True)
            self._store.put(name, {digest: Kept(row, len(probe), len(probe)) for digest, row in kept})
        return centre

    def _embed(self, texts: Sequence[str], side: Side) -> EmbeddedTexts:
        """The vectors of some texts, computed.

        The first time for a model that may change, a probe text is embedded too: its vector has to be the one
        in the cache.

        Raises:
            ModelError: A server has another model now than when the cache was written.
        """
        witness = self._witnesses.get(side)
        if witness is None:
            return self.model.embed(texts, side)
        probe = centring.QUERIES if side is Side.QUERY else centring.DOCUMENTS
        made = self.model.embed([*texts, probe[0]], side)
        now = made.rows[-1]
        if now.shape != witness.shape or float(now @ witness) < SAME_COSINE:
            raise ModelError(
                "the server that EMBEDDING_MODEL names gives other vectors than when the index was made: it "
                "has another model now; run 'semindex cache clear', then 'semindex index --force'"
            )
        self._witnesses.pop(side, None)
        return EmbeddedTexts(made.rows[:-1], made.sizes[:-1])

    def _compute(self, texts: dict[bytes, str]) -> dict[bytes, Vector]:
        """The vectors of some texts by digest, computed and put into the cache."""
        made = self._embed(list(texts.values()), Side.DOCUMENT)
        if self._store is not None:
            rows = zip(texts, made.rows, made.sizes, strict=True)
            self._store.put(self._cache_name, {digest: Kept(row, size, size) for digest, row, size in rows})
        return dict(zip(texts, made.rows, strict=True))


def mean_of_pieces(rows: Vectors, weights: Sequence[int], pieces: Sequence[int]) -> EmbeddedTexts:
    """The vectors of texts that were embedded in pieces: the mean of the pieces, weighted by their lengths.

    Args:
        rows: Shape ``(sum(pieces), dim)``: unit vectors of the pieces of the first text, then of the next.
        weights: The length of each piece.
        pieces: How many pieces each text has, at least one.
    """
    heavy = np.maximum(np.array(weights, np.float32), 1)
    counts = np.array(pieces, np.intp)
    starts = np.cumsum(counts) - counts
    alone = counts == 1
    total = np.add.reduceat(rows * heavy[:, None], starts, axis=0) if len(counts) else rows
    sizes = np.add.reduceat(np.array(weights, np.int64), starts).tolist() if len(counts) else []
    total = np.where(alone[:, None], rows[starts], unit(total))
    return EmbeddedTexts(total.astype(np.float32), sizes)


def unit(rows: Vectors) -> Vectors:
    """The rows divided by their lengths; zero rows stay zero."""
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    lengths[lengths == 0] = 1
    found: Vectors = (rows / lengths).astype(np.float32)
    return found
