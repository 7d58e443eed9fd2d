"""Prints an answer in the shape that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct, structs

from semindex.present.cli.outcome import DONE, NOTHING, tell
from semindex.present.render import View, coverage_line, plain, vimgrep
from semindex.present.schema import hits_object
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from semindex.types import Hits


class Shape(Struct, frozen=True):
    """How an answer is printed."""

    as_json: bool
    vimgrep: bool
    colour: str
    """``auto``, ``always``, ``never``."""
    view: View


def shape(*, as_json: bool, vimgrep: bool, colour: str, context: int, no_text: bool, explain: bool) -> Shape:
    """The shape that the flags ask for.

    Raises:
        click.UsageError: They contradict each other.
    """
    if as_json and vimgrep:
        raise click.UsageError("--json and --vimgrep exclude each other.")
    view = View(context=0 if no_text else context, explain=explain, base=Path.cwd())
    return Shape(as_json, vimgrep, colour, view)


def noted(answer: Hits, notes: Iterable[str]) -> Hits:
    """The answer with more notes, in front of those that its coverage has; each note stands once."""
    fresh = tuple(dict.fromkeys(note for note in notes if note and note not in answer.coverage.notes))
    return structs.replace(
        answer, coverage=structs.replace(answer.coverage, notes=fresh + answer.coverage.notes)
    )


def emphasised(answer: Hits) -> Hits:
    """The answer with the ranges of each hit's text to highlight, found anew for a hit that names none."""
    from semindex.tokens import matching_ranges

    if not answer.terms:
        return answer
    hits = (
        hit
        if hit.spans or hit.text is None
        else structs.replace(hit, spans=tuple(matching_ranges(hit.text, answer.terms)))
        for hit in answer
    )
    return structs.replace(answer, hits=tuple(hits))


def give(answer: Hits, shape: Shape) -> int:
    """Print an answer; the exit code.

    A pipe gets hits only, and standard error the coverage, so that programs need not tell them apart.
    """
    if shape.as_json:
        write_json(hits_object(answer, with_text=shape.view.context > 0))
    elif shape.vimgrep:
        _give_lines(answer, vimgrep(emphasised(answer), shape.view))
    elif shape.colour == "always" or sys.stdout.isatty():
        from semindex.present.terminal import console, show

        colour = {"always": True, "never": False}.get(shape.colour)
        show(emphasised(answer), shape.view, console(sys.stdout, colour=colour))
    else:
        _give_lines(answer, plain(emphasised(answer), shape.view))
    return DONE if answer.hits else NOTHING


def _give_lines(answer: Hits, lines: Iterable[str]) -> None:
    shown = list(lines)
    if shown:
        write("\n".join(shown))
    nothing = "" if answer.hits else "nothing found; "
    tell(nothing + coverage_line(answer.coverage, answer.seconds))
    for note in answer.coverage.notes:
        tell(note)
