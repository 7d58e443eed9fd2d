"""Exact search answers as ripgrep does, and the benchmark that compares them notices when it does not."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

import semindex
from benchmarks import exact
from benchmarks.exact_asking import Outcome, Ran, Tree, compare, nameless
from benchmarks.exact_edits import Edits
from benchmarks.exact_inside import compare_inside
from benchmarks.exact_patterns import SORTS, Lines, Question, draw
from semindex.config import Settings
from semindex.exact.ripgrep import find_program

from ..exact.trees import ODD, plant_odd
from ..product import PROJECT, environment, plant, run_module

SOME = 40
MANY = 600


def forked(words: Sequence[str], folder: Path) -> Ran:
    code, out, told = run_module("semindex", words, folder, environment())
    return Ran(code, out, nameless("semindex", told), 0.001)


def indexed(root: Path, scratch: Path) -> Tree:
    for path in root.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            os.utime(path, (1_700_000_000, 1_700_000_000))
    with semindex.open(root, index_dir=scratch / "index") as index:
        index.refresh()
    return Tree(root, scratch / "index", scratch / "rules", find_program(Settings()))


def plant_some(root: Path) -> Path:
    """Odd files and plain ones, so few that a question takes little time."""
    plant(root, ODD)
    shutil.copytree(
        PROJECT / "src/semindex/exact", root / "src", ignore=shutil.ignore_patterns("__pycache__")
    )
    return root


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    scratch = tmp_path_factory.mktemp("exact")
    return indexed(plant_some(scratch / "tree"), scratch)


def questions(tree: Tree, number: int, seed: int = 0) -> list[Question]:
    return draw(Lines(tree.root, tree.paths, random.Random(seed)), number)


def differences(outcomes: Iterator[Outcome]) -> list[str]:
    found = list(outcomes)
    assert sum(each.files > 0 for each in found) > len(found) / 2, "most patterns have a match"
    return [each.difference for each in found if each.difference]


def test_exact_search_answers_as_ripgrep(tree: Tree) -> None:
    assert differences(exact.ask(tree, questions(tree, SOME), forked, plans=False)) == []


@pytest.mark.slow
def test_an_open_index_answers_as_ripgrep_after_edits(tmp_path: Path) -> None:
    root = plant_odd(tmp_path / "tree")
    (
        root / "odd" / "new\nline.txt"
    ).unlink()  # with such a name all lines are compared as JSON, which is slow
    tree = indexed(root, tmp_path)
    before = set(tree.paths)
    edits = Edits(tree.root, tree.paths, random.Random(0))
    with semindex.open(tree.root, index_dir=tree.index_dir) as index:
        assert index.grep("needle").total_matches > 0
        edits.make(45)
        tree.look()
        assert len(before - set(tree.paths)) > 7
        assert len(set(tree.paths) - before) > 7
        touched = [path for path in edits.touched if path in tree.paths]
        asked = draw(Lines(tree.root, touched, random.Random(0)), len(SORTS))
        assert differences(exact.ask(tree, asked, forked, index=index)) == []


@pytest.mark.slow
def test_exact_search_answers_many_questions_as_ripgrep(tmp_path: Path) -> None:
    tree = indexed(plant_odd(tmp_path / "tree"), tmp_path)
    assert differences(exact.ask(tree, questions(tree, MANY, seed=1), forked, plans=False)) == []
    edits = Edits(tree.root, tree.paths, random.Random(1))
    with semindex.open(tree.root, index_dir=tree.index_dir) as index:
        for turn in range(4):
            edits.make(60)
            tree.look()
            asked = questions(tree, MANY // 8, seed=turn)
            assert differences(exact.ask(tree, asked, forked, plans=False)) == []
            assert differences(exact.ask(tree, asked, forked, index=index)) == []


def test_every_sort_is_drawn_as_often(tree: Tree) -> None:
    counts = Counter(each.sort for each in questions(tree, 2 * len(SORTS)))
    assert counts == dict.fromkeys(SORTS, 2)
    assert questions(tree, SOME) == questions(tree, SOME)
    assert questions(tree, SOME) != questions(tree, SOME, seed=1)


def test_a_lost_line_is_noticed(tree: Tree) -> None:
    def lossy(words: Sequence[str], folder: Path) -> Ran:
        ran = forked(words, folder)
        return replace(ran, out=ran.out[ran.out.find(b"\n") + 1 :])

    question = Question("identifier", ("needle",), ("-w",))
    told = compare(tree, question, lossy)
    assert told.difference.startswith("only ripgrep: ")
    assert f"cd {tree.root} && semindex grep" in told.difference
    assert not told.rg_differs
    assert compare(tree, question, forked).difference == ""


def test_another_exit_code_and_another_message_are_noticed(tree: Tree) -> None:
    question = Question("wrong", ("(",))
    assert compare(tree, question, forked).difference == ""
    quiet = compare(tree, question, lambda words, folder: replace(forked(words, folder), told=b""))
    assert "only ripgrep: b'regex parse error:" in quiet.difference
    found = compare(tree, question, lambda words, folder: replace(forked(words, folder), code=1))
    assert "exit code 1, ripgrep's 2" in found.difference


def test_wrong_counts_of_an_open_index_are_noticed(tree: Tree) -> None:
    class Counting:
        def grep(self, *words: object, **more: object) -> object:
            with semindex.open(tree.root, index_dir=tree.index_dir) as index:
                found = index.grep(*words, **more)  # type: ignore[arg-type]
            return replace(found, total_matches=found.total_matches + 1)

    told = compare_inside(tree, Question("call", ("needle",)), Counting())  # type: ignore[arg-type]
    assert told is not None
    assert " lines, ripgrep's " in told.difference


def test_ripgrep_is_given_the_files_of_the_walk(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    for path in ("kept.py", "node_modules/a/x.py", "out/a.o", "out/odd [!a] {b}#.o ", ".hid/x.py", "a/!x"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("needle\n")
    (root / ".gitignore").write_text("*.o*\n")
    (root / ".ignore").write_text("kept.py\n")
    tree = Tree(root, tmp_path / "index", tmp_path / "rules", find_program(Settings()))
    ran = tree.rg([*tree.words, "-c", "needle", "--sort=path"], root)
    found = [line.rpartition(b":")[0].decode() for line in ran.out.splitlines()]
    assert found == sorted(tree.paths)
    assert not {"out/a.o", "node_modules/a/x.py", ".hid/x.py"} & set(found)


def test_the_command_prints_a_row_a_sort_and_what_the_index_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "paint.py").write_text("def paint_wall(brush):\n    return brush('a long red stroke')\n" * 40)
    words = [str(root), "--patterns", "5", "--in-process", "--details", str(tmp_path / "details.jsonl")]
    assert exact.main([*words, "--semindex", str(_program(tmp_path))]) == 0
    told = capsys.readouterr().out
    assert "tree: 1 files, source 0.0 MB, trigrams 0.0 MB (" in told
    assert "| all | 5 | 5 | 0 | 0 |" in told
    assert len((tmp_path / "details.jsonl").read_text().splitlines()) == 5


@pytest.mark.slow
@pytest.mark.parametrize("mode", [[], ["--edit"], ["--while-building"], ["--edit", "--while-building"]])
def test_the_command_finds_no_difference(
    mode: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = plant_odd(tmp_path / "tree")
    program = ["--semindex", str(_program(tmp_path))]
    assert exact.main([str(root), "--patterns", "50", *mode, *program]) == 0
    assert exact.main([str(root), "--patterns", "50", *mode, *program, "--in-process"]) == 0
    assert "50 questions, 0 unequal" in capsys.readouterr().out


def _program(folder: Path) -> Path:
    import sys

    file = folder / "semindex"
    file.write_text(f"#!{sys.executable}\nimport sys\nfrom semindex.client import main\nsys.exit(main())\n")
    file.chmod(0o755)
    return file
