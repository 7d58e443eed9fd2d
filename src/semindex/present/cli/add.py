"""``semindex add``, ``semindex remove`` and ``semindex update``."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from semindex.errors import SemindexError, UsageError
from semindex.present.cli.completing import offered, repositories
from semindex.present.cli.named import open_listed
from semindex.present.cli.opened import opened, refreshed
from semindex.present.cli.options import index_dir_option, set_option
from semindex.present.cli.outcome import DONE, ERROR, NOTHING, tell
from semindex.present.render import count, size
from semindex.present.safe import safe_line, safe_message
from semindex.present.stream import write
from semindex.repositories.listing import Repository

if TYPE_CHECKING:
    from semindex.types import BuildReport

PROTOCOLS = ("ssh", "http", "file")
"""What a URL may have in place of https, if it is asked for."""

_names = click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=offered(repositories))
_quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress and no summary; warnings stay.")
_yes_option = click.option("--yes", is_flag=True, help="Index also a folder that nobody may have meant.")


@click.command()
@click.argument("places", nargs=-1, required=True, metavar="PATH|URL...", type=str)
@click.option("--name", metavar="NAME", help="Call it so, and not by the name of its folder.")
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(PROTOCOLS),
    help="Let a URL be fetched by this protocol, too, besides https; repeatable.",
)
@index_dir_option
@_yes_option
@_quiet_option
@set_option
def add(
    places: tuple[str, ...],
    *,
    name: str | None,
    allow: tuple[str, ...],
    index_dir: Path | None,
    yes: bool,
    quiet: bool,
    overrides: Mapping[str, str],
) -> int:
    """Give a repository a name, and index it; a URL is cloned first.

    PATH is a folder; of one in a git work tree or an index the whole of that is added. URL is the address of
    a git repository, as https://github.com/OWNER/NAME; its newest files are fetched into your cache folder.
    `semindex search QUERY --repo NAME` searches it from anywhere. Adding one again with --name renames it.
    """
    from semindex.repositories.listing import checked_name

    if len(places) > 1 and (name is not None or index_dir is not None):
        raise UsageError("--name and --index-dir are of one repository; add one at a time with them")
    if name is not None:
        checked_name(name)
    if "" in places:
        raise UsageError("a place to add is empty; give the path of a folder, or a URL")
    for place in places:
        added = _Adding(name, index_dir, overrides, yes=yes, quiet=quiet)
        repository, is_new = added.remote(place, allow) if _is_remote(place) else added.folder(Path(place))
        if not quiet:
            state = "added" if is_new else "is in the list already"
            where = repository.url or repository.root
            write(safe_line(f"{repository.name}: {state}, {where}{added.summary}"))
    return DONE


class _Adding:
    """Adds a repository as the options tell."""

    def __init__(
        self,
        name: str | None,
        index_dir: Path | None,
        overrides: Mapping[str, str],
        *,
        yes: bool,
        quiet: bool,
    ) -> None:
        self._name, self._index_dir, self._overrides = name, index_dir, overrides
        self._yes, self._quiet = yes, quiet
        self.summary = ""
        """What was indexed, as the end of a sentence."""

    def folder(self, path: Path) -> tuple[Repository, bool]:
        """Add a folder; the first index of one that nobody may have meant is asked about before."""
        from semindex.index import indexes_below
        from semindex.repositories.listing import add

        with opened(path, self._index_dir, self._overrides) as place:
            index = place.index
            below = indexes_below(place.location) if self._index_dir is None else None
            if below is not None:
                some = " ".join(str(each) for each in below.indexes[:3])
                raise UsageError(
                    f"{index.root} has no index itself, but repositories that have one; add these: semindex "
                    f"add {some}{' ...' if len(below.indexes) > 3 else ''}"
                )
            if place.location.scope and not self._quiet:
                tell(f"{place.location.scope} lies in {index.root}: the whole of it is added.")
            if not index.exists:
                self.summary = _told(refreshed(index, quiet=self._quiet, yes=self._yes), str(index.root))
            kept = "" if self._index_dir is None else str(index.index_dir)
            wanted = Repository(index.root.name or "root", str(index.root), index_dir=kept)
            return add(wanted, name=self._name)

    def remote(self, url: str, allow: Sequence[str]) -> tuple[Repository, bool]:
        """Add the repository that a URL names, which is fetched and indexed."""
        from semindex import config
        from semindex.repositories.clones import cloned
        from semindex.repositories.listing import add

        if self._index_dir is not None:
            raise UsageError("--index-dir is for folders; the index of a clone is kept beside it")
        settings = config.load(None, overrides=self._overrides).settings
        wanted = cloned(url, allow, settings, on_begin=lambda text: None if self._quiet else tell(text))
        repository, is_new = add(wanted, name=self._name)
        with open_listed(repository, self._overrides) as place:
            self.summary = _told(refreshed(place.index, quiet=self._quiet, yes=True), repository.name)
        return repository, is_new


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=offered(repositories))
@click.option("--clean", is_flag=True, help="Remove its index, too.")
def remove(names: tuple[str, ...], *, clean: bool) -> int:
    """Forget repositories that have a name.

    Their folders stay, and so do their indexes without --clean. Of one that was added by a URL the clone,
    which semindex made in your cache folder, is removed with its index.
    """
    from semindex import config
    from semindex.repositories.clones import remove_clone
    from semindex.repositories.listing import listed, named
    from semindex.repositories.listing import remove as forget

    known = listed()
    for name in names:
        named(name, known)
    for name in names:
        repository = named(name, known)
        freed = _cleaned(repository) if clean and not repository.url else None
        forget(repository.name)
        if repository.url:
            gone = remove_clone(repository, config.load(None).settings)
            left = "its clone was removed" if gone else f"{Path(repository.root).parent} stays"
        elif freed is not None:
            left = f"its index was removed, {size(freed)} freed"
        else:
            kept = f" --index-dir {repository.index_dir}" if repository.index_dir else ""
            left = f"its index stays; to remove it: semindex clean {repository.root}{kept}"
        write(safe_message(f"{repository.name}: forgotten; {left}"))
    return DONE


def _cleaned(repository: Repository) -> int:
    """The bytes freed by removing an index; none when its folder is gone."""
    if not Path(repository.root).is_dir():
        return 0
    with open_listed(repository, {}) as place:
        return place.index.clean()


@click.command()
@_names
@_quiet_option
@set_option
def update(names: tuple[str, ...], *, quiet: bool, overrides: Mapping[str, str]) -> int:
    """Bring repositories that have a name up to date.

    Without NAME all that `semindex list` shows. Of those that were added by a URL the newest files are
    fetched first; then what is new or changed is indexed. One that fails does not keep the others from it;
    the exit code is 2 then.
    """
    from semindex.repositories.listing import listed, named

    known = listed()
    wanted = [named(name, known) for name in names] if names else list(known)
    if not wanted:
        tell("no repository was added yet; run: semindex add PATH")
        return NOTHING
    code = DONE
    for repository in wanted:
        try:
            told = _brought_up_to_date(repository, overrides, quiet=quiet)
        except SemindexError as error:
            tell(f"{repository.name}: {error}")
            code = ERROR
        else:
            if not quiet:
                write(safe_message(f"{repository.name}: up to date{told}"))
        sys.stdout.flush()
    return code


def _brought_up_to_date(repository: Repository, overrides: Mapping[str, str], *, quiet: bool) -> str:
    from semindex.repositories.clones import renewed

    renewed(repository)
    with open_listed(repository, overrides) as place:
        return _told(refreshed(place.index, quiet=quiet, yes=True), repository.name)


def _told(report: BuildReport, name: str) -> str:
    """What a build did, as the end of a sentence; its warnings are told under a name."""
    for warning in report.warnings:
        tell(f"{name}: {warning}")
    return (
        f" ({count(report.files, 'file')}, {report.added:,} added, {report.changed:,} changed, "
        f"{report.removed:,} removed)"
    )


def _is_remote(place: str) -> bool:
    from semindex.repositories.clones import is_remote

    if re.fullmatch(r"(?:[\w-]+\.)+\w+/[\w.-]+/[\w./-]+", place) and not Path(place).exists():
        raise UsageError(f"there is no folder {place}; the URL of a repository begins so: https://{place}")
    return is_remote(place)
