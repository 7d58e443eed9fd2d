"""Writing to standard streams, whatever their encoding is, and also when nobody takes what is written."""

import io
import os
import sys
from collections.abc import Mapping
from contextlib import suppress

from semindex.present.schema import dumps


class ReaderGone(Exception):  # noqa: N818 - an event, not a mistake
    """The reader of standard output has closed its end."""


def write(lines: str) -> None:
    """Write to standard output, with a line end.

    Raises:
        ReaderGone: The reader has closed its end.
    """
    try:
        sys.stdout.write(lines + "\n")
    except BrokenPipeError as error:
        raise ReaderGone from error


def write_json(content: Mapping[str, object]) -> None:
    """Write one object on one line; in ASCII where the stream could not take every character.

    Raises:
        ReaderGone: The reader has closed its end.
    """
    write(dumps(content, ascii_only=(sys.stdout.encoding or "").lower().replace("-", "") != "utf8"))


def flush() -> None:
    """Hand on what was written, to a reader who does not wait for the end.

    Raises:
        ReaderGone: The reader has closed its end.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error


def let_every_character_through() -> None:
    """Escape what a stream's encoding lacks, where Python would raise in the middle of an answer."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Unfailing(io.TextIOWrapper):
    """A stream for messages; what the system does not take is dropped."""

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


def lose_messages_rather_than_fail() -> None:
    """Let messages be lost where standard error takes none (``2>/dev/full``): the exit code stays right."""
    stream = sys.stderr
    if isinstance(stream, io.TextIOWrapper) and not (os.name == "nt" and stream.isatty()):
        raw = io.FileIO(stream.fileno(), "wb", closefd=False)
        sys.stderr = _Unfailing(
            io.BufferedWriter(raw), stream.encoding, "backslashreplace", line_buffering=True
        )


def silence() -> None:
    """Discard what is still buffered, so that the interpreter's flush at exit does not fail a second time."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
