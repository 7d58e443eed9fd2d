"""A commit's files: which revisions are read, and that no tree of a stranger leads out of the folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from semindex.source import revision
from semindex.source.git import GitFailed
from semindex.source.revision import Revision, Written, resolve, write_files
from semindex.source.walk import walk
from tests.source.conftest import git, listed, repository, write
from tests.source.test_hostile_git import arm, trap

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="names and links of POSIX")


def head(root: Path, name: str = "HEAD") -> Revision:
    found = resolve(root, name)
    assert found is not None
    return found


def made(tmp_path: Path) -> Path:
    folder = tmp_path / "made"
    folder.mkdir()
    return folder


def test_a_revision_is_read_as_git_reads_it(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "one"})
    first = git(root, "rev-parse", "HEAD").strip()
    write(root, {"a.py": "two"})
    git(root, "commit", "-qam", "second")
    git(root, "tag", "-a", "v1", "-m", "a tag", first)
    git(root, "branch", "-q", "side", first)
    for name in (first, first[:8], "v1", "side", "HEAD~1", "main^", "refs/tags/v1"):
        assert head(root, name).commit == first, name
    assert head(root).commit == git(root, "rev-parse", "HEAD").strip()
    assert head(root).tree == git(root, "rev-parse", "HEAD^{tree}").strip()


NO_COMMITS = (
    *("", "nope", "HEAD:a.py", "HEAD^{tree}", "--git-dir", "-x", "--output=/tmp/x", "HEAD\n", "a\0b", "@{9}"),
    *("HEAD..HEAD", "^HEAD", "HEAD --all", "0" * 40, "x" * 501),
)


@pytest.mark.parametrize("name", NO_COMMITS)
def test_what_is_no_commit_is_none(name: str, tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "one"})
    assert resolve(root, name) is None


def test_without_any_commit_there_is_none(tmp_path: Path) -> None:
    assert resolve(repository(tmp_path / "root", {}, commit=False), "HEAD") is None
    with pytest.raises(GitFailed, match="not a git repository"):
        (tmp_path / "broken" / ".git").mkdir(parents=True)
        resolve(tmp_path / "broken", "HEAD")


def test_the_files_are_those_of_the_commit_and_the_work_tree_stays(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.py": "one\r\n",
        "deep/er/b.bin": b"\0\xff",
        "ä.py": "",
        "ignored.log": "tracked nevertheless",
        ".gitignore": "*.log\n",
        ".gitattributes": "*.py text eol=crlf ident export-ignore\n",
    }
    root = repository(tmp_path / "root", files)
    git(root, "add", "-f", "ignored.log")
    git(root, "commit", "-qm", "tracked")
    stored = head(root)
    write(root, {"a.py": "changed", "new.py": "x"})
    before = git(root, "status", "--porcelain")
    folder = made(tmp_path)
    assert write_files(root, stored, folder) == Written(6, 0)
    assert (folder / "a.py").read_bytes() == git(root, "cat-file", "-p", "HEAD:a.py").encode()
    assert (folder / "deep/er/b.bin").read_bytes() == b"\0\xff"
    assert "ignored.log" in listed(walk(folder)), "what is tracked counts, whatever ignore files say"
    assert sorted(listed(walk(folder))) == sorted(git(root, "ls-files", "-z").rstrip("\0").split("\0"))
    assert git(root, "status", "--porcelain") == before
    assert (root / "a.py").read_text() == "changed"


def test_files_are_read_in_groups_and_a_huge_one_keeps_its_size_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revision, "GROUP_BYTES", 10)
    monkeypatch.setattr(revision, "LARGEST_BYTES", 20)
    files: dict[str, str | bytes] = {f"{number}.py": f"number {number}\n" for number in range(20)}
    root = repository(tmp_path / "root", files | {"huge.py": "x" * 21, "empty.py": ""})
    folder = made(tmp_path)
    assert write_files(root, head(root), folder) == Written(22, 0)
    assert {name: (folder / name).read_text() for name in files} == files
    assert (folder / "huge.py").read_bytes() == bytes(21)
    assert (folder / "empty.py").read_bytes() == b""


def test_links_and_submodules_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    root = repository(tmp_path / "root", {"a.py": "one"})
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "passwd.py").symlink_to("/etc/passwd")
    git(root, "add", "-A")
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    git(root, "commit", "-qm", "links")
    folder = made(tmp_path)
    assert write_files(root, head(root), folder) == Written(1, 0)
    assert sorted(path.name for path in folder.iterdir()) == [".git", "a.py", "sub"]
    assert listed(walk(folder)) == ["a.py"]


def raw_tree(root: Path, *entries: tuple[bytes, bytes, str]) -> str:
    """A tree as it stands, whatever git thinks of it."""
    content = b"".join(b"%b %b\0%b" % (mode, name, bytes.fromhex(oid)) for mode, name, oid in entries)
    command = ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"]
    return (
        subprocess.run(command, cwd=root, input=content, check=True, capture_output=True)
        .stdout.decode()
        .strip()
    )


@pytest.mark.parametrize("name", [b"..", b".", b".git", b".GIT", b"git~1", b".git ", b".semindex", b""])
def test_a_tree_of_a_stranger_leads_nowhere_else(name: bytes, tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "one"})
    blob = git(root, "rev-parse", "HEAD:a.py").strip()
    link = git(root, "hash-object", "-w", "--", "a.py").strip()
    inner = raw_tree(root, (b"100644", b"evil.py", blob), (b"100644", b"config", blob))
    tree = raw_tree(
        root,
        (b"40000", name, inner),
        (b"100644", b"good.py", blob),
        (b"120000", b"way", link),
        (b"40000", b"way", inner),
        (b"100644", b"twice.py", blob),
        (b"100644", b"twice.py", blob),
    )
    folder = made(tmp_path)
    before = {path for path in tmp_path.rglob("*") if ".git" not in path.parts}
    try:
        write_files(root, Revision("0" * 40, tree), folder)
    except GitFailed:
        pass  # git itself may refuse it
    else:
        assert (folder / "good.py").read_text() == "one"
        assert (folder / ".git" / "config").read_text().startswith("[core]")
    after = {path for path in tmp_path.rglob("*") if ".git" not in path.parts}
    assert all(path.is_relative_to(folder) for path in after - before)
    assert not [path for path in folder.rglob("evil.py") if path.parent.name != "way"]


def test_nothing_that_a_repository_names_runs(tmp_path: Path) -> None:
    """Also where objects are missing, which git would fetch from an address of the repository."""
    marker = tmp_path / "sprung"
    root = repository(
        tmp_path / "root", {"a.py": "one", "b.py": "two", ".gitattributes": "* filter=evil diff=evil\n"}
    )
    stored = head(root)
    program = trap(tmp_path, marker)
    arm(root, program)
    assert write_files(root, stored, made(tmp_path)).files == 3
    git(root, "config", "core.repositoryFormatVersion", "1")
    git(root, "config", "extensions.partialClone", "origin")
    blob = git(root, "rev-parse", "HEAD:b.py").strip()
    (root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for number, url in enumerate((f"ext::{program}", f"file://{root}", "ssh://host/x", "evil::x")):
        git(root, "config", "--replace-all", "remote.origin.url", url)
        marker.unlink(missing_ok=True)  # git, as the test itself runs it, may have started something
        other = tmp_path / f"other{number}"
        other.mkdir()
        try:
            assert write_files(root, stored, other) == Written(2, 1)
        except GitFailed as error:
            assert "not allowed" in str(error) or "could not fetch" in str(error)
        assert not marker.exists(), marker.read_text()


def test_a_repository_of_long_ids_is_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    git(root, "init", "-q", "--object-format=sha256")
    write(root, {"a.py": "one"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    folder = made(tmp_path)
    assert write_files(root, head(root), folder) == Written(1, 0)
    assert listed(walk(folder)) == ["a.py"]
    assert os.listdir(root) != []
