"""Several indexes answer as one index of all their files, score for score."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import semindex
from semindex.errors import IndexMismatch, UsageError
from semindex.index import Index
from semindex.search.shard import Question
from semindex.several import Indexes, open_all
from semindex.store.catalog import Catalog, Change
from semindex.types import Hits
from tests.corpus import copy_package

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
    {"kinds": ["class"]},
    {"paths": ["mime"]},
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
def shards(trees: Path) -> Iterator[Indexes]:
    with open_all([trees / "one", trees / "none", trees / "two"]) as indexes:
        yield indexes


def told(hits: Hits) -> list[object]:
    """All of each hit, but where it lies."""
    return [
        (
            *(hit.path, hit.start_line, hit.end_line, hit.score, hit.symbol, hit.kind, hit.text, hit.digest),
            [(reason.signal, reason.contribution, reason.detail) for reason in hit.reasons],
            [(more.start_line, more.score, more.text) for more in hit.more],
        )
        for hit in hits
    ]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_their_answers_are_those_of_one(whole: Index, shards: Indexes, way: dict[str, Any]) -> None:
    found = 0
    for query in QUERIES:
        one, several = whole.search(query, **way), shards.search(query, **way)
        assert told(several) == told(one), query
        assert several.terms == one.terms
        found += len(one)
    assert found > 5


def test_a_hit_tells_its_index_and_the_answer_counts_all(trees: Path, shards: Indexes) -> None:
    hits = shards.search("parse the header of a message")
    assert {Path(hit.repository).name for hit in hits} == {"one", "two"}
    for hit in hits:
        assert (Path(hit.repository) / hit.path).is_file()
    parts = [index.search("header").coverage for index in shards.indexes]
    assert hits.coverage.indexed == sum(part.indexed for part in parts)
    assert hits.coverage.chunks == sum(part.chunks for part in parts)
    assert hits.coverage.skipped == {"empty": 2}
    assert hits.coverage.freshness == "unchecked"


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


def test_one_that_is_late_has_no_part_and_is_named(trees: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Question.shortlists

    def slow(self: Question, *args: Any) -> Any:
        if self._generation.files > 15:
            time.sleep(2.0)
        return known(self, *args)

    monkeypatch.setattr(Question, "shortlists", slow)
    with open_all([trees / "one", trees / "two"], deadline_seconds=0.7) as indexes:
        sizes = {index.root.name: index.status().indexed for index in indexes.indexes}
        assert sizes["one"] > 15 >= sizes["two"]
        hits = indexes.search("parse the header of a message")
        assert hits and {Path(hit.repository).name for hit in hits} == {"two"}
        (note,) = [note for note in hits.coverage.notes if "partial" in note]
        assert str(trees / "one") in note


def test_different_models_are_refused(trees: Path, tmp_path: Path) -> None:
    copied = tmp_path / "two"
    shutil.copytree(trees / "two", copied)
    with open_all([trees / "one", copied]) as indexes:
        indexes.search("header")
        with Catalog.open_writer(copied / ".semindex", model="x") as catalog:
            catalog.commit(Change(model="another"))
        with pytest.raises(IndexMismatch, match="another"):
            indexes.search("header")


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
    assert [(hit["path"], hit["score"]) for hit in found["hits"]] == [
        (hit.path, hit.score) for hit in whole.search(query)
    ]
    folders = [trees / "one" / "email" / "mime", trees / "one" / "email" / "mime"]
    done = run("search", "message", *folders, "--json", "--no-refresh")
    assert done.returncode == 0, done.stderr
    paths = [hit["path"] for hit in json.loads(done.stdout)["hits"]]
    assert paths and len(set(paths)) == len(paths)
    assert all(path.startswith("email/mime/") for path in paths)
