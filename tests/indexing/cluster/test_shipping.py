"""Batches that travel: a worker makes of bytes what it makes of files, and only whole segments land."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from msgspec.structs import replace

from semindex.embed.registry import open_embedder
from semindex.errors import ModelError, UsageError, WorkerError, WorkerUnfit
from semindex.indexing.batch import Batch, Wanted, Work, process
from semindex.indexing.cluster import shipping
from semindex.indexing.cluster.shipping import (
    AnalysisRules,
    Parcel,
    SharedRoot,
    Shipment,
    open_remote_workplace,
)
from semindex.indexing.cluster.storage import SegmentStorage, open_storage
from semindex.indexing.executors.base import Done, Failure
from semindex.indexing.executors.wire import Payload
from semindex.indexing.merge import Outcome
from semindex.indexing.workplace import Workplace
from semindex.source.read import Stored, read_file, source_of
from semindex.source.walk import walk
from semindex.store import layout
from semindex.store.segment import Segment
from semindex.types import FileFailure, SkipReason
from tests.corpus import copy_package


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Files of many kinds, among them every reason to leave one out."""
    root = copy_package("json", tmp_path / "root")
    for name, data in {
        "empty.py": b"",
        "blob.bin": bytes(99),
        "large.json": b"[" + b"1," * 400_000 + b"1]",
        "package-lock.json": b"{}",
        "minified.js": b"var a=1;" * 40_000,
        "latin.txt": "das Öl".encode("latin-1"),
        "huge.c": b"int x;\n" * 1_300_000,
    }.items():
        (root / name).write_bytes(data)
    return root


def batch_of(root: Path) -> Batch:
    return Batch(tuple(Wanted(ref) for ref in walk(root).refs))


def pack(root: Path | None, work: Work, *, segments_url: str = "") -> Parcel:
    """Packed where no segments lie."""
    return shipping.pack(work, root=root, index_dir=Path(os.devnull), segments_url=segments_url)


def bench_for(root: Path, folder: Path) -> Workplace:
    layout.create(folder)
    return Workplace(root, folder, open_embedder())


def arriving(*arrivals: Done[Parcel, Shipment]) -> Generator[Done[Parcel, Shipment], None, None]:
    yield from arrivals


def receive(
    index_dir: Path, parcel: Parcel, shipment: Shipment, storage: SegmentStorage | None = None
) -> Done[Work, Outcome] | Failure[Work]:
    (found,) = shipping.receive(arriving(Done(parcel, shipment)), index_dir=index_dir, storage=storage)
    return found


def segment_bytes(folder: Path, outcome: Outcome) -> bytes:
    assert outcome.segment is not None
    return layout.segment_path(folder, outcome.segment.name).read_bytes()


def test_bytes_that_travelled_are_read_as_the_file_is(root: Path) -> None:
    batch = batch_of(root)
    kinds = set()
    for wanted, content in zip(batch.files, pack(root, batch).contents(), strict=True):
        there = (
            content
            if isinstance(content, FileFailure)
            else source_of(wanted.ref, Stored(bytes(content[0]), content[1]))
        )
        assert there == read_file(root, wanted.ref)
        kinds.add(there.reason if isinstance(there, FileFailure) else None)
    assert kinds >= {None, SkipReason.EMPTY, SkipReason.BINARY, SkipReason.TOO_LARGE, SkipReason.MINIFIED}


@pytest.mark.parametrize("shared", [False, True])
def test_a_segment_that_travelled_is_the_one_made_here(shared: bool, root: Path, tmp_path: Path) -> None:
    batch = batch_of(root)
    here = process(bench_for(root, tmp_path / "here"), batch)
    model = open_embedder().fingerprint
    place = open_remote_workplace(
        AnalysisRules.here(model), open_embedder, SharedRoot.of(root) if shared else None
    )
    parcel = pack(None if shared else root, batch)
    assert (parcel.payload is None) is shared
    shipment = shipping.process_parcel(place, parcel)
    layout.create(tmp_path / "there")
    arrived = receive(tmp_path / "there", parcel, shipment)
    assert isinstance(arrived, Done)
    there = arrived.result
    assert here.segment is not None and there.segment is not None
    assert segment_bytes(tmp_path / "here", here) == segment_bytes(tmp_path / "there", there)
    assert there == replace(here, segment=replace(here.segment, name=there.segment.name))


def test_a_file_known_by_its_digest_is_only_touched(root: Path) -> None:
    ref = next(ref for ref in walk(root).refs if ref.path == "json/decoder.py")
    source = read_file(root, ref)
    assert not isinstance(source, FileFailure)
    batch = Batch((Wanted(ref, (source.digest, source.language)),))
    place = open_remote_workplace(AnalysisRules.here(open_embedder().fingerprint), open_embedder, None)
    shipment = shipping.process_parcel(place, pack(root, batch))
    assert shipment == Shipment(Outcome(None, (ref,), (), 0), None, b"")


def shipped(root: Path, url: str = "") -> tuple[Parcel, Shipment]:
    place = open_remote_workplace(AnalysisRules.here(open_embedder().fingerprint), open_embedder, None)
    parcel = pack(root, batch_of(root), segments_url=url)
    return parcel, shipping.process_parcel(place, parcel)


def test_nothing_stays_on_the_worker(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    assert shipped(root)[1].segment
    assert list(scratch.iterdir()) == []


def test_a_worker_that_cannot_write_is_unfit(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(WorkerUnfit, match="it cannot write a segment"):
        shipped(root)


@pytest.mark.parametrize("how", ["cut", "changed"])
def test_a_segment_that_is_not_whole_is_a_failure_and_leaves_no_file(
    how: str, root: Path, tmp_path: Path
) -> None:
    parcel, shipment = shipped(root)
    assert shipment.segment is not None
    data = bytes(shipment.segment.data)
    hurt = data[:-9] if how == "cut" else data[:5000] + bytes([data[5000] ^ 1]) + data[5001:]
    layout.create(tmp_path / "index")
    arrived = receive(tmp_path / "index", parcel, replace(shipment, segment=Payload(hurt)))
    assert arrived == Failure(parcel.work, "its segment arrived damaged")
    assert list((tmp_path / "index" / layout.SEGMENTS).iterdir()) == []


def test_a_segment_left_at_a_url_is_fetched_once_and_removed(root: Path, tmp_path: Path) -> None:
    url = f"file://{tmp_path}/shared"
    parcel, shipment = shipped(root, url)
    assert shipment.segment is None
    assert len(list((tmp_path / "shared").iterdir())) == 1
    layout.create(tmp_path / "index")
    arrived = receive(tmp_path / "index", parcel, shipment, open_storage(url))
    assert isinstance(arrived, Done) and arrived.result.segment is not None
    segment = Segment.open(layout.segment_path(tmp_path / "index", arrived.result.segment.name))
    assert segment.verify() == []
    segment.close()
    assert list((tmp_path / "shared").iterdir()) == []
    gone = receive(tmp_path / "index", parcel, shipment, open_storage(url))
    assert isinstance(gone, Failure) and gone.reason.startswith("its segment cannot be fetched")


def test_what_nobody_fetched_is_purged_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    storage = open_storage(f"file://{folder}")
    assert storage.purge() == 0
    storage.put(layout.new_segment_name(), b"late")
    (folder / "notes.txt").write_bytes(b"mine")
    assert storage.purge() == 1
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_storage_that_cannot_be_used_is_an_error_with_its_url(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nosuch://x"):
        open_storage("nosuch://x")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WorkerError, match=f"file://{tmp_path}/file/below cannot be used"):
        open_storage(f"file://{tmp_path}/file/below").put("name", b"")


def test_a_worker_that_would_make_other_segments_is_unfit(tmp_path: Path) -> None:
    mine = AnalysisRules.here(open_embedder().fingerprint)
    assert mine.differences(mine) == ""
    other_model = replace(mine, model="other")
    with pytest.raises(WorkerUnfit, match=f"it has the model {mine.model}, not other"):
        open_remote_workplace(other_model, open_embedder, None)
    rules = {**mine.files, "python": f"{mine.files['python']}x"}
    with pytest.raises(WorkerUnfit, match=r"it analyses otherwise \(python: .*, not .*x\)"):
        open_remote_workplace(replace(mine, files=rules), open_embedder, None)

    def without_model() -> object:
        raise ModelError("no such folder")

    with pytest.raises(WorkerUnfit, match="no such folder"):
        open_remote_workplace(mine, without_model, None)  # type: ignore[arg-type]


def test_a_worker_that_does_not_see_the_folder_is_unfit(tmp_path: Path) -> None:
    mine = AnalysisRules.here(open_embedder().fingerprint)
    seen = SharedRoot.of(tmp_path)
    assert open_remote_workplace(mine, open_embedder, seen).root == tmp_path
    for wrong in (SharedRoot(tmp_path / "missing", seen.inode), SharedRoot(tmp_path, seen.inode + 1)):
        with pytest.raises(WorkerUnfit, match=r"it does not see the folder .*; leave --shared-disk out"):
            open_remote_workplace(mine, open_embedder, wrong)


def test_patience_grows_with_the_bytes_and_more_where_text_is_read(tmp_path: Path) -> None:
    def wait(size: int, *, reads_text: bool) -> float:
        (tmp_path / "a.c").write_bytes(b"x" * size)
        parcel = pack(tmp_path, batch_of(tmp_path))
        return shipping.patience(parcel, reads_text=reads_text, least_seconds=10)

    assert 10 < wait(1000, reads_text=False) < 11
    assert 10 + 4_000_000 / 100_000 < wait(4_000_000, reads_text=False) < wait(4_000_000, reads_text=True)
