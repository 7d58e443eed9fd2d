"""Reads functions, their parameters, patterns, and objects that literals write down."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from semindex.parse.facts.model import UNKNOWN, Flag, Form
from semindex.parse.facts.script import records as of
from semindex.parse.facts.script.reader import MAX_DEPTH
from semindex.parse.facts.script.records import Function, Shape
from semindex.parse.facts.script.types import TypeReader

Bind = Callable[[str, int], object]
"""Binds a name to a draft."""


class FunctionReader(TypeReader):
    """Reads functions."""

    def _node(self) -> Node:
        node = self.cursor.node
        assert node is not None
        return node

    def started(self, node: Node) -> Function:
        """A function at a node."""
        return Function(node.start_point.row + 1, node.end_point.row + 1, self.returning)

    def function_value(self, node: Node) -> int:
        """A function as an expression. It has a definition if something names it at once."""
        hint, self.hint = self.hint, None
        function = self.started(node)
        if hint is not None:
            self.name_function(function, node, hint[0], hint[1])
        self.read_function(node, function, is_arrow=node.kind_id == self.kinds.arrow)
        return self.draft(of.FUNCTION, function)

    def name_function(self, function: Function, node: Node, name: str, line: int, flags: int = 0) -> None:
        """Give a function a definition."""
        function.name, function.line = name, line
        function.number = self.define(name, Form.FUNCTION, node, line, flags)
        self.sketch.functions.append(function)

    def read_function(
        self, node: Node, function: Function, *, is_arrow: bool = False, this: int = UNKNOWN
    ) -> None:
        """Read the parts of a function; ``this`` is what it is inside of it, if that is known."""
        if self.cursor.depth > MAX_DEPTH:
            self.put_off(node, type(self).function_value)
            return
        place = (self.function, self.returning, self.this, self.parent, self.exporting)
        self.exporting, self.returning = 0, function
        if not is_arrow:
            self.function = function
            self.this = this if this != UNKNOWN else self.draft(of.THIS, function)
        if function.number >= 0:
            self.parent = function.number
        outer = self.enter(is_top=True)
        self._parts(function, node)
        self.scope = outer
        self.function, self.returning, self.this, self.parent, self.exporting = place

    def _parts(self, function: Function, node: Node) -> None:
        kinds, is_arrow = self.kinds, node.kind_id == self.kinds.arrow
        is_behind_arrow = False
        self.down()
        while True:
            child = self._node()
            kind = child.kind_id
            if kind == kinds.parameters:
                self.parameters(function)
            elif kind == kinds.block:
                self.each(child)
            elif is_behind_arrow:
                found = self.value()
                if kind != kinds.comment:
                    function.returns.append(found)
            elif kind == kinds.arrow_token:
                is_behind_arrow = True
            elif kind == kinds.identifier and is_arrow:
                self.parameter(function, child)
            elif kind == kinds.identifier and node.kind_id in kinds.functions:
                self.bind(self.word(child), self.draft(of.FUNCTION, function))
            else:
                self._head(function, child, kind)
            if not self.next():
                break
        self.up()

    def _head(self, function: Function, child: Node, kind: int) -> None:
        """Read what stands before the body of a function, besides name and parameters."""
        kinds = self.kinds
        if kind == kinds.type_parameters:
            self.type_parameters(child)
        elif kind == kinds.async_token:
            function.flags |= Flag.ASYNC
        elif kind == kinds.star_token:
            function.flags |= Flag.GENERATOR
        elif kind == kinds.decorator:
            self.value()
        elif kind in kinds.named and kind not in kinds.names:
            function.declared = self.value_of(self.type())

    def parameters(self, function: Function) -> None:
        """Read the parameters at the cursor."""
        self.down()
        while self.next():
            child = self._node()
            if child.kind_id in self.kinds.named:
                self.parameter(function, child)
        self.up()

    def parameter(self, function: Function, node: Node) -> None:
        """Read one parameter."""
        kinds = self.kinds
        kind = node.kind_id
        if kind in kinds.parameter_kinds:
            self._typed_parameter(function, node)
        elif kind in kinds.patterns:
            hole = self.draft(of.UNION, [UNKNOWN])
            function.parameters.append(hole)
            self.pattern(hole, self.bind)
        elif kind == kinds.assignment_pattern:
            function.parameters.append(-1)
            self.pattern(UNKNOWN, self.bind)

    def _typed_parameter(self, function: Function, node: Node) -> None:
        """``public a: A = b``, which may be an attribute of the class as well."""
        kinds, declared, default, target, is_attribute = self.kinds, UNKNOWN, UNKNOWN, None, False
        self.down()
        while True:
            child = self._node()
            kind = child.kind_id
            if kind in kinds.attribute_marks:
                is_attribute = True
            elif kind == kinds.type_annotation:
                declared = self.value_of(self.type())
            elif kind == kinds.decorator:
                self.value()
            elif kind in kinds.patterns or kind == kinds.this:
                target = child
            elif kind in kinds.named and kind != kinds.comment:
                default = self.value()
            if not self.next():
                break
        self.up()
        if target is not None and target.kind_id == kinds.this:
            self.this = declared
        elif target is not None:
            self._bind_parameter(function, target, declared, default)
            if is_attribute and self.shape is not None:
                value = declared if declared != UNKNOWN else default
                self.shape.attribute(self.word(target)).declared = value

    def _bind_parameter(self, function: Function, target: Node, declared: int, default: int) -> None:
        value = declared if declared != UNKNOWN else default
        hole = value if value != UNKNOWN else self.draft(of.UNION, [UNKNOWN])
        function.parameters.append(hole if value == UNKNOWN else -1)
        if target.kind_id == self.kinds.identifier:
            self.bind(self.word(target), hole, declared=declared)
            return
        self.down()
        while self._node().id != target.id and self.next():
            pass
        self.pattern(hole, self.bind)
        self.up()

    def fill(self, argument: int, position: int, made: Callable[[], int]) -> None:
        """Say what a function that is an argument gets for a parameter, if that has no type."""
        if argument < 0 or self.drafts[argument][0] != of.FUNCTION:
            return
        function: Function = self.drafts[argument][1]
        if position < len(function.parameters) and function.parameters[position] >= 0:
            self.drafts[function.parameters[position]] = (of.UNION, [made()], 0)

    def pattern(self, source: int, bind: Bind) -> None:
        """Bind the names of the pattern at the cursor to the parts of a source."""
        node, kinds = self._node(), self.kinds
        kind = node.kind_id
        if kind in (kinds.identifier, kinds.shorthand_pattern):
            bind(self.word(node), source)
        elif kind in (kinds.assignment_pattern, kinds.object_assignment_pattern):
            self._with_default(source, bind)
        elif kind == kinds.rest_pattern:
            self.down()
            self.next()
            self.pattern(UNKNOWN, bind)
            self.up()
        elif kind == kinds.object_pattern:
            self._object_pattern(source, bind)
        elif kind == kinds.array_pattern:
            self._array_pattern(source, bind)
        elif kind == kinds.member:
            self.value()

    def _with_default(self, source: int, bind: Bind) -> None:
        self.down()
        steps = 0
        while self.next():
            steps += 1
        default = self.value()
        self.up()
        self.down()
        name = self._node()
        if source == UNKNOWN:
            value = default
        else:
            if name.kind_id == self.kinds.shorthand_pattern:
                source = self.draft(of.MEMBER, source, self.word(name))
            value = self.draft(of.UNION, [source, default])
        self.pattern(value, bind)
        self.up()

    def _object_pattern(self, source: int, bind: Bind) -> None:
        kinds = self.kinds
        self.down()
        while self.next():
            child = self._node()
            kind = child.kind_id
            if kind == kinds.shorthand_pattern:
                name = self.word(child)
                bind(name, self.draft(of.MEMBER, source, name))
            elif kind == kinds.pair_pattern:
                self.down()
                key = self._node()
                name = self.word(key).strip("'\"")
                if key.kind_id == kinds.computed:
                    self.value()
                inner = UNKNOWN if key.kind_id == kinds.computed else self.draft(of.MEMBER, source, name)
                while self.next():
                    pass
                self.pattern(inner, bind)
                self.up()
            elif kind in self.kinds.named:
                self.pattern(source, bind)
        self.up()

    def _array_pattern(self, source: int, bind: Bind) -> None:
        position = 0
        self.down()
        while self.next():
            child = self._node()
            if child.kind_id == self.kinds.comma:
                position += 1
            elif child.kind_id in self.kinds.named:
                part = self.draft(of.PART, source, position) if source != UNKNOWN else UNKNOWN
                self.pattern(part, bind)
        self.up()

    def object(self, node: Node) -> int:
        """``{a: b, c() {}, d}``. It has a definition if something names it at once."""
        hint, self.hint = self.hint, None
        if self.cursor.depth > MAX_DEPTH:
            return self.put_off(node, type(self).object)
        name, line = hint or ("", node.start_point.row + 1)
        shape = Shape(name, line, node.end_point.row + 1, self.parent)
        place = (self.this, self.parent, self.exporting)
        if hint is not None:
            shape.number = self.define(name, Form.OBJECT, node, line)
            self.parent = shape.number
            self.sketch.shapes.append(shape)
        draft = self.draft(of.OBJECT, shape)
        self.exporting = 0
        self.down()
        while self.next():
            child = self._node()
            if child.kind_id in self.kinds.named:
                self._property(shape, child, draft)
        self.up()
        self.this, self.parent, self.exporting = place
        return draft

    def _property(self, shape: Shape, node: Node, draft: int) -> None:
        kinds = self.kinds
        kind = node.kind_id
        if kind == kinds.pair:
            self._pair(shape, draft)
        elif kind == kinds.method:
            self._object_method(shape, node, draft)
        elif kind == kinds.shorthand:
            shape.attribute(self.word(node)).first.append(self.value())
        elif kind == kinds.spread:
            self.down()
            while self.next():
                spread = self.value()
            self.up()
            shape.bases.append(spread)

    def _pair(self, shape: Shape, draft: int) -> None:
        kinds = self.kinds
        self.down()
        key = self._node()
        if key.kind_id == kinds.computed:
            self.value()
        while self.next():
            node = self._node()
            if node.kind_id not in self.kinds.named or node.kind_id == kinds.comment:
                continue
            name = "" if key.kind_id == kinds.computed else self.word(key).strip("'\"")
            if name and shape.number >= 0 and node.kind_id in kinds.named_values:
                self.hint = (name, key.start_point.row + 1)
            value = self._own(node, draft) if node.kind_id in kinds.plain_functions else self.value()
            if not name:
                continue
            shape.attribute(name).first.append(value)
            if value >= 0 and self.drafts[value][0] == of.FUNCTION:
                self.drafts[value][1].name = name
                self.drafts[value][1].line = key.start_point.row + 1
        self.up()

    def _own(self, node: Node, this: int) -> int:
        """A function expression in which ``this`` is known."""
        hint, self.hint = self.hint, None
        function = self.started(node)
        if hint is not None:
            self.name_function(function, node, hint[0], hint[1])
        self.read_function(node, function, this=this)
        return self.draft(of.FUNCTION, function)

    def _object_method(self, shape: Shape, node: Node, draft: int) -> None:
        name_node = node.child_by_field_name("name")
        function = self.started(node)
        name = self.word(name_node).strip("'\"") if name_node is not None else ""
        function.name = name
        function.line = name_node.start_point.row + 1 if name_node is not None else function.line
        flags = self.modifiers(node)
        is_known = bool(name) and not name.startswith("[") and "set " not in flags
        if is_known and shape.number >= 0:
            flag = Flag.PROPERTY if "get " in flags else 0
            self.name_function(function, node, name, function.line, int(flag))
        self.read_function(node, function, this=draft)
        if not is_known:
            return
        if "get " in flags and function.number < 0:
            shape.attribute(name).first.append(self.draft(of.CALL, self.draft(of.FUNCTION, function)))
            return
        shape.attribute(name).first.append(self.draft(of.FUNCTION, function))

    def modifiers(self, node: Node) -> str:
        """The words before the name of a member, each with a blank behind."""
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        if name is None or name.start_byte == node.start_byte:
            return ""
        words = self.text[node.start_byte : name.start_byte].decode("utf-8", "replace").split()
        return "".join(f"{word} " for word in words)
