"""Embedders by name."""

from __future__ import annotations

import re
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
    read_key: Callable[[], str | None] | None = None,
) -> Embedder:
    """The embedder of that name. Bound to plain values it can be pickled, and called in another process.

    Args:
        name: :data:`BUNDLED`; the path of a folder with a model (``~`` is the home); or the address of a
            server (:func:`semindex.embed.endpoint.read_endpoint`).
        open_store: Where vectors of texts are kept; the bundled one needs none, nor what follows.
        running: How a model is run.
        read_key: Gives a server's key.

    Raises:
        ModelError: The name is unknown, or the model's file is absent or damaged.
    """
    if name == BUNDLED:
        return open_words()
    from semindex.embed.texts import TextEmbedder

    model = _server(name, running, read_key) if _ADDRESS.match(name) else _local(_folder(name), running)
    return TextEmbedder(model, store=open_store() if open_store is not None else None)


_ADDRESS = re.compile("https?://", re.IGNORECASE)


def _server(name: str, running: Running, read_key: Callable[[], str | None] | None) -> TextModel:
    from semindex.embed.endpoint import read_endpoint
    from semindex.embed.server import ServerModel

    return ServerModel(read_endpoint(name), max_tokens=running.max_tokens, read_key=read_key)


def _folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if not name or not folder.is_dir():
        raise ModelError(
            f"unknown embedding model {name!r}: neither {BUNDLED!r}, the bundled one, nor a folder that is "
            f'there, with a model; set EMBEDDING_MODEL = "{BUNDLED}" or leave it out'
        )
    return folder


def _local(folder: Path, running: Running) -> TextModel:
    """What a folder holds: a table of vectors, or a transformer."""
    from semindex.embed.model2vec import Model2vec, table_file
    from semindex.embed.transformer import TransformerModel

    table = table_file(folder)
    return Model2vec(folder, table) if table is not None else TransformerModel(folder, running)
