"""Segments: what is written is read, and what is damaged is refused or found."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from xxhash import xxh3_64_intdigest

from semindex.errors import IndexCorrupt, IndexTooNew, IndexUnwritable
from semindex.store import header
from semindex.store.segment import SectionStream, Segment, SegmentMissing, write_segment

Array = npt.NDArray[Any]

DTYPES = st.sampled_from(["u1", "u2", "u4", "u8", "i1", "i4", "i8", "f2", "f4", "f8", ">u4", ">f4"])
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(
        np.dtype(dtype), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=7)
    )
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "0123456789abcdef0123456789abcdef.seg"


def sample() -> dict[str, Array]:
    """Several sections, one of them empty and one over three checksum blocks."""
    rng = np.random.default_rng(7)
    return {
        "vectors": rng.integers(-127, 128, (20_000, 128), dtype=np.int8),
        "terms": rng.integers(0, 2**63, 1000, dtype=np.uint64),
        "none": np.empty((0, 128), dtype=np.float32),
        "flags": np.arange(13, dtype=np.uint8),
    }


def files_in(folder: Path) -> set[str]:
    return set(os.listdir(folder))


def test_the_example_has_the_layout_that_is_drawn(path: Path) -> None:
    numbers = np.array([1, 2, 3], np.uint32)
    assert write_segment(path, {"a": numbers}) == 200
    data = path.read_bytes()
    preamble = header.check_preamble(path, data[:64], 200)
    assert (preamble.header_bytes, preamble.table_offset) == (128, 192)
    assert header.check_directory(path, data[64:128], preamble) == [
        header.SectionEntry("a", "<u4", (3,), 128, 12)
    ]
    assert data[128:192] == numbers.tobytes() + bytes(52)
    assert data[192:] == xxh3_64_intdigest(data[128:192]).to_bytes(8, "little")


@settings(max_examples=80)
@given(sections=st.dictionaries(NAMES, ARRAYS, max_size=50), mapped=st.booleans())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, sections: dict[str, Array], mapped: bool
) -> None:
    path = tmp_path_factory.mktemp("round") / "a.seg"
    written = write_segment(path, sections)
    assert written == path.stat().st_size
    segment = Segment.open(path, mapped=mapped)
    assert segment.nbytes == written
    assert segment.names == tuple(sections)
    assert segment.verify() == []
    for name, array in sections.items():
        found = segment.section(name)
        assert found.dtype == array.dtype.newbyteorder("<")
        assert found.shape == array.shape
        assert found.tobytes() == array.astype(found.dtype).tobytes()
        assert found.ctypes.data % header.ALIGNMENT == 0 or found.size == 0


@settings(max_examples=60)
@given(array=hnp.arrays(np.uint32, st.tuples(st.integers(0, 30), st.integers(0, 4))), data=st.data())
def test_a_stream_gives_the_file_that_its_whole_array_gives(
    tmp_path_factory: pytest.TempPathFactory, array: Array, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("stream")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(array)), max_size=4)))
    known = data.draw(st.booleans())
    blocks = np.split(array, cuts)
    shape = array.shape if known else (-1, *array.shape[1:])
    write_segment(folder / "whole.seg", {"a": array, "b": array})
    write_segment(folder / "parts.seg", {"a": SectionStream("u4", shape, blocks), "b": array})
    assert (folder / "parts.seg").read_bytes() == (folder / "whole.seg").read_bytes()


def test_views_that_are_not_contiguous_are_written_as_they_look(path: Path) -> None:
    grid = np.arange(3_000_000, dtype=np.int64).reshape(1000, 3000)
    write_segment(path, {"turned": grid.T, "stepped": grid[::3, ::-2], "fortran": np.asfortranarray(grid)})
    segment = Segment.open(path)
    assert np.array_equal(segment.section("turned"), grid.T)
    assert np.array_equal(segment.section("stepped"), grid[::3, ::-2])
    assert np.array_equal(segment.section("fortran"), grid)
    assert segment.verify() == []


def test_streams_are_taken_one_block_at_a_time(path: Path) -> None:
    on_disk: list[int] = []

    def blocks() -> Iterator[Array]:
        for number in range(5):
            on_disk.append(path.with_name(path.name + ".tmp").stat().st_size)
            yield np.full(1 << 18, number, dtype=np.uint32)

    write_segment(path, {"a": SectionStream(np.uint32, (5 << 18,), blocks())})
    assert [size - on_disk[0] for size in on_disk] == [n << 20 for n in range(5)]
    assert Segment.open(path).section("a")[-1] == 4


@pytest.mark.parametrize(
    ("section", "word"),
    [
        (SectionStream(np.uint8, (3,), [np.zeros(2, np.uint8)]), "rows"),
        (SectionStream(np.uint8, (3,), [np.zeros(3, np.uint16)]), "block"),
        (SectionStream(np.uint8, (1, 2), [np.zeros((1, 3), np.uint8)]), "block"),
        (np.zeros(2, dtype=np.complex128), "arrays of complex"),
        (np.array(["x"]), "arrays of"),
        (np.zeros((1,) * 9, dtype=np.uint8), "shape"),
    ],
)
def test_what_a_segment_cannot_hold_is_refused_and_leaves_nothing(
    path: Path, section: Array | SectionStream, word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        write_segment(path, {"first": np.zeros(5, np.uint8), "a": section})
    assert files_in(path.parent) == set()


@pytest.mark.parametrize("name", ["", "n" * 256, "\udc80"])
def test_names_that_do_not_fit_are_refused(path: Path, name: str) -> None:
    with pytest.raises(ValueError):
        write_segment(path, {name: np.zeros(1, np.uint8)})
    assert files_in(path.parent) == set()


def test_an_error_in_a_stream_passes_and_what_stood_there_stays(path: Path) -> None:
    write_segment(path, sample())
    before = path.read_bytes()

    def blocks() -> Iterator[Array]:
        yield np.zeros(3, np.uint8)
        raise OSError("the source failed")

    with pytest.raises(OSError, match="the source failed"):
        write_segment(path, {"a": SectionStream(np.uint8, (-1,), blocks())})
    assert path.read_bytes() == before
    assert files_in(path.parent) == {path.name}


def test_a_missing_folder_is_unwritable_in_clear_words(tmp_path: Path) -> None:
    with pytest.raises(IndexUnwritable, match=r"Cannot write .*absent.*no such file.*intact"):
        write_segment(tmp_path / "absent" / "a.seg", sample())


def test_a_link_planted_under_the_temporary_name_is_not_followed(path: Path) -> None:
    victim = path.with_name("victim")
    victim.write_text("precious")
    path.with_name(path.name + ".tmp").symlink_to(victim)
    write_segment(path, sample())
    assert victim.read_text() == "precious"
    assert files_in(path.parent) == {path.name, "victim"}


def test_sections_are_read_only_and_the_same_object_each_time(path: Path) -> None:
    write_segment(path, sample())
    for mapped in (True, False):
        segment = Segment.open(path, mapped=mapped)
        view = segment.section("flags")
        assert view is segment.section("flags")
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 9


def test_an_absent_section_is_reported_when_it_is_asked_for(path: Path) -> None:
    write_segment(path, sample())
    segment = Segment.open(path)
    assert not segment.has("symbols")
    assert segment.has("none")
    with pytest.raises(IndexCorrupt, match=r"no section 'symbols'.*semindex index"):
        segment.section("symbols")


def test_arrays_outlive_their_segment_and_its_file(path: Path) -> None:
    sections = sample()
    write_segment(path, sections)
    segment = Segment.open(path)
    view = segment.section("vectors")
    segment.close()
    segment.close()
    path.unlink()
    del segment
    assert np.array_equal(view, sections["vectors"])


def test_a_closed_segment_says_so(path: Path) -> None:
    write_segment(path, sample())
    segment = Segment.open(path)
    segment.section("flags")
    segment.close()
    with pytest.raises(ValueError, match="closed"):
        segment.section("flags")
    with pytest.raises(ValueError, match="closed"):
        segment.verify()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_an_open_segment_holds_one_descriptor_and_a_closed_one_none(path: Path) -> None:
    def held() -> int:
        return len(os.listdir("/proc/self/fd"))

    write_segment(path, sample())
    before = held()
    segment = Segment.open(path)
    assert held() == before + 1
    whole = Segment.open(path, mapped=False)
    assert held() == before + 1
    segment.close()
    assert held() == before
    assert whole.section("flags")[12] == 12


def test_a_missing_file_and_a_folder_are_told_apart_from_damage(tmp_path: Path) -> None:
    with pytest.raises(SegmentMissing, match=r"gone\.seg is missing; run 'semindex index'"):
        Segment.open(tmp_path / "gone.seg")
    with pytest.raises(IndexCorrupt, match="it is a folder"):
        Segment.open(tmp_path)


def borders(path: Path) -> list[int]:
    """Where the parts of a file begin and end, and the bytes beside."""
    entries = Segment.open(path)._entries.values()
    edges = {0, header.PREAMBLE_BYTES, path.stat().st_size}
    edges |= {edge for entry in entries for edge in (entry.offset, entry.offset + entry.nbytes, entry.end)}
    size = path.stat().st_size
    return sorted({at for edge in edges for at in (edge - 1, edge, edge + 1) if 0 <= at < size})


@pytest.mark.parametrize("mapped", [True, False])
def test_truncation_at_every_border_and_elsewhere_is_refused_at_open(path: Path, mapped: bool) -> None:
    write_segment(path, sample())
    rng = np.random.default_rng(1)
    cuts = [*borders(path), *rng.integers(0, path.stat().st_size, 60).tolist()]
    whole = path.read_bytes()
    assert len(borders(path)) > 20
    for cut in cuts:
        path.write_bytes(whole[:cut])
        with pytest.raises(IndexCorrupt, match=rf"{path.name} is damaged .*semindex index' to rebuild"):
            Segment.open(path, mapped=mapped)


@pytest.mark.parametrize("tail", [b"\0", b"x" * 64, b"\0" * (1 << 20)])
def test_a_longer_file_is_refused_at_open(path: Path, tail: bytes) -> None:
    size = write_segment(path, sample())
    with path.open("ab") as file:
        file.write(tail)
    with pytest.raises(IndexCorrupt, match=f"{size + len(tail)} bytes instead of {size}"):
        Segment.open(path)


@pytest.mark.parametrize("data", [b"", b"semindex", b"SQLite format 3\0" * 100, b"\0" * 4096])
def test_what_is_no_segment_is_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(IndexCorrupt, match=r"truncated|not a segment"):
        Segment.open(path)


@settings(max_examples=100)
@given(st.data())
def test_a_flipped_bit_anywhere_is_refused_at_open_or_found_by_verify(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("flip") / "a.seg"
    sections: dict[str, Array] = {
        "few": np.arange(7, dtype=np.uint16),
        "none": np.empty(0, np.int8),
        "more": np.ones(300),
    }
    size = write_segment(path, sections)
    damaged = bytearray(path.read_bytes())
    damaged[data.draw(st.integers(0, size - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(damaged)
    try:
        found = Segment.open(path).verify()
    except IndexCorrupt as error:
        found = [str(error)]
    assert found


def test_verify_names_the_section_and_the_place(path: Path) -> None:
    write_segment(path, sample())
    entry = Segment.open(path)._entries["vectors"]
    damaged = bytearray(path.read_bytes())
    at = entry.offset + header.BLOCK_BYTES + 12_345
    damaged[at] ^= 0x10
    path.write_bytes(damaged)
    segment = Segment.open(path)
    begin = entry.offset + header.BLOCK_BYTES
    assert segment.verify() == [
        f"{path}: section 'vectors' is damaged between offsets {begin} and {begin + header.BLOCK_BYTES}"
    ]
    assert np.array_equal(segment.section("flags"), np.arange(13))


def signed(
    entries: list[header.SectionEntry], *, version: int = header.FORMAT_VERSION, body: bytes = b""
) -> bytes:
    """A file whose checksums are right, whatever its directory claims."""
    table = b"".join(bytes(8) for entry in entries for _ in header.blocks(entry, header.BLOCK_BYTES))
    start = header.PREAMBLE_BYTES + len(header.pack_directory(entries))
    head = header.pack_header(entries, table, start + len(body))
    fields = list(header._PREAMBLE.unpack(head[: header.PREAMBLE_BYTES]))
    fields[1] = version
    fields[-1] = xxh3_64_intdigest(header._PREAMBLE.pack(*fields[:-1], 0)[:-8])
    return header._PREAMBLE.pack(*fields) + head[header.PREAMBLE_BYTES :] + body + table


def test_a_newer_format_is_refused_with_the_advice_to_upgrade(path: Path) -> None:
    path.write_bytes(signed([], version=header.FORMAT_VERSION + 1))
    with pytest.raises(IndexTooNew, match=r"newer semindex \(format 3\); upgrade"):
        Segment.open(path)


def test_an_older_format_is_refused_with_the_advice_to_index_again(path: Path) -> None:
    path.write_bytes(signed([], version=1))
    with pytest.raises(IndexCorrupt, match=r"older semindex \(format 1\); run 'semindex index'"):
        Segment.open(path)


def test_a_section_of_an_unknown_dtype_is_ignored_until_it_is_asked_for(path: Path) -> None:
    unknown = header.SectionEntry("later", "<c32", (4,), 128, 64)
    path.write_bytes(signed([unknown], body=bytes(64)))
    segment = Segment.open(path)
    assert segment.names == ("later",)
    with pytest.raises(IndexTooNew, match="'later' needs a newer semindex"):
        segment.section("later")


def check(directory: bytes, *, body: int, checksums: int) -> list[header.SectionEntry]:
    """Read a directory under a right checksum, in a file of that many bytes of sections and checksums."""
    start = header.PREAMBLE_BYTES + len(directory)
    preamble = header.Preamble(
        header.BLOCK_BYTES, start, start + body, start + body + 8 * checksums, xxh3_64_intdigest(directory), 0
    )
    return header.check_directory(Path("a.seg"), directory, preamble)


@pytest.mark.parametrize(
    ("shape", "offset", "nbytes"),
    [
        ((16,), 64, 64),
        ((16,), 192, 64),
        ((17,), 128, 64),
        ((1 << 62,), 128, 1 << 62),
        ((0, 1 << 62), 128, 0),
        ((1 << 33, 1 << 33), 128, 0),
        ((16,), 1 << 63, 64),
        ((0,), 128, 0),
        ((32,), 128, 128),
    ],
)
def test_a_directory_that_lies_under_right_checksums_is_refused(
    shape: tuple[int, ...], offset: int, nbytes: int
) -> None:
    honest = header.SectionEntry("a", "<u4", (16,), 128, 64)
    assert check(header.pack_directory([honest]), body=64, checksums=1) == [honest]
    lie = header.SectionEntry("a", "<u4", shape, offset, nbytes)
    with pytest.raises(IndexCorrupt, match=r"does not fit|not fill it"):
        check(header.pack_directory([lie]), body=64, checksums=1)


@settings(max_examples=200)
@given(garbage=st.binary(min_size=0, max_size=300))
def test_a_directory_of_garbage_under_right_checksums_is_refused(garbage: bytes) -> None:
    directory = garbage.ljust(header.aligned(max(1, len(garbage))), b"\1")
    if directory[:4] == b"\0\0\0\0":
        assert check(directory, body=0, checksums=0) == []
        return
    with pytest.raises(IndexCorrupt, match=r"a\.seg is damaged"):
        check(directory, body=0, checksums=0)
