"""The head of a segment file: which sections it has and where; nothing it claims is believed unchecked.

::

    preamble    64 bytes, the same in every format: magic, format version, sizes, checksums
    directory   of each section: name, dtype, shape, offset, size; padded to 64 bytes
    sections    little-endian, each at a multiple of 64, padded with zeros, one after the other
    checksums   xxh3-64 of each 1 MiB of each section (its padding included), in directory order

Every bit stands under a checksum: those of preamble and directory are compared at open, the others
when somebody asks. Everything is checked against the file's size before the file is mapped.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import xxhash
from msgspec import Struct

from semindex.errors import IndexCorrupt, IndexTooNew

FORMAT_VERSION = 2
"""2: postings tell their lengths themselves, counts of 1 take no byte, references are not kept."""
ALIGNMENT = 64
BLOCK_BYTES = 1 << 20
"""Bytes under one checksum."""
DTYPES = frozenset(f"<{kind}{size}" for kind in "uif" for size in (2, 4, 8)) | {"|u1", "|i1"}
"""What a section may hold, as numpy spells it."""

_MAGIC = b"semindex"
_PREAMBLE = struct.Struct("<8sIIQQQQQQ")
PREAMBLE_BYTES = _PREAMBLE.size
_COUNT = struct.Struct("<I")
_ENTRY = struct.Struct("<H8sB5xQQ")
"""Length of the name, dtype, dimensions, offset, size in bytes; shape (u64 each) and name follow."""
_MAX_NAME_BYTES = 255
_MAX_DIMENSIONS = 8
_MAX_EXTENT = 1 << 48


class Preamble(Struct, frozen=True):
    """The first 64 bytes; a checksum of the first 56 ends them."""

    block_bytes: int
    header_bytes: int
    """Preamble and directory; where the first section begins."""
    table_offset: int
    """Where the checksums begin: the end of the last section."""
    file_bytes: int
    directory_checksum: int
    table_checksum: int


class Entry(Struct, frozen=True):
    """A section, as the directory tells it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    nbytes: int

    @property
    def end(self) -> int:
        """Where the section ends, its padding included."""
        return self.offset + aligned(self.nbytes)


def aligned(nbytes: int) -> int:
    """``nbytes`` rounded up to the alignment."""
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


def blocks(entry: Entry, block_bytes: int) -> list[tuple[int, int]]:
    """The offsets (begin, end) of what stands under one checksum each."""
    return list(pairwise([*range(entry.offset, entry.end, block_bytes), entry.end]))


def pack_directory(entries: Iterable[Entry]) -> bytes:
    """The directory; its size depends on names and numbers of dimensions only.

    Raises:
        ValueError: A name that is empty or too long, or too many dimensions.
    """
    packed = [_pack_entry(entry) for entry in entries]
    joined = _COUNT.pack(len(packed)) + b"".join(packed)
    return joined.ljust(aligned(len(joined)), b"\0")


def _pack_entry(entry: Entry) -> bytes:
    name = entry.name.encode()
    dimensions = len(entry.shape)
    if not 0 < len(name) <= _MAX_NAME_BYTES or dimensions > _MAX_DIMENSIONS:
        raise ValueError(f"a segment cannot hold a section {entry.name!r} of shape {entry.shape}")
    head = _ENTRY.pack(len(name), entry.dtype.encode(), dimensions, entry.offset, entry.nbytes)
    return head + struct.pack(f"<{dimensions}Q", *(max(extent, 0) for extent in entry.shape)) + name


def pack_header(entries: Iterable[Entry], table: bytes, table_offset: int) -> bytes:
    """Preamble and directory of a file whose checksums are ``table``."""
    directory = pack_directory(entries)
    fields = (
        _MAGIC,
        FORMAT_VERSION,
        BLOCK_BYTES,
        PREAMBLE_BYTES + len(directory),
        table_offset,
        table_offset + len(table),
        xxhash.xxh3_64_intdigest(directory),
        xxhash.xxh3_64_intdigest(table),
    )
    unsigned = _PREAMBLE.pack(*fields, 0)
    return _PREAMBLE.pack(*fields, xxhash.xxh3_64_intdigest(unsigned[:-8])) + directory


def corrupt(path: Path, what: str) -> IndexCorrupt:
    """The error for a damaged segment, ready to be raised."""
    return IndexCorrupt(f"{path} is damaged ({what}); run 'semindex index' to rebuild it")


def check_preamble(path: Path, start: bytes, file_bytes: int) -> Preamble:
    """Read the first bytes of a file of ``file_bytes``.

    Raises:
        IndexCorrupt: Not a segment, or not of the size it should have.
        IndexTooNew: Of a newer format.
    """
    if len(start) < PREAMBLE_BYTES:
        raise corrupt(path, f"truncated to {len(start)} bytes")
    magic, version, block_bytes, *places, directory, table, checksum = _PREAMBLE.unpack(start)
    if magic != _MAGIC:
        raise corrupt(path, "not a segment")
    if checksum != xxhash.xxh3_64_intdigest(start[:-8]):
        raise corrupt(path, "its first bytes do not match their checksum")
    if version > FORMAT_VERSION:
        raise IndexTooNew(f"{path} was written by a newer semindex (format {version}); upgrade semindex")
    if version < FORMAT_VERSION:
        raise IndexCorrupt(
            f"{path} was written by an older semindex (format {version}); run 'semindex index' to index again"
        )
    header_bytes, table_offset, expected_bytes = places
    if file_bytes != expected_bytes:
        raise corrupt(path, f"{file_bytes} bytes instead of {expected_bytes}")
    if not PREAMBLE_BYTES <= header_bytes <= table_offset <= file_bytes or not block_bytes:
        raise corrupt(path, "its parts do not fit")
    return Preamble(block_bytes, header_bytes, table_offset, file_bytes, directory, table)


def check_directory(path: Path, directory: bytes, preamble: Preamble) -> list[Entry]:
    """Read the directory: every section begins where the one before it ends, and they fill the file.

    Raises:
        IndexCorrupt: They do not, or the directory is damaged.
    """
    if xxhash.xxh3_64_intdigest(directory) != preamble.directory_checksum:
        raise corrupt(path, "its directory does not match its checksum")
    try:
        entries = list(_unpack_directory(directory))
    except (struct.error, UnicodeDecodeError) as error:
        raise corrupt(path, "its directory cannot be read") from error
    _check_layout(path, entries, preamble)
    return entries


def _check_layout(path: Path, entries: Sequence[Entry], preamble: Preamble) -> None:
    offset = preamble.header_bytes
    for entry in entries:
        if entry.offset != offset or not _size_fits(entry):
            raise corrupt(path, f"section {entry.name!r} does not fit")
        offset = entry.end
    checksums = sum(-(-aligned(entry.nbytes) // preamble.block_bytes) for entry in entries)
    if offset != preamble.table_offset or offset + 8 * checksums != preamble.file_bytes:
        raise corrupt(path, "its sections do not fill it")


def _unpack_directory(directory: bytes) -> Iterator[Entry]:
    (count,) = _COUNT.unpack_from(directory)
    at = _COUNT.size
    for _ in range(count):
        name_bytes, dtype, dimensions, offset, nbytes = _ENTRY.unpack_from(directory, at)
        at += _ENTRY.size
        *shape, name = struct.unpack_from(f"<{dimensions}Q{name_bytes}s", directory, at)
        at += 8 * dimensions + name_bytes
        yield Entry(name.decode(), dtype.rstrip(b"\0").decode("ascii"), tuple(shape), offset, nbytes)


def _size_fits(entry: Entry) -> bool:
    """Whether size, shape and dtype agree; of a dtype unknown here nothing can be said."""
    if entry.dtype not in DTYPES:
        return True
    if len(entry.shape) > _MAX_DIMENSIONS or any(extent >= _MAX_EXTENT for extent in entry.shape):
        return False
    return entry.nbytes == math.prod(entry.shape) * np.dtype(entry.dtype).itemsize
