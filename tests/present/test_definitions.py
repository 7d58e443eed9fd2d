"""``semindex symbol`` and ``semindex read``: text, JSON, exit codes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

import semindex
from semindex.present.cli import commands

from ..operations.trees import write
from .conftest import Invoke
from .records import DEFINITION, SPAN, FakeModule


def test_a_pipe_gets_definitions_with_members_where_the_text_is_cut(invoke: Invoke, fake: FakeModule) -> None:
    done = invoke("symbol", "Jar")
    assert done.exit_code == 0
    header, *lines = done.stdout.splitlines()
    assert header.split("\t")[1:] == ["class", "python"] and header.split("\t")[0].endswith(":8-300: Jar")
    assert lines == [
        "    8: class Jar(",
        "    9: \tdict,",
        "    10: ):",
        '    11:     """␛[31mred"""',
        "    … 289 lines more",
        "    member: 10-12: Jar.parse_cookie\tmethod\tdef parse_cookie(header):",
    ]
    places = invoke("symbol", "Jar", "--no-text").stdout.splitlines()
    assert places == [header, lines[-1]]


def test_nothing_found_is_1_and_names_what_is_near(invoke: Invoke, fake: FakeModule) -> None:
    fake.template = {"definitions": (), "suggestions": ("Jar.parse",)}
    done = invoke("symbol", "Jra")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nothing found; " in done.stderr and "near to it: Jar.parse" in done.stderr
    assert json.loads(invoke("symbol", "--json", "Jra").stdout)["suggestions"] == ["Jar.parse"]


def test_a_pipe_gets_lines_with_their_numbers(invoke: Invoke, fake: FakeModule) -> None:
    gone = replace(SPAN, text=None, problem="b.py is not in the index")
    fake.template = {"spans": (SPAN, gone)}
    done = invoke("read", "a.py:10-12", "b.py", "-C", "2")
    assert done.exit_code == 0
    header, *lines = done.stdout.splitlines()
    assert header.endswith(":10-12: Jar.parse_cookie\tpython")
    assert lines == ["    10: def parse_cookie(header):", "    11: \tjar = {}", "    12:     return jar"]
    assert "b.py is not in the index" in done.stderr
    assert dict(fake.only.calls)["read"]["context"] == 2
    fake.only.spans = (gone,)
    assert invoke("read", "b.py").exit_code == 1
    assert invoke("read", "b.py", "--json").exit_code == 1
    assert invoke("read").exit_code == 2


def test_a_terminal_gets_both_in_colours(invoke: Invoke, fake: FakeModule) -> None:
    for words in (("symbol", "Jar"), ("read", "a.py")):
        shown = invoke(*words, "--color", "always").stdout
        assert "\x1b[1;36m" in shown and "312 of 318 files indexed" in shown
        assert "\x1b[31mred" not in shown
    assert DEFINITION.text and "\x1b[31mred" in DEFINITION.text


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = write(tmp_path / "tree")
    with semindex.open(root) as index:
        index.refresh()
    monkeypatch.chdir(root / "src")
    monkeypatch.setenv("SEMINDEX_CONFIG", os.devnull)
    return root


def run(*words: str) -> Result:
    return CliRunner().invoke(commands, list(words))


def test_paths_are_taken_from_the_current_folder_or_the_root(root: Path) -> None:
    for span in ("view.ts:1", "src/view.ts:1", f"{root}/src/view.ts:1"):
        done = run("read", span)
        assert done.stdout.splitlines()[1:] == ["    1: export class View {"]
    outline = run("symbol", "cookies.py", "--json")
    assert [each["symbol"] for each in json.loads(outline.stdout)["definitions"]] == ["Jar", "parse"]
    within = run("symbol", "parse", str(root / "tests"), "--json")
    assert [each["path"] for each in json.loads(within.stdout)["definitions"]] == ["tests/test_cookies.py"]


def test_a_file_of_another_repository_is_read_by_its_own_index(root: Path) -> None:
    other = write(root.parent / "other", {"a.py": "other = 1\n"})
    with semindex.open(other) as index:
        index.refresh()
    shown = json.loads(run("read", f"{other}/a.py", "view.ts:1", "--json").stdout)
    assert [each["text"] for each in shown["spans"]] == ["other = 1", "export class View {"]


def test_a_file_without_an_index_is_not_read(root: Path) -> None:
    bare = write(root.parent / "bare", {"a.py": "bare = 1\n"})
    done = run("read", f"{bare}/a.py")
    assert (done.exit_code, done.stdout) == (1, "") and "lies outside" in done.stderr
    assert not (bare / ".semindex").exists()
