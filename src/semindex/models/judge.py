"""Scores how well texts answer a query, by a transformer; computed vectors and scores are kept in a cache."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import ModelError
from semindex.models.digest import text_digest
from semindex.models.encoder import ModelInput, Transformer, shared_folder
from semindex.models.modelfolder import read_folder
from semindex.models.running import DEFAULT, RunOptions
from semindex.process.recent import RecentlyUsed
from semindex.types import Kept, Vector, VectorStore

MAX_TOKENS = 128
"""Tokens of a text that the model reads: its path, signature, documentation and first lines. Twice as many
take twice the time."""
REMEMBERED_SECONDS = 3600
"""How long a query's vector stays in memory, so that a process that goes on gives memory back."""
REMEMBERED_BYTES = 16_000_000
"""What the vectors of queries take at most."""
_NONE_NAMED = (
    "re-ranking needs a transformer, and none is named: set RERANK_MODEL in table [MODELS] of your own "
    "semindex.toml, the variable SEMINDEX_RERANK_MODEL, or --rerank-model to a folder that you bring "
    "(semindex downloads nothing). It holds model.onnx or onnx/model.onnx, a bi-encoder or a "
    "cross-encoder, with its tokenizer.json, config.json and other *.json files. What runs it comes with: "
    'pip install "semindex[onnx]"'
)


class TextScore(Struct, frozen=True):
    """How well one text answers the query."""

    value: float
    """The cosine of a bi-encoder or the logit of a cross-encoder: higher is better, comparable within a
    query."""
    read_tokens: int
    total_tokens: int
    """More than ``read_tokens`` if the model read the beginning of the text only."""


class Judge:
    """A model that scores texts for a query; threads may share it."""

    def __init__(self, model: Transformer, *, cache: VectorStore | None = None, remembered: int = 0) -> None:
        """Take the model and the cache.

        Args:
            model: Scores the texts.
            cache: Keeps the vectors of texts, or the scores of a cross-encoder's pairs; None to compute all
                anew.
            remembered: How many queries' vectors to keep in memory.
        """
        self._model = model
        self._cache = cache
        self._asked: RecentlyUsed[str, Vector] = RecentlyUsed(
            remembered,
            most_bytes=REMEMBERED_BYTES,
            size_of=lambda query, vector: 4 * len(query) + vector.nbytes,
            seconds=REMEMBERED_SECONDS,
        )
        self.measure = "logit" if model.is_cross_encoder else "cosine"
        self._query_prompt = model.folder.query_prompt
        self._text_prompt = model.folder.document_prompt

    def judge(self, query: str, texts: Sequence[str]) -> list[TextScore]:
        """The score of each text, in the order of the texts."""
        if self._model.is_cross_encoder:
            found = self._look_up(texts, query)
            values = [float(each.numbers[0]) for each in found]
        else:
            vector = self._query_vector(query)
            found = self._look_up(texts, None)
            values = [float(each.numbers @ vector) for each in found]
        return [
            TextScore(value, each.read_tokens, each.total_tokens)
            for value, each in zip(values, found, strict=True)
        ]

    def notes(self, query: str) -> tuple[str, ...]:
        """Sentences for the user: how much of a long query was read, and what is wrong with the cache."""
        tokens = self._model.query_tokens(query, prompt=self._query_prompt)
        kept = self._cache.notes if self._cache is not None else ()
        if tokens.read == tokens.total:
            return kept
        return (
            f"the re-ranking model read the first {tokens.read:,} of {tokens.total:,} tokens of the query",
            *kept,
        )

    def close(self) -> None:
        """Close the cache's file; it is opened again when it is needed."""
        if self._cache is not None:
            self._cache.close()

    def _query_vector(self, query: str) -> Vector:
        """The unit vector of the query, remembered."""
        known = self._asked.get(query)
        if known is None:
            tokens = self._model.query_tokens(query, prompt=self._query_prompt)
            known = self._model.embed([tokens])[0]
            self._asked.put(query, known)
        return known

    def _look_up(self, texts: Sequence[str], query: str | None) -> list[Kept]:
        """The vectors of texts, or the scores of their pairs with the query, from the cache or the model."""
        prompt = self._text_prompt if query is None else ""
        digests = [text_digest(query, prompt + text) for text in texts]
        named = dict(zip(digests, texts, strict=True))
        found: dict[bytes, Kept] = {}
        if self._cache is not None:
            found.update(self._cache.get(self._model.fingerprint, list(named), width=self._model.dim))
        missing = [digest for digest in named if digest not in found]
        if missing:
            computed = self._compute([named[digest] for digest in missing], query)
            new = dict(zip(missing, computed, strict=True))
            found.update(new)
            if self._cache is not None:
                self._cache.put(self._model.fingerprint, new)
        return [found[digest] for digest in digests]

    def _compute(self, texts: Sequence[str], query: str | None) -> list[Kept]:
        tokens: Sequence[ModelInput]
        if query is None:
            tokens = self._model.tokens(texts, prompt=self._text_prompt)
            results = self._model.embed(tokens)
        else:
            tokens = self._model.pair_tokens(query, texts)
            results = self._model.score(tokens)[:, None]
        return [Kept(row, each.read, each.total) for row, each in zip(results, tokens, strict=True)]


def open_judge(
    folder: str,
    *,
    cache: VectorStore | None = None,
    remembered: int = 0,
    running: RunOptions = DEFAULT,
) -> Judge:
    """The judge over the model in a folder; the model is loaded once a process.

    Args:
        folder: The path of the model's folder; ``~`` is the home.
        cache: Keeps what the model computes; None to compute all anew.
        remembered: How many queries' vectors to keep in memory.
        running: How to run the model; it reads at most :data:`MAX_TOKENS` tokens of a text.

    Raises:
        ModelError: No folder is named, a package is missing, or the folder lacks a file.
    """
    if not folder:
        raise ModelError(_NONE_NAMED)
    model = shared_folder(read_folder(Path(folder).expanduser()), replace(running, max_tokens=MAX_TOKENS))
    return Judge(model, cache=cache, remembered=remembered)
