"""``semindex list``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from semindex.present.cli.named import open_listed
from semindex.present.cli.options import json_option
from semindex.present.cli.outcome import DONE, NOTHING, tell
from semindex.present.render import count
from semindex.present.safe import safe_line, safe_message
from semindex.present.schema import record_object
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from semindex.repositories.listing import Repository


_STATE = len("10,000 files")


class Shown(Struct, frozen=True):
    """A repository as it is listed."""

    name: str
    root: str
    url: str
    """Empty of a folder of the user."""
    index_dir: str
    files: int | None
    """How many are indexed; None when that cannot be told."""
    problem: str
    """Why it cannot be searched; empty when it can."""


@click.command("list")
@json_option
def listing(as_json: bool) -> int:
    """Show the repositories that have a name.

    A line has the name, what is indexed or why it cannot be searched, the folder, and the URL of a clone, in
    a pipe with tabs between them. Exits with 1 when there are none.
    """
    from semindex import config
    from semindex.repositories.listing import listed

    found = [_shown(repository) for repository in listed()]
    if as_json:
        file = str(config.repositories_file())
        write_json({"source": file, "repositories": [record_object(each) for each in found]})
    elif found:
        write("\n".join(_lines(found, padded=sys.stdout.isatty())))
    else:
        tell("no repository was added yet; run: semindex add PATH")
    return DONE if found else NOTHING


def _shown(repository: Repository) -> Shown:
    from semindex.errors import SemindexError

    files, problem, folder = None, "", repository.index_dir
    try:
        with open_listed(repository, {}) as place:
            folder = str(place.index.index_dir)
            if place.index.exists:
                files = place.index.commit().coverage.indexed
            else:
                problem = f"nothing is indexed in it; run: semindex update {repository.name}"
    except SemindexError as error:
        problem = str(error)
    return Shown(repository.name, repository.root, repository.url, folder, files, problem)


def _lines(found: list[Shown], *, padded: bool) -> Iterator[str]:
    rows = [
        (
            safe_line(each.name),
            safe_line(safe_message(each.problem)) if each.files is None else count(each.files, "file"),
            safe_line(safe_message(each.root)),
            safe_line(each.url),
        )
        for each in found
    ]
    widest = max(len(row[0]) for row in rows)
    for name, state, root, url in rows:
        cells = (name.ljust(widest), state.ljust(_STATE), root, url) if padded else (name, state, root, url)
        yield ("  " if padded else "\t").join(cells).rstrip()
