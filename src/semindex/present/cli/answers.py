"""Prints an answer in the shape that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct, structs

from semindex.present.cli.outcome import DONE, NOTHING, tell
from semindex.present.render import View, count, coverage_line, paths_only, plain, vimgrep
from semindex.present.schema import hits_object
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from semindex.config import Settings
    from semindex.types import Hit, Hits


class Shape(Struct, frozen=True):
    """How an answer is printed."""

    form: str
    """The flag that asks for a form of output, such as ``--json``; empty for hits with their lines."""
    colour: str
    """``auto``, ``always``, ``never``."""
    view: View
    pages: bool = True
    """Whether a pager may be used in a terminal."""


def shape(*, as_json: bool, vimgrep: bool, paths_only: bool, **viewed: Any) -> Shape:
    """The shape that the flags ask for.

    Raises:
        click.UsageError: They contradict each other.
    """
    forms = {"--json": as_json, "--vimgrep": vimgrep, "--files-with-matches": paths_only}
    asked = [flag for flag, is_asked in forms.items() if is_asked]
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(asked)} exclude each other.")
    colour, no_pager = viewed.pop("colour"), viewed.pop("no_pager")
    return Shape(asked[0] if asked else "", colour, _view(**viewed), pages=not no_pager)


def _view(*, context: int, no_text: bool, explain: bool) -> View:
    return View(lines=0 if no_text else 2 * context + 1, explain=explain, base=Path.cwd())


def noted(answer: Hits, notes: Iterable[str]) -> Hits:
    """The answer with more notes, in front of those that its coverage has; each note stands once."""
    fresh = tuple(dict.fromkeys(note for note in notes if note and note not in answer.coverage.notes))
    return structs.replace(
        answer, coverage=structs.replace(answer.coverage, notes=fresh + answer.coverage.notes)
    )


def emphasised(answer: Hits) -> Hits:
    """The answer with the ranges of each hit's text to highlight and its line to show, if none are named."""
    from semindex.tokens import fullest_line, matching_ranges

    def with_matches(hit: Hit) -> Hit:
        text = hit.text
        if text is None:
            return hit
        hit = structs.replace(hit, spans=hit.spans or tuple(matching_ranges(text, answer.terms)))
        if hit.line is not None or hit.cell is not None:
            return hit
        fullest = fullest_line(text, hit.spans, answer.terms)
        return hit if fullest is None else structs.replace(hit, line=hit.start_line + fullest)

    return structs.replace(answer, hits=tuple(map(with_matches, answer))) if answer.terms else answer


def give(answer: Hits, shape: Shape, settings: Settings) -> int:
    """Print an answer; the exit code.

    A pipe gets hits only, and standard error the coverage, so that programs need not tell them apart.
    """
    if shape.view.lines or shape.form == "--vimgrep":
        answer = noted(answer, [_masked(answer.masked)])
    if shape.form == "--json":
        write_json(hits_object(answer, with_text=shape.view.lines > 0))
    elif shape.form:
        lines = (
            vimgrep(emphasised(answer), shape.view)
            if shape.form == "--vimgrep"
            else paths_only(answer, shape.view)
        )
        _give_lines(answer, lines)
    elif shape.colour == "always" or sys.stdout.isatty():
        _draw(emphasised(answer), shape, settings.pager)
    else:
        _give_lines(answer, plain(emphasised(answer), shape.view))
    return DONE if answer.hits else NOTHING


def _masked(number: int) -> str:
    """The note on so many masked secrets; empty for none."""
    return f"{count(number, 'secret')} masked with ***; INDEX_SECRETS = true shows them" if number else ""


def _draw(answer: Hits, shape: Shape, pager: str) -> None:
    """Show an answer in colours; one longer than the screen by a pager, else with the best hit once more."""
    from semindex.config import variables
    from semindex.present.cli.paging import NONE, give_text
    from semindex.present.hyperlinks import are_taken
    from semindex.present.terminal import ENDLESS, console, recalled, show

    is_terminal = sys.stdout.isatty()
    colour = {"always": True, "never": False}.get(shape.colour)
    to = console(sys.stdout, colour=colour, width=None if is_terminal else ENDLESS)
    view = structs.replace(shape.view, links=is_terminal and are_taken(variables()))
    with to.capture() as shown:
        show(answer, view, to)
    with to.capture() as last:
        recalled(answer, view, to)
    give_text(
        shown.get().removesuffix("\n"), pager if shape.pages else NONE, last=last.get().removesuffix("\n")
    )


def _give_lines(answer: Hits, lines: Iterable[str]) -> None:
    shown = list(lines)
    if shown:
        write("\n".join(shown))
    nothing = "" if answer.hits else "nothing found; "
    tell(nothing + coverage_line(answer.coverage, answer.seconds))
    for note in answer.coverage.notes:
        tell(note)
