"""``semindex grep`` prints what ripgrep prints in the same folder, byte for byte."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ..exact.trees import plant_odd, rg, shown
from ..product import Ran, environment, run_module


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
needle -g
""".strip().splitlines()


@pytest.mark.parametrize("line", [line for line in SAME if line != "needle -g"])
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
