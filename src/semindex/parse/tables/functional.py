"""Elixir and Haskell."""

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
    named,
    occurs,
)
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
_ELIXIR_SETTINGS = frozenset(
    """doc moduledoc typedoc shortdoc behaviour behavior before_compile after_compile after_verify derive
    enforce_keys external_resource on_load on_definition compile vsn optional_callbacks moduletag describetag
    primary_key foreign_key_type schema_prefix timestamps_opts fallback_to_any protocol requirements recursive
    preferred_cli_env undefined_impl_description nifs since file""".split()
)
"""Attributes that mean something to the compiler or to a library; all others are values of the module."""
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


_ELIXIR_INSIDE = re.compile(
    rb"(?P<local>\n[ \t]++def(?:p|module|macrop?|protocol|impl|delegate|guardp?)?+[ \t]++\w)"
)
"""A definition in a block: in what a macro quotes, in a test."""


def _holds_definitions(node: Node, context: Context) -> bool:
    block = child_of(node, "do_block")
    return block is not None and occurs(_ELIXIR_INSIDE, block, context)


_ELIXIR_TAG = re.compile(rb"<%(?:[^%\n]++|%(?!>)){0,200}+%>")


def without_tags(text: bytes) -> bytes:
    """Elixir that is made from a template (EEx): a name instead of each tag, of the same length."""
    return _ELIXIR_TAG.sub(lambda found: b"X" * len(found[0]), text) if b"<%" in text else text


def _elixir_call(node: Node, context: Context) -> Definition | Step | None:
    keyword = context.text(node.child_by_field_name("target"))
    kind = _ELIXIR_KINDS.get(keyword)
    if kind is None:
        is_block = keyword in _ELIXIR_BLOCKS or _holds_definitions(node, context)
        return Step.DESCEND if is_block else None
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
    """The definition of a type, a callback or a value; others belong to the definition behind them."""
    call = node.child_by_field_name("operand")
    keyword = context.text(call.child_by_field_name("target")) if call and call.type == "call" else ""
    kind = _ELIXIR_TYPES.get(keyword) or _ELIXIR_CALLBACKS.get(keyword)
    if kind is None or call is None:
        if keyword in ("spec", "impl", "deprecated", "dialyzer", "tag"):
            return Step.LEADING
        is_value = keyword and not context.local and keyword not in _ELIXIR_SETTINGS
        return Definition(keyword, Kind.CONSTANT, merges=True) if is_value else None
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
    {
        "call": holding(_elixir_call, _ELIXIR_INSIDE, blocks=("do_block",)),
        "unary_operator": _elixir_attribute,
        **each_of("do_block", "else_block", "ERROR"),
    },
    docstring=_elixir_moduledoc,
    sibling_doc=_is_elixir_doc,
    masked=without_tags,
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


def _haskell_field(node: Node, context: Context) -> list[Definition]:
    """The names of ``width, height :: Int`` in a record."""
    names = (context.text(each) for each in node.children_by_field_name("name"))
    return [Definition(name, Kind.FIELD) for name in names if name not in ("", ",")]


_HASKELL: dict[str, Rule | Step] = {
    "signature": _haskell_function,
    "function": _haskell_function,
    "bind": _haskell_function,
    "foreign_import": _haskell_foreign,
    "pattern_synonym": _haskell_pattern,
    "data_type": named(Kind.TYPE),
    "newtype": named(Kind.TYPE),
    "field": _haskell_field,
    "type_synomym": named(Kind.TYPE, leaf=True),
    "type_synonym": named(Kind.TYPE, leaf=True),
    "type_family": named(Kind.TYPE, leaf=True),
    "data_family": named(Kind.TYPE, leaf=True),
    "class": named(Kind.TRAIT),
    "instance": _haskell_instance,
    **each_of("declarations", "class_declarations", "instance_declarations", "ERROR"),
    **each_of("data_constructors", "data_constructor", "newtype_constructor", "record", "fields"),
}
_ORDINARY = re.compile(rb"\s*+(?:\{-|--|module\b|import\b)")
"""What a file begins with that is not literate."""
_LITERATE = re.compile(rb"^(?:\\begin\{code\}|```[ \t]*+haskell\b|>[ \t]*+[\w{(-])", re.MULTILINE)
_LITERATE_LINE = re.compile(
    rb"^(?:(?P<opens>\\begin\{code\}|```[ \t]*+haskell\b)|(?P<closes>\\end\{code\}|```)|(?P<bird>>))?"
    rb"[^\n]*+\n?",
    re.MULTILINE,
)


def without_prose(text: bytes) -> bytes:
    """Literate Haskell with blanks for all but its code; no byte changes its offset."""
    if _ORDINARY.match(text) or not _LITERATE.search(text):
        return text
    kept: list[bytes] = []
    inside = False
    for line in _LITERATE_LINE.finditer(text):
        whole = line[0]
        if line["bird"]:
            kept.append(b" " + whole[1:])
        elif inside and not line["closes"]:
            kept.append(whole)
        else:
            kept.append(blanked(whole))
        inside = bool(line["opens"]) or (inside and not line["closes"])
    return b"".join(kept)


HASKELL = Table(_HASKELL, masked=without_prose)
