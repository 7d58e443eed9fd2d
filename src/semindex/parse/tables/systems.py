"""Go, Rust, Swift and Zig."""

from __future__ import annotations

import re

from tree_sitter import Node

from semindex.parse.blanking import blanked
from semindex.parse.tables.base import (
    Context,
    Definition,
    Rule,
    Step,
    Table,
    child_of,
    each_of,
    holding,
    lines_of,
    named,
    titled,
    unless_local,
    without_arguments,
)
from semindex.parse.tables.rust_macros import without_item_macros
from semindex.types import Kind


def _go_receiver(node: Node, context: Context) -> str:
    receiver = node.child_by_field_name("receiver")
    parameter = child_of(receiver, "parameter_declaration") if receiver else None
    named_type = parameter.child_by_field_name("type") if parameter else None
    return without_arguments(context.text(named_type).lstrip("*( ").rstrip(") "))


def _go_method(node: Node, context: Context) -> Definition | None:
    name = context.text(node.child_by_field_name("name"))
    return Definition(name, Kind.METHOD, qualifier=_go_receiver(node, context)) if name else None


_GO_TYPES = {"struct_type": Kind.STRUCT, "interface_type": Kind.INTERFACE}


def _go_type(node: Node, context: Context) -> Definition | None:
    name = context.text(node.child_by_field_name("name"))
    written = node.child_by_field_name("type")
    kind = _GO_TYPES.get(written.type, Kind.TYPE) if written else Kind.TYPE
    return Definition(name, kind, written if kind is Kind.INTERFACE else None) if name else None


def _go_values(node: Node, context: Context) -> list[Definition]:
    kind = Kind.CONSTANT if node.type == "const_spec" else Kind.VARIABLE
    names = (context.text(child) for child in node.children_by_field_name("name"))
    return [Definition(name, kind) for name in names if name not in ("", "_", ",")]


def _go_group(node: Node, _context: Context) -> Step:
    """The definition of a lone ``const A = 1`` starts at ``const``; in a group each at its own name."""
    return Step.DESCEND if child_of(node, "(") or child_of(node, "var_spec_list") else Step.WRAP


GO = Table(
    {
        "function_declaration": named(Kind.FUNCTION, leaf=True),
        "method_declaration": _go_method,
        "type_declaration": _go_group,
        "const_declaration": _go_group,
        "var_declaration": _go_group,
        "type_spec": _go_type,
        "type_alias": _go_type,
        "const_spec": _go_values,
        "var_spec": _go_values,
        "method_elem": named(Kind.METHOD, leaf=True),
        "method_spec": named(Kind.METHOD, leaf=True),
        **each_of("var_spec_list", "ERROR"),
    }
)


def _rust_impl(node: Node, context: Context) -> Definition | None:
    name = without_arguments(context.text(node.child_by_field_name("type")).lstrip("&"))
    return Definition(name, Kind.IMPLEMENTATION, node) if name else None


def _rust_module(node: Node, context: Context) -> Definition | None:
    if node.child_by_field_name("body") is None:
        return None
    return Definition(context.text(node.child_by_field_name("name")), Kind.MODULE, node)


_RUST_INSIDE = re.compile(
    rb"(?P<local>\n[ \t]++(?:pub[ \t]++|async[ \t]++|unsafe[ \t]++|const[ \t]++)*+"
    rb"(?:fn|struct|enum|union|trait|impl|mod|macro_rules!)[ \t<]++\w)"
)
"""An item inside of a function."""
_RUST_FUNCTION = holding(named(Kind.FUNCTION, leaf=True), _RUST_INSIDE, blocks=("block",))
RUST = Table(
    {
        "function_item": _RUST_FUNCTION,
        "function_signature_item": _RUST_FUNCTION,
        "struct_item": named(Kind.STRUCT, leaf=True),
        "union_item": named(Kind.STRUCT, leaf=True),
        "enum_item": named(Kind.ENUM, leaf=True),
        "trait_item": named(Kind.TRAIT),
        "impl_item": _rust_impl,
        "mod_item": _rust_module,
        "type_item": named(Kind.TYPE, leaf=True),
        "const_item": unless_local(named(Kind.CONSTANT, leaf=True)),
        "static_item": unless_local(named(Kind.VARIABLE, leaf=True)),
        "macro_definition": named(Kind.MACRO, leaf=True),
        "attribute_item": Step.LEADING,
        **each_of("declaration_list", "foreign_mod_item", "ERROR"),
    },
    masked=without_item_macros,
)

_SWIFT_KINDS = {
    "class": Kind.CLASS,
    "actor": Kind.CLASS,
    "struct": Kind.STRUCT,
    "enum": Kind.ENUM,
    "extension": Kind.IMPLEMENTATION,
}


def _swift_type(node: Node, context: Context) -> Definition | None:
    keyword = next((child.type for child in node.children if child.type in _SWIFT_KINDS), "class")
    name = without_arguments(context.text(node.child_by_field_name("name")))
    return Definition(name, _SWIFT_KINDS[keyword], node) if name else None


_SWIFT_IS_MACRO = re.compile(rb"^[ \t]*+(?:(?!macro\b)[a-z]++[ \t]++)?+macro[ \t]++\w", re.MULTILINE)


def _swift_function(node: Node, context: Context) -> Definition | None:
    name = context.text(node.child_by_field_name("name"))
    after = False
    for child in node.children:
        if after:
            name = context.text(child).strip("`")
            break
        after = child.type == "func"
    is_macro = context.source.find(b"macro", node.start_byte, node.end_byte) >= 0 and _SWIFT_IS_MACRO.search(
        context.source, node.start_byte, node.end_byte
    )
    return Definition(name, Kind.MACRO if is_macro else Kind.FUNCTION) if name else None


def _swift_property(node: Node, context: Context) -> Definition | None:
    """A variable of the file, or a property with code, with a wrapper such as ``@Published``, or static."""
    name = context.text(node.child_by_field_name("name"))
    if not name or context.local:
        return None
    modifiers = child_of(node, "modifiers")
    is_wrapped = modifiers is not None and child_of(modifiers, "attribute") is not None
    if node.child_by_field_name("computed_value") is not None or (is_wrapped and context.parent):
        return Definition(name, Kind.FIELD if context.parent else Kind.VARIABLE)
    is_static = "static" in context.text(modifiers).split()
    if context.parent is not None and not is_static and lines_of(node) < 3:
        return None
    mutable = context.text(child_of(node, "value_binding_pattern")).startswith("var")
    return Definition(name, Kind.VARIABLE if mutable else Kind.CONSTANT)


_SWIFT_MACRO = re.compile(
    rb"^([ \t]*+(?:(?:public|package|internal|private|fileprivate|open)[ \t]++)?+)macro[ \t]++(?=\w)",
    re.MULTILINE,
)
_SWIFT_VALUE = re.compile(rb"[ \t\r\n]*+=[ \t\r\n]*+#\w++[ \t]*+\([^()]*+(?:\([^()]*+\)[^()]*+)*+\)")


def with_macros(text: bytes) -> bytes:
    """Swift with ``macro`` declarations put as functions without a body; no byte changes its offset."""
    if b"macro" not in text:
        return text
    text, changed = _SWIFT_MACRO.subn(
        lambda found: found[1] + b"func " + b" " * (len(found[0]) - len(found[1]) - 5), text
    )
    return _SWIFT_VALUE.sub(_as_body, text) if changed else text


def _as_body(found: re.Match[bytes]) -> bytes:
    """A pair of braces for the equals sign and the last parenthesis, and blanks for the rest."""
    before, _, value = found[0].partition(b"=")
    return before + b"{" + blanked(value[:-1]) + b"}"


SWIFT = Table(
    {
        "class_declaration": _swift_type,
        "protocol_declaration": named(Kind.INTERFACE),
        "function_declaration": _swift_function,
        "protocol_function_declaration": _swift_function,
        "init_declaration": titled(Kind.METHOD, "init"),
        "deinit_declaration": titled(Kind.METHOD, "deinit"),
        "subscript_declaration": titled(Kind.METHOD, "subscript"),
        "property_declaration": _swift_property,
        "typealias_declaration": unless_local(named(Kind.TYPE, leaf=True)),
        "macro_declaration": named(Kind.MACRO, leaf=True),
        **each_of("class_body", "enum_class_body", "protocol_body", "ERROR"),
    },
    masked=with_macros,
)

_ZIG_CONTAINERS = {
    "struct_declaration": Kind.STRUCT,
    "union_declaration": Kind.STRUCT,
    "opaque_declaration": Kind.STRUCT,
    "enum_declaration": Kind.ENUM,
    "error_set_declaration": Kind.ENUM,
}
_ZIG_ALIASES = frozenset({"identifier", "field_expression", "builtin_function"})


def _zig_variable(node: Node, context: Context) -> Definition | None:
    """The definition of a container or of a constant with its own value; imports and aliases are ignored."""
    name = context.text(child_of(node, "identifier"))
    value = next(
        (child for child in reversed(node.children) if child.is_named and child.type != "comment"), None
    )
    kind = _ZIG_CONTAINERS.get(value.type) if value is not None else None
    if not name or value is None or (context.local and kind is None):
        return None
    if kind is not None:
        return Definition(name, kind, value)
    if value.type in _ZIG_ALIASES:
        return None
    return Definition(name, Kind.VARIABLE if child_of(node, "var") else Kind.CONSTANT)


def _zig_function(node: Node, context: Context) -> Definition | None:
    name = context.text(node.child_by_field_name("name")).removeprefix("@").strip('"')
    return Definition(name, Kind.FUNCTION, node) if name else None


def _zig_test(node: Node, context: Context) -> Definition:
    title = context.text(child_of(node, "string", "identifier")).strip('"')
    return Definition(title or "test", Kind.FUNCTION)


_ZIG: dict[str, Rule | Step] = {
    "variable_declaration": _zig_variable,
    "function_declaration": _zig_function,
    "test_declaration": _zig_test,
    **each_of("block", "expression_statement", "return_expression", *_ZIG_CONTAINERS, "ERROR"),
}
ZIG = Table(_ZIG)
