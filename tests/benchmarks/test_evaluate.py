"""``python -m benchmarks.quality.evaluate`` with the real index."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality.evaluate import main

from ..evaluate.trees import write_tree
from .histories import grow

Captured = pytest.CaptureFixture[str]
Asking = Callable[..., tuple[dict[str, Any], list[dict[str, Any]]]]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEMINDEX_CONFIG", os.devnull)
    return write_tree(tmp_path / "tree")


@pytest.fixture
def ask(capsys: Captured, tmp_path: Path) -> Asking:
    """Runs the command; gives its JSON object and the rows of its details."""

    def run(*words: str | Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        details = tmp_path / "details.jsonl"
        main([*map(str, words), "--json", "--details", str(details)])
        rows = [json.loads(line) for line in details.read_text().splitlines()]
        return json.loads(capsys.readouterr().out), rows

    return run


@pytest.fixture
def judged(tree: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A judged set and its corpora: the tree, under the name ``tree``."""
    (tmp_path / "set" / "annotations").mkdir(parents=True)
    (tmp_path / "set" / "repos.json").write_text('[{"name": "tree", "language": "mixed"}]')
    queries = [
        {"query": "parse a cookie header", "relevant": ["web/cookies.py"]},
        {"query": "addMonths", "relevant": ["dates.js"]},
    ]
    (tmp_path / "set" / "annotations" / "tree.json").write_text(json.dumps(queries))
    return tmp_path / "set", tmp_path


def test_judged_queries_give_ndcg(judged: tuple[Path, Path], ask: Asking) -> None:
    judgements, corpora = judged
    places = ("--judgements", judgements, "--corpora", corpora, "--index-dir", corpora / "kept")
    content, rows = ask("judged", *places)
    found = content["judged"]
    assert found["ndcg"]["mean"] == 1.0
    assert set(found["categories"]) == {"semantic", "symbol"}
    assert found["languages"]["mixed"]["queries"] == 2
    assert (corpora / "kept" / "tree").is_dir()
    assert not (corpora / "tree" / ".semindex").exists()
    assert [row["repository"] for row in rows] == ["tree", "tree"]
    assert rows[0]["targets"][0]["path"] == rows[0]["places"][0]["path"] == "web/cookies.py"
    assert (rows[0]["ndcg"], rows[0]["ranks"]) == (1.0, [1])


def test_commits_ask_for_what_they_changed(tree: Path, tmp_path: Path, ask: Asking) -> None:
    one, two = grow(tmp_path / "one"), grow(tmp_path / "two")
    content, rows = ask("commits", one, two, "--limit", "2")
    found = content["commits"]
    assert found["recall"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "queries": 4}
    assert set(found["repositories"]) == {"one", "two"}
    assert found["languages"]["python"]["queries"] == 4
    assert found["mrr"]["mean"] >= found["first"]["mean"] > 0
    assert [row["repository"] for row in rows] == ["one", "one", "two", "two"]
    assert rows[1]["task"]["query"] == "Count the striped zebras of a parsed header"
    assert (rows[1]["task"]["targets"], rows[1]["task"]["tests"]) == (["web/headers.py"], [])
    assert rows[1]["recall"] == rows[1]["recall_without_tests"] == 1.0
    assert rows[1]["places"][rows[1]["ranks"][0] - 1]["path"] == "web/headers.py"


def test_pasted_pieces_are_asked_for(tree: Path, ask: Asking) -> None:
    (tree / "mail.py").write_text(
        "def send(mail):\n    raise SystemExit('no server takes mails at this hour of the night')\n"
    )
    content, rows = ask("pasted", tree, "--limit", "0")
    found = content["pasted"]
    assert found["pieces"]["string"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "queries": 1}
    (row,) = [row for row in rows if "night" in row["task"]["query"]]
    assert (row["task"]["path"], row["function_rank"]) == ("mail.py", 1)


def test_figures_are_shown_as_a_table(tree: Path, tmp_path: Path, capsys: Captured) -> None:
    main(["commits", str(grow(tmp_path / "one"))])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Commits, asked by their subject for the files they changed")
    assert lines[1].split() == ["recall", "1.0000", "1.000-1.000", "3"]
    assert any(line.startswith("repositories: one ") for line in lines)
    assert lines[-1] == "note: one: only 3 suitable commits"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["commits", "tree"], "not the top of a git checkout"),
        (["commits", "nowhere"], "nowhere"),
        (["judged", "--judgements", "tree", "--corpora", "."], "repos.json"),
    ],
)
def test_what_cannot_be_measured_ends_with_the_reason(
    tree: Path, words: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree.parent)
    with pytest.raises(SystemExit, match=message):
        main(words)


@pytest.mark.slow
def test_agents_find_what_was_judged_in_their_first_answer(judged: tuple[Path, Path]) -> None:
    judgements, corpora = judged
    words = ["--judgements", str(judgements), "--corpora", str(corpora), "--ways", "semindex"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.agents", *words],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"^semindex +2 +100\.0% +100\.0% +1\.00 ", done.stdout, re.MULTILINE)
