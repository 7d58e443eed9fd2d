"""Finds what names and members mean where several may have one name: overloads, inherited and outer members.

Example: in a class ``Shop`` of Java, ``open(1)`` is ``PICK(WITHIN(Shop, open), 2)``: of the methods ``open``
of ``Shop`` and its bases, else of the classes around it, else of what the file imports, those that have one
parameter.

The functions here take the evaluator that follows expressions. An ``arity`` is the number of arguments of a
call: -1 if that is not known, None if nothing is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from semindex.graph.things import Sort, Thing, Value, joined
from semindex.parse.facts.model import Definition, Form, Op

if TYPE_CHECKING:
    from semindex.graph.corpus import Unit
    from semindex.graph.evaluating import Evaluator

CLASSES = frozenset((Form.CLASS, Form.INTERFACE, Form.OBJECT))
"""The forms of definitions of which there are objects."""


def meant(evaluator: Evaluator, unit: Unit, expression: int) -> Value:
    """What an expression names: a member as it was defined, not what it holds."""
    op, a, b = unit.facts.node(expression)
    return _named(evaluator, unit, a, b - 1) if op == Op.PICK else _named(evaluator, unit, expression, None)


def _named(evaluator: Evaluator, unit: Unit, expression: int, arity: int | None) -> Value:
    op, a, b = unit.facts.node(expression)
    if op == Op.WITHIN:
        return _within(evaluator, unit, a, unit.facts.names[b], arity)
    if op != Op.MEMBER:
        return _taking(evaluator, evaluator.value(unit.file, expression), arity)
    owners = evaluator.value(unit.file, a)
    if owners is None:
        return None
    return joined([evaluator.raw_member(owner, unit.facts.names[b], arity) for owner in owners])


def picked(evaluator: Evaluator, unit: Unit, expression: int, arity: int | None) -> Value:
    """The same, with members as they are when they are taken from their objects."""
    op, a, b = unit.facts.node(expression)
    if op == Op.WITHIN:
        own = Thing(Sort.DEFINITION, unit.file, a, is_object=True)
        return _taken_from(evaluator, own, _named(evaluator, unit, expression, arity))
    if op != Op.MEMBER:
        return _named(evaluator, unit, expression, arity)
    owners = evaluator.value(unit.file, a)
    if owners is None:
        return None
    name = unit.facts.names[b]
    return joined(
        [_taken_from(evaluator, owner, evaluator.raw_member(owner, name, arity)) for owner in owners]
    )


def _taken_from(evaluator: Evaluator, owner: Thing, found: Value) -> Value:
    return found if found is None or owner.sort is not Sort.DEFINITION else evaluator.bound(found, owner)


def _within(evaluator: Evaluator, unit: Unit, number: int, name: str, arity: int | None) -> Value:
    """A member of a class or of one around it, else what a name means in the file."""
    language = evaluator.language(unit.file)
    outside: Value = None
    inner = number
    while inner >= 0:
        definition = unit.definition(inner)
        if definition.form in CLASSES:
            own = Thing(Sort.DEFINITION, unit.file, inner, is_object=True)
            found = evaluator.in_class(own, name, set(), arity=arity)
            is_inside = found is not None and any(each.sort is not Sort.EXTERNAL for each in found)
            if is_inside or (found is not None and name in language.common_members):
                return found
            outside = outside or found
        inner = definition.parent
    # What is found beside a base outside of the index is meant, as far as can be known.
    return _taking(evaluator, language.free(evaluator, unit, name), arity) or outside


def _taking(evaluator: Evaluator, found: Value, arity: int | None) -> Value:
    """Of functions those that take so many arguments."""
    if found is None or arity is None:
        return found
    kept = []
    for thing in found:
        definition = _function(evaluator, thing)
        if definition is None or _takes(definition, arity):
            kept.append(thing)
    return tuple(kept) or None


def _function(evaluator: Evaluator, thing: Thing) -> Definition | None:
    """The definition of a thing that is a function."""
    unit = (
        evaluator.corpus.unit(thing.file) if thing.sort is Sort.DEFINITION and not thing.is_object else None
    )
    definition = unit.definition(thing.number) if unit is not None else None
    return definition if definition is not None and definition.form == Form.FUNCTION else None


def _takes(definition: Definition, arity: int) -> bool:
    return arity < 0 or (definition.least <= arity and (definition.most < 0 or arity <= definition.most))


def chosen(evaluator: Evaluator, unit: Unit, numbers: Sequence[int], arity: int | None) -> list[int]:
    """Of members with one name those that are meant: fields where it is read, methods where it is called."""
    if not numbers or not evaluator.language(unit.file).methods_apart:
        return evaluator.implementing(unit, numbers)
    functions = [each for each in numbers if unit.definition(each).form == Form.FUNCTION]
    others = [each for each in numbers if unit.definition(each).form != Form.FUNCTION]
    if arity is None:
        return others or functions
    taking = [each for each in functions if _takes(unit.definition(each), arity)]
    return taking or [each for each in others if unit.definition(each).form != Form.VARIABLE]
