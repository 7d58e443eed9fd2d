"""How an index is kept up beside its searches: no test here depends on how long anything takes."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import semindex
from semindex.index import Index
from semindex.indexing import drift, freshness
from semindex.indexing.drift import SETTLED_FILES, Drift, check, settled, walked
from semindex.indexing.freshness import Upkeep, _Thread
from semindex.indexing.walktimes import WAIT_MS, WALKS, WalkTimes
from semindex.source import walk as walk_module
from semindex.source.read import ReadRules
from semindex.store import connection
from semindex.store.catalog import Catalog
from semindex.store.lock import write_lock
from semindex.types import Upkept
from tests.product import plant

SLOW, QUICK = 2 * WAIT_MS / 1000, WAIT_MS / 2000
FEW = 30
"""So many files are read at once in these tests."""
MANY = FEW + 20


class Walks:
    """Walks that take as long as a test says: one is done at once, or when the test lets it go on."""

    def __init__(self) -> None:
        self.seconds = QUICK
        self.started: list[Walks.One] = []
        self.waited: list[float] = []

    def __call__(
        self, walk: Callable[[], Drift], make_plan: Callable[[Drift], Drift], is_awaited: bool
    ) -> Walks.One:
        self.started.append(Walks.One(self, walk, make_plan, is_awaited))
        return self.started[-1]

    class One:
        def __init__(
            self,
            walks: Walks,
            walk: Callable[[], Drift],
            make_plan: Callable[[Drift], Drift],
            is_awaited: bool,
        ) -> None:
            self.walks, self.is_awaited = walks, is_awaited
            self.seconds = walks.seconds
            self._walk, self._make_plan = walk, make_plan
            self.found: Drift | None = None

        def result(self, seconds: float) -> Drift | None:
            self.walks.waited.append(seconds)
            if self.found is None and seconds >= self.seconds:
                self.found = replace(self._walk(), walk_seconds=self.seconds)
            return self.found

        def go_on(self) -> None:
            self.found = self._make_plan(replace(self._walk(), walk_seconds=self.seconds))


class Kept:
    """An index of a small tree, its upkeep, its walks and its clock."""

    def __init__(self, root: Path, index: Index) -> None:
        self.root, self.index = root, index
        self.walks = Walks()
        self.later_ns = 0
        self.upkeep = self.new_process()

    def new_process(self) -> Upkeep:
        return Upkeep(
            self.root,
            self.index.index_dir,
            self.index._builder,
            start=self.walks,
            clock=lambda: time.time_ns() + self.later_ns,
        )

    def catch_up(self) -> Upkept:
        with Catalog.open_reader(self.index.index_dir) as catalog:
            return self.upkeep.catch_up(catalog, catalog.model)

    def times(self) -> list[int]:
        with Catalog.open_reader(self.index.index_dir) as catalog:
            return [took for _, took in WalkTimes.read(catalog.meta(WALKS)).walks]

    def have_walked(self, *seconds: float) -> None:
        """Let the last walks have taken so long."""
        for each in seconds:
            with Catalog.open_reader(self.index.index_dir) as catalog:
                drift = replace(check(self.root, catalog), walk_seconds=each)
            self.index._builder().refresh(drift=drift)

    def paths(self) -> set[str]:
        with Catalog.open_reader(self.index.index_dir) as catalog:
            return {file.ref.path for file in catalog.files()}


def long_ago(root: Path) -> None:
    """Let all files be written long before they are indexed, so that none is in doubt."""
    for path in root.rglob("*.py"):
        os.utime(path, ns=(10**18, 10**18))


@pytest.fixture(autouse=True)
def few_files_are_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "CHEAP_FILES", FEW)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    root = plant(tmp_path / "root", {f"{n}.py": b"def airship(): pass\n" for n in range(MANY)})
    long_ago(root)
    with semindex.open(root) as index:
        index.refresh()
        yield Kept(root, index)


def add_file(kept: Kept) -> None:
    plant(kept.root, {"new.py": b"def zeppelin(): pass\n"})
    long_ago(kept.root)


def test_a_quick_walk_is_waited_for(kept: Kept) -> None:
    assert kept.catch_up() == Upkept("fresh")
    add_file(kept)
    assert kept.catch_up() == Upkept("refreshed")
    assert "new.py" in kept.paths()
    assert set(kept.walks.waited) == {WAIT_MS / 1000}


def test_a_single_slow_walk_does_not_shut_the_gate(kept: Kept) -> None:
    kept.have_walked(SLOW)
    add_file(kept)
    assert kept.catch_up() == Upkept("refreshed")
    assert kept.walks.waited == [WAIT_MS / 1000]


def test_after_slow_walks_a_search_does_not_wait(kept: Kept) -> None:
    kept.have_walked(SLOW, SLOW)
    add_file(kept)
    found = kept.catch_up()
    assert (found.freshness, found.changed) == ("unchecked", 0)
    assert "not compared with the files on disk" in found.notes[0]
    assert kept.walks.waited == [0]
    assert [walk.is_awaited for walk in kept.walks.started] == [False]
    assert "new.py" not in kept.paths()


def test_a_walk_that_nobody_waited_for_serves_the_next_search(kept: Kept) -> None:
    kept.have_walked(SLOW, SLOW)
    kept.walks.seconds = SLOW
    add_file(kept)
    assert kept.catch_up().freshness == "unchecked"
    assert kept.catch_up().freshness == "unchecked", "it still goes on"
    kept.walks.started[0].go_on()
    assert kept.catch_up() == Upkept("refreshed")
    assert "new.py" in kept.paths()


def test_a_walk_that_takes_longer_than_expected_goes_on_and_serves_the_next(kept: Kept) -> None:
    kept.walks.seconds = SLOW
    add_file(kept)
    assert kept.catch_up().freshness == "unchecked"
    assert kept.walks.waited == [WAIT_MS / 1000]
    assert kept.times()[-1] > WAIT_MS, "the next process knows"
    kept.walks.started[0].go_on()
    assert kept.catch_up() == Upkept("refreshed")


def test_where_nothing_can_be_noted_the_process_itself_remembers_slow_walks(kept: Kept) -> None:
    kept.walks.seconds = SLOW
    before = kept.times()
    with write_lock(kept.index.index_dir):
        for _ in range(3):
            kept.catch_up()
            kept.walks.started[-1].go_on()
    assert kept.times() == before, "another process writes"
    assert [walk.is_awaited for walk in kept.walks.started] == [True, True, False]


def test_the_gate_opens_again_by_quick_walks_and_by_time(kept: Kept) -> None:
    kept.have_walked(SLOW, SLOW, SLOW)
    kept.later_ns = 3600 * 10**9
    add_file(kept)
    assert kept.catch_up() == Upkept("refreshed"), "an hour later it is tried again"
    kept.have_walked(SLOW, SLOW, QUICK, QUICK)
    kept.later_ns = 0
    kept.walks.waited.clear()
    assert kept.catch_up() == Upkept("fresh")
    assert kept.walks.waited == [WAIT_MS / 1000]


def test_quick_walks_are_noted_until_the_slow_ones_are_forgotten(kept: Kept) -> None:
    kept.have_walked(SLOW)
    kept.upkeep = kept.new_process()
    for _ in range(5):
        assert kept.catch_up() == Upkept("fresh")
    quick = round(QUICK * 1000)
    assert kept.times() == [quick, quick, quick]
    before = kept.index.status().generation
    with Catalog.open_reader(kept.index.index_dir) as catalog:
        noted = catalog.meta(WALKS)
    kept.catch_up()
    with Catalog.open_reader(kept.index.index_dir) as catalog:
        assert (catalog.meta(WALKS), catalog.generation) == (noted, before), "nothing is written any more"


def test_what_an_old_walk_found_unchanged_is_not_called_fresh(kept: Kept) -> None:
    kept.have_walked(SLOW, SLOW)
    kept.catch_up()
    kept.walks.started[0].go_on()
    kept.later_ns = 120 * 10**9
    assert kept.catch_up().freshness == "unchecked"


def test_a_commit_between_a_walk_and_its_use_is_seen(kept: Kept) -> None:
    kept.have_walked(SLOW, SLOW)
    kept.walks.seconds = SLOW
    add_file(kept)
    kept.catch_up()
    kept.walks.started[0].go_on()
    (kept.root / "0.py").unlink()
    kept.index.refresh()
    found = kept.catch_up()
    assert (found.freshness, "0.py" in kept.paths(), "new.py" in kept.paths()) == ("unchecked", False, True)


@pytest.mark.parametrize("how", ["touch", "chmod"])
def test_files_that_were_only_touched_are_not_stale_and_are_not_read_again(kept: Kept, how: str) -> None:
    for number, path in enumerate(sorted(kept.root.glob("*.py"))):
        path.chmod(0o600) if how == "chmod" else os.utime(path, ns=(10**18, 10**18 + 1 + number))
    before = kept.index.status().generation
    assert kept.index.status().freshness == "fresh"
    assert kept.catch_up() == Upkept("fresh")
    assert kept.index.status().generation == before, "no reader need open the index anew"
    with Catalog.open_reader(kept.index.index_dir) as catalog:
        assert check(kept.root, catalog).plan.read == ()


def test_what_was_in_doubt_and_read_is_in_doubt_no_more(tmp_path: Path) -> None:
    root = plant(tmp_path / "root", {f"{n}.py": b"def airship(): pass\n" for n in range(MANY)})
    long_ago(root)
    scanned_ns = 15 * 10**17
    with semindex.open(root) as index:
        index._builder().refresh(drift=replace(walked(root), scan_ns=scanned_ns))
        for path in root.glob("*.py"):
            os.utime(path, ns=(10**18, scanned_ns + 1))
        kept = Kept(root, index)
        assert kept.catch_up() == Upkept("fresh")
        with Catalog.open_reader(index.index_dir) as catalog:
            assert check(root, catalog).plan.read == ()


def test_touched_files_are_not_stale_where_nobody_can_write_that_down(kept: Kept) -> None:
    for path in sorted(kept.root.glob("*.py"))[:3]:
        os.utime(path, ns=(10**18, 10**18 + 5))
    with write_lock(kept.index.index_dir):
        assert kept.catch_up() == Upkept("fresh")
        add_file(kept)
        found = kept.catch_up()
        assert (found.freshness, found.changed) == ("stale", 1)
        assert "not refreshed" in found.notes[0]


def test_of_many_touched_files_only_the_changed_ones_are_indexed(kept: Kept) -> None:
    for path in kept.root.glob("*.py"):
        os.utime(path, ns=(10**18, 10**18 + 5))
    (kept.root / "1.py").write_bytes(b"def balloon(): pass\n")
    os.utime(kept.root / "1.py", ns=(10**18, 10**18 + 5))
    (kept.root / "2.py").unlink()
    assert kept.catch_up() == Upkept("refreshed")
    with kept.index as index:
        assert [hit.path for hit in index.search("balloon", mode="lexical")] == ["1.py"]
    with Catalog.open_reader(kept.index.index_dir) as catalog:
        assert check(kept.root, catalog).work == 0


def test_what_was_found_before_another_commit_is_not_noted(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While touched files are read, somebody else removes one of them from the index."""
    for path in kept.root.glob("*.py"):
        path.chmod(0o600)
    real = settled

    def meanwhile(root: Path, drift: Drift, *, rules: ReadRules) -> Drift:
        (root / "0.py").unlink()
        kept.index.refresh()
        plant(root, {"0.py": b"def airship(): pass\n"})
        return real(root, drift, rules=rules)

    monkeypatch.setattr(freshness, "settled", meanwhile)
    kept.catch_up()
    assert "0.py" not in kept.paths()
    assert kept.index.status(verify=True).problems == ()


def test_of_many_changes_the_number_is_told_and_touched_files_do_not_count(kept: Kept) -> None:
    plant(kept.root, {f"new/{n}.py": b"def zeppelin(): pass\n" for n in range(MANY)})
    long_ago(kept.root / "new")
    for path in kept.root.glob("*.py"):
        os.utime(path, ns=(10**18, 10**18 + 5))
    for _ in range(2):
        found = kept.catch_up()
        assert (found.freshness, found.changed) == ("stale", MANY)
        assert "run 'semindex index'" in found.notes[0]
    with Catalog.open_reader(kept.index.index_dir) as catalog:
        assert len(check(kept.root, catalog).plan.read) == MANY, "the touched ones are noted"
    assert kept.index.refresh().added == MANY


def test_reading_to_tell_touched_from_changed_has_a_bound(kept: Kept) -> None:
    for path in kept.root.glob("*.py"):
        path.chmod(0o600)
    with Catalog.open_reader(kept.index.index_dir) as catalog:
        drift = check(kept.root, catalog)
    size = len(b"def airship(): pass\n")
    assert len(settled(kept.root, drift, most_files=7).plan.touched) == 7
    assert len(settled(kept.root, drift, most_bytes=7 * size).plan.touched) == 7
    assert len(settled(kept.root, drift, most_files=SETTLED_FILES).plan.read) == 0


def test_while_another_process_writes_nothing_is_noted_and_the_answer_stands(kept: Kept) -> None:
    for path in kept.root.glob("*.py"):
        path.chmod(0o600)
    with write_lock(kept.index.index_dir):
        assert kept.catch_up() == Upkept("fresh")
        add_file(kept)
        found = kept.catch_up()
    assert (found.freshness, found.changed) == ("stale", 1)
    assert "is writing the index" in found.notes[0]


def test_another_model_is_not_kept_up(kept: Kept) -> None:
    with Catalog.open_reader(kept.index.index_dir) as catalog:
        assert kept.upkeep.catch_up(catalog, "another") == Upkept("unchecked")
    assert kept.walks.started == []


def test_a_closed_upkeep_forgets_its_walks(kept: Kept) -> None:
    kept.have_walked(SLOW, SLOW)
    kept.catch_up()
    kept.walks.started[0].go_on()
    kept.upkeep.close()
    kept.catch_up()
    assert len(kept.walks.started) == 2


def test_a_walk_on_a_thread_gives_what_it_found_or_raises(tmp_path: Path) -> None:
    plant(tmp_path, {"a.py": b"x = 1\n"})
    go_on = threading.Event()

    def slow() -> Drift:
        go_on.wait()
        return walked(tmp_path)

    walk = _Thread(slow, lambda drift: replace(drift, doubtful=7), True)
    assert walk.result(0) is None
    go_on.set()
    found = walk.result(60)
    assert found is not None and found.doubtful == 7, "nobody waits, so the plan is made there"
    awaited = _Thread(lambda: walked(tmp_path), lambda drift: replace(drift, doubtful=7), True).result(60)
    assert awaited is not None and awaited.doubtful == 0
    with pytest.raises(semindex.RootError):
        _Thread(lambda: walked(tmp_path / "nowhere"), lambda drift: drift, True).result(60)


@pytest.mark.parametrize("note", [None, "", "x", "1", "1:2 3", "-1:5"])
def test_a_note_without_sense_is_no_history(note: str | None) -> None:
    assert WalkTimes.read(note) == WalkTimes()
    assert WalkTimes().is_quick(time.time_ns())


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts walks of whole trees, plans, snapshots that are read, and openings of catalogs."""
    counts: Counter[str] = Counter()
    connect, cover_all = connection.connect, walk_module._cover_all

    def traced(statement: str) -> None:
        counts["plans"] += "SELECT DISTINCT language, analysis FROM files" in statement
        counts["snapshots"] += "FROM segments ORDER BY id" in statement

    def connecting(path: Path, mode: str) -> connection.Connection:
        opened = connect(path, mode)
        opened.set_trace_callback(traced)
        counts["openings"] += 1
        return opened

    def covering(*arguments: object) -> None:
        counts["walks"] += 1
        cover_all(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(connection, "connect", connecting)
    monkeypatch.setattr(walk_module, "_cover_all", covering)
    return counts


def test_a_search_walks_plans_and_opens_once(kept: Kept, counted: Counter[str]) -> None:
    with semindex.open(kept.root) as index:
        assert index.search("airship", refresh=True).coverage.freshness == "fresh"
    assert counted == {"walks": 1, "plans": 1, "snapshots": 1, "openings": 1}


def test_a_search_that_finds_a_change_hands_its_plan_to_the_builder(
    kept: Kept, counted: Counter[str]
) -> None:
    add_file(kept)
    with semindex.open(kept.root) as index:
        assert index.search("zeppelin", refresh=True)[0].path == "new.py"
    # One catalog is open for reading, one for writing; each reads a generation once, the writer two of them.
    assert counted == {"walks": 1, "plans": 1, "snapshots": 3, "openings": 2}


def test_an_index_run_walks_plans_and_reads_its_snapshot_once(kept: Kept, counted: Counter[str]) -> None:
    kept.index.refresh()
    assert counted == {"walks": 1, "plans": 1, "snapshots": 1, "openings": 1}
