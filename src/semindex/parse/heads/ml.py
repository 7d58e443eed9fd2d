"""The ML family: OCaml, Reason, ReScript, F#, Elm, PureScript, Gleam."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Groups, Head, HeadTable
from semindex.types import Kind

_ML_NAME = r"(?P<name>[a-z_][\w']*+|\([ ]?+[!$%&*+./:<=>?@^|~#-][^()\n]*+\))"
_OCAML_OPENING = r"(?:begin|do|struct|sig|object)\b|[{(|]|\[(?!@@@|%%)"
_OCAML_CLOSING = r"(?:end|done)\b|[}\])]"
_ATTRIBUTE = r"(?:\[@@?[^\]\n]*+\][ \t]*+|%\w++[ \t]++)?+"
OCAML = HeadTable(
    (
        Head(Kind.INTERFACE, r"module[ \t]++type[ \t]++(?:of[ \t]++)?+(?P<name>\w[\w']*+)"),
        Head(
            Kind.MODULE,
            r"(?:module|and)[ \t]++(?:rec[ \t]++)?+(?P<name>[A-Z][\w']*+)(?=[ \t]*+(?:$|[:=(]|:=))",
        ),
        Head(
            Kind.TYPE,
            r"class[ \t]++type[ \t]++(?:virtual[ \t]++)?+(?:\[[^\]\n]*+\][ \t]*+)?+(?P<name>[a-z_][\w']*+)",
        ),
        Head(
            Kind.CLASS, r"class[ \t]++(?:virtual[ \t]++)?+(?:\[[^\]\n]*+\][ \t]*+)?+(?P<name>[a-z_][\w']*+)"
        ),
        Head(Kind.METHOD, r"method!?+[ \t]++(?:(?:private|virtual)[ \t]++)*+(?P<name>[a-z_][\w']*+)"),
        Head(
            Kind.TYPE,
            r"(?:type|and)[ \t]++(?:nonrec[ \t]++)?+(?:\([^()\n]*+\)[ \t]*+|[+-]?+'\w++[ \t]++|_[ \t]++)?+(?P<name>[a-z_][\w']*+)[ \t]*+(?=:?+=[ \t]*+(?:$|[A-Z{(|'\[<]|private\b|\.\.|[a-z][\w.]*+[ \t]*+(?:$|list|option|array|\*|->)))",
        ),
        Head(
            Kind.TYPE,
            r"type[ \t]++(?:nonrec[ \t]++)?+(?:\([^()\n]*+\)[ \t]*+|[+-]?+'\w++[ \t]++|_[ \t]++)?+(?P<name>[a-z_][\w']*+)",
        ),
        Head(Kind.TYPE, r"exception[ \t]++(?P<name>[A-Z][\w']*+)"),
        Head(Kind.FUNCTION, rf"(?:val|external)[ \t]++{_ATTRIBUTE}(?:mutable[ \t]++)?+{_ML_NAME}[ \t]*+:"),
        Head(Kind.FUNCTION, rf"let[ \t]++{_ATTRIBUTE}(?P<name>)(?:\(\)|_\b|\{{|\((?=[^()\n]*+,))"),
        Head(
            Kind.FUNCTION,
            rf"(?:let|and)[ \t]++{_ATTRIBUTE}(?:rec[ \t]++)?+(?:inline[ \t]++)?+{_ML_NAME}(?=[ \t\r\n]++[~?a-z_(\[{{'A-Z]|[ \t]*+=[ \t\r\n]*+(?:fun|function)\b)(?![ \t]*+,)",
        ),
        Head(Kind.VARIABLE, rf"(?:let|and)[ \t]++{_ATTRIBUTE}(?:rec[ \t]++)?+{_ML_NAME}[ \t]*+[:=]"),
    ),
    reserved=frozenset(
        {"_", "open", "in", "rec", "()", "type", "module", "exception", "of", "lazy", "class"}
    ),
    opening=_OCAML_OPENING,
    closing=_OCAML_CLOSING,
)
"""A local ``let`` is inside of a function or value, whose body is indented deeper, so it is dropped."""
REASON = HeadTable(
    (
        Head(Kind.INTERFACE, r"module[ \t]++type[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.MODULE, r"module[ \t]++(?:rec[ \t]++)?+(?P<name>[A-Z]\w*+)", Ends.BRACES),
        Head(Kind.TYPE, r"(?:export[ \t]++)?+type[ \t]++(?:rec[ \t]++|nonrec[ \t]++)?+(?P<name>[a-z_]\w*+)"),
        Head(Kind.TYPE, r"exception[ \t]++(?P<name>[A-Z]\w*+)", Ends.LINE),
        Head(Kind.FUNCTION, r"external[ \t]++(?P<name>\w++)[ \t]*+:"),
        Head(
            Kind.FUNCTION,
            r"(?:@[\w.]++(?:\([^()\n]*+\))?+[ \t\r\n]++){0,8}+(?:export[ \t]++)?+let[ \t]++(?:rec[ \t]++)?+(?P<name>[a-z_]\w*+)[ \t]*+(?::[^=\n]{1,200}?)?=[ \t\r\n]*+(?:async[ \t]++)?+(?:\(|[a-z_]\w*+[ \t]*+=>|fun\b)",
        ),
        Head(Kind.VARIABLE, r"(?:export[ \t]++)?+let[ \t]++(?:rec[ \t]++)?+(?P<name>[a-z_]\w*+)[ \t]*+[:=]"),
    ),
    closing=r"[}\])]",
    opening=r"[{(|]|\[(?!@)",
    reserved=frozenset({"_"}),
)
_FS_MARKS = r"(?:\[<(?:[^>\n]++|>(?!\]))*+>\][ \t\r\n]*+){0,8}+"
_FS_ACCESS = r"(?:(?:public|private|internal)[ \t]++)?+"


def _patterns(groups: Groups) -> list[str]:
    """The cases of the active pattern ``(|Even|Odd|)``."""
    return [each.strip() for each in groups["name"].split("|") if each.strip(" _")]


FSHARP = HeadTable(
    (
        Head(
            Kind.MODULE,
            r"namespace[ \t]++(?:rec[ \t]++|global\b[ \t]*+)?+(?P<name>[\w.]++)",
            Ends.NEXT,
            margin=True,
        ),
        Head(
            Kind.MODULE,
            rf"{_FS_MARKS}module[ \t]++{_FS_ACCESS}(?:rec[ \t]++)?+(?P<name>[\w.]++|``[^`\n]++``)[ \t]*+$",
            Ends.NEXT,
            margin=True,
        ),
        Head(
            Kind.MODULE,
            rf"{_FS_MARKS}module[ \t]++{_FS_ACCESS}(?:rec[ \t]++)?+(?P<name>\w++|``[^`\n]++``)[ \t]*+=",
        ),
        Head(
            Kind.TYPE,
            rf"{_FS_MARKS}(?:type|and)[ \t]++{_FS_MARKS}{_FS_ACCESS}(?P<name>[A-Z_a-z]\w*+|``[^`\n]++``)(?=[ \t]*+(?:[<(=:]|$|when\b|as\b|with\b|private\b|internal\b))",
        ),
        Head(Kind.TYPE, r"exception[ \t]++(?P<name>\w++)", Ends.LINE),
        Head(
            Kind.METHOD,
            rf"{_FS_MARKS}(?:static[ \t]++)?+(?:member|override|default|abstract(?:[ \t]++member)?+)[ \t]++(?:val[ \t]++)?+(?:inline[ \t]++)?+{_FS_ACCESS}(?:\w++\.)?+(?P<name>\w++|``[^`\n]++``)",
        ),
        Head(Kind.METHOD, r"(?P<name>new)[ \t]*+\([^()\n]*+\)[ \t]*+="),
        Head(Kind.FUNCTION, r"(?:let|use)[ \t]++(?P<name>)(?:\(\)|_\b|\((?=[^()\n]*+,))"),
        Head(
            Kind.FUNCTION,
            rf"{_FS_MARKS}(?:static[ \t]++)?+let[ \t]++(?:inline[ \t]++)?+{_FS_ACCESS}\((?P<name>\|[^()\n]++)\)",
            titles=_patterns,
        ),
        Head(
            Kind.CONSTANT,
            rf"\[<Literal>\][ \t\r\n]*+{_FS_MARKS}let[ \t]++{_FS_ACCESS}(?P<name>[a-zA-Z_][\w']*+)[ \t]*+[:=]",
        ),
        Head(
            Kind.FUNCTION,
            rf"{_FS_MARKS}(?:static[ \t]++)?+let[ \t]++(?:rec[ \t]++)?+(?:inline[ \t]++)?+{_FS_ACCESS}(?P<name>[a-zA-Z_][\w']*+|``[^`\n]++``|\([^()\w\n]++\))(?:<[^<>\n]*+>)?+(?=[ \t]++[\w(\[{{_?'`]|\(|[ \t]*+=[ \t\r\n]*+(?:fun|function)\b)(?![ \t]*+[,:=])",
        ),
        Head(
            Kind.FUNCTION,
            rf"{_FS_MARKS}and[ \t]++(?:inline[ \t]++)?+{_FS_ACCESS}(?P<name>[a-z_][\w']*+)(?=[ \t]++[\w(])",
        ),
        Head(
            Kind.VARIABLE,
            rf"{_FS_MARKS}(?:static[ \t]++)?+let[ \t]++(?:mutable[ \t]++)?+{_FS_ACCESS}(?P<name>[a-zA-Z_][\w']*+|``[^`\n]++``)[ \t]*+[:=]",
        ),
        Head(
            Kind.FUNCTION,
            rf"val[ \t]++(?:mutable[ \t]++|inline[ \t]++)?+{_FS_ACCESS}(?P<name>[\w']++|``[^`\n]++``)[ \t]*+:",
        ),
    ),
    reserved=frozenset({"_", "rec", "private", "internal", "public", "mutable"}),
    opening=r"[{(|]|\[(?!<)",
    closing=r"[}\])]",
)
ELM = HeadTable(
    (
        Head(
            Kind.MODULE,
            r"(?:port[ \t]++|effect[ \t]++)?+module[ \t]++(?P<name>[\w.]++)[ \t\r\n]",
            Ends.LINE,
            margin=True,
        ),
        Head(Kind.TYPE, r"type[ \t]++(?:alias[ \t]++)?+(?P<name>[A-Z]\w*+)", margin=True),
        Head(Kind.FUNCTION, r"port[ \t]++(?P<name>[a-z]\w*+)[ \t]*+:", margin=True),
        Head(
            Kind.FUNCTION,
            r"(?P<name>[a-z]\w*+)(?:[ \t\r\n]*+:(?!:)|(?:[ \t]++[^\s=:][^=\n]*+)?+[ \t]*+=(?!=))",
            margin=True,
            merges=True,
        ),
    ),
    reserved=frozenset(
        {"import", "port", "type", "module", "exposing", "infix", "where", "in", "let", "then", "else", "of"}
    ),
    opening=r"(?!)",
    closing=r"[)}\]]",
)
PURESCRIPT = HeadTable(
    (
        Head(Kind.MODULE, r"module[ \t]++(?P<name>[\w.]++)", Ends.LINE, margin=True),
        Head(
            Kind.TRAIT,
            r"class[ \t]++(?:(?:\([^()\n]*+\)|[^\n=<(]*?)[ \t]*+<=[ \t]*+)?(?P<name>[A-Z]\w*+)",
            margin=True,
        ),
        Head(
            Kind.IMPLEMENTATION,
            r"(?:else[ \t]++)?+(?:derive[ \t]++)?+(?:newtype[ \t]++)?+instance[ \t]++(?:(?P<name>[a-z]\w*+)[ \t]*+::)",
            margin=True,
        ),
        Head(
            Kind.TYPE, r"(?:data|newtype|type)[ \t]++(?!role\b)(?P<name>[A-Z]\w*+)", margin=True, merges=True
        ),
        Head(
            Kind.FUNCTION,
            r"foreign[ \t]++import[ \t]++(?:data[ \t]++)?+(?P<name>\w[\w']*+)[ \t]*+::",
            margin=True,
        ),
        Head(
            Kind.FUNCTION,
            r"(?P<name>[a-z_][\w']*+)(?:[ \t\r\n]*+(?:::|∷)|(?:[ \t]++[^\s=|:<>-][^=|\n]*+)?+[ \t]*+(?:=(?!=)|\|(?!\|)))",
            margin=True,
            merges=True,
        ),
        Head(Kind.METHOD, r"(?P<name>[a-z_][\w']*+)[ \t]*+::", merges=True),
    ),
    reserved=frozenset(
        {
            "import",
            "infixl",
            "infixr",
            "infix",
            "where",
            "let",
            "in",
            "then",
            "else",
            "of",
            "derive",
            "instance",
            "foreign",
            "module",
        }
    ),
    opening=r"(?!)",
    closing=r"[)}\]]",
)
_GLEAM_MARKS = r"(?:@\w++[ \t]*+\([^()]*+\)[ \t\r\n]*+){0,8}+"
GLEAM = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            rf"{_GLEAM_MARKS}(?:pub[ \t]++)?+fn[ \t]++(?P<name>[a-z_]\w*+)",
            Ends.BRACES,
            margin=True,
        ),
        Head(
            Kind.TYPE,
            rf"{_GLEAM_MARKS}(?:pub(?:\([^()\n]*+\))?+[ \t]++)?+(?:opaque[ \t]++)?+type[ \t]++(?P<name>[A-Z]\w*+)",
            Ends.INDENT,
        ),
        Head(Kind.CONSTANT, r"(?:pub[ \t]++)?+const[ \t]++(?P<name>[a-z_]\w*+)", Ends.INDENT),
    ),
)
