r"""Tell which texts can bring no grammar to crash, or to take all memory, before it can be stopped.

A grammar is stopped between its steps (:mod:`semindex.parse.grammars`), but deep nesting makes single steps
that take gigabytes, or overflow the stack: 100 kB of ``A<B<C<`` crash the grammars of Java and C#. Ordinary
source is nested at most 20 deep, tables and tests of parsers up to 240 (measured in 14,728 files of 39
repositories).

>>> _depth(b"f(a[1], {b: (c)})"), _depth(b"a(b)c(d)")
(3, 1)
>>> _longest_chain(b"Map<A, Map<B, C>> x; a < b; c < d; A<B<C<D")
4
"""

import re

import numpy as np

from semindex.parse.wheels import wheels_of
from semindex.source.notebooks import is_notebook
from semindex.types import SourceFile

HARMLESS_BYTES = 1_500
"""Shorter texts are not looked at: whatever they hold, the steps of a grammar stay small."""
LARGE_BYTES = 1_000_000
"""Larger texts are never harmless: they may hold what is not looked for here, often enough to matter."""
MOST_DEPTH = 250
MOST_CHAINED = 100
"""Opening angle brackets in a row, with nothing between that closes one or ends a statement."""

_KEPT = b"([{}])<>;"
_OTHERS = bytes(set(range(256)).difference(_KEPT))
_CHAIN = re.compile(rb"[<(\[\])]+")
_STEPS = np.zeros(256, dtype=np.int32)
_STEPS[list(b"([{")] = 1
_STEPS[list(b")]}")] = -1


def is_harmless(source: SourceFile) -> bool:
    """Whether a file may be parsed in a process that must live on, whatever the grammars do."""
    size = len(source.text)
    if size <= HARMLESS_BYTES or not (wheels_of(source.language) or is_notebook(source.path)):
        return True
    if size > LARGE_BYTES:
        return False
    marks = source.text.translate(None, _OTHERS)
    if len(marks) <= MOST_CHAINED:
        return True
    return _depth(marks) <= MOST_DEPTH and _longest_chain(marks) <= MOST_CHAINED


def _depth(text: bytes) -> int:
    """How deep brackets are nested; one that closes nothing begins anew."""
    levels = np.cumsum(_STEPS[np.frombuffer(text, dtype=np.uint8)])
    lowest = np.minimum(np.minimum.accumulate(levels), 0) if len(levels) else levels
    return int((levels - lowest).max(initial=0))


def _longest_chain(text: bytes) -> int:
    """The most angle brackets that are opened one after the other, with none closed between them."""
    marks = text.translate(None, _OTHERS)
    return max((chain.count(b"<") for chain in _CHAIN.findall(marks)), default=0)
