r"""The source of a notebook (``.ipynb``), with each line on the line that it has in the file.

A notebook is JSON. Its cells keep their source as lists of strings, one a line of the file. The text that is
analysed has these strings, decoded, on the lines on which they stand. On the line above each cell's source it
has a mark with the cell's number, and every other line is empty: outputs, attachments, metadata.

>>> stored = b'''{"cells": [
...  {"cell_type": "markdown",
...   "source": [
...    "# Load\\n",
...    "the \\"data\\""
...   ]}
... ], "metadata": {"kernelspec": {"language": "python"}}}'''
>>> notebook = notebook_of(stored)
>>> notebook.text.split(b"\n")
[b'', b'', b'# %% 1 [md]', b'# Load', b'the "data"', b'', b'']
>>> place_in_cell(notebook.text, notebook.text.index(b"the"))
(1, 2)

Where lines of source share a line of the file (a source that is one string, a notebook without line ends),
the later ones are moved down to the next line that is free. The mark of such a cell tells where its lines
stand in the file: one number for all of them, or one for each.

>>> stored = b'''{"cells": [{"cell_type": "code",\n "source": "a = 1\\nb = 2"}]}'''
>>> notebook_of(stored).text.split(b"\n")
[b'# %% 1 @2', b'a = 1', b'b = 2']
>>> cells_of(notebook_of(stored).text)[0].lines
(2, 2)

The notebook is scanned and not loaded, since its outputs may be large and the places of strings are needed.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

SUFFIX = ".ipynb"
MAX_NOTEBOOK_BYTES = 32 << 20
"""The limit for the stored file, outputs included. What a notebook has of source is limited as code is."""
_MARK = rb"(?m)^# %% (\d{1,9})(?: \[(md|raw)\])?(?: @(\d[\d,]*))?$"
_STRING = rb"""(?s)[^"]*+(?:("(?:[^"\\]++|\\.)*+"?)([ \t\r\n]*+:)?|\Z)"""
_BRACKETS = rb"[{}\[\]]"
_LABELS = {"markdown": b" [md]", "heading": b" [md]", "raw": b" [raw]"}
_CELLS = (("cells",), ("worksheets", "", "cells"))
"""Where cells are: since version 4 of the format, and before."""
_DEEPEST = 8
"""Keys are remembered down to this depth; all that is read lies above it."""
_METADATA_BYTES = 1 << 20


class Notebook(NamedTuple):
    """A notebook as text."""

    text: bytes
    """UTF-8; see the module."""
    kernel: str
    """The name of the kernel's language as the notebook has it; empty if it does not say."""
    source_bytes: int
    """The length of all source."""


class NotebookCell(NamedTuple):
    """A cell in the text of a notebook. Its lines are ``first`` up to, not including, ``last``, 0-based."""

    number: int
    """From 1, as they stand in the notebook; cells without source count, too."""
    kind: str
    """``code``, ``md`` or ``raw``."""
    first: int
    last: int
    lines: tuple[int, ...]
    """The line of the file on which each of them stands, from 1."""
    is_packed: bool
    """Whether lines of source share a line of the file, or have been moved down by such lines."""


class _Cell:
    """A cell while it is read."""

    __slots__ = ("at", "kind", "level", "pieces")

    def __init__(self, at: int) -> None:
        self.at = at
        self.kind = "code"
        self.level = 0
        self.pieces: list[tuple[int, str]] = []
        """The strings of the source, and the byte at which each stands."""


def is_notebook(path: str) -> bool:
    """Whether the name of a file is that of a notebook."""
    return path.endswith(SUFFIX)


def notebook_of(stored: bytes) -> Notebook | None:
    """The notebook with this text of JSON; None if it is none or is broken. Never raises."""
    try:
        cells, kernel, language = _read(stored)
    except (ValueError, RecursionError):
        return None
    if cells is None:
        return None
    ends = [match.start() for match in re.finditer(rb"\n", stored)]
    placed = _Lines()
    for number, cell in enumerate(cells, start=1):
        _place(placed, number, cell, ends)
    missing = len(ends) - len(placed.lines)
    text = b"\n".join([*placed.lines, *([b""] * (missing + 1))]) if missing >= 0 else b"\n".join(placed.lines)
    return Notebook(text, kernel or language, placed.source_bytes)


def cells_of(text: bytes) -> list[NotebookCell]:
    """The cells of a notebook's text that have source, in order, without the empty lines behind them."""
    marks = list(re.finditer(_MARK, text))
    cells: list[NotebookCell] = []
    line = offset = 0
    for position, mark in enumerate(marks):
        line += text.count(b"\n", offset, mark.start())
        offset = mark.start()
        end = marks[position + 1].start() if position + 1 < len(marks) else len(text)
        body = text[mark.end() : end].rstrip()
        if body:
            kind = (mark[2] or b"code").decode("ascii")
            first = line + 1
            last = first + body.count(b"\n")
            cells.append(
                NotebookCell(int(mark[1]), kind, first, last, _lines(mark, first, last), bool(mark[3]))
            )
    return cells


def _lines(mark: re.Match[bytes], first: int, last: int) -> tuple[int, ...]:
    """The lines of the file, from 1, of the source under a mark; its lines in the text are given 0-based."""
    if not mark[3]:
        return tuple(range(first + 1, last + 1))
    told = [int(each) for each in mark[3].split(b",") if each]
    return tuple((told if len(told) > 1 else told * (last - first))[: last - first])


def place_in_cell(text: bytes, offset: int) -> tuple[int, int] | None:
    """The cell, and the line in the cell, of a byte of a notebook's text; both count from 1.

    None above the first cell.
    """
    mark = _mark_above(text, offset)
    return (int(mark[1]), max(1, text.count(b"\n", mark.start(), offset))) if mark else None


def is_packed(text: bytes, offset: int) -> bool:
    """Whether the lines around a byte of a notebook's text are not on the same lines of the file."""
    mark = _mark_above(text, offset)
    return mark is not None and mark[3] is not None


def _mark_above(text: bytes, offset: int) -> re.Match[bytes] | None:
    """The mark of the cell that a byte is in."""
    end = text.find(b"\n", offset)
    end = len(text) if end < 0 else end
    before = text.rfind(b"\n# %% ", 0, end) + 1
    while before > 0 or text.startswith(b"# %% "):
        mark = re.compile(_MARK).match(text, before)
        if mark is not None or before == 0:
            return mark
        before = text.rfind(b"\n# %% ", 0, before - 1) + 1
    return None


class _Lines:
    """The lines of the text while they are placed."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.source_bytes = 0

    def put(self, wanted: int, line: bytes) -> None:
        """Put a line at a 0-based index, or below what is there already."""
        self.lines.extend([b""] * (wanted - len(self.lines)))
        self.lines.append(line)


def _place(placed: _Lines, number: int, cell: _Cell, ends: list[int]) -> None:
    first = bisect_right(ends, cell.pieces[0][0]) - 1 if cell.pieces else bisect_right(ends, cell.at)
    placed.put(max(first, 0), b"# %% " + str(number).encode("ascii") + _LABELS.get(cell.kind, b""))
    mark = len(placed.lines) - 1
    stand: list[int] = []  # the line of the file on which each line of source stands, from 1
    is_open = False  # whether the line before has no end yet
    for position, piece in cell.pieces:
        content = piece.encode("utf-8", "replace").replace(b"\0", b" ")
        placed.source_bytes += len(content)
        lines = content.split(b"\n")
        if is_open:
            placed.lines[-1] = _guarded(placed.lines[-1] + lines.pop(0))
        ends_line = content.endswith(b"\n")
        if ends_line and lines:
            lines.pop()
        wanted = bisect_right(ends, position)
        for line in lines:
            placed.put(wanted, _guarded(line))
        stand.extend([wanted + 1] * len(lines))
        is_open = not ends_line and (is_open or bool(lines))
    if stand != list(range(mark + 2, mark + 2 + len(stand))):
        told = stand if len(set(stand)) > 1 else stand[:1]
        placed.lines[mark] += b" @" + ",".join(map(str, told)).encode("ascii")


def _guarded(line: bytes) -> bytes:
    """The line, with a blank behind it if it could be taken for a mark."""
    return line + b" " if line.startswith(b"# %% ") and re.fullmatch(_MARK, line) else line


def _read(stored: bytes) -> tuple[list[_Cell] | None, str, str]:
    """The cells (None without any list of cells), the kernel's language and the notebook's language."""
    cells: list[_Cell] | None = None
    found: dict[tuple[str, ...], str] = {}
    for path, position, value in _values(stored):
        if path[-1:] == ("",) and path[:-1] in _CELLS:
            cells = [] if cells is None else cells
            if value is None:
                cells.append(_Cell(position))
        elif path in _CELLS:
            cells = [] if cells is None else cells
        elif cells and value is not None and _is_in_cell(path):
            _note(cells[-1], path[path.index("cells") + 2 :], position, value)
        elif value is not None and path[0] == "metadata" and len(value) < _METADATA_BYTES:
            found[path[1:]] = _decoded(value)
    kernel = found.get(("kernelspec", "language")) or found.get(("language_info", "name"))
    return cells, kernel or "", found.get(("kernelspec", "name"), "") or found.get(("language",), "")


def _is_in_cell(path: tuple[str, ...]) -> bool:
    return (len(path) > 2 and path[0] == "cells") or (len(path) > 4 and path[:3] == _CELLS[1])


def _note(cell: _Cell, field: tuple[str, ...], position: int, value: bytes) -> None:
    if field == ("cell_type",):
        cell.kind = _decoded(value)
    elif field[0] in ("source", "input") and field[1:] in ((), ("",)):
        cell.pieces.append((position, _decoded(value)))


def _decoded(value: bytes) -> str:
    import json

    text = json.loads(value, strict=False)
    assert isinstance(text, str)
    return text


class _Scanner:
    """Knows, while JSON is scanned, which keys lead to the place that is looked at."""

    def __init__(self) -> None:
        self.depth = 0
        self.key = ""
        self._keys: list[str] = []
        """Of the brackets that are open, the outermost first, which has none."""
        self._opened = bytearray()

    @property
    def path(self) -> tuple[str, ...]:
        """The keys that lead to the next value; ``""`` for an element of a list."""
        return (*self._keys[1:], self.key if self._opened[-1:] == b"{" else "")

    def open(self, bracket: bytes) -> None:
        """Enter a list or an object."""
        self.depth += 1
        if self.depth <= _DEEPEST:
            self._keys.append(self.key if self._opened[-1:] == b"{" else "")
            self._opened += bracket
        self.key = ""

    def close(self) -> None:
        """Leave it."""
        self.depth -= 1
        if self.depth < 0:
            raise ValueError("a bracket closes nothing")
        del self._keys[self.depth :], self._opened[self.depth :]
        self.key = ""


def _values(stored: bytes) -> Iterator[tuple[tuple[str, ...], int, bytes | None]]:
    """Each string that is a value, and each opening bracket, for which the value is None.

    A value comes with the keys that lead to it (``""`` for an element of a list) and the byte at which it
    stands. Values that lie deeper than ``_DEEPEST`` are left out.

    Raises:
        ValueError: Brackets or strings are not closed.
    """
    scanner = _Scanner()
    for match in re.finditer(_STRING, stored):
        until = match.end() if match[1] is None else match.start(1)
        for bracket in re.finditer(_BRACKETS, stored[match.start() : until]):
            if bracket[0] in b"}]":
                scanner.close()
                continue
            if 0 < scanner.depth < _DEEPEST:
                yield scanner.path, match.start() + bracket.start(), None
            scanner.open(bracket[0])
        if match[1] is None:
            break
        if match[1][-1:] != b'"' or len(match[1]) < 2:
            raise ValueError("a string is not closed")
        if 0 < scanner.depth <= _DEEPEST:
            if match[2] is None:
                yield scanner.path, match.start(1), match[1]
            else:
                scanner.key = _decoded(match[1]) if len(match[1]) < 100 else ""
    if scanner.depth:
        raise ValueError("brackets are not closed")
