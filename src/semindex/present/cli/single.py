"""Asks one repository a question about all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from semindex.present.cli.opened import Opened, built_first, indexes_for, not_indexed
from semindex.present.cli.outcome import DONE, NOTHING, tell
from semindex.present.render import coverage_line
from semindex.present.safe import safe_line
from semindex.present.schema import record_object
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from semindex.types import Coverage

Answer = TypeVar("Answer")


def ask_one(
    repository: Path,
    index_dir: Path | None,
    overrides: Mapping[str, str],
    ask: Callable[[Opened], Answer],
    *,
    builds: bool = True,
) -> tuple[Answer, list[str]]:
    """The answer of the index that serves a path, which is built first where there is none; with notes.

    Raises:
        click.UsageError: Several repositories below the path have an index of their own.
        NotIndexed: There is no index, and ``builds`` is off.
    """
    with ExitStack() as stack:
        places, note = indexes_for(stack, repository, index_dir, overrides)
        if len(places) > 1:
            raise click.UsageError(f"{note}; name one of them.")
        place = places[0]
        if not builds and not place.index.exists:
            raise not_indexed(place.index)
        notes = [note, place.location.note, place.location.passed_over, *built_first(place.index)]
        return ask(place), [each for each in notes if each]


def give_lines(answer: Any, notes: Iterable[str], *, as_json: bool, found: bool) -> int:
    """Print an answer as its lines, or as one object; the exit code."""
    if as_json:
        write_json(record_object(answer, without=frozenset({"seconds"})))
    else:
        for line in answer.lines():
            write(safe_line(line))
        told(answer.coverage, answer.seconds, notes, found=found)
    return DONE if found else NOTHING


def told(coverage: Coverage, seconds: float, notes: Iterable[str], *, found: bool) -> None:
    """Write to standard error what an answer could see of the tree, and its notes, each once."""
    tell(("" if found else "nothing found; ") + coverage_line(coverage, seconds))
    for note in dict.fromkeys((*notes, *coverage.notes)):
        tell(note)
