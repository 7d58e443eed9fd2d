"""Build files and runners of commands: Make, CMake, Just, Ninja, Meson, Gradle and Groovy."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Groups, Head, HeadTable
from semindex.types import Kind


def _targets(groups: Groups) -> list[str]:
    """The targets before the colon, without special ones such as ``.PHONY``."""
    words = groups["name"].split()
    return [word for word in words if not (word[0] == "." and word[1:].isupper())]


def _unquoted(groups: Groups) -> str:
    return groups["name"].strip("\"'")


MAKE = HeadTable(
    (
        Head(Kind.MACRO, r"(?:override[ \t]++)?+define[ \t]++(?P<name>[^\s=:#]++)", Ends.STOP, margin=True),
        Head(
            Kind.VARIABLE,
            r"(?:(?:export|override|private|unexport)[ \t]++)*+(?P<name>[\w.-]++)[ \t]*+(?:[:+?!]|::|:::)?+=(?:[^\\\n]++|\\(?:[ \t]*+\n)?+)*+",
            Ends.LINE,
        ),
        Head(
            Kind.FUNCTION,
            r"(?P<name>(?![\t#])(?:[^\s:=#$]|\$[({][^)}\n]*+[)}])[^:=#\n\t]{0,300}+):(?![=:]*+=)(?![^\n=]{0,80}[^\s=:+?!][ \t]*+[:+?]?+=)(?:[^\\\n]++|\\(?:[ \t]*+\n)?+)*+",
            Ends.INDENT,
            _targets,
            margin=True,
        ),
    ),
    reserved=frozenset(
        {"ifeq", "ifneq", "ifdef", "ifndef", "else", "endif", "include", "define", "endef", "vpath"}
    ),
    opening=r"(?!)",
    closing=r"(?!)",
    passing=r"(?:ifeq|ifneq|ifdef|ifndef|else|endif)\b",
    stop=r"^[ \t]*+endef\b",
)
_CMAKE_NAME = r"[ \t]*+\([ \t\r\n]*+(?P<name>[A-Za-z_][\w.:+-]*+)"
CMAKE = HeadTable(
    (
        Head(Kind.FUNCTION, rf"function{_CMAKE_NAME}", Ends.WORDS),
        Head(Kind.MACRO, rf"macro{_CMAKE_NAME}", Ends.WORDS),
        Head(
            Kind.OBJECT,
            rf"(?:add_library|add_executable|add_custom_target|(?:\w++_)?+add_(?:library|executable|unit_test)){_CMAKE_NAME}",
            Ends.PARENTHESES,
        ),
        Head(Kind.MODULE, rf"project{_CMAKE_NAME}", Ends.PARENTHESES),
        Head(Kind.SETTING, rf"(?:option|cmake_dependent_option){_CMAKE_NAME}", Ends.PARENTHESES),
        Head(Kind.VARIABLE, rf"set{_CMAKE_NAME}", Ends.PARENTHESES, margin=True),
    ),
    ignores_case=True,
    closes=r"^[ \t]*+end(?:function|macro)[ \t]*+\([^()\n]*+\)",
)
JUST = HeadTable(
    (
        Head(
            Kind.VARIABLE, r"(?:export[ \t]++)?+(?P<name>[A-Za-z_][\w-]*+)[ \t]*+:=", Ends.LINE, margin=True
        ),
        Head(Kind.TYPE, r"alias[ \t]++(?P<name>[\w-]++)[ \t]*+:=", Ends.LINE, margin=True),
        Head(
            Kind.FUNCTION,
            r"@?+(?P<name>[A-Za-z_][\w-]*+)(?:[ \t]++[^:\n=]*+(?:=[^:\n]*+)?+)?+:(?!=)",
            margin=True,
        ),
    ),
    reserved=frozenset({"set", "import", "mod"}),
    opening=r"(?!)",
    closing=r"(?!)",
)
MESON = HeadTable(
    (
        Head(Kind.MODULE, r"project[ \t]*+\([ \t\r\n]*+'(?P<name>[^'\n]++)'", Ends.PARENTHESES),
        Head(Kind.SETTING, r"option[ \t]*+\([ \t\r\n]*+'(?P<name>[^'\n]++)'", Ends.PARENTHESES),
        Head(Kind.VARIABLE, r"(?P<name>[A-Za-z_]\w*+)[ \t]*+=(?!=)", margin=True),
    ),
)
_GROOVY = (
    r"(?:@\w[\w.]*+(?:\((?:[^()]++|\([^()]*+\))*+\))?+[ \t\r\n]++){0,8}+"
    r"(?:(?:public|private|protected|static|final|abstract|synchronized|transient|sealed|strictfp)[ \t]++)*+"
)
GROOVY = HeadTable(
    (
        Head(Kind.MODULE, r"package[ \t]++(?P<name>[\w.]++)", Ends.LINE),
        Head(Kind.CLASS, rf"{_GROOVY}class[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.INTERFACE, rf"{_GROOVY}@?+interface[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.TRAIT, rf"{_GROOVY}trait[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.ENUM, rf"{_GROOVY}enum[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.CLASS, rf"{_GROOVY}record[ \t]++(?P<name>\w++)[ \t]*+\(", Ends.BRACES),
        Head(
            Kind.FUNCTION,
            rf"{_GROOVY}(?:<[^<>\n]*+>[ \t]++)?+(?:def|void|(?!return\b|new\b|throw\b|else\b|assert\b|in\b|case\b)[A-Za-z][\w.]*+(?:<(?:[^<>\n;(]++|<[^<>\n;(]*+>)*+>)?+(?:\[\])*+)[ \t\r\n]++"
            r"(?P<name>\w++|\"[^\"\n]++\"|'[^'\n]++')[ \t]*+\((?:[^(){};]++|\((?:[^(){};]++|\([^()]*+\))*+\)|\{[^{}]*+\})*+\)\s*+(?:throws\s++[\w., ]++)?+\{",
            Ends.BRACES,
            _unquoted,
        ),
        Head(
            Kind.METHOD,
            r"(?P<name>[A-Z]\w*+)[ \t]*+\([^(){};]*+\)[ \t]*+(?:throws\s++[\w., ]++)?+\{",
            Ends.BRACES,
        ),
        Head(Kind.OBJECT, r"task[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(
            Kind.OBJECT,
            r"tasks\.(?:register|create)[ \t]*+\(?[ \t]*+[\"'](?P<name>[\w:-]++)[\"']",
            Ends.BRACES,
        ),
        Head(
            Kind.OBJECT, r"stage[ \t]*+\([ \t]*+[\"'](?P<name>[^\"'\n]++)[\"'][ \t]*+\)[ \t]*+\{", Ends.BRACES
        ),
        Head(Kind.FUNCTION, r"(?:process|workflow)[ \t]++(?P<name>\w++)[ \t]*+\{", Ends.BRACES),
        Head(
            Kind.CONSTANT,
            rf"(?=[^\n=]{{0,80}}?static[ \t]++final\b|[^\n=]{{0,80}}?final[ \t]++static\b){_GROOVY}[\w.<>,\[\] ]*?[ \t](?P<name>\w++)[ \t]*+=",
            Ends.LINE,
        ),
    ),
    reserved=frozenset(
        {"if", "for", "while", "switch", "catch", "else", "return", "new", "try", "synchronized"}
    ),
)
