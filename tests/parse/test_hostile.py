"""Whatever the bytes are, a parsed file comes back, and soon."""

from __future__ import annotations

import subprocess
import sys

import pytest

from semindex.parse import grammars
from semindex.parse.grammars import parse_tree
from semindex.parse.heads.registry import HEADED
from semindex.parse.wheels import GRAMMARS
from tests.effort import little_work
from tests.parse.sources import parsed, pieces

UNITS = {
    "parentheses": b"(" * 100_000,
    "closed parentheses": b"(" * 50_000 + b")" * 50_000,
    "lines of braces": b"{\n" * 50_000,
    "unclosed string": b'x = "abc\n' * 5_000,
    "unclosed comment": b"/* " * 20_000,
    "nested classes": b"class A {\n" * 5_000,
    "zero bytes": b"\0" * 50_000,
    "marks of types": b"class AA_BB(" * 5_000,
    "marks behind parameters": b") AA_BB(x" * 10_000,
    "halves": b"#if A\n{\n#else\n" * 5_000,
    "macros without an end": b"#define A /* \\\n" * 5_000,
    "typedefs without an end": b"typedef (* A B " * 8_000,
    "nested comments": b"#| (* {- /+ #= #[ " * 5_000,
    "comments in a row": b"#| |# (* *) {- -} /+ +/ #= =# #[ ]# " * 3_000,
    "heredocs": b"x = <<END + <<-END {q|\n" * 5_000,
    "code in code": b"fn f() { new X(a { object : Y {\n  def g\n  fun h function i() struct J {\n" * 2_000,
    "tags": b"<% def f<%= x\n> f = 1\ndeclare\n" * 5_000,
    "operators": b"+-*/%&|^!~<>=?:;,.\n" * 2_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted(set(GRAMMARS) | HEADED))
@pytest.mark.parametrize("kind", sorted(UNITS))
def test_made_up_text_is_cut_soon(language: str, kind: str) -> None:
    with little_work():
        found = parsed(UNITS[kind], language)
        assert b"".join(pieces(found)) == UNITS[kind]


@pytest.mark.parametrize("language", ["python", "javascript", "cpp", "go"])
def test_a_hundred_thousand_parentheses_overflow_nothing(language: str) -> None:
    text = b"x = " + b"(\n" * 50_000 + b")\n" * 50_000
    assert b"".join(pieces(parsed(text, language))) == text


@pytest.mark.parametrize(
    "text", ["val a = b\n\n    @Nest", "class A {\n    val a = f(b)\n\n@", "val a = 1\n@\u00e9"]
)
def test_a_text_that_ends_in_an_annotation_has_an_end(text: str) -> None:
    # In another process: no timeout of this one would reach into the grammar.
    program = (
        "import sys; from tests.parse.sources import parsed, pieces; text = sys.argv[1].encode();"
        "found = parsed(text, 'kotlin');"
        "assert found.symbols[0].name in 'aA' and b''.join(pieces(found)) == text"
    )
    subprocess.run([sys.executable, "-c", program, text], timeout=60, check=True)


def test_a_grammar_that_is_led_astray_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammars, "_SECONDS", 0.1)  # of processor time, and not the two that files get
    text = b"<" * 60_000
    with little_work():
        assert parse_tree("bash", text) is None
    assert parsed(b"f() { :; }\n" + b"<" * 60_000, "bash").symbols == ()
    assert parsed(b"f() { :; }\n", "bash").symbols  # the parser is fit for the next file


@pytest.mark.parametrize(
    "unit",
    [
        b"create function f as begin\n",
        b"create function f as '\n",
        b"create function f is a;\n",
        b"create function f $$\n",
        b"create package p as\nfunction f is begin\n",
        b"create or replace temp ",
        b"/*! ",
    ],
)
def test_unfinished_statements_of_sql_are_cut_soon(unit: bytes) -> None:
    text = unit * 10_000
    with little_work():
        assert b"".join(pieces(parsed(text, "sql"))) == text
