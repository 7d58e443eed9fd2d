"""What a language model does, whoever runs it: text for messages, within its context, until told to stop.

A stream of text is read as it comes, and then says why it ended::

    stream = model.generate([Message(Speaker.USER, "Which file parses flags?")], max_tokens=200)
    for piece in stream:
        print(piece, end="")
    if stream.ending is Ending.LENGTH:
        print(" (cut after 200 tokens)")
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from enum import Enum
from typing import Protocol

from msgspec import Struct

from semindex.errors import ModelError


class Speaker(Enum):
    """Whose words a message has."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class Message(Struct, frozen=True):
    """One turn of a conversation."""

    speaker: Speaker
    content: str


class Ending(Enum):
    """Why a stream of text ended."""

    STOP = "stop"
    """The model had said everything, or came to one of the texts at which it was to stop."""
    LENGTH = "length"
    """The text has as many tokens as were allowed, and may break off in a word."""
    CANCELLED = "cancelled"


class Timeouts(Struct, frozen=True):
    """How long to wait for a model."""

    first_seconds: float = 300.0
    """Until the first piece of text; a processor alone reads a few dozen tokens of a prompt a second."""
    between_seconds: float = 60.0
    """From one piece of text to the next."""


DEFAULT_TIMEOUTS = Timeouts()


class TextStream(Iterator[str]):
    """Pieces of a text in order, none of them empty; afterwards :attr:`ending` says why there are no more."""

    def __init__(self, pieces: Generator[str, None, Ending]) -> None:
        """``pieces`` gives the text and returns why it ended."""
        self._pieces = pieces
        self._over = False
        self.ending: Ending | None = None
        """None while more text may come, and after an error."""

    def __next__(self) -> str:
        """The next piece of text.

        Raises:
            ModelError: The model failed, was too slow, or was cut off; no piece follows.
        """
        try:
            return next(self._pieces)
        except StopIteration as end:
            self.ending, self._over = self.ending or end.value, True
            raise
        except BaseException:
            self._over = True
            raise

    def close(self) -> None:
        """Have the model stop, if it has not; no piece follows."""
        if not self._over:
            self.ending, self._over = Ending.CANCELLED, True
        self._pieces.close()


class LanguageModel(Protocol):
    """A model that writes text. Threads may share one; it answers one of them at a time if it has to."""

    @property
    def name(self) -> str:
        """The name by which a user opened it."""
        ...

    @property
    def fingerprint(self) -> str:
        """A digest of what is known of the weights and of how they are run; equal for the same model."""
        ...

    @property
    def context_size(self) -> int:
        """Tokens that messages and answer may have together."""
        ...

    @property
    def counts_exactly(self) -> bool:
        """Whether :meth:`count_tokens` asks the model's own tokenizer; else it gives an upper estimate."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that a user should read, for example that text leaves this machine."""
        ...

    def count_tokens(self, text: str) -> int:
        """The tokens of a text alone, without what stands around messages."""
        ...

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
        """The model's answer to messages, piece by piece, as the model writes it.

        Args:
            messages: What was said so far; the last is the user's.
            max_tokens: Tokens of the answer, 1 or more.
            temperature: 0 takes the likeliest token always; higher numbers vary the answer.
            stop: Texts at which the answer ends; they are no part of it.
            timeouts: How long to wait.
            cancelled: Asked several times a second, also while nothing comes; true ends the stream with
                :attr:`Ending.CANCELLED`.

        Raises:
            ModelError: The messages and ``max_tokens`` do not fit into the context (raised here, by
                :func:`check_room`); all other failures are raised while the stream is read.
        """
        ...

    def close(self) -> None:
        """Give back memory and connections; the model is not used afterwards."""
        ...


MESSAGE_TOKENS = 8
"""Tokens that a conversation's format adds to each message, at most, in the formats of known models."""


def room_for(model: LanguageModel, messages: Sequence[Message], max_tokens: int) -> int:
    """Tokens that are left in the context beside messages and an answer; negative if they do not fit."""
    asked = sum(model.count_tokens(message.content) + MESSAGE_TOKENS for message in messages)
    return model.context_size - asked - max_tokens


def check_room(model: LanguageModel, messages: Sequence[Message], max_tokens: int) -> None:
    """Check that messages and an answer fit into a model's context.

    Raises:
        ModelError: They do not.
    """
    room = room_for(model, messages, max_tokens)
    if room < 0:
        raise ModelError(
            f"the question and what belongs to it, with {max_tokens:,} tokens for the answer, have {-room:,} "
            f"tokens more than the context of {model.name} ({model.context_size:,}); ask for less, or choose "
            "a model with a larger context"
        )
