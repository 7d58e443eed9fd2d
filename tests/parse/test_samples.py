"""Every language: the definitions of an idiomatic file, exactly."""

from __future__ import annotations

from functools import cache

import pytest

from semindex.parse.heads.registry import HEADED
from semindex.parse.tables.registry import table_of
from semindex.parse.wheels import GRAMMARS
from semindex.types import Kind, ParsedFile
from tests.parse.sources import NAMES, SAMPLES, language_of, outline, parsed, pieces, sample_text


@cache
def parsed_sample(name: str) -> ParsedFile:
    """A sample parsed as it stands."""
    return parsed(sample_text(name), language_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_finds_the_definitions_their_lines_and_their_documentation(name: str) -> None:
    expected = (SAMPLES / f"{name}.expected").read_text("utf-8").splitlines()
    assert outline(parsed_sample(name)) == expected


def test_there_is_a_sample_of_every_language_whose_definitions_are_found() -> None:
    assert set(GRAMMARS) | HEADED <= {language_of(name) for name in NAMES}


def test_windows_line_ends_change_no_line_number() -> None:
    for name in NAMES:
        plain = parsed_sample(name)
        windows = parsed(sample_text(name).replace(b"\n", b"\r\n"), language_of(name))
        assert outline(windows) == outline(plain), name
        assert [chunk.span.end_line for chunk in windows.chunks] == [
            chunk.span.end_line for chunk in plain.chunks
        ], name


def test_a_missing_final_newline_changes_no_definition() -> None:
    for name in NAMES:
        shorter = parsed(sample_text(name).rstrip(b"\n"), language_of(name))
        assert outline(shorter) == outline(parsed_sample(name)), name


def test_a_byte_order_mark_hides_no_definition() -> None:
    for language in sorted(set(GRAMMARS) | HEADED):
        marked = parsed(b"\xef\xbb\xbf" + sample_text(language), language)
        assert outline(marked) == outline(parsed_sample(language)), language
        assert pieces(marked)[0].startswith(b"\xef\xbb\xbf"), language


def test_parents_stand_before_their_members_and_starts_ascend() -> None:
    for name in NAMES:
        symbols = parsed_sample(name).symbols
        starts = [symbol.span.start_byte for symbol in symbols]
        assert starts == sorted(starts), name
        assert all(symbol.parent < position for position, symbol in enumerate(symbols)), name


def test_comments_ascend_apart_and_hold_the_documentation() -> None:
    for name in NAMES:
        found = parsed_sample(name)
        edges = found.comments.ravel().tolist()
        assert edges == sorted(edges), name
        ranges = found.comments.tolist()
        for symbol in found.symbols:
            start, end = symbol.doc
            assert start == end or any(first <= start < last for first, last in ranges), name


def test_names_that_are_not_ascii_survive() -> None:
    found = parsed("class Größe:\n    def 測る(self):\n        pass\n".encode(), "python")
    assert [symbol.name for symbol in found.symbols] == ["Größe", "測る"]


def test_a_form_feed_is_no_line_end() -> None:
    found = parsed(b"import os\n\x0c\ndef late():\n    pass\n", "python")
    assert [(symbol.name, symbol.span.start_line) for symbol in found.symbols] == [("late", 3)]


def test_a_member_defined_outside_names_a_type_that_is_elsewhere() -> None:
    found = parsed(b"int Depot::open() { return 1; }\n", "cpp")
    assert [(symbol.name, symbol.kind, symbol.parent) for symbol in found.symbols] == [
        ("Depot::open", Kind.METHOD, -1)
    ]
    found = parsed(b"package a\nfunc (d *Depot) Open() {}\ntype Depot struct{}\n", "go")
    assert [symbol.name for symbol in found.symbols] == ["Depot.Open", "Depot"]


def test_include_guards_are_no_macros() -> None:
    found = parsed(b"#ifndef A_H\n#define A_H\n#define B 1\n#endif\n", "c")
    assert [symbol.name for symbol in found.symbols] == ["B"]


def test_a_licence_apart_from_the_code_is_no_documentation() -> None:
    found = parsed(b"// Licence.\n\nfn a() {}\nfn b() {} // trailing\nfn c() {}\n", "rust")
    assert [symbol.doc for symbol in found.symbols] == [(0, 0)] * 3


@pytest.mark.parametrize("language", sorted(GRAMMARS))
def test_what_is_blanked_for_a_grammar_keeps_its_length_and_its_lines(language: str) -> None:
    masked = table_of(language).masked
    if masked is None:
        return
    for name in NAMES:
        text = sample_text(name)
        shorter = text[: len(text) // 2]
        for each in (text, shorter, text.replace(b"\n", b"\r\n")):
            assert [len(line) for line in masked(each).split(b"\n")] == [
                len(line) for line in each.split(b"\n")
            ], name
