"""Definitions that a broken tree lost are added, and nothing that it found is lost."""

from __future__ import annotations

from semindex.parse.drafts import Draft
from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.parse.heads.recovery import recovered
from semindex.types import Kind

TABLE = HeadTable(
    (
        Head(Kind.CLASS, r"class[ ](?P<name>\w++)", Ends.BRACES),
        Head(Kind.FUNCTION, r"fun[ ](?P<name>\w++)", Ends.BRACES),
    )
)
TEXT = b"fun a {\n ?\n}\nclass B {\n  fun c {\n  }\n}\nfun d {\n}\n"
"""Offsets: a 0 to 12, B 13 to 38, c 25 to 36, d 39 to 48."""


def joined(*drafts: Draft) -> list[tuple[str, str, int, int, int]]:
    found = recovered("kotlin", TEXT, TABLE, list(drafts))
    return [(each.name, each.kind.label, each.start, each.end, each.parent) for each in found]


def test_all_heads_are_found_where_the_tree_has_nothing() -> None:
    assert joined() == [
        ("a", "function", 0, 12, -1),
        ("B", "class", 13, 38, -1),
        ("c", "method", 25, 36, 1),
        ("d", "function", 39, 48, -1),
    ]


def test_a_tree_with_everything_is_left_as_it_is() -> None:
    drafts = [
        Draft("a", Kind.FUNCTION, 0, 12, -1),
        Draft("B", Kind.CLASS, 13, 38, -1),
        Draft("c", Kind.METHOD, 25, 36, 1),
        Draft("d", Kind.FUNCTION, 39, 48, -1),
    ]
    assert recovered("kotlin", TEXT, TABLE, drafts) is drafts


def test_a_definition_that_swallowed_what_follows_ends_before_it() -> None:
    assert joined(Draft("a", Kind.FUNCTION, 0, len(TEXT), -1)) == [
        ("a", "function", 0, 13, -1),
        ("B", "class", 13, 38, -1),
        ("c", "method", 25, 36, 1),
        ("d", "function", 39, 48, -1),
    ]


def test_members_of_the_tree_get_the_class_that_a_head_adds() -> None:
    assert joined(Draft("c", Kind.FUNCTION, 25, 36, -1))[1:3] == [
        ("B", "class", 13, 38, -1),
        ("c", "method", 25, 36, 1),
    ]


def test_parents_of_the_tree_stay() -> None:
    drafts = (Draft("B", Kind.CLASS, 13, 38, -1), Draft("c", Kind.METHOD, 25, 36, 0))
    assert joined(*drafts)[1:3] == [("B", "class", 13, 38, -1), ("c", "method", 25, 36, 1)]
