"""The entry of the command line: lets the daemon run a command if there is one, else runs it here.

Nothing is imported but what Python has loaded already and two modules written in C: a search through the
daemon takes little longer than Python's own start. What the daemon runs it runs with this process's
arguments, folder, environment and standard streams, so that what is printed is the same byte for byte.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # the name of the typing module, which takes ten milliseconds to import
if TYPE_CHECKING:
    from _socket import socket as Socket  # noqa: N812, TID251 - a class

    from semindex.service.wire import Request

SERVED = (
    *("search", "grep", "related", "symbol", "read", "mcp"),
    *("callers", "callees", "refs", "imports", "impact", "path"),
)
"""Commands that the daemon runs; all others are as quick or as slow without it."""
VARIABLE = "SEMINDEX_DAEMON"
PATIENCE_SECONDS = 2.0
"""How long to wait for the daemon to begin; it takes some milliseconds."""
INSISTING_SECONDS = 60.0
"""The same for who has set that the daemon is to be used."""
_STATUS = ["daemon", "status"]
_INTERRUPTED = 130
"""128 + SIGINT, as a shell reports it."""


def main() -> int:
    """Run the command line on the process's arguments; the exit code."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from semindex.process.streams import open_missing_streams

        open_missing_streams()
    environment = os.environ  # noqa: TID251 - config.py imports too much for this
    replaced = False
    wanted = environment.get(VARIABLE, "").lower()
    if _is_served(sys.argv[1:]) and (wanted not in ("off", "false", "0") or sys.argv[1:3] == _STATUS):
        try:
            code, replaced = _served(insists=wanted == "on")
        except KeyboardInterrupt:
            os.write(2, b"semindex: interrupted\n")
            os._exit(_INTERRUPTED)
        if code is not None:
            os._exit(code)
    from semindex.present.cli import main as run

    return run(replaced=replaced)


def _is_served(words: list[str]) -> bool:
    if not hasattr(os, "fork") or "_SEMINDEX_COMPLETE" in os.environ:  # noqa: TID251 - as above
        return False
    if any(word.upper().startswith("DAEMON=") for word in words):
        return False
    return words[:1] != [] and (words[0] in SERVED or words[:2] == _STATUS)


def _served(*, insists: bool) -> tuple[int | None, bool]:
    """The exit code of the command, if the daemon ran it; and whether one of another version made room."""
    import _socket  # noqa: TID251 - a Unix socket

    from semindex.service import wire

    place = wire.folder(os.environ)  # noqa: TID251 - as above
    connection = None
    try:
        if wire.distrust(place):
            return None, False
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        connection.settimeout(INSISTING_SECONDS if insists else PATIENCE_SECONDS)
        connection.connect(place.socket)
        if connection.recv(1) == b"H":
            # Not before: streams that wait in a queue would stay open for as long as a daemon hangs.
            wire.send_request(connection, _request(), (0, 1, 2))
            told = connection.recv(1)
            if told == b"A":
                connection.sendall(b"G")
                connection.settimeout(None)
                return _ended(connection), False
            return None, told == b"V"
    except (OSError, ValueError):
        pass
    finally:
        if connection is not None:
            connection.close()
    return None, False


def _ended(connection: Socket) -> int:
    """Wait for the command to end; its exit code."""
    import _signal  # type: ignore[import-not-found]  # signal, without its enumerations

    from semindex.service import wire

    def interrupt(*_: object) -> None:
        try:  # noqa: SIM105 - contextlib is slow to import
            connection.sendall(b"I")
        except OSError:
            pass  # it has just ended

    _signal.signal(_signal.SIGINT, interrupt)
    try:
        while (told := connection.recv(1)) == b"P":
            text = wire.receive_text(connection)
            connection.sendall(b"S" + _shown(text))
        if told == b"X":
            return wire.receive(connection, 1)[0]
    except (OSError, wire.WireError):
        pass
    os.write(
        2, b"semindex: the daemon's process for this command has ended before it; run the command again\n"
    )
    return 2


def _shown(asked: bytes) -> bytes:
    """Run a pager in this terminal; 1 if it was run, else 0."""
    from semindex.present.pager import run

    pager, text = asked.split(b"\0", 1)
    return bytes([run(os.fsdecode(pager), text, os.environ)])  # noqa: TID251 - as above


def _request() -> Request:
    from semindex.service import wire

    umask = os.umask(0o077)
    os.umask(umask)
    return wire.Request(
        [*sys.argv],
        folder=os.getcwd(),  # noqa: PTH109 - pathlib is slow to import
        umask=umask,
        encodings=[f"{stream.encoding}:{stream.errors}" for stream in (sys.stdin, sys.stdout, sys.stderr)],
        environment=os.environ,  # noqa: TID251 - all of it: programs that the command starts see it too
        identity=wire.identity(),
        manner=wire.manner(),
    )
