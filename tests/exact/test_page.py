"""The page about exact search: its examples find something, and its Python runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ..product import ALPHA, BETA, PROJECT, environment, plant, run_module

PAGE = (PROJECT / "docs" / "exact.md").read_text("utf-8")
EXAMPLES = re.findall(r"^(?:\| `)?(semindex grep '?[^`\n]*[^`\n|\]])(?=`|$)", PAGE, re.MULTILINE)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return plant(tmp_path, {"src/app.py": ALPHA, "src/store.py": BETA, "words.txt": b"save\nload_cookie\n"})


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 15 and any("--replace" in line for line in EXAMPLES)


@pytest.mark.parametrize("line", [line for line in EXAMPLES if "PATTERN" not in line])
def test_each_example_finds_something(line: str, tree: Path) -> None:
    code, out, err = run_module("semindex", shlex.split(line)[1:], tree, environment())
    assert (code, err) == (0, b"") and out


def test_the_python_of_the_page_runs(tree: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        cwd=tree,
        env={**os.environ, **environment()},
        check=True,
        capture_output=True,
    )
    assert b"src/app.py 2 17" in done.stdout
