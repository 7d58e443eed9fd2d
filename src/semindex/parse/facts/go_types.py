"""The types that a Go file writes, as expressions; and what structs, interfaces and signatures hold."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from semindex.parse.facts.go_names import PREDECLARED, Held, Names, Visit
from semindex.parse.facts.model import UNKNOWN, Flag, Form, Op, Role

_UNCONSTRAINED = (b"any", b"comparable")


def type_name(names: Names, node: Node) -> int:
    """The type that a plain name means; types of the language are no uses."""
    start = node.start_byte
    name = names.text[start : node.end_byte]
    found = names.local.get(name)
    if found is None:
        found = names.meaning(name)
        if name not in PREDECLARED:
            names.note(start, name, found, Role.TYPE)
    return found


def _qualified(names: Names, node: Node) -> int:
    package, _, name = names.text[node.start_byte : node.end_byte].partition(b".")
    name = name.strip()
    found = names.member(names.named(package.strip()), name)
    names.note(node.end_byte - len(name), name, found, Role.TYPE)
    return found


def last_visited(names: Names, node: Node) -> int:
    """What the last child with an expression gives: of ``*T`` and ``(T)``."""
    found = UNKNOWN
    for child in node.children:
        if child.is_named:
            found = names.visit(child)
    return found


def _slice(names: Names, node: Node) -> int:
    """``[]T``, ``[n]T`` or ``[...]T``."""
    element = last_visited(names, node)
    return names.built("[]", [element], Held(item=names.instance(element)))


def _map(names: Names, node: Node) -> int:
    parts = [names.visit(child) for child in node.named_children]
    if len(parts) != 2:
        return UNKNOWN
    return names.built("map", parts, Held(names.instance(parts[0]), names.instance(parts[1])))


def _channel(names: Names, node: Node) -> int:
    element = last_visited(names, node)
    return names.built("chan", [element], Held(looped=names.instance(element)))


def _function(names: Names, node: Node) -> int:
    return function_type(names, signature(names, node.children))


def function_type(names: Names, result: int) -> int:
    """The type of the functions that give a result."""
    return names.built("func", [result], Held(called=result))


def _generic(names: Names, node: Node) -> int:
    """``T[A, B]``."""
    found = UNKNOWN
    for position, child in enumerate(node.named_children):
        if not position:
            found = names.visit(child)
            continue
        for argument in child.named_children:
            found = names.made.node(Op.APPLY, found, names.visit(argument))
    return found


def _element(names: Names, node: Node) -> int:
    """A constraint or a type argument; unknown if it is one of several types."""
    found = [names.visit(child) for child in node.children if child.is_named]
    return found[0] if len(found) == 1 else UNKNOWN


def _negated(names: Names, node: Node) -> int:
    """``~T``: any type that is made of T."""
    return names.visit_all(node)


def _struct(names: Names, node: Node) -> int:
    """A struct without a name."""
    return _anonymous(names, node, Form.OBJECT)


def _interface(names: Names, node: Node) -> int:
    """An interface without a name; the one without methods is ``any``."""
    return _anonymous(names, node, Form.INTERFACE) if node.named_child_count else names.meaning(b"any")


def _anonymous(names: Names, node: Node, form: Form) -> int:
    line, end_line = node.start_point.row + 1, node.end_point.row + 1
    number = names.made.define("", form, line=line, end_line=end_line, parent=names.around)
    members(names, node, number)
    return names.made.node(Op.DEFINITION, number)


def members(names: Names, node: Node, number: int) -> None:
    """Give a definition what a struct or an interface type holds."""
    if node.kind_id == names.kinds.struct_type:
        for group in node.named_children:
            for each in group.named_children:
                _field(names, each, number)
        return
    for each in node.named_children:
        if each.kind_id == names.kinds.method_elem:
            _method(names, each, number)
        else:
            base = names.visit(each)
            names.made.definition(number).bases += (base,)


def _field(names: Names, node: Node, number: int) -> None:
    """Note the field or fields of one line. An embedded one is a base as well."""
    text, made = names.text, names.made
    written: list[bytes] = []
    type_, last = UNKNOWN, b""
    for child in node.children:
        if child.kind_id == names.kinds.field_identifier:
            written.append(text[child.start_byte : child.end_byte])
        elif child.is_named and not last and child.kind_id != names.kinds.comment:
            last = text[child.start_byte : child.end_byte]
            type_ = names.visit(child)
    if not written:
        made.definition(number).bases += (type_,)
        written = [last.partition(b"[")[0].rpartition(b".")[2].strip(b"*() \t")]
    value = names.instance(type_)
    for name in written:
        made.set_attribute(number, name.decode("utf-8", "replace"), value)


def _method(names: Names, node: Node, number: int) -> None:
    """Define a method of an interface."""
    children = node.children
    name = names.text[children[0].start_byte : children[0].end_byte].decode("utf-8", "replace")
    line, end_line = node.start_point.row + 1, node.end_point.row + 1
    method = names.made.define(
        name, Form.FUNCTION, line=line, end_line=end_line, parent=number, flags=Flag.DECLARATION
    )
    names.made.definition(method).returns = signature(names, children)


def signature(names: Names, parts: list[Node], *, declares: bool = False) -> int:
    """What calling a function gives: nothing known, a value, or a tuple of them.

    Args:
        names: The file.
        parts: The children of a function; the first list of parameters among them is taken for these.
        declares: Whether the parameters and the named results are declared, for a body that follows.
    """
    result, has_parameters = UNKNOWN, False
    for part in parts:
        number = part.kind_id
        if number == names.kinds.parameter_list:
            values = list(_parameters(names, part, declares=declares))
            if has_parameters:
                result = values[0] if len(values) == 1 else names.made.tuple_of(values)
            has_parameters = True
        elif number == names.kinds.block:
            break
        elif has_parameters and part.is_named:
            result = names.instance(names.visit(part))
    return result


def _parameters(names: Names, node: Node, *, declares: bool) -> Iterator[int]:
    """The value of each parameter, in order."""
    text = names.text
    for group in node.children:
        number = group.kind_id
        is_variadic = number == names.kinds.variadic_parameter_declaration
        if not is_variadic and number != names.kinds.parameter_declaration:
            continue
        parts = [part for part in group.children if part.is_named]
        type_ = names.visit(parts[-1]) if parts else UNKNOWN
        if is_variadic:
            type_ = names.built("[]", [type_], Held(item=names.instance(type_)))
        value = names.instance(type_)
        if len(parts) < 2:
            yield value
        for part in parts[:-1]:
            if declares:
                names.declare(text[part.start_byte : part.end_byte], value)
            yield value


def define_type(names: Names, node: Node, flags: Flag) -> int:
    """Define the type of a ``type_spec`` or a ``type_alias``; :func:`describe_type` says what it is.

    ``type A B`` is a type of its own with methods of its own, unlike ``type A = B``.
    """
    parts = node.children
    form = Form.CLASS
    if parts[-1].type == "interface_type":
        form = Form.INTERFACE
    elif node.type == "type_alias":
        form = Form.TYPE
    name = names.text[parts[0].start_byte : parts[0].end_byte].decode("utf-8", "replace")
    flags |= Flag.EXPORTED if name[:1].isupper() and names.around < 0 else Flag(0)
    line, end_line = node.start_point.row + 1, node.end_point.row + 1
    return names.made.define(name, form, line=line, end_line=end_line, parent=names.around, flags=flags)


def describe_type(names: Names, node: Node, number: int) -> None:
    """Say what the type of a ``type_spec`` or a ``type_alias`` holds, or which other type it is made of."""
    entered = names.enter()
    *parts, written = node.children
    for part in parts:
        if part.kind_id == names.kinds.type_parameter_list:
            for name in type_parameters(names, part):
                names.declare(name, UNKNOWN)
    definition = names.made.definition(number)
    if written.type in ("struct_type", "interface_type"):
        members(names, written, number)
    else:
        definition.value = names.visit(written)
        if node.type == "type_spec" and written.type in ("type_identifier", "qualified_type", "generic_type"):
            definition.bases = (definition.value,)
    names.leave(entered)


def local_type(names: Names, node: Node) -> int:
    """A type inside a function."""
    number = define_type(names, node, Flag.LOCAL)
    name = node.children[0]
    written = names.text[name.start_byte : name.end_byte]
    names.declare(written, names.made.node(Op.DEFINITION, number))
    describe_type(names, node, number)
    return UNKNOWN


def type_parameters(names: Names, node: Node) -> list[bytes]:
    """Declare the type parameters of a list, as the types that constrain them, and give their names."""
    found: list[bytes] = []
    for group in node.named_children:
        parts = group.named_children
        written = [names.text[part.start_byte : part.end_byte] for part in parts[:-1]]
        for name in written:
            names.declare(name, UNKNOWN)
        constraint = names.visit(parts[-1]) if parts else UNKNOWN
        if constraint != UNKNOWN and constraint not in map(names.meaning, _UNCONSTRAINED):
            for name in written:
                names.declare(name, constraint)
        found += written
    return found


TYPES: dict[str, Visit] = {
    "type_identifier": type_name,
    "qualified_type": _qualified,
    "pointer_type": last_visited,
    "parenthesized_type": last_visited,
    "slice_type": _slice,
    "array_type": _slice,
    "implicit_length_array_type": _slice,
    "map_type": _map,
    "channel_type": _channel,
    "function_type": _function,
    "generic_type": _generic,
    "struct_type": _struct,
    "interface_type": _interface,
    "type_elem": _element,
    "type_constraint": _element,
    "negated_type": _negated,
    "type_spec": local_type,
    "type_alias": local_type,
}
"""What reads each kind of written type."""
