r"""Find the lines of a text by their indentation, in a time that does not depend on how many lie between.

>>> lines = IndentedLines(b"a\n    b\n\n  c\nd\n", re.compile(rb"(?!)"))
>>> [lines.starts[lines.behind(0, column)] for column in (4, 2, 0)]
[6, 11, 13]
"""

from __future__ import annotations

import re
from bisect import bisect_right

_LINE = re.compile(rb"\n[ \t]*+(?=[^ \t\r\n])")


class IndentedLines:
    """The lines of a text but its first one, without blank ones and those that begin with ``passing``."""

    def __init__(self, code: bytes, passing: re.Pattern[bytes]) -> None:
        spans = [found.span() for found in _LINE.finditer(code)]
        spans = [(begin, start) for begin, start in spans if not passing.match(code, start)]
        self.breaks = [begin for begin, _ in spans]
        """Where the line before each line ends."""
        self.starts = [start for _, start in spans]
        """Where each line begins, behind its indentation."""
        self.columns = [start - begin - 1 for begin, start in spans]
        """How many blanks stand before each line."""
        self._shallower = _next_smaller(self.columns)

    def behind(self, offset: int, column: int) -> int:
        """The position of the first line that begins behind a byte and is indented by at most ``column``.

        It is the number of lines if there is none.
        """
        position = bisect_right(self.breaks, offset - 1)
        while position < len(self.starts) and self.columns[position] > column:
            position = self._shallower[position]
        return position


def _next_smaller(numbers: list[int]) -> list[int]:
    """For each number the position of the first smaller one behind it, or the length of the list."""
    found = [len(numbers)] * len(numbers)
    waiting: list[int] = []
    for position, number in enumerate(numbers):
        while waiting and numbers[waiting[-1]] > number:
            found[waiting.pop()] = position
        waiting.append(position)
    return found
