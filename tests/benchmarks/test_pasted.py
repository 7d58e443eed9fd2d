"""Pieces of code asked for by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.quality.judging import Target, finds
from benchmarks.quality.pasted import CODE, LINES, STRING, evaluate_pasted
from semindex.errors import RootError, UsageError

from ..evaluate.wordcount import open_wordcount

LONG = '''\
def read_settings(path, section):
    """Read the settings of a section from a configuration file."""
    parser = ConfigParser(interpolation=None)
    opened = parser.read(path, encoding="utf-8")
    if not opened:
        raise SettingsError("there is no configuration file to read")
    known = parser.options(section)
    values = {name: parser.get(section, name) for name in known}
    return Settings(values, origin=path, section=section)
'''
TWIN = """\
def warn(logger):
    logger.warning("this message stands in two places")
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "settings.py").write_text(LONG)
    (tmp_path / "one.py").write_text(TWIN)
    (tmp_path / "two.py").write_text(TWIN.replace("warn(", "warn_again("))
    (tmp_path / "notes.md").write_text('"not a string constant of any code at all"\n')
    return tmp_path


def test_pieces_are_lines_and_strings_that_stand_in_one_place(tree: Path) -> None:
    report = evaluate_pasted(tree, limit=0, opener=open_wordcount)
    asked = {answer.task.name: answer.task for answer in report.answers}
    assert set(asked) == {CODE, STRING}
    assert len(report.answers) == 2
    assert asked[STRING].query == "there is no configuration file to read"
    lines = LONG.split("\n")
    code = asked[CODE]
    assert code.query.split("\n") == lines[code.start_line - 1 : code.end_line]
    assert code.end_line - code.start_line + 1 == LINES


def test_a_hit_shows_a_line_of_the_piece(tree: Path) -> None:
    report = evaluate_pasted(tree, limit=0, opener=open_wordcount)
    for answer in report.answers:
        task = answer.task
        target = Target(task.path, task.start_line, task.end_line)
        shown = [rank for rank, place in enumerate(answer.places, 1) if finds(place, target)]
        assert answer.function_rank == (shown[0] if shown else None)
    ranks = [answer.function_rank for answer in report.answers]
    assert report.mrr.mean == pytest.approx(sum(1 / rank for rank in ranks if rank) / 2)


def test_the_product_finds_them_first(tree: Path) -> None:
    report = evaluate_pasted(tree, limit=0)
    assert report.recall_at_1.mean == 1.0
    assert not (tree / ".semindex").exists()


def test_a_draw_is_the_same_for_the_same_seed(tree: Path) -> None:
    first, second = (evaluate_pasted(tree, limit=2, seed=3, opener=open_wordcount) for _ in range(2))
    assert [answer.task for answer in first.answers] == [answer.task for answer in second.answers]


def test_a_folder_without_pieces_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("x = 1\n")
    with pytest.raises(UsageError, match="occur once"):
        evaluate_pasted(tmp_path, opener=open_wordcount)
    with pytest.raises(RootError):
        evaluate_pasted(tmp_path / "nowhere", opener=open_wordcount)
