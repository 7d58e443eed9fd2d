r"""Find where the lines of a text begin; only ``\n`` ends a line."""

from collections.abc import Iterable

import numpy as np

from semindex.types import Ids


class TextLines:
    """The lines of a text by 0-based index; only :meth:`numbers` counts them from 1.

    The last line may lack its newline; an empty text has no lines.
    """

    __slots__ = ("count", "starts", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 10) + 1
        self.starts: Ids = np.concatenate((np.zeros(1, np.int64), ends))
        """Shape ``(count + 1,)``: the byte offset of each line, and of the end of the text."""
        if len(text) > int(self.starts[-1]):
            self.starts = np.append(self.starts, len(text))
        self.count = len(self.starts) - 1

    @property
    def longest(self) -> int:
        """The length in bytes of the longest line; 0 without lines."""
        return int(np.diff(self.starts).max(initial=0))

    def indices(self, offsets: Iterable[int]) -> Ids:
        """The 0-based line of each byte offset."""
        wanted = np.fromiter(offsets, dtype=np.int64)
        found = np.searchsorted(self.starts, wanted, side="right") - 1
        return np.minimum(found, max(0, self.count - 1)).astype(np.int64)

    def numbers(self, offsets: Iterable[int]) -> list[int]:
        """The 1-based line of each byte offset."""
        return [index + 1 for index in self.indices(offsets).tolist()]

    def line(self, index: int) -> bytes:
        """The bytes of one line, its newline included."""
        return self.text[int(self.starts[index]) : int(self.starts[index + 1])]
