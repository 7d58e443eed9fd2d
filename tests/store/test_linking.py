"""A segment of another index becomes one of ours, without a second copy where that can be."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from semindex.errors import IndexCorrupt
from semindex.store import layout
from semindex.store.linking import link_segment
from semindex.store.records import SegmentRecord
from semindex.store.segment import SegmentMissing

CONTENT = bytes(range(256)) * 9000
"""More than is copied at once."""


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path, SegmentRecord]:
    """An index with a segment, one without, and the segment's record."""
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        layout.create(folder)
    record = SegmentRecord(3, layout.new_segment_name(), files=2, chunks=4, nbytes=len(CONTENT))
    layout.segment_path(source, record.name).write_bytes(CONTENT)
    return source, target, record


def held(index_dir: Path) -> list[Path]:
    return sorted((index_dir / layout.SEGMENTS).iterdir())


def refuse_links(patch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    patch.setattr(os, "link", refused)


def test_both_indexes_have_one_file_under_two_names(places: tuple[Path, Path, SegmentRecord]) -> None:
    source, target, record = places
    made = link_segment(source, record, target)
    path = layout.segment_path(target, made.name)
    assert made.name != record.name
    assert (made.id, made.files, made.chunks, made.nbytes) == (3, 2, 4, len(CONTENT))
    assert path.samefile(layout.segment_path(source, record.name))
    layout.discard(source, [record.name])
    assert path.read_bytes() == CONTENT


def test_where_there_are_no_links_it_is_copied(
    places: tuple[Path, Path, SegmentRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target, record = places
    refuse_links(monkeypatch)
    steps: list[str] = []
    made = link_segment(source, record, target, on_step=steps.append)
    path = layout.segment_path(target, made.name)
    assert path.read_bytes() == CONTENT
    assert not path.samefile(layout.segment_path(source, record.name))
    assert (steps[0], steps[-1]) == ("segment:created", "link:made")


@pytest.mark.parametrize("copied", [False, True])
def test_one_that_was_merged_away_is_missing(
    places: tuple[Path, Path, SegmentRecord], monkeypatch: pytest.MonkeyPatch, copied: bool
) -> None:
    source, target, record = places
    if copied:
        refuse_links(monkeypatch)
    layout.discard(source, [record.name])
    with pytest.raises(SegmentMissing):
        link_segment(source, record, target)
    assert held(target) == []


@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize("linked", ["file", "folder"])
def test_through_a_symbolic_link_nothing_is_taken(
    places: tuple[Path, Path, SegmentRecord], monkeypatch: pytest.MonkeyPatch, linked: str, copied: bool
) -> None:
    source, target, record = places
    if copied:
        refuse_links(monkeypatch)
    path = layout.segment_path(source, record.name)
    other = source / "other"
    moved = path if linked == "file" else path.parent
    moved.rename(other)
    moved.symlink_to(other)
    with pytest.raises(IndexCorrupt, match="link"):
        link_segment(source, record, target)
    assert held(target) == []


def test_a_name_that_leads_elsewhere_is_refused(places: tuple[Path, Path, SegmentRecord]) -> None:
    source, target, record = places
    stolen = SegmentRecord(3, "../../secret", record.files, record.chunks, record.nbytes)
    with pytest.raises(IndexCorrupt):
        link_segment(source, stolen, target)
    assert held(target) == []


def test_what_is_cleaned_frees_only_what_no_other_index_has(
    places: tuple[Path, Path, SegmentRecord],
) -> None:
    source, target, record = places
    link_segment(source, record, target)
    assert layout.clean(target) < 1000 < len(CONTENT)
    assert layout.clean(source) > len(CONTENT)
