"""Who may ask the server over HTTP: by host name, origin and token.

A page in a browser can send requests to servers on the reader's own machine. It cannot choose two headers:
``Origin`` names the page's server, and ``Host`` the name under which the browser found ours, also where a
stranger's name was made to lead to 127.0.0.1 (DNS rebinding). So requests are refused that name strangers.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Mapping

from msgspec import Struct

from semindex.errors import UsageError
from semindex.present.mcp.protocol import INVALID_REQUEST

LEAST_TOKEN_CHARS = 16
MOST_TOKEN_CHARS = 4096
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?", re.ASCII)
_WEB_ORIGIN = re.compile(r"https?://(.+)", re.ASCII)
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@*\s]+", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)


class Refused(Exception):  # noqa: N818 - says what became of the request
    """A request that is answered with an HTTP status and an error of JSON-RPC."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: int = INVALID_REQUEST,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.data, self.headers = status, code, data, headers


class Access(Struct, frozen=True):
    """What a request has to name."""

    hosts: frozenset[str] = frozenset()
    """Names and addresses of this server in lower case, besides those of this machine for itself."""
    any_address: bool = False
    """Whether it listens at every address of the machine, and may be asked by any."""
    origins: frozenset[str] = frozenset()
    """Origins in lower case whose pages may ask and read the answers."""
    token: str | None = None

    def check_host(self, hosts: list[str]) -> None:
        """Refuse (421) a request for another server: the values of its header ``Host``."""
        name = host_name(hosts[0]) if len(hosts) == 1 else None
        by_address = self.any_address and name is not None and is_address(name)
        if name is None or not (by_address or name in self.hosts or is_loopback(name)):
            raise Refused(
                421,
                "this server does not answer to the host that the request names; --allow-host adds a name",
            )

    def check_origin(self, origins: list[str]) -> None:
        """Refuse (403) a request from a page of a stranger's server: the values of its header ``Origin``."""
        for origin in origins:
            web = _WEB_ORIGIN.fullmatch(origin.lower())
            name = host_name(web[1]) if web else None
            if not (self.names(origin) or (name is not None and is_loopback(name))):
                raise Refused(
                    403, "this server does not answer pages of the origin named; --allow-origin adds one"
                )

    def names(self, origin: str | None) -> bool:
        """Whether an origin was named, so that a browser may give its pages the answers."""
        return origin is not None and origin.lower() in self.origins

    def check_token(self, authorization: str | None) -> None:
        """Refuse (401) a request without the token, if there is one: its header ``Authorization``."""
        if self.token is None:
            return
        scheme, _, given = (authorization or "").partition(" ")
        # In constant time, so that how long it takes tells nothing of the token.
        same = hmac.compare_digest(given.strip().encode("utf-8"), self.token.encode("utf-8"))
        if scheme.lower() != "bearer" or not same:
            raise Refused(
                401,
                "the server asks for its token: Authorization: Bearer TOKEN",
                headers={"WWW-Authenticate": "Bearer"},
            )


def host_name(header: str) -> str | None:
    """The host of ``HOST``, ``HOST:PORT``, ``[IPV6]`` or ``[IPV6]:PORT`` in lower case; None for others."""
    found = _HOST.fullmatch(header.lower())
    return (found[1] or found[2]) if found else None


def is_address(name: str) -> bool:
    """Whether a host is an IP address, which nobody can have lead elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    """Whether a host is this machine's own name for itself, or such an address."""
    return name == "localhost" or (is_address(name) and ipaddress.ip_address(name).is_loopback)


def checked_host(text: str) -> str:
    """A host that a user allows, in lower case and without brackets.

    Raises:
        UsageError: It has a port or a path, or is no name.
    """
    bare = text.lower().removeprefix("[").removesuffix("]")
    if not is_address(bare) and (":" in bare or host_name(bare) != bare):
        raise UsageError(f"{text!r} is no host; write a name or an address without a port, as in code.local")
    return bare


def checked_origin(text: str) -> str:
    """An origin that a user allows, in lower case.

    Raises:
        UsageError: It is no origin.
    """
    origin = text.lower().removesuffix("/")
    if not _ORIGIN.fullmatch(origin):
        raise UsageError(f"{text!r} is no origin; write SCHEME://HOST or SCHEME://HOST:PORT, and no * in it")
    return origin


def checked_token(text: str, where: str) -> str:
    """A token, without what is around it; ``where`` says in a message where it stands.

    Raises:
        UsageError: It is short, long, or has characters that no header takes. The message has nothing of it.
    """
    token = text.strip()
    if not LEAST_TOKEN_CHARS <= len(token) <= MOST_TOKEN_CHARS or not _TOKEN.fullmatch(token):
        raise UsageError(
            f"{where} has no token that can be used: {LEAST_TOKEN_CHARS} to {MOST_TOKEN_CHARS} letters, "
            "digits and -._~+/ in one line; `openssl rand -hex 32` makes one"
        )
    return token
