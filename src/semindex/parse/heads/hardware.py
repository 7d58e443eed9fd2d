"""Hardware description: Verilog, SystemVerilog and VHDL."""

from __future__ import annotations

import re

from semindex.parse.heads.base import Ends, Groups, Head, HeadTable
from semindex.types import Kind

_WORD = re.compile(r"\w++")
_BRACED = re.compile(r"\{[^{}]*+\}")
_INDEXED = re.compile(r"\[[^\]]*+\]")


def _type_name(groups: Groups) -> str:
    """The name at the end of a typedef: behind the braces, or the last word without them."""
    written = groups["tail"] or groups["name"]
    words = _WORD.findall(_INDEXED.sub(" ", written))
    return words[-1] if words else ""


def _nets(groups: Groups) -> list[str]:
    """All names of ``wire [7:0] a, b [3:0];``."""
    written = _BRACED.sub(" ", _INDEXED.sub(" ", groups["name"]))
    return [words[0] for part in written.split(",") if (words := _WORD.findall(part))]


_BEFORE = r"(?:(?:virtual|static|protected|local|automatic|const|pure|extern|forkjoin|rand|final)[ \t]++)*+"
_LIFE = r"(?:(?:automatic|static)[ \t]++)?+"
_UNIT = r"(?P<name>\\\S++|[A-Za-z_][\w$]*+)"
_RETURNS = r"(?:\[[^\]\n]*+\][ \t]*+)*+(?:(?!\w++(?:::\w++)*+[ \t\r\n]*+[;(])[\w$:]++(?:[ \t]*+\#\([^()\n]*+\))?+(?:[ \t]*+\[[^\]\n]*+\])*+[ \t\r\n]++){0,8}+"
_ROUTINE = r"(?:(?P<owner>\w++)::)?+(?P<name>[A-Za-z_][\w$]*+)[ \t\r\n]*+[;(]"
VERILOG = HeadTable(
    (
        Head(
            Kind.MODULE, rf"(?:extern[ \t]++)?+(?P<what>module|macromodule)[ \t]++{_LIFE}{_UNIT}", Ends.WORDS
        ),
        Head(
            Kind.INTERFACE,
            rf"(?:virtual[ \t]++)?+(?P<what>interface)[ \t]++(?:class[ \t]++)?+{_LIFE}{_UNIT}(?=[ \t\r\n]*+[;\#(])",
            Ends.WORDS,
        ),
        Head(Kind.CLASS, rf"{_BEFORE}(?P<what>class)[ \t]++{_LIFE}{_UNIT}(?![ \t]*+;\s*+//)", Ends.WORDS),
        Head(
            Kind.MODULE,
            rf"(?P<what>package|program|config|primitive|checker)[ \t]++{_LIFE}{_UNIT}",
            Ends.WORDS,
        ),
        Head(Kind.FUNCTION, rf"{_BEFORE}(?P<what>function)[ \t]++{_LIFE}{_RETURNS}{_ROUTINE}", Ends.WORDS),
        Head(Kind.FUNCTION, rf"{_BEFORE}(?P<what>task)[ \t]++{_LIFE}{_ROUTINE}", Ends.WORDS),
        Head(Kind.TYPE, r"(?P<what>covergroup)[ \t]++(?P<name>\w++)", Ends.WORDS),
        Head(
            Kind.FUNCTION,
            r"(?P<what>property|sequence|clocking)[ \t]++(?P<name>\w++)[ \t]*+[;(@]",
            Ends.WORDS,
        ),
        Head(
            Kind.TYPE,
            r"typedef\b(?P<name>[^;{}]{1,300}+)(?:\{[^{}]{0,20000}+(?:\{[^{}]{0,2000}+\}[^{}]{0,2000}+){0,50}+\}"
            r"(?P<tail>[^;{}]{0,200}+))?+;",
            Ends.LINE,
            _type_name,
        ),
        Head(
            Kind.CONSTANT,
            r"(?:localparam|parameter)\b[^=;,()\n]{0,120}?(?P<name>\b[A-Za-z_]\w*+)(?:[ \t]*+\[[^\]\n]*+\])*+[ \t]*+=(?!=)",
            Ends.LINE,
        ),
        Head(Kind.OBJECT, r"[^\n]{0,200}?\b(?:begin|fork)[ \t]*+:[ \t]*+(?P<name>[A-Za-z_]\w*+)"),
        Head(
            Kind.VARIABLE,
            r"(?:reg|wire|logic)\b(?:[ \t]++(?:signed|unsigned)\b)?+(?:[ \t]*+\[[^\]\n]*+\])*+[ \t]*+"
            r"(?P<name>[A-Za-z_][^;\n()]{0,300}+);",
            Ends.LINE,
            _nets,
        ),
        Head(
            Kind.MACRO,
            r"`define[ \t]++(?P<name>\w++)(?:\([^()\n]*+\))?+(?:[^\\\n]++|\\(?:[ \t]*+\n)?+)*+",
            Ends.LINE,
        ),
    ),
    reserved=frozenset({"new", "begin", "if", "this", "wait", "automatic", "static"}),
    separator="::",
    closes=r"\bend(?P<what>module|interface|class|package|program|config|primitive|checker|function|task|group"
    r"|property|sequence|clocking)\b",
)
"""The words ``endgroup`` and ``covergroup`` differ; a covergroup is closed with what it stands in."""


def _listed(groups: Groups) -> list[str]:
    """All names of a declaration: ``a, b`` of ``signal a, b : bit;``."""
    return _WORD.findall(groups["name"])


_PARAMETERS = r"(?:\s*+\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))?+"
_NAMES = r"(?P<name>\w++(?:\s*+,\s*+\w++){0,50}+)"
VHDL = HeadTable(
    (
        Head(Kind.MODULE, r"(?P<what>entity|context)[ \t]++(?P<name>\w++)\s++is\b", Ends.WORDS),
        Head(
            Kind.IMPLEMENTATION,
            r"(?P<what>architecture)[ \t]++(?P<name>\w++)\s++of\s++[\w.]++\s++is\b",
            Ends.WORDS,
        ),
        Head(Kind.MODULE, r"(?P<what>package)\s++body\s++(?P<name>\w++)\s++is\b", Ends.WORDS),
        Head(Kind.MODULE, r"(?P<what>package)[ \t]++(?P<name>\w++)\s++is\b(?!\s++new\b)", Ends.WORDS),
        Head(Kind.MODULE, r"(?P<what>configuration)[ \t]++(?P<name>\w++)\s++of\b", Ends.WORDS),
        Head(
            Kind.FUNCTION,
            rf"(?:(?:pure|impure)\s++)?+(?P<what>function|procedure)\s++(?P<name>\w++|\"[^\"\n]++\"){_PARAMETERS}"
            r"(?:\s++return\s++[^;]{1,200}?)?\s*\bis\b(?!\s++new\b)",
            Ends.WORDS,
            local=True,
        ),
        Head(
            Kind.FUNCTION,
            rf"(?:(?:pure|impure)\s++)?+(?:function|procedure)\s++(?P<name>\w++|\"[^\"\n]++\"){_PARAMETERS}",
            Ends.STOP,
        ),
        Head(
            Kind.STRUCT,
            r"(?P<what>component)[ \t]++(?P<name>\w++)(?=\s++is\b|\s*+\n|\s++(?:port|generic)\b)",
            Ends.WORDS,
        ),
        Head(Kind.STRUCT, r"type[ \t]++(?P<name>\w++)\s++is\s++(?P<what>record|protected)\b", Ends.WORDS),
        Head(Kind.TYPE, r"(?:sub)?+type[ \t]++(?P<name>\w++)\s++is\b", Ends.LINE),
        Head(Kind.CONSTANT, rf"constant[ \t]++{_NAMES}\s*+:", Ends.STOP, _listed),
        Head(
            Kind.VARIABLE,
            rf"(?:signal|shared[ \t]++variable)[ \t]++{_NAMES}\s*+:",
            Ends.STOP,
            _listed,
        ),
        Head(
            Kind.FUNCTION,
            r"(?:(?P<name>\w++)[ \t]*+:[ \t]*+)?+(?:postponed[ \t]++)?+(?P<what>process)\b",
            Ends.WORDS,
        ),
        Head(Kind.FUNCTION, r"(?P<name>\w++)[ \t]*+:[ \t]*+(?P<what>block)\b", Ends.WORDS),
    ),
    ignores_case=True,
    stop=r";",
    closes=r"^[ \t]*+end\b(?![ \t]++(?:if|case|loop|generate|for|units)\b)(?:[ \t]++(?P<what>[\w\"]++))?+",
)
"""A bare ``end;`` closes what was opened last; ``end if;`` and the like close a statement. A process without a label is no definition."""
