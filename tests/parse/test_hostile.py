"""Whatever the bytes are, a parsed file comes back, and soon."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from semindex.parse import grammars
from semindex.parse.drafts import MOST_NESTED
from semindex.parse.grammars import GrammarStopped, parse_tree
from semindex.parse.heads.registry import HEADED
from semindex.parse.parser import parse_file
from semindex.parse.wheels import GRAMMARS
from semindex.source.read import source_from_bytes
from semindex.types import FileRef, SourceFile
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
    with little_work(), pytest.raises(GrammarStopped, match="took too long"):
        parse_tree("bash", text)
    stopped = parsed(b"f() { :; }\n" + b"<" * 60_000, "bash")
    assert stopped.stopped == "took too long"
    fit = parsed(b"f() { :; }\n", "bash")  # the parser is fit for the next file
    assert fit.symbols
    assert not fit.stopped


def test_a_tree_that_takes_too_much_memory_is_given_up_and_heads_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grammars, "_ROOM_BYTES", 1_000_000)
    monkeypatch.setattr(grammars, "_ROOM_A_BYTE", 1)
    text = b"fun first() {\n}\n" + b"a\n" * 200_000
    found = parsed(text, "kotlin")
    assert found.stopped == "took too much memory"
    assert [symbol.name for symbol in found.symbols] == ["first"]
    assert b"".join(pieces(found)) == text


@pytest.mark.parametrize("path", ["a.vue", "a.html", "a.ipynb"])
def test_a_file_whose_scripts_are_stopped_says_so(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(grammars, "_SECONDS", -1.0)
    cell = {"cell_type": "code", "metadata": {}, "source": ["x = 1\n"], "outputs": [], "execution_count": 1}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    script = "<script>\nlet a = 1\nlet b = 2\nlet c = 3\nlet d = 4\n</script>\n"
    text = (json.dumps(notebook, indent=1) if path == "a.ipynb" else script).encode()
    read = source_from_bytes(FileRef(path, len(text), 0, 0, 0), text)
    assert isinstance(read, SourceFile)
    assert parse_file(read).stopped == "took too long"


def test_no_grammar_is_used_on_a_file_that_is_refused_one() -> None:
    text = b"fun first() {\n}\n"
    found = parse_file(SourceFile("a.kt", text, b"\0" * 16, "kotlin", len(text)), refused="was refused")
    assert [symbol.name for symbol in found.symbols] == ["first"]
    assert found.stopped == "was refused"


NESTED = {
    "java": (b"class A%d {\n", b"}\n"),
    "kotlin": (b"class A%d {\n", b"}\n"),
    "lua": (b"function f%d()\n", b"end\n"),
    "ruby": (b"module A%d\n", b"end\n"),
    "bash": (b"f%d() {\n", b"}\n"),
}


@pytest.mark.parametrize("language", sorted(NESTED))
def test_definitions_in_definitions_take_little_work(language: str) -> None:
    opening, closing = NESTED[language]
    text = b"".join(opening % number for number in range(5_000)) + closing * 5_000
    with little_work(5):
        found = parsed(text, language)
    depths = [0]
    for symbol in found.symbols:
        depths.append(depths[symbol.parent + 1] + 1)
    assert max(depths) <= MOST_NESTED


@pytest.mark.slow
@pytest.mark.parametrize("language", ["python", "javascript", "typescript", "java"])
def test_a_name_on_each_line_is_given_up(language: str) -> None:
    text = b"a\n" * 1_000_000
    with little_work(40):
        found = parsed(text, language)
    # Java's grammar takes less memory than the others', and may just come to its end.
    assert found.stopped or language == "java"
    assert b"".join(pieces(found)) == text


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
    text = unit * 5_000
    with little_work(5):
        assert b"".join(pieces(parsed(text, "sql"))) == text
