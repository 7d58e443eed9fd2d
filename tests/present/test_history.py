"""``search --history`` on a real repository, as processes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from semindex.repositories import history

from ..product import ALPHA, BETA, plant, semindex_command
from .test_repositories import Run, committed, git, own, run, running

__all__ = ["run"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders of POSIX")

SUBJECTS: dict[str, dict[str | bytes, bytes]] = {
    "Retry payments that time out": {
        "pay.py": b"def retry_payment(order):\n    return gateway.charge(order)\n"
    },
    "Sign cookies with the new key": {"cookie.py": ALPHA},
    "Keep sessions in the store": {"session.py": BETA},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make(tmp_path / "root")


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that nobody may change."""
    return make(tmp_path_factory.mktemp("fixed") / "root")


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return running(tmp_path_factory.mktemp("asked"))


def make(root: Path) -> Path:
    made = committed(root, {"README": b"Nothing yet.\n"})
    for subject, files in SUBJECTS.items():
        plant(made, files)
        git(made, "add", "-A")
        git(made, "commit", "-qm", f"{subject}\n\nThe reason for it.")
    return made


def found(run: Run, *words: str | Path) -> dict[str, Any]:
    done = run("search", "--history", "--json", *words)
    assert done.code in (0, 1), done.err
    return done.object


@pytest.mark.parametrize(
    ("query", "subject", "line"),
    [
        ("payment retries", "Retry payments that time out", "+def retry_payment(order):"),
        ("gateway charge", "Retry payments that time out", "+    return gateway.charge(order)"),
        ("SessionStore", "Keep sessions in the store", "+class SessionStore:"),
        ('"Sign cookies with"', "Sign cookies with the new key", None),
        ("cookie.py", "Sign cookies with the new key", "cookie.py"),
    ],
)
def test_commits_are_found_by_what_they_say_and_change(
    query: str, subject: str, line: str | None, fixed: Path, ask: Run
) -> None:
    answer = found(ask, query, fixed)
    best = answer["hits"][0]
    assert best["subject"] == subject
    assert best["commit"] == git(fixed, "log", "--format=%H", "--grep", subject).strip()
    assert best["date"] == git(fixed, "log", "-1", "--format=%aI", best["commit"]).strip()
    assert best["author"] == "A"
    assert [each["score"] for each in answer["hits"]] == sorted(
        (each["score"] for each in answer["hits"]), reverse=True
    )
    assert line is None or line in best["lines"]
    assert answer["coverage"]["indexed"] == 4


def test_a_line_has_commit_date_author_and_subject(root: Path, run: Run) -> None:
    done = run("search", "--history", "payment retries", root, "-n", "1")
    name = git(root, "log", "--format=%H", "--grep", "Retry").strip()
    head, *body = done.out.splitlines()
    date = git(root, "log", "-1", "--format=%as", name).strip()
    assert head == f"{name[:12]}\t{date}\tA\tRetry payments that time out"
    assert "    +def retry_payment(order):" in body
    assert done.err.startswith("semindex: 4 commits searched; ")
    assert "indexed first: 4 commits in " in done.err
    assert run("search", "--history", "payment retries", root, "-n", "1", "-l").out == f"{name}\n"
    assert "Retry payments" in run("search", "--history", "payment retries", root, "--color=always").out
    assert run("search", "--history", "payment retries", root, "--no-text", "-n", "1").out == f"{head}\n"
    nothing = run("search", "--history", "zzqqxx", root)
    assert (nothing.code, nothing.out) == (1, "") and "nothing found; 4 commits" in nothing.err


def test_only_new_commits_are_read_and_those_that_are_gone_are_forgotten(
    root: Path, tmp_path: Path, run: Run
) -> None:
    found(run, "payment", root)
    (tree,) = (tmp_path / "cache" / "history").glob("*/commits")
    before = {path.name: path.stat().st_mtime_ns for path in tree.glob("*.md")}
    assert "indexed first" not in str(found(run, "payment", root)["coverage"]["notes"])
    plant(root, {"new.py": b"def quokka():\n    pass\n"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Add a quokka")
    answer = found(run, "quokka", root)
    assert answer["hits"][0]["subject"] == "Add a quokka"
    assert any(note.startswith("indexed first: 1 commit in ") for note in answer["coverage"]["notes"])
    assert before.items() <= {path.name: path.stat().st_mtime_ns for path in tree.glob("*.md")}.items()
    git(root, "reset", "-q", "--hard", "HEAD~2")
    answer = found(run, "quokka session", root)
    assert answer["coverage"]["indexed"] == 3
    assert not {"Add a quokka", "Keep sessions in the store"} & {each["subject"] for each in answer["hits"]}


def test_what_was_interrupted_is_gone_on_with(root: Path, tmp_path: Path, run: Run) -> None:
    found(run, "payment", root)
    (folder,) = (path for path in (tmp_path / "cache" / "history").iterdir() if path.is_dir())
    kept = sorted(path.name for path in (folder / "commits").glob("*.md"))
    shutil.rmtree(folder / "index")
    (folder / "whole.json").unlink()
    (folder / "commits" / kept[0]).unlink()
    (folder / "commits" / "half.unfinished").write_text("half")
    assert found(run, "payment retries", root)["coverage"]["indexed"] == 4
    assert sorted(path.name for path in (folder / "commits").iterdir() if path.is_file()) == kept


@pytest.mark.usefixtures("run")
def test_of_a_long_history_the_newest_are_searched(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from semindex.present.cli import commands

    for name, value in own(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(history, "MOST_COMMITS", 2)
    done = CliRunner().invoke(commands, ["search", "--history", "payment cookies sessions", str(root)])
    assert done.exit_code == 0, done.output
    assert "only the newest 2 commits are searched" in done.stderr
    assert "Retry payments" not in done.stdout and "Keep sessions" in done.stdout


def test_a_repository_is_named_or_is_around_a_path(root: Path, run: Run) -> None:
    assert run("add", root, "-q").code == 0
    for words in (["payment retries", "--repo", "root"], ["repo:root payment retries"]):
        assert found(run, *words)["hits"][0]["subject"] == "Retry payments that time out", words
    (root / "sub").mkdir()
    assert found(run, "payment retries", root / "sub")["coverage"]["indexed"] == 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["lang:go x", "ROOT"], "filters are of files"),
        (["x", "ROOT", "--path", "src"], "filters are of files"),
        (["x", "ROOT", "--rev", "HEAD"], "leave out --rev"),
        (["x", "ROOT", "--vimgrep"], "--history has neither --vimgrep nor --explain"),
        (["x", "ROOT", "--index-dir", "i"], "--history keeps its indexes in your cache folder"),
        (["x", "ROOT", "NONE"], "--history is of one repository"),
        (["x", "--all"], "--history is of one repository"),
        (["x", "NONE"], "is in no git work tree, and so it has no history to search"),
        (["x", "nowhere"], "nowhere does not exist"),
        (["", "ROOT"], "the query is empty"),
    ],
)
def test_what_commits_do_not_have_is_said(
    words: list[str], told: str, fixed: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "none").mkdir()
    named = {"ROOT": str(fixed), "NONE": str(tmp_path / "none")}
    done = run("search", "--history", *[named.get(word, word) for word in words])
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_repository_without_a_commit_has_no_history(tmp_path: Path, run: Run) -> None:
    (tmp_path / "root").mkdir()
    git(tmp_path / "root", "init", "-q")
    done = run("search", "--history", "x", tmp_path / "root")
    assert done.code == 2 and "has no commit yet" in done.err


def test_the_cache_counts_and_clears_commits_and_histories(root: Path, tmp_path: Path, run: Run) -> None:
    found(run, "payment", root)
    run("search", "payment", root, "--rev", "HEAD")
    assert run("add", f"file://{root}", "--allow", "file", "-q").code == 0
    folders = run("cache", "stats", "--json").object["folders"]
    assert {name: each["entries"] for name, each in folders.items()} == {
        "clones": 1,
        "commits": 1,
        "history": 1,
    }
    files = [path for path in (tmp_path / "cache" / "history").rglob("*") if path.is_file()]
    assert folders["history"]["bytes"] == sum(path.stat().st_size for path in files if path.suffix != ".lock")
    assert "\nhistory     1, " in run("cache", "stats").out
    freed = run("cache", "clear", "--json").object["freed_bytes"]
    assert freed == folders["commits"]["bytes"] + folders["history"]["bytes"]
    assert [path.name for path in (tmp_path / "cache").rglob("*.md")] == []
    assert list((tmp_path / "cache" / "commits").iterdir()) == []
    assert found(run, "payment retries", root)["hits"]
    assert run("search", "payment", "--repo", "root").code == 0, "clones stay"


def test_files_without_definitions_are_read(tmp_path: Path) -> None:
    """Of an index without any definition, too."""
    plant(tmp_path, {"a.txt": b"one\ntwo\n"})
    done = semindex_command("read", "a.txt:2", cwd=tmp_path)
    assert (done.code, done.out) == (0, "a.txt:2-2: -\ttext\n    2: two\n")
    assert "has no definitions" in semindex_command("symbol", "a.txt", cwd=tmp_path).err


def test_a_shallow_clone_says_that_older_commits_are_missing(fixed: Path, ask: Run, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{fixed}", str(clone))
    coverage = found(ask, "payment", clone)["coverage"]
    assert (
        "older commits are not in this clone, which is shallow; git fetch --unshallow gets them"
        in (coverage["notes"])
    )
    whole = found(ask, "payment", fixed)["coverage"]
    assert not [note for note in whole["notes"] if "shallow" in note]
