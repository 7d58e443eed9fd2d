"""Opens the index for a path on the command line, and builds it first where there is none."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from semindex.errors import NotIndexed
from semindex.present.render import count, duration

if TYPE_CHECKING:
    from semindex.config import Settings
    from semindex.index import Index, Location
    from semindex.library import Indexes


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


def built_first(index: Index) -> list[str]:
    """Build an index that does not exist yet; gives notes on what was done, none when it existed."""
    if index.exists:
        return []
    from semindex.present.cli.progress import drawn

    gc.enable()  # a build makes cycles, and may take long
    with drawn() as progress:
        # Who searches does not wait for a writer.
        report = index.refresh(progress=progress, wait_seconds=0)
    built = f"indexed first: {count(report.files, 'file')} in {duration(report.seconds)}"
    return [built, *report.warnings]
