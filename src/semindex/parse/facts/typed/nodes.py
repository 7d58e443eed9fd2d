"""Finds its way among the nodes of syntax trees."""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

COMMENTS = frozenset(("comment", "line_comment", "block_comment", "multiline_comment"))


NAMES = frozenset(("identifier", "type_identifier", "simple_identifier"))


_NO_NAMES = frozenset(("type_arguments", "type_argument_list"))


def parts(node: Node | None) -> list[Node]:
    """The named children of a node, comments aside."""
    if node is None:
        return []
    return [child for child in node.named_children if child.type not in COMMENTS]


def first_of(node: Node, kinds: Iterable[str]) -> Node | None:
    """The first child of one of some types."""
    for child in node.named_children:
        if child.type in kinds:
            return child
    return None


def last_name(node: Node) -> Node | None:
    """The node with the last name of a type as it is written; its arguments aside."""
    while node.type not in NAMES:
        inside = [
            child for child in parts(node) if child.type not in _NO_NAMES and "annotation" not in child.type
        ]
        if not inside:
            return None
        node = inside[0] if node.type == "generic_type" else inside[-1]
    return node
