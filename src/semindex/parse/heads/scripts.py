"""Scripting languages: PowerShell, Perl, R, Tcl, awk, jq, Vim script, CoffeeScript, Raku."""

from __future__ import annotations

import re

from semindex.parse.heads.base import Ends, Groups, Head, HeadTable
from semindex.parse.heads.heredocs import without_heredocs
from semindex.types import Kind

_SCOPE = r"(?:(?:global|script|private|local|function):)?+"
POWERSHELL = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            rf"(?:function|filter|workflow|configuration)[ \t]++{_SCOPE}(?P<name>[A-Za-z_][\w.-]*+)",
            Ends.BRACES,
            local=True,
        ),
        Head(Kind.CLASS, r"class[ \t]++(?P<name>[A-Za-z_]\w*+)[^\n{=]*+\s*+\{", Ends.BRACES),
        Head(Kind.ENUM, r"enum[ \t]++(?P<name>[A-Za-z_]\w*+)[^\n{=]*+\s*+\{", Ends.BRACES),
        Head(
            Kind.METHOD,
            r"(?:(?:static|hidden)[ \t]++)*+(?:\[[\w., ]++(?:\[[\w., ]*+\])?+\][ \t]*+)?+(?:(?:static|hidden)[ \t]++)*+(?P<name>[A-Za-z_]\w*+)[ \t]*+\((?:[ \t\r\n]*+\)|[ \t\r\n]*+[\[$][^{}]{0,800}?\))[ \t]*+(?::[ \t]*+base[^\n{]*+)?+\s*+\{",
            Ends.BRACES,
        ),
        Head(
            Kind.VARIABLE,
            r"(?:\[[\w.\[\], ]++\][ \t]*+)?+\$(?:script|global|env):(?P<name>[A-Za-z_]\w*+)[ \t]*+=(?!=)",
        ),
        Head(
            Kind.FUNCTION,
            r"(?:set|new)-alias[ \t]++(?:-name[ \t]++)?+[\"']?+(?P<name>[A-Za-z_][\w-]*+)",
            Ends.LINE,
        ),
        Head(
            Kind.CONSTANT,
            r"(?:set|new)-variable[ \t]++(?:-name[ \t]++)?+[\"']?+(?P<name>[A-Za-z_]\w*+)(?=[^\n]{0,200}?-option[ \t]++(?:constant|readonly))",
            Ends.LINE,
        ),
    ),
    reserved=frozenset(
        "if while for foreach switch elseif until catch function param process begin end trap data do else try finally".split()
    ),
    ignores_case=True,
)


_PERL_CONSTANT = re.compile(r"(?:^|,|\n)\s*+([A-Za-z_]\w*+)\s*+=>")


def _constants(groups: Groups) -> list[str]:
    """The names in ``use constant { A => 1, B => [2] };``."""
    return _PERL_CONSTANT.findall(groups["name"])


def _declared(groups: Groups) -> list[str]:
    """The names of ``our ($first, @rest)`` without their sigils."""
    return re.findall(r"\w++", groups["name"])


def _split(written: str) -> list[str]:
    words = re.split(r"[\s,()\[\]=>]++", written.replace("qw", " "))
    return [word.strip("'\"+") for word in words if word.strip("'\"+")]


_PERL_NAME = r"(?P<name>[A-Za-z_][\w']*+(?:::[\w']++)*+)"
_ATTRIBUTES = r"[ \t]*+(?:\[[^\]\n]*+\]|qw[ \t]*+\([^()]*+\)|['\"]?+\+?+\w++['\"]?+)"
PERL = HeadTable(
    (
        Head(Kind.MODULE, r"package[ \t]++(?P<name>[A-Za-z_][\w:]*+)[^;{\n]*+\{", Ends.BRACES),
        Head(Kind.MODULE, r"package[ \t]++(?P<name>[A-Za-z_][\w:]*+)", Ends.NEXT),
        Head(Kind.CLASS, r"(?:class|role)[ \t]++(?P<name>[A-Z][\w:]*+)[^;\n{=,(]*+[;{]", Ends.BRACES),
        Head(
            Kind.FUNCTION,
            r"(?:(?:my|our|state|async|override|multi)[ \t]++)*+(?:sub|method|fun)[ \t]++(?:(?P<owner>[A-Za-z_]\w*+(?:::\w++)*+)::)?+(?P<name>[A-Za-z_]\w*+)(?=[\s({;:$]|$)",
            Ends.BRACES,
            local=True,
        ),
        Head(
            Kind.FIELD,
            rf"has(?P<name>{_ATTRIBUTES})[ \t\r\n]*+(?==>|,|;|=)",
            Ends.STOP,
            lambda found: _split(found["name"]),
        ),
        Head(Kind.CONSTANT, r"use[ \t]++constant[ \t]++(?P<name>[A-Za-z_]\w*+)[ \t]*+(?==>|,|;)", Ends.STOP),
        Head(
            Kind.CONSTANT,
            r"use[ \t]++constant[ \t]*+\{(?P<name>(?:[^{};]++|\{[^{};]*+\}){1,400}+)\}",
            Ends.LINE,
            _constants,
        ),
        Head(
            Kind.FUNCTION,
            r"(?:(?:my|our|state)[ \t]++\$|\*)(?P<name>[A-Za-z_]\w*+)[ \t]*+=[ \t\r\n]*+sub\b",
            Ends.BRACES,
            local=True,
        ),
        Head(
            Kind.VARIABLE,
            r"our[ \t]++(?P<name>[$@%]\w++|\([$@%\w\s,]++\))[ \t]*+(?=[=;])",
            Ends.STOP,
            _declared,
        ),
    ),
    reserved=frozenset({"BEGIN", "END", "qw"}),
    separator="::",
    stop=r";",
    masked=without_heredocs(rb"<<~?+[\"']?+(?P<tag>[A-Z_a-z]\w*+)[\"']?+"),
)
R = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            r"(?:`(?P<name>[^`\n]++)`|[\"'](?P<quoted>[^\"'\n]++)[\"']|(?P<plain>[A-Za-z.][\w.]*+))[ \t]*+<<?-[ \t\r\n]*+(?:function[ \t]*+\(|\\\()",
            Ends.BRACES,
            lambda found: found["name"] or found["quoted"] or found["plain"],
            local=True,
        ),
        Head(
            Kind.FUNCTION,
            r"(?P<name>[A-Za-z.][\w.]*+)[ \t]*+=[ \t\r\n]*+function[ \t]*+\(",
            Ends.BRACES,
            margin=True,
        ),
        Head(
            Kind.CLASS,
            r"(?:[A-Za-z.][\w.]*+[ \t]*+(?:<<?-|=)[ \t]*+)?+(?:methods::)?+(?:setClass|setRefClass|setClassUnion|R6Class|R6::R6Class|ggproto|new_class|S7::new_class)[ \t]*+\([ \t\r\n]*+(?:Class[ \t]*+=[ \t]*+|classname[ \t]*+=[ \t]*+)?+[\"'`](?P<name>[\w.]++)[\"'`]",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.METHOD,
            r"(?:methods::)?+(?:setMethod|setGeneric|setReplaceMethod|setValidity)[ \t]*+\([ \t\r\n]*+(?:f[ \t]*+=[ \t]*+|name[ \t]*+=[ \t]*+)?+[\"'`](?P<name>[^\"'`\n]++)[\"'`]",
            Ends.PARENTHESES,
        ),
        Head(Kind.METHOD, r"(?<!\n)(?P<name>[A-Za-z.][\w.]*+)[ \t]*+=[ \t]*+function[ \t]*+\(", Ends.BRACES),
        Head(Kind.CONSTANT, r"(?P<name>[A-Z][A-Z\d_.]++)[ \t]*+(?:<-|=)(?!=)", Ends.INDENT, margin=True),
    ),
    reserved=frozenset(
        {"error", "warning", "finally", "message", "FUN", "FUN.VALUE", "condition", "interrupt"}
    ),
)
"""Functions are those at the margin, and those in the lists of a class. Named arguments of calls are none."""

_TCL_NAME = r"\{?+(?P<name>[^\s{}\"$;\[\]]++)\}?+"
TCL = HeadTable(
    (
        Head(Kind.MODULE, rf"namespace[ \t]++eval[ \t]++{_TCL_NAME}", Ends.BRACES),
        Head(
            Kind.CLASS,
            rf"(?:(?:oo::|::oo::)?+class[ \t]++create|(?:::)?+itcl::class|snit::(?:type|widget|widgetadaptor)|(?:::)?+snit::\w++)[ \t]++{_TCL_NAME}",
            Ends.BRACES,
        ),
        Head(
            Kind.FUNCTION,
            rf"(?:(?:public|private|protected)[ \t]++)?+(?:proc|::proc)[ \t]++{_TCL_NAME}",
            Ends.BRACES,
            local=True,
        ),
        Head(
            Kind.METHOD,
            rf"(?:(?:public|private|protected)[ \t]++)?+(?:method|typemethod|classmethod)[ \t]++{_TCL_NAME}(?=[ \t]++\{{)",
            Ends.BRACES,
        ),
        Head(Kind.METHOD, r"(?P<name>constructor|destructor)[ \t]++(?=\{)", Ends.BRACES),
    ),
    separator="::",
)
AWK = HeadTable(
    (
        Head(
            Kind.FUNCTION, r"func(?:tion)?+[ \t]++(?P<name>[A-Za-z_]\w*+(?:::\w++)?+)[ \t]*+\(", Ends.BRACES
        ),
        Head(Kind.FUNCTION, r"(?P<name>BEGIN|END|BEGINFILE|ENDFILE)[ \t]*+\{", Ends.BRACES, margin=True),
    ),
)
JQ = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            r"def[ \t]++(?P<name>[A-Za-z_]\w*+(?:::\w++)*+)[ \t]*+[:(]",
            Ends.INDENT,
            local=True,
        ),
    ),
    closing=r";",
)
VIM = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            r"(?:(?:silent|export|legacy|vim9cmd)!?+[ \t]++)*+(?:fu(?:n(?:c(?:t(?:i(?:on?+)?+)?+)?+)?+)?+|def)!?+[ \t]++(?P<name>(?:[sgbwtl]:|<[sS][iI][dD]>)?+(?![=(])[\w.:#{}]++)[ \t]*+\(",
            Ends.STOP,
        ),
        Head(
            Kind.CLASS,
            r"(?:export[ \t]++)?+(?:abstract[ \t]++)?+class[ \t]++(?P<name>[A-Z]\w*+)[ \t]*+(?=$|extends|implements)",
            Ends.INDENT,
        ),
        Head(
            Kind.MACRO,
            r"(?:silent!?+[ \t]++)?+(?:execute[ \t]++['\"])?+com(?:m(?:a(?:nd?+)?+)?+)?+!?+[ \t]++(?:-\S++[ \t]++)*+(?P<name>[A-Z]\w*+)(?=\s)",
            Ends.LINE,
        ),
        Head(Kind.OBJECT, r"aug(?:r(?:o(?:up?+)?+)?+)?+[ \t]++(?!END\b)(?P<name>\w++)", Ends.INDENT),
        Head(
            Kind.VARIABLE,
            r"(?:let|const|var|final)[ \t]++(?P<name>[gst]:[\w#]++)[ \t]*+=",
            Ends.LINE,
            margin=True,
        ),
    ),
    stop=r"^[ \t]*+(?:endf(?:u(?:n(?:c(?:t(?:i(?:on?+)?+)?+)?+)?+)?+)?+|enddef)\b",
)
COFFEESCRIPT = HeadTable(
    (
        Head(
            Kind.CLASS,
            r"(?:(?:module\.)?+exports\.?+\w*+[ \t]*+=[ \t]*+)?+(?:export[ \t]++(?:default[ \t]++)?+)?+(?:[\w.@]++[ \t]*+=[ \t]*+)?+class[ \t]++(?P<name>[\w.@]++)",
        ),
        Head(
            Kind.FUNCTION,
            r"(?:export[ \t]++)?+@?+(?:[A-Za-z_$][\w$]*+(?:::|\.))*+(?P<name>[A-Za-z_$][\w$]*+)[ \t]*+[=:][ \t]*+(?:[\w.]++[ \t(]*+)?+(?:\((?:[^()\n]++|\([^()\n]*+\))*+\)[ \t]*+)?+[-=]>",
            local=True,
        ),
    ),
    reserved=frozenset({"if", "then", "else", "for"}),
    opening=r"(?!)",
)
RAKU = HeadTable(
    (
        Head(
            Kind.CLASS,
            r"(?:(?:unit|my|our)[ \t]++)?+(?:class|grammar)[ \t]++(?P<name>[\w:'-]++)",
            Ends.BRACES,
        ),
        Head(Kind.TRAIT, r"(?:(?:unit|my|our)[ \t]++)?+role[ \t]++(?P<name>[\w:'-]++)", Ends.BRACES),
        Head(
            Kind.MODULE,
            r"(?:(?:unit|my|our)[ \t]++)?+(?:module|package)[ \t]++(?P<name>[\w:'-]++)",
            Ends.BRACES,
        ),
        Head(
            Kind.FUNCTION,
            r"(?:(?:multi|proto|only|my|our|anon)[ \t]++)*+(?:sub|method|submethod|token|rule|regex|macro)[ \t]++(?P<name>!?+[A-Za-z_][\w'-]*+)",
            Ends.BRACES,
        ),
        Head(Kind.ENUM, r"(?:(?:my|our)[ \t]++)?+enum[ \t]++(?P<name>[A-Z][\w'-]*+)", Ends.STOP),
    ),
    stop=r";|\n\n",
)
