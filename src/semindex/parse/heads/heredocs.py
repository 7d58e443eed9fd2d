r"""Blank the texts that stand between a mark and a line with the same mark, as shells know them.

>>> without_heredocs(rb"<<(?P<tag>[A-Z]++)")(b"a = <<END\nsub b {\nEND\nsub c {\n")
b'a = <<END\n       \nEND\nsub c {\n'
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable

from semindex.parse.blanking import blanked

_LONE_WORD = re.compile(rb"(?m)^[ \t]*+([A-Za-z_]\w{0,60}+)[ \t]*+;?+\r?+$")


def without_heredocs(opener: bytes) -> Callable[[bytes], bytes]:
    """A function that blanks them in a text; ``opener`` has a group ``tag``.

    A mark that no line repeats opens nothing, so a shift to the left hides no text below it.
    """
    expression = re.compile(opener)

    def without(text: bytes) -> bytes:
        openers = list(expression.finditer(text))
        if not openers:
            return text
        closers: dict[bytes, list[int]] = {}
        for match in _LONE_WORD.finditer(text):
            closers.setdefault(match[1], []).append(match.start())
        return _between(text, openers, closers)

    return without


def _between(text: bytes, openers: list[re.Match[bytes]], closers: dict[bytes, list[int]]) -> bytes:
    parts: list[bytes] = []
    done = 0
    for match in openers:
        ends = closers.get(match["tag"], [])
        line = text.find(b"\n", match.end()) + 1
        position = bisect_left(ends, line)
        if match.start() < done or not line or position == len(ends):
            continue
        parts += [text[done:line], blanked(text[line : ends[position]])]
        done = ends[position]
    return b"".join([*parts, text[done:]])
