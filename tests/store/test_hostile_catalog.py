"""A catalog that somebody else made: refused in a moment, whatever it has, and never a traceback."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

import semindex
from semindex.errors import IndexCorrupt, SemindexError
from semindex.store import layout
from semindex.store.catalog import Catalog
from semindex.store.catalogschema import TABLES
from semindex.store.connection import connect, translated
from semindex.store.steplimit import StepLimit

from ..product import ALPHA, BETA, environment, plant, semindex_command
from .dying_writer import build

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT "


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files in two segments, one file dead, two files left out."""
    root = plant(tmp_path_factory.mktemp("built"), {"cookies.py": ALPHA, "sessions.py": BETA, "b.py": b"\0"})
    with semindex.open(root) as index:
        index.refresh()
        plant(root, {"headers.py": b"def add_header(name):\n    pass\n", "sessions.py": BETA + b"# more\n"})
        index.refresh()
    return root


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "root"))


@contextmanager
def database(root: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(root / ".semindex" / layout.CATALOG, isolation_level=None)) as opened:
        yield opened
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def a_view(table: str, columns: str) -> Callable[[sqlite3.Connection], None]:
    def change(opened: sqlite3.Connection) -> None:
        opened.execute(f"DROP TABLE {table}")
        opened.execute(f"CREATE VIEW {table} AS {ENDLESS}{columns} FROM n")

    return change


def run(*statements: str) -> Callable[[sqlite3.Connection], None]:
    def change(opened: sqlite3.Connection) -> None:
        for statement in statements:
            opened.execute(statement)

    return change


def rewrite(old: str, new: str) -> Callable[[sqlite3.Connection], None]:
    return run(
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_master SET sql = replace(sql, '{old}', '{new}')",
        "PRAGMA writable_schema = RESET",
    )


SCHEMAS: dict[str, Callable[[sqlite3.Connection], None]] = {
    "a view for the files": a_view("files", "zeroblob(9), 1, 1, 1, 1, zeroblob(16), 'x', 'y', 1, i, 1"),
    "a view for the state": a_view("state", "1, 'x', 'm', 1, 1"),
    "a view for the notes": a_view("meta", "'root' AS key, zeroblob(1000000000) AS value"),
    "a view for the dead": a_view("dead", "1 AS segment, i AS ordinal"),
    "a view for the segments": a_view("segments", "i, 'x', 1, 1, 1"),
    "one view more": run(f"CREATE VIEW more AS {ENDLESS} i FROM n"),
    "a trigger": run("CREATE TRIGGER t AFTER UPDATE ON state BEGIN DELETE FROM files; END"),
    "a generated column": rewrite(
        "chunks INTEGER NOT NULL\n    )", "chunks INTEGER GENERATED ALWAYS AS (length(zeroblob(999999999))))"
    ),
    "a default": rewrite("model TEXT NOT NULL DEFAULT ''''", "model TEXT NOT NULL DEFAULT (zeroblob(99))"),
    "a check": rewrite("CHECK (id = 1)", "CHECK (id = length(zeroblob(999999999)))"),
    "an index": run("CREATE INDEX more ON files (hex(path))"),
    "a virtual table": run("DROP TABLE dead", "CREATE VIRTUAL TABLE dead USING fts5(segment, ordinal)"),
    "a table less": run("DROP TABLE skipped"),
    "many tables": run(*(f"CREATE TABLE t{i} (a)" for i in range(300))),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_catalog_with_other_tables_is_refused_and_made_anew(root: Path, name: str) -> None:
    with database(root) as opened:
        SCHEMAS[name](opened)
    with semindex.open(root) as index:
        for ask in (lambda: index.search("load_cookie"), index.status, lambda: index.related("cookies.py")):
            with pytest.raises(IndexCorrupt, match="its tables are not those of a catalog"):
                ask()
        assert index.refresh().files == 3
        assert index.search("load_cookie")[0].path == "cookies.py"
        assert index.status(verify=True).problems == ()


def test_the_command_line_refuses_a_view(root: Path) -> None:
    with database(root) as opened:
        SCHEMAS["a view for the files"](opened)
    for words in (("search", "load_cookie"), ("status", "--verify")):
        ran = semindex_command(*words, cwd=root)
        assert ran.code == 2
        assert "catalog.db is damaged" in ran.err
    assert semindex_command("index", cwd=root).code == 0
    assert semindex_command("search", "load_cookie", "--json", cwd=root).paths[0] == "cookies.py"


def tie(catalog: Path, table: str) -> None:
    """Make a table's tree seven pages high, with a hundred ways from each to the one below: 10^14 rows."""
    with closing(sqlite3.connect(catalog, isolation_level=None)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        opened.execute("PRAGMA journal_mode = DELETE")
        (top,) = opened.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = opened.execute("PRAGMA page_size").fetchone()
        (pages,) = opened.execute("PRAGMA page_count").fetchone()
    data = bytearray(catalog.read_bytes())
    leaf = data[(top - 1) * size : top * size]
    (begin,) = struct.unpack_from(">H", leaf, 8)
    short = leaf[begin] < 128
    length = leaf[begin] if short else (leaf[begin] - 128) * 128 + leaf[begin + 1]
    record = leaf[begin : begin + (1 if short else 2) + length]
    height, ways = 7, 100
    for level in range(height):
        below = pages + level + 2 if level < height - 1 else pages + height
        page = bytearray(size)
        if level == height - 1:
            page = leaf
        else:
            cell = struct.pack(">I", below) + record
            page[:12] = struct.pack(">BHHHBI", 2, 0, ways, size - len(cell), 0, below)
            struct.pack_into(f">{ways}H", page, 12, *[size - len(cell)] * ways)
            page[size - len(cell) :] = cell
        place = top - 1 if level == 0 else pages + level
        data[place * size : place * size + size] = page
    struct.pack_into(">I", data, 28, len(data) // size)
    catalog.write_bytes(data)


@pytest.mark.parametrize("table", ["dead", "files", "skipped"])
def test_a_tree_of_pages_without_end_is_damage(root: Path, table: str) -> None:
    tie(root / ".semindex" / layout.CATALOG, table)
    with semindex.open(root) as index:
        with pytest.raises(IndexCorrupt, match="damaged"):
            index.status()
        with pytest.raises(IndexCorrupt, match="damaged"):
            index.status(verify=True)
        try:
            index.search("load_cookie", refresh=True)
        except IndexCorrupt as error:
            assert "damaged" in str(error)
        assert index.refresh().files == 3
        assert index.search("load_cookie")[0].path == "cookies.py"
        assert index.status(verify=True).problems == ()


def test_rows_of_more_text_than_the_file_holds_are_damage(root: Path) -> None:
    """As when the texts of all rows go on in the same pages."""
    catalog = root / ".semindex" / layout.CATALOG
    with database(root) as opened:
        opened.execute("PRAGMA journal_mode = DELETE")
        opened.execute("BEGIN")
        for number in range(1000):
            values = (f"z{number:05}".encode(), b"d" * (1_000_000 if number == 0 else 1_500))
            opened.execute("INSERT INTO skipped VALUES (?, 1, 1, 1, 1, 's', 'binary', ?, 'a')", values)
        opened.execute("COMMIT")
    with Catalog.open_reader(root / ".semindex") as reader:
        assert len(list(reader.failures())) == 1001
        limit = reader._limit
        with pytest.raises(IndexCorrupt, match="more than its size can hold"):
            list(limit.bounded([[(b"d" * 1_000_000,)] * 100] * 10))
    assert catalog.stat().st_size < 10_000_000


ODD_VALUES = [
    None,
    -1,
    1 << 62,
    (1 << 63) - 1,
    -(1 << 63),
    1.5,
    float("inf"),
    "",
    "odd",
    "99999999999999999999",
    "\ud800".encode("utf-8", "surrogatepass"),
    b"",
    b"\xff" * 40,
    b"..",
    b"/etc/passwd",
    "x" * 10_000,
]


def put_odd_value(root: Path, chance: random.Random) -> str:
    """Replace one value of the catalog, whatever the tables' constraints say."""
    with database(root) as opened:
        table = chance.choice(["state", "meta", "segments", "files", "skipped", "dead", "sqlite_sequence"])
        columns = [name for _, name, *_ in opened.execute(f"PRAGMA table_info({table})")]
        column, value = chance.choice(columns), chance.choice(ODD_VALUES)
        if table == "state" and column == "id":
            column = "generation"
        opened.execute("PRAGMA ignore_check_constraints = ON")
        (rows,) = opened.execute(f"SELECT count(*) FROM {table}").fetchone()
        keys = list(opened.execute(f"SELECT * FROM {table} LIMIT 1 OFFSET {chance.randrange(max(1, rows))}"))
        if not keys:
            return ""
        opened.execute("PRAGMA writable_schema = ON")
        opened.execute("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '')")
        opened.execute("PRAGMA writable_schema = RESET")
        where = " AND ".join(f"{name} IS ?" for name in columns)
        with suppress(sqlite3.IntegrityError, sqlite3.OperationalError):  # the key of another row, perhaps
            opened.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value, *keys[0]))
        opened.execute("PRAGMA writable_schema = ON")
        for statement in TABLES:
            if statement.startswith("CREATE"):
                name = statement.split()[2]
                opened.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (statement, name))
        opened.execute("PRAGMA writable_schema = RESET")
    return f"{table}.{column} = {value!r:.40}"


def ask_everything(root: Path) -> list[str]:
    """What a user may do with an index; the messages of the errors that were told."""
    told: list[str] = []
    with semindex.open(root) as index:
        for ask in (
            lambda: index.search("load_cookie"),
            lambda: index.search("load_cookie", refresh=True),
            lambda: index.related("cookies.py"),
            index.status,
            lambda: index.status(verify=True),
        ):
            try:
                ask()
            except SemindexError as error:
                told.append(str(error))
        index.refresh()
        assert index.status().indexed == 3
        assert index.search("load_cookie")[0].path == "cookies.py"
        assert index.status(verify=True).problems == ()
    return told


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(s, marks=pytest.mark.slow) for s in range(4, 60))]
)
def test_odd_values_are_damage_and_never_a_traceback(built: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(5):
        root = Path(shutil.copytree(built, tmp_path / str(number)))
        odd = put_odd_value(root, chance)
        try:
            ask_everything(root)
        except Exception as error:
            raise AssertionError(odd) from error


def test_a_number_that_sqlite_cannot_raise_is_damage(root: Path) -> None:
    with database(root) as opened:
        opened.execute("UPDATE sqlite_sequence SET seq = 9223372036854775807")
    plant(root, {"new.py": b"x = 1\n"})
    with semindex.open(root) as index:
        assert index.status(verify=True).problems
        assert index.refresh().files == 4


def test_a_sound_catalog_is_within_every_bound(tmp_path: Path) -> None:
    build(tmp_path / "i")
    with Catalog.open_reader(tmp_path / "i") as catalog:
        assert catalog.verify() == []


def test_a_statement_without_end_is_ended(tmp_path: Path) -> None:
    opened = connect(tmp_path / "x.db", "mode=rwc")
    limit = StepLimit(opened, tmp_path / "x.db")
    with (
        pytest.raises(IndexCorrupt, match="more than its size can hold"),
        translated(tmp_path / "x.db", writing=False, limit=limit),
    ):
        opened.execute(f"{ENDLESS} max(i) FROM n").fetchall()
    opened.close()


INTERRUPTED = f"""
import sys, sqlite3
from pathlib import Path
from semindex.store import steplimit
from semindex.store.catalogschema import TABLES
from semindex.store.connection import connect, translated
steplimit._LEAST_STEPS = 10 ** 15
opened = connect(Path("x.db"), "mode=rwc")
limit = steplimit.StepLimit(opened, Path("x.db"))
count = limit._count
def counted():
    if limit._steps == 0:
        print("running", flush=True)
    return count()
opened.set_progress_handler(counted, 1000)
try:
    with translated(Path("x.db"), writing=False, limit=limit):
        opened.execute("{ENDLESS} max(i) FROM n").fetchall()
except KeyboardInterrupt:
    sys.exit(77)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_ends_a_statement(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"running\n"
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 77
