"""Reads types: which type is written, and what a value of it is."""

from __future__ import annotations

from typing import Final

from tree_sitter import Node

from semindex.parse.facts.model import UNKNOWN, Form, Role
from semindex.parse.facts.script import records as of
from semindex.parse.facts.script.kinds import Kinds
from semindex.parse.facts.script.reader import MAX_DEPTH, Handler, Reader
from semindex.parse.facts.script.records import Bound, Function

_TYPE = int(Role.TYPE)
_PREDEFINED = {
    "string": of.STRING - 1,
    "number": of.NUMBER - 1,
    "boolean": of.BOOLEAN - 1,
    "void": of.NOTHING,
    "never": of.NOTHING,
    "undefined": of.NOTHING,
    "null": of.NOTHING,
}
"""What keywords mean as types; the rest may be anything."""
_SAME: Final = frozenset(
    ("Partial", "Required", "Readonly", "NonNullable", "Pick", "Omit", "NoInfer", "ThisType", "Awaited")
)
"""Generic types whose values have the members of those of their first argument."""
_KEYWORDS: Final = frozenset(("any", "unknown", "object"))


class TypeReader(Reader):
    """Reads types. The draft of a type is one of which there are values, not a value."""

    @classmethod
    def _type_table(cls, kinds: Kinds) -> dict[int, Handler]:
        special: dict[str, Handler] = {
            "type_identifier": cls.type_name,
            "nested_type_identifier": cls.nested_type,
            "generic_type": cls.generic_type,
            "type_arguments": cls.type_arguments,
            "array_type": cls.array_type,
            "readonly_type": cls.last_type,
            "parenthesized_type": cls.last_type,
            "type_annotation": cls.last_type,
            "constraint": cls.last_type,
            "default_type": cls.last_type,
            "union_type": cls.union_type,
            "intersection_type": cls.intersection_type,
            "object_type": cls.object_type,
            "interface_body": cls.object_type,
            "function_type": cls.function_type,
            "constructor_type": cls.constructor_type,
            "type_query": cls.type_query,
            "predefined_type": cls.predefined,
            "literal_type": cls.literal_type,
            "lookup_type": cls.lookup_type,
            "this_type": lambda self, _: self.draft(of.TYPE_OF, self.this),
            "tuple_type": cls.tuple_type,
            "optional_type": cls.last_type,
            "rest_type": cls.last_type,
            "required_parameter": cls.last_type,
            "optional_parameter": cls.last_type,
            "type_predicate": cls.predicate,
            "type_predicate_annotation": cls.last_type,
            "asserts_annotation": cls.each_type,
            "member_expression": cls.value_type,
            "call_expression": cls.value_type,
            "template_literal_type": cls.text_type,
            "type_parameters": cls.type_parameters,
            "conditional_type": cls.conditional_type,
            "mapped_type_clause": cls.mapped,
            "infer_type": cls.infer_type,
        }
        table: dict[int, Handler] = dict.fromkeys(kinds.named, cls.each_type)
        table |= {kinds.of(name): handler for name, handler in special.items()}
        for leaf in ("identifier", "property_identifier", "string", "number", "comment", "this"):
            table.pop(kinds.of(leaf), None)
        return table

    def type(self) -> int:
        """Read the node at the cursor as a type."""
        node = self.cursor.node
        assert node is not None
        handler = self.type_handlers.get(node.kind_id)
        return handler(self, node) if handler is not None else UNKNOWN

    def types(self, node: Node) -> list[int]:
        """Read all children as types."""
        found: list[int] = []
        if self.cursor.depth > MAX_DEPTH:
            self.put_off(node, type(self).each_type)
        elif self.down():
            while True:
                child = self.cursor.node
                assert child is not None
                handler = self.type_handlers.get(child.kind_id)
                if handler is not None:
                    found.append(handler(self, child))
                if not self.next():
                    break
            self.up()
        return found

    def each_type(self, node: Node) -> int:
        """Read all children for the types in them."""
        self.types(node)
        return UNKNOWN

    def last_type(self, node: Node) -> int:
        """The type that is the last child."""
        found = self.types(node)
        return found[-1] if found else UNKNOWN

    def value_of(self, kind: int) -> int:
        """A value of a type."""
        if kind < 0:
            return kind
        draft = self.drafts[kind]
        return int(draft[1]) if draft[0] == of.TYPE_OF else self.draft(of.INSTANCE, kind)

    def type_name(self, node: Node) -> int:
        """The type with a name."""
        name = self.word(node)
        if name in _KEYWORDS:
            return UNKNOWN
        return self.note(node, name, self.draft(of.TYPE_NAME, name, self.scope), _TYPE)

    def nested_type(self, node: Node) -> int:
        """``A.B``."""
        parts = node.named_children
        owner = self._module_of_type(parts[0])
        name = self.word(parts[-1])
        return self.note(parts[-1], name, self.draft(of.MEMBER, owner, name), _TYPE)

    def _module_of_type(self, node: Node) -> int:
        parts = node.named_children
        if len(parts) < 2:
            return self.draft(of.TYPE_NAME, self.word(node), self.scope)
        names = self.word(node).split(".")
        owner = self.draft(of.TYPE_NAME, names[0].strip(), self.scope)
        for name in names[1:]:
            owner = self.draft(of.MEMBER, owner, name.strip())
        return owner

    def generic_type(self, node: Node) -> int:
        """``A<B>``."""
        found = self.types(node)
        if not found:
            return UNKNOWN
        base, arguments = found[0], self.applied
        self.applied = []
        if base < 0:
            return base
        kind, name, _ = self.drafts[base]
        if kind == of.TYPE_NAME and arguments and self.scope.type(name) is None:
            if name in _SAME:
                return arguments[0]
            inner = self.drafts[arguments[0]] if arguments[0] >= 0 else (0, 0, 0)
            if name == "ReturnType" and inner[0] == of.TYPE_OF:
                return self.draft(of.TYPE_OF, self.draft(of.CALL, inner[1]))
            if name == "InstanceType" and inner[0] == of.TYPE_OF:
                return int(inner[1])
        for argument in arguments:
            base = self.draft(of.APPLY, base, self.value_of(argument))
        return base

    def type_arguments(self, node: Node) -> int:
        """``<A, B>``; they are kept for what they are the arguments of."""
        found = self.types(node)
        self.applied = found
        return UNKNOWN

    def array_type(self, node: Node) -> int:
        """``A[]``."""
        return self.draft(of.APPLY, of.ARRAY, self.value_of(self.last_type(node)))

    def union_type(self, node: Node) -> int:
        """``A | B``."""
        found = self.types(node)
        return self.draft(of.UNION, found) if found else UNKNOWN

    def intersection_type(self, node: Node) -> int:
        """``A & B``: a nameless interface with both as bases."""
        line = node.start_point.row + 1
        shape = of.Shape("", line, node.end_point.row + 1, self.parent, self.define("", Form.INTERFACE, node))
        shape.bases = [each for each in self.types(node) if each != UNKNOWN]
        self.sketch.shapes.append(shape)
        return self.draft(of.DEFINED, shape.number)

    def object_type(self, node: Node) -> int:
        """``{a: A, b(): B}``."""
        raise NotImplementedError

    def parameters(self, function: Function) -> None:
        """Read the parameters of a function."""
        raise NotImplementedError

    def function_type(self, node: Node) -> int:
        """``(a: A) => B``: something whose call gives B, and which is no function that is written down."""
        returns = self._signature(node)
        number = self.define("", Form.TYPE, node)
        function = Function(0, 0, None)
        function.number, function.declared = number, returns
        self.sketch.functions.append(function)
        return self.draft(of.TYPE_OF, self.draft(of.DEFINED, number))

    def constructor_type(self, node: Node) -> int:
        """``new (a: A) => B``: as if it were B itself."""
        returns = self._signature(node)
        return self.draft(of.TYPE_OF, returns) if returns >= 0 else UNKNOWN

    def _signature(self, node: Node) -> int:
        """Read a type that has parameters; gives what it returns."""
        returns = UNKNOWN
        if self.cursor.depth > MAX_DEPTH:
            return self.put_off(node, type(self).each_type)
        outer = self.enter(is_top=True)
        if self.down():
            while True:
                child = self.cursor.node
                assert child is not None
                if child.kind_id == self.kinds.parameters:
                    self.parameters(Function(0, 0, None))
                else:
                    found = self.type()
                    returns = found if found != UNKNOWN else returns
                if not self.next():
                    break
            self.up()
        self.scope = outer
        return returns

    def type_query(self, node: Node) -> int:
        """``typeof a.b``."""
        return self.draft(of.TYPE_OF, self.last(node))

    def value_type(self, node: Node) -> int:
        """``import("a").B``."""
        return self.handlers[node.kind_id](self, node)  # these kinds have one

    def predefined(self, node: Node) -> int:
        """``string``, ``void``, ``any``."""
        return _PREDEFINED.get(self.word(node), UNKNOWN)

    def literal_type(self, node: Node) -> int:
        """``"a"``, ``1``, ``null``."""
        first = self.text[node.start_byte : node.start_byte + 1]
        if first in b"'\"`":
            return of.STRING - 1
        return _PREDEFINED.get(self.word(node), of.NUMBER - 1 if first in b"-0123456789" else of.BOOLEAN - 1)

    def text_type(self, node: Node) -> int:
        """A type of strings."""
        self.types(node)
        return of.STRING - 1

    def predicate(self, node: Node) -> int:
        """``a is B``."""
        self.types(node)
        return of.BOOLEAN - 1

    def lookup_type(self, node: Node) -> int:
        """``A["b"]``."""
        found = self.types(node)
        if not found or found[0] < 0:
            return UNKNOWN
        key = self.word(node.named_children[-1])
        owner = self.value_of(found[0])
        if key[:1] in ("'", '"'):
            return self.draft(of.TYPE_OF, self.draft(of.MEMBER, owner, key[1:-1]))
        return self.draft(of.TYPE_OF, self.draft(of.ITEM, owner)) if key == "number" else UNKNOWN

    def tuple_type(self, node: Node) -> int:
        """``[A, B]``."""
        parts = [self.value_of(each) for each in self.types(node)]
        return self.draft(of.TYPE_OF, self.draft(of.TUPLE, parts)) if parts else UNKNOWN

    def conditional_type(self, node: Node) -> int:
        """``A extends B ? C : D``."""
        outer = self.enter()
        self.types(node)
        self.scope = outer
        return UNKNOWN

    def mapped(self, node: Node) -> int:
        """``K in A``, the head of a mapped type."""
        first = node.named_children[0] if node.named_children else None
        if first is not None:
            self.scope.types[self.word(first)] = Bound([UNKNOWN])
        return self.each_type(node)

    def infer_type(self, node: Node) -> int:
        """``infer A``."""
        first = node.named_children[0] if node.named_children else None
        if first is not None:
            self.scope.types[self.word(first)] = Bound([UNKNOWN])
        return UNKNOWN

    def type_parameters(self, node: Node) -> int:
        """``<A extends B, C = D>``: each is known by what it extends."""
        if not self.down():
            return UNKNOWN
        while True:
            child = self.cursor.node
            assert child is not None
            if self.down():
                name, bound = self.cursor.node, UNKNOWN
                while self.next():
                    found = self.type()
                    if self.cursor.node.kind_id == self.kinds.constraint:  # type: ignore[union-attr]
                        bound = found
                if name is not None:
                    self.scope.types[self.word(name)] = Bound([bound])
                self.up()
            if not self.next():
                break
        self.up()
        return UNKNOWN
