"""Embedders that fail at a word, opened by the workers of a build in tests."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semindex.embed.registry import open_embedder
from semindex.embed.static import StaticEmbedder
from semindex.tokens import hash_term, word_terms
from semindex.types import Documents, Vectors

DEADLY = "zymurgy"
FATAL = np.uint64(hash_term(*word_terms(DEADLY)))


@dataclass(frozen=True)
class Deadly:
    """Opens the bundled embedder, which kills its process at a word as often as there is a file for it."""

    lives: Path

    def __call__(self) -> StaticEmbedder:
        return _Killing(StaticEmbedder.bundled()._words, self.lives)


class _Killing(StaticEmbedder):
    def __init__(self, words: object, lives: Path) -> None:
        super().__init__(words)  # type: ignore[arg-type]
        self._lives = lives

    def embed_documents(self, documents: Documents) -> Vectors:
        if FATAL in documents.content.terms:
            for life in sorted(self._lives.iterdir()):
                life.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().embed_documents(documents)


@dataclass(frozen=True)
class Struck:
    """Opens the bundled embedder; the first process that embeds with it sends a signal to its own group.

    So it is struck with a batch in its hands, however fast the others are. A group is a worker with its
    nanny, as :class:`tests.indexing.cluster.fleet.Fleet` starts them.
    """

    life: Path
    """A file, removed by the one that is struck."""
    number: signal.Signals

    def __call__(self) -> StaticEmbedder:
        return _Striking(StaticEmbedder.bundled()._words, self)


class _Striking(StaticEmbedder):
    def __init__(self, words: object, struck: Struck) -> None:
        super().__init__(words)  # type: ignore[arg-type]
        self._struck = struck

    def embed_documents(self, documents: Documents) -> Vectors:
        try:
            self._struck.life.unlink()
        except FileNotFoundError:
            return super().embed_documents(documents)
        os.killpg(0, self._struck.number)
        return super().embed_documents(documents)


class _Raising(StaticEmbedder):
    def embed_documents(self, documents: Documents) -> Vectors:
        if FATAL in documents.content.terms:
            raise MemoryError("no room for the vectors")
        return super().embed_documents(documents)


def open_raising() -> StaticEmbedder:
    """The bundled embedder, which raises at the word."""
    return _Raising(StaticEmbedder.bundled()._words)


__all__ = ["DEADLY", "Deadly", "Struck", "open_embedder", "open_raising"]
