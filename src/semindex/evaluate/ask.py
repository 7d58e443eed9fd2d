"""An index over a folder, asked many queries and timed: what every family of tasks shares."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from semindex.evaluate.metrics import DEPTH, HitPlace
from semindex.index import Index
from semindex.index import open as open_real
from semindex.types import GroupBy

ProgressMessage = Callable[[str], None]
"""Told, now and then, what is being measured."""


class Built(Protocol):
    """What indexing took; :class:`semindex.types.BuildReport` is one."""

    @property
    def seconds(self) -> float:
        """Wall time."""

    @property
    def chunks(self) -> int:
        """Chunks there are now."""

    @property
    def files(self) -> int:
        """Files indexed now."""


class Shown(Protocol):
    """Where a hit points; :class:`semindex.Hit` is one."""

    @property
    def path(self) -> str:
        """From the root."""

    @property
    def start_line(self) -> int:
        """1-based."""

    @property
    def end_line(self) -> int:
        """Inclusive."""


class Searchable(Protocol):
    """What an evaluation needs of an index; :class:`semindex.Index` is one, peers are wrapped to be one."""

    def refresh(self) -> Built:
        """Index everything."""

    def search(self, query: str, /, *, limit: int, group_by: GroupBy) -> Iterable[Shown]:
        """The best hits, best first."""


Opener = Callable[[Path, Path], AbstractContextManager[Searchable]]
"""Root and index folder to an index; closed when the evaluation is done with it."""


class Asked(Struct, frozen=True):
    """The answer to one query."""

    places: tuple[HitPlace, ...]
    """At most :data:`~semindex.evaluate.metrics.DEPTH`, best first."""
    milliseconds: float


class _Copy:
    """The product's own index of a copy, which is meant however large it is, and is in no git work tree."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def refresh(self) -> Built:
        return self._index.refresh(yes=True)

    def search(self, query: str, /, *, limit: int, group_by: GroupBy) -> Iterable[Shown]:
        return self._index.search(query, limit=limit, group_by=group_by)


@contextmanager
def open_index(root: Path, index_dir: Path) -> Iterator[Searchable]:
    """The product's own index of ``root``, kept in ``index_dir``."""
    with open_real(root, index_dir=index_dir) as index:
        yield _Copy(index)


@contextmanager
def folder(kept: Path | None) -> Iterator[Path]:
    """``kept``, made where it is missing, or else a temporary folder that is removed at the end."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="semindex-eval-") as name:
        yield Path(name)


def prepare(index: Searchable) -> Built:
    """Index everything and search once, so that what is timed afterwards finds everything loaded."""
    report = index.refresh()
    index.search("warm", limit=1, group_by=GroupBy.FILE)
    return report


def ask(index: Searchable, query: str, *, group_by: GroupBy) -> Asked:
    """Search once, in this process, and take the time of it."""
    began = time.perf_counter()
    hits = index.search(query, limit=DEPTH, group_by=group_by)
    elapsed = time.perf_counter() - began
    return Asked(tuple(HitPlace(hit.path, hit.start_line, hit.end_line) for hit in hits), elapsed * 1000)


def no_progress(message: str) -> None:
    """Say nothing."""
