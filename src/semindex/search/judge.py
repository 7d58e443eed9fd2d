"""How well texts answer a query, as a transformer sees it; what was computed is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xxhash

from semindex.embed.encoder import Tokens, Transformer, open_transformer
from semindex.errors import ModelError
from semindex.store.cache import RecentlyUsed

MAX_TOKENS = 128
"""Of a text that the model reads: where it stands, its signature, its documentation, its first lines.

Twice as many cost twice the time.
"""
_NONE_NAMED = (
    "re-ranking needs a transformer, and none is named: set RERANK_MODEL in table [MODELS] of your own "
    "semindex.toml, the variable SEMINDEX_RERANK_MODEL, or --rerank-model to a folder that you bring "
    "(semindex downloads nothing). It holds model.onnx or onnx/model.onnx, a bi-encoder or a "
    "cross-encoder, with its tokenizer.json, config.json and other *.json files. What runs it comes with: "
    'pip install "semindex[onnx]"'
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model says of one text."""

    value: float
    """Cosine of a bi-encoder, logit of a cross-encoder; higher is better, comparable within a query."""
    read_tokens: int
    total_tokens: int
    """More than ``read_tokens`` when the model read the beginning only."""


@dataclass(frozen=True, slots=True)
class _Known:
    result: npt.NDArray[np.float32]
    """A vector, or one logit."""
    read_tokens: int
    total_tokens: int


class Judge:
    """A model that judges texts; threads may share it."""

    def __init__(self, model: Transformer, *, remembered: int) -> None:
        """Remember the results of so many texts (of pairs, for a cross-encoder)."""
        self._model = model
        self._known: RecentlyUsed[bytes, _Known] = RecentlyUsed(remembered)
        self.measure = "logit" if model.is_cross_encoder else "cosine"
        self._query_prompt = model.prompt("query")
        self._text_prompt = model.prompt("document", "passage", "corpus")

    def judge(self, query: str, texts: Sequence[str]) -> list[Judgement]:
        """A judgement a text, in their order."""
        if self._model.is_cross_encoder:
            found = self._found(texts, query)
            values = [float(each.result[0]) for each in found]
        else:
            asked = self._model.query_tokens(query, prompt=self._query_prompt)
            vector = self._model.embed([asked])[0]
            found = self._found(texts, None)
            values = [float(each.result @ vector) for each in found]
        return [
            Judgement(value, each.read_tokens, each.total_tokens)
            for value, each in zip(values, found, strict=True)
        ]

    def notes(self, query: str) -> tuple[str, ...]:
        """What a reader should know of how the query was read."""
        tokens = self._model.query_tokens(query, prompt=self._query_prompt)
        if tokens.read == tokens.total:
            return ()
        return (
            f"the re-ranking model read the first {tokens.read:,} of {tokens.total:,} tokens of the query",
        )

    def _found(self, texts: Sequence[str], query: str | None) -> list[_Known]:
        keys = [_key(query, text) for text in texts]
        found = {key: self._known.get(key) for key in keys}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if found[key] is None}
        if missing:
            for key, computed in zip(missing, self._computed(list(missing.values()), query), strict=True):
                self._known.put(key, computed)
                found[key] = computed
        return [known for key in keys if (known := found[key]) is not None]

    def _computed(self, texts: Sequence[str], query: str | None) -> list[_Known]:
        tokens: Sequence[Tokens]
        if query is None:
            tokens = self._model.tokens(texts, prompt=self._text_prompt)
            results = self._model.embed(tokens)
        else:
            tokens = self._model.pair_tokens(query, texts)
            results = self._model.score(tokens)[:, None]
        return [_Known(row, each.read, each.total) for row, each in zip(results, tokens, strict=True)]


def open_judge(folder: str, *, remembered: int, batch_size: int = 0, most_bytes: int | None = None) -> Judge:
    """The judge over the model of a folder (``~`` is the home).

    Args:
        folder: Holds the model.
        remembered: See :class:`Judge`.
        batch_size: See :func:`semindex.embed.encoder.open_transformer`, as for ``most_bytes``.
        most_bytes: That of the process.

    Raises:
        ModelError: No folder is named, a package is missing, or the folder is not whole.
    """
    if not folder:
        raise ModelError(_NONE_NAMED)
    model = open_transformer(
        Path(folder).expanduser(), max_tokens=MAX_TOKENS, batch_size=batch_size, most_bytes=most_bytes
    )
    return Judge(model, remembered=remembered)


def _key(query: str | None, text: str) -> bytes:
    head = b"" if query is None else xxhash.xxh3_128_digest(query.encode("utf-8", "surrogatepass"))
    return head + xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass"))
