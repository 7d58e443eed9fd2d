"""``semindex related``."""

import re
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import click

from semindex.operations.related import Related
from semindex.present.cli.answers import give, noted, shape
from semindex.present.cli.named import asked_by_name, open_named
from semindex.present.cli.opened import built_first, indexes_for, together
from semindex.present.cli.options import all_option, answer_options, asks, path_argument, repo_option


@click.command()
@asks(Related)
@path_argument
@repo_option
@all_option
@answer_options
def related(
    asked: dict[str, Any],
    path: Path,
    *,
    names: tuple[str, ...],
    everything: bool,
    index_dir: Path | None,
    overrides: Mapping[str, str],
    **shown: Any,
) -> int:
    """Find code like the code at a place.

    LOCATION is FILE:LINE, or FILE; the file is taken from PATH, else from the repository's root, else from
    the current folder. PATH is the repository, or a folder in it to find only what lies there; with
    --repo and --all, repositories that `semindex add` gave a name.
    """
    wanted = shape(**shown)
    with ExitStack() as stack:
        if asked_by_name(names, everything=everything):
            found = open_named(stack, () if everything else names, (), overrides)
            asked["location"] = found.file_named(asked["location"])
            answer = found.ask(lambda several: several.related(**asked))
            return give(answer, wanted, found.settings)
        places, note = indexes_for(stack, path, index_dir, overrides)
        notes = [note]
        for place in places:
            notes += [place.location.note, place.location.passed_over, *built_first(place.index)]
        if len(places) > 1:
            asked["location"] = from_any(asked["location"], path)
            answer = together(places).related(**asked)
        else:
            asked["location"] = from_root(asked["location"], path, places[0].index.root)
            answer = places[0].index.related(**asked, scope=places[0].location.scope)
    return give(noted(answer, notes), wanted, places[0].settings)


def from_any(location: str, base: Path) -> str:
    """``location`` with the absolute path of its file, which lies in ``base`` or in the current folder."""
    parts = parts_of(location)
    with suppress(OSError, ValueError):
        for folder in (base, Path()):
            whole = (folder / parts[0]).resolve()
            if parts[0] and whole.exists():
                return f"{whole}{parts[1]}"
    # Nothing lies there; a path that is relative to any one of the repositories would be a guess.
    return f"{(base / parts[0]).absolute()}{parts[1]}"


def parts_of(location: str) -> tuple[str, str]:
    """The file, and the line or lines with their colon (empty if there are none)."""
    found = re.fullmatch(r"(.*?)((?::\d+(?:-\d+)?)?)", location, re.DOTALL)
    return (found[1], found[2]) if found else (location, "")


def from_root(location: str, base: Path, root: Path) -> str:
    """``location`` with its file relative to ``root``; unchanged when no such file is found below ``root``.

    It is looked for in ``base``, in ``root``, and in the current folder, as a search shows it.
    """
    file, line = parts_of(location)
    with suppress(OSError, ValueError):
        for folder in (base, root, Path()):
            whole = (folder / file).parent.resolve() / Path(file).name
            if file and whole.exists() and whole.is_relative_to(root.resolve()):
                return whole.relative_to(root.resolve()).as_posix() + line
    return location
