"""A process of the daemon that chooses the files of one tree for exact searches, as it hears what changes.

A command lives too short to hear anything, and would have to look at every file. It asks this process which
files ripgrep has to read: over a Unix socket in the daemon's folder, one question a connection. Where there
is no such process yet, or it does not answer, the command chooses by itself, so no answer depends on it.

A question is a length and a text of MessagePack. The answer is a length and one too, with all paths in one
text between NUL bytes; nothing but a length of 0 says that the command has to find out by itself.
"""

from __future__ import annotations

import _socket  # noqa: TID251 - a Unix socket
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import xxhash
from msgspec import Struct

from semindex.errors import SemindexError
from semindex.exact.choosing import Chooser
from semindex.exact.files import Wanted
from semindex.exact.pattern import Pattern
from semindex.exact.selection import Selection
from semindex.service import wire

IDLE_SECONDS = 1800.0
"""Such a process leaves when nobody has asked for so long."""
PATIENCE_SECONDS = 5.0
"""So long a command waits for an answer, before it finds out by itself."""
_MOST_BYTES = 1 << 30
_LENGTH = 8
_BACKLOG = 64


class Question(Struct, frozen=True, array_like=True):
    """Which files a command wants to know."""

    folder: str
    """The command's current folder, to which globs are relative."""
    pattern: Pattern
    wanted: Wanted
    program: str
    refresh: bool


class Answer(Struct, frozen=True, array_like=True):
    """A :class:`Selection`, without its root."""

    scanned: bytes
    doubtful: bytes
    files: int
    notes: tuple[str, ...]
    grams: tuple[str, ...]
    freshness: str
    reason: str


def place_of(folder: wire.Folder, root: Path, index_dir: Path) -> str:
    """The socket of the process that chooses the files of a tree."""
    name = xxhash.xxh3_64_hexdigest(os.fsencode(root) + b"\0" + os.fsencode(index_dir))
    return f"{folder}/{name}.sock"


def serve(place: str, root: Path, index_dir: Path) -> None:
    """Answer questions, until nobody has asked for long."""
    chooser = Chooser(root, index_dir, stays=True, at_once=True)
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    with suppress(FileNotFoundError):
        os.unlink(place)  # noqa: PTH108 - of one that was killed
    listener.bind(place)
    listener.listen(_BACKLOG)
    own = os.stat(place).st_ino  # noqa: PTH116
    listener.settimeout(IDLE_SECONDS)
    try:
        chooser.prepare()
        while True:
            descriptor, _ = listener._accept()  # type: ignore[attr-defined]  # as the socket module does
            connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, descriptor)
            connection.settimeout(PATIENCE_SECONDS)
            with suppress(OSError, wire.WireError):
                _send(connection, _answered(chooser, _received(connection)))
            connection.close()
    except (TimeoutError, SemindexError):
        pass
    finally:
        chooser.close()
        listener.close()
        with suppress(OSError):
            if os.stat(place).st_ino == own:  # noqa: PTH116
                os.unlink(place)  # noqa: PTH108


def _answered(chooser: Chooser, asked: bytes) -> bytes:
    """The answer to a question; nothing where the command has to find out by itself."""
    try:
        question = msgspec.msgpack.decode(asked, type=Question)
        os.chdir(question.folder)
        found = chooser.choose(question.pattern, question.wanted, question.program, refresh=question.refresh)
        answer = Answer(
            b"\0".join(map(os.fsencode, found.scanned)),
            b"\0".join(map(os.fsencode, found.doubtful)),
            found.count(),
            found.notes,
            found.grams,
            found.freshness,
            found.reason,
        )
        return msgspec.msgpack.encode(answer)
    except (SemindexError, OSError, ValueError):
        return b""


class AskingChooser:
    """Chooses files as :class:`Chooser` does, by the process that hears of changes if there is one."""

    def __init__(self, place: str, own: Chooser, root: Path, missed: Callable[[], None]) -> None:
        """Ask nothing yet.

        Args:
            place: The socket.
            own: Chooses where nobody answers.
            root: Of the tree.
            missed: Called when nobody listens.
        """
        self._place, self._own, self._root, self._missed = place, own, root, missed

    def close(self) -> None:
        """Give back what is open."""
        self._own.close()

    def choose(self, pattern: Pattern, wanted: Wanted, program: str, *, refresh: bool = True) -> Selection:
        """As :meth:`Chooser.choose`."""
        try:
            folder = os.getcwd()  # noqa: PTH109 - a text
            asked = msgspec.msgpack.encode(Question(folder, pattern, wanted, program, refresh))
            told = self._asked(asked)
        except (OSError, ValueError, wire.WireError):
            told = b""
        if not told:
            return self._own.choose(pattern, wanted, program, refresh=refresh)
        answer = msgspec.msgpack.decode(told, type=Answer)
        return Selection(
            self._root,
            _paths(answer.scanned),
            _paths(answer.doubtful),
            lambda: answer.files,
            notes=answer.notes,
            grams=answer.grams,
            freshness=answer.freshness,
            reason=answer.reason,
        )

    def _asked(self, asked: bytes) -> bytes:
        """What the process answers; nothing if there is none."""
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            connection.settimeout(PATIENCE_SECONDS)
            try:
                connection.connect(self._place)
            except (FileNotFoundError, ConnectionRefusedError):
                self._missed()
                return b""
            _send(connection, asked)
            return _received(connection)
        finally:
            connection.close()


def _paths(joined: bytes) -> tuple[str, ...]:
    return tuple(map(os.fsdecode, joined.split(b"\0"))) if joined else ()


def _send(to: _socket.socket, data: bytes) -> None:
    to.sendall(len(data).to_bytes(_LENGTH, "big") + data)


def _received(connection: _socket.socket) -> bytes:
    length = int.from_bytes(wire.receive(connection, _LENGTH), "big")
    if length > _MOST_BYTES:
        raise wire.WireError("no text of this protocol")
    return wire.receive(connection, length)
