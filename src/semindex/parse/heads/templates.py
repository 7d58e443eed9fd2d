"""Templates: what they name, such as blocks, macros and defines."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

HELM = HeadTable(
    (Head(Kind.FUNCTION, r"\{\{-?+[ \t]*+(?:define|block)[ \t]++[\"`](?P<name>[^\"`\n]++)[\"`]", Ends.NEXT),),
)
ANTLR = HeadTable(
    (
        Head(Kind.MODULE, r"(?:(?:lexer|parser)[ \t]++)?+grammar[ \t]++(?P<name>\w++)[ \t]*+;", Ends.LINE),
        Head(
            Kind.FUNCTION,
            r"(?:fragment\s++)?+(?P<name>[A-Za-z]\w*+)[^:;{}\n]{0,120}+\s*+:(?!:)",
            Ends.STOP,
            margin=True,
        ),
    ),
    reserved=frozenset({"options", "tokens", "import", "catch", "finally", "mode", "channels"}),
    stop=r";",
)
YACC = HeadTable(
    (Head(Kind.FUNCTION, r"(?P<name>[A-Za-z_][\w.]*+)[ \t\r\n]*+:(?![:=])", Ends.STOP, margin=True),),
    reserved=frozenset({"default", "public", "private", "protected"}),
    stop=r"^[ \t]*+;|;[ \t]*+$",
)
GHERKIN = HeadTable(
    (
        Head(Kind.MODULE, r"Feature:[ \t]*+(?P<name>[^\n]++)", Ends.NEXT),
        Head(
            Kind.FUNCTION,
            r"(?:Scenario(?:[ \t]++(?:Outline|Template))?+|Example|Background):[ \t]*+(?P<name>[^\n]++)",
            Ends.NEXT,
        ),
    ),
)
ROBOT = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            r"(?P<name>(?!\*|\#|Library\b|Resource\b|Documentation\b|Suite |Test |Force |Default |Variables\b|Metadata\b|[$@&]\{)[^\s][^\n]*?)[ \t]*+$",
            margin=True,
        ),
    ),
    opening=r"(?!)",
    closing=r"(?!)",
)
