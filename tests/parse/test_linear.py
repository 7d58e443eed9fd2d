"""Work grows with the length of a text and no faster, whatever short piece is repeated in it."""

from __future__ import annotations

import importlib
import random
import re
from collections.abc import Iterator

import pytest

from semindex.parse import comments
from semindex.parse.comments import comment_ranges, comments_and_strings
from semindex.parse.heads.finder import drafts_of, visible
from semindex.parse.heads.registry import HEADED, head_table_of
from semindex.parse.settings import CONFIGURED, settings_of
from semindex.parse.tables import c_masks
from tests.effort import linear_work
from tests.parse.fragments import fragments_of
from tests.parse.sources import parsed

MOST_PIECES = 8
"""Of each table, in the slow tests."""
REPEATED = [
    ("clojure", "(defn a\n"),
    ("clojure", "(defn a [x]\n  (b x)\n\n"),
    ("scheme", "(define (a\n"),
    ("wasm", "(func $a\n"),
    ("julia", "(+)(a) = 1\n"),
    ("r", "as <- function(x) x\n"),
    ("nix", "let = 1\n"),
    ("pascal", "type = class\n"),
    ("stylus", "is(a)\n"),
    ("fsharp", "[<A>] let a () = 1\n"),
    ("fsharp", "[<A>]\n"),
    ("d", "@a\n"),
    ("d", "static\n"),
    ("groovy", "@a\n"),
    ("apex", "@a\n"),
    ("wgsl", "@a\n"),
    ("gdscript", "@a\n"),
    ("haxe", "@a\n"),
    ("vala", "@a\n"),
    ("reason", "@a\n"),
    ("gleam", "@a()\n"),
    ("v", "[a]\n"),
    ("glsl", "[a]\n"),
    ("lean", "@[a]\n"),
    ("idris", "public\n"),
    ("vb", "<a> _\n"),
    ("objective-c", "a\n"),
    ("objective-c", "typedef a\n"),
    ("verilog", "function a\n"),
    ("ada", "type a is\n"),
    ("ada", "function a return with\n"),
    ("c", "){\n"),
    ("c", "#define\\#"),
    ("json", '{"a": "\\"'),
    ("json", "{/* "),
    ("yaml", "a: {\n"),
    ("yaml", "a: [{\n"),
    ("yaml", "a: 'b\n"),
    ("yaml", "a: |\n  b\n"),
    ("toml", 'a = """\n'),
    ("julia", "(if "),
    ("julia", "do a "),
    ("sql", "with\n"),
    ("robot", "a" + " " * 1000 + "b"),
]
"""Pieces that took quadratic time once."""
NESTED = [
    ("c", "class [[", "", ""),
    ("c", "  if (x) {\n    y();\n  }\n", "x\n", ""),
    ("c", "#if A\n", "", "#else\n#endif\n"),
    ("c", "#if A\n{\n#else\n", "{", "#endif\n"),
    ("sql", "create function f() begin\n", "", "end;\n"),
    ("sql", "create package p as\n", "begin end;\n" * 200, "end;\n"),
    ("sql", "delimiter //\ncreate function f\n", "//", ""),
    ("objective-c", "@interface A\n", "", "@end\n"),
    ("assembly", ".macro a\n", "", ".endm\n"),
    ("protobuf", "int a = 1\n", ";", ""),
    ("erlang", "-define(a\n", ".", ""),
]
"""What opens, what is innermost, and what closes."""


def _seen(language: str, text: str) -> None:
    parsed(text.encode(), language)


@pytest.mark.parametrize(("language", "unit"), REPEATED)
def test_repeated_pieces_take_linear_work(language: str, unit: str) -> None:
    linear_work(lambda size: _seen(language, unit * (size // len(unit))))


@pytest.mark.parametrize(("language", "opening", "inner", "closing"), NESTED)
def test_nested_pieces_take_linear_work(language: str, opening: str, inner: str, closing: str) -> None:
    def work(size: int) -> None:
        count = size // len(opening + closing)
        _seen(language, opening * count + inner + closing * count)

    linear_work(work, size=25_000)


def test_names_that_share_a_start_share_the_look_at_the_comments_above() -> None:
    linear_work(
        lambda size: _seen("ruby", "# x\n" * (size // 8) + "attr_reader " + ":a, " * (size // 8) + ":b")
    )


def test_parameters_of_before_1989_are_looked_up_once() -> None:
    def work(size: int) -> None:
        names = ", ".join(f"p{number}" for number in range(size // 8))
        c_masks.without_bodies(f"void f({names})\nint {'q, ' * (size // 4)}z;\n{{\n}}\n".encode())

    linear_work(work)


def test_a_definition_in_arguments_of_arguments_is_looked_for_once() -> None:
    def work(size: int) -> None:
        depth = size // 100  # a tree that is deeper is not entered
        _seen("ruby", "f(" * depth + " " * size + "def x;end" + ")" * depth)

    linear_work(work)


def _expressions_of(module: object) -> Iterator[str]:
    for value in vars(module).values():
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, re.Pattern):
                yield each.pattern.decode() if isinstance(each.pattern, bytes) else each.pattern


def _pieces_of_heads(language: str) -> set[str]:
    table = head_table_of(language)
    assert table is not None
    expressions = [head.expression for head in table.rules]
    expressions += [table.opening, table.closing, table.passing, table.stop, table.closes, table.opens]
    made = [head.titles for head in table.rules] + [table.scan, table.masked]
    for name in {each.__module__ for each in made if each is not None}:
        expressions += _expressions_of(importlib.import_module(name))
    return set().union(*map(fragments_of, expressions))


def _drawn(pieces: set[str], seed: str) -> list[str]:
    """Some of the pieces, the same ones each time: all of them take half an hour."""
    every = sorted(pieces)
    return random.Random(seed).sample(every, min(len(every), MOST_PIECES))


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted(HEADED))
def test_pieces_of_heads_take_linear_work(language: str) -> None:
    table = head_table_of(language)
    assert table is not None
    for piece in _drawn(_pieces_of_heads(language), language):
        for unit in (f"{piece}\n", f"{piece} "):

            def work(size: int, unit: str = unit) -> None:
                drafts_of(table, visible(language, (unit * (size // len(unit))).encode(), table))

            linear_work(work, unit)


@pytest.mark.slow
@pytest.mark.parametrize("syntax", sorted(comments._SYNTAXES))
def test_pieces_of_comments_and_strings_take_linear_work(syntax: str) -> None:
    rules = comments._SYNTAXES[syntax]
    pieces = set().union(*map(fragments_of, (rules.comment, rules.start, *rules.strings)))
    for piece in _drawn(pieces, syntax):
        for unit in (f"{piece}\n", f"{piece} ", piece):

            def work(size: int, unit: str = unit) -> None:
                text = (unit * (size // len(unit))).encode()
                comment_ranges(syntax, text)
                comments_and_strings(syntax, text)

            linear_work(work, unit)


@pytest.mark.slow
def test_pieces_of_what_is_blanked_in_c_take_linear_work() -> None:
    for piece in _drawn(set().union(*map(fragments_of, _expressions_of(c_masks))), "c"):
        for unit in (f"{piece}\n", f"{piece} ", piece):

            def work(size: int, unit: str = unit) -> None:
                c_masks.without_bodies((unit * (size // len(unit))).encode())

            linear_work(work, unit)


@pytest.mark.slow
@pytest.mark.parametrize("language", sorted(CONFIGURED))
def test_pieces_of_settings_take_linear_work(language: str) -> None:
    expressions = [
        *_expressions_of(importlib.import_module("semindex.parse.settings")),
        *_expressions_of(importlib.import_module("semindex.parse.yamltexts")),
    ]
    for piece in _drawn(set().union(*map(fragments_of, expressions)), language):
        for unit in (f"{piece}\n", f"{piece} ", piece):

            def work(size: int, unit: str = unit) -> None:
                settings_of("a", language, (unit * (size // len(unit))).encode())

            linear_work(work, unit)
