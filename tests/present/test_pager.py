"""What is longer than the screen: who shows it, on a terminal of its own."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from semindex.present.pager import command, rows

from .processes import FAKE, on_terminal, run
from .test_terminal import SGR

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")

MANY = {"FAKE_HITS": "60"}
MARK = {"SEMINDEX_PAGER": "sed s/^/PAGED:/"}


def paged(drawn: str) -> bool:
    return drawn.startswith("PAGED:")


@pytest.mark.parametrize(
    ("setting", "variables", "chosen"),
    [
        ("", {}, "less"),
        ("", {"PAGER": "more"}, "more"),
        ("most -w", {"PAGER": "more"}, "most -w"),
        ("cat", {"PAGER": "more"}, ""),
        ("", {"PAGER": ""}, ""),
        ("", {"PAGER": "cat"}, ""),
    ],
)
def test_the_pager_is_chosen_as_git_chooses(setting: str, variables: dict[str, str], chosen: str) -> None:
    assert command(setting, variables) == chosen


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a\nb", 2),
        ("x" * 10, 1),
        ("x" * 11, 2),
        ("\x1b[31m" + "x" * 10 + "\x1b[0m", 1),
        ("日" * 6, 2),
    ],
)
def test_rows_are_counted_as_a_terminal_breaks_lines(text: str, count: int) -> None:
    assert rows(text, 10) == count
    assert rows(f"\x1b]8;id=1;file://host/a/long/path\x1b\\{text}\x1b]8;;\x1b\\", 10) == count


def test_a_long_answer_goes_to_the_pager_in_colour(tmp_path: Path) -> None:
    code, drawn = on_terminal(["search", "x"], tmp_path, {**MANY, **MARK}, FAKE)
    assert code == 0
    lines = drawn.splitlines()
    assert all(line.startswith("PAGED:") for line in lines)
    assert SGR.sub("", lines[0]) == "PAGED:src/cookies.py:10-12  Jar.parse_cookie  (method, python)  71"
    assert "\x1b[1;31mparse" in drawn
    assert "best:" not in drawn


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["search", "x"], {}),
        (["search", "x", "--no-pager"], MANY),
        (["search", "x", "--set", "PAGER=cat"], MANY),
        (["search", "x", "--json"], MANY),
        (["search", "x"], {**MANY, "TERM": "dumb"}),
        (["languages", "go"], {}),
        (["languages", "--no-pager"], {}),
    ],
)
def test_no_pager_where_none_is_wanted_or_needed(
    tmp_path: Path, words: list[str], extra: dict[str, str]
) -> None:
    code, drawn = on_terminal(words, tmp_path, {**MARK, **extra}, FAKE)
    assert code == 0
    assert "PAGED" not in drawn


def test_a_pipe_is_not_paged(tmp_path: Path) -> None:
    done = run(["search", "x", "--color", "always"], tmp_path, {**MANY, **MARK}, FAKE)
    assert b"PAGED" not in done.stdout


def test_all_languages_are_paged(tmp_path: Path) -> None:
    code, drawn = on_terminal(["languages"], tmp_path, MARK, FAKE)
    assert (code, paged(drawn)) == (0, True)


def test_a_long_answer_without_a_pager_ends_with_the_best_hit(tmp_path: Path) -> None:
    _, drawn = on_terminal(["search", "x", "--no-pager"], tmp_path, MANY, FAKE)
    assert SGR.sub("", drawn).splitlines()[-1] == "best: src/cookies.py:10-12  Jar.parse_cookie"
    _, short = on_terminal(["search", "x", "--no-pager"], tmp_path, None, FAKE)
    assert "best:" not in short


@pytest.mark.parametrize("pager", ["no-such-pager", "no-such-pager --flag"])
def test_a_pager_that_cannot_be_run_hides_nothing(tmp_path: Path, pager: str) -> None:
    code, drawn = on_terminal(["search", "x"], tmp_path, {**MANY, "SEMINDEX_PAGER": pager}, FAKE)
    assert code == 0
    assert f"semindex: the pager '{pager}' cannot be run" in drawn
    assert SGR.sub("", drawn).count("src/cookies.py:10-12") == 61


def test_a_pager_that_is_left_early_is_no_error(tmp_path: Path) -> None:
    extra = {"FAKE_HITS": "600", "SEMINDEX_PAGER": "head -n 1"}
    code, drawn = on_terminal(["search", "x"], tmp_path, extra, FAKE)
    assert (code, len(drawn.splitlines())) == (0, 1)


@pytest.mark.skipif(shutil.which("less") is None, reason="no less here")
def test_less_shows_the_first_page_with_links_and_colours(tmp_path: Path) -> None:
    extra = {**MANY, "FORCE_HYPERLINK": "1"}
    code, drawn = on_terminal(["search", "x"], tmp_path, extra, FAKE, typed=b"q", after=b":")
    assert code == 0
    assert re.search(r"\x1b\[[0-9;]*36m", drawn)
    assert 1 <= SGR.sub("", drawn).count("cookies.py:10-12") < 30
