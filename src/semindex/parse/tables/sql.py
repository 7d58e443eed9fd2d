"""SQL."""

from __future__ import annotations

from tree_sitter import Node

from semindex.parse.tables.base import Context, Definition, Rule, Step, Table, child_of, each_of
from semindex.types import Kind


def _created(kind: Kind) -> Rule:
    def rule(node: Node, context: Context) -> Definition | None:
        named = node.child_by_field_name("column") or child_of(node, "object_reference", "identifier")
        name = context.text(named).replace('"', "").replace("`", "")
        return Definition(name, kind) if name else None

    return rule


_SQL: dict[str, Rule | Step] = {
    "create_table": _created(Kind.TABLE),
    "create_view": _created(Kind.TABLE),
    "create_materialized_view": _created(Kind.TABLE),
    "create_function": _created(Kind.FUNCTION),
    "create_procedure": _created(Kind.FUNCTION),
    "create_trigger": _created(Kind.OBJECT),
    "create_index": _created(Kind.OBJECT),
    "create_sequence": _created(Kind.OBJECT),
    "create_schema": _created(Kind.MODULE),
    "create_type": _created(Kind.TYPE),
    **each_of("statement", "transaction", "block", "ERROR"),
}
SQL = Table(_SQL)
