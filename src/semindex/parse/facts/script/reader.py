"""Walks the tree of a file with a cursor, and keeps where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node, Tree

from semindex.parse.facts.model import UNKNOWN, Builder, Flag, Form, Role
from semindex.parse.facts.script.kinds import Kinds
from semindex.parse.facts.script.records import Bound, Function, Scope, Shape, Sketch

Handler = Callable[[Any, Node], int]
"""A method of the walk that reads the node at the cursor, leaves the cursor there, and gives its draft."""

_TABLES: dict[Kinds, tuple[dict[int, Handler], dict[int, Handler]]] = {}

MAX_DEPTH = 180
"""What is nested deeper is read later, from its own root, and unknown to what is around it."""
_READ = int(Role.READ)


class Reader:
    """What all parts of the walk share."""

    def __init__(self, tree: Tree, text: bytes, made: Builder, kinds: Kinds) -> None:
        """Begin at the root."""
        self.text, self.made, self.kinds = text, made, kinds
        self.cursor = tree.walk()
        self.down = self.cursor.goto_first_child
        self.next = self.cursor.goto_next_sibling
        self.up = self.cursor.goto_parent
        self.sketch = Sketch(made)
        self.drafts, self.uses = self.sketch.drafts, self.sketch.uses
        self.scope = self.sketch.scope
        self.function: Function | None = None
        """The innermost function that has a ``this`` of its own."""
        self.returning: Function | None = None
        """The innermost function."""
        self.shape: Shape | None = None
        """The innermost class."""
        self.this = UNKNOWN
        self.parent = -1
        """The innermost definition."""
        self.hint: tuple[str, int] | None = None
        """Name and line for the definition that comes next."""
        self.exporting = 0
        """The flag of definitions that come next."""
        self.applied: list[int] = []
        """The type arguments that were read last."""
        self.later: list[tuple[Node, Handler, tuple[object, ...]]] = []
        self.handlers, self.type_handlers = self.tables(kinds)

    @classmethod
    def tables(cls, kinds: Kinds) -> tuple[dict[int, Handler], dict[int, Handler]]:
        """What reads each kind of node, as an expression or statement and as a type."""
        known = _TABLES.get(kinds)
        if known is None:
            known = _TABLES[kinds] = (cls._table(kinds), cls._type_table(kinds))
        return known

    @classmethod
    def _table(cls, kinds: Kinds) -> dict[int, Handler]:
        return {}

    @classmethod
    def _type_table(cls, kinds: Kinds) -> dict[int, Handler]:
        return {}

    def draft(self, kind: int, a: object = 0, b: object = 0) -> int:
        """The number of a new draft."""
        self.drafts.append((kind, a, b))
        return len(self.drafts) - 1

    def word(self, node: Node) -> str:
        """The text of a node."""
        return self.text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def note(self, node: Node, name: str, draft: int, role: int = _READ) -> int:
        """Note a use; gives the draft back."""
        self.uses.append((node, name, draft, role))
        return draft

    def value(self) -> int:
        """Read the node at the cursor as an expression or statement."""
        node = self.cursor.node
        assert node is not None
        handler = self.handlers.get(node.kind_id)
        return handler(self, node) if handler is not None else UNKNOWN

    def each(self, node: Node) -> int:
        """Read all children."""
        cursor, handlers, step = self.cursor, self.handlers, self.next
        if self.down():
            if cursor.depth > MAX_DEPTH:
                self.up()
                return self.put_off(node, Reader.each)
            while True:
                child = cursor.node
                handler = handlers.get(child.kind_id)  # type: ignore[union-attr]  # the cursor is on a node
                if handler is not None:
                    handler(self, child)  # type: ignore[arg-type]
                if not step():
                    break
            self.up()
        return UNKNOWN

    def last(self, node: Node) -> int:
        """Read all children; the value is the last one's."""
        found = UNKNOWN
        if self.down():
            if self.cursor.depth > MAX_DEPTH:
                self.up()
                return self.put_off(node, Reader.each)
            while True:
                child = self.cursor.node
                handler = self.handlers.get(child.kind_id)  # type: ignore[union-attr]  # as above
                if handler is not None:
                    found = handler(self, child)  # type: ignore[arg-type]
                if not self.next():
                    break
            self.up()
        return found

    def put_off(self, node: Node, handler: Handler) -> int:
        """Read a node later."""
        self.later.append((node, handler, self._place()))
        return UNKNOWN

    def _place(self) -> tuple[object, ...]:
        return self.scope, self.function, self.returning, self.shape, self.this, self.parent

    def finish(self) -> None:
        """Read what was put off."""
        while self.later:
            node, handler, place = self.later.pop()
            (self.scope, self.function, self.returning, self.shape, self.this, self.parent) = place  # type: ignore[assignment]
            self.cursor.reset(node)
            handler(self, node)

    def enter(self, *, is_top: bool = False) -> Scope:
        """Read on in a new scope; gives the one around it, to be set again."""
        outer = self.scope
        self.scope = Scope(outer, is_top=is_top)
        return outer

    def define(self, name: str, form: Form, node: Node, line: int = 0, flags: int = 0) -> int:
        """The number of a new definition at a node, with its name at a line or where the node starts."""
        if self.returning is not None:
            flags |= Flag.LOCAL
        flags |= self.exporting
        return self.made.define(
            name,
            form,
            line=line or node.start_point.row + 1,
            end_line=node.end_point.row + 1,
            parent=self.parent,
            flags=int(flags),
        )

    def bind(self, name: str, draft: int, *, declared: int = UNKNOWN, hoists: bool = False) -> Bound:
        """Let the scope bind a name to one more value."""
        values = (self.scope.top if hoists else self.scope).values
        bound = values.get(name)
        if bound is None:
            bound = values[name] = Bound([draft], declared)
        else:
            bound.values.append(draft)
        return bound
