"""Standard streams that are closed or take nothing: the work is done, and the exit code tells the truth."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import semindex

from ..product import ALPHA, BETA, environment, plant, semindex_command

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="redirections of a POSIX shell")

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = plant(tmp_path / "root", {"cookies.py": ALPHA, "sessions.py": BETA})
    with semindex.open(root) as index:
        index.refresh()
    return root


def shell(words: str, redirections: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """What a command prints whose streams a shell has redirected, and its exit code."""
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -m semindex {words} {redirections}', sys.executable],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        timeout=120,
    )


ALL = ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"]
WITHOUT_OUTPUT = [">&-", "2>&-", "<&- >&- 2>&-"]


@pytest.mark.parametrize("redirections", ALL)
def test_an_index_is_made_without_streams(tmp_path: Path, redirections: str) -> None:
    """The files of the index never get the number of a missing stream, where messages would go into them."""
    plant(tmp_path, {"cookies.py": ALPHA, "sessions.py": BETA})
    done = shell("index", redirections, tmp_path)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    with semindex.open(tmp_path) as index:
        assert index.status(verify=True).problems == ()
        assert index.status().indexed == 2
        assert index.search("load_cookie")[0].path == "cookies.py"


def test_several_processes_index_without_streams(tmp_path: Path) -> None:
    """As many as there are cores from 4 MB on; each finds its own standard error missing."""
    plant(tmp_path, {f"m{i}.txt": b"words of a text that is quickly read\n" * 20_000 for i in range(6)})
    done = shell("index", "<&- >&- 2>&-", tmp_path)
    assert done.returncode == 0
    with semindex.open(tmp_path) as index:
        assert (index.status(verify=True).problems, index.status().indexed) == ((), 6)


@pytest.mark.parametrize(
    ("query", "code", "redirections"),
    [
        *(("load_cookie", 0, redirections) for redirections in ALL),
        *(("qzxwvkj", 1, redirections) for redirections in WITHOUT_OUTPUT),
        *(("lang:nosuch x", 2, redirections) for redirections in WITHOUT_OUTPUT),
    ],
)
def test_a_search_without_streams_ends_with_the_right_code(
    root: Path, query: str, code: int, redirections: str
) -> None:
    done = shell(f"search '{query}' --json", redirections, root)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    if ">&-" not in redirections.replace("2>&-", ""):
        hits = json.loads(done.stdout).get("hits", [])
        assert [hit["path"] for hit in hits][:1] == (["cookies.py"] if code == 0 else [])


@needs_full
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("search load_cookie", 0),
        ("search load_cookie --explain", 0),
        ("search qzxwvkj", 1),
        ("search ''", 2),
        ("search --nosuch", 2),
        ("nosuch", 2),
        ("index", 0),
        ("status", 0),
        ("related cookies.py", 0),
    ],
)
def test_messages_that_nothing_takes_change_no_answer(root: Path, words: str, code: int) -> None:
    plant(root, {"new.py": b"def add_header(name):\n    pass\n"})  # the search has something to tell
    heard = semindex_command(*shlex.split(words), cwd=root)
    deaf = shell(words, "2>/dev/full", root)
    assert (heard.code, deaf.returncode) == (code, code)
    if words.startswith("search"):
        assert deaf.stdout.decode() == heard.out


def test_messages_whose_reader_has_gone_change_no_exit_code(root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "semindex", "search", "load_cookie"],
        cwd=root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None and process.stdout is not None
        process.stderr.close()
        assert b"cookies.py" in process.stdout.read()
    assert process.returncode == 0


@needs_full
@pytest.mark.parametrize(
    "words",
    ["search load_cookie", "search load_cookie --json", "search '' --json", "status", "status --json"],
)
def test_an_answer_that_nothing_takes_is_an_error(root: Path, words: str) -> None:
    done = shell(words, ">/dev/full", root)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"semindex: ")
    assert shell(words, ">/dev/full 2>/dev/full", root).returncode == 2
