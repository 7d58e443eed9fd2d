"""Dart, whose grammar has the head of a function and its body side by side."""

from __future__ import annotations

from tree_sitter import Node

from semindex.parse.tables.base import Context, Definition, Rule, Step, Table, child_of, each_of
from semindex.types import Kind

_SIGNATURES = (
    "function_signature",
    "getter_signature",
    "setter_signature",
    "operator_signature",
    "constructor_signature",
    "constant_constructor_signature",
    "factory_constructor_signature",
    "redirecting_factory_constructor_signature",
)
_BODIES = ("class_body", "extension_body", "enum_body")


def _type(kind: Kind) -> Rule:
    def rule(node: Node, context: Context) -> Definition | None:
        alias = child_of(node, "mixin_application_class")
        name = node.child_by_field_name("name") or child_of(alias or node, "identifier")
        if name is None:
            # ``extension on String``: it is named by what it extends.
            name = node.child_by_field_name("class")
        title = context.text(name)
        return Definition(title, kind, child_of(node, *_BODIES)) if title else None

    return rule


def _alias(node: Node, context: Context) -> Definition | None:
    """``typedef F = ..`` has its name first, ``typedef int F(int a)`` before its parameters."""
    names = [child for child in node.children if child.type == "type_identifier"]
    if not names:
        return None
    old = child_of(node, "formal_parameter_list") is not None
    return Definition(context.text(names[-1] if old else names[0]), Kind.TYPE)


def _called(signature: Node, context: Context) -> str:
    if signature.type == "operator_signature":
        text = context.text(signature)
        return "operator " + text.partition("operator")[2].partition("(")[0].strip()
    parts = [child for child in signature.children if child.type == "identifier"]
    if not parts and signature.type.endswith("constructor_signature"):
        return "new"
    name = signature.child_by_field_name("name") if "constructor" not in signature.type else None
    return context.text(name or (parts[-1] if parts else None))


def _function(node: Node, context: Context) -> Definition | None:
    signature = node if node.type in _SIGNATURES else child_of(node, *_SIGNATURES)
    name = _called(signature, context) if signature is not None else ""
    if not name or context.local:
        return None
    body = node.next_named_sibling
    end = body.end_byte if body is not None and body.type == "function_body" else -1
    inside = context.parent is not None and context.parent is not Kind.MODULE
    return Definition(name, Kind.METHOD if inside else Kind.FUNCTION, end=end)


def _declaration(node: Node, context: Context) -> list[Definition] | Definition | None:
    """A member without a body: an abstract method, a constructor, or a constant of the class."""
    if child_of(node, *_SIGNATURES) is not None:
        return _function(node, context)
    listed = child_of(node, "static_final_declaration_list")
    if listed is None or child_of(node, "static") is None:
        return None
    return _variables(listed, context)


def _variables(node: Node, context: Context) -> list[Definition] | None:
    if context.local:
        return None
    kind = Kind.CONSTANT if node.type == "static_final_declaration_list" else Kind.VARIABLE
    names = [context.text(child_of(child, "identifier")) for child in node.named_children]
    return [Definition(name, kind, end=node.end_byte) for name in names if name]


DART = Table(
    {
        "class_definition": _type(Kind.CLASS),
        "mixin_declaration": _type(Kind.TRAIT),
        "extension_declaration": _type(Kind.IMPLEMENTATION),
        "extension_type_declaration": _type(Kind.CLASS),
        "enum_declaration": _type(Kind.ENUM),
        "type_alias": _alias,
        "method_signature": _function,
        **dict.fromkeys(_SIGNATURES, _function),
        "declaration": _declaration,
        "static_final_declaration_list": _variables,
        "initialized_identifier_list": _variables,
        **each_of(*_BODIES, "ERROR"),
        **each_of("const_builtin", "final_builtin", "inferred_type", "annotation", step=Step.LEADING),
    }
)
