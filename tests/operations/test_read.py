"""Lines of indexed files, and why some are not given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import semindex
from semindex.errors import QueryError
from semindex.index import Index
from semindex.search.reading import MAX_LINES
from semindex.types import Text

from ..corpus import copy_package
from .trees import SOURCES, write


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    root = copy_package("json", tmp_path_factory.mktemp("package"))
    with semindex.open(root) as index:
        index.refresh()
        yield index


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Index]:
    with semindex.open(write(tmp_path / "tree")) as index:
        index.refresh()
        yield index


def one(index: Index, span: str, context: int = 0) -> Text:
    (found,) = index.read([span], context=context).spans
    return found


@given(st.data())
def test_a_span_has_the_lines_of_its_file(package: Index, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(package.snapshot().generation.path_of)))
    lines = (package.root / path).read_text("utf-8").removesuffix("\n").split("\n")
    first = data.draw(st.integers(1, len(lines)))
    last = data.draw(st.integers(first, len(lines) + 3))
    context = data.draw(st.integers(0, 4))
    found = one(package, f"{path}:{first}-{last}", context)
    assert (found.start_line, found.end_line) == (max(1, first - context), min(len(lines), last + context))
    assert found.text == "\n".join(lines[found.start_line - 1 : found.end_line])
    assert (found.path, found.lines, found.problem, found.stale) == (path, len(lines), "", False)


def test_spans_are_given_in_the_order_in_which_they_are_asked_for(package: Index) -> None:
    answer = package.read(["json/tool.py:3", "json/__init__.py", "json/tool.py:1-2"])
    assert [(each.path, each.start_line) for each in answer.spans] == [
        ("json/tool.py", 3),
        ("json/__init__.py", 1),
        ("json/tool.py", 1),
    ]
    whole = answer.spans[1]
    assert (whole.text or "") + "\n" == (package.root / "json/__init__.py").read_text("utf-8")


def test_the_innermost_definition_is_named(tree: Index) -> None:
    assert one(tree, "src/cookies.py:7").symbol == "Jar.parse"
    assert one(tree, "src/cookies.py:4").symbol == "Jar"
    assert one(tree, "src/cookies.py:12").symbol is None


def test_paths_may_be_absolute_or_detours(tree: Index) -> None:
    for path in (f"{tree.root}/src/view.ts", "./src/../src//view.ts"):
        assert one(tree, f"{path}:1").text == "export class View {"


def test_a_changed_file_is_given_as_it_is_today(tree: Index) -> None:
    before = one(tree, "src/cookies.py:1")
    secret = SOURCES["key.py"].split('"')[1]
    (tree.root / "src/cookies.py").write_text(f"new = 1\nkey = '{secret}'\n", "utf-8")
    found = one(tree, "src/cookies.py")
    assert (found.stale, found.lines, found.symbol, found.masked) == (True, 2, None, 1)
    assert found.text is not None and found.text.startswith("new = 1\nkey = 'ghp_****")
    assert secret not in found.text and found.digest != before.digest


@pytest.mark.parametrize(
    ("span", "problem"),
    [
        ("src/cookies.py:99", "src/cookies.py has no line 99; it ends at line 14"),
        ("src/cookies.py:0", "src/cookies.py has no line 0; lines count from 1"),
        ("src/cookies.py:5-2", "lines 5 to 2 of src/cookies.py are none; give the first line first"),
        ("src/cookie.py:5", "src/cookie.py is not in the index; near to it: src/cookies.py"),
        ("lib/view.ts", "lib/view.ts is not in the index; near to it: src/view.ts"),
        ("src", "src is a folder; give a file in it"),
        ("empty.py", "empty.py is left out of the index (empty)"),
        ("", "the path is empty; give a path as a search shows it"),
    ],
)
def test_what_cannot_be_given_is_told_and_the_rest_is_given(tree: Index, span: str, problem: str) -> None:
    bad, good = tree.read([span, "src/view.ts:1"]).spans
    assert (bad.text, bad.problem) == (None, problem)
    assert good.text == "export class View {"


def test_nothing_outside_the_root_is_read(tree: Index) -> None:
    outside = tree.root.parent / "outside.py"
    outside.write_text("secret = 1\n", "utf-8")
    for span in ("../outside.py", str(outside), "src/../../outside.py:1", "/etc/passwd"):
        found = one(tree, span)
        assert found.text is None
        assert found.problem.endswith(f"lies outside {tree.root}; only indexed files are read")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_no_link_is_followed(tree: Index) -> None:
    outside = tree.root.parent / "outside"
    write(outside, {"view.ts": "secret\n", "cookies.py": SOURCES["src/cookies.py"]})
    (tree.root / "src/view.ts").unlink()
    (tree.root / "src/view.ts").symlink_to(outside / "view.ts")
    found = one(tree, "src/view.ts")
    assert (found.text, found.stale) == (None, True) and "cannot be given" in found.problem
    (tree.root / "src").rename(tree.root.parent / "moved")
    (tree.root / "src").symlink_to(outside)
    for path in ("src/cookies.py", "src/view.ts"):
        found = one(tree, path)
        assert found.text is None and "secret" not in found.problem
        assert "cannot be given" in found.problem


def test_a_file_that_is_gone_or_is_no_text_any_more_is_told(tree: Index) -> None:
    (tree.root / "src/view.ts").unlink()
    assert one(tree, "src/view.ts").problem == "src/view.ts is gone since it was indexed"
    (tree.root / "src/jar.rs").write_bytes(b"\0\1\2" * 100)
    found = one(tree, "src/jar.rs")
    assert (found.text, found.stale) == (None, True)
    assert found.problem.startswith("src/jar.rs has changed since it was indexed and cannot be given (binary")


def test_secrets_are_masked_unless_the_settings_show_them(tree: Index) -> None:
    found = one(tree, "key.py")
    assert found.masked == 2 and "0aB1cD2e" not in (found.text or "")


def test_a_long_file_is_cut_and_the_cut_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"long.py": "".join(f"x{n} = {n}\n" for n in range(1, 2501))})
    with semindex.open(tmp_path) as index:
        index.refresh()
        answer = index.read("long.py")
        (found,) = answer.spans
        assert (found.end_line, found.lines) == (MAX_LINES, 2500)
        assert (found.text or "").endswith("\nx2000 = 2000")
        assert answer.notes == ("given of long.py are lines 1 to 2,000 of 2,500; ask for the others",)
        assert one(index, "long.py:2001-2500").end_line == 2500


def test_no_span_is_refused(tree: Index) -> None:
    with pytest.raises(QueryError, match="no span is given"):
        tree.read([])


def test_several_repositories_are_read_together(tmp_path: Path) -> None:
    roots = [
        write(tmp_path / name, {f"{name}.py": f"{name} = 1\n", "same.py": f"same = '{name}'\n"})
        for name in ("one", "two")
    ]
    for root in roots:
        with semindex.open(root) as index:
            index.refresh()
    with semindex.open_all(roots) as indexes:
        answer = indexes.read(["two.py", "same.py", f"{roots[1]}/same.py"])
        assert [(each.repository, each.text) for each in answer.spans] == [
            (str(roots[1]), "two = 1"),
            (str(roots[0]), "same = 'one'"),
            (str(roots[1]), "same = 'two'"),
        ]
        assert answer.notes == (f"2 repositories have same.py; given is that of {roots[0]}",)
