"""A process of the daemon that runs one command for one client, as if the client had run it."""

from __future__ import annotations

import _socket  # noqa: TID251 - a Unix socket
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress

from semindex.process.leaving import leave, tell_before_leaving
from semindex.service import wire

HANDSHAKE_SECONDS = 10.0
"""A client that says nothing for so long is left."""
_UNSERVED = 2
"""The exit code of a process that ran no command; nobody sees it."""


class Pages:
    """Has the client run a pager, whose terminal is the client's."""

    def __init__(self, connection: _socket.socket) -> None:
        self._connection = connection
        self._ended = threading.Event()
        self.code = b""

    def show(self, pager: str, text: bytes) -> bool:
        """Whether the pager was run, and given the text; returns when it has ended."""
        self._ended.clear()
        wire.send_text(self._connection, b"P", os.fsencode(pager) + b"\0" + text)
        self._ended.wait()
        return self.code == b"\1"

    def ended(self, code: bytes) -> None:
        """The client has told how it went."""
        self.code = code
        self._ended.set()


def serve(
    connection: _socket.socket,
    run: Callable[[Pages], int],
    *,
    serves: Callable[[wire.Request], bool],
    environment: MutableMapping[str, str],
    replace: Callable[[], None],
) -> None:
    """Run the command that a client sends, and end this process with its exit code.

    Args:
        connection: To the client.
        run: Runs the command line on ``sys.argv``; gives the exit code.
        serves: Whether the daemon is to run such a request, asked when all is as the client's process has it.
        environment: Of this process, to become the client's.
        replace: Tells the daemon that the client is of another version.
    """
    connection.settimeout(HANDSHAKE_SECONDS)
    try:
        connection.sendall(b"H")
        request, streams = wire.receive_request(connection)
        if request.identity != wire.identity():
            connection.sendall(b"V")
            replace()
            os._exit(_UNSERVED)
        if request.manner != wire.manner() or not _become(request, streams, environment, serves):
            connection.sendall(b"R")
            os._exit(_UNSERVED)
        connection.sendall(b"A")
        if wire.receive(connection, 1) != b"G":
            os._exit(_UNSERVED)
    except (OSError, wire.WireError):
        # The client is gone, or runs the command itself by now.
        os._exit(_UNSERVED)
    connection.settimeout(None)
    pages = Pages(connection)

    def tell(code: int) -> None:
        with suppress(OSError):
            connection.sendall(b"X" + bytes([code & 0xFF]))

    tell_before_leaving(tell)
    threading.Thread(target=_listen, args=(connection, pages), name="semindex client", daemon=True).start()
    leave(run(pages))


def _become(
    request: wire.Request,
    streams: list[int],
    environment: MutableMapping[str, str],
    serves: Callable[[wire.Request], bool],
) -> bool:
    """Make everything as the client's process has it; False if the command is not to be run here."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        if stream > 2:
            os.close(stream)
    os.umask(request.umask)
    os.chdir(request.folder)
    environment.clear()
    environment.update(request.environment)
    time.tzset()
    sys.argv = request.arguments
    if not serves(request):
        return False
    names = "stdin", "stdout", "stderr"
    for number, (name, encoding) in enumerate(zip(names, request.encodings, strict=True)):
        opened = _opened(number, *encoding.split(":", 1))
        setattr(sys, name, opened)
        setattr(sys, f"__{name}__", opened)
    return True


def _opened(number: int, encoding: str, errors: str) -> io.TextIOWrapper:
    """A standard stream as Python opens it when it starts."""
    raw = io.FileIO(number, "wb" if number else "rb", closefd=False)
    buffer = io.BufferedWriter(raw) if number else io.BufferedReader(raw)
    line_buffering = number == 2 or raw.isatty()
    return io.TextIOWrapper(
        buffer, encoding, errors, line_buffering=line_buffering, newline="\n" if number else None
    )


def _listen(connection: _socket.socket, pages: Pages) -> None:
    """Do what the client says; when it goes away the command ends as if it had been killed."""
    with suppress(OSError):
        while told := connection.recv(1):
            if told == b"I":
                os.kill(os.getpid(), signal.SIGINT)
            elif told == b"S":
                pages.ended(wire.receive(connection, 1))
    os.kill(os.getpid(), signal.SIGKILL)
