"""Which module finds the facts of a language for the code graph."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from tree_sitter import Tree

from semindex.parse.facts.model import Builder

FACTS_VERSION = 9
"""Raised when the same file gives other facts than before."""

Extract = Callable[[Tree | None, bytes, str, Builder], None]
"""Collects the facts of a file: of its tree, its text, and its root-relative path.

Languages without a grammar have no tree."""

_MODULES = {
    "c": "c",
    "go": "go",
    "gomod": "gomod",
    "java": "typed.java",
    "javascript": "script",
    "python": "python",
    "tsx": "script",
    "typescript": "script",
}
"""By language the module below this package that has ``extract``."""


class Found(NamedTuple):
    """The facts of a file as they are stored, empty if there are none; and the names it may be found by."""

    packed: bytes = b""
    named: frozenset[str] = frozenset()


@cache
def extractor_of(language: str) -> Extract | None:
    """What collects the facts of files in a language; None where nothing does."""
    module = _MODULES.get(language)
    if module is None:
        return None
    found: Extract = importlib.import_module(f"semindex.parse.facts.{module}").extract
    return found


def facts_of(language: str, tree: Tree | None, text: bytes, path: str) -> Found:
    """The facts of a file; none where the language has none, or expressions nest too deep."""
    extract = extractor_of(language)
    if extract is None:
        return Found()
    made = Builder()
    try:
        extract(tree, text, path, made)
    except RecursionError:
        return Found()
    packed = made.packed()
    return Found(packed, frozenset(made.named) if packed else frozenset())
