"""Writes and reads segments: files of named arrays (sections), written once, then mapped and never edited.

Example: ``write_segment(path, {"a": np.array([1, 2, 3], np.uint32)})`` writes 200 bytes, whose layout
``header.py`` shows, and ``Segment.open(path).section("a")`` is that array, mapped at offset 128 of the file.

Readers ignore sections that they do not know, and a section whose layout changes takes a new name, so that a
new feature adds sections and the format stays.
"""

from __future__ import annotations

import errno
import mmap
from collections.abc import Iterable, Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash
from msgspec import Struct

from semindex.errors import BrokenIndex, IndexCorrupt, IndexTooNew
from semindex.source.regular import RegularFileError, open_regular
from semindex.store.codec import Bytes
from semindex.store.durable import Replacement, StepHook, explain, no_step
from semindex.store.header import (
    ALIGNMENT,
    BLOCK_BYTES,
    DTYPES,
    PREAMBLE_BYTES,
    Preamble,
    SectionEntry,
    aligned,
    blocks,
    check_directory,
    check_preamble,
    corrupt,
    pack_directory,
    pack_header,
)

Array = npt.NDArray[Any]
"""An array of any dtype that a segment can hold."""
_RELEASE_BYTES = 32 << 20
"""How much :meth:`Segment.verify` reads before it lets the pages go."""


class SegmentMissing(IndexCorrupt):
    """The file does not exist: it was lost, or a merge removed it and the next generation has others."""


class SectionStream(Struct, frozen=True):
    """A section to be written, given in blocks, so that it need not fit in memory."""

    dtype: npt.DTypeLike
    shape: tuple[int, ...]
    """The first extent may be -1, which stands for the number of rows of all blocks."""
    blocks: Iterable[Array]
    """Arrays of this dtype and of shape ``(any, *shape[1:])``, taken once, in order."""


def write_segment(
    path: Path, sections: Mapping[str, Array | SectionStream], *, on_step: StepHook = no_step
) -> int:
    """Write a segment whole or not at all, in place of any that had its path; gives its size in bytes.

    Args:
        path: Where to write.
        sections: By name, written in this order; the blocks of streams are taken as they are written.
        on_step: Called with ``segment:created``, then ``segment:section`` after each section, then
            ``segment:written``, ``segment:synced``, ``segment:renamed`` and ``segment:durable``.

    Raises:
        IndexUnwritable: There is no room or no permission; nothing is left behind.
        ValueError: A segment cannot hold a name, a dtype or a block.
    """
    streams = {name: _as_stream(value) for name, value in sections.items()}
    plan = [SectionEntry(name, _dtype(s).str, s.shape, 0, 0) for name, s in streams.items()]
    header_bytes = PREAMBLE_BYTES + len(pack_directory(plan))
    entries: list[SectionEntry] = []
    checksums: list[int] = []
    with Replacement(path, on_step=on_step, prefix="segment:") as output:
        # The header is written last, over these zeros, since it holds the checksums.
        output.write(bytes(header_bytes))
        offset = header_bytes
        for planned, stream in zip(plan, streams.values(), strict=True):
            sink = _SectionWriter(output)
            rows = sum(sink.add(block) for block in _check_blocks(planned, stream))
            shape = _final_shape(planned, rows)
            entries.append(SectionEntry(planned.name, planned.dtype, shape, offset, sink.nbytes))
            checksums += sink.finish()
            offset = entries[-1].end
            on_step("segment:section")
        table = np.array(checksums, dtype="<u8").tobytes()
        output.write(table)
        output.rewrite_start(pack_header(entries, table, offset))
    return offset + len(table)


def _as_stream(value: Array | SectionStream) -> SectionStream:
    if isinstance(value, SectionStream):
        return value
    return SectionStream(value.dtype, value.shape, (value.reshape(1) if value.ndim == 0 else value,))


def _dtype(stream: SectionStream) -> np.dtype[Any]:
    dtype = np.dtype(stream.dtype).newbyteorder("<")
    if dtype.str not in DTYPES:
        raise ValueError(f"a segment holds no arrays of {dtype}")
    return dtype


def _check_blocks(planned: SectionEntry, stream: SectionStream) -> Iterator[Array]:
    for block in stream.blocks:
        if block.dtype.newbyteorder("<").str != planned.dtype or block.shape[1:] != planned.shape[1:]:
            raise ValueError(f"section {planned.name!r}: a block of {block.dtype} {block.shape} in {planned}")
        yield block


def _final_shape(planned: SectionEntry, rows: int) -> tuple[int, ...]:
    if not planned.shape:
        return ()
    if planned.shape[0] not in (-1, rows):
        raise ValueError(f"section {planned.name!r}: {rows} rows for a shape of {planned.shape}")
    return (rows, *planned.shape[1:])


class _SectionWriter:
    """Writes a section's bytes and computes the checksum of each ``BLOCK_BYTES`` of them."""

    def __init__(self, output: Replacement) -> None:
        self.nbytes = 0
        self._output = output
        self._hash = xxhash.xxh3_64()
        self._checksums: list[int] = []

    def add(self, block: Array) -> int:
        """Write a block, of which at most about 1 MiB is copied at a time; gives its number of rows."""
        little = block.dtype.newbyteorder("<")
        # A block may lie in memory in another order or byte order: it is copied step by step, not whole.
        step = max(1, BLOCK_BYTES * len(block) // max(1, block.nbytes))
        for start in range(0, len(block), step):
            piece = np.ascontiguousarray(block[start : start + step], dtype=little)
            self._write(piece.reshape(-1).view(np.uint8))
        return len(block)

    def finish(self) -> list[int]:
        """Fill the section up with zeros; gives its checksums."""
        self._write(np.zeros(aligned(self.nbytes) - self.nbytes, dtype=np.uint8))
        if self.nbytes % BLOCK_BYTES:
            self._checksums.append(self._hash.intdigest())
        return self._checksums

    def _write(self, data: Bytes) -> None:
        # Cut the data where a checksum ends, so that each covers BLOCK_BYTES of the section.
        while len(data):
            part = data[: BLOCK_BYTES - self.nbytes % BLOCK_BYTES]
            self._output.write(part.data)
            self._hash.update(part.data)
            self.nbytes += len(part)
            if self.nbytes % BLOCK_BYTES == 0:
                self._checksums.append(self._hash.intdigest())
                self._hash.reset()
            data = data[len(part) :]


class Segment:
    """A segment open for reading, made by :meth:`open`; threads may share it."""

    def __init__(self, path: Path, data: Bytes, preamble: Preamble, mapping: mmap.mmap | None = None) -> None:
        """Take a file's ``data``, read-only, of the size in ``preamble``; ``mapping`` holds its memory."""
        self._mapping = mapping
        directory = data[PREAMBLE_BYTES : preamble.header_bytes].tobytes()
        entries = check_directory(path, directory, preamble)
        self.path = path
        self.nbytes = preamble.file_bytes
        """Size of the file."""
        self._preamble = preamble
        self._entries = {entry.name: entry for entry in entries}
        self._data: Bytes | None = data
        self._views: dict[str, Array] = {}

    @classmethod
    def open(cls, path: Path, *, mapped: bool = True) -> Segment:
        """Open a segment; ``mapped=False`` reads it into memory instead of mapping it.

        A mapped segment holds one file descriptor, and on POSIX stays readable when the file is removed.

        Raises:
            SegmentMissing: There is no such file.
            IndexCorrupt: The file has another size or another head than a segment written here.
            IndexTooNew: A newer semindex wrote it.
            BrokenIndex: The system does not let it be read.
        """
        try:
            descriptor, status = open_regular(path)
            with FileIO(descriptor) as file:
                size = status.st_size
                preamble = check_preamble(path, file.read(PREAMBLE_BYTES), size)
                # The map keeps a descriptor of its own, and lives as long as any array over its memory.
                mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if mapped else None
                data = _read_whole(path, file, size) if mapping is None else np.frombuffer(mapping, np.uint8)
        except RegularFileError as error:
            raise corrupt(path, f"it is {error}") from error
        except FileNotFoundError as error:
            raise SegmentMissing(f"{path} is missing; run 'semindex index' to rebuild it") from error
        except OSError as error:
            advice = "raise 'ulimit -n'" if error.errno == errno.EMFILE else "check permissions and disk"
            raise BrokenIndex(f"Cannot read {path}: {explain(error)}; {advice}") from error
        return cls(path, data, preamble, mapping)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sections, in the order in which they were written."""
        return tuple(self._entries)

    def has(self, name: str) -> bool:
        """Whether the segment has a section of this name."""
        return name in self._entries

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a section.

        Raises:
            IndexCorrupt: There is no such section.
        """
        return self._entry(name).shape

    def dtype(self, name: str) -> str:
        """The dtype of a section, as ``<u4``; raises as :meth:`shape`."""
        return self._entry(name).dtype

    def section(self, name: str) -> Array:
        """A section as a read-only array over the mapped file; pages are read when they are used.

        Raises:
            IndexCorrupt: There is no such section.
            IndexTooNew: Only a later semindex knows its dtype.
        """
        view = self._views.get(name)
        if view is None:
            view = self._views[name] = self._view(name)
        return view

    def _view(self, name: str) -> Array:
        entry = self._entry(name)
        if entry.dtype not in DTYPES:
            raise IndexTooNew(f"{self.path}: section {name!r} needs a newer semindex; upgrade semindex")
        return np.ndarray(entry.shape, np.dtype(entry.dtype), self._whole(), entry.offset)

    def _entry(self, name: str) -> SectionEntry:
        entry = self._entries.get(name)
        if entry is None:
            raise IndexCorrupt(f"{self.path} has no section {name!r}; run 'semindex index' to rebuild it")
        return entry

    def verify(self) -> list[str]:
        """Read the whole file and compare checksums; gives a sentence for each damaged part."""
        data = self._whole()
        table = data[self._preamble.table_offset :]
        if xxhash.xxh3_64_intdigest(table.data) != self._preamble.table_checksum:
            return [f"{self.path}: the checksums at offset {self._preamble.table_offset} are damaged"]
        checksums = iter(np.frombuffer(table, dtype="<u8").tolist())
        faults: list[str] = []
        released = 0
        for entry in self._entries.values():
            for begin, end in blocks(entry, self._preamble.block_bytes):
                if xxhash.xxh3_64_intdigest(data[begin:end].data) != next(checksums):
                    faults.append(
                        f"{self.path}: section {entry.name!r} is damaged between offsets {begin} and {end}"
                    )
                if end - released >= _RELEASE_BYTES:
                    self.release()
                    released = end
        self.release()
        return faults

    def release(self) -> None:
        """Let the mapped pages go, so that they do not count as this process's memory.

        They stay in the system's cache and come back when they are used. On a system that cannot do it, or if
        the file was read instead of mapped, nothing happens.
        """
        if self._mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._mapping.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Drop the map; arrays of sections that others still hold stay valid and keep it in memory."""
        self._data = None
        self._views = {}
        self._mapping = None

    def _whole(self) -> Bytes:
        if self._data is None:
            raise ValueError(f"segment {self.path} is closed")
        return self._data


def _read_whole(path: Path, file: FileIO, size: int) -> Bytes:
    """The file's bytes in memory, at an aligned address."""
    spare = np.empty(size + ALIGNMENT, dtype=np.uint8)
    begin = -spare.ctypes.data % ALIGNMENT
    data = spare[begin : begin + size]
    rest = data.data
    file.seek(0)
    while len(rest):
        count = file.readinto(rest)
        if not count:
            raise corrupt(path, "it shrank while it was read")
        rest = rest[count:]
    data.flags.writeable = False
    return data
