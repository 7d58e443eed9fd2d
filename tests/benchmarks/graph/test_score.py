"""Calls are joined with the truth by place, and each edge is right, wrong or not counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.graph.__main__ import main
from benchmarks.graph.report import table
from benchmarks.graph.score import EDGE_TIERS, Call, CallTarget, Score, Tier, score
from benchmarks.graph.truth import Site, Target, Truth, Verdict, merged, read_truth, write_truth

DEFINITION = Target("a.py", 3)
CONSTRUCTOR = Target("a.py", 4)
ELSEWHERE = CallTarget("b.py", 9, "b.other")
RIGHT = CallTarget("a.py", 3, "a.f")
SITES = [
    Site(10, 5, "f", True, Verdict.INTERNAL, (DEFINITION, CONSTRUCTOR)),
    Site(11, 5, "f", True, Verdict.INTERNAL, (DEFINITION,)),
    Site(12, 5, "f", False, Verdict.INTERNAL, (DEFINITION,)),
    Site(13, 5, "len", True, Verdict.EXTERNAL),
    Site(14, 5, "callback", True, Verdict.VALUE),
    Site(15, 5, "g", True, Verdict.BROKEN, (), "a fault"),
]
TRUTH = Truth("python", "an oracle 1.0", "repository", "abc", {"a.py": SITES})


def call(line: int, tier: Tier, *targets: CallTarget, name: str = "f", path: str = "a.py") -> Call:
    return Call(path, line, 5, name, tier, targets)


def scored(*calls: Call, truth: Truth = TRUTH) -> Score:
    return score(calls, truth, (".py",))


def test_an_edge_to_the_definition_or_its_constructor_is_right() -> None:
    constructor = CallTarget("a.py", 4)
    result = scored(call(10, Tier.RESOLVED, constructor), call(11, Tier.RESOLVED, RIGHT))

    edges = result.tiers[Tier.RESOLVED]
    assert (edges.right, edges.wrong, edges.found, result.internal) == (2, 0, 2, 2)
    assert result.precision([Tier.RESOLVED]) == result.recall([Tier.RESOLVED]) == 1.0
    assert result.details == []


def test_each_target_beside_the_right_one_is_a_wrong_edge() -> None:
    result = scored(call(10, Tier.RESOLVED, RIGHT, ELSEWHERE))

    edges = result.tiers[Tier.RESOLVED]
    assert (edges.right, edges.wrong, edges.found) == (1, 1, 1)
    wrong, missed = result.details
    assert (wrong.problem, wrong.line, wrong.truth) == ("wrong", 10, ("a.py:3", "a.py:4"))
    assert (missed.problem, missed.line, missed.tier) == ("missed", 11, "no call here")


def test_an_edge_where_the_oracle_says_external_is_wrong() -> None:
    result = scored(call(13, Tier.SCOPED, RIGHT, name="len"))

    assert (result.tiers[Tier.SCOPED].right, result.tiers[Tier.SCOPED].wrong) == (0, 1)
    assert result.details[0].truth == ("external",)


def test_external_is_right_only_where_the_oracle_says_so_and_finds_nothing() -> None:
    result = scored(call(13, Tier.EXTERNAL, name="len"), call(10, Tier.EXTERNAL))

    assert (result.external_right, result.external_wrong) == (1, 1)
    assert result.recall(EDGE_TIERS) == 0.0
    assert [detail.tier for detail in result.details if detail.line == 10] == ["external"]


@pytest.mark.parametrize(
    ("site", "counted"),
    [
        (call(14, Tier.RESOLVED, RIGHT, name="callback"), "value"),
        (call(99, Tier.RESOLVED, RIGHT), "open"),
        (call(10, Tier.RESOLVED, RIGHT, name="other"), "open"),
        (call(1, Tier.RESOLVED, RIGHT, path="c.py"), "elsewhere"),
    ],
)
def test_what_the_oracle_does_not_know_counts_neither_way(site: Call, counted: str) -> None:
    result = scored(site)

    assert getattr(result, counted) == 1
    assert result.precision(EDGE_TIERS) is None


def test_faults_of_the_oracle_are_counted_by_their_reason() -> None:
    result = scored(call(15, Tier.RESOLVED, ELSEWHERE, name="g"))

    assert dict(result.broken) == {"a fault": 1}
    assert result.precision([Tier.RESOLVED]) is None


def test_a_reference_that_is_no_call_for_the_oracle_counts_for_precision_only() -> None:
    result = scored(call(12, Tier.RESOLVED, RIGHT))

    assert (result.tiers[Tier.RESOLVED].right, result.tiers[Tier.RESOLVED].found, result.internal) == (
        1,
        0,
        2,
    )


def test_a_hidden_guess_is_missed_by_what_is_stated() -> None:
    result = scored(call(10, Tier.NAME, RIGHT), call(11, Tier.RESOLVED, RIGHT))

    assert (result.recall([Tier.RESOLVED]), result.recall([Tier.RESOLVED, Tier.NAME])) == (0.5, 1.0)
    assert [(detail.problem, detail.line, detail.tier) for detail in result.details] == [
        ("missed", 10, "name")
    ]


def test_files_of_other_languages_are_not_told_as_unanalysed() -> None:
    assert scored(call(1, Tier.RESOLVED, RIGHT, path="c.go")).elsewhere == 0


def test_several_answers_at_a_place_become_one_that_prefers_definitions_of_the_repository() -> None:
    union = [
        Site(1, 1, "f", False, Verdict.EXTERNAL),
        Site(1, 1, "f", True, Verdict.INTERNAL, (CONSTRUCTOR,)),
        Site(1, 1, "f", False, Verdict.INTERNAL, (DEFINITION,)),
    ]

    assert merged(union) == [Site(1, 1, "f", True, Verdict.INTERNAL, (DEFINITION, CONSTRUCTOR))]


def test_a_truth_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_truth(TRUTH, tmp_path / "truth.json")

    assert read_truth(tmp_path / "truth.json") == TRUTH


def test_the_command_prints_the_table_and_writes_the_details(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_truth(TRUTH, tmp_path / "truth.json")
    printed = {
        "path": "a.py", "line": 10, "column": 5, "name": "f", "tier": "resolved",
        "targets": [{"path": path, "line": line, "symbol": "f"} for path, line in (("a.py", 3), ("b.py", 1))],
    }  # fmt: skip
    (tmp_path / "calls").write_text(json.dumps(printed) + "\n", "utf-8")
    command = ["score", "--language", "python", "--calls", str(tmp_path / "calls")]
    command += ["--truth", str(tmp_path / "truth.json"), "--details", str(tmp_path / "details")]

    assert main(command) == 0
    assert "| repository | resolved | 1 | 1 | 0.5000 | 0.5000 |" in capsys.readouterr().out
    details = [json.loads(line) for line in (tmp_path / "details").read_text("utf-8").splitlines()]
    assert [(detail["problem"], detail["line"]) for detail in details] == [("wrong", 10), ("missed", 11)]


def test_a_file_that_holds_no_calls_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_truth(TRUTH, tmp_path / "truth.json")
    (tmp_path / "calls").write_text("no JSON\n", "utf-8")
    command = ["score", "--language", "python", "--calls", str(tmp_path / "calls")]

    assert main([*command, "--truth", str(tmp_path / "truth.json")]) == 2
    assert "benchmarks.graph: " in capsys.readouterr().err


def test_the_mean_is_of_repositories_not_of_edges() -> None:
    half = scored(call(10, Tier.RESOLVED, RIGHT))
    all_found = scored(call(10, Tier.RESOLVED, RIGHT), call(11, Tier.RESOLVED, RIGHT))

    assert "precision 1.0000, recall 0.7500" in table([half, all_found])


def test_a_kept_truth_of_another_revision_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    write_truth(TRUTH, tmp_path / "python-repository.json")

    assert main(["run", "--language", "python", str(root), "--truths", str(tmp_path)]) == 2
    assert "is about revision abc of repository" in capsys.readouterr().err
