"""Languages to tree-sitter grammars, each imported when a file of its language is first met."""

from __future__ import annotations

import importlib
import re
from functools import lru_cache
from time import thread_time

import numpy as np
from tree_sitter import Language, Parser, Point, Range, Tree

from semindex.parse.wheels import GRAMMARS

_GAP = re.compile(rb"[ \t\r\n]{64,}+")
_SECONDS = 2.0
_SECONDS_A_BYTE = 5e-6
"""Ordinary source takes 0.1 to 0.7 us a byte of this thread's processor time, however busy the machine is;
text made to lead a grammar astray takes minutes and gigabytes (measured: ``a<a<a<`` in Java is quadratic
in both)."""

_ENDLESS = frozenset(("kotlin",))
"""Languages whose grammar looks for the blank behind an annotation without asking whether the text ends; no
deadline reaches it there. tree-sitter-kotlin 1.1.0, ``src/scanner.c``; the symptom is that of
https://github.com/tree-sitter/py-tree-sitter/issues/341."""


@lru_cache(maxsize=len(GRAMMARS))
def grammar_of(language: str) -> Language | None:
    """The grammar of ``language``; None when there is none, or its wheel is missing or unusable."""
    grammar = GRAMMARS.get(language)
    if grammar is None:
        return None
    try:
        module = importlib.import_module(grammar.module)
        return Language(getattr(module, grammar.function)())
    except (ImportError, AttributeError, ValueError, OSError):
        return None


def parse_tree(language: str, text: bytes, *, leaps: bool = False) -> Tree | None:
    """The syntax tree of ``text``; None without a grammar, or when parsing takes too long.

    With ``leaps`` the parser passes over long runs of blanks instead of reading them, which in a text whose
    function bodies are blanked is half of the time. The tree is the same where blanks mean nothing.

    Each call has a parser of its own (2 us), so threads may parse at once.
    """
    grammar = grammar_of(language)
    if grammar is None:
        return None
    if language in _ENDLESS and not text.endswith(b"\n"):
        text += b"\n"
    deadline = thread_time() + _SECONDS + _SECONDS_A_BYTE * len(text)

    def is_late() -> bool:
        return thread_time() > deadline

    def read(offset: int, _point: Point) -> bytes:
        return b"" if is_late() else text[offset:]

    try:
        parser = Parser(grammar, included_ranges=_inked(text)) if leaps else Parser(grammar)
        tree = parser.parse(read, progress_callback=lambda _offset, _has_error: is_late())
    except ValueError:
        return None
    return None if is_late() else tree


def _inked(text: bytes) -> list[Range]:
    """All of a text but its long runs of blanks."""
    gaps = [edge for gap in _GAP.finditer(text) for edge in (gap.start() + 1, gap.end() - 1)]
    edges = np.array([0, *gaps, len(text)], dtype=np.int64)
    newlines = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 10)
    rows = np.searchsorted(newlines, edges)
    begins = np.concatenate((np.zeros(1, np.int64), newlines + 1))[rows]
    points = list(map(Point, rows.tolist(), (edges - begins).tolist()))
    bytes_ = edges.tolist()
    return [Range(points[i], points[i + 1], bytes_[i], bytes_[i + 1]) for i in range(0, len(bytes_), 2)]
