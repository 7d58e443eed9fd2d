"""What a client and the daemon say to each other, and where they meet; imported by a client in no time.

They meet at a Unix socket in a folder that only its user can enter. A client that is greeted sends one
request, with its standard streams attached (``SCM_RIGHTS``). All else are short messages that begin with a
letter:

========= ========= ==========================================================================
to client ``H``     a process listens to the client
..        ``A``     it is ready to run the command
..        ``R``     it will not; the client runs the command itself
..        ``V``     the same, and the daemon makes room for one of the client's version
..        ``P``     run a pager: its length and a text follow; the answer is ``S`` and a byte
..        ``X``     the command has ended; its exit code follows
to daemon ``G``     go
..        ``I``     the user pressed ^C
========= ========= ==========================================================================

A connection that closes ends the command.

``_socket`` is the part of :mod:`socket` that is written in C; the rest of it takes as long to import as all
that a client does.
"""

from __future__ import annotations

import _socket  # noqa: TID251 - a Unix socket
import os
import sys

from semindex.version import __version__

TYPE_CHECKING = False  # the name of the typing module, which takes ten milliseconds to import
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_BYTES = 1 << 24
"""A longer request is refused."""
_MAGIC = b"semindex 1\n"
_FLAGS = "optimize", "dev_mode", "utf8_mode", "bytes_warning", "warn_default_encoding"
"""Python's flags that change what a command prints."""
_LENGTH = 4
"""Bytes of a length, which come highest byte first."""
_DESCRIPTOR = 4
_PATH_BYTES = 100
"""The path of a socket may have 104 bytes (macOS) or 108 (Linux)."""


class WireError(Exception):
    """The other side does not speak as it should, or went away."""


class Folder(str):
    """The folder of the daemon: its socket, its lock, its log."""

    __slots__ = ()

    @property
    def socket(self) -> str:
        """Where it listens."""
        return f"{self}/daemon.sock"

    @property
    def lock(self) -> str:
        """Locked for as long as it runs; holds the number of its process."""
        return f"{self}/daemon.lock"

    @property
    def log(self) -> str:
        """What it did."""
        return f"{self}/daemon.log"


def folder(variables: Mapping[str, str]) -> Folder:
    """Where this user's daemon is: below ``XDG_RUNTIME_DIR``, else in a folder for temporary files."""
    own = variables.get("XDG_RUNTIME_DIR", "")
    if own.startswith("/") and len(os.fsencode(own)) < _PATH_BYTES - len("/semindex/daemon.sock"):
        return Folder(f"{own.rstrip('/')}/semindex")
    temporary = variables.get("TMPDIR", "") if sys.platform == "darwin" else ""
    return Folder(f"{(temporary or '/tmp').rstrip('/')}/semindex-{os.getuid()}")


def distrust(place: Folder) -> str:
    """Why a folder cannot be used, as the end of a sentence; empty if it can.

    Raises:
        OSError: It is not there, or cannot be looked at.
    """
    found = os.lstat(place)
    if found.st_mode & 0o170000 != 0o040000:
        return "is no folder"
    if found.st_uid != os.getuid():
        return "belongs to another user"
    if found.st_mode & 0o077:
        return "is open to other users"
    return ""


def identity() -> str:
    """What a client and a daemon must have in common: the same code, run by the same Python."""
    return f"{__version__} {os.path.dirname(__file__)} {sys.version}"  # noqa: PTH120 - pathlib is slow to import


def manner() -> str:
    """How this process was started, as far as a command could tell: flags, and the encoding of paths."""
    flags = " ".join([str(getattr(sys.flags, name)) for name in _FLAGS])
    return f"{flags} {sys.getfilesystemencoding()} {sys.getfilesystemencodeerrors()}"


class Request:
    """A command as its user gave it."""

    __slots__ = ("arguments", "encodings", "environment", "folder", "identity", "manner", "umask")

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        folder: str,
        umask: int,
        encodings: Sequence[str],
        environment: Mapping[str, str],
        identity: str,
        manner: str,
    ) -> None:
        self.arguments = list(arguments)
        """The program's name first."""
        self.folder, self.umask, self.environment = folder, umask, dict(environment)
        self.encodings = list(encodings)
        """Encoding and error handler of each standard stream, as in ``utf-8:strict``."""
        self.identity, self.manner = identity, manner

    def packed(self) -> bytes:
        """As it is sent."""
        head = [self.identity, self.manner, self.folder, str(self.umask), *self.encodings]
        pairs = [f"{name}={value}" for name, value in self.environment.items()]
        fields = [*head, str(len(self.arguments)), *self.arguments, *pairs]
        body = b"\0".join([os.fsencode(field) for field in fields])
        return _MAGIC + len(body).to_bytes(_LENGTH, "big") + body


_STREAMS = 3


def unpacked(body: bytes) -> Request:
    """The request that was sent.

    Raises:
        WireError: It is none.
    """
    try:
        fields = [os.fsdecode(field) for field in body.split(b"\0")]
        identity, manner, folder, umask = fields[:4]
        number = 4 + _STREAMS
        last = number + 1 + int(fields[number])
        if not number < last <= len(fields):
            raise WireError("a request with a wrong number of arguments")
        return Request(
            fields[number + 1 : last],
            folder=folder,
            umask=int(umask),
            encodings=fields[4:number],
            environment=dict(pair.split("=", 1) for pair in fields[last:]),
            identity=identity,
            manner=manner,
        )
    except (ValueError, IndexError) as error:
        raise WireError(f"no request: {error}") from error


def send_with(to: _socket.socket, data: bytes, descriptors: Sequence[int]) -> int:
    """Send some of ``data`` and all descriptors; gives the number of bytes sent.

    Raises:
        OSError: The other side is gone.
    """
    rights = b"".join([each.to_bytes(_DESCRIPTOR, sys.byteorder) for each in descriptors])
    return to.sendmsg([data], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])


def receive_with(connection: _socket.socket, most: int, descriptors: int) -> tuple[bytes, list[int]]:
    """At most so many bytes, and the descriptors that came with them, which are the caller's to close.

    Raises:
        OSError: The other side is gone.
    """
    data, attached, _, _ = connection.recvmsg(most, _socket.CMSG_SPACE(descriptors * _DESCRIPTOR))
    rights = b"".join([part for _, kind, part in attached if kind == _socket.SCM_RIGHTS])
    return data, [
        int.from_bytes(rights[at : at + _DESCRIPTOR], sys.byteorder)
        for at in range(0, len(rights), _DESCRIPTOR)
    ]


def send_request(to: _socket.socket, request: Request, streams: Sequence[int]) -> None:
    """Send a request and the descriptors of the standard streams.

    Raises:
        OSError: The daemon is gone.
    """
    data = request.packed()
    sent = send_with(to, data, streams)
    to.sendall(data[sent:])


def receive_request(connection: _socket.socket) -> tuple[Request, list[int]]:
    """The request, and the descriptors that came with it, which are the caller's to close.

    Raises:
        WireError: What came is no request of this protocol.
        OSError: The client is gone, or too slow.
    """
    data, streams = receive_with(connection, 1 << 16, _STREAMS)
    head = len(_MAGIC) + _LENGTH
    while len(data) < head:
        data += _more(connection, head - len(data))
    length = int.from_bytes(data[len(_MAGIC) : head], "big")
    if not data.startswith(_MAGIC) or length > MOST_BYTES or len(streams) != _STREAMS:
        raise WireError("no request of this protocol")
    body = data[head:]
    if len(body) < length:
        body += receive(connection, length - len(body))
    return unpacked(body), streams


def receive(connection: _socket.socket, length: int) -> bytes:
    """So many bytes.

    Raises:
        WireError: The other side went away before.
        OSError: The same.
    """
    parts = []
    while length:
        parts.append(_more(connection, min(length, 1 << 20)))
        length -= len(parts[-1])
    return b"".join(parts)


def _more(connection: _socket.socket, most: int) -> bytes:
    data = connection.recv(most)
    if not data:
        raise WireError("the other side went away")
    return data


def send_text(to: _socket.socket, kind: bytes, text: bytes) -> None:
    """Send a message with a text.

    Raises:
        OSError: The other side is gone.
    """
    to.sendall(kind + len(text).to_bytes(_LENGTH, "big") + text)


def receive_text(connection: _socket.socket) -> bytes:
    """The text of a message whose letter was received.

    Raises:
        WireError: The other side went away before.
        OSError: The same.
    """
    return receive(connection, int.from_bytes(receive(connection, _LENGTH), "big"))
