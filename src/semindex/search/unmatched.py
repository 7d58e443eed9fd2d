"""Says which words of a question no file has, of those in scripts without Latin letters.

The bundled model has no vectors of such words: only files with text in that script can be found by them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from semindex.scripts import PAIRED, script_of
from semindex.search.terms import Occurring
from semindex.tokens import split_word, stem
from semindex.types import QueryTerm, Vector

TOLD_WORDS = 6
"""So many words a note names."""
_PAIRED_RUN = f"[{PAIRED}]+"
_RUN = rf"{_PAIRED_RUN}|[^\W\d_{PAIRED}]+"


def unmatched_notes(
    text: str, terms: Sequence[QueryTerm], found: Occurring, alone: Vector | None = None
) -> tuple[str, ...]:
    """A note that tells which words of a question in such scripts stand nowhere, if any.

    Args:
        text: The question.
        terms: Its terms.
        found: Where they occur.
        alone: The vector of the question, if it is ranked by nothing else.
    """
    asked = [term for term in terms if term.script]
    if not asked:
        return ()
    script = " and ".join(sorted({term.script for term in asked}))
    if alone is not None and not alone.any():
        return (f"the model knows no words in {script}: rank by words, too (--mode hybrid)",)
    rows = zip(terms, found.text_df, found.body_df, strict=True)
    standing = {term.term for term, chunks, bodies in rows if term.script and (chunks or bodies)}
    sources = sorted({term.source for term in asked}, key=lambda source: (text.find(source), source))
    words = list(dict.fromkeys(word for source in sources for word in unmatched(source, standing)))
    if not words:
        return ()
    note = f"no file has {', '.join(words[:TOLD_WORDS])}"
    if standing:
        return (note,)
    return (
        f"{note}: nothing that was asked in {script} stands in this index; "
        "ask in English or by an identifier",
    )


def unmatched(word: str, standing: Collection[str]) -> Iterator[str]:
    """The stretches of a word, in scripts without Latin letters, that no term in ``standing`` covers.

    >>> list(unmatched("限制接口频率", {"接口"})), list(unmatched("限制接口", {"限制", "制接", "接口"}))
    (['限制', '频率'], [])
    """
    for run in re.findall(_RUN, word):
        if re.fullmatch(_PAIRED_RUN, run):
            yield from _uncovered(run, standing)
        elif script_of(run) and not any(stem(part) in standing for part in split_word(run)):
            yield run


def _uncovered(run: str, standing: Collection[str]) -> Iterator[str]:
    """The stretches of two characters or more that no pair in ``standing`` covers."""
    covered = bytearray(len(run))
    for at in range(len(run)):
        if run[at : at + 2] in standing:
            covered[at : at + 2] = b"\1" * len(run[at : at + 2])
    for found in re.finditer(rb"\0+", covered):
        if len(found[0]) > 1 or len(run) == 1:
            yield run[found.start() : found.end()]
