"""The public Index, as it is documented."""

from __future__ import annotations

import ast
import gc
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import semindex
from semindex import snapshot
from semindex.config import Settings
from semindex.index import Index, locate
from semindex.indexing.drift import check
from semindex.search import ranker
from semindex.snapshot import ANSWER_SECONDS
from semindex.store.catalog import Catalog

from .corpus import copy_package
from .product import ALPHA, BETA, environment, plant

FILES: dict[str | bytes, bytes] = {
    "src/cookies.py": ALPHA,
    "src/sessions.py": BETA,
    "src/web/server.go": b"package web\n\n// Listen waits for a cookie.\nfunc Listen(port int) {}\n",
    "tests/test_cookies.py": b"def test_load_cookie():\n    assert load_cookie('a')\n",
    "README.md": b"# Cookies\n\nHow cookies are loaded.\n\n## Sessions\n\nHow sessions are saved.\n",
}


def age(root: Path) -> None:
    """Make every file so old that its times can be trusted."""
    for path in root.rglob("*"):
        if path.is_file() and ".semindex" not in path.parts:
            os.utime(path, (1_000_000_000, 1_000_000_000))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = plant(tmp_path / "root", FILES)
    age(root)
    return root


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    with semindex.open(root) as index:
        index.refresh()
        yield index


def paths(hits: Sequence[semindex.Hit]) -> list[str]:
    return [hit.path for hit in hits]


def test_open_makes_nothing(root: Path) -> None:
    before = sorted(root.rglob("*"))
    with semindex.open(root) as index:
        assert not index.exists
        for ask in (
            lambda: index.search("cookie"),
            lambda: index.search("cookie", refresh=True),
            lambda: index.related("src/cookies.py"),
            index.status,
        ):
            with pytest.raises(semindex.NotIndexed, match=r"call index\.refresh\(\), or run"):
                ask()
        assert index.clean() == 0
    assert sorted(root.rglob("*")) == before


def test_a_report_counts_what_was_done(root: Path) -> None:
    with semindex.open(root) as index:
        first = index.refresh()
        assert (first.added, first.changed, first.removed, first.unchanged) == (5, 0, 0, 0)
        assert (first.files, first.generation) == (5, 1)
        assert first.source_bytes == sum(len(content) for content in FILES.values())
        assert first.chunks >= 5
        assert first.seconds > 0
        assert first.peak_bytes > 1_000_000
        plant(root, {"src/cookies.py": ALPHA + b"\n\n# more\n", "new.py": b"x = 1\n", "blob.bin": bytes(9)})
        (root / "README.md").unlink()
        second = index.refresh()
        assert (second.added, second.changed, second.removed, second.unchanged) == (1, 1, 1, 3)
        assert (second.files, second.skipped) == (5, {"binary": 1})
        assert second.generation > first.generation
        third = index.refresh(force=True)
        assert (third.added, third.changed, third.removed, third.unchanged) == (0, 5, 0, 0)


def test_an_index_says_what_it_is(root: Path) -> None:
    place = f"<semindex.Index of {str(root)!r}, kept in {str(root / '.semindex')!r}"
    with semindex.open(root) as index:
        assert repr(index) == f"{place}>"
        index.refresh()
        index.search("cookie")
        assert repr(index) == f"{place}: 5 files, generation 1>"
    with semindex.open_all([root]) as indexes:
        assert repr(indexes) == f"<semindex.Indexes of {str(root)!r}>"


UNTYPED: Any = semindex
"""The package as a program without types sees it."""


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda root: UNTYPED.open(None), "root is None; it must be the path of a folder"),
        (lambda root: UNTYPED.open(b"x"), "root is b'x'; it must be the path of a folder"),
        (lambda root: UNTYPED.open(root, index_dir=3), "index_dir is 3; it must be the path of a folder"),
        (
            lambda root: UNTYPED.open(root, settings={}),
            "settings is {}; it must be semindex.config",
        ),
        (lambda root: UNTYPED.open_all("x"), "roots is 'x'; it must be a list of folders"),
        (lambda root: UNTYPED.open_all(None), "roots is None; it must be a list of folders"),
        (lambda root: UNTYPED.open_all([3]), "root is 3; it must be the path of a folder"),
        (lambda root: UNTYPED.languages(3), "a language is 3; it must be text"),
        (lambda root: UNTYPED.languages(["go", None]), "a language is None; it must be text"),
        (lambda root: UNTYPED.open(root).refresh(force="no"), "force is 'no'; it must be true or false"),
        (lambda root: UNTYPED.open(root).refresh(cluster=4), "cluster is 4; it must be an address"),
        (lambda root: UNTYPED.open(root).refresh(progress=True), "progress is True; it must be a function"),
        (lambda root: UNTYPED.open(root).search(None), "query is None; it must be text"),
        (lambda root: UNTYPED.open(root).search("x", rerank="no"), "rerank is 'no'; it must be true or"),
    ],
)
def test_wrong_types_are_named(root: Path, wrong: Callable[[Path], object], message: str) -> None:
    with pytest.raises(semindex.UsageError, match=re.escape(message)):
        wrong(root)


def test_a_size_limit_is_a_setting_and_what_it_leaves_out_is_listed(root: Path) -> None:
    plant(root, {"big.py": b"giant = 1\n" * 500, "big.json": b'{"whale": 1}\n' * 200, "a.png": b"x"})
    age(root)
    small = Settings(max_file_kb=4, max_data_kb=2)
    with semindex.open(root, settings=small) as index:
        index.refresh()
        assert index.status().left_out == ()
        listed = [(each.path, each.size_bytes, each.detail) for each in index.status(skipped="all").left_out]
        assert listed == [
            ("a.png", 1, "by its extension, .png"),
            ("big.json", 2600, "2600 bytes, limit 2048 (MAX_DATA_KB)"),
            ("big.py", 5000, "5000 bytes, limit 4096 (MAX_FILE_KB)"),
        ]
        assert [each.path for each in index.status(skipped="binary").left_out] == ["a.png"]
        assert not paths(index.search('"giant"'))
    with semindex.open(root) as index:
        assert index.status().freshness == "stale"
        report = index.refresh()
        assert (report.added, report.changed, report.unchanged) == (2, 0, 5)
        assert index.refresh().added == 0
        assert paths(index.search('"giant"')) == ["big.py"]
    with semindex.open(root, settings=small) as index:
        assert not paths(index.search('"giant"', refresh=True))
        assert index.status().skipped == {"binary": 1, "too large": 2}


def test_secrets_are_left_out_or_masked_unless_they_are_wanted(root: Path) -> None:
    token = "ghp_" + "Ab3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6"
    key = (
        "-----BEGIN PRIVATE KEY-----\n"
        + "Ab3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF\n" * 5
        + "-----END PRIVATE KEY-----\n"
    )
    plant(
        root,
        {
            ".env": b"# The flamingo.\nFLAMINGO_PASSWORD=hunter2pelican\n",
            "src/hook.py": f"def call_flamingo():\n    return ask(token='{token}')\n".encode(),
            "tls.pem": key.encode(),
        },
    )
    age(root)
    with semindex.open(root) as index:
        index.refresh()
        assert index.status().skipped == {"secret": 1}
        assert [each.path for each in index.status(skipped="secret").left_out] == ["tls.pem"]
        setting = index.search("FLAMINGO_PASSWORD", kind=["setting"])[0]
        assert (setting.path, setting.text) == (".env", "FLAMINGO_PASSWORD=**************")
        assert index.search('"hunter2pelican"').coverage.notes[-1].startswith("no file holds")
        hits = index.search("call_flamingo")
        assert hits[0].text is not None
        assert token not in hits[0].text
        assert "ghp_****" in hits[0].text
        assert (hits[0].masked, hits.masked >= 1) == (1, True)
        stored = b"".join(path.read_bytes() for path in index.index_dir.rglob("*") if path.is_file())
        assert b"hunter2pelican" not in stored
    with semindex.open(root, settings=Settings(index_secrets=True)) as index:
        assert (index.refresh().added, index.status().skipped) == (1, {})
        assert index.search("FLAMINGO_PASSWORD")[0].text == "FLAMINGO_PASSWORD=hunter2pelican"
        assert paths(index.search('"hunter2pelican"')) == [".env"]
        assert token in str(index.search("call_flamingo")[0].text)
        assert index.search("call_flamingo").masked == 0
    with semindex.open(root) as index:
        index.refresh()
        assert index.search('"hunter2pelican"').coverage.notes[-1].startswith("no file holds")


def test_hits_are_a_sequence(index: Index) -> None:
    hits = index.search("cookie", limit=4)
    assert isinstance(hits, Sequence)
    assert len(hits) == 4
    assert list(hits) == [hits[0], *hits[1:]]
    assert hits[-1] is hits[3]
    assert [hit.points for hit in hits] == sorted((hit.points for hit in hits), reverse=True)
    assert (hits.coverage.seen, hits.coverage.indexed) == (5, 5)
    best = index.search("load_cookie")[0]
    assert (best.path, best.start_line, best.end_line) == ("src/cookies.py", 1, 3)
    assert (best.symbol, best.kind, best.lang) == ("load_cookie", "function", "python")
    assert best.text == ALPHA.decode().rstrip("\n")
    assert best.repository == str(index.root)
    assert not best.stale
    assert sum(reason.contribution for reason in best.reasons) == pytest.approx(best.points)


def test_files_come_once_and_chunks_flat(index: Index, root: Path) -> None:
    body = "".join(f"def cookie_{i}(jar):\n" + f"    # the cookie {i}\n" * 30 + "\n\n" for i in range(5))
    plant(root, {"many.py": body.encode()})
    index.refresh()
    by_file = index.search("cookie", limit=20)
    assert len(set(paths(by_file))) == len(by_file)
    many = next(hit for hit in by_file if hit.path == "many.py")
    assert 1 <= len(many.more) <= 4
    assert all(more.path == "many.py" and more.more == () for more in many.more)
    flat = index.search("cookie", limit=20, group_by="chunk")
    assert paths(flat).count("many.py") >= 5
    assert all(hit.more == () for hit in flat)
    assert len({(hit.path, hit.start_line) for hit in flat}) == len(flat)
    assert [hit.points for hit in flat] == sorted((hit.points for hit in flat), reverse=True)


def test_filters_work_before_the_cut(index: Index, root: Path) -> None:
    """Three hundred better files do not push the one that is wanted out of the candidates."""
    plant(root, {f"cookie/cookie_{i}.py": b"# cookie cookie\ncookie = load_cookie()\n" for i in range(300)})
    index.refresh()
    assert paths(index.search("cookie", limit=1, lang=["go"])) == ["src/web/server.go"]
    assert paths(index.search("cookie lang:golang", limit=1)) == ["src/web/server.go"]
    assert paths(index.search("cookie", limit=1, path=["src/web"])) == ["src/web/server.go"]
    assert paths(index.search("cookie", limit=1, lang="go", path="src")) == ["src/web/server.go"]
    assert paths(index.search("cookie", limit=1, scope="tests")) == ["tests/test_cookies.py"]
    assert paths(index.search("cookie", limit=1, kind=["section"])) == ["README.md"]
    left = index.search("cookie", limit=100, exclude=["cookie"])
    assert set(paths(left)) <= {str(name) for name in FILES}
    for group_by in ("file", "chunk"):
        found = index.search("session cookie", limit=50, kind=["function"], group_by=group_by)
        assert {hit.kind for hit in found} == {"function"}


def test_a_mode_uses_its_signals_only(index: Index) -> None:
    def signals(mode: str) -> set[str]:
        return {reason.signal for hit in index.search("load cookie", mode=mode) for reason in hit.reasons}

    lexical, dense, hybrid = signals("lexical"), signals("dense"), signals("hybrid")
    assert not any(name.startswith("meaning") for name in lexical)
    assert dense
    assert all(name.startswith("meaning") for name in dense)
    assert hybrid >= dense
    assert "words" in lexical & hybrid


@pytest.mark.parametrize("scope", ["src", "src/", "/src/"])
def test_a_scope_limits_to_a_folder(index: Index, scope: str) -> None:
    assert {path.split("/")[0] for path in paths(index.search("cookie session", scope=scope))} == {"src"}
    assert {path.split("/")[0] for path in paths(index.related("src/cookies.py", scope=scope))} <= {"src"}


def test_related_leaves_itself_out(index: Index) -> None:
    hits = index.related("src/cookies.py:2")
    assert hits[0].path == "tests/test_cookies.py"
    assert "src/cookies.py" not in paths(hits)
    assert paths(index.related(str(index.root / "src/cookies.py"))) == paths(hits)
    with pytest.raises(semindex.QueryError, match="no line 99"):
        index.related("src/cookies.py:99")


def test_an_edited_file_gives_no_text(index: Index, root: Path) -> None:
    plant(root, {"src/cookies.py": b"# above\n" + ALPHA})
    hits = index.search("load_cookie")
    assert (hits[0].path, hits[0].stale, hits[0].text) == ("src/cookies.py", True, None)
    assert any("changed since" in note for note in hits.coverage.notes)
    (root / "src/cookies.py").unlink()
    assert (index.search("load_cookie")[0].stale, index.search("load_cookie")[0].text) == (True, None)
    (root / "src/cookies.py").symlink_to(root / "README.md")
    assert (index.search("load_cookie")[0].stale, index.search("load_cookie")[0].text) == (True, None)


def test_an_index_elsewhere_serves_one_folder_only(tmp_path: Path) -> None:
    one, other, place = tmp_path / "one", tmp_path / "other", tmp_path / "place"
    plant(one, {"a.py": b"def alpha(): pass\n"})
    plant(other, {"b.py": b"def beta(): pass\n"})
    semindex.open(one, index_dir=place).refresh()
    stranger = semindex.open(other, index_dir=place)
    with pytest.raises(semindex.UsageError, match="the index of"):
        stranger.refresh()
    with pytest.raises(semindex.UsageError, match="the index of"):
        stranger.search("beta")
    with pytest.raises(semindex.UsageError, match="the index of"):
        stranger.status()
    assert semindex.open(one, index_dir=place).search("alpha")[0].path == "a.py"
    one.rename(tmp_path / "moved")
    moved = semindex.open(tmp_path / "moved", index_dir=place)
    moved.refresh()
    assert moved.search("alpha")[0].path == "a.py"


def test_the_status_counts_definitions_of_the_files_there_are(index: Index, root: Path) -> None:
    before = index.status().symbols
    plant(root, {f"new{i}.py": b"def zeppelin(): pass\n\n\ndef airship(): pass\n" for i in range(20)})
    index.refresh()
    assert index.status().symbols == before + 40
    plant(root, {"new7.py": b"def balloon(): pass\n"})
    index.refresh()
    assert index.status().dead_files == 1
    assert index.status().symbols == before + 39


@pytest.mark.usefixtures("patience")
def test_freshness_tells_what_was_done(index: Index, root: Path) -> None:
    assert index.search("cookie").coverage.freshness == "unchecked"
    assert index.search("cookie", refresh=True).coverage.freshness == "fresh"
    plant(root, {"new.py": b"def zeppelin(): pass\n"})
    hits = index.search("zeppelin", refresh=True)
    assert (hits.coverage.freshness, hits[0].path) == ("refreshed", "new.py")
    plant(root, {f"many/{i}.py": b"def airship(): pass\n" for i in range(400)})
    hits = index.search("airship", refresh=True, mode="lexical")
    assert (hits.coverage.freshness, hits.coverage.changed, len(hits)) == ("stale", 400, 0)
    assert any("semindex index" in note for note in hits.coverage.notes)
    assert (index.status().freshness, index.status().changed) == ("stale", 400)
    index.refresh()
    assert (index.status().freshness, index.status().changed) == ("fresh", 0)


@pytest.mark.usefixtures("patience")
def test_young_files_are_not_called_changed(tmp_path: Path) -> None:
    """Files written just before the scan are read again next time, but nothing has happened to them."""
    root = plant(tmp_path, {f"{i}.py": b"def airship(): pass\n" for i in range(400)})
    now = time.time() + 60
    for path in root.glob("*.py"):
        os.utime(path, (now, now))
    with semindex.open(root) as index:
        index.refresh()
        assert (index.status().freshness, index.status().changed) == ("fresh", 0)
        coverage = index.search("airship", refresh=True).coverage
        assert (coverage.freshness, coverage.changed) == ("fresh", 0)


def test_a_search_adopts_the_newer_generation(index: Index, root: Path) -> None:
    with semindex.open(root) as reader:
        assert list(reader.search("zeppelin")) == []
        plant(root, {"new.py": b"def zeppelin(): pass\n"})
        index.refresh()
        assert paths(reader.search("zeppelin")) == ["new.py"]
        index.clean()
        with pytest.raises(semindex.NotIndexed):
            reader.search("zeppelin")
        index.refresh()
        assert paths(reader.search("zeppelin")) == ["new.py"]


def test_a_walk_that_another_overtook_takes_nothing_back(index: Index, root: Path) -> None:
    """A process walks, another walks later, indexes and commits first; then the first gets the lock."""
    with Catalog.open_reader(index.index_dir) as catalog:
        drift = check(root, catalog)
    plant(root, {"new.py": b"def zeppelin(): pass\n"})
    index.refresh()
    report = index._builder().refresh(drift=drift)
    assert (report.removed, report.files) == (0, 6)
    assert paths(index.search("zeppelin")) == ["new.py"]


def test_a_closed_index_opens_again(index: Index) -> None:
    hits = index.search("load_cookie")
    index.close()
    assert hits[0].text == ALPHA.decode().rstrip("\n")
    assert list(index.search("load_cookie")) == list(hits)


def test_clean_removes_the_folder_and_nothing_else(index: Index, root: Path) -> None:
    assert [index.exists, index.clean() > 1000, index.exists] == [True, True, False]
    assert not (root / ".semindex").exists()
    assert sorted(str(p.relative_to(root)) for p in root.rglob("*.*")) == sorted(str(name) for name in FILES)
    (root / ".semindex").mkdir()
    plant(root, {".semindex/precious.txt": b"mine"})
    with pytest.raises(semindex.IndexUnwritable):
        index.clean()
    with pytest.raises(semindex.IndexUnwritable):
        index.refresh()
    assert (root / ".semindex" / "precious.txt").read_bytes() == b"mine"


def test_an_index_elsewhere_leaves_the_tree_alone(root: Path, tmp_path: Path) -> None:
    before = sorted(root.rglob("*"))
    with semindex.open(root, index_dir=tmp_path / "deep" / "index") as index:
        index.refresh()
        assert paths(index.search("load_cookie"))[0] == "src/cookies.py"
    assert sorted(root.rglob("*")) == before
    location = locate(root / "src", index_dir=tmp_path / "deep" / "index")
    assert (location.root, location.scope) == (root.resolve(), "src")


def test_a_moved_repository_keeps_working(index: Index, root: Path, tmp_path: Path) -> None:
    index.close()
    moved = root.rename(tmp_path / "moved")
    with semindex.open(moved) as again:
        hit = again.search("load_cookie")[0]
        assert (hit.path, hit.stale, hit.repository) == ("src/cookies.py", False, str(moved))
        report = again.refresh()
        assert (report.added, report.changed, report.unchanged) == (0, 0, 5)
    copied = Path(shutil.copytree(moved, tmp_path / "copied"))
    with semindex.open(copied) as again:
        report = again.refresh()
        assert (report.added, report.changed, report.unchanged) == (0, 0, 5)
        assert paths(again.search("load_cookie"))[0] == "src/cookies.py"


def test_the_cache_changes_no_answer_and_is_used(root: Path) -> None:
    queries = ["load_cookie", "how are sessions saved", '"load_cookie"', "cookie lang:go", "load_cookie"]

    def ask(index: Index) -> list[Sequence[semindex.Hit]]:
        return [
            index.search(query, group_by=group_by, limit=limit).hits
            for query in queries
            for group_by in ("file", "chunk")
            for limit in (1, 10)
        ]

    with semindex.open(root, settings=Settings(enable_caching=False)) as plain:
        plain.refresh()
        expected = ask(plain)
        rankings = plain.snapshot()._rankings
        assert (rankings.found, len(rankings)) == (0, 0)
    with semindex.open(root, settings=Settings(enable_caching=True)) as cached:
        assert ask(cached) == expected
        assert ask(cached) == expected
        assert cached.snapshot()._rankings.found >= 16
        plant(root, {"src/cookies.py": b"# moved\n" + ALPHA})
        assert cached.search("load_cookie")[0].stale
        cached.refresh()
        assert cached.search("load_cookie")[0].start_line == 2


def test_remembered_answers_take_no_more_than_their_bytes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "ANSWER_BYTES", 60_000)
    monkeypatch.setattr(ranker, "REMEMBERED_BYTES", 60_000)
    with semindex.open(root) as index:
        index.refresh()
        for number in range(60):
            index.search(f"load cookie session number{number} " + "again " * (number % 7) * 40)
        open_now = index.snapshot()
        for cache in (open_now._rankings, open_now.ranker._vectors):
            assert 1 < len(cache) < 60
            assert deep_size(cache._entries) < 1.5 * cache.nbytes <= 90_000


def deep_size(value: object) -> int:
    """The size of all that only this object leads to, types and the like left out."""
    seen: dict[int, object] = {}
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if id(each) not in seen and not isinstance(each, type | types.ModuleType | types.FunctionType | Enum):
            seen[id(each)] = each
            waiting.extend(gc.get_referents(each))
    return sum(map(sys.getsizeof, seen.values()))


def test_a_remembered_answer_is_dropped_with_its_time_and_with_its_generation(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with semindex.open(root) as index:
        index.refresh()
        index.search("load_cookie")
        index.search("load_cookie")
        rankings = index.snapshot()._rankings
        assert (rankings.found, len(rankings)) == (1, 1)
        monkeypatch.setattr(rankings, "_clock", lambda: time.monotonic() + ANSWER_SECONDS)
        index.search("load_cookie")
        assert rankings.found == 1
        plant(root, {"src/new.py": ALPHA})
        index.refresh()
        assert "src/new.py" in paths(index.search("load_cookie"))
        newer = index.snapshot()._rankings
        assert newer is not rankings
        assert (newer.found, len(newer), rankings.found) == (0, 1, 1)


@pytest.mark.parametrize(
    ("phrase", "path"),
    [
        ("oad_coo", "src/cookies.py"),
        ("Read the cookie", "src/cookies.py"),
        ("ead the cooki", "src/cookies.py"),
        ("THE   COOKIE\tof", "src/cookies.py"),
        ("cookie(name):", "src/cookies.py"),
        ("(port int) {", "src/web/server.go"),
        ("load cookie", None),
        ("cookie read", None),
    ],
)
def test_a_phrase_occurs_as_it_stands(index: Index, phrase: str, path: str | None) -> None:
    found = index.search(f'"{phrase}"', limit=50)
    folded = " ".join(phrase.lower().split())
    holding = {str(name) for name, text in FILES.items() if folded in " ".join(text.decode().lower().split())}
    assert path in holding if path else not holding
    if not holding:
        assert any(note.startswith(f'no file holds "{phrase}" as it stands') for note in found.coverage.notes)
        return
    assert set(paths(found)) == holding
    assert all(hit.text and folded in " ".join(hit.text.lower().split()) for hit in found)


def test_reasons_tell_what_gave_them(index: Index) -> None:
    query = "where does load_cookie parse the cookie header"
    first = index.search(query)[0]
    told = {reason.signal: reason.detail for reason in first.reasons}
    assert first.path == "src/cookies.py"
    assert told["definition"].startswith("load_cookie, line ")
    assert "load_cookie" in told["words"].split(", ")
    assert "where" not in told["words"]
    assert re.fullmatch(r"lines \d+-\d+", told["meaning"])
    assert first.points == pytest.approx(sum(reason.contribution for reason in first.reasons))


PASTED = """def {name}(records):
    total = 0
    for record in records:
        total {operator} record.weight
    return total
"""


def test_pasted_code_finds_its_place_among_its_like(tmp_path: Path) -> None:
    operators = {"add": "+=", "substract": "-=", "scale": "*=", "halve": "/=", "wrap": "%="}
    files: dict[str | bytes, bytes] = {
        f"{name}.py": PASTED.format(name=name, operator=operator).encode()
        for name, operator in operators.items()
    }
    files["errors.py"] = b'def fail(path):\n    raise OSError(f"cannot read {path}: it is not a file")\n'
    files["read.py"] = (
        b"def read(file):\n    # A plain file cannot be read as it is: path it is not.\n    pass\n"
    )
    with semindex.open(plant(tmp_path / "root", files)) as index:
        index.refresh()
        for name in operators:
            first = index.search(f"def {name}(records):\n    total = 0\n    for record in records:")[0]
            assert (first.path, first.start_line) == (f"{name}.py", 1)
            exactly = {reason.signal: reason.detail for reason in first.reasons}
            assert exactly["exact words"] == "100% in their order, lines 1-5"
        message = index.search("OSError: cannot read /tmp/x: it is not a file")
        assert message[0].path == "errors.py"
        exact = {
            hit.path: r.contribution for hit in message for r in hit.reasons if r.signal == "exact words"
        }
        assert max(exact, key=exact.__getitem__) == "errors.py"
        (tmp_path / "root" / "errors.py").write_bytes(b"# changed\n")
        stale = index.search("OSError: cannot read /tmp/y: it is not a file")
        changed = next(hit for hit in stale if hit.path == "errors.py")
        assert changed.stale
        assert "exact words" not in [reason.signal for reason in changed.reasons]


@pytest.mark.parametrize("package", ["json", "email"])
def test_query_a_definition_and_get_that_definition(tmp_path: Path, package: str) -> None:
    root = copy_package(package, tmp_path)
    with semindex.open(root) as index:
        index.refresh()
        places = dict(definitions(root))
        assert len(places) > 20
        first = 0
        for name, wanted in places.items():
            hits = index.search(name, limit=3)
            # Of definitions with like names another file's may come first; its own is never far.
            rank, hit = next((i, hit) for i, hit in enumerate(hits) if (hit.path, hit.start_line) in wanted)
            first += rank == 0
            lines = (root / hit.path).read_bytes().split(b"\n")[hit.start_line - 1 : hit.end_line]
            assert hit.text == b"\n".join(lines).decode(), name
            assert hit.end_line >= min(wanted[hit.path, hit.start_line], hit.start_line + 59), name
            assert hit.symbol == name
        assert first >= 0.95 * len(places)


def definitions(root: Path) -> Iterator[tuple[str, dict[tuple[str, int], int]]]:
    """Qualified names of functions, with every place that defines them: path and first line, last line."""
    found: dict[str, dict[tuple[str, int], int]] = {}

    def visit(node: ast.AST, path: str, outer: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{outer}.{child.name}" if outer else child.name
                first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                if not isinstance(child, ast.ClassDef):
                    found.setdefault(name, {})[path, first] = child.end_lineno or first
                visit(child, path, name)
            else:
                visit(child, path, outer)

    for file in sorted(root.rglob("*.py")):
        visit(ast.parse(file.read_bytes()), file.relative_to(root).as_posix(), "")
    yield from found.items()


LANGUAGES = {
    "python": ("zeppelin.py", "import os\n\n\ndef launch_airship(height):\n    return height + 1\n", 4),
    "javascript": ("z.js", "const a = 1;\n\nfunction launchAirship(height) {\n  return height + 1;\n}\n", 3),
    "typescript": (
        "z.ts",
        "const a = 1;\n\nexport function launchAirship(h: number): number {\n  return h;\n}\n",
        3,
    ),
    "tsx": ("z.tsx", "const a = 1;\n\nexport function LaunchAirship() {\n  return <b>up</b>;\n}\n", 3),
    "java": (
        "Z.java",
        "class Z {\n  int a = 1;\n\n  int launchAirship(int h) {\n    return h + 1;\n  }\n}\n",
        4,
    ),
    "kotlin": ("z.kt", "val a = 1\n\nfun launchAirship(h: Int): Int {\n    return h + 1\n}\n", 3),
    "c": ("z.c", "int a = 1;\n\nint launch_airship(int h)\n{\n\treturn h + 1;\n}\n", 3),
    "cpp": ("z.cpp", "namespace sky {\n\nint launch_airship(int h) {\n  return h + 1;\n}\n\n}\n", 3),
    "csharp": (
        "Z.cs",
        "class Z {\n  int a = 1;\n\n  int LaunchAirship(int h) {\n    return h + 1;\n  }\n}\n",
        4,
    ),
    "go": ("z.go", "package z\n\nfunc LaunchAirship(h int) int {\n\treturn h + 1\n}\n", 3),
    "rust": ("z.rs", "use std::io;\n\nfn launch_airship(h: i32) -> i32 {\n    h + 1\n}\n", 3),
    "ruby": ("z.rb", "require 'a'\n\ndef launch_airship(h)\n  h + 1\nend\n", 3),
    "php": ("z.php", "<?php\n\nfunction launch_airship($h) {\n    return $h + 1;\n}\n", 3),
    "swift": ("z.swift", "import Sky\n\nfunc launchAirship(h: Int) -> Int {\n    return h + 1\n}\n", 3),
    "scala": (
        "z.scala",
        "object Z {\n  val a = 1\n\n  def launchAirship(h: Int): Int = {\n    h + 1\n  }\n}\n",
        4,
    ),
    "lua": ("z.lua", "local a = 1\n\nfunction launch_airship(h)\n  return h + 1\nend\n", 3),
    "elixir": ("z.ex", "defmodule Z do\n  @a 1\n\n  def launch_airship(h) do\n    h + 1\n  end\nend\n", 4),
    "haskell": ("Z.hs", "module Z where\n\nlaunchAirship :: Int -> Int\nlaunchAirship h = h + 1\n", 3),
    "bash": ("z.sh", '#!/bin/bash\n\nlaunch_airship() {\n  echo "$1"\n}\n', 3),
    "zig": ("z.zig", "const a = 1;\n\nfn launchAirship(h: i32) i32 {\n    return h + 1;\n}\n", 3),
    "sql": ("z.sql", "SELECT 1;\n\nCREATE TABLE launch_airship (\n  height INT\n);\n", 3),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_finds_its_definition(tmp_path: Path, language: str) -> None:
    """Among a file that only mentions it."""
    name, text, line = LANGUAGES[language]
    plant(
        tmp_path, {name: text.encode(), "notes.md": b"# launch airship\n\nlaunch_airship launchAirship\n" * 3}
    )
    with semindex.open(tmp_path) as index:
        index.refresh()
        typed = next(word for word in ("launch_airship", "launchAirship", "LaunchAirship") if word in text)
        for query in (typed, "launch_airship", "launchAirship"):
            hit = index.search(query)[0]
            assert (hit.path, hit.lang) == (name, language)
            assert hit.symbol is not None
            assert hit.symbol.split(".")[-1] == typed
            assert hit.start_line in (line, line + (language == "haskell"))


def test_threads_see_whole_generations_while_another_index_refreshes(tmp_path: Path) -> None:
    """Each generation defines one name in three files, in lines of its own; no answer mixes two."""
    root = tmp_path / "root"

    def write(number: int) -> None:
        above = "# filler\n" * number
        text = f"{above}def airship():\n    return {number}\n"
        plant(root, {f"part_{part}.py": text.encode() for part in range(3)})

    write(0)
    with semindex.open(root) as writer, semindex.open(root) as reader:
        writer.refresh()
        done = threading.Event()
        answered = threading.Semaphore(0)
        wrong: list[object] = []

        def ask() -> None:
            while not done.is_set():
                try:
                    hits = reader.search("airship", limit=5)
                except Exception as error:  # noqa: BLE001 - told to the test's own thread
                    wrong.append(error)
                    break
                lines = {hit.start_line for hit in hits}
                if len(hits) != 3 or len(lines) != 1:
                    wrong.append(sorted((hit.path, hit.start_line) for hit in hits))
                texts = {hit.text for hit in hits if hit.text is not None}
                if not all(text.startswith("def airship") for text in texts):
                    wrong.append(texts)
                answered.release()
            done.set()

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(1, 9):
            write(number)
            writer.refresh()
            while answered.acquire(blocking=False):
                pass
            for _ in range(4):  # so many answers are begun or ended before the next generation
                while not done.is_set() and not answered.acquire(timeout=0.1):
                    pass
        done.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert {hit.start_line for hit in reader.search("airship")} == {9}


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_nothing_reaches_for_a_network(root: Path, tmp_path: Path) -> None:
    log = tmp_path / "trace"
    for words in (("index",), ("search", "load_cookie"), ("status",)):
        strace = ["strace", "-f", "-qq", "-e", "trace=socket,connect", "-o", str(log)]
        command = [*strace, sys.executable, "-m", "semindex", *words]
        done = subprocess.run(command, cwd=root, env=environment(), capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "AF_INET" not in log.read_text()


def test_kept_texts_change_no_answer_and_are_of_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semindex.source.kept.RACY_NS", -1)
    root = copy_package("json", tmp_path)
    answers = []
    for caching in (True, False):
        settings = Settings(enable_caching=caching)
        with semindex.open(root, index_dir=tmp_path / "index", settings=settings) as index:
            index.refresh()
            queries = ("decode a string", "encode an object", "JSONDecodeError", "decode a string")
            answers.append([[(hit.path, hit.text, hit.points) for hit in index.search(q)] for q in queries])
            if caching:
                assert index._texts is not None and index._texts.found > 0
            else:
                assert index._texts is None
    assert answers[0] == answers[1]
