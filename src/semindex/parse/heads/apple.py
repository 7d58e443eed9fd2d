"""Objective-C and AppleScript."""

from __future__ import annotations

import re

from semindex.parse.heads.base import Ends, Groups, Head, HeadTable
from semindex.types import Kind

_MACRO_WORD = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]*$|__\w+$")
_PARENTHESES = re.compile(r"\([^()]*+\)")
_PART = re.compile(r"(\w*+)[ \t\r\n]*+:")
_WORD = re.compile(r"\w++")
_POINTER = re.compile(r"\([ ]*+[\^*][ ]*+(?:[\w ]*+[ ])?(\w++)[ ]*+\)")


def _selector(groups: Groups) -> str:
    """The selector of a method: ``initWithName:age:`` of ``initWithName:(NSString *)name age:(int)age``."""
    written = groups["name"]
    for _ in range(4):
        written, count = _PARENTHESES.subn(" ", written)
        if not count:
            break
    parts = _PART.findall(written)
    first = _WORD.search(written)
    return "".join(f"{part}:" for part in parts) if parts else first[0] if first else ""


def _last_word(groups: Groups) -> str:
    """The name that a property or a type has at its end, before macros; a block's name in ``(^name)``."""
    written = groups["name"]
    pointer = _POINTER.search(written)
    if pointer is not None:
        return pointer[1]
    for _ in range(4):
        written, count = _PARENTHESES.subn(" ", written)
        if not count:
            break
    words = [word for word in _WORD.findall(written) if not _MACRO_WORD.match(word)]
    return words[-1] if len(words) > 1 else ""


def _class_and_category(groups: Groups) -> list[str]:
    """The class and, as a definition inside of it, the category: ``Store (Counting)``."""
    names = (groups["name"], groups["category"].strip())
    return [name for name in names if name]


_CATEGORY = r"(?P<name>\w++)(?:<[^<>\n{]*+>)?+(?:[ \t]*+\((?P<category>[\w \t]*+)\))?+"
_DEFINE = r"\#[ \t]*+define[ \t]++(?P<name>\w++)(?:\([^()\n]*+\))?+(?=[ \t]*+[^ \t\r\n])(?:[^\\\n]++|\\(?:[ \t]*+\n)?+)*+"
_FUNCTION = (
    r"(?!@|typedef\b|return\b|else\b|\#)(?:(?:__attribute__|__declspec)[ \t]*+\(\([^\n()]*+(?:\([^()\n]*+\))?+\)\)"
    r"[ \t]*+)*+(?:\w++(?:<[^<>\n(]*+>)?+[ \t*\n]++(?!\()){1,8}+(?P<name>\w++)[ \t]*+\([^;{}]{0,1500}+\{"
)
OBJECTIVE_C = HeadTable(
    (
        Head(Kind.CLASS, rf"@interface[ \t]++{_CATEGORY}", Ends.STOP, _class_and_category),
        Head(Kind.IMPLEMENTATION, rf"@implementation[ \t]++{_CATEGORY}", Ends.STOP, _class_and_category),
        Head(Kind.INTERFACE, r"@protocol[ \t]++(?P<name>\w++)(?![ \t]*+[;,])", Ends.STOP),
        Head(
            Kind.METHOD,
            r"[-+][ \t]*+(?:\((?:[^()\n;{}]++|\((?:[^()\n]++|\([^()\n]*+\))*+\))*+\)[ \t\n]*+)?+"
            r"(?P<name>[A-Za-z_](?:[^;{}()]{1,300}+|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\)){0,60}+)(?=[;{])",
            Ends.BRACES,
            _selector,
            margin=True,
        ),
        Head(
            Kind.FIELD,
            r"@property\b[ \t]*+(?:\([^()]{0,300}+(?:\([^()]{0,100}+\)[^()]{0,100}+){0,3}+\))?+"
            r"(?P<name>[^;{}@]{1,300}+);",
            Ends.LINE,
            _last_word,
        ),
        Head(
            Kind.ENUM,
            r"(?:typedef[ \t]++)?+[A-Z]{2,4}_(?:[A-Z]++_)*?(?:ENUM|OPTIONS)[ \t]*+\([^,()\n]*+,[ \t]*+(?P<name>\w++)",
            Ends.BRACES,
        ),
        Head(Kind.STRUCT, r"(?:typedef[ \t]++)?+(?:struct|union)[ \t]++(?P<name>\w++)\s*+\{", Ends.BRACES),
        Head(Kind.ENUM, r"(?:typedef[ \t]++)?+enum[ \t]++(?P<name>\w++)[^;{}()\n]{0,80}+\s*+\{", Ends.BRACES),
        Head(
            Kind.STRUCT, r"typedef[ \t]++(?:struct|union)\s*+\{[^{}]{0,4000}+\}\s*+(?P<name>\w++)", Ends.LINE
        ),
        Head(
            Kind.ENUM, r"typedef[ \t]++enum[^;{}()\n]{0,80}+\{[^{}]{0,4000}+\}\s*+(?P<name>\w++)", Ends.LINE
        ),
        Head(
            Kind.TYPE,
            r"typedef[ \t]++(?P<name>(?:[^;{}()]{1,300}+|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\)){1,20}+);",
            Ends.LINE,
            _last_word,
        ),
        Head(Kind.MACRO, _DEFINE, Ends.LINE),
        Head(
            Kind.CONSTANT,
            r"(?=[^=;(){}\n]{0,200}\bconst\b)(?:[A-Za-z_][\w*<>]*+[ \t*]++(?![=;\[]))++(?P<name>\w++)(?:\[\w*+\])?+[ \t]*+[=;]",
            Ends.LINE,
            margin=True,
        ),
        Head(Kind.FUNCTION, _FUNCTION, Ends.BRACES, margin=True),
    ),
    reserved=frozenset({"if", "for", "while", "switch", "return", "else", "do", "sizeof", "catch"}),
    stop=r"^[ \t]*+@end\b",
)
"""Methods, constants and functions stand at the margin; elsewhere a line beginning with ``-`` is arithmetic."""

APPLESCRIPT = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            r"(?:on|to)[ \t]++(?!error\b)(?P<name>\w++)(?=[ \t]*+(?:\(|$|of\b|given\b|for\b|[a-z]))",
        ),
        Head(Kind.OBJECT, r"script[ \t]++(?P<name>\w++)"),
        Head(Kind.VARIABLE, r"property[ \t]++(?P<name>\w++)[ \t]*+:", Ends.LINE),
    ),
    ignores_case=True,
)
