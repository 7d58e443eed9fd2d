"""What exact search needs of a file: the trigrams of its blocks, or whether it has to be read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from semindex.grams import Grams, grams_of
from semindex.source.read import is_silent, is_wide
from semindex.store.content import Content
from semindex.store.grams import pairs_of
from semindex.store.schema import Cover
from semindex.types import ParsedFile, SkipReason, SourceFile

NEVER_COVERED = frozenset((SkipReason.SECRET,))
"""Of files left out for these reasons nothing is stored."""
MOST_SHARE = 0.25
"""A file with more different trigrams in its blocks than this share of its bytes is read instead of listed:
encoded or random data, whose lists would take as much room as it does."""
LEAST_BYTES = 16_384
"""Text of any kind has many different trigrams in its first kilobytes."""


class Covered(Struct, frozen=True):
    """What exact search knows of a file."""

    grams: Sequence[Grams]
    """Of each block."""
    cover: int = 0
    """Bits of :class:`Cover` but ``ALONE``."""
    alone: bool = False
    """Whether no other search has it."""


def cover(data: bytes) -> Covered:
    """What exact search is to know of a file with these bytes, which are all or, if binary, the first."""
    if is_silent(data):
        return Covered((), Cover.SILENT)
    if b"\0" in data or is_wide(data):
        return Covered((), Cover.SCANNED)
    grams = grams_of(data)
    if len(data) > LEAST_BYTES and sum(map(len, grams)) > MOST_SHARE * len(data):
        return Covered((), Cover.SCANNED)
    return Covered(grams)


def without_chunks(source: SourceFile) -> ParsedFile:
    """A file of which nothing but its place is stored, beside what exact search needs."""
    return ParsedFile(source, (), (), np.empty((0, 2), dtype=np.int64))


def with_grams(content: Content, files: Sequence[Covered]) -> Content:
    """The content with what exact search needs of each of its files."""
    covers = [each.cover | (Cover.ALONE if each.alone else 0) for each in files]
    columns = {
        **content.columns,
        "gram.cover": np.array(covers, dtype=np.uint8),
        "gram.blocks": np.array([len(each.grams) for each in files], dtype=np.uint32),
    }
    pairs = pairs_of([grams for each in files for grams in each.grams])
    return replace(content, columns=columns, grams={"gram": pairs})
