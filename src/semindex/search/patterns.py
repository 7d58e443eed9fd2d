r"""Regular expressions between slashes, which filter by the lines of a chunk: ``lang:go /ctx\.Done\(\)/``.

A pattern begins with a slash at the start of a word and ends with one before white space or the end. Inside,
a slash is written ``\/``, and there is no white space, unless the pattern is the whole query beside its
filters. So a path (``/usr/lib/x``), a division (``a / b``) and a comment (``/* x */``) are none.

>>> [match["pattern"] for match in re.finditer(PATTERN, r"close /ctx\.Done\(\)/ in /usr/lib/x and a / b")]
['ctx\\.Done\\(\\)']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from semindex.errors import QueryError
from semindex.search.plan import planned
from semindex.store.generation import Generation
from semindex.types import Ids, Query

LinesMatching = Callable[[str, Ids], Mapping[int, Sequence[int]]]
"""Gives the lines that a pattern matches, ascending and 1-based, of those of some files that have any.

The files are ids of the generation that is searched, ascending. Patterns are ripgrep's (Rust's syntax).
"""

MAX_PATTERNS = 8
"""Patterns of one query: each may read every file."""
# A repetition without anything to repeat is no regular expression, but how comments and globs begin.
_PLAIN = r"(?![*?+])(?:\\.|[^/\\])+"
_UNBROKEN = r"(?![*?+])(?:\\.|[^/\\\s])+"
PATTERN = rf"(?<!\S)/(?P<pattern>{_UNBROKEN})/(?!\S)"
_WHOLE = rf"\s*/({_PLAIN})/\s*"
_FOLDER = r"[\w.-]+"
"""What may be a folder as well as a pattern."""


def whole_pattern(text: str) -> str | None:
    """The pattern that a text is, blanks inside included; None when it is none."""
    match = re.fullmatch(_WHOLE, text)
    return match[1] if match is not None else None


def is_special(pattern: str) -> bool:
    """Whether a character of the pattern stands for others than itself, full stops aside."""
    return not set(r"\^$*+?|()[]{}").isdisjoint(pattern)


def written(pattern: str) -> str:
    r"""A pattern as an engine takes it: of ``\/`` the slash alone."""
    return re.sub(r"\\(.)", lambda match: "/" if match[1] == "/" else match[0], pattern)


def check_patterns(patterns: Sequence[str]) -> None:
    """Accept the patterns of a query.

    Raises:
        QueryError: They are too many.
    """
    if len(patterns) > MAX_PATTERNS:
        raise QueryError(
            f"the query has {len(patterns)} patterns between slashes, the limit is {MAX_PATTERNS}; "
            "join some of them with | or search several times"
        )


def as_words(query: Query, patterns: Sequence[str]) -> Query:
    """The query with some of its patterns as the words that were typed."""
    typed = [f"/{pattern}/" for pattern in query.patterns if pattern in patterns]
    text = " ".join(filter(None, (query.text, *typed)))
    plan = planned(text)
    kept = tuple(pattern for pattern in query.patterns if pattern not in patterns)
    return replace(query, text=plan.text, kind=plan.kind.value, places=plan.places, patterns=kept)


def settled(query: Query, generation: Generation) -> Query:
    """The query with only those patterns that are meant to be any.

    ``/docs/`` is a path where the index has that folder or file at its top.
    """
    plain = [pattern for pattern in query.patterns if re.fullmatch(_FOLDER, pattern)]
    paths = [pattern for pattern in plain if _known(pattern, generation)]
    return as_words(query, paths) if paths else query


def _known(path: str, generation: Generation) -> bool:
    below = f"{path}/"
    return any(each == path or each.startswith(below) for each in generation.path_of)


def chunks_with(generation: Generation, lines: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
    """By chunk the lines that it has of some lines of files, ascending.

    Several chunks have the same line of the file where that is very long, or all of a notebook.
    """
    bounds, starts = generation.column("chunk_lines"), generation.file_starts
    found: dict[int, list[int]] = {}
    for file, numbers in sorted(lines.items()):
        begin, end = int(starts[file]), int(starts[file + 1])
        own = np.array(numbers, dtype=np.int64)
        firsts = bounds[begin:end, 1].searchsorted(own, side="left") + begin
        lasts = bounds[begin:end, 0].searchsorted(own, side="right") + begin
        for first, last, line in zip(firsts.tolist(), lasts.tolist(), own.tolist(), strict=True):
            for chunk in range(first, last):
                found.setdefault(chunk, []).append(line)
    return found
