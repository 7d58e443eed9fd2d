"""Batches for workers that may not share our disk: files out, a finished segment back, checked and adopted.

What decides about a file (too large, binary, unchanged) is what decides for a worker with a disk, cut in
two: :func:`semindex.source.read.load` runs here, :func:`semindex.source.read.understand` there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import xxhash
from msgspec import structs

from semindex.build.analysis import file_analysis, skip_analysis
from semindex.build.batch import Batch, Bench, Outcome, process
from semindex.build.executors.base import Done, Failure
from semindex.build.storage import Storage, open_storage
from semindex.errors import IndexUnwritable, ModelError, WorkerError, WorkerUnfit
from semindex.parse.wheels import GRAMMARS
from semindex.source.languages import UNKNOWN
from semindex.source.read import load, understand
from semindex.store import layout
from semindex.store.durable import Replacement, StepHook, no_step
from semindex.types import Embedder, FileFailure, FileRef, SourceFile

SLOWEST_BYTES_PER_SECOND = 40_000
"""A worker analyses some 2 MB of source a second and core; a fiftieth of that is taken to hang."""
SLOWEST_TEXT_BYTES_PER_SECOND = 1_000
"""The same where a transformer reads the text, at some 20 kB a second."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What has to be the same in every process of a build, besides the version of semindex."""

    files: tuple[tuple[str, str], ...]
    """Language and by which rules it is analysed."""
    model: str
    """The embedder's fingerprint."""

    @staticmethod
    def here(model: str) -> Analysis:
        """That of this process."""
        rules = {language: file_analysis(language) for language in (UNKNOWN, *GRAMMARS)}
        return Analysis((("", skip_analysis()), *sorted(rules.items())), model)

    def differences(self, mine: Analysis) -> str:
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
    """A batch on its way to a worker."""

    batch: Batch
    contents: tuple[bytes | FileFailure, ...] | None
    """Of each file; None where the worker reads them itself."""
    segments_url: str
    """Where the segment is to be left; empty to send it back."""

    @property
    def nbytes(self) -> int:
        """Of all its files."""
        return sum(wanted.ref.size_bytes for wanted in self.batch.files)


@dataclass(frozen=True, slots=True)
class Shipment:
    """What a worker made of a parcel."""

    outcome: Outcome
    """Its segment bears the name that the worker gave it."""
    segment: bytes | None
    """The segment itself; None when there is none, or it lies at the parcel's URL under its name."""
    digest: bytes
    """xxh3-128 of the segment."""


def open_workplace(
    expected: Analysis, open_embedder: Callable[[], Embedder], shared: SharedRoot | None
) -> Bench:
    """A bench on a worker.

    Raises:
        WorkerUnfit: It would make other segments than the coordinator, or does not see the root.
    """
    try:
        embedder = open_embedder()
    except ModelError as error:
        raise WorkerUnfit(str(error)) from error
    different = expected.differences(Analysis.here(embedder.fingerprint))
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


def pack(root: Path | None, batch: Batch, *, segments_url: str = "") -> Parcel:
    """A parcel with the files' bytes, read below ``root``, or with their paths only when that is None."""
    contents = None if root is None else tuple(load(root, wanted.ref) for wanted in batch.files)
    return Parcel(batch, contents, segments_url)


def process_parcel(bench: Bench, parcel: Parcel) -> Shipment:
    """What :func:`semindex.build.batch.process` does, on a worker; nothing stays there.

    Raises:
        WorkerUnfit: It has no room for the segment, or cannot write to the URL.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="semindex-") as folder:
            bench.index_dir = Path(folder)
            (bench.index_dir / layout.SEGMENTS).mkdir()
            outcome = process(bench, parcel.batch, read=_reader(parcel))
            return _shipment(bench.index_dir, outcome, parcel.segments_url)
    except (IndexUnwritable, WorkerError, OSError) as error:
        raise WorkerUnfit(f"it cannot write a segment: {error}") from error


def _reader(parcel: Parcel) -> Callable[[FileRef], SourceFile | FileFailure] | None:
    if parcel.contents is None:
        return None
    stored = {
        wanted.ref.path: content for wanted, content in zip(parcel.batch.files, parcel.contents, strict=True)
    }

    def read(ref: FileRef) -> SourceFile | FileFailure:
        content = stored[ref.path]
        return content if isinstance(content, FileFailure) else understand(ref, content)

    return read


def _shipment(index_dir: Path, outcome: Outcome, segments_url: str) -> Shipment:
    if outcome.segment is None:
        return Shipment(outcome, None, b"")
    path = layout.segment_path(index_dir, outcome.segment.name)
    data = path.read_bytes()
    digest = xxhash.xxh3_128_digest(data)
    if not segments_url:
        return Shipment(outcome, data, digest)
    open_storage(segments_url).put(path.name, data)
    return Shipment(outcome, None, digest)


class Landing:
    """Takes shipments in: each becomes a segment of the index, as durably as one that was made here."""

    def __init__(self, index_dir: Path, storage: Storage | None, *, on_step: StepHook = no_step) -> None:
        self._index_dir = index_dir
        self._storage = storage
        self._on_step = on_step

    def landed(
        self, arrivals: Generator[Done[Parcel, Shipment] | Failure[Parcel], None, None]
    ) -> Generator[Done[Batch, Outcome] | Failure[Batch], None, None]:
        """Outcomes by batch; what did not arrive whole is a failure. Who leaves early ends the arrivals, too.

        Raises:
            IndexUnwritable: No room here.
        """
        with closing(arrivals):
            for arrival in arrivals:
                batch = arrival.item.batch
                if isinstance(arrival, Failure):
                    yield Failure(batch, arrival.reason)
                    continue
                outcome, reason = self._adopted(arrival.result)
                yield Done(batch, outcome) if outcome is not None else Failure(batch, reason)

    def _adopted(self, shipment: Shipment) -> tuple[Outcome | None, str]:
        outcome = shipment.outcome
        if outcome.segment is None:
            return outcome, ""
        try:
            data = self._content(shipment, outcome.segment.name)
        except OSError as error:
            return None, f"its segment cannot be fetched: {error}"
        if len(data) != outcome.segment.nbytes or xxhash.xxh3_128_digest(data) != shipment.digest:
            return None, "its segment arrived damaged"
        # A name of ours: what a worker calls a file is not believed.
        name = layout.new_segment_name()
        with Replacement(
            layout.segment_path(self._index_dir, name), on_step=self._on_step, prefix="segment:"
        ) as output:
            output.write(data)
        return replace(outcome, segment=structs.replace(outcome.segment, name=name)), ""

    def _content(self, shipment: Shipment, name: str) -> bytes:
        if shipment.segment is not None:
            return shipment.segment
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
