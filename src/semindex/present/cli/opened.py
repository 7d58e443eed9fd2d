"""Opens the index for a path on the command line, and builds it first where there is none."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from semindex.errors import BroadRoot, IndexLocked, NotIndexed
from semindex.present.cli.outcome import NoFiles
from semindex.present.render import count, duration, shared_lines
from semindex.present.safe import safe_message

if TYPE_CHECKING:
    from semindex.config import Settings
    from semindex.index import Index, Location
    from semindex.library import Indexes
    from semindex.types import BuildReport


_MOST_NAMED = 5
"""Folders that a note names."""


class Opened(Struct, frozen=True):
    """An index, and how the path that was given relates to it."""

    index: Index
    location: Location
    settings: Settings


@contextmanager
def opened(path: Path, index_dir: Path | None, overrides: Mapping[str, str]) -> Iterator[Opened]:
    """The index that serves ``path``, closed afterwards; nothing is built.

    Raises:
        SemindexError: The path is missing, a setting is wrong, the index cannot be opened.
    """
    from semindex import config
    from semindex.index import locate
    from semindex.index import open as open_index

    location = locate(path, index_dir=index_dir)
    settings = config.load(location.root, overrides=overrides).settings
    with open_index(location.root, index_dir=location.index_dir, settings=settings) as index:
        yield Opened(index, location, settings)


def together(places: Sequence[Opened]) -> Indexes:
    """The indexes of several places as one to search; places in the same index become scopes of it."""
    from semindex.library import Indexes

    by_root: dict[Path, list[Opened]] = {}
    for place in places:
        by_root.setdefault(place.index.index_dir, []).append(place)
    indexes = [same[0].index for same in by_root.values()]
    scopes = [tuple(place.location.scope for place in same) for same in by_root.values()]
    return Indexes(indexes, scopes=[() if "" in some else some for some in scopes])


def not_indexed(index: Index) -> NotIndexed:
    """The error for an index that does not exist; its message says what to run."""
    return NotIndexed(f"nothing is indexed for {index.root}; run: semindex index {index.root}")


def indexes_for(
    stack: ExitStack, path: Path, index_dir: Path | None, overrides: Mapping[str, str]
) -> tuple[list[Opened], str]:
    """The index that serves ``path``, or those of repositories below it where it has none; with a note.

    Raises:
        SemindexError: As :func:`opened`.
    """
    from semindex.index import indexes_below

    place = stack.enter_context(opened(path, index_dir, overrides))
    below = None if index_dir is not None else indexes_below(place.location)
    if below is None:
        return [place], ""
    root = place.index.root
    places = [stack.enter_context(opened(each, None, overrides)) for each in below.indexes]
    note = f"{root} has no index; asked those below it: {_named(root, below.indexes)}"
    if below.others:
        note += f"; not indexed: {_named(root, below.others)}"
    return places, note


def _named(root: Path, folders: Sequence[Path]) -> str:
    """The first of some folders, relative to ``root``, and how many more there are."""
    more = f" and {len(folders) - _MOST_NAMED} more" if len(folders) > _MOST_NAMED else ""
    return ", ".join(each.relative_to(root).as_posix() for each in folders[:_MOST_NAMED]) + more


def refreshed(index: Index, *, quiet: bool = False, **asked: Any) -> BuildReport:
    """Bring an index up to date; a folder that nobody may have meant is asked about in a terminal first.

    Raises:
        BroadRoot: Nobody can be asked, or the answer was no.
        SemindexError: As :meth:`semindex.index.Index.refresh`.
    """
    from semindex.present.cli.progress import drawn

    try:
        with drawn(quiet=quiet) as progress:
            return index.refresh(**asked, progress=progress)
    except BroadRoot as error:
        can_ask = sys.stdin.isatty() and sys.stderr.isatty()
        if not can_ask or not click.confirm(f"{safe_message(error.doubt)}. Index it?", err=True):
            raise
    with drawn(quiet=quiet) as progress:
        return index.refresh(**{**asked, "yes": True}, progress=progress)


def built_first(index: Index) -> list[str]:
    """Build an index that does not exist yet, or of which nothing is there yet; gives notes on what was done.

    Raises:
        NoFiles: There are none.
    """
    is_new = not index.exists
    if not is_new and not index.unbegun:
        return []
    gc.enable()  # a build makes cycles, and may take long
    try:
        # Who searches does not wait for a writer.
        report = refreshed(index, wait_seconds=0)
    except IndexLocked:
        if is_new:
            raise
        return []  # another process has begun, and the answer says how far it is
    if not report.generation:
        raise NoFiles(f"nothing found; {index.root} has no files to index, name the folder of a repository")
    built = f"indexed first: {count(report.files, 'file')} in {duration(report.seconds)}"
    return [built, *shared_lines(report.shared, report.files), *report.warnings]
