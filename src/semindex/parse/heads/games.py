"""GDScript."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_MARKS = r"(?:@\w++(?:\([^()\n]*+\))?+[ \t\r\n]++){0,8}+"
GDSCRIPT = HeadTable(
    (
        Head(Kind.CLASS, rf"{_MARKS}class_name[ \t]++(?P<name>\w++)", Ends.NEXT, margin=True),
        Head(Kind.CLASS, rf"{_MARKS}class[ \t]++(?P<name>\w++)(?=[^\n:]*+:)"),
        Head(
            Kind.FUNCTION,
            rf"{_MARKS}(?:(?:static|remote|master|puppet|sync)[ \t]++)*+func[ \t]++(?P<name>\w++)",
        ),
        Head(Kind.TYPE, r"signal[ \t]++(?P<name>\w++)", Ends.LINE),
        Head(Kind.ENUM, r"enum[ \t]++(?P<name>\w++)\s*+\{", Ends.BRACES),
        Head(Kind.CONSTANT, r"const[ \t]++(?P<name>\w++)"),
        Head(
            Kind.FIELD,
            rf"{_MARKS}(?:(?:export(?:\([^()\n]*+\))?+|onready|static|remote|puppet|sync)[ \t]++)*+var[ \t]++(?P<name>\w++)",
        ),
    ),
    closing=r"[}\])]",
    opening=r"[{(\[]",
)
"""A script with ``class_name`` is that class up to its end. Local variables are inside functions, so dropped."""
