"""``semindex grep`` prints what ripgrep prints in the same folder, byte for byte."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ..exact.trees import plant_odd, rg, shown
from ..product import Ran, environment, plant, run_module


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant_odd(tmp_path_factory.mktemp("odd"))


def grep(*words: str | bytes, cwd: Path) -> Ran:
    """As :func:`tests.product.semindex_command`; code that is found may say anything, "Traceback" too."""
    code, out, err = run_module("semindex", ["grep", *words], cwd, environment())
    return Ran(code, os.fsdecode(out), os.fsdecode(err))


SAME = """
needle
-i needle
-S needle
-S Needle
-w word
-x needle
-F self):
-e needle -e self
-e -v
-v needle
-v -c .
-l needle
-l import
-c needle
-c import
--count-matches e
-o needle
-o [a-z]+_[a-z]+
-n needle
-N needle
-n --column needle
--vimgrep needle
--vimgrep import
-I needle
-H needle a.py
needle a.py
needle a.py odd/crlf.txt
-A1 needle
-B2 needle
-C1 import
-C2 needle --heading
-n -C1 needle
--heading -n import
--heading -N needle
--heading import
-m1 needle
-m2 -c import
-m1 -C1 needle
--trim -n return
-0 needle
-0 -l needle
-0 -c needle
-0 --heading needle
-a needle
-a -c needle
-a -l needle
--passthru needle odd
--color=always needle
--color=always -n --heading import
--color=always -C1 import
--color=ansi -o needle
-U needle\\nother
-U --multiline-dotall needle.other
-U -c needle\\s+other
-P (?<=in.)a(?=.name)
-i straße
\\p{Greek}
привет
^$
^
$
-c ^
\\bword\\b
needle|import|привет
(?i)NEEDLE\\s
needle src odd
needle odd/
needle ./odd
needle ../REPO/odd
needle .
needle ./
def src sub src
needle src/exact/ a.py
needle odd/nul_early.bin
needle odd/nul_late.bin a.py
-c needle odd/nul_late.bin
-l needle odd/nul_early.bin
-q needle
-q no_such_thing_anywhere
no_such_thing_anywhere
-l no_such_thing_anywhere
-. needle
--hidden -c needle
needle build
needle build/ignored.py x.log
needle .hidden
needle nope
needle nope a.py
(
-e (
*a
\\
needle -g *.txt
needle -g !odd
needle -g *.py -g !a
needle -. -g !odd
needle --iglob *.PY
needle -tpy
needle -t py -t txt -T c
-Tpy -c import
needle --no-ignore
needle --no-ignore --hidden
needle --no-ignore build
-tnope needle
--type-list
-u needle
-uu -l needle
-uuu needle
-uuu -c import
--binary needle
--binary -l needle
--binary needle odd/nul_late.bin a.py
-d1 needle
--max-depth 2 -l needle
-d1 -l needle odd
-d0 needle a.py
-M30 needle
-M30 --max-columns-preview needle
-M30 -n --column needle
-b needle
-b -o needle
-p needle a.py
-p needle
--pretty -N needle
--no-messages needle nope a.py
--no-messages (
--files
--files odd a.py
--files -g *.txt
--files -tpy
--files -0 odd
--files --color=always odd
--files -. odd
--files -uu
--files -q
--files -d1
--files nope a.py
""".strip().splitlines()


@pytest.mark.parametrize("line", SAME)
def test_output_and_exit_code_are_those_of_ripgrep(line: str, tree: Path) -> None:
    words = line.replace("REPO", tree.name).split(" ")
    code, out, err = rg(words, tree)
    ours = grep(*words, cwd=tree)
    assert shown(ours.out) == out
    assert ours.code == code
    told = err.decode().replace("rg: ", "semindex: ")
    # Ripgrep words this one error in another way when it sorts.
    assert ours.err == told.replace("IO error for operation on nope: ", "")


@pytest.mark.parametrize("line", ["needle", "needle .", "needle ../odd", "-c needle ../a.py"])
def test_paths_are_relative_to_the_current_folder(line: str, tree: Path) -> None:
    words, folder = line.split(), tree / "sub"
    assert shown(grep(*words, cwd=folder).out) == rg(words, folder)[1] != b""


def test_absolute_paths_are_printed_as_they_were_given(tree: Path) -> None:
    words = ["needle", str(tree / "odd"), f"{tree}/a.py"]
    assert shown(grep(*words, cwd=tree).out) == rg(words, tree)[1] != b""


def objects(out: bytes | str) -> list[Any]:
    """The JSON objects without times, and without how much was read, which depends on what is spared."""
    found = [json.loads(line) for line in (os_text(out)).splitlines()]
    for each in found:
        stats = each["data"].get("stats", {})
        for name in ("elapsed", "bytes_searched", "searches"):
            stats.pop(name, None)
        each["data"].pop("elapsed_total", None)
    return found


def os_text(out: bytes | str) -> str:
    return out if isinstance(out, str) else out.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("words", [["needle"], ["-C1", "import"], ["no_such_thing"], ["-v", "e", "odd"]])
def test_json_is_that_of_ripgrep_with_one_summary(words: list[str], tree: Path) -> None:
    code, out, _ = rg(["--json", *words], tree)
    ours = grep("--json", *words, cwd=tree)
    assert objects(ours.out) == objects(out)
    assert ours.code == code


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for ripgrep is a script")
@pytest.mark.parametrize("words", [["--json", "needle"], ["needle"], ["needle", "a.py"]])
def test_that_ripgrep_fails_in_the_middle_is_told(words: list[str], tree: Path, tmp_path: Path) -> None:
    program = tmp_path / "rg"
    program.write_text('#!/bin/sh\nprintf \'{"type":"begin"\'\necho out of range >&2\nexit 101\n')
    program.chmod(0o755)
    ran = run_module("semindex", ["grep", *words], tree, {**environment(), "SEMINDEX_RIPGREP": str(program)})
    code, out, told = ran[0], os.fsdecode(ran[1]), os.fsdecode(ran[2])
    assert code == 2
    assert out.startswith('{"type":"begin"')
    assert "summary" not in out
    assert told.startswith("semindex: ripgrep failed with exit code 101:\nout of range")
    assert "Traceback" not in told


def test_the_plan_is_shown_and_nothing_searched(tree: Path) -> None:
    told = grep("--plan", "needle", "odd", cwd=tree)
    files = len(rg(["--files", "odd"], tree)[1].splitlines())
    assert f"files in question: {files - 1}" in told.out, "one name is of two lines"
    plan = grep("--plan", "--json", "needle", "odd", cwd=tree).object["plan"]
    assert (plan["files"], plan["searched"] + plan["spared"]) == (files - 1, files - 1)


@pytest.fixture
def copy(tree: Path, tmp_path: Path) -> Path:
    """A tree to which a change may be made, without names and encodings that git cannot apply to."""
    root = tmp_path / "copy"
    shutil.copytree(tree / "src", root / "src")
    for name in (
        "bom.txt",
        "crlf.txt",
        "no_end.txt",
        "latin1.txt",
        "a b.txt",
        "unicode.txt",
        "new\nline.txt",
    ):
        (root / "odd").mkdir(exist_ok=True)
        shutil.copy(tree / "odd" / name, root / "odd" / name)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return root


@pytest.mark.parametrize(
    "words",
    [
        ["needle", "-r", "thread"],
        ["(need)(le)", "-r", "$2-$1"],
        ["def (\\w+)\\(", "-r", "def x_${1}("],
        ["-i", "IMPORT", "-r", ""],
        ["-U", "needle\\r?\\n", "-r", "one\ntwo\n"],
        ["-F", "self.", "-r", "$0this."],
        ["-w", "e", "-r", "é"],
    ],
)
def test_the_diff_of_a_replacement_makes_what_ripgrep_prints(words: list[str], copy: Path) -> None:
    diff = grep(*words, cwd=copy)
    assert diff.code == 0 and diff.err == ""
    expected = {
        path: rg([*words, "--passthru", "--no-filename", "--no-line-number", path], copy)
        for path in rg(["--files", "--null"], copy)[1].split(b"\0")
        if path
    }
    done = subprocess.run(
        ["git", "apply", "--whitespace=nowarn"],
        cwd=copy,
        input=shown(diff.out),
        check=False,
        capture_output=True,
    )
    assert done.stderr == b""
    for path, (_, out, _) in expected.items():
        changed = (copy / os.fsdecode(path)).read_bytes()
        marked = changed.removeprefix(b"\xef\xbb\xbf")  # ripgrep leaves the mark out
        assert marked.removesuffix(b"\n") == out.removesuffix(b"\n"), path


def test_a_replacement_writes_nothing(copy: Path) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    assert grep("needle", "-r", "thread", cwd=copy).out.startswith("diff --git ")
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_binary_files_are_left_out_of_a_diff_with_the_reason(tree: Path) -> None:
    ran = grep("needle", "-r", "x", "odd/nul_late.bin", "odd/utf16.txt", cwd=tree)
    assert "odd/nul_late.bin is left out: it is binary" in ran.err
    assert "odd/utf16.txt is left out: it is not in UTF-8" in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "missing argument 'PATTERN'"),
        (["-l", "-c", "x"], "--files-with-matches and --count exclude each other"),
        (["--all", "x", "src"], "--all and PATH exclude each other"),
        (["-v", "-r", "y", "x"], "--invert-match and --replace exclude each other"),
        (["--repo", "nope", "x"], "nope"),
    ],
)
def test_what_contradicts_itself_is_refused(words: list[str], message: str, tree: Path) -> None:
    ran = grep(*words, cwd=tree)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_repositories_with_a_name_are_searched_from_anywhere(tmp_path: Path) -> None:
    listed = {"SEMINDEX_REPOSITORIES": str(tmp_path / "list.json")}
    for name in ("one", "two"):
        plant(tmp_path / name, {"a/x.py": b"needle\n"})
    content = {"version": 1, "repositories": [{"name": n, "root": str(tmp_path / n)} for n in ("one", "two")]}
    (tmp_path / "list.json").write_text(json.dumps(content))
    code, out, err = run_module(
        "semindex", ["grep", "--all", "needle"], tmp_path, {**environment(), **listed}
    )
    assert (code, out, err) == (0, b"one/a/x.py:needle\ntwo/a/x.py:needle\n", b"")
    away = tmp_path / "three"
    away.mkdir()
    _, out, _ = run_module("semindex", ["grep", "--repo", "two", "needle"], away, {**environment(), **listed})
    assert out == f"{tmp_path}/two/a/x.py:needle\n".encode()


def test_the_file_that_takes_the_output_is_not_searched(tmp_path: Path) -> None:
    plant(tmp_path, {"a.txt": b"needle\n", "out.txt": b"needle\n"})
    with (tmp_path / "out.txt").open("ab") as out:
        words = [sys.executable, "-m", "semindex", "grep", "needle"]
        subprocess.run(words, cwd=tmp_path, env=environment(), stdout=out, check=True)
    assert (tmp_path / "out.txt").read_bytes() == b"needle\na.txt:needle\n"


def test_a_reader_that_leaves_ends_the_search_quietly(tree: Path) -> None:
    words = [sys.executable, "-m", "semindex", "grep", "-a", "e"]
    with subprocess.Popen(
        words, cwd=tree, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
