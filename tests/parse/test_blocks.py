"""Texts without a grammar: documents, configuration, everything else."""

from __future__ import annotations

from semindex.types import Kind
from tests.parse.sources import outline, parsed


def starts(text: str, language: str) -> list[int]:
    return [chunk.span.start_line for chunk in parsed(text.encode(), language).chunks]


def block(head: str, lines: int = 20, body: str = "key = 1") -> str:
    return f"{head}\n" + f"{body}\n" * (lines - 1)


def test_sections_nest_by_level_and_fences_hide_headings() -> None:
    text = "# A\n\n```\n# no\n```\n\n## B\n\ntext\n\n# C\n"
    assert outline(parsed(text.encode(), "markdown")) == [
        "section        1-10    A",
        "section        7-10    A > B",
        "section        11-11   C",
    ]


def test_a_document_is_cut_at_its_sections() -> None:
    text = block("# A", 25, "words") + block("## B", 30, "words")
    found = parsed(text.encode(), "markdown")
    assert [(chunk.span.start_line, chunk.kind, chunk.owner) for chunk in found.chunks] == [
        (1, Kind.SECTION, 0),
        (26, Kind.SECTION, 1),
    ]


def test_a_rule_and_a_table_are_no_headings() -> None:
    text = "text\n\n---\n\n- item\n---\n| a |\n|---|\n"
    assert parsed(text.encode(), "markdown").symbols == ()


def test_underlines_of_rst_rank_by_first_use() -> None:
    text = "A\n=\n\nB\n-\n"
    assert parsed(text.encode(), "rst").symbols == ()
    text = "Alpha\n=====\n\nBeta\n----\n\nGamma\n~~~~~\n\nDelta\n=====\n"
    assert [(symbol.name, symbol.parent) for symbol in parsed(text.encode(), "rst").symbols] == [
        ("Alpha", -1),
        ("Beta", 0),
        ("Gamma", 1),
        ("Delta", -1),
    ]


def test_configuration_is_cut_at_its_tables_and_keys() -> None:
    assert starts(block("[a]") + "# About b.\n" + block("[b]"), "toml") == [1, 21]
    assert starts(block("a:", body="  k: 1") + block("b:", body="  k: 1"), "yaml") == [1, 21]
    member = block('  "a": {', 19, '    "k": 1,') + "  },\n"
    assert starts("{\n" + member * 2 + "}\n", "json") == [1, 22]


def test_configuration_is_no_prose_and_no_code() -> None:
    kinds = {
        language: parsed(b"a = 1\n", language).chunks[0].kind
        for language in ("toml", "json", "text", "perl", "csv")
    }
    assert kinds == {
        "toml": Kind.SETTING,
        "json": Kind.CONFIG,
        "text": Kind.TEXT,
        "perl": Kind.BLOCK,
        "csv": Kind.CONFIG,
    }


def test_other_code_is_cut_behind_blank_lines_at_the_margin() -> None:
    routine = "sub a {\n" + "    my $x;\n\n" * 12 + "}\n\n"
    assert starts(routine * 3, "perl") == [1, 28, 55]


def test_code_without_blank_lines_is_cut_all_the_same() -> None:
    found = parsed(b"x\n" * 500, "perl")
    assert max(chunk.span.end_line - chunk.span.start_line for chunk in found.chunks) < 90
