"""Settles assignments: to variables, to members of functions and objects, and to what a file offers.

``Shop.prototype.sell = function () {}`` gives ``Shop`` a method, ``exports.open = open`` offers a name, and
``app.use = function () {}`` gives the object or function ``app`` a member.
"""

from __future__ import annotations

from typing import Final

from semindex.parse.facts.model import UNKNOWN, Flag, Form
from semindex.parse.facts.script import records as of
from semindex.parse.facts.script.callees import WHOLE
from semindex.parse.facts.script.records import Attached, Bound, Function, Shape, Sketch

FILE: Final = -2
"""The owner that stands for what the file offers."""
_MOST_STEPS = 16


def attach(sketch: Sketch) -> None:
    """Settle the assignments of a file."""
    for name, scope, value in sketch.assigned:
        bound = scope.value(name)
        if (bound is not None and bound.number < 0) or (bound is not None and bound.values):
            bound.values.append(value)
    _Attaching(sketch).run()


class _Attaching:
    def __init__(self, sketch: Sketch) -> None:
        self.sketch, self.drafts = sketch, sketch.drafts
        self.shapes = {shape.number: shape for shape in sketch.shapes}
        self.functions = {function.number: function for function in sketch.functions}
        self.offers: list[tuple[str, int]] = []

    def run(self) -> None:
        """Settle all: those to ``this`` last, because it may be known by the others."""
        late: list[Attached] = []
        for each in self.sketch.attached:
            if self.drafts[each.target][0] in (of.THIS, of.SELF):
                late.append(each)
            else:
                self._settle(each)
        for each in late:
            self._settle(each)
        for derived, base in self.sketch.inherits:
            number, _ = self.owner(derived)
            if number >= 0:
                self.shape(number).bases.append(base)
        self._share_with_whole()

    def _settle(self, each: Attached) -> None:
        number, is_object = self.owner(each.target)
        if number == FILE:
            self._offer(each)
        elif number >= 0 and each.name == "prototype":
            self._prototype(number, each.value)
        elif number >= 0:
            self._give(number, each, is_object=is_object)

    def _offer(self, each: Attached) -> None:
        name = WHOLE if self.drafts[each.target][:2] == (of.NAME, "module") else each.name
        function = self.function(each.value)
        if function is not None and function.number < 0 and name != WHOLE:
            self.define(function, name, each.line, -1, int(Flag.EXPORTED))
        elif function is not None and function.number < 0:
            self.define(function, "", each.line, -1, 0)
        if name == WHOLE:
            self._name_whole(each)
        self.sketch.offered.append((name, each.value, UNKNOWN))
        self.offers.append((name, each.value))

    def _name_whole(self, each: Attached) -> None:
        """Give what the file offers as a whole a definition, so that it can get members."""
        if each.value >= 0 and self.drafts[each.value][0] == of.OBJECT:
            self.shape_of(self.drafts[each.value][1])

    def shape_of(self, shape: Shape) -> int:
        """The definition of an object, which it gets if it has none."""
        if shape.number < 0:
            shape.number = self.sketch.made.define(
                shape.name, Form.OBJECT, line=shape.line, end_line=shape.end_line, parent=shape.parent
            )
            self.sketch.shapes.append(shape)
            self.shapes[shape.number] = shape
        return shape.number

    def _share_with_whole(self) -> None:
        """What is offered beside the whole is a member of the whole."""
        whole = next((value for name, value in self.offers if name == WHOLE), UNKNOWN)
        number, _ = self.owner(whole)
        if number < 0:
            return
        for name, value in self.offers:
            if name != WHOLE:
                self.shape(number).attribute(name).first.append(value)

    def _prototype(self, number: int, value: int) -> None:
        """``A.prototype = {b() {}}`` and ``A.prototype = Object.create(B.prototype)``."""
        self._as_class(number)
        if value < 0:
            return
        kind, part, _ = self.drafts[value]
        if kind != of.OBJECT:
            self.shape(number).bases.append(value)
            return
        shape = self.shape(number)
        for name, attribute in part.attributes.items():
            for each in attribute.first:
                function = self.function(each)
                if function is not None:
                    self.define(function, name, function.line, number, 0)
                    self._own(function, number, is_object=True)
                else:
                    shape.attribute(name).first.append(each)

    def _give(self, number: int, each: Attached, *, is_object: bool) -> None:
        if is_object and number in self.functions:
            self._as_class(number)
        function = self.function(each.value)
        shape = self.shape(number)
        if function is not None and each.name not in shape.members:
            flags = 0 if is_object else int(Flag.STATIC)
            if function.number < 0:
                self.define(function, each.name, each.line, number, flags)
            else:
                self._again(function, each, number, flags)
            if function.owner < 0:
                self._own(function, number, is_object=is_object)
            return
        attribute = shape.attribute(each.name)
        is_first = each.function is not None and (
            each.function.is_constructor or each.function.number == number
        )
        (attribute.first if is_first or not is_object else attribute.later).append(each.value)

    def _again(self, function: Function, each: Attached, number: int, flags: int) -> None:
        """Define a function once more, under another name: ``a.b = a.c = function () {}``."""
        twin = Function(each.line, function.end_line, None)
        twin.flags, twin.declared, twin.returns = function.flags, function.declared, function.returns
        self.define(twin, each.name, each.line, number, flags)

    def _as_class(self, number: int) -> None:
        definition = self.sketch.made.definition(number)
        if definition.form == Form.FUNCTION:
            definition.form = int(Form.CLASS)
        function = self.functions.get(number)
        if function is not None:
            self._own(function, number, is_object=True)

    @staticmethod
    def _own(function: Function, number: int, *, is_object: bool) -> None:
        function.owner, function.owner_is_class = number, is_object

    def define(self, function: Function, name: str, line: int, parent: int, flags: int) -> None:
        """Give a function a definition."""
        function.name, function.line = name, line
        function.number = self.sketch.made.define(
            name, Form.FUNCTION, line=line, end_line=function.end_line, parent=parent, flags=flags
        )
        self.sketch.functions.append(function)
        self.functions[function.number] = function

    def function(self, draft: int) -> Function | None:
        """The function that a draft is."""
        if draft < 0 or self.drafts[draft][0] != of.FUNCTION:
            return None
        found: Function = self.drafts[draft][1]
        return found

    def shape(self, number: int) -> Shape:
        """The members of a definition."""
        found = self.shapes.get(number)
        if found is None:
            found = self.shapes[number] = Shape("", 0, 0, -1, number)
            self.sketch.shapes.append(found)
        return found

    def owner(self, draft: int) -> tuple[int, bool]:
        """The definition that a draft is (or ``FILE``, or -1), and whether it is an object of it."""
        is_object = False
        for _ in range(_MOST_STEPS):
            if draft < 0:
                break
            kind, a, b = self.drafts[draft]
            if kind == of.NAME:
                bound: Bound | None = b.value(a)
                if bound is None:
                    return (FILE if a in ("exports", "module") else -1), False
                if bound.number >= 0 and not bound.values:
                    return bound.number, is_object
                known = [each for each in bound.values if each >= 0]
                draft = known[0] if len(known) == 1 else UNKNOWN
            elif kind == of.MEMBER and b == "prototype":
                draft, is_object = a, True
            elif (
                kind == of.MEMBER and b == "exports" and a >= 0 and self.drafts[a][:2] == (of.NAME, "module")
            ):
                draft = a
            elif kind == of.FUNCTION:
                return a.number, is_object
            elif kind == of.OBJECT:
                return self.shape_of(a), is_object
            elif kind == of.SELF:
                return a.number, True
            elif kind == of.THIS and a is not None:
                return self._owner_of_this(a)
            else:
                break
        return -1, False

    def _owner_of_this(self, function: Function) -> tuple[int, bool]:
        """The owner of ``this``: in a function with a great first letter an object that it makes."""
        if function.owner < 0 and function.number >= 0 and function.name[:1].isupper():
            self._as_class(function.number)
        return function.owner, function.owner_is_class
