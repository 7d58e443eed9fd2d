"""Keeps an answer within a number of tokens, and code from passing for anything else than code."""

from __future__ import annotations

import re

from semindex.tokens import CHARS_PER_TOKEN, characters
from semindex.tokens import model_tokens as tokens

__all__ = ("CHARS_PER_TOKEN", "Budget", "characters", "cut", "fenced", "tokens")

LEAST_TOKENS, DEFAULT_TOKENS, MOST_TOKENS = 200, 4000, 8000
"""Some clients refuse answers of more than 10,000 tokens."""


def fenced(text: str, language: str) -> str:
    """The text as a block of code whose fence no line of it can end."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


class Budget:
    """Collects parts of an answer for as long as there is room."""

    def __init__(self, most: int, *, kept: int = 0) -> None:
        """Room for ``most`` tokens, of which ``kept`` are for what is added at the end."""
        self._left = most - kept
        self.parts: list[str] = []

    @property
    def left(self) -> int:
        """How many tokens more can be taken."""
        return max(0, self._left)

    def take(self, part: str) -> bool:
        """Add a part if there is room for all of it; whether there was."""
        needed = tokens(part) + 1
        if needed > self._left:
            return False
        self.parts.append(part)
        self._left -= needed
        return True


def cut(text: str, most: int) -> tuple[str, int]:
    """The first lines of a text that fit into so many tokens, and how many lines these are."""
    kept: list[str] = []
    used = 0
    for line in text.split("\n"):
        used += tokens(line) + 1
        if used > most:
            break
        kept.append(line)
    return "\n".join(kept), len(kept)
