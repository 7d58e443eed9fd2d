"""Progress bars: what they say, and when there is none."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from semindex.present.cli.progress import Drawing, amounts, drawn, rate
from semindex.types import Progress


class Terminal(io.StringIO):
    """Standard error, as a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def watched(columns: int = 100) -> Iterator[Terminal]:
    """A terminal on standard error, inside a test: pytest sets its own between fixture and test."""
    stream = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        patch.setenv("TERM", "xterm-256color")
        patch.setenv("COLUMNS", str(columns))
        yield stream


def test_nothing_is_drawn_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with drawn() as progress:
        assert progress is None


def test_quiet_draws_nothing() -> None:
    with watched(), drawn(quiet=True) as progress:
        assert progress is None


def test_quick_work_shows_no_bar() -> None:
    with watched() as terminal, drawn(delay=3600) as progress:
        assert progress is not None
        for done in range(100):
            progress(Progress("index", done, 100, "files"))
    assert terminal.getvalue() == ""


def test_work_shows_its_stage_amount_and_total() -> None:
    with watched() as terminal, drawn(delay=-1) as progress:
        assert progress is not None
        progress(Progress("walk", 10, None, "files"))
        progress(Progress("index", 5_000_000, 10_000_000, "bytes"))
    text = terminal.getvalue()
    assert "looking for files" in text
    assert "10 files" in text
    assert "indexing" in text
    assert "5.0 of 10.0 MB" in text


def test_the_bar_goes_away_after_an_error() -> None:
    with watched() as terminal, pytest.raises(RuntimeError), drawn(delay=-1) as progress:
        assert progress is not None
        progress(Progress("index", 1, 2, "files"))
        raise RuntimeError
    assert terminal.getvalue().endswith("\x1b[2K")


def test_steps_that_follow_at_once_are_dropped_but_the_last_is_not() -> None:
    now = [0.0]
    with watched():
        drawing = Drawing(clock=lambda: now[0])
        drawing.open()
        drawing(Progress("index", 1, 100, "files"))
        drawing(Progress("index", 2, 100, "files"))
        assert drawing.done == 1
        now[0] += 1
        drawing(Progress("index", 3, 100, "files"))
        assert drawing.done == 3
        drawing(Progress("index", 100, 100, "files"))
        assert drawing.done == 100
        drawing.close()


def test_the_bar_stands_before_the_work_says_anything_and_then_tells_the_last_step() -> None:
    with watched() as terminal:
        drawing = Drawing()
        drawing(Progress("walk", 7, None, "files"))
        assert terminal.getvalue() == ""
        drawing.open()
        drawing.close()
        assert "looking for files" in terminal.getvalue() and "7 files" in terminal.getvalue()
    with watched() as terminal, drawn(delay=-1):
        pass
    assert "starting" in terminal.getvalue()


def test_a_bar_that_is_closed_is_not_opened_by_a_late_timer() -> None:
    with watched() as terminal:
        drawing = Drawing()
        drawing.close()
        drawing.open()
        assert terminal.getvalue() == ""


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 120])
@pytest.mark.parametrize("stage", ["wait", "walk", "share", "index", "merge", "verify", "starting"])
def test_a_bar_is_one_line_however_narrow_the_terminal(columns: int, stage: str) -> None:
    with watched(columns) as terminal, drawn(delay=-1) as progress:
        assert progress is not None
        for done in (1_000_000, 29_999_999, 30_000_000):
            progress(Progress(stage, done, None if stage == "walk" else 30_000_000, "files"))
    lines = re.split("[\r\n]", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue()))
    assert all(len(line) <= columns for line in lines)
    assert terminal.getvalue().count("\n") == 1, "the one at the end, which is taken back"


@pytest.mark.parametrize(
    ("done", "total", "unit", "shown"),
    [
        (12, 300, "files", "12 of 300 files"),
        (1200, None, "files", "1,200 files"),
        (1_200_000, 30_000_000, "bytes", "1.2 of 30.0 MB"),
        (1_200_000, None, "bytes", "1.2 MB"),
    ],
)
def test_amounts(done: float, total: float | None, unit: str, shown: str) -> None:
    assert amounts(done, total, unit) == shown


def test_rates() -> None:
    assert rate(None, "files") == rate(1, "seconds") == ""
    assert rate(812.4, "files") == ", 812 files/s"
    assert rate(3_140_000, "bytes") == ", 3.1 MB/s"
