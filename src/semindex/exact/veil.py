"""Hides secrets in lines that were found, as searches do in the spans that they show."""

from __future__ import annotations

import codecs
from pathlib import Path

from semindex.source import secrets
from semindex.source.languages import detect
from semindex.source.regular import RegularFileError, read_regular

SECRET = "(not shown: this file holds secrets; INDEX_SECRETS = true shows it)"
"""Stands for each line of a file that exists to hold secrets."""
_MOST_BYTES = 8 << 20
_HEAD_BYTES = 16_384


class Veil:
    """What is hidden of one file."""

    def __init__(self, root: Path, path: str, *, masks: bool) -> None:
        """Read the file, if anything is to be hidden at all; a large one is hidden line by line."""
        self._masks = masks
        self._text = b""
        self._hidden: secrets.Ranges = []
        self._is_secret = masks and secrets.by_name(path) is not None
        if not masks or self._is_secret:
            return
        try:
            data = read_regular(root / path, limit=_MOST_BYTES).data
        except (OSError, RegularFileError, ValueError):
            return
        text = _as_ripgrep_reads(data)
        if secrets.by_text(path, text, detect(path, text[:_HEAD_BYTES])) is not None:
            self._is_secret = True
            return
        self._hidden = secrets.hidden_ranges(path, text)
        self._text = secrets.hide(text, self._hidden) if self._hidden else text

    def shown(self, line: bytes, offset: int, begin: int, end: int) -> tuple[str, int]:
        """Some bytes of a line at an offset of the file as text, and how many secrets are masked in them."""
        if self._is_secret:
            return SECRET, 1
        if not self._masks:
            return line[begin:end].decode("utf-8", "replace"), 0
        first, last = offset + begin, offset + end
        over = [each for each in self._hidden if each[0] < last and each[1] > first]
        if not over and self._text[offset : offset + len(line)] != line:
            # The file is large, or has changed since ripgrep read it.
            piece, masked = secrets.mask(line, begin, end)
        else:
            piece, masked = secrets.mask(self._text, first, last)
        return piece.decode("utf-8", "replace"), masked + len(over)


def _as_ripgrep_reads(data: bytes) -> bytes:
    """The text whose offsets ripgrep tells: decoded where it begins with a mark of its encoding."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode()
    return data.removeprefix(codecs.BOM_UTF8)
