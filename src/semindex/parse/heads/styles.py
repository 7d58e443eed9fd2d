"""SCSS, Less and Stylus: what other rules use. Selectors are no definitions: there would be thousands."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_NAME = r"(?P<name>[A-Za-z_-][\w-]*+)"
SCSS = HeadTable(
    (
        Head(Kind.MACRO, rf"(?:@mixin[ \t]++|=){_NAME}", Ends.BRACES),
        Head(Kind.FUNCTION, rf"@function[ \t]++{_NAME}", Ends.BRACES),
        Head(Kind.VARIABLE, r"(?P<name>\$[A-Za-z_-][\w-]*+)[ \t]*+:", Ends.BRACES, margin=True),
        Head(Kind.CLASS, r"(?P<name>%[A-Za-z_-][\w-]*+)[ \t]*+[{,\n]", Ends.BRACES),
        Head(Kind.OBJECT, rf"@(?:-\w++-)?+keyframes[ \t]++{_NAME}", Ends.BRACES),
        Head(Kind.VARIABLE, r"(?P<name>--[A-Za-z_][\w-]*+)[ \t]*+:", Ends.LINE),
    ),
)
LESS = HeadTable(
    (
        Head(
            Kind.MACRO,
            r"(?P<name>[.\#][A-Za-z_-][\w-]*+)[ \t]*+\([^{}()\n]*+(?:\([^()\n]*+\)[^{}()\n]*+)*+\)[^{};\n]*+\{",
            Ends.BRACES,
        ),
        Head(
            Kind.VARIABLE,
            r"(?P<name>@(?!media\b|import\b|plugin\b|charset\b|namespace\b|supports\b|font-face\b|page\b|arguments\b|rest\b)[A-Za-z_-][\w-]*+)[ \t]*+:",
            Ends.LINE,
        ),
        Head(Kind.OBJECT, rf"@(?:-\w++-)?+keyframes[ \t]++{_NAME}", Ends.BRACES),
    ),
)
CSS = HeadTable(
    (
        Head(Kind.VARIABLE, r"(?P<name>--[A-Za-z_][\w-]*+)[ \t]*+:", Ends.LINE),
        Head(Kind.OBJECT, rf"@(?:-\w++-)?+keyframes[ \t]++{_NAME}", Ends.BRACES),
    ),
)
STYLUS = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            r"(?P<name>[A-Za-z_-][\w-]*+)\([^(){};\n]*+\)[ \t]*+\{?+[ \t]*+$",
            Ends.INDENT,
            margin=True,
        ),
        Head(Kind.VARIABLE, r"(?P<name>\$?+[A-Za-z_-][\w-]*+)[ \t]*+=(?!=)", Ends.LINE, margin=True),
    ),
)
