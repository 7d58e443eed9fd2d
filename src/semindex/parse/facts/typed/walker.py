"""Walks a syntax tree by the table of its language, and collects the facts of the file.

Definitions are found first: types, and what stands directly in them or in the file. Then, with all of them
known, the bodies are walked. In a body a dictionary holds what each local name stands for at that place; what
a block adds is taken back where it ends.

A name that is neither local nor a type or import of the file may be inherited, or of the same package. It
becomes ``WITHIN`` the class around it (``FREE`` outside of classes), which is followed through other files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from tree_sitter import Node, Tree

from semindex.parse.facts.model import UNKNOWN, Builder, Flag, Form, Op, Role

MAX_DEPTH = 150
"""Code nested deeper is passed over."""

_Defined = TypeVar("_Defined")
Rule = Callable[["Walker", Node], int]
"""Walks a node of a body, and gives the expression of its value; or of a type, and gives that of the type."""
Member = Callable[["Walker", Node], None]
"""Takes in a node that stands directly in a type or in the file."""


class Table(NamedTuple):
    """What the walker has to know of a language; all by the types of nodes."""

    members: Mapping[str, Member]
    """Definitions, imports, and what only surrounds them."""
    rules: Mapping[str, Rule]
    """Statements and expressions; of other nodes the parts are walked, and their value is unknown."""
    types: Mapping[str, Rule]
    """Types; others are unknown."""
    builtins: frozenset[str] = frozenset()
    """Types of the language, whose uses are not noted."""
    constants: Mapping[str, str] = MappingProxyType({})
    """Literals in which nothing else can stand, with their types; empty for what has no value."""
    has_statements: bool = False
    """Whether statements may stand outside of functions."""


class Walker:
    """Collects the facts of one file."""

    def __init__(self, table: Table, text: bytes, made: Builder) -> None:
        """Take the table of the language and the text of the file."""
        self.table, self.text, self.made = table, text, made
        self.type = -1
        """The type in which the walk is, a definition; -1 outside of types."""
        self.owner = -1
        """The definition that is around what is defined now: a type, a function or a namespace."""
        self.known: dict[str, int] = {}
        """The expressions of the file's own types and of what it imports, by name."""
        self._nested: dict[int, dict[str, int]] = {}
        """By type the expressions of the types and type parameters in it."""
        self._outer: dict[int, int] = {}
        """By type the one around it."""
        self._parameters: dict[int, frozenset[str]] = {}
        """By type the names of its type parameters."""
        self._is_local = False
        """Whether what is defined now stands in a function."""
        self.null = made.node(Op.INSTANCE, made.free("null"))
        """No object; where there may be another, it does not count."""
        self._rules = table.rules
        self._constants = {
            kind: made.node(Op.INSTANCE, made.free(name)) if name else UNKNOWN
            for kind, name in table.constants.items()
        }
        self._local: dict[str, int] = {}
        self._before: list[tuple[str, int | None]] = []
        """What local names stood for before they were bound, the last one last."""
        self._waiting: list[tuple[int, int, Callable[[], None]]] = []
        """What is to be done when all definitions are known: the type and definition around, and the work."""
        self._depth = 0
        self.package = ""
        """The package in which the walk is."""
        self.role: Role | None = Role.TYPE
        """The role that the names of types have where the walk is; None where they are not noted."""

    def run(self, tree: Tree) -> None:
        """Collect everything."""
        self.take(tree.root_node)
        self._work()

    def set_package(self, name: str) -> None:
        """Let what follows at the top of the file belong to a package."""
        self.package = name
        self.made.package = self.made.package or name
        self.made.named.add(name + ".")

    # Definitions.

    def type_number(self, expression: int) -> int:
        """The number of the type of this file that an expression is; -1 for none."""
        is_definition = expression >= 0 and self.made.op_of(expression) is Op.DEFINITION
        return self.made.first_of(expression) if is_definition else -1

    def take(self, node: Node) -> None:
        """Take in what stands directly in a file, or in the body of a type."""
        if self._depth > MAX_DEPTH:
            return
        self._depth += 1
        members = self.table.members
        for child in node.named_children:
            member = members.get(child.type)
            if member is not None:
                member(self, child)
            elif self.table.has_statements:
                self.later(lambda statement=child: self.value(statement))  # type: ignore[misc]
        self._depth -= 1

    def later(self, work: Callable[[], object]) -> None:
        """Do some work in this place when all definitions are known."""
        self._waiting.append((self.type, self.owner, work))  # type: ignore[arg-type]

    def _work(self) -> None:
        at = 0
        kept = self.type, self.owner
        while at < len(self._waiting):
            self.type, self.owner, work = self._waiting[at]
            at += 1
            mark = self.mark()
            work()
            self.release(mark)
        self.type, self.owner = kept
        self._waiting.clear()

    def at_once(self, define: Callable[[], _Defined]) -> _Defined:
        """Define a type inside a function, bodies and all; gives what ``define`` gives."""
        waiting, self._waiting = self._waiting, []
        kept, self._is_local = self._is_local, True
        found = define()
        self._is_local = kept
        self._work()
        self._waiting = waiting
        return found

    def define(self, name: Node, whole: Node, form: Form, flags: int = 0) -> int:
        """The number of a new definition in this place."""
        return self.define_as(self.slice(name), name, whole, form, flags)

    def define_as(self, text: str, name: Node, whole: Node, form: Form, flags: int = 0) -> int:
        """The same under another name than stands there."""
        if self.owner < 0:
            # By this name the files of the package, and others, find it.
            self.made.named.add(f"{self.package}.{text}")
        return self.made.define(
            text,
            form,
            line=name.start_point.row + 1,
            end_line=whole.end_point.row + 1,
            parent=self.owner,
            flags=flags | (Flag.LOCAL if self._is_local else 0),
        )

    def enter(self, number: int, inside: Callable[[], object]) -> None:
        """Do something inside a type."""
        kept = self.type, self.owner
        self._outer.setdefault(number, self.type)
        self.type = self.owner = number
        inside()
        self.type, self.owner = kept

    def within(self, number: int, inside: Callable[[], object]) -> None:
        """Do something inside a function or a namespace."""
        kept, self.owner = self.owner, number
        inside()
        self.owner = kept

    def know_type(self, name: str, expression: int) -> None:
        """Let the place around have a type under a name."""
        if self._is_local and self.owner != self.type:
            self.bind(name, expression)
        elif self.type < 0:
            self.known[name] = expression
        else:
            self._nested.setdefault(self.type, {})[name] = expression

    def know_parameters(self, bounds: Mapping[str, int]) -> None:
        """Let the type around have type parameters, by name with the expressions of their bounds."""
        self._nested.setdefault(self.type, {}).update(bounds)
        self._parameters[self.type] = frozenset(bounds)

    def is_parameter(self, name: str) -> bool:
        """Whether a name is that of a type parameter of a type around."""
        inner = self.type
        while inner >= 0:
            if name in self._parameters.get(inner, ()):
                return True
            inner = self._outer.get(inner, -1)
        return False

    # Names.

    def slice(self, node: Node) -> str:
        """The text of a node."""
        return self.text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def mark(self) -> int:
        """Where a block begins, for :meth:`release`."""
        return len(self._before)

    def bind(self, name: str, expression: int) -> None:
        """Let a local name stand for something until the block ends."""
        self._before.append((name, self._local.get(name)))
        self._local[name] = expression

    def release(self, mark: int) -> None:
        """Take back what was bound since a block began."""
        while len(self._before) > mark:
            name, expression = self._before.pop()
            if expression is None:
                del self._local[name]
            else:
                self._local[name] = expression

    def type_named(self, name: str) -> int | None:
        """The expression of a type or import of this file by a name; None if it is none."""
        inner = self.type
        while inner >= 0:
            found = self._nested.get(inner, {}).get(name)
            if found is not None:
                return found
            inner = self._outer.get(inner, -1)
        return self.known.get(name)

    def elsewhere(self, name: str) -> int:
        """The expression of a name that is no local one and no type of this file."""
        if self.type < 0:
            return self.made.free(name)
        return self.made.node(Op.WITHIN, self.type, self.made.name(name))

    def named(self, node: Node, role: Role | None = Role.READ) -> int:
        """The expression of the name at a node; the use is noted if it may matter beyond the function."""
        name = self.slice(node)
        found = self._local.get(name)
        if found is None:
            found = self.type_named(name)
            if found is None:
                return self.elsewhere(name)
            if role is not None:
                self.note(node, name, found, role)
        return found

    def local(self, name: str) -> int:
        """What a local name stands for."""
        return self._local.get(name, UNKNOWN)

    def type_at(self, node: Node, role: Role | None = None) -> int:
        """The expression of the type whose name is at a node."""
        name = self.slice(node)
        if name in self.table.builtins:
            return self.made.free(name)
        found = self._local.get(name)
        if found is None:
            found = self.type_named(name)
        is_elsewhere = found is None
        if found is None:
            found = self.elsewhere(name)
        role = self.role if role is None else role
        # A type parameter is nothing to look for.
        if role is not None and (is_elsewhere or self.made.op_of(found) in _OF_FILE):
            self.note(node, name, found, role)
        return found

    def note(self, node: Node, name: str, expression: int, role: Role) -> None:
        """Note the use of a name."""
        point = node.start_point
        self.made.use(point.row + 1, point.column + 1, name, expression, role)

    def called(self, node: Node, callee: int, arguments: int) -> int:
        """Note a call of what is named at a node; gives the expression of what it gives.

        ``arguments`` is their number, or -1 where that is not known.
        """
        picked = self.made.node(Op.PICK, callee, arguments + 1)
        self.note(node, self.slice(node), picked, Role.CALL)
        return self.made.node(Op.CALL, picked)

    # Walking.

    def value(self, node: Node) -> int:
        """The expression of a node's value; everything in it is noted."""
        kind = node.type
        constant = self._constants.get(kind)
        if constant is not None:
            return constant
        if self._depth > MAX_DEPTH:
            return UNKNOWN
        self._depth += 1
        rule = self._rules.get(kind)
        if rule is not None:
            found = rule(self, node)
        else:
            found = UNKNOWN
            for child in node.named_children:
                self.value(child)
        self._depth -= 1
        return found

    def value_of(self, node: Node, field: str) -> int:
        """The same of a field of a node, unknown if it has none."""
        inner = node.child_by_field_name(field)
        return self.value(inner) if inner is not None else UNKNOWN

    def type_of(self, node: Node | None) -> int:
        """The expression of a type as it is written."""
        if node is None or self._depth > MAX_DEPTH:
            return UNKNOWN
        rule = self.table.types.get(node.type)
        if rule is None:
            return UNKNOWN
        self._depth += 1
        found = rule(self, node)
        self._depth -= 1
        return found

    def object_of(self, node: Node | None) -> int:
        """The expression of a value that has a type as it is written."""
        return self.made.node(Op.INSTANCE, self.type_of(node))

    def own(self) -> int:
        """The expression of the object on which a method is called."""
        return self.made.node(Op.SELF, self.type)

    def either(self, values: Sequence[int]) -> int:
        """The expression of one of several values, of which a missing object is none."""
        some = [each for each in values if each != self.null]
        return self.made.union(some) if some else self.null


_OF_FILE = frozenset((Op.IMPORT, Op.DEFINITION))
__all__ = ["UNKNOWN", "Flag", "Form", "Member", "Op", "Role", "Rule", "Table", "Walker"]
