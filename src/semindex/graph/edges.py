"""What each place that names something means, and how that is known."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from semindex.graph.corpus import Corpus, Unit
from semindex.graph.evaluating import Evaluator
from semindex.graph.picking import meant
from semindex.graph.things import Sort, Thing
from semindex.parse.facts.model import UNKNOWN, Flag, Form, Role, Use

MAX_TARGETS = 3
"""A place that may mean more is not resolved."""


_MOST_HELD = 8
"""Variables that hold variables are followed this far."""


class Tier(Enum):
    """How an edge is known, the surest first."""

    PRECISE = "precise"
    """A type checker's own index says so."""
    RESOLVED = "resolved"
    """The expression leads there."""
    SCOPED = "scoped"
    """There is one candidate, and it can be reached."""
    EXTERNAL = "external"
    """What is meant is not in this index."""
    NAME = "name"
    """Only the name matches, or nothing does."""


class Target(Struct, frozen=True):
    """A definition that is meant."""

    file: int
    number: int


class Edge(Struct, frozen=True):
    """What a place means."""

    use: Use
    tier: Tier
    targets: tuple[Target, ...] = ()


class Edges:
    """Resolves the places of one repository."""

    def __init__(self, corpus: Corpus) -> None:
        """Take the corpus."""
        self.corpus = corpus
        self.evaluator = Evaluator(corpus)

    def of_file(self, file: int, roles: frozenset[int] = frozenset((Role.CALL,))) -> Iterator[Edge]:
        """The edges of a file's places with some roles, in their order."""
        unit = self.corpus.unit(file)
        if unit is None:
            return
        known: dict[int, tuple[Tier, tuple[Target, ...]]] = {}
        for use in unit.facts.each_use():
            if use.role in roles:
                key = use.expression << 1 | (use.role == Role.CALL)
                if use.expression == UNKNOWN or key not in known:
                    known[key] = self.resolved(unit, use)
                yield Edge(use, *known[key])

    def resolved(self, unit: Unit, use: Use) -> tuple[Tier, tuple[Target, ...]]:
        """How a place is known, and what it means."""
        things = self._meant(unit, use.expression)
        if things is not None and use.role == Role.CALL and self.evaluator.language(unit.file).calls_values:
            things = self._held(things)
        if things is None:
            return Tier.NAME, ()
        inside = [thing for thing in things if thing.sort is not Sort.EXTERNAL]
        if not inside:
            return Tier.EXTERNAL, ()
        targets = [self._target(thing, is_call=use.role == Role.CALL) for thing in inside]
        found = tuple(dict.fromkeys(each for each in targets if each is not None))
        if None in targets or not found or len(found) > MAX_TARGETS or len(inside) < len(things):
            return Tier.NAME, ()
        return Tier.RESOLVED, found

    def _meant(self, unit: Unit, expression: int) -> tuple[Thing, ...] | None:
        """What an expression means, a member as it was defined, not what it holds."""
        if expression == UNKNOWN:
            return None
        return meant(self.evaluator, unit, expression)

    def _held(self, things: tuple[Thing, ...], depth: int = 0) -> tuple[Thing, ...] | None:
        """What things are that may be variables: a call of one calls what it holds."""
        found: list[Thing] = []
        for thing in things:
            unit = self.corpus.unit(thing.file) if thing.sort is Sort.DEFINITION else None
            definition = unit.definition(thing.number) if unit is not None else None
            if definition is None or definition.form != Form.VARIABLE or thing.is_object:
                found.append(thing)
                continue
            value = self.evaluator.value(thing.file, definition.value)
            inner = self._held(value, depth + 1) if value is not None and depth < _MOST_HELD else None
            if inner is None:
                return None
            found += inner
        return tuple(dict.fromkeys(found))

    def _target(self, thing: Thing, *, is_call: bool) -> Target | None:
        if thing.sort is Sort.MODULE and thing.file >= 0 and not is_call:
            return Target(thing.file, -1)
        if thing.sort is not Sort.DEFINITION:
            return None
        unit = self.corpus.unit(thing.file)
        definition = unit.definition(thing.number) if unit is not None else None
        if definition is None:
            return None
        if thing.is_object:
            return self._called_object(thing) if is_call else None
        aliases = self.evaluator.language(thing.file).aliases_are_called
        if is_call and definition.form in (Form.TYPE, Form.INTERFACE) and not aliases:
            return None
        return Target(thing.file, thing.number)

    def _called_object(self, thing: Thing) -> Target | None:
        name = self.evaluator.language(thing.file).call_name
        found = self.evaluator.raw_member(thing, name) if name else None
        if found is None or len(found) != 1 or found[0].sort is not Sort.DEFINITION:
            return None
        return Target(found[0].file, found[0].number)

    def is_test(self, file: int, number: int) -> bool:
        """Whether a definition is one of a test."""
        unit = self.corpus.unit(file)
        while unit is not None and number >= 0:
            definition = unit.definition(number)
            if definition.flags & Flag.TEST:
                return True
            number = definition.parent
        return False
