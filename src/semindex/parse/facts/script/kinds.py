"""The numbers of the kinds of nodes in the grammars of the family."""

from __future__ import annotations

from functools import lru_cache

from tree_sitter import Language

ERROR = 65535
"""The kind of what the grammar could not read."""


class Kinds:
    """The numbers that one grammar has for kinds of nodes; -1 for those that it lacks."""

    def __init__(self, language: Language) -> None:
        """Look the numbers up."""
        self._language = language
        self.count = language.node_kind_count
        self.named = {number for number in range(self.count) if self.is_named(number)} | {ERROR}
        self.identifier = self.of("identifier")
        self.property = self.of("property_identifier")
        self.private_property = self.of("private_property_identifier")
        self.shorthand_pattern = self.of("shorthand_property_identifier_pattern")
        self.shorthand = self.of("shorthand_property_identifier")
        self.type_identifier = self.of("type_identifier")
        self.member = self.of("member_expression")
        self.subscript = self.of("subscript_expression")
        self.string = self.of("string")
        self.this = self.of("this")
        self.arguments = self.of("arguments")
        self.template = self.of("template_string")
        self.block = self.of("statement_block")
        self.parameters = self.of("formal_parameters")
        self.type_parameters = self.of("type_parameters")
        self.type_arguments = self.of("type_arguments")
        self.type_annotation = self.of("type_annotation")
        self.computed = self.of("computed_property_name")
        self.pair = self.of("pair")
        self.spread = self.of("spread_element")
        self.method = self.of("method_definition")
        self.object_pattern = self.of("object_pattern")
        self.array_pattern = self.of("array_pattern")
        self.assignment_pattern = self.of("assignment_pattern")
        self.object_assignment_pattern = self.of("object_assignment_pattern")
        self.pair_pattern = self.of("pair_pattern")
        self.rest_pattern = self.of("rest_pattern")
        self.accessibility = self.of("accessibility_modifier")
        self.heritage = self.of("class_heritage")
        self.extends = self.of("extends_clause")
        self.implements = self.of("implements_clause")
        self.extends_type = self.of("extends_type_clause")
        self.class_body = self.of("class_body")
        self.interface_body = self.of("interface_body")
        self.object_type = self.of("object_type")
        self.generic_type = self.of("generic_type")
        self.constraint = self.of("constraint")
        self.decorator = self.of("decorator")
        self.comment = self.of("comment")
        self.super_ = self.of("super")
        self.import_ = self.of("import")
        self.undefined = self.of("undefined")
        self.object = self.of("object")
        self.variable = self.of("variable_declaration")
        self.arrow = self.of("arrow_function")
        self.arrow_token = self.of("=>", named=False)
        self.async_token = self.of("async", named=False)
        self.star_token = self.of("*", named=False)
        self.comma = self.of(",", named=False)
        self.patterns = {
            self.of(name) for name in ("identifier", "object_pattern", "array_pattern", "rest_pattern")
        }
        self.names = {
            self.of(name)
            for name in (
                "property_identifier", "private_property_identifier", "computed_property_name",
                "string", "number", "accessibility_modifier", "override_modifier", "comment",
                "type_identifier",
            )
        }  # fmt: skip
        self.parameter_kinds = {self.of(name) for name in ("required_parameter", "optional_parameter")} - {-1}
        self.functions = {
            self.of(name) for name in ("arrow_function", "function_expression", "generator_function")
        } - {-1}
        self.plain_functions = self.functions - {self.arrow}
        self.named_values = (self.functions | {self.of("class"), self.object}) - {-1}
        self.equals = self.of("=", named=False)
        self.readonly = self.of("readonly", named=False)
        self.override = self.of("override_modifier")
        self.attribute_marks = {self.accessibility, self.readonly, self.override}
        self.of_token = self.of("of", named=False)
        self.var_token = self.of("var", named=False)
        self.method_signature = self.of("method_signature")
        self.property_signature = self.of("property_signature")
        self.call_signature = self.of("call_signature")
        self.construct_signature = self.of("construct_signature")

    def of(self, name: str, *, named: bool = True) -> int:
        """The number of a kind."""
        number = self._language.id_for_node_kind(name, named)
        return -1 if number is None else number

    def is_named(self, number: int) -> bool:
        """Whether nodes of a kind are more than a token."""
        return bool(self._language.node_kind_is_named(number))

    def name(self, number: int) -> str:
        """The name of a kind."""
        return self._language.node_kind_for_id(number) or ""


@lru_cache(maxsize=8)
def kinds_of(language: Language) -> Kinds:
    """The numbers of a grammar."""
    return Kinds(language)
