"""Packs and checks the head of a segment file, which says what sections the file has and where.

A file has four parts; the bytes are those of a file with one section "a", the uint32 array (1, 2, 3)::

    0 to 64       preamble    the same in every format: magic, format version, sizes, checksums
    64 to 128     directory   for each section its name, dtype, shape (3,), offset 128 and size 12
    128 to 192    sections    little-endian, one after the other; zeros fill each up to a multiple of 64
    192 to 200    checksums   xxh3-64 of each 1 MiB of each section with its zeros: 8 bytes here

Zeros fill the directory too. Every bit is covered by a checksum: those of preamble and directory are compared
when the file is opened, those of sections by ``Segment.verify``. What the head says is checked against itself
and the file's size before a section is read, so a damaged file cannot make a reader leave its bounds.
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
"""2: lists of postings hold no lengths, counts of 1 take no byte, uses of identifiers are not stored."""
ALIGNMENT = 64
BLOCK_BYTES = 1 << 20
"""Bytes that one checksum covers."""
DTYPES = frozenset(f"<{kind}{size}" for kind in "uif" for size in (2, 4, 8)) | {"|u1", "|i1"}
"""The dtypes that a section may have, as numpy spells them."""

_MAGIC = b"semindex"
_PREAMBLE = struct.Struct("<8sIIQQQQQQ")
PREAMBLE_BYTES = _PREAMBLE.size
_COUNT = struct.Struct("<I")
_ENTRY = struct.Struct("<H8sB5xQQ")
"""Length of the name, dtype, number of dimensions, offset, size in bytes; the shape, 8 bytes each, and the
name follow."""
_MAX_NAME_BYTES = 255
_MAX_DIMENSIONS = 8
_MAX_EXTENT = 1 << 48


class Preamble(Struct, frozen=True):
    """What the first 64 bytes say; their last 8 are a checksum of the others."""

    block_bytes: int
    header_bytes: int
    """Size of preamble and directory; the first section begins there."""
    table_offset: int
    """Where the checksums begin, which is where the last section ends."""
    file_bytes: int
    directory_checksum: int
    table_checksum: int


class SectionEntry(Struct, frozen=True):
    """What the directory says about a section."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    nbytes: int

    @property
    def end(self) -> int:
        """Where the section ends, with the zeros that fill it."""
        return self.offset + aligned(self.nbytes)


def aligned(nbytes: int) -> int:
    """``nbytes`` rounded up to a multiple of :data:`ALIGNMENT`."""
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


def blocks(entry: SectionEntry, block_bytes: int) -> list[tuple[int, int]]:
    """The offsets (begin, end) of the parts of a section that one checksum covers each."""
    return list(pairwise([*range(entry.offset, entry.end, block_bytes), entry.end]))


def pack_directory(entries: Iterable[SectionEntry]) -> bytes:
    """The bytes of a directory; their number depends on the names and numbers of dimensions only.

    Raises:
        ValueError: A name is empty or too long, or a section has too many dimensions.
    """
    packed = [_pack_entry(entry) for entry in entries]
    directory = _COUNT.pack(len(packed)) + b"".join(packed)
    return directory.ljust(aligned(len(directory)), b"\0")


def _pack_entry(entry: SectionEntry) -> bytes:
    name = entry.name.encode()
    dimensions = len(entry.shape)
    if not 0 < len(name) <= _MAX_NAME_BYTES or dimensions > _MAX_DIMENSIONS:
        raise ValueError(f"a segment cannot hold a section {entry.name!r} of shape {entry.shape}")
    head = _ENTRY.pack(len(name), entry.dtype.encode(), dimensions, entry.offset, entry.nbytes)
    return head + struct.pack(f"<{dimensions}Q", *(max(extent, 0) for extent in entry.shape)) + name


def pack_header(entries: Iterable[SectionEntry], table: bytes, table_offset: int) -> bytes:
    """The bytes of preamble and directory of a file whose checksums are ``table``."""
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
    # The checksum covers all bytes of the preamble but its own eight, which come last.
    unsigned = _PREAMBLE.pack(*fields, 0)
    return _PREAMBLE.pack(*fields, xxhash.xxh3_64_intdigest(unsigned[:-8])) + directory


def corrupt(path: Path, what: str) -> IndexCorrupt:
    """The error to raise for a damaged segment; ``what`` says what is wrong."""
    return IndexCorrupt(f"{path} is damaged ({what}); run 'semindex index' to rebuild it")


def check_preamble(path: Path, start: bytes, file_bytes: int) -> Preamble:
    """What the first bytes of a file of ``file_bytes`` bytes say.

    Raises:
        IndexCorrupt: The file is no segment, is of an older format, or has another size than it says.
        IndexTooNew: The file is of a newer format.
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


def check_directory(path: Path, directory: bytes, preamble: Preamble) -> list[SectionEntry]:
    """The sections of a file, each of which begins where the one before it ends.

    Raises:
        IndexCorrupt: The directory is damaged, or its sections do not fill the file.
    """
    if xxhash.xxh3_64_intdigest(directory) != preamble.directory_checksum:
        raise corrupt(path, "its directory does not match its checksum")
    try:
        entries = list(_unpack_directory(directory))
    except (struct.error, UnicodeDecodeError) as error:
        raise corrupt(path, "its directory cannot be read") from error
    _check_layout(path, entries, preamble)
    return entries


def _check_layout(path: Path, entries: Sequence[SectionEntry], preamble: Preamble) -> None:
    # Sections without gaps cannot overlap or lie outside of the file, whatever the directory says.
    offset = preamble.header_bytes
    for entry in entries:
        if entry.offset != offset or not _size_fits(entry):
            raise corrupt(path, f"section {entry.name!r} does not fit")
        offset = entry.end
    checksums = sum(-(-aligned(entry.nbytes) // preamble.block_bytes) for entry in entries)
    if offset != preamble.table_offset or offset + 8 * checksums != preamble.file_bytes:
        raise corrupt(path, "its sections do not fill it")


def _unpack_directory(directory: bytes) -> Iterator[SectionEntry]:
    (count,) = _COUNT.unpack_from(directory)
    at = _COUNT.size
    for _ in range(count):
        name_bytes, dtype, dimensions, offset, nbytes = _ENTRY.unpack_from(directory, at)
        at += _ENTRY.size
        *shape, name = struct.unpack_from(f"<{dimensions}Q{name_bytes}s", directory, at)
        at += 8 * dimensions + name_bytes
        yield SectionEntry(name.decode(), dtype.rstrip(b"\0").decode("ascii"), tuple(shape), offset, nbytes)


def _size_fits(entry: SectionEntry) -> bool:
    """Whether size, shape and dtype agree; True for a dtype that only a later semindex knows."""
    if entry.dtype not in DTYPES:
        return True
    if len(entry.shape) > _MAX_DIMENSIONS or any(extent >= _MAX_EXTENT for extent in entry.shape):
        return False
    return entry.nbytes == math.prod(entry.shape) * np.dtype(entry.dtype).itemsize
