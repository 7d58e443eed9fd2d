"""``semindex grep`` where things go wrong or are out of bounds, held against ripgrep in the same folder."""

from __future__ import annotations

import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from semindex.config import Settings
from semindex.exact.ripgrep import MOST_PATTERN_BYTES, clean_environment, find_program

from ..exact.trees import rg, shown
from ..product import Ran, drop_file_powers, environment, plant, semindex_command
from .test_grep import grep

COMMAND = [sys.executable, "-m", "semindex", "grep"]
RG = find_program(Settings())
SECONDS = 60.0


def same(words: Sequence[str], cwd: Path) -> Ran:
    """Assert that both give the same; what ours gave."""
    code, out, err = rg(words, cwd)
    ours = grep(*words, cwd=cwd)
    told = err.decode("utf-8", "surrogateescape").replace("rg: ", "semindex: ")
    assert (shown(ours.out), ours.code, ours.err) == (out, code, told)
    return ours


def searching(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The ripgreps of a command, once there are any."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        found = [each for each in psutil.Process(process.pid).children(recursive=True) if each.name() == "rg"]
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("no ripgrep was started")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
@pytest.mark.parametrize("words", ["needle fifo", "needle fifo .", "--json needle fifo", "-r x needle fifo"])
def test_an_interrupted_search_ends_with_130_and_leaves_no_process(words: str, tmp_path: Path) -> None:
    plant(tmp_path, {f"{number}.txt": b"needle\n" for number in range(3)})
    os.mkfifo(tmp_path / "fifo")  # that nobody writes to, so that reading it takes for ever
    with subprocess.Popen(
        [*COMMAND, *words.split()],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        started = searching(process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert err.startswith(b"\nsemindex: interrupted") and err.count(b"\n") == 2
    assert psutil.wait_procs(started, timeout=SECONDS)[1] == []


@pytest.mark.parametrize("words", [["-a", "e", "large.txt"], ["-a", "e"], ["--json", "e"], ["--files"]])
def test_a_reader_that_leaves_early_is_no_error(words: list[str], tmp_path: Path) -> None:
    plant(tmp_path, {f"many/{number:05}{'x' * 200}.txt": b"e\n" for number in range(3000)})
    plant(tmp_path, {"large.txt": b"more\n" * 300_000})
    with subprocess.Popen(
        [*COMMAND, *words], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(timeout=SECONDS)


def removing(*paths: Path, script: Path) -> Path:
    """A ripgrep that removes some paths before it begins."""
    gone = shlex.join(map(str, paths))
    script.write_text(f'#!/bin/sh\nrm -rf {gone}\nexec {shlex.quote(RG)} "$@"\n')
    script.chmod(0o700)
    return script


@pytest.mark.skipif(os.name == "nt", reason="runs a script")
@pytest.mark.parametrize("files", [4, 120])
@pytest.mark.parametrize("options", [[], ["-c"], ["--heading"], ["-l"], ["-v"], ["--json"], ["-q"], ["-rx"]])
def test_files_and_folders_that_vanish_meanwhile_are_passed_over(
    options: list[str], files: int, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    many: dict[str | bytes, bytes] = {f"kept/{number:03}.txt": b"needle\n" for number in range(files)}
    plant(root, {**many, **dict.fromkeys(("gone/deep/a.txt", "gone/b.txt", "kept/c.txt"), b"needle\n")})
    program = removing(root / "gone", root / "kept/c.txt", script=tmp_path / "rg")
    ours = grep(f"--set=RIPGREP={program}", *options, "needle", cwd=root)
    assert not (root / "gone").exists(), "they vanished between the walk and the search"
    after = grep(*options, "needle", cwd=root)
    if options != ["--json"]:
        assert ours == after
    assert ours.err == "" and ours.code == after.code
    assert "gone" not in ours.out and "c.txt" not in ours.out


def test_only_what_vanished_would_have_matched(tmp_path: Path) -> None:
    root = tmp_path / "root"
    plant(root, {"gone.txt": b"needle\n", "kept.txt": b"other\n"})
    program = removing(root / "gone.txt", script=tmp_path / "rg")
    assert grep(f"--set=RIPGREP={program}", "needle", cwd=root) == Ran(1, "", "")


@pytest.mark.skipif(sys.platform != "linux", reason="takes root's powers, if it has them, as Linux does")
@pytest.mark.parametrize("line", ["needle", "needle d shut.txt", "-l needle", "-q needle"])
def test_what_cannot_be_read_is_told_and_the_rest_searched(line: str, tmp_path: Path) -> None:
    words = line.split()
    plant(tmp_path, {"a.txt": b"needle\n", "shut.txt": b"needle\n", "d/b.txt": b"needle\n"})
    (tmp_path / "shut.txt").chmod(0)
    done = subprocess.run(
        [RG, "--no-config", "--sort=path", *words],
        cwd=tmp_path,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        preexec_fn=drop_file_powers,
    )
    ours = semindex_command("grep", *words, cwd=tmp_path, bound=True)
    assert (shown(ours.out), ours.code) == (done.stdout, done.returncode)
    assert ours.err == done.stderr.decode().replace("rg: ", "semindex: ")
    assert ours.err == ("" if "-q" in words else "semindex: shut.txt: Permission denied (os error 13)\n")


@pytest.mark.skipif(os.name == "nt", reason="POSIX has these")
@pytest.mark.parametrize(
    "words", ["needle", "-c needle .", "-l needle d a.txt", "-v x", "--files", "-a needle"]
)
@pytest.mark.parametrize("is_git", [True, False])
def test_what_is_no_plain_file_is_passed_over(words: str, is_git: bool, tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": b"needle\n", "d/b.txt": b"needle\n"})
    os.mkfifo(tmp_path / "d/fifo")
    (tmp_path / "d/dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link.txt").symlink_to("a.txt")
    (tmp_path / "linked").symlink_to("d")
    bound = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    try:
        os.chdir(tmp_path)  # a socket's path is short
        bound.bind("d/sock")
    finally:
        os.chdir(here)
        bound.close()
    if is_git:
        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    same(words.split(), tmp_path)


@pytest.mark.parametrize("words", ["needle", "needle .", "needle only.txt", "-c x", "needle sub", "--files"])
def test_a_tree_of_one_file(words: str, tmp_path: Path) -> None:
    plant(tmp_path, {"only.txt": b"one\nneedle"})
    (tmp_path / "sub").mkdir()
    same(words.split(), tmp_path)


def test_an_empty_tree_has_nothing_to_search_and_the_user_is_told(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    same(["needle", "."], tmp_path)
    same(["needle", "sub"], tmp_path)
    same(["--files"], tmp_path)
    ours = grep("needle", cwd=tmp_path)
    code, out, err = rg(["needle"], tmp_path)
    assert (ours.code, shown(ours.out)) == (code, out) == (2, b"")
    assert "no file was searched" in ours.err and b"No files were searched" in err
    assert grep("(", cwd=tmp_path).err.startswith("semindex: regex parse error"), (
        "the pattern is looked at first"
    )


NESTED: dict[str | bytes, bytes] = {
    "a.py": b"needle\n",
    "b.c": b"needle c\n",
    "b.h": b"needle h\n",
    "d/x.txt": b"needle txt\n",
    "d/e/y.md": b"needle\n",
}


@pytest.mark.parametrize(
    "words",
    [
        "needle a.py a.py",
        "needle d d",
        "needle d d/e",
        "needle d/e d",
        "needle . d",
        "needle a.py . a.py",
        "needle d//x.txt d/./e ./d/../a.py",
        "needle a.py/",
        "needle d/e/y.md/z",
        "-l needle -Tc -tc",
        "-l needle -tc -Tc .",
        "-l needle -Th -tc -tpy",
        "-l needle -tc -Tc -tc",
        "-i -S Needle a.py",
        "-S -i Needle a.py",
        "-i -s Needle a.py",
        "-x -w needle b.c",
        "-w -x needle b.c",
        "-N -n needle a.py",
        "-I -H needle",
        "--no-heading --heading needle",
        "--sort modified --sortr path needle",
    ],
)
def test_paths_and_options_count_as_often_and_in_the_order_in_which_they_are_given(
    words: str, tmp_path: Path
) -> None:
    plant(tmp_path, NESTED)
    code, out, err = rg(words.split(), tmp_path)
    ours = grep(*words.split(), cwd=tmp_path)
    assert (shown(ours.out), ours.code) == (out, code)
    # Ripgrep words some errors in another way when it sorts.
    assert len(ours.err.splitlines()) == len(err.splitlines())


def test_an_empty_path_is_none(tmp_path: Path) -> None:
    plant(tmp_path, NESTED)
    ours = grep("needle", "", cwd=tmp_path)
    assert (ours.code, ours.out) == (rg(["needle", ""], tmp_path)[0], "") == (2, "")
    assert "No such file or directory" in ours.err


@pytest.mark.parametrize("order", ["--sort=modified", "--sortr=modified", "--sortr=path", "--sort=path"])
@pytest.mark.parametrize("words", ["needle", "-C1 needle d .", "--heading needle", "-c needle", "--files"])
def test_files_may_be_in_the_order_of_their_times(order: str, words: str, tmp_path: Path) -> None:
    plant(tmp_path, NESTED)
    for number, name in enumerate(("d/e/y.md", "b.c", "a.py", "d/x.txt", "b.h")):
        os.utime(tmp_path / name, (1_600_000_000 + number, 1_600_000_000 + number))
    done = subprocess.run(
        [RG, "--no-config", order, *words.split()],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    assert shown(grep(order, *words.split(), cwd=tmp_path).out) == done.stdout


def test_ten_thousand_arguments(tmp_path: Path) -> None:
    names = [f"{number:05}.txt" for number in range(300)]
    plant(tmp_path, {name: b"needle\n" for name in names})
    same(["-c", "needle", *(names * 34)[:10_000]], tmp_path)


def test_very_long_lines(tmp_path: Path) -> None:
    line = b"x" * 3_000_000 + b"needle" + b"y" * 3_000_000 + b"\nneedle\n"
    plant(tmp_path, {"long.txt": line, "short.txt": b"needle\n"})
    cut = ["-M80", "--max-columns-preview", "needle"]
    for words in (["needle"], ["-o", "needle"], ["-M80", "needle"], cut):
        same(words, tmp_path)
    assert grep("needle", "-r", "thread", cwd=tmp_path).code == 0


def test_a_long_pattern(tmp_path: Path) -> None:
    chance = random.Random(3)
    words = ["".join(chance.choices("abcdefgh", k=9)) for _ in range(10_000)]
    plant(tmp_path, {"a.txt": f"{words[7]}\nother\n{words[-1]}\n".encode(), "b.txt": b"other\n"})
    assert same(["-e", "|".join(words)], tmp_path).code == 0
    assert same(["-F", "-e", words[7] + "x" * 100_000], tmp_path).code == 1
    if sys.platform == "linux":
        assert same(["-e", "|".join(words)[:MOST_PATTERN_BYTES].rpartition("|")[0]], tmp_path).code == 0


PATTERN_FILES: dict[str | bytes, bytes] = {
    **NESTED,
    "p/two": b"needle c\nneedle h\n",
    "p/crlf": b"needle h\r\n",
    "p/no_end": b"needle txt",
    "p/none": b"",
    "p/blank": b"\n",
    "p/many": b"".join(b"word%dx\n" % number for number in range(20_000)) + b"needle txt\n",
}


@pytest.mark.parametrize(
    "words",
    [
        "-f p/two",
        "-f p/two -f p/no_end",
        "-f p/two -e md",
        "-f p/two a.py b.c",
        "-f p/crlf",
        "-f p/no_end -v",
        "-f p/none",
        "-f p/none -v -c",
        "-f p/none -e needle",
        "-f p/blank -c",
        "-F -f p/many -l",
        "-f p/many -f p/crlf -c",
        "-w -F -f p/many -v -c",
        "-f p/nowhere",
    ],
)
def test_patterns_of_files(words: str, tmp_path: Path) -> None:
    plant(tmp_path, PATTERN_FILES)
    same(words.split(), tmp_path)


def test_a_file_with_patterns_is_removed_again(tmp_path: Path) -> None:
    root, temporary = tmp_path / "root", tmp_path / "temporary"
    plant(root, PATTERN_FILES)
    temporary.mkdir()
    for words in (["-F", "-f", "p/many"], ["-F", "-f", "p/many", "-t", "nope"], ["-f", "p/many", "-e", "("]):
        semindex_command("grep", *words, cwd=root, variables={"TMPDIR": str(temporary)})
        assert list(temporary.iterdir()) == []


def test_patterns_of_standard_input(tmp_path: Path) -> None:
    plant(tmp_path, NESTED)
    done = subprocess.run(
        [*COMMAND, "-f", "-", "-c"],
        cwd=tmp_path,
        env=environment(),
        input=b"needle c\nmd\n",
        capture_output=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (b"b.c:1\n", b"")


@pytest.mark.parametrize("data", [b"ne\xffedle\n", b"nee\0dle\n", b"x" * (MOST_PATTERN_BYTES + 1) + b"\n"])
def test_patterns_of_files_that_cannot_be_used_are_refused(data: bytes, tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": b"needle\n", "patterns": data})
    ran = grep("-f", "patterns", "a.txt", cwd=tmp_path)
    if len(data) > 1000:
        assert ran.code == rg(["-f", "patterns", "a.txt"], tmp_path)[0], "a long one is handed on in a file"
    else:
        assert (ran.code, ran.out) == (2, "") and "pattern" in ran.err


@pytest.mark.parametrize(
    "words", [["-e", ""], ["", "a.py"], ["-e", "", "-e", "needle", "-c"], ["-o", ""], ["-v", ""]]
)
def test_an_empty_pattern_matches_every_line(words: list[str], tmp_path: Path) -> None:
    plant(tmp_path, NESTED)
    same(words, tmp_path)


@pytest.mark.parametrize(
    "words",
    [r"needle\x00", r"\x00", r"-a a\x00b", r"-U -a a\x00b\nc", r"-a -o [\x00-\x01]+", r"-c \x00 nul.txt"],
)
def test_patterns_with_nul_bytes(words: str, tmp_path: Path) -> None:
    plant(tmp_path, {"nul.txt": b"a\0b\nc\n", "late.txt": b"needle\n" * 20_000 + b"a\0b\nc\n"})
    same(words.split(), tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="runs a shell")
def test_a_current_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f'rmdir "$PWD" && exec {shlex.join(COMMAND)} needle'
    done = subprocess.run(
        ["sh", "-c", script], cwd=gone, env=environment(), capture_output=True, check=False, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("semindex: ") and "Traceback" not in done.stderr


def ripgreps_flags() -> list[str]:
    """The flags that ripgrep completes."""
    done = subprocess.run([RG, "--generate=complete-bash"], capture_output=True, check=True, text=True)
    (listed,) = [line for line in done.stdout.splitlines() if "--regexp" in line and "opts=" in line]
    return sorted({word for word in listed.split() if word.startswith("-")})


def test_every_flag_of_ripgrep_is_offered_or_refused_by_name(tmp_path: Path) -> None:
    from semindex.present.cli.grep import grep as command
    from semindex.present.cli.grepcommand import NOT_OFFERED

    offered = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    flags = ripgreps_flags()
    assert len(flags) > 150
    known = offered | NOT_OFFERED | {"-h", "--help", "-V", "--version"}
    assert [flag for flag in flags if flag not in known] == []
    assert not offered & NOT_OFFERED
    for flag in ("-z", "--stats", "--no-ignore-vcs"):
        ran = grep(flag, "needle", cwd=tmp_path)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(f"semindex: {flag} of ripgrep is not offered")
    for flag in ("--nonsense", "-Z"):
        assert f"no such option '{flag}'" in grep(flag, "needle", cwd=tmp_path).err
