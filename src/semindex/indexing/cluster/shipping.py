"""Work for workers that may not share the disk: files or segments are sent out, and a segment comes back.

The coordinator packs work into a :class:`Parcel` (:class:`Packer`), a worker makes a :class:`Shipment` of it
(:func:`process_parcel`), and the coordinator adds its segment to the index (:class:`Receiver`). A file is too
large, binary or unchanged by the same rules as for a worker that reads the disk: :func:`load_bytes` runs
here, :func:`source_from_bytes` there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import xxhash
from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import BrokenIndex, IndexUnwritable, ModelError, WorkerError, WorkerUnfit
from semindex.indexing.analysis import file_analysis, skip_analysis
from semindex.indexing.batch import Batch, Result, Work, process
from semindex.indexing.cluster.connection import scratch_folder
from semindex.indexing.cluster.storage import SegmentStorage, open_storage
from semindex.indexing.executors.base import Done, Failure
from semindex.indexing.executors.wire import Payload
from semindex.indexing.merge import Merge, merge_segments
from semindex.indexing.workplace import Workplace
from semindex.parse.wheels import GRAMMARS
from semindex.source.languages import UNKNOWN
from semindex.source.read import load_bytes, source_from_bytes
from semindex.store import layout
from semindex.store.durable import Replacement, StepHook, no_step
from semindex.types import Embedder, FileFailure, FileRef, SourceFile

SLOWEST_BYTES_PER_SECOND = 40_000
"""A worker slower than this is taken to hang: a fiftieth of the usual 2 MB of source a second and core."""
SLOWEST_TEXT_BYTES_PER_SECOND = 1_000
"""The same if a transformer reads the text, whose usual speed is 20 kB a second."""


class AnalysisRules(Struct, frozen=True):
    """What has to be equal in every process of a build, besides the version of semindex."""

    files: tuple[tuple[str, str], ...]
    """Each language and the version of the rules by which its files are analysed."""
    model: str
    """The embedder's fingerprint."""

    @staticmethod
    def here(model: str) -> AnalysisRules:
        """The rules of this process; ``model`` is the fingerprint of its embedder."""
        rules = {language: file_analysis(language) for language in (UNKNOWN, *GRAMMARS)}
        return AnalysisRules((("", skip_analysis()), *sorted(rules.items())), model)

    def differences(self, mine: AnalysisRules) -> str:
        """What another process (``mine``) has different from these, in words; empty if nothing."""
        known = dict(mine.files)
        other = [
            f"{language or 'files'}: {known.get(language, 'none')}, not {rules}"
            for language, rules in self.files
            if known.get(language) != rules
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


class Parcel(Struct, frozen=True):
    """Work as it is sent to a worker."""

    work: Work
    parts: tuple[int | FileFailure, ...] | None
    """The size of each file of a batch, or why it cannot be read; or the size of each segment of a merge.
    None if workers read the files themselves."""
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

    def contents(self) -> Iterator[memoryview | FileFailure]:
        """The bytes of each part, or why it has none."""
        begin = 0
        for part in self.parts or ():
            if isinstance(part, FileFailure):
                yield part
            elif self.payload is not None:
                yield self.payload.data[begin : begin + part]
                begin += part


class Shipment(Struct, frozen=True):
    """What a worker made of a parcel."""

    result: Result
    """The result, in which the segment has the name that the worker gave it."""
    segment: Payload | None
    """The bytes of the segment; None if there is no segment, or it is in the parcel's storage."""
    digest: bytes
    """xxh3-128 of the segment; empty if there is none."""


def open_remote_workplace(
    expected: AnalysisRules, open_embedder: Callable[[], Embedder], shared: SharedRoot | None
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
    if shared is not None and _inode(shared.path) != shared.inode:
        raise WorkerUnfit(f"it does not see the folder {shared.path}; leave --shared-disk out")
    root = Path(os.devnull) if shared is None else shared.path
    return Workplace(root, Path(os.devnull), embedder)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


class Packer(Struct, frozen=True):
    """Packs work into parcels."""

    root: Path | None
    """The folder from which files are read and sent; None if workers read them themselves."""
    index_dir: Path
    segments_url: str = ""

    def pack(self, work: Work) -> Parcel:
        """The parcel with the work and the bytes that it needs.

        Raises:
            BrokenIndex: A segment cannot be read.
        """
        if isinstance(work, Merge):
            paths = [layout.segment_path(self.index_dir, record.name) for record in work.records]
            return Parcel(work, *_segments(paths), self.segments_url)
        if self.root is None:
            return Parcel(work, None, None, self.segments_url)
        contents = [load_bytes(self.root, wanted.ref) for wanted in work.files]
        parts = tuple(each if isinstance(each, FileFailure) else len(each) for each in contents)
        whole = b"".join(each for each in contents if isinstance(each, bytes))
        return Parcel(work, parts, Payload(whole), self.segments_url)


def _segments(paths: Sequence[Path]) -> tuple[tuple[int, ...], Payload]:
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
    return sizes, Payload(whole)


def process_parcel(place: Workplace, parcel: Parcel) -> Shipment:
    """Do a parcel's work on a worker, as :func:`semindex.indexing.batch.do` does; no file stays there.

    Raises:
        WorkerUnfit: The worker has no room for the segment, or cannot write to the storage.
    """
    work = parcel.work
    if isinstance(work, Merge):
        return unite_parcel(None, parcel)
    with _workshop() as folder:
        outcome = process(replace(place, index_dir=folder), work, read=_reader(work, parcel))
        return _shipment(folder, outcome, parcel.segments_url)


def open_nothing() -> None:
    """The setup for :func:`unite_parcel`, which needs nothing besides its parcel."""


def unite_parcel(place: None, parcel: Parcel) -> Shipment:
    """Do the merge of a parcel on a worker, for which no model has to be open.

    Raises:
        WorkerUnfit: The worker has no room for the segment, or cannot write to the storage.
    """
    assert isinstance(parcel.work, Merge)
    with _workshop() as folder:
        for record, content in zip(parcel.work.records, parcel.contents(), strict=True):
            assert isinstance(content, memoryview)
            layout.segment_path(folder, record.name).write_bytes(content)
        merged = merge_segments(folder, parcel.work)
        return _shipment(
            folder, replace(merged, fault=merged.fault.replace(f"{folder}{os.sep}", "")), parcel.segments_url
        )


@contextmanager
def _workshop() -> Iterator[Path]:
    """A temporary folder for segments, removed at the end of the body.

    Raises:
        WorkerUnfit: The body cannot write to the folder or to the storage.
    """
    try:
        # Dask's folder: when a worker is killed, dask removes its files as the next one starts.
        with tempfile.TemporaryDirectory(prefix="semindex-", dir=scratch_folder()) as folder:
            (Path(folder) / layout.SEGMENTS).mkdir()
            yield Path(folder)
    except (IndexUnwritable, WorkerError, OSError) as error:
        raise WorkerUnfit(f"it cannot write a segment: {error}") from error


def _reader(batch: Batch, parcel: Parcel) -> Callable[[FileRef], SourceFile | FileFailure] | None:
    """Gives the files of a batch from its parcel; None if the worker reads its disk."""
    if parcel.parts is None:
        return None
    stored = dict(zip((wanted.ref.path for wanted in batch.files), parcel.contents(), strict=True))

    def read(ref: FileRef) -> SourceFile | FileFailure:
        content = stored[ref.path]
        return content if isinstance(content, FileFailure) else source_from_bytes(ref, bytes(content))

    return read


def _shipment(folder: Path, result: Result, segments_url: str) -> Shipment:
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


class Receiver:
    """Adds the segments of shipments to the index, as durably as segments that are made here."""

    def __init__(
        self, index_dir: Path, storage: SegmentStorage | None, *, on_step: StepHook = no_step
    ) -> None:
        self._index_dir = index_dir
        self._storage = storage
        self._on_step = on_step

    def receive(
        self, arrivals: Generator[Done[Parcel, Shipment] | Failure[Parcel], None, None]
    ) -> Generator[Done[Work, Result] | Failure[Work], None, None]:
        """The outcome of each work; a segment that did not arrive whole is a failure.

        Closing the iterator closes ``arrivals``.

        Raises:
            IndexUnwritable: There is no room for a segment here.
        """
        with closing(arrivals):
            for arrival in arrivals:
                work = arrival.item.work
                if isinstance(arrival, Failure):
                    yield Failure(work, arrival.reason)
                    continue
                result, reason = self._adopt(arrival.result)
                yield Done(work, result) if result is not None else Failure(work, reason)

    def _adopt(self, shipment: Shipment) -> tuple[Result | None, str]:
        """The result with its segment in the index under a new name; or None and why there is none."""
        result = shipment.result
        if result.segment is None:
            return result, ""
        try:
            data = self._content(shipment, result.segment.name)
        except OSError as error:
            return None, f"its segment cannot be fetched: {error}"
        if len(data) != result.segment.nbytes or xxhash.xxh3_128_digest(data) != shipment.digest:
            return None, "its segment arrived damaged"
        # A new name: one that a worker chose could be that of another segment.
        name = layout.new_segment_name()
        with Replacement(
            layout.segment_path(self._index_dir, name), on_step=self._on_step, prefix="segment:"
        ) as output:
            output.write(data)
        return replace(result, segment=replace(result.segment, name=name)), ""

    def _content(self, shipment: Shipment, name: str) -> bytes | memoryview:
        if shipment.segment is not None:
            return shipment.segment.data
        if self._storage is None:
            raise FileNotFoundError("the worker sent none")
        layout.segment_path(self._index_dir, name)  # raises if a worker sent a name that no segment has
        data = self._storage.get(name)
        self._storage.remove(name)
        return data


def patience(parcel: Parcel, *, reads_text: bool, least_seconds: float) -> float:
    """The seconds after which a worker that is at this parcel is taken to hang."""
    speed = SLOWEST_TEXT_BYTES_PER_SECOND if reads_text else SLOWEST_BYTES_PER_SECOND
    return least_seconds + parcel.nbytes / speed
