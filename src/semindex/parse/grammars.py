"""Languages to tree-sitter grammars, each imported when a file of its language is first met."""

from __future__ import annotations

import importlib
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from time import thread_time
from typing import NamedTuple

from tree_sitter import Language, Parser, Point, Tree


class Grammar(NamedTuple):
    """Where a grammar comes from."""

    wheel: str
    """The distribution that carries it."""
    function: str = "language"
    """The function of its module that gives the language."""

    @property
    def module(self) -> str:
        """The import name."""
        return self.wheel.replace("-", "_")


GRAMMARS = {
    "bash": Grammar("tree-sitter-bash"),
    "c": Grammar("tree-sitter-c"),
    "cpp": Grammar("tree-sitter-cpp"),
    "csharp": Grammar("tree-sitter-c-sharp"),
    "elixir": Grammar("tree-sitter-elixir"),
    "go": Grammar("tree-sitter-go"),
    "haskell": Grammar("tree-sitter-haskell"),
    "java": Grammar("tree-sitter-java"),
    "javascript": Grammar("tree-sitter-javascript"),
    "kotlin": Grammar("tree-sitter-kotlin"),
    "lua": Grammar("tree-sitter-lua"),
    "php": Grammar("tree-sitter-php", "language_php"),
    "python": Grammar("tree-sitter-python"),
    "ruby": Grammar("tree-sitter-ruby"),
    "rust": Grammar("tree-sitter-rust"),
    "scala": Grammar("tree-sitter-scala"),
    "sql": Grammar("tree-sitter-sql"),
    "swift": Grammar("tree-sitter-swift"),
    "tsx": Grammar("tree-sitter-typescript", "language_tsx"),
    "typescript": Grammar("tree-sitter-typescript", "language_typescript"),
    "zig": Grammar("tree-sitter-zig"),
}

_SECONDS = 2.0
_SECONDS_A_BYTE = 5e-6
"""Ordinary source takes 0.1 to 0.7 us a byte of this thread's processor time, however busy the machine is;
text made to lead a grammar astray takes minutes and gigabytes (measured: ``a<a<a<`` in Java is quadratic
in both)."""


@lru_cache(maxsize=len(GRAMMARS))
def parser_of(language: str) -> Parser | None:
    """A parser for ``language``; None when there is no grammar, or its wheel is missing or unusable."""
    grammar = GRAMMARS.get(language)
    if grammar is None:
        return None
    try:
        module = importlib.import_module(grammar.module)
        return Parser(Language(getattr(module, grammar.function)()))
    except (ImportError, AttributeError, ValueError, OSError):
        return None


@lru_cache(maxsize=len(GRAMMARS))
def wheel_version(language: str) -> str:
    """``tree-sitter-go 0.25.0``, or ``none`` for a language that is cut by lines."""
    if parser_of(language) is None:
        return "none"
    wheel = GRAMMARS[language].wheel
    try:
        return f"{wheel} {version(wheel)}"
    except PackageNotFoundError:
        return f"{wheel} unknown"


def parse_tree(language: str, text: bytes) -> Tree | None:
    """The syntax tree of ``text``; None without a grammar, or when parsing takes too long."""
    parser = parser_of(language)
    if parser is None:
        return None
    deadline = thread_time() + _SECONDS + _SECONDS_A_BYTE * len(text)

    def is_late() -> bool:
        return thread_time() > deadline

    def read(offset: int, _point: Point) -> bytes:
        return b"" if is_late() else text[offset:]

    try:
        tree = parser.parse(read, progress_callback=lambda _offset, _has_error: is_late())
    except ValueError:
        tree = None
    if tree is None or is_late():
        parser.reset()
        return None
    return tree
