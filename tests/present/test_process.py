"""The command line as a process on a fake index: start, pipes, encodings, signals, terminals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .processes import FAKE, environment, on_terminal, run, start
from .test_terminal import SGR

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX")

HOSTILE = {
    "FAKE_TEXT": "x = '\x1b[2J\x1b]0;owned\x07 \x9b31m \u202e'\rover\x08\n",
    "FAKE_PATH": "a\nb\x1b[2J.py",
}


def loaded_by(*words: str) -> set[str]:
    script = (
        "import sys\nfrom semindex.present.cli import main\ncode = main()\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *words], env=environment(), capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stderr.split()} | set(done.stderr.split())


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ("search", "--help"), ("index", "--help"), ("completion", "bash")]
)
def test_help_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    loaded = loaded_by(*words)
    heavy = {
        "numpy",
        "rich",
        "pygments",
        "tree_sitter",
        "xxhash",
        "sqlite3",
        "semindex.index",
    }
    assert not loaded & heavy
    assert "click" in loaded


def test_help_of_the_group_loads_no_command() -> None:
    inside = {name for name in loaded_by("--help") if name.startswith("semindex.present.cli.")}
    assert inside == {"semindex.present.cli.outcome"}


def test_a_pipe_never_loads_rich(tmp_path: Path) -> None:
    done = run(["-X", "importtime", *FAKE, "search", "x"], tmp_path, program=())
    assert done.returncode == 0
    assert b"numpy" in done.stderr
    assert b"rich" not in done.stderr


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    for flags in ([], ["--json"], ["--color", "always"]):
        process = start(["search", "x", *flags], tmp_path, {"FAKE_HITS": "1000"}, FAKE)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        err = process.stderr.read()
        process.stderr.close()
        assert (process.wait(60), err) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_stdout_is_one_message(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, *FAKE, "search", "x", "--json"],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, b"semindex: No space left on device\n")


@pytest.mark.parametrize(
    "extra", [{"PYTHONIOENCODING": "ascii"}, {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}]
)
def test_any_encoding_of_stdout_takes_any_text(tmp_path: Path, extra: dict[str, str]) -> None:
    text = {"FAKE_TEXT": "naïve = '日本' # ✓\n"}
    assert run(["search", "x"], tmp_path, {**extra, **text}, FAKE).returncode == 0
    done = run(["search", "x", "--json"], tmp_path, {**extra, **text}, FAKE)
    assert json.loads(done.stdout)["hits"][0]["text"] == text["FAKE_TEXT"]
    code, drawn = on_terminal(["search", "x"], tmp_path, {**extra, **text}, FAKE)
    assert code == 0
    assert "Traceback" not in drawn


def test_ascii_output_is_escaped(tmp_path: Path) -> None:
    extra = {"PYTHONIOENCODING": "ascii", "FAKE_TEXT": "日本\n"}
    done = run(["search", "x"], tmp_path, extra, FAKE)
    assert b"    10: \\u65e5\\u672c\n" in done.stdout


def test_a_query_of_stray_bytes_gives_valid_json(tmp_path: Path) -> None:
    done = run(["search", b"caf\xe9", "--json"], tmp_path, None, FAKE)
    assert json.loads(done.stdout.decode("utf-8"))["query"] == "caf\ufffd"


def test_an_interrupt_is_quiet(tmp_path: Path) -> None:
    process = start(["index"], tmp_path, {"FAKE_WAIT": "1"}, FAKE)
    assert process.stderr is not None
    assert process.stderr.readline() == b"BUILDING\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err.strip() == b"semindex: interrupted; what was committed before stays."


@pytest.mark.parametrize("flags", [["--explain"], ["--json"], ["--color", "always"]])
def test_hostile_text_reaches_no_pipe_and_no_terminal(tmp_path: Path, flags: list[str]) -> None:
    piped = run(["search", "x", *flags], tmp_path, HOSTILE, FAKE)
    code, drawn = on_terminal(["search", "x", *flags], tmp_path, HOSTILE, FAKE)
    assert (piped.returncode, code) == (0, 0)
    for shown in (piped.stdout.decode(), drawn):
        shown = SGR.sub("", shown)
        assert not re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", shown)
        assert "owned" in shown
        assert len(shown.splitlines()) < 10


def test_a_terminal_gets_colours_and_the_coverage_line(tmp_path: Path) -> None:
    code, drawn = on_terminal(["search", "x"], tmp_path, None, FAKE)
    assert code == 0
    assert "\x1b[1;31mparse" in drawn
    plain = SGR.sub("", drawn)
    assert plain.startswith("src/cookies.py:10-12  Jar.parse_cookie  (method, python)  71\n")
    assert plain.endswith("\n312 of 318 files indexed, 6 skipped (4 binary, 2 too large), fresh; 23 ms\n")


@pytest.mark.parametrize(
    ("flags", "extra"),
    [(["--color", "never"], {}), ([], {"TERM": "dumb"}), (["--no-text"], {"NO_COLOR": "1"})],
)
def test_a_terminal_without_colour_gets_the_same_words(
    tmp_path: Path, flags: list[str], extra: dict[str, str]
) -> None:
    code, drawn = on_terminal(["search", "x", *flags], tmp_path, extra, FAKE)
    assert code == 0
    assert not re.findall(r"\x1b\[[0-9;]*3[0-7]", drawn)
    assert SGR.sub("", drawn).startswith("src/cookies.py:10-12  Jar.parse_cookie")


def test_nothing_to_do_shows_examples_in_a_terminal(tmp_path: Path) -> None:
    code, drawn = on_terminal([], tmp_path)
    assert code == 0
    examples = re.findall(r"^  semindex (\w+)", drawn, re.MULTILINE)
    assert set(examples) == {"search", "related", "status"}
    assert all(len(line) < 80 for line in drawn.splitlines())
    piped = run([], tmp_path)
    assert (piped.returncode, piped.stdout) == (2, b"")


def test_a_build_draws_its_progress_on_a_terminal_only(tmp_path: Path) -> None:
    code, drawn = on_terminal(["index"], tmp_path, {"FAKE_STEPS": "50"}, FAKE)
    assert code == 0
    assert re.search(r"indexing .* of 50 files, [\d,]+ files/s", SGR.sub("", drawn))
    assert drawn.rstrip().endswith("one ignore rule hides nearly everything")
    piped = run(["index"], tmp_path, {"FAKE_STEPS": "50"}, FAKE)
    assert b"indexing" not in piped.stdout + piped.stderr


def test_the_progress_of_work_that_says_nothing_moves(tmp_path: Path) -> None:
    """A line is erased only to draw it anew."""
    extra = {"FAKE_WAIT": "1", "FAKE_DELAY": "0.01"}
    code, drawn = on_terminal(["index"], tmp_path, extra, FAKE, typed=b"\x03", after=b"\x1b[2K")
    assert (code, drawn.count("starting") >= 2) == (130, True)
    assert "interrupted" in drawn


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (b"n\n", 1, "nothing was removed"),
        (b"\n", 1, "nothing was removed"),
        (b"y\n", 0, "removed, 1.3 MB freed"),
        (b"\x03", 130, "interrupted"),
    ],
)
def test_clean_asks_in_a_terminal(tmp_path: Path, typed: bytes, code: int, said: str) -> None:
    (tmp_path / ".semindex").mkdir()
    got, drawn = on_terminal(["clean"], tmp_path, None, FAKE, typed=typed, after=b"[y/N]:")
    assert f"Remove {tmp_path}/.semindex?" in drawn
    assert (got, said in drawn) == (code, True)


def test_the_bash_completion_script_is_accepted_by_bash(tmp_path: Path) -> None:
    if not any((Path(folder) / "bash").exists() for folder in os.environ["PATH"].split(os.pathsep)):
        pytest.skip("no bash here")
    script = run(["completion", "bash"], tmp_path).stdout
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads by /proc")
@pytest.mark.parametrize("set_before", [None, "2"])
def test_a_search_starts_no_threads_for_matrices(set_before: str | None) -> None:
    """They take longer to start than the search itself."""
    script = (
        "import os, sys\n"
        "from semindex.present.cli import COMMANDS, commands\n"
        "commands.get_command(None, 'search')\n"
        "import numpy\n"
        "print(len(os.listdir('/proc/self/task')), os.environ['OPENBLAS_NUM_THREADS'])\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    if set_before is not None:
        environment["OPENBLAS_NUM_THREADS"] = set_before
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    threads, setting = done.stdout.split()
    assert setting == (set_before or "1")
    assert set_before is not None or threads == "1"
