"""A folder that holds a transformer, as the usual exports lay it out, to what has to be known to run it.

====================================  ============================================================
file                                  tells
====================================  ============================================================
``model.onnx``, ``onnx/model.onnx``   the graph; else a quantised one (:data:`GRAPHS`)
``tokenizer.json``                    the tokenizer (https://github.com/huggingface/tokenizers)
``config.json``                       architecture, padding token, longest input
``modules.json``                      which steps follow the transformer, and where they stand
``1_Pooling/config.json``             how token vectors become one: mean (also when absent) or CLS
``sentence_bert_config.json``         the longest input that the model was made for
``tokenizer_config.json``             the same, from the tokenizer
``config_sentence_transformers.json`` prompts put in front of queries and documents
====================================  ============================================================

Only the first two have to be there. Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TypeVar

import msgspec
import xxhash

from semindex.embed.batching import Footprint
from semindex.errors import ModelError

GRAPHS = ("model", "model_quantized", "model_int8", "model_uint8", "model_qint8*", "model_quint8*", "model_*")
"""Names of the graph, without ``.onnx``, the first that is there; each in the folder, then in ``onnx/``."""
DEFAULT_TOKENS = 512
"""Longest input where no file tells one: that of BERT and most of its kin."""
_OFFSET_POSITIONS = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet"})
"""Models whose positions begin behind the padding token's number, so that two places are lost."""
_HAVE = (
    "a model is a folder with model.onnx or onnx/model.onnx and tokenizer.json, "
    "as an ONNX export of a sentence-transformers model has"
)

Record = TypeVar("Record")


class Pooling(Enum):
    """How the vectors of a text's tokens become one."""

    MEAN = "mean"
    CLS = "cls"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on disk, and how it wants to be used."""

    path: Path
    graph: Path
    tokenizer: Path
    pooling: Pooling
    max_tokens: int
    """Longest input, special tokens included."""
    pad_id: int | None
    classifier: bool
    """The configuration says that a text is classified, not embedded."""
    dense: bool
    """A step behind the pooling changes the vectors; only a graph that ends in it can be used."""
    footprint: Footprint
    """What it takes to run; that of BERT's base size where no file tells widths."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """By task (``query``, ``document``, ...): what is put in front of a text."""


class _Config(msgspec.Struct):
    architectures: list[str] | None = None
    model_type: str | None = None
    max_position_embeddings: int | None = None
    pad_token_id: int | None = None
    hidden_size: int | None = None
    dim: int | None = None
    """What DistilBERT calls its hidden size."""
    intermediate_size: int | None = None
    num_attention_heads: int | None = None


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


class _Sentence(msgspec.Struct):
    max_seq_length: int | None = None


class _TokenizerConfig(msgspec.Struct):
    model_max_length: float | None = None
    """A huge float where none is known."""


class _Prompts(msgspec.Struct):
    prompts: dict[str, str] | None = None


READING_VERSION = 1
"""Raised when the same folder gives other numbers than before; part of the fingerprint."""
_BLOCK_BYTES = 1 << 20


def fingerprint(folder: ModelFolder) -> str:
    """Names what the model computes, wherever its folder lies: its files' content and how they are used.

    Reads the graph (with weights that stand beside it as ``NAME.onnx*``) and the tokenizer once.

    Raises:
        ModelError: A file cannot be read.
    """
    content = xxhash.xxh3_128()
    used = (
        READING_VERSION,
        folder.pooling.value,
        folder.max_tokens,
        folder.pad_id,
        sorted(folder.prompts.items()),
    )
    content.update(repr(used).encode())
    for file in (folder.tokenizer, *weight_files(folder)):
        try:
            with file.open("rb") as opened:
                while block := opened.read(_BLOCK_BYTES):
                    content.update(block)
        except OSError as error:
            raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    return f"onnx-{content.hexdigest()}"


def weight_files(folder: ModelFolder) -> list[Path]:
    """The graph, and the files beside it that hold its weights where these are too large for it."""
    beside = folder.graph.parent.glob(f"{folder.graph.name}?*")
    return [folder.graph, *sorted(file for file in beside if file.is_file())]


def read_folder(path: Path) -> ModelFolder:
    """What a folder says of its model.

    Raises:
        ModelError: It is no folder, a file is missing or cannot be read, or the pooling is unknown.
    """
    if not path.is_dir():
        raise ModelError(f"no folder {path}; {_HAVE}")
    graph = _graph(path)
    tokenizer = path / "tokenizer.json"
    if not tokenizer.is_file():
        raise ModelError(f"{path} has no tokenizer.json; {_HAVE}")
    config = _read(path / "config.json", _Config) or _Config()
    modules = _modules(path)
    prompts = _read(path / "config_sentence_transformers.json", _Prompts)
    return ModelFolder(
        path,
        graph,
        tokenizer,
        _pooling(path, modules),
        _max_tokens(path, config),
        config.pad_token_id,
        any(name.endswith("ForSequenceClassification") for name in config.architectures or ()),
        any(module.type.endswith(".Dense") for module in modules),
        _footprint(config),
        (prompts.prompts if prompts is not None else None) or {},
    )


def _footprint(config: _Config) -> Footprint:
    hidden = max(1, config.hidden_size or config.dim or 768)
    inner = max(1, config.intermediate_size or 4 * hidden)
    return Footprint.of(hidden=hidden, inner=inner, heads=max(1, config.num_attention_heads or 12))


def _graph(path: Path) -> Path:
    for name in GRAPHS:
        for folder in (path, path / "onnx"):
            found = sorted(file for file in folder.glob(f"{name}.onnx") if file.is_file())
            if found:
                return found[0]
    raise ModelError(f"{path} has no ONNX model; {_HAVE}")


def _modules(path: Path) -> list[_Module]:
    return _read(path / "modules.json", list[_Module]) or []


def _pooling(path: Path, modules: list[_Module]) -> Pooling:
    named = [module.path for module in modules if module.type.endswith(".Pooling")]
    file = path / (named[0] if named else "1_Pooling") / "config.json"
    if not file.resolve().is_relative_to(path.resolve()):
        raise ModelError(f"{path / 'modules.json'} leads out of its folder: {named[0]}")
    config = _read(file, _PoolingConfig)
    if config is None:
        return Pooling.MEAN
    modes = [config.pooling_mode] if config.pooling_mode else _flags(config)
    if modes == ["mean"]:
        return Pooling.MEAN
    if modes == ["cls"]:
        return Pooling.CLS
    raise ModelError(f"{file} asks for pooling {' and '.join(modes) or 'of no kind'}; known are mean and cls")


def _flags(config: _PoolingConfig) -> list[str]:
    known = {
        "cls": config.pooling_mode_cls_token,
        "mean": config.pooling_mode_mean_tokens,
        "max": config.pooling_mode_max_tokens,
        "mean_sqrt_len": config.pooling_mode_mean_sqrt_len_tokens,
        "weightedmean": config.pooling_mode_weightedmean_tokens,
        "lasttoken": config.pooling_mode_lasttoken,
    }
    return [name for name, wanted in known.items() if wanted]


def _max_tokens(path: Path, config: _Config) -> int:
    """The shortest of what the files say: each is a bound of another part of the model."""
    sentence = _read(path / "sentence_bert_config.json", _Sentence)
    tokenizer = _read(path / "tokenizer_config.json", _TokenizerConfig)
    positions = config.max_position_embeddings
    if positions is not None and config.model_type in _OFFSET_POSITIONS:
        positions -= 2
    told = (
        sentence.max_seq_length if sentence is not None else None,
        tokenizer.model_max_length if tokenizer is not None else None,
        positions,
    )
    bounds = [int(bound) for bound in told if bound is not None and 0 < bound < 1e9]
    return min(bounds, default=DEFAULT_TOKENS)


def _read(file: Path, kind: type[Record]) -> Record | None:
    """A configuration file; None where there is none."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} is not what a model's folder has there: {error}") from error
