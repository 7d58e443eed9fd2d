"""Schemas of any age become today's, or stay as they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from semindex.errors import IndexCorrupt, IndexTooNew
from semindex.store.migrations import APPLICATION_ID, STEPS, migrate, schema_version

OLD = (("CREATE TABLE a (x)",), ("ALTER TABLE a ADD COLUMN y", "INSERT INTO a VALUES (1, 2)"))
NEW = (*OLD, ("CREATE TABLE b AS SELECT x + y AS z FROM a",))
PLACE = Path("catalog.db")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / PLACE, isolation_level=None)
    yield connection
    connection.close()


def tables(database: sqlite3.Connection) -> list[str]:
    return [name for (name,) in database.execute("SELECT name FROM sqlite_master ORDER BY name")]


def test_an_empty_database_gets_every_step(database: sqlite3.Connection) -> None:
    assert schema_version(database, PLACE) == 0
    migrate(database, PLACE, steps=NEW)
    assert database.execute("SELECT z FROM b").fetchall() == [(3,)]
    assert schema_version(database, PLACE, newest=3) == 3
    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_an_older_one_gets_the_steps_it_lacks_and_keeps_its_rows(database: sqlite3.Connection) -> None:
    migrate(database, PLACE, steps=OLD)
    database.execute("INSERT INTO a VALUES (10, 20)")
    migrate(database, PLACE, steps=NEW)
    assert database.execute("SELECT z FROM b ORDER BY z").fetchall() == [(3,), (30,)]
    migrate(database, PLACE, steps=NEW)
    assert database.execute("SELECT count(*) FROM b").fetchone() == (2,)


def test_a_step_that_fails_leaves_the_schema_as_it_was(database: sqlite3.Connection) -> None:
    migrate(database, PLACE, steps=OLD)
    broken = (*OLD, ("CREATE TABLE c (x)", "INSERT INTO nowhere VALUES (1)"))
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(database, PLACE, steps=broken)
    assert not database.in_transaction
    assert tables(database) == ["a"]
    assert schema_version(database, PLACE, newest=3) == 2


def test_one_from_the_future_is_refused_unchanged(database: sqlite3.Connection) -> None:
    migrate(database, PLACE, steps=NEW)
    with pytest.raises(IndexTooNew, match=r"catalog\.db .*schema 3"):
        migrate(database, PLACE, steps=OLD)
    assert schema_version(database, PLACE, newest=3) == 3


@pytest.mark.parametrize("pragma", ["application_id = 42", "user_version = 1"])
def test_the_database_of_another_program_is_refused(database: sqlite3.Connection, pragma: str) -> None:
    database.execute(f"PRAGMA {pragma}")
    with pytest.raises(IndexCorrupt, match="not a catalog"):
        migrate(database, PLACE)
    assert tables(database) == []


def test_the_real_steps_make_the_tables(database: sqlite3.Connection) -> None:
    migrate(database, PLACE)
    assert {"state", "meta", "segments", "files", "skipped", "dead"} <= set(tables(database))
    assert schema_version(database, PLACE) == len(STEPS)
    assert database.execute("SELECT length(identity), generation FROM state").fetchall() == [(32, 0)]
