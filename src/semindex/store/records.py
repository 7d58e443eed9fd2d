"""The records that are given to the catalog, and those that it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from semindex.types import FileFailure, FileRef


class FileRecord(NamedTuple):
    """An indexed file."""

    ref: FileRef
    """The file's path, size, times and inode when it was read."""
    digest: bytes
    """xxh3-128 of the bytes that were indexed, 16 bytes."""
    analysis: str
    """The fingerprint of the analysis; a file with another than today's must be indexed again."""
    language: str
    segment: int
    """Id of the segment that holds it."""
    ordinal: int
    """Its place among the files of that segment."""
    chunks: int


class SkippedFile(Struct, frozen=True):
    """A file that was seen and is not (wholly) indexed."""

    failure: FileFailure
    analysis: str
    """The fingerprint of the rules; a file that has not changed is not tried again under the same rules."""
    covered: bytes = b""
    """The digest of its bytes of which a segment has what exact search needs; empty if none has."""


class Differences(Struct, frozen=True):
    """How the files that a walk saw differ from those that are indexed."""

    refs: tuple[FileRef, ...]
    """Files seen that are not indexed in just this state by today's rules, in the order they were seen."""
    gone: tuple[str, ...]
    """Indexed paths that were not seen, sorted."""
    left_out: tuple[str, ...]
    """Paths in the segments that do not count, sorted."""


class SegmentRecord(Struct, frozen=True):
    """A live segment."""

    id: int
    """No later segment gets it again, not even after this one is dropped."""
    name: str
    """File name in ``segments/``."""
    files: int
    """Dead ones included."""
    chunks: int
    """Dead ones included."""
    nbytes: int


class LiveSegments(Struct, frozen=True):
    """The segments of a generation and what is dead in them, as one read transaction saw them."""

    identity: str
    """The catalog's identity; generations of catalogs with different ones cannot be compared."""
    generation: int
    model: str
    segments: tuple[SegmentRecord, ...]
    """In the order of their ids."""
    dead: Mapping[int, tuple[int, ...]]
    """For each segment with dead files, by its id, the ordinals of these, ascending."""

    @property
    def nbytes(self) -> int:
        """The size of all segments together."""
        return sum(record.nbytes for record in self.segments)


class Totals(Struct, frozen=True):
    """Counts of everything in the newest generation."""

    files: int
    """Indexed files."""
    chunks: int
    """Chunks of indexed files."""
    source_bytes: int
    """The size of the indexed files on disk."""
    dead_files: int
    segments: int
    languages: Mapping[str, int]
    """The number of indexed files of each language, the most frequent first."""
    skipped: Mapping[str, int]
    """The number of skipped files for each :class:`SkipReason` value, the most frequent first."""


def partial_note(indexed: int, wanted: int) -> str:
    """The note that tells a user that a build was cut short."""
    return f"the index is partial: {indexed:,} of {wanted:,} files; run 'semindex index' to go on"


class NewFile(Struct, frozen=True):
    """A file of a segment that is being added; the fields are those of :class:`FileRecord`."""

    ref: FileRef
    digest: bytes
    analysis: str
    language: str
    ordinal: int
    chunks: int
    alone: bool = False
    """Exact search alone has the file; the change names it among those that are skipped, too."""


class NewSegment(Struct, frozen=True):
    """A segment that lies in ``segments/`` and is to become live."""

    name: str
    nbytes: int
    chunks: int
    files: Sequence[NewFile] = ()
    dead: Sequence[int] = ()
    """Ordinals of files that it holds and that are not to be live; with those of ``files`` they are 0, 1,
    2..., each once."""
    moved: Sequence[str] = ()
    """Paths of indexed files that a merge copied into it, unchanged; their ordinals go on in this order."""


class Change(Struct, frozen=True):
    """What one commit does. The places that added, skipped and removed paths had before become dead."""

    add: Sequence[NewSegment] = ()
    skipped: Sequence[SkippedFile] = ()
    """A path that is here and in ``add`` is indexed in part."""
    remove: Sequence[str] = ()
    """Paths that are gone. A path that the catalog does not know is no error."""
    touched: Sequence[FileRef] = ()
    """Indexed files whose content is the same, but not their times, mode or inode."""
    drop_segments: Sequence[int] = ()
    """The ids of segments to drop; no file may be left in them."""
    scan_ns: int | None = None
    """When the walk of the whole tree began that found this change; None keeps the time that is there."""
    model: str | None = None
    """The fingerprint of the model; None keeps the one that is there."""
    meta: Mapping[str, str] = field(default_factory=dict)
    """Notes by key, for :meth:`Catalog.meta`; other keys keep their values."""

    @property
    def rows(self) -> int:
        """About how many rows of the catalog change, at most."""
        added = sum(len(each.files) + len(each.dead) + len(each.moved) for each in self.add)
        others = (self.skipped, self.remove, self.touched, self.drop_segments, self.meta)
        return added + sum(map(len, others))

    @property
    def alters_answers(self) -> bool:
        """Whether readers must open the index anew: not when only times or notes change."""
        return bool(self.add or self.skipped or self.remove or self.drop_segments or self.model is not None)
