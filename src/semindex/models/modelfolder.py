"""Reads the folder of a transformer, laid out as usual exports are, and says what is needed to run it.

====================================  ============================================================
file                                  says
====================================  ============================================================
``model.onnx``, ``onnx/model.onnx``   the graph; else a quantised one (:data:`GRAPHS`)
``tokenizer.json``                    the tokenizer (https://github.com/huggingface/tokenizers)
``config.json``                       architecture, padding token, longest input
``modules.json``                      which steps follow the transformer, and in which folders
``1_Pooling/config.json``             how token vectors become one (:class:`Pooling`)
``sentence_bert_config.json``         the longest input that the model was made for; lower case
``tokenizer_config.json``             the longest input of the tokenizer
``config_sentence_transformers.json`` prompts put in front of queries and documents
====================================  ============================================================

Only the first two have to exist. What no file says is looked up by the model's name in
:mod:`semindex.models.conventions`; if that has no such name, tokens are averaged and there are no prompts.
Vectors are made unit vectors whatever ``modules.json`` says, since cosines are compared.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import xxhash

from semindex.errors import ModelError
from semindex.models.batching import Footprint
from semindex.models.conventions import Convention, convention_of
from semindex.models.pooling import Pooling

GRAPHS = ("model", "model_quantized", "model_int8", "model_uint8", "model_qint8*", "model_quint8*", "model_*")
"""Names of the graph, without ``.onnx``, in the order in which they are looked for: each name in the folder,
then in ``onnx/``."""
DEFAULT_TOKENS = 512
"""Longest input if no file says it: that of BERT and of most models like it."""
_OFFSET_POSITIONS = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet"})
"""Models that count positions from 2, so that their inputs are shorter than their positions by two."""
_PLAIN_STEPS = frozenset({"Transformer", "Pooling", "Normalize"})
_HAVE = (
    "a model is a folder with model.onnx or onnx/model.onnx and tokenizer.json, "
    "as an ONNX export of a sentence-transformers model has"
)

Record = TypeVar("Record")


class ModelFolder(msgspec.Struct, frozen=True):
    """A model on disk, and how it wants to be used."""

    path: Path
    graph: Path
    tokenizer: Path
    pooling: Pooling
    max_tokens: int
    """Longest input in tokens, special ones included."""
    pad_id: int | None
    classifier: bool
    """Whether the configuration says that the model classifies texts, as cross-encoders do."""
    steps: tuple[str, ...]
    """Steps behind the pooling that change vectors; only a graph that holds them can be used."""
    footprint: Footprint
    """Memory that the model takes; that of BERT's base size if no file says the widths."""
    lower_case: bool = False
    """Whether texts are made lower case before the tokenizer gets them."""
    query_prompt: str = ""
    """The prompt in front of a query."""
    document_prompt: str = ""
    """The prompt in front of a text that is searched."""


class _Config(msgspec.Struct):
    architectures: list[str] | None = None
    model_type: str | None = None
    name: str | None = msgspec.field(default=None, name="_name_or_path")
    max_position_embeddings: int | None = None
    n_positions: int | None = None
    """The number of positions in models of nomic's kind; next, how many they were trained on."""
    max_trained_positions: int | None = None
    pad_token_id: int | None = None
    hidden_size: int | None = None
    dim: int | None = None
    """The hidden size of DistilBERT."""
    n_embd: int | None = None
    intermediate_size: int | None = None
    n_inner: int | None = None
    num_attention_heads: int | None = None
    n_head: int | None = None


class _Module(msgspec.Struct):
    type: str
    path: str = ""


class _PoolingConfig(msgspec.Struct):
    pooling_mode: str | None = None
    pooling_mode_cls_token: bool = False
    pooling_mode_mean_tokens: bool = False
    pooling_mode_max_tokens: bool = False
    pooling_mode_mean_sqrt_len_tokens: bool = False
    pooling_mode_weightedmean_tokens: bool = False
    pooling_mode_lasttoken: bool = False
    include_prompt: bool = True


class _Sentence(msgspec.Struct):
    max_seq_length: int | None = None
    do_lower_case: bool = False


class _TokenizerConfig(msgspec.Struct):
    model_max_length: float | None = None
    """A huge float if no length is known."""


class _Prompts(msgspec.Struct):
    prompts: dict[str, str | None] | None = None
    default_prompt_name: str | None = None


_QUERY_TASKS = ("query", "search_query", "retrieval.query", "nl2code_query", "s2p_query", "code.query")
_DOCUMENT_TASKS = (
    "document",
    "passage",
    "corpus",
    "search_document",
    "retrieval.passage",
    "nl2code_document",
)
"""Names under which models' files have the prompts for searching."""
READING_VERSION = 2
"""To be raised when the same folder gives other numbers than before; part of the fingerprint."""
_BLOCK_BYTES = 1 << 20


def fingerprint(folder: ModelFolder) -> str:
    """A name of what the model computes, wherever its folder is: its files' content and how they are used.

    The weights and the tokenizer are read once for it.

    Raises:
        ModelError: A file cannot be read.
    """
    used = (
        READING_VERSION,
        folder.pooling.value,
        folder.max_tokens,
        folder.pad_id,
        folder.lower_case,
        folder.query_prompt,
        folder.document_prompt,
    )
    return f"onnx-{files_digest(used, [folder.tokenizer, *weight_files(folder)])}"


def files_digest(used: tuple[object, ...], files: Sequence[Path]) -> str:
    """The digest of some files' content and of how they are used.

    Raises:
        ModelError: A file cannot be read.
    """
    content = xxhash.xxh3_128(repr(used).encode())
    for file in files:
        try:
            with file.open("rb") as opened:
                while block := opened.read(_BLOCK_BYTES):
                    content.update(block)
        except OSError as error:
            raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    return content.hexdigest()


def weight_files(folder: ModelFolder) -> list[Path]:
    """The files with the weights: the graph and files ``NAME.onnx*`` beside it, or those of PyTorch."""
    if folder.graph.suffix == ".safetensors":
        return torch_files(folder.path)
    beside = folder.graph.parent.glob(f"{folder.graph.name}?*")
    return [folder.graph, *sorted(file for file in beside if file.is_file())]


def read_folder(path: Path) -> ModelFolder:
    """What the files of a folder say about its model.

    Raises:
        ModelError: There is no such folder, a file is missing or cannot be read, or the pooling is unknown.
    """
    if not path.is_dir():
        raise ModelError(f"no folder {path}; {_HAVE}")
    graph = graph_of(path)
    if graph is None:
        raise ModelError(f"{path} has no ONNX model; {_HAVE}")
    tokenizer = path / "tokenizer.json"
    if not tokenizer.is_file():
        raise ModelError(f"{path} has no tokenizer.json; {_HAVE}")
    return _describe(path, graph, tokenizer)


def read_torch_folder(path: Path) -> ModelFolder:
    """What the files of a folder with PyTorch's weights say; the first of these stands for the graph.

    Raises:
        ModelError: There are no weights, or a file cannot be read.
    """
    weights = torch_files(path)
    if not weights:
        raise ModelError(f"{path} has neither an ONNX graph nor *.safetensors; {_HAVE}")
    files = (path / name for name in ("tokenizer.json", "tokenizer_config.json", "config.json"))
    return _describe(path, weights[0], next((file for file in files if file.is_file()), weights[0]))


def torch_files(path: Path) -> list[Path]:
    """The files ``*.safetensors`` of a folder, which hold PyTorch's weights."""
    return sorted(file for file in path.glob("*.safetensors") if file.is_file())


def _describe(path: Path, graph: Path, tokenizer: Path) -> ModelFolder:
    config = _read_json(path / "config.json", _Config) or _Config()
    sentence = _read_json(path / "sentence_bert_config.json", _Sentence) or _Sentence()
    modules = _modules(path)
    custom = convention_of([*path_names(path), config.name or ""])
    query, document = _prompts(path, custom)
    return ModelFolder(
        path,
        graph,
        tokenizer,
        _pooling(path, modules, custom),
        _max_tokens(path, config, sentence),
        config.pad_token_id,
        any(name.endswith("ForSequenceClassification") for name in config.architectures or ()),
        _steps(modules),
        _footprint(config),
        sentence.do_lower_case,
        query,
        document,
    )


def path_names(path: Path) -> list[str]:
    """The names that a model's folder suggests, the most telling first.

    Hugging Face's cache keeps a model in ``models--OWNER--NAME/snapshots/REVISION``; that gives
    ``OWNER/NAME``.
    """
    parts = path.absolute().parts
    cached = [part.replace("--", "/") for part in reversed(parts[-3:]) if part.startswith("models--")]
    return [*cached, *parts[-1:]]


def _prompts(path: Path, custom: Convention | None) -> tuple[str, str]:
    """The prompts of a query and of a document.

    If the file has none, or empty ones for both (as new versions of sentence-transformers write for any
    model), those of the table of conventions are used.
    """
    told = _read_json(path / "config_sentence_transformers.json", _Prompts) or _Prompts()
    prompts = told.prompts or {}

    def first(tasks: Sequence[str]) -> str:
        named = (*tasks, told.default_prompt_name or "")
        return next((prompts[task] or "" for task in named if task in prompts), "")

    query, document = first(_QUERY_TASKS), first(_DOCUMENT_TASKS)
    if custom is not None and not query and not document:
        return custom.query, custom.document
    return query, document


def _steps(modules: Sequence[_Module]) -> tuple[str, ...]:
    """The steps behind the pooling, besides normalising."""
    names = [module.type.rpartition(".")[2] for module in modules]
    return tuple(name for name in names if name not in _PLAIN_STEPS)


def _footprint(config: _Config) -> Footprint:
    hidden = max(1, config.hidden_size or config.dim or config.n_embd or 768)
    inner = max(1, config.intermediate_size or config.n_inner or 4 * hidden)
    heads = max(1, config.num_attention_heads or config.n_head or 12)
    return Footprint.of(hidden=hidden, inner=inner, heads=heads)


def graph_of(path: Path) -> Path | None:
    """The ONNX graph of a folder; None if there is none."""
    for name in GRAPHS:
        for folder in (path, path / "onnx"):
            found = sorted(file for file in folder.glob(f"{name}.onnx") if file.is_file())
            if found:
                return found[0]
    return None


def _modules(path: Path) -> list[_Module]:
    return _read_json(path / "modules.json", list[_Module]) or []


def _pooling(path: Path, modules: list[_Module], custom: Convention | None) -> Pooling:
    named = [module.path for module in modules if module.type.endswith(".Pooling")]
    file = path / (named[0] if named else "1_Pooling") / "config.json"
    # Compared as text, since in Hugging Face's cache every file is a link to another folder.
    if not os.path.normpath(file).startswith(os.path.join(os.path.normpath(path), "")):  # noqa: PTH118
        raise ModelError(f"{path / 'modules.json'} leads out of its folder: {named[0]}")
    config = _read_json(file, _PoolingConfig)
    if config is None:
        return custom.pooling if custom is not None else Pooling.MEAN
    modes = [config.pooling_mode] if config.pooling_mode else _flags(config)
    known = {pooling.value: pooling for pooling in Pooling}
    if len(modes) != 1 or modes[0] not in known:
        asked = " and ".join(modes) or "of no kind"
        raise ModelError(f"{file} asks for pooling {asked}; known is one of {', '.join(known)}")
    if not config.include_prompt:
        raise ModelError(
            f"{file} leaves prompts out of the pooling, which is not done here; take another model"
        )
    return known[modes[0]]


def _flags(config: _PoolingConfig) -> list[str]:
    known = {
        "cls": config.pooling_mode_cls_token,
        "mean": config.pooling_mode_mean_tokens,
        "max": config.pooling_mode_max_tokens,
        "mean_sqrt_len_tokens": config.pooling_mode_mean_sqrt_len_tokens,
        "weightedmean": config.pooling_mode_weightedmean_tokens,
        "lasttoken": config.pooling_mode_lasttoken,
    }
    return [name for name, wanted in known.items() if wanted]


def _max_tokens(path: Path, config: _Config, sentence: _Sentence) -> int:
    """The lowest of the lengths that the files say, since each bounds another part of the model."""
    tokenizer = _read_json(path / "tokenizer_config.json", _TokenizerConfig)
    positions = config.max_position_embeddings
    if positions is not None and config.model_type in _OFFSET_POSITIONS:
        positions -= 2
    told = (
        sentence.max_seq_length,
        tokenizer.model_max_length if tokenizer is not None else None,
        positions,
        config.n_positions,
        config.max_trained_positions,
    )
    bounds = [int(bound) for bound in told if bound is not None and 0 < bound < 1e9]
    return min(bounds, default=DEFAULT_TOKENS)


def _read_json(file: Path, kind: type[Record]) -> Record | None:
    """A configuration file, decoded; None if there is no such file."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} is not what a model's folder has there: {error}") from error
