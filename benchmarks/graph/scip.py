"""The occurrences in an index in the SCIP format, of which this reads the few fields that are needed.

SCIP is a protocol buffer (https://github.com/sourcegraph/scip/blob/main/scip.proto). ``Index.metadata`` is
field 1 and ``.documents`` 2, ``Metadata.tool_info`` 2, ``ToolInfo.name`` 1 and ``.version`` 2,
``Document.relative_path`` 1, ``.occurrences`` 2 and ``.position_encoding`` 6, ``Occurrence.range`` 1,
``.symbol`` 2 and ``.symbol_roles`` 3. For example ``12 07 0a 05 61 2e 70 79 ..`` is an index whose field 2
(``12`` = 2 * 8 + 2, "length and bytes") is a document of 7 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

_DEFINITION = 1
_UTF8, _UTF32 = 1, 3
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5


class Occurrence(Struct, frozen=True):
    """A place of a symbol. ``line`` counts from 0, ``start`` and ``end`` from 0 in the document's units."""

    line: int
    start: int
    end: int
    """The end on the same line; equal to ``start`` if the occurrence ends on another one."""
    symbol: str
    is_definition: bool


class Document(Struct, frozen=True):
    """A source file of the index."""

    path: str
    occurrences: list[Occurrence]
    encoding: int
    """SCIP's number for the units of columns: 1 bytes of UTF-8, 3 characters, else units of UTF-16."""


class ScipError(ValueError):
    """The bytes are no SCIP index."""


def documents(data: bytes) -> Iterator[Document]:
    """Yield the documents of an index in its order.

    Raises:
        ScipError: ``data`` ends too early, or is no protocol buffer.
    """
    for number, value in _fields(data):
        if number == 2 and isinstance(value, bytes):
            yield _document(value)


def tool(data: bytes) -> str:
    """Return the name and version of the program that made an index; empty if it does not tell.

    Raises:
        ScipError: ``data`` ends too early, or is no protocol buffer.
    """
    told = _parts(data, 1, 2)
    return " ".join(part.decode() for info in told for part in (*_parts(info, 1), *_parts(info, 2)))


def bytes_before(line: str, column: int, encoding: int) -> int:
    """Return how many bytes of UTF-8 stand in ``line`` before a column that counts units of ``encoding``."""
    if encoding == _UTF8 or line.isascii():
        return column
    if encoding == _UTF32:
        return len(line[:column].encode())
    return len(line.encode("utf-16-le")[: 2 * column].decode("utf-16-le", "ignore").encode())


def _parts(data: bytes, *numbers: int) -> list[bytes]:
    """Return the messages that one field in another leads to."""
    found = [data]
    for wanted in numbers:
        inside = (field for each in found for field in _fields(each))
        found = [value for number, value in inside if number == wanted and isinstance(value, bytes)]
    return found


def _document(data: bytes) -> Document:
    path, encoding, occurrences = "", 0, []
    for number, value in _fields(data):
        if isinstance(value, int):
            encoding = value if number == 6 else encoding
        elif number == 1:
            path = value.decode()
        elif number == 2:
            occurrences.append(_occurrence(value))
    return Document(path, occurrences, encoding)


def _occurrence(data: bytes) -> Occurrence:
    numbers: list[int] = []
    symbol, roles = "", 0
    for number, value in _fields(data):
        if number == 1:
            numbers += [value] if isinstance(value, int) else _varints(value)
        elif number == 2 and isinstance(value, bytes):
            symbol = value.decode()
        elif number == 3 and isinstance(value, int):
            roles = value
    if len(numbers) not in (3, 4):
        raise ScipError(f"An occurrence has a range of {len(numbers)} numbers, not of 3 or 4.")
    line, start = numbers[:2]
    return Occurrence(
        line, start, numbers[2] if len(numbers) == 3 else start, symbol, bool(roles & _DEFINITION)
    )


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        size = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}.get(kind)
        if kind == _BYTES:
            size, at = _varint(data, at)
        if size is None or at + size > len(data):
            raise ScipError("The file is no SCIP index, or is cut off.")
        yield key >> 3, data[at : at + size]
        at += size


def _varints(data: bytes) -> list[int]:
    numbers, at = [], 0
    while at < len(data):
        number, at = _varint(data, at)
        numbers.append(number)
    return numbers


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ScipError("The file is no SCIP index, or is cut off.")
