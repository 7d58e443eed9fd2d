"""Prints an answer in the shape that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec import Struct, structs

from semindex.present.cli.outcome import DONE, NOTHING, tell
from semindex.present.render import (
    View,
    count,
    coverage_line,
    definition_lines,
    paths_only,
    plain,
    text_lines,
    vimgrep,
)
from semindex.present.safe import safe_line
from semindex.present.schema import definitions_object, hits_object, links_object, texts_object
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from rich.console import Console

    from semindex.config import Settings
    from semindex.types import Coverage, Definitions, Hit, Hits, Links, Texts

Answer = TypeVar("Answer", "Hits", "Definitions", "Texts", "Links")


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


def plain_shape(*, as_json: bool, colour: str, no_pager: bool, no_text: bool = False) -> Shape:
    """The shape that the flags of a command without hits ask for."""
    view = View(lines=0 if no_text else 1, base=Path.cwd())
    return Shape("--json" if as_json else "", colour, view, pages=not no_pager)


def noted(answer: Answer, notes: Iterable[str]) -> Answer:
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


def give_definitions(answer: Definitions, shape: Shape, settings: Settings) -> int:
    """Print the definitions of a name; the exit code."""
    if shape.view.lines:
        answer = noted(answer, [_masked(answer.masked)])
    shown = len(answer.definitions)
    more = f"{answer.total - shown:,} more definitions; --limit shows more" if answer.total > shown else ""
    near = f"near to it: {', '.join(answer.suggestions)}" if answer.suggestions else ""
    if shape.form == "--json":
        write_json(definitions_object(answer, with_text=shape.view.lines > 0))
    elif shape.colour == "always" or sys.stdout.isatty():

        def draw(view: View, to: Console) -> None:
            from semindex.present.terminal import show_definitions

            show_definitions(noted(answer, [more, near]), view, to)

        paged(draw, shape, settings.pager)
    else:
        lines = list(definition_lines(answer, shape.view))
        _give_told(lines, noted(answer, [more, near]).coverage, answer.seconds, found=bool(shown))
    return DONE if shown else NOTHING


def give_texts(answer: Texts, shape: Shape, settings: Settings) -> int:
    """Print lines of files, and on standard error why some cannot be given; the exit code."""
    found = any(span.text is not None for span in answer.spans)
    problems = [span.problem for span in answer.spans if span.problem]
    stale = [
        f"{span.path} has changed since it was indexed; shown is the file of today"
        for span in answer.spans
        if span.stale and span.text is not None
    ]
    if shape.form == "--json":
        write_json(texts_object(answer))
        return DONE if found else NOTHING
    answer = noted(answer, [*stale, *answer.notes, _masked(answer.masked)])
    if shape.colour == "always" or sys.stdout.isatty():

        def draw(view: View, to: Console) -> None:
            from semindex.present.terminal import show_texts

            show_texts(answer, view, to)

        paged(draw, shape, settings.pager)
    else:
        _give_told(list(text_lines(answer, shape.view)), answer.coverage, answer.seconds, found=found)
    for problem in problems:
        tell(problem)
    return DONE if found else NOTHING


def give_links(answer: Links, shape: Shape, settings: Settings) -> int:
    """Print what the code graph knows, and on standard error how much that is; the exit code."""
    from semindex.present.links import link_lines, summary

    found = bool(answer.links)
    if shape.form == "--json":
        write_json(links_object(answer))
        return DONE if found else NOTHING
    lines = list(link_lines(answer, shape.view.base))
    if lines and sys.stdout.isatty():
        from semindex.present.cli.paging import NONE, give_text

        give_text("\n".join(lines), settings.pager if shape.pages else NONE)
    elif lines:
        write("\n".join(lines))
    tell(f"{summary(answer)}; {coverage_line(answer.coverage, answer.seconds)}")
    near = f"near to it: {', '.join(map(safe_line, answer.suggestions))}" if answer.suggestions else ""
    for note in noted(answer, [near]).coverage.notes:
        tell(note)
    return DONE if found else NOTHING


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


def paged(draw: Callable[[View, Console], None], shape: Shape, pager: str) -> None:
    """Show what a function draws in colours, by a pager when it is longer than the screen."""
    from semindex.config import variables
    from semindex.present.cli.paging import NONE, give_text
    from semindex.present.hyperlinks import are_taken
    from semindex.present.terminal import ENDLESS, console

    is_terminal = sys.stdout.isatty()
    colour = {"always": True, "never": False}.get(shape.colour)
    to = console(sys.stdout, colour=colour, width=None if is_terminal else ENDLESS)
    view = structs.replace(shape.view, links=is_terminal and are_taken(variables()))
    with to.capture() as shown:
        draw(view, to)
    give_text(shown.get().removesuffix("\n"), pager if shape.pages else NONE)


def _give_lines(answer: Hits, lines: Iterable[str]) -> None:
    _give_told(list(lines), answer.coverage, answer.seconds, found=bool(answer.hits))


def _give_told(lines: list[str], coverage: Coverage, seconds: float, *, found: bool) -> None:
    """Write lines to standard output, and what the answer could see of the tree to standard error."""
    if lines:
        write("\n".join(lines))
    nothing = "" if found else "nothing found; "
    tell(nothing + coverage_line(coverage, seconds))
    for note in coverage.notes:
        tell(note)
