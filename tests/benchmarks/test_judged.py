"""Judged sets: reading them, and the figures they give, on repositories made here."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality.judged import evaluate_judged, half_of, load_judgements
from benchmarks.quality.judging import Target
from semindex.errors import UsageError

from ..evaluate.wordcount import open_wordcount

PINNED = "0" * 40


def write_set(folder: Path, repositories: list[dict[str, Any]], annotations: dict[str, Any]) -> Path:
    (folder / "annotations").mkdir(parents=True)
    (folder / "repos.json").write_text(json.dumps(repositories))
    for name, content in annotations.items():
        (folder / "annotations" / f"{name}.json").write_text(json.dumps(content))
    return folder


def write_files(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    root = tmp_path / "corpora"
    write_files(
        root / "web",
        {
            "src/web/app.py": "routes routes routes\nsession\n",
            "src/web/inner/app.py": "cookies cookies\n",
            "src/web/session.py": "session session\n",
            "docs/guide.md": "cookies routes session\n" * 9,
        },
    )
    write_files(root / "tool", {"main.c": "parse\n" * 3 + "\n" * 30 + "emit\n", "other.c": "emit emit\n"})
    return root


@pytest.fixture
def judgements(tmp_path: Path) -> Path:
    return write_set(
        tmp_path / "set",
        [
            {"name": "web", "language": "python", "revision": PINNED, "benchmark_root": "src/web"},
            {"name": "tool", "language": "c", "benchmark_root": None},
            {"name": "absent", "language": "go", "revision": PINNED},
        ],
        {
            "web": [
                {"query": "routes", "relevant": ["src/web/app.py"], "secondary": []},
                {"query": "how session", "relevant": ["src/web/app.py"]},
                {"query": "cookies here", "relevant": ["src/web/app.py"], "category": "semantic"},
                {"query": "gone", "relevant": ["src/web/removed.py"], "secondary": []},
            ],
            "tool": [
                {
                    "query": "emit",
                    "relevant": [{"path": "main.c", "start_line": 34, "end_line": 34}],
                    "secondary": ["other.c"],
                    "seed": {"unknown": "keys are left alone"},
                },
            ],
            "absent": [{"query": "x", "relevant": ["x.go"]}],
        },
    )


def test_a_set_is_read_with_its_defaults(judgements: Path) -> None:
    web, tool, _ = load_judgements(judgements)
    assert [judgement.category for judgement in web.judgements] == [
        "symbol",
        "architecture",
        "semantic",
        "symbol",
    ]
    assert (web.benchmark_root, tool.benchmark_root, tool.revision) == ("src/web", "", None)
    assert tool.judgements[0].targets == (Target("main.c", 34, 34), Target("other.c"))
    assert load_judgements(judgements / "repos.json") == load_judgements(judgements)


def test_the_figures_are_those_computed_by_hand(judgements: Path, corpora: Path) -> None:
    report = evaluate_judged(judgements, corpora, opener=open_wordcount)
    second = 1 / math.log2(3)
    by_query = {answer.query: answer.ndcg for answer in report.answers}
    # "cookies here" finds inner/app.py only, which is not the app.py that was wanted.
    assert by_query == pytest.approx({"routes": 1.0, "how session": second, "cookies here": 0.0, "emit": 1.0})
    assert report.ndcg.mean == pytest.approx((2 + second) / 4)
    assert report.ndcg.low <= report.ndcg.mean <= report.ndcg.high
    assert report.languages["python"].mean == pytest.approx((1 + second) / 3)
    assert {name: found.count for name, found in report.categories.items()} == {
        "architecture": 1,
        "semantic": 1,
        "symbol": 2,
    }
    assert set(report.repositories) == {"web", "tool"}
    assert report.mrr.mean == pytest.approx((1 + 0.5 + 0 + 1) / 4)
    assert report.recall.mean == pytest.approx(0.75)
    assert (report.chunks, report.index_seconds) == (10, 1.0)
    assert 0 < report.query_p50_ms <= report.query_p95_ms


def test_queries_without_any_existing_target_are_left_out_and_counted(
    judgements: Path, corpora: Path
) -> None:
    report = evaluate_judged(judgements, corpora, opener=open_wordcount)
    assert report.left_out == 1
    assert "gone" not in {answer.query for answer in report.answers}


def test_only_the_folder_to_index_is_indexed_and_paths_start_at_the_repository(
    judgements: Path, corpora: Path
) -> None:
    report = evaluate_judged(judgements, corpora, opener=open_wordcount)
    paths = {place.path for answer in report.answers for place in answer.places}
    assert "src/web/app.py" in paths
    assert not any(path.startswith("docs/") for path in paths)


def test_targets_relative_to_the_folder_to_index_count_too(tmp_path: Path, corpora: Path) -> None:
    judged = write_set(
        tmp_path / "relative",
        [{"name": "web", "benchmark_root": "src/web"}],
        {"web": [{"query": "cookies", "relevant": ["inner/app.py"]}]},
    )
    report = evaluate_judged(judged, corpora, opener=open_wordcount)
    assert (report.left_out, report.ndcg.mean) == (0, 1.0)


def test_missing_repositories_and_other_revisions_are_named(judgements: Path, corpora: Path) -> None:
    report = evaluate_judged(judgements, corpora, opener=open_wordcount)
    assert report.notes == (
        f"web: at an unknown revision, judged at {PINNED}",
        "absent: not in the corpora, left out",
    )


def test_the_pinned_revision_gives_no_note(tmp_path: Path, corpora: Path) -> None:
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(corpora / "tool")]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    judged = write_set(
        tmp_path / "pinned",
        [{"name": "tool", "revision": head.stdout.strip()}],
        {"tool": [{"query": "parse", "relevant": ["main.c"]}]},
    )
    assert evaluate_judged(judged, corpora, opener=open_wordcount).notes == ()


def test_indexes_stay_where_they_are_wanted(judgements: Path, corpora: Path, tmp_path: Path) -> None:
    evaluate_judged(judgements, corpora, index_dir=tmp_path / "kept", opener=open_wordcount)
    assert sorted(path.parent.name for path in (tmp_path / "kept").rglob("marker")) == ["tool", "web"]


def test_halves_share_no_repository_and_together_are_the_whole(judgements: Path, corpora: Path) -> None:
    halves = {half_of("web"), half_of("tool")}
    assert halves == {"a", "b"}, "the two names must differ for this test to say anything"
    a = evaluate_judged(judgements, corpora, half="a", opener=open_wordcount)
    b = evaluate_judged(judgements, corpora, half="b", opener=open_wordcount)
    assert {*a.repositories} | {*b.repositories} == {"web", "tool"}
    assert not {*a.repositories} & {*b.repositories}


def test_a_set_none_of_which_is_there_is_an_error(judgements: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none of the judged repositories"):
        evaluate_judged(judgements, tmp_path / "nowhere", opener=open_wordcount)


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "not a file of judgements"), ('[{"language": "c"}]', "name"), ("[3]", "Expected `object`")],
)
def test_a_broken_list_is_refused_by_name(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "repos.json").write_text(content)
    with pytest.raises(UsageError, match=message) as caught:
        load_judgements(tmp_path)
    assert "repos.json" in str(caught.value)


def test_a_missing_annotation_file_is_named(tmp_path: Path) -> None:
    write_set(tmp_path / "set", [{"name": "web"}], {})
    with pytest.raises(UsageError, match=r"web\.json"):
        load_judgements(tmp_path / "set")
