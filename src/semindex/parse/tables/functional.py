"""Elixir and Haskell."""

from __future__ import annotations

import re

from tree_sitter import Node

from semindex.parse.tables.base import Context, Definition, Rule, Step, Table, child_of, each_of, named
from semindex.types import Kind

_ELIXIR_KINDS = {
    "defmodule": Kind.MODULE,
    "defprotocol": Kind.INTERFACE,
    "defimpl": Kind.IMPLEMENTATION,
    "def": Kind.FUNCTION,
    "defp": Kind.FUNCTION,
    "defdelegate": Kind.FUNCTION,
    "defguard": Kind.FUNCTION,
    "defguardp": Kind.FUNCTION,
    "defn": Kind.FUNCTION,
    "defmacro": Kind.MACRO,
    "defmacrop": Kind.MACRO,
}
_ELIXIR_MODULES = frozenset({"defmodule", "defprotocol", "defimpl"})
_ELIXIR_BLOCKS = frozenset({"if", "unless", "for", "quote", "describe", "scope", "else"})
_ELIXIR_DOCS = ("doc", "moduledoc", "typedoc", "shortdoc")
_ELIXIR_TYPES = {"type": Kind.TYPE, "typep": Kind.TYPE, "opaque": Kind.TYPE}
_ELIXIR_CALLBACKS = {"callback": Kind.FUNCTION, "macrocallback": Kind.MACRO}


def _elixir_head(node: Node | None, context: Context) -> str:
    """The function's name in ``name(args) when guard``, ``left + right`` or a bare ``name``."""
    while node is not None and node.type == "binary_operator":
        sign = context.text(node.child_by_field_name("operator"))
        if sign not in ("when", "::", "\\\\"):
            return sign
        node = node.child_by_field_name("left")
    if node is not None and node.type == "call":
        node = node.child_by_field_name("target")
    return context.text(node)


def _elixir_implementation(arguments: Node, context: Context) -> str:
    """The module that ``defimpl Protocol, for: Type`` makes: ``Protocol.Type``."""
    name = context.text(arguments.named_children[0]) if arguments.named_children else ""
    keywords = child_of(arguments, "keywords")
    pair = child_of(keywords, "pair") if keywords else None
    target = context.text(pair.child_by_field_name("value")) if pair else ""
    return f"{name}.{target}" if target and not target.startswith("[") else name


def _elixir_call(node: Node, context: Context) -> Definition | Step | None:
    keyword = context.text(node.child_by_field_name("target"))
    kind = _ELIXIR_KINDS.get(keyword)
    if kind is None:
        return Step.DESCEND if keyword in _ELIXIR_BLOCKS else None
    arguments = child_of(node, "arguments")
    if arguments is None or not arguments.named_children:
        return None
    if keyword in _ELIXIR_MODULES:
        name = (
            _elixir_implementation(arguments, context)
            if keyword == "defimpl"
            else context.text(arguments.named_children[0])
        )
        return Definition(name, kind, child_of(node, "do_block"))
    name = _elixir_head(arguments.named_children[0], context)
    return Definition(name, kind, merges=True) if name else None


def _elixir_attribute(node: Node, context: Context) -> Definition | Step | None:
    """The definition of a type or callback; other attributes belong to the definition behind them."""
    call = node.child_by_field_name("operand")
    keyword = context.text(call.child_by_field_name("target")) if call and call.type == "call" else ""
    kind = _ELIXIR_TYPES.get(keyword) or _ELIXIR_CALLBACKS.get(keyword)
    if kind is None or call is None:
        return Step.LEADING if keyword in ("spec", "impl", "deprecated", "dialyzer", "tag") else None
    arguments = child_of(call, "arguments")
    name = (
        _elixir_head(arguments.named_children[0], context) if arguments and arguments.named_children else ""
    )
    return Definition(name, kind, merges=keyword in _ELIXIR_CALLBACKS) if name else None


def _is_elixir_doc(node: Node, context: Context) -> bool:
    if node.type != "unary_operator":
        return False
    call = node.child_by_field_name("operand")
    if call is None or context.text(call.child_by_field_name("target")) not in _ELIXIR_DOCS:
        return False
    arguments = child_of(call, "arguments")
    return arguments is not None and child_of(arguments, "string", "sigil") is not None


def _elixir_moduledoc(node: Node, context: Context) -> Node | None:
    block = child_of(node, "do_block")
    for child in (block.children if block else [])[:4]:
        if _is_elixir_doc(child, context) and context.source.startswith(b"@moduledoc", child.start_byte):
            return child
    return None


ELIXIR = Table(
    {"call": _elixir_call, "unary_operator": _elixir_attribute, **each_of("do_block", "else_block", "ERROR")},
    docstring=_elixir_moduledoc,
    sibling_doc=_is_elixir_doc,
)


_PATTERN_NAME = re.compile(r"(?:\w+ (:[^\w\s]+) |\(?([A-Z][\w']*|:[^\w\s()]+))")


def _haskell_function(node: Node, context: Context) -> Definition | None:
    name = context.text(node.child_by_field_name("name"))
    if not name:
        infix = child_of(node, "infix")
        name = context.text(infix.child_by_field_name("operator")).strip("`") if infix else ""
    name = name.removeprefix("(").removesuffix(")").strip() or name
    kind = Kind.FUNCTION if context.parent is None else Kind.METHOD
    return Definition(name, kind, merges=True) if name else None


def _haskell_instance(node: Node, context: Context) -> Definition | None:
    name = context.text(node.child_by_field_name("name"))
    patterns = context.text(node.child_by_field_name("patterns"))
    return Definition(f"{name} {patterns}".strip(), Kind.IMPLEMENTATION, node) if name else None


def _haskell_foreign(node: Node, context: Context) -> Definition | None:
    signature = child_of(node, "signature")
    name = context.text(signature.child_by_field_name("name")) if signature else ""
    return Definition(name, Kind.FUNCTION) if name else None


def _haskell_pattern(node: Node, context: Context) -> Definition | None:
    """The pattern ``Pair`` of ``pattern Pair x y = (x, y)`` or of its signature."""
    written = child_of(node, "signature", "equation")
    synonym = written.child_by_field_name("synonym") if written else None
    name = _PATTERN_NAME.match(context.text(synonym))
    return Definition(name[1] or name[2], Kind.FUNCTION, merges=True) if name else None


_HASKELL: dict[str, Rule | Step] = {
    "signature": _haskell_function,
    "function": _haskell_function,
    "bind": _haskell_function,
    "foreign_import": _haskell_foreign,
    "pattern_synonym": _haskell_pattern,
    "data_type": named(Kind.TYPE, leaf=True),
    "newtype": named(Kind.TYPE, leaf=True),
    "type_synomym": named(Kind.TYPE, leaf=True),
    "type_synonym": named(Kind.TYPE, leaf=True),
    "type_family": named(Kind.TYPE, leaf=True),
    "data_family": named(Kind.TYPE, leaf=True),
    "class": named(Kind.TRAIT),
    "instance": _haskell_instance,
    **each_of("declarations", "class_declarations", "instance_declarations", "ERROR"),
}
HASKELL = Table(_HASKELL)
