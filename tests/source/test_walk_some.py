"""A walk of named paths finds there what a walk of the whole tree finds there."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semindex.source.walk import MOST_NAMED_PATHS, Walk, walk
from tests.source.conftest import git, listed, repository, skipped, write

FILES: dict[str, str | bytes] = {
    "a.py": "x",
    "made.gen.py": "x",
    ".gitignore": "*.log\nbuild/\n/only-here.txt\n",
    ".semindexignore": "*.gen.py\n",
    "build/out.py": "x",
    "note.log": "x",
    "only-here.txt": "x",
    "deep/only-here.txt": "x",
    "deep/er/b.py": "x",
    "deep/er/.gitignore": "b.*\n",
    "deep/er/c.py": "x",
    "deep/er.py": "x",
    "node_modules/p/i.js": "x",
    "env/pyvenv.cfg": "x",
    "env/lib/x.py": "x",
    "tracked.log": "x",
    "*.py": "x",
}
PLACES = [*sorted(FILES), "deep", "deep/er", "build", "new", "new/d.py", "e.py", "link", "node_modules"]
changes = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(["write", "remove", "link", "folder"])), max_size=4
)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    folder = tmp_path_factory.mktemp("trees")
    write(folder / "plain", FILES)
    repository(folder / "git", FILES)
    git(folder / "git", "add", "-f", "tracked.log")
    git(folder / "git", "commit", "-q", "-m", "second")
    for root in (folder / "plain", folder / "git"):
        (root / "link").symlink_to("a.py")
    return {False: folder / "plain", True: folder / "git"}


def change(root: Path, place: str, how: str) -> None:
    path = root / place
    if os.path.lexists(path) and (how != "write" or (path.is_symlink() and not path.exists())):
        path.unlink() if path.is_symlink() or path.is_file() else shutil.rmtree(path)
    if not path.parent.is_dir() or path.is_dir():
        return
    match how:
        case "write":
            path.write_text("changed")
        case "link":
            path.symlink_to("a.py")
        case "folder":
            path.mkdir()
            (path / "f.py").write_text("x")


def below(found: Walk, places: list[str]) -> tuple[object, ...]:
    def is_named(path: str) -> bool:
        return any(path == place or path.startswith(f"{place}/") for place in places)

    return (
        tuple(ref for ref in found.refs if is_named(ref.path)),
        tuple(failure for failure in found.skipped if is_named(failure.path)),
    )


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes, st.booleans())
def test_it_finds_there_what_a_whole_walk_finds_there(
    trees: dict[bool, Path], done: list[tuple[str, str]], with_git: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        shutil.copytree(trees[with_git], root, symlinks=True)
        for place, how in done:
            change(root, place, how)
        places = [place for place, _ in done]
        some, whole = walk(root, only=places), walk(root)
        assert below(some, places) == below(whole, places)
        if some.only is not None:
            assert {ref.path for ref in some.refs} <= {ref.path for ref in whole.refs}
            assert below(some, places) == (some.refs, some.skipped), "nothing else is looked at"


@pytest.mark.parametrize("with_git", [True, False])
def test_ordinary_edits_are_looked_at_by_themselves(trees: dict[bool, Path], with_git: bool) -> None:
    root = trees[with_git]
    found = walk(root, only=["a.py", "note.log", "gone.py", "deep/er/c.py", ".semindex/x", "*.py"])
    assert found.only == ("*.py", "a.py", "deep/er/c.py", "gone.py", "note.log")
    assert listed(found) == ["*.py", "a.py", "deep/er/c.py"]
    assert skipped(found) == {}
    assert (walk(root, only=[]).only, walk(root, only=[]).refs) == ((), ())


@pytest.mark.parametrize(
    "place",
    [".gitignore", "deep/.semindexignore", "deep/.ignore", "x/pyvenv.cfg", ".git/index", "../a", "/a"],
)
def test_what_decides_about_other_paths_has_the_whole_tree_walked(
    trees: dict[bool, Path], place: str
) -> None:
    for root in trees.values():
        found, whole = walk(root, only=["a.py", place]), walk(root)
        assert (found.refs, found.skipped, found.warnings) == (whole.refs, whole.skipped, whole.warnings)
        assert found.only is None


def test_of_many_paths_the_whole_tree_is_walked(trees: dict[bool, Path]) -> None:
    assert walk(trees[True], only=[f"{n}.py" for n in range(MOST_NAMED_PATHS)]).only is not None
    assert walk(trees[True], only=[f"{n}.py" for n in range(MOST_NAMED_PATHS + 1)]).only is None


def test_a_repository_inside_has_the_whole_tree_walked(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "x"})
    repository(root / "inner", {"b.py": "x"})
    assert listed(walk(root, only=["inner/b.py"])) == listed(walk(root)) == ["a.py", "inner/b.py"]
    plain = tmp_path / "plain"
    repository(plain / "inner", {"b.py": "x"})
    assert listed(walk(plain, only=["inner/b.py"])) == listed(walk(plain)) == ["inner/b.py"]


def test_what_is_taken_back_in_has_the_whole_tree_walked(tmp_path: Path) -> None:
    root = repository(
        tmp_path / "root", {".gitignore": "*.log\n", "deep/.semindexignore": "!*.log\n", "deep/a.log": "x"}
    )
    assert listed(walk(root, only=["deep/a.log"])) == listed(walk(root))
    assert "deep/a.log" in listed(walk(root))
