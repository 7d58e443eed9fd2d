"""Classes with their bases and subclasses, what overrides what, and the names that things have elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from semindex.graph.corpus import Unit
from semindex.graph.edges import Edges, Target
from semindex.graph.things import Sort, Thing, Value
from semindex.parse.facts.model import Definition, Form, Op

_TYPES = frozenset((Form.CLASS, Form.INTERFACE, Form.OBJECT))
MAX_FAMILY = 2_000
"""Subclasses that are looked at, those of subclasses among them."""
MAX_NAMES = 16
"""Names that a definition may have."""


class Families:
    """The kinship of the definitions of one repository; each question is answered once."""

    def __init__(self, edges: Edges) -> None:
        """Take the edges."""
        self._edges, self._corpus, self._evaluator = edges, edges.corpus, edges.evaluator
        self._subclasses: dict[Target, tuple[Target, ...]] = {}
        self._names: dict[Target, tuple[frozenset[str], tuple[Target, ...]]] = {}

    def owner(self, target: Target) -> Target | None:
        """The class that a definition is a member of."""
        found = self._known(target)
        if found is None:
            return None
        unit, definition = found
        if definition.parent >= 0 and unit.definition(definition.parent).form in _TYPES:
            return Target(target.file, definition.parent)
        if definition.owner < 0:
            return None
        name = unit.facts.names[definition.owner]
        for file in self._evaluator.language(target.file).peers(target.file):
            peer = self._corpus.unit(file)
            for number in peer.by_parent.get(-1, {}).get(name, ()) if peer is not None else ():
                if peer is not None and peer.definition(number).form in _TYPES:
                    return Target(file, number)
        return None

    def members(self, target: Target) -> tuple[Target, ...]:
        """The definitions directly in a class; of a file (number -1) those at its top."""
        unit = self._corpus.unit(target.file)
        if unit is None:
            return ()
        found = [
            Target(target.file, each)
            for some in unit.by_parent.get(target.number, {}).values()
            for each in some
        ]
        if target.number >= 0 and unit.definition(target.number).form in _TYPES:
            name = unit.name(target.number)
            for file in self._evaluator.language(target.file).peers(target.file):
                peer = self._corpus.unit(file)
                owned = peer.owned.get(name, {}) if peer is not None else {}
                found += [Target(file, each) for some in owned.values() for each in some]
        return tuple(dict.fromkeys(found))

    def bases(self, target: Target) -> Iterator[Target]:
        """The bases of a class, and theirs, the nearest first."""
        waiting, met = [target], {target}
        for each in waiting:
            for base in self._evaluator.bases(Thing(Sort.DEFINITION, each.file, each.number)):
                if base is not None and base.sort is Sort.DEFINITION:
                    found = Target(base.file, base.number)
                    if found not in met:
                        met.add(found)
                        waiting.append(found)
                        yield found

    def subclasses(self, target: Target) -> tuple[Target, ...]:
        """The classes that have a class as a base directly, by path and line."""
        known = self._subclasses.get(target)
        if known is None:
            known = self._subclasses[target] = tuple(self._direct_subclasses(target))
        return known

    def _direct_subclasses(self, target: Target) -> Iterator[Target]:
        found = self._known(target)
        if found is None or found[1].form not in _TYPES:
            return
        files = self._corpus.naming(sorted(self.names_of(target))).tolist()
        for file in sorted(files, key=self._corpus.path):
            unit = self._corpus.unit(file)
            for number, each in enumerate(unit.facts.definitions if unit is not None else ()):
                if each.bases and each.form in _TYPES:
                    bases = self._evaluator.bases(Thing(Sort.DEFINITION, file, number))
                    if _is_among(target, tuple(base for base in bases if base is not None)):
                        yield Target(file, number)

    def descendants(self, target: Target) -> tuple[Target, ...]:
        """The subclasses of a class, and theirs, the nearest first."""
        found: dict[Target, None] = {}
        waiting = [target]
        for each in waiting:
            for sub in self.subclasses(each):
                if sub not in found and sub != target and len(found) < MAX_FAMILY:
                    found[sub] = None
                    waiting.append(sub)
        return tuple(found)

    def overriding(self, target: Target) -> Iterator[Target]:
        """The members of subclasses that override a member."""
        found, owner = self._known(target), self.owner(target)
        if found is None or owner is None or self._is_maker(target):
            return
        for sub in self.descendants(owner):
            yield from self._own(sub, found[0].name(target.number))

    def overridden(self, target: Target) -> Iterator[Target]:
        """The members of bases that a member overrides."""
        found, owner = self._known(target), self.owner(target)
        if found is None or owner is None or self._is_maker(target):
            return
        for base in self.bases(owner):
            yield from self._own(base, found[0].name(target.number))

    def _own(self, owner: Target, name: str) -> Iterator[Target]:
        unit = self._corpus.unit(owner.file)
        for member in self.members(owner) if unit is not None else ():
            found = self._known(member)
            if found is not None and found[0].name(member.number) == name and found[1].form == Form.FUNCTION:
                yield member

    def _is_maker(self, target: Target) -> bool:
        unit = self._corpus.unit(target.file)
        return unit is not None and unit.name(target.number) in self._evaluator.language(target.file).makers

    def made_by(self, target: Target) -> tuple[Target, ...]:
        """The classes of which making an object calls a member; none for any but a constructor."""
        found, owner = self._known(target), self.owner(target)
        if found is None or owner is None or not self._is_maker(target):
            return ()
        name = found[0].name(target.number)
        made = [owner]
        for sub in self.descendants(owner):
            member = self._evaluator.raw_member(Thing(Sort.DEFINITION, sub.file, sub.number), name)
            if _is_among(target, member):
                made.append(sub)
        return tuple(made)

    def makers(self, target: Target) -> Iterator[Target]:
        """The members that are called when an object of a class is made."""
        found = self._known(target)
        if found is None or found[1].form not in _TYPES:
            return
        for name in self._evaluator.language(target.file).makers:
            for thing in self._evaluator.raw_member(Thing(Sort.DEFINITION, *_place(target)), name) or ():
                if thing.sort is Sort.DEFINITION and not thing.is_object:
                    yield Target(thing.file, thing.number)

    def is_called_by_object(self, target: Target) -> bool:
        """Whether a member is called when an object of its class is, under no name of its own."""
        found = self._known(target)
        name = self._evaluator.language(target.file).call_name if found is not None else ""
        return bool(name) and found is not None and found[0].name(target.number) == name

    def names_of(self, target: Target) -> frozenset[str]:
        """The names that a definition has, in its own file and where others import or bind it."""
        return self._called(target)[0]

    def aliases(self, target: Target) -> tuple[Target, ...]:
        """The variables, and other names of a type, that stand for a definition and nothing else."""
        return self._called(target)[1]

    def _called(self, target: Target) -> tuple[frozenset[str], tuple[Target, ...]]:
        known = self._names.get(target)
        if known is None:
            names, aliases = self._found_names(target)
            known = self._names[target] = frozenset(names), tuple(aliases)
        return known

    def _found_names(self, target: Target) -> tuple[list[str], list[Target]]:
        found = self._known(target)
        if found is None:
            return [], []
        unit, definition = found
        names, aliases = [unit.name(target.number)], list[Target]()
        if definition.parent >= 0 or definition.owner >= 0:
            return names, aliases
        for name in names:
            for file in self._corpus.naming([name]).tolist():
                other = self._corpus.unit(file)
                if other is None:
                    continue
                aliases += [each for each in self._variables(other, name, target) if each not in aliases]
                for called in self._others(other, name, target):
                    if called not in names and len(names) < MAX_NAMES:
                        names.append(called)
        return names, aliases

    def _others(self, unit: Unit, name: str, target: Target) -> Iterator[str]:
        """Other names under which a file has what it has, or takes, under a name."""
        names = unit.facts.names
        for number, each in enumerate(unit.facts.imports):
            is_other = each.name >= 0 and names[each.name] == name and names[each.local] not in ("", name)
            if is_other and self._leads_to(target, self._evaluator.imported(unit, number)):
                yield names[each.local]
        for bound, expression in unit.bindings.items():
            if bound != name and expression >= 0:
                value = self._evaluator.value(unit.file, expression)
                if self._leads_to(target, value):
                    yield bound
        for alias in self._variables(unit, name, target):
            yield unit.name(alias.number)

    def _variables(self, unit: Unit, name: str, target: Target) -> Iterator[Target]:
        """The variables at the top of a file that have a definition as their value, under a name."""
        named = frozenset(at for at, each in enumerate(unit.facts.names) if each == name)
        for number, each in enumerate(unit.facts.definitions):
            is_one = each.form in (Form.VARIABLE, Form.TYPE) and each.parent < 0 and each.value >= 0
            if is_one and is_led_by(unit, each.value, named):
                value = self._evaluator.value(unit.file, each.value)
                if self._leads_to(target, value) and Target(unit.file, number) != target:
                    yield Target(unit.file, number)

    def _leads_to(self, target: Target, value: Value) -> bool:
        """Whether a value is a definition, or a variable that stands for it."""
        for each in value or ():
            if each.sort is not Sort.DEFINITION or each.is_object:
                continue
            if (each.file, each.number) == _place(target):
                return True
            unit = self._corpus.unit(each.file)
            definition = unit.definition(each.number) if unit is not None else None
            if definition is not None and definition.form in (Form.VARIABLE, Form.TYPE):
                inner = self._evaluator.value(each.file, definition.value)
                if _is_among(target, inner):
                    return True
        return False

    def _known(self, target: Target) -> tuple[Unit, Definition] | None:
        unit = self._corpus.unit(target.file) if target.number >= 0 else None
        return (unit, unit.definition(target.number)) if unit is not None else None


def _place(target: Target) -> tuple[int, int]:
    return target.file, target.number


def _is_among(target: Target, value: Value) -> bool:
    return any(
        each.sort is Sort.DEFINITION and not each.is_object and _place(target) == (each.file, each.number)
        for each in value or ()
    )


def is_led_by(unit: Unit, expression: int, named: Collection[int]) -> bool:
    """Whether the last name of an expression is one of some, which are given by their numbers."""
    if expression < 0:
        return False
    op, a, b = unit.facts.node(expression)
    if op in (Op.MEMBER, Op.OWNED):
        return b in named
    if op == Op.FREE:
        return a in named
    if op == Op.IMPORT:
        return unit.facts.imports[a].name in named
    return op == Op.DEFINITION and unit.facts.definitions[a].name in named
