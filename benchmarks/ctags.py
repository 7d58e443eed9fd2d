"""The definitions that universal-ctags finds, by language, and the errors that it is known to make."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

LANGUAGES = {
    "ada": "Ada", "asm": "Asm", "assembly": "Asm", "awk": "Awk", "bash": "Sh", "c": "C", "clojure": "Clojure",
    "cmake": "CMake", "cobol": "Cobol", "common-lisp": "Lisp", "commonlisp": "Lisp", "cpp": "C++",
    "csharp": "C#", "cuda": "CUDA", "d": "D", "elixir": "Elixir", "elm": "Elm", "emacs-lisp": "EmacsLisp",
    "elisp": "EmacsLisp", "erlang": "Erlang", "fortran": "Fortran", "go": "Go", "haskell": "Haskell",
    "haxe": "Haxe", "java": "Java", "javascript": "JavaScript", "julia": "Julia", "kotlin": "Kotlin",
    "lisp": "Lisp", "lua": "Lua", "make": "Make", "matlab": "MatLab", "objective-c": "ObjectiveC",
    "ocaml": "OCaml", "pascal": "Pascal", "perl": "Perl", "php": "PHP", "powershell": "PowerShell",
    "protobuf": "Protobuf", "python": "Python", "r": "R", "ruby": "Ruby", "rust": "Rust",
    "scheme": "Scheme", "scss": "SCSS", "sml": "SML", "sql": "SQL", "systemverilog": "SystemVerilog",
    "tcl": "Tcl", "tsx": "TypeScript", "typescript": "TypeScript", "vb": "Basic", "verilog": "Verilog",
    "vhdl": "VHDL", "vim": "Vim", "zsh": "Sh",
}  # fmt: skip
"""The parser of ctags for each of our languages. Others have no reference."""

_COMMON = frozenset(
    """class enum func function interface macro method module namespace package procedure protocol record
    singletonMethod struct subroutine trait type typealias typedef union""".split()
)
_KINDS = {
    "Ada": "package packspec subprogram subprogspec type subtype task taskspec protected protectspec entry",
    "Awk": "function",
    "C#": "class enum interface method namespace struct",
    "Clojure": "function",
    "Cobol": "program paragraph section",
    "D": "class enum function interface struct template union alias",
    "Elixir": "callback delegate exception function guard macro module protocol type",
    "EmacsLisp": "alias const custom derivedMode error face function group inline macro minorMode subst "
    "unknown variable",
    "Fortran": "function method module program submodule subroutine type interface",
    "Go": "func interface struct type talias",
    "Java": "annotation class enum interface method",
    "JavaScript": "class function generator getter method setter",
    "Kotlin": "class interface method object typealias",
    "Lisp": "const function macro variable",
    "Make": "target",
    "ObjectiveC": "category class enum implementation interface macro method protocol struct typedef",
    "OCaml": "Exception class function method module type val",
    "Pascal": "function procedure",
    "Perl": "package subroutine",
    "Protobuf": "enum message rpc service",
    "Rust": "enum function interface macro method module struct typedef",
    "SCSS": "function mixin placeholder variable",
    "SQL": "domain event function package procedure table trigger view",
    "Scheme": "function",
    "SystemVerilog": "class covergroup function interface module package program property task typedef",
    "Tcl": "procedure",
    "VHDL": "architecture entity function package procedure type component",
    "Verilog": "function module task",
    "Vim": "command function",
}
"""The kinds of tags that count as definitions, where they are not those of most languages."""


class Tag(Struct, frozen=True):
    """A name that ctags found; ``line`` counts from 1."""

    path: str
    name: str
    line: int
    kind: str
    text: str
    """The line."""
    local: bool = False
    """Whether a function encloses it."""
    end_line: int = 0
    """The last line of the definition; 0 where ctags does not tell."""

    @property
    def is_small_local(self) -> bool:
        """Whether it is a definition of one or two lines inside a function."""
        return self.local and self.end_line - self.line < 2

    @property
    def last_name(self) -> str:
        """The name without its qualifiers."""
        return last_name(self.name)


class Flaw(Struct, frozen=True):
    """An error of ctags: tags that are no definitions."""

    parsers: str
    """Names of parsers, separated by blanks; empty for all."""
    kinds: str
    """Long names of kinds, separated by blanks; empty for all."""
    name: str
    """An expression that the whole name matches; empty for any."""
    text: str
    """An expression that is found in the line; empty for any."""
    reason: str

    def holds(self, parser: str, tag: Tag) -> bool:
        """Whether the tag is an instance of this error."""
        if self.parsers and parser not in self.parsers.split():
            return False
        if self.kinds and tag.kind not in self.kinds.split():
            return False
        if self.name and not re.fullmatch(self.name, tag.name):
            return False
        return not self.text or re.search(self.text, tag.text) is not None


_FUNCTIONS = frozenset("func function method subprogram subroutine procedure val getter setter macro".split())
"""Kinds of definitions inside of which others are local."""

FLAWS = (
    Flaw("", "", r"__anon\w*|anon\w*_\w*|(?i:anonymous|anonfunc)\w*|<lambda>|<\w+>", "", "anonymous"),
    Flaw("", "", r"|.*[\s;{}$].*", "", "no name"),
    Flaw("", "", r"(?i)begin|else|end|in|is|of|return|then", "", "a statement"),
    Flaw("Rust", "module", "", r"\bmod\s+\w+\s*;", "a declaration"),
    Flaw("OCaml", "module", "", r"^(?!.*\bmodule\b)", "a name that is not on the line"),
    Flaw("C C++", "macro", "", r"#\s*define\s+\w+\s*(?://|/\*|$)", "a macro without a value"),
    Flaw("C C++", "macro", "", r"#\s*undef\b", "a macro that is taken back"),
    Flaw("C C++ CUDA", "function", "if|for|while|switch|return|sizeof|defined", "", "a statement"),
    Flaw("JavaScript TypeScript", "", r"\d+|if|for|while|switch|catch|return|function", "", "a statement"),
    Flaw("JavaScript", "class", "", r"^(?!.*\b(?:class|function|prototype)\b)", "an object"),
    Flaw("JavaScript", "", "", r"\.prototype\[", "a computed name"),
    Flaw("TypeScript", "namespace", "", r"\bas\b|\w\.namespace", "a variable"),
    Flaw("TypeScript", "method", "get|set|new", r"\b(?:get|set)\s+\[|\bnew\s*\(", "a keyword"),
    Flaw(
        "Lua",
        "",
        "",
        r"^(?!.*(?:\bfunction\s+[\w.:]|[\w\]]\s*=\s*function\b))",
        "a value that is no function",
    ),
    Flaw(
        "ObjectiveC",
        "",
        r"NS_\w+|API_\w+|\w+_UNAVAILABLE|nonatomic|strong|weak|copy|assign|readonly",
        "",
        "a keyword",
    ),
    Flaw("Sh", "function", r".*=", "", "an assignment"),
    Flaw("Elm", "namespace", "", r"^import\b", "an import"),
    Flaw("Haskell", "module", "", r"^(?!\s*module\b)|\bmodule\s+\w+\.", "a module without its last name"),
    Flaw(
        "Haskell",
        "",
        "",
        r"^(?!\s*[\w'(]+.*(?:=|::|\bwhere\b)|\s*(?:data|type|newtype|class|module)\b)",
        "prose",
    ),
    Flaw("Haskell", "", "class|data|family|instance|newtype|pattern|type|where", "", "a keyword"),
    Flaw(
        "SQL",
        "",
        "",
        r"(?i)\blateral\s+view\b|\balter\b|\bgrant\b|\brevoke\b|\b(?:into|overwrite)\s+table\b|\bdrop\b",
        "a use",
    ),
    Flaw("SQL", "", "", r"(?i)\bon\s+(?:table|view|domain|function|event)\b|\bcomment\s+on\b", "a use"),
    Flaw("SQL", "", r"(?i)if|on|as|exists|select|from|not|or|replace", "", "a keyword"),
    Flaw("Make", "target", r"\..*|.*[%$].*", "", "a special target or a pattern"),
    Flaw("OCaml", "", r"_|\(\)", "", "no name"),
)
"""Tags that no one has to find."""


def flaw_of(parser: str, tag: Tag) -> str | None:
    """The reason why a tag is an error of ctags; None for one that is a definition."""
    return next((flaw.reason for flaw in FLAWS if flaw.holds(parser, tag)), None)


def is_definition(parser: str, tag: Tag) -> bool:
    """Whether tags of this kind are definitions: functions, types, modules and macros."""
    named = _KINDS.get(parser)
    return tag.kind in (named.split() if named is not None else _COMMON)


def last_name(name: str) -> str:
    """The last part of a qualified name, without case, quotes and a parameter count.

    >>> last_name("[dbo].[Get User]"), last_name("a::b::~C"), last_name("start/2")
    ('get user', '~c', 'start')
    >>> last_name("a::B::operator ="), last_name("operator()"), last_name("operator(+)")
    ('operator=', 'operator()', 'operator+')
    """
    bare = re.sub(r"[\"`\[\]']", "", name.strip())
    bare = bare[1:-1] if bare.startswith("(") and bare.endswith(")") else bare
    operator = re.search(r"\boperator\b\s*(?P<sign>[^\w\s(][^(]*|\(\s*\)|\([^\w\s)]+\))", name)
    if operator:
        sign = "".join(operator["sign"].split())
        return "operator" + (sign[1:-1] or "()" if sign.startswith("(") else sign)
    bare = re.sub(r"/\d+$", "", bare).lstrip("$@%&")
    parts = re.split(r"::|->|[.:#\\]", bare)
    return next((part for part in reversed(parts) if part), bare).strip().lower()


def tags_of(parser: str, files: Sequence[Path]) -> Iterator[Tag]:
    """All tags of files, whatever ctags would take their language for.

    Raises:
        FileNotFoundError: ctags is not installed.
        subprocess.CalledProcessError: it failed.
    """
    command = ["ctags", "--options=NONE", "--output-format=json", "--fields=+neKSls", "--kinds-all=*"]
    command.append("--pattern-length-limit=0")
    command += [f"--language-force={parser}", "-f", "-", "-L", "-"]
    names = "".join(f"{file}\n" for file in files if "\n" not in str(file))
    done = subprocess.run(command, input=names.encode(), capture_output=True, check=True)
    rows = [json.loads(line.decode("utf-8", "replace")) for line in done.stdout.splitlines()]
    rows = [row for row in rows if row.get("_type") == "tag" and "line" in row]
    inside = _inside_functions(rows)
    for number, row in enumerate(rows):
        text = row.get("pattern", "").removeprefix("/^").removesuffix("$/")
        text = text.replace("\\/", "/").replace("\\\\", "\\")
        kind, end = row.get("kind", ""), row.get("end", 0)
        yield Tag(row["path"], row["name"], row["line"], kind, text, number in inside, end)


def _inside_functions(rows: Sequence[dict[str, Any]]) -> set[int]:
    """The positions of the tags in functions, and of those in types in functions."""
    scopes: set[tuple[str, str]] = set()
    inside: set[int] = set()
    grows = True
    while grows:
        grows = False
        for number, row in enumerate(rows):
            scope = row.get("scope", "")
            if number in inside or not scope:
                continue
            if row.get("scopeKind") in _FUNCTIONS or (row["path"], scope) in scopes:
                inside.add(number)
                scopes.add((row["path"], f"{scope}::{row['name']}"))
                grows = True
    return inside
