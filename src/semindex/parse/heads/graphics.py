"""Shaders: GLSL, HLSL and WGSL."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_TYPE = r"[A-Za-z_]\w*+(?:<[^<>\n;]*+>)?+(?:\[\w*+\])*+"
_LAYOUT = r"(?:layout[ \t]*+\([^()\n]*+\)[ \t]*+)?+"
_DEFINE = r"\#[ \t]*+define[ \t]++(?P<name>\w++)(?:\([^()\n]*+\))?+(?=[ \t]*+[^ \t\n])(?:[^\\\n]++|\\(?:[ \t]*+\n)?+)*+"
_FUNCTION = (
    rf"(?:\[[^\[\]\n]*+\]\s*+){{0,8}}+(?:(?:static|inline|export|highp|mediump|lowp|precise|const|subroutine)[ \t]++)*+"
    rf"(?!return\b|else\b|layout\b){_TYPE}[ \t\r\n]++(?P<name>[A-Za-z_]\w*+)[ \t\r\n]*+\((?:[^;{{}}()]++|\([^;{{}}()]*+\))*+\)"
    r"[ \t\r\n]*+(?::[ \t]*+\w++[ \t\r\n]*+)?+\{"
)
_RESERVED = frozenset({"if", "for", "while", "switch", "return", "else", "do"})
GLSL = HeadTable(
    (
        Head(Kind.STRUCT, r"struct[ \t]++(?P<name>\w++)\s*+\{", Ends.BRACES),
        Head(
            Kind.STRUCT,
            rf"{_LAYOUT}(?:(?:coherent|readonly|writeonly|restrict)[ \t]++)*+(?:uniform|buffer|in|out)[ \t]++(?P<name>\w++)\s*+\{{",
            Ends.BRACES,
        ),
        Head(
            Kind.VARIABLE,
            rf"{_LAYOUT}(?:(?:flat|smooth|noperspective|centroid|invariant|highp|mediump|lowp|readonly|writeonly|coherent)[ \t]++)*+"
            rf"(?:uniform|varying|attribute|in|out|shared)[ \t]++(?:(?:highp|mediump|lowp|flat|readonly|writeonly)[ \t]++)*+{_TYPE}[ \t]++(?P<name>\w++)[ \t]*+(?:\[[^\]\n]*+\])?+[ \t]*+[;=,]",
            Ends.LINE,
        ),
        Head(
            Kind.CONSTANT,
            rf"const[ \t]++(?:(?:highp|mediump|lowp)[ \t]++)?+{_TYPE}[ \t]++(?P<name>\w++)[ \t]*+(?:\[\w*+\])?+[ \t]*+=",
            Ends.LINE,
        ),
        Head(Kind.MACRO, _DEFINE, Ends.LINE),
        Head(Kind.FUNCTION, _FUNCTION, Ends.BRACES),
    ),
    reserved=_RESERVED,
)
HLSL = HeadTable(
    (
        Head(Kind.STRUCT, r"(?:struct|class|interface)[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.STRUCT, r"(?:cbuffer|tbuffer|CBUFFER_START\()[ \t]*+(?P<name>\w++)", Ends.BRACES),
        Head(
            Kind.OBJECT, r"(?:technique|technique10|technique11|pass)[ \t]++(?P<name>\w++)\s*+\{", Ends.BRACES
        ),
        Head(
            Kind.VARIABLE,
            r"(?:(?:uniform|globallycoherent|groupshared|extern)[ \t]++)*+(?:(?:RW)?+(?:Texture\w++|Buffer|StructuredBuffer|ByteAddressBuffer)|SamplerState|SamplerComparisonState|sampler\w*+|ConstantBuffer)(?:<[^<>\n]*+>)?+[ \t]++(?P<name>\w++)",
            Ends.LINE,
        ),
        Head(Kind.CONSTANT, rf"static[ \t]++const[ \t]++{_TYPE}[ \t]++(?P<name>\w++)", Ends.LINE),
        Head(Kind.MACRO, _DEFINE, Ends.LINE),
        Head(Kind.FUNCTION, _FUNCTION, Ends.BRACES),
    ),
    reserved=_RESERVED,
)
WGSL = HeadTable(
    (
        Head(Kind.FUNCTION, r"(?:@\w++(?:\([^()\n]*+\))?+\s*+){0,8}+fn[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.STRUCT, r"struct[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(
            Kind.VARIABLE,
            r"(?:@\w++(?:\([^()\n]*+\))?+\s*+){0,8}+var(?:<[^<>\n]*+>)?+[ \t]++(?P<name>\w++)",
            Ends.LINE,
            margin=True,
        ),
        Head(
            Kind.CONSTANT,
            r"(?:@\w++(?:\([^()\n]*+\))?+\s*+){0,8}+(?:const|override)[ \t]++(?P<name>\w++)",
            Ends.LINE,
        ),
        Head(Kind.TYPE, r"alias[ \t]++(?P<name>\w++)", Ends.LINE),
    ),
)
