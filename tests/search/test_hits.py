"""Hits are there at once; their reasons and other spans are made when they are read, whenever that is."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import semindex
from semindex.index import Index
from semindex.library import open_all
from semindex.present.render import address, window
from semindex.search import hits
from semindex.search.evidence import Evidence
from semindex.types import Hit
from tests.corpus import copy_package

from .growing import Grow

QUERIES = ("parse the header of a message", "EmailMessage.get_body", '"line length"')


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_package("email", tmp_path_factory.mktemp("hits") / "repo")
    with semindex.open(root) as index:
        index.refresh()
    return root


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    with semindex.open(root) as index:
        yield index


class Calls:
    """How often some functions were called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reasons = self.more = self.spans = 0
        told, more, hit = Evidence.reasons, hits._more, hits._hit

        def count_reasons(evidence: Evidence, file: int) -> Any:
            self.reasons += 1
            return told(evidence, file)

        def count_more(*args: Any) -> Any:
            self.more += 1
            return more(*args)

        def count_spans(*args: Any, **named: Any) -> Any:
            self.spans += 1
            return hit(*args, **named)

        monkeypatch.setattr(Evidence, "reasons", count_reasons)
        monkeypatch.setattr(hits, "_more", count_more)
        monkeypatch.setattr(hits, "_hit", count_spans)


def read(found: Hit) -> tuple[object, ...]:
    """Everything of a hit, made."""
    return (
        found.path,
        found.text,
        list(found.reasons),
        [(more.start_line, more.text) for more in found.more],
    )


@pytest.mark.parametrize("query", QUERIES)
def test_reasons_and_other_spans_are_made_when_they_are_read(
    index: Index, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    calls = Calls(monkeypatch)
    found = index.search(query)
    assert (calls.reasons, calls.more, calls.spans) == (0, 0, 0)
    assert all(hit.text for hit in found)
    assert (calls.reasons, calls.more, calls.spans) == (0, 0, len(found))
    assert found[0].reasons
    assert (calls.reasons, calls.more) == (1, 0)
    several = sum(len(hit.more) for hit in found)
    assert (calls.reasons, calls.more) == (1, len(found))
    assert calls.spans >= len(found) + several
    made = list(map(read, found))
    assert (calls.reasons, calls.more) == (len(found), len(found))
    assert list(map(read, found)) == made
    assert (calls.reasons, calls.more) == (len(found), len(found))


@pytest.mark.parametrize("group_by", ["file", "chunk"])
def test_a_remembered_answer_has_the_reasons_of_the_first(
    index: Index, monkeypatch: pytest.MonkeyPatch, group_by: str
) -> None:
    first = [read(hit) for hit in index.search(QUERIES[0], group_by=group_by)]
    calls = Calls(monkeypatch)
    ranked = index.snapshot().ranker
    again = index.search(QUERIES[0], group_by=group_by)
    assert index.snapshot()._rankings.found == 1
    assert index.snapshot().ranker is ranked
    assert calls.reasons == 0
    assert [read(hit) for hit in again] == first


@pytest.mark.parametrize("query", QUERIES)
def test_hits_can_be_read_after_the_index_was_closed(root: Path, query: str) -> None:
    with semindex.open(root) as index:
        wanted = list(map(read, index.search(query)))
        assert wanted
    for several in (False, True):
        with open_all([root]) if several else semindex.open(root) as opened:
            # The second is made from a ranking that is remembered.
            found, again = opened.search(query), opened.search(query)
        assert list(map(read, again)) == wanted
        assert list(map(read, found)) == wanted


@pytest.mark.parametrize("query", QUERIES)
def test_hits_are_those_of_their_generation_when_there_is_a_newer_one(tmp_path: Path, query: str) -> None:
    """What was read of the files stays; a new index of everything and a merge leave reasons as they were."""
    root = copy_package("email", tmp_path / "repo")
    with semindex.open(root) as index:
        index.refresh()
        wanted = list(map(read, index.search(query)))
        found = index.search(query)
        (root / "email" / "more.py").write_text("def zzquokka(message):\n    return message\n", "utf-8")
        index.refresh()
        assert index.search("zzquokka")[0].path == "email/more.py"
        index.refresh(force=True)
        index.search(query)
        assert list(map(read, found)) == wanted
        newer = list(map(read, index.search(query)))
        unread = index.search(query)
        index.clean()
        assert list(map(read, unread)) == newer


def test_hits_in_a_notebook_tell_the_line_of_the_file_and_the_cell(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Harbours\n", "Of ships."]},
        {
            "cell_type": "code",
            "outputs": ["x"] * 50,
            "source": ["import a\n", "\n", "def moor(ship):\n", "    a"],
        },
    ]
    stored = json.dumps({"cells": cells, "metadata": {}}, indent=1)
    (tmp_path / "a.ipynb").write_text(stored, "utf-8")
    (tmp_path / "b.py").write_text("def sail(ship):\n    pass\n", "utf-8")
    with semindex.open(tmp_path) as index:
        index.refresh()
        moor, sail = index.search("moor")[0], index.search("sail")[0]
        assert index.search("harbours")[0].path == "a.ipynb"
    line = next(number for number, line in enumerate(stored.split("\n"), 1) if "moor" in line)
    assert (moor.path, moor.start_line, moor.cell, moor.cell_line) == ("a.ipynb", line, 2, 3)
    assert (moor.symbol, moor.lang) == ("moor", "python")
    assert moor.text == "def moor(ship):\n    a"
    assert (sail.cell, sail.cell_line) == (None, None)
    assert f"a.ipynb:{line}-{line + 1} (cell 2, line 3)" in address(moor, None)


@pytest.mark.parametrize("indent", [1, None])
def test_hits_in_a_notebook_with_cells_on_one_line_show_lines_that_the_file_has(
    tmp_path: Path, indent: int | None
) -> None:
    cells = [
        {"cell_type": "markdown", "source": "# Harbours\nOf ships."},
        {"cell_type": "code", "source": "import a\n\ndef moor(ship):\n    a.moor(ship)"},
        {"cell_type": "code", "source": "x = 1\nx"},
        {"cell_type": "code", "source": "def sail(ship):\n    pass\n" * 12},
    ]
    stored = json.dumps({"cells": cells, "metadata": {}}, indent=indent)
    (tmp_path / "a.ipynb").write_text(stored, "utf-8")
    with semindex.open(tmp_path) as index:
        index.refresh()
        moor, harbours = index.search("moor")[0], index.search("harbours of ships")[0]
        nearest = index.related(f"a.ipynb:{moor.start_line}")
    lines = stored.split("\n")
    line = next(number for number, line in enumerate(lines, 1) if "moor" in line)
    assert (moor.start_line, moor.end_line, moor.cell, moor.cell_line) == (line, line, 2, 3)
    assert (moor.symbol, moor.text) == ("moor", "def moor(ship):\n    a.moor(ship)")
    assert harbours.cell == 1
    assert harbours.end_line <= len(lines)
    assert all(number == line for number in window(moor, 12).numbers)
    assert not nearest.hits or nearest.hits[0].end_line <= len(lines)


def long_function(name: str, words: str, lines: int) -> str:
    """A function that is cut into parts: blocks of ten lines with blank lines between."""
    blocks = ["".join(f"    {words}_{line} = {line}\n" for line in range(10)) for _ in range(lines // 10)]
    return f"def {name}(a):\n" + "\n".join(blocks) + "\n\n"


def test_parts_of_a_long_function_are_numbered(grow: Grow) -> None:
    index = grow({"a.py": long_function("bake", "bread", 300) + "\ndef short():\n    return 'bread'\n"})
    flat = sorted(index.search("bread", group_by="chunk", limit=20), key=lambda hit: hit.start_line)
    parts = [hit for hit in flat if hit.symbol == "bake"]
    assert len(parts) > 2
    assert [(hit.part, hit.parts) for hit in parts] == [(n, len(parts)) for n in range(1, len(parts) + 1)]
    assert all(hit.part is None for hit in flat if hit.symbol != "bake")
    # By its name, the first lines of the definition are shown.
    (named,) = index.search("bake")
    assert (named.start_line, named.part, named.parts) == (1, 1, len(parts))


def test_neighbouring_parts_of_one_function_are_one_span(grow: Grow) -> None:
    text = long_function("bake", "bread", 100)
    index = grow({"a.py": "x = 1\n" * 9 + "\n" + text})
    flat = index.search("where is bread", group_by="chunk")
    parts = sorted((hit for hit in flat if hit.symbol == "bake"), key=lambda hit: hit.start_line)
    assert [(hit.part, hit.parts) for hit in parts] == [(1, 2), (2, 2)]
    (hit,) = index.search("where is bread")
    assert (hit.start_line, hit.end_line) == (parts[0].start_line, parts[1].end_line)
    assert (hit.part, hit.parts) == (None, None), "it is whole"
    assert hit.text is not None
    assert hit.text.strip() == text.strip()
    assert not [each for each in hit.more if each.symbol == "bake"]


def test_spans_are_joined_only_as_long_as_they_are_short(grow: Grow) -> None:
    index = grow({"a.py": long_function("bake", "bread", 400)})
    (hit,) = index.search("where is bread")
    spans = sorted((each.start_line, each.end_line) for each in (hit, *hit.more))
    assert all(end - start < hits.MAX_JOINED_LINES for start, end in spans)
    assert all(one[1] < other[0] for one, other in pairwise(spans)), "no line is shown twice"
    assert all(each.part is not None and each.parts is not None for each in (hit, *hit.more))


def test_neighbouring_functions_stay_spans_of_their_own(grow: Grow) -> None:
    text = "".join(long_function(f"bake_{name}", "bread", 30) for name in "abc")
    (hit,) = grow({"a.py": text}).search("where is bread baked")
    assert sorted(each.symbol for each in (hit, *hit.more) if each.symbol) == ["bake_a", "bake_b", "bake_c"]
