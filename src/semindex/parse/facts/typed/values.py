"""Rules for statements and expressions, in the shapes that most languages have.

Each function takes the names of a grammar's fields, and gives a rule for the walker.
"""

from __future__ import annotations

from tree_sitter import Node

from semindex.parse.facts.model import UNKNOWN, Form, Op, Role
from semindex.parse.facts.typed.kinds import in_role, with_argument
from semindex.parse.facts.typed.nodes import COMMENTS, NAMES, first_of, last_name, parts
from semindex.parse.facts.typed.walker import Member, Rule, Walker


def block() -> Rule:
    """What is bound in it ends with it."""

    def rule(walker: Walker, node: Node) -> int:
        mark = walker.mark()
        for child in node.named_children:
            # Most statements are one expression.
            is_plain = child.type == "expression_statement" and child.named_child_count == 1
            walker.value(child.named_child(0) if is_plain else child)
        walker.release(mark)
        return UNKNOWN

    return rule


def inner() -> Rule:
    """Its value is that of its only part."""

    def rule(walker: Walker, node: Node) -> int:
        found = [walker.value(child) for child in parts(node)]
        return found[0] if len(found) == 1 else UNKNOWN

    return rule


def literal(name: str) -> Rule:
    """Its value has a type of the language; calls may stand in it."""

    def rule(walker: Walker, node: Node) -> int:
        for child in node.named_children:
            walker.value(child)
        return walker.made.node(Op.INSTANCE, walker.made.free(name))

    return rule


def name() -> Rule:
    """A name; where it begins with a capital, it is as good as that of a type."""

    def rule(walker: Walker, node: Node) -> int:
        found = walker.named(node)
        if found >= 0 and walker.made.op_of(found) in (Op.WITHIN, Op.FREE):
            text = walker.slice(node)
            if text[0].isupper():
                if text in walker.table.builtins:
                    return walker.made.free(text)
                walker.note(node, text, found, Role.READ)
        return found

    return rule


def call(object_: str = "object", name: str = "name", arguments: str = "arguments") -> Rule:
    """A call with the object, the method's name and the arguments in fields."""

    def rule(walker: Walker, node: Node) -> int:
        named, given = node.child_by_field_name(name), node.child_by_field_name(arguments)
        if named is None:
            return UNKNOWN
        receiver = node.child_by_field_name(object_)
        text = walker.slice(named)
        if receiver is None:
            callee = walker.elsewhere(text)
        elif node.named_child_count > 3 and first_of(node, ("super",)) not in (None, receiver):
            callee = walker.made.member(walker.made.node(Op.INSTANCE, walker.value(receiver)), text)
        else:
            callee = walker.made.member(walker.value(receiver), text)
        return walker.called(named, callee, arguments_of(walker, given))

    return rule


def member(object_: str, name: str) -> Rule:
    """A member of an object or type."""

    def rule(walker: Walker, node: Node) -> int:
        whole, named = walker.value_of(node, object_), node.child_by_field_name(name)
        if named is None:
            return UNKNOWN
        if named.type == "this":
            number = walker.type_number(whole)
            return walker.made.node(Op.SELF, number) if number >= 0 else walker.made.node(Op.INSTANCE, whole)
        text = walker.slice(named)
        found = walker.made.member(whole, text)
        if found >= 0 and walker.made.op_of(whole) in _OF_FILE:
            walker.note(named, text, found, Role.READ)
        return found

    return rule


_OF_FILE = frozenset((Op.IMPORT, Op.DEFINITION))


def new(type_: str = "type", arguments: str = "arguments", body: str = "class_body") -> Rule:
    """An object is made, perhaps of a class without a name that stands there."""

    def rule(walker: Walker, node: Node) -> int:
        kind, given = node.child_by_field_name(type_), node.child_by_field_name(arguments)
        if kind is None:
            return UNKNOWN
        before = node.named_children[0]
        if before.start_byte < kind.start_byte and not before.type.endswith("comment"):
            # ``outer.new Inner()``
            whole = walker.made.member(walker.value(before), walker.slice(kind))
            walker.called(kind, whole, arguments_of(walker, given))
            return walker.made.node(Op.INSTANCE, whole)
        found = made(walker, kind, given)
        inside = first_of(node, (body,))
        return found if inside is None else anonymous(walker, node, found, inside)

    return rule


def anonymous(walker: Walker, node: Node, base: int, body: Node) -> int:
    """A class without a name; gives the expression of the object that is made of it."""

    def define() -> int:
        number = walker.define_as("<anonymous>", body, node, Form.CLASS)
        kind = walker.made.inner_of_instance(base)
        walker.made.definition(number).bases = () if kind == UNKNOWN else (kind,)
        walker.enter(number, lambda: walker.take(body))
        return number

    return walker.made.node(Op.INSTANCE, walker.made.node(Op.DEFINITION, walker.at_once(define)))


def function_value(*, parameters: str = "parameters", body: str = "body") -> Rule:
    """A function without a name. What its parameters hold is not known, where no type says so."""

    def rule(walker: Walker, node: Node) -> int:
        mark = walker.mark()
        given = node.child_by_field_name(parameters)
        if given is not None and given.type == "identifier":
            walker.bind(walker.slice(given), UNKNOWN)
        for each in parts(given):
            named = each if each.type == "identifier" else each.child_by_field_name("name")
            if named is not None:
                walker.bind(walker.slice(named), walker.object_of(each.child_by_field_name("type")))
        walker.value_of(node, body)
        walker.release(mark)
        return UNKNOWN

    return rule


def pattern() -> Rule:
    """A type and the name that an object of it gets."""

    def rule(walker: Walker, node: Node) -> int:
        inside = parts(node)
        if len(inside) == 2:
            walker.bind(walker.slice(inside[1]), walker.object_of(inside[0]))
        return UNKNOWN

    return rule


def decorator() -> Rule:
    """An annotation: its name, and its arguments."""

    def rule(walker: Walker, node: Node) -> int:
        for child in node.named_children:
            if child.type in NAMES:
                if walker.slice(child) not in walker.table.builtins:
                    walker.type_at(child, Role.DECORATOR)
            else:
                walker.value(child)
        return UNKNOWN

    return rule


def own() -> Rule:
    """The object itself."""
    return lambda walker, node: walker.own()


def super_() -> Rule:
    """The object itself as one of its bases."""
    return lambda walker, node: walker.made.node(Op.SUPER, walker.type)


def either(*fields: str) -> Rule:
    """Its value is that of one of some fields; all its parts are walked."""

    def rule(walker: Walker, node: Node) -> int:
        wanted = [node.child_by_field_name(field) for field in fields]
        values = [walker.value(child) if child is not None else UNKNOWN for child in wanted]
        for child in node.named_children:
            if child not in wanted:
                walker.value(child)
        return walker.either(values)

    return rule


def field_of(field: str) -> Rule:
    """Its value is that of a field; all its parts are walked."""
    return either(field)


def step(op: Op, field: str) -> Rule:
    """Something is taken out of the value of a field."""
    whole = field_of(field)
    return lambda walker, node: walker.made.node(op, whole(walker, node))


def cast(type_: str, value: str) -> Rule:
    """A value that is said to have a type."""

    def rule(walker: Walker, node: Node) -> int:
        walker.value_of(node, value)
        return walker.object_of(node.child_by_field_name(type_))

    return rule


def arguments_of(walker: Walker, arguments: Node | None) -> int:
    """Walk the arguments of a call; gives how many there are."""
    found = 0
    for child in arguments.named_children if arguments is not None else ():
        if child.type not in COMMENTS:
            found += 1
            walker.value(child)
    return found


def made(walker: Walker, type_: Node, arguments: Node | None) -> int:
    """Note that an object of a type is made; gives the expression of the object."""
    kind = in_role(walker, None, type_)
    named = last_name(type_)
    if named is not None:
        walker.note(named, walker.slice(named), kind, Role.CALL)
    arguments_of(walker, arguments)
    return walker.made.node(Op.INSTANCE, kind)


INFERRED = frozenset(("var", "val", "let", "auto", "dynamic"))


def declared(walker: Walker, type_: Node, each: Node, value: int, given: int) -> int:
    """What a variable holds: by its type, or by what it is given, where the type says nothing."""
    if walker.slice(type_) in INFERRED:
        return given
    if each.child_by_field_name("dimensions") is not None:
        return walker.made.node(Op.INSTANCE, with_argument(walker, walker.made.free("[]"), value))
    return value


def variables() -> Rule:
    """Local variables: one type, and several names with values."""

    def rule(walker: Walker, node: Node) -> int:
        type_ = node.child_by_field_name("type")
        if type_ is None:
            return UNKNOWN
        is_inferred = walker.slice(type_) in INFERRED
        kind = UNKNOWN if is_inferred else walker.object_of(type_)
        for each in node.children_by_field_name("declarator"):
            named = each.child_by_field_name("name")
            given = walker.value_of(each, "value")
            if named is not None:
                walker.bind(walker.slice(named), declared(walker, type_, each, kind, given))
        return UNKNOWN

    return rule


def variable(type_: str = "type", name: str = "name", value: str = "value", *, op: Op | None = None) -> Rule:
    """One local variable; ``op`` says what it takes out of the value. The rest is walked after it."""

    def rule(walker: Walker, node: Node) -> int:
        mark = walker.mark()
        kind, named = node.child_by_field_name(type_), node.child_by_field_name(name)
        given = walker.value_of(node, value)
        if op is not None:
            given = walker.made.node(op, given)
        if named is not None:
            is_inferred = kind is None or walker.slice(kind) in INFERRED
            walker.bind(walker.slice(named), given if is_inferred else walker.object_of(kind))
        body = node.child_by_field_name("body")
        if body is not None:
            walker.value(body)
            walker.release(mark)
        return UNKNOWN

    return rule


def local_type(member: Member) -> Rule:
    """A type in a function, known from there on."""

    def rule(walker: Walker, node: Node) -> int:
        walker.at_once(lambda: member(walker, node))
        return UNKNOWN

    return rule
