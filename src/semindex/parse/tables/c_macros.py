r"""Find the macros of C and C++, and the variables that macros define, in the text.

Trees lack the macros in functions, types and branches of ``#if``.

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
_MADE = re.compile(
    rb"^(?:(?:static|const|volatile|inline)[ \t]++)*+(?P<macro>"
    rb"(?:DEFINE|DECLARE)_(?!PER_CPU_|STATIC_KEY|EVENT)\w++"
    rb"|(?:[A-Z]++_)*?(?:LIST_HEAD|NOTIFIER_HEAD)|ABSL_FLAG)[ \t]*+\([ \t\r\n]*+(?P<first>[\w:]++)[ \t\r\n]*+"
    rb"(?:(?P<more>[\w*&<][^,;{}()]{0,80}+)?+,[ \t\r\n]*+(?P<second>\w++)[ \t\r\n]*+)?+[^;{}]{0,1000}+;",
    re.MULTILINE,
)
"""A variable that a macro defines, at the margin: ``static DEFINE_MUTEX(lock);``."""
_MAKERS = (b"DEFINE_", b"DECLARE_", b"LIST_HEAD", b"NOTIFIER_HEAD", b"ABSL_FLAG")
"""Most files have none of these, and are not looked through line by line."""
_TYPED = re.compile(rb"PER_CPU|ABSL_FLAG|_TYPED|_VAR\b")
"""Macros that have the type first, and then the name."""
_RAW = re.compile(rb'R"[^\s()\\"]{0,16}+\(')
"""What raw strings begin with; only they can have a line that looks like a macro."""
_MARGIN_BYTES = 400
"""No ``#`` of a directive is further from the beginning of its line."""


def macros_of(text: bytes, comments: Ranges) -> list[Draft]:
    """The macros that have a value or parameters, ascending by start; none in a comment or a string.

    The variables that macros define are found as well. ``comments`` are the byte ranges of the comments,
    ascending, shape ``(n, 2)``.
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
    if not any(each in text for each in _MAKERS):
        return found
    made = [
        match for match in _MADE.finditer(text) if not any(_is_in(match.start(), *each) for each in ranges)
    ]
    return sorted([*found, *filter(None, map(_variable, made))], key=lambda draft: draft.start)


def _variable(match: re.Match[bytes]) -> Draft | None:
    """The variable that a macro defines; None for what only declares it."""
    has_type = match["more"] is not None or _TYPED.search(match["macro"]) is not None
    name = (match["second"] if has_type else match["first"]) or b""
    if match["macro"] == b"DECLARE_PER_CPU" or not name.decode("utf-8", "replace").isidentifier():
        return None
    return Draft(name.decode("utf-8", "replace"), Kind.VARIABLE, match.start(), match.end(), -1)


def _is_in(offset: int, starts: list[int], ends: list[int]) -> bool:
    position = bisect_right(starts, offset) - 1
    return position >= 0 and ends[position] > offset
