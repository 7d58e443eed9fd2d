"""How TypeScript and JavaScript name modules, and what their own classes do."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from semindex.graph.modules.base import Language
from semindex.graph.modules.packages import Packages
from semindex.graph.things import Sort, Thing, Value, external, joined
from semindex.parse.facts.model import Import, Op

if TYPE_CHECKING:
    from semindex.graph.corpus import Unit
    from semindex.graph.evaluating import Evaluator

WHOLE = "export="
"""What a file offers as a whole: ``module.exports = a``."""
_DEFAULT = "default"
_PROMISES = frozenset(("Promise", "PromiseLike", "Awaitable"))
_LISTS = frozenset(("Array", "ReadonlyArray", "Set", "ReadonlySet", "Iterable", "Iterator", "Generator"))
_SAME = frozenset(
    ("Array.filter", "Array.slice", "Array.concat", "Array.reverse", "Array.sort", "Array.splice")
)
_ELEMENT = frozenset(("Array.find", "Array.pop", "Array.shift", "Array.at", "Array.findLast", "Set.values"))
_OF_MAP = frozenset(("Map.get", "WeakMap.get"))


class Script(Language):
    """TypeScript or JavaScript, for one repository."""

    makers = ("constructor",)
    calls_values = True
    mappings = frozenset(("Record", "Map"))

    @cached_property
    def _packages(self) -> Packages:
        return Packages(self.corpus)

    def module(self, unit: Unit, each: Import) -> Value:
        """The file that an import names."""
        text = unit.facts.names[each.module]
        file = self._packages.found(self.corpus.path(unit.file), text)
        return (Thing(Sort.MODULE, file) if file >= 0 else external(text)._replace(file=unit.file),)

    def member(self, evaluator: Evaluator, module: Thing, name: str) -> Value:
        """What a file offers under a name."""
        unit = self.corpus.unit(module.file)
        if unit is None:
            return None
        whole = unit.bindings.get(WHOLE)
        if name == WHOLE:
            return (module,) if whole is None else evaluator.value(unit.file, whole)
        if name in unit.bindings:
            return evaluator.value(unit.file, unit.bindings[name])
        if whole is not None:
            found = evaluator.value(unit.file, whole)
            if name == _DEFAULT or found is None:
                return found
            return joined([evaluator.member(each, name) for each in found])
        offered = self._offered(unit, name)
        if offered:
            return tuple(Thing(Sort.DEFINITION, unit.file, each) for each in offered)
        if name == _DEFAULT:
            return (module,) if not unit.bindings else None
        return evaluator.taken_whole(unit, name)

    @staticmethod
    def _offered(unit: Unit, name: str) -> list[int]:
        from semindex.parse.facts.model import Flag

        numbers = unit.by_parent.get(-1, {}).get(name, ())
        return [each for each in numbers if unit.definition(each).flags & Flag.EXPORTED]

    def free(self, evaluator: Evaluator, unit: Unit, name: str) -> Value:
        """A name that nothing in the file binds belongs to the language or its host."""
        return (external(name)._replace(file=unit.file),)

    def external_member(self, evaluator: Evaluator, thing: Thing, name: str) -> Value:
        """A member of something outside, which remembers what it was taken from."""
        found = external(f"{thing.name}.{name}")._replace(file=thing.file)
        return (found._replace(receiver=thing._replace(receiver=None)) if thing.arguments else found,)

    def external_call(self, evaluator: Evaluator, thing: Thing) -> Value:
        """What a call of something outside gives."""
        receiver = thing.receiver
        if receiver is not None and receiver.arguments:
            if thing.name in _SAME:
                return (receiver,)
            if thing.name in _ELEMENT:
                return evaluator.closure(receiver.arguments[0])
            if thing.name in _OF_MAP:
                return evaluator.closure(receiver.arguments[-1])
        return None

    def step(self, evaluator: Evaluator, op: Op, thing: Thing, part: int) -> Value:
        """What awaiting, an element or a part gives."""
        if op is Op.AWAIT and not (thing.sort is Sort.EXTERNAL and thing.name in _PROMISES):
            return (thing,) if thing.sort is not Sort.EXTERNAL else None
        if thing.sort is Sort.EXTERNAL and op is Op.PART and thing.name in _LISTS:
            op = Op.ITEM
        return super().step(evaluator, op, thing, part)
