"""Listens for HTTP, where a user asked for it, and ends cleanly."""

from __future__ import annotations

import errno
import socket  # noqa: TID251 - listens at the address that a user named, or at 127.0.0.1
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn  # noqa: TID251 - the web server of `semindex serve`
from msgspec import Struct

from semindex.errors import ServiceError
from semindex.present.mcp.access import is_loopback
from semindex.present.mcp.http import PATH, McpEndpoint

MOST_CONNECTIONS = 256
KEEP_ALIVE_SECONDS = 75
LEAVING_SECONDS = 3
"""What an answer that is being made may take when the server is told to end."""
_BACKLOG = 128


class Address(Struct, frozen=True):
    """Where to listen, looked up."""

    family: socket.AddressFamily
    host: str
    """An IP address."""
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    @property
    def is_every(self) -> bool:
        """Whether it stands for all addresses of this machine."""
        return self.host in ("0.0.0.0", "::")


def looked_up(host: str, port: int) -> Address:
    """The address of a host.

    Raises:
        ServiceError: There is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ServiceError(f"{host} is no address of this machine; give one with --host") from None
    # "localhost" has two, and clients try that of IPv4 first or next.
    family, _, _, _, place = min(found, key=lambda each: each[0] != socket.AF_INET)
    return Address(family, str(place[0]), port)


@contextmanager
def listening(address: Address) -> Iterator[socket.socket]:
    """A socket to which clients can connect, until the end of the block.

    Raises:
        ServiceError: The port is in use or not permitted, or the address is not one of this machine.
    """
    at = f"{address.host}, port {address.port}"
    try:
        listener = socket.create_server((address.host, address.port), family=address.family, backlog=_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"{at} is in use; choose another with --port, or 0 for any that is free"
        else:
            message = f"cannot listen at {at}: {error.strerror}; choose another with --host and --port"
        raise ServiceError(message) from None
    with listener:
        # Connections take it over. Without it the rest of an answer waits 40 ms until its start is confirmed.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def url(host: str, listener: socket.socket) -> str:
    """What clients are to be given: the host as the user wrote it, and the port that it became."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}{PATH}" if ":" in host else f"http://{host}:{port}{PATH}"


class WebServer(uvicorn.Server):
    """Answers until it is told to stop."""

    def __init__(self, app: McpEndpoint) -> None:
        """A server that does not run yet."""
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=LEAVING_SECONDS,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command: uvicorn's own handlers end the process by the signal, not with 0."""
        yield

    def stop(self) -> None:
        """End once what was asked is answered; at once when told again. Called from a signal's handler."""
        self.force_exit = self.should_exit
        self.should_exit = True
