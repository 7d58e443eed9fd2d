"""Damage to the index and its place: never a traceback, never a lost file, and ``index`` repairs it."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import xxhash

import semindex
from semindex.config import Settings
from semindex.embed.static import open_words
from semindex.index import Index

from .patience import PROGRAM
from .product import ALPHA, BETA, plant, semindex_command

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="limits and permissions of POSIX"),
    pytest.mark.usefixtures("patience"),
]

QUERIES = ["load_cookie", "where are sessions kept", '"the cookie of"', "add header"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three indexed files in two segments."""
    root = plant(tmp_path / "root", {"cookies.py": ALPHA, "sessions.py": BETA})
    with semindex.open(root) as index:
        index.refresh()
        plant(root, {"headers.py": b"def add_header(name):\n    pass\n"})
        for path in root.glob("*.py"):
            os.utime(path, (1_000_000_000, 1_000_000_000))  # so old that no search needs to read them
        index.refresh()
    assert len(segments(root)) == 2
    return root


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    with semindex.open(root, settings=Settings(enable_caching=False)) as index:
        yield index


def segments(root: Path) -> list[Path]:
    """Larger first: that one holds two files."""
    return sorted((root / ".semindex" / "segments").glob("*.seg"), key=lambda path: -path.stat().st_size)


def answers(root: Path) -> list[list[tuple[str, int, float]]]:
    with semindex.open(root) as index:
        return [[(hit.path, hit.start_line, hit.points) for hit in index.search(query)] for query in QUERIES]


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def overwrite(path: Path) -> None:
    path.write_bytes(b"garbage" * 1000)


def remove(path: Path) -> None:
    path.unlink()


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def another(path: Path) -> None:
    """The other segment, sound in itself, under this one's name."""
    other = next(other for other in path.parent.glob("*.seg") if other != path)
    shutil.copy(other, path)


@pytest.mark.parametrize("damage", [truncate, empty, lengthen, overwrite, remove, another])
def test_a_damaged_segment_is_named_and_rebuilt(
    root: Path, index: Index, damage: Callable[[Path], None]
) -> None:
    before = answers(root)
    hurt = segments(root)[0]
    damage(hurt)
    with pytest.raises(semindex.IndexCorrupt, match=hurt.name):
        index.search("load_cookie")
    with pytest.raises(semindex.IndexCorrupt, match=hurt.name):
        index.related("cookies.py")
    report = index.refresh()
    assert (report.added, report.files) == (2, 3) or (report.changed, report.files) == (2, 3)
    assert any(hurt.name in warning and "2 files" in warning for warning in report.warnings)
    assert index.status(verify=True).problems == ()
    assert answers(root) == before


def test_the_command_line_tells_of_a_damaged_segment(root: Path) -> None:
    before = answers(root)
    hurt = segments(root)[0]
    truncate(hurt)
    for words in (
        ("search", "load_cookie"),
        ("search", "load_cookie", "--no-refresh"),
        ("related", "cookies.py"),
    ):
        ran = semindex_command(*words, cwd=root)
        assert (ran.code, ran.out) == (2, "")
        assert hurt.name in ran.err
        assert "semindex index" in ran.err
    ran = semindex_command("status", "--json", "--verify", cwd=root)
    assert ran.code == 2
    assert any(hurt.name in problem for problem in ran.object["problems"])
    ran = semindex_command("index", "--json", cwd=root)
    assert (ran.code, ran.object["files"]) == (0, 3)
    assert any(hurt.name in warning for warning in ran.object["warnings"])
    assert semindex_command("search", "load_cookie", "--json", cwd=root).paths[0] == "cookies.py"
    assert answers(root) == before


def flip(path: Path, sound: bytes, chance: random.Random) -> None:
    """One wrong bit, somewhere in the file."""
    place = chance.randrange(len(sound))
    wrong = bytearray(sound)
    wrong[place] ^= 1 << chance.randrange(8)
    path.write_bytes(wrong)


def test_flipped_bits_are_found_and_never_break_a_search(root: Path) -> None:
    """A query compares no checksums: it may answer, or say that the index is damaged, and nothing else."""
    chance = random.Random(7)
    hurt = segments(root)[0]
    sound = hurt.read_bytes()
    refused = 0
    for _ in range(50):
        flip(hurt, sound, chance)
        with semindex.open(root) as index:
            assert any(hurt.name in problem for problem in index.status(verify=True).problems)
            try:
                for query in QUERIES:
                    index.search(query)
                    index.search(query, group_by="chunk", lang=["python"], path=["*.py"])
                index.related("cookies.py:1")
            except (semindex.IndexCorrupt, semindex.IndexTooNew) as error:
                refused += hurt.name in str(error)
            except semindex.QueryError as error:
                # The damage is in the path itself.
                assert "cookies.py is not in the index" in str(error)
    assert 0 < refused < 50


def smash(path: Path, sound: bytes, chance: random.Random) -> None:
    """A stretch of noise."""
    wrong = bytearray(sound)
    place = chance.randrange(400, len(sound) - 64)
    wrong[place : place + 64] = chance.randbytes(64)
    path.write_bytes(wrong)


def test_smashed_segments_never_break_a_search(root: Path) -> None:
    chance = random.Random(8)
    hurt = segments(root)[0]
    sound = hurt.read_bytes()
    refused = 0
    for _ in range(50):
        smash(hurt, sound, chance)
        with semindex.open(root) as index:
            try:
                for query in QUERIES:
                    index.search(query)
            except semindex.IndexCorrupt as error:
                refused += hurt.name in str(error)
    assert refused > 3


def test_flipped_bits_are_rebuilt(root: Path, index: Index) -> None:
    before = answers(root)
    chance = random.Random(9)
    for _ in range(8):
        hurt = segments(root)[0]
        flip(hurt, hurt.read_bytes(), chance)
        report = index.refresh()
        assert any(hurt.name in warning for warning in report.warnings)
        assert index.status(verify=True).problems == ()
        assert answers(root) == before


def catalog_of(root: Path) -> Path:
    return root / ".semindex" / "catalog.db"


@pytest.mark.parametrize("damage", [truncate, empty, overwrite, remove])
def test_a_damaged_catalog_is_told_and_rebuilt(root: Path, damage: Callable[[Path], None]) -> None:
    before = answers(root)
    damage(catalog_of(root))
    for suffix in ("-wal", "-shm"):
        Path(f"{catalog_of(root)}{suffix}").unlink(missing_ok=True)
    with semindex.open(root) as index:
        with pytest.raises((semindex.IndexCorrupt, semindex.NotIndexed), match="semindex index"):
            index.search("load_cookie")
        report = index.refresh()
        assert (report.added, report.files) == (3, 3)
        if damage in (truncate, overwrite):
            assert any("catalog cannot be used" in warning for warning in report.warnings)
        assert index.status(verify=True).problems == ()
    assert answers(root) == before
    assert len(segments(root)) == 1


@pytest.mark.parametrize("damage", [truncate, empty, overwrite, remove])
@pytest.mark.parametrize("beside", [True, False], ids=["in the process", "by another"])
def test_a_catalog_damaged_under_an_open_index_is_rebuilt(
    root: Path, index: Index, damage: Callable[[Path], None], beside: bool
) -> None:
    """Whoever has it open holds locks on the file, which must not keep a writer from making another."""
    before = answers(root)
    assert index.search("load_cookie")[0].path == "cookies.py"
    damage(catalog_of(root))
    with suppress(semindex.IndexCorrupt, semindex.NotIndexed):
        index.search("load_cookie")
    if beside:
        assert index.refresh().files == 3
    else:
        assert semindex_command("index", cwd=root).code == 0
    assert index.search("load_cookie")[0].path == "cookies.py"
    assert index.status(verify=True).problems == ()
    assert answers(root) == before


def test_the_command_line_tells_of_a_damaged_catalog(root: Path) -> None:
    overwrite(catalog_of(root))
    for words in (("search", "x"), ("status",), ("related", "cookies.py")):
        ran = semindex_command(*words, cwd=root)
        assert (ran.code, ran.out) == (2, "")
        assert "catalog.db" in ran.err
        assert "semindex index" in ran.err
    ran = semindex_command("index", cwd=root)
    assert ran.code == 0
    assert "damaged" in ran.err
    assert semindex_command("search", "load_cookie", cwd=root).code == 0


def test_smashed_catalogs_never_break_a_search(root: Path) -> None:
    catalog = catalog_of(root)
    sound = catalog.read_bytes()
    chance = random.Random(10)
    for _ in range(15):
        smash(catalog, sound, chance)
        with semindex.open(root) as index:
            try:
                index.search("load_cookie")
                index.status(verify=True)
            except semindex.SemindexError as error:
                assert str(error)
            report = index.refresh(force=True)
            assert report.files == 3
            assert index.search("load_cookie")[0].path == "cookies.py"
        catalog.write_bytes(sound)


@pytest.mark.parametrize("table", ["segments", "files"])
def test_a_number_that_became_something_else_is_damage(root: Path, table: str) -> None:
    """As in a damaged page: the tables say that there is a number, and there is none."""
    column = {"segments": "nbytes", "files": "chunks"}[table]
    with sqlite3.connect(catalog_of(root)) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            f"UPDATE sqlite_master SET sql = replace(sql, '{column} INTEGER NOT NULL', '{column}')"
        )
        database.execute("PRAGMA writable_schema = RESET")
        database.execute(f"UPDATE {table} SET {column} = NULL")
    database.close()
    for words in (("status",), ("status", "--json")) if table == "files" else (("search", "cookie"),):
        ran = semindex_command(*words, cwd=root, program=PROGRAM)
        assert ran.code == 2
        assert "damaged" in ran.err + ran.out
        assert "Traceback" not in ran.err


def test_a_row_in_the_wrong_place_is_found_and_the_catalog_made_anew(root: Path) -> None:
    """A flipped bit in the key of a row: whoever looks the path up does not find it."""
    with sqlite3.connect(catalog_of(root)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    data = catalog_of(root).read_bytes()
    places = [match.start() for match in re.finditer(b"cookies.py", data)]
    assert places
    for place in places:
        catalog_of(root).write_bytes(data[:place] + b"z" + data[place + 1 :])
        with semindex.open(root) as index:
            index.refresh()
            assert index.status().indexed == 3
            assert index.search("load_cookie")[0].path == "cookies.py"


def raise_schema(root: Path) -> None:
    with sqlite3.connect(catalog_of(root)) as database:
        database.execute("PRAGMA user_version = 999")
    database.close()


def raise_format(root: Path) -> None:
    path = segments(root)[0]
    data = bytearray(path.read_bytes())
    data[8:12] = struct.pack("<I", 999)
    data[56:64] = xxhash.xxh3_64_intdigest(data[:56]).to_bytes(8, "little")
    path.write_bytes(data)


@pytest.mark.parametrize("raised", [raise_schema, raise_format])
def test_an_index_of_a_newer_version_is_left_alone(root: Path, raised: Callable[[Path], None]) -> None:
    raised(root)
    kept = {path: path.read_bytes() for path in (*segments(root), catalog_of(root))}
    for words in (("search", "load_cookie"), ("index",), ("status", "--verify")):
        ran = semindex_command(*words, cwd=root, program=PROGRAM)
        assert (ran.code, ran.out) == (2, "")
        assert "newer semindex" in ran.err
        assert "upgrade" in ran.err
    with semindex.open(root) as index, pytest.raises(semindex.IndexTooNew):
        index.search("load_cookie")
    assert {path: path.read_bytes() for path in kept} == kept


def test_an_index_of_an_older_version_is_refused_and_made_anew(root: Path) -> None:
    before = answers(root)
    with sqlite3.connect(catalog_of(root)) as database:
        database.execute("PRAGMA user_version = 1")
    database.close()
    ran = semindex_command("search", "load_cookie", cwd=root, program=PROGRAM)
    assert (ran.code, ran.out) == (2, "")
    assert "older semindex (schema 1); run 'semindex index' to index again" in ran.err
    ran = semindex_command("index", cwd=root, program=PROGRAM)
    assert ran.code == 0
    assert "older semindex" in ran.err
    assert answers(root) == before


def test_an_index_of_another_model_is_refused_and_rebuilt(
    root: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = answers(root)
    with monkeypatch.context() as patch:
        patch.setattr(open_words(), "fingerprint", "other-128")
        with semindex.open(root) as other:
            assert other.refresh(force=True).files == 3
    for words in (("search", "load_cookie"), ("related", "cookies.py")):
        ran = semindex_command(*words, cwd=root)
        assert (ran.code, ran.out) == (2, "")
        assert "other-128" in ran.err
        assert "semindex index" in ran.err
    with pytest.raises(semindex.IndexMismatch, match="other-128"):
        index.search("load_cookie")
    assert any("another model" in note for note in index.status().notes)
    report = index.refresh()
    assert report.added == 3
    assert any("another model" in warning for warning in report.warnings)
    assert answers(root) == before


def test_a_full_disk_keeps_the_old_answers(root: Path) -> None:
    before = answers(root)
    plant(root, {f"new_{i}.py": b"def fresh_%d(): pass\n" % i * 50 for i in range(40)})
    for limit in (1000, 20_000):
        ran = semindex_command("index", cwd=root, file_bytes=limit)
        assert (ran.code, ran.out) == (2, ""), limit
        assert "Cannot write" in ran.err
        assert "intact" in ran.err
        searched = semindex_command(
            "search", "load_cookie", "--no-refresh", "--json", cwd=root, file_bytes=limit
        )
        assert (searched.code, searched.paths[0]) == (0, "cookies.py")
        searched = semindex_command(
            "search", "load_cookie", "--json", cwd=root, file_bytes=limit, program=PROGRAM
        )
        assert (searched.code, searched.paths[0]) == (0, "cookies.py")
        assert searched.object["coverage"]["freshness"] == "stale"
        assert answers(root) == before
    with semindex.open(root) as index:
        assert index.status(verify=True).problems == ()
        assert index.refresh().added == 40


def test_a_full_disk_stops_a_first_index(tmp_path: Path) -> None:
    plant(tmp_path, {"cookies.py": ALPHA})
    for limit in (0, 10_000):
        ran = semindex_command("index", cwd=tmp_path, file_bytes=limit)
        assert (ran.code, ran.out) == (2, "")
        assert "Cannot write" in ran.err
    assert semindex_command("search", "load_cookie", "--no-refresh", cwd=tmp_path).code == 2
    assert semindex_command("search", "load_cookie", cwd=tmp_path).code == 0


def read_only(folder: Path, on: bool) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o555 if path.is_dir() else 0o444) if on else (0o755 if path.is_dir() else 0o644))


def test_a_read_only_index_answers_and_is_not_changed(root: Path) -> None:
    folder = root / ".semindex"
    plant(root, {"new.py": b"def fresh(): pass\n"})
    read_only(folder, True)
    try:
        ran = semindex_command("search", "load_cookie", "--json", cwd=root, bound=True, program=PROGRAM)
        assert (ran.code, ran.paths[0]) == (0, "cookies.py")
        assert ran.object["coverage"]["freshness"] == "stale"
        assert semindex_command("status", "--verify", cwd=root, bound=True).code == 0
        for words in (("index",), ("clean", "--yes")):
            ran = semindex_command(*words, cwd=root, bound=True)
            assert (ran.code, ran.out) == (2, ""), ran
            assert "permission denied" in ran.err
    finally:
        read_only(folder, False)
    assert semindex_command("index", cwd=root, bound=True).code == 0


def test_a_folder_where_no_index_can_be_made_says_what_to_do(tmp_path: Path) -> None:
    root = plant(tmp_path / "root", {"cookies.py": ALPHA})
    root.chmod(0o555)
    try:
        for words in (("index",), ("search", "load_cookie")):
            ran = semindex_command(*words, cwd=root, bound=True)
            assert (ran.code, ran.out) == (2, "")
            assert "--index-dir" in ran.err
        ran = semindex_command(
            "search", "load_cookie", "--index-dir", tmp_path / "i", "--json", cwd=root, bound=True
        )
        assert (ran.code, ran.paths) == (0, ["cookies.py"])
    finally:
        root.chmod(0o755)
