"""The committed benchmarks run, on a small tree, as ``benchmarks/README.md`` says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..evaluate.trees import write_tree
from ..tiny_models import cross_encoder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def run(module: str, *words: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "SEMINDEX_CONFIG": os.devnull},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_program(file: Path, body: str) -> Path:
    file.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    file.chmod(0o755)
    return file


def test_quality_compares_a_run_with_an_earlier_one(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree")
    first = run("quality.run", tmp_path / "first", "--tree", tree)
    assert re.search(r"^functions +file_mrr +\d\.\d{4}", first, re.MULTILINE)
    assert "note: commits, tree: left out: " in first, "no history, and that is said"
    second = run("quality.run", tmp_path / "second", "--tree", tree, "--against", tmp_path / "first")
    figures = [line for line in second.splitlines() if line.startswith("functions")]
    assert len(figures) == len([line for line in first.splitlines() if line.startswith("functions")]) >= 8
    assert all(line.endswith("+0.0000 [+0.0000, +0.0000]") for line in figures)


def test_quality_fails_when_a_family_fell(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree")
    run("quality.run", tmp_path / "first", "--tree", tree, "--families", "functions")
    kept = tmp_path / "first" / "queries.jsonl"
    rows = [json.loads(line) for line in kept.read_text().splitlines()]
    for row in rows:
        row["figures"]["mrr"] += 0.5
    kept.write_text("".join(json.dumps(row) + "\n" for row in rows))
    against = ("--families", "functions", "--against", tmp_path / "first")
    with pytest.raises(AssertionError, match="fell by more than noise: functions"):
        run("quality.run", tmp_path / "again", "--tree", tree, *against)


def test_quality_compares_re_ranked_with_plain_in_one_run(tmp_path: Path) -> None:
    tree, out = write_tree(tmp_path / "tree"), tmp_path / "out"
    model = cross_encoder(tmp_path / "model", max_tokens=100)
    families = ("--families", "functions")
    shown = run("quality.run", out, "--tree", tree, *families, "--rerank", model)
    assert re.search(r"^functions +mrr +\d\.\d{4} .* [+-]\d\.\d{4} \[", shown, re.MULTILINE)
    assert re.search(r"^re-ranked: query p50 \d+\.\d ms", shown, re.MULTILINE)
    run("quality.run", tmp_path / "alone", "--tree", tree, *families)
    kept = [
        [
            (row["key"], row["figures"])
            for row in map(json.loads, (folder / "queries.jsonl").read_text().splitlines())
        ]
        for folder in (out / "plain", tmp_path / "alone")
    ]
    assert kept[0] == kept[1] != []


@pytest.mark.parametrize("read", ["text", "all"])
def test_latency_times_each_step(tmp_path: Path, read: str) -> None:
    tree = write_tree(tmp_path / "tree")
    queries = tmp_path / "queries.txt"
    queries.write_text("count words\nread a file\nload\n")
    against = ("--against", ROOT / "src", "--rounds", "1", "--read", read)
    shown = run("latency", tree, "--queries", queries, *against)
    figures = re.findall(r"^  (ranking|hits|search|search and read) +(\d+\.\d\d)", shown, re.MULTILINE)
    assert [step for step, _ in figures] == ["ranking", "hits", "search", "search and read"] * 2
    for checkout in (figures[:4], figures[4:]):
        ranking, hits, search, both = (float(milliseconds) for _, milliseconds in checkout)
        assert 0 < ranking <= search <= both
        assert hits <= both


def test_moves_are_those_between_modules(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree")
    shown = run("moves", tree, "--query", "count words", "--pairs", "1000")
    match = re.search(r"^'count words': (\d+) modules, (\d+) moves, (\d+) calls$", shown, re.MULTILINE)
    assert match
    modules = re.findall(r"^  (semindex\.\S+) +moved to +(\d+), calls +(\d+)$", shown, re.MULTILINE)
    pairs = re.findall(r"^ +(\d+) (\S+) -> (\S+)$", shown, re.MULTILINE)
    assert [len(modules), sum(int(times) for times, *_ in pairs)] == [int(match[1]), int(match[2])]
    assert sum(int(calls) for *_, calls in modules) == int(match[3])
    assert all(origin != to for _, origin, to in pairs)
    assert {"semindex.index", "semindex.search.ranker", "semindex.search.hits"} <= {
        name for name, *_ in modules
    }


def test_start_measures_each_command(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree")
    body = "from semindex.client import main\nsys.exit(main())"
    program = write_program(tmp_path / "semindex", body)
    shown = run("start", tree, "--rounds", "1", "--semindex", program)
    times = re.findall(r"^(semindex .+?)\s+(\d+) ms", shown, re.MULTILINE)
    assert [name for name, _ in times] == [
        "semindex index, then search, cold",
        "semindex search, cold",
        "semindex search, warm",
        "semindex --help",
        "semindex search, daemon",
        "semindex search, daemon, --no-refresh",
    ]
    assert all(int(milliseconds) > 0 for _, milliseconds in times)
    assert not (tree / ".semindex").exists()


def test_start_takes_no_time_of_a_program_that_fails(tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "tree")
    program = write_program(tmp_path / "semindex", "sys.exit('broken on purpose')")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.start", tree, "--semindex", program],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "broken on purpose" in done.stderr
    assert " ms" not in done.stdout
