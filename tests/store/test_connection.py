"""The database is opened as its place allows."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from semindex.errors import IndexCorrupt, IndexLocked
from semindex.store.catalog import Catalog
from semindex.store.connection import Connection, network_file_system, open_for_reading, translated
from semindex.store.records import Change

from .dying_writer import NEW, OLD, build, read, texts_in, update

TABLE = r"""sysfs /sys sysfs rw 0 0
/dev/vda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/local ext4 rw 0 0
//server/share /mnt/my\040share cifs rw 0 0
mac /host fuse.sshfs rw 0 0
tmpfs /over tmpfs rw 0 0
server:/over /over nfs rw 0 0
overlay / overlay rw 0 0
broken
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    table = tmp_path / "mounts"
    table.write_text(TABLE)
    return table


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/srv/code", ""),
        ("/home/me/code", "nfs4"),
        ("/home", "nfs4"),
        ("/homely", ""),
        ("/home/local/code", ""),
        ("/mnt/my share/code", "cifs"),
        ("/host/x", "fuse.sshfs"),
        ("/over/x", "nfs"),
    ],
)
def test_the_mount_that_holds_a_place_decides(mounts: Path, place: str, kind: str) -> None:
    assert network_file_system(Path(place), mounts) == kind


def test_a_system_without_a_table_of_mounts_counts_as_local(tmp_path: Path) -> None:
    assert network_file_system(tmp_path, tmp_path / "absent") == ""


def journal_mode(index_dir: Path) -> str:
    database = sqlite3.connect(index_dir / "catalog.db")
    try:
        return str(database.execute("PRAGMA journal_mode").fetchone()[0])
    finally:
        database.close()


def test_local_places_get_a_write_ahead_log_and_network_places_do_not(tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    index_dir = tmp_path / "i"
    for kind, mode in (("ext4", "wal"), ("nfs", "delete"), ("ext4", "wal")):
        table.write_text(f"x / {kind} rw 0 0\n")
        with Catalog.open_writer(index_dir, model="m", mounts=table) as catalog:
            catalog.commit(Change(scan_ns=1))
            expected = ("the index is on a network file system (nfs); journal mode delete",)
            assert catalog.notes == (expected if kind == "nfs" else ())
            assert (index_dir / "catalog.db-wal").exists() == (kind == "ext4")
        assert journal_mode(index_dir) == mode


def test_the_mode_stays_while_a_reader_is_in_the_way(tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    table.write_text("x / nfs rw 0 0\n")
    build(tmp_path / "i")
    with Catalog.open_reader(tmp_path / "i") as reader:
        update(tmp_path / "i", table)
        assert texts_in(tmp_path / "i", reader) == NEW
    assert journal_mode(tmp_path / "i") == "wal"
    update(tmp_path / "i", table)
    assert journal_mode(tmp_path / "i") == "delete"


def test_a_path_with_signs_of_its_own_is_opened(tmp_path: Path) -> None:
    index_dir = Path(os.fsdecode(os.fsencode(tmp_path / "a?b#c%20 d&mode=memory") + b"\xff"))
    build(index_dir)
    assert read(index_dir) == OLD
    assert (index_dir / "catalog.db").is_file()


def test_readers_cannot_write(tmp_path: Path) -> None:
    build(tmp_path / "i")
    opened = open_for_reading(tmp_path / "i")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        opened.connection.execute("DELETE FROM files")
    opened.connection.close()


def locked(database: Connection) -> None:
    other = sqlite3.connect(database.execute("PRAGMA database_list").fetchone()[2], timeout=0)
    database.execute("BEGIN IMMEDIATE")
    try:
        other.execute("BEGIN IMMEDIATE")
    finally:
        other.close()


def test_errors_get_our_names(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "d", isolation_level=None)
    database.execute("CREATE TABLE t (x PRIMARY KEY)")
    place = tmp_path / "catalog.db"
    with pytest.raises(IndexCorrupt, match="no such table: u"), translated(place, writing=True):
        database.execute("SELECT * FROM u")
    with pytest.raises(ValueError, match="UNIQUE"), translated(place, writing=True):
        database.execute("INSERT INTO t VALUES (1), (1)")
    with pytest.raises(IndexLocked, match="in use by another process"), translated(place, writing=True):
        locked(database)
    database.close()
    with pytest.raises(sqlite3.ProgrammingError), translated(place, writing=True):
        database.execute("SELECT 1")


def test_the_schema_of_a_strangers_catalog_cannot_call_functions(tmp_path: Path) -> None:
    build(tmp_path / "i")
    database = sqlite3.connect(tmp_path / "i" / "catalog.db")
    (trusted,) = database.execute("PRAGMA trusted_schema").fetchone()
    database.close()
    opened = open_for_reading(tmp_path / "i")
    (trusted_here,) = opened.connection.execute("PRAGMA trusted_schema").fetchone()
    opened.connection.close()
    assert (trusted, trusted_here) == (1, 0)
