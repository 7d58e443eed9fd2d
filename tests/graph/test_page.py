"""The page about the code graph: its examples find something, and its Python runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ..product import PROJECT, environment, plant, run_module

PAGE = (PROJECT / "docs" / "graph.md").read_text("utf-8")
EXAMPLES = [line for line in PAGE.splitlines() if line.startswith("semindex ")]
FILES: dict[str | bytes, bytes] = {
    "src/store.py": b"import shelf\nclass Store:\n    def save(self): ...\n",
    "src/shelf.py": b"import store\n",
    "src/jar.py": (
        b"from store import Store\n"
        b"class Jar:\n"
        b"    def __init__(self, store: Store):\n        self.store = store\n"
        b"    def load(self):\n        self.store.save()\n"
    ),
    "src/app.py": b"from jar import Jar\nfrom store import Store\ndef main():\n    Jar(Store()).load()\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return plant(tmp_path, FILES)


def test_there_are_examples() -> None:
    assert {line.split()[1] for line in EXAMPLES} == {
        *("callers", "callees", "refs", "imports", "impact", "path", "map", "cycles", "graph")
    }


@pytest.mark.parametrize("line", EXAMPLES)
def test_each_example_finds_something(line: str, tree: Path) -> None:
    code, out, err = run_module("semindex", shlex.split(line)[1:], tree, environment())
    assert code == 0 and out and b"Traceback" not in err, line


def test_the_python_of_the_page_runs(tree: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        cwd=tree,
        env={**os.environ, **environment()},
        check=True,
        capture_output=True,
    )
    assert done.stdout == b"src/app.py 4 main resolved\n"
