"""Bash, Lua, PHP, Python and Ruby."""

from __future__ import annotations

import re

from tree_sitter import Node

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
    occurs,
    unless_local,
    without_arguments,
)
from semindex.types import Kind

_BASH_ALIAS = re.compile(r"(?:\\?+[\w.:+@%!?-]++)(?==)")


def _bash_declaration(node: Node, context: Context) -> list[Definition] | None:
    """The names of a top-level ``export A=1 B=2``, ``readonly A=1`` or ``typeset -A map``."""
    word = context.text(node.children[0])
    if context.local or word == "local":
        return None
    kind = Kind.CONSTANT if word == "readonly" else Kind.VARIABLE
    assigned = [
        child.child_by_field_name("name") for child in node.children if child.type == "variable_assignment"
    ]
    if word in ("declare", "typeset") and not assigned:
        assigned = [child for child in node.children if child.type == "variable_name"]
    return [Definition(name, kind) for name in map(context.text, assigned) if name]


def _bash_assignment(node: Node, context: Context) -> Definition | None:
    """The value of a top-level ``MAX_RETRIES=5``, but none of what is added to one."""
    name = context.text(node.child_by_field_name("name"))
    is_first = child_of(node, "=") is not None
    return Definition(name, Kind.VARIABLE) if is_first and name.isupper() and not context.local else None


def _bash_command(node: Node, context: Context) -> list[Definition] | None:
    """The names that ``alias ll='ls -l' la='ls -a'`` defines."""
    if context.text(node.child_by_field_name("name")) != "alias":
        return None
    written = map(_BASH_ALIAS.match, map(context.text, node.children_by_field_name("argument")))
    return [Definition(name[0].lstrip("\\"), Kind.FUNCTION) for name in written if name]


BASH = Table(
    {
        "function_definition": named(Kind.FUNCTION, leaf=True),
        "declaration_command": _bash_declaration,
        "variable_assignment": _bash_assignment,
        "command": unless_local(_bash_command),
        **each_of(
            "variable_assignments",
            "if_statement",
            "elif_clause",
            "else_clause",
            "list",
            "compound_statement",
            "case_statement",
            "case_item",
            "ERROR",
        ),
    }
)


_LUA_KEY = re.compile(r"([\w.]+)\[ ?[\"']([^\"'\[\]]+)[\"'] ?\]")
"""A target with a literal key: ``M["sixth"]``."""


def _lua_name(node: Node | None, context: Context) -> str:
    return context.text(node).replace(":", ".")


def _lua_function(node: Node, context: Context) -> Definition | None:
    name = _lua_name(node.child_by_field_name("name"), context)
    kind = Kind.METHOD if ":" in context.text(node.child_by_field_name("name")) else Kind.FUNCTION
    return Definition(name, kind, node) if name else None


def _lua_assignment(node: Node, context: Context) -> Definition | Step | None:
    targets, values = child_of(node, "variable_list"), child_of(node, "expression_list")
    target = targets.named_children[0] if targets and targets.named_children else None
    value = values.named_children[0] if values and values.named_children else None
    if target is None or value is None:
        return None
    name = _lua_name(target, context)
    if target.type == "bracket_index_expression":
        key = _LUA_KEY.fullmatch(name)
        if key is None or value.type != "function_definition":
            return None
        name = f"{key[1]}.{key[2]}"
    if value.type == "function_definition":
        return Definition(name, Kind.FUNCTION, value)
    if context.local:
        is_long = value.type in ("table_constructor", "function_call") and lines_of(value) > 2
        return Step.DESCEND if is_long else None
    if value.type == "table_constructor":
        return Definition(name, Kind.VARIABLE, value) if lines_of(value) > 2 else None
    if value.type in ("number", "string") and name.isupper():
        return Definition(name, Kind.CONSTANT)
    if value.type == "function_call":
        return Definition(name, Kind.FUNCTION, value) if _lua_makes_function(value) else _lua_export(name)
    return Definition(name, Kind.VARIABLE, documented_only=True) if "." in name else None


def _lua_makes_function(call: Node) -> bool:
    """Whether a call has a function as argument: ``M.run = wrap(function() … end)``."""
    arguments = call.child_by_field_name("arguments")
    return arguments is not None and child_of(arguments, "function_definition") is not None


def _lua_export(name: str) -> Definition | None:
    return Definition(name, Kind.VARIABLE) if "." in name else None


def _lua_field(node: Node, context: Context) -> Definition | Step | None:
    value = node.child_by_field_name("value")
    name = context.text(node.child_by_field_name("name")).strip("\"'[]")
    if value is not None and value.type == "function_definition":
        return Definition(name, Kind.METHOD, value) if name else Step.SCOPE
    return Step.DESCEND if value is not None and value.type == "table_constructor" else None


LUA = Table(
    {
        "function_declaration": _lua_function,
        "assignment_statement": _lua_assignment,
        "field": _lua_field,
        "variable_declaration": Step.WRAP,
        "function_definition": Step.SCOPE,
        **each_of(
            "block",
            "if_statement",
            "else_statement",
            "do_statement",
            "return_statement",
            "expression_list",
            "table_constructor",
            "function_call",
            "method_index_expression",
            "arguments",
            "ERROR",
        ),
    }
)


def _php_namespace(node: Node, context: Context) -> Definition | Step:
    name = context.text(node.child_by_field_name("name"))
    return Definition(name, Kind.MODULE, node) if name else Step.DESCEND


def _php_constant(node: Node, context: Context) -> Definition | None:
    name = context.text(child_of(node, "name"))
    return Definition(name, Kind.CONSTANT) if name else None


_PHP_INSIDE = re.compile(
    rb"\bnew[ \t\r\n]++(?:#\[[^\]\n]{0,200}+\][ \t\r\n]*+)?+(?:readonly[ \t]++)?+class\b"
    rb"|(?:public|private|protected|readonly)\b[^;{}()=$]{0,100}+\$\w"
    rb"|(?P<local>\n[ \t]++function[ \t]++&?+\w)"
)
"""An anonymous class, a parameter that is a field of the class, or a function inside another."""


def _php_code(kind: Kind) -> Rule:
    bodies = ("anonymous_class", "property_promotion_parameter")
    return holding(named(kind, leaf=True), _PHP_INSIDE, bodies, ("compound_statement",))


def _php_promoted(node: Node, context: Context) -> Definition | None:
    """The field that a constructor declares: ``private int $size``."""
    name = context.text(node.child_by_field_name("name")).lstrip("$&")
    return Definition(name, Kind.FIELD) if name else None


def _php_statement(node: Node, context: Context) -> Definition | None:
    """The constant of ``define("SIZE", 3)``, or the function of ``$run = function () { … };``."""
    written = node.named_children[0] if node.named_children else None
    if written is None or context.local or context.parent not in (None, Kind.MODULE):
        return None
    if written.type == "assignment_expression":
        value, target = written.child_by_field_name("right"), written.child_by_field_name("left")
        is_function = value is not None and value.type in ("anonymous_function", "arrow_function")
        if not is_function or target is None or target.type != "variable_name":
            return None
        return Definition(context.text(target).lstrip("$"), Kind.FUNCTION)
    if context.text(written.child_by_field_name("function")) != "define":
        return None
    arguments = written.child_by_field_name("arguments")
    name = context.text(arguments.named_children[0]) if arguments and arguments.named_children else ""
    return Definition(name.strip("'\""), Kind.CONSTANT) if name[:1] in ("'", '"') else None


PHP = Table(
    {
        "namespace_definition": _php_namespace,
        "class_declaration": named(Kind.CLASS),
        "interface_declaration": named(Kind.INTERFACE),
        "trait_declaration": named(Kind.TRAIT),
        "enum_declaration": named(Kind.ENUM),
        "function_definition": _php_code(Kind.FUNCTION),
        "method_declaration": _php_code(Kind.METHOD),
        "const_declaration": Step.WRAP,
        "const_element": _php_constant,
        "property_promotion_parameter": _php_promoted,
        "expression_statement": _php_statement,
        **each_of(
            "declaration_list",
            "enum_declaration_list",
            "if_statement",
            "else_clause",
            "compound_statement",
            "colon_block",
            "return_statement",
            "object_creation_expression",
            "anonymous_class",
            "ERROR",
        ),
    },
    rest_of_file=frozenset({"namespace_definition"}),
)


def _python_assignment(node: Node, context: Context) -> Definition | Step | None:
    if context.local or context.parent is not None:
        return None
    assignment = node.children[0] if node.children else None
    if assignment is None or assignment.type != "assignment":
        return None
    left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
    name = context.text(left)
    if left is None or right is None or left.type != "identifier" or name.startswith("__"):
        return None
    if right.type == "lambda":
        return Definition(name, Kind.FUNCTION)
    return Definition(name, Kind.CONSTANT if name.isupper() else Kind.VARIABLE)


def _python_docstring(node: Node, _context: Context) -> Node | None:
    body = node if node.type == "module" else node.child_by_field_name("body")
    for child in body.children if body else ():
        if child.type == "expression_statement" and child.children:
            first = child.children[0]
            return first if first.type in ("string", "concatenated_string") else None
        if child.type != "comment":
            return None
    return None


def _python_alias(node: Node, context: Context) -> Definition | None:
    name = without_arguments(context.text(node.child_by_field_name("left")))
    return Definition(name, Kind.TYPE) if name else None


_PYTHON: dict[str, Rule | Step] = {
    "class_definition": named(Kind.CLASS),
    "function_definition": named(Kind.FUNCTION),
    "decorated_definition": Step.WRAP,
    "expression_statement": _python_assignment,
    "type_alias_statement": unless_local(_python_alias),
    **each_of(
        "block",
        "if_statement",
        "elif_clause",
        "else_clause",
        "try_statement",
        "except_clause",
        "finally_clause",
        "with_statement",
        "match_statement",
        "ERROR",
    ),
}
_CDEF_CLASS = re.compile(
    rb"^([ \t]*+)((?:cdef|cpdef)[ \t]++(?:(?:public|api)[ \t]++)?+class)(?=[ \t]++\w)", re.MULTILINE
)


def without_cdef(text: bytes) -> bytes:
    """Cython with ``cdef class`` put as ``class``; no byte changes its offset."""
    if b"cdef" not in text:
        return text
    return _CDEF_CLASS.sub(lambda found: found[1] + b"class".ljust(len(found[2])), text)


PYTHON = Table(_PYTHON, docstring=_python_docstring, masked=without_cdef)

_RUBY_FIELDS = frozenset(
    {
        "attr_reader",
        "attr_writer",
        "attr_accessor",
        "attr",
        "cattr_accessor",
        "mattr_accessor",
        "class_attribute",
    }
)
_RUBY_MODIFIERS = frozenset(
    {"private", "protected", "public", "module_function", "private_class_method", "memoize", "helper_method"}
)
_RUBY_NAMERS = frozenset({"define_method", "alias_method", "scope", "define_singleton_method"})
_RUBY_MAKERS = {
    "Struct.new": Kind.STRUCT,
    "Class.new": Kind.CLASS,
    "Module.new": Kind.MODULE,
    "Data.define": Kind.STRUCT,
}


def _ruby_symbols(arguments: Node | None, context: Context) -> list[str]:
    found = arguments.named_children if arguments else []
    return [context.text(each).strip(":\"'") for each in found if each.type in ("simple_symbol", "string")]


def _ruby_call(node: Node, context: Context) -> Definition | list[Definition] | Step | None:
    method = context.text(node.child_by_field_name("method"))
    arguments = node.child_by_field_name("arguments")
    if method in _RUBY_FIELDS:
        return [Definition(name, Kind.FIELD) for name in _ruby_symbols(arguments, context)]
    if method in _RUBY_MODIFIERS:
        return Step.WRAP
    if method in _RUBY_NAMERS and (names := _ruby_symbols(arguments, context)):
        return Definition(names[0], Kind.METHOD)
    if context.local:
        return None
    has_block = node.child_by_field_name("block") is not None
    return Step.DESCEND if has_block or (arguments and _has_methods(arguments, context)) else None


_RUBY_INSIDE = re.compile(rb"(?P<local>\bdef[ \t]++[\w(])")
"""A method inside of a method, as a rule in a block that makes a class."""


def _has_methods(node: Node, context: Context) -> bool:
    return occurs(_RUBY_INSIDE, node, context)


def _ruby_method(kind: Kind) -> Rule:
    return holding(named(kind, leaf=True), _RUBY_INSIDE, blocks=("body_statement", "block_body"))


def _ruby_assignment(node: Node, context: Context) -> Definition | Step | None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None or context.local:
        return None
    inner = right if _has_methods(right, context) else None
    if left.type not in ("constant", "scope_resolution"):
        return Step.DESCEND if inner else None
    name = context.text(left)
    if right.type == "call":
        maker = (
            context.text(right.child_by_field_name("receiver"))
            + "."
            + context.text(right.child_by_field_name("method"))
        )
        if maker in _RUBY_MAKERS:
            return Definition(name, _RUBY_MAKERS[maker], right)
    return Definition(name, Kind.CONSTANT, inner)


RUBY = Table(
    {
        "module": named(Kind.MODULE),
        "class": named(Kind.CLASS),
        "method": _ruby_method(Kind.FUNCTION),
        "singleton_method": _ruby_method(Kind.METHOD),
        "alias": named(Kind.METHOD, leaf=True),
        "call": _ruby_call,
        "assignment": _ruby_assignment,
        **each_of(
            "singleton_class",
            "body_statement",
            "argument_list",
            "do_block",
            "block",
            "block_body",
            "if",
            "unless",
            "then",
            "else",
            "begin",
            "ERROR",
        ),
    }
)
