"""``semindex related``."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from semindex.operations.related import Related
from semindex.present.cli.answers import give, noted, shape
from semindex.present.cli.opened import built_first, opened
from semindex.present.cli.options import answer_options, asks, path_argument


@click.command()
@asks(Related)
@path_argument
@answer_options
def related(
    asked: dict[str, Any], path: Path, *, index_dir: Path | None, overrides: Mapping[str, str], **shown: Any
) -> int:
    """Find code like the code at a place.

    LOCATION is FILE:LINE, or FILE; the file is taken from PATH, else from the repository's root, else from
    the current folder. PATH is the repository, or a folder in it to find only what lies there.
    """
    wanted = shape(**shown)
    with opened(path, index_dir, overrides) as place:
        notes = [place.location.note, place.location.passed_over, *built_first(place.index)]
        asked["location"] = from_root(asked["location"], path, place.index.root)
        answer = place.index.related(**asked, scope=place.location.scope)
    return give(noted(answer, notes), wanted, place.settings)


def from_root(location: str, base: Path, root: Path) -> str:
    """``location`` with its file relative to ``root``; unchanged when no such file is found below ``root``.

    It is looked for in ``base``, in ``root``, and in the current folder, as a search shows it.
    """
    parts = re.fullmatch(r"(.*?)((?::\d+)?)", location, re.DOTALL)
    file, line = (parts[1], parts[2]) if parts else (location, "")
    with suppress(OSError, ValueError):
        for folder in (base, root, Path()):
            whole = (folder / file).parent.resolve() / Path(file).name
            if file and whole.exists() and whole.is_relative_to(root.resolve()):
                return whole.relative_to(root.resolve()).as_posix() + line
    return location
