"""The terminal's display, on hand-made records."""

from __future__ import annotations

import io
import platform
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from semindex.present.hyperlinks import are_taken, without_links
from semindex.present.render import View
from semindex.present.terminal import ENDLESS, console, highlighted, show
from semindex.types import Hits, Reason

from .records import ALSO, COVERAGE, HIT, answer
from .test_render import HOSTILE, at_lines

SGR = re.compile(r"\x1b\[[0-9;]*m")


def shown(hits: Hits, view: View | None = None, *, colour: bool = False, width: int = 100) -> str:
    stream = io.StringIO()
    show(hits, view or View(), console(stream, colour=colour, width=width))
    return stream.getvalue()


def test_a_hit_reads_like_this() -> None:
    notes = replace(COVERAGE, notes=("only below src/",))
    text = shown(answer(replace(HIT, more=(ALSO,)), coverage=notes), View(explain=True))
    assert [line.rstrip() for line in text.splitlines()] == [
        "asked: words",
        "src/cookies.py:10-12  Jar.parse_cookie  (method, python)  71",
        "  10 │ def parse_cookie(header):",
        "  11 │     jar = {}",
        "  12 │     return jar",
        "  also: lines 40-58 block",
        "  names  +0.750  parse, cookie",
        "  tests  -0.500",
        "  sum    +0.250  points, for a score of 71",
        "",
        "312 of 318 files indexed, 6 skipped (4 binary, 2 too large), fresh; 23 ms",
        "note: only below src/",
    ]


def test_colour_never_emits_no_escape_and_always_does() -> None:
    assert "\x1b" not in shown(answer(HIT), colour=False)
    assert "\x1b[" in shown(answer(HIT), colour=True)


def test_colour_changes_no_character() -> None:
    hits = answer(replace(HIT, more=(ALSO,)), HOSTILE)
    view = View(explain=True)
    assert SGR.sub("", shown(hits, view, colour=True)) == shown(hits, view, colour=False)


def test_matches_are_emphasised_where_they_stand() -> None:
    coloured = shown(answer(HIT), colour=True)
    assert re.findall(r"\x1b\[1;31m([^\x1b]*)", coloured) == ["parse", "cookie"]


@pytest.mark.parametrize("language", ["python", "csharp", "tsx", "bash", "text", "no such language", "sql"])
def test_highlighting_keeps_every_character(language: str) -> None:
    text = "\n\n  def x(): \r\n\treturn 'é' # ✓\n\n"
    assert highlighted(text, language, ()).plain == text.replace("\r", " ")


def test_keywords_have_a_colour_of_their_own() -> None:
    spans = highlighted("def x(): pass", "python", ()).spans
    assert any(span.start == 0 and span.end == 3 and span.style for span in spans)


@given(
    st.text(st.characters(exclude_categories=()), max_size=80),
    st.sampled_from(["python", "bash", "html", "c"]),
)
def test_no_text_steers_the_terminal(text: str, language: str) -> None:
    hit = replace(HIT, text=text, symbol=text or None, path=text or "p", lang=language, spans=((0, 2),))
    drawn = SGR.sub("", shown(answer(hit), colour=True))
    assert not [char for char in drawn if (char < " " and char != "\n") or "\x7f" <= char <= "\x9f"]
    drawn.encode("utf-8")


def test_hostile_records_show_as_pictures() -> None:
    text = SGR.sub("", shown(answer(replace(HOSTILE, more=(HOSTILE,))), View(explain=True), colour=True))
    assert '"a\\nb\\033[2J.py":10-12  ␛]0;title␇  (k␊, \ufffd)' in text
    assert "␛[31mred␍over␈\ufffd" in text
    assert "\x1b" not in text


def test_a_cut_snippet_says_how_much_is_missing() -> None:
    text = shown(answer(at_lines(20)))
    assert "  109 │ line 9\n" in text
    assert "… 7 lines before" in text
    assert "… 10 lines after" in text
    assert "line 21" not in text
    one = shown(answer(replace(at_lines(20), spans=())), View(lines=29))
    assert "… 1 line after\n" in one


def test_long_lines_are_cropped_to_the_width() -> None:
    text = shown(answer(replace(HIT, text="word " * 1000)), width=60)
    (snippet,) = (line for line in text.splitlines() if line.startswith("  10 │"))
    assert snippet.endswith("…")
    assert all(len(line) <= 60 for line in text.splitlines())


def test_wide_characters_count_two_columns() -> None:
    from rich.cells import cell_len

    text = shown(answer(replace(HIT, text="日本語" * 100)), width=60)
    assert all(cell_len(line) <= 60 for line in text.splitlines())


def test_a_stale_hit_and_an_empty_answer_say_so() -> None:
    assert "(changed since it was indexed: no text)" in shown(answer(replace(HIT, text=None, stale=True)))
    assert shown(answer()).startswith("nothing found\n")


@pytest.mark.parametrize("width", [20, 40, 80, ENDLESS])
def test_a_path_is_never_broken(width: int) -> None:
    path = "src/a rather long folder/" + "deep/" * 20 + "cookies.py"
    notes = replace(COVERAGE, notes=(f"only below {path}",))
    lines = shown(answer(replace(HIT, path=path), coverage=notes), width=width).splitlines()
    head = "  Jar.parse_cookie  (method, python)  71"
    assert lines[:2] == [f"{path}:10-12", head] or lines[0] == f"{path}:10-12{head}"
    assert (width == ENDLESS) == (lines[0] == f"{path}:10-12{head}")
    assert lines[-1] == f"note: only below {path}"


def test_what_is_no_terminal_is_neither_cut_nor_broken() -> None:
    notes = replace(COVERAGE, notes=("word " * 60 + "end",))
    long = replace(HIT, text="word " * 99 + "end\n", reasons=(Reason("names", 0.5, "detail " * 90 + "end"),))
    lines = shown(answer(long, coverage=notes), View(explain=True), colour=True, width=ENDLESS).splitlines()
    assert [SGR.sub("", line).rstrip().endswith("end") for line in lines] == [
        False, False, True, True, False, False, False, True,
    ]  # fmt: skip


def test_a_longer_line_than_is_shown_ends_in_an_ellipsis() -> None:
    text = shown(answer(replace(HIT, text="x" * 501)), width=ENDLESS)
    assert f"│ {'x' * 500}…\n" in text


def test_a_path_is_a_link_to_its_file() -> None:
    odd = replace(HIT, path="a b/\udcff%.py")
    text = shown(answer(odd), View(links=True), colour=True)
    (link,) = re.findall(r"\x1b\]8;id=\d+;([^\x1b]+)\x1b\\", text)
    assert link == f"file://{platform.node()}/repo/a%20b/%FF%25.py"
    assert without_links(text) == shown(answer(odd), colour=True)
    assert "\x1b]8" not in shown(answer(odd), View(links=True), colour=False)


@pytest.mark.parametrize(
    ("variables", "taken"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "alacritty"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4205"}, False),
        ({"TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM_PROGRAM": "vscode"}, False),
        ({"WT_SESSION": "1"}, True),
        ({"WT_SESSION": "1", "FORCE_HYPERLINK": "0"}, False),
        ({"TERM": "dumb", "FORCE_HYPERLINK": "1"}, True),
    ],
)
def test_links_are_for_terminals_that_are_known_to_take_them(variables: dict[str, str], taken: bool) -> None:
    assert are_taken(variables) is taken


def test_places_only_are_one_line_a_hit() -> None:
    lines = shown(answer(HIT, replace(HIT, path="b.py")), View(lines=0)).splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["src/cookies.py", "b.py"]
    assert lines[2].startswith("312 of 318")


def test_parts_of_a_long_function_say_which() -> None:
    also = replace(ALSO, symbol="Jar.eat", part=3, parts=3)
    text = shown(answer(replace(HIT, part=2, parts=4, more=(also,))), View(lines=0))
    assert "  Jar.parse_cookie (part 2 of 4)  (method, python)  71\n" in text
    assert "  also: lines 40-58 Jar.eat (part 3 of 3)\n" in text
