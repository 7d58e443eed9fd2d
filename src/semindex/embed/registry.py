"""Embedders by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semindex.embed.shared import Shared
from semindex.errors import ModelError

if TYPE_CHECKING:
    from semindex.embed.static import StaticEmbedder

BUNDLED = "semindex"
"""The name of the embedder that comes with the package."""


_OPEN: Shared[str, StaticEmbedder] = Shared()


def open_embedder(name: str = BUNDLED) -> StaticEmbedder:
    """The embedder of that name, opened; all in this process use the same.

    Raises:
        ModelError: The name is unknown, or the model's file is absent or damaged.
    """
    if name != BUNDLED:
        raise ModelError(
            f"unknown embedding model {name!r}: this version of semindex has only {BUNDLED!r}; "
            f'set EMBEDDING_MODEL = "{BUNDLED}" or leave it out'
        )
    from semindex.embed.static import StaticEmbedder

    return _OPEN.get(name, StaticEmbedder.bundled)
