"""``semindex eval`` with the real index."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from semindex.present.cli import commands

from .histories import grow
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


def test_judged_queries_give_ndcg(judged: tuple[Path, Path]) -> None:
    judgements, corpora = judged
    found = run_json("--judgements", judgements, "--corpora", corpora, "--index-dir", corpora / "kept")
    assert "functions" not in found
    assert found["judged"]["ndcg"]["mean"] == 1.0
    assert set(found["judged"]["categories"]) == {"semantic", "symbol"}
    assert found["judged"]["languages"]["mixed"]["queries"] == 2
    assert (corpora / "kept" / "tree").is_dir()
    assert not (corpora / "tree" / ".semindex").exists()


def test_both_families_are_measured_when_both_are_given(judged: tuple[Path, Path], tree: Path) -> None:
    judgements, corpora = judged
    result = run(tree, "--judgements", judgements, "--corpora", corpora)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "Judged queries, NDCG@10"
    assert lines[1].split() == ["all", "queries", "1.0000", "1.000-1.000", "2"]
    assert any(line.startswith("functions MRR@10, go") for line in lines)
    assert any(line.startswith("asked for 6 of 6 functions") for line in lines)


def test_details_have_a_line_a_query(judged: tuple[Path, Path], tree: Path, tmp_path: Path) -> None:
    judgements, corpora = judged
    file = tmp_path / "details.jsonl"
    assert (
        run(tree, "--judgements", judgements, "--corpora", corpora, "--details", file, "--json").exit_code
        == 0
    )
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["family"] for row in rows] == ["judged"] * 2 + ["functions"] * 6
    assert rows[0]["repository"] == "tree"
    assert rows[0]["targets"] == ["web/cookies.py"]
    assert rows[0]["paths"][0] == "web/cookies.py"
    assert (rows[0]["ndcg"], rows[0]["ranks"]) == (1.0, [1])
    by_symbol = {row["symbol"]: row for row in rows[2:]}
    assert by_symbol["parse_cookie"]["query"] == "Split the header that a browser sent into names and values"
    assert by_symbol["parse_cookie"]["path"] == "web/cookies.py"


def test_commits_ask_for_what_they_changed(tree: Path, tmp_path: Path) -> None:
    one, two = grow(tmp_path / "one"), grow(tmp_path / "two")
    file = tmp_path / "details.jsonl"
    content = run_json("--commits", one, two, "--limit-commits", "2", "--details", file)
    assert content.keys() - {"schema"} == {"commits"}
    found = content["commits"]
    assert found["recall_at_10"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "queries": 4}
    assert set(found["repositories"]) == {"one", "two"}
    assert found["languages"]["python"]["queries"] == 4
    assert found["mrr"]["mean"] >= found["recall_at_1_any"]["mean"] > 0
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(row["family"], row["repository"]) for row in rows] == [("commits", "one")] * 2 + [
        ("commits", "two")
    ] * 2
    assert rows[1]["query"] == "Count the striped zebras of a parsed header"
    assert (rows[1]["targets"], rows[1]["tests"], rows[1]["recall"]) == (["web/headers.py"], [], 1.0)
    assert rows[1]["paths"][rows[1]["ranks"][0] - 1] == "web/headers.py"


def test_commits_are_shown_as_a_table(tree: Path, tmp_path: Path) -> None:
    result = run("--commits", grow(tmp_path / "one"))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "Commits, asked by their subject for the files they changed"
    assert lines[1].split() == ["recall@10", "1.0000", "1.000-1.000", "3"]
    assert any(line.startswith("recall@10, repository one") for line in lines)
    assert lines[-1] == "note: one: only 3 suitable commits"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tree", "tree"], "need --commits"),
        (["--commits", "tree"], "not the top of a git checkout"),
        (["--commits", "nowhere"], "nowhere"),
        (["--judgements", "."], "belong together"),
        (["nowhere"], "nowhere"),
        ([".", "--details", "no/such/folder/file"], "no/such/folder/file"),
        (["--judgements", "tree", "--corpora", "."], "repos.json"),
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


def test_pasted_pieces_are_asked_for(tree: Path, tmp_path: Path) -> None:
    (tree / "mail.py").write_text(
        "def send(mail):\n    raise SystemExit('no server takes mails at this hour of the night')\n"
    )
    details = tmp_path / "details.jsonl"
    found = run_json(tree, "--pasted", "--limit-pieces", "0", "--details", details)["pasted"]
    assert found["pieces"]["string"] == {"mean": 1.0, "low": 1.0, "high": 1.0, "queries": 1}
    (row,) = [json.loads(line) for line in details.read_text().splitlines() if "night" in line]
    assert (row["family"], row["path"], row["rank"]) == ("pasted", "mail.py", 1)
    table = run(tree, "--pasted", "--limit-pieces", "0").output
    assert "MRR@10, string" in table
    refused = run(tree, "--pasted", "--commits")
    assert refused.exit_code == 2
    assert "give one of them" in refused.output
