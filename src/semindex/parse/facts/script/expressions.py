"""Reads expressions."""

from __future__ import annotations

from typing import Final

from tree_sitter import Node

from semindex.parse.facts.model import UNKNOWN, Role
from semindex.parse.facts.script import records as of
from semindex.parse.facts.script.callees import SPECIAL
from semindex.parse.facts.script.functions import FunctionReader
from semindex.parse.facts.script.reader import MAX_DEPTH, Handler

_CALL = int(Role.CALL)
NO_ARGUMENTS: Final[list[int]] = []
MOST_PARTS = 64
"""Arrays that are written down with more elements are data."""
_ASSIGNS: Final = (b"=", b"||=", b"??=", b"&&=")
_COMPARES: Final = (b"===", b"!==", b"==", b"!=", b"<", b">", b"<=", b">=", b"instanceof", b"in")


class ExpressionReader(FunctionReader):
    """Reads expressions."""

    @classmethod
    def _expressions(cls) -> dict[str, Handler]:
        constant = {
            "number": of.NUMBER,
            "true": of.BOOLEAN,
            "false": of.BOOLEAN,
            "null": of.NOTHING,
            "undefined": of.NOTHING,
            "regex": of.REGEXP,
            "string": of.STRING,
        }
        made: dict[str, Handler] = {
            name: (lambda self, _, draft=draft: draft)  # type: ignore[misc]  # the default binds the draft
            for name, draft in constant.items()
        }
        return made | {
            "template_string": cls.template,
            "identifier": cls.identifier,
            "shorthand_property_identifier": cls.identifier,
            "this": lambda self, _: self.this,
            "super": cls.super_,
            "member_expression": cls.member,
            "subscript_expression": cls.subscript,
            "call_expression": cls.call,
            "new_expression": cls.new,
            "await_expression": cls.await_,
            "parenthesized_expression": cls.last,
            "non_null_expression": cls.last,
            "sequence_expression": cls.last,
            "satisfies_expression": cls.as_itself,
            "as_expression": cls.as_type,
            "type_assertion": cls.asserted,
            "instantiation_expression": cls.as_itself,
            "assignment_expression": cls.assignment,
            "augmented_assignment_expression": cls.assignment,
            "binary_expression": cls.binary,
            "unary_expression": cls.unary,
            "ternary_expression": cls.ternary,
            "arrow_function": cls.function_value,
            "function_expression": cls.function_value,
            "generator_function": cls.function_value,
            "object": cls.object,
            "array": cls.array,
            "spread_element": cls.spread,
            "type_arguments": cls.type_arguments,
            "type_annotation": cls.each_type,
        }

    def template(self, node: Node) -> int:
        """A text with expressions in it."""
        self.each(node)
        return of.STRING

    def identifier(self, node: Node) -> int:
        """A name."""
        name = self.word(node)
        if name == "undefined":
            return of.NOTHING
        self.drafts.append((of.NAME, name, self.scope))
        draft = len(self.drafts) - 1
        self.uses.append((node, name, draft, 1))
        return draft

    def super_(self, node: Node) -> int:
        """``super``, as what its members are taken from."""
        return self.draft(of.SUPER, self.shape) if self.shape is not None else UNKNOWN

    def member(self, node: Node) -> int:
        """``a.b``."""
        if self.cursor.depth > MAX_DEPTH:
            return self.put_off(node, type(self).member)
        self.down()
        owner = self.value()
        self.up()
        prop = node.child_by_field_name("property")
        if prop is None:
            return UNKNOWN
        name = self.text[prop.start_byte : prop.end_byte].decode("utf-8", "replace")
        self.drafts.append((of.MEMBER, owner, name))
        draft = len(self.drafts) - 1
        self.uses.append((prop, name, draft, 1))
        return draft

    def subscript(self, node: Node) -> int:
        """``a[b]``."""
        self.down()
        owner, key = self.value(), ""
        while self.next():
            child = self.cursor.node
            assert child is not None
            if child.kind_id == self.kinds.string:
                key = self.word(child)[1:-1]
            else:
                self.value()
        self.up()
        return self.draft(of.MEMBER, owner, key) if key else self.draft(of.ITEM, owner)

    def call(self, node: Node) -> int:
        """``f(a)``."""
        if self.cursor.depth > MAX_DEPTH:
            return self.put_off(node, type(self).call)
        self.down()
        first = self.cursor.node
        assert first is not None
        kind = first.kind_id
        if kind == self.kinds.super_ and self.shape is not None:
            callee = self.note(first, "super", self.draft(of.BASE, self.shape), _CALL)
        elif kind == self.kinds.import_:
            callee = self.draft(of.NAME, "import", self.scope)
            self.note(first, "import", callee, _CALL)
        else:
            callee = self.value()
        return self._called(node, callee)

    def new(self, node: Node) -> int:
        """``new F(a)``."""
        if self.cursor.depth > MAX_DEPTH:
            return self.put_off(node, type(self).new)
        self.down()
        self.next()
        return self._called(node, self.value())

    def _called(self, node: Node, callee: int) -> int:
        """Read the rest of a call; the cursor stands on the callee."""
        kinds, name, arguments = self.kinds, "", NO_ARGUMENTS
        if callee >= 0 and self.uses and self.uses[-1][2] == callee:
            place, name, _, _ = self.uses[-1]
            self.uses[-1] = (place, name, callee, _CALL)
        while self.next():
            child = self.cursor.node
            assert child is not None
            kind = child.kind_id
            if kind == kinds.arguments:
                arguments = self._arguments_of()
            elif kind == kinds.template:
                self.each(child)
            elif kind == kinds.type_arguments:
                self.type_arguments(child)
        self.up()
        special = SPECIAL.get(name)
        if special is not None and arguments:
            found = special(self, node, callee, arguments)
            if found is not None:
                return found
        self.drafts.append((of.CALL, callee, 0))
        return len(self.drafts) - 1

    def _arguments_of(self) -> list[int]:
        """Read arguments; gives their drafts."""
        found: list[int] = []
        cursor, handlers = self.cursor, self.handlers
        self.down()
        while self.next():
            child = cursor.node
            assert child is not None
            handler = handlers.get(child.kind_id)
            if handler is not None:
                found.append(handler(self, child))
            elif child.kind_id in self.kinds.named:
                found.append(UNKNOWN)
        self.up()
        return found

    def await_(self, node: Node) -> int:
        """``await a``."""
        found = self.last(node)
        return self.draft(of.AWAIT, found) if found >= 0 else found

    def as_itself(self, node: Node) -> int:
        """``a satisfies B``."""
        self.down()
        found = self.value()
        while self.next():
            self.type()
        self.up()
        return found

    def as_type(self, node: Node) -> int:
        """``a as B``."""
        self.down()
        found, kind, is_const = self.value(), UNKNOWN, True
        while self.next():
            child = self.cursor.node
            assert child is not None
            if self.type_handlers.get(child.kind_id) is not None:
                kind, is_const = self.type(), False
        self.up()
        value = self.value_of(kind)
        is_function = value >= 0 and self.drafts[value][0] == of.DEFINED
        is_known = found >= 0 and self.drafts[found][0] in (of.NAME, of.FUNCTION)
        return found if is_const or (is_function and is_known) else value

    def asserted(self, node: Node) -> int:
        """``<A>b``."""
        kind = UNKNOWN
        self.down()
        while True:
            child = self.cursor.node
            assert child is not None
            if child.kind_id == self.kinds.type_arguments:
                found = self.types(child)
                kind = found[0] if found else UNKNOWN
            else:
                self.value()
            if not self.next():
                break
        self.up()
        return self.value_of(kind)

    def binary(self, node: Node) -> int:
        """``a || b``, ``a && b``, ``a + b``."""
        if self.cursor.depth > MAX_DEPTH:
            return self.put_off(node, type(self).binary)
        self.down()
        left = self.value()
        self.next()
        operator = self.text[self._node().start_byte : self._node().end_byte]
        self.next()
        right = self.value()
        while self.next():
            right = self.value()
        self.up()
        if operator in (b"||", b"??"):
            return self.draft(of.UNION, [left, right])
        if operator == b"&&":
            return right
        if operator == b"+":
            return of.STRING if of.STRING in (left, right) else UNKNOWN
        return of.BOOLEAN if operator in _COMPARES else UNKNOWN

    def unary(self, node: Node) -> int:
        """``!a``, ``typeof a``, ``void 0``."""
        self.last(node)
        start = self.text[node.start_byte : node.start_byte + 4]
        if start == b"void":
            return of.NOTHING
        return of.BOOLEAN if start[:1] == b"!" else of.STRING if start == b"type" else UNKNOWN

    def ternary(self, node: Node) -> int:
        """``a ? b : c``."""
        if self.cursor.depth > MAX_DEPTH:
            return self.put_off(node, type(self).each)
        parts: list[int] = []
        self.down()
        while True:
            child = self.cursor.node
            assert child is not None
            handler = self.handlers.get(child.kind_id)
            if handler is not None:
                parts.append(handler(self, child))
            elif child.kind_id in self.kinds.named and child.kind_id != self.kinds.comment:
                parts.append(UNKNOWN)
            if not self.next():
                break
        self.up()
        return self.draft(of.UNION, parts[1:]) if len(parts) == 3 else UNKNOWN

    def assignment(self, node: Node) -> int:
        """``a = b``, ``a.b = c``, ``[a, b] = c``, ``a ||= b``."""
        if self.cursor.depth > MAX_DEPTH:
            return self.put_off(node, type(self).assignment)
        kinds = self.kinds
        self.down()
        left = self._node()
        kind = left.kind_id
        target, name = UNKNOWN, ""
        if kind == kinds.identifier:
            name = self.word(left)
        elif kind not in (kinds.object_pattern, kinds.array_pattern):
            target = self.value()
        self.next()
        operator = self.text[self._node().start_byte : self._node().end_byte]
        self.next()
        right = self._node()
        while right.kind_id == kinds.comment and self.next():
            right = self._node()
        if right.kind_id in kinds.named_values and name:
            self.hint = (name, left.start_point.row + 1)
        value = self.value()
        self.up()
        if operator not in _ASSIGNS:
            value = UNKNOWN
        if name:
            self.sketch.assigned.append((name, self.scope, value))
        elif target >= 0 and self.drafts[target][0] == of.MEMBER:
            self._attach(target, value, left)
        elif target < 0 and kind in (kinds.object_pattern, kinds.array_pattern):
            self.down()
            self.pattern(value, self._assign)
            self.up()
        return value

    def _assign(self, name: str, draft: int) -> None:
        self.sketch.assigned.append((name, self.scope, draft))

    def _attach(self, target: int, value: int, left: Node) -> None:
        _, owner, name = self.drafts[target]
        if owner != UNKNOWN:
            line = left.end_point.row + 1
            self.sketch.attached.append(of.Attached(owner, name, value, line, self.function))

    def array(self, node: Node) -> int:
        """``[a, b]``."""
        found: list[int] = []
        cursor, handlers = self.cursor, self.handlers
        self.down()
        if cursor.depth > MAX_DEPTH:
            self.up()
            return self.put_off(node, type(self).each)
        while self.next():
            child = cursor.node
            assert child is not None
            handler = handlers.get(child.kind_id)
            if handler is not None:
                element = handler(self, child)
                found.append(element)
        self.up()
        if not found:
            return self.draft(of.INSTANCE, of.ARRAY)
        return self.draft(of.TUPLE, found) if len(found) <= MOST_PARTS else UNKNOWN

    def spread(self, node: Node) -> int:
        """``...a``."""
        found = self.last(node)
        return self.draft(of.ITERATE, found) if found >= 0 else UNKNOWN
