"""What a replacement would change: files as hunks of lines, of what ``rg --json --replace`` prints."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from semindex.exact.found import Encoded
from semindex.source.regular import RegularFileError, read_regular

CONTEXT = 3
"""Lines around a change, as in git."""
_MOST_BYTES = 64 << 20
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Hunk(Struct, frozen=True):
    """Some lines of a file, old and new; those of context begin with a blank, as in a diff."""

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: tuple[bytes, ...]


class FileChange(Struct, frozen=True):
    """What would change in a file."""

    path: bytes
    hunks: tuple[Hunk, ...] = ()
    problem: str = ""
    """Why that cannot be shown, as the end of a sentence that begins with the path."""


class _Edit(Struct, frozen=True):
    first: int
    """0-based."""
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]


class _Part(Struct):
    start: int
    end: int
    replacement: Encoded | None = None


class _Data(Struct):
    path: Encoded | None = None
    lines: Encoded | None = None
    line_number: int | None = None
    submatches: list[_Part] = []


class _Event(Struct):
    type: str
    data: _Data


class Changes:
    """Takes the output of ``rg --json --replace`` piece by piece, and hands on each file's change."""

    def __init__(self, folder: bytes, give: Callable[[FileChange], None]) -> None:
        """Paths are relative to ``folder``."""
        self._folder = Path(os.fsdecode(folder))
        self._give = give
        self._decoder = msgspec.json.Decoder(_Event)
        self._rest = b""
        self._edits: list[_Edit] = []

    def write(self, chunk: bytes) -> None:
        """Take a piece."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            event = self._decoder.decode(line)
            if event.type == "begin":
                self._edits = []
            elif event.type == "match":
                self._edits.append(_edit(event.data))
            elif event.type == "end" and event.data.path is not None:
                change = self._change(event.data.path.value())
                if change.hunks or change.problem:
                    self._give(change)

    def _change(self, path: bytes) -> FileChange:
        try:
            data = read_regular(self._folder / os.fsdecode(path), limit=_MOST_BYTES).data
        except (OSError, RegularFileError) as error:
            return FileChange(path, problem=f"cannot be read: {error}")
        if data.startswith(_WIDE):
            return FileChange(path, problem="is not in UTF-8")
        if b"\0" in data:
            return FileChange(path, problem="is binary")
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        lines = split_lines(data)
        edits = [_marked(edit, mark) for edit in self._edits]
        for edit in edits:
            if tuple(lines[edit.first : edit.first + len(edit.old)]) != edit.old:
                return FileChange(path, problem="has changed meanwhile")
        return FileChange(path, tuple(hunks_of(lines, [edit for edit in edits if edit.old != edit.new])))


def _edit(data: _Data) -> _Edit:
    raw = data.lines.value() if data.lines is not None else b""
    pieces, position = [], 0
    for part in data.submatches:
        pieces += [
            raw[position : part.start],
            part.replacement.value() if part.replacement is not None else b"",
        ]
        position = part.end
    new = b"".join([*pieces, raw[position:]])
    return _Edit((data.line_number or 1) - 1, tuple(split_lines(raw)), tuple(split_lines(new)))


def _marked(edit: _Edit, mark: bytes) -> _Edit:
    """The edit with the mark of UTF-8 in front of a file's first line, which ripgrep leaves out."""
    if not mark or edit.first or not edit.old:
        return edit
    new = (mark + edit.new[0], *edit.new[1:]) if edit.new else (mark,)
    return _Edit(0, (mark + edit.old[0], *edit.old[1:]), new)


def split_lines(data: bytes) -> list[bytes]:
    """The lines of a text, each with its line feed; a last one may have none."""
    lines = data.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def hunks_of(lines: Sequence[bytes], edits: Sequence[_Edit]) -> list[Hunk]:
    """The edits with their context, near ones together."""
    groups: list[list[_Edit]] = []
    for edit in _joined(edits):
        if groups and edit.first - _end(groups[-1][-1]) <= 2 * CONTEXT:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    found, moved = [], 0
    for group in groups:
        hunk = _hunk(lines, group, moved)
        moved += hunk.new_lines - hunk.old_lines
        found.append(hunk)
    return found


def _joined(edits: Sequence[_Edit]) -> list[_Edit]:
    """The edits, those of neighbouring lines as one, so that all old lines stand before all new ones."""
    found: list[_Edit] = []
    for edit in edits:
        if found and edit.first == _end(found[-1]):
            last = found.pop()
            edit = _Edit(last.first, last.old + edit.old, last.new + edit.new)
        found.append(edit)
    return found


def _hunk(lines: Sequence[bytes], edits: Sequence[_Edit], moved: int) -> Hunk:
    """One hunk; ``moved`` lines more are before it in the new file."""
    begin = max(edits[0].first - CONTEXT, 0)
    end = min(_end(edits[-1]) + CONTEXT, len(lines))
    shown: list[bytes] = []
    position = begin
    for edit in edits:
        shown += [b" " + line for line in lines[position : edit.first]]
        shown += [b"-" + line for line in edit.old] + [b"+" + line for line in edit.new]
        position = _end(edit)
    shown += [b" " + line for line in lines[position:end]]
    new = sum(not line.startswith(b"-") for line in shown)
    # A side without lines is named by the line before it.
    new_start = begin + moved + (1 if new else 0)
    return Hunk(begin + 1, end - begin, new_start, new, tuple(shown))


def _end(edit: _Edit) -> int:
    return edit.first + len(edit.old)
