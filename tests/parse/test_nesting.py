"""What may be parsed anywhere, and what only in a process that may die."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.parse.nesting import LARGE_BYTES, MOST_CHAINED, MOST_DEPTH, _depth, is_harmless
from semindex.types import SourceFile
from tests.parse.sources import sample_text, source


@pytest.mark.parametrize("language", ["java", "cpp", "python", "typescript", "rust"])
def test_ordinary_source_is_harmless(language: str) -> None:
    assert is_harmless(source(sample_text(language) * 20, language))


@pytest.mark.parametrize(
    "text",
    [
        b"A<B<C<" * 400,
        b"A<(B<[C<" * 300,
        b"(\n" * (MOST_DEPTH + 1) + b" " * 2_000,
        b"x = 1\n" * 300 + b"[" * 300 + b"]" * 300,
        b")" * 2_000 + b"{" * 300,
        b"a" * 80 + b"\n" * LARGE_BYTES,
    ],
)
def test_deep_or_large_text_is_not(text: bytes) -> None:
    assert not is_harmless(source(text, "java"))


def test_only_what_a_grammar_gets_to_see_is_looked_at() -> None:
    text = b"(" * 5_000
    assert is_harmless(source(text, "markdown"))
    assert not is_harmless(SourceFile("a.ipynb", text, b"\0" * 16, "python", len(text)))
    assert not is_harmless(source(text, "vue"))


def test_comparisons_do_not_add_up() -> None:
    text = b"if (a < b) { c(); }\nx < y;\n" * 500
    assert is_harmless(source(text, "java"))
    assert not is_harmless(source(b"cout << 1;\n" + b" << x" * MOST_CHAINED + b" " * 2_000, "cpp"))


@given(st.binary(max_size=200).map(lambda text: bytes(b"([{}])x"[each % 7] for each in text)))
def test_the_depth_is_that_of_counting(text: bytes) -> None:
    level = deepest = 0
    for each in text:
        level = level + 1 if each in b"([{" else max(0, level - (each in b")]}"))
        deepest = max(deepest, level)
    assert _depth(text) == deepest
