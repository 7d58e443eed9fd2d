r"""Find the comments of code, with one regular expression for each group of languages.

>>> comment_ranges("python", b'url = "#top"  # where to\n').tolist()
[[14, 24]]
>>> _expression("ini").pattern.decode()
'(?:[^\\#;]++|(?!(?<![^\\n])[\\#;])[\\#;])*+(?P<comment>(?=(?<![^\\n])[\\#;])(?:[\\#;][^\\n]*+))?+'

Each match skips text, strings and characters that begin no comment, and then takes one comment or none. Its
loops are possessive (``++``, ``*+``), so nothing is tried twice and time is linear in the length of any text.
A string that is not closed ends with its line, so that one stray quote does not hide the comments below it.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from semindex.types import Mask

Ranges = npt.NDArray[np.int64]
"""Shape ``(m, 2)``: half-open byte ranges, ascending, not overlapping."""

_DOUBLE = r'"(?:[^"\\\n]++|\\[\s\S])*+"?'
_TALL_DOUBLE = r'"(?:[^"\\]++|\\[\s\S])*+"?'
"""A string that may have several lines."""
_SINGLE = r"'(?:[^'\\\n]++|\\[\s\S])*+'?"
_CHAR = r"'(?:[^'\\\n]|\\[^\n]{1,11}?)'"
_BACKTICK = r"`(?:[^`\\]++|\\[\s\S])*+`?"
_TRIPLE = r'"""(?:[^"\\]++|\\[\s\S]|"(?!""))*+(?:""")?'
_TRIPLE_SINGLE = _TRIPLE.replace('"', "'")
_SLASH_BLOCK = r"/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
_SLASH_LINE = r"//[^\n]*+"
_REGEX = r"(?<=[=(,:\[!&|?;{}\s])/(?![/*=\s])(?:[^/\\\n]|\\[^\n]){1,80}+/"
_HASH_LINE = r"\#[^\n]*+"
_MARGIN = "|".join(
    [r"(?<![\s\S])", r"(?<![\s\S]{4})(?<=[ ]{3})", *(rf"(?<=\n[ \t]{{{width}}})" for width in range(25))]
)
"""A place with nothing but up to 24 blanks before it on its line."""


def _nested(opens: str, closes: str, depth: int = 4) -> str:
    """A comment that may hold others of its kind; ``opens`` and ``closes`` are two characters each."""
    (a, b), (c, d) = map(re.escape, opens), map(re.escape, closes)
    found = rf"{a}{b}(?:[^{c}]++|{c}(?!{d}))*+(?:{c}{d})?"
    for _ in range(depth):
        found = rf"{a}{b}(?:[^{a}{c}]++|{found}|{a}(?!{b})|{c}(?!{d}))*+(?:{c}{d})?"
    return found


class CommentSyntax(NamedTuple):
    """The comments and strings of a group of languages, as regular expressions."""

    comment: str
    """A whole comment."""
    start: str
    """The beginning of a comment; it has to match wherever ``comment`` does."""
    strings: tuple[str, ...]
    """Strings, and other text in which no comment can begin."""
    first: str
    """The characters with which a comment or a string begins, as the inside of a character class."""


_SLASH = CommentSyntax(f"{_SLASH_LINE}|{_SLASH_BLOCK}", r"/[/*]", (_DOUBLE, _CHAR), r"/\"'")
_HASH = CommentSyntax(_HASH_LINE, r"\#", (_DOUBLE, _SINGLE), r"\#\"'")
_SPACED_HASH = CommentSyntax(_HASH_LINE, r"(?<![^\s;])\#", (r"\\[\s\S]", _DOUBLE, r"'[^'\n]*+'?"), r"\#\"'\\")
_HASH_OR_SLASH = CommentSyntax(
    rf"{_HASH_LINE}|{_SLASH_LINE}|{_SLASH_BLOCK}", r"(?:\#|/[/*])", (_DOUBLE,), r"\#/\""
)
_MARKUP = CommentSyntax(r"<!--(?:[^-]++|-(?!->))*+(?:-->)?", r"<!--", (), r"<")

_SYNTAXES: dict[str, CommentSyntax] = {
    "c": _SLASH._replace(strings=(_DOUBLE, r"'(?:[^'\\\n]{1,4}+|\\[^\n]{1,11}?)'")),
    "cpp": _SLASH._replace(
        strings=(
            r'(?<=R)"(?P<d>[^()\\\s"]{0,16}+)\([\s\S]*?(?:\)(?P=d)"|\Z)',
            _DOUBLE,
            r"'(?:[^'\\\n]{1,4}+|\\[^\n]{1,11}?)'",
        )
    ),
    "csharp": _SLASH._replace(
        strings=(r'"""[\s\S]*?(?:"""|\Z)', r'(?:(?<=@)|(?<=@\$))"(?:[^"]++|"")*+"?', _DOUBLE, _CHAR)
    ),
    "dart": _SLASH._replace(strings=(_TRIPLE, _TRIPLE_SINGLE, _DOUBLE, _SINGLE)),
    "elixir": CommentSyntax(
        r"\#[^\n]*+|@(?:module|type|short)?doc\b[ \t(]*+(?:~[sS])?(?:" + _TRIPLE + "|" + _DOUBLE + ")",
        r"(?:\#|@(?:module|type|short)?doc\b[ \t(]*+(?:~[sS])?\")",
        (r"(?<=\?)[\"'\#]", _TRIPLE, _DOUBLE, _SINGLE),
        r"\#@\"'",
    ),
    "go": _SLASH._replace(strings=(_DOUBLE, _CHAR, r"`[^`]*+`?"), first=r"/\"'`"),
    "haskell": CommentSyntax(
        rf"(?!\{{-\#){_nested('{-', '-}')}|-{{2,}}+(?![!\#$%&*+./<=>?@\\^|~:])[^\n]*+",
        r"(?:\{-(?!\#)|(?<![!\#$%&*+./<=>?@\\^|~:-])-{2,}+(?![!\#$%&*+./<=>?@\\^|~:]))",
        (_DOUBLE, _CHAR, r"-++"),
        r"{\-\"'",
    ),
    "javascript": _SLASH._replace(strings=(_DOUBLE, _SINGLE, _BACKTICK, _REGEX), first=r"/\"'`"),
    "java": _SLASH._replace(strings=(_TRIPLE, _DOUBLE, _CHAR)),
    "lua": CommentSyntax(
        r"--\[(?P<c>={0,8}+)\[[\s\S]*?(?:\](?P=c)\]|\Z)|--[^\n]*+",
        r"--",
        (_DOUBLE, _SINGLE, r"\[(?P<s>={0,8}+)\[[\s\S]*?(?:\](?P=s)\]|\Z)"),
        r"\-\"'\[",
    ),
    "julia": CommentSyntax(
        rf"{_nested('#=', '=#')}|{_HASH_LINE}",
        r"\#",
        (_TRIPLE, _DOUBLE, r"(?<![\w)\]}.'])'(?:[^'\\\n]|\\[^\n]{1,11}?)'", r"\\[\s\S]"),
        r"\#\"'\\",
    ),
    "perl": CommentSyntax(
        r"=[a-zA-Z][\s\S]*?(?:\n=cut[^\n]*|\Z)|\#[^\n]*+",
        r"(?:(?<![^\s;{}()])\#|(?<![^\n])=[a-zA-Z])",
        (r"\\[\s\S]", _DOUBLE, r"'[^'\n]*+'?"),
        r"\#=\"'\\",
    ),
    "assembly": CommentSyntax(
        rf"[;@][^\n]*+|{_SLASH_LINE}|{_SLASH_BLOCK}|\#[^\n]*+",
        r"(?:;|/[/*]|(?<![^\s])@(?=\s)|(?<![^\s])\#(?=\s|\#)(?![ \t]*+(?:define|include|if|el|end|undef)))",
        (_DOUBLE,),
        r";@/\#\"",
    ),
    "php": _HASH_OR_SLASH._replace(start=r"(?:/[/*]|\#(?!\[))", strings=(_DOUBLE, _SINGLE), first=r"/\#\"'"),
    "python": _HASH._replace(strings=(_TRIPLE, _TRIPLE_SINGLE, _DOUBLE, _SINGLE)),
    "ruby": CommentSyntax(
        rf"{_HASH_LINE}|=begin\b[\s\S]*?(?:\n=end[^\n]*|\Z)",
        r"(?:(?<![^\s;(){}\[\],])\#(?!\{)|(?<![^\n])=begin\b)",
        (r"\\[\s\S]", _DOUBLE, _SINGLE),
        r"\#=\"'\\",
    ),
    "rust": _SLASH._replace(
        strings=(
            r'(?<=r\#)"[\s\S]*?(?:"\#|\Z)',
            r'(?<=r\#\#)"[\s\S]*?(?:"\#\#|\Z)',
            r'(?<=r)"[^"]*+"?',
            _TALL_DOUBLE,
            _CHAR,
        )
    ),
    "sql": CommentSyntax(
        rf"--[^\n]*+|{_SLASH_BLOCK}", r"(?:--|/\*)", (r"'(?:[^'\n]++|'')*+'?", r'"[^"\n]*+"?'), r"\-/\"'"
    ),
    "zig": CommentSyntax(_SLASH_LINE, r"//", (_DOUBLE, _CHAR, r"\\\\[^\n]*+"), r"/\"'\\"),
    "vue": CommentSyntax(
        rf"{_MARKUP.comment}|{_SLASH_LINE}|{_SLASH_BLOCK}",
        r"(?:<!--|(?<![^\s;{}(),])//|/\*)",
        (_DOUBLE,),
        r"</\"",
    ),
    "css": CommentSyntax(_SLASH_BLOCK, r"/\*", (_DOUBLE,), r"/\""),
    "scss": CommentSyntax(rf"{_SLASH_BLOCK}|{_SLASH_LINE}", r"(?:/\*|(?<!:)//)", (_DOUBLE,), r"/\""),
    "slash": _SLASH,
    "hash": _SPACED_HASH,
    "dash": CommentSyntax(r"--[^\n]*+", r"--", (_DOUBLE,), r"\-\""),
    "semicolon": CommentSyntax(r";[^\n]*+", r";", (r"\\[\s\S]", _TALL_DOUBLE), r";\"\\"),
    "fortran": CommentSyntax(
        r"[!cC*][^\n]*+",
        r"(?:!|(?<![^\n])(?:\*|[cC](?![\w(%]|[ \t]*+=)|[cC]{3,}))",
        (r'"[^"\n]*+"?', r"'[^'\n]*+'?"),
        r"!\"'cC*",
    ),
    "pascal": CommentSyntax(
        rf"\{{[^}}]*+\}}?|\(\*(?:[^*]++|\*(?!\)))*+(?:\*\))?|{_SLASH_LINE}",
        r"(?:\{|\(\*|//)",
        (r"'[^'\n]*+'?",),
        r"{(/'",
    ),
    "vb": CommentSyntax(r"'[^\n]*+", r"'", (r'"[^"\n]*+"?',), r"'\""),
    "cobol": CommentSyntax(
        r"\*[^\n]*+|/[^\n]*+",
        r"(?:\*>|(?<=\n[^\n]{6})[*/]|(?<![^\n])\*)",
        (r'"[^"\n]*+"?', r"'[^'\n]*+'?"),
        r"*/\"'",
    ),
    "matlab": CommentSyntax(
        r"(?:%\{[ \t]*+\r?\n[\s\S]*?(?:\n[ \t]*+%\}|\Z)|[%\#][^\n]*+)",
        r"[%\#]",
        (r'"[^"\n]*+"?', r"(?<=[\s(\[{,;=])'[^'\n]*+'?"),
        r"%\#\"'",
    ),
    "hcl": _HASH_OR_SLASH,
    "thrift": _HASH_OR_SLASH._replace(strings=(_DOUBLE, _SINGLE), first=r"\#/\"'"),
    "nix": CommentSyntax(
        rf"{_HASH_LINE}|{_SLASH_BLOCK}",
        r"(?:\#|/\*)",
        (r"''(?:[^']++|'(?!')|''(?=['$\\]).)*+(?:'')?", _TALL_DOUBLE),
        r"\#/\"'",
    ),
    "graphql": CommentSyntax(rf"{_HASH_LINE}|{_TRIPLE}", r"(?:\#|\"\"\")", (_DOUBLE,), r"\#\""),
    "powershell": CommentSyntax(
        rf"<\#[\s\S]*?(?:\#>|\Z)|{_HASH_LINE}",
        r"(?:<\#|(?<![^\s;(){},])\#)",
        (
            r"@\"[ \t]*+\r?\n[\s\S]*?(?:\n\"@|\Z)",
            r"@'[ \t]*+\r?\n[\s\S]*?(?:\n'@|\Z)",
            r"`[\s\S]",
            r'"(?:[^"`\n]++|`[\s\S]|"")*+"?',
            r"'(?:[^'\n]++|'')*+'?",
        ),
        r"<\#@`\"'",
    ),
    "r": CommentSyntax(
        _HASH_LINE,
        r"\#",
        (_TALL_DOUBLE, r"'(?:[^'\\]++|\\[\s\S])*+'?", r"`[^`\n]*+`?"),
        r"\#\"'`",
    ),
    "vim": CommentSyntax(
        r"[\"\#][^\n]*+",
        rf"(?:{_MARGIN})[\"\#]",
        (r'"(?:[^"\\\n]++|\\[^\n])*+"?', r"'(?:[^'\n]++|'')*+'?"),
        r"\"\#'",
    ),
    "cmake": CommentSyntax(
        rf"\#\[(?P<c>={{0,8}}+)\[[\s\S]*?(?:\](?P=c)\]|\Z)|{_HASH_LINE}",
        r"\#",
        (r"\\[\s\S]", _TALL_DOUBLE, r"\[(?P<s>={0,8}+)\[[\s\S]*?(?:\](?P=s)\]|\Z)"),
        r"\#\"\[\\",
    ),
    "groovy": _SLASH._replace(strings=(_TRIPLE, _TRIPLE_SINGLE, _DOUBLE, _SINGLE)),
    "bicep": _SLASH._replace(strings=(_TRIPLE_SINGLE, _SINGLE), first=r"/'"),
    "batch": CommentSyntax(
        r"(?:::|@?+[rR][eE][mM])[^\n]*+", rf"(?:{_MARGIN})(?:::|@?+[rR][eE][mM](?![^\s]))", (), r":@rR"
    ),
    "lisp": CommentSyntax(
        rf";[^\n]*+|{_nested('#|', '|#')}",
        r"(?:;|\#\|)",
        (r"\#?+\\[\s\S]", _TALL_DOUBLE),
        r";\#\"\\",
    ),
    "emacslisp": CommentSyntax(
        r";[^\n]*+",
        r";",
        (r"(?<![\w-])\?(?:\\[\s\S]|[\s\S])", r"\\[\s\S]", _TALL_DOUBLE),
        r";?\"\\",
    ),
    "nim": CommentSyntax(rf"{_nested('#[', ']#')}|{_HASH_LINE}", r"\#", (_TRIPLE, _DOUBLE, _CHAR), r"\#\"'"),
    "d": CommentSyntax(
        rf"{_SLASH_LINE}|{_SLASH_BLOCK}|{_nested('/+', '+/')}",
        r"/[/*+]",
        (r"`[^`]*+`?", r'(?<=r)"[^"]*+"?', _TALL_DOUBLE, _CHAR),
        r"/\"'`",
    ),
    "fsharp": CommentSyntax(
        rf"{_SLASH_LINE}|{_nested('(*', '*)')}",
        r"(?://|\(\*(?!\)))",
        (_TRIPLE, r'(?<=@)"(?:[^"]++|"")*+"?', _TALL_DOUBLE, _CHAR),
        r"/(\"'",
    ),
    "percent": CommentSyntax(r"%[^\n]*+", r"%", (r"\\[\s\S]",), r"%\\"),
    "markup": _MARKUP,
    "smarty": CommentSyntax(r"\{\*[\s\S]*?(?:\*\}|\Z)", r"\{\*", (), r"\{"),
    "gotemplate": CommentSyntax(
        r"\{\{-?+[ ]?+/\*[\s\S]*?(?:\*/(?:[ ]?+-?+\}\})?+|\Z)", r"\{\{-?+[ ]?+/\*", (), r"\{"
    ),
    "ini": CommentSyntax(r"[\#;][^\n]*+", r"(?<![^\n])[\#;]", (), r"\#;"),
    "ml": CommentSyntax(
        _nested("(*", "*)"),
        r"\(\*",
        (r"\{(?P<t>[a-z_]{0,16}+)\|[\s\S]*?(?:\|(?P=t)\}|\Z)", _TALL_DOUBLE, _CHAR),
        r"({\"'",
    ),
}

_MEMBERS = {
    "javascript": "typescript tsx livescript",
    "java": "kotlin scala swift apex",
    "go": "hare ballerina pony",
    "slash": "protobuf glsl hlsl wgsl solidity verilog odin v vala objective-c json haxe "
    "actionscript alloy antlr avro bluespec cairo chapel cue dafny devicetree flatbuffers graphviz "
    "gleam hack jsonnet lex move opencl openscad pkl prisma qml qsharp reason yacc zephir linkerscript "
    "supercollider stata smithy modelica",
    "hash": "bash make dockerfile yaml toml tcl awk crystal fish "
    "coffeescript just meson elvish apache bitbake caddyfile jq gdscript gn gnuplot ignore kconfig "
    "mojo nginx ninja nushell puppet qmake raku raml rego requirements robot rpmspec sed sparql sshconfig "
    "vcl vyper peg autoconf janet capnp gherkin procfile versions",
    "dash": "ada vhdl applescript eiffel cabal lean",
    "haskell": "elm purescript agda idris dhall",
    "lisp": "scheme racket commonlisp",
    "semicolon": "clojure fennel hy dune llvm wasm autohotkey",
    "gotemplate": "helm",
    "percent": "latex erlang prolog bibtex postscript",
    "markup": "html xml svg aspx jsp razor",
    "vue": "svelte astro",
    "scss": "less stylus",
    "ml": "ocaml coq isabelle mathematica tla",
}
_SYNTAX_OF = {name: name for name in _SYNTAXES} | {
    language: syntax for syntax, members in _MEMBERS.items() for language in members.split()
}
_FENCE = rb"(?m)^[ ]{0,3}(`{3,32}+|~{3,32}+)[^\n]*+(?:[\s\S]*?\n[ ]{0,3}\1[^\n]*|[\s\S]*)"


@lru_cache(maxsize=64)
def _expression(syntax: str) -> re.Pattern[bytes]:
    comment, start, strings, first = _SYNTAXES[syntax]
    plain = "|".join((rf"[^{first}]++", *(rf"(?!{start})(?:{each})" for each in strings)))
    pattern = rf"(?:{plain}|(?!{start})[{first}])*+(?P<comment>(?={start})(?:{comment}))?+"
    return re.compile(pattern.encode("ascii"))


def comment_ranges(language: str, text: bytes) -> Ranges:
    """The byte ranges of the comments in code; none for a language that is not in the tables above."""
    syntax = _SYNTAX_OF.get(language)
    if syntax is None:
        return np.empty((0, 2), dtype=np.int64)
    if text.startswith(b"\xef\xbb\xbf"):
        text = b"   " + text[3:]  # so that a comment at the beginning has no byte before it but blanks
    found = [match.span("comment") for match in _expression(syntax).finditer(text)]
    ranges = np.array(found, dtype=np.int64).reshape(-1, 2)
    return ranges[ranges[:, 1] > ranges[:, 0]]


@lru_cache(maxsize=64)
def _expression_of_both(syntax: str) -> re.Pattern[bytes]:
    comment, start, strings, first = _SYNTAXES[syntax]
    texts = "|".join(strings) or r"(?!)"
    pattern = rf"[^{first}]*+(?:(?P<comment>(?={start})(?:{comment}))|(?P<string>{texts})|[\s\S]|\Z)"
    return re.compile(pattern.encode("ascii"))


def comments_and_strings(language: str, text: bytes) -> tuple[Ranges, Ranges]:
    """The byte ranges of the comments and of the strings in code; none for a language without a table."""
    syntax = _SYNTAX_OF.get(language)
    if syntax is None:
        return np.empty((0, 2), dtype=np.int64), np.empty((0, 2), dtype=np.int64)
    found: dict[str, list[tuple[int, int]]] = {"comment": [], "string": []}
    for match in _expression_of_both(syntax).finditer(text):
        kind = match.lastgroup
        if kind is not None:
            found[kind].append(match.span(kind))
    comments = np.array(found["comment"], dtype=np.int64).reshape(-1, 2)
    return comments, np.array(found["string"], dtype=np.int64).reshape(-1, 2)


def prose_ranges(text: bytes) -> Ranges:
    """The byte ranges of a document between its fenced code blocks."""
    fences = [edge for match in re.finditer(_FENCE, text) for edge in match.span()]
    ranges = np.array([0, *fences, len(text)], dtype=np.int64).reshape(-1, 2)
    return ranges[ranges[:, 1] > ranges[:, 0]]


def join_ranges(first: Ranges, second: Ranges) -> Ranges:
    """The union of two sets of ranges."""
    if not len(second):
        return first
    # A range of the union begins where no range before reaches to, and ends as far as any before reaches.
    both = np.concatenate((first, second))
    both = both[np.argsort(both[:, 0], kind="stable")]
    reach = np.maximum.accumulate(both[:, 1])
    begins = np.concatenate(([True], both[1:, 0] > reach[:-1]))
    ends = np.concatenate((begins[1:], [True]))
    return np.stack((both[begins, 0], reach[ends]), axis=1)


def ranges_outside(ranges: Ranges, others: Ranges) -> Ranges:
    """Those ranges that begin in none of ``others``."""
    if not len(others):
        return ranges
    before = np.searchsorted(others[:, 0], ranges[:, 0], side="right") - 1
    outside: Mask = (before < 0) | (ranges[:, 0] >= others[np.maximum(before, 0), 1])
    return ranges[outside]
