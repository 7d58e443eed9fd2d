"""Which segments are joined, and that a merge that travels is the merge made here."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from msgspec.structs import replace

from semindex.embed.registry import open_embedder
from semindex.indexing.batch import Batch, Wanted, do
from semindex.indexing.cluster import shipping
from semindex.indexing.cluster.shipping import Parcel, Part, Shipment, pack, process_parcel
from semindex.indexing.cluster.storage import open_storage
from semindex.indexing.executors.base import Done
from semindex.indexing.merge import TIER_SEGMENTS, Merge, Outcome, choose, merge_segments
from semindex.indexing.workplace import Workplace
from semindex.source.walk import walk
from semindex.store import layout
from semindex.store.records import SegmentRecord
from tests.corpus import copy_package


def record(number: int, *, chunks: int = 1000, nbytes: int = 1000, files: int = 9) -> SegmentRecord:
    return SegmentRecord(number, layout.new_segment_name(), files, chunks, nbytes)


def ids(groups: list[tuple[SegmentRecord, ...]]) -> list[list[int]]:
    return [[segment.id for segment in group] for group in groups]


def test_as_many_of_a_tier_as_fit_are_joined_the_smallest_first() -> None:
    tier = [record(number, nbytes=100 + number) for number in range(6)]
    assert ids(choose(tier, {}, largest_bytes=100 + 101 + 102 + 103 + 104)) == [[0, 1, 2, 3, 4]]
    assert ids(choose(tier[:TIER_SEGMENTS], {}, largest_bytes=10_000)) == [[0, 1, 2, 3]]
    assert choose(tier[: TIER_SEGMENTS - 1], {}, largest_bytes=10_000) == []


def test_of_segments_so_large_that_few_fit_together_none_is_joined() -> None:
    tier = [record(number, nbytes=100) for number in range(30)]
    assert choose(tier, {}, largest_bytes=399) == []
    assert len(choose(tier, {}, largest_bytes=400)[0]) == 4
    assert choose(tier, {0: tuple(range(4))}, largest_bytes=399) == [(tier[0],)], "a third of it is dead"


@pytest.fixture
def merge(tmp_path: Path) -> Merge:
    """Of three segments below ``here``, with a dead file in one."""
    root, here = copy_package("json", tmp_path / "root"), tmp_path / "here"
    layout.create(here)
    bench = Workplace(root, here, open_embedder())
    wanted = [Wanted(ref) for ref in walk(root).refs]
    records = []
    for number in range(3):
        outcome = do(bench, Batch(tuple(wanted[number::3])))
        assert outcome.segment is not None
        made = outcome.segment
        records.append(SegmentRecord(number, made.name, len(made.files), made.chunks, made.nbytes))
    return Merge(tuple(records), ((), (0,), ()))


def receive(folder: Path, parcel: Parcel, shipment: Shipment) -> Outcome:
    def arriving() -> Generator[Done[Parcel, Shipment], None, None]:
        yield Done(parcel, shipment)

    layout.create(folder)
    storage = open_storage(parcel.segments_url) if parcel.segments_url else None
    (arrived,) = shipping.receive(arriving(), index_dir=folder, storage=storage)
    assert isinstance(arrived, Done)
    return arrived.result


@pytest.mark.parametrize("stored", [False, True])
def test_a_merge_that_travelled_is_the_one_made_here(stored: bool, merge: Merge, tmp_path: Path) -> None:
    here = merge_segments(tmp_path / "here", merge)
    url = f"file://{tmp_path}/storage" if stored else ""
    parcel = pack(merge, root=Path(os.devnull), index_dir=tmp_path / "here", segments_url=url)
    assert (
        parcel.nbytes
        == merge.nbytes
        == sum(part.nbytes for part in parcel.parts or () if isinstance(part, Part))
    )
    there = receive(tmp_path / "there", parcel, process_parcel(None, parcel))
    assert here.segment is not None and there.segment is not None
    assert there == replace(here, segment=replace(here.segment, name=there.segment.name))
    one, other = (
        layout.segment_path(tmp_path / folder, each.segment.name)
        for folder, each in (("here", here), ("there", there))
        if each.segment is not None
    )
    assert one.read_bytes() == other.read_bytes()
    assert len(here.segment.moved) == sum(each.files for each in merge.records) - 1


def test_a_damaged_segment_is_named_and_nothing_is_made_of_it(merge: Merge, tmp_path: Path) -> None:
    path = layout.segment_path(tmp_path / "here", merge.records[1].name)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    before = sorted(path.parent.iterdir())
    here = merge_segments(tmp_path / "here", merge)
    parcel = pack(merge, root=None, index_dir=tmp_path / "here")
    shipment = process_parcel(None, parcel)
    assert here.segment is None and path.name in here.fault and "is damaged" in here.fault
    assert shipment.result == Outcome(None, fault=here.fault.replace(str(path), f"segments/{path.name}"))
    assert sorted(path.parent.iterdir()) == before


def test_a_merge_of_what_is_all_dead_makes_nothing(merge: Merge, tmp_path: Path) -> None:
    all_dead = replace(merge, dead=tuple(tuple(range(each.files)) for each in merge.records))
    assert merge_segments(tmp_path / "here", all_dead) == Outcome(None)
    assert process_parcel(None, pack(all_dead, root=None, index_dir=tmp_path / "here")).segment is None
