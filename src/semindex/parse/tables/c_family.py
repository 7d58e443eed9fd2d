"""C and C++."""

from __future__ import annotations

import re

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
from semindex.types import Kind

_CONTINUED = re.compile(rb"(?:[^\n]*\\\r?\n)*+[^\n]*")
_LONG_DEFINE = re.compile(
    rb"(\#[ \t]*define\b(?:[^\\\n]++|\\(?!\r?\n))*+)\\(\r?\n)((?:[^\n]*\\\r?\n)*+[^\n]*)"
)
"""A macro of several lines: comments in its body mislead the grammars."""
_LONE_MACRO = re.compile(rb"\n[ \t]*+_*+[A-Z][A-Z0-9]*+_[A-Z0-9_]++[ \t]*+\r?(?=\n)")
"""A macro alone on its line, such as ``G_BEGIN_DECLS``: the grammar takes it for the type of what follows."""
_CLASS_MACROS = tuple(
    re.compile(
        keyword + rb"(?<!\w" + keyword + rb")[ \t]+"
        rb"(?P<macro>[A-Z][A-Z0-9_]{2,}+(?:\([^()\n]{0,80}\))?[ \t]+)"
        rb"(?=[A-Za-z_][\w:]*+\s*(?:final\s*)?[:{<\n])"
    )
    for keyword in (b"class", b"struct", b"union")
)
"""A macro between keyword and name: ``class FMT_API Name {``."""
_BODY = re.compile(rb"\)[^\n;{}()]{0,40}\n?\{[ \t]*\r?\n(?P<body>(?:(?!\}|\w[^\n:]*+\n)[^\n]*+\n)++)(?=\})")
"""A function's body, up to the first brace at the margin; none if other code stands at the margin before."""
_INDENTED = (b" ", b"\t", b"#", b"\n", b"}", b"")
_BLANKED = bytes(value if value in b"\r\n" else 0x20 for value in range(256))
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


def without_macros(text: bytes) -> bytes:
    """The text with blanks for macros that no grammar understands; no byte changes its offset."""
    text = _LONG_DEFINE.sub(_without_rest, text)
    text = _LONE_MACRO.sub(lambda found: found[0].translate(_BLANKED), text)
    for expression in _CLASS_MACROS:
        text = expression.sub(_without_macro, text)
    return text


def without_bodies(text: bytes) -> bytes:
    """The text with blanks for the bodies of functions too, and for what :func:`without_macros` blanks.

    Parsing spends most of its time in bodies, and C has no definitions there. Without them 2,083 of 2,093 C
    files had the same definitions, the others as often better as worse ones; of C++ files too many changed.
    """
    return _BODY.sub(_without_body, without_macros(text))


def _without_macro(found: re.Match[bytes]) -> bytes:
    start = found.start("macro") - found.start()
    return found[0][:start] + b" " * len(found["macro"])


def _without_body(found: re.Match[bytes]) -> bytes:
    """A function with blanks for its body, or unchanged if the body holds half of an ``#if`` or a macro."""
    body = found["body"]
    line = found.string.rfind(b"\n", 0, found.start()) + 1
    at_margin = b"\n{" in found[0][: found.start("body") - found.start()]
    if (not at_margin and found.string[line : line + 1] in _INDENTED) or (
        b"#" in body and (body.count(b"#if") != body.count(b"#endif") or b"define" in body)
    ):
        return found[0]
    start = found.start("body") - found.start()
    return found[0][:start] + body.translate(_BLANKED)


def _without_rest(found: re.Match[bytes]) -> bytes:
    """The first line of a long macro, a digit for its backslash, and blanks for the rest."""
    head = found[1]
    comment = head.rfind(b"/*")
    if comment >= 0 and b"*/" not in head[comment:]:
        head = head[:comment].ljust(len(head))
    return head + b"0" + found[2] + found[3].translate(_BLANKED)


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
        qualifier, last = without_arguments(head.rstrip(": ")), operator + tail
    else:
        qualifier, _, last = without_arguments(name).rpartition("::")
        last = last.rpartition(" ")[2]
    if not last:
        return None
    kind = Kind.METHOD if context.parent in CONTAINERS else Kind.FUNCTION
    return Definition(last, kind, qualifier=qualifier.lstrip(":"), separator="::")


def _macro_title(arguments: Node | None, context: Context) -> str:
    """The name made of the arguments of a macro for a function's head: ``Foo.Bar`` of ``TEST(Foo, Bar)``."""
    titles = [context.text(each) for each in arguments.named_children[:2]] if arguments else []
    return ".".join(title for title in titles if title.isidentifier())


def _macro_call(node: Node, context: Context) -> Definition | None:
    """The function ``TEST_IMPL(name) { … }``, which the grammar of C takes for a call and a block."""
    call = node.named_children[0] if node.named_children else None
    if call is None or call.type != "call_expression":
        return None
    body = node.next_sibling
    if body is None or body.type != "compound_statement" or body.start_point.row > node.end_point.row + 1:
        return None
    title = _macro_title(call.child_by_field_name("arguments"), context)
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
        title = _macro_title(parameters.child_by_field_name("parameters") if parameters else None, context)
        return Definition(title or written, Kind.FUNCTION)
    return _named_function(declarator, context)


def _specifier(node: Node, context: Context) -> Definition | Step | None:
    if node.child_by_field_name("body") is None:
        return None
    name = without_arguments(context.text(node.child_by_field_name("name")))
    return Definition(name, _SPECIFIERS[node.type], node) if name else Step.DESCEND


def _type_definition(node: Node, context: Context) -> list[Definition] | None:
    specified = node.child_by_field_name("type")
    declarator, _ = _innermost(node.child_by_field_name("declarator"))
    name = context.text(declarator)
    if (
        specified is None
        or specified.type not in _SPECIFIERS
        or specified.child_by_field_name("body") is None
    ):
        return [Definition(name, Kind.TYPE)] if name else None
    kind = _SPECIFIERS[specified.type]
    tag = context.text(specified.child_by_field_name("name"))
    found = [Definition(tag, kind)] if tag and tag != name else []
    return [*found, Definition(name, kind, specified)] if name else found


def _declaration(node: Node, context: Context) -> Definition | Step | None:
    """What a declaration defines: a type inside it, a documented prototype, or initialised data.

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
    if outer.type != "init_declarator" or context.local or context.parent in CONTAINERS:
        return None
    constant = any(context.text(child) in ("const", "constexpr") for child in node.children[:6])
    if not constant and lines_of(node) < 3:
        return None
    return Definition(context.text(declarator), Kind.CONSTANT if constant else Kind.VARIABLE)


def _macro(node: Node, context: Context) -> Definition | None:
    if node.child_by_field_name("value") is None:
        return None
    written = _CONTINUED.match(context.source, node.start_byte)
    end = written.end() if written else -1
    return Definition(context.text(node.child_by_field_name("name")), Kind.MACRO, end=end)


def _namespace(node: Node, context: Context) -> Definition | Step:
    name = context.text(node.child_by_field_name("name"))
    return Definition(name, Kind.MODULE, node) if name else Step.DESCEND


_C: dict[str, Rule | Step] = {
    "function_definition": _function,
    "struct_specifier": _specifier,
    "union_specifier": _specifier,
    "enum_specifier": _specifier,
    "type_definition": _type_definition,
    "declaration": _declaration,
    "expression_statement": unless_local(_macro_call),
    "preproc_def": _macro,
    "preproc_function_def": _macro,
    **each_of(
        "translation_unit",
        "preproc_ifdef",
        "preproc_if",
        "preproc_else",
        "preproc_elif",
        "preproc_elifdef",
        "linkage_specification",
        "declaration_list",
        "ERROR",
    ),
}

C = Table(_C, masked=without_bodies)
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
)
