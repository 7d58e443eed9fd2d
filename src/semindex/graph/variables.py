"""Which variable of another file an expression names, where what it holds says nothing of its name.

Example: ``from flask import g`` brings an object of a class, by what ``g`` holds; the variable ``g`` of
``flask/globals.py`` is what is named, through ``flask/__init__.py``, which takes it from there.
"""

from __future__ import annotations

from semindex.graph.corpus import Unit
from semindex.graph.edges import Edges, Target
from semindex.graph.things import Sort, Thing
from semindex.parse.facts.model import Form, Op

_THROUGH = 8
"""Files that may pass a name on."""


class Variables:
    """Finds variables by how they are imported; each question is answered once."""

    def __init__(self, edges: Edges) -> None:
        """Take the edges."""
        self._corpus, self._evaluator = edges.corpus, edges.evaluator
        self._known: dict[tuple[int, str], Target | None] = {}

    def named(self, unit: Unit, expression: int) -> Target | None:
        """The variable of another file that an expression names; None if it is none, or is not known."""
        op, a, b = unit.facts.node(expression)
        if op == Op.IMPORT:
            return self.imported(unit, a)
        if op != Op.MEMBER:
            return None
        owners = self._evaluator.value(unit.file, a)
        return self._of_module(owners[0], unit.facts.names[b]) if owners and len(owners) == 1 else None

    def imported(self, unit: Unit, number: int) -> Target | None:
        """The variable that an import brings."""
        each = unit.imported(number)
        if each.name < 0:
            return None
        modules = self._evaluator.language(unit.file).module(unit, each)
        if not modules or len(modules) != 1:
            return None
        return self._of_module(modules[0], unit.facts.names[each.name])

    def _of_module(self, module: Thing, name: str) -> Target | None:
        if module.sort is not Sort.MODULE or module.file < 0:
            return None
        return self._offered(module.file, name, _THROUGH)

    def _offered(self, file: int, name: str, through: int) -> Target | None:
        key = file, name
        if key not in self._known:
            self._known[key] = None  # what leads back to itself is not known
            self._known[key] = self._found(file, name, through)
        return self._known[key]

    def _found(self, file: int, name: str, through: int) -> Target | None:
        unit = self._corpus.unit(file)
        if unit is None or not through:
            return None
        numbers = unit.by_parent.get(-1, {}).get(name)
        if numbers:
            is_variable = unit.definition(numbers[0]).form == Form.VARIABLE
            return Target(file, numbers[0]) if is_variable else None
        for number in unit.imports.get(name, ()):
            each = unit.imported(number)
            for module in self._evaluator.language(file).module(unit, each) or ():
                if each.name >= 0 and module.sort is Sort.MODULE and module.file >= 0:
                    return self._offered(module.file, unit.facts.names[each.name], through - 1)
        return None
