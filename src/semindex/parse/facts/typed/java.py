"""How Java writes what the code graph is made of."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node, Tree

from semindex.parse.facts.model import UNKNOWN, Builder, Flag, Form, Op, Role
from semindex.parse.facts.typed import definitions, kinds, values
from semindex.parse.facts.typed.definitions import Parameter, Shape
from semindex.parse.facts.typed.nodes import first_of, parts
from semindex.parse.facts.typed.walker import Table, Walker

BUILTINS = frozenset(
    """boolean byte char double float int long short void Appendable ArithmeticException
    ArrayIndexOutOfBoundsException ArrayStoreException AssertionError AutoCloseable Boolean Byte CharSequence
    Character Class ClassCastException ClassLoader ClassNotFoundException CloneNotSupportedException Cloneable
    Comparable Deprecated Double Enum Error Exception ExceptionInInitializerError Float FunctionalInterface
    IllegalAccessException IllegalArgumentException IllegalStateException IndexOutOfBoundsException
    InheritableThreadLocal InstantiationException Integer InterruptedException Iterable LinkageError Long Math
    NegativeArraySizeException NoClassDefFoundError NoSuchFieldException NoSuchMethodException
    NullPointerException Number NumberFormatException Object OutOfMemoryError Override Process ProcessBuilder
    Readable Record ReflectiveOperationException Runnable Runtime RuntimeException SafeVarargs
    SecurityException Short StackOverflowError StackTraceElement String StringBuffer StringBuilder
    StringIndexOutOfBoundsException SuppressWarnings System Thread ThreadGroup ThreadLocal Throwable
    UnsupportedOperationException VirtualMachineError Void""".split()
)


def _flags(walker: Walker, node: Node) -> int:
    before = node.named_child(0)
    if before is None or before.type != "modifiers":
        return 0
    words = walker.slice(before).split()
    flags = Flag.STATIC if "static" in words else Flag(0)
    flags |= Flag.PRIVATE if "private" in words else Flag(0)
    return flags | (Flag.TEST if "@Test" in words else Flag(0))


def _parameter(walker: Walker, node: Node) -> Parameter | None:
    if node.type == "formal_parameter":
        return Parameter(node.child_by_field_name("name"), node.child_by_field_name("type"))
    if node.type == "spread_parameter":
        inside = [each for each in parts(node) if each.type != "modifiers"]
        named = inside[1].child_by_field_name("name") if len(inside) == 2 else None
        return Parameter(named, inside[0], is_rest=True) if inside else None
    return None


def _bases(walker: Walker, node: Node) -> Iterator[Node]:
    for child in node.named_children:
        if child.type == "superclass":
            yield from parts(child)
        elif child.type in ("super_interfaces", "extends_interfaces"):
            for each in parts(child):
                yield from parts(each)


def _package(walker: Walker, node: Node) -> None:
    walker.set_package(walker.slice(parts(node)[-1]))


def _import(walker: Walker, node: Node) -> None:
    inside = parts(node)
    text = "".join(walker.slice(inside[0]).split())
    line = node.start_point.row + 1
    if inside[-1].type == "asterisk":
        walker.made.import_("", text, line=line)
        return
    module, _, last = text.rpartition(".")
    if any(child.type == "static" for child in node.children):
        walker.made.import_(last, module, last, line=line)
        return
    number = walker.made.import_(last, text, line=line)
    walker.known[last] = walker.made.node(Op.IMPORT, number)


def _constant(walker: Walker, node: Node) -> None:
    """A constant of an enumeration, with arguments and perhaps members of its own."""
    named, whole = node.child_by_field_name("name"), walker.owner
    if named is None:
        return
    number = walker.define(named, node, Form.VARIABLE, Flag.STATIC)
    kind = walker.made.node(Op.INSTANCE, walker.made.node(Op.DEFINITION, whole))

    def inside() -> None:
        walker.made.definition(number).value = kind
        body, given = node.child_by_field_name("body"), node.child_by_field_name("arguments")
        if given is not None:
            walker.value(given)
        if body is not None:
            values.anonymous(walker, node, kind, body)

    walker.later(inside)


def _components(walker: Walker, node: Node) -> None:
    """The parts of a record: fields, and methods that give them."""
    for each in definitions.parameters_of(walker, _SHAPE, node.child_by_field_name("parameters")):
        if each.name is not None:
            held = walker.define(each.name, each.name, Form.VARIABLE)
            given = walker.define(each.name, each.name, Form.FUNCTION)
            walker.made.definition(given).most = 0
            walker.later(lambda each=each, held=held, given=given: _typed(walker, each, held, given))  # type: ignore[misc]


def _typed(walker: Walker, each: Parameter, held: int, given: int) -> None:
    if each.type is not None:
        value = definitions.free_of(walker, each.type, frozenset())
        walker.made.definition(held).value = walker.made.definition(given).returns = value


def _initializer(walker: Walker, node: Node) -> None:
    walker.later(lambda: walker.value(node))


def _class_literal(walker: Walker, node: Node) -> int:
    of = walker.object_of(parts(node)[0])
    return walker.made.node(Op.INSTANCE, kinds.with_argument(walker, walker.made.free("Class"), of))


def _array(walker: Walker, node: Node) -> int:
    for child in node.named_children:
        walker.value(child)
    of = walker.object_of(node.child_by_field_name("type"))
    return walker.made.node(Op.INSTANCE, kinds.with_argument(walker, walker.made.free("[]"), of))


def _reference(walker: Walker, node: Node) -> int:
    inside = parts(node)
    whole = walker.value(inside[0])
    if len(inside) == 2 and whole >= 0:
        name = walker.slice(inside[1])
        picked = walker.made.node(Op.PICK, walker.made.member(whole, name))
        walker.note(inside[1], name, picked, Role.READ)
    return UNKNOWN


def _instance_of(walker: Walker, node: Node) -> int:
    walker.value_of(node, "left")
    kind, named = node.child_by_field_name("right"), node.child_by_field_name("name")
    if kind is not None:
        value = walker.object_of(kind)
        if named is not None:
            walker.bind(walker.slice(named), value)
    found = node.child_by_field_name("pattern")
    if found is not None:
        walker.value(found)
    return walker.made.node(Op.INSTANCE, walker.made.free("boolean"))


def _caught(walker: Walker, node: Node) -> int:
    kinds, named = first_of(node, ("catch_type",)), node.child_by_field_name("name")
    values = [walker.object_of(each) for each in parts(kinds)]
    if named is not None:
        walker.bind(walker.slice(named), walker.made.union(values))
    return UNKNOWN


_SHAPE = Shape(_parameter, _flags)
_METHOD = definitions.function(_SHAPE)
_FIELDS = definitions.fields(_flags)
_TYPES = {
    "class_declaration": definitions.type_(Form.CLASS, _bases),
    "interface_declaration": definitions.type_(Form.INTERFACE, _bases),
    "annotation_type_declaration": definitions.type_(Form.INTERFACE, _bases),
    "enum_declaration": definitions.type_(Form.CLASS, _bases, implied=("Enum",)),
    "record_declaration": definitions.type_(Form.CLASS, _bases, more=_components, implied=("Record",)),
}
_MEMBERS = {
    **_TYPES,
    "package_declaration": _package,
    "import_declaration": _import,
    "method_declaration": _METHOD,
    "constructor_declaration": _METHOD,
    "compact_constructor_declaration": _METHOD,
    "annotation_type_element_declaration": _METHOD,
    "field_declaration": _FIELDS,
    "constant_declaration": _FIELDS,
    "enum_constant": _constant,
    "enum_body_declarations": Walker.take,
    "static_initializer": _initializer,
    "block": _initializer,
}
_RULES = {
    **{kind: values.local_type(member) for kind, member in _TYPES.items()},
    "identifier": values.name(),
    "this": values.own(),
    "super": values.super_(),
    "class_literal": _class_literal,
    "method_invocation": values.call(),
    "object_creation_expression": values.new(),
    "array_creation_expression": _array,
    "field_access": values.member("object", "field"),
    "array_access": values.step(Op.ITEM, "array"),
    "parenthesized_expression": values.inner(),
    "cast_expression": values.cast("type", "value"),
    "ternary_expression": values.either("consequence", "alternative"),
    "assignment_expression": values.field_of("right"),
    "instanceof_expression": _instance_of,
    "lambda_expression": values.function_value(),
    "method_reference": _reference,
    "type_pattern": values.pattern(),
    "record_pattern_component": values.pattern(),
    "block": values.block(),
    "switch_block": values.block(),
    "switch_rule": values.block(),
    "for_statement": values.block(),
    "catch_clause": values.block(),
    "try_with_resources_statement": values.block(),
    "enhanced_for_statement": values.variable(op=Op.ITERATE),
    "resource": values.variable(),
    "catch_formal_parameter": _caught,
    "local_variable_declaration": values.variables(),
    "marker_annotation": values.decorator(),
    "annotation": values.decorator(),
    "element_value_pair": values.field_of("value"),
    "labeled_statement": lambda walker, node: walker.value(node.named_children[-1]),
}
_KINDS = {
    "type_identifier": kinds.type_name(),
    "scoped_type_identifier": kinds.dotted(),
    "generic_type": kinds.generic(),
    "array_type": kinds.array("element"),
    "annotated_type": kinds.same(),
    "wildcard": kinds.same(),
    **dict.fromkeys(("integral_type", "floating_point_type", "boolean_type", "void_type"), kinds.builtin()),
}
_CONSTANTS = {
    "string_literal": "String",
    "text_block": "String",
    "character_literal": "char",
    "decimal_integer_literal": "int",
    "decimal_floating_point_literal": "double",
    "true": "boolean",
    "false": "boolean",
    "null_literal": "null",
    **dict.fromkeys(("break_statement", "continue_statement", "line_comment", "block_comment"), ""),
}
TABLE = Table(_MEMBERS, _RULES, _KINDS, BUILTINS, _CONSTANTS)


def extract(tree: Tree, text: bytes, path: str, made: Builder) -> None:
    """Collect the facts of a Java file."""
    Walker(TABLE, text, made).run(tree)
