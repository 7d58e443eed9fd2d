"""The table of definitions counts what ctags and we find."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from benchmarks import definitions
from benchmarks.ctags import Tag, flaw_of, is_definition, last_name

needs_ctags = pytest.mark.skipif(shutil.which("ctags") is None, reason="ctags is not installed")


def tree(folder: Path) -> Path:
    (folder / "a.c").write_text(
        "#define GUARD_H\n#define TWICE(x) (2 * (x))\nint add(int a)\n{\n  return a;\n}\n"
    )
    (folder / "b.lua").write_text("local x = 1\nfunction m.run(a)\n  return a\nend\n")
    return folder


def test_a_last_name_has_no_qualifiers_quotes_or_arity() -> None:
    names = ["a::b::C", "m.run", "[dbo].[Get User]", "start/2", "~C", "Klass#each"]
    assert [last_name(name) for name in names] == ["c", "run", "get user", "start", "~c", "each"]


def test_flaws_of_ctags_are_told_from_definitions() -> None:
    empty = Tag("a.h", "GUARD_H", 1, "macro", "#define GUARD_H")
    valued = Tag("a.h", "SIZE", 1, "macro", "#define SIZE 4")
    assert flaw_of("C", empty) == "a macro without a value"
    assert flaw_of("C", valued) is None
    assert flaw_of("C", Tag("a.h", "__anon12", 1, "struct", "struct {")) == "anonymous"


def test_operators_have_one_name_whatever_the_blanks() -> None:
    names = ["a::B::operator =", "B::operator=", "operator ()", "operator()(int)", "operator<<"]
    assert [last_name(name) for name in names] == ["operator="] * 2 + ["operator()"] * 2 + ["operator<<"]


@needs_ctags
def test_a_function_that_a_macro_names_and_a_local_type_are_no_misses(tmp_path: Path) -> None:
    (tmp_path / "a.cpp").write_text(
        "TEST(Split, Empty) {\n  struct Local {\n    int x() { return 1; }\n  };\n  using X = int;\n}\n"
    )
    (found,) = definitions.measure([tmp_path])
    assert (found.tags, found.found, found.ours_only) == (1, 1, [])
    assert found.local == 3


@needs_ctags
def test_a_typedef_is_found_at_its_last_line(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("typedef struct {\n" + "  int size_a;\n" * 50 + "} size;\n")
    (found,) = definitions.measure([tmp_path])
    assert (found.tags, found.found) == (1, 1)


def test_locals_and_prototypes_are_no_definitions() -> None:
    assert is_definition("C", Tag("a.c", "f", 1, "function", ""))
    assert not is_definition("C", Tag("a.c", "f", 1, "prototype", ""))
    assert not is_definition("C", Tag("a.c", "f", 1, "local", ""))


@needs_ctags
def test_each_language_of_the_trees_has_a_line(tmp_path: Path) -> None:
    c, lua = definitions.measure([tree(tmp_path)])
    assert (c.language, c.files, c.tags, c.found, c.recall) == ("c", 1, 2, 2, 100)
    assert dict(c.flaws) == {"a macro without a value": 1}
    assert (lua.language, lua.found, lua.missed, lua.ours_only) == ("lua", 1, [], [])
    assert [line.split("|")[1].strip() for line in definitions.table([c, lua])[2:]] == ["c", "lua"]


@needs_ctags
def test_only_named_languages_are_measured(tmp_path: Path) -> None:
    assert [t.language for t in definitions.measure([tree(tmp_path)], frozenset(["lua"]))] == ["lua"]


def test_a_language_without_ctags_has_counts_alone(tmp_path: Path) -> None:
    (tmp_path / "main.zig").write_text("pub fn main() void {}\n")
    (found,) = definitions.measure([tmp_path])
    assert (found.reference, found.names, found.recall, found.precision) == ("none", 1, None, None)


@needs_ctags
def test_a_corpus_names_the_trees_and_json_holds_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tree").mkdir()
    tree(tmp_path / "tree")
    (tmp_path / "corpus").write_text("lua\ttree\nc\ttree\n")
    monkeypatch.setattr(sys, "argv", ["definitions", "--corpus", str(tmp_path / "corpus"), "--json"])
    definitions.main()
    rows = json.loads(capsys.readouterr().out)["languages"]
    assert [(row["language"], row["recall"]) for row in rows] == [("c", 100.0), ("lua", 100.0)]
