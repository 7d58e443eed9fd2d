"""Commits as texts: what is kept of them, how much, and that reading them runs nothing."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import pytest

from semindex.source import history
from semindex.source.git import GitFailed, stream
from semindex.source.history import Commit, newest, read_commits, text_of
from tests.source.conftest import git, repository, write
from tests.source.test_hostile_git import arm, trap

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="names of POSIX")


def commit(root: Path, message: str, files: dict[str, str | bytes]) -> str:
    write(root, files)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message, "--allow-empty", "--date", "2024-05-01T12:00:00+02:00")
    return git(root, "rev-parse", "HEAD").strip()


def read(root: Path, *ids: str) -> list[Commit]:
    return list(read_commits(root, ids))


def test_a_commit_is_read_with_what_it_says_and_changes(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "one\ntwo\n", "b.py": "x\n"})
    (root / "b.py").unlink()
    name = commit(
        root, "Subject line\n\nBody of it,\n\nin two parts.", {"a.py": "one\n-- three\n", "ä b.py": "new\n"}
    )
    (found,) = read(root, name)
    assert found == Commit(
        id=name,
        date="2024-05-01T12:00:00+02:00",
        author="A",
        message=b"Subject line\n\nBody of it,\n\nin two parts.",
        paths=(b"a.py", b"b.py", "ä b.py".encode()),
        lines=(b"-two", b"+-- three", b"-x", b"+new"),
        is_cut=False,
    )
    assert text_of(found).decode() == (
        "# Subject line\n2024-05-01T12:00:00+02:00 A\n\nBody of it,\n\nin two parts.\n\n"
        "a.py\nb.py\nä b.py\n\n"
        "```\n-two\n+-- three\n-x\n+new\n```\n"
    )


def test_the_newest_commits_are_listed_without_merges(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "1\n"})
    first = git(root, "rev-parse", "HEAD").strip()
    git(root, "switch", "-q", "-c", "side")
    side = commit(root, "side", {"b.py": "1\n"})
    git(root, "switch", "-q", "main")
    second = commit(root, "second", {"a.py": "2\n"})
    git(root, "merge", "-q", "--no-ff", "-m", "merged", "side")
    head = git(root, "rev-parse", "HEAD").strip()
    assert set(newest(root, head, 10)) == {first, side, second}
    assert len(newest(root, head, 2)) == 2
    assert newest(root, first, 10) == [first]
    assert [each.id for each in read(root, second, first)] == [second, first]
    assert read(root, first)[0].lines == (b"+1",), "a first commit is compared with nothing"


def test_of_a_large_commit_a_part_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_LINES", 5)
    monkeypatch.setattr(history, "MOST_PATHS", 3)
    monkeypatch.setattr(history, "MOST_MESSAGE_BYTES", 20)
    root = repository(tmp_path / "root", {"a.py": "1\n"})
    files: dict[str, str | bytes] = {f"{number}.py": "word\n" * 3 for number in range(9)}
    many = commit(root, "Subject\n\n" + "words of a body\n" * 20, files)
    wide = commit(root, "wide", {"wide.py": "x" * 5000 + "\n"})
    binary = commit(root, "binary", {"b.bin": bytes(range(256)), "huge.txt": "line\n" * 300_000})
    empty = commit(root, "empty", {})
    found = read(root, many, wide, binary, empty)
    assert [(len(each.lines), len(each.paths), each.is_cut) for each in found] == [
        (5, 3, True),
        (1, 1, False),
        (0, 2, False),
        (0, 0, False),
    ]
    assert len(found[0].message) <= 20
    assert len(found[1].lines[0]) == history.MOST_LINE_BYTES


def test_bytes_that_are_no_text_stay_harmless(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "1\n"})
    name = commit(root, "caf\udce9 \x01", {"a.py": b"\xff\r\n# no heading\n```\n"})
    (found,) = read(root, name)
    text = text_of(found)
    text.decode("utf-8")
    assert b"\r" not in text and b"\0" not in text
    assert [line for line in text.split(b"\n") if line.startswith((b"#", b"```"))][1:] == [b"```", b"```"]


def test_reading_runs_nothing_that_a_repository_names(tmp_path: Path) -> None:
    marker = tmp_path / "sprung"
    root = repository(tmp_path / "root", {"a.py": "1\n", ".gitattributes": "* diff=evil\n"})
    name = commit(root, "second", {"a.py": "2\n"})
    program = trap(tmp_path, marker)
    arm(root, program)
    for key in ("log.showSignature", "diff.trustExitCode"):
        git(root, "config", key, "true")
    marker.unlink(missing_ok=True)
    assert newest(root, name, 10)[0] == name
    assert read(root, name)[0].lines == (b"-1", b"+2")
    assert not marker.exists(), marker.read_text()


def test_what_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "1\n"})
    name = commit(root, "second", {"a.py": "2\n"})
    blob = git(root, "rev-parse", "HEAD~1:a.py").strip()
    (root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitFailed, match=blob):
        read(root, name)
    assert list(read_commits(root, [])) == []


def test_who_stops_reading_leaves_no_git_behind(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", {"a.py": "line\n" * 100_000})
    name = git(root, "rev-parse", "HEAD").strip()
    lines = stream(root, "diff-tree", "--stdin", "--root", "-r", "-p", stdin=f"{name}\n".encode())
    with closing(lines):  # type: ignore[type-var]
        assert next(lines).strip() == name.encode()
