"""Opens repositories that a user asked for by name; one that cannot be asked is told of and left out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from msgspec import Struct

from semindex.errors import BrokenIndex, NotIndexed, RootError, SemindexError
from semindex.present.cli.answers import noted
from semindex.present.cli.opened import Opened

if TYPE_CHECKING:
    from semindex.config import Settings
    from semindex.library import Indexes
    from semindex.repositories.listing import Repository
    from semindex.types import Definitions, Hits, Links, Texts

Answer = TypeVar("Answer", "Hits", "Definitions", "Texts", "Links")


class Named(Struct, frozen=True):
    """The repositories that can be asked."""

    places: tuple[Opened, ...]
    """At least one."""
    repositories: tuple[Repository, ...]
    """What the list says of each."""
    notes: tuple[str, ...]
    """Why others were left out, a sentence each."""

    @property
    def settings(self) -> Settings:
        """Those of the first."""
        return self.places[0].settings

    def file_named(self, location: str) -> str:
        """``location`` with the absolute path of its file, if one of the repositories has it; else as it is.

        It is looked for in the current folder, too.
        """
        from semindex.present.cli.related import parts_of

        file, line = parts_of(location)
        for folder in (Path(), *(place.index.root for place in self.places)):
            whole = Path(os.path.abspath(folder / file))  # noqa: PTH100 - links stay
            if file and os.path.lexists(whole):
                return f"{whole}{line}"
        return location

    def ask(self, asking: Callable[[Indexes], Answer]) -> Answer:
        """The answer of all; of those that are not damaged, if some turn out to be."""
        try:
            return noted(asking(_together(self.places, self.repositories)), self.notes)
        except BrokenIndex:
            sound, notes = [], list(self.notes)
            for place, repository in zip(self.places, self.repositories, strict=True):
                try:
                    asking(_together([place], [repository]))
                    sound.append((place, repository))
                except BrokenIndex as reason:
                    notes.append(f"{repository.name} was left out: {reason}")
            if not sound or len(sound) == len(self.places):
                raise
            places, repositories = zip(*sound, strict=True)
            return noted(asking(_together(places, repositories)), notes)


def asked_by_name(names: Sequence[str], *, everything: bool) -> bool:
    """Whether repositories are asked for by name.

    Raises:
        click.UsageError: A path is given, too.
    """
    if not names and not everything:
        return False
    ctx = click.get_current_context()
    if any(not name.strip() for name in names):
        raise click.UsageError("--repo is empty; `semindex list` shows the names.", ctx)
    flag = "--all" if everything else "--repo"
    for parameter in ("places", "path", "repository", "index_dir"):
        source = ctx.get_parameter_source(parameter)
        if ctx.params.get(parameter) and source is click.core.ParameterSource.COMMANDLINE:
            other = "--index-dir" if parameter == "index_dir" else "PATH"
            raise click.UsageError(f"{flag} and {other} exclude each other.", ctx)
    return True


def open_named(
    stack: ExitStack, wanted: Sequence[str], excluded: Sequence[str], overrides: Mapping[str, str]
) -> Named:
    """The repositories that names or globs select, all for none; nothing is built.

    Raises:
        UsageError: No repository has such a name.
        SemindexError: The list cannot be read, or none of the repositories can be asked.
    """
    from semindex.repositories.listing import chosen, listed

    found: list[tuple[Opened, Repository]] = []
    problems: list[tuple[str, SemindexError]] = []
    for repository in chosen(listed(), wanted, excluded):
        with ExitStack() as own:
            try:
                place = own.enter_context(open_listed(repository, overrides))
                if not place.index.exists:
                    raise NotIndexed(f"nothing is indexed in it; run: semindex update {repository.name}")
                place.index.commit()
            except SemindexError as error:
                problems.append((repository.name, error))
            else:
                stack.push(own.pop_all())
                found.append((place, repository))
    if not found and len(problems) == 1:
        raise problems[0][1]
    notes = [f"{name} was left out: {error}" for name, error in problems]
    if not found:
        raise NotIndexed("; ".join(notes))
    model = found[0][0].index.commit().model
    for place, repository in found:
        theirs = place.index.commit().model
        if theirs != model:
            notes.append(
                f"{repository.name} was left out: it was indexed with the model {theirs}, and "
                f"{found[0][1].name} with {model}; ask it by itself"
            )
    same = [each for each in found if each[0].index.commit().model == model]
    return Named(tuple(each[0] for each in same), tuple(each[1] for each in same), tuple(notes))


@contextmanager
def open_listed(repository: Repository, overrides: Mapping[str, str]) -> Iterator[Opened]:
    """The index of a repository, where the list says that it is; nothing is built.

    Raises:
        RootError: Its folder is gone.
        SemindexError: As :func:`semindex.present.cli.opened.opened`.
    """
    from semindex import config
    from semindex.index import Location
    from semindex.index import open as open_index

    root = Path(repository.root)
    if not os.path.isdir(root):  # noqa: PTH112 - unlike Path.is_dir it never raises
        again = f"run: semindex update {repository.name}" if repository.url else "bring it back"
        raise RootError(f"{root} is not there; {again}, or run: semindex remove {repository.name}")
    settings = config.load(root, overrides=overrides).settings
    index_dir = Path(repository.index_dir) if repository.index_dir else None
    with open_index(root, index_dir=index_dir, settings=settings) as index:
        yield Opened(index, Location(root, "", index.index_dir), settings)


def _together(places: Sequence[Opened], repositories: Sequence[Repository]) -> Indexes:
    from semindex.library import Indexes

    names = [repository.names for repository in repositories]
    return Indexes([place.index for place in places], names=names)
