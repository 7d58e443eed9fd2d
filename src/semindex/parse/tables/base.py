"""What the tables of languages are made of: rules for the nodes of a syntax tree."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Container, Mapping
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct, field
from tree_sitter import Node

from semindex.parse.comments import Ranges
from semindex.parse.drafts import Draft
from semindex.types import Kind


class Step(Enum):
    """What to do with a node that is no definition itself."""

    DESCEND = 1
    """Look for definitions among its children."""
    SCOPE = 2
    """Look among its children, whose variables are local: an anonymous function."""
    WRAP = 3
    """Look among its children; the first definition starts where this node starts: ``export``, decorators."""
    LEADING = 4
    """It is the beginning of the definition that follows among its siblings: an attribute."""


NAME_MAX_CHARS = 200


class Context(NamedTuple):
    """What surrounds a node: the text of its file, and the definitions that enclose it."""

    source: bytes

    parent: Kind | None
    """The kind of the enclosing definition; None at top level."""
    local: bool
    """Whether the node is inside a function."""
    start: int = -1
    """The byte where the statement around it begins, if the node is the first definition in it; or -1."""

    def text(self, node: Node | None) -> str:
        """The text of a node with each run of blanks made one; empty without a node or for a long one.

        ``Node.text`` would ask the parser's callback for the source again, which takes 100 us.
        """
        if node is None or node.end_byte - node.start_byte > 4 * NAME_MAX_CHARS:
            return ""
        raw = self.source[node.start_byte : node.end_byte]
        return " ".join(raw.decode("utf-8", "replace").split())[:NAME_MAX_CHARS]


class Definition(NamedTuple):
    """A definition that a rule found at a node."""

    name: str
    kind: Kind
    inner: Node | None = None
    """The node whose children may be members; None for no members."""
    members: tuple[Node, ...] = ()
    """Nodes that may be members themselves, wherever they stand inside; see :func:`holding`."""
    qualifier: str = ""
    """The type that a definition outside its class names: ``Foo`` of ``Foo::bar``, a receiver in Go."""
    separator: str = "."
    merges: bool = False
    """Whether it and the one before are one definition if the names are equal: clauses, overloads."""
    end: int = -1
    """The byte where it ends, if that is not the end of the node."""
    documented_only: bool = False
    """Whether it is kept only with a comment directly above it."""


Rule = Callable[[Node, Context], "Definition | list[Definition] | Step | None"]
"""Returns the definitions at a node, a :class:`Step`, or None to ignore the node and all below it."""
Doc = Callable[[Node, Context], "Node | None"]


class Table(Struct, frozen=True):
    """How to find the definitions of one language."""

    rules: Mapping[str, Rule | Step]
    """What to do with a node, by its type; nodes of other types are ignored."""
    docstring: Doc | None = None
    """Finds the docstring inside a definition, or of the file at the root."""
    sibling_doc: Callable[[Node, Context], bool] | None = None
    """Tells whether a node is the documentation of the definition behind it."""
    masked: Callable[[bytes], bytes] | None = None
    """Blanks text that would mislead the grammar; the length stays."""
    beside: Callable[[bytes, Ranges], list[Draft]] | None = None
    """Finds definitions in the text instead of the tree, such as the macros of C; gets the comments, too."""
    rest_of_file: frozenset[str] = field(default_factory=frozenset)
    """Types of definitions that enclose all that follows in the file, such as ``namespace A;``."""


def child_of(node: Node, *types: str) -> Node | None:
    """The first child of one of the types; None if there is none."""
    for child in node.children:
        if child.type in types:
            return child
    return None


def lines_of(node: Node) -> int:
    """The number of lines that a node covers wholly or partly."""
    return node.end_point.row - node.start_point.row + 1


def without_arguments(name: str) -> str:
    """The name without what angle or square brackets hold: ``Table::Find`` of ``Table<K, V>::Find``."""
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
    """A rule for a node with its name in a field; members are looked for unless ``leaf``."""

    def rule(node: Node, context: Context) -> Definition | None:
        name = context.text(node.child_by_field_name(field_name))
        return Definition(name, kind, None if leaf else node, merges=merges) if name else None

    return rule


def titled(kind: Kind, name: str) -> Rule:
    """A rule that gives each node the same name, such as ``init`` for constructors."""

    def rule(_node: Node, _context: Context) -> Definition:
        return Definition(name, kind)

    return rule


def unless_local(rule: Rule) -> Rule:
    """The rule, for nodes outside functions; others are ignored."""

    def guarded(node: Node, context: Context) -> Definition | list[Definition] | Step | None:
        return None if context.local else rule(node, context)

    return guarded


def each_of(*types: str, step: Step = Step.DESCEND) -> dict[str, Step]:
    """The same step for several node types."""
    return dict.fromkeys(types, step)


def holding(
    rule: Rule, pattern: re.Pattern[bytes], bodies: Container[str] = (), blocks: Container[str] = ()
) -> Rule:
    """The rule, and what is defined inside of the definitions that it finds, as members of them.

    Visiting every statement of a function for the few that define something would take as long as all else.
    So the text is searched first, and then the nodes around what was found.

    Args:
        rule: Finds one definition, whose own children are not visited.
        pattern: Matches where something may be defined inside; the last byte of a match lies in it.
        bodies: Types of nodes that are a body, such as that of an anonymous class.
        blocks: Types of nodes that may have definitions among their statements. They count where the
            pattern's group ``local`` matches.
    """

    def found(node: Node, context: Context) -> Definition | list[Definition] | Step | None:
        outer = rule(node, context)
        if not isinstance(outer, Definition) or outer.inner is not None:
            return outer
        return outer._replace(members=_inside(node, context.source, pattern, bodies, blocks))

    return found


@lru_cache(maxsize=1)
def _places(pattern: re.Pattern[bytes], source: bytes) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(source)]


def occurs(pattern: re.Pattern[bytes], node: Node, context: Context) -> bool:
    """Whether something in a node matches a pattern; a file is searched once, however deep nodes nest."""
    places = _places(pattern, context.source)
    position = bisect_left(places, (node.start_byte, 0))
    return position < len(places) and places[position][1] <= node.end_byte


def _inside(
    node: Node, source: bytes, pattern: re.Pattern[bytes], bodies: Container[str], blocks: Container[str]
) -> tuple[Node, ...]:
    """The nodes at matches, without those inside of an earlier one: bodies, and the statements of blocks."""
    found: list[Node] = []
    match = pattern.search(source, node.start_byte, node.end_byte)
    while match is not None:
        inside = _around(node, match, bodies, blocks)
        if inside is not None:
            found.append(inside)
        passed = max(match.end(), inside.end_byte if inside else 0)
        match = pattern.search(source, passed, node.end_byte) if passed < node.end_byte else None
    return tuple(found)


def _around(
    node: Node, match: re.Match[bytes], bodies: Container[str], blocks: Container[str]
) -> Node | None:
    """The innermost body, or statement of a block, that is inside of the node and around a match."""
    at = match.end() - 1
    is_local = match.lastgroup == "local"
    below = each = node.descendant_for_byte_range(at, at + 1)
    while each is not None and each != node and each.type not in (blocks if is_local else bodies):
        below, each = each, each.parent
    if each is None or each == node:
        return None
    return below if is_local else each
