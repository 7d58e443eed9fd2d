"""Which files a question is about: what ``rg --files`` lists with the same options."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from semindex.config import Settings
from semindex.errors import QueryError
from semindex.exact.choosing import everything
from semindex.exact.files import FileFilter, Wanted
from semindex.exact.ripgrep import clean_environment, find_program
from semindex.exact.typelist import type_globs

from ..product import plant

RG = find_program(Settings())
FOLDERS = ("", "a/", "b/", ".h/", "a/b/", "a/.h/", "a/b/c/", "b/a/", "A/", "src[x]/", "é/")
NAMES = ("a.py", "b.rs", "B.PY", ".h.py", "Makefile", "a b.c", "x-y.c", "é.md", "{a}.c", "!n.c", "a")
PIECES = [
    *"ab./*?",
    "**",
    "**/",
    "/**",
    "[ab]",
    "[!a]",
    "[^.]",
    "[a-c]",
    "{a,b}",
    "{py,rs}",
    "{,a}",
    "*.py",
    "src",
]
PIECES += [
    "\\*",
    "\\[",
    "[",
    "{",
    "}",
    "]",
    ",",
    " ",
    "é",
    ".h",
    "!",
    "#",
    "[]a]",
    "[a-]",
    "{a,{b,c}}",
    "{a/**,b}",
    "A",
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    return plant(
        root,
        {
            f"{folder}{name}": b""
            for folder in FOLDERS
            for name in NAMES
            if f"{folder}{name}" != "a"
            if not (root / f"{folder}{name}").is_dir() and f"{folder}{name}/" not in FOLDERS
        },
    )


def ripgrep_lists(words: list[str], cwd: Path) -> set[str] | None:
    """The files, or None where ripgrep refuses the options."""
    done = subprocess.run(
        [RG, "--no-config", "--files", "--null", "--no-ignore", *words],
        cwd=cwd,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return None if done.stderr else set(map(os.fsdecode, done.stdout.split(b"\0"))) - {""}


def ours(wanted: Wanted, tree: Path) -> set[str] | None:
    try:
        chosen = FileFilter(wanted, RG).chosen(everything(tree, "", RG))
    except QueryError:
        return None
    return {wanted.path_shown(path) for path in chosen}


globs = st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join), max_size=3)
types = st.lists(st.sampled_from(["py", "rust", "c", "md", "make", "markdown"]), max_size=2)


@given(globs, globs, types, types, st.booleans(), st.sampled_from(["", "a", "a/", "./a/b", "."]))
@example(["*.py"], [], [], [], False, "")
@example([".h/**"], [], [], [], False, "")
@example(["!a/"], [], [], [], True, "")
@example(["*.py", "!a"], [], [], [], False, ".")
@example([], [], ["all"], [], False, "")
@example([], [], [], ["all"], True, "")
@example([], ["*.PY"], ["c"], ["c"], False, "./a/b")
def test_the_files_are_those_that_ripgrep_lists(
    tree: Path,
    glob: list[str],
    iglob: list[str],
    taken: list[str],
    left_out: list[str],
    hidden: bool,
    place: str,
) -> None:
    words = [*(f"--glob={each}" for each in glob), *(f"--iglob={each}" for each in iglob)]
    words += [*(f"--type={each}" for each in taken), *(f"--type-not={each}" for each in left_out)]
    words += ["--hidden"] if hidden else []
    scope = "" if place == "." else place.removeprefix("./").removesuffix("/")
    shown = place if not place or place.endswith("/") else place + "/"
    wanted = Wanted(
        scope,
        shown,
        hidden=hidden,
        glob=tuple(glob),
        iglob=tuple(iglob),
        types=(*((name, True) for name in taken), *((name, False) for name in left_out)),
    )
    assert ours(wanted, tree) == ripgrep_lists([*words, *([place] if place else [])], tree)


def test_a_type_that_ripgrep_does_not_know_is_refused(tree: Path) -> None:
    with pytest.raises(QueryError, match="unrecognized file type: nope"):
        FileFilter(Wanted(types=(("nope", True),)), RG)


def test_the_types_are_those_of_ripgrep() -> None:
    assert "*.py" in type_globs(RG)["py"] and len(type_globs(RG)) > 150


def test_a_file_that_was_named_is_searched_whatever_the_options_say(tree: Path) -> None:
    wanted = Wanted("a/.h/b.rs", "a/.h/b.rs", is_file=True, glob=("!*",), types=(("py", True),))
    assert FileFilter(wanted, RG).takes("a/.h/b.rs")
