"""Parse text with tree-sitter, in bounded time and memory; a grammar is imported when it is first needed."""

import importlib
import re
from functools import lru_cache
from time import thread_time

import numpy as np
from tree_sitter import Language, Parser, Point, Range, Tree

from semindex.parse.wheels import GRAMMARS
from semindex.process.memory import resident_bytes

_GAP = rb"[ \t\r\n]{64,}+"
_SECONDS = 2.0
_SECONDS_A_BYTE = 3e-6
"""Ordinary source takes 0.1 to 0.7 us of this thread's processor time for each byte. Text made to mislead a
grammar takes minutes and gigabytes (measured: ``a<a<a<`` in Java is quadratic in both)."""
_ROOM_BYTES = 64_000_000
_ROOM_A_BYTE = 150
"""Trees of ordinary source take 10 to 60 bytes for each byte; a name on each line takes 280 in Python."""
_LOOK_SECONDS = 0.02
"""How often memory is looked at, which takes 10 us; most files are parsed in less time."""

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


class GrammarStopped(Exception):  # noqa: N818 - an event, not a mistake
    """A grammar took too much; the message says of what, in words that follow "its parsing"."""


def parse_tree(language: str, text: bytes, *, leaps: bool = False) -> Tree | None:
    """The syntax tree of ``text``; None without a grammar. Thread-safe.

    With ``leaps`` the parser skips long runs of blanks, which halves the time for a text with blanked
    function bodies. The tree is the same in languages in which blanks mean nothing.

    Raises:
        GrammarStopped: Parsing took too long, or too much memory.
    """
    grammar = grammar_of(language)
    if grammar is None:
        return None
    if language in _ENDLESS and not text.endswith(b"\n"):
        text += b"\n"
    watch = _Watch(len(text))

    def read(offset: int, _point: Point) -> bytes:
        return b"" if watch.is_over() else text[offset:]

    tree: Tree | None = None
    try:
        parser = Parser(grammar, included_ranges=_inked(text)) if leaps else Parser(grammar)
        tree = parser.parse(read, progress_callback=lambda _offset, _has_error: watch.is_over())
    except ValueError:
        if not watch.is_over():
            return None
    if watch.is_over():
        raise GrammarStopped(watch.excess)
    return tree


class _Watch:
    """Tells whether the parsing of one text has taken too much time or memory."""

    def __init__(self, size: int) -> None:
        now = thread_time()
        self._deadline = now + _SECONDS + _SECONDS_A_BYTE * size
        self._room = _ROOM_BYTES + _ROOM_A_BYTE * size
        self._next_look = now + _LOOK_SECONDS
        self._held_before = -1
        self.excess = ""
        """What was too much; empty while nothing is."""

    def is_over(self) -> bool:
        """Whether the parser has to stop; once it has, it always has."""
        now = thread_time()
        if not self.excess and now > self._deadline:
            self.excess = "took too long"
        elif not self.excess and now > self._next_look:
            self._next_look = now + _LOOK_SECONDS
            held = resident_bytes()
            if self._held_before < 0:
                self._held_before = held
            elif held - self._held_before > self._room:
                self.excess = "took too much memory"
        return bool(self.excess)


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
