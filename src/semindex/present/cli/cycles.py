"""``semindex cycles``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from semindex.operations.cycles import Cycles
from semindex.present.cli.options import asks, index_dir_option, json_option, set_option
from semindex.present.cli.single import ask_one, give_lines


@click.command()
@click.argument("repository", default=".", metavar="[PATH]", type=click.Path(path_type=Path))
@asks(Cycles)
@json_option
@index_dir_option
@set_option
def cycles(
    asked: dict[str, Any],
    repository: Path,
    *,
    as_json: bool,
    index_dir: Path | None,
    overrides: Mapping[str, str],
) -> int:
    """Show the cycles of imports between files.

    PATH is the repository, or a folder in it to look only at the files there. Files that all import each
    other, directly or through others, are one cycle; its shortest way round is shown, with the line of each
    import. A cycle is harmless if it is closed only by imports that do not run when a file is loaded: those
    under TYPE_CHECKING, of types, or inside a function.
    """
    answer, notes = ask_one(
        repository,
        index_dir,
        overrides,
        lambda place: place.index.cycles(**asked, scope=place.location.scope),
        builds=asked["refresh"],
    )
    return give_lines(answer, notes, as_json=as_json, found=bool(answer.cycles))
