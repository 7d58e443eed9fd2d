"""Blank parts of a text so that no other byte moves, and pair its brackets."""

from __future__ import annotations

import re

_BLANKED = bytes(value if value in b"\r\n" else 0x20 for value in range(256))


def blanked(text: bytes) -> bytes:
    """As many blanks as the text has bytes, with its line ends."""
    return text.translate(_BLANKED)


def bracket_pairs(text: bytes, opener: bytes, closer: bytes) -> dict[int, int]:
    """Where each bracket that opens stands, ascending, and where the one that closes it does, or -1."""
    pairs: dict[int, int] = {}
    waiting: list[int] = []
    for bracket in re.finditer(b"[" + re.escape(opener + closer) + b"]", text):
        if bracket[0] == opener:
            waiting.append(bracket.start())
            pairs[bracket.start()] = -1
        elif waiting:
            pairs[waiting.pop()] = bracket.start()
    return pairs
