"""How important the files and definitions of a repository are, by who names them.

A file's rank comes from PageRank (Page et al. 1999) over the ties between files: one from ``a`` to ``b``
weighs the sum, over the definitions of ``b`` that ``a`` names, of the square root of how often. It is the
geometric mean of two: how much a file is used, through others too, and how much it uses. By the first alone
the leaves (exceptions, types) stand above what a reader looks for; the second lifts what ties them together.
A definition's score is ``sqrt(rank of its file) * sqrt(references from other files)``, so that a file of many
helpers that are used in one place gives no more than a class that everything uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import sqrt

import numpy as np
from msgspec import Struct

from semindex.graph.corpus import Unit
from semindex.graph.exported import exported_by_packages
from semindex.graph.network import Network
from semindex.parse.facts.model import Definition, Flag, Form
from semindex.types import Floats, Ids

DAMPING = 0.85
ANYWHERE = 0.2
"""How much of a walk for some files begins at any file."""
_ROUNDS = 40
"""After which the error is below one part in 600 of a rank."""
_CLASSES = frozenset((Form.CLASS, Form.INTERFACE))
CLASS, BARE_CLASS, PRIVATE, VALUE, UNNAMED = 1.5, 0.75, 0.25, 0.35, 0.2
"""What a class with members, one without, a private definition, a variable or other name of a type, and one
that no other file names weigh against a function that is named once."""
EXPORTED = 2.0
"""What a definition weighs that a package offers, against another."""
SEED = 10.0
"""How much more a reference from a file weighs that a map is asked about, and a definition in one."""


_Counts = tuple[float, int, int]
"""Weighed references from other files, references, and those in tests."""


class Scored(Struct, frozen=True, gc=False):
    """A definition with its importance."""

    file: int
    line: int
    """Of its name; 0 where only the name is known."""
    name: str
    score: float
    references: int
    """Places in other files that name it, those in tests among them."""
    tests: int
    """Of these, those in files of tests."""


class Importance:
    """The importance of all files and definitions of one repository."""

    def __init__(self, network: Network, seeds: Mapping[int, float] | None = None) -> None:
        """Rank the files.

        Args:
            network: The ties of the repository.
            seeds: Files that are asked about, with weights above 0; none ranks for everybody.
        """
        self.network, self.seeds = network, dict(seeds or {})
        self.files = network.files
        self._position = network.positions
        self._all = [*network.resolved, *network.by_name]
        self.used, self.using = self._ranked()
        self.ranks = np.sqrt(self.used * self.using)
        self.exported = exported_by_packages(network)

    def rank(self, file: int) -> float:
        """A file's rank; 1 is the mean of all files."""
        return float(self.ranks[self._position[file]]) * len(self.files)

    def leaning(self, file: int) -> float:
        """Above 1 for a file that uses others more than it is used, below 1 for one that is used more."""
        position = self._position[file]
        return float(sqrt(self.using[position] / self.used[position]))

    def _ranked(self) -> tuple[Floats, Floats]:
        """How much each file is used, and how much it uses, through others too."""
        weights: dict[tuple[int, int], float] = {}
        for tie in self._all:
            if tie.source != tie.file and tie.file in self._position:
                key = self._position[tie.source], self._position[tie.file]
                weights[key] = weights.get(key, 0.0) + sqrt(tie.count)
        pairs = np.array(list(weights), dtype=np.int64).reshape(-1, 2)
        flow = np.array(list(weights.values()))
        restart = np.zeros(len(self.files))
        for file, weight in self.seeds.items():
            if file in self._position:
                restart[self._position[file]] = weight
        is_shown = np.array([self.is_shown(file) for file in self.files], dtype=bool)
        own = is_shown[pairs[:, 0]] & is_shown[pairs[:, 1]]
        used = pagerank(pairs[:, 0], pairs[:, 1], flow, restart)
        using = pagerank(pairs[own, 1], pairs[own, 0], flow[own], np.zeros(len(self.files)))
        return used, using

    def is_shown(self, file: int) -> bool:
        """Whether a map shows the definitions of a file: tests, examples and what is old stand apart."""
        return file in self.seeds or not self.network.is_aside(file)

    def seeding(self, file: int) -> float:
        """What a file's weight as a seed makes of what is in it."""
        return 1.0 + (SEED - 1.0) * self.seeds.get(file, 0.0)

    def scored(self) -> list[Scored]:
        """The definitions of all files that a map shows; the most important first, then by path and line."""
        counts = self._references()
        named: dict[int, list[tuple[str, _Counts]]] = {}
        for (file, _, name), count in counts.items():
            if name:
                named.setdefault(file, []).append((name, count))
        found: list[Scored] = []
        for file in filter(self.is_shown, self.files):
            found += self._of_file(file, counts)
            found += self._of_names(file, named.get(file, ()))
        path = self.network.corpus.path
        found.sort(key=lambda each: (-round(each.score, 9), path(each.file), each.line, each.name))
        return found

    def _references(self) -> Mapping[tuple[int, int, str], _Counts]:
        """By definition: weighed references from other files, references, and those from tests."""
        found: dict[tuple[int, int, str], _Counts] = {}
        for tie in self._all:
            if tie.source != tie.file:
                key = tie.file, tie.number, tie.name
                weighed, references, tests = found.get(key, (0.0, 0, 0))
                weight = self.seeding(tie.source)
                is_test = self.network.is_test(tie.source)
                found[key] = (
                    weighed + weight * tie.count,
                    references + tie.count,
                    tests + tie.count * is_test,
                )
        return found

    def _of_file(self, file: int, counts: Mapping[tuple[int, int, str], _Counts]) -> list[Scored]:
        unit = self.network.corpus.unit(file)
        rank = sqrt(max(self.rank(file), float(file in self.seeds))) * self.seeding(file)
        asked = SEED * self.seeds.get(file, 0.0)
        found = []
        for number, each in enumerate(unit.facts.definitions if unit is not None else ()):
            assert unit is not None
            if not each.flags & (Flag.LOCAL | Flag.TEST):
                weighed, references, tests = counts.get((file, number, ""), (0.0, 0, 0))
                score = rank * sqrt(weighed + UNNAMED + asked) * self._weight(unit, number, each)
                found.append(Scored(file, each.line, unit.name(number), score, references, tests))
        return found

    def _of_names(self, file: int, named: Iterable[tuple[str, _Counts]]) -> Iterator[Scored]:
        rank = sqrt(self.rank(file)) * self.seeding(file)
        for name, (weighed, references, tests) in sorted(named):
            yield Scored(file, 0, name, rank * sqrt(weighed), references, tests)

    def _weight(self, unit: Unit, number: int, each: Definition) -> float:
        weight = VALUE if each.form in (Form.VARIABLE, Form.TYPE) else 1.0
        if each.form in _CLASSES:
            has_members = unit.by_parent.get(number) or unit.owned.get(unit.name(number))
            weight = CLASS if has_members else BARE_CLASS
        if each.flags & Flag.PRIVATE or unit.name(number).startswith("__"):
            weight *= PRIVATE
        if (unit.file, number) in self.exported:
            weight *= EXPORTED
        return weight


def pagerank(sources: Ids, targets: Ids, weights: Floats, restart: Floats) -> Floats:
    """The PageRank of nodes numbered from 0.

    Args:
        sources: Shape ``(edges,)``: the node that each edge leaves.
        targets: Shape ``(edges,)``: the node that it leads to.
        weights: Shape ``(edges,)``, above 0.
        restart: Shape ``(nodes,)``: how likely a walk begins at each, but for the share
            :data:`ANYWHERE`; all zero for equally likely.

    Returns:
        Shape ``(nodes,)``, summing to 1. The same input gives the same bits.
    """
    nodes = len(restart)
    total = restart.sum()
    start = np.full(nodes, 1 / max(1, nodes))
    if total:
        start = (1 - ANYWHERE) * restart / total + ANYWHERE * start
    out = np.bincount(sources, weights, nodes)
    share = weights / out[sources] if len(sources) else weights
    is_end = out == 0
    rank = start.copy()
    for _ in range(_ROUNDS):
        moved = np.bincount(targets, rank[sources] * share, nodes)
        rank = (1 - DAMPING) * start + DAMPING * (moved + rank[is_end].sum() * start)
    return rank
