"""Gets vectors from a server that a user named, by OpenAI's ``/embeddings`` or Ollama's ``/api/embed``.

Texts are sent only if ``EMBEDDING_MODEL`` is an address, which a repository's files cannot set. No proxy is
used and no redirect is followed, so that texts go to the server that was named and to no other.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from http.client import (  # noqa: TID251 - asks the server that a user named, no other
    HTTPConnection,
    HTTPException,
    HTTPSConnection,
)
from itertools import pairwise

import msgspec
import numpy as np
import xxhash

from semindex.errors import ModelError
from semindex.models.conventions import Convention, convention_of
from semindex.models.endpoint import LIKE, Dialect, Endpoint
from semindex.models.pooling import Pooling
from semindex.models.texts import EmbeddedTexts, Side, mean_of_pieces, unit
from semindex.types import Vectors

VERSION = 1
"""To be raised when the same text gives another vector than before; part of the fingerprint."""
DEFAULT_TOKENS = 512
"""Longest input if the user names none: that of most models."""
BATCH_TEXTS = 32
"""Texts in one request."""
TIMEOUT_SECONDS = 120.0
"""How long to wait for an answer; without a GPU a server embeds a few long texts a second."""
PAUSES_SECONDS = (0.5, 2.0, 8.0)
"""How long to wait before each further try, unless the server says how long."""
MOST_PAUSE_SECONDS = 30.0
"""The longest wait that a server can ask for."""
_MOST_BYTES = 256_000_000
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_TOO_LONG = (
    r"context (length|size|window)|too (long|large|many tokens)|maximum.{0,40}(token|length)"
    r"|exceed.{0,60}(token|length|context|batch)|input length"
)
"""What servers say of a text that is too long."""
_LIKELY_TOKEN = r"[A-Za-z]{1,3}|\d|\n|[^\sA-Za-z\d]"
"""An upper estimate of tokens: tokenizers give fewer on code. Other scripts' letters are counted twice."""
_SPECIAL_TOKENS = 4


class _TooLong(Exception):  # noqa: N818 - never leaves this module
    """The server refused a text as too long."""


class _Passing(Exception):  # noqa: N818 - never leaves this module
    """A failure that may be over at the next try; ``pause`` is how long the server asks to wait."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class _OpenAIRow(msgspec.Struct):
    index: int
    embedding: list[float]


class _OpenAIReply(msgspec.Struct):
    data: list[_OpenAIRow]


class _OllamaReply(msgspec.Struct):
    embeddings: list[list[float]]


class ServerModel:
    """The model of a server; it is connected at the first embedding; threads may share it."""

    may_change = True
    resident_bytes = 0

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        max_tokens: int = 0,
        read_key: Callable[[], str | None] | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect to nothing yet.

        Args:
            endpoint: The server and the model.
            max_tokens: Longest input, above which texts are split; 0 for :data:`DEFAULT_TOKENS`.
            read_key: Gives the key for the server, or None if it needs none.
            pause: Waits a number of seconds.
        """
        self._endpoint = endpoint
        self._max_tokens = max_tokens or DEFAULT_TOKENS
        self._read_key = read_key
        self._pause = pause
        self._lock = threading.Lock()
        self._connection: HTTPConnection | None = None
        self._uses = convention_of([endpoint.model]) or Convention(Pooling.MEAN)

    @property
    def notes(self) -> tuple[str, ...]:
        """The address to which texts are sent, if that is another machine."""
        if self._endpoint.is_local:
            return ()
        return (f"the text of every chunk is sent to {self._endpoint.address}",)

    @cached_property
    def fingerprint(self) -> str:
        """A digest of address, model name, prompts and longest input; the weights are not known here."""
        where, uses = self._endpoint, self._uses
        named = (VERSION, where.address, where.model, uses.query, uses.document, self._max_tokens)
        return f"server-{xxhash.xxh3_128_hexdigest(repr(named).encode())}"

    def embed(self, texts: Sequence[str], side: Side) -> EmbeddedTexts:
        """Unit vectors; that of a text longer than the model reads is the mean of its pieces."""
        prompt = self._uses.query if side is Side.QUERY else self._uses.document
        most = max(16, self._max_tokens - _SPECIAL_TOKENS - len(_likely_ends(prompt)))
        split = [pieces_of(text, most) for text in texts]
        flat = [piece for found in split for piece in found]
        rows: list[Vectors] = []
        for begin in range(0, len(flat), BATCH_TEXTS):
            rows.append(self._rows(flat[begin : begin + BATCH_TEXTS], prompt))
        if len({each.shape[1] for each in rows}) > 1:
            raise ModelError(f"{self._endpoint.address} gives vectors of several lengths; {_OTHER}")
        every = np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)
        return mean_of_pieces(every, [len(piece) for piece in flat], [len(found) for found in split])

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._disconnect()

    def _rows(self, texts: Sequence[str], prompt: str) -> Vectors:
        """Unit rows of pieces, shape ``(n, dim)``; a piece that the server finds too long is halved."""
        try:
            return unit(self._request([prompt + text for text in texts]))
        except _TooLong as error:
            if len(texts) > 1:
                return np.concatenate([self._rows([text], prompt) for text in texts])
            (text,) = texts
            if len(text) < 2:
                raise ModelError(
                    f"{self._endpoint.address} takes no text at all: {error}; {_OTHER}"
                ) from error
            halves = [text[: len(text) // 2], text[len(text) // 2 :]]
            rows = np.concatenate([self._rows([half], prompt) for half in halves])
            return mean_of_pieces(rows, [len(half) for half in halves], [2]).rows

    def _request(self, texts: Sequence[str]) -> Vectors:
        """The vectors that the server gives, shape ``(n, dim)``; failures that may pass are tried again."""
        request: dict[str, object] = {"input": list(texts)}
        if self._endpoint.model:
            request["model"] = self._endpoint.model
        if self._endpoint.dialect is Dialect.OLLAMA:
            request["truncate"] = False  # otherwise it cuts texts without saying so
        body = msgspec.json.encode(request)
        for pause in (*PAUSES_SECONDS, None):
            try:
                return self._decode_vectors(self._post(body), len(texts))
            except _Passing as error:
                if pause is None:
                    raise ModelError(
                        f"{self._endpoint.address} gives no vectors: {error} "
                        f"({len(PAUSES_SECONDS) + 1} tries); start the server, or {_OTHER}"
                    ) from error
                self._pause(pause if error.pause is None else error.pause)
        raise AssertionError  # the loop ends by return or raise

    def _post(self, body: bytes) -> bytes:
        """The body of the server's answer."""
        with self._lock:
            try:
                connection = self._connect()
                connection.request("POST", self._endpoint.path, body, self._headers())
                response = connection.getresponse()
                content = response.read(_MOST_BYTES + 1)
            except (OSError, HTTPException) as error:
                self._disconnect()
                raise _Passing(str(error) or type(error).__name__) from error
            if len(content) > _MOST_BYTES:
                self._disconnect()
                raise ModelError(f"{self._endpoint.address} answers with more than {_MOST_BYTES:,} bytes")
        if response.status == 200:
            return content
        raise self._refusal(response.status, response.headers.get("Retry-After", ""), content)

    def _refusal(self, status: int, wait: str, content: bytes) -> Exception:
        """The error to raise for an answer with another status than 200."""
        said = self._quote(content)
        if status in (400, 413, 422, 500) and re.search(_TOO_LONG, said, re.IGNORECASE):
            return _TooLong(said)
        told = f"HTTP {status}: {said}" if said else f"HTTP {status}"
        if status in _RETRIED:
            seconds = float(wait) if re.fullmatch(r"\d{1,6}", wait) else None
            return _Passing(told, None if seconds is None else min(seconds, MOST_PAUSE_SECONDS))
        if status in (401, 403):
            advice = "name the environment variable that holds a key in EMBEDDING_KEY_VARIABLE"
        elif 300 <= status < 400:
            advice = "redirects are not followed; name the address that it leads to"
        else:
            advice = (
                f"see whether address and model ({self._endpoint.model or 'none named'}) are right; {LIKE}"
            )
        return ModelError(f"{self._endpoint.address} gives no vectors: {told}; {advice}")

    def _quote(self, content: bytes) -> str:
        """The beginning of the server's message, with the key blotted out if the message repeats it."""
        said = content[:2000].decode("utf-8", "replace")
        key = self._read_key() if self._read_key is not None else None
        if key:
            said = said.replace(key, "***")
        return " ".join("".join(each if each.isprintable() else " " for each in said).split())[:300]

    def _decode_vectors(self, content: bytes, count: int) -> Vectors:
        try:
            if self._endpoint.dialect is Dialect.OLLAMA:
                found = msgspec.json.decode(content, type=_OllamaReply).embeddings
            else:
                data = msgspec.json.decode(content, type=_OpenAIReply).data
                found = [row.embedding for row in sorted(data, key=lambda row: row.index)]
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ModelError(
                f"{self._endpoint.address} answers with what are no embeddings: {error}; {LIKE}"
            ) from error
        widths = {len(row) for row in found}
        if len(found) != count or len(widths) != 1 or 0 in widths:
            raise ModelError(
                f"{self._endpoint.address} gives {len(found)} vectors of {sorted(widths)} numbers for "
                f"{count} texts; {_OTHER}"
            )
        rows = np.array(found, np.float32)
        if not np.isfinite(rows).all():
            raise ModelError(f"{self._endpoint.address} gives numbers that are none; {_OTHER}")
        return rows

    def _headers(self) -> Mapping[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        key = self._read_key() if self._read_key is not None else None
        if key:
            if not self._endpoint.secure and not self._endpoint.is_local:
                raise ModelError(
                    f"the key would go to {self._endpoint.address} for everybody to read; use https, or "
                    "unset EMBEDDING_KEY_VARIABLE"
                )
            if not key.isascii() or not key.isprintable():
                raise ModelError("the key that EMBEDDING_KEY_VARIABLE names is no plain text; set it again")
            headers["Authorization"] = f"Bearer {key}"
        return headers

    def _connect(self) -> HTTPConnection:
        if self._connection is None:
            where = self._endpoint
            kind = HTTPSConnection if where.secure else HTTPConnection
            self._connection = kind(where.host, where.port, timeout=TIMEOUT_SECONDS)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


_OTHER = "choose another EMBEDDING_MODEL"


def pieces_of(text: str, most: int) -> list[str]:
    """The text cut into parts of similar lengths, each of at most ``most`` likely tokens."""
    ends = _likely_ends(text)
    count = -(-len(ends) // most)
    if count <= 1:
        return [text]
    cuts = [0, *(ends[len(ends) * number // count - 1] for number in range(1, count)), len(text)]
    return [text[begin:end] for begin, end in pairwise(cuts) if begin < end]


def _likely_ends(text: str) -> list[int]:
    """The position after each likely token; twice for letters that are not ASCII."""
    found: list[int] = []
    for match in re.finditer(_LIKELY_TOKEN, text):
        found += [match.end()] * (1 if match[0].isascii() else 2)
    return found
