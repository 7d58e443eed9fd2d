"""The trigrams of a text, three consecutive bytes each, by blocks of lines.

Example: ``Foo(x)`` has the trigrams ``foo``, ``oo(``, ``o(x`` and ``(x)``: ASCII letters count as lower case.
A trigram is the number ``b0 << 16 | b1 << 8 | b2``. One that holds the end of a line is not counted: what is
looked for line by line never spans two.

A block is at most :data:`BLOCK_BYTES` of a text and ends where a line ends, so all trigrams of a match within
a line are in one block. A longer line is a block by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Grams = npt.NDArray[np.uint32]
"""Distinct trigrams, ascending; shape ``(trigrams,)``."""

BLOCK_BYTES = 32_768
GRAM_BYTES = 3
_NEWLINE = 10
_FOLDED = bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in range(256))


def folded(text: bytes) -> bytes:
    """The text with ASCII letters in lower case; unlike ``bytes.lower`` the same on all systems."""
    return text.translate(_FOLDED)


def gram_numbers(text: bytes) -> list[int]:
    """The trigrams of a short text, in their order and with repetitions, without those over a line's end."""
    lower = folded(text)
    return [
        lower[at] << 16 | lower[at + 1] << 8 | lower[at + 2]
        for at in range(len(lower) - 2)
        if _NEWLINE not in lower[at : at + GRAM_BYTES]
    ]


def blocks_of(text: bytes) -> Iterator[tuple[int, int]]:
    """Where each block of a text begins and ends, one behind the other; nothing for an empty text."""
    begin, size = 0, len(text)
    while size - begin > BLOCK_BYTES:
        end = text.rfind(b"\n", begin, begin + BLOCK_BYTES) + 1
        end = end or text.find(b"\n", begin + BLOCK_BYTES) + 1
        if not end:
            break
        yield begin, end
        begin = end
    if begin < size:
        yield begin, size


def grams_of(text: bytes) -> list[Grams]:
    """The trigrams of each block of a text."""
    lower = np.frombuffer(folded(text), dtype=np.uint8)
    return [_distinct(lower[begin:end]) for begin, end in blocks_of(text)]


def _distinct(lower: npt.NDArray[np.uint8]) -> Grams:
    if len(lower) < GRAM_BYTES:
        return np.empty(0, dtype=np.uint32)
    grams = lower[:-2].astype(np.uint32)
    grams <<= 8
    grams |= lower[1:-1]
    grams <<= 8
    grams |= lower[2:]
    ends = lower == _NEWLINE
    grams = grams[~(ends[:-2] | ends[1:-1] | ends[2:])]
    grams.sort()
    kept = np.ones(len(grams), dtype=bool)
    np.not_equal(grams[1:], grams[:-1], out=kept[1:])
    found: Grams = grams[kept]
    return found
