"""What every walk does, with git and without."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from semindex.errors import RootError
from semindex.source.walk import walk
from semindex.types import SkipReason
from tests.source.conftest import git, listed, paths, repository, skipped, unprivileged, write

MODES = pytest.mark.parametrize("with_git", [True, False], ids=["git", "plain"])


def tree(folder: Path, files: dict[str, str | bytes], *, with_git: bool) -> Path:
    if with_git:
        return repository(folder, files, commit=False)
    write(folder, files)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_a_missing_root_is_named(tmp_path: Path) -> None:
    with pytest.raises(RootError, match=r"nowhere: there is no such folder"):
        walk(tmp_path / "nowhere")


def test_a_file_is_no_root(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x"})
    with pytest.raises(RootError, match=r"a\.py: not a folder"):
        walk(tmp_path / "a.py")


def test_a_dangling_or_looping_link_is_no_root(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(RootError, match="a link to something that is not there"):
        walk(tmp_path / "dangling")
    with pytest.raises(RootError, match="cannot be read"):
        walk(tmp_path / "loop")


@pytest.mark.parametrize("mode", [0o000, 0o400, 0o300])
def test_a_root_without_permission_is_an_error(open_folder: Path, mode: int) -> None:
    root = open_folder / "root"
    write(root, {"a.py": "x"})
    with unprivileged(open_folder):
        root.chmod(mode)
        with pytest.raises(RootError, match="no permission to read this folder"):
            walk(root)


@MODES
def test_an_empty_tree_has_nothing_and_warns_of_nothing(tmp_path: Path, with_git: bool) -> None:
    found = walk(tree(tmp_path / "root", {}, with_git=with_git))
    assert (found.refs, found.skipped, found.warnings) == ((), (), ())


@MODES
def test_a_ref_is_what_the_disk_says(tmp_path: Path, with_git: bool) -> None:
    root = tree(tmp_path / "root", {"src/a.py": "x = 1\n"}, with_git=with_git)
    (ref,) = walk(root).refs
    status = os.lstat(root / "src/a.py")
    assert (ref.path, ref.size_bytes, ref.mtime_ns) == ("src/a.py", 6, status.st_mtime_ns)
    assert (ref.ctime_ns, ref.inode) == (status.st_ctime_ns, status.st_ino)


@MODES
def test_files_come_in_the_order_of_their_bytes(tmp_path: Path, with_git: bool) -> None:
    names = ["b.py", "a/b.py", "a.py", "a-b.py", "Z.py", "é.py", "zz.py"]
    root = tree(tmp_path / "root", dict.fromkeys(names, "x"), with_git=with_git)
    assert paths(root) == ["Z.py", "a-b.py", "a.py", "a/b.py", "b.py", "zz.py", "é.py"]


@MODES
def test_hidden_files_count_and_bookkeeping_does_not(tmp_path: Path, with_git: bool) -> None:
    files = [".github/ci.yml", ".env", ".semindex/catalog.db", ".hg/store", ".svn/entries", "sub/.semindex/x"]
    root = tree(tmp_path / "root", dict.fromkeys(files, "x"), with_git=with_git)
    assert paths(root) == [".env", ".github/ci.yml"]


@MODES
def test_names_with_newlines_and_bytes_that_are_no_utf8_survive(tmp_path: Path, with_git: bool) -> None:
    root = tree(tmp_path / "root", {}, with_git=with_git)
    names = [b"new\nline.py", b"bad\xff\xfe.py", b"tab\t\"quote'.py", b"-dash.py", "日本.py".encode()]
    folder = os.path.join(os.fsencode(root), b"d\xe9r\n")
    os.mkdir(folder)
    for name in names:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"x")
    assert [os.fsencode(path) for path in paths(root)] == sorted(b"d\xe9r\n/" + name for name in names)


@MODES
def test_links_are_recorded_and_never_followed(tmp_path: Path, with_git: bool) -> None:
    outside = tmp_path / "outside"
    write(outside, {"secret.py": "x"})
    root = tree(tmp_path / "root", {"src/a.py": "x"}, with_git=with_git)
    links = {
        "same.py": "src/a.py",
        "folder": "src",
        "src/up": "..",
        "out.py": "../outside/secret.py",
        "out": str(outside),
        "sibling": "../root-like",
        "loop": "loop",
        "dangling": "src/none.py",
    }
    (tmp_path / "root-like").mkdir()
    for name, target in links.items():
        (root / name).symlink_to(target)
    found = walk(root)
    assert listed(found) == ["src/a.py"]
    assert skipped(found) == {
        "same.py": SkipReason.LINK,
        "folder": SkipReason.LINK,
        "src/up": SkipReason.LINK,
        "out.py": SkipReason.OUTSIDE,
        "out": SkipReason.OUTSIDE,
        "sibling": SkipReason.OUTSIDE,
        "loop": SkipReason.UNREADABLE,
        "dangling": SkipReason.UNREADABLE,
    }
    details = {failure.path: failure.detail for failure in found.skipped}
    assert details["same.py"] == "link to src/a.py"
    assert details["loop"] == "a link that leads to itself"


@MODES
def test_a_root_reached_through_a_link_is_walked(tmp_path: Path, with_git: bool) -> None:
    tree(tmp_path / "real", {"a.py": "x"}, with_git=with_git)
    (tmp_path / "alias").symlink_to("real")
    assert paths(tmp_path / "alias") == ["a.py"]


def test_what_is_no_file_is_recorded_and_not_opened(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x"})
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        cwd = os.open(".", os.O_RDONLY)
        os.chdir(tmp_path)  # a socket's path may be 107 bytes long
        try:
            server.bind("sock")
        finally:
            os.fchdir(cwd)
            os.close(cwd)
        found = walk(tmp_path)
    details = {failure.path: (failure.reason, failure.detail) for failure in found.skipped}
    assert details == {"fifo": (SkipReason.SPECIAL, "a FIFO"), "sock": (SkipReason.SPECIAL, "a socket")}
    assert listed(found) == ["a.py"]


def test_a_tracked_file_that_became_a_fifo_is_special(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "x", "b.py": "x"})
    (root / "a.py").unlink()
    os.mkfifo(root / "a.py")
    found = walk(root)
    assert listed(found) == ["b.py"]
    assert skipped(found) == {"a.py": SkipReason.SPECIAL}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_special(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x"})
    try:
        os.mknod(tmp_path / "null", 0o020666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("devices are forbidden here")
    assert skipped(walk(tmp_path)) == {"null": SkipReason.SPECIAL}


@MODES
@pytest.mark.parametrize("mode", [0o000, 0o400])
def test_a_folder_without_permission_is_recorded(open_folder: Path, with_git: bool, mode: int) -> None:
    files: dict[str, str | bytes] = {"a.py": "x", "locked/b.py": "x", "locked/in/c.py": "x", "z.py": "x"}
    root = tree(open_folder / "root", files, with_git=with_git)
    if with_git:
        git(root, "add", "a.py", "locked/in/c.py")
    with unprivileged(open_folder):
        (root / "locked").chmod(mode)
        found = walk(root)
    assert listed(found) == ["a.py", "z.py"]
    assert skipped(found) == {"locked": SkipReason.PERMISSION}


@MODES
def test_semindexignore_works_in_any_folder(tmp_path: Path, with_git: bool) -> None:
    root = tree(
        tmp_path / "root",
        {
            ".semindexignore": "# mine\n*.gen.py\n/docs/\n!keep.gen.py\n",
            "a.py": "x",
            "a.gen.py": "x",
            "keep.gen.py": "x",
            "docs/d.py": "x",
            "src/docs/d.py": "x",
            "src/.semindexignore": "secret.py\n/top/\n",
            "src/secret.py": "x",
            "src/deep/secret.py": "x",
            "src/top/t.py": "x",
            "src/deep/top/t.py": "x",
            "other/secret.py": "x",
        },
        with_git=with_git,
    )
    if with_git:
        git(root, "add", "a.gen.py", "docs", "src/secret.py")
    assert [path for path in paths(root) if "semindexignore" not in path] == [
        "a.py",
        "keep.gen.py",
        "other/secret.py",
        "src/deep/top/t.py",
        "src/docs/d.py",
    ]


@MODES
def test_semindexignore_takes_back_what_gitignore_left_out(tmp_path: Path, with_git: bool) -> None:
    root = tree(
        tmp_path / "root",
        {
            ".gitignore": "build/\n*.log\nnode_modules/\n",
            ".semindexignore": "!build/\n!important.log\n*.json\n!package.json\n",
            "a.py": "x",
            "other.log": "x",
            "important.log": "x",
            "build/made.py": "x",
            "build/sub/made.log": "x",
            "node_modules/p/package.json": "x",
            "package.json": "x",
            "b.json": "x",
        },
        with_git=with_git,
    )
    visible = [path for path in paths(root) if "ignore" not in path]
    assert visible == ["a.py", "build/made.py", "important.log", "package.json"]


@MODES
def test_packages_and_caches_that_nobody_ignored_are_left_out_and_named(
    tmp_path: Path, with_git: bool
) -> None:
    files = [
        "a.py",
        "node_modules/p/i.js",
        "env/pyvenv.cfg",
        "env/lib/x.py",
        "made/CACHEDIR.TAG",
        "made/y.py",
    ]
    root = tree(tmp_path / "root", dict.fromkeys(files, "x"), with_git=with_git)
    found = walk(root)
    assert listed(found) == ["a.py"]
    (warning,) = found.warnings
    assert warning.startswith("left out env, made, node_modules: installed packages or caches")
    write(root, {".semindexignore": "!node_modules/\n!/env/\n!/made/\n"})
    assert listed(walk(root)) == sorted([".semindexignore", *files])


def test_tracked_packages_are_wanted(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "x", "node_modules/p/i.js": "x"})
    found = walk(root)
    assert (listed(found), found.warnings) == (["a.py", "node_modules/p/i.js"], ())


@MODES
def test_progress_counts_up_to_the_number_of_files(tmp_path: Path, with_git: bool) -> None:
    root = tree(tmp_path / "root", {f"f{n}.py": "x" for n in range(1500)}, with_git=with_git)
    told: list[int] = []
    walk(root, on_progress=told.append)
    assert told == [1000, 1500]


NAMES = st.sampled_from(["a", "b", "a.c", "b.c", "build", "src", "x.log", ".hid", "ab", "A"])
PATTERNS = st.sampled_from(
    ["*.c", "!a.c", "/a", "a/", "build/", "!build/", "src/*", "!src/b.c", "**/x.log", "a/**", "a/**/b", "*",
     "!*/", "!*.c", "?", "[ab].c", "[!a]*", "/src/a", ".hid", "*b*", "src/**/a.c", "b ", "#c", "!a", "A"]
)  # fmt: skip
TREES = st.lists(st.lists(NAMES, min_size=1, max_size=4).map("/".join), min_size=1, max_size=14)
IGNORES = st.dictionaries(
    st.lists(NAMES, max_size=2).map("/".join), st.lists(PATTERNS, min_size=1, max_size=4), max_size=3
)


def make_tree(root: Path, files: list[str], ignores: dict[str, list[str]], name: str) -> None:
    for path in files:
        full = root / path
        if not full.exists() and not any(above.is_file() for above in full.parents):
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_text("x")
    for folder, patterns in ignores.items():
        if (root / folder).is_dir():
            (root / folder / name).write_text("\n".join(patterns) + "\n")


@settings(max_examples=60)
@given(files=TREES, ignores=IGNORES)
def test_with_and_without_git_the_same_files_are_listed(
    files: list[str], ignores: dict[str, list[str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_tree(root, files, ignores, ".gitignore")
        assume(not any("was not followed" in warning for warning in walk(root).warnings))
        plain = paths(root)
        git(root, "init", "-q", "--template=")
        assert paths(root) == plain


@settings(max_examples=40)
@given(files=TREES, ignores=IGNORES)
def test_semindexignore_means_the_same_with_and_without_git(
    files: list[str], ignores: dict[str, list[str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_tree(root, files, ignores, ".semindexignore")
        plain = paths(root)
        git(root, "init", "-q", "--template=")
        untracked = paths(root)
        git(root, "add", "-A")
        assert untracked == plain
        assert paths(root) == plain
