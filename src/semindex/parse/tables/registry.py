"""Get the table of a language; only the module of that table is imported."""

from __future__ import annotations

import importlib
from functools import cache

from semindex.parse.tables.base import Table

_TABLES = {
    "bash": "script.BASH",
    "c": "c_family.C",
    "cpp": "c_family.CPP",
    "csharp": "managed.CSHARP",
    "dart": "dart.DART",
    "elixir": "functional.ELIXIR",
    "go": "systems.GO",
    "haskell": "functional.HASKELL",
    "java": "managed.JAVA",
    "javascript": "web.JAVASCRIPT",
    "kotlin": "managed.KOTLIN",
    "lua": "script.LUA",
    "php": "script.PHP",
    "python": "script.PYTHON",
    "ruby": "script.RUBY",
    "rust": "systems.RUST",
    "scala": "managed.SCALA",
    "swift": "systems.SWIFT",
    "tsx": "web.TYPESCRIPT",
    "typescript": "web.TYPESCRIPT",
    "zig": "systems.ZIG",
}


@cache
def table_of(language: str) -> Table:
    """The table of a language with a grammar.

    Raises:
        KeyError: No table has that name.
    """
    module, _, name = _TABLES[language].partition(".")
    table = getattr(importlib.import_module(f"semindex.parse.tables.{module}"), name)
    assert isinstance(table, Table)
    return table
