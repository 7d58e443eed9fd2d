"""Which files ``semindex grep`` searches: those below each PATH, or of repositories with a name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

if TYPE_CHECKING:
    from semindex.exact.files import Wanted
    from semindex.exact.pattern import Pattern
    from semindex.exact.streaming import Part

CHOSEN = (
    click.option(
        "-g",
        "--glob",
        multiple=True,
        metavar="GLOB",
        help="Only files whose paths match; with ! in front, not these. The last that matches counts; "
        "repeatable.",
    ),
    click.option("--iglob", multiple=True, metavar="GLOB", help="The same whatever the case; repeatable."),
    click.option(
        "-t",
        "--type",
        multiple=True,
        metavar="TYPE",
        help="Only files of this type of ripgrep's; repeatable.",
    ),
    click.option(
        "-T", "--type-not", multiple=True, metavar="TYPE", help="No files of this type; repeatable."
    ),
    click.option("-.", "--hidden", is_flag=True, help="Search hidden files and folders, too."),
    click.option("--no-ignore", is_flag=True, help="Search files that ignore rules leave out, too."),
    click.option(
        "-u",
        "--unrestricted",
        count=True,
        type=click.IntRange(max=3),
        help="As --no-ignore; -uu as --no-ignore --hidden; -uuu as these with --binary.",
    ),
    click.option(
        "-d",
        "--max-depth",
        type=click.IntRange(min=0),
        metavar="NUM",
        help="Search so many levels of folders: 1 for the files right in PATH.",
    ),
)
"""The options that say which files are searched."""


class Place(Struct, frozen=True):
    """What a PATH, or the name of a repository, asks for."""

    root: Path
    index_dir: Path
    wanted: Wanted
    is_named: bool = False
    """Whether it is a file that was given by its path, which may be anything and lie anywhere."""

    def part(self, pattern: Pattern, program: str, *, refresh: bool) -> Part:
        """The files in which a pattern may be; ``refresh`` tells whether to look for changed ones.

        Raises:
            SemindexError: A folder cannot be looked into, or an option is wrong.
        """
        from semindex.exact.choosing import open_chooser
        from semindex.exact.streaming import Part, named_part

        if self.is_named:
            return named_part(self.wanted.scope)
        chooser = open_chooser(self.root, self.index_dir)
        return Part(chooser.choose(pattern, self.wanted, program, refresh=refresh), self.wanted)

    def files(self, program: str) -> list[bytes]:
        """All files in question, as they are shown, in the order of an answer.

        Raises:
            SemindexError: As :meth:`part`.
        """
        from semindex.exact.choosing import files_of
        from semindex.exact.ordering import as_bytes

        wanted = self.wanted
        paths = (wanted.scope,) if self.is_named else files_of(self.root, wanted, program)
        return as_bytes(map(wanted.path_shown, paths))


class Question(Struct, frozen=True):
    """What decides which files are searched, but for where."""

    options: Mapping[str, Any]
    """Fields of :class:`semindex.exact.files.Wanted`."""

    def at(self, places: Sequence[str], index_dir: Path | None) -> tuple[list[Place], list[str]]:
        """What each PATH asks for, and what is wrong with those that ask for nothing.

        Raises:
            SemindexError: A folder cannot be looked into.
        """
        if not places:
            return [self._below("", index_dir)], []
        found, wrong = [], []
        for place in places:
            problem = _problem(place)
            if problem:
                wrong.append(problem)
            elif os.path.isdir(place):  # noqa: PTH112 - never raises
                found.append(self._below(place, index_dir))
            else:
                found.append(self._named(place))
        return found, wrong

    def in_repositories(self, names: Sequence[str]) -> list[Place]:
        """The repositories that names select, all for none, shown as a search shows them.

        Raises:
            SemindexError: No repository has such a name.
        """
        from semindex.repositories.listing import chosen, listed

        here, places = Path.cwd(), []
        for repository in chosen(listed(), names, ()):
            root = Path(repository.root)
            is_near = root.is_relative_to(here) or here.is_relative_to(root)
            shown = os.path.relpath(root, here) if is_near else str(root)
            index_dir = Path(repository.index_dir) if repository.index_dir else root / ".semindex"
            places.append(self._place(root, index_dir, "", "" if shown == "." else shown + "/"))
        return places

    def _below(self, place: str, index_dir: Path | None) -> Place:
        from semindex.locate import locate

        found = locate(Path(place), index_dir=index_dir)
        shown = place if not place or place.endswith("/") else place + "/"
        return self._place(found.root, found.index_dir, found.scope, shown)

    def _place(self, root: Path, index_dir: Path, scope: str, shown: str) -> Place:
        from semindex.exact.files import Wanted

        return Place(root, index_dir, Wanted(scope, shown, **self.options))

    def _named(self, place: str) -> Place:
        from semindex.exact.files import Wanted

        return Place(Path(), Path(), Wanted(place, place, is_file=True), is_named=True)


def _problem(place: str) -> str:
    """Why a PATH cannot be searched, as ripgrep says it; empty if it can."""
    try:
        os.stat(place)  # noqa: PTH116 - the path as it was typed
    except OSError as error:
        return f"{place}: {error.strerror} (os error {error.errno})"
    except ValueError as error:
        return f"{place}: {error}"
    return ""
