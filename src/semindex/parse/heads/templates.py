"""Templates: what they name, such as blocks, macros and defines."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

GO_TEMPLATE = HeadTable(
    (Head(Kind.FUNCTION, r"\{\{-?+[ \t]*+(?:define|block)[ \t]++[\"`](?P<name>[^\"`\n]++)[\"`]", Ends.NEXT),),
)
"""Go's templates, Helm's among them."""
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
            r"(?P<name>(?!\*|\#|Library\b|Resource\b|Documentation\b|Suite |Test |Force |Default |Variables\b|Metadata\b|[$@&]\{)[^\s][^ \t\n]*+(?:[ \t]++[^ \t\n]++)*+)[ \t]*+$",
            margin=True,
        ),
    ),
    opening=r"(?!)",
    closing=r"(?!)",
)
_TAG = r"[^{\n]{0,200}+\{%[-+~]?+[ \t]*+"
TEMPLATE = HeadTable(
    (
        # Twig has blocks that consist of a value: {% block title page.name %}.
        Head(
            Kind.MODULE,
            _TAG + r"block[ \t]++(?P<name>[\w-]*\w)[ \t]++(?![-+~]?%\}|(?:scoped|required)\b)[^\n]*+",
            Ends.LINE,
        ),
        Head(
            Kind.MODULE,
            _TAG + r"(?P<what>block)[ \t]++(?P<name>\w[\w-]*+)(?<!-)[^\n%]{0,100}+",
            Ends.WORDS,
        ),
        Head(Kind.MACRO, _TAG + r"(?P<what>macro)[ \t]++(?P<name>\w++)", Ends.WORDS),
        Head(
            Kind.FUNCTION,
            r"[^{\n]{0,200}+\{\{-?+[ \t]*+(?:define|block)[ \t]++[\"`](?P<name>[^\"`\n]++)[\"`]",
            Ends.NEXT,
        ),
        Head(
            Kind.FUNCTION,
            r"[^{\n]{0,200}+\{\{~?+\#\*[ \t]*+inline[ \t]++[\"'](?P<name>[^\"'\n]++)[\"']",
            Ends.NEXT,
        ),
    ),
    opening=r"(?!)",
    closing=r"(?!)",
    closes=r"\{%[-+~]?+[ \t]*+end(?P<what>block|macro)\b",
)
"""Jinja, Twig, Go's templates and Handlebars, which all are written in files of HTML."""
_SMARTY_NAME = r"(?:[ \t]++name[ \t]*+=)?+[ \t]*+[\"']?+(?P<name>\w[\w-]*+)[^\n}]{0,200}+\}"
SMARTY = HeadTable(
    (
        Head(Kind.MODULE, r"[^{\n]{0,200}+\{(?P<what>block)(?=\s)" + _SMARTY_NAME, Ends.WORDS),
        Head(Kind.FUNCTION, r"[^{\n]{0,200}+\{(?P<what>function)(?=\s)" + _SMARTY_NAME, Ends.WORDS),
    ),
    opening=r"(?!)",
    closing=r"(?!)",
    closes=r"\{/(?P<what>block|function)\}",
)
ERB = HeadTable(
    (
        Head(
            Kind.MODULE,
            r"[^<\n]{0,200}+<%-?+=?+[ \t]*+content_for[ \t(]++[:\"'](?P<name>\w++)[^\n]*?\bdo\b",
        ),
    ),
    opening=r"(?!)",
    closing=r"<%-?+[ \t]*+end\b",
)
