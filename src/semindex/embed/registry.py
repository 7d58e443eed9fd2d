"""Opens the embedder that a name means: the bundled words, a folder, a model of the hub or a server."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from semindex.errors import ModelError
from semindex.models.running import DEFAULT, RunOptions

if TYPE_CHECKING:
    from semindex.models.texts import TextModel
    from semindex.types import Embedder, VectorStore

BUNDLED = "semindex"
"""The name of the embedder that comes with the package."""


def open_embedder(
    name: str = BUNDLED,
    *,
    open_store: Callable[[], VectorStore | None] | None = None,
    running: RunOptions = DEFAULT,
    read_key: Callable[[], str | None] | None = None,
) -> Embedder:
    """The embedder that a name means. Bound to plain arguments, the function can be sent to another process.

    Args:
        name: :data:`BUNDLED`; the path of a folder with a model (``~`` is the home); the id of a model on the
            Hugging Face hub (:mod:`semindex.models.hub`); or the address of a server
            (:func:`semindex.models.endpoint.read_endpoint`).
        open_store: Opens the cache of a model's vectors; the bundled words use none.
        running: How to run a model.
        read_key: Gives the key for a server.

    Raises:
        ModelError: The name is unknown, or the model's file is absent or damaged.
    """
    if name == BUNDLED:
        from semindex.embed.static import open_words

        return open_words()
    from semindex.models.texts import TextEmbedder

    is_address = name.lower().startswith(("http://", "https://"))
    model = _server(name, running, read_key) if is_address else _local(_folder(name), running)
    return TextEmbedder(model, store=open_store() if open_store is not None else None)


def _server(name: str, running: RunOptions, read_key: Callable[[], str | None] | None) -> TextModel:
    from semindex.models.client import ServerModel
    from semindex.models.endpoint import read_endpoint

    return ServerModel(read_endpoint(name), max_tokens=running.max_tokens, read_key=read_key)


def _folder(name: str) -> Path:
    """The folder that a name is the path of; if there is none, that of the hub's model of this name."""
    from semindex.models.hub import folder_of, read_id

    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return folder
    model = read_id(name)
    if model is None:
        raise ModelError(
            f"unknown embedding model {name!r}: neither {BUNDLED!r}, the bundled one, nor a folder that is "
            f'there, nor OWNER/NAME, nor http://...; set EMBEDDING_MODEL = "{BUNDLED}" or leave it out'
        )
    return folder_of(model, is_whole=_is_whole)


def _is_whole(folder: Path) -> bool:
    """Whether a folder has all files that one of the ways to run a model needs."""
    from semindex.models.model2vec import table_file
    from semindex.models.modelfolder import graph_of, torch_files

    if table_file(folder) is not None or graph_of(folder) is not None:
        return True
    return bool(torch_files(folder)) and importlib.util.find_spec("sentence_transformers") is not None


def _local(folder: Path, running: RunOptions) -> TextModel:
    """The model in a folder: a table of vectors, an ONNX graph, or PyTorch's weights."""
    from semindex.models.model2vec import Model2vec, table_file
    from semindex.models.modelfolder import graph_of, torch_files
    from semindex.models.sentences import SentenceModel
    from semindex.models.transformer import TransformerModel

    table = table_file(folder)
    if table is not None:
        return Model2vec(folder, table)
    if graph_of(folder) is None and torch_files(folder):
        return SentenceModel(folder, running)
    return TransformerModel(folder, running)
