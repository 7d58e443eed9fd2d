"""The vocabulary of the tables: what to do with a node of a type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

from msgspec import Struct, field
from tree_sitter import Node

from semindex.types import Kind


class Step(Enum):
    """A node that is no definition itself."""

    DESCEND = 1
    """Look for definitions among its children."""
    SCOPE = 2
    """As DESCEND, into a body whose variables are local (an anonymous function)."""
    WRAP = 3
    """As DESCEND, and the first definition below starts where this node starts (``export``, decorators)."""
    LEADING = 4
    """Belongs to the definition that follows among its siblings (attributes)."""


NAME_MAX_CHARS = 200


class Context(NamedTuple):
    """Where a node stands, and the text of its file."""

    source: bytes

    parent: Kind | None
    """Kind of the enclosing definition."""
    local: bool
    """Whether it stands inside a function."""
    start: int = -1
    """Where the statement that wraps it begins, if it is the first thing in there."""

    def text(self, node: Node | None) -> str:
        """A node's text with runs of blanks made one; empty for no node and for what is no name in length.

        Not ``Node.text``: for a tree parsed with a progress callback that asks for the source again,
        which takes 100 us a name.
        """
        if node is None or node.end_byte - node.start_byte > 4 * NAME_MAX_CHARS:
            return ""
        raw = self.source[node.start_byte : node.end_byte]
        return " ".join(raw.decode("utf-8", "replace").split())[:NAME_MAX_CHARS]


class Definition(NamedTuple):
    """What a rule found at a node."""

    name: str
    kind: Kind
    inner: Node | None = None
    """The node among whose children members are looked for."""
    qualifier: str = ""
    """The type named at an out-of-class definition: a receiver, ``Foo`` of ``Foo::bar``."""
    separator: str = "."
    merges: bool = False
    """Whether it and a neighbour of the same name are one definition (clauses, overload signatures)."""
    end: int = -1
    """Where its span ends, if not with the node."""
    documented_only: bool = False
    """Whether it counts only with a comment directly above it."""


Rule = Callable[[Node, Context], "Definition | list[Definition] | Step | None"]
"""Definitions at a node; a :class:`Step` to treat it otherwise; None to leave it alone."""
Doc = Callable[[Node, Context], "Node | None"]


class Table(Struct, frozen=True):
    """All that the walk needs to know of a language."""

    rules: Mapping[str, Rule | Step]
    docstring: Doc | None = None
    """Finds a docstring inside a definition (or at the root)."""
    sibling_doc: Callable[[Node, Context], bool] | None = None
    """Tells the siblings in front of a definition that are its documentation."""
    masked: Callable[[bytes], bytes] | None = None
    """The text as the grammar is given it: what would mislead it blanked, every byte in its context."""
    rest_of_file: frozenset[str] = field(default_factory=frozenset)
    """Node types whose definition encloses all that follows (``namespace A;``)."""


CONTAINERS = frozenset(
    {
        Kind.CLASS,
        Kind.INTERFACE,
        Kind.STRUCT,
        Kind.ENUM,
        Kind.TRAIT,
        Kind.TYPE,
        Kind.OBJECT,
        Kind.IMPLEMENTATION,
    }
)
"""A function directly inside one of these is a method."""


def child_of(node: Node, *types: str) -> Node | None:
    """The first child of one of the types."""
    for child in node.children:
        if child.type in types:
            return child
    return None


def lines_of(node: Node) -> int:
    """How many lines a node touches."""
    return node.end_point.row - node.start_point.row + 1


def without_arguments(name: str) -> str:
    """``Table<K, V>::Find`` as ``Table::Find``: what stands between angle or square brackets is dropped."""
    if "<" not in name and "[" not in name:
        return name
    kept: list[str] = []
    depth = 0
    for char in name:
        if char in "<[":
            depth += 1
        elif char in ">]":
            depth = max(0, depth - 1)
        elif not depth:
            kept.append(char)
    return "".join(kept).strip() or name


def named(kind: Kind, field_name: str = "name", *, leaf: bool = False, merges: bool = False) -> Rule:
    """A definition whose name is a field; members are looked for unless ``leaf``."""

    def rule(node: Node, context: Context) -> Definition | None:
        name = context.text(node.child_by_field_name(field_name))
        return Definition(name, kind, None if leaf else node, merges=merges) if name else None

    return rule


def titled(kind: Kind, name: str) -> Rule:
    """A definition without a name of its own, such as a constructor."""

    def rule(_node: Node, _context: Context) -> Definition:
        return Definition(name, kind)

    return rule


def unless_local(rule: Rule) -> Rule:
    """``rule`` for what does not stand inside a function."""

    def guarded(node: Node, context: Context) -> Definition | list[Definition] | Step | None:
        return None if context.local else rule(node, context)

    return guarded


def each_of(*types: str, step: Step = Step.DESCEND) -> dict[str, Step]:
    """One step for several node types."""
    return dict.fromkeys(types, step)
