"""Get the table of heads of a language; only the module of that table is imported."""

from __future__ import annotations

import importlib
from functools import cache

from semindex.parse.heads.base import HeadTable

_TABLES = {
    "abap": "business.ABAP",
    "ada": "wirth.ADA",
    "antlr": "templates.ANTLR",
    "apex": "business.APEX",
    "applescript": "apple.APPLESCRIPT",
    "assembly": "machine.ASSEMBLY",
    "autohotkey": "basic.AUTOHOTKEY",
    "autoit": "basic.AUTOIT",
    "awk": "scripts.AWK",
    "bash": "broken.BASH",
    "swift": "broken.SWIFT",
    "go": "broken.GO",
    "gotemplate": "templates.GO_TEMPLATE",
    "rust": "broken.RUST",
    "tsx": "broken.TYPESCRIPT",
    "typescript": "broken.TYPESCRIPT",
    "javascript": "broken.JAVASCRIPT",
    "python": "broken.PYTHON",
    "batch": "shells.BATCH",
    "bicep": "infrastructure.BICEP",
    "cairo": "contracts.CAIRO",
    "capnp": "schemas.CAPNP",
    "clojure": "lisps.CLOJURE",
    "cmake": "build.CMAKE",
    "cobol": "business.COBOL",
    "coffeescript": "scripts.COFFEESCRIPT",
    "commonlisp": "lisps.COMMON_LISP",
    "coq": "dynamic.COQ",
    "crystal": "systems.CRYSTAL",
    "css": "styles.CSS",
    "d": "systems.D",
    "dockerfile": "infrastructure.DOCKERFILE",
    "elm": "ml.ELM",
    "emacslisp": "lisps.EMACS_LISP",
    "erb": "templates.ERB",
    "erlang": "dynamic.ERLANG",
    "fennel": "lisps.FENNEL",
    "fish": "shells.FISH",
    "flatbuffers": "schemas.FLATBUFFERS",
    "forth": "dynamic.FORTH",
    "fortran": "numeric.FORTRAN",
    "fsharp": "ml.FSHARP",
    "gdscript": "games.GDSCRIPT",
    "gherkin": "templates.GHERKIN",
    "gleam": "ml.GLEAM",
    "glsl": "graphics.GLSL",
    "graphql": "schemas.GRAPHQL",
    "groovy": "build.GROOVY",
    "hare": "systems.HARE",
    "haxe": "systems.HAXE",
    "hcl": "infrastructure.HCL",
    "helm": "templates.GO_TEMPLATE",
    "hlsl": "graphics.HLSL",
    "html": "templates.TEMPLATE",
    "hy": "lisps.FENNEL",
    "idris": "dynamic.IDRIS",
    "janet": "lisps.FENNEL",
    "jq": "scripts.JQ",
    "julia": "dynamic.JULIA",
    "just": "build.JUST",
    "kotlin": "broken.KOTLIN",
    "lean": "dynamic.LEAN",
    "less": "styles.LESS",
    "llvm": "machine.LLVM",
    "make": "build.MAKE",
    "matlab": "numeric.MATLAB",
    "meson": "build.MESON",
    "move": "contracts.MOVE",
    "nim": "systems.NIM",
    "nix": "infrastructure.NIX",
    "nushell": "shells.NUSHELL",
    "objective-c": "apple.OBJECTIVE_C",
    "ocaml": "ml.OCAML",
    "odin": "systems.ODIN",
    "pascal": "wirth.PASCAL",
    "perl": "scripts.PERL",
    "powershell": "scripts.POWERSHELL",
    "prisma": "schemas.PRISMA",
    "prolog": "dynamic.PROLOG",
    "protobuf": "schemas.PROTOBUF",
    "puppet": "infrastructure.PUPPET",
    "purescript": "ml.PURESCRIPT",
    "r": "scripts.R",
    "racket": "lisps.SCHEME",
    "raku": "scripts.RAKU",
    "reason": "ml.REASON",
    "robot": "templates.ROBOT",
    "sas": "business.SAS",
    "scheme": "lisps.SCHEME",
    "scss": "styles.SCSS",
    "smarty": "templates.SMARTY",
    "solidity": "contracts.SOLIDITY",
    "sql": "sql.SQL",
    "stata": "business.STATA",
    "stylus": "styles.STYLUS",
    "tcl": "scripts.TCL",
    "thrift": "schemas.THRIFT",
    "v": "systems.V",
    "vala": "systems.VALA",
    "vb": "basic.VB",
    "verilog": "hardware.VERILOG",
    "vhdl": "hardware.VHDL",
    "vim": "scripts.VIM",
    "vyper": "contracts.VYPER",
    "wasm": "machine.WASM",
    "wgsl": "graphics.WGSL",
    "yacc": "templates.YACC",
}
"""For a language without a grammar the table finds all definitions; for one with a grammar it finds those
that are missing where the syntax tree has errors."""
HEADED = frozenset(_TABLES)
"""The languages that have a table of heads."""


@cache
def head_table_of(language: str) -> HeadTable | None:
    """The table of heads of a language; None if it has none."""
    if language not in _TABLES:
        return None
    module, _, name = _TABLES[language].partition(".")
    table = getattr(importlib.import_module(f"semindex.parse.heads.{module}"), name)
    assert isinstance(table, HeadTable)
    return table
