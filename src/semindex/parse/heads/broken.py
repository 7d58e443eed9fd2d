r"""Languages that have a grammar: what their definitions begin with, for files that the grammar cannot read."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_BLANKS = r"[ \t]++"
_BASH_FUNCTION = (
    r"function[ \t]++(?P<name>[^\s;$()&|<>'\"`{}=]++)[ \t]*+(?:\([ \t]*+\))?+[ \t]*+\r?(?:[{(\n]|\Z)"
)
_BASH_NAMED = r"(?P<name>[^\s;$()&|<>'\"`{}=\[\]*?!\#]++)[ \t]*+\([ \t]*+\)[ \t]*+(?:\r?\n[ \t\r\n]*+)?+[{(]"
_BASH_COMMAND = r"(?P<name>[A-Za-z_][\w:.+-]*+)[ \t]*+\([ \t]*+\)[ \t]++(?=[a-z\[])"
BASH = HeadTable(
    (
        Head(Kind.FUNCTION, _BASH_FUNCTION, local=True),
        Head(Kind.FUNCTION, _BASH_NAMED, local=True),
        Head(Kind.FUNCTION, _BASH_COMMAND, Ends.LINE),
    )
)

_KOTLIN_MODIFIERS = (
    r"(?:(?:public|private|internal|protected|actual|expect|annotation|data|inner|open|abstract|final|sealed"
    r"|value|inline|external|suspend|infix|operator|tailrec|override|companion|const|lateinit|enum"
    r"|fun(?=[ ]interface\b))[ \t]++)*+"
)
_KOTLIN_START = r"(?:@[\w.:]++(?:\([^()\n]*+(?:\([^()\n]*+\)[^()\n]*+)*+\))?+[ \t]++)*+" + _KOTLIN_MODIFIERS
_KOTLIN_NAME = r"(?P<name>[\w]++|`[^`\n]++`)"
_KOTLIN_TYPED = r"(?:<[^\n<>]*+(?:<[^\n<>]*+>[^\n<>]*+)*+>[ \t]*+)?+"
_KOTLIN_RECEIVER = r"(?:(?P<owner>\w++)(?:<[^\n<>]*+(?:<[^\n<>]*+>[^\n<>]*+)*+>)?+\??\.)?+"
KOTLIN = HeadTable(
    (
        Head(Kind.ENUM, _KOTLIN_START + r"(?<=enum )class[ \t]++" + _KOTLIN_NAME, Ends.INDENT),
        Head(Kind.CLASS, _KOTLIN_START + r"class[ \t]++" + _KOTLIN_NAME, Ends.INDENT),
        Head(Kind.INTERFACE, _KOTLIN_START + r"interface[ \t]++" + _KOTLIN_NAME, Ends.INDENT),
        Head(Kind.OBJECT, _KOTLIN_START + r"object[ \t]++" + _KOTLIN_NAME, Ends.INDENT),
        Head(
            Kind.FUNCTION,
            _KOTLIN_START + r"fun[ \t]++" + _KOTLIN_TYPED + _KOTLIN_RECEIVER + _KOTLIN_NAME + r"[ \t]*+\(",
            Ends.INDENT,
            local=True,
        ),
        Head(Kind.TYPE, _KOTLIN_MODIFIERS + r"typealias[ \t]++" + _KOTLIN_NAME, Ends.LINE),
    ),
    closing=r"[}\])]",
)
