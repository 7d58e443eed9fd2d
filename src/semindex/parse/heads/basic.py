"""Visual Basic: VB.NET, VBA, VB6 and VBScript; and AutoIt, AutoHotkey."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_MARKS = (
    r"(?:<[^<>\n]{1,300}+>[ \t]*+(?:_[ \t]*+\r?\n[ \t]*+)?+){0,8}+"
    r"(?:(?:Public|Private|Protected|Friend|Shared|Static|Overridable|Overrides|NotOverridable|MustInherit|NotInheritable"
    r"|Overloads|Shadows|Partial|Default|ReadOnly|WriteOnly|Async|Iterator|Widening|Narrowing|Global|WithEvents|Custom)[ \t]++)*+"
)
_NAME = r"(?P<name>\[?+[A-Za-z_]\w*+\]?+)"
VB = HeadTable(
    (
        Head(Kind.MODULE, r"(?P<what>Namespace)[ \t]++(?P<name>[\w.]++)", Ends.WORDS),
        Head(Kind.CLASS, rf"{_MARKS}(?P<what>Class)[ \t]++{_NAME}", Ends.WORDS),
        Head(Kind.MODULE, rf"{_MARKS}(?P<what>Module)[ \t]++{_NAME}", Ends.WORDS),
        Head(Kind.STRUCT, rf"{_MARKS}(?P<what>Structure|Type)[ \t]++{_NAME}[ \t]*+(?=\(|\r?$)", Ends.WORDS),
        Head(Kind.INTERFACE, rf"{_MARKS}(?P<what>Interface)[ \t]++{_NAME}", Ends.WORDS),
        Head(Kind.ENUM, rf"{_MARKS}(?P<what>Enum)[ \t]++{_NAME}", Ends.WORDS),
        Head(
            Kind.FUNCTION,
            rf"{_MARKS}Declare[ \t]++(?:\w++[ \t]++){{0,3}}?(?:Sub|Function)[ \t]++{_NAME}",
            Ends.LINE,
        ),
        Head(Kind.TYPE, rf"{_MARKS}Delegate[ \t]++(?:Sub|Function)[ \t]++{_NAME}", Ends.LINE),
        Head(
            Kind.METHOD,
            rf"{_MARKS}MustOverride[ \t]++(?:\w++[ \t]++){{0,4}}?(?:Sub|Function|Property)[ \t]++{_NAME}",
            Ends.LINE,
        ),
        Head(
            Kind.FUNCTION,
            rf"{_MARKS}(?P<what>Sub|Function)[ \t]++{_NAME}(?=[ \t]*+(?:\(|<|\r?$|:|As\b|_|Lib\b))",
            Ends.WORDS,
        ),
        Head(
            Kind.FIELD, rf"{_MARKS}(?P<what>Property)[ \t]++(?:(?:Get|Let|Set)[ \t]++)?+{_NAME}", Ends.WORDS
        ),
        Head(Kind.METHOD, rf"{_MARKS}(?P<what>Operator)[ \t]++(?P<name>\S++)[ \t]*+\(", Ends.WORDS),
        Head(Kind.FIELD, rf"{_MARKS}Event[ \t]++{_NAME}", Ends.LINE),
        Head(Kind.CONSTANT, rf"{_MARKS}Const[ \t]++{_NAME}", Ends.LINE),
    ),
    ignores_case=True,
    closes=r"^[ \t]*+End[ \t]++(?P<what>Namespace|Class|Module|Structure|Type|Interface|Enum|Sub|Function|Property|Operator)\b",
)
"""A property without code and the members of an interface have no end of their own."""

AUTOIT = HeadTable(
    (
        Head(Kind.FUNCTION, r"(?:Volatile[ \t]++)?+Func[ \t]++(?P<name>\w++)", Ends.STOP),
        Head(Kind.CONSTANT, r"(?:(?:Global|Local)[ \t]++)?+Const[ \t]++\$(?P<name>\w++)", Ends.LINE),
    ),
    ignores_case=True,
    stop=r"^[ \t]*+EndFunc\b",
)
AUTOHOTKEY = HeadTable(
    (
        Head(Kind.CLASS, r"class[ \t]++(?P<name>\w++)[^\n({]*+\s*+\{", Ends.BRACES),
        Head(
            Kind.FUNCTION,
            r"(?:static[ \t]++)?+(?P<name>[A-Za-z_]\w*+)\((?:[^()\n]++|\([^()\n]*+\))*+\)[ \t]*+\r?\n?[ \t]*+\{",
            Ends.BRACES,
        ),
        Head(Kind.FUNCTION, r"(?P<name>[A-Za-z_]\w*+):[ \t]*+\r?$", Ends.NEXT, margin=True),
    ),
    reserved=frozenset({"if", "while", "for", "loop", "switch", "else", "until", "catch"}),
    ignores_case=True,
)
