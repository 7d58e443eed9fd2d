"""C and C++."""

from __future__ import annotations

from tree_sitter import Node

from semindex.parse.drafts import CONTAINERS
from semindex.parse.tables.base import (
    Context,
    Definition,
    Rule,
    Step,
    Table,
    each_of,
    lines_of,
    named,
    unless_local,
    without_arguments,
)
from semindex.parse.tables.c_macros import macros_of
from semindex.parse.tables.c_masks import without_bodies, without_macros
from semindex.types import Kind

_OLD_MOST_LINES = 31
"""The definitions of before 1989 have at most so many lines between parameters and body."""
_LONG_VALUE_LINES = 3
_DECLARATORS = frozenset(
    {
        "pointer_declarator",
        "reference_declarator",
        "array_declarator",
        "function_declarator",
        "parenthesized_declarator",
        "init_declarator",
        "attributed_declarator",
    }
)
_SPECIFIERS = {
    "struct_specifier": Kind.STRUCT,
    "union_specifier": Kind.STRUCT,
    "class_specifier": Kind.CLASS,
    "enum_specifier": Kind.ENUM,
}


def _innermost(declarator: Node | None) -> tuple[Node | None, bool]:
    """The node that names what is declared, and whether a function is declared."""
    is_function = False
    depth = 0
    while declarator is not None and declarator.type in _DECLARATORS and depth < 50:
        kind = declarator.type
        following = declarator.child_by_field_name("declarator")
        if kind == "function_declarator":
            is_function = following is not None and following.type != "parenthesized_declarator"
        if following is None:
            following = next(
                (child for child in declarator.named_children if child.type != "ms_call_modifier"), None
            )
        declarator = following
        depth += 1
    return declarator, is_function


def _named_function(declarator: Node, context: Context) -> Definition | None:
    name = context.text(declarator)
    head, operator, tail = name.partition("operator")
    if operator and not head.strip("_ :").isalnum() and head.strip() and not head.rstrip().endswith(":"):
        head, operator, tail = name, "", ""
    if operator:
        sign = tail if tail.lstrip().startswith("(") else tail.partition("(")[0]
        qualifier, last = without_arguments(head.rstrip(": ")), operator + sign.rstrip()
    else:
        qualifier, _, last = without_arguments(name).rpartition("::")
        last = last.rpartition(" ")[2]
    if not last:
        return None
    kind = Kind.METHOD if context.parent in CONTAINERS else Kind.FUNCTION
    return Definition(last, kind, qualifier=qualifier.lstrip(":"), separator="::")


def _macro_title(macro: Node | None, arguments: Node | None, context: Context) -> str:
    """The name made of the arguments of a macro for a function's head: ``Foo.Bar`` of ``TEST(Foo, Bar)``.

    A macro that defines has the name first, and then types: ``SYSCALL_DEFINE2(open, int, flags)``.
    """
    most = 1 if "DEFINE" in context.text(macro).upper() else 2
    titles = [context.text(each) for each in arguments.named_children[:most]] if arguments else []
    return ".".join(title for title in titles if title.isidentifier())


def _macro_call(node: Node, context: Context) -> Definition | None:
    """The function ``TEST_IMPL(name) { … }``, which the grammar of C takes for a call and a block.

    Without a semicolon the call may stand in an error, and the block behind that.
    """
    call = node if node.type == "call_expression" else next(iter(node.named_children), None)
    if call is None or call.type != "call_expression":
        return None
    body = node.next_sibling
    if body is None and node.parent is not None and node.parent.type == "ERROR":
        body = node.parent.next_sibling
    callee, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    is_old = arguments is not None and not arguments.named_children  # parameters of K&R were blanked
    gap = _OLD_MOST_LINES if is_old else 1
    if body is None or body.type != "compound_statement" or body.start_point.row > node.end_point.row + gap:
        return None
    title = context.text(callee) if is_old else _macro_title(callee, arguments, context)
    return Definition(title, Kind.FUNCTION, end=body.end_byte) if title else None


def _function(node: Node, context: Context) -> Definition | Step | None:
    declarator, is_function = _innermost(node.child_by_field_name("declarator"))
    if declarator is None:
        return None
    if not is_function and node.child_by_field_name("type") is not None:
        specifier = node.child_by_field_name("type")
        if specifier is not None and specifier.type in _SPECIFIERS:
            return Step.DESCEND
    if node.child_by_field_name("type") is None and (written := context.text(declarator)).isupper():
        parameters = node.child_by_field_name("declarator")
        arguments = parameters.child_by_field_name("parameters") if parameters else None
        title = _macro_title(declarator, arguments, context)
        return Definition(title or written, Kind.FUNCTION)
    named = _named_by_macro(node, declarator, context)
    return Definition(named, Kind.FUNCTION) if named else _named_function(declarator, context)


def _named_by_macro(node: Node, declarator: Node, context: Context) -> str:
    """The argument of a macro that makes the name, as in ``int PREFIX(name)(int x) {``; else empty."""
    outer = declarator.parent
    if outer is None or outer.type != "function_declarator" or not context.text(declarator).isupper():
        return ""
    around = outer.parent
    if around is None or around.type != "function_declarator":
        return ""
    return _macro_title(declarator, outer.child_by_field_name("parameters"), context)


def _specifier(node: Node, context: Context) -> Definition | Step | None:
    """A type with a body. What an enum without a name lists are constants of the file or of the class."""
    if node.child_by_field_name("body") is None:
        return None
    name = without_arguments(context.text(node.child_by_field_name("name")))
    is_leaf = node.type == "enum_specifier"
    return Definition(name, _SPECIFIERS[node.type], None if is_leaf else node) if name else Step.DESCEND


def _type_definition(node: Node, context: Context) -> list[Definition]:
    """The names of a typedef: its tag, and each of ``typedef struct tag { … } Name, *Pointer;``."""
    specified = node.child_by_field_name("type")
    declarators = node.children_by_field_name("declarator")
    names = [context.text(_innermost(each)[0]) for each in declarators]
    names = [name for name in dict.fromkeys(names) if name]
    if (
        specified is None
        or specified.type not in _SPECIFIERS
        or specified.child_by_field_name("body") is None
    ):
        return [Definition(name, Kind.TYPE) for name in names]
    kind = _SPECIFIERS[specified.type]
    tag = context.text(specified.child_by_field_name("name"))
    if tag and tag not in names:
        names.append(tag)
    # The first name comes last: members belong to the definition before them.
    found = [Definition(name, kind) for name in reversed(names[1:])]
    inner = None if kind is Kind.ENUM else specified
    return [*found, *(Definition(name, kind, inner) for name in names[:1])]


def _declaration(node: Node, context: Context) -> Definition | list[Definition] | Step | None:
    """What a declaration defines: a type inside it, a documented prototype, or variables.

    A prototype without a comment is no definition: it only repeats the head of the function.
    """
    specified = node.child_by_field_name("type")
    if specified is not None and specified.type in _SPECIFIERS and specified.child_by_field_name("body"):
        return Step.WRAP
    outer = node.child_by_field_name("declarator")
    if outer is None:
        return None
    declarator, is_function = _innermost(outer)
    if declarator is None:
        return None
    if is_function:
        found = _named_function(declarator, context)
        return found._replace(documented_only=True) if found else None
    if context.local or node.type == "field_declaration":
        return _class_constant(node, context)
    return _variables(node, context)


def _words(node: Node, context: Context) -> set[str]:
    """The words before a type: ``static``, ``const`` ..."""
    return {context.text(child) for child in node.children[:6]}


def _class_constant(node: Node, context: Context) -> Definition | None:
    """A static constant in a class with its value, such as ``static constexpr int kMost = 3;``."""
    words = _words(node, context)
    if context.local or "static" not in words or not words & {"const", "constexpr"}:
        return None
    if node.child_by_field_name("default_value") is None:
        return None
    declarator, _ = _innermost(node.child_by_field_name("declarator"))
    return Definition(context.text(declarator), Kind.CONSTANT)


def _variables(node: Node, context: Context) -> list[Definition]:
    """The variables of a file or a namespace; those declared ``extern`` without a value are elsewhere."""
    words = _words(node, context)
    specified = node.child_by_field_name("type")
    around = node.parent
    # Statements of a function whose head the grammar did not understand are no variables of the file.
    is_stray = around is None or around.type == "ERROR" or (node.start_point.column and not context.parent)
    is_macro = specified is not None and (
        specified.type == "macro_type_specifier" or context.text(specified).isupper()
    )
    kind = Kind.CONSTANT if words & {"const", "constexpr"} else Kind.VARIABLE
    found: list[Definition] = []
    for outer in node.children_by_field_name("declarator"):
        has_value = outer.type == "init_declarator"
        declarator, is_function = _innermost(outer)
        if is_function or declarator is None or declarator.type in ("structured_binding_declarator", "ERROR"):
            continue
        if not has_value and (is_macro or "extern" in words or outer.type == "parenthesized_declarator"):
            continue
        if is_stray and (kind is Kind.VARIABLE or not has_value) and lines_of(node) < _LONG_VALUE_LINES:
            continue
        qualifier, _, name = without_arguments(context.text(declarator)).rpartition("::")
        if name.isidentifier():
            found.append(Definition(name, kind, qualifier=qualifier, separator="::"))
    return found


def _enumerator(node: Node, context: Context) -> Definition | None:
    """A constant of an enum without a name."""
    around = node.parent.parent if node.parent else None
    is_named = around is None or around.child_by_field_name("name") is not None
    name = context.text(node.child_by_field_name("name"))
    return Definition(name, Kind.CONSTANT) if name and not is_named and not context.local else None


def _namespace(node: Node, context: Context) -> Definition | Step:
    name = context.text(node.child_by_field_name("name"))
    return Definition(name, Kind.MODULE, node) if name else Step.DESCEND


_C: dict[str, Rule | Step] = {
    "function_definition": _function,
    "struct_specifier": _specifier,
    "union_specifier": _specifier,
    "enum_specifier": _specifier,
    "enumerator": _enumerator,
    "type_definition": _type_definition,
    "declaration": _declaration,
    "expression_statement": unless_local(_macro_call),
    "call_expression": unless_local(_macro_call),
    **each_of(
        "translation_unit",
        "preproc_ifdef",
        "preproc_if",
        "preproc_else",
        "preproc_elif",
        "preproc_elifdef",
        "linkage_specification",
        "declaration_list",
        "enumerator_list",
        "ERROR",
    ),
}

C = Table(_C, masked=without_bodies, beside=macros_of)
CPP = Table(
    _C
    | {
        "class_specifier": _specifier,
        "field_declaration": _declaration,
        "namespace_definition": _namespace,
        "alias_declaration": unless_local(named(Kind.TYPE, leaf=True)),
        "concept_definition": named(Kind.TYPE, leaf=True),
        **each_of("field_declaration_list", "export_declaration"),
        "template_declaration": Step.WRAP,
    },
    masked=without_macros,
    beside=macros_of,
)
