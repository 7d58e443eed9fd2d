"""What a worker does: it makes a segment file of a batch of files, or of several segments.

The segment lies in the index's folder under a new name. Until a commit of the writer names it, nobody reads
it, and a collection of garbage removes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct

from semindex.indexing import merge
from semindex.indexing.analysis import file_analysis
from semindex.indexing.guard import parse_apart
from semindex.indexing.merge import Merge, Outcome
from semindex.indexing.work import analyse
from semindex.indexing.workplace import Workplace
from semindex.parse.parser import parse_file
from semindex.source.read import read_file
from semindex.store import content, layout
from semindex.store.content import Content
from semindex.store.records import NewFile, NewSegment
from semindex.store.schema import CHUNK
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

Read = Callable[[FileRef], SourceFile | FileFailure]
"""Returns a file, or why it is not indexed."""


class Wanted(Struct, frozen=True):
    """A file to index."""

    ref: FileRef
    known: tuple[bytes, str] | None = None
    """The digest and the language that it has in the index, if it was analysed by today's rules.

    When the file still has both, only its times have changed, and it is not analysed again."""


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
    stopped: dict[str, str] = {}
    source_bytes = guard_peak_bytes = 0
    reading = read or partial(read_file, place.root, rules=place.rules)
    for group in _sources(place, batch, reading, touched, failures):
        guarded = parse_apart([source for _, source in group])
        guard_peak_bytes = max(guard_peak_bytes, guarded.peak_bytes)
        parsed = _parsed(group, guarded.files, failures)
        stopped.update({file.source.path: file.stopped for _, file in parsed if file.stopped})
        if not parsed:
            continue
        if len(place.lexicon) > MAX_LEXICON_WORDS:
            place.lexicon.clear()
        parts.append(analyse([file for _, file in parsed], place.embedder, place.lexicon))
        refs += [ref for ref, _ in parsed]
        source_bytes += sum(file.source.size_bytes for _, file in parsed)
    segment = _written(place, content.join_contents(parts), refs) if parts else None
    return Outcome(
        segment,
        tuple(touched),
        tuple(failures),
        source_bytes,
        stopped=stopped,
        guard_peak_bytes=guard_peak_bytes,
    )


def _sources(
    place: Workplace, batch: Batch, read: Read, touched: list[FileRef], failures: list[FileFailure]
) -> Iterator[list[tuple[FileRef, SourceFile]]]:
    """The files to analyse, a few megabytes at a time; others are put into ``touched`` or ``failures``."""
    group: list[tuple[FileRef, SourceFile]] = []
    size = 0
    for wanted in batch.files:
        place.on_file(wanted.ref.path)
        source = read(wanted.ref)
        if isinstance(source, FileFailure):
            failures.append(source)
        elif wanted.known == (source.digest, source.language):
            touched.append(wanted.ref)
        else:
            group.append((wanted.ref, source))
            size += len(source.text)
            if size >= ANALYSED_BYTES:
                yield group
                group, size = [], 0
    if group:
        yield group


def _parsed(
    group: Sequence[tuple[FileRef, SourceFile]], apart: Mapping[str, ParsedFile], failures: list[FileFailure]
) -> list[tuple[FileRef, ParsedFile]]:
    """The parsed files, some of which were parsed ``apart``; one that breaks the parser is a failure."""
    parsed: list[tuple[FileRef, ParsedFile]] = []
    for ref, source in group:
        try:
            parsed.append((ref, apart.get(source.path) or parse_file(source)))
        except Exception as error:  # noqa: BLE001 - the worker's edge: the failure becomes a value
            detail = f"{type(error).__name__}: {error}"
            failures.append(FileFailure(ref.path, "parse", SkipReason.FAILED, detail, ref))
    return parsed


def _written(place: Workplace, whole: Content, refs: Sequence[FileRef]) -> NewSegment:
    digests, chunks = whole.array("digests"), whole.array("file_chunks")
    languages = [name.decode() for name in whole.strings("languages")]
    files = [
        NewFile(
            ref=ref,
            digest=digests[i].tobytes(),
            analysis=file_analysis(languages[i]),
            language=languages[i],
            ordinal=i,
            chunks=int(chunks[i]),
        )
        for i, ref in enumerate(refs)
    ]
    name = layout.new_segment_name()
    path = layout.segment_path(place.index_dir, name)
    nbytes = write_segment(path, content.sections(whole), on_step=place.on_step)
    return NewSegment(name, nbytes, whole.count(CHUNK), files)
