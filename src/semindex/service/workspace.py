"""The indexes that serve some folders: opened once, and built in the background where there is none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from semindex import config
from semindex.errors import SemindexError, UsageError
from semindex.exact.scopes import narrowed
from semindex.index import Index, indexes_below, locate
from semindex.index import open as open_index
from semindex.library import Indexes
from semindex.locate import Location
from semindex.types import Progress

RETRY_SECONDS = 30.0
"""After which a build that failed is tried again."""
_POLL_SECONDS = 0.05

OnProgress = Callable[[Progress], None]


class Building(Struct, frozen=True):
    """The state of a build in the background."""

    root: Path
    progress: Progress | None
    """The last step that was told."""
    failed: str = ""
    """Why it ended without an index; empty while it goes on."""


class Place:
    """One index, the part of it that was asked for, and its build in the background."""

    def __init__(self, location: Location) -> None:
        settings = config.load(location.root).settings
        self.location = location
        self.index: Index = open_index(location.root, index_dir=location.index_dir, settings=settings)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._progress: Progress | None = None
        self._failed = ""
        self._ended = 0.0
        self._attended = False

    @property
    def ready(self) -> bool:
        """Whether there is something to ask."""
        return self.index.exists

    @property
    def building(self) -> Building | None:
        """The build that goes on, or that failed; None when there is none."""
        with self._lock:
            if self._failed:
                return Building(self.location.root, None, self._failed)
            running = self._thread is not None and self._thread.is_alive()
            return Building(self.location.root, self._progress) if running else None

    def attend(self) -> None:
        """Have the index kept up to date from now on, if there is one and somebody can."""
        with self._lock:
            if self._attended or not self.index.exists:
                return
            self._attended = True
        self.index.attend()

    def build(self) -> None:
        """Begin to build, unless that goes on already or has just failed."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            if self._failed and time.monotonic() - self._ended < RETRY_SECONDS:
                return
            self._failed, self._progress = "", None
            # It is given up with the process: what was committed stays, and is gone on with.
            self._thread = threading.Thread(target=self._build, name="semindex build", daemon=True)
            self._thread.start()

    def _build(self) -> None:
        failed = ""
        try:
            report = self.index.refresh(progress=self._told)
            if not report.generation:
                failed = f"{self.location.root} has no files to index"
        except SemindexError as error:
            failed = str(error)
        with self._lock:
            self._failed, self._ended = failed, time.monotonic()

    def _told(self, progress: Progress) -> None:
        self._progress = progress


class Workspace:
    """The folders that may be asked. Threads may share it; nothing is opened before it is needed."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(roots)
        self._lock = threading.Lock()
        self._places: tuple[Place, ...] | None = None

    def places(self) -> tuple[Place, ...]:
        """The indexes that serve the folders, or those of repositories below a folder that has none.

        Raises:
            SemindexError: A folder is missing, a setting is wrong, an index cannot be opened.
        """
        with self._lock:
            if self._places is None:
                found: dict[tuple[Path, str], Location] = {}
                for root in self.roots:
                    location = locate(root)
                    below = indexes_below(location)
                    several = [locate(each) for each in below.indexes] if below is not None else [location]
                    found |= {(each.index_dir, each.scope): each for each in several}
                self._places = tuple(Place(location) for location in found.values())
            return self._places

    def prepared(
        self,
        *,
        seconds: float,
        on_progress: OnProgress | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> tuple[Place, ...]:
        """The places, after builds were begun where there is no index, and waited for so long.

        Raises:
            SemindexError: As :meth:`places`.
        """
        until, told = time.monotonic() + seconds, None
        places = self.places()
        for place in places:
            if not place.ready:
                place.build()
        while time.monotonic() < until and not (stopped is not None and stopped()):
            states = [place.building for place in places]
            if not any(state is not None and not state.failed for state in states):
                break
            for state in states:
                if state is not None and state.progress is not None and state.progress is not told:
                    told = state.progress
                    if on_progress is not None:
                        on_progress(told)
            time.sleep(_POLL_SECONDS)
        for place in places:
            place.attend()
        return places

    def close(self) -> None:
        """Close the indexes."""
        with self._lock:
            for place in self._places or ():
                place.index.close()
            self._places = None


def asked_together(places: Sequence[Place]) -> Indexes:
    """The indexes of places as one, limited to what was asked for of each; the indexes stay open."""
    indexes, scopes = _by_index(places)
    return Indexes(indexes, scopes=scopes)


def within(places: Sequence[Place], paths: Sequence[str]) -> Indexes:
    """As :func:`asked_together`, for an exact search below some paths, if any are given.

    Args:
        places: What may be asked.
        paths: Folders and files, absolute or relative to the root of any of the places.

    Raises:
        UsageError: A path is neither a folder nor a file of what may be asked.
    """
    indexes, allowed = _by_index(places)
    if not paths:
        return Indexes(indexes, scopes=allowed)
    limits = [(index, scopes or ("",)) for index, scopes in zip(indexes, allowed, strict=True)]
    for path in paths:
        if not any(narrowed(index.root, scopes, [path]) for index, scopes in limits):
            raise UsageError(f"{path} is no folder or file of what this server may read")
    limited = [(index, narrowed(index.root, scopes, paths)) for index, scopes in limits]
    chosen = [(index, scopes) for index, scopes in limited if scopes]
    return Indexes([index for index, _ in chosen], scopes=[scopes for _, scopes in chosen])


def _by_index(places: Sequence[Place]) -> tuple[list[Index], list[tuple[str, ...]]]:
    """The indexes of places, and what may be asked of each: nothing told is all of it."""
    by_index: dict[Path, list[Place]] = {}
    for place in places:
        by_index.setdefault(place.index.index_dir, []).append(place)
    scopes = [[place.location.scope for place in same] for same in by_index.values()]
    return [same[0].index for same in by_index.values()], [
        () if "" in some else tuple(some) for some in scopes
    ]
