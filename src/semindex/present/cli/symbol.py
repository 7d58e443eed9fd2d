"""``semindex symbol``."""

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import click

from semindex.operations.symbol import Symbol
from semindex.present.cli.answers import give_definitions, noted, plain_shape
from semindex.present.cli.named import asked_by_name, open_named
from semindex.present.cli.opened import built_first, indexes_for, not_indexed, together
from semindex.present.cli.options import (
    all_option,
    asks,
    no_text_option,
    repo_option,
    rev_option,
    text_options,
)
from semindex.present.cli.related import from_any, from_root
from semindex.present.cli.revision import ask_revision, one_place, top_of


@click.command()
@asks(Symbol)
@click.argument("repository", default=".", metavar="[PATH]", type=click.Path(path_type=Path))
@no_text_option
@repo_option
@all_option
@rev_option
@text_options
def symbol(
    asked: dict[str, Any],
    repository: Path,
    *,
    names: tuple[str, ...],
    everything: bool,
    rev: str | None,
    index_dir: Path | None,
    overrides: Mapping[str, str],
    **shown: Any,
) -> int:
    """Show the definitions of a name, or the outline of a file.

    NAME is a name, alone or with those around it: Flask.run, Type::method, cookies.parse; or the path of a
    file, whose definitions are then listed. PATH is the repository, or a folder in it to look only there;
    --repo and --all look in repositories that `semindex add` gave a name.
    """
    wanted = plain_shape(**shown)
    with ExitStack() as stack:
        by_name = asked_by_name(names, everything=everything)
        if rev is not None:
            asked["refresh"] = False
            paths = () if by_name else (repository,)
            at = one_place(stack, paths, names, overrides, everything=everything, index_dir=index_dir)
            if _is_file(asked["name"], at):
                asked["name"] = from_root(asked["name"], at, top_of(at))
            answer, settings = ask_revision(
                rev, at, overrides, lambda index, scope: index.symbol(**asked, scope=scope)
            )
            return give_definitions(answer, wanted, settings)
        if by_name:
            found = open_named(stack, () if everything else names, (), overrides)
            if _is_file(asked["name"]):
                asked["name"] = found.file_named(asked["name"])
            answer = found.ask(lambda several: several.symbol(**asked))
            return give_definitions(answer, wanted, found.settings)
        places, note = indexes_for(stack, repository, index_dir, overrides)
        notes = [note]
        for place in places:
            if not asked["refresh"] and not place.index.exists:
                raise not_indexed(place.index)
            notes += [place.location.note, place.location.passed_over, *built_first(place.index)]
        if len(places) > 1:
            if _is_file(asked["name"], repository):
                asked["name"] = from_any(asked["name"], repository)
            answer = together(places).symbol(**asked)
        else:
            place = places[0]
            if _is_file(asked["name"], repository, place.index.root):
                asked["name"] = from_root(asked["name"], repository, place.index.root)
            answer = place.index.symbol(**asked, scope=place.location.scope)
    return give_definitions(noted(answer, notes), wanted, places[0].settings)


def _is_file(name: str, *bases: Path) -> bool:
    """Whether a name is rather the path of a file in one of some folders, or in the current one."""
    with suppress(OSError, ValueError):
        return any(each in name for each in "/.") and any(
            (base / name).is_file() for base in (*bases, Path())
        )
    return False
