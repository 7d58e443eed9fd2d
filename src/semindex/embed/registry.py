"""Embedders by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from semindex.embed.shared import Shared
from semindex.errors import ModelError

if TYPE_CHECKING:
    from semindex.embed.static import StaticEmbedder
    from semindex.types import Embedder, VectorStore

BUNDLED = "semindex"
"""The name of the embedder that comes with the package."""

_OPEN: Shared[str, StaticEmbedder] = Shared()


def open_words() -> StaticEmbedder:
    """The bundled word vectors; all in this process use the same.

    Raises:
        ModelError: Their file is absent or damaged.
    """
    from semindex.embed.static import StaticEmbedder

    return _OPEN.get(BUNDLED, StaticEmbedder.bundled)


def open_embedder(
    name: str = BUNDLED,
    *,
    open_store: Callable[[], VectorStore | None] | None = None,
    threads: int = 0,
    batch_size: int = 0,
    most_bytes: int | None = None,
) -> Embedder:
    """The embedder of that name. Bound to plain values it can be pickled, and called in another process.

    Args:
        name: :data:`BUNDLED`, or the path of a folder with a transformer (``~`` is the home).
        open_store: Where a transformer's vectors are kept; the bundled one needs none, nor what follows.
        threads: See :func:`semindex.embed.encoder.open_transformer`, as for the others.
        batch_size: Texts run together.
        most_bytes: Memory of the process.

    Raises:
        ModelError: The name is unknown, or the model's file is absent or damaged.
    """
    if name == BUNDLED:
        return open_words()
    folder = Path(name).expanduser()
    if not name or not folder.is_dir():
        raise ModelError(
            f"unknown embedding model {name!r}: neither {BUNDLED!r}, the bundled one, nor a folder that is "
            f'there, with a transformer; set EMBEDDING_MODEL = "{BUNDLED}" or leave it out'
        )
    from semindex.embed.transformer import TransformerEmbedder

    return TransformerEmbedder(
        folder,
        store=open_store() if open_store is not None else None,
        threads=threads,
        batch_size=batch_size,
        most_bytes=most_bytes,
    )
