"""Embedders by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from semindex.embed.running import DEFAULT, Running
from semindex.embed.shared import Shared
from semindex.errors import ModelError

if TYPE_CHECKING:
    from semindex.embed.static import StaticEmbedder
    from semindex.embed.texts import TextModel
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
    running: Running = DEFAULT,
) -> Embedder:
    """The embedder of that name. Bound to plain values it can be pickled, and called in another process.

    Args:
        name: :data:`BUNDLED`, or the path of a folder with a model (``~`` is the home).
        open_store: Where vectors of texts are kept; the bundled one needs none, nor what follows.
        running: How a transformer is run.

    Raises:
        ModelError: The name is unknown, or the model's file is absent or damaged.
    """
    if name == BUNDLED:
        return open_words()
    from semindex.embed.texts import TextEmbedder

    return TextEmbedder(_text_model(name, running), store=open_store() if open_store is not None else None)


def _text_model(name: str, running: Running) -> TextModel:
    folder = Path(name).expanduser()
    if not name or not folder.is_dir():
        raise ModelError(
            f"unknown embedding model {name!r}: neither {BUNDLED!r}, the bundled one, nor a folder that is "
            f'there, with a transformer; set EMBEDDING_MODEL = "{BUNDLED}" or leave it out'
        )
    from semindex.embed.transformer import TransformerModel

    return TransformerModel(folder, running)
