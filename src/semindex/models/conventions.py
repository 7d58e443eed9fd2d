"""A table of the prompts and the pooling that families of models want, by the model's name.

It is used where the model's own files say neither (:mod:`semindex.models.modelfolder`), as exports often do
not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from semindex.models.pooling import Pooling

_PASSAGES = "Represent this sentence for searching relevant passages: "
_INSTRUCTION = "Instruct: Given a question about source code, retrieve the code that answers it\nQuery: "
_CODE = "Represent this query for searching relevant code: "


class Convention(Struct, frozen=True):
    """How a family of models wants to be used."""

    pooling: Pooling
    query: str = ""
    """The prompt in front of a query."""
    document: str = ""
    """The prompt in front of a text that is searched."""


_FAMILIES: tuple[tuple[str, Convention], ...] = (
    # https://huggingface.co/BAAI/bge-small-en-v1.5 and its kin
    (r"bge-m3", Convention(Pooling.CLS)),
    (r"bge-(small|base|large)-zh", Convention(Pooling.CLS, "为这个句子生成表示以用于检索相关文章：")),
    (r"bge-(micro|small|base|large)", Convention(Pooling.CLS, _PASSAGES)),
    # https://huggingface.co/intfloat/e5-base-v2, .../multilingual-e5-large-instruct
    (r"e5-mistral", Convention(Pooling.LAST, _INSTRUCTION)),
    (r"e5-(large-)?instruct", Convention(Pooling.MEAN, _INSTRUCTION)),
    (r"e5-(small|base|large)", Convention(Pooling.MEAN, "query: ", "passage: ")),
    # https://huggingface.co/Alibaba-NLP/gte-base-en-v1.5, .../gte-modernbert-base; thenlper/gte-base
    (r"gte-(base|large)-en-v1\.5|gte-multilingual|gte-modernbert", Convention(Pooling.CLS)),
    (r"gte-(small|base|large)", Convention(Pooling.MEAN)),
    # https://huggingface.co/nomic-ai/nomic-embed-text-v1.5, .../CodeRankEmbed, .../nomic-embed-code
    (r"nomic-embed-text", Convention(Pooling.MEAN, "search_query: ", "search_document: ")),
    (r"nomic-embed-code", Convention(Pooling.LAST, _CODE)),
    (r"code-?rank-?embed", Convention(Pooling.CLS, _CODE)),
    # https://huggingface.co/jinaai/jina-embeddings-v2-base-code, .../jina-code-embeddings-0.5b
    (
        r"jina-code-embeddings",
        Convention(
            Pooling.LAST,
            "Find the most relevant code snippet given the following query:\n",
            "Candidate code snippet:\n",
        ),
    ),
    (
        r"jina-embeddings-v3",
        Convention(
            Pooling.MEAN,
            "Represent the query for retrieving evidence documents: ",
            "Represent the document for retrieval: ",
        ),
    ),
    (r"jina-embeddings-v2", Convention(Pooling.MEAN)),
    # https://huggingface.co/Snowflake/snowflake-arctic-embed-m-v2.0, .../snowflake-arctic-embed-m
    (r"arctic-embed(2\b|-.*v2)", Convention(Pooling.CLS, "query: ")),
    (r"arctic-embed", Convention(Pooling.CLS, _PASSAGES)),
    # https://huggingface.co/mixedbread-ai/mxbai-embed-large-v1
    (r"mxbai-embed", Convention(Pooling.CLS, _PASSAGES)),
)
_NO_EMBEDDER = ("rerank", "cross-encoder")
"""Models of the same families that compare pairs; they take no prompts."""


def convention_of(names: Iterable[str]) -> Convention | None:
    """The convention of the first name that is of a known family; None if none is.

    Args:
        names: Names of one model, the most telling first: ids of a hub, names of folders.
    """
    for name in names:
        low = name.lower()
        if any(word in low for word in _NO_EMBEDDER):
            continue
        for pattern, convention in _FAMILIES:
            # Not behind a letter or digit, so that "bge" is not found inside another word.
            if re.search(rf"(?<![a-z0-9])(?:{pattern})", low):
                return convention
    return None
