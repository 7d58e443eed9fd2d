"""What is drawn as rare really stands in one file only, and is asked."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from benchmarks.rare import ask, main, sources, wanted

FILES = {
    "paint.py": "# The violet can is empty.\ndef paint_wall(brush):\n    return brush('long red stroke')\n",
    "wall.py": "from paint import paint_wall\n\n\ndef wall(brush):\n    return paint_wall(brush)\n",
    "can.py": "# The can is nowEmpty.\ndef empty(can):\n    raise ValueError('the can is empty')\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    for path, text in FILES.items():
        (root / path).write_text(text, "utf-8")
    return root


def test_what_is_drawn_stands_in_one_file_at_the_lines_told(tree: Path) -> None:
    drawn = wanted(sources(tree), 20, random.Random(0))
    assert {each.sort for each in drawn} >= {"plain word", "identifier", "used name", "string constant"}
    for each in drawn:
        text = each.query.strip('"').lower()
        lines = (tree / each.path).read_text("utf-8").lower().split("\n")
        for line in each.lines:
            assert all(word in lines[line - 1] for word in text.split()), each
        if each.sort == "plain word":
            holds = re.compile(rf"\b{text}\b", re.IGNORECASE)
            assert [path for path, whole in FILES.items() if holds.search(whole)] == [each.path]
        elif each.sort in ("string constant", "comment line"):
            assert [path for path, whole in FILES.items() if each.query in whole] == [each.path]


def test_each_is_asked_by_itself(tree: Path, tmp_path: Path) -> None:
    drawn = [each for each in wanted(sources(tree), 20, random.Random(0)) if each.query == "violet"]
    (answer,) = ask(tree, drawn, tmp_path / "index")
    assert (answer.file_first, answer.span_first) == (True, True)
    assert answer.found.startswith("paint.py:")


def test_tables_and_misses_are_printed(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(tree), "--limit", "2", "--misses", "--details", str(tmp_path / "details.jsonl")])
    told = capsys.readouterr().out
    assert "| plain word | 2 |" in told
    assert len((tmp_path / "details.jsonl").read_text("utf-8").splitlines()) == sum(
        int(line.split("|")[2]) for line in told.splitlines() if line.startswith("| all")
    )
