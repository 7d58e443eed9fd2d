"""An index over a folder, asked many queries and timed: what every family of tasks shares."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from semindex.evaluate.metrics import DEPTH, Place
from semindex.index import open as open_real
from semindex.types import BuildReport, GroupBy, Hits

ProgressMessage = Callable[[str], None]
"""Told, now and then, what is being measured."""


class Searchable(Protocol):
    """What an evaluation needs of an index; :class:`semindex.Index` is one."""

    def refresh(self) -> BuildReport:
        """Index everything."""

    def search(self, query: str, /, *, limit: int, group_by: GroupBy) -> Hits:
        """The best hits, best first."""


Opener = Callable[[Path, Path], AbstractContextManager[Searchable]]
"""Root and index folder to an index; closed when the evaluation is done with it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer to one query."""

    places: tuple[Place, ...]
    """At most :data:`~semindex.evaluate.metrics.DEPTH`, best first."""
    milliseconds: float


@contextmanager
def open_index(root: Path, index_dir: Path) -> Iterator[Searchable]:
    """The product's own index of ``root``, kept in ``index_dir``."""
    with open_real(root, index_dir=index_dir) as index:
        yield index


@contextmanager
def folder(kept: Path | None) -> Iterator[Path]:
    """``kept``, made where it is missing, or else a temporary folder that is removed at the end."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="semindex-eval-") as name:
        yield Path(name)


def prepare(index: Searchable) -> BuildReport:
    """Index everything and search once, so that what is timed afterwards finds everything loaded."""
    report = index.refresh()
    index.search("warm", limit=1, group_by=GroupBy.FILE)
    return report


def ask(index: Searchable, query: str, *, group_by: GroupBy) -> Asked:
    """Search once, in this process, and take the time of it."""
    began = time.perf_counter()
    hits = index.search(query, limit=DEPTH, group_by=group_by)
    elapsed = time.perf_counter() - began
    return Asked(tuple(Place(hit.path, hit.start_line, hit.end_line) for hit in hits), elapsed * 1000)


def no_progress(message: str) -> None:
    """Say nothing."""
