"""Get the table of heads of a language; only the module of that table is imported."""

from __future__ import annotations

import importlib
from functools import cache

from semindex.parse.heads.base import HeadTable

_TABLES = {
    "bash": "broken.BASH",
    "abap": "business.ABAP",
    "ada": "wirth.ADA",
    "apex": "business.APEX",
    "applescript": "apple.APPLESCRIPT",
    "autohotkey": "basic.AUTOHOTKEY",
    "autoit": "basic.AUTOIT",
    "cairo": "contracts.CAIRO",
    "cobol": "business.COBOL",
    "kotlin": "broken.KOTLIN",
    "fish": "shells.FISH",
    "fortran": "numeric.FORTRAN",
    "gdscript": "games.GDSCRIPT",
    "matlab": "numeric.MATLAB",
    "move": "contracts.MOVE",
    "objective-c": "apple.OBJECTIVE_C",
    "pascal": "wirth.PASCAL",
    "sas": "business.SAS",
    "solidity": "contracts.SOLIDITY",
    "stata": "business.STATA",
    "vb": "basic.VB",
    "verilog": "hardware.VERILOG",
    "vhdl": "hardware.VHDL",
    "vyper": "contracts.VYPER",
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
