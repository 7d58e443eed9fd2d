"""Patterns between slashes in searches: compared with lines of today by ripgrep, in one tree or several."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from semindex import open as open_index
from semindex.config import Settings
from semindex.errors import ConfigError, QueryError
from semindex.exact.indexed import IndexedFiles
from semindex.exact.matching import Matching
from semindex.exact.numbers import LineNumbers
from semindex.exact.pattern import Pattern
from semindex.index import Index
from semindex.library import open_all
from semindex.types import Hits

from ..product import plant
from .trees import plant_odd

FILES: dict[str | bytes, bytes] = {
    "server/run.go": b"package server\n\nfunc Run(ctx Context) {\n\t<-ctx.Done()\n}\n",
    "server/stop.go": b"package server\n\nfunc Stop() {\n\twait()\n}\n",
    "server/run_test.go": b"package server\n\nfunc TestRun() {\n\t<-ctx.Done()\n}\n",
    "client/run.go": b"package client\n\nfunc Dial(ctx Context) {\n\t<-ctx.Done()\n}\n",
    "docs/run.md": b"# Running\n\nWait for `ctx.Done()`.\n",
    "docs/wide.md": "# Breit\n\nctx.Done() wide\n".encode("utf-16"),
    "-": b"ctx.Done() in a dash\n",
    "long.txt": (b"word " * 30_000) + b"ctx.Done() far behind " + (b"word " * 30_000) + b"\n",
}
DONE = r"/ctx\.Done\(\)/"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return plant(tmp_path / "tree", FILES)


@pytest.fixture
def index(tree: Path) -> Index:
    opened = open_index(tree)
    opened.refresh()
    return opened


def paths(found: Hits) -> set[str]:
    return {hit.path for hit in found}


def test_a_pattern_alone_finds_every_file_that_it_matches(index: Index) -> None:
    found = index.search(DONE, limit=50)
    assert paths(found) == {"server/run.go", "server/run_test.go", "client/run.go", "docs/run.md"} | {
        "docs/wide.md",
        "-",
        "long.txt",
    }
    assert all(hit.text is not None and "ctx.Done()" in hit.text for hit in found if hit.path != "long.txt")
    assert found.query.kind == "pattern" and not found.coverage.notes


def test_filters_combine(index: Index) -> None:
    (hit,) = index.search(rf"lang:go path:server/ kind:function -path:*_test.go {DONE}")
    assert (hit.path, hit.symbol, hit.line) == ("server/run.go", "Run", 4)
    assert paths(index.search(rf"wait for the end {DONE} lang:markdown")) <= {"docs/run.md", "docs/wide.md"}
    assert paths(index.search(rf'"Context" {DONE}')) == {"server/run.go", "client/run.go"}
    assert not index.search(r"/wait\(\)/ /Done\(/")


def test_both_groupings_show_the_lines(index: Index) -> None:
    found = index.search(rf"{DONE} path:server", group_by="chunk")
    assert [hit.path for hit in found] == ["server/run.go", "server/run_test.go"]


def test_a_file_that_has_changed_is_left_out_and_that_is_said(index: Index, tree: Path) -> None:
    text = (tree / "server/run.go").read_bytes()
    (tree / "server/run.go").write_bytes(b"// new\n" * 40 + text)
    (tree / "client/run.go").unlink()
    found = index.search(DONE)
    assert paths(found).isdisjoint({"server/run.go", "client/run.go"})
    assert "2 files that may match have changed since the index was made, and are left out" in (
        found.coverage.notes
    )
    index.refresh()
    (hit,) = index.search(rf"path:server/run.go {DONE}")
    assert hit.line == 44


def test_a_change_that_keeps_the_size_is_seen_where_it_would_be_shown(index: Index, tree: Path) -> None:
    text = (tree / "server/run.go").read_bytes()
    (tree / "server/run.go").write_bytes(text.replace(b"server", b"Server"))
    found = index.search(DONE)
    assert "server/run.go" not in paths(found) and "server/run_test.go" in paths(found)
    assert found.coverage.notes == (
        "1 file that may match has changed since the index was made, and is left out",
    )


def test_what_a_pattern_matched_is_not_remembered(index: Index, tree: Path) -> None:
    assert "server/stop.go" in paths(index.search(r"/wait\(\)/"))
    (tree / "server/stop.go").write_bytes(FILES["server/stop.go"].replace(b"wait", b"halt"))
    assert not index.search(r"/wait\(\)/")


def test_a_fifo_in_place_of_a_file_is_not_waited_for(index: Index, tree: Path) -> None:
    os = pytest.importorskip("os")
    if not hasattr(os, "mkfifo"):
        pytest.skip("no FIFOs here")
    (tree / "server/run.go").unlink()
    os.mkfifo(tree / "server/run.go")
    assert "server/run.go" not in paths(index.search(DONE))


@pytest.mark.parametrize("query", ["/a(b/", "run /a(b/", "/a(b/ path:nowhere"])
def test_a_pattern_that_ripgrep_cannot_read_is_refused_in_its_words(query: str, index: Index) -> None:
    with pytest.raises(QueryError, match="unclosed group"):
        index.search(query)


def test_without_ripgrep_only_patterns_fail(tree: Path, index: Index) -> None:
    other = open_index(tree, settings=Settings(ripgrep="/nowhere/rg"))
    assert other.search("run")
    with pytest.raises(ConfigError, match="RIPGREP"):
        other.search(DONE)


def test_several_repositories_answer_as_one(tree: Path, tmp_path: Path) -> None:
    other = plant(tmp_path / "other", {"server/run.go": FILES["server/run.go"], "x.go": b"package x\n"})
    both = open_all([tree, other])
    for each in both.indexes:
        each.refresh()
    found = both.search(rf"path:server/run.go {DONE}")
    assert {(hit.repository, hit.path) for hit in found} == {
        (str(root), "server/run.go") for root in (tree, other)
    }
    (other / "server/run.go").write_bytes(b"package other\n\nfunc Other() {\n\t<-ctx.Done()\n}\n")
    (hit,) = both.search(rf"path:server/run.go {DONE}")
    assert hit.repository == str(tree)


def test_an_index_without_trigrams_reads_all_files(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = index.snapshot()
    monkeypatch.setattr(IndexedFiles, "_candidates", [None] * len(snapshot._segments))
    assert snapshot._indexed.holding("ctx.Done()") is None
    assert "server/run.go" in paths(index.search(DONE))


def test_the_lines_are_those_of_ripgrep_over_the_odd_tree(tmp_path: Path) -> None:
    tree = plant_odd(tmp_path)
    with open_index(tree) as index:
        index.refresh()
        snapshot = index.snapshot()
        generation = snapshot.generation
        live = generation.file_live.nonzero()[0]
        reader = snapshot.reader()
        matching = Matching(generation, snapshot._indexed, snapshot.roots, reader.text, index.ripgrep)
        for pattern in ("needle", "import|needle", r"^def \w+\(self", "é"):
            known = {generation.path(file): lines for file, lines in matching(pattern, live).items()}
            # What follows a NUL byte is text of the index, and ripgrep passes over it.
            known = {path: lines for path, lines in known.items() if "nul" not in path}
            found = index.grep(pattern, limit=10**6, hidden=True)
            expected: dict[str, list[int]] = {}
            for match in found.matches:
                expected.setdefault(match.path, []).append(match.line)
            indexed = {
                path: lines
                for path, lines in expected.items()
                if path in generation.path_of and "nul" not in path
            }
            assert known == indexed != {}
            file = generation.path_of[next(iter(indexed))]
            assert snapshot._indexed.may_match(Pattern(patterns=(pattern,)))[file]


def notebook(*sources: list[str], indent: int | None = 1) -> bytes:
    cells = [
        {"cell_type": "code", "source": source, "outputs": [{"text": ["hidden_in_output\n"]}], "metadata": {}}
        for source in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}, indent=indent).encode()


def test_of_notebooks_the_cells_are_searched_as_they_are_read(tmp_path: Path) -> None:
    whole = notebook(['a = "one"\n', "b = 2"], ['print("two")'])
    plant(
        tmp_path,
        {
            "a.ipynb": whole,
            "packed.ipynb": notebook(['a = "one"\n', "b = 2"], ['print("two")'], indent=None),
            "none.ipynb": b'a = "one"\n',
        },
    )
    with open_index(tmp_path) as index:
        index.refresh()
        assert paths(index.search(r'/^a = "one"$/')) == {"a.ipynb", "packed.ipynb", "none.ipynb"}
        assert paths(index.search(r'/print\("two"\)/')) == {"a.ipynb", "packed.ipynb"}
        assert not index.search("/hidden_in_output/")
        snapshot = index.snapshot()
        matching = Matching(
            snapshot.generation, snapshot._indexed, snapshot.roots, snapshot.reader().text, index.ripgrep
        )
        file = snapshot.generation.path_of["a.ipynb"]
        (lines,) = matching("^b = 2$", snapshot.generation.file_live.nonzero()[0][[file]]).values()
        assert b'"b = 2"' in whole.split(b"\n")[lines[0] - 1]


def test_a_secret_is_masked_where_a_pattern_finds_it(tmp_path: Path) -> None:
    secret = "ghp_" + "Ab3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6"
    plant(tmp_path, {"a.py": f"def login():\n    return '{secret}'\n".encode()})
    with open_index(tmp_path) as index:
        index.refresh()
        (hit,) = index.search(r"/return 'ghp_/")
        assert secret not in (hit.text or "") and "ghp_****" in (hit.text or "")


def test_the_files_of_a_revision_are_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ..product import semindex_command

    plant(tmp_path / "tree", {"a.py": b"def one():\n    return 1\n"})
    tree = tmp_path / "tree"
    for words in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=tree, check=True)
    (tree / "a.py").write_bytes(b"def two():\n    return 2\n")
    variables = {"SEMINDEX_CACHE_DIR": str(tmp_path / "cache")}
    ran = semindex_command("search", "--rev", "HEAD", "--json", r"/return \d/", cwd=tree, variables=variables)
    (hit,) = ran.object["hits"]
    assert "return 1" in hit["text"]


def test_holding_tells_every_file_that_holds_a_literal(tmp_path: Path) -> None:
    files: dict[str | bytes, bytes] = {
        "plain.py": b"x = 'Cannot open the file'\n",
        "apart.md": b"It says: cannot  open\nthe file\n",
        "latin.txt": "Grüße: cannot open the file über\n".encode("latin-1"),
        "wide.txt": "cannot open the file\n".encode("utf-16"),
        "book.ipynb": notebook(['raise X("cannot open the file")\n']),
        **{f"other{number}.py": b"x = %d\n" % number for number in range(30)},
    }
    plant(tmp_path, files)
    with open_index(tmp_path) as index:
        index.refresh()
        snapshot = index.snapshot()

        def held(literal: str) -> set[str] | None:
            found = snapshot._indexed.holding(literal)
            return None if found is None else set(map(snapshot.generation.path, found))

        assert held("CANNOT open the file") == {*list(files)[:5]}
        assert {"book.ipynb", "wide.txt"} <= (held('raise X("cannot open the file")') or set())
        assert {"latin.txt", "wide.txt"} <= (held("Grüße: cannot open the file") or set())
        assert held("Grüße") is None
        assert held("nowhere to be seen") == {"wide.txt"}


def test_more_lines_than_are_kept_are_told(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semindex.exact.matching.MOST_LINES", 2)
    notes = index.search(DONE).coverage.notes
    assert any(re.match(r"only the first 2 lines that /.*/ matches were looked at", note) for note in notes)


def test_numbers_of_lines_come_whole_whatever_the_pieces() -> None:
    event = b'{"type":"match","data":{"path":{"text":"a"},"lines":{"text":"x\\n"},"line_number":%d}}\n'
    printed = b"".join(event % number for number in (1, 5, 7))
    for size in (1, 7, 1000):
        numbers = LineNumbers(10)
        for begin in range(0, len(printed), size):
            numbers.write(printed[begin : begin + size])
        assert numbers.lines == {b"a": [1, 5, 7]}
