"""A SCIP index is decoded from its bytes."""

from __future__ import annotations

import pytest

from benchmarks.graph.scip import Occurrence, ScipError, bytes_before, documents, tool


def bytes_field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data


def number_field(number: int, value: int) -> bytes:
    return bytes([number << 3, value])


DEFINED = bytes_field(1, bytes([2, 4, 7])) + bytes_field(2, b"s c `m`/foo().") + number_field(3, 9)
USED = bytes_field(1, bytes([0x80, 1, 4, 0x81, 1, 2])) + bytes_field(2, b"local 1") + number_field(3, 8)
DOCUMENT = bytes_field(1, b"a/b.py") + bytes_field(2, DEFINED) + bytes_field(2, USED) + number_field(6, 1)
TOOL = bytes_field(2, bytes_field(1, b"scip-python") + bytes_field(2, b"0.6.6"))
INDEX = bytes_field(1, TOOL) + bytes_field(2, DOCUMENT) + bytes_field(3, b"\x0a\x01x")


def test_occurrences_have_their_places_symbols_and_roles() -> None:
    (document,) = documents(INDEX)

    assert (document.path, document.encoding) == ("a/b.py", 1)
    assert document.occurrences == [
        Occurrence(2, 4, 7, "s c `m`/foo().", is_definition=True),
        Occurrence(128, 4, 4, "local 1", is_definition=False),
    ]


def test_the_program_that_made_the_index_is_told() -> None:
    assert tool(INDEX) == "scip-python 0.6.6"
    assert tool(bytes_field(2, DOCUMENT)) == ""


def test_a_range_of_numbers_one_by_one_is_read_like_a_packed_one() -> None:
    unpacked = b"".join(number_field(1, number) for number in (2, 4, 7)) + bytes_field(2, b"s")
    (document,) = documents(bytes_field(2, bytes_field(2, unpacked)))

    assert document.occurrences == [Occurrence(2, 4, 7, "s", is_definition=False)]


def test_fields_that_are_not_needed_are_skipped() -> None:
    fixed = bytes([15 << 3 | 1]) + bytes(8) + bytes([14 << 3 | 5]) + bytes(4)

    assert [document.path for document in documents(fixed + INDEX)] == ["a/b.py"]


@pytest.mark.parametrize("cut", [INDEX[:-3], INDEX[:30], b"\x12\xff", b"\x08\x80"])
def test_a_file_that_is_cut_off_is_refused(cut: bytes) -> None:
    with pytest.raises(ScipError, match="cut off"):
        list(documents(cut))


@pytest.mark.parametrize(
    ("encoding", "column", "expected"),
    [(1, 5, 5), (3, 2, 6), (2, 3, 6), (0, 3, 6)],
)
def test_columns_become_bytes(encoding: int, column: int, expected: int) -> None:
    assert bytes_before("é😀x", column, encoding) == expected
