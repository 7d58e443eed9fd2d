"""Heads are found in linear time: no loop of a table runs from each of many lines to the end of the file."""

from __future__ import annotations

import pytest

from semindex.parse.heads.registry import HEADED, head_table_of
from tests.parse.fragments import far_loops_of, fragments_of


def test_a_loop_that_may_cross_lines_is_bounded() -> None:
    for language in sorted(HEADED):
        table = head_table_of(language)
        assert table is not None
        assert [head.expression for head in table.rules if far_loops_of(head.expression)] == [], language


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        (r"(?:@\w++[ \t\r\n]++)*+class", 1),
        (r"(?:@\w++[ \t\r\n]++){0,8}+class", 0),
        (r"(?:@\w++[ \t]++)*+class[ \t\r\n]++\w++", 0),
        (r"type[^;]*+;", 1),
        (r"type\s*+=[^;]*+", 0),
        (r"f\([^()]*+\)\s*+\{", 0),
        (r"f\((?:[^()]++|\([^()]*+\))*+\)\s*+\{", 0),
        (r"f\([^;]*+\)\s*+\{", 1),
        (r"f(?=[^;]*?\bis\b)", 1),
    ],
)
def test_such_loops_are_told(expression: str, count: int) -> None:
    assert len(far_loops_of(expression)) == count


def test_fragments_are_the_beginnings_of_what_an_expression_matches() -> None:
    assert fragments_of(r"(?:@\w++[ \t]++)*+def (?P<name>\w++)\(") == {
        "@",
        "@a",
        "@a ",
        "a",
        "@a d",
        "@a de",
        "@a def",
        "@a def ",
        "@a def a",
        "@a def a(",
    }
