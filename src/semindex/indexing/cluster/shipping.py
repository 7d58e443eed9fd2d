"""Work for others that may not share our disk: files or segments out, a segment back, checked and adopted.

What decides about a file (too large, binary, unchanged) is what decides for a worker with a disk, cut in
two: :func:`semindex.source.read.load_bytes` runs here, :func:`semindex.source.read.source_from_bytes` there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import xxhash
from msgspec import structs

from semindex.errors import BrokenIndex, IndexUnwritable, ModelError, WorkerError, WorkerUnfit
from semindex.indexing.analysis import file_analysis, skip_analysis
from semindex.indexing.batch import Batch, Bench, Result, Work, process
from semindex.indexing.cluster.connection import scratch_folder
from semindex.indexing.cluster.storage import SegmentStorage, open_storage
from semindex.indexing.executors.base import Done, Failure
from semindex.indexing.executors.wire import Payload
from semindex.indexing.merge import Merge, merge_segments
from semindex.parse.wheels import GRAMMARS
from semindex.source.languages import UNKNOWN
from semindex.source.read import load_bytes, source_from_bytes
from semindex.store import layout
from semindex.store.durable import Replacement, StepHook, no_step
from semindex.types import Embedder, FileFailure, FileRef, SourceFile

SLOWEST_BYTES_PER_SECOND = 40_000
"""A worker analyses some 2 MB of source a second and core; a fiftieth of that is taken to hang."""
SLOWEST_TEXT_BYTES_PER_SECOND = 1_000
"""The same where a transformer reads the text, at some 20 kB a second."""


@dataclass(frozen=True, slots=True)
class AnalysisRules:
    """What has to be the same in every process of a build, besides the version of semindex."""

    files: tuple[tuple[str, str], ...]
    """Language and by which rules it is analysed."""
    model: str
    """The embedder's fingerprint."""

    @staticmethod
    def here(model: str) -> AnalysisRules:
        """That of this process."""
        rules = {language: file_analysis(language) for language in (UNKNOWN, *GRAMMARS)}
        return AnalysisRules((("", skip_analysis()), *sorted(rules.items())), model)

    def differences(self, mine: AnalysisRules) -> str:
        """In words, what another process has otherwise; empty when nothing."""
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


@dataclass(frozen=True, slots=True)
class SharedRoot:
    """A root that workers read themselves."""

    path: Path
    inode: int
    """By which they know that it is the same folder."""

    @staticmethod
    def of(path: Path) -> SharedRoot:
        """The root as it is here."""
        return SharedRoot(path, path.stat().st_ino)


@dataclass(frozen=True, slots=True)
class Parcel:
    """Work on its way to a worker."""

    work: Work
    parts: tuple[int | FileFailure, ...] | None
    """Bytes of each file of a batch, or of each segment of a merge; None where workers read the files."""
    load: Payload | None
    """The bytes of all parts, one after the other."""
    segments_url: str
    """Where the segment is to be left; empty to send it back."""

    @property
    def nbytes(self) -> int:
        """Of all that is to be read."""
        if isinstance(self.work, Merge):
            return self.work.nbytes
        return sum(wanted.ref.size_bytes for wanted in self.work.files)

    def contents(self) -> Iterator[memoryview | FileFailure]:
        """Each part, or why there is none."""
        begin = 0
        for part in self.parts or ():
            if isinstance(part, FileFailure):
                yield part
            elif self.load is not None:
                yield self.load.data[begin : begin + part]
                begin += part


@dataclass(frozen=True, slots=True)
class Shipment:
    """What a worker made of a parcel."""

    result: Result
    """Its segment bears the name that the worker gave it."""
    segment: Payload | None
    """The segment itself; None when there is none, or it lies at the parcel's URL under its name."""
    digest: bytes
    """xxh3-128 of the segment."""


def open_workplace(
    expected: AnalysisRules, open_embedder: Callable[[], Embedder], shared: SharedRoot | None
) -> Bench:
    """A bench on a worker.

    Raises:
        WorkerUnfit: It would make other segments than the coordinator, or does not see the root.
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
    return Bench(root, Path(os.devnull), embedder)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Packer:
    """How work is sent out."""

    root: Path | None
    """Below which files are read, to be sent; None where workers read them themselves."""
    index_dir: Path
    segments_url: str = ""

    def pack(self, work: Work) -> Parcel:
        """The work with the bytes that it needs.

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
    """The bytes of each, and all of them."""
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


def process_parcel(bench: Bench, parcel: Parcel) -> Shipment:
    """What :func:`semindex.indexing.batch.do` does, on a worker; nothing stays there.

    Raises:
        WorkerUnfit: It has no room for the segment, or cannot write to the URL.
    """
    work = parcel.work
    if isinstance(work, Merge):
        return unite_parcel(None, parcel)
    with _workshop() as folder:
        bench.index_dir = folder
        return _shipment(folder, process(bench, work, read=_reader(work, parcel)), parcel.segments_url)


def open_nothing() -> None:
    """What :func:`unite_parcel` needs besides its parcel."""


def unite_parcel(bench: None, parcel: Parcel) -> Shipment:
    """The same of a merge, for which no model has to be open.

    Raises:
        WorkerUnfit: As there.
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
    """A folder for segments, for a while.

    Raises:
        WorkerUnfit: The body cannot write to it, or not to the URL.
    """
    try:
        # What a killed worker leaves in dask's folder, dask clears when the next one starts there.
        with tempfile.TemporaryDirectory(prefix="semindex-", dir=scratch_folder()) as folder:
            (Path(folder) / layout.SEGMENTS).mkdir()
            yield Path(folder)
    except (IndexUnwritable, WorkerError, OSError) as error:
        raise WorkerUnfit(f"it cannot write a segment: {error}") from error


def _reader(batch: Batch, parcel: Parcel) -> Callable[[FileRef], SourceFile | FileFailure] | None:
    if parcel.parts is None:
        return None
    stored = dict(zip((wanted.ref.path for wanted in batch.files), parcel.contents(), strict=True))

    def read(ref: FileRef) -> SourceFile | FileFailure:
        content = stored[ref.path]
        return content if isinstance(content, FileFailure) else source_from_bytes(ref, bytes(content))

    return read


def _shipment(folder: Path, result: Result, segments_url: str) -> Shipment:
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
    """Takes shipments in: each becomes a segment of the index, as durably as one that was made here."""

    def __init__(
        self, index_dir: Path, storage: SegmentStorage | None, *, on_step: StepHook = no_step
    ) -> None:
        self._index_dir = index_dir
        self._storage = storage
        self._on_step = on_step

    def receive(
        self, arrivals: Generator[Done[Parcel, Shipment] | Failure[Parcel], None, None]
    ) -> Generator[Done[Work, Result] | Failure[Work], None, None]:
        """Results by work; what did not arrive whole is a failure. Who leaves early ends the arrivals, too.

        Raises:
            IndexUnwritable: No room here.
        """
        with closing(arrivals):
            for arrival in arrivals:
                work = arrival.item.work
                if isinstance(arrival, Failure):
                    yield Failure(work, arrival.reason)
                    continue
                result, reason = self._adopted(arrival.result)
                yield Done(work, result) if result is not None else Failure(work, reason)

    def _adopted(self, shipment: Shipment) -> tuple[Result | None, str]:
        result = shipment.result
        if result.segment is None:
            return result, ""
        try:
            data = self._content(shipment, result.segment.name)
        except OSError as error:
            return None, f"its segment cannot be fetched: {error}"
        if len(data) != result.segment.nbytes or xxhash.xxh3_128_digest(data) != shipment.digest:
            return None, "its segment arrived damaged"
        # A name of ours: what a worker calls a file is not believed.
        name = layout.new_segment_name()
        with Replacement(
            layout.segment_path(self._index_dir, name), on_step=self._on_step, prefix="segment:"
        ) as output:
            output.write(data)
        return replace(result, segment=structs.replace(result.segment, name=name)), ""

    def _content(self, shipment: Shipment, name: str) -> bytes | memoryview:
        if shipment.segment is not None:
            return shipment.segment.data
        if self._storage is None:
            raise FileNotFoundError("the worker sent none")
        layout.segment_path(self._index_dir, name)  # refuses what is no segment's name
        data = self._storage.get(name)
        self._storage.remove(name)
        return data


def patience(parcel: Parcel, *, reads_text: bool, least_seconds: float) -> float:
    """Seconds after which a worker is taken to hang that has this parcel."""
    speed = SLOWEST_TEXT_BYTES_PER_SECOND if reads_text else SLOWEST_BYTES_PER_SECOND
    return least_seconds + parcel.nbytes / speed
