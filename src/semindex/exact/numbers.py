"""Takes the numbers of the lines that ripgrep finds from its JSON."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from semindex.exact.found import Encoded, Enough


class _Data(Struct):
    path: Encoded | None = None
    line_number: int | None = None


class _Event(Struct):
    type: str
    data: _Data


class LineNumbers:
    """Takes the output of ``rg --json`` piece by piece, and keeps which lines of which files match."""

    def __init__(self, most: int) -> None:
        """Prepare; of more than ``most`` lines the others are left out."""
        self.lines: dict[bytes, list[int]] = {}
        """By path, as ripgrep was given it: the lines, 1-based, ascending."""
        self._left = most
        self._decoder = msgspec.json.Decoder(_Event)
        self._rest = b""

    def write(self, chunk: bytes) -> None:
        """Take a piece.

        Raises:
            Enough: There are more lines than are kept.
        """
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            if line.startswith(b'{"type":"match"'):
                self._take(self._decoder.decode(line).data)

    def _take(self, data: _Data) -> None:
        if not self._left:
            raise Enough
        self._left -= 1
        path = data.path.value() if data.path is not None else b""
        self.lines.setdefault(path, []).append(data.line_number or 1)
