"""The scopes of a Go file, and the expressions of its names and values.

A type that Go builds from others is a generic type whose name no Go name can be: ``[]T`` is ``[]`` applied
to T, ``map[K]V`` is ``map`` applied to K and V, ``chan T`` is ``chan`` applied to T, and ``func(A) R`` is
``func`` applied to what a call gives. Pointers are left out, because Go looks through them. A type parameter
stands for the type that constrains it.

Of a loop ``for a, b := range x``, ``a`` is ``ITERATE(x)`` and ``b`` is ``ITEM(x)``, so that both are right
for slices, maps and channels alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from tree_sitter import Node

from semindex.parse.facts.model import UNKNOWN, Builder, Op, Role
from semindex.parse.grammars import grammar_of

PREDECLARED = frozenset(
    b"any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune "
    b"string uint uint8 uint16 uint32 uint64 uintptr append cap clear close complex copy delete imag len "
    b"make max min new panic print println real recover".split()
)
"""The types and functions that every Go file has. A package may define one of these names."""
CONSTANTS = (b"nil", b"true", b"false", b"iota")


class Kinds(NamedTuple):
    """The numbers that the grammar gives the kinds of nodes that are asked for most."""

    block: int
    call_expression: int
    comment: int
    default_case: int
    expression_list: int
    field_identifier: int
    generic_type: int
    identifier: int
    index_expression: int
    method_elem: int
    parameter_declaration: int
    parameter_list: int
    parenthesized_expression: int
    selector_expression: int
    struct_type: int
    type_case: int
    type_conversion_expression: int
    type_parameter_list: int
    variadic_parameter_declaration: int


@cache
def numbered(*kinds: str) -> tuple[int, ...]:
    """The numbers of named kinds of nodes in the grammar of Go; -1 for those that it lacks."""
    grammar = grammar_of("go")
    found = [grammar.id_for_node_kind(each, True) if grammar else None for each in kinds]
    return tuple(-1 if each is None else each for each in found)


class Held(NamedTuple):
    """What can be had from the values of a type."""

    looped: int = UNKNOWN
    """The first variable of a loop over one, or what is received from it."""
    item: int = UNKNOWN
    """``v[...]``, or the second variable of a loop over one."""
    called: int = UNKNOWN


class Names:
    """What the names of a file mean at the place that is being looked at, and the uses found so far."""

    def __init__(self, text: bytes, made: Builder, visits: Mapping[int, Visit]) -> None:
        """Take a file, and what to do with nodes by the number of their kind."""
        self.text, self.made = text, made
        self.top: dict[bytes, int] = dict.fromkeys(CONSTANTS, UNKNOWN)
        """What the file binds outside of functions, and the names met that nothing in it binds."""
        self.packages: set[bytes] = set()
        """The names of what the file imports."""
        self.local: dict[bytes, int] = {}
        """What functions bind around the place."""
        self.spots: list[tuple[int, bytes, int, Role]] = []
        """The uses: offset, name, expression, role."""
        self.around = -1
        """The definition around the place."""
        self.kinds = Kinds(*numbered(*Kinds._fields))
        self._visits = visits
        self._undone: list[tuple[bytes, int | None]] = []
        self._begin = 0
        """How many bindings were made before the innermost block."""
        self._held: dict[int, Held] = {}
        """By type."""
        self._types: dict[int, int] = {}
        """The types of the values that :meth:`instance` gave."""

    def visit(self, node: Node) -> int:
        """The expression of a node, after noting the uses in it."""
        known = self._visits.get(node.kind_id)
        return UNKNOWN if known is None else known(self, node)

    def visit_all(self, node: Node) -> int:
        """Note the uses in the children of a node; unknown."""
        visits = self._visits
        for child in node.children:
            known = visits.get(child.kind_id)
            if known is not None:
                known(self, child)
        return UNKNOWN

    def enter(self) -> tuple[int, int]:
        """Begin a block; :meth:`leave` takes what this gives."""
        before, self._begin = self._begin, len(self._undone)
        return before, self._begin

    def leave(self, entered: tuple[int, int]) -> None:
        """Forget what was declared since."""
        self._begin, mark = entered
        undone, local = self._undone, self.local
        while len(undone) > mark:
            name, before = undone.pop()
            if before is None:
                del local[name]
            else:
                local[name] = before

    def declare(self, name: bytes, expression: int) -> None:
        """Let a name mean something until the block ends."""
        self._undone.append((name, self.local.get(name)))
        self.local[name] = expression

    def redeclare(self, name: bytes, expression: int) -> None:
        """The same for ``:=``, which leaves the type of a variable as it is that the same block declared."""
        if expression != UNKNOWN or not any(each[0] == name for each in self._undone[self._begin :]):
            self.declare(name, expression)

    def meaning(self, name: bytes) -> int:
        """The expression of a name that no function declares."""
        found = self.top.get(name)
        if found is None:
            found = self.top[name] = self.made.free(name.decode("utf-8", "replace"))
        return found

    def named(self, name: bytes) -> int:
        """The expression of a name."""
        found = self.local.get(name)
        return self.meaning(name) if found is None else found

    def member(self, expression: int, name: bytes) -> int:
        """The expression of a field, a method, or a name of a package."""
        return self.made.member(expression, name.decode("utf-8", "replace"))

    def note(self, offset: int, name: bytes, expression: int, role: Role) -> None:
        """Note a use of a name that begins at an offset."""
        self.spots.append((offset, name, expression, role))

    def instance(self, type_: int) -> int:
        """A value of a type."""
        value = self.made.node(Op.INSTANCE, type_)
        if type_ in self._held:
            self._types[value] = type_
        return value

    def item(self, value: int) -> int:
        """``value[...]``, or the second variable of a loop over it."""
        type_ = self._types.get(value)
        return self.made.node(Op.ITEM, value) if type_ is None else self._held[type_].item

    def looped(self, value: int) -> int:
        """The first variable of a loop over a value, or what is received from it."""
        type_ = self._types.get(value)
        return self.made.node(Op.ITERATE, value) if type_ is None else self._held[type_].looped

    def called(self, value: int) -> int:
        """What calling a value gives."""
        type_ = self._types.get(value)
        return self.made.node(Op.CALL, value) if type_ is None else self._held[type_].called

    def built(self, name: str, arguments: Sequence[int], held: Held) -> int:
        """A type that is built from others. If the last of them is unknown, it is built from nothing."""
        found = self.made.free(name)
        if arguments[-1] >= 0:
            for each in arguments:
                found = self.made.node(Op.APPLY, found, each)
            self._held[found] = held
        return found


Visit = Callable[[Names, Node], int]
"""Notes the uses in a node, and gives its expression: of a type the type itself, of a value the value."""
