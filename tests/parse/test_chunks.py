"""How lines become chunks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semindex.parse.wheels import GRAMMARS
from semindex.types import Kind, ParsedFile
from tests.parse.sources import NAMES, language_of, parsed, pieces, sample_text

LANGUAGES = [
    *sorted(GRAMMARS),
    "markdown",
    "rst",
    "text",
    "yaml",
    "json",
    "toml",
    "ini",
    "vue",
    "perl",
    "unheard-of",
]
FRAGMENTS = st.sampled_from(
    [
        *(b"\n", b"\r\n", b"\x0c", b"(", b")", b"{", b"}", b'"', b"'", b"`", b"/*", b"*/", b"//", b"#"),
        *(b"end\n", b"do\n", b"    ", b"\t", b"class A", b"def f", b"function ", b"fn ", b"struct", b"= "),
        *(b"<", b"\xff", b"\xc3\xa9", b"==="),
    ]
)


def assert_covered(found: ParsedFile) -> None:
    text = found.source.text
    assert b"".join(pieces(found)) == text
    assert all(pieces(found))
    edge = 0
    for chunk in found.chunks:
        assert chunk.span.start_byte == edge
        edge = chunk.span.end_byte
        assert chunk.span.start_line == text[: chunk.span.start_byte].count(b"\n") + 1
        assert chunk.span.end_line == text[: chunk.span.end_byte - 1].count(b"\n") + 1
    defined = [position for chunk in found.chunks for position in chunk.defines]
    assert defined == list(range(len(found.symbols)))


@given(
    text=st.binary(max_size=300) | st.text(max_size=200).map(str.encode), language=st.sampled_from(LANGUAGES)
)
@settings(max_examples=150)
def test_chunks_cover_any_bytes_once(text: bytes, language: str) -> None:
    assert_covered(parsed(text, language))


@given(parts=st.lists(FRAGMENTS, max_size=60), language=st.sampled_from(LANGUAGES))
@settings(max_examples=150)
def test_chunks_cover_broken_code_once(parts: list[bytes], language: str) -> None:
    assert_covered(parsed(b"".join(parts), language))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=6)
def test_chunks_cover_mutated_samples_once(name: str, data: st.DataObject) -> None:
    text = sample_text(name)
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 80)))
        text = text[:start] + data.draw(FRAGMENTS) + text[end:]
    assert_covered(parsed(text * data.draw(st.integers(1, 4)), language_of(name)))


def spans(found: ParsedFile) -> list[tuple[int, int]]:
    return [(chunk.span.start_line, chunk.span.end_line) for chunk in found.chunks]


def function(name: str, lines: int) -> str:
    return f"def {name}():\n" + "    x = 1\n" * (lines - 1)


def test_an_empty_text_has_no_chunks_and_a_blank_one_has_one() -> None:
    assert parsed(b"", "python").chunks == ()
    assert spans(parsed(b"\n\n\n", "python")) == [(1, 3)]


def test_definitions_of_some_size_stand_alone_and_take_their_comment_along() -> None:
    text = function("a", 25) + "\n\n# About b.\n" + function("b", 25)
    found = parsed(text.encode(), "python")
    assert spans(found) == [(1, 27), (28, 53)]
    assert [found.symbols[chunk.owner].name for chunk in found.chunks] == ["a", "b"]
    assert [chunk.kind for chunk in found.chunks] == [Kind.FUNCTION, Kind.FUNCTION]


def test_small_definitions_share_a_chunk_until_it_is_full() -> None:
    found = parsed("".join(function(name, 5) for name in "abcdef").encode(), "python")
    assert spans(found) == [(1, 20), (21, 30)]
    assert [chunk.defines for chunk in found.chunks] == [(0, 1, 2, 3), (4, 5)]


def test_a_class_owns_the_chunk_its_small_methods_share() -> None:
    text = "class A:\n" + "".join(f"    def {name}(self):\n        return 1\n\n" for name in "abc")
    found = parsed(text.encode(), "python")
    assert [found.symbols[chunk.owner].name for chunk in found.chunks] == ["A"]


def test_a_header_joins_the_first_member_and_closing_lines_the_last() -> None:
    body = "        int x = 1;\n" * 22
    text = f"class A {{\n    int one;\n\n    void f() {{\n{body}    }}\n\n    void g() {{\n{body}    }}\n}}\n"
    assert spans(parsed(text.encode(), "java")) == [(1, 28), (29, 53)]


def test_imports_stand_apart_from_the_code() -> None:
    imports = "".join(f"import module_{number}\n" for number in range(12))
    found = parsed((imports + "\n\n" + function("a", 25)).encode(), "python")
    assert spans(found) == [(1, 14), (15, 39)]
    assert [(chunk.kind, chunk.owner) for chunk in found.chunks] == [(Kind.BLOCK, -1), (Kind.FUNCTION, 0)]


def test_a_long_function_is_split_near_sixty_lines_behind_a_blank_one() -> None:
    lines = [f"    x = {number}\n" for number in range(149)]
    lines[53] = "\n"
    found = parsed(("def f():\n" + "".join(lines)).encode(), "python")
    assert spans(found)[0] == (1, 55)
    assert all(last - first < 90 for first, last in spans(found))
    assert {chunk.owner for chunk in found.chunks} == {0}


def test_functions_inside_a_short_function_do_not_cut_it() -> None:
    inner = "    def inner():\n" + "        y = 2\n" * 12
    found = parsed(f"def outer():\n{inner}    z = 3\n    w = 4\n    return inner\n".encode(), "python")
    assert spans(found) == [(1, 17)]
    assert found.chunks[0].owner == 0
    assert found.chunks[0].defines == (0, 1)


def test_a_line_of_ten_megabytes_is_cut_inside() -> None:
    text = b"function f() {}\n" + b"value = 1; " * 950_000 + b"\nend\n"
    found = parsed(text, "javascript")
    assert b"".join(pieces(found)) == text
    assert found.symbols == ()
    assert max(map(len, pieces(found))) <= 8000
    assert {chunk.span.start_line for chunk in found.chunks[1:-1]} == {2}


def test_a_cut_inside_a_line_splits_no_character() -> None:
    text = ("é" * 9000).encode()
    for piece in pieces(parsed(text, "python")):
        piece.decode()
    assert len(pieces(parsed(text, "python"))) == 3


def test_register_maps_are_cut_without_names() -> None:
    text = b"".join(b"#define REGISTER_%06d 0x%08x\n" % (number, number) for number in range(4000))
    found = parsed(text, "c")
    assert found.symbols == ()
    assert b"".join(pieces(found)) == text
