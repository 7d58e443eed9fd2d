"""Which files of a segment can match a pattern, by the trigrams that its blocks have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from semindex.exact.queries import All, Either
from semindex.store.grams import GramList, GramLists
from semindex.store.schema import Cover
from semindex.store.segment import Segment
from semindex.types import Mask

_BYTES_A_BLOCK = 4_000
"""Reading a block takes about as long as decoding so many bytes of lists."""


class Candidates:
    """The files of one segment that has lists of trigrams."""

    def __init__(self, segment: Segment) -> None:
        """Take the segment, which stays open.

        Raises:
            IndexCorrupt: A section is missing.
        """
        blocks = segment.section("gram.blocks").astype(np.int64)
        self.cover = segment.section("gram.cover")
        """Bits of :class:`Cover`, shape ``(files,)``."""
        self._file_of = np.repeat(np.arange(len(blocks)), blocks)
        self._lists = GramLists(segment, "gram", len(self._file_of))

    def files(self, query: All, *, whole_files: bool) -> Mask:
        """Which files have a block with all that is asked for, or may have, shape ``(files,)``.

        Args:
            query: What a match has to have; nothing is asked for where any text may match.
            whole_files: Whether a match may span blocks, so that a file has to have it, not a block.

        Raises:
            IndexCorrupt: A list is damaged.
        """
        found: Mask = (self.cover & Cover.SCANNED) != 0
        if not query.grams and not query.either:
            found |= (self.cover & Cover.SILENT) == 0
        else:
            found |= self._in_files(query) if whole_files else self._of_blocks(self._all(query))
        return found

    def _of_blocks(self, blocks: Mask) -> Mask:
        found = np.zeros(len(self.cover), dtype=np.bool_)
        found[self._file_of[blocks]] = True
        return found

    def _in_files(self, query: All) -> Mask:
        """Which files have it all, wherever in them."""
        known = self._known(query)
        found = np.full(len(self.cover), known is not None)
        for number, each in enumerate(known or ()):
            if number and each.cost > _BYTES_A_BLOCK * int(found.sum()):
                break
            found &= self._of_blocks(self._lists.mask(each))
        for choice in query.either:
            some = np.zeros(len(self.cover), dtype=np.bool_)
            for part in choice.parts:
                some |= self._in_files(part)
            found &= some
        return found

    def _all(self, query: All) -> Mask:
        """Which blocks have it all; the cheapest lists first, and no more once reading is cheaper."""
        known = self._known(query)
        blocks = np.full(len(self._file_of), known is not None)
        for number, each in enumerate(known or ()):
            if number and each.cost > _BYTES_A_BLOCK * int(blocks.sum()):
                break
            blocks &= self._lists.mask(each)
        for some in self._each(query, blocks):
            blocks &= some
        return blocks

    def _known(self, query: All) -> list[GramList] | None:
        """The lists of n-grams that are all asked for, cheapest first; None if no file has one of them."""
        lists = self._lists.find(sorted(query.grams))
        known = sorted((each for each in lists if each is not None), key=lambda each: each.cost)
        return known if len(known) == len(lists) else None

    def _each(self, query: All, blocks: Mask) -> Iterator[Mask]:
        for each in query.either:
            if not blocks.any():
                return
            yield self._either(each)

    def _either(self, query: Either) -> Mask:
        some = np.zeros(len(self._file_of), dtype=np.bool_)
        for part in query.parts:
            some |= self._all(part)
        return some
