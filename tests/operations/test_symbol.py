"""The definitions of a name, and the outline of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import semindex
from semindex.errors import QueryError
from semindex.index import Index
from semindex.search.definitions import MAX_TEXT_LINES
from semindex.types import Definitions

from ..corpus import copy_package
from .trees import write


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    root = copy_package("email", tmp_path_factory.mktemp("package"))
    with semindex.open(root) as index:
        index.refresh()
        yield index


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Index]:
    with semindex.open(write(tmp_path / "tree")) as index:
        index.refresh()
        yield index


def places(answer: Definitions) -> list[tuple[str, int, str]]:
    return [(each.path, each.start_line, each.symbol) for each in answer.definitions]


def test_every_definition_is_found_first_by_its_qualified_name(package: Index) -> None:
    snapshot = package.snapshot()
    generation = snapshot.generation
    records = [generation.symbol(each) for each in range(generation.symbols)]
    assert len(records) > 500
    for name in {record.qualified for record in records}:
        answer = snapshot.symbol(name, limit=400)
        own = [each for each in answer.definitions if each.symbol == name]
        same = [record for record in records if record.qualified == name]
        assert answer.definitions[0].symbol == name
        assert {(each.path, each.start_line, each.end_line) for each in own} == {
            (generation.path(record.file), record.start_line, record.end_line) for record in same
        }


def test_text_and_signature_are_those_of_the_file(package: Index) -> None:
    answer = package.symbol("Message.get_payload")
    (found,) = answer.definitions
    lines = (package.root / found.path).read_text("utf-8").split("\n")
    assert found.text == "\n".join(lines[found.start_line - 1 : found.end_line])
    assert found.signature == "def get_payload(self, i=None, decode=False):"
    assert (found.truncated, found.stale, found.repository) == (False, False, str(package.root))
    assert answer.total == 1 and answer.suggestions == ()


def test_a_class_is_cut_and_has_its_members(package: Index) -> None:
    found = package.symbol("Message", kind=["class"]).definitions[0]
    assert found.text is not None
    assert found.truncated and found.text.count("\n") == MAX_TEXT_LINES - 1
    assert [each.name for each in found.members][:3] == ["__init__", "__str__", "as_string"]
    assert all(each.symbol == f"Message.{each.name}" for each in found.members)
    assert found.members[0].signature == "def __init__(self, policy=compat32):"


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Jar.parse", ("src/cookies.py", 6, "Jar.parse")),
        ("jar.PARSE()", ("src/cookies.py", 6, "Jar.parse")),
        ("cookies.parse", ("src/cookies.py", 13, "parse")),
        ("parse", ("src/cookies.py", 13, "parse")),
        ("Jar::fill", ("src/jar.rs", 6, "Jar.fill")),
        ("Server.Start", ("src/server.go", 3, "Server.Start")),
        ("server.start", ("src/server.go", 3, "Server.Start")),
        ("View#render", ("src/view.ts", 2, "View.render")),
        ("list->move", ("src/list.cpp", 2, "std.List::move")),
        ("std::List::move", ("src/list.cpp", 2, "std.List::move")),
        ("How to parse", ("docs/guide.md", 5, "Guide.How to parse")),
    ],
)
def test_names_are_understood(tree: Index, name: str, first: tuple[str, int, str]) -> None:
    assert places(tree.symbol(name))[0] == first


def test_tests_come_last_and_what_adds_behind_what_it_adds_to(tree: Index) -> None:
    assert places(tree.symbol("parse"))[-1] == ("tests/test_cookies.py", 1, "parse")
    kinds = [each.kind for each in tree.symbol("Jar", lang="rust").definitions]
    assert kinds == ["struct", "implementation"]


def test_a_name_around_it_that_no_definition_has_is_told(tree: Index) -> None:
    answer = tree.symbol("Basket.fill")
    assert places(answer) == [("src/jar.rs", 6, "Jar.fill")]
    assert "no definition of fill was found in Basket; shown are others of that name" in answer.coverage.notes


def test_filters_and_limit(tree: Index) -> None:
    assert {each.lang for each in tree.symbol("Jar", lang="rust").definitions} == {"rust"}
    in_tests = [("tests/test_cookies.py", 1, "parse")]
    assert places(tree.symbol("parse", path="tests")) == in_tests
    assert [each.kind for each in tree.symbol("parse", kind="method").definitions] == ["method"]
    assert [each.path for each in tree.symbol("parse", scope="tests").definitions] == [
        "tests/test_cookies.py"
    ]
    cut = tree.symbol("parse", limit=1)
    assert (len(cut.definitions), cut.total) == (1, 3)
    with pytest.raises(QueryError, match="unknown kind"):
        tree.symbol("parse", kind="no such")
    with pytest.raises(QueryError, match="unknown language"):
        tree.symbol("parse", lang="no such")
    with pytest.raises(QueryError, match="the name is empty"):
        tree.symbol("  ")


@pytest.mark.parametrize(
    ("name", "near"),
    [("Jar.prase", "Jar.parse"), ("rendr", "View.render"), ("src/cookie.py", "src/cookies.py")],
)
def test_names_near_to_one_that_is_not_there_are_suggested(tree: Index, name: str, near: str) -> None:
    answer = tree.symbol(name)
    assert (answer.definitions, answer.total) == ((), 0)
    assert answer.suggestions[0] == near


def test_a_path_gives_the_outline_of_a_file(tree: Index) -> None:
    for path in ("src/cookies.py", "./src/../src/cookies.py", str(tree.root / "src/cookies.py")):
        answer = tree.symbol(path, limit=1)
        assert places(answer) == [("src/cookies.py", 1, "Jar"), ("src/cookies.py", 13, "parse")]
        jar = answer.definitions[0]
        assert (jar.text, jar.signature) == (None, "class Jar(\n    dict,\n):")
        assert [(each.symbol, each.signature) for each in jar.members] == [
            ("Jar.parse", "def parse(self, header: str) -> dict:"),
            ("Jar.clear", "def clear(self):"),
        ]


def test_a_file_that_has_changed_gives_no_text(tree: Index) -> None:
    (tree.root / "src/cookies.py").write_text("# all new\n", "utf-8")
    found = tree.symbol("Jar.parse").definitions[0]
    assert (found.stale, found.text, found.signature, found.truncated) == (True, None, None, False)


@pytest.mark.usefixtures("patience")
def test_changes_are_taken_in_when_asked_to(tree: Index) -> None:
    (tree.root / "new.py").write_text("def brand_new():\n    pass\n", "utf-8")
    assert tree.symbol("brand_new").definitions == ()
    answer = tree.symbol("brand_new", refresh=True)
    assert [each.path for each in answer.definitions] == ["new.py"]
    assert answer.coverage.freshness == "refreshed"


def test_secrets_are_masked(tree: Index) -> None:
    found = tree.symbol("use").definitions[0]
    assert found.masked == 1 and "ghp_****" in (found.text or "")
    answer = tree.symbol("key.py")
    assert "0aB1cD2e" not in repr(answer)


def test_several_repositories_answer_together(tmp_path: Path) -> None:
    roots = [write(tmp_path / name, {f"{name}.py": "def shared():\n    pass\n"}) for name in ("one", "two")]
    for root in roots:
        with semindex.open(root) as index:
            index.refresh()
    with semindex.open_all(roots) as indexes:
        answer = indexes.symbol("shared")
        assert [(each.repository, each.path) for each in answer.definitions] == [
            (str(roots[0]), "one.py"),
            (str(roots[1]), "two.py"),
        ]
        assert places(indexes.symbol("two.shared")) == [("two.py", 1, "shared")]
        assert places(indexes.symbol("two.py")) == [("two.py", 1, "shared")]
