"""Parses the address of an embedding server that a user wrote."""

from __future__ import annotations

import ipaddress
from enum import Enum
from urllib.parse import urlsplit

from msgspec import Struct

from semindex.errors import ModelError

LIKE = "write http://HOST:PORT/v1/embeddings#MODEL, or http://HOST:PORT/api/embed#MODEL for Ollama"
"""How an address is written."""


class Dialect(Enum):
    """The interface that a server has."""

    OPENAI = "openai"
    OLLAMA = "ollama"


class Endpoint(Struct, frozen=True):
    """Where a server is, and which model it is asked for."""

    secure: bool
    host: str
    port: int | None
    path: str
    """The path of the URL, with its query if it has one."""
    model: str
    """The model's name; empty for a server that has one model only."""
    dialect: Dialect

    @property
    def address(self) -> str:
        """The URL, as users see it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port is not None else ""
        return f"{'https' if self.secure else 'http'}://{host}{port}{self.path}"

    @property
    def is_local(self) -> bool:
        """Whether texts that are sent stay on this machine."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def read_endpoint(name: str) -> Endpoint:
    """The endpoint of an address ``http://HOST[:PORT][/PATH]#MODEL``.

    The path ``/api/embed`` is Ollama's interface; any other is OpenAI's, whose path is ``/v1/embeddings`` if
    the address has none.

    Raises:
        ModelError: The name is no such address, or holds a password.
    """
    try:
        parts = urlsplit(name)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ModelError(f"EMBEDDING_MODEL is no address of a server: {error}; {LIKE}") from error
    if parts.username is not None or parts.password is not None:
        raise ModelError(
            "EMBEDDING_MODEL holds a user or password, which would be shown with the settings; put the key "
            "into an environment variable and name that in EMBEDDING_KEY_VARIABLE"
        )
    if parts.scheme not in ("http", "https") or not host or not name.isascii() or " " in name:
        raise ModelError(f"EMBEDDING_MODEL = {name!r} is no address of a server; {LIKE}")
    path = parts.path.rstrip("/")
    dialect = Dialect.OLLAMA if path.endswith("/api/embed") else Dialect.OPENAI
    if dialect is Dialect.OPENAI and not path.endswith("/embeddings"):
        path += "/embeddings" if path else "/v1/embeddings"
    query = f"?{parts.query}" if parts.query else ""
    return Endpoint(parts.scheme == "https", host, port, path + query, parts.fragment, dialect)
