"""Which files of a generation may match, by the trigrams of its segments."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from semindex.exact.candidates import Candidates
from semindex.exact.needed import needed
from semindex.exact.pattern import Pattern
from semindex.exact.queries import ANY, All, both, grams_of
from semindex.source.notebooks import is_notebook
from semindex.store.content import unpacked_strings
from semindex.store.generation import Generation
from semindex.store.segment import Segment
from semindex.types import Mask

FEW_FILES = 48
"""If more files may hold the words of a literal, only those count that may hold it with its white space."""
MOST_FILES = 100
"""If more files than these may hold a literal, it is not told which."""
_PIECE = r"[!#-\[\]-~]+"
"""What stands in the bytes of a file as it does in its text: ASCII, in whatever encoding the file is, but no
quotation marks and backslashes, which notebooks escape."""
_LINE = r"[ !#-\[\]-~]+"


class IndexedFiles:
    """The files of a generation. Threads may share it; lists are opened when they are first needed."""

    def __init__(self, generation: Generation, segments: Sequence[Segment]) -> None:
        """Prepare; the segments are the generation's, in their order."""
        self._generation, self._segments = generation, tuple(segments)

    def may_match(self, pattern: Pattern) -> Mask:
        """Which files may have a line that matches, as they were indexed; shape ``(files,)``.

        All files of a segment without trigrams may.

        Raises:
            IndexCorrupt: A list is damaged.
        """
        return self._having(needed(pattern).query, whole_files=pattern.multiline)

    def holding(self, literal: str) -> Sequence[int] | None:
        """The live files whose text may hold a literal, whatever the case of its ASCII letters, ascending.

        White space is any white space, unless more than :data:`FEW_FILES` may hold its words then. None when
        more than :data:`MOST_FILES` may, or a segment has no trigrams.

        Raises:
            IndexCorrupt: A list is damaged.
        """
        if not self._is_covered:
            return None
        apart = self._holding(re.findall(_PIECE, literal), whole_files=True)
        if apart is not None and len(apart) <= FEW_FILES:
            return apart
        found = self._holding(re.findall(_LINE, literal), whole_files=False)
        return found if found and len(found) <= MOST_FILES else None

    def _holding(self, pieces: Sequence[str], *, whole_files: bool) -> list[int] | None:
        query = both(All(grams_of(each.lower().encode())) for each in pieces)
        if query == ANY:
            return None
        found = self._having(query, whole_files=whole_files) | self._unlisted
        return (found & self._generation.file_live).nonzero()[0].tolist()

    def _having(self, query: All, *, whole_files: bool) -> Mask:
        parts = [np.empty(0, dtype=np.bool_)]
        for segment, candidates in zip(self._segments, self._candidates, strict=True):
            if candidates is None:
                parts.append(np.ones(len(segment.section("file_chunks")), dtype=np.bool_))
            else:
                parts.append(candidates.files(query, whole_files=whole_files))
        return np.concatenate(parts)

    @cached_property
    def notebooks(self) -> Mask:
        """Which files are called notebooks, shape ``(files,)``: their bytes are not their text."""
        paths = [path for segment in self._segments for path in unpacked_strings(segment, "paths")]
        return np.array([is_notebook(os.fsdecode(path)) for path in paths], dtype=np.bool_)

    @cached_property
    def _candidates(self) -> list[Candidates | None]:
        return [Candidates(each) if each.has("gram.cover") else None for each in self._segments]

    @cached_property
    def _is_covered(self) -> bool:
        return None not in self._candidates

    @cached_property
    def _unlisted(self) -> Mask:
        """The files whose text may have what no list has of them, shape ``(files,)``."""
        covers = [each.cover for each in self._candidates if each is not None]
        unlisted: Mask = np.concatenate([*covers, np.empty(0, dtype=np.uint8)]) != 0
        return unlisted
