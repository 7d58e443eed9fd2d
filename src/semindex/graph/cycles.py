"""Cycles of imports between files: groups of files that all reach each other, and the shortest way round.

Example: ``a`` imports ``b``, ``b`` imports ``c``, and ``c`` imports ``a`` and ``b``. The three are one group
(a strongly connected component, Tarjan 1972), and the shortest cycle in it is ``b``, ``c``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from semindex.graph.importing import Imported, imports_of
from semindex.graph.relations import Relations

MAX_STARTS = 200
"""Files of a group from which a cycle is looked for; one of more files has a short one from any."""


class Cycle(Struct, frozen=True):
    """A group of files that import each other, directly or through others."""

    files: tuple[int, ...]
    """By path."""
    steps: tuple[Imported, ...]
    """The imports of a shortest cycle in it, which begins with the first of its files by path."""
    harmless: bool
    """Whether there is none without imports that are put off."""


def import_cycles(
    relations: Relations, files: Iterable[int], put_off: Callable[[Imported], str]
) -> Iterator[Cycle]:
    """The cycles between some files: those that matter first, then by size, the largest first, then by path.

    Args:
        relations: The code graph of the repository.
        files: The files.
        put_off: Says why an import does not run when its file is loaded; empty for one that does.
    """
    wanted = set(files)
    every: dict[int, dict[int, Imported]] = {}
    at_once: dict[int, dict[int, Imported]] = {}
    for file in sorted(wanted, key=relations.corpus.path):
        for each in imports_of(relations, file):
            target = each.target
            if target is None or target.file == file or target.file not in wanted:
                continue
            every.setdefault(file, {}).setdefault(target.file, each)
            if not put_off(each):
                at_once.setdefault(file, {}).setdefault(target.file, each)
    groups = [(group, False) for group in components(at_once)]
    serious = {file for group, _ in groups for file in group}
    groups += [(group, True) for group in components(every) if serious.isdisjoint(group)]
    path = relations.corpus.path
    cycles = [
        Cycle(
            tuple(sorted(group, key=path)),
            _shortest(every if harmless else at_once, sorted(group, key=path), path),
            harmless,
        )
        for group, harmless in groups
    ]
    cycles.sort(key=lambda each: (each.harmless, -len(each.files), [path(file) for file in each.files]))
    yield from cycles


def components(edges: Mapping[int, Iterable[int]]) -> list[tuple[int, ...]]:
    """The strongly connected components of more than one node, in no particular order."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    is_on: set[int] = set()
    found: list[tuple[int, ...]] = []
    for root in edges:
        if root in number:
            continue
        work: list[tuple[int, Iterator[int]]] = [(root, iter(edges.get(root, ())))]
        number[root] = low[root] = len(number)
        stack.append(root)
        is_on.add(root)
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    at = stack.index(node)
                    group = tuple(stack[at:])
                    del stack[at:]
                    is_on.difference_update(group)
                    found += [group] if len(group) > 1 else []
            elif following not in number:
                number[following] = low[following] = len(number)
                stack.append(following)
                is_on.add(following)
                work.append((following, iter(edges.get(following, ()))))
            elif following in is_on:
                low[node] = min(low[node], number[following])
    return found


def _shortest(
    edges: Mapping[int, Mapping[int, Imported]], group: Sequence[int], path: Callable[[int], str]
) -> tuple[Imported, ...]:
    """The imports of a shortest cycle in a group of files, which are given by path."""
    inside = set(group)
    best: list[int] = []
    for start in group[:MAX_STARTS]:
        found = _way_back(edges, start, inside, len(best) or len(group) + 1)
        if found:
            best = found
        if len(best) == 2:
            break
    first = min(range(len(best)), key=lambda at: path(best[at]))
    order = best[first:] + best[:first]
    return tuple(edges[file][order[(at + 1) % len(order)]] for at, file in enumerate(order))


def _way_back(
    edges: Mapping[int, Mapping[int, Imported]], start: int, inside: set[int], below: int
) -> list[int]:
    """The files of a shortest cycle through ``start``, if it has fewer than ``below``."""
    before: dict[int, int] = {start: -1}
    level = [start]
    for length in range(1, below):
        following: list[int] = []
        for file in level:
            for other in edges.get(file, ()):
                if other == start:
                    cycle = [file]
                    while before[cycle[-1]] >= 0:
                        cycle.append(before[cycle[-1]])
                    return cycle[::-1] if length < below else []
                if other in inside and other not in before:
                    before[other] = file
                    following.append(other)
        level = following
    return []
