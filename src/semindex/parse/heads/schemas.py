"""Interfaces and data models: protobuf, Thrift, GraphQL, Prisma, Smithy, FlatBuffers, Cap'n Proto."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semindex.parse.heads.base import Ends, Found, Head, HeadTable
from semindex.types import Kind

_PROTO_TYPE = r"(?:map[ \t]*+<[^<>\n]*+>|\.?+[A-Za-z_][\w.]*+)"
PROTOBUF = HeadTable(
    (
        Head(Kind.MODULE, r"package[ \t]++(?P<name>[\w.]++)[ \t]*+;", Ends.LINE),
        Head(Kind.STRUCT, r"(?:export[ \t]++|local[ \t]++)?+message[ \t]++(?P<name>\w++)\s*+\{", Ends.BRACES),
        Head(Kind.ENUM, r"(?:export[ \t]++|local[ \t]++)?+enum[ \t]++(?P<name>\w++)\s*+\{", Ends.BRACES),
        Head(Kind.INTERFACE, r"service[ \t]++(?P<name>\w++)\s*+\{", Ends.BRACES),
        Head(Kind.METHOD, r"rpc[ \t]++(?P<name>\w++)\s*+\(", Ends.BRACES),
        Head(Kind.FIELD, r"oneof[ \t]++(?P<name>\w++)\s*+\{", Ends.BRACES),
        Head(Kind.IMPLEMENTATION, r"extend[ \t]++(?P<name>[\w.]++)\s*+\{", Ends.BRACES),
        Head(
            Kind.STRUCT,
            r"(?:optional|required|repeated)[ \t]++group[ \t]++(?P<name>\w++)[ \t]*+=[^;{\n]*+\{",
            Ends.BRACES,
        ),
        Head(
            Kind.FIELD,
            rf"(?:(?:optional|required|repeated)[ \t]++)?+{_PROTO_TYPE}[ \t\r\n]++(?P<name>\w++)[ \t\r\n]*+=[ \t\r\n]*+(?:\d|0x)",
            Ends.STOP,
        ),
        Head(Kind.CONSTANT, r"(?P<name>[A-Za-z_]\w*+)[ \t]*+=[ \t]*+-?+(?:0x)?+\d++", Ends.STOP),
    ),
    reserved=frozenset({"syntax", "edition"}),
    stop=r";",
)
THRIFT = HeadTable(
    (
        Head(Kind.STRUCT, r"(?:struct|union)[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.CLASS, r"exception[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.ENUM, r"(?:enum|senum)[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.INTERFACE, r"service[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.TYPE, r"typedef[ \t]++[^\n;]{1,200}?[ \t](?P<name>\w++)[ \t]*+(?=[;,(\n]|$)", Ends.LINE),
        Head(Kind.CONSTANT, r"const[ \t]++[\w.]++(?:<[^=\n]*+>)?+[ \t]++(?P<name>\w++)[ \t]*+=", Ends.INDENT),
        Head(
            Kind.METHOD,
            r"(?:oneway[ \t]++)?+(?:[\w.]++(?:[ \t]*+<(?:[^<>\n]++|<[^<>\n]*+>)*+>)?+)[ \t\r\n]++(?P<name>\w++)[ \t]*+\(",
            Ends.INDENT,
        ),
        Head(
            Kind.FIELD,
            r"\d++[ \t]*+:[ \t]*+(?:(?:optional|required)[ \t]++)?+[\w.]++(?:[ \t]*+<(?:[^<>\n]++|<(?:[^<>\n]++|<[^<>\n]*+>)*+>)*+>)?+&?+[ \t]++(?P<name>\w++)",
            Ends.LINE,
        ),
    ),
    reserved=frozenset({"throws"}),
)
_GRAPHQL_BLOCK = r"(?P<name>\w++)(?=[^\n{]*+(?:\n[ \t]++[^\n{}:]*+){0,5}+\{|[ \t]*+@|[ \t]++implements)"
_GRAPHQL_LINE = re.compile(
    rb"^[ \t]*+(?:extend[ \t]++)?+(?:type|input|interface)[ \t]++\w[^\n{}]*+\{(?P<fields>[^\n{}]++)\}",
    re.MULTILINE,
)
_GRAPHQL_FIELD = re.compile(rb"(?P<name>[A-Za-z_]\w*+)[ \t]*+(?:\([^()]*+\))?+[ \t]*+:[ \t]*+[\w!\[\]]++")


def _fields_on_line(code: bytes, _bare: bytes) -> Iterator[Found]:
    """The fields of a type that stand on its own line: ``input Range { from: Int, to: Int }``."""
    for line in _GRAPHQL_LINE.finditer(code):
        for field in _GRAPHQL_FIELD.finditer(code, line.start("fields"), line.end("fields")):
            start = field.start()
            column = start - (code.rfind(b"\n", 0, start) + 1)
            yield Found(field["name"].decode(), Kind.FIELD, start, field.end(), start, column)


GRAPHQL = HeadTable(
    (
        Head(
            Kind.IMPLEMENTATION,
            rf"extend[ \t]++(?:type|interface|input|enum|union)[ \t]++{_GRAPHQL_BLOCK}",
            Ends.BRACES,
        ),
        Head(Kind.CLASS, rf"type[ \t]++{_GRAPHQL_BLOCK}", Ends.BRACES),
        Head(Kind.INTERFACE, rf"interface[ \t]++{_GRAPHQL_BLOCK}", Ends.BRACES),
        Head(Kind.STRUCT, rf"input[ \t]++{_GRAPHQL_BLOCK}", Ends.BRACES),
        Head(Kind.ENUM, rf"enum[ \t]++{_GRAPHQL_BLOCK}", Ends.BRACES),
        Head(Kind.TYPE, r"(?:union|scalar)[ \t]++(?P<name>\w++)", Ends.INDENT),
        Head(Kind.MACRO, r"directive[ \t]++@(?P<name>\w++)", Ends.INDENT),
        Head(Kind.OBJECT, r"(?:query|mutation|subscription|fragment)[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(
            Kind.FIELD,
            r"(?<![\n])(?P<name>[A-Za-z_]\w*+)[ \t]*+(?:\((?:[^()]++|\([^()]*+\))*+\))?+[ \t]*+:[ \t]*+[\[A-Z]",
            Ends.LINE,
        ),
    ),
    reserved=frozenset({"query", "mutation"}),
    scan=_fields_on_line,
)
"""Operations and fragments select fields, which have no type behind a colon, so they define none."""
PRISMA = HeadTable(
    (
        Head(Kind.CLASS, r"(?:model|type|view)[ \t]++(?P<name>\w++)[ \t]*+\{", Ends.BRACES),
        Head(Kind.ENUM, r"enum[ \t]++(?P<name>\w++)[ \t]*+\{", Ends.BRACES),
        Head(Kind.OBJECT, r"(?:datasource|generator)[ \t]++(?P<name>\w++)[ \t]*+\{", Ends.BRACES),
        Head(Kind.FIELD, r"(?<!\n)(?P<name>[a-z_]\w*+)[ \t]++[A-Z]\w*+(?:\[\]|\?)?+", Ends.LINE),
    ),
)
FLATBUFFERS = HeadTable(
    (
        Head(Kind.STRUCT, r"(?:table|struct)[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.ENUM, r"(?:enum|union)[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.INTERFACE, r"rpc_service[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.FIELD, r"(?P<name>[a-z_]\w*+)[ \t]*+:[ \t]*+[\[\w]", Ends.STOP),
    ),
    stop=r";",
)
CAPNP = HeadTable(
    (
        Head(Kind.STRUCT, r"struct[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.ENUM, r"enum[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.INTERFACE, r"interface[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.CONSTANT, r"const[ \t]++(?P<name>\w++)[ \t]*+:", Ends.STOP),
        Head(Kind.FIELD, r"(?P<name>[a-z]\w*+)[ \t]*+@\d++[ \t]*+:", Ends.STOP),
        Head(Kind.METHOD, r"(?P<name>[a-z]\w*+)[ \t]*+@\d++[ \t]*+\(", Ends.STOP),
    ),
    stop=r";",
)
