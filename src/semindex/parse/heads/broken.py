r"""Languages that have a grammar: what their definitions begin with, for files that the grammar cannot read."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.parse.heads.heredocs import without_heredocs
from semindex.types import Kind

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
        Head(
            Kind.FUNCTION, r"alias[ \t]++(?:-\w++[ \t]++)*+(?P<name>[\w.:+@%!?-]++)=", Ends.LINE, margin=True
        ),
        Head(
            Kind.VARIABLE,
            r"(?:export|typeset|declare)[ \t]++(?:-\w++[ \t]++)*+(?P<name>[A-Za-z_]\w*+)=",
            Ends.LINE,
            margin=True,
        ),
        Head(Kind.VARIABLE, r"(?P<name>[A-Z][A-Z\d_]++)=[^\n;]*+$", Ends.LINE, margin=True),
    ),
    masked=without_heredocs(rb"<<-?+[ \t]*+[\"'\\]?+(?P<tag>[A-Za-z_]\w*+)[\"']?+"),
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

_CYTHON_FUNCTION = (
    r"cp?def[ \t]++(?!class\b|extern\b|struct\b|enum\b|union\b|packed\b)(?:(?:inline|api|public|readonly)[ \t]++)*+"
    r"(?:[\w.*\[\]:,]++[ \t]++\**+)*?(?P<name>\w++)[ \t]*+\((?=[^\n]*+(?:\n|:))"
)
PYTHON = HeadTable(
    (
        Head(
            Kind.CLASS, r"(?:cdef[ \t]++)?+(?:(?:public|api)[ \t]++)?+class[ \t]++(?P<name>\w++)[ \t]*+[(:\[]"
        ),
        Head(Kind.FUNCTION, r"(?:async[ \t]++)?+def[ \t]++(?P<name>\w++)[ \t]*+[(\[]", local=True),
        Head(
            Kind.STRUCT,
            r"(?:cdef|ctypedef|cpdef)[ \t]++(?:packed[ \t]++)?+(?:struct|union|enum|fused)[ \t]++(?P<name>\w++)[ \t]*+:",
        ),
        Head(Kind.FUNCTION, _CYTHON_FUNCTION),
    ),
    closing=r"[}\])]",
    opening=r"[{(\])]",
)
_ES_START = r"(?:export[ \t]++)?+(?:default[ \t]++)?+(?:declare[ \t]++)?+"
_ES_NAME = r"(?P<name>[A-Za-z_$][\w$]*+)"
_ES = (
    Head(
        Kind.CLASS,
        _ES_START + r"(?:abstract[ \t]++)?+class[ \t]++" + _ES_NAME + r"[ \t]*+[<{\w\r\n]",
        Ends.BRACES,
    ),
    Head(
        Kind.FUNCTION,
        _ES_START + r"(?:async[ \t]++)?+function[ \t]*+\*?+[ \t]*+" + _ES_NAME + r"[ \t]*+[(<]",
        Ends.BRACES,
        local=True,
    ),
)
JAVASCRIPT = HeadTable(_ES, reserved=frozenset({"extends"}))
TYPESCRIPT = HeadTable(
    (
        *_ES,
        Head(Kind.INTERFACE, _ES_START + r"interface[ \t]++" + _ES_NAME + r"[ \t]*+[<{e\r\n]", Ends.BRACES),
        Head(Kind.ENUM, _ES_START + r"(?:const[ \t]++)?+enum[ \t]++" + _ES_NAME + r"[ \t]*+\{", Ends.BRACES),
    ),
    reserved=frozenset({"extends"}),
)
_RUST_START = (
    r"(?:pub(?:\([^()\n]*+\))?+[ \t]++)?+(?:(?:default|const|async|unsafe|extern|\"\w++\")[ \t]++)*+"
)
RUST = HeadTable(
    (
        Head(Kind.FUNCTION, _RUST_START + r"fn[ \t]++(?P<name>\w++)[ \t]*+[<(]", Ends.BRACES, local=True),
        Head(Kind.STRUCT, _RUST_START + r"struct[ \t]++(?P<name>\w++)[ \t]*+[<({;\r\n:]"),
        Head(Kind.ENUM, _RUST_START + r"enum[ \t]++(?P<name>\w++)[ \t]*+[<{\r\n]", Ends.BRACES),
        Head(Kind.TRAIT, _RUST_START + r"trait[ \t]++(?P<name>\w++)[ \t]*+[<{:\r\n]", Ends.BRACES),
        Head(Kind.MACRO, r"macro_rules![ \t]*+(?P<name>\w++)[ \t]*+[({\[]", Ends.BRACES),
    )
)
GO = HeadTable(
    (
        Head(Kind.FUNCTION, r"func[ \t]++(?P<name>\w++)[ \t]*+[(\[]", Ends.INDENT, margin=True),
        Head(
            Kind.METHOD,
            r"func[ \t]*+\([ \t]*+(?:\w++[ \t]++)?+\*?+(?P<owner>\w++)(?:\[[^\]\n]*+\])?+[ \t]*+\)[ \t]*+"
            r"(?P<name>\w++)[ \t]*+\(",
            Ends.INDENT,
            margin=True,
        ),
        Head(Kind.STRUCT, r"type[ \t]++(?P<name>\w++)(?:\[[^\n]*?\])?+[ \t]++struct\b", margin=True),
        Head(Kind.INTERFACE, r"type[ \t]++(?P<name>\w++)(?:\[[^\n]*?\])?+[ \t]++interface\b", margin=True),
    )
)
_SWIFT_START = (
    r"(?:@\w++(?:\([^()\n]*+\))?+[ \t]++)*+(?:(?:public|private|internal|fileprivate|open|package|static|class|final"
    r"|override|mutating|nonmutating|nonisolated|indirect|distributed|required|convenience|async|isolated"
    r"|(?:private|fileprivate|internal)\(set\))[ \t]++)*+"
)
SWIFT = HeadTable(
    (
        Head(Kind.FUNCTION, _SWIFT_START + r"func[ \t]++(?P<name>\w++)[ \t]*+[<(]", Ends.INDENT, local=True),
        Head(Kind.MACRO, _SWIFT_START + r"macro[ \t]++(?P<name>\w++)[ \t]*+[<(]", Ends.INDENT),
        Head(Kind.CLASS, _SWIFT_START + r"(?<=class )(?P<name>[A-Z]\w*+)[ \t]*+[<:{\r\n]"),
        Head(Kind.CLASS, _SWIFT_START + r"actor[ \t]++(?P<name>[A-Z]\w*+)[ \t]*+[<:{\r\n]"),
        Head(Kind.STRUCT, _SWIFT_START + r"struct[ \t]++(?P<name>\w++)[ \t]*+[<:{\r\n]"),
        Head(Kind.ENUM, _SWIFT_START + r"enum[ \t]++(?P<name>\w++)[ \t]*+[<:{\r\n]"),
        Head(Kind.INTERFACE, _SWIFT_START + r"protocol[ \t]++(?P<name>\w++)[ \t]*+[<:{\r\n]"),
        Head(Kind.IMPLEMENTATION, _SWIFT_START + r"extension[ \t]++(?P<name>[\w.]++)[ \t]*+[<:{\r\nw]"),
    )
)
