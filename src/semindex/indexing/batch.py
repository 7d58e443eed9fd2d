"""What a worker does: it makes a segment file of a batch of files, or of several segments.

The segment lies in the index's folder under a new name. Until a commit of the writer names it, nobody reads
it, and a collection of garbage removes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct, structs
from msgspec.structs import replace

from semindex.indexing import merge
from semindex.indexing.analysis import file_analysis
from semindex.indexing.covering import NEVER_COVERED, Covered, cover, with_grams, without_chunks
from semindex.indexing.guard import parse_apart
from semindex.indexing.merge import Merge, Outcome
from semindex.indexing.work import analyse
from semindex.indexing.workplace import Workplace
from semindex.parse.parser import parse_file
from semindex.source.languages import detect
from semindex.source.read import Stored, digest_of, load_stored, source_of
from semindex.store import content, layout
from semindex.store.content import Content
from semindex.store.records import NewFile, NewSegment
from semindex.store.schema import CHUNK, Cover
from semindex.store.segment import write_segment
from semindex.types import FileFailure, FileRef, ParsedFile, SkipReason, SourceFile

ANALYSED_BYTES = 4_000_000
"""Source analysed at once: large enough to spread the fixed costs, small against any budget."""
BATCH_FILES = 2000
LEAST_BATCH_BYTES = 500_000
LARGE_BYTES = 1_000_000
"""Files from this size on are begun first, so that no worker is left with one when the others are done."""
LONGEST_READ_BYTES = 8_000_000
MAX_LEXICON_WORDS = 200_000
"""A lexicon of more words is emptied, so that it cannot grow with the tree."""

Read = Callable[[FileRef], Stored | FileFailure]
"""Returns the bytes of a file, or why there are none."""


class Wanted(Struct, frozen=True):
    """A file to index."""

    ref: FileRef
    known: tuple[bytes, str] | None = None
    """The digest and the language that it has in the index, if it was analysed by today's rules.

    When the file still has both, only its times have changed, and it is not analysed again."""
    covered: bytes = b""
    """If the file is left out of the index: the digest of what exact search has of it."""


class Batch(Struct, frozen=True):
    """Files that become one segment."""

    files: tuple[Wanted, ...]

    def parts(self) -> list[Batch]:
        """A batch for each file, to find the one that cannot be analysed."""
        return [Batch((wanted,)) for wanted in self.files]


Work = Batch | Merge


def batches(files: Iterable[Wanted], *, most_bytes: int, workers: int) -> Iterator[Batch]:
    """The files in batches of at most ``most_bytes``, smaller ones last so that all workers end together.

    Large files come first; otherwise the order stays as it is, because files of one folder share words.
    """
    wanted = sorted(files, key=lambda each: each.ref.size_bytes < LARGE_BYTES)
    rest = sum(map(_weight, wanted))
    batch: list[Wanted] = []
    size = 0
    room = _room(rest, most_bytes, workers)
    for each in wanted:
        batch.append(each)
        size += _weight(each)
        if size >= room or len(batch) == BATCH_FILES:
            yield Batch(tuple(batch))
            rest -= size
            batch, size, room = [], 0, _room(rest, most_bytes, workers)
    if batch:
        yield Batch(tuple(batch))


def _weight(wanted: Wanted) -> int:
    return min(wanted.ref.size_bytes, LONGEST_READ_BYTES)


def _room(rest: int, most_bytes: int, workers: int) -> int:
    """The size of the next batch: a share of the rest, or all of it when there is one worker."""
    share = rest if workers == 1 else rest // (2 * workers)
    return max(min(most_bytes, LEAST_BATCH_BYTES), min(most_bytes, share))


def do(place: Workplace, work: Work) -> Outcome:
    """Do a batch, whose files are read from the disk, or a merge.

    Raises:
        IndexUnwritable: There is no room, or no permission.
    """
    if isinstance(work, Merge):
        return merge.merge_segments(place.index_dir, work, on_step=place.on_step)
    return process(place, work)


def process(place: Workplace, batch: Batch, *, read: Read | None = None) -> Outcome:
    """Read, parse, analyse and embed the files of a batch, and write the segment.

    Raises:
        IndexUnwritable: There is no room, or no permission.
    """
    parts: list[Content] = []
    refs: list[FileRef] = []
    touched: list[FileRef] = []
    failures: list[FileFailure] = []
    kept: list[str] = []
    stopped: dict[str, str] = {}
    source_bytes = guard_peak_bytes = 0
    reading = read or partial(load_stored, place.root, rules=place.rules)
    for group in _groups(place, batch, reading, touched, failures, kept):
        guarded = parse_apart([each.source for each in group if not each.alone])
        guard_peak_bytes = max(guard_peak_bytes, guarded.peak_bytes)
        parsed = [_parsed(each, guarded.files, failures) for each in group]
        stopped.update({file.source.path: file.stopped for file, _ in parsed if file.stopped})
        if len(place.lexicon) > MAX_LEXICON_WORDS:
            place.lexicon.clear()
        analysed = analyse([file for file, _ in parsed], place.embedder, place.lexicon)
        parts.append(with_grams(analysed, [covered for _, covered in parsed]))
        refs += [each.ref for each in group]
        source_bytes += sum(file.source.size_bytes for file, covered in parsed if not covered.alone)
    segment = _written(place, content.join_contents(parts), refs) if parts else None
    return Outcome(
        segment,
        tuple(touched),
        tuple(failures),
        source_bytes,
        stopped=stopped,
        guard_peak_bytes=guard_peak_bytes,
        kept=tuple(kept),
    )


class _Found(Struct, frozen=True):
    """A file to analyse."""

    ref: FileRef
    source: SourceFile
    """Without a text if exact search alone has it."""
    covered: Covered

    @property
    def alone(self) -> bool:
        """Whether exact search alone has it."""
        return self.covered.alone


def _groups(
    place: Workplace,
    batch: Batch,
    read: Read,
    touched: list[FileRef],
    failures: list[FileFailure],
    kept: list[str],
) -> Iterator[list[_Found]]:
    """The files to analyse, a few megabytes at a time; others are put into ``touched`` or ``failures``.

    One that exact search alone has is among the failures, too.
    """
    group: list[_Found] = []
    size = 0
    for wanted in batch.files:
        place.on_file(wanted.ref.path)
        stored = read(wanted.ref)
        source = (
            stored if isinstance(stored, FileFailure) else source_of(wanted.ref, stored, rules=place.rules)
        )
        if isinstance(source, FileFailure):
            failures.append(source)
        elif wanted.known == (source.digest, source.language):
            touched.append(wanted.ref)
            continue
        if isinstance(stored, FileFailure) or (
            isinstance(source, FileFailure) and source.reason in NEVER_COVERED
        ):
            continue
        if isinstance(source, FileFailure) and digest_of(stored.data) == wanted.covered:
            kept.append(wanted.ref.path)
            continue
        group.append(_found(wanted.ref, stored, source))
        size += len(stored.data)
        if size >= ANALYSED_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _found(ref: FileRef, stored: Stored, source: SourceFile | FileFailure) -> _Found:
    covered = cover(stored.data)
    if isinstance(source, SourceFile):
        return _Found(ref, source, covered)
    language = detect(ref.path, stored.data[:0])
    alone = SourceFile(ref.path, b"", digest_of(stored.data), language, ref.size_bytes)
    return _Found(ref, alone, replace(covered, alone=True))


def _parsed(
    found: _Found, apart: Mapping[str, ParsedFile], failures: list[FileFailure]
) -> tuple[ParsedFile, Covered]:
    """The file, parsed here if not ``apart``; exact search alone has one that breaks the parser."""
    source = found.source
    if found.alone:
        return without_chunks(source), found.covered
    try:
        return apart.get(source.path) or parse_file(source), found.covered
    except Exception as error:  # noqa: BLE001 - the worker's edge: the failure becomes a value
        detail = f"{type(error).__name__}: {error}"
        failures.append(FileFailure(found.ref.path, "parse", SkipReason.FAILED, detail, found.ref))
        return without_chunks(structs.replace(source, text=b"")), replace(found.covered, alone=True)


def _written(place: Workplace, whole: Content, refs: Sequence[FileRef]) -> NewSegment:
    digests, chunks = whole.array("digests"), whole.array("file_chunks")
    covers = whole.array("gram.cover")
    languages = [name.decode() for name in whole.strings("languages")]
    files = [
        NewFile(
            ref=ref,
            digest=digests[i].tobytes(),
            analysis=file_analysis(languages[i]),
            language=languages[i],
            ordinal=i,
            chunks=int(chunks[i]),
            alone=bool(covers[i] & Cover.ALONE),
        )
        for i, ref in enumerate(refs)
    ]
    name = layout.new_segment_name()
    path = layout.segment_path(place.index_dir, name)
    nbytes = write_segment(path, content.sections(whole), on_step=place.on_step)
    return NewSegment(name, nbytes, whole.count(CHUNK), files)
