"""Languages of smart contracts: Solidity, Vyper, Move and Cairo."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_NAME = r"(?P<name>[A-Za-z_$][\w$]*+)"
_VISIBLE = r"(?:(?:public|private|internal|external|override|transient)[ \t]++)*+"
SOLIDITY = HeadTable(
    (
        Head(Kind.CLASS, rf"(?:abstract[ \t]++)?+contract[ \t]++{_NAME}", Ends.BRACES),
        Head(Kind.INTERFACE, rf"interface[ \t]++{_NAME}", Ends.BRACES),
        Head(Kind.CLASS, rf"library[ \t]++{_NAME}", Ends.BRACES),
        Head(Kind.METHOD, rf"function[ \t]++{_NAME}\s*+\(", Ends.BRACES),
        Head(Kind.METHOD, r"(?P<name>constructor|fallback|receive)[ \t]*+\(", Ends.BRACES),
        Head(Kind.METHOD, rf"modifier[ \t]++{_NAME}", Ends.BRACES),
        Head(Kind.TYPE, rf"(?:event|error)[ \t]++{_NAME}\s*+\(", Ends.BRACES),
        Head(Kind.STRUCT, rf"struct[ \t]++{_NAME}\s*+\{{", Ends.BRACES),
        Head(Kind.ENUM, rf"enum[ \t]++{_NAME}\s*+\{{", Ends.BRACES),
        Head(Kind.TYPE, rf"type[ \t]++{_NAME}[ \t]++is\b", Ends.LINE),
        Head(
            Kind.CONSTANT,
            rf"[a-z][\w.]*+(?:\[\w*+\])*+[ \t]++{_VISIBLE}(?:constant|immutable)[ \t]++{_VISIBLE}{_NAME}[ \t]*+[=;\n]",
            Ends.LINE,
        ),
        Head(
            Kind.FIELD,
            rf"(?:mapping[ \t]*+\([^;{{}}]{{1,300}}?\)|[A-Za-z][\w.]*+(?:\[\w*+\])*+)[ \t]++"
            rf"(?:public|private|internal)[ \t]++{_VISIBLE}{_NAME}[ \t]*+[=;]",
            Ends.BRACES,
        ),
    ),
    reserved=frozenset({"returns"}),
)

VYPER = HeadTable(
    (
        Head(Kind.FUNCTION, r"def[ \t]++(?P<name>\w++)[ \t]*+\("),
        Head(Kind.TYPE, r"event[ \t]++(?P<name>\w++)[ \t]*+:"),
        Head(Kind.STRUCT, r"struct[ \t]++(?P<name>\w++)[ \t]*+:"),
        Head(Kind.INTERFACE, r"interface[ \t]++(?P<name>\w++)[ \t]*+:"),
        Head(Kind.ENUM, r"(?:enum|flag)[ \t]++(?P<name>\w++)[ \t]*+:"),
        Head(Kind.CONSTANT, r"(?P<name>\w++)[ \t]*+:[ \t]*+(?:public\()?+constant\(", Ends.LINE, margin=True),
        Head(Kind.FIELD, r"(?P<name>\w++)[ \t]*+:[ \t]*+\w[^\n=]*+$", Ends.LINE, margin=True),
    ),
    reserved=frozenset({"implements", "uses", "initializes", "exports"}),
)

_RUSTY = r"(?:(?:pub|public|native|entry|inline|extern|const|friend)(?:\([^()\n]*+\))?+[ \t]++)*+"
_RUST_LIKE = (
    Head(Kind.FUNCTION, rf"{_RUSTY}(?:fun|fn|func)[ \t]++(?P<name>\w++)", Ends.BRACES),
    Head(Kind.STRUCT, rf"{_RUSTY}struct[ \t]++(?P<name>\w++)", Ends.BRACES),
    Head(Kind.ENUM, rf"{_RUSTY}enum[ \t]++(?P<name>\w++)", Ends.BRACES),
    Head(Kind.TRAIT, rf"{_RUSTY}trait[ \t]++(?P<name>\w++)", Ends.BRACES),
    Head(
        Kind.IMPLEMENTATION,
        rf"{_RUSTY}impl(?:<[^<>\n]*+>)?+[ \t]++(?:(?P<name>\w++)(?:<[^\n{{]*+)?+[ \t]++of[ \t]|(?:\w[\w<>:, ]*?[ \t]for[ \t]++)?"
        r"\w++)",
        Ends.BRACES,
    ),
    Head(Kind.MODULE, rf"{_RUSTY}(?:module|mod)[ \t]++(?:[\w]++::)?+(?P<name>\w++)", Ends.BRACES),
    Head(Kind.CONSTANT, rf"{_RUSTY}const[ \t]++(?P<name>[A-Z_]\w*+)[ \t]*+[:=]", Ends.LINE),
    Head(Kind.TYPE, rf"{_RUSTY}type[ \t]++(?P<name>\w++)[^\n=;]*+=", Ends.LINE),
)
MOVE = HeadTable(
    (
        *_RUST_LIKE,
        Head(Kind.FUNCTION, r"spec[ \t]++(?:fun|schema)[ \t]++(?P<name>\w++)", Ends.BRACES),
    )
)
CAIRO = HeadTable(_RUST_LIKE)
