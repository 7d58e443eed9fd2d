"""Looks for words in files themselves, for as long as there is no index to ask."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from semindex.source.read import read_file
from semindex.source.secrets import hidden_ranges, hide, mask
from semindex.source.walk import walk
from semindex.tokens import query_terms, words
from semindex.types import FileFailure

MOST_LINES = 3
"""Lines that are told of a file."""
LINE_CHARS = 300
_SHORTEST_WORD = 3


class Found(Struct, frozen=True):
    """A file that has some of the words."""

    path: str
    lines: tuple[tuple[int, str], ...]
    """The lines that have most of the words, with their numbers from 1."""
    share: float
    """The share of the words that stand in the file or its path."""


class Scan(Struct, frozen=True):
    """What was found, best first."""

    found: tuple[Found, ...]
    read: int
    """Files that were read."""
    seen: int
    """Files that there are."""


def scan(root: Path, query: str, *, limit: int, seconds: float, scope: str = "") -> Scan:
    """The files below ``root`` with most of a query's words, as far as they can be read in a time.

    Files whose names have a word are read first.
    """
    until = time.monotonic() + seconds
    wanted = _wanted(query)
    refs = [ref for ref in walk(root).refs if not scope or (ref.path + "/").startswith(scope + "/")]
    if not wanted:
        return Scan((), 0, len(refs))
    patterns = [re.compile(re.escape(word), re.IGNORECASE) for word in wanted]
    named = {ref.path: sum(bool(pattern.search(ref.path)) for pattern in patterns) for ref in refs}
    found: list[Found] = []
    read = 0
    for ref in sorted(refs, key=lambda ref: -named[ref.path]):
        if time.monotonic() > until:
            break
        source = read_file(root, ref)
        read += 1
        if isinstance(source, FileFailure):
            continue
        shown, _ = mask(hide(source.text, hidden_ranges(ref.path, source.text)), 0, len(source.text))
        text = shown.decode("utf-8", "replace")
        has = [bool(pattern.search(text)) for pattern in patterns]
        if any(has) or named[ref.path]:
            share = (sum(has) + 0.5 * named[ref.path]) / (1.5 * len(patterns))
            found.append(Found(ref.path, _lines(text, patterns), share))
    found.sort(key=lambda each: (-each.share, each.path))
    return Scan(tuple(found[:limit]), read, len(refs))


def _wanted(query: str) -> Sequence[str]:
    """The words of a query that mean something, as they are written."""
    meant = {term.source.lower() for term in query_terms(query)}
    kept = [word for word in words(query) if word.lower() in meant and len(word) >= _SHORTEST_WORD]
    return tuple(dict.fromkeys(kept))


def _lines(text: str, patterns: Sequence[re.Pattern[str]]) -> tuple[tuple[int, str], ...]:
    rows = [
        (-sum(bool(pattern.search(line)) for pattern in patterns), number, line)
        for number, line in enumerate(text.split("\n"), 1)
    ]
    best = sorted(row for row in rows if row[0])[:MOST_LINES]
    return tuple(
        (number, line.strip()[:LINE_CHARS]) for _, number, line in sorted(best, key=lambda row: row[1])
    )
