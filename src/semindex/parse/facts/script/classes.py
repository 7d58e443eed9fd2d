"""Reads classes, interfaces and types that list their members."""

from __future__ import annotations

from tree_sitter import Node

from semindex.parse.facts.model import UNKNOWN, Flag, Form, Role
from semindex.parse.facts.script import records as of
from semindex.parse.facts.script.expressions import ExpressionReader
from semindex.parse.facts.script.reader import MAX_DEPTH, Handler
from semindex.parse.facts.script.records import Bound, Function, Shape

_BASE = int(Role.BASE)


class ClassReader(ExpressionReader):
    """Reads what has members."""

    @classmethod
    def _classes(cls) -> dict[str, Handler]:
        return {
            "class_declaration": cls.class_declaration,
            "abstract_class_declaration": cls.class_declaration,
            "class": cls.class_value,
            "interface_declaration": cls.interface,
            "enum_declaration": cls.enum,
            "decorator": cls.decorator,
            "method_definition": cls.method,
            "method_signature": cls.signature,
            "abstract_method_signature": cls.signature,
            "public_field_definition": cls.field,
            "field_definition": cls.field,
            "class_static_block": cls.static_block,
            "index_signature": cls.each_type,
            "class_body": cls.each,
        }

    def class_declaration(self, node: Node) -> int:
        """``class A extends B {}``."""
        hint, self.hint = self.hint, None
        named = node.child_by_field_name("name")
        name, line = hint or ("", node.start_point.row + 1)
        if named is not None:
            name, line = self.word(named), named.start_point.row + 1
        shape = self._merged(name, Form.CLASS, node, line)
        if named is not None:
            self.scope.values[name] = Bound([], number=shape.number)
            self.scope.types[name] = Bound([], number=shape.number)
        self._read_class(node, shape)
        return self.draft(of.OBJECT, shape)

    def class_value(self, node: Node) -> int:
        """A class as an expression."""
        hint, self.hint = self.hint, None
        named = node.child_by_field_name("name")
        name, line = hint or ("", node.start_point.row + 1)
        if named is not None and hint is None:
            name = self.word(named)
        shape = Shape(
            name, line, node.end_point.row + 1, self.parent, self.define(name, Form.CLASS, node, line)
        )
        self.sketch.shapes.append(shape)
        outer = self.enter()
        if named is not None:
            self.scope.values[self.word(named)] = Bound([], number=shape.number)
            self.scope.types[self.word(named)] = Bound([], number=shape.number)
        self._read_class(node, shape)
        self.scope = outer
        if hint is not None:
            self.scope.types.setdefault(name, Bound([], number=shape.number))
        return self.draft(of.OBJECT, shape)

    def _merged(self, name: str, form: Form, node: Node, line: int) -> Shape:
        """The class or interface of a name in this scope; interfaces may be declared in several parts."""
        bound = self.scope.types.get(name) if name else None
        if bound is not None and bound.number >= 0:
            known = next((each for each in self.sketch.shapes if each.number == bound.number), None)
            if known is not None:
                if form is Form.CLASS:
                    definition = self.made.definition(known.number)
                    definition.form, definition.line = int(form), line
                    definition.end_line = node.end_point.row + 1
                return known
        shape = Shape(name, line, node.end_point.row + 1, self.parent, self.define(name, form, node, line))
        self.sketch.shapes.append(shape)
        return shape

    def _read_class(self, node: Node, shape: Shape) -> None:
        if self.cursor.depth > MAX_DEPTH:
            self.put_off(node, type(self).each)
            return
        kinds = self.kinds
        place = (self.shape, self.this, self.parent, self.exporting, self.returning)
        self.shape, self.parent, self.exporting = shape, shape.number, 0
        self.this = self.draft(of.SELF, shape)
        outer = self.enter()
        self.down()
        while True:
            kind = self._node().kind_id
            if kind == kinds.type_parameters:
                self.type()
            elif kind == kinds.heritage:
                self._heritage(shape)
            elif kind in (kinds.class_body, kinds.decorator):
                self.value()
            if not self.next():
                break
        self.up()
        self.scope = outer
        self.shape, self.this, self.parent, self.exporting, self.returning = place

    def _heritage(self, shape: Shape) -> None:
        """``extends A<B> implements C``."""
        kinds = self.kinds
        self.down()
        while True:
            child = self._node()
            if child.kind_id == kinds.extends:
                self._extends(shape)
            elif child.kind_id == kinds.implements:
                for each in self.types(child):
                    self._rename_last(each)
            elif child.kind_id in self.kinds.named and child.kind_id != kinds.comment:
                shape.bases.append(self._base(self.value()))
            if not self.next():
                break
        self.up()

    def _extends(self, shape: Shape) -> None:
        self.down()
        while self.next():
            child = self._node()
            if child.kind_id == self.kinds.type_arguments:
                for each in self.types(child):
                    if shape.bases:
                        shape.bases[-1] = self.draft(of.APPLY, shape.bases[-1], self.value_of(each))
            elif child.kind_id in self.kinds.named and child.kind_id != self.kinds.comment:
                shape.bases.append(self._base(self.value()))
        self.up()

    def _base(self, draft: int) -> int:
        self._rename_last(draft)
        return draft

    def _rename_last(self, draft: int) -> None:
        """Say that the last use names a base."""
        if self.uses and self.uses[-1][2] == draft >= 0:
            place, name, _, _ = self.uses[-1]
            self.uses[-1] = (place, name, draft, _BASE)

    def decorator(self, node: Node) -> int:
        """``@a``."""
        found = self.last(node)
        if self.uses and self.uses[-1][2] == found >= 0 and self.uses[-1][3] == int(Role.READ):
            place, name, _, _ = self.uses[-1]
            self.uses[-1] = (place, name, found, int(Role.DECORATOR))
        return UNKNOWN

    def method(self, node: Node) -> int:
        """A method with a body."""
        shape, words = self.shape, self.modifiers(node)
        named = node.child_by_field_name("name")
        function = self.started(node)
        if shape is None or named is None:
            self.read_function(node, function)
            return UNKNOWN
        name = self.word(named).strip("'\"")
        is_static = "static " in words
        this = self.draft(of.OBJECT, shape) if is_static else self.this
        if named.kind_id != self.kinds.computed and "set " not in words:
            flags = (Flag.STATIC if is_static else 0) | (Flag.PROPERTY if "get " in words else 0)
            self.name_function(function, node, name, named.start_point.row + 1, int(flags))
            signature = shape.members.get(name)
            if signature is not None and signature.number < 0:
                function.signatures = signature.signatures
            shape.members[name] = function
        elif named.kind_id == self.kinds.computed:
            self._computed(named)
        function.is_constructor = name == "constructor"
        self.read_function(node, function, this=this)
        return UNKNOWN

    def _computed(self, named: Node) -> None:
        self.down()
        while self._node().id != named.id and self.next():
            pass
        self.each(named)
        self.up()

    def signature(self, node: Node) -> int:
        """A method without a body: an overload, or a member of an interface or abstract class."""
        shape = self.shape
        named = node.child_by_field_name("name")
        function = self.started(node)
        if shape is None or named is None or named.kind_id == self.kinds.computed:
            self.read_function(node, function)
            return UNKNOWN
        name, words = self.word(named).strip("'\""), self.modifiers(node)
        known = shape.members.get(name)
        if known is None:
            is_overload = self.made.definition(shape.number).form == Form.CLASS and "abstract" not in words
            if not is_overload:
                flags = Flag.DECLARATION | (Flag.PROPERTY if "get " in words else 0)
                self.name_function(function, node, name, named.start_point.row + 1, int(flags))
            known = shape.members[name] = function if not is_overload else self.started(node)
        known.signatures.append(function)
        self.read_function(node, function, this=self.this)
        return UNKNOWN

    def field(self, node: Node) -> int:
        """``a: A = b``."""
        shape, kinds, words = self.shape, self.kinds, self.modifiers(node)
        named = node.child_by_field_name("name") or node.child_by_field_name("property")
        if shape is None or named is None:
            return self.each(node)
        name = "" if named.kind_id == kinds.computed else self.word(named).strip("'\"")
        declared, value, this = UNKNOWN, UNKNOWN, self.this
        if "static " in words:
            self.this = self.draft(of.OBJECT, shape)
        place, self.returning = self.returning, None
        self.down()
        is_behind = False
        while True:
            child = self._node()
            kind = child.kind_id
            if kind == kinds.type_annotation:
                declared = self.value_of(self.type())
            elif kind == kinds.equals:
                is_behind = True
            elif is_behind and kind in self.kinds.named and kind != kinds.comment:
                if name and kind in kinds.named_values:
                    self.hint = (name, named.start_point.row + 1)
                value = self.value()
            elif kind in (kinds.decorator, kinds.computed):
                self.value()
            if not self.next():
                break
        self.up()
        self.this, self.returning = this, place
        if name:
            self._hold(shape, name, declared, value)
        return UNKNOWN

    def _hold(self, shape: Shape, name: str, declared: int, value: int) -> None:
        is_definition = value >= 0 and self.drafts[value][0] == of.FUNCTION
        if is_definition:
            shape.members[name] = self.drafts[value][1]
            return
        attribute = shape.attribute(name)
        attribute.declared = declared
        if value != UNKNOWN:
            attribute.first.append(value)

    def static_block(self, node: Node) -> int:
        """``static {}``."""
        this, self.this = self.this, self.draft(of.OBJECT, self.shape) if self.shape else UNKNOWN
        self.each(node)
        self.this = this
        return UNKNOWN

    def interface(self, node: Node) -> int:
        """``interface A extends B {}``."""
        named = node.child_by_field_name("name")
        if named is None:
            return self.each(node)
        name, line = self.word(named), named.start_point.row + 1
        shape = self._merged(name, Form.INTERFACE, node, line)
        self.scope.types[name] = Bound([], number=shape.number)
        kinds = self.kinds
        place, self.parent = self.parent, shape.number
        outer = self.enter()
        self.down()
        while self.next():
            child = self._node()
            if child.kind_id == kinds.type_parameters:
                self.type()
            elif child.kind_id == kinds.extends_type:
                for each in self.types(child):
                    self._rename_last(each)
                    shape.bases.append(each)
            elif child.kind_id in (kinds.interface_body, kinds.object_type):
                self._members(shape, child)
        self.up()
        self.scope = outer
        self.parent = place
        return UNKNOWN

    def object_type(self, node: Node) -> int:
        """``{a: A, b(): B}``: a nameless interface."""
        number = self.define("", Form.INTERFACE, node)
        shape = Shape("", node.start_point.row + 1, node.end_point.row + 1, self.parent, number)
        self.sketch.shapes.append(shape)
        place, self.parent = self.parent, number
        outer = self.enter()
        self._members(shape, node)
        self.scope = outer
        self.parent = place
        return self.draft(of.DEFINED, number)

    def _members(self, shape: Shape, node: Node) -> None:
        """Read the members of a type."""
        if self.cursor.depth > MAX_DEPTH:
            self.put_off(node, type(self).each_type)
            return
        kinds = self.kinds
        place = (self.shape, self.this, self.exporting)
        self.shape, self.this, self.exporting = shape, self.draft(of.SELF, shape), 0
        if self.down():
            while True:
                child = self._node()
                kind = child.kind_id
                if kind == kinds.method_signature:
                    self.signature(child)
                elif kind == kinds.property_signature:
                    self._property_signature(shape, child)
                elif kind in (kinds.call_signature, kinds.construct_signature):
                    self.read_function(child, Function(0, 0, None))
                elif kind in self.kinds.named:
                    self.type()
                if not self.next():
                    break
            self.up()
        self.shape, self.this, self.exporting = place

    def _property_signature(self, shape: Shape, node: Node) -> None:
        named = node.child_by_field_name("name")
        declared = UNKNOWN
        self.down()
        while True:
            child = self._node()
            if child.kind_id == self.kinds.type_annotation:
                declared = self.value_of(self.type())
            elif child.kind_id == self.kinds.computed:
                self.value()
            if not self.next():
                break
        self.up()
        if named is not None and named.kind_id != self.kinds.computed:
            shape.attribute(self.word(named).strip("'\"")).declared = declared

    def enum(self, node: Node) -> int:
        """``enum A {}``."""
        named = node.child_by_field_name("name")
        if named is not None:
            name = self.word(named)
            number = self.define(name, Form.CLASS, node, named.start_point.row + 1)
            self.scope.values[name] = Bound([], number=number)
            self.scope.types[name] = Bound([], number=number)
        return self.each(node)
