"""The trigrams of texts, by blocks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from semindex import grams

texts = st.lists(st.binary(max_size=40) | st.sampled_from([b"\n", b"ABC abc", b"x" * 70]), max_size=30).map(
    b"\n".join
)


def test_a_worked_example() -> None:
    (found,) = grams.grams_of(b"Foo(x)\n")
    assert found.tolist() == sorted(int.from_bytes(part, "big") for part in (b"foo", b"oo(", b"o(x", b"(x)"))


@given(texts, st.integers(1, 60))
def test_blocks_cover_the_text_and_end_where_lines_end(text: bytes, size: int) -> None:
    before, grams.BLOCK_BYTES = grams.BLOCK_BYTES, size
    try:
        blocks = list(grams.blocks_of(text))
    finally:
        grams.BLOCK_BYTES = before
    assert b"".join(text[begin:end] for begin, end in blocks) == text
    for begin, end in blocks:
        assert end == len(text) or text[end - 1 : end] == b"\n"
        assert end - begin <= size or b"\n" not in text[begin : end - 1]


@given(texts)
def test_the_trigrams_of_a_block_are_those_of_its_lines(text: bytes) -> None:
    found = grams.grams_of(text)
    for (begin, end), numbers in zip(grams.blocks_of(text), found, strict=True):
        lines = text[begin:end].split(b"\n")
        assert numbers.tolist() == sorted({number for line in lines for number in grams.gram_numbers(line)})


@given(st.binary(max_size=20))
def test_ascii_letters_alone_are_folded(text: bytes) -> None:
    assert grams.folded(text) == bytes(
        byte + 32 if chr(byte) in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" else byte for byte in text
    )
