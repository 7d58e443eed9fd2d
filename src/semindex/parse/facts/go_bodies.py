"""The statements and expressions of a Go file: what they call, read and declare."""

from __future__ import annotations

import re

from tree_sitter import Node

from semindex.parse.facts.go_names import PREDECLARED, Names, Visit
from semindex.parse.facts.go_types import function_type, last_visited, signature
from semindex.parse.facts.model import UNKNOWN, Op, Role

_DOTTED = re.compile(rb"[\w\x80-\xff]+(?:\.[\w\x80-\xff]+)*+")
"""A name with fields, as most operands are; its parts are read from the text and not from the tree."""
_WORDS = re.compile(rb"[\w\x80-\xff]+")
_BUILDERS = frozenset((b"new", b"make", b"append"))


def _scoped(names: Names, node: Node) -> int:
    """A statement whose declarations end with it."""
    entered = names.enter()
    names.visit_all(node)
    names.leave(entered)
    return UNKNOWN


def _name(names: Names, node: Node) -> int:
    """A name that is read."""
    start = node.start_byte
    name = names.text[start : node.end_byte]
    found = names.local.get(name)
    if found is None:
        found = names.meaning(name)
        if found != UNKNOWN and name not in PREDECLARED:
            names.note(start, name, found, Role.READ)
    return found


def _selected(names: Names, node: Node) -> tuple[int, int, bytes]:
    """The expression of ``a.b``, and the offset and the name of ``b``."""
    text = names.text
    start, end = node.start_byte, node.end_byte
    written = text[start:end]
    if not _DOTTED.fullmatch(written):
        parts = node.children
        last = parts[-1]
        name = text[last.start_byte : end]
        return names.member(names.visit(parts[0]), name), last.start_byte, name
    first, *rest = written.split(b".")
    found = names.local.get(first)
    if found is None:
        found = names.meaning(first)
        if first not in names.packages:
            names.note(start, first, found, Role.READ)
    for name in rest:
        found = names.member(found, name)
    return found, end - len(rest[-1]), rest[-1]


def _selector(names: Names, node: Node) -> int:
    """A field, a method or a name of a package that is read."""
    found, offset, name = _selected(names, node)
    if found != UNKNOWN:
        names.note(offset, name, found, Role.READ)
    return found


def _call(names: Names, node: Node) -> int:
    parts = node.children
    callee, arguments = parts[0], parts[-1]
    number = callee.kind_id
    if number == names.kinds.identifier:
        name = names.text[callee.start_byte : callee.end_byte]
        found = names.named(name)
        names.note(callee.start_byte, name, found, Role.CALL)
        if name in _BUILDERS and name not in names.local:
            return _built_in(names, name, arguments)
    elif number == names.kinds.selector_expression:
        found, offset, name = _selected(names, callee)
        names.note(offset, name, found, Role.CALL)
        if name.startswith(b"Once"):
            return _once(names, found, name, arguments)
    else:
        found = _called(names, callee)
    for part in parts[1:]:
        names.visit(part)
    return names.called(found)


def _once(names: Names, callee: int, name: bytes, arguments: Node) -> int:
    """``sync.OnceValue(f)`` and its like give a function that gives what ``f`` does."""
    values = [names.visit(child) for child in arguments.children if child.is_named]
    is_known = name in (b"OnceValue", b"OnceValues", b"OnceFunc") and len(values) == 1
    return values[0] if is_known else names.called(callee)


def _called(names: Names, callee: Node) -> int:
    """The expression of a callee in parentheses, or with an index or type arguments."""
    number = callee.kind_id
    if number == names.kinds.parenthesized_expression:
        inner = [child for child in callee.children if child.is_named]
        return _called(names, inner[-1]) if inner else UNKNOWN
    if number == names.kinds.identifier:
        name = names.text[callee.start_byte : callee.end_byte]
        found = names.named(name)
        names.note(callee.start_byte, name, found, Role.CALL)
        return found
    if number == names.kinds.selector_expression:
        found, offset, name = _selected(names, callee)
        names.note(offset, name, found, Role.CALL)
        return found
    if number == names.kinds.index_expression and callee.children[0].kind_id in (
        names.kinds.identifier,
        names.kinds.selector_expression,
    ):
        return _indexed_call(names, callee)
    return names.visit(callee)


def _indexed_call(names: Names, callee: Node) -> int:
    """``f[T](x)``, or the call of an element of ``f``, which is what it is for a variable of the function."""
    operand, *rest = callee.children
    if operand.kind_id == names.kinds.identifier:
        offset = operand.start_byte
        name = names.text[offset : operand.end_byte]
        base, is_value = names.named(name), name in names.local
    else:
        base, offset, name = _selected(names, operand)
        is_value = False
    found = names.item(base) if is_value else base
    names.note(offset, name, found, Role.CALL)
    for part in rest:
        names.visit(part)
    return found


def _built_in(names: Names, name: bytes, arguments: Node) -> int:
    """What ``new(T)``, ``make(T)`` or ``append(s, ...)`` gives."""
    values = [names.visit(child) for child in arguments.children if child.is_named]
    if not values:
        return UNKNOWN
    return values[0] if name == b"append" else names.instance(values[0])


def _conversion(names: Names, node: Node) -> int:
    """``[]T(x)``; the grammar also takes ``f[T](x)`` for one, which may be a call."""
    parts = [child for child in node.children if child.is_named]
    if not parts:
        return UNKNOWN
    head = parts[0]
    if head.kind_id != names.kinds.generic_type:
        for part in parts[1:]:
            names.visit(part)
        return names.instance(names.visit(head))
    written, *arguments = head.children
    whole = names.text[written.start_byte : written.end_byte]
    first, *rest = whole.split(b".")
    found = names.named(first)
    for each in rest:
        found = names.member(found, each)
    name = whole.rpartition(b".")[2]
    names.note(written.end_byte - len(name), name, found, Role.CALL)
    for part in (*arguments, *parts[1:]):
        names.visit(part)
    return names.called(found)


def _index(names: Names, node: Node) -> int:
    operand, *rest = node.children
    found = names.item(names.visit(operand))
    for part in rest:
        names.visit(part)
    return found


def _slice(names: Names, node: Node) -> int:
    """A part of a slice, which has the same type."""
    operand, *rest = node.children
    found = names.visit(operand)
    for part in rest:
        names.visit(part)
    return found


def _assertion(names: Names, node: Node) -> int:
    """``x.(T)``."""
    parts = [child for child in node.children if child.is_named]
    for part in parts[:-1]:
        names.visit(part)
    return names.instance(names.visit(parts[-1])) if parts else UNKNOWN


def _unary(names: Names, node: Node) -> int:
    sign, *rest = node.children
    found = names.visit(rest[-1]) if rest else UNKNOWN
    written = names.text[sign.start_byte : sign.end_byte]
    if written == b"<-":
        return names.looped(found)
    return found if written in (b"&", b"*") else UNKNOWN


def _binary(names: Names, node: Node) -> int:
    """The operands of a chain of operators, which may be long and nests to the left."""
    number = node.kind_id
    rights: list[Node] = []
    while node.kind_id == number:
        parts = node.children
        rights += reversed(parts[1:])
        node = parts[0]
    names.visit(node)
    for part in reversed(rights):
        names.visit(part)
    return UNKNOWN


def _composite(names: Names, node: Node) -> int:
    """``T{...}``."""
    parts = node.children
    found = names.instance(names.visit(parts[0]))
    names.visit_all(parts[-1])
    return found


def _keyed(names: Names, node: Node) -> int:
    """``key: value``; a key that is a plain name is nearly always that of a field."""
    parts = [child for child in node.children if child.is_named]
    key = parts[0].children[0] if parts and parts[0].children else None
    if key is None or key.kind_id != names.kinds.identifier:
        names.visit_all(node)
        return UNKNOWN
    for part in parts[1:]:
        names.visit_all(part)
    return UNKNOWN


def _literal_function(names: Names, node: Node) -> int:
    entered = names.enter()
    parts = node.children
    result = signature(names, parts, declares=True)
    names.visit_all(parts[-1])
    names.leave(entered)
    return names.instance(function_type(names, result))


def _listed(names: Names, node: Node) -> list[int]:
    """The values of a list of expressions."""
    if node.kind_id != names.kinds.expression_list:
        return [names.visit(node)]
    return [names.visit(child) for child in node.children if child.is_named]


def split(names: Names, count: int, values: list[int], *, is_call: bool) -> list[int]:
    """The values for so many names: one for each, or the parts of the one that there is."""
    if len(values) == count:
        return values
    if len(values) != 1 or not count:
        return [UNKNOWN] * count
    if is_call:
        return [names.made.node(Op.PART, values[0], position) for position in range(count)]
    return [values[0]] + [UNKNOWN] * (count - 1)


def is_call(names: Names, node: Node) -> bool:
    """Whether a list of expressions is one call, which may give several values."""
    only = node.children[0] if node.kind_id == names.kinds.expression_list and node.child_count else node
    return only.kind_id in (names.kinds.call_expression, names.kinds.type_conversion_expression)


def _short(names: Names, node: Node) -> int:
    """``a, b := x``."""
    left, *_, right = node.children
    written = _WORDS.findall(names.text, left.start_byte, left.end_byte)
    values = split(names, len(written), _listed(names, right), is_call=is_call(names, right))
    for name, value in zip(written, values, strict=True):
        names.redeclare(name, value)
    return UNKNOWN


def _range(names: Names, node: Node) -> int:
    """The head of a loop over something."""
    parts = node.children
    value = names.visit(parts[-1])
    if len(parts) < 4:
        return UNKNOWN
    if names.text[parts[1].start_byte : parts[1].end_byte] != b":=":
        return names.visit(parts[0])
    written = _WORDS.findall(names.text, parts[0].start_byte, parts[0].end_byte)
    for name, found in zip(written, (names.looped(value), names.item(value)), strict=False):
        names.declare(name, found)
    return UNKNOWN


def _received(names: Names, node: Node) -> int:
    """``case a, ok := <-c``, or the same with ``=``, or without names."""
    parts = node.children
    value = names.visit(parts[-1])
    if len(parts) > 2 and names.text[parts[1].start_byte : parts[1].end_byte] == b":=":
        written = _WORDS.findall(names.text, parts[0].start_byte, parts[0].end_byte)
        for name, found in zip(written, (value, UNKNOWN), strict=False):
            names.declare(name, found)
    elif len(parts) > 2:
        names.visit(parts[0])
    return UNKNOWN


def _type_switch(names: Names, node: Node) -> int:
    """``switch a := x.(type)``; in each case ``a`` has another type."""
    entered = names.enter()
    name, value, cases = b"", UNKNOWN, []
    before: Node | None = None
    for part in node.children:
        number = part.kind_id
        written = names.text[part.start_byte : part.end_byte] if not part.is_named else b""
        if number in (names.kinds.type_case, names.kinds.default_case):
            cases.append(part)
        elif written == b":=" and before is not None:
            name = names.text[before.start_byte : before.end_byte]
        elif part.is_named:
            if before is not None and before.kind_id == names.kinds.expression_list and not name:
                names.visit(before)
            value = names.visit(part) if number != names.kinds.expression_list else UNKNOWN
        before = part
    for case in cases:
        _type_case(names, case, name, value)
    names.leave(entered)
    return UNKNOWN


def _type_case(names: Names, node: Node, name: bytes, value: int) -> None:
    entered = names.enter()
    types: list[int] = []
    body: list[Node] = []
    is_body = False
    for part in node.children:
        if is_body:
            body.append(part)
        elif part.is_named:
            types.append(names.visit(part))
        else:
            is_body = names.text[part.start_byte : part.end_byte] == b":"
    if name:
        names.declare(name, names.instance(types[0]) if len(types) == 1 else value)
    for part in body:
        names.visit(part)
    names.leave(entered)


def variables(names: Names, node: Node) -> list[tuple[Node, int]]:
    """The nodes and the values of the names that one line of ``var`` or ``const`` declares."""
    written: list[Node] = []
    type_, values, one_call, has_type = UNKNOWN, [], False, False
    for part in node.children:
        number = part.kind_id
        if number == names.kinds.identifier and not has_type:
            written.append(part)
        elif number == names.kinds.expression_list:
            values, one_call = _listed(names, part), is_call(names, part)
        elif part.is_named and number != names.kinds.comment:
            type_, has_type = names.visit(part), True
    if has_type:
        return [(each, names.instance(type_)) for each in written]
    if not values:
        return [(each, UNKNOWN) for each in written]
    return list(zip(written, split(names, len(written), values, is_call=one_call), strict=True))


def _local_variables(names: Names, node: Node) -> int:
    for each, value in variables(names, node):
        names.declare(names.text[each.start_byte : each.end_byte], value)
    return UNKNOWN


BODIES: dict[str, Visit] = {
    **dict.fromkeys(
        (
            "argument_list",
            "type_arguments",
            "assignment_statement",
            "defer_statement",
            "dec_statement",
            "expression_list",
            "expression_statement",
            "for_clause",
            "go_statement",
            "inc_statement",
            "labeled_statement",
            "literal_element",
            "literal_value",
            "return_statement",
            "select_statement",
            "send_statement",
            "statement_list",
            "var_declaration",
            "var_spec_list",
            "const_declaration",
            "type_declaration",
            "ERROR",
        ),
        Names.visit_all,
    ),
    **dict.fromkeys(
        (
            "block",
            "communication_case",
            "default_case",
            "expression_case",
            "expression_switch_statement",
            "for_statement",
            "if_statement",
        ),
        _scoped,
    ),
    "identifier": _name,
    "selector_expression": _selector,
    "call_expression": _call,
    "type_conversion_expression": _conversion,
    "index_expression": _index,
    "slice_expression": _slice,
    "type_assertion_expression": _assertion,
    "parenthesized_expression": last_visited,
    "variadic_argument": last_visited,
    "type_instantiation_expression": _slice,
    "unary_expression": _unary,
    "binary_expression": _binary,
    "composite_literal": _composite,
    "keyed_element": _keyed,
    "func_literal": _literal_function,
    "short_var_declaration": _short,
    "range_clause": _range,
    "receive_statement": _received,
    "type_switch_statement": _type_switch,
    "var_spec": _local_variables,
    "const_spec": _local_variables,
}
"""What notes the uses in each kind of statement and expression."""
