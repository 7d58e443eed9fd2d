"""A language model that says what a test wants, token by token; words and marks are its tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from semindex.errors import ModelError
from semindex.models.generating.language import (
    DEFAULT_TIMEOUTS,
    Ending,
    Message,
    TextStream,
    Timeouts,
    check_room,
)


@dataclass
class Asked:
    """One question that a model was asked."""

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float
    stop: tuple[str, ...]


@dataclass
class ScriptedModel:
    """Gives its answers one after the other, and the last again; a function makes one from the messages."""

    answers: Sequence[str] | Callable[[Sequence[Message]], str] = ("",)
    context_size: int = 4096
    name: str = "scripted"
    fails_after: int | None = None
    """Pieces after which it fails with a ModelError."""
    notes: tuple[str, ...] = ()
    counts_exactly: bool = True
    asked: list[Asked] = field(default_factory=list)
    closed: bool = False

    @property
    def fingerprint(self) -> str:
        return f"scripted-{self.name}"

    def count_tokens(self, text: str) -> int:
        return len(tokens(text))

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        stop: Sequence[str] = (),
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        cancelled: Callable[[], bool] | None = None,
    ) -> TextStream:
        assert not self.closed
        check_room(self, messages, max_tokens)
        if callable(self.answers):
            answer = self.answers(messages)
        else:
            answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(Asked(tuple(messages), max_tokens, temperature, tuple(stop)))
        ends = [answer.find(each) for each in stop if each in answer]
        if ends:
            answer = answer[: min(ends)]
        return TextStream(self._pieces(answer, max_tokens, cancelled))

    def close(self) -> None:
        self.closed = True

    def _pieces(
        self, answer: str, max_tokens: int, cancelled: Callable[[], bool] | None
    ) -> Generator[str, None, Ending]:
        for at, piece in enumerate(tokens(answer)):
            if cancelled is not None and cancelled():
                return Ending.CANCELLED
            if at == self.fails_after:
                raise ModelError("the scripted model fails, as the test wants")
            if at == max_tokens:
                return Ending.LENGTH
            yield piece
        return Ending.STOP


def tokens(text: str) -> list[str]:
    """Each word or mark with the blanks before it; all of them joined are the text."""
    return re.findall(r"\s*\w+|\s*[^\w\s]|\s+", text)
