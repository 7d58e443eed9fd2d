"""Reads imports and exports."""

from __future__ import annotations

from tree_sitter import Node

from semindex.parse.facts.model import UNKNOWN, Flag
from semindex.parse.facts.script import records as of
from semindex.parse.facts.script.callees import WHOLE
from semindex.parse.facts.script.classes import ClassReader
from semindex.parse.facts.script.reader import Handler
from semindex.parse.facts.script.records import Bound


class ExportReader(ClassReader):
    """Reads what a file takes from others, and what it offers."""

    in_namespace = 0

    @classmethod
    def _modules(cls) -> dict[str, Handler]:
        return {
            "import_statement": cls.import_,
            "import_alias": cls.import_alias,
            "export_statement": cls.export,
        }

    def offer(self, name: str, value: int, kind: int = UNKNOWN) -> None:
        """Let the file offer a value, and a type, under a name."""
        if not self.in_namespace:
            self.sketch.offered.append((name, value, kind))

    def _taken(self, local: str, module: str, name: str | None, node: Node) -> None:
        number = self.made.import_(local, module, name, line=node.start_point.row + 1)
        bound = Bound([self.draft(of.IMPORT, number)])
        self.scope.values[local] = bound
        self.scope.types[local] = bound

    def import_(self, node: Node) -> int:
        """``import a, {b as c} from "d"``, ``import * as e from "f"``, ``import g = require("h")``."""
        source = node.child_by_field_name("source")
        for child in node.named_children:
            kind = child.type
            if kind == "import_clause" and source is not None:
                self._clause(child, self.word(source)[1:-1])
            elif kind == "import_require_clause":
                parts = child.named_children
                if len(parts) == 2:
                    self._taken(self.word(parts[0]), self.word(parts[1])[1:-1], WHOLE, parts[0])
            elif source is not None and child.id == source.id and len(node.named_children) == 1:
                self.made.import_("#", self.word(source)[1:-1], line=node.start_point.row + 1)
        return UNKNOWN

    def _clause(self, clause: Node, module: str) -> None:
        for child in clause.named_children:
            kind = child.type
            if kind == "identifier":
                self._taken(self.word(child), module, "default", child)
            elif kind == "namespace_import":
                self._taken(self.word(child.named_children[-1]), module, None, child)
            elif kind == "named_imports":
                for each in child.named_children:
                    name = each.child_by_field_name("name")
                    alias = each.child_by_field_name("alias") or name
                    if name is not None and alias is not None:
                        self._taken(self.word(alias), module, self.word(name).strip("'\""), each)

    def import_alias(self, node: Node) -> int:
        """``import a = b.c``."""
        parts = node.named_children
        if len(parts) == 2:
            names = self.word(parts[1]).split(".")
            draft = self.draft(of.NAME, names[0].strip(), self.scope)
            for name in names[1:]:
                draft = self.draft(of.MEMBER, draft, name.strip())
            self.scope.values[self.word(parts[0])] = Bound([draft])
        return UNKNOWN

    def export(self, node: Node) -> int:
        """All forms of ``export``."""
        source = node.child_by_field_name("source")
        declaration = node.child_by_field_name("declaration")
        value = node.child_by_field_name("value")
        words = {child.type for child in node.children}
        if source is not None:
            self._passed_on(node, self.word(source)[1:-1])
        elif "export_clause" in words:
            self._listed(next(child for child in node.children if child.type == "export_clause"))
        elif declaration is not None:
            self._declared(node, declaration, is_default="default" in words)
        else:
            self._offered_value(node, value, WHOLE if "=" in words else "default")
        return UNKNOWN

    def _passed_on(self, node: Node, module: str) -> None:
        """``export {a} from "b"``, ``export * from "b"``, ``export * as c from "b"``."""
        clause = next((each for each in node.named_children if each.type in _CLAUSES), None)
        if clause is None:
            self.made.import_("", module, line=node.start_point.row + 1, exported=True)
        elif clause.type == "namespace_export":
            self._pass(self.word(clause.named_children[-1]), module, None, clause)
        else:
            for each in clause.named_children:
                name = each.child_by_field_name("name")
                alias = each.child_by_field_name("alias") or name
                if name is not None and alias is not None:
                    self._pass(self.word(alias).strip("'\""), module, self.word(name).strip("'\""), each)

    def _pass(self, local: str, module: str, name: str | None, node: Node) -> None:
        number = self.made.import_(local, module, name, line=node.start_point.row + 1, exported=True)
        self.offer(local, self.draft(of.IMPORT, number))

    def _listed(self, clause: Node) -> None:
        """``export {a as b}``."""
        for each in clause.named_children:
            name = each.child_by_field_name("name")
            if name is None:
                continue
            text = self.word(name)
            alias = each.child_by_field_name("alias")
            value = self.draft(of.NAME, text, self.scope)
            self.note(name, text, value)
            local = self.word(alias).strip("'\"") if alias is not None else text
            self.offer(local, value, self.draft(of.TYPE_NAME, text, self.scope))

    def _declared(self, node: Node, declaration: Node, *, is_default: bool) -> None:
        """``export const a = b``, ``export default class A {}``."""
        place, self.exporting = self.exporting, int(Flag.EXPORTED)
        if is_default:
            self.hint = ("default", declaration.start_point.row + 1)
        found = UNKNOWN
        self.down()
        while True:
            if self._node().id == declaration.id:
                found = self.value()
            elif self._node().kind_id == self.kinds.decorator:
                self.value()
            if not self.next():
                break
        self.up()
        self.hint = None
        self.exporting = place
        if is_default:
            name = declaration.child_by_field_name("name")
            kind = UNKNOWN if name is None else self.draft(of.TYPE_NAME, self.word(name), self.scope)
            self.offer("default", found, kind)

    def _offered_value(self, node: Node, value: Node | None, name: str) -> None:
        """``export default a``, ``export = a``."""
        kinds = self.kinds
        found = UNKNOWN
        self.down()
        while self.next():
            child = self._node()
            if child.kind_id in self.kinds.named and child.kind_id != kinds.comment:
                if child.kind_id in kinds.named_values:
                    self.hint = ("default", child.start_point.row + 1)
                found = self.value()
        self.up()
        kind = UNKNOWN
        if found >= 0 and self.drafts[found][0] == of.NAME:
            kind = self.draft(of.TYPE_NAME, self.drafts[found][1], self.scope)
        self.offer(name, found, kind)


_CLAUSES = ("export_clause", "namespace_export")
