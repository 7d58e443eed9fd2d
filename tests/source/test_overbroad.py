"""One rule that empties the index is named; ordinary ones are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from semindex.source.walk import walk
from tests.source.conftest import git, repository, write

MODES = pytest.mark.parametrize("with_git", [True, False], ids=["git", "plain"])


def warnings(root: Path, files: dict[str, str | bytes], *, with_git: bool) -> tuple[str, ...]:
    if with_git:
        repository(root, files, commit=False)
    else:
        write(root, files)
    return walk(root).warnings


def sources(folder: str, count: int = 40) -> dict[str, str | bytes]:
    return {f"{folder}m{number}.py": "x" for number in range(count)}


@MODES
@pytest.mark.parametrize(
    ("pattern", "folder"),
    [("*", ""), ("*.py", "deep/er/"), ("/src/", "src/in/"), ("src/*", "src/in/")],
)
def test_a_rule_that_leaves_out_nearly_everything_is_named(
    tmp_path: Path, with_git: bool, pattern: str, folder: str
) -> None:
    files: dict[str, str | bytes] = {
        "sub/.gitignore": f"# why\n{pattern}\n",
        **sources("sub/" + folder),
        "main.py": "x",
        "note.md": "x",
    }
    (warning,) = warnings(tmp_path / "root", files, with_git=with_git)
    assert warning.startswith(f"the ignore rule `{pattern}` (sub/.gitignore:2) alone leaves out 4")


def test_an_index_without_any_file_is_explained_however_small(tmp_path: Path) -> None:
    (warning,) = warnings(tmp_path / "root", {".gitignore": "*\n", "a.py": "x"}, with_git=True)
    assert "`*` (.gitignore:1) alone leaves out" in warning


@pytest.mark.parametrize("pattern", ["/*", "*", "/**"])
def test_a_rule_that_would_leave_nothing_is_set_aside_without_git(tmp_path: Path, pattern: str) -> None:
    files: dict[str, str | bytes] = {
        ".gitignore": f"*.o\n{pattern}\n!/debian/\n",
        "kernel/.gitignore": "/config*\n",
        **dict.fromkeys(("a.c", "a.o", "kernel/b.c", "kernel/b.o", "kernel/config_data"), "x"),
    }
    write(tmp_path, files)
    seen = walk(tmp_path)
    assert [ref.path for ref in seen.refs if not ref.path.endswith(".gitignore")] == ["a.c", "kernel/b.c"]
    (warning,) = seen.warnings
    assert warning.startswith(
        f"the ignore rule `{pattern}` (.gitignore:2) would leave out every file, and was"
    )


def test_a_rule_that_leaves_something_is_followed(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "/*\n!/src/\n", "src/a.py": "x", "b.py": "x", **sources("old/")})
    seen = walk(tmp_path)
    assert [ref.path for ref in seen.refs] == ["src/a.py"]
    write(tmp_path / "sub", {"in/.gitignore": "*\n", "in/a.py": "x"})
    assert walk(tmp_path / "sub").refs == ()


@MODES
def test_a_semindexignore_is_named_too(tmp_path: Path, with_git: bool) -> None:
    files: dict[str, str | bytes] = {".semindexignore": "lib*/\n", **sources("library/"), "a.py": "x"}
    (warning,) = warnings(tmp_path / "root", files, with_git=with_git)
    assert "`lib*/` (.semindexignore:1) alone leaves out 40 of" in warning


@MODES
@pytest.mark.parametrize(
    "folder", ["node_modules", ".venv", "target", "build", "dist", "__pycache__", "vendor"]
)
def test_an_ignored_folder_of_the_usual_kind_is_nothing_to_speak_of(
    tmp_path: Path, with_git: bool, folder: str
) -> None:
    files: dict[str, str | bytes] = {".gitignore": f"{folder}\n", **sources(f"{folder}/p/"), "a.py": "x"}
    assert warnings(tmp_path / "root", files, with_git=with_git) == ()


@MODES
def test_ignored_files_that_are_no_source_are_nothing_to_speak_of(tmp_path: Path, with_git: bool) -> None:
    files: dict[str, str | bytes] = {f"shots/{number}.png": "x" for number in range(50)}
    assert (
        warnings(tmp_path / "root", {".gitignore": "shots/\n", "a.py": "x", **files}, with_git=with_git) == ()
    )


@MODES
def test_a_rule_that_leaves_out_half_is_as_wished(tmp_path: Path, with_git: bool) -> None:
    files: dict[str, str | bytes] = {".gitignore": "/old/\n", **sources("old/"), **sources("new/")}
    assert warnings(tmp_path / "root", files, with_git=with_git) == ()


def test_tracked_files_are_listed_whatever_the_rules_say(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {".gitignore": ".*\n*.py\n", **sources("src/")}, commit=False)
    git(root, "add", "-f", "src", ".gitignore")
    found = walk(root)
    assert (len(found.refs), found.warnings) == (41, ())
