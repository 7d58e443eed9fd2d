"""Makes matches of what ``rg --json`` prints."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from semindex.exact.veil import Veil

MOST_TEXT_BYTES = 2000
"""Of a longer line a part is given."""
_BEFORE_MATCH_BYTES = 200


class Line(Struct, frozen=True):
    """A line that ripgrep found, with the lines around it."""

    path: bytes
    """As ripgrep was given it."""
    number: int
    text: str
    ranges: tuple[tuple[int, int], ...]
    text_begin: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    masked: int


class Encoded(Struct):
    """A text of a JSON object, or bytes in base64 where it is not UTF-8."""

    text: str | None = None
    encoded: str | None = msgspec.field(default=None, name="bytes")

    def value(self) -> bytes:
        """Its bytes."""
        return self.text.encode() if self.text is not None else base64.b64decode(self.encoded or "")


class _Range(Struct):
    start: int
    end: int


class _Data(Struct):
    path: Encoded | None = None
    lines: Encoded | None = None
    line_number: int | None = None
    absolute_offset: int = 0
    submatches: list[_Range] = []


class _Event(Struct):
    type: str
    data: _Data


class Enough(Exception):  # noqa: N818 - ends a search that has found what was asked for
    """So many lines were found as were asked for."""


class Lines:
    """Takes the output of ``rg --json`` piece by piece, and keeps the lines from one number to another."""

    def __init__(
        self,
        skip: int,
        most: int,
        around: tuple[int, int],
        veil: Callable[[bytes], Veil],
        *,
        most_of_file: int = 0,
        stops: bool = True,
    ) -> None:
        """Prepare.

        Args:
            skip: So many lines are passed over.
            most: So many are kept; :class:`Enough` is raised at the next.
            around: The lines of context before and after each.
            veil: Hides the secrets of a file.
            most_of_file: Of each file so many are counted, and others left out; 0 for all.
            stops: Whether :class:`Enough` is raised at all; else the lines behind are counted.
        """
        self._stops = stops
        self.found: list[Line] = []
        self.counts: dict[bytes, int] = {}
        """Lines of each file, up to where the search was ended."""
        self._skip, self._most, self._veil_of = skip, most, veil
        self._before, self._after = around
        self._most_of_file = most_of_file or sys.maxsize
        self._decoder = msgspec.json.Decoder(_Event)
        self._rest = b""
        self._seen = 0
        self._file: list[_Data] = []
        """Events of one file."""
        self._near: dict[int, tuple[bytes, int]] = {}
        """Lines of that file by their numbers, each with its offset, if any are shown around others."""

    def write(self, chunk: bytes) -> None:
        """Take a piece.

        Raises:
            Enough: There are more lines than are kept.
        """
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            self._take(self._decoder.decode(line))

    def _take(self, event: _Event) -> None:
        if event.type == "match":
            self._match(event.data)
        if event.type in ("match", "context"):
            self._note(event.data)
        is_end = event.type == "end"
        if is_end or (self._is_full and self._is_past(event.data)):
            self._end_file()
        if self._stops and self._is_full and not self._file:
            raise Enough

    def _match(self, data: _Data) -> None:
        path = data.path.value() if data.path else b""
        number = self.counts.get(path, 0) + 1
        if number > self._most_of_file:
            return
        self.counts[path] = number
        self._seen += 1
        if self._skip < self._seen <= self._skip + self._most:
            self._file.append(data)

    @property
    def _is_full(self) -> bool:
        """Whether there are more lines than are kept."""
        return self._seen > self._skip + self._most

    def _is_past(self, data: _Data) -> bool:
        """Whether all lines have come that are shown after the last that is kept."""
        if not self._file:
            return True
        return (data.line_number or 0) >= _last_number(self._file[-1]) + self._after

    def _end_file(self) -> None:
        if self._file and self._file[0].path is not None:
            path = self._file[0].path.value()
            veil = self._veil_of(path)
            self.found += [self._line(path, data, veil) for data in self._file]
        self._file, self._near = [], {}

    def _note(self, data: _Data) -> None:
        """Keep the lines of an event, as they may be near to others that match."""
        if not (self._before or self._after) or data.lines is None:
            return
        offset = data.absolute_offset
        for number, raw in enumerate(
            data.lines.value().removesuffix(b"\n").split(b"\n"), data.line_number or 1
        ):
            self._near[number] = raw, offset
            offset += len(raw) + 1

    def _line(self, path: bytes, data: _Data, veil: Veil) -> Line:
        raw = data.lines.value() if data.lines else b""
        number = data.line_number or 1
        ranges = tuple((each.start, each.end) for each in data.submatches)
        begin, end = _window(len(raw.rstrip(b"\r\n")), ranges)
        text, masked = veil.shown(raw, data.absolute_offset, begin, end)
        last = _last_number(data)
        before, hidden_before = self._around(veil, number - self._before, number)
        after, hidden_after = self._around(veil, last + 1, last + 1 + self._after)
        masked += hidden_before + hidden_after
        return Line(path, number, text, ranges, begin, before, after, masked)

    def _around(self, veil: Veil, first: int, stop: int) -> tuple[tuple[str, ...], int]:
        """The lines with some numbers, as far as they are there, and how many secrets are masked in them."""
        shown = []
        # They come in ascending order; there may be far fewer than are asked for.
        lowest, highest = (next(iter(self._near)), next(reversed(self._near))) if self._near else (0, -1)
        for number in range(max(first, lowest), min(stop, highest + 1)):
            if number in self._near:
                raw, offset = self._near[number]
                begin, end = _window(len(raw.rstrip(b"\r")), ())
                shown.append(veil.shown(raw, offset, begin, end))
        return tuple(text for text, _ in shown), sum(masked for _, masked in shown)


def _last_number(data: _Data) -> int:
    """The number of the last line of a match."""
    raw = data.lines.value() if data.lines else b""
    return (data.line_number or 1) + raw.removesuffix(b"\n").count(b"\n")


def _window(length: int, ranges: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Which bytes of a line are given: all, or of a long one those around its first match."""
    if length <= MOST_TEXT_BYTES:
        return 0, length
    first = ranges[0][0] if ranges else 0
    begin = max(0, min(first - _BEFORE_MATCH_BYTES, length - MOST_TEXT_BYTES))
    return begin, begin + MOST_TEXT_BYTES
