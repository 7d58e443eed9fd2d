"""Compiled languages without a grammar here: Nim, Crystal, D, V, Odin, Vala, Haxe, Hare."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Groups, Head, HeadTable
from semindex.parse.heads.heredocs import without_heredocs
from semindex.types import Kind


def _unquoted(groups: Groups) -> str:
    return groups["name"].strip("`")


_NIM_NAME = r"(?P<name>`[^`\n]++`|[A-Za-z]\w*+)"
_NIM_VALUE = (
    r"[ \t]*+\*?+[ \t]*+(?:\{\.[^}\n]*+\}[ \t]*+)?+(?:\[[^\]\n]*+\][ \t]*+)?+(?:\{\.[^}\n]*+\}[ \t]*+)?+"
)
NIM = HeadTable(
    (
        Head(Kind.MACRO, rf"(?:template|macro)[ \t]++{_NIM_NAME}", titles=_unquoted, local=True),
        Head(
            Kind.FUNCTION,
            rf"(?:proc|func|method|iterator|converter)[ \t]++{_NIM_NAME}",
            titles=_unquoted,
            local=True,
        ),
        Head(
            Kind.STRUCT,
            rf"(?:type[ \t]++)?+{_NIM_NAME}{_NIM_VALUE}=[ \t]*+(?:ref[ \t]++|ptr[ \t]++)?+(?:object|tuple|concept)\b",
            titles=_unquoted,
        ),
        Head(Kind.ENUM, rf"(?:type[ \t]++)?+{_NIM_NAME}{_NIM_VALUE}=[ \t\r\n]*+enum\b", titles=_unquoted),
        Head(
            Kind.TYPE,
            rf"(?:type[ \t]++)?+(?=[A-Z]){_NIM_NAME}{_NIM_VALUE}=[ \t]*+(?:(?:ref|ptr|distinct|proc|set|seq|array|iterator)\b|[A-Z][\w.]*+(?:\[|[ \t]*+$))",
            titles=_unquoted,
        ),
        Head(Kind.CONSTANT, rf"const[ \t]++{_NIM_NAME}", titles=_unquoted),
    ),
    opening=r"(?!)",
    closing=r"[}\])]",
)
CRYSTAL = HeadTable(
    (
        Head(
            Kind.CLASS,
            r"(?:(?:abstract|private|protected)[ \t]++)*+class[ \t]++(?P<name>[A-Z][\w:]*+)",
            Ends.INDENT,
        ),
        Head(
            Kind.STRUCT,
            r"(?:(?:abstract|private|protected)[ \t]++)*+(?:struct|union)[ \t]++(?P<name>[A-Z][\w:]*+)",
            Ends.INDENT,
        ),
        Head(Kind.MODULE, r"(?:private[ \t]++)?+(?:module|lib)[ \t]++(?P<name>[A-Z][\w:]*+)", Ends.INDENT),
        Head(Kind.ENUM, r"(?:private[ \t]++)?+enum[ \t]++(?P<name>[A-Z][\w:]*+)", Ends.INDENT),
        Head(
            Kind.TYPE,
            r"(?:private[ \t]++)?+(?:annotation|alias|type)[ \t]++(?P<name>[A-Z][\w:]*+)",
            Ends.INDENT,
        ),
        Head(Kind.MACRO, r"(?:(?:private|protected)[ \t]++)?+macro[ \t]++(?P<name>\w++[?!=]?+)", Ends.INDENT),
        Head(
            Kind.METHOD,
            r"(?:(?:private|protected)[ \t]++)?+(?:abstract[ \t]++)def[ \t]++(?:self\.)?+(?P<name>\w++[?!=]?+|[^\s\w(]{1,3})",
            Ends.LINE,
        ),
        Head(
            Kind.FUNCTION,
            r"(?:(?:private|protected)[ \t]++)?+(?:def|fun)[ \t]++(?:self\.|(?P<owner>[A-Z]\w*+)\.)?+(?P<name>\w++(?:[?!]|=(?=\())?+|[^\s\w(]{1,3})",
            Ends.INDENT,
        ),
        Head(Kind.FIELD, r"(?:class_)?+(?:getter|property|setter)[?!]?+[ \t]++(?P<name>\w++)", Ends.LINE),
        Head(Kind.CONSTANT, r"(?P<name>[A-Z][A-Z\d_]*+)[ \t]*+=(?!=)", Ends.INDENT),
    ),
    opening=r"(?!)",
    closing=r"end\b|[}\])]",
    separator="::",
    masked=without_heredocs(rb"<<-'?+(?P<tag>[A-Za-z_]\w*+)'?+"),
)
_D_MARKS = (
    r"(?:@\w[\w.]*+(?:\([^()\n]*+\))?+[ \t\r\n]*+|(?:public|private|protected|package(?:\([^()\n]*+\))?+|export|static|final|abstract|override|synchronized|"
    r"extern(?:[ \t]*+\([^()\n]*+\))?+|pure|nothrow|deprecated(?:\([^()\n]*+\))?+|immutable|const|shared|inout|ref|auto|lazy|align(?:\(\d++\))?+|__gshared|scope)(?:[ \t\r\n]++|(?=@))){0,8}+"
)
_C_TYPE = r"(?!(?:return|else|new|throw|case|goto|assert|import|delete|mixin|foreach|in|is|enum|alias)\b)[A-Za-z_][\w.]*+(?:![\w.]++|!?+\((?:[^(){};]++|\([^()]*+\))*+\)(?=[ \t*\[\w]))?+(?:\[[^\[\]\n;]*+\]|\*)*+"
D = HeadTable(
    (
        Head(Kind.MODULE, rf"{_D_MARKS}module[ \t]++(?P<name>[\w.]++)[ \t]*+;", Ends.LINE),
        Head(Kind.CLASS, rf"{_D_MARKS}class[ \t]++(?P<name>\w++)", Ends.BRACES, local=True),
        Head(Kind.INTERFACE, rf"{_D_MARKS}interface[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.STRUCT, rf"{_D_MARKS}(?:struct|union)[ \t]++(?P<name>\w++)", Ends.BRACES, local=True),
        Head(
            Kind.ENUM,
            rf"{_D_MARKS}enum[ \t]++(?P<name>\w++)(?=[ \t]*+(?::[^\n{{=;]*+)?+\s*+\{{)",
            Ends.BRACES,
        ),
        Head(
            Kind.CONSTANT,
            rf"{_D_MARKS}enum[ \t]++(?:{_C_TYPE}[ \t]++)?+(?P<name>\w++)(?:[ \t]*+\([^()\n]*+\))?+[ \t]*+=",
            Ends.BRACES,
        ),
        Head(Kind.MACRO, rf"{_D_MARKS}(?:mixin[ \t]++)?+template[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(
            Kind.TYPE, rf"{_D_MARKS}alias[ \t]++(?P<name>\w++)(?:[ \t]*+\([^()\n]*+\))?+[ \t]*+=", Ends.BRACES
        ),
        Head(
            Kind.METHOD,
            rf"{_D_MARKS}(?P<name>~?+this)[ \t]*+\((?:[^(){{}};]++|\((?:[^(){{}};]++|\([^()]*+\))*+\))*+\)",
            Ends.BRACES,
        ),
        Head(
            Kind.FUNCTION,
            rf"{_D_MARKS}(?:{_C_TYPE}[ \t\r\n]++)?+(?P<name>(?!(?:if|while|for|foreach|foreach_reverse|switch|catch|with|version|debug|return|unittest|synchronized|assert|scope|in|out|do|else|mixin|super|this|pragma|cast|import|typeof|is|enforce)\b)[A-Za-z_]\w*+)[ \t]*+"
            r"(?:\((?:[^(){};]++|\((?:[^(){};]++|\([^()]*+\))*+\))*+\)[ \t\r\n]*+){1,2}+(?:(?:const|pure|nothrow|immutable|inout|shared|return|scope|ref|@\w++|if[ \t]*+\((?:[^(){};]++|\((?:[^(){};]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))*+\)|in|out(?:[ \t]*+\([^()\n]*+\))?+)[ \t\r\n]*+){0,8}+(?=\{|=>)",
            Ends.BRACES,
            local=True,
        ),
        Head(Kind.FUNCTION, rf"{_D_MARKS}(?P<name>unittest)[ \t\r\n]*+\{{", Ends.BRACES),
    ),
    reserved=frozenset({"unittest"}),
)
_V_MARKS = r"(?:[@]?+\[[^\]\n]*+\][ \t\r\n]++){0,8}+(?:pub(?:\([^()\n]*+\))?+[ \t]++)?+"
V = HeadTable(
    (
        Head(Kind.MODULE, r"module[ \t]++(?P<name>\w++)", Ends.LINE, margin=True),
        Head(
            Kind.FUNCTION,
            rf"{_V_MARKS}fn[ \t]++(?:\((?:mut[ \t]++)?+\w++[ \t]++(?:mut[ \t]++)?+&?+(?P<owner>\w++)(?:\[[^\]\n]*+\])?+\)[ \t]++)?+(?:[A-Z]+\.)?+(?P<name>[A-Za-z_][\w.]*+|[^\s\w(]{{1,2}})",
            Ends.BRACES,
        ),
        Head(Kind.STRUCT, rf"{_V_MARKS}(?:struct|union)[ \t]++(?P<name>[\w.]++)", Ends.BRACES),
        Head(Kind.ENUM, rf"{_V_MARKS}enum[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.INTERFACE, rf"{_V_MARKS}interface[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.TYPE, rf"{_V_MARKS}type[ \t]++(?P<name>\w++)", Ends.INDENT),
        Head(Kind.CONSTANT, rf"{_V_MARKS}const[ \t]++(?P<name>\w++)[ \t]*+=", Ends.INDENT),
    ),
)
ODIN = HeadTable(
    (
        Head(Kind.MODULE, r"package[ \t]++(?P<name>\w++)", Ends.LINE, margin=True),
        Head(Kind.FUNCTION, r"(?P<name>\w++)[ \t]*+::[ \t]*+(?:\#\w++[ \t]++)*+proc\b", Ends.BRACES),
        Head(
            Kind.STRUCT,
            r"(?P<name>\w++)[ \t]*+::[ \t]*+(?:distinct[ \t]++)?+(?:struct|union|bit_field)\b",
            Ends.BRACES,
        ),
        Head(Kind.ENUM, r"(?P<name>\w++)[ \t]*+::[ \t]*+(?:enum|bit_set)\b", Ends.BRACES),
        Head(Kind.CONSTANT, r"(?P<name>\w++)[ \t]*+::(?!=)", Ends.INDENT, margin=True),
    ),
)
HARE = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            r"(?:@\w++(?:\([^()\n]*+\))?+[ \t]++)*+(?:export[ \t]++)?+(?:@\w++(?:\([^()\n]*+\))?+[ \t]++)*+fn[ \t]++(?P<name>[\w:]++)",
            Ends.BRACES,
        ),
        Head(Kind.TYPE, r"(?:export[ \t]++)?+type[ \t]++(?P<name>\w++)[ \t]*+=", Ends.BRACES),
        Head(
            Kind.CONSTANT,
            r"(?:export[ \t]++)?+(?:def|const|let)[ \t]++(?P<name>\w++)[ \t]*+[:=]",
            Ends.LINE,
            margin=True,
        ),
    ),
)
_VALA = r"(?:(?:public|private|protected|internal|static|abstract|virtual|override|async|extern|inline|sealed|new|unowned|owned|dynamic|partial|macro|final)[ \t]++)*+"
_CLASSES = (
    Head(
        Kind.CLASS,
        rf"(?:@:?+\w++(?:\([^()\n]*+\))?+[ \t\r\n]++){{0,8}}+{_VALA}class[ \t]++(?P<name>[\w.]++)",
        Ends.BRACES,
    ),
    Head(Kind.INTERFACE, rf"{_VALA}interface[ \t]++(?P<name>[\w.]++)", Ends.BRACES),
    Head(Kind.STRUCT, rf"{_VALA}struct[ \t]++(?P<name>[\w.]++)", Ends.BRACES),
    Head(Kind.ENUM, rf"{_VALA}(?:enum|errordomain)[ \t]++(?P<name>[\w.]++)", Ends.BRACES),
)
VALA = HeadTable(
    (
        Head(Kind.MODULE, r"namespace[ \t]++(?P<name>[\w.]++)", Ends.BRACES),
        *_CLASSES,
        Head(
            Kind.METHOD,
            rf"{_VALA}(?:(?!return\b|new\b|else\b|throw\b|yield\b|case\b)[A-Za-z_][\w.]*+(?:<[^<>\n;]*+>)?+[?\[\]*]*+[ \t]++)(?P<name>\w++)[ \t]*+\([^;{{}}]{{0,800}}?\)[ \t\r\n]*+(?:throws[ \t]++[\w., \t\r\n]{{1,300}}+)?+\{{",
            Ends.BRACES,
        ),
        Head(
            Kind.TYPE,
            rf"{_VALA}(?:signal|delegate)[ \t]++[\w.<>?]++[ \t]++(?P<name>\w++)[ \t]*+\(",
            Ends.LINE,
        ),
    ),
    reserved=frozenset({"if", "for", "foreach", "while", "switch", "catch", "lock", "using", "else"}),
)
HAXE = HeadTable(
    (
        *_CLASSES,
        Head(Kind.TYPE, rf"{_VALA}(?:typedef|abstract)[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(
            Kind.FUNCTION,
            rf"(?:@:?+[\w.]++(?:\([^()\n]*+\))?+[ \t\r\n]++){{0,8}}+{_VALA}function[ \t]++(?P<name>\w++)",
            Ends.BRACES,
        ),
        Head(
            Kind.CONSTANT,
            rf"(?=[^\n=]{{0,60}}?(?:static|inline)\b){_VALA}(?:final|var)[ \t]++(?P<name>[A-Z][A-Z\d_]*+)",
            Ends.LINE,
        ),
    ),
)
