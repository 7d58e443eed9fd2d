"""Reads statements, and walks through a file."""

from __future__ import annotations

from tree_sitter import Node

from semindex.parse.facts.model import UNKNOWN, Form
from semindex.parse.facts.script import records as of
from semindex.parse.facts.script.exports import ExportReader
from semindex.parse.facts.script.kinds import Kinds
from semindex.parse.facts.script.reader import MAX_DEPTH, Handler
from semindex.parse.facts.script.records import Bound

_SKIPPED = (
    "comment", "string", "number", "regex", "property_identifier", "type_identifier", "predefined_type",
    "null", "true", "false", "super", "import", "meta_property", "jsx_text", "jsx_closing_element",
    "statement_identifier", "private_property_identifier", "optional_chain", "empty_statement",
    "string_fragment", "escape_sequence", "hash_bang_line", "accessibility_modifier", "override_modifier",
    "debugger_statement", "html_comment",
)  # fmt: skip


class Walk(ExportReader):
    """Reads a file."""

    hoists = False
    """Whether the next variable belongs to the whole function."""

    @classmethod
    def _table(cls, kinds: Kinds) -> dict[int, Handler]:
        special = cls._expressions() | cls._classes() | cls._modules() | cls._statements()
        table: dict[int, Handler] = dict.fromkeys(kinds.named, cls.each)
        table |= {kinds.of(name): handler for name, handler in special.items()}
        for name in _SKIPPED:
            if name not in special:
                table.pop(kinds.of(name), None)
        return table

    @classmethod
    def _statements(cls) -> dict[str, Handler]:
        return {
            "statement_block": cls.block,
            "switch_body": cls.block,
            "for_statement": cls.block,
            "for_in_statement": cls.for_in,
            "catch_clause": cls.catch,
            "variable_declarator": cls.variable,
            "variable_declaration": cls.variables,
            "return_statement": cls.return_,
            "function_declaration": cls.function_declaration,
            "generator_function_declaration": cls.function_declaration,
            "function_signature": cls.function_signature,
            "type_alias_declaration": cls.type_alias,
            "internal_module": cls.namespace,
            "module": cls.namespace,
        }

    def run(self) -> None:
        """Read the whole file."""
        root = self.cursor.node
        assert root is not None
        self.each(root)
        self.finish()

    def block(self, node: Node) -> int:
        """Statements with names of their own."""
        outer = self.enter()
        self.each(node)
        self.scope = outer
        return UNKNOWN

    def catch(self, node: Node) -> int:
        """``catch (error) {}``."""
        outer = self.enter()
        self.down()
        while self.next():
            if self._node().kind_id in self.kinds.patterns:
                self.pattern(UNKNOWN, self.bind)
            else:
                self.value()
        self.up()
        self.scope = outer
        return UNKNOWN

    def for_in(self, node: Node) -> int:
        """``for (const a of b) {}``."""
        kinds = self.kinds
        if self.cursor.depth > MAX_DEPTH:
            return self.put_off(node, type(self).for_in)
        right = node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        is_of = operator is not None and operator.kind_id == kinds.of_token
        is_var = False
        is_declared = node.child_by_field_name("kind") is not None
        outer = self.enter()
        hole = self.draft(of.UNION, [UNKNOWN])
        self.down()
        while self.next():
            child = self._node()
            if child.kind_id == kinds.var_token:
                is_var = True
            elif right is not None and child.id == right.id:
                found = self.value()
                if is_of and found >= 0:
                    self.drafts[hole] = (of.ITERATE, found, 0)
                elif not is_of:
                    self.drafts[hole] = self.drafts[of.STRING]
            elif child.kind_id in kinds.patterns and right is not None and child.end_byte <= right.start_byte:
                if is_declared:
                    self.pattern(hole, self._bind_var if is_var else self.bind)
                else:
                    self.pattern(hole, self._assign)
            else:
                self.value()
        self.up()
        self.scope = outer
        return UNKNOWN

    def _bind_var(self, name: str, draft: int) -> None:
        self.bind(name, draft, hoists=True)

    def variable(self, node: Node) -> int:
        """``a: A = b`` in a declaration."""
        kinds = self.kinds
        hoists, self.hoists = self.hoists, False
        self.down()
        target = self._node()
        is_name = target.kind_id == kinds.identifier
        name = self.word(target) if is_name else ""
        declared, value, is_behind, kind = UNKNOWN, of.NOTHING, False, 0
        while self.next():
            child = self._node()
            kind = child.kind_id
            if kind == kinds.type_annotation:
                declared = self.value_of(self.type())
            elif kind == kinds.equals:
                is_behind = True
            elif is_behind and kind in self.kinds.named and kind != kinds.comment:
                if is_name and kind in kinds.named_values:
                    self.hint = (name, target.start_point.row + 1)
                value = self.value()
        self.up()
        if not is_name:
            self.down()
            source = declared if declared != UNKNOWN else value
            self.pattern(source, self._bind_var if hoists else self.bind)
            if self.exporting:
                self.down_names(target)
            self.up()
            return UNKNOWN
        if value == of.NOTHING and hoists and name in self.scope.top.values:
            return UNKNOWN  # ``var a`` once more says nothing.
        if self._is_surer(value, declared):
            self._type_function(value, declared)
            declared = UNKNOWN
        bound = self.bind(name, value, declared=declared, hoists=hoists)
        if (self.returning is None and self.scope.up is None) or self.exporting:
            self._name_variable(bound, name, value, node, target)
        return UNKNOWN

    def down_names(self, target: Node) -> None:
        """Offer all names of a pattern."""
        waiting = [target]
        names = (self.kinds.identifier, self.kinds.shorthand_pattern)
        while waiting:
            each = waiting.pop()
            if each.kind_id in names:
                self.offer(self.word(each), self.draft(of.NAME, self.word(each), self.scope))
            waiting += each.named_children

    def _name_variable(self, bound: Bound, name: str, value: int, node: Node, target: Node) -> None:
        """Give a variable of the file a definition, unless what it holds has one of that name."""
        kind = self.drafts[value][0] if value >= 0 else -1
        if kind in (of.FUNCTION, of.OBJECT) and self.drafts[value][1].number >= 0:
            if self.exporting:
                self.offer(name, self.draft(of.NAME, name, self.scope))
            return
        if bound.number < 0 and kind != of.IMPORT:
            bound.number = self.define(name, Form.VARIABLE, node, target.start_point.row + 1)
            self.sketch.variables.append((bound.number, bound))
        if self.exporting:
            self.offer(name, self.draft(of.NAME, name, self.scope))

    def _is_surer(self, value: int, declared: int) -> bool:
        """Whether a variable is better known by its value than by its type: by the function that it holds."""
        if value < 0 or declared < 0:
            return False
        kind = self.drafts[value][0]
        return kind == of.FUNCTION or (kind == of.NAME and self.drafts[declared][0] == of.DEFINED)

    def _type_function(self, value: int, declared: int) -> None:
        """A function without a type of its own returns what the type of its variable says."""
        kind, function, _ = self.drafts[value]
        if kind == of.FUNCTION and function.declared == UNKNOWN:
            function.declared = self.draft(of.CALL, declared)

    def variables(self, node: Node) -> int:
        """``var a, b``."""
        self.down()
        while self.next():
            self.hoists = True
            self.value()
        self.hoists = False
        self.up()
        return UNKNOWN

    def return_(self, node: Node) -> int:
        """``return a``."""
        self.down()
        value = of.NOTHING
        while self.next():
            child = self._node()
            if child.kind_id in self.kinds.named and child.kind_id != self.kinds.comment:
                value = self.value()
        self.up()
        if self.returning is not None:
            self.returning.returns.append(value)
        return UNKNOWN

    def function_declaration(self, node: Node) -> int:
        """``function a() {}``."""
        hint, self.hint = self.hint, None
        named = node.child_by_field_name("name")
        function = self.started(node)
        name, line = hint or ("", node.start_point.row + 1)
        if named is not None:
            name, line = self.word(named), named.start_point.row + 1
        known = self.scope.values.get(name) if name else None
        self.name_function(function, node, name, line)
        if known is not None and len(known.values) == 1 and self.drafts[known.values[0]][0] == of.FUNCTION:
            before = self.drafts[known.values[0]][1]
            if before.number < 0:
                function.signatures, known.values = before.signatures, []
        draft = self.draft(of.FUNCTION, function)
        if name:
            self.bind(name, draft)
        self.read_function(node, function)
        return draft

    def function_signature(self, node: Node) -> int:
        """``function a(): A;``: an overload, or declared elsewhere."""
        named = node.child_by_field_name("name")
        function = self.started(node)
        if named is not None:
            name = self.word(named)
            known = self.scope.values.get(name)
            first = (
                self.drafts[known.values[0]][1] if known and known.values and known.values[0] >= 0 else None
            )
            if not isinstance(first, of.Function):
                first = self.started(node)
                first.name, first.line = name, named.start_point.row + 1
                self.bind(name, self.draft(of.FUNCTION, first))
            first.signatures.append(function)
        self.read_function(node, function)
        return UNKNOWN

    def type_alias(self, node: Node) -> int:
        """``type A = B``."""
        kinds = self.kinds
        named, written = node.child_by_field_name("name"), node.child_by_field_name("value")
        if named is None or written is None:
            return self.each_type(node)
        name = self.word(named)
        number = self.define(name, Form.TYPE, node, named.start_point.row + 1)
        self.scope.types.setdefault(name, Bound([], number=number))
        place, self.parent = self.parent, number
        exporting, self.exporting = self.exporting, 0
        outer = self.enter()
        self.down()
        while self.next():
            child = self._node()
            if child.kind_id == kinds.type_parameters:
                self.type()
            elif child.id == written.id:
                self.sketch.aliases.append((number, self.type()))
        self.up()
        self.scope = outer
        self.parent, self.exporting = place, exporting
        return UNKNOWN

    def namespace(self, node: Node) -> int:
        """``namespace A {}``, ``declare module "a" {}``."""
        named, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if named is None or body is None:
            return UNKNOWN
        place = (self.parent, self.exporting)
        if named.kind_id == self.kinds.identifier:
            name = self.word(named)
            known = self.scope.values.get(name)
            number = -1 if known is None else known.number
            if known is not None and number < 0 and known.values and known.values[0] >= 0:
                record = self.drafts[known.values[0]][1]
                number = record.number if isinstance(record, of.Function) else -1
            if number < 0:
                number = self.define(name, Form.MODULE, node, named.start_point.row + 1)
                self.scope.values[name] = Bound([], number=number)
            self.scope.types.setdefault(name, Bound([], number=number))
            self.parent = number
        self.exporting = 0
        self.in_namespace += 1
        outer = self.enter(is_top=True)
        self.down()
        while self._node().id != body.id and self.next():
            pass
        self.each(body)
        self.up()
        self.scope = outer
        self.in_namespace -= 1
        self.parent, self.exporting = place
        return UNKNOWN
