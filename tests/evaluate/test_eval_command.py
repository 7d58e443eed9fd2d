"""``semindex eval`` with the real index."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from semindex.present.cli import commands

from .trees import write_tree


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEMINDEX_CONFIG", os.devnull)
    return write_tree(tmp_path / "tree")


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(commands, ["eval", *map(str, words)])


def run_json(*words: str | Path) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert isinstance(content, dict)
    return content


def test_functions_are_found_in_a_tree_of_three_files(tree: Path) -> None:
    found = run_json(tree)["functions"]
    assert found["files"]["recall_at_10"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "queries": 6}
    assert 0.5 <= found["functions"]["mrr"]["mean"] <= 1.0
    assert found["functions"]["recall_at_1"]["mean"] <= found["functions"]["recall_at_5"]["mean"]
    assert (found["documented"], found["askable"], found["names_hidden"]) == (7, 6, False)
    assert found["query_p50_ms"] > 0
    assert found["notes"] == []
    assert not (tree / ".semindex").exists()


def test_names_can_be_hidden(tree: Path) -> None:
    assert run_json(tree, "--without-names")["functions"]["names_hidden"] is True


def test_figures_are_shown_as_a_table(tree: Path) -> None:
    result = run(tree)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "Documented functions, asked by their first sentence"
    assert lines[7].split() == ["files", "recall@10", "1.0000", "1.000-1.000", "6"]
    assert any(line.startswith("functions MRR@10, go") for line in lines)
    assert any(line.startswith("asked for 6 of 6 functions") for line in lines)


def test_details_have_a_line_a_query(tree: Path, tmp_path: Path) -> None:
    file = tmp_path / "details.jsonl"
    assert run(tree, "--details", file, "--json").exit_code == 0
    by_symbol = {row["symbol"]: row for row in map(json.loads, file.read_text().splitlines())}
    assert len(by_symbol) == 6
    found = by_symbol["parse_cookie"]
    assert found["query"] == "Split the header that a browser sent into names and values"
    assert found["path"] == "web/cookies.py"
    assert found["places"][found["rank"] - 1].startswith("web/cookies.py:")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tree", "tree"], "extra argument"),
        (["nowhere"], "nowhere"),
        ([".", "--details", "no/such/folder/file"], "no/such/folder/file"),
        (["--commits", "tree"], "python -m benchmarks.quality.evaluate commits"),
        (["tree", "--limit-pieces=9"], "python -m benchmarks.quality.evaluate pasted"),
        (["--judgements", "."], "python -m benchmarks.quality.evaluate judged"),
    ],
)
def test_what_cannot_be_done_exits_with_2_and_says_why(
    tree: Path, words: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree.parent)
    result = run(*words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_named_like_an_old_option_is_measured_behind_two_dashes(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree.rename(tree.parent / "--pasted").parent)
    assert run("--json", "--", "--pasted").exit_code == 0
