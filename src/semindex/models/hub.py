"""Finds or downloads a model of the Hugging Face hub, named ``OWNER/NAME`` or ``OWNER/NAME@REVISION``.

A model in the cache of the hub's client (package ``huggingface_hub``) is used without a connection. Any other
is downloaded by that client, which shows its progress bars and obeys ``HF_HUB_OFFLINE``: the files that are
needed and no others. Nothing that is downloaded is run as a program.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from semindex.errors import ModelError
from semindex.models.modelfolder import GRAPHS
from semindex.models.packages import from_extra

_ID = r"(?P<id>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@(?P<revision>[\w./-]+))?"
_MARKS = ("config.json", "tokenizer.json")
"""Downloaded last: a folder that has one of them has all other files."""
_TABLES = ("model.safetensors", "0_StaticEmbedding/model.safetensors")
_STATIC_TAGS = frozenset({"model2vec", "static-embeddings"})
_ASIDE = ("onnx/", "openvino/", "coreml/", ".")
"""Folders whose configuration files belong to other exports."""


class HubModel(Struct, frozen=True):
    """A model by its name on the hub."""

    id: str
    revision: str | None
    """A branch, a tag or a commit; None for the branch ``main``."""

    @property
    def name(self) -> str:
        """The name as a user writes it."""
        return self.id if self.revision is None else f"{self.id}@{self.revision}"


def read_id(name: str) -> HubModel | None:
    """The model of the hub that a name means; None if the name can only be a path."""
    match = re.fullmatch(_ID, name, re.ASCII)
    if match is None or ".." in name or name.endswith(("/", ".git")):
        return None
    return HubModel(match["id"], match["revision"])


def folder_of(model: HubModel, *, is_whole: Callable[[Path], bool]) -> Path:
    """The model's folder, downloaded if the cache does not have it.

    Args:
        model: The model's name.
        is_whole: Whether a folder has all files that are needed; other programs keep parts of models in the
            same cache.

    Raises:
        ModelError: The hub's client is not installed, or the model is neither in the cache nor can be
            downloaded; the message says how to bring it by hand.
    """
    with from_extra("onnx"):
        import huggingface_hub as hub
    kept = _find_cached(hub, model)
    return kept if kept is not None and is_whole(kept) else _download(hub, model)


def _find_cached(hub: Any, model: HubModel) -> Path | None:
    """The model's folder in the cache; None if it is not there."""
    for mark in _MARKS:
        found = hub.try_to_load_from_cache(model.id, mark, revision=model.revision)
        if isinstance(found, str):
            return Path(found).parent
    return None


def _download(hub: Any, model: HubModel) -> Path:
    try:
        info = hub.HfApi(library_name="semindex").model_info(model.id, revision=model.revision)
        names = [each.rfilename for each in info.siblings or ()]
        wanted = wanted_files(names, static=bool(_STATIC_TAGS & {info.library_name, *(info.tags or ())}))
        for name in wanted:
            got = hub.hf_hub_download(model.id, name, revision=model.revision, library_name="semindex")
    except ModelError:
        raise
    except Exception as error:  # errors of the client, of its HTTP package and of the system
        raise ModelError(_why(hub, model, error)) from error
    return Path(got).parent


def wanted_files(names: Iterable[str], *, static: bool) -> list[str]:
    """The files of a model to download, in order; those of :data:`_MARKS` come last.

    Args:
        names: The names of all files that the model has.
        static: Whether the model is a table of vectors.

    Raises:
        ModelError: The model has no weights that can be used.
    """
    every = sorted(names)
    described = [
        name
        for name in every
        if name.endswith((".json", ".txt", ".model")) and name.count("/") < 2 and not name.startswith(_ASIDE)
    ]
    tables = [name for name in _TABLES if name in every] if static else []
    weights = tables[:1] or _graph_files(every) or _torch_files(every)
    marks = [name for name in reversed(_MARKS) if name in described]
    if not weights or not marks:
        raise ModelError(
            "the model that EMBEDDING_MODEL names has no weights that can be used (*.onnx or *.safetensors) "
            "with a config.json; choose another"
        )
    return [*weights, *(name for name in described if name not in marks), *marks]


def _graph_files(names: Sequence[str]) -> list[str]:
    """The ONNX graph, chosen as in a folder, and the files beside it that hold its weights."""
    for pattern in GRAPHS:
        for place in ("", "onnx/"):
            found = fnmatch.filter(names, f"{place}{pattern}.onnx")
            found = [name for name in found if name.count("/") == place.count("/")]
            if found:
                return [name for name in names if name.startswith(found[0])]
    return []


def _torch_files(names: Sequence[str]) -> list[str]:
    """PyTorch's weights as plain numbers; pickled ones could run programs."""
    return [name for name in names if name.endswith(".safetensors") and not name.startswith(_ASIDE)]


def _why(hub: Any, model: HubModel, error: Exception) -> str:
    """A message that says what failed and what to do about it."""
    errors = hub.errors
    what = f"EMBEDDING_MODEL names {model.name}"
    if isinstance(error, errors.GatedRepoError):
        return f"{what}, whose owners have to be asked for it: https://huggingface.co/{model.id}"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{what}, and the hub has no revision {model.revision!r} of {model.id}; name one that it has"
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"{what}, which is neither a folder here nor a model that the hub shows you; see whether the "
            "name is right, and for a private one log in with: hf auth login"
        )
    said = " ".join(str(error).split())[:200] or type(error).__name__
    pinned = f" --revision {model.revision}" if model.revision else ""
    local = model.id.partition("/")[2]
    return (
        f"{what}, which is not on this machine and cannot be downloaded ({said}). To bring it by hand, run "
        f"on a machine with a network: hf download {model.id}{pinned} --local-dir {local} "
        '--include "*.json" --include "*model.onnx*" '
        "(the command comes with: pip install huggingface_hub), or take onnx/model.onnx, tokenizer.json, "
        "config.json and the other *.json files, 1_Pooling/config.json among them, from "
        f"https://huggingface.co/{model.id}/tree/{model.revision or 'main'}; copy the folder {local} here, "
        f'and set EMBEDDING_MODEL = "path/to/{local}"'
    )
