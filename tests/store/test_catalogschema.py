"""An empty database gets today's tables; others stay as they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from semindex.errors import IndexCorrupt, IndexTooNew
from semindex.store import catalogschema
from semindex.store.catalogschema import APPLICATION_ID, VERSION, has_catalog, make_tables

PLACE = Path("catalog.db")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / PLACE, isolation_level=None)
    yield connection
    connection.close()


def tables(database: sqlite3.Connection) -> list[str]:
    return [name for (name,) in database.execute("SELECT name FROM sqlite_master ORDER BY name")]


def test_an_empty_database_gets_the_tables(database: sqlite3.Connection) -> None:
    assert not has_catalog(database, PLACE)
    make_tables(database, PLACE)
    assert has_catalog(database, PLACE)
    assert {"state", "meta", "segments", "files", "skipped", "dead"} <= set(tables(database))
    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert database.execute("SELECT length(identity), generation FROM state").fetchall() == [(32, 0)]


def test_a_catalog_keeps_its_rows(database: sqlite3.Connection) -> None:
    make_tables(database, PLACE)
    database.execute("INSERT INTO dead VALUES (10, 20)")
    make_tables(database, PLACE)
    assert database.execute("SELECT * FROM dead").fetchall() == [(10, 20)]


def test_a_statement_that_fails_leaves_the_database_as_it_was(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (*catalogschema.TABLES, "INSERT INTO nowhere VALUES (1)")
    monkeypatch.setattr(catalogschema, "TABLES", broken)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        make_tables(database, PLACE)
    assert not database.in_transaction
    assert tables(database) == []
    assert not has_catalog(database, PLACE)


@pytest.mark.parametrize(
    ("version", "error", "told"),
    [
        (VERSION + 1, IndexTooNew, rf"catalog\.db .*schema {VERSION + 1}.*upgrade"),
        (VERSION - 1, IndexCorrupt, rf"catalog\.db .*older semindex \(schema {VERSION - 1}\).*index again"),
    ],
)
def test_one_of_another_version_is_refused_unchanged(
    database: sqlite3.Connection, version: int, error: type[Exception], told: str
) -> None:
    make_tables(database, PLACE)
    before = list(database.iterdump())
    database.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(error, match=told):
        make_tables(database, PLACE)
    assert list(database.iterdump()) == before
    assert database.execute("PRAGMA user_version").fetchone() == (version,)


@pytest.mark.parametrize("pragma", ["application_id = 42", "user_version = 1"])
def test_the_database_of_another_program_is_refused(database: sqlite3.Connection, pragma: str) -> None:
    database.execute(f"PRAGMA {pragma}")
    with pytest.raises(IndexCorrupt, match="not a catalog"):
        make_tables(database, PLACE)
    assert tables(database) == []
