"""The facts of all files of a generation, unpacked when they are needed."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from semindex.errors import IndexCorrupt
from semindex.parse.facts.model import Definition, Facts, Form, Import, unpacked
from semindex.store.generation import Generation
from semindex.tokens import hash_terms
from semindex.types import Ids

_MOST_UNITS = 8192
"""Files whose facts stay unpacked: some 100 MB."""


class Unit:
    """One file's facts, with what is looked up in them."""

    def __init__(self, file: int, facts: Facts) -> None:
        """Take the facts of a file, which is given by its id."""
        self.file, self.facts = file, facts
        self.by_parent: dict[int, dict[str, list[int]]] = {}
        """The definitions in each definition, by name; those at the top under -1."""
        self.owned: dict[str, dict[str, list[int]]] = {}
        """The definitions that belong to a type by its name, by their own names."""
        names = facts.names
        for number, each in enumerate(facts.definitions):
            if each.owner >= 0:
                self.owned.setdefault(names[each.owner], {}).setdefault(names[each.name], []).append(number)
            self.by_parent.setdefault(each.parent, {}).setdefault(names[each.name], []).append(number)
        self.imports: dict[str, list[int]] = {}
        """The imports at the top of the file, by the names that they have here; the empty one takes all."""
        for number, each_import in enumerate(facts.imports):
            if each_import.scope < 0:
                self.imports.setdefault(names[each_import.local], []).append(number)
        flat = facts.bindings
        self.bindings = {names[flat[at]]: flat[at + 1] for at in range(0, len(flat), 2)}

    def name(self, number: int) -> str:
        """The name of a definition."""
        return self.facts.names[self.facts.definitions[number].name]

    def definition(self, number: int) -> Definition:
        """A definition."""
        return self.facts.definitions[number]

    def qualified(self, number: int) -> str:
        """The names of the definitions around one and its own, joined by dots."""
        parts: list[str] = []
        while number >= 0 and len(parts) < 64:
            each = self.definition(number)
            parts.append(self.facts.names[each.name])
            if each.owner >= 0:
                parts.append(self.facts.names[each.owner])
            number = each.parent
        return ".".join(reversed(parts))

    def attributes(self, number: int) -> Mapping[str, int]:
        """What the objects of a class hold, by name: expressions."""
        flat = self.definition(number).attributes
        return {self.facts.names[flat[at]]: flat[at + 1] for at in range(0, len(flat), 2)}

    def imported(self, number: int) -> Import:
        """An import."""
        return self.facts.imports[number]

    def around(self, line: int) -> int:
        """The innermost function, class or module that has a line; -1 for the file."""
        best, size = -1, 1 << 60
        for number, each in enumerate(self.facts.definitions):
            if each.line <= line <= each.end_line and each.form != Form.VARIABLE:
                lines = each.end_line - each.line
                if lines <= size:
                    best, size = number, lines
        return best


class Corpus:
    """The files of one repository of a generation, as the code graph sees them."""

    def __init__(self, generation: Generation, repository: int = 0) -> None:
        """Take a generation; unpack nothing yet."""
        self.generation, self.repository = generation, repository
        self._units: OrderedDict[int, Unit | None] = OrderedDict()

    @property
    def has_facts(self) -> bool:
        """Whether the index has what the graph is made of."""
        return self.generation.has("graph.facts") and self.generation.has("graph.names.heads")

    @cached_property
    def path_of(self) -> Mapping[str, int]:
        """The live files of the repository, by path."""
        generation = self.generation
        mask = generation.file_live & generation.of_repository(self.repository)
        return {generation.path(file): file for file in np.flatnonzero(mask).tolist()}

    @cached_property
    def folders(self) -> Mapping[str, Sequence[int]]:
        """The files directly in each folder, in the order of their names."""
        found: dict[str, list[int]] = {}
        for path, file in sorted(self.path_of.items()):
            found.setdefault(path.rpartition("/")[0], []).append(file)
            while path:
                path = path.rpartition("/")[0]
                found.setdefault(path, [])
        return found

    @cached_property
    def file_roles(self) -> Ids:
        """Bits of :class:`semindex.source.roles.Role` of each file, shape ``(files,)``."""
        return self.generation.column("file_roles").astype(np.int64)

    def path(self, file: int) -> str:
        """A file's root-relative path."""
        return self.generation.path(file)

    def language(self, file: int) -> str:
        """A file's language."""
        return self.generation.language(file)

    def unit(self, file: int) -> Unit | None:
        """The facts of a file; None if it has none.

        Raises:
            IndexCorrupt: They are damaged.
        """
        if file in self._units:
            self._units.move_to_end(file)
            return self._units[file]
        packed = self.generation.string("graph.facts", file)
        try:
            found = Unit(file, unpacked(packed)) if packed else None
        except (ValueError, LookupError) as error:
            raise IndexCorrupt(
                f"the facts of {os.fsencode(self.path(file))!r} are damaged; run 'semindex index --force'"
            ) from error
        if len(self._units) >= _MOST_UNITS:
            self._units.popitem(last=False)
        self._units[file] = found
        return found

    def naming(self, names: Sequence[str]) -> Ids:
        """The ids of the live files that define, import or use one of some names; ascending."""
        keys = np.unique(hash_terms(names))
        parts = [np.empty(0, np.int64)]
        for _, gathered in self.generation.gathered(["graph.names"], keys, [[1]] * len(keys)):
            parts.append(self.generation.live("graph.names", gathered[0]).rows.astype(np.int64))
        files = np.unique(np.concatenate(parts))
        return files[self.generation.of_repository(self.repository)[files]]
