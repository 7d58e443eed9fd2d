"""``semindex map``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from semindex.operations.map import Map
from semindex.present.cli.options import asks, index_dir_option, json_option, set_option
from semindex.present.cli.related import from_root
from semindex.present.cli.single import ask_one, give_lines


@click.command("map")
@click.argument("repository", default=".", metavar="[PATH]", type=click.Path(path_type=Path))
@asks(Map)
@json_option
@index_dir_option
@set_option
def mapping(
    asked: dict[str, Any],
    repository: Path,
    *,
    as_json: bool,
    index_dir: Path | None,
    overrides: Mapping[str, str],
) -> int:
    """Show what matters most in a repository, within a number of tokens.

    PATH is the repository, or a folder in it to show only what lies there. Files and signatures are chosen by
    importance: how much of the code names them, through others too. What the package offers comes first;
    tests are counted. With QUERY, or --file, the map is for a task: what a search for it finds, and what that
    uses, comes first. A line is that of the definition, then its signature; a long one loses the parameters
    that have a default.
    """

    def ask(place: Any) -> Any:
        files = [from_root(each, repository, place.index.root) for each in asked["file"]]
        return place.index.map(**{**asked, "file": files}, scope=place.location.scope)

    answer, notes = ask_one(repository, index_dir, overrides, ask, builds=asked["refresh"])
    return give_lines(answer, notes, as_json=as_json, found=bool(answer.files))
