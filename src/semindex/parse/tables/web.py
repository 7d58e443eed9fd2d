"""JavaScript, TypeScript and their JSX forms."""

from __future__ import annotations

import re

from tree_sitter import Node

from semindex.parse.tables.base import (
    Context,
    Definition,
    Rule,
    Step,
    Table,
    each_of,
    lines_of,
    named,
    without_arguments,
)
from semindex.types import Kind

_FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function", "function"})
_CONST = re.compile(rb"(?:export\s+)?(?:declare\s+)?const\b")
_CLASS_CONSTANT = re.compile(
    rb"(?:(?:public|private|protected|declare|override)\s+)*+static\s++(?:readonly\b|\#?+[A-Z][A-Z\d_]++\s*+[=:])"
)
"""``static readonly limit = 3`` in a class, or ``static LIMIT = 3``."""
_ASSIGNMENTS = frozenset({"assignment_expression", "augmented_assignment_expression"})
_LOCAL_MIN_LINES = 3
"""A function in a variable inside another function is a symbol only with at least this many lines."""
_WRAPPERS = frozenset(
    {"as_expression", "satisfies_expression", "parenthesized_expression", "await_expression"}
)


_CHOICES = frozenset({"||", "&&", "??"})
"""Operators with the value itself on their right: ``a.b = a.b || {}``."""
_DEFINERS = frozenset({"Object.defineProperty", "Reflect.defineProperty"})


def _bare(value: Node | None) -> Node | None:
    """A value without the parentheses and casts around it, and without what is preferred to it."""
    while value is not None:
        if value.type in _WRAPPERS and value.named_children:
            value = value.named_children[0]
        elif value.type == "binary_expression" and _operator(value) in _CHOICES:
            value = value.child_by_field_name("right")
        else:
            break
    return value


def _unwrapped(value: Node | None) -> Node | None:
    """A value without the parentheses and casts around it."""
    while value is not None and value.type in _WRAPPERS and value.named_children:
        value = value.named_children[0]
    return value


def _operator(node: Node) -> str:
    operator = node.child_by_field_name("operator")
    return operator.type if operator is not None else ""


def _chain(value: Node | None, context: Context) -> tuple[Node | None, list[tuple[str, str]]]:
    """The value at the end of ``a.x = b.y = value``, and what its targets are: (qualifier, name)."""
    targets: list[tuple[str, str]] = []
    value = _bare(value)
    while value is not None and value.type in _ASSIGNMENTS:
        left = value.child_by_field_name("left")
        if left is not None and left.type in ("member_expression", "identifier"):
            targets.append(_target(left, context))
        value = _bare(value.child_by_field_name("right"))
    return value, targets


def _is_small_local(node: Node, context: Context) -> bool:
    return context.local and lines_of(node) < _LOCAL_MIN_LINES


def _aliases(targets: list[tuple[str, str]], name: str) -> list[Definition]:
    """The definitions of further names that a function or class is given at once."""
    return [
        Definition(other, Kind.METHOD if qualifier else Kind.FUNCTION, qualifier=qualifier)
        for qualifier, other in targets
        if other not in (name, "exports", "prototype")
    ]


def _variable(node: Node, context: Context) -> Definition | list[Definition] | Step | None:
    name_node = node.child_by_field_name("name")
    value, targets = _chain(node.child_by_field_name("value"), context)
    if value is None or name_node is None:
        return None
    if name_node.type != "identifier":
        return Step.DESCEND if value.type in _FUNCTIONS else None
    name = context.text(name_node)
    if value.type in _FUNCTIONS:
        if _is_small_local(node, context):
            return None
        return [*_aliases(targets, name), Definition(name, Kind.FUNCTION, value)]
    if value.type == "class":
        return [*_aliases(targets, name), Definition(name, Kind.CLASS, value)]
    if context.local:
        return Step.DESCEND if value.type == "call_expression" else None
    if value.type == "call_expression" and context.text(value.child_by_field_name("function")) == "require":
        return None
    if _holds_component(value) and value == _unwrapped(node.child_by_field_name("value")):
        return Definition(name, Kind.FUNCTION, value)
    return Definition(name, Kind.CONSTANT if _is_constant(context) else Kind.VARIABLE, value)


def _is_constant(context: Context) -> bool:
    return context.start >= 0 and _CONST.match(context.source, context.start) is not None


def _holds_component(value: Node) -> bool:
    """Whether the value is a call with a function as first argument, such as ``memo(() => …)``."""
    arguments = value.child_by_field_name("arguments") if value.type == "call_expression" else None
    first = next(iter(arguments.named_children), None) if arguments else None
    return first is not None and first.type in _FUNCTIONS


def _target(left: Node, context: Context) -> tuple[str, str]:
    """The qualifier and the name on the left side of an assignment."""
    whole = context.text(left).replace("?.", ".")
    for prefix in ("module.exports.", "exports.", "this.", "self.", "window.", "globalThis."):
        whole = whole.removeprefix(prefix)
    qualifier, _, name = whole.rpartition(".")
    return qualifier.removesuffix(".prototype").removesuffix("prototype"), name


def _assignment(node: Node, context: Context) -> Definition | list[Definition] | Step | None:
    left = node.child_by_field_name("left")
    value, targets = _chain(node.child_by_field_name("right"), context)
    if left is None or value is None:
        return None
    if left.type not in ("member_expression", "identifier") or "(" in context.text(left):
        return Step.DESCEND
    qualifier, name = _target(left, context)
    if name == "exports" and targets:
        qualifier, name = targets.pop()
    if name == "exports":
        return _exported(value, context)
    if value.type in _FUNCTIONS:
        if _is_small_local(node, context):
            return None
        kind = Kind.METHOD if qualifier else Kind.FUNCTION
        return [*_aliases(targets, name), Definition(name, kind, value, qualifier=qualifier)]
    if value.type == "class":
        return [*_aliases(targets, name), Definition(name, Kind.CLASS, value, qualifier=qualifier)]
    if value.type == "object" and qualifier and name != "prototype" and _holds_functions(value):
        return Definition(name, Kind.VARIABLE, value, qualifier=qualifier)
    return Step.DESCEND if value.type in ("object", "call_expression", *_FUNCTIONS) else None


def _holds_functions(value: Node) -> bool:
    """Whether an object is a namespace: of several lines, with a function among its members."""
    if lines_of(value) < _LOCAL_MIN_LINES:
        return False
    for member in value.named_children:
        held = member.child_by_field_name("value") if member.type == "pair" else None
        if member.type == "method_definition" or (held is not None and held.type in _FUNCTIONS):
            return True
    return False


def _call(node: Node, context: Context) -> Definition | Step:
    """The property that ``Object.defineProperty(Type.prototype, "name", { get() {} })`` defines."""
    function = node.child_by_field_name("function")
    if function is None or context.text(function) not in _DEFINERS:
        return Step.DESCEND
    arguments = node.child_by_field_name("arguments")
    written = arguments.named_children if arguments else []
    if len(written) != 3 or written[1].type != "string" or context.text(written[0]) == "exports":
        return Step.DESCEND
    name = context.text(written[1]).strip("\"'")
    if written[2].type != "object" or not name.isidentifier() or not _holds_functions(written[2]):
        return Step.DESCEND
    owner = context.text(written[0]).removesuffix(".prototype")
    return Definition(name, Kind.FIELD, qualifier="" if "." in owner or owner == "this" else owner)


def _exported(value: Node, context: Context) -> Definition | Step:
    """The definition behind ``module.exports =``, if it has a name; otherwise look among its children."""
    name = context.text(value.child_by_field_name("name"))
    if value.type == "class" and name:
        return Definition(name, Kind.CLASS, value)
    if value.type in _FUNCTIONS and name:
        return Definition(name, Kind.FUNCTION, value)
    return Step.DESCEND


def _pair(node: Node, context: Context) -> Definition | Step | None:
    value = _bare(node.child_by_field_name("value"))
    if value is None:
        return None
    name = context.text(node.child_by_field_name("key")).strip("\"'")
    if value.type in _FUNCTIONS and name and not name.startswith("["):
        return None if _is_small_local(node, context) else Definition(name, Kind.METHOD, value)
    return Step.DESCEND if value.type in ("object", "call_expression", *_FUNCTIONS) else None


def _method(node: Node, context: Context) -> Definition | None:
    name = context.text(node.child_by_field_name("name")).strip("\"'")
    if not name or (_is_small_local(node, context) and context.parent is not Kind.CLASS):
        return None
    return Definition(name, Kind.METHOD, node, merges=True)


def _field(node: Node, context: Context) -> Definition | Step | None:
    value = _bare(node.child_by_field_name("value"))
    name = context.text(node.child_by_field_name("property") or node.child_by_field_name("name"))
    if value is None or not name:
        return None
    if value.type not in _FUNCTIONS:
        is_constant = _CLASS_CONSTANT.match(context.source, node.start_byte, node.end_byte)
        return Definition(name, Kind.CONSTANT) if is_constant else None
    return Definition(name, Kind.METHOD, value)


def _function_value(node: Node, context: Context) -> Definition | Step:
    """The definition of a function passed as a value, if it has a name; otherwise look among its children."""
    name = context.text(node.child_by_field_name("name"))
    if not name or _is_small_local(node, context):
        return Step.SCOPE
    return Definition(name, Kind.FUNCTION, node)


def _export(node: Node, context: Context) -> Definition | Step:
    """The definition of an exported function or class; an anonymous one is named ``default``."""
    value = _bare(node.child_by_field_name("value"))
    if value is None or value.type not in (*_FUNCTIONS, "class"):
        return Step.WRAP
    name = context.text(value.child_by_field_name("name")) or "default"
    return Definition(name, Kind.CLASS if value.type == "class" else Kind.FUNCTION, value)


_JS: dict[str, Rule | Step] = {
    "function_declaration": named(Kind.FUNCTION, merges=True),
    "generator_function_declaration": named(Kind.FUNCTION),
    "class_declaration": named(Kind.CLASS),
    "class": Step.DESCEND,
    "method_definition": _method,
    "field_definition": _field,
    "variable_declarator": _variable,
    "assignment_expression": _assignment,
    "augmented_assignment_expression": _assignment,
    "call_expression": _call,
    "pair": _pair,
    "export_statement": _export,
    "lexical_declaration": Step.WRAP,
    "variable_declaration": Step.WRAP,
    "expression_statement": Step.WRAP,
    "decorator": Step.LEADING,
    "arrow_function": Step.SCOPE,
    "function_expression": _function_value,
    "generator_function": _function_value,
    **each_of(
        "class_body",
        "statement_block",
        "if_statement",
        "else_clause",
        "try_statement",
        "return_statement",
        "catch_clause",
        "finally_clause",
        "for_statement",
        "for_in_statement",
        "while_statement",
        "do_statement",
        "labeled_statement",
        "with_statement",
        "switch_statement",
        "switch_body",
        "switch_case",
        "switch_default",
        "class_static_block",
        "binary_expression",
        "ternary_expression",
        "arguments",
        "object",
        "array",
        "member_expression",
        "parenthesized_expression",
        "unary_expression",
        "await_expression",
        "new_expression",
        "sequence_expression",
        "as_expression",
        "satisfies_expression",
        "ERROR",
    ),
}
JAVASCRIPT = Table(_JS)


def _module(node: Node, context: Context) -> Definition | None:
    name = context.text(node.child_by_field_name("name")).strip("\"'")
    return Definition(name, Kind.MODULE, node) if name else None


def _signature(node: Node, context: Context) -> Definition | None:
    name = without_arguments(context.text(node.child_by_field_name("name")))
    kind = Kind.FUNCTION if context.parent in (None, Kind.MODULE) else Kind.METHOD
    return Definition(name, kind, merges=True) if name else None


TYPESCRIPT = Table(
    _JS
    | {
        "abstract_class_declaration": named(Kind.CLASS),
        "interface_declaration": named(Kind.INTERFACE),
        "type_alias_declaration": named(Kind.TYPE, leaf=True),
        "enum_declaration": named(Kind.ENUM, leaf=True),
        "module": _module,
        "internal_module": _module,
        "ambient_declaration": Step.WRAP,
        "public_field_definition": _field,
        "function_signature": _signature,
        "method_signature": _signature,
        "abstract_method_signature": _signature,
        **each_of("interface_body", "object_type"),
    }
)
