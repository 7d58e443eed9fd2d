"""What reads text as the embedder of an index: a chunk's vector is that of its path, names and lines.

A :class:`TextModel` is one way to have vectors computed; :class:`TextEmbedder` keeps what it computed and
makes its cosines comparable to those of any other model (:mod:`semindex.models.centring`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from semindex.errors import ModelError
from semindex.models import centring
from semindex.models.digest import text_digest
from semindex.types import Documents, Kept, QueryTerm, Vector, Vectors, VectorStore

POOLING_VERSION = 2
"""Raised when the same text gives another vector than before; part of the fingerprint."""
SAME_COSINE = 0.99
"""Least of one text's two vectors by one model, however it rounds."""
KEPT_TOGETHER = 64
"""Texts that are computed between two writes of the cache: what a process that is killed loses."""


class Side(Enum):
    """What a text is; many models put other words in front of each."""

    QUERY = "query"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class EmbeddedTexts:
    """Texts as a model sees them."""

    rows: Vectors
    """Shape ``(n, dim)``: unit rows, or zero."""
    sizes: Sequence[int]
    """How much of each text was read, in tokens or characters: all of it."""


class TextModel(Protocol):
    """Texts to vectors; no text is ever cut."""

    @property
    def fingerprint(self) -> str:
        """Names what it computes; known before anything heavy is loaded."""

    @property
    def resident_bytes(self) -> int:
        """Memory that it takes in each process."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how it runs."""

    @property
    def may_change(self) -> bool:
        """Whether it may give other vectors one day under the same fingerprint."""

    def embed(self, texts: Sequence[str], side: Side) -> EmbeddedTexts:
        """The vectors of some texts, in their order.

        Raises:
            ModelError: It cannot be loaded or reached, or fails.
        """

    def close(self) -> None:
        """Give connections and files back."""


class TextEmbedder:
    """A model and its cache; threads may share it."""

    def __init__(self, model: TextModel, *, store: VectorStore | None = None) -> None:
        """Load nothing yet; without a store all is computed anew."""
        self.model = model
        self._store = store
        self._lock = threading.Lock()
        self._centres: dict[Side, Vector] = {}
        self._witnesses: dict[Side, Vector] = {}
        """What a text had for a vector before, until it was seen that it has the same now."""

    @property
    def reads_text(self) -> bool:
        """Yes."""
        return True

    @property
    def meaning(self) -> float:
        """See :attr:`semindex.types.Embedder.meaning`."""
        return centring.MEANING

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known of the model, and what is wrong with the cache, which is opened to see."""
        if self._store is None:
            return self.model.notes
        self._store.get(self._kept_as, (), width=0)
        return (*self.model.notes, *self._store.notes)

    @property
    def resident_bytes(self) -> int:
        """That of the model."""
        return self.model.resident_bytes

    @property
    def fingerprint(self) -> str:
        """The model's, and the version of what is done with its vectors."""
        return f"{self._kept_as}-{centring.VERSION}"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        known = next(iter(self._centres.values()), None)
        return len(self._centre(Side.QUERY) if known is None else known)

    def embed_documents(self, documents: Documents) -> Vectors:
        """Shape ``(n, dim)``, unit rows: one a text, from the cache where that has it."""
        centre = self._centre(Side.DOCUMENT)
        digests = [text_digest(None, text) for text in documents.texts]
        named = dict(zip(digests, documents.texts, strict=True))
        known: dict[bytes, Vector] = {}
        if self._store is not None:
            found = self._store.get(self._kept_as, list(named), width=len(centre))
            known = {digest: kept.numbers for digest, kept in found.items()}
        missing = [digest for digest in named if digest not in known]
        for begin in range(0, len(missing), KEPT_TOGETHER):
            known.update(
                self._computed({each: named[each] for each in missing[begin : begin + KEPT_TOGETHER]})
            )
        rows = np.array([known[digest] for digest in digests], np.float32).reshape(len(digests), len(centre))
        return centring.centred(rows, centre)

    def embed_query(
        self, terms: Sequence[QueryTerm], *, idf: Callable[[str], float], text: str = ""
    ) -> Vector:
        """The unit vector of the query's text, however long; shape ``(dim,)``, zero when it is empty."""
        if not text.strip():
            return np.zeros(self.dim, np.float32)
        centre = self._centre(Side.QUERY)
        vector: Vector = centring.centred(self._embedded([text], Side.QUERY).rows, centre)[0]
        return vector

    def close(self) -> None:
        """Give the cache's file and the model's connections back."""
        self.model.close()
        if self._store is not None:
            self._store.close()

    @property
    def _kept_as(self) -> str:
        return f"{self.model.fingerprint}-text{POOLING_VERSION}"

    def _centre(self, side: Side) -> Vector:
        """The mean vector of a side's probe texts, which the cache keeps with the model's fingerprint."""
        with self._lock:
            if side not in self._centres:
                self._centres[side] = self._kept_centre(side)
            return self._centres[side]

    def _kept_centre(self, side: Side) -> Vector:
        name, digests = (
            f"{self._kept_as}-{centring.VERSION}",
            [text_digest(side.value, each) for each in "cw"],
        )
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

    def _embedded(self, texts: Sequence[str], side: Side) -> EmbeddedTexts:
        """The texts' vectors; asked for the first time, what was known of the model has to hold still.

        Raises:
            ModelError: A server has another model than when vectors were kept.
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

    def _computed(self, texts: dict[bytes, str]) -> dict[bytes, Vector]:
        made = self._embedded(list(texts.values()), Side.DOCUMENT)
        if self._store is not None:
            rows = zip(texts, made.rows, made.sizes, strict=True)
            self._store.put(self._kept_as, {digest: Kept(row, size, size) for digest, row, size in rows})
        return dict(zip(texts, made.rows, strict=True))


def mean_of_pieces(rows: Vectors, weights: Sequence[int], pieces: Sequence[int]) -> EmbeddedTexts:
    """The mean of each text's pieces, each as heavy as it is long.

    Args:
        rows: Unit vectors of all pieces, one text's after the other's.
        weights: How long each piece is.
        pieces: Of each text, at least one.
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
