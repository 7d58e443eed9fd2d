"""The catalog says what was committed: all of it, nothing else, one generation at a time."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from semindex.errors import (
    IndexCorrupt,
    IndexTooNew,
    IndexUnwritable,
    NotIndexed,
    SemindexError,
)
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.records import (
    Change,
    FileRecord,
    NewSegment,
    SegmentRecord,
    SkippedFile,
    Totals,
)
from semindex.types import FileFailure, FileRef, SkipReason

from .samples import new_file, new_segment, ref, segment_name, skipped


@pytest.fixture
def index_dir(tmp_path: Path) -> Path:
    return tmp_path / ".semindex"


@pytest.fixture
def writer(index_dir: Path) -> Iterator[Catalog]:
    with Catalog.open_writer(index_dir, model="model-1") as catalog:
        yield catalog


def paths(catalog: Catalog) -> list[str]:
    return [record.ref.path for record in catalog.files()]


def live(catalog: Catalog) -> dict[str, tuple[int, int]]:
    return {record.ref.path: (record.segment, record.ordinal) for record in catalog.files()}


def test_a_new_catalog_is_of_generation_zero_and_empty(writer: Catalog, index_dir: Path) -> None:
    assert writer.generation == 0
    assert writer.model == "model-1"
    assert writer.last_scan_ns == 0
    assert list(writer.files()) == []
    assert list(writer.failures()) == []
    assert writer.totals() == Totals(0, 0, 0, 0, 0, {}, {})
    with Catalog.open_reader(index_dir) as reader:
        assert reader.generation == 0
        assert reader.live().segments == ()


def test_what_is_committed_is_read_back(writer: Catalog, index_dir: Path) -> None:
    change = Change(
        add=[new_segment(1, "b.py", "a.py"), new_segment(2, "c/d.txt", chunks=5)],
        skipped=[skipped("x.bin"), skipped("gone", SkipReason.VANISHED, seen=False)],
        scan_ns=123,
        meta={"root": "/some-\udcffwhere"},
    )
    assert writer.commit(change) == 1
    with Catalog.open_reader(index_dir) as reader:
        assert reader.generation == 1
        assert reader.last_scan_ns == 123
        assert reader.meta("root") == "/some-\udcffwhere"
        assert reader.meta("absent") is None
        files = list(reader.files())
        assert [file.ref.path for file in files] == ["a.py", "b.py", "c/d.txt"]
        wanted = new_file("a.py", 1)
        assert files[0] == FileRecord(wanted.ref, wanted.digest, "s1.t1", "python", 1, 1, 2)
        assert list(reader.failures()) == [
            skipped("gone", SkipReason.VANISHED, seen=False),
            skipped("x.bin"),
        ]
        first, second = reader.live().segments
        assert first == SegmentRecord(1, segment_name(1), files=2, chunks=4, nbytes=1000)
        assert (second.id, second.chunks) == (2, 5)
        assert reader.live().dead == {}
        assert reader.totals() == Totals(
            files=3,
            chunks=9,
            source_bytes=104 + 104 + 107,
            dead_files=0,
            segments=2,
            languages={"python": 2, "text": 1},
            skipped={"binary": 1, "vanished while read": 1},
        )


def test_changed_removed_and_newly_skipped_files_leave_tombstones(writer: Catalog) -> None:
    writer.commit(Change(add=[new_segment(1, "a", "b", "c", "d")]))
    writer.commit(
        Change(add=[new_segment(2, "b", content="new")], remove=["d", "never seen"], skipped=[skipped("a")])
    )
    assert live(writer) == {"b": (2, 0), "c": (1, 2)}
    assert writer.live().dead == {1: (0, 1, 3)}
    assert [file.failure.path for file in writer.failures()] == ["a"]
    assert writer.totals().dead_files == 3
    assert writer.verify() == []


def test_a_segment_may_hold_files_that_are_dead_from_the_start(writer: Catalog) -> None:
    writer.commit(Change(add=[new_segment(1, "a", "b")]))
    taken = NewSegment(segment_name(2), 7, 9, [new_file("b", 1), new_file("c", 3)], dead=[0, 2])
    writer.commit(Change(add=[taken]))
    assert live(writer) == {"a": (1, 0), "b": (2, 1), "c": (2, 3)}
    assert writer.live().dead == {1: (1,), 2: (0, 2)}
    assert [(segment.files, segment.chunks) for segment in writer.live().segments] == [(2, 4), (4, 9)]
    assert writer.verify() == []
    for dead in ([], [0], [0, 1], [0, 2, 5]):
        with pytest.raises(ValueError, match="ordinals"):
            writer.commit(Change(add=[replace(taken, name=segment_name(3), dead=dead)]))


def test_a_skipped_file_that_is_indexed_or_removed_is_no_longer_skipped(writer: Catalog) -> None:
    writer.commit(Change(skipped=[skipped("a"), skipped("b"), skipped("c")]))
    writer.commit(Change(add=[new_segment(1, "a")], remove=["b"], skipped=[skipped("c", SkipReason.EMPTY)]))
    assert [(f.failure.path, f.failure.reason) for f in writer.failures()] == [("c", SkipReason.EMPTY)]
    assert paths(writer) == ["a"]


def test_a_partly_indexed_file_is_in_both_lists_until_it_changes(writer: Catalog) -> None:
    writer.commit(Change(add=[new_segment(1, "a")], skipped=[skipped("a", SkipReason.FAILED)]))
    assert paths(writer) == ["a"]
    assert [file.failure.path for file in writer.failures()] == ["a"]
    writer.commit(Change(add=[new_segment(2, "a")]))
    assert list(writer.failures()) == []
    assert writer.live().dead == {1: (0,)}


def test_a_path_both_removed_and_added_is_added(writer: Catalog) -> None:
    writer.commit(Change(add=[new_segment(1, "a")]))
    writer.commit(Change(add=[new_segment(2, "a")], remove=["a"]))
    assert live(writer) == {"a": (2, 0)}
    assert writer.live().dead == {1: (0,)}


def test_touched_files_get_their_new_times_and_no_new_generation(writer: Catalog) -> None:
    writer.commit(Change(add=[new_segment(1, "a", "b")], scan_ns=1))
    later = ref("a", time=1_800_000_000_000_000_000, inode=99)
    assert writer.commit(Change(touched=[later], scan_ns=2, meta={"k": "v"})) == 1
    a, b = writer.files()
    assert (a.ref, a.digest, a.ordinal) == (later, new_file("a", 0).digest, 0)
    assert b.ref == ref("b")
    assert writer.live().dead == {}
    assert (writer.last_scan_ns, writer.meta("k")) == (2, "v")


def test_the_first_commit_gives_generation_one_even_when_it_is_empty(writer: Catalog) -> None:
    assert writer.commit(Change(scan_ns=5)) == 1
    assert writer.commit(Change(scan_ns=6)) == 1
    assert writer.commit(Change(remove=["a"])) == 2


def test_a_merge_moves_files_and_drops_their_segments(writer: Catalog) -> None:
    writer.commit(Change(add=[new_segment(1, "a", "b"), new_segment(2, "c"), new_segment(3, "d")]))
    writer.commit(Change(remove=["a"]))
    before = {record.ref.path: record for record in writer.files()}
    merged = NewSegment(segment_name(9), 5, 4, moved=["c", "b"])
    assert writer.commit(Change(add=[merged], drop_segments=[1, 2])) == 3
    after = {record.ref.path: record for record in writer.files()}
    assert after == {
        "b": before["b"]._replace(segment=4, ordinal=1),
        "c": before["c"]._replace(segment=4, ordinal=0),
        "d": before["d"],
    }
    snapshot = writer.live()
    assert [(s.id, s.files) for s in snapshot.segments] == [(3, 1), (4, 2)]
    assert snapshot.dead == {}
    assert writer.verify() == []


def test_a_moved_file_is_dead_where_it_was_while_that_segment_stays(writer: Catalog) -> None:
    writer.commit(Change(add=[new_segment(1, "a", "b")]))
    writer.commit(Change(add=[NewSegment(segment_name(2), 5, 2, moved=["b"])]))
    assert writer.live().dead == {1: (1,)}


def test_ids_are_never_used_again(writer: Catalog) -> None:
    writer.commit(Change(add=[new_segment(1, "a", chunks=10)]))
    writer.commit(Change(remove=["a"], drop_segments=[1]))
    writer.commit(Change(add=[new_segment(2, "a", chunks=10)]))
    (segment,) = writer.live().segments
    assert segment.id == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(add=[new_segment(1, "z")]), "does not fit"),
        (Change(add=[new_segment(8, "y", "y")]), "does not fit"),
        (Change(add=[replace(new_segment(8, "y"), files=[new_file("y", 1)])]), "ordinals"),
        (Change(add=[NewSegment(segment_name(8), 1, 1, moved=["q"])]), "are moved"),
        (Change(touched=[ref("q")]), "touched"),
        (Change(remove=["a"], drop_segments=[1]), "still holds 'b'"),
        (Change(drop_segments=[77]), "no segment 77"),
    ],
)
def test_a_change_that_does_not_fit_changes_nothing(writer: Catalog, change: Change, words: str) -> None:
    writer.commit(Change(add=[new_segment(1, "a", "b")], skipped=[skipped("s")], scan_ns=4))
    before = (writer.live(), list(writer.files()), list(writer.failures()))
    with pytest.raises(ValueError, match=words):
        writer.commit(replace(change, scan_ns=9))
    assert (writer.live(), list(writer.files()), list(writer.failures())) == before
    assert writer.last_scan_ns == 4
    assert writer.commit(Change(remove=["a"])) == 2


@pytest.mark.parametrize(
    "path",
    [
        "new\nline",
        "tab\t",
        "bad-\udcff\udc80-utf8",
        "日本語/ファイル.py",
        "a" * 4000,
        "'; DROP TABLE files; --",
    ],
)
def test_any_path_survives(writer: Catalog, path: str) -> None:
    writer.commit(Change(add=[new_segment(1, path)], skipped=[skipped(f"{path}~")]))
    assert paths(writer) == [path]
    assert next(writer.failures()).failure.path == f"{path}~"
    writer.commit(Change(remove=[path, f"{path}~"]))
    assert paths(writer) == []
    assert list(writer.failures()) == []


@given(numbers=st.tuples(*[st.integers(-(2**70), 2**128)] * 4))
@settings(max_examples=30)
def test_any_size_time_and_inode_survives(
    tmp_path_factory: pytest.TempPathFactory, numbers: tuple[int, int, int, int]
) -> None:
    seen = FileRef("a", *numbers)
    with Catalog.open_writer(tmp_path_factory.mktemp("numbers") / "i", model="m") as catalog:
        file = replace(new_file("a", 0), ref=seen)
        failure = SkippedFile(FileFailure("b", "read", SkipReason.EMPTY, ref=seen._replace(path="b")), "x")
        catalog.commit(Change(add=[NewSegment(segment_name(1), 1, 1, [file])], skipped=[failure]))
        assert [record.ref for record in catalog.files()] == [seen]
        assert list(catalog.failures()) == [failure]
        touched = seen._replace(mtime_ns=numbers[0])
        catalog.commit(Change(touched=[touched]))
        assert [record.ref for record in catalog.files()] == [touched]


NAMES = st.sampled_from(["a.py", "b.py", "b.txt", "c/a.txt", "d-\udcff", "é.txt"])


@given(
    known=st.dictionaries(NAMES, st.tuples(st.integers(0, 2), st.booleans(), st.booleans())),
    seen=st.dictionaries(NAMES, st.integers(0, 2)),
)
@settings(max_examples=150)
def test_differences_are_those_of_the_records_one_by_one(
    tmp_path_factory: pytest.TempPathFactory,
    known: dict[str, tuple[int, bool, bool]],
    seen: dict[str, int],
) -> None:
    """``known``: a file's time, whether its analysis is old, whether its segment is left out."""
    segments = []
    for number, out in ((1, False), (2, True)):
        names = [name for name in sorted(known) if known[name][2] is out]
        files = [
            replace(new_file(name, i), ref=ref(name, time=known[name][0])) for i, name in enumerate(names)
        ]
        files = [replace(file, analysis="old") if known[file.ref.path][1] else file for file in files]
        segments.append(NewSegment(segment_name(number), 1, len(files), files))
    walked = [ref(name, time=time) for name, time in seen.items()]
    with Catalog.open_writer(tmp_path_factory.mktemp("differences") / "i", model="m") as catalog:
        catalog.commit(Change(add=segments))
        found = catalog.differences(walked, analysis=lambda language: "s1.t1", without=[2])
        records = {file.ref.path: file for file in catalog.files()}
        assert catalog.records([*seen, "nowhere"]) == {
            name: record for name, record in records.items() if name in seen
        }
    sound = {name: record for name, record in records.items() if record.segment == 1}
    same = {record.ref for record in sound.values() if record.analysis == "s1.t1"}
    assert found.refs == tuple(each for each in walked if each not in same)
    assert found.gone == tuple(sorted(sound.keys() - seen.keys()))
    assert found.left_out == tuple(sorted(records.keys() - sound.keys()))


def test_a_number_that_sqlite_cannot_hold_is_a_difference_and_no_loss(writer: Catalog) -> None:
    seen = ref("a", inode=2**64 - 1)
    file = replace(new_file("a", 0), ref=seen)
    writer.commit(Change(add=[NewSegment(segment_name(1), 1, 1, [file])]))
    found = writer.differences([seen], analysis=lambda language: "s1.t1")
    assert (found.refs, found.gone) == ((seen,), ())
    assert writer.records(["a"])["a"].ref == seen


class CatalogMachine(RuleBasedStateMachine):
    """Any sequence of changes leaves what a plain dictionary says, every ordinal live or dead."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.catalog = Catalog.open_writer(Path(self.folder.name) / "i", model="m")
        self.reader = Catalog.open_reader(Path(self.folder.name) / "i")
        self.model: dict[str, bytes] = {}
        self.skips: set[str] = set()
        self.generation = 0
        self.number = 0

    some_paths = st.sets(st.sampled_from([f"p{i}" for i in range(12)]), min_size=1)

    @rule(added=some_paths, removed=some_paths, skips=some_paths)
    def change(self, added: set[str], removed: set[str], skips: set[str]) -> None:
        self.number += 1
        segment = new_segment(self.number, *sorted(added), content=str(self.number))
        self.generation = self.catalog.commit(
            Change(add=[segment], remove=sorted(removed), skipped=[skipped(path) for path in sorted(skips)])
        )
        self.model = {path: d for path, d in self.model.items() if path not in removed | skips}
        self.model |= {file.ref.path: file.digest for file in segment.files}
        self.skips = (self.skips - removed - added) | skips

    @rule()
    @precondition(lambda self: self.model)
    def merge(self) -> None:
        self.number += 1
        name = segment_name(self.number)
        moved = sorted(self.model, reverse=True)
        dropped = [segment.id for segment in self.catalog.live().segments]
        change = Change(add=[NewSegment(name, 1, 1, moved=moved)], drop_segments=dropped)
        self.generation = self.catalog.commit(change)
        assert len(self.catalog.live().segments) == 1

    @invariant()
    def the_catalog_says_what_the_model_says(self) -> None:
        for catalog in (self.catalog, self.reader):
            assert {record.ref.path: record.digest for record in catalog.files()} == self.model
            assert {file.failure.path for file in catalog.failures()} == self.skips
            assert catalog.generation == catalog.live().generation == self.generation
        assert self.catalog.verify() == []

    def teardown(self) -> None:
        self.reader.close()
        self.catalog.close()
        self.folder.cleanup()


CatalogMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
TestCatalogMachine = CatalogMachine.TestCase


def test_a_snapshot_stays_as_it_was_and_the_next_one_is_new(writer: Catalog, index_dir: Path) -> None:
    writer.commit(Change(add=[new_segment(1, "a", "b")]))
    with Catalog.open_reader(index_dir) as reader:
        before = reader.live()
        writer.commit(Change(remove=["a"]))
        assert before.dead == {}
        assert reader.generation == 2
        assert reader.live().dead == {1: (0,)}


def test_a_listing_that_was_begun_is_of_one_generation(writer: Catalog, index_dir: Path) -> None:
    names = [f"{i:05}" for i in range(5000)]
    writer.commit(Change(add=[new_segment(1, *names)]))
    with Catalog.open_reader(index_dir) as reader:
        listing = reader.files()
        first = next(listing)
        writer.commit(Change(add=[new_segment(2, *names, content="new")]))
        assert {first.segment, *(record.segment for record in listing)} == {1}
        assert {record.segment for record in reader.files()} == {2}


def test_threads_share_a_reader(writer: Catalog, index_dir: Path) -> None:
    writer.commit(Change(add=[new_segment(1, *(f"{i}" for i in range(300)))]))
    wrong: list[object] = []
    with Catalog.open_reader(index_dir) as reader:

        def read() -> None:
            for _ in range(30):
                snapshot = reader.live()
                live_files = len(list(reader.files()))
                if len(snapshot.segments) != 1 or live_files != 300 or reader.generation != 1:
                    wrong.append((snapshot, live_files))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_reader_cannot_commit(writer: Catalog, index_dir: Path) -> None:
    with Catalog.open_reader(index_dir) as reader, pytest.raises(IndexUnwritable, match="opened for reading"):
        reader.commit(Change(remove=["a"]))
    assert writer.generation == 0


def test_the_model_of_an_old_catalog_stays_until_a_change_names_another(index_dir: Path) -> None:
    with Catalog.open_writer(index_dir, model="old") as catalog:
        catalog.commit(Change(scan_ns=1))
    with Catalog.open_writer(index_dir, model="new") as catalog:
        assert catalog.model == "old"
        assert catalog.commit(Change(model="new")) == 2
        assert catalog.model == "new"


def test_a_catalog_without_commits_takes_the_model_of_its_next_writer(index_dir: Path) -> None:
    Catalog.open_writer(index_dir, model="old").close()
    with Catalog.open_writer(index_dir, model="new") as catalog:
        assert catalog.model == "new"


def test_a_writer_leaves_one_file_when_it_closes(index_dir: Path) -> None:
    with Catalog.open_writer(index_dir, model="m") as catalog:
        catalog.commit(Change(scan_ns=1))
    assert {path.name for path in index_dir.iterdir()} == {".gitignore", "catalog.db", "segments"}


def test_nothing_there_is_not_indexed(tmp_path: Path, index_dir: Path) -> None:
    for place in (tmp_path / "absent", tmp_path):
        with pytest.raises(NotIndexed, match=r"nothing is indexed in .*; call index\.refresh\(\)"):
            Catalog.open_reader(place)
    layout.create(index_dir)
    (index_dir / layout.CATALOG).touch()
    with pytest.raises(NotIndexed, match="nothing is indexed"):
        Catalog.open_reader(index_dir)
    assert (index_dir / layout.CATALOG).stat().st_size == 0


@pytest.mark.parametrize(
    "data", [b"not a database at all" * 50, b"SQLite format 3\0" + b"\xff" * 4080, b"x" * 600]
)
def test_what_is_no_database_is_corrupt_for_readers_and_writers(index_dir: Path, data: bytes) -> None:
    layout.create(index_dir)
    (index_dir / layout.CATALOG).write_bytes(data)
    for open_it in (Catalog.open_reader, lambda place: Catalog.open_writer(place, model="m")):
        with pytest.raises(IndexCorrupt, match=r"damaged .*'semindex index' moves it aside and rebuilds"):
            open_it(index_dir)
    assert (index_dir / layout.CATALOG).read_bytes() == data


def test_the_database_of_another_program_is_not_touched(index_dir: Path) -> None:
    layout.create(index_dir)
    database = sqlite3.connect(index_dir / layout.CATALOG)
    database.execute("CREATE TABLE other (x)")
    database.close()
    for open_it in (Catalog.open_reader, lambda place: Catalog.open_writer(place, model="m")):
        with pytest.raises(IndexCorrupt, match="is not a catalog"):
            open_it(index_dir)
    database = sqlite3.connect(index_dir / layout.CATALOG)
    assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("other",)]
    database.close()


def test_a_catalog_that_is_a_link_or_a_folder_is_not_followed(tmp_path: Path, index_dir: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    Catalog.open_writer(elsewhere, model="m").close()
    layout.create(index_dir)
    (index_dir / layout.CATALOG).symlink_to(elsewhere / layout.CATALOG)
    with pytest.raises(IndexCorrupt, match="is a symbolic link"):
        Catalog.open_writer(index_dir, model="m")
    with pytest.raises(IndexCorrupt, match="is a symbolic link"):
        Catalog.open_reader(index_dir)
    (index_dir / layout.CATALOG).unlink()
    (index_dir / layout.CATALOG).mkdir()
    with pytest.raises(IndexCorrupt, match="is a folder"):
        Catalog.open_reader(index_dir)


def test_a_newer_schema_is_refused(index_dir: Path) -> None:
    Catalog.open_writer(index_dir, model="m").close()
    set_version(index_dir, 99)
    for open_it in (Catalog.open_reader, lambda place: Catalog.open_writer(place, model="m")):
        with pytest.raises(IndexTooNew, match=r"newer semindex \(schema 99\); upgrade"):
            open_it(index_dir)


def set_version(index_dir: Path, version: int) -> None:
    database = sqlite3.connect(index_dir / layout.CATALOG)
    database.execute(f"PRAGMA user_version = {version}")
    database.close()


def test_a_reader_follows_a_catalog_that_was_rebuilt_and_misses_one_that_is_gone(index_dir: Path) -> None:
    with Catalog.open_writer(index_dir, model="first") as catalog:
        catalog.commit(Change(add=[new_segment(1, "a")]))
    with Catalog.open_reader(index_dir) as reader:
        old = reader.live()
        layout.set_catalog_aside(index_dir)
        with pytest.raises(NotIndexed):
            _ = reader.generation
        with Catalog.open_writer(index_dir, model="second") as catalog:
            catalog.commit(Change(scan_ns=1))
        assert reader.generation == 1
        new = reader.live()
        assert (new.generation, new.model, new.segments) == (1, "second", ())
        assert new.identity != old.identity


def test_a_snapshot_is_of_the_catalog_that_has_the_name_now(index_dir: Path) -> None:
    with Catalog.open_writer(index_dir, model="first") as catalog:
        catalog.commit(Change(add=[new_segment(1, "a")]))
    with Catalog.open_reader(index_dir) as reader:
        layout.set_catalog_aside(index_dir)
        with Catalog.open_writer(index_dir, model="second") as catalog:
            catalog.commit(Change(scan_ns=1))
        assert reader.live().model == "second"
        assert reader.totals().files == 0


def test_a_writer_that_closes_leaves_nothing_in_the_log_though_a_reader_is_there(index_dir: Path) -> None:
    with Catalog.open_writer(index_dir, model="m") as catalog:
        catalog.commit(Change(add=[new_segment(1, "a")]))
        with Catalog.open_reader(index_dir) as reader:
            assert reader.generation == 1
            assert (index_dir / "catalog.db-wal").stat().st_size > 0
            catalog.close()
            assert (index_dir / "catalog.db-wal").stat().st_size == 0
            assert paths(reader) == ["a"]


def test_verify_finds_files_that_do_not_add_up(index_dir: Path) -> None:
    with Catalog.open_writer(index_dir, model="m") as catalog:
        catalog.commit(Change(add=[new_segment(1, "a", "b"), new_segment(2, "c")]))
        assert catalog.verify() == []
    database = sqlite3.connect(index_dir / layout.CATALOG)
    database.execute("UPDATE files SET ordinal = 5 WHERE path = ?", (b"b",))
    database.execute("UPDATE files SET segment = 9 WHERE path = ?", (b"c",))
    database.commit()
    database.close()
    with Catalog.open_reader(index_dir) as reader:
        first, second, third = reader.verify()
    assert f"segment {segment_name(1)} do not add up" in first
    assert f"segment {segment_name(2)} do not add up" in second
    assert "'c' is in no segment" in third


@pytest.fixture(scope="module")
def full_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    index_dir = tmp_path_factory.mktemp("full") / "i"
    with Catalog.open_writer(index_dir, model="m") as catalog:
        catalog.commit(Change(add=[new_segment(1, *(f"dir/{i}.py" for i in range(300)))]))
        catalog.commit(Change(remove=["dir/1.py"], skipped=[skipped(f"s{i}") for i in range(50)]))
    return index_dir


def everything(index_dir: Path) -> object:
    with Catalog.open_reader(index_dir) as reader:
        listed = (list(reader.files()), list(reader.failures()))
        return reader.generation, reader.live(), reader.totals(), reader.verify(), listed


@settings(max_examples=80)
@given(flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 7)), min_size=1, max_size=8))
@example(flips=[(0.8680136084969421, 1)])  # a path that is NULL
def test_a_damaged_catalog_gives_our_errors_or_answers_never_anything_else(
    tmp_path_factory: pytest.TempPathFactory, full_catalog: Path, flips: list[tuple[float, int]]
) -> None:
    index_dir = tmp_path_factory.mktemp("damaged") / "i"
    shutil.copytree(full_catalog, index_dir)
    data = bytearray((index_dir / layout.CATALOG).read_bytes())
    for place, bit in flips:
        data[min(int(place * len(data)), len(data) - 1)] ^= 1 << bit
    (index_dir / layout.CATALOG).write_bytes(data)
    try:
        everything(index_dir)
    except SemindexError as error:
        assert "semindex" in str(error)
    shutil.rmtree(index_dir)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9])
def test_a_truncated_catalog_is_refused_moved_aside_and_begun_anew(
    tmp_path: Path, full_catalog: Path, share: float
) -> None:
    index_dir = tmp_path / "i"
    shutil.copytree(full_catalog, index_dir)
    data = (index_dir / layout.CATALOG).read_bytes()
    (index_dir / layout.CATALOG).write_bytes(data[: int(len(data) * share)])
    with pytest.raises(IndexCorrupt, match="moves it aside"):
        everything(index_dir)
    aside = layout.set_catalog_aside(index_dir)
    assert aside is not None
    assert aside.stat().st_size == int(len(data) * share)
    with Catalog.open_writer(index_dir, model="m") as catalog:
        assert catalog.commit(Change(add=[new_segment(1, "a")])) == 1
        assert paths(catalog) == ["a"]


def test_text_that_is_not_utf_8_is_damage(index_dir: Path) -> None:
    with Catalog.open_writer(index_dir, model="m") as catalog:
        catalog.commit(Change(add=[new_segment(1, "a")]))
    database = sqlite3.connect(index_dir / layout.CATALOG)
    database.execute("UPDATE files SET language = CAST(x'ff' AS TEXT)")
    database.commit()
    database.close()
    with Catalog.open_reader(index_dir) as reader, pytest.raises(IndexCorrupt, match="damaged"):
        list(reader.files())


def test_a_reason_that_a_later_version_invented_counts_as_failed(index_dir: Path) -> None:
    with Catalog.open_writer(index_dir, model="m") as catalog:
        catalog.commit(Change(skipped=[skipped("a")]))
    database = sqlite3.connect(index_dir / layout.CATALOG)
    database.execute("UPDATE skipped SET reason = 'too boring'")
    database.commit()
    database.close()
    with Catalog.open_reader(index_dir) as reader:
        assert [file.failure.reason for file in reader.failures()] == [SkipReason.FAILED]
        assert reader.totals().skipped == {"too boring": 1}


def test_the_id_of_a_dropped_segment_is_not_given_again(index_dir: Path) -> None:
    with Catalog.open_writer(index_dir, model="m") as catalog:
        catalog.commit(Change(add=[new_segment(number) for number in (1, 2, 3)]))
        catalog.commit(Change(drop_segments=[1, 3]))
    with Catalog.open_writer(index_dir, model="m") as catalog:
        catalog.commit(Change(add=[new_segment(5, "a")]))
        assert [segment.id for segment in catalog.live().segments] == [2, 4]
