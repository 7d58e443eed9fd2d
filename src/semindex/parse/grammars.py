"""Parse text with tree-sitter; each grammar is imported when a file of its language is first parsed."""

import importlib
import re
from functools import lru_cache
from time import thread_time

import numpy as np
from tree_sitter import Language, Parser, Point, Range, Tree

from semindex.parse.wheels import GRAMMARS

_GAP = rb"[ \t\r\n]{64,}+"
_SECONDS = 2.0
_SECONDS_A_BYTE = 5e-6
"""Ordinary source takes 0.1 to 0.7 us of this thread's processor time for each byte. Text made to mislead a
grammar takes minutes and gigabytes (measured: ``a<a<a<`` in Java is quadratic in both)."""

_ENDLESS = frozenset(("kotlin",))
"""Languages whose grammar loops for ever where a text ends behind an annotation, and no deadline stops it
there: tree-sitter-kotlin 1.1.0, ``src/scanner.c``, like https://github.com/tree-sitter/py-tree-sitter/issues/341.
"""


@lru_cache(maxsize=len(GRAMMARS))
def grammar_of(language: str) -> Language | None:
    """The grammar of ``language``; None without one, or if its wheel is missing or unusable."""
    grammar = GRAMMARS.get(language)
    if grammar is None:
        return None
    try:
        module = importlib.import_module(grammar.module)
        return Language(getattr(module, grammar.function)())
    except (ImportError, AttributeError, ValueError, OSError):
        return None


def parse_tree(language: str, text: bytes, *, leaps: bool = False) -> Tree | None:
    """The syntax tree of ``text``; None without a grammar, or if parsing takes too long. Thread-safe.

    With ``leaps`` the parser skips long runs of blanks, which halves the time for a text with blanked
    function bodies. The tree is the same in languages in which blanks mean nothing.
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
    """The ranges of a text between its long runs of blanks."""
    gaps = [edge for gap in re.finditer(_GAP, text) for edge in (gap.start() + 1, gap.end() - 1)]
    edges = np.array([0, *gaps, len(text)], dtype=np.int64)
    newlines = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 10)
    rows = np.searchsorted(newlines, edges)
    begins = np.concatenate((np.zeros(1, np.int64), newlines + 1))[rows]
    points = list(map(Point, rows.tolist(), (edges - begins).tolist()))
    bytes_ = edges.tolist()
    return [Range(points[i], points[i + 1], bytes_[i], bytes_[i + 1]) for i in range(0, len(bytes_), 2)]
