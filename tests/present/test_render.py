"""Plain text: what a pipe gets."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from semindex.present.render import (
    View,
    by_count,
    coverage_line,
    duration,
    failure_lines,
    place,
    plain,
    size,
    vimgrep,
    window,
)
from semindex.types import Hit, Place, Query

from .records import ALSO, COVERAGE, FAILURE, HIT, answer

LONG = "\n".join(f"line {number}" for number in range(1, 31)) + "\n"


def at_lines(*numbers: int) -> Hit:
    """A hit of 30 lines from line 101, in which the lines ``numbers`` (from 1) match."""
    starts = [LONG.index(f"line {number}\n") for number in numbers]
    return replace(
        HIT, start_line=101, end_line=130, text=LONG, spans=tuple((start, start + 4) for start in starts)
    )


def test_a_hit_of_score_0_is_one_line_where_the_best_is_likely_right() -> None:
    faint = replace(HIT, path="b.py", score=0.4, more=(ALSO,))
    lines = list(plain(answer(HIT, faint, faint), View()))
    assert lines[-3:] == ["", *["b.py:10-12: Jar.parse_cookie\tmethod\tpython\t0"] * 2]
    for best, other, view in (
        (replace(HIT, score=49.9), faint, View()),
        (HIT, replace(faint, score=0.5), View()),
        (HIT, faint, View(explain=True)),
    ):
        assert sum(line.startswith("    10: ") for line in plain(answer(best, other), view)) == 2


def test_plain_is_exactly_this() -> None:
    hits = answer(
        replace(HIT, more=(ALSO,)), replace(HIT, path="b.py", symbol=None, text="x = 1\n", spans=())
    )
    assert list(plain(hits, View(explain=True))) == [
        "asked: words",
        "",
        "src/cookies.py:10-12: Jar.parse_cookie\tmethod\tpython\t71",
        "    10: def parse_cookie(header):",
        "    11: \tjar = {}",
        "    12:     return jar",
        "    also: src/cookies.py:40-58: -\tblock\tpython\t40",
        "    why: names\t+0.7500\tparse, cookie",
        "    why: tests\t-0.5000\t",
        "    sum: +0.2500 points, for a score of 71",
        "",
        "b.py:10-12: -\tmethod\tpython\t71",
        "    10: x = 1",
        "    why: names\t+0.7500\tparse, cookie",
        "    why: tests\t-0.5000\t",
        "    sum: +0.2500 points, for a score of 71",
    ]


def test_explained_is_what_was_recognised_in_a_query() -> None:
    query = Query("a.py:3 \x1b", "a.py:3", kind="place", places=(Place("a.py\x1b", 3), Place("b.py")))
    (first, *_) = plain(replace(answer(HIT), query=query), View(explain=True))
    assert first == "asked: place (a.py␛:3, b.py)"


def test_without_text_hits_are_headers_one_a_line() -> None:
    lines = list(plain(answer(HIT, replace(HIT, path="b.py")), View(lines=0)))
    assert [line.split(":")[0] for line in lines] == ["src/cookies.py", "b.py"]


def test_a_stale_hit_says_so_instead_of_text() -> None:
    lines = list(plain(answer(replace(HIT, text=None, stale=True)), View()))
    assert lines[1:] == ["    (changed since it was indexed: no text)"]


@pytest.mark.parametrize(
    ("matching", "first"),
    [((), 101), ((1,), 101), ((12,), 101), ((20,), 109), ((2, 28, 29, 30), 119), ((13, 14), 103)],
)
def test_the_window_shows_most_matches_as_early_as_it_can(matching: tuple[int, ...], first: int) -> None:
    shown = window(at_lines(*matching), 12)
    assert shown.numbers == tuple(range(first, first + 12))
    assert (shown.before, shown.after) == (first - 101, 30 - 12 - (first - 101))
    assert shown.lines[0] == f"line {first - 100}"


@pytest.mark.parametrize(
    ("matching", "line", "first"),
    [((20,), 101, 101), ((1, 2), 120, 112), ((28, 29), 115, 107), ((), 130, 119), ((5,), 99, 101)],
)
def test_the_window_holds_the_line_to_be_shown_with_some_around_it(
    matching: tuple[int, ...], line: int, first: int
) -> None:
    shown = window(replace(at_lines(*matching), line=line), 12)
    assert shown.numbers == tuple(range(first, first + 12))
    assert (window(replace(at_lines(), line=115), 1).numbers) == (115,)


def test_a_window_larger_than_the_text_is_the_text() -> None:
    shown = window(HIT, 500)
    assert (shown.numbers, len(shown.lines), shown.before, shown.after) == ((10, 11, 12), 3, 0, 0)


@given(st.text(alphabet="ab\n\r\t\x1b\u2028", max_size=60), st.integers(0, 9), st.integers(0, 70))
def test_windows_number_the_lines_of_the_file(text: str, context: int, at: int) -> None:
    shown = window(replace(HIT, text=text, spans=((at, at + 1),), line=HIT.start_line + at), context)
    whole = text.removesuffix("\n").split("\n")
    assert not context or at >= len(whole) or HIT.start_line + at in shown.numbers
    assert shown.before + len(shown.lines) + shown.after == len(whole)
    assert shown.numbers == tuple(HIT.start_line + shown.before + at for at in range(len(shown.lines)))
    for line, original in zip(shown.lines, whole[shown.before :], strict=False):
        assert len(line) == len(original)


def test_a_long_line_is_cut() -> None:
    lines = list(plain(answer(replace(HIT, text="x" * 10_000_000)), View()))
    assert lines[1] == f"    10: {'x' * 500}…"


HOSTILE = replace(
    HIT,
    path="a\nb\x1b[2J.py",
    symbol="\x1b]0;title\x07",
    kind="k\n",
    lang="\x9b",
    text="\x1b[31mred\rover\x08\u202e\n",
    reasons=(HIT.reasons[0], replace(HIT.reasons[1], signal="s\x1b", detail="d\nx\ty")),
)


@pytest.mark.parametrize("shape", ["plain", "vimgrep"])
def test_hostile_fields_cannot_break_or_steer(shape: str) -> None:
    hits = answer(replace(HOSTILE, more=(HOSTILE,)))
    view = View(explain=True)
    lines = list(plain(hits, view))[2:] if shape == "plain" else list(vimgrep(hits, view))
    assert not [char for line in lines for char in line if char < " " and char != "\t"]
    assert not [char for line in lines for char in line if "\x7f" <= char <= "\x9f" or char == "\u202e"]
    assert lines[0].startswith('"a\\nb\\033[2J.py":10')
    assert len(lines) == (1 if shape == "vimgrep" else 6)


def test_vimgrep_points_at_the_first_match_in_bytes() -> None:
    text = "é = 1\n\tünd = cookie\n"
    at = text.index("cookie")
    hit = replace(HIT, text=text, spans=((at, at + 6), (0, 1)))
    assert list(vimgrep(answer(hit), View())) == [
        f"src/cookies.py:11:{len('_ünd = '.encode()) + 1}:\tünd = cookie"
    ]


def test_vimgrep_points_into_the_line_to_be_shown() -> None:
    text = "jar = cookie\n\tcookie = jar\nreturn\n"
    starts = (text.index("cookie"), text.rindex("cookie"))
    hit = replace(HIT, text=text, spans=tuple((start, start + 6) for start in starts))
    lines = list(vimgrep(answer(*(replace(hit, line=line) for line in (None, 11, 12))), View()))
    assert [line.split(":")[1:3] for line in lines] == [["10", "7"], ["11", "2"], ["12", "1"]]


def test_vimgrep_without_matches_or_text_points_at_the_start() -> None:
    bare = replace(HIT, spans=())
    gone = replace(HIT, text=None, spans=(), stale=True)
    assert list(vimgrep(answer(bare, gone), View())) == [
        "src/cookies.py:10:1:def parse_cookie(header):",
        "src/cookies.py:10:1:",
    ]


@pytest.mark.parametrize(
    ("base", "shown"),
    [
        (None, "src/cookies.py"),
        ("/repo", "src/cookies.py"),
        ("/", "repo/src/cookies.py"),
        ("/repo/src", "cookies.py"),
        ("/repo/tests", "../src/cookies.py"),
        ("/elsewhere", "/repo/src/cookies.py"),
        ("/repository", "/repo/src/cookies.py"),
    ],
)
def test_paths_open_from_where_the_reader_stands(base: str | None, shown: str) -> None:
    assert place(HIT, PurePosixPath(base) if base else None) == shown


def test_coverage_is_one_sentence() -> None:
    assert coverage_line(COVERAGE, 0.0234) == (
        "312 of 318 files indexed, 6 skipped (4 binary, 2 too large), fresh; 23 ms"
    )
    stale = replace(COVERAGE, seen=1, indexed=1, skipped={}, freshness="stale", changed=2)
    assert coverage_line(stale, 1.5) == "1 of 1 file indexed, stale (2 files changed); 1.50 s"
    assert "not checked for changes;" in coverage_line(replace(COVERAGE, freshness="unchecked"), 0.1)


def test_counts_order_by_number_then_name() -> None:
    assert by_count({"b": 1, "a": 1, "c": 2000}) == "2,000 c, 1 a, 1 b"
    assert by_count({"b": 1, "a": 1, "c": 2}, limit=2) == "2 c, 1 a, 1 more"
    assert by_count({}) == ""


def test_failures_are_listed_up_to_a_limit() -> None:
    lines = list(failure_lines([FAILURE] * 12))
    assert lines[0] == "bad.py: parse: analysis failed (took too long)"
    assert len(lines) == 11
    assert lines[-1].startswith("and 2 more")
    assert list(failure_lines([replace(FAILURE, path="a\nb", detail="")])) == [
        '"a\\nb": parse: analysis failed'
    ]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0004, "0 ms"), (0.9, "900 ms"), (1.234, "1.23 s"), (185, "3 min 05 s")]
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (3_200_000, "3.2 MB"),
        (210_000_000, "210 MB"),
        (5e12, "5000 GB"),
    ],
)
def test_sizes(number: float, shown: str) -> None:
    assert size(number) == shown


def test_empty_lines_between_the_cells_of_a_notebook_are_not_shown() -> None:
    hit = replace(
        HIT, text="a\n" + "\n" * 40 + "b\n\nc", start_line=10, end_line=53, cell=3, cell_line=1, spans=()
    )
    lines = list(plain(answer(hit), View(lines=2)))
    assert [line.strip() for line in lines[1:3]] == ["10: a", "51: b"]
    assert ":10-53 (cell 3, line 1): " in lines[0]


def test_a_part_of_a_long_function_says_which() -> None:
    (line,) = plain(answer(replace(HIT, part=2, parts=4)), View(lines=0))
    assert line == "src/cookies.py:10-12: Jar.parse_cookie (part 2 of 4)\tmethod\tpython\t71"
