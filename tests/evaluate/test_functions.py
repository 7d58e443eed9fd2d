"""Functions asked for by their documentation, on a tree with known ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from semindex.errors import RootError, UsageError
from semindex.evaluate.functions import FunctionReport, evaluate_functions

from .trees import COOKIES, write_tree
from .wordcount import WordCount, open_wordcount


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "tree")


def names(report: FunctionReport) -> set[str]:
    return {answer.task.name.rpartition(".")[2] for answer in report.answers}


ALL = {"parse_cookie", "dump_cookie", "Acquire", "Shutdown", "addMonths", "isLeap"}


def test_every_function_with_a_sentence_and_a_body_is_asked_for(tree: Path) -> None:
    report = evaluate_functions(tree, opener=open_wordcount)
    assert names(report) == ALL
    assert (report.askable, report.documented) == (6, 7)
    assert set(report.languages) == {"python", "go", "javascript"}
    assert report.functions.mrr.count == report.files.mrr.count == 6


def test_what_is_indexed_has_the_code_and_not_the_documentation(tree: Path) -> None:
    seen: dict[str, str] = {}

    @contextmanager
    def look(root: Path, index_dir: Path) -> Iterator[WordCount]:
        seen.update({path.name: path.read_text() for path in root.rglob("*") if path.is_file()})
        with open_wordcount(root, index_dir) as index:
            yield index

    evaluate_functions(tree, opener=look)
    assert set(seen) == {"cookies.py", "pool.go", "dates.js"}
    assert "browser" not in seen["cookies.py"]
    assert 'header.split(";")' in seen["cookies.py"]
    assert "whole months" not in seen["dates.js"]
    assert "addMonths" in seen["dates.js"]
    assert seen["cookies.py"].count("\n") == COOKIES.count("\n")


def test_hidden_names_are_not_in_what_is_indexed(tree: Path) -> None:
    seen: list[str] = []

    @contextmanager
    def look(root: Path, index_dir: Path) -> Iterator[WordCount]:
        seen.extend(path.read_text() for path in root.rglob("*") if path.is_file())
        with open_wordcount(root, index_dir) as index:
            yield index

    report = evaluate_functions(tree, hide_names=True, opener=look)
    assert report.names_hidden
    assert not any(name in text for name in ALL for text in seen)


def test_ranks_are_those_of_the_function_and_of_its_file(tree: Path) -> None:
    report = evaluate_functions(tree, opener=open_wordcount)
    for answer in report.answers:
        task, rank = answer.task, answer.function_rank
        assert rank is not None, f"{task.name} shares words with its sentence"
        shown = answer.places[rank - 1]
        assert shown.path == task.path
        assert shown.start_line <= task.end_line
        assert task.start_line <= shown.end_line
        for earlier in answer.places[: rank - 1]:
            assert earlier.path != task.path or not (
                earlier.start_line <= task.end_line and task.start_line <= earlier.end_line
            )
    ranks = [answer.function_rank for answer in report.answers]
    assert report.functions.recall_at_1.mean == pytest.approx(ranks.count(1) / 6)
    assert report.functions.mrr.mean == pytest.approx(sum(1 / rank for rank in ranks if rank) / 6)


def test_the_tree_is_left_as_it_was(tree: Path) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    evaluate_functions(tree, opener=open_wordcount)
    assert {path: path.read_bytes() for path in tree.rglob("*") if path.is_file()} == before


def test_a_sentence_that_two_functions_have_is_asked_for_neither(tree: Path) -> None:
    (tree / "twin.py").write_text(COOKIES.partition("\n\n\n")[2].partition("\n\n\n")[0] + "\n")
    report = evaluate_functions(tree, opener=open_wordcount)
    assert names(report) == ALL - {"parse_cookie"}


def test_a_draw_is_the_same_for_the_same_seed(tree: Path) -> None:
    first = evaluate_functions(tree, limit=3, seed=4, opener=open_wordcount)
    assert len(first.answers) == 3
    assert first.askable == 6
    assert names(first) == names(evaluate_functions(tree, limit=3, seed=4, opener=open_wordcount))
    draws = {
        frozenset(names(evaluate_functions(tree, limit=3, seed=seed, opener=open_wordcount)))
        for seed in range(8)
    }
    assert len(draws) > 1


def test_no_limit_asks_for_all(tree: Path) -> None:
    assert len(evaluate_functions(tree, limit=0, opener=open_wordcount).answers) == 6


def test_a_folder_without_documented_functions_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("def f(x):\n    return x\n")
    with pytest.raises(UsageError, match="no function with a sentence"):
        evaluate_functions(tmp_path, opener=open_wordcount)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RootError):
        evaluate_functions(tmp_path / "nowhere", opener=open_wordcount)
