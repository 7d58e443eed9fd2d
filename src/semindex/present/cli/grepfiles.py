"""Which files ``semindex grep`` searches: those below each PATH, or of repositories with a name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

if TYPE_CHECKING:
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
)
"""The options that say which files are searched."""


class Question(Struct, frozen=True):
    """What decides which files are searched, but for where."""

    program: str
    pattern: Pattern
    options: Mapping[str, Any]
    """Fields of :class:`semindex.exact.files.Wanted`."""
    refresh: bool = True
    """Whether to look for changed files."""

    def at(self, places: Sequence[str], index_dir: Path | None) -> tuple[list[Part], list[str]]:
        """What each PATH selects, and what is wrong with those that select nothing.

        Raises:
            SemindexError: A folder cannot be looked into, or an option is wrong.
        """
        from semindex.exact.streaming import named_part

        parts, wrong = [], []
        for place in places or ("",):
            problem = _problem(place)
            if problem:
                wrong.append(problem)
            elif place and not os.path.isdir(place):  # noqa: PTH112 - never raises
                parts.append(named_part(place))
            else:
                parts.append(self._below(place, index_dir))
        return parts, wrong

    def in_repositories(self, names: Sequence[str]) -> list[Part]:
        """The files of the repositories that names select, all for none, shown as a search shows them.

        Raises:
            SemindexError: No repository has such a name, one cannot be looked into, or an option is wrong.
        """
        from semindex.repositories.listing import chosen, listed

        here, parts = Path.cwd(), []
        for repository in chosen(listed(), names, ()):
            root = Path(repository.root)
            is_near = root.is_relative_to(here) or here.is_relative_to(root)
            shown = os.path.relpath(root, here) if is_near else str(root)
            index_dir = Path(repository.index_dir) if repository.index_dir else root / ".semindex"
            parts.append(self._part(root, index_dir, "", "" if shown == "." else shown + "/"))
        return parts

    def _below(self, place: str, index_dir: Path | None) -> Part:
        from semindex.locate import locate

        found = locate(Path(place), index_dir=index_dir)
        shown = place if not place or place.endswith("/") else place + "/"
        return self._part(found.root, found.index_dir, found.scope, shown)

    def _part(self, root: Path, index_dir: Path, scope: str, shown: str) -> Part:
        from semindex.exact.choosing import open_chooser
        from semindex.exact.files import Wanted
        from semindex.exact.streaming import Part

        wanted = Wanted(scope, shown, **self.options)
        chooser = open_chooser(root, index_dir)
        return Part(chooser.choose(self.pattern, wanted, self.program, refresh=self.refresh), wanted)


def _problem(place: str) -> str:
    """Why a PATH cannot be searched, as ripgrep says it; empty if it can."""
    try:
        os.stat(place or ".")  # noqa: PTH116 - the path as it was typed
    except OSError as error:
        return f"{place}: {error.strerror} (os error {error.errno})"
    except ValueError as error:
        return f"{place}: {error}"
    return ""
