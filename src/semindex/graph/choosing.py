"""Chooses which definitions a map shows: the most important first, while there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import sqrt

from msgspec import Struct

from semindex.graph.importance import Scored

MOST_A_FILE, MOST_CLASSES_A_FILE = 14, 20
"""Definitions that are shown of a file, and how many there may be when the further ones are classes."""
_MISSES = 24
"""So many that do not fit one after the other end the choice."""
_CROWD = 0.15
"""How much less each further definition of a file counts: the n-th is divided by ``sqrt(1 + 0.15 n)``."""


class Chosen(Struct, frozen=True):
    """A definition that is shown, by what finds it in the index."""

    symbol: int
    score: float
    references: int
    tests: int
    is_class: bool
    parents: tuple[int, ...] = ()
    """The definitions around it, the outermost first."""


def crowded(scored: Iterable[Scored]) -> list[Scored]:
    """The definitions in the order in which they are tried, given by their scores."""
    met: dict[int, int] = {}
    tried: list[tuple[float, int, Scored]] = []
    for place, each in enumerate(scored):
        before = met.get(each.file, 0)
        met[each.file] = before + 1
        tried.append((-each.score / sqrt(1 + _CROWD * before), place, each))
    tried.sort(key=lambda item: item[:2])
    return [each for _, _, each in tried]


def chosen(
    tried: Iterable[Scored], found: Callable[[Scored], Chosen | None], cost: Callable[[int], int], room: int
) -> Iterator[tuple[int, Chosen]]:
    """The definitions that fit, each with its file, in the order in which they are tried.

    Args:
        tried: The definitions, those to be shown first.
        found: Finds one in the index; None if it is not there or not worth a line.
        cost: The tokens that the line of a definition takes, by its id, or of a file's, by ``~file``.
        room: Tokens.
    """
    files: dict[int, int] = {}
    shown: set[int] = set()
    misses = 0
    for each in tried:
        if misses >= _MISSES:
            return
        known = files.get(each.file, 0)
        if known >= MOST_CLASSES_A_FILE:
            continue
        definition = found(each)
        if definition is None or definition.symbol in shown:
            continue
        if known >= MOST_A_FILE and not definition.is_class:
            continue
        lines = [line for line in (*definition.parents, definition.symbol) if line not in shown]
        needed = sum(map(cost, lines)) + (0 if known else cost(~each.file))
        if needed > room:
            misses += 1
            continue
        misses, room = 0, room - needed
        shown.update(lines)
        files[each.file] = known + len(lines)
        yield each.file, definition
