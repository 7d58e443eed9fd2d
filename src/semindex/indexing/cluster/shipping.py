"""Work for workers that may not share the disk: files or segments are sent out, and a segment comes back.

The coordinator packs work into a :class:`Parcel` (:func:`pack`), a worker makes a :class:`Shipment` of it
(:func:`process_parcel`), and the coordinator adds its segment to the index (:func:`receive`). A file is too
large, binary or unchanged by the same rules as for a worker that reads the disk: :func:`load_stored` runs
here, :func:`source_of` there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import xxhash
from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import BrokenIndex, IndexUnwritable, ModelError, WorkerError, WorkerUnfit
from semindex.indexing.analysis import file_analysis, skip_analysis
from semindex.indexing.batch import Batch, Work, process
from semindex.indexing.cluster.connection import scratch_folder
from semindex.indexing.cluster.storage import SegmentStorage, open_storage
from semindex.indexing.executors.base import Done, Failure
from semindex.indexing.executors.wire import Payload
from semindex.indexing.merge import Merge, Outcome, merge_segments
from semindex.indexing.workplace import Workplace
from semindex.parse.wheels import GRAMMARS
from semindex.source.languages import UNKNOWN
from semindex.source.read import RULES, ReadRules, Stored, load_stored
from semindex.store import layout
from semindex.store.durable import Replacement, StepHook, no_step
from semindex.types import Embedder, FileFailure, FileRef

SLOWEST_BYTES_PER_SECOND = 40_000
"""A worker slower than this is taken to hang: a fiftieth of the usual 2 MB of source a second and core."""
SLOWEST_TEXT_BYTES_PER_SECOND = 1_000
"""The same if a transformer reads the text, whose usual speed is 20 kB a second."""


class AnalysisRules(Struct, frozen=True):
    """What has to be equal in every process of a build, besides the version of semindex."""

    files: dict[str, str]
    """For each language the version of the rules by which its files are analysed."""
    model: str
    """The embedder's fingerprint."""

    @staticmethod
    def here(model: str) -> AnalysisRules:
        """The rules of this process; ``model`` is the fingerprint of its embedder."""
        rules = {language: file_analysis(language) for language in sorted((UNKNOWN, *GRAMMARS))}
        return AnalysisRules({"": skip_analysis(), **rules}, model)

    def differences(self, mine: AnalysisRules) -> str:
        """What another process (``mine``) has different from these, in words; empty if nothing."""
        other = [
            f"{language or 'files'}: {mine.files.get(language, 'none')}, not {rules}"
            for language, rules in self.files.items()
            if mine.files.get(language) != rules
        ]
        if other:
            more = f", and {len(other) - 1} more" if len(other) > 1 else ""
            return f"it analyses otherwise ({other[0]}{more})"
        return "" if self.model == mine.model else f"it has the model {mine.model}, not {self.model}"


class SharedRoot(Struct, frozen=True):
    """A folder to index that workers read from their own disks."""

    path: Path
    inode: int
    """The folder's inode, by which a worker sees that it is the same folder."""

    @staticmethod
    def of(path: Path) -> SharedRoot:
        """The folder as this machine sees it."""
        return SharedRoot(path, path.stat().st_ino)

    def is_here(self) -> bool:
        """Whether this machine sees the same folder."""
        with suppress(OSError):
            return self.path.stat().st_ino == self.inode
        return False


class Part(Struct, frozen=True):
    """A file or a segment in a parcel."""

    nbytes: int
    left_out: FileFailure | None = None
    """As in :class:`Stored`."""


class Parcel(Struct, frozen=True):
    """Work as it is sent to a worker."""

    work: Work
    parts: tuple[Part | FileFailure, ...] | None
    """Each file of a batch, or why it has no bytes; or each segment of a merge. None if workers read the
    files themselves."""
    payload: Payload | None
    """The bytes of all parts, one after the other."""
    segments_url: str
    """The storage to which the segment is to be written; empty to send it back."""

    @property
    def nbytes(self) -> int:
        """The size of all files or segments of the work."""
        if isinstance(self.work, Merge):
            return self.work.nbytes
        return sum(wanted.ref.size_bytes for wanted in self.work.files)

    def contents(self) -> Iterator[tuple[memoryview, FileFailure | None] | FileFailure]:
        """The bytes of each part, with why it is left out of all but exact search; or why it has none."""
        begin = 0
        for part in self.parts or ():
            if isinstance(part, FileFailure):
                yield part
            elif self.payload is not None:
                yield self.payload.data[begin : begin + part.nbytes], part.left_out
                begin += part.nbytes


class Shipment(Struct, frozen=True):
    """What a worker made of a parcel."""

    result: Outcome
    """The result, in which the segment has the name that the worker gave it."""
    segment: Payload | None
    """The bytes of the segment; None if there is no segment, or it is in the parcel's storage."""
    digest: bytes
    """xxh3-128 of the segment; empty if there is none."""


def open_remote_workplace(
    expected: AnalysisRules,
    open_embedder: Callable[[], Embedder],
    shared: SharedRoot | None,
    rules: ReadRules = RULES,
) -> Workplace:
    """What a worker keeps from parcel to parcel.

    Raises:
        WorkerUnfit: The worker would make other segments than the coordinator, or does not see the folder.
    """
    try:
        embedder = open_embedder()
    except ModelError as error:
        raise WorkerUnfit(str(error)) from error
    different = expected.differences(AnalysisRules.here(embedder.fingerprint))
    if different:
        raise WorkerUnfit(f"{different}; install the same semindex and model there")
    if shared is not None and not shared.is_here():
        raise WorkerUnfit(f"it does not see the folder {shared.path}; leave --shared-disk out")
    root = Path(os.devnull) if shared is None else shared.path
    return Workplace(root, Path(os.devnull), embedder, rules=rules)


def pack(
    work: Work, *, root: Path | None, index_dir: Path, segments_url: str = "", rules: ReadRules = RULES
) -> Parcel:
    """The parcel with the work and the bytes that it needs.

    Args:
        work: What is to be done.
        root: The folder from which files are read and sent; None if workers read them themselves.
        index_dir: The index, which has the segments of a merge.
        segments_url: The storage to which the segment is to be written; empty to send it back.
        rules: By which files are left out.

    Raises:
        BrokenIndex: A segment cannot be read.
    """
    if isinstance(work, Merge):
        paths = [layout.segment_path(index_dir, record.name) for record in work.records]
        return Parcel(work, *_segments(paths), segments_url)
    if root is None:
        return Parcel(work, None, None, segments_url)
    contents = [load_stored(root, wanted.ref, rules=rules) for wanted in work.files]
    parts = tuple(
        each if isinstance(each, FileFailure) else Part(len(each.data), each.left_out) for each in contents
    )
    whole = b"".join(each.data for each in contents if isinstance(each, Stored))
    return Parcel(work, parts, Payload(whole), segments_url)


def _segments(paths: Sequence[Path]) -> tuple[tuple[Part, ...], Payload]:
    """The size of each segment file, and the bytes of all, one after the other."""
    with ExitStack() as opened:
        try:
            files = [opened.enter_context(path.open("rb")) for path in paths]
            sizes = tuple(os.fstat(file.fileno()).st_size for file in files)
            rest = whole = memoryview(bytearray(sum(sizes)))
            for file, size in zip(files, sizes, strict=True):
                rest = rest[file.readinto(rest[:size]) :]
        except OSError as error:
            raise BrokenIndex(f"Cannot read a segment: {error}; check permissions and disk") from error
    return tuple(map(Part, sizes)), Payload(whole)


def open_nothing() -> None:
    """The setup for merges alone, which need no workplace and so no model."""


def process_parcel(place: Workplace | None, parcel: Parcel) -> Shipment:
    """Do a parcel's work on a worker, as :func:`semindex.indexing.batch.do` does; no file stays there.

    Raises:
        WorkerUnfit: The worker has no room for the segment, or cannot write to the storage.
    """
    work = parcel.work
    try:
        # Dask's folder: when a worker is killed, dask removes its files as the next one starts.
        with tempfile.TemporaryDirectory(prefix="semindex-", dir=scratch_folder()) as name:
            folder = Path(name)
            (folder / layout.SEGMENTS).mkdir()
            if isinstance(work, Merge):
                return _shipment(folder, _united(folder, work, parcel), parcel.segments_url)
            assert place is not None, "only merges are done without a workplace"
            outcome = process(replace(place, index_dir=folder), work, read=_reader(work, parcel))
            return _shipment(folder, outcome, parcel.segments_url)
    except (IndexUnwritable, WorkerError, OSError) as error:
        raise WorkerUnfit(f"it cannot write a segment: {error}") from error


def _united(folder: Path, merge: Merge, parcel: Parcel) -> Outcome:
    for record, content in zip(merge.records, parcel.contents(), strict=True):
        assert not isinstance(content, FileFailure)
        layout.segment_path(folder, record.name).write_bytes(content[0])
    merged = merge_segments(folder, merge)
    return replace(merged, fault=merged.fault.replace(f"{folder}{os.sep}", ""))


def _reader(batch: Batch, parcel: Parcel) -> Callable[[FileRef], Stored | FileFailure] | None:
    """Gives the files of a batch from its parcel; None if the worker reads its disk."""
    if parcel.parts is None:
        return None
    stored = dict(zip((wanted.ref.path for wanted in batch.files), parcel.contents(), strict=True))

    def read(ref: FileRef) -> Stored | FileFailure:
        content = stored[ref.path]
        return content if isinstance(content, FileFailure) else Stored(bytes(content[0]), content[1])

    return read


def _shipment(folder: Path, result: Outcome, segments_url: str) -> Shipment:
    """The shipment of a result, whose segment is read from the folder or written to the storage."""
    if result.segment is None:
        return Shipment(result, None, b"")
    path = layout.segment_path(folder, result.segment.name)
    data = path.read_bytes()
    digest = xxhash.xxh3_128_digest(data)
    if not segments_url:
        return Shipment(result, Payload(data), digest)
    open_storage(segments_url).put(path.name, data)
    return Shipment(result, None, digest)


def receive(
    arrivals: Generator[Done[Parcel, Shipment] | Failure[Parcel], None, None],
    *,
    index_dir: Path,
    storage: SegmentStorage | None,
    on_step: StepHook = no_step,
) -> Generator[Done[Work, Outcome] | Failure[Work], None, None]:
    """Add the segments of shipments to the index, as durably as segments that are made here.

    Gives the outcome of each work; a segment that did not arrive whole is a failure. Closing the iterator
    closes ``arrivals``.

    Raises:
        IndexUnwritable: There is no room for a segment here.
    """
    with closing(arrivals):
        for arrival in arrivals:
            work = arrival.item.work
            if isinstance(arrival, Failure):
                yield Failure(work, arrival.reason)
                continue
            result, segment = arrival.result.result, arrival.result.result.segment
            if segment is not None:
                try:
                    data = _content(arrival.result, segment.name, index_dir, storage)
                except OSError as error:
                    yield Failure(work, f"its segment cannot be fetched: {error}")
                    continue
                if len(data) != segment.nbytes or xxhash.xxh3_128_digest(data) != arrival.result.digest:
                    yield Failure(work, "its segment arrived damaged")
                    continue
                # A new name: one that a worker chose could be that of another segment.
                name = layout.new_segment_name()
                path = layout.segment_path(index_dir, name)
                with Replacement(path, on_step=on_step, prefix="segment:") as output:
                    output.write(data)
                result = replace(result, segment=replace(segment, name=name))
            yield Done(work, result)


def _content(
    shipment: Shipment, name: str, index_dir: Path, storage: SegmentStorage | None
) -> bytes | memoryview:
    """The bytes of a segment that was sent, or that lies in the storage, where it is removed."""
    if shipment.segment is not None:
        return shipment.segment.data
    if storage is None:
        raise FileNotFoundError("the worker sent none")
    layout.segment_path(index_dir, name)  # raises if a worker sent a name that no segment has
    data = storage.get(name)
    storage.remove(name)
    return data


def patience(parcel: Parcel, *, reads_text: bool, least_seconds: float) -> float:
    """The seconds after which a worker that is at this parcel is taken to hang."""
    speed = SLOWEST_TEXT_BYTES_PER_SECOND if reads_text else SLOWEST_BYTES_PER_SECOND
    return least_seconds + parcel.nbytes / speed
