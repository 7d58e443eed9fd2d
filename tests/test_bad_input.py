"""Bad input of every kind: a clear message or a counted skip, and what was indexed still answers."""

from __future__ import annotations

import base64
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

import semindex
from semindex.index import Index
from semindex.types import Progress

from .product import ALPHA, BETA, environment, plant, semindex_command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files and users of POSIX")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two files, not indexed."""
    return plant(tmp_path / "root", {"cookies.py": ALPHA, "sessions.py": BETA})


@pytest.fixture
def index(root: Path) -> Iterator[Index]:
    """The two files, indexed."""
    with semindex.open(root) as index:
        index.refresh()
        yield index


def first(index: Index, query: str = "load_cookie") -> str:
    return index.search(query)[0].path


def still_answers(root: Path) -> None:
    """In a fresh reader."""
    with semindex.open(root) as index:
        assert first(index) == "cookies.py"
        assert first(index, "where are sessions kept") == "sessions.py"


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(semindex.RootError, match=r"nowhere does not exist"):
        semindex.open(tmp_path / "nowhere")
    for words in (("index", "nowhere"), ("search", "x", "nowhere"), ("status", "nowhere")):
        ran = semindex_command(*words, cwd=tmp_path)
        assert (ran.code, ran.out) == (2, "")
        assert "nowhere" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_a_path_is_refused(tmp_path: Path) -> None:
    for bad in ("with\0nul", "x" * 5000, ""):
        if bad:
            with pytest.raises(semindex.RootError):
                semindex.open(tmp_path / bad)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(semindex.RootError):
        semindex.open(tmp_path / "loop")
    assert semindex_command("index", "loop", cwd=tmp_path).code == 2
    assert semindex_command("index", "x" * 5000, cwd=tmp_path).code == 2


def test_a_root_that_is_a_file_is_refused(root: Path) -> None:
    with pytest.raises(semindex.RootError, match=r"is not a folder"):
        semindex.open(root / "cookies.py")


def test_an_empty_folder_has_nothing_to_find(tmp_path: Path) -> None:
    ran = semindex_command("index", "--json", cwd=tmp_path)
    assert (ran.code, ran.object["files"]) == (0, 0)
    ran = semindex_command("search", "anything", cwd=tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert "nothing found" in ran.err
    assert list(tmp_path.iterdir()) == []
    plant(tmp_path, {"cookies.py": ALPHA})
    with semindex.open(tmp_path) as index:
        index.refresh()
        (tmp_path / "cookies.py").unlink()
        index.refresh()
        assert list(index.search("anything")) == []
        assert list(index.search('"a phrase"', group_by="chunk", kind=["function"])) == []
        assert index.status(verify=True).problems == ()
        with pytest.raises(semindex.QueryError):
            index.related("a.py:1")
        plant(tmp_path, {"cookies.py": ALPHA})
        index.refresh()
        assert first(index) == "cookies.py"
        (tmp_path / "cookies.py").unlink()
        assert index.refresh().removed == 1
        assert list(index.search("load_cookie")) == []


def test_an_empty_git_repository_has_nothing_to_find(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, env=environment(), check=True)
    assert semindex_command("search", "anything", cwd=tmp_path).code == 1


def test_a_file_that_vanishes_while_read_is_counted(root: Path) -> None:
    def delete_what_is_next(progress: Progress) -> None:
        if progress.stage == "index" and progress.path == "sessions.py":
            (root / "sessions.py").unlink()

    with semindex.open(root) as index:
        report = index.refresh(progress=delete_what_is_next)
        assert (report.added, report.skipped) == (1, {"vanished while read": 1})
        assert [failure.path for failure in report.failures] == ["sessions.py"]
        assert first(index) == "cookies.py"
        plant(root, {"sessions.py": BETA})
        report = index.refresh()
        assert (report.added, report.skipped, report.failures) == (1, {}, ())
    still_answers(root)


def test_a_file_that_becomes_a_folder_while_read_is_counted(root: Path) -> None:
    def replace(progress: Progress) -> None:
        if progress.stage == "index" and progress.path == "sessions.py":
            (root / "sessions.py").unlink()
            plant(root, {"sessions.py/inner.py": BETA})

    with semindex.open(root) as index:
        report = index.refresh(progress=replace)
        assert report.added == 1
        assert report.skipped == {"not a regular file": 1}
        assert index.refresh().added == 1
        assert first(index, "SessionStore") == "sessions.py/inner.py"


@pytest.fixture
def locked(root: Path) -> Iterator[Path]:
    """The two files, and a file and a folder that nobody may read."""
    plant(root, {"secret.py": b"def secret(): pass\n", "private/inner.py": b"def inner(): pass\n"})
    (root / "secret.py").chmod(0)
    (root / "private").chmod(0)
    yield root
    (root / "private").chmod(0o755)


def test_what_may_not_be_read_is_counted_and_named(locked: Path) -> None:
    ran = semindex_command("index", "--json", cwd=locked, bound=True)
    assert ran.code == 0
    assert (ran.object["files"], ran.object["skipped"]) == (2, {"permission denied": 2})
    assert {failure["path"] for failure in ran.object["failures"]} == {"secret.py", "private"}
    found = semindex_command("search", "secret", "--json", cwd=locked, bound=True)
    assert not {"secret.py", "private/inner.py"} & set(found.paths)
    (locked / "secret.py").chmod(0o644)
    (locked / "private").chmod(0o755)
    ran = semindex_command("index", "--json", cwd=locked, bound=True)
    assert (ran.object["added"], ran.object["skipped"]) == (2, {})
    still_answers(locked)


def test_what_may_no_longer_be_read_is_forgotten(root: Path) -> None:
    assert semindex_command("index", cwd=root, bound=True).code == 0
    (root / "sessions.py").chmod(0)
    ran = semindex_command("index", "--json", cwd=root, bound=True)
    assert (ran.object["files"], ran.object["skipped"]) == (1, {"permission denied": 1})
    assert semindex_command("search", "SessionStore", "--mode", "lexical", cwd=root, bound=True).code == 1
    assert semindex_command("search", "load_cookie", "--json", cwd=root, bound=True).paths == ["cookies.py"]


def test_a_root_that_may_not_be_read_is_an_error(root: Path) -> None:
    root.chmod(0)
    try:
        for words in (("index", str(root)), ("search", "x", str(root)), ("status", str(root / "a"))):
            ran = semindex_command(*words, cwd=root.parent, bound=True)
            assert (ran.code, ran.out) == (2, "")
            assert "permission denied" in ran.err.lower() or "not readable" in ran.err
    finally:
        root.chmod(0o755)
    still_answers_after_index(root)


def still_answers_after_index(root: Path) -> None:
    with semindex.open(root) as index:
        index.refresh()
    still_answers(root)


def test_huge_files_and_lines_are_skipped_without_being_read(root: Path) -> None:
    with (root / "huge.py").open("wb") as file:
        file.truncate(2 << 30)
    plant(root, {"line.js": b"var a=1;" * 1_300_000, "wide.md": b"# Zeppelin\n\n" + b"word " * 40_000})
    with semindex.open(root) as index:
        report = index.refresh()
        assert report.skipped == {"too large": 2}
        assert report.peak_bytes < 1_000_000_000
        assert first(index, "zeppelin") == "wide.md"
    still_answers(root)


def test_a_long_line_of_code_is_minified(root: Path) -> None:
    plant(root, {"line.js": b"var a=1;" * 100_000})
    with semindex.open(root) as index:
        assert index.refresh().skipped == {"minified": 1}
    still_answers(root)


def test_nul_bytes_are_binary(root: Path) -> None:
    plant(root, {"blob.py": b"def zeppelin():\n\0\0\0\n", "empty.py": b""})
    with semindex.open(root) as index:
        assert index.refresh().skipped == {"binary": 1, "empty": 1}
        assert list(index.search("zeppelin", mode="lexical")) == []
    still_answers(root)


@pytest.mark.parametrize(
    ("encoding", "text", "query"),
    [
        ("latin-1", "# Größe der Straße in Metern\ndef strasse():\n    return 'für'\n", "Größe der Straße"),
        ("utf-16", "# Größe der Straße\ndef strasse():\n    pass\n", "Größe"),
        ("utf-16-le", "# The zeppelin\ndef land():\n    pass\n" * 20, "zeppelin"),
        ("utf-8-sig", "# Größe\ndef strasse():\n    pass\n", "Größe"),
        (
            "shift_jis",
            "# 設定ファイルを読み込む関数です。見つからない場合は例外を発生させます。\n"
            "def load():\n    # 既定の値を返します\n    return None\n",
            "設定ファイル",
        ),
        (
            "euc_jp",
            "# 設定ファイルを読み込む関数です。見つからない場合は例外を発生させます。\n"
            "def load():\n    # 既定の値を返します\n    return None\n",
            "設定ファイル",
        ),
    ],
)
def test_text_of_any_encoding_is_found(root: Path, encoding: str, text: str, query: str) -> None:
    plant(root, {"other.py": text.encode(encoding)})
    with semindex.open(root) as index:
        assert index.refresh().skipped == {}
        hit = index.search(query)[0]
        assert (hit.path, hit.start_line) == ("other.py", 1)
        assert hit.text is not None
        assert query in hit.text
        assert [found.path for found in index.search(f'"{query}"')] == ["other.py"]
    still_answers(root)


NAMES: list[bytes] = [
    b"new\nline.py",
    b"\xff\xfe.py",
    b" -n.py",
    b"q\"uote'.py",
    b"tab\t\x1b[31m.py",
    b"a:12.py",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("git", [False, True])
def test_a_file_of_any_name_is_indexed_and_found(root: Path, name: bytes, git: bool) -> None:
    plant(root, {name: b"def zeppelin(name):\n    # the cookie\n    return jar[name]\n"})
    if git:
        subprocess.run(["git", "init", "-q"], cwd=root, env=environment(), check=True)
    with semindex.open(root) as index:
        assert index.refresh().added == 3
        hit = index.search("zeppelin")[0]
        assert os.fsencode(hit.path) == name
        assert hit.text is not None
        assert "def zeppelin" in hit.text
        assert index.related(hit.path)[0].path == "cookies.py"
        assert index.related(hit.path + ":1")[0].path == "cookies.py"
        assert index.refresh().unchanged == 3
        (root / hit.path).unlink()
        assert index.refresh().removed == 1
    still_answers(root)


def test_names_that_are_not_text_survive_the_command_line(root: Path) -> None:
    plant(root, {b"\xff\n.py": b"def zeppelin():\n    return 1\n"})
    found = semindex_command("search", "zeppelin", "--json", cwd=root)
    assert base64.b64decode(found.object["hits"][0]["path_bytes"]) == b"\xff\n.py"
    shown = semindex_command("search", "zeppelin", cwd=root)
    assert shown.out.count("\n") == 2 + shown.out.count("return 1")


def test_special_files_are_never_opened(root: Path) -> None:
    """Opening the FIFO would wait for ever, and the device would never end."""
    os.mkfifo(root / "pipe.py")
    with socket.socket(socket.AF_UNIX) as server, chdir(root):
        server.bind("socket.py")
        special = 2
        if os.getuid() == 0:
            os.mknod(root / "zero.py", stat.S_IFCHR | 0o666, os.makedev(1, 5))
            special = 3
        (root / "link.py").symlink_to("/dev/zero")
        ran = semindex_command("index", "--json", cwd=root)
    skipped = ran.object["skipped"]
    assert skipped.pop("link out of the root") == 1
    assert (ran.code, ran.object["files"], skipped) == (0, 2, {"not a regular file": special})
    still_answers(root)


def test_loops_of_links_end(root: Path) -> None:
    (root / "self").symlink_to("self")
    (root / "up").symlink_to("..")
    (root / "here").symlink_to(".")
    (root / "twice.py").symlink_to("cookies.py")
    ran = semindex_command("index", "--json", cwd=root)
    assert (ran.code, ran.object["files"]) == (0, 2)
    assert sum(ran.object["skipped"].values()) == 4
    still_answers(root)


def test_git_configuration_runs_nothing(root: Path) -> None:
    trap = f"touch {root.parent}/sprung"
    subprocess.run(["git", "init", "-q"], cwd=root, env=environment(), check=True)
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "filter.x.clean",
        "filter.x.process",
    ):
        subprocess.run(["git", "config", key, trap], cwd=root, env=environment(), check=True)
    hook = root / ".git" / "hooks" / "post-index-change"
    hook.write_text(f"#!/bin/sh\n{trap}\n")
    hook.chmod(0o755)
    plant(root, {".gitattributes": b"* filter=x\n"})
    assert semindex_command("index", cwd=root).code == 0
    assert semindex_command("search", "load_cookie", "--json", cwd=root).paths[0] == "cookies.py"
    assert semindex_command("status", cwd=root).code == 0
    assert not (root.parent / "sprung").exists()
