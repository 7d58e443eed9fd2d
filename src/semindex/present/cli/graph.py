"""``semindex graph``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from semindex.operations.drawing import Draw
from semindex.present.cli.options import asks, index_dir_option, set_option
from semindex.present.cli.outcome import DONE, NOTHING, tell
from semindex.present.cli.single import ask_one, told
from semindex.present.stream import ReaderGone, write


@click.group()
def graph() -> None:
    """Print the code graph, as a document or call by call."""


@graph.command()
@click.argument("repository", default=".", metavar="[PATH]", type=click.Path(path_type=Path))
@index_dir_option
@set_option
def calls(repository: Path, *, index_dir: Path | None, overrides: Mapping[str, str]) -> int:
    """Print each call site, and the definitions that it calls.

    PATH is the repository, or a folder in it. One JSON object a line: path, line, column (1-based, in bytes
    of UTF-8, of the last name of what is called), name, tier and targets, each with path, line and symbol.
    The tier tells how it is known: precise, resolved, scoped, external (not in this index), or name (only
    the name is known, and no target is given).
    """
    from msgspec import json

    from semindex.graph.sites import call_sites
    from semindex.present.cli.opened import built_first, indexes_for

    found = False
    with ExitStack() as stack:
        places, note = indexes_for(stack, repository, index_dir, overrides)
        for message in filter(None, (note, *(each for place in places for each in built_first(place.index)))):
            tell(message)
        encoder = json.Encoder()
        for place in places:
            place.index.bring_up_to_date()
            edges = place.index.snapshot().graph()
            for site in call_sites(edges, place.location.scope):
                found = True
                try:
                    sys.stdout.buffer.write(encoder.encode(site) + b"\n")
                except BrokenPipeError as error:
                    raise ReaderGone from error
        sys.stdout.buffer.flush()
    return DONE if found else NOTHING


@graph.command()
@click.argument("repository", default=".", metavar="[PATH]", type=click.Path(path_type=Path))
@asks(Draw)
@index_dir_option
@set_option
def export(
    asked: dict[str, Any], repository: Path, *, index_dir: Path | None, overrides: Mapping[str, str]
) -> int:
    """Print files or definitions, and which uses which, for other programs or as a picture.

    PATH is the repository, or a folder in it. Tests, examples and old code are left out, unless PATH has
    nothing else. In a picture (svg) users stand above what they use, each folder or file has a colour, and an
    edge is pale where a way through another node replaces it.
    """
    answer, notes = ask_one(
        repository,
        index_dir,
        overrides,
        lambda place: place.index.draw(**asked, scope=place.location.scope),
        builds=asked["refresh"],
    )
    write(answer.text)
    told(answer.coverage, answer.seconds, notes, found=bool(answer.nodes))
    return DONE if answer.nodes else NOTHING
