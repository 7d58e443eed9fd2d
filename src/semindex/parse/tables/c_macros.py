r"""Find the macros of C and C++ in the text: trees lack those in functions, types and branches of ``#if``.

>>> from semindex.parse.comments import comment_ranges
>>> text = b"void f(void) {\n#define TWICE(x) ((x) * \\\n  2)\n}\n"
>>> [(each.name, each.start, each.end) for each in macros_of(text, comment_ranges("c", text))]
[('TWICE', 15, 42)]
"""

from __future__ import annotations

import re
from bisect import bisect_right

from semindex.parse.comments import Ranges, comments_and_strings
from semindex.parse.drafts import MAX_SYMBOLS, Draft
from semindex.types import Kind

_DEFINE = re.compile(
    rb"\#[ \t]*+define[ \t]++(?P<name>[^\W\d]\w*+)(?P<parameters>\()?+"
    rb"(?P<value>(?:[ \t]++|\\\r?\n|/\*[^\n]*?\*/)*+(?!//|/\*)[^ \t\r\n\\])?+(?:[^\\\n]++|\\\r?\n|\\)*+"
)
"""A macro up to the end of its last line. It has a value if something but a comment is behind its name."""
_RAW = re.compile(rb'R"[^\s()\\"]{0,16}+\(')
"""What raw strings begin with; only they can have a line that looks like a macro."""
_MARGIN_BYTES = 400
"""No ``#`` of a directive is further from the beginning of its line."""


def macros_of(text: bytes, comments: Ranges) -> list[Draft]:
    """The macros that have a value or parameters, ascending by start; none in a comment or a string.

    ``comments`` are the byte ranges of the comments, ascending, shape ``(n, 2)``.
    """
    hidden = comments_and_strings("cpp", text)[1] if _RAW.search(text) else comments[:0]
    ranges = [(each[:, 0].tolist(), each[:, 1].tolist()) for each in (comments, hidden)]
    found: list[Draft] = []
    for match in _DEFINE.finditer(text):
        if match["value"] is None and match["parameters"] is None:
            continue
        start = match.start()
        begin = max(text.rfind(b"\n", 0, start) + 1, start - _MARGIN_BYTES)
        if text[begin:start].strip(b" \t") or any(_is_in(start, *each) for each in ranges):
            continue
        name = match["name"].decode("utf-8", "replace")
        found.append(Draft(name, Kind.MACRO, start, match.end(), -1))
        if len(found) >= MAX_SYMBOLS:
            break
    return found


def _is_in(offset: int, starts: list[int], ends: list[int]) -> bool:
    position = bisect_right(starts, offset) - 1
    return position >= 0 and ends[position] > offset
