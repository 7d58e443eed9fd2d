"""Assembly, LLVM's IR and WebAssembly's text."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_DATA = (
    r"(?:(?:d[bwdqt]|res[bwdq]|times)[ \t]|\.(?:byte|[248]byte|h?word|short|int|long|quad|octa|asci[iz]|string[z]?|space|skip"
    r"|zero|fill|float|double|single|dc\.[bwl])\b)"
)
ASSEMBLY = HeadTable(
    (
        Head(Kind.MACRO, r"\.macro[ \t]++(?P<name>[\w.$]++)", Ends.STOP, local=True),
        Head(Kind.MACRO, r"%i?+macro[ \t]++(?P<name>[\w.$]++)", Ends.STOP, local=True),
        Head(Kind.MACRO, r"(?P<name>[\w.$@?]++)[ \t]++MACRO\b", Ends.STOP, local=True),
        Head(
            Kind.FUNCTION,
            r"(?:SYM_(?:FUNC|CODE|INNER_LABEL|TYPED_FUNC)_START\w*+|ENTRY|ENTRY_NP|PROC|FUNC|FUNCTION|GLOBAL|ASM_FUNC)[ \t]*+\([ \t]*+(?P<name>[\w.$]++)",
            Ends.NEXT,
        ),
        Head(Kind.FUNCTION, r"(?P<name>[A-Za-z_@?$][\w@?$]*+)[ \t]++PROC\b", Ends.NEXT),
        Head(
            Kind.VARIABLE,
            rf"(?P<name>(?!\.?L[\d_$.]|\.L)[A-Za-z_.$@?][\w.$@?]*+):[ \t]*+(?:\n[ \t]*+)?+{_DATA}",
            Ends.NEXT,
            margin=True,
        ),
        Head(
            Kind.FUNCTION,
            r"(?P<name>(?!\.?L[\d_$.]|\.L)[A-Za-z_.$@?][\w.$@?]*+):(?![:=])",
            Ends.NEXT,
            margin=True,
            beside=True,
        ),
        Head(
            Kind.VARIABLE,
            r"(?P<name>(?!\.?L[\d_$.]|\.)[A-Za-z_$@?][\w.$@?]*+)[ \t]++(?:d[bwdqt]|res[bwdq]|times)[ \t]",
            Ends.NEXT,
            margin=True,
            beside=True,
        ),
        Head(Kind.STRUCT, r"struc[ \t]++(?P<name>[\w.$]++)", Ends.STOP),
        Head(Kind.CONSTANT, r"(?:\.equ|\.set|\.equiv)[ \t]++(?P<name>[\w.$]++)[ \t]*+,", Ends.LINE),
        Head(Kind.CONSTANT, r"(?P<name>[A-Za-z_][\w.$]*+)[ \t]++(?:equ|EQU)\b", Ends.LINE, margin=True),
        Head(Kind.MACRO, r"[\#%][ \t]*+(?:x?+i?+define)[ \t]++(?P<name>\w++)(?=[( \t])", Ends.LINE),
    ),
    ignores_case=True,
    stop=r"^[ \t]*+(?:\.endm|%endmacro|endm|endstruc)\b",
)
"""Labels that begin with ``.L`` are made by compilers, or are for loops."""
LLVM = HeadTable(
    (
        Head(Kind.FUNCTION, r"define[ \t][^@\n]*+@(?P<name>[\w.$-]++|\"[^\"\n]++\")[ \t]*+\(", Ends.BRACES),
        Head(Kind.TYPE, r"(?P<name>%[\w.$-]++)[ \t]*+=[ \t]*+type\b", Ends.LINE, margin=True),
        Head(Kind.VARIABLE, r"@(?P<name>[\w.$-]++)[ \t]*+=", Ends.LINE, margin=True),
        Head(Kind.CLASS, r"(?:class|multiclass)[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.OBJECT, r"(?:def|defm)[ \t]++(?P<name>\w++)", Ends.BRACES),
    ),
)
WASM = HeadTable(
    (
        Head(Kind.FUNCTION, r"\(func[ \t]++\$(?P<name>[^\s()]++)", Ends.PARENTHESES),
        Head(Kind.TYPE, r"\(type[ \t]++\$(?P<name>[^\s()]++)", Ends.PARENTHESES),
        Head(Kind.VARIABLE, r"\(global[ \t]++\$(?P<name>[^\s()]++)", Ends.PARENTHESES),
        Head(Kind.INTERFACE, r"(?:interface|world)[ \t]++(?P<name>[\w-]++)[ \t]*+\{", Ends.BRACES),
        Head(Kind.STRUCT, r"(?:record|variant|resource|flags)[ \t]++(?P<name>[\w-]++)[ \t]*+\{", Ends.BRACES),
        Head(
            Kind.FUNCTION, r"(?:export[ \t]++)?+(?P<name>[\w-]++):[ \t]*+(?:static[ \t]++)?+func\b", Ends.LINE
        ),
    ),
)
