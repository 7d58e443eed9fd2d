"""Vectors on disk: what is kept comes back or is not there, whatever happens to file and processes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from semindex.errors import CacheError
from semindex.models.digest import text_digest
from semindex.store.vectorcache import DAMAGED, FILE, VectorCache
from semindex.types import Kept

from ..product import PROJECT
from .dying_cache import WIDTH, digest, kept

AMPLE = 10_000_000


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[VectorCache]:
    made = VectorCache(tmp_path / "deep" / "cache", most_bytes=AMPLE)
    yield made
    made.close()


def known(cache: VectorCache, numbers: range, model: str = "model") -> set[int]:
    """Those of some numbers that are there; what is there is what was put."""
    found = cache.get(model, [digest(number) for number in numbers], width=WIDTH)
    for number in numbers:
        if digest(number) in found:
            same(found[digest(number)], kept(number))
    return {number for number in numbers if digest(number) in found}


def same(one: Kept, other: Kept) -> None:
    np.testing.assert_array_equal(one.numbers, other.numbers)
    assert one.numbers.dtype == np.float32
    assert (one.read_tokens, one.total_tokens) == (other.read_tokens, other.total_tokens)


def put(cache: VectorCache, numbers: range, model: str = "model") -> None:
    cache.put(model, {digest(number): kept(number) for number in numbers})


def test_asking_makes_nothing(cache: VectorCache) -> None:
    assert known(cache, range(3)) == set()
    assert cache.stats().entries == 0
    cache.close()
    assert not cache.path.parent.exists()


@given(
    numbers=arrays.arrays(np.float32, st.integers(1, 40)), read=st.integers(0, 9999), more=st.integers(0, 99)
)
def test_numbers_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, numbers: np.ndarray, read: int, more: int
) -> None:
    cache = VectorCache(tmp_path_factory.mktemp("cache"), most_bytes=AMPLE)
    cache.put("model", {b"text": Kept(numbers, read, read + more)})
    cache.close()
    found = cache.get("model", [b"text", b"other"], width=len(numbers))
    cache.close()
    assert list(found) == [b"text"]
    assert found[b"text"].numbers.tobytes() == numbers.tobytes()
    assert (found[b"text"].read_tokens, found[b"text"].total_tokens) == (read, read + more)


def test_models_and_widths_do_not_mix(cache: VectorCache) -> None:
    put(cache, range(3))
    assert known(cache, range(3), "another") == set()
    assert cache.get("model", [digest(1)], width=WIDTH + 1) == {}
    put(cache, range(1), "another")
    assert cache.stats().models == 2


def test_the_first_that_was_kept_stays(cache: VectorCache) -> None:
    put(cache, range(1))
    cache.put("model", {digest(0): kept(7)})
    assert known(cache, range(1)) == {0}


def test_many_are_asked_at_once(cache: VectorCache) -> None:
    put(cache, range(2000))
    assert known(cache, range(1000, 3000)) == set(range(1000, 2000))


def test_what_was_used_last_stays_below_the_limit(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, most_bytes=200_000)
    for start in range(0, 2000, 10):
        put(cache, range(start, start + 10))
        assert known(cache, range(5)) == set(range(5)), "asked for all the time"
    cache.close()
    assert cache.path.stat().st_size <= 200_000
    left = known(cache, range(2000))
    cache.close()
    assert len(left) > 300
    assert left == {*range(5), *range(min(left - set(range(5))), 2000)}, "the others are the newest"


def test_a_smaller_limit_makes_the_file_smaller(tmp_path: Path) -> None:
    with_room = VectorCache(tmp_path, most_bytes=AMPLE)
    put(with_room, range(3000))
    with_room.close()
    before = with_room.path.stat().st_size
    cache = VectorCache(tmp_path, most_bytes=100_000)
    put(cache, range(9000, 9001))
    cache.close()
    assert cache.path.stat().st_size <= 100_000 < before


def test_hits_and_misses_are_counted_over_processes(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, most_bytes=AMPLE)
    known(cache, range(4))
    put(cache, range(4))
    known(cache, range(5))
    cache.close()
    again = VectorCache(tmp_path, most_bytes=AMPLE)
    known(again, range(2))
    stats = again.stats()
    again.close()
    assert (stats.entries, stats.models, stats.hits, stats.misses) == (4, 1, 6, 5)
    assert stats.nbytes > 4 * WIDTH * 4
    assert (stats.limit_bytes, stats.notes, stats.path) == (AMPLE, (), str(tmp_path / FILE))


def test_clearing_touches_nothing_else(cache: VectorCache) -> None:
    put(cache, range(500))
    beside = cache.path.with_name("mine.txt")
    beside.write_text("mine")
    before = cache.stats().nbytes
    assert 0 < cache.clear() < before
    assert cache.stats().entries == cache.stats().hits == 0
    assert beside.read_text() == "mine"
    put(cache, range(2))
    assert known(cache, range(4)) == {0, 1}
    other = VectorCache(cache.path.parent, most_bytes=AMPLE)
    other.clear()
    other.close()
    assert known(cache, range(4)) == set(), "another process cleared it while it was open here"


@pytest.mark.parametrize("damage", ["cut", "nonsense", "table", "middle"])
def test_a_damaged_file_is_set_aside_and_said_so(cache: VectorCache, damage: str) -> None:
    put(cache, range(2000))
    cache.close()
    whole = cache.path.read_bytes()
    if damage == "table":
        opened = sqlite3.connect(cache.path)
        opened.execute("DROP TABLE counts")
        opened.close()
    else:
        wrong = {
            "cut": whole[: len(whole) // 2],
            "nonsense": b"nonsense" * 1000,
            "middle": whole[:4096] + os.urandom(len(whole) - 8192) + whole[-4096:],
        }[damage]
        cache.path.write_bytes(wrong)
    assert known(cache, range(2000)) <= set(range(2000))
    put(cache, range(2000, 2010))
    (note,) = cache.notes
    assert note.startswith("the vector cache was damaged (")
    assert note.endswith(f"the old file is {cache.path.with_name(DAMAGED)}")
    assert known(cache, range(1990, 2010)) == set(range(2000, 2010))
    assert cache.path.with_name(DAMAGED).exists()
    assert cache.clear() > 0
    assert sorted(path.name for path in cache.path.parent.iterdir()) == [FILE]
    assert cache.notes == ()


def test_a_value_that_changed_on_disk_is_computed_again(cache: VectorCache) -> None:
    put(cache, range(3))
    cache.close()
    opened = sqlite3.connect(cache.path)
    (value,) = opened.execute("SELECT value FROM vectors WHERE digest = ?", (digest(1),)).fetchone()
    changed = value[:-1] + bytes([value[-1] ^ 1])
    opened.execute("UPDATE vectors SET value = ? WHERE digest = ?", (changed, digest(1)))
    opened.commit()
    opened.close()
    assert known(cache, range(3)) == {0, 2}
    put(cache, range(3))
    assert known(cache, range(3)) == {0, 1, 2}


def test_a_newer_file_or_another_programs_is_left_alone(cache: VectorCache) -> None:
    put(cache, range(3))
    cache.close()
    for statement, told in (
        ("PRAGMA user_version = 99", "written by a newer semindex"),
        ("PRAGMA application_id = 7", "not a cache of this program"),
    ):
        opened = sqlite3.connect(cache.path)
        opened.execute(statement)
        opened.close()
        before = cache.path.read_bytes()
        other = VectorCache(cache.path.parent, most_bytes=AMPLE)
        assert known(other, range(3)) == set()
        put(other, range(3))
        (note,) = other.notes
        assert told in note
        assert cache.path.read_bytes() == before
        with pytest.raises(CacheError, match=told):
            other.clear()


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = VectorCache(tmp_path / "file" / "cache", most_bytes=AMPLE)
    for _ in range(3):
        put(cache, range(3))
        assert known(cache, range(3)) == set()
    (note,) = cache.notes
    assert note.startswith(f"vectors are not cached: {cache.path}: ")


def test_one_that_is_in_use_is_asked_again_later(cache: VectorCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semindex.store.vectorcache.BUSY_SECONDS", 0.01)
    put(cache, range(1))
    writer = sqlite3.connect(cache.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    put(cache, range(1, 2))
    (note,) = cache.notes
    assert note.endswith("in use by another process")
    assert known(cache, range(2)) == {0}
    with pytest.raises(CacheError, match="in use by another process; nothing was removed"):
        cache.clear()
    writer.execute("ROLLBACK")
    writer.close()
    put(cache, range(1, 2))
    assert known(cache, range(2)) == {0, 1}


def test_on_a_network_file_system_no_memory_is_shared(tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    table.write_text("server:/ / nfs4 rw 0 0\n")
    cache = VectorCache(tmp_path / "cache", most_bytes=AMPLE, mounts=table)
    put(cache, range(3))
    assert known(cache, range(3)) == {0, 1, 2}
    cache.close()
    opened = sqlite3.connect(cache.path)
    assert opened.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    opened.close()


def test_threads_may_share_it(cache: VectorCache) -> None:
    def work(first: int) -> None:
        for number in range(first, first + 50):
            put(cache, range(number, number + 1))
            assert known(cache, range(number, number + 1)) == {number}

    threads = [threading.Thread(target=work, args=(100 * each,)) for each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.stats().entries == 200
    assert cache.notes == ()


def filling(folder: Path, *, first: int, most_bytes: int = AMPLE) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.dying_cache", str(folder), str(most_bytes), str(first)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("most_bytes", [pytest.param(AMPLE, marks=pytest.mark.slow), 100_000])
def test_processes_that_are_killed_while_they_write_leave_it_usable(tmp_path: Path, most_bytes: int) -> None:
    """Two write at once until they are killed; what one of them said last that it had kept is there."""
    for turn, wait in enumerate((1, 7, 40)):
        two = [filling(tmp_path, first=10_000 * (2 * turn + each), most_bytes=most_bytes) for each in (0, 1)]
        said = two[0].stdout
        assert said is not None
        begun = [said.readline() for _ in range(wait)]
        for process in reversed(two):  # the other one drives nothing out of the cache after the last
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        *_, last = map(int, ("".join(begun) + two[0].communicate()[0]).rpartition("\n")[0].splitlines())
        two[1].communicate()
        cache = VectorCache(tmp_path, most_bytes=most_bytes)
        assert known(cache, range(last, last + 1)) == {last}
        put(cache, range(99_000, 99_010))
        assert known(cache, range(99_000, 99_010)) == set(range(99_000, 99_010))
        assert cache.notes == ()
        cache.close()
        opened = sqlite3.connect(cache.path)
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        opened.close()


def test_texts_and_pairs_have_names_of_their_own() -> None:
    found = [
        text_digest(query, text)
        for query in (None, "", "a", "ab")
        for text in ("", "a", "b", "ab", "ba", "\udcff")
    ]
    assert len(set(found)) == len(found)
    assert {len(each) for each in found} == {16}


def test_a_value_has_the_bytes_of_the_example(cache: VectorCache) -> None:
    cache.put("model", {b"digest": Kept(np.array([0.6, 0.8], np.float32), 5, 7)})
    with closing(sqlite3.connect(cache.path)) as database:
        ((value,),) = database.execute("SELECT value FROM vectors").fetchall()
    rest = bytes.fromhex("05000000 07000000 9a99193f cdcc4c3f")
    assert value == xxhash.xxh3_64_digest(rest) + rest
