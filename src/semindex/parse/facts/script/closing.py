"""Settles what names mean, and turns drafts into expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from semindex.parse.facts.model import UNKNOWN, Flag, Form, Op, Role
from semindex.parse.facts.script import records as of
from semindex.parse.facts.script.attaching import attach
from semindex.parse.facts.script.records import CYCLE, NOTHING, Attribute, Bound, Function, Shape, Sketch

MAX_DEPTH = 120
"""Drafts that lead deeper are unknown."""
_OPEN = -9
_CALL, _READ = int(Role.CALL), int(Role.READ)


class Closing:
    """Turns the drafts of one file into expressions."""

    def __init__(self, sketch: Sketch) -> None:
        """Take what the walk found."""
        self.sketch, self.made, self.drafts = sketch, sketch.made, sketch.drafts
        self._known: list[int] = []
        self._depth = 0
        self._waiting: list[Shape] = []
        self._steps: list[Callable[[Any, Any], int]] = [
            self._name, self._type_name, self._member, self._call, self._instance, self._apply,
            self._step(Op.AWAIT), self._step(Op.ITEM), self._step(Op.ITERATE),
            self._part, self._union, self._tuple,
            self._import, self._function, self._object, self._this, self._self, self._super, self._type_of,
            self._free, self._defined, self._base,
        ]  # fmt: skip

    def run(self) -> None:
        """Settle everything."""
        attach(self.sketch)
        self._known = [_OPEN] * len(self.drafts)
        self._offer()
        self._functions()
        for number, bound in self.sketch.variables:
            self.made.definition(number).value = self._held(bound)
        for number, kind in self.sketch.aliases:
            self.made.definition(number).value = max(self.close(kind), UNKNOWN)
        for shape in self.sketch.shapes:
            self._describe(shape)
        self._uses()
        while self._waiting:
            self._describe(self._waiting.pop())

    def close(self, draft: int) -> int:
        """The expression of a draft; or ``UNKNOWN``, ``NOTHING`` or ``CYCLE``."""
        if draft < 0:
            return draft
        while draft >= len(self._known):
            self._known.append(_OPEN)
        known = self._known[draft]
        if known != _OPEN:
            return known
        if self._depth > MAX_DEPTH:
            return UNKNOWN
        self._known[draft] = CYCLE
        self._depth += 1
        kind, a, b = self.drafts[draft]
        found = self._steps[kind](a, b)
        self._depth -= 1
        self._known[draft] = found
        return found

    def _step(self, op: Op) -> Callable[[int, object], int]:
        return lambda a, _: self.made.node(op, self.close(a))

    def _name(self, name: str, scope: of.Scope) -> int:
        bound = scope.value(name)
        if bound is None:
            return self.made.node(Op.MODULE) if name == "exports" else self.made.free(name)
        return self._bound(bound)

    def _type_name(self, name: str, scope: of.Scope) -> int:
        bound = scope.type(name)
        return self.made.free(name) if bound is None else self._bound(bound)

    def _bound(self, bound: Bound) -> int:
        if bound.number >= 0:
            return self.made.node(Op.DEFINITION, bound.number)
        return self._held(bound)

    def _held(self, bound: Bound) -> int:
        if bound.closed is None:
            if bound.is_at_work:
                return CYCLE
            bound.is_at_work = True
            if bound.declared != UNKNOWN:
                bound.closed = self.close(bound.declared)
            elif len(bound.values) == 1:
                bound.closed = self.close(bound.values[0])
            else:
                bound.closed = self.union(bound.values)
            bound.is_at_work = False
        return bound.closed

    def union(self, drafts: Iterable[int]) -> int:
        """One of several; those that are nothing do not count."""
        found = [each for each in map(self.close, drafts) if each not in (NOTHING, CYCLE)]
        return self.made.union(found) if found else NOTHING

    def _member(self, owner: int, name: str) -> int:
        found = self.close(owner)
        if found < 0:
            return UNKNOWN
        if name == "prototype":
            return self.made.node(Op.INSTANCE, found)
        if name == "exports" and self.drafts[owner][:2] == (of.NAME, "module") and self._is_free(owner):
            return self.made.node(Op.MODULE)
        return self.made.member(found, name)

    def _is_free(self, draft: int) -> bool:
        kind, name, scope = self.drafts[draft]
        return bool(kind == of.NAME and scope.value(name) is None)

    def _call(self, callee: int, _: object) -> int:
        if callee >= 0 and self.drafts[callee][0] == of.FUNCTION:
            function: Function = self.drafts[callee][1]
            if function.number < 0:
                is_plain = not function.flags & (Flag.ASYNC | Flag.GENERATOR)
                return self._returned(function) if is_plain else UNKNOWN
        return self.made.node(Op.CALL, self.close(callee))

    def _instance(self, kind: int, _: object) -> int:
        found = self.close(kind)
        return found if found == NOTHING else self.made.node(Op.INSTANCE, found)

    def _apply(self, kind: int, argument: int) -> int:
        return self.made.node(Op.APPLY, self.close(kind), self.close(argument))

    def _part(self, whole: int, number: int) -> int:
        return self.made.node(Op.PART, self.close(whole), number)

    def _union(self, drafts: list[int], _: object) -> int:
        return self.union(drafts)

    def _tuple(self, drafts: list[int], _: object) -> int:
        return self.made.tuple_of([max(self.close(each), UNKNOWN) for each in drafts])

    def _import(self, number: int, _: object) -> int:
        return self.made.node(Op.IMPORT, number)

    def _function(self, function: Function, _: object) -> int:
        return self.made.node(Op.DEFINITION, function.number)

    def _object(self, shape: Shape, _: object) -> int:
        if shape.number < 0:
            shape.number = self.made.define(
                shape.name, Form.OBJECT, line=shape.line, end_line=shape.end_line, parent=shape.parent
            )
            self._waiting.append(shape)
        return self.made.node(Op.DEFINITION, shape.number)

    def _this(self, function: Function | None, _: object) -> int:
        if function is None or function.owner < 0:
            return UNKNOWN
        return self.made.node(Op.SELF if function.owner_is_class else Op.DEFINITION, function.owner)

    def _self(self, shape: Shape, _: object) -> int:
        return self.made.node(Op.SELF, shape.number)

    def _super(self, shape: Shape, _: object) -> int:
        return self.made.node(Op.SUPER, shape.number)

    def _base(self, shape: Shape, _: object) -> int:
        return self.close(shape.bases[0]) if shape.bases else UNKNOWN

    def _type_of(self, value: int, _: object) -> int:
        # A value has no type that could be named; a type alias of it is unknown.
        return UNKNOWN

    def _free(self, name: str, _: object) -> int:
        return self.made.free(name)

    def _defined(self, number: int, _: object) -> int:
        return self.made.node(Op.DEFINITION, number)

    def _returned(self, function: Function) -> int:
        """What calling a function gives, without promises."""
        if function.signatures:
            found = [self._declared(each) for each in function.signatures]
            return self.made.union([each for each in found if each != NOTHING] or [UNKNOWN])
        if function.declared != UNKNOWN:
            return self._declared(function)
        if function.flags & Flag.GENERATOR:
            return UNKNOWN
        if function.flags & Flag.ASYNC:
            values = [self.close(each) for each in function.returns]
            values = [self.made.node(Op.AWAIT, each) if each >= 0 else each for each in values]
            kept = [each for each in values if each not in (NOTHING, CYCLE)]
            return self.made.union(kept)
        return self.union(function.returns)

    def _declared(self, function: Function) -> int:
        if not function.flags & Flag.ASYNC or function.declared < 0:
            return self.close(function.declared)
        kind, inner, _ = self.drafts[function.declared]
        if kind == of.INSTANCE and self.drafts[inner][0] == of.APPLY:
            return self.close(self.drafts[inner][2])
        return UNKNOWN

    def _functions(self) -> None:
        for function in self.sketch.functions:
            self._settle(function)

    def _settle(self, function: Function) -> None:
        definition = self.made.definition(function.number)
        definition.returns = max(self._returned(function), UNKNOWN)
        flags = int(function.flags & Flag.ASYNC)
        if function.signatures or (function.flags & Flag.GENERATOR):
            flags = 0
        definition.flags |= flags

    def _offer(self) -> None:
        offers: dict[str, list[int]] = {}
        for name, value, kind in self.sketch.offered:
            found = [self.close(value)]
            if kind != UNKNOWN and self.drafts[kind][2].type(self.drafts[kind][1]) is not None:
                as_type = self.close(kind)
                is_value = self.drafts[value][0] != of.NAME or not self._is_free(value)
                found = [*found, as_type] if is_value else [as_type]
            offers.setdefault(name, []).extend(found)
        for name, values in offers.items():
            kept = [each for each in values if each not in (NOTHING, CYCLE)]
            self.made.bind(name, self.made.union(kept))

    def _describe(self, shape: Shape) -> None:
        """Set what the objects of a class hold, and its bases."""
        definition = self.made.definition(shape.number)
        bases = [max(self.close(each), UNKNOWN) for each in shape.bases]
        definition.bases = tuple(each for each in bases if each >= 0)
        if len(definition.bases) < len(bases):
            definition.bases += (self.made.free(""),)
        for name, attribute in shape.attributes.items():
            if not self._is_method(shape, name, attribute):
                self.made.set_attribute(shape.number, name, max(self._attribute(attribute), UNKNOWN))

    def _is_method(self, shape: Shape, name: str, attribute: Attribute) -> bool:
        """Whether an attribute is a function that is defined in it, which it now is if it was nowhere."""
        if len(attribute.first) != 1 or attribute.first[0] < 0:
            return False
        kind, function, _ = self.drafts[attribute.first[0]]
        if kind != of.FUNCTION:
            return False
        if function.number < 0:
            function.name = name
            function.number = self.made.define(
                name, Form.FUNCTION, line=function.line, end_line=function.end_line, parent=shape.number
            )
            self._known[attribute.first[0]] = _OPEN
            self._settle(function)
        return bool(function.name == name and self.made.definition(function.number).parent == shape.number)

    def _attribute(self, attribute: Attribute) -> int:
        if attribute.declared != UNKNOWN:
            return self.close(attribute.declared)
        first = self.union(attribute.first)
        if first == NOTHING:
            return self.union(attribute.later)
        return first

    def _uses(self) -> None:
        made, known, drafts = self.made, self._known, self.drafts
        for node, name, draft, role in self.sketch.uses:
            if role == _READ:
                kind, first, scope = drafts[draft]
                if kind == of.NAME:
                    bound = scope.value(first)
                    if bound is None or (bound.number < 0 and not self._is_lasting(bound)):
                        continue
                elif not self._is_near(first):
                    continue
            found = known[draft] if draft < len(known) else _OPEN
            if found == _OPEN:
                found = self.close(draft)
            if found < 0:
                if role != _CALL:
                    continue
                found = UNKNOWN
            row, column = node.start_point
            made.use(row + 1, column + 1, name, found, role)

    def _is_lasting(self, bound: Bound) -> bool:
        """Whether a name without a definition of its own means one, or an import."""
        if len(bound.values) != 1 or bound.values[0] < 0:
            return False
        return self.drafts[bound.values[0]][0] in (of.FUNCTION, of.OBJECT, of.IMPORT)

    def _is_near(self, owner: int) -> bool:
        """Whether what a member is read from is ``this``, a definition or an import: others are not kept."""
        if owner < 0:
            return False
        kind, name, scope = self.drafts[owner]
        if kind == of.NAME:
            bound = scope.value(name)
            return bound is not None and (bound.number >= 0 or self._is_lasting(bound))
        return kind in (of.SELF, of.THIS, of.SUPER)
