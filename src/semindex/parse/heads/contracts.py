"""Languages of smart contracts: Solidity, Vyper, Move and Cairo."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semindex.parse.blanking import bracket_pairs
from semindex.parse.heads.base import Ends, Found, Head, HeadTable
from semindex.types import Kind

_ON_LINE = re.compile(
    rb"(?<=[{;])[ \t]*+(?P<head>(?P<what>function|modifier|event|error|struct|enum)[ \t]++(?P<name>[A-Za-z_$][\w$]*+)[^;{}\n]*+[;{])"
)


def _on_lines(_code: bytes, bare: bytes) -> Iterator[Found]:
    """The members that stand behind another on its line: ``interface Token { function total() external; }``."""
    pairs: dict[int, int] = {}
    kinds = {b"function": Kind.METHOD, b"modifier": Kind.METHOD, b"struct": Kind.STRUCT, b"enum": Kind.ENUM}
    for match in _ON_LINE.finditer(bare):
        end = match.end()
        if bare[end - 1 : end] == b"{":
            pairs = pairs or bracket_pairs(bare, b"{", b"}")
            end = max(end, pairs.get(end - 1, -1) + 1)
        start = match.start("head")
        column = start - (bare.rfind(b"\n", 0, start) + 1)
        name = match["name"].decode("ascii", "replace")
        yield Found(name, kinds.get(match["what"], Kind.TYPE), start, end, match.start("name"), column)


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
    scan=_on_lines,
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
