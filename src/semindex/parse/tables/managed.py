"""C#, Java, Kotlin and Scala."""

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
    named,
    titled,
    unless_local,
    without_arguments,
)
from semindex.types import Kind

_METHOD = named(Kind.METHOD, leaf=True)


_JAVA_INSIDE = re.compile(
    rb"\bnew[ \t\r\n]++[\w.]++[ \t\r\n]*+(?:<[^;{}()]{0,200}+[ \t\r\n]*+)?+\([^;{}]{0,300}+\{"
    rb"|(?P<local>\n[ \t]++(?:(?:final|static|abstract|sealed|@\w++)[ \t]++)*+"
    rb"(?:class|record|enum|interface)[ \t]++\w)"
)
"""An anonymous class, or a local one."""


def _java_field(node: Node, context: Context) -> Definition | Step | None:
    """A constant; of other fields the anonymous class that is their value."""
    has_body = context.source.find(b"{", node.start_byte, node.end_byte) >= 0
    modifiers = context.text(child_of(node, "modifiers")).split()
    if "static" not in modifiers or "final" not in modifiers:
        return Step.SCOPE if has_body else None
    declarator = node.child_by_field_name("declarator")
    name = context.text(declarator.child_by_field_name("name")) if declarator else ""
    return Definition(name, Kind.CONSTANT, node if has_body else None) if name else None


def _java_enum_constant(node: Node, context: Context) -> Definition | None:
    """A constant that has methods of its own."""
    body = node.child_by_field_name("body")
    name = context.text(node.child_by_field_name("name"))
    return Definition(name, Kind.CONSTANT, body) if name and body is not None else None


_JAVA_METHOD = holding(_METHOD, _JAVA_INSIDE, ("class_body",), ("block", "constructor_body"))


JAVA = Table(
    {
        "class_declaration": named(Kind.CLASS),
        "record_declaration": named(Kind.CLASS),
        "interface_declaration": named(Kind.INTERFACE),
        "annotation_type_declaration": named(Kind.INTERFACE),
        "enum_declaration": named(Kind.ENUM),
        "enum_constant": _java_enum_constant,
        "method_declaration": _JAVA_METHOD,
        "constructor_declaration": _JAVA_METHOD,
        "compact_constructor_declaration": _JAVA_METHOD,
        "annotation_type_element_declaration": _METHOD,
        "field_declaration": _java_field,
        "constant_declaration": _java_field,
        **each_of(
            "class_body",
            "interface_body",
            "enum_body",
            "enum_body_declarations",
            "annotation_type_body",
            "variable_declarator",
            "object_creation_expression",
            "ERROR",
        ),
    }
)


def _operator(node: Node, context: Context) -> Definition:
    sign = context.text(node.child_by_field_name("operator")) or context.text(
        node.child_by_field_name("type")
    )
    return Definition(f"operator {sign}".strip(), Kind.METHOD)


def _destructor(node: Node, context: Context) -> Definition:
    return Definition("~" + context.text(node.child_by_field_name("name")), Kind.METHOD)


_EXTENSION = re.compile(
    rb"^[ \t]*+(?P<head>extension[ \t]*+(?:<[^<>()\n]*+>)?+[ \t]*+\([^()\n]*+\)[^{};\n]*+)"
    rb"(?=[\r\n]*+[ \t]*+\{)",
    re.MULTILINE,
)
_AS_CLASS = b"class X  "


def with_extension_classes(text: bytes) -> bytes:
    """C# with ``extension(string text)`` blocks put as classes; no byte changes its offset."""
    return _EXTENSION.sub(_as_class, text) if b"extension" in text else text


def _as_class(found: re.Match[bytes]) -> bytes:
    start = found.start("head") - found.start()
    return found[0][:start] + _AS_CLASS.ljust(len(found["head"]))


def _csharp_class(node: Node, context: Context) -> Definition | Step | None:
    """The definition of a class; members of an extension block are those of the class around it."""
    if context.source.startswith(b"extension", node.start_byte):
        return Step.DESCEND
    name = context.text(node.child_by_field_name("name"))
    return Definition(name, Kind.CLASS, node) if name else None


def _csharp_field(node: Node, context: Context) -> list[Definition] | None:
    """Constants, static values that are only read, and events; other fields are none."""
    words = {context.text(child) for child in node.children if child.type == "modifier"}
    is_event = node.type == "event_field_declaration"
    declared = child_of(node, "variable_declaration")
    if declared is None or not (is_event or "const" in words or {"static", "readonly"} <= words):
        return None
    names = (context.text(child.child_by_field_name("name")) for child in declared.named_children)
    return [Definition(name, Kind.FIELD if is_event else Kind.CONSTANT) for name in names if name]


CSHARP = Table(
    {
        "namespace_declaration": named(Kind.MODULE),
        "file_scoped_namespace_declaration": named(Kind.MODULE),
        "class_declaration": _csharp_class,
        "record_declaration": named(Kind.CLASS),
        "struct_declaration": named(Kind.STRUCT),
        "record_struct_declaration": named(Kind.STRUCT),
        "interface_declaration": named(Kind.INTERFACE),
        "enum_declaration": named(Kind.ENUM, leaf=True),
        "delegate_declaration": named(Kind.TYPE, leaf=True),
        "method_declaration": _METHOD,
        "constructor_declaration": _METHOD,
        "destructor_declaration": _destructor,
        "operator_declaration": _operator,
        "conversion_operator_declaration": _operator,
        "indexer_declaration": titled(Kind.METHOD, "this"),
        "property_declaration": named(Kind.FIELD, leaf=True),
        "event_declaration": named(Kind.FIELD, leaf=True),
        "event_field_declaration": _csharp_field,
        "field_declaration": _csharp_field,
        "local_function_statement": named(Kind.FUNCTION, leaf=True),
        **each_of(
            "declaration_list",
            "global_statement",
            "preproc_if",
            "preproc_else",
            "preproc_elif",
            "preproc_if_in_attribute_list",
            "ERROR",
        ),
    },
    rest_of_file=frozenset({"file_scoped_namespace_declaration"}),
    masked=with_extension_classes,
)


_KOTLIN_CONTEXT = re.compile(
    rb"^[ \t]*+context[ \t]*+\([^()\n{}]*+(?:\([^()\n{}]*+\)[^()\n{}]*+)*+\)"
    rb"(?=\s*+(?:@\w|(?:[a-z]++[ \t]++){0,6}?(?:class|interface|object|fun|va[lr])\b))",
    re.MULTILINE,
)
"""``context(log: Logger)`` before a declaration."""
_KOTLIN_GUARD = re.compile(
    rb"^[ \t]++(?:(?:!?is|!?in)[ ][^\n{}]{1,200}?|else|[\w.]++(?:,[ ]?[\w.]++)*+)[ ]"
    rb"(?P<guard>if[ ][^\n{}]{1,300}?)->",
    re.MULTILINE,
)
"""A branch of ``when`` with a guard: ``is Ok if it.ready ->``."""
_KOTLIN_ARGUMENTS = re.compile(
    rb"(?P<annotation>^[ \t]*+@(?!file\b)[\w.:]++)"
    rb"(?P<arguments>\((?:[^()]{1,400}+|\((?:[^()]{1,400}+|\([^()]{0,400}+\)){0,40}+\)){0,40}+\))",
    re.MULTILINE,
)
_KOTLIN_MODIFIED = re.compile(
    rb"(?<![\w.])(?P<modifiers>(?:(?:public|private|internal|protected|actual|expect|annotation|data|inner|open"
    rb"|abstract|final|sealed|value|inline|external|suspend|infix|operator|tailrec|override|companion"
    rb"|fun(?=[ ]interface\b))[ \t]++){1,8}+)(?=(?:class|interface|object|fun|va[lr])\b)"
)


def without_soft_words(text: bytes) -> bytes:
    """Kotlin with what the grammar cannot read put as it can; no byte changes its offset.

    ``context(..)`` becomes an annotation. Guards of branches become blanks, and so do the arguments of an
    annotation and the modifiers behind it, which the grammar takes for values and names.
    """
    if b"context" in text:
        text = _KOTLIN_CONTEXT.sub(_as_annotation, text)
    if b" if " in text:
        text = _KOTLIN_GUARD.sub(_without_guard, text)
    if b"@" in text:
        text = _KOTLIN_MODIFIED.sub(_without_modifiers, _KOTLIN_ARGUMENTS.sub(_without_arguments, text))
    return text


def _without_arguments(found: re.Match[bytes]) -> bytes:
    return found["annotation"] + bytes(each if each in b"\r\n" else 0x20 for each in found["arguments"])


def _as_annotation(found: re.Match[bytes]) -> bytes:
    head, _, rest = found[0].partition(b"context")
    return head + b"@ontext" + bytes(each if each in b"\r\n" else 0x20 for each in rest)


def _without_guard(found: re.Match[bytes]) -> bytes:
    start = found.start("guard") - found.start()
    return found[0][:start] + b" " * len(found["guard"]) + b"->"


def _without_modifiers(found: re.Match[bytes]) -> bytes:
    """Blanks for the modifiers if an annotation stands before them, on their line or the one above."""
    before = found.string[max(0, found.start() - 500) : found.start()].rstrip()
    line = before.rpartition(b"\n")[2].lstrip()
    if not line.startswith((b"@", b")")) or (line.startswith(b"@file:")):
        return found[0]
    return b" " * len(found[0])


def _kotlin_class(node: Node, context: Context) -> Definition | None:
    name = context.text(node.child_by_field_name("name"))
    if not name:
        return None
    if child_of(node, "interface") is not None:
        return Definition(name, Kind.INTERFACE, node)
    is_enum = (
        "enum" in context.text(child_of(node, "modifiers")).split() or child_of(node, "enum") is not None
    )
    return Definition(name, Kind.ENUM if is_enum else Kind.CLASS, node)


def _kotlin_receiver(node: Node, context: Context) -> str:
    """The type before the dot of an extension function or property."""
    receiver = ""
    for child in node.children:
        if child.type == ".":
            return without_arguments(receiver).rstrip("?").strip("()")
        if child.type in ("(", "function_value_parameters", "function_body", "="):
            break
        receiver = context.text(child)
    return ""


def _kotlin_function(node: Node, context: Context) -> Definition | None:
    name = context.text(node.child_by_field_name("name")).strip("`")
    return Definition(name, Kind.FUNCTION, qualifier=_kotlin_receiver(node, context)) if name else None


_KOTLIN_INSIDE = re.compile(
    rb"\bobject\b(?=[ \t]*+[:{])"
    rb"|(?P<local>\n[ \t]++(?:(?:suspend|inline|tailrec|infix|operator|data|private)[ \t]++)*+"
    rb"(?:fun|class|interface)[ \t]++[`\w])"
)
"""An anonymous object, or a local function or class."""


def _kotlin_property(node: Node, context: Context) -> Definition | Step | None:
    """The definition of a top-level or object value; in a class only of a property with code.

    Of other properties the anonymous object that is their value is visited.
    """
    variable = child_of(node, "variable_declaration")
    name = context.text(variable.children[0]) if variable and variable.children else ""
    has_code = child_of(node, "getter", "setter", "property_delegate") is not None
    value = child_of(node, "object_literal")
    if not name or context.local or (context.parent not in (None, Kind.OBJECT) and not has_code):
        return Step.SCOPE if value else None
    if context.parent not in (None, Kind.OBJECT):
        return Definition(name, Kind.FIELD, value)
    kind = Kind.CONSTANT if child_of(node, "var") is None else Kind.VARIABLE
    return Definition(name, kind, value, qualifier=_kotlin_receiver(node, context))


def _kotlin_companion(node: Node, context: Context) -> Definition:
    return Definition(context.text(node.child_by_field_name("name")) or "Companion", Kind.OBJECT, node)


_GRADLE_TASK = re.compile(
    rb"(?:project\.)?+tasks\s*+\.\s*+(?:register|create)\s*+(?:<[^<>\n]*+(?:<[^<>\n]*+>)?+>\s*+)?+\(\s*+\"(?P<name>[\w:-]++)\""
)


def _kotlin_call(node: Node, context: Context) -> Definition | None:
    """The task of ``tasks.register<Copy>("name") { … }`` in a build file."""
    found = _GRADLE_TASK.match(context.source, node.start_byte, node.end_byte)
    return Definition(found["name"].decode("ascii", "replace"), Kind.OBJECT) if found else None


KOTLIN = Table(
    {
        "class_declaration": _kotlin_class,
        "object_declaration": named(Kind.OBJECT),
        "companion_object": _kotlin_companion,
        "function_declaration": holding(
            _kotlin_function, _KOTLIN_INSIDE, ("object_literal",), ("block", "lambda_literal")
        ),
        "secondary_constructor": titled(Kind.METHOD, "constructor"),
        "property_declaration": _kotlin_property,
        "type_alias": named(Kind.TYPE, "type", leaf=True),
        "call_expression": unless_local(_kotlin_call),
        **each_of("class_body", "enum_class_body", "object_literal", "ERROR"),
    },
    masked=without_soft_words,
)


def _scala_value(node: Node, context: Context) -> Definition | None:
    pattern = node.child_by_field_name("pattern")
    if pattern is None or pattern.type != "identifier" or context.local:
        return None
    return Definition(
        context.text(pattern), Kind.VARIABLE if node.type == "var_definition" else Kind.CONSTANT
    )


def _scala_given(node: Node, context: Context) -> Definition | None:
    name = context.text(node.child_by_field_name("name")) or context.text(
        node.child_by_field_name("return_type")
    )
    return Definition(name, Kind.IMPLEMENTATION, node) if name else None


_scala_members: dict[str, Rule | Step] = {
    "class_definition": named(Kind.CLASS),
    "object_definition": named(Kind.OBJECT),
    "package_object": named(Kind.OBJECT),
    "trait_definition": named(Kind.TRAIT),
    "enum_definition": named(Kind.ENUM),
    "function_definition": named(Kind.FUNCTION, leaf=True),
    "function_declaration": named(Kind.FUNCTION, leaf=True),
    "type_definition": unless_local(named(Kind.TYPE, leaf=True)),
    "val_definition": _scala_value,
    "var_definition": _scala_value,
    "given_definition": _scala_given,
    **each_of(
        "template_body", "with_template_body", "enum_body", "extension_definition", "package_clause", "ERROR"
    ),
}
SCALA = Table(_scala_members)
