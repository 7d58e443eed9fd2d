"""Definitions found by their heads: where they end, what encloses them, and what is none."""

from __future__ import annotations

from bisect import bisect_left

import pytest

from semindex.parse.heads.base import Ends, Found, Head, HeadTable
from semindex.parse.heads.finder import Visible, drafts_of, heads_of, visible
from semindex.types import Kind
from tests.effort import little_work

NAMED = r"(?P<name>\w++)"


def found(table: HeadTable, text: str, language: str = "perl") -> list[tuple[str, str, int, int, int]]:
    """Name, kind, first and last line (from 1) and parent of each definition."""
    raw = text.encode()
    starts = [at for at, byte in enumerate(raw) if byte == 0x0A]

    def line(at: int) -> int:
        return bisect_left(starts, at) + 1

    return [
        (
            draft.name,
            draft.kind.label,
            line(draft.start),
            line(max(draft.start, draft.end - 1)),
            draft.parent,
        )
        for draft in drafts_of(table, visible(language, raw, table))
    ]


def of(ends: Ends, expression: str = rf"def[ ]++{NAMED}", **options: str) -> HeadTable:
    return HeadTable((Head(Kind.FUNCTION, expression, ends, local=True),), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ends", "text", "last"),
    [
        (Ends.LINE, "def a b\n  c\n", 1),
        (Ends.INDENT, "def a\n  b\n\n  c\nd\n", 4),
        (Ends.INDENT, "def a\n  b\nend\nd\n", 3),
        (Ends.INDENT, "def a\nbegin\n  b\nend\nd\n", 4),
        (Ends.INDENT, "  def a\n    b\nd\n", 2),
        (Ends.BRACES, "def a(\n)\n{\n x {\n }\n y\n}\nz\n", 7),
        (Ends.BRACES, "def a; {\n}\n", 1),
        (Ends.BRACES, 'def a {\n  "}"; # }\n}\nz\n', 3),
        (Ends.BRACES, "def a {\n  b\nc\n", 2),
        (Ends.STOP, "def a ->\n b,\nc!\nd\n", 3),
        (Ends.STOP, "def a ->\n b\nc\n", 2),
        (Ends.NEXT, "def a\nb\n c\n", 3),
        (Ends.NEXT, "def a\nb\ndef c\n", 2),
    ],
)
def test_a_definition_ends_where_its_table_says(ends: Ends, text: str, last: int) -> None:
    assert found(of(ends, stop=r"!$"), text)[0][3] == last


def test_a_parenthesis_closes_the_definition_of_a_lisp() -> None:
    table = of(Ends.PARENTHESES, rf"\(def[ ]++{NAMED}")
    assert found(table, "(def a\n (b ; )\n\n) c)\n(def d)\n", "clojure") == [
        ("a", "function", 1, 4, -1),
        ("d", "function", 5, 5, -1),
    ]


def test_words_close_what_they_name_or_the_nearest() -> None:
    table = HeadTable(
        (Head(Kind.FUNCTION, rf"(?P<what>sub|class)[ ]++{NAMED}", Ends.WORDS, local=True),),
        closes=r"^[ ]*+end(?:[ ](?P<what>\w++))?+$",
        opens=r"^[ ]*+if\b",
        ignores_case=True,
    )
    text = "class A\nsub declared\nsub b\nif x\nend\nEND Sub\nsub c\nend c\nend class\nsub d\n"
    assert [each[:1] + each[2:] for each in found(table, text)] == [
        ("A", 1, 9, -1),
        ("b", 3, 6, 0),
        ("d", 10, 10, -1),
    ]


def test_a_function_in_a_class_is_its_method() -> None:
    classes = Head(Kind.CLASS, rf"class[ ]++{NAMED}")
    table = HeadTable((classes, Head(Kind.FUNCTION, rf"def[ ]++{NAMED}")))
    assert found(table, "class A\n  def f\n    x\ndef g\n") == [
        ("A", "class", 1, 3, -1),
        ("f", "method", 2, 3, 0),
        ("g", "function", 4, 4, -1),
    ]


def test_a_named_owner_is_the_parent_or_part_of_the_name() -> None:
    classes = Head(Kind.CLASS, rf"class[ ]++{NAMED}")
    functions = Head(Kind.FUNCTION, rf"def[ ]++(?:(?P<owner>\w++)::)?+{NAMED}")
    table = HeadTable((classes, functions), separator="::")
    assert found(table, "class A\ndef A::f\ndef B::g\n") == [
        ("A", "class", 1, 1, -1),
        ("f", "method", 2, 2, 0),
        ("B::g", "method", 3, 3, -1),
    ]


def test_functions_in_functions_count_if_the_rule_says_so_and_they_are_not_tiny() -> None:
    text = "def a\n  def b\n    1\n    2\n  def c\n    1\n"
    local = HeadTable((Head(Kind.FUNCTION, rf"def[ ]++{NAMED}", local=True),))
    assert [each[0] for each in found(local, text)] == ["a", "b"]
    without = HeadTable((Head(Kind.FUNCTION, rf"def[ ]++{NAMED}"),))
    assert [each[0] for each in found(without, text)] == ["a"]


def test_clauses_of_one_name_are_one_definition() -> None:
    table = HeadTable((Head(Kind.FUNCTION, rf"{NAMED}[ ]*+=", merges=True),))
    assert found(table, "f = 1\nf = 2\ng = 3\nf = 4\n") == [
        ("f", "function", 1, 2, -1),
        ("g", "function", 3, 3, -1),
        ("f", "function", 4, 4, -1),
    ]


def test_comments_strings_and_reserved_words_define_nothing() -> None:
    table = of(Ends.LINE)
    reserved = HeadTable(table.rules, reserved=frozenset({"if"}))
    assert found(reserved, "# def a\ndef if\ndef b\n") == [("b", "function", 3, 3, -1)]
    assert found(table, 'x = """\ndef a\n"""\ndef b\n', "python") == [("b", "function", 4, 4, -1)]


def test_one_head_may_define_several_names() -> None:
    rule = Head(Kind.FIELD, r"has (?P<name>[\w ]++)", Ends.LINE, titles=lambda got: got["name"].split())
    assert [each[0] for each in found(HeadTable((rule,)), "has a b\n")] == ["a", "b"]


def test_the_margin_can_be_demanded_and_case_ignored() -> None:
    table = HeadTable((Head(Kind.FUNCTION, rf"def[ ]++{NAMED}", Ends.LINE, margin=True),), ignores_case=True)
    assert [each[0] for each in found(table, "DEF A\n  def b\n")] == ["A"]


def test_what_a_scan_finds_is_put_in_order() -> None:
    def scan(code: bytes, bare: bytes) -> list[Found]:
        assert code == bare == b"x\ndef a\n"
        return [Found("x", Kind.MACRO, 0, 1, 0, 0)]

    table = HeadTable(of(Ends.LINE).rules, scan=scan)
    assert [each.name for each in heads_of(table, Visible(b"x\ndef a\n", b"x\ndef a\n"))] == ["x", "a"]


@pytest.mark.parametrize("ends", list(Ends))
@pytest.mark.parametrize("unit", ["def a\n", "def a {\n", "{\n", "(\n", " " * 200 + "def a\n", "def a b!"])
def test_hostile_text_takes_linear_work(ends: Ends, unit: str) -> None:
    with little_work(5):
        found(of(ends, stop=r"\?"), unit * (100_000 // len(unit)))
