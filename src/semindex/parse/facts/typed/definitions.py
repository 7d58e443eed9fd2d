"""Rules for definitions: types, functions, fields, and their parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tree_sitter import Node

from semindex.parse.facts.model import UNKNOWN, Flag, Form, Op, Role
from semindex.parse.facts.typed.kinds import in_role, with_argument
from semindex.parse.facts.typed.nodes import parts
from semindex.parse.facts.typed.values import declared
from semindex.parse.facts.typed.walker import Member, Walker


class Parameter(NamedTuple):
    """A parameter as it is written."""

    name: Node | None
    type: Node | None
    is_optional: bool = False
    is_rest: bool = False
    """Whether it takes any number of arguments."""


class Shape(NamedTuple):
    """How a language writes functions."""

    parameter: Callable[[Walker, Node], Parameter | None]
    """Reads a part of the list of parameters; None for what is no parameter."""
    flags: Callable[[Walker, Node], int]
    """Reads what is written before a definition."""
    returns: str = "type"
    parameters: str = "parameters"
    body: str = "body"
    name: str = "name"


def parameters_of(walker: Walker, shape: Shape, node: Node | None) -> list[Parameter]:
    """The parameters in a list."""
    found = [shape.parameter(walker, child) for child in parts(node)]
    return [each for each in found if each is not None]


def set_arity(walker: Walker, number: int, found: Sequence[Parameter]) -> None:
    """Note how many arguments a function takes."""
    definition = walker.made.definition(number)
    definition.least = sum(1 for each in found if not (each.is_optional or each.is_rest))
    definition.most = -1 if any(each.is_rest for each in found) else len(found)


def bind_parameters(walker: Walker, found: Sequence[Parameter]) -> None:
    """Let the names of parameters stand for objects of their types."""
    for each in found:
        value = walker.object_of(each.type)
        if each.is_rest:
            value = walker.made.node(Op.INSTANCE, with_argument(walker, walker.made.free("[]"), value))
        if each.name is not None:
            walker.bind(walker.slice(each.name), value)


def type_parameters(walker: Walker, node: Node | None) -> frozenset[str]:
    """Bind the names of type parameters to their bounds; gives the names."""
    names = []
    for each in parts(node):
        inside = [child for child in parts(each) if "annotation" not in child.type]
        if inside:
            bounds = parts(inside[1]) if len(inside) > 1 else []
            text = walker.slice(inside[0])
            names.append(text)
            walker.bind(text, UNKNOWN)
            if bounds:
                walker.bind(text, walker.type_of(bounds[0]))
    return frozenset(names)


def function(shape: Shape) -> Member:
    """A function or method."""

    def member(walker: Walker, node: Node) -> None:
        named = node.child_by_field_name(shape.name)
        if named is None:
            return
        found = parameters_of(walker, shape, node.child_by_field_name(shape.parameters))
        body = node.child_by_field_name(shape.body)
        flags = shape.flags(walker, node) | (Flag.DECLARATION if body is None else 0)
        number = walker.define(named, node, Form.FUNCTION, flags)
        set_arity(walker, number, found)
        walker.later(lambda: walker.within(number, lambda: _inside(walker, shape, node, number, found)))

    return member


def _inside(walker: Walker, shape: Shape, node: Node, number: int, found: list[Parameter]) -> None:
    annotate(walker, node)
    own = type_parameters(walker, node.child_by_field_name("type_parameters"))
    returns = node.child_by_field_name(shape.returns)
    if returns is not None:
        walker.made.definition(number).returns = free_of(walker, returns, own)
    bind_parameters(walker, found)
    body = node.child_by_field_name(shape.body)
    if body is not None:
        walker.value(body)


def free_of(walker: Walker, type_: Node, own: frozenset[str]) -> int:
    """A value of a type that others see: of a type parameter they know more than its bound."""
    value = walker.object_of(type_)
    text = walker.slice(type_)
    return UNKNOWN if text in own or walker.is_parameter(text) else value


def annotate(walker: Walker, node: Node) -> None:
    """Note the annotations before a definition."""
    before = node.named_child(0)
    if before is not None and before.type == "modifiers":
        for child in before.named_children:
            walker.value(child)


def fields(flags: Callable[[Walker, Node], int]) -> Member:
    """One type, and several names with values."""

    def member(walker: Walker, node: Node) -> None:
        type_ = node.child_by_field_name("type")
        modifiers = flags(walker, node)
        found = []
        for each in node.children_by_field_name("declarator"):
            named = each.child_by_field_name("name")
            if named is not None:
                found.append((walker.define(named, node, Form.VARIABLE, modifiers), each))

        def inside() -> None:
            annotate(walker, node)
            kind = free_of(walker, type_, frozenset()) if type_ is not None else UNKNOWN
            for number, each in found:
                value = walker.value_of(each, "value")
                if type_ is not None:
                    value = declared(walker, type_, each, kind, value)
                walker.made.definition(number).value = value

        walker.later(inside)

    return member


def type_(
    form: Form,
    bases: Callable[[Walker, Node], Iterable[Node]],
    *,
    body: str = "body",
    implied: Sequence[str] = (),
    more: Callable[[Walker, Node], object] | None = None,
) -> Member:
    """A type.

    ``bases`` gives the nodes of its bases, ``implied`` names those that each has, and ``more`` takes in what
    else makes members of it.
    """

    def member(walker: Walker, node: Node) -> None:
        named = node.child_by_field_name("name")
        if named is None:
            return
        number = walker.define(named, node, form)
        walker.know_type(walker.slice(named), walker.made.node(Op.DEFINITION, number))

        def head() -> None:
            annotate(walker, node)
            names = type_parameters(walker, node.child_by_field_name("type_parameters"))
            walker.know_parameters({each: walker.local(each) for each in names})
            found = [base(walker, each) for each in bases(walker, node)]
            found += [walker.made.free(each) for each in implied]
            walker.made.definition(number).bases = tuple([each for each in found if each >= 0])

        def inside() -> None:
            walker.later(head)
            if more is not None:
                more(walker, node)
            inner = node.child_by_field_name(body)
            if inner is not None:
                walker.take(inner)

        walker.enter(number, inside)

    return member


def base(walker: Walker, node: Node) -> int:
    """The expression of a base; its use is noted as one of a base."""
    return in_role(walker, Role.BASE, node)
