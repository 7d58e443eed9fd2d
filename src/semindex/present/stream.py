"""Writing to standard output, whatever its encoding is, and also when its reader stops reading."""

import io
import os
import sys
from collections.abc import Mapping

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


def let_every_character_through() -> None:
    """Escape what a stream's encoding lacks, where Python would raise in the middle of an answer."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def silence() -> None:
    """Discard what is still buffered, so that the interpreter's flush at exit does not fail a second time."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
