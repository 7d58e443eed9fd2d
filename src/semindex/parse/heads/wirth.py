"""Pascal, Delphi and Ada."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_GENERIC = r"(?:<[^<>\n=]*+>)?+"
_TYPE = rf"(?P<name>&?+[A-Za-z_]\w*+){_GENERIC}[ \t]*+=[ \t]*+(?:type[ \t]++)?+"
PASCAL = HeadTable(
    (
        Head(
            Kind.MODULE, r"(?:unit|library|package)[ \t]++(?P<name>[\w.]++)[ \t]*+;", Ends.NEXT, margin=True
        ),
        Head(Kind.MODULE, r"program[ \t]++(?P<name>[\w.]++)[^\n;]*+;", Ends.NEXT, margin=True),
        Head(
            Kind.FUNCTION,
            rf"(?:class[ \t]++)?+(?:procedure|function|constructor|destructor|operator)[ \t]++"
            rf"(?:(?P<owner>(?:\w++{_GENERIC}\.(?=\w++{_GENERIC}\.))*+\w++){_GENERIC}\.)?+(?P<name>&?+[A-Za-z_]\w*+)",
            local=True,
        ),
        Head(Kind.CLASS, rf"{_TYPE}(?:packed[ \t]++)?+(?:class|object|objcclass)\b(?!\s*+;)(?!\s++of\b)"),
        Head(Kind.INTERFACE, rf"{_TYPE}(?:interface|dispinterface)\b(?!\s*+;)"),
        Head(Kind.STRUCT, rf"{_TYPE}(?:packed[ \t]++|bitpacked[ \t]++)?+record\b"),
        Head(Kind.ENUM, rf"{_TYPE}\((?=[^()']*+\)[ \t]*+;)", Ends.STOP),
        Head(
            Kind.TYPE,
            rf"{_TYPE}(?:set[ \t]++of\b|array\b|procedure\b|function\b|reference[ \t]++to\b|class[ \t]++of\b|file\b|string\b|\^)",
            Ends.STOP,
        ),
        Head(
            Kind.TYPE,
            rf"(?=[TPEI][A-Z]){_TYPE}(?!class\b|interface\b|object\b)[A-Za-z_][\w.]*+{_GENERIC}[ \t]*+;",
            Ends.LINE,
        ),
        Head(
            Kind.CONSTANT,
            r"(?P<name>[A-Za-z_]\w*+)[ \t]*+(?::[^=\n;]{1,120}+)?+=(?![ \t]*+(?:class|interface|object)[ \t]*+;)(?=[^\n;]*+;[ \t]*+\r?$|[ \t]*+\()(?![^\n]*?\bthen\b)",
            Ends.STOP,
        ),
    ),
    reserved=frozenset({"begin", "end", "if", "of", "until", "while"}),
    opening=r"(?:var|const|type|label|begin|asm|resourcestring|threadvar|strict|private|protected|public|published)\b",
    closing=r"end\b",
    stop=r";",
    ignores_case=True,
)

_PARAMETERS = r"(?:\s*+\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))?+"
_RETURN = r"(?:\s++return\s++(?:(?!\b(?:is|with|renames)\b)[^;(]){1,120}+)?+"
_ADA_NAME = r"(?P<name>[A-Za-z][\w.]*+|\"[^\"\n]++\")"
ADA = HeadTable(
    (
        Head(Kind.MODULE, rf"package\s++body\s++{_ADA_NAME}(?!\s++is\s++separate)", Ends.WORDS),
        Head(
            Kind.MODULE,
            rf"(?:private\s++)?+package\s++{_ADA_NAME}(?!\s++(?:is\s++new|renames)\b)",
            Ends.WORDS,
        ),
        Head(Kind.MODULE, rf"package\s++{_ADA_NAME}(?=\s++(?:is\s++new|renames)\b)", Ends.STOP),
        Head(
            Kind.FUNCTION,
            rf"(?:(?:not\s++)?+overriding\s++)?+(?:procedure|function)\s++{_ADA_NAME}{_PARAMETERS}{_RETURN}"
            r"\s*+(?:\bwith\b(?:(?!\bis\b)[^;]){0,600}+)?+\bis\b(?!\s*+(?:new|separate|abstract|null|\(|<>))",
            Ends.WORDS,
            local=True,
        ),
        Head(
            Kind.FUNCTION,
            rf"(?:(?:not\s++)?+overriding\s++)?+(?:procedure|function)\s++{_ADA_NAME}{_PARAMETERS}",
            Ends.STOP,
        ),
        Head(Kind.CLASS, rf"task\s++body\s++{_ADA_NAME}", Ends.WORDS),
        Head(Kind.CLASS, rf"task\s++(?:type\s++)?+{_ADA_NAME}(?=[^;]{{0,400}}?\bis\b)", Ends.WORDS),
        Head(Kind.CLASS, rf"task\s++(?:type\s++)?+{_ADA_NAME}", Ends.LINE),
        Head(Kind.CLASS, rf"protected\s++(?:body\s++|type\s++)?+{_ADA_NAME}", Ends.WORDS),
        Head(Kind.METHOD, rf"entry\s++{_ADA_NAME}(?=[^;]{{0,600}}?\bis\b)", Ends.WORDS),
        Head(Kind.METHOD, rf"entry\s++{_ADA_NAME}", Ends.STOP),
        Head(
            Kind.STRUCT,
            rf"type\s++{_ADA_NAME}{_PARAMETERS}\s++is\s++(?:(?!record\b)[\w.]++\s++){{0,40}}+record\b",
            Ends.INDENT,
        ),
        Head(Kind.TYPE, rf"(?:sub)?+type\s++{_ADA_NAME}", Ends.STOP),
        Head(Kind.CONSTANT, r"(?P<name>\w++)\s*+:\s*+(?:aliased\s++)?+constant\b", Ends.STOP),
        Head(Kind.TYPE, r"(?P<name>\w++)\s*+:\s*+exception\b", Ends.STOP),
        Head(Kind.OBJECT, r"project\s++(?P<name>\w++)(?=[^;]{0,200}?\bis\b)", Ends.WORDS),
    ),
    reserved=frozenset({"body", "type", "is", "access"}),
    ignores_case=True,
    stop=r";",
    closes=r"\bend[ \t]++(?P<what>(?!if\b|loop\b|case\b|record\b|select\b|return\b|declare\b)[\w.\"]++)",
)
"""Ada repeats the name at the end: ``end Push;``. That makes ``end if;`` and a bare ``end;`` easy to tell."""
