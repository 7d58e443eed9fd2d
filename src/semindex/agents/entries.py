"""What is put into a settings file, in whatever format, and what is said when that cannot be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

NAME = "semindex"
"""The key of our entry, in every client."""


class Unsuitable(Exception):  # noqa: N818 - says what is wrong with a text
    """A text cannot be changed safely; the message is the end of a sentence that begins with the file."""


class Entry(Struct, frozen=True):
    """One server, below one key of a document."""

    table: str
    """The key of the document's root that holds the servers, such as ``mcpServers``."""
    value: Mapping[str, Any]
    """What our key is to hold: strings, lists of strings, truth values."""


def line_end(text: str) -> str:
    """How the first line of a text ends; a line feed where there is only one line."""
    end = text.find("\n")
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"
