"""Which definition names which: all resolved edges of a repository at once.

Every distinct expression of a file is resolved once, however often it is used, so that a repository takes
about a millisecond a file. Files of languages that nothing resolves are tied by names instead: one
that has a name of several words which few files define (``parse_cookie``, ``HttpClient``) is taken to use it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.graph.corpus import Unit
from semindex.graph.edges import Edges, Target, Tier
from semindex.graph.things import Sort
from semindex.graph.variables import Variables
from semindex.parse.facts.model import Form, Role, Use
from semindex.source.roles import Role as FileRole
from semindex.tokens import defined_name, hash_terms
from semindex.types import Ids, Kind

MAX_DEFINING = 3
"""A name that more files define ties nothing by itself."""
_UNNAMED = frozenset(
    (Kind.SECTION, Kind.SETTING, Kind.FIELD, Kind.IMPLEMENTATION, Kind.MACRO, Kind.CONSTANT, Kind.VARIABLE)
)
"""What is not found by its name: too many are local, or are data."""
_OUTSIDE = int(FileRole.PROSE) | int(FileRole.DATA)
_ASIDE = int(FileRole.TESTS) | int(FileRole.EXAMPLES) | int(FileRole.LEGACY)


class Tie(Struct, frozen=True, gc=False):
    """A definition that names another."""

    source: int
    """The file that names it."""
    within: int
    """The number of the innermost definition around the place; -1 for the file."""
    file: int
    """The file that is meant, or that has the definition that is."""
    number: int
    """Of the definition in its file; -1 for the file as a module, or where only the name tells."""
    count: int
    """How many places there are."""
    is_import: bool = False
    name: str = ""
    """Of the definition, for a tie that only the name tells."""


class Network:
    """The ties between the files of one repository, found when they are first asked for."""

    def __init__(self, edges: Edges) -> None:
        """Take the edges."""
        self.edges, self.corpus = edges, edges.corpus
        self.variables = Variables(edges)

    @cached_property
    def roles(self) -> npt.NDArray[np.uint8]:
        """The bits of :class:`semindex.source.roles.Role` of each file of the generation."""
        return self.corpus.generation.column("file_roles")

    @cached_property
    def files(self) -> tuple[int, ...]:
        """The ids of the files of code, by path."""
        return tuple(
            file for _, file in sorted(self.corpus.path_of.items()) if not self.roles[file] & _OUTSIDE
        )

    @cached_property
    def positions(self) -> Mapping[int, int]:
        """The position of each of :attr:`files`."""
        return {file: position for position, file in enumerate(self.files)}

    def is_aside(self, file: int) -> bool:
        """Whether a file is one of tests or examples, or is old or somebody else's."""
        return file in self._asides

    def is_own(self, file: int) -> bool:
        """Whether a file is one of the code of the repository itself."""
        return file in self.positions and not self.is_aside(file)

    def is_test(self, file: int) -> bool:
        """Whether a file is one of tests."""
        return file in self._tests

    @cached_property
    def _tests(self) -> frozenset[int]:
        return frozenset(np.flatnonzero(self.roles & int(FileRole.TESTS)).tolist())

    @cached_property
    def _asides(self) -> frozenset[int]:
        return frozenset(np.flatnonzero(self.roles & _ASIDE).tolist())

    @cached_property
    def resolved(self) -> tuple[Tie, ...]:
        """What the facts tell: uses and imports, also within a file; by path, then by definition."""
        return tuple(tie for file in self.files for tie in self._of_file(file))

    def _of_file(self, file: int) -> Iterator[Tie]:
        unit = self.corpus.unit(file)
        if unit is None:
            return
        yield from self._imports(unit)
        known: dict[tuple[int, bool], tuple[Target, ...]] = {}
        for within, expression, is_call, count in distinct_uses(unit):
            key = expression, is_call
            targets = known.get(key)
            if targets is None:
                targets = known[key] = self._meant(unit, expression, is_call=is_call)
            for target in targets:
                yield Tie(file, within, target.file, target.number, count)

    def _meant(self, unit: Unit, expression: int, *, is_call: bool) -> tuple[Target, ...]:
        use = Use(0, 0, 0, expression, Role.CALL if is_call else Role.READ)
        tier, targets = self.edges.resolved(unit, use)
        if tier is Tier.RESOLVED or tier is Tier.EXTERNAL:
            return targets
        variable = self.variables.named(unit, expression)
        return (variable,) if variable is not None else ()

    def _imports(self, unit: Unit) -> Iterator[Tie]:
        evaluator = self.edges.evaluator
        for number, each in enumerate(unit.facts.imports):
            found: dict[tuple[int, int], None] = {}
            for thing in evaluator.imported(unit, number) or ():
                if thing.file >= 0 and thing.sort in (Sort.DEFINITION, Sort.MODULE) and not thing.is_object:
                    found[thing.file, thing.number] = None
            variable = self.variables.imported(unit, number)
            if variable is not None:
                found = {(variable.file, variable.number): None}
            for file, definition in found:
                yield Tie(unit.file, each.scope, file, definition, 1, is_import=True)

    @cached_property
    def by_name(self) -> tuple[Tie, ...]:
        """What names tell of files of languages that nothing is resolved in; by defining file, then name."""
        files = [file for file in self.files if self._language(file) not in self._resolved_languages]
        defining = self._defining(files)
        names = [name for name, where in defining.items() if len(where) <= MAX_DEFINING]
        if not names:
            return ()
        generation = self.corpus.generation
        found: dict[int, set[int]] = {}
        for block, (gathered,) in generation.gathered(["body"], hash_terms(names), [[1]] * len(names)):
            live = generation.live("body", gathered)
            users = generation.chunk_file[live.rows]
            for number, file in zip((live.numbers + block.start).tolist(), users.tolist(), strict=True):
                found.setdefault(number, set()).add(file)
        taken = set(self.files)
        return tuple(
            Tie(user, -1, file, -1, 1, name=defining[names[number]][file])
            for number in sorted(found)
            for file in defining[names[number]]
            for user in sorted(found[number] & taken)
            if user != file
        )

    @cached_property
    def _resolved_languages(self) -> frozenset[str]:
        return frozenset(
            self._language(tie.source)
            for tie in self.resolved
            if tie.source != tie.file and not tie.is_import
        )

    def _language(self, file: int) -> str:
        return self.corpus.language(file)

    def _defining(self, files: Sequence[int]) -> dict[str, dict[int, str]]:
        """Names of several words as terms, with the files that define them and how these write them."""
        generation = self.corpus.generation
        found: dict[str, dict[int, str]] = {}
        for file in files:
            for symbol in generation.symbols_of(file):
                record = generation.symbol(symbol)
                term = defined_name(record.name)
                if record.kind not in _UNNAMED and term.startswith("=") and _has_parts(record.name):
                    found.setdefault(term, {}).setdefault(file, record.name)
        return found


def _has_parts(name: str) -> bool:
    """Whether a name has several words, and so is in texts as one term."""
    inner = name.strip("_")
    return "_" in inner or (any(each.isupper() for each in inner[1:]) and not inner.isupper())


def distinct_uses(unit: Unit) -> Iterator[tuple[int, int, bool, int]]:
    """The distinct known expressions of a file by the definition around them.

    Yields:
        The number of the definition (-1 for the file), the expression, whether it is called, and how often;
        ascending.
    """
    flat = np.array(unit.facts.flat_uses, dtype=np.int64).reshape(-1, 5)
    known = flat[:, 3] >= 0
    lines = np.cumsum(flat[:, 0])[known]
    flat = flat[known]
    if not len(flat):
        return
    around = owners(unit, int(lines[-1]))[lines]
    is_call = (flat[:, 4] == int(Role.CALL)).astype(np.int64)
    keys = ((around + 1) << 32) | (flat[:, 3] << 1) | is_call
    for key, count in zip(*(each.tolist() for each in np.unique(keys, return_counts=True)), strict=True):
        yield (key >> 32) - 1, (key & 0xFFFFFFFF) >> 1, bool(key & 1), count


def owners(unit: Unit, last: int) -> Ids:
    """The number of the innermost definition around each line up to ``last``, from line 0; -1 for none."""
    found = np.full(last + 1, -1, dtype=np.int64)
    definitions = unit.facts.definitions
    inside = [number for number, each in enumerate(definitions) if each.form != Form.VARIABLE]
    inside.sort(key=lambda number: definitions[number].line - definitions[number].end_line)
    for number in inside:
        found[definitions[number].line : definitions[number].end_line + 1] = number
    return found
