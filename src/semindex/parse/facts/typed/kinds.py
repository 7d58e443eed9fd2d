"""Rules for how types are written: each gives the expression of the type."""

from __future__ import annotations

from tree_sitter import Node

from semindex.parse.facts.model import UNKNOWN, Op, Role
from semindex.parse.facts.typed.nodes import parts
from semindex.parse.facts.typed.walker import Rule, Walker


def type_name() -> Rule:
    """The name of a type."""
    return lambda walker, node: walker.type_at(node)


def builtin() -> Rule:
    """A type of the language, by its text."""
    return lambda walker, node: walker.made.free(walker.slice(node))


def generic() -> Rule:
    """A type and its arguments in their own node."""

    def rule(walker: Walker, node: Node) -> int:
        inside = parts(node)
        whole = walker.type_of(inside[0]) if inside else UNKNOWN
        for arguments in inside[1:]:
            for each in parts(arguments):
                whole = with_argument(walker, whole, walker.object_of(each))
        return whole

    return rule


def with_argument(walker: Walker, whole: int, argument: int) -> int:
    """A generic type with one more argument; one that is unknown keeps its place."""
    return walker.made.node(Op.APPLY, whole, argument if argument >= 0 else walker.made.free(""))


def array(element: str) -> Rule:
    """Many of the type in a field."""

    def rule(walker: Walker, node: Node) -> int:
        of = walker.object_of(node.child_by_field_name(element))
        return with_argument(walker, walker.made.free("[]"), of)

    return rule


def same() -> Rule:
    """The type is the last part: what stands before only says more of it."""

    def rule(walker: Walker, node: Node) -> int:
        inside = parts(node)
        return walker.type_of(inside[-1]) if inside else UNKNOWN

    return rule


def dotted() -> Rule:
    """Names joined by dots: a type in another, or the whole name of one."""

    def rule(walker: Walker, node: Node) -> int:
        inside = [child for child in parts(node) if "annotation" not in child.type]
        if len(inside) != 2:
            return walker.type_of(inside[-1]) if len(inside) == 1 else UNKNOWN
        first, last = inside
        text = walker.slice(node)
        if text[:1].islower() and walker.type_named(text.partition(".")[0]) is None:
            return qualified(walker, text, node, last)
        found = walker.made.member(walker.type_of(first), walker.slice(last))
        if found >= 0:
            walker.note(last, walker.slice(last), found, Role.TYPE)
        return found

    return rule


def qualified(walker: Walker, text: str, node: Node, last: Node) -> int:
    """The type with a name that begins with its package, which is as good as an import of it."""
    name = "".join(text.split())
    known = walker.known.get(" " + name)
    if known is None:
        number = walker.made.import_(" " + name, name, line=node.start_point.row + 1)
        known = walker.known[" " + name] = walker.made.node(Op.IMPORT, number)
        walker.made.named.add(name.rpartition(".")[2])
    walker.note(last, walker.slice(last), known, Role.TYPE)
    return known


def in_role(walker: Walker, role: Role | None, node: Node) -> int:
    """The expression of a type; its names are noted in a role, or not at all."""
    kept, walker.role = walker.role, role
    found = walker.type_of(node)
    walker.role = kept
    return found
