"""What the catalog is told and what it tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from semindex.types import FileFailure, FileRef


class FileRecord(NamedTuple):
    """An indexed file."""

    ref: FileRef
    """As it was when it was read."""
    digest: bytes
    """xxh3-128 of the bytes that were indexed, 16 bytes."""
    analysis: str
    """Fingerprint of the analysis; another one means that the file must be indexed again."""
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
    """As in :class:`FileRecord`; same file, same analysis: no need to try again."""


class Differences(Struct, frozen=True):
    """How what was seen differs from what is indexed."""

    refs: tuple[FileRef, ...]
    """Seen, and not indexed just so by today's rules; in the order they were seen."""
    gone: tuple[str, ...]
    """Indexed, and not seen; by path."""
    left_out: tuple[str, ...]
    """In the segments that do not count."""


class SegmentRecord(Struct, frozen=True):
    """A live segment."""

    id: int
    """Never used again, not even after the segment is dropped."""
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
    """Of the catalog: generations are comparable while it stays the same."""
    generation: int
    model: str
    segments: tuple[SegmentRecord, ...]
    """By id."""
    dead: Mapping[int, tuple[int, ...]]
    """By segment id, ascending file ordinals; segments without dead files are absent."""

    @property
    def nbytes(self) -> int:
        """Bytes of all segments."""
        return sum(record.nbytes for record in self.segments)


class Counts(Struct, frozen=True):
    """Sums over the indexed files."""

    files: int
    chunks: int
    source_bytes: int


class Totals(Struct, frozen=True):
    """Counts over the generation."""

    files: int
    """Indexed files."""
    chunks: int
    """Live ones."""
    source_bytes: int
    """Of indexed files."""
    dead_files: int
    segments: int
    languages: Mapping[str, int]
    """Indexed files by language, most first."""
    skipped: Mapping[str, int]
    """Skipped files by :class:`SkipReason` value, most first."""


def partial_note(indexed: int, wanted: int) -> str:
    """What to say of an index whose build was cut short."""
    return f"the index is partial: {indexed:,} of {wanted:,} files; run 'semindex index' to go on"


class NewFile(Struct, frozen=True):
    """A file of a segment that is being added: a :class:`FileRecord` without the segment."""

    ref: FileRef
    digest: bytes
    analysis: str
    language: str
    ordinal: int
    chunks: int


class NewSegment(Struct, frozen=True):
    """A segment that lies in ``segments/`` and is to become live."""

    name: str
    nbytes: int
    chunks: int
    files: Sequence[NewFile] = ()
    """With the files moved into it, they have the ordinals 0, 1, 2..., each once."""


class MovedFile(Struct, frozen=True):
    """A file that a merge copied, unchanged, into a segment added by the same change."""

    path: str
    segment: str
    """Name."""
    ordinal: int


class Change(Struct, frozen=True):
    """What one commit does. Whatever an added, skipped or removed path had before becomes dead."""

    add: Sequence[NewSegment] = ()
    skipped: Sequence[SkippedFile] = ()
    """A path that is also in ``add`` is partly indexed."""
    remove: Sequence[str] = ()
    """Paths that are gone. Unknown ones are no error."""
    touched: Sequence[FileRef] = ()
    """Indexed files whose bytes are the same and whose times are not."""
    moved: Sequence[MovedFile] = ()
    drop_segments: Sequence[int] = ()
    """Ids; no file may be left in them."""
    scan_ns: int | None = None
    """When the walk began that this change comes from; None keeps what is there."""
    model: str | None = None
    """Fingerprint of the model; None keeps what is there."""
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def alters_answers(self) -> bool:
        """Whether readers must open the index anew; not after new times or notes alone."""
        return bool(
            self.add
            or self.skipped
            or self.remove
            or self.moved
            or self.drop_segments
            or self.model is not None
        )
