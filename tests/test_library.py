"""Several indexes answer as one index of all their files, score for score."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

import semindex
from semindex.errors import IndexMismatch, UsageError
from semindex.index import Index
from semindex.library import Indexes, open_all
from semindex.store.catalog import Catalog
from semindex.store.records import Change
from semindex.types import Hits

from .corpus import copy_package
from .product import ALPHA, plant

QUERIES = [
    "parse the header of a message",
    "encode words of a header",
    "base64 body",
    "_parse_mime_parameters",
    "EmailMessage.get_body",
    "policy for line length",
    "attachments of a multipart message",
    "raise an error when the charset is not known",
    '"line length"',
    "zzqq of nothing",
    "def set_payload(self, payload, charset=None): if hasattr(payload, 'encode')",
    " ".join(f"word{n} header" for n in range(80)),
]
WAYS: list[dict[str, Any]] = [
    {},
    {"mode": "lexical"},
    {"mode": "dense"},
    {"group_by": "chunk"},
    {"limit": 2},
    {"kind": ["class"]},
    {"path": ["mime"]},
]


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree, and its files dealt out to three others, one of which has none that can be indexed."""
    place = tmp_path_factory.mktemp("several")
    whole = copy_package("email", place / "whole")
    for number, path in enumerate(sorted(path for path in whole.rglob("*") if path.is_file())):
        target = place / ("one" if number % 3 else "two") / path.relative_to(whole)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    (place / "none").mkdir()
    (place / "none" / "empty.py").touch()
    for root in ("whole", "one", "two", "none"):
        with semindex.open(place / root) as index:
            index.refresh()
    return place


@pytest.fixture
def whole(trees: Path) -> Iterator[Index]:
    with semindex.open(trees / "whole") as index:
        yield index


@pytest.fixture
def several(trees: Path) -> Iterator[Indexes]:
    with open_all([trees / "one", trees / "none", trees / "two"]) as indexes:
        yield indexes


def told(hits: Hits) -> list[object]:
    """All of each hit, but where it lies."""
    return [
        (
            *(hit.path, hit.start_line, hit.end_line, hit.points, hit.symbol, hit.kind, hit.text, hit.digest),
            [(reason.signal, reason.contribution, reason.detail) for reason in hit.reasons],
            [(more.start_line, more.points, more.text) for more in hit.more],
        )
        for hit in hits
    ]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_their_answers_are_those_of_one(whole: Index, several: Indexes, way: dict[str, Any]) -> None:
    found = 0
    for query in QUERIES:
        one, all_of_them = whole.search(query, **way), several.search(query, **way)
        assert told(all_of_them) == told(one), query
        assert all_of_them.terms == one.terms
        found += len(one)
    assert found > 5


def test_a_hit_tells_its_index_and_the_answer_counts_all(trees: Path, several: Indexes) -> None:
    hits = several.search("parse the header of a message")
    assert {Path(hit.repository).name for hit in hits} == {"one", "two"}
    for hit in hits:
        assert (Path(hit.repository) / hit.path).is_file()
    parts = [index.search("header").coverage for index in several.indexes]
    assert hits.coverage.indexed == sum(part.indexed for part in parts)
    assert hits.coverage.chunks == sum(part.chunks for part in parts)
    assert hits.coverage.skipped == {"empty": 2}
    assert hits.coverage.freshness == "unchecked"


@pytest.mark.usefixtures("patience")
@pytest.mark.usefixtures("patience")
def test_a_new_generation_of_one_is_adopted(trees: Path, tmp_path: Path) -> None:
    copied = tmp_path / "two"
    shutil.copytree(trees / "two", copied)
    with open_all([trees / "one", copied]) as indexes:
        assert not indexes.search("zzquokka zzmarsupx")
        (copied / "new.py").write_text("def zzquokka():\n    return zzmarsupx\n", "utf-8")
        indexes.indexes[1].refresh()
        hits = indexes.search("zzquokka zzmarsupx")
        assert hits[0].path == "new.py"
        (copied / "new.py").unlink()
        assert not indexes.search("zzquokka zzmarsupx", refresh=True)


def test_scopes_limit_each_index(trees: Path) -> None:
    roots = [semindex.open(trees / name) for name in ("one", "two")]
    with Indexes(roots, scopes=[["email/mime"], []]) as indexes:
        paths = [(Path(hit.repository).name, hit.path) for hit in indexes.search("message", limit=50)]
        assert any(root == "one" for root, _ in paths) and any(root == "two" for root, _ in paths)
        assert all(path.startswith("email/mime/") for root, path in paths if root == "one")


def aged(root: Path) -> Path:
    """A tree whose files are so old that their times can be trusted."""
    for path in root.rglob("*"):
        if path.is_file() and ".semindex" not in path.parts:
            os.utime(path, (1_000_000_000, 1_000_000_000))
    return root


def indexed(root: Path, files: dict[str | bytes, bytes]) -> Path:
    """A tree of some old files, and its index."""
    aged(plant(root, files))
    with semindex.open(root) as index:
        index.refresh()
    return root


@pytest.mark.usefixtures("patience")
def test_every_root_is_looked_at_for_changes(tmp_path: Path) -> None:
    roots = [indexed(tmp_path / name, {f"{name}.py": ALPHA}) for name in ("one", "two", "three")]
    with open_all(roots) as indexes:
        assert indexes.search("zeppelin").coverage.freshness == "unchecked"
        assert indexes.search("zeppelin", refresh=True).coverage.freshness == "fresh"
        for number, root in enumerate(roots):
            plant(root, {f"new_{number}.py": b"def zeppelin(): pass\n"})
            hits = indexes.search("zeppelin", refresh=True, mode="lexical")
            assert {hit.path for hit in hits} == {f"new_{seen}.py" for seen in range(number + 1)}
            assert hits.coverage.freshness == "refreshed"
        for root in roots[1:]:
            plant(root, {f"many/{number}.py": b"def airship(): pass\n" for number in range(400)})
        plant(roots[0], {"more.py": b"def balloon(): pass\n"})
        hits = indexes.search("balloon airship", refresh=True, mode="lexical")
        assert [hit.path for hit in hits] == ["more.py"]
        assert (hits.coverage.freshness, hits.coverage.changed) == ("stale", 800)
        assert len([note for note in hits.coverage.notes if "semindex index" in note]) == 1


def test_equal_scores_order_by_path_and_then_as_the_indexes_were_given(tmp_path: Path) -> None:
    same = b"def airship(height):\n    return height\n"
    files: dict[str | bytes, bytes] = {f"{name}.py": same for name in ("bravo", "delta", "alpha")}
    roots = [indexed(tmp_path / name, files) for name in ("one", "two", "three")]
    ways: list[dict[str, Any]] = [{}, {"group_by": "chunk"}, {"mode": "lexical"}, {"mode": "dense"}]
    for given in permutations(roots):
        names = [root.name for root in given]
        with open_all(given) as indexes:
            for way in ways:
                found = [
                    (hit.points, hit.path, Path(hit.repository).name)
                    for hit in indexes.search("airship height", limit=9, **way)
                ]
                # By words the paths are alike, by meaning they are not; the roots always are.
                assert len({score for score, *_ in found}) == (1 if way == {"mode": "lexical"} else 3)
                assert len({(score, path) for score, path, _ in found}) == 3
                assert len(found) == 9
                ordered = sorted(found, key=lambda row: (-row[0], row[1], names.index(row[2])))
                assert found == ordered
                few = indexes.search("airship height", limit=4, **way)
                assert [(hit.path, Path(hit.repository).name) for hit in few] == [
                    row[1:] for row in found[:4]
                ]


def test_one_path_in_two_repositories_is_read_from_its_own(tmp_path: Path) -> None:
    """Each hit has the text of its own file, and only the one whose file has changed is stale."""
    one = indexed(tmp_path / "one", {"src/airship.py": b"def airship():\n    return 1\n"})
    two = indexed(tmp_path / "two", {"src/airship.py": b"def airship():\n    return 2\n"})
    with open_all([one, two]) as indexes:
        texts = {Path(hit.repository).name: hit.text for hit in indexes.search("airship")}
        assert texts == {name: f"def airship():\n    return {n}" for n, name in ((1, "one"), (2, "two"))}
        plant(two, {"src/airship.py": b"def airship():\n    return 33\n"})
        stale = {
            Path(hit.repository).name: (hit.stale, hit.text is None) for hit in indexes.search("airship")
        }
        assert stale == {"one": (False, False), "two": (True, True)}
        phrase = indexes.search('"return 1"')
        assert [(hit.path, Path(hit.repository).name) for hit in phrase] == [("src/airship.py", "one")]


def test_different_models_are_refused(trees: Path, tmp_path: Path) -> None:
    copied = tmp_path / "two"
    shutil.copytree(trees / "two", copied)
    with open_all([trees / "one", copied]) as indexes:
        indexes.search("header")
        with Catalog.open_writer(copied / ".semindex", model="x") as catalog:
            catalog.commit(Change(model="another"))
        with pytest.raises(IndexMismatch, match="another"):
            indexes.search("header")


def test_the_same_folder_twice_is_one_index(trees: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(trees / "one")
    with open_all([trees / "one", tmp_path / "link", trees / "two", trees / "one"]) as indexes:
        assert [index.root.name for index in indexes.indexes] == ["one", "two"]
        places = [(hit.repository, hit.path) for hit in indexes.search("message", limit=50)]
        assert len(places) == len(set(places)) > 2


def test_none_at_all_is_an_error() -> None:
    with pytest.raises(UsageError, match="no index"):
        open_all([])


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "semindex", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_takes_several_paths(trees: Path, whole: Index) -> None:
    query = "parse the header of a message"
    done = run("search", query, trees / "one", trees / "two", "--json", "--no-refresh")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(hit["path"], hit["score"], hit["points"]) for hit in found["hits"]] == [
        (hit.path, hit.score, hit.points) for hit in whole.search(query)
    ]
    folders = [trees / "one" / "email" / "mime", trees / "one" / "email" / "mime"]
    done = run("search", "message", *folders, "--json", "--no-refresh")
    assert done.returncode == 0, done.stderr
    paths = [hit["path"] for hit in json.loads(done.stdout)["hits"]]
    assert paths and len(set(paths)) == len(paths)
    assert all(path.startswith("email/mime/") for path in paths)
