"""A watcher at work on a thread, and its events."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import semindex
from semindex.config import Settings
from semindex.errors import NotIndexed
from semindex.service.events import Refreshed, Stopped, WatchEvent, Watching
from semindex.service.notices import OpenNotices, open_notices
from semindex.service.watching import Watcher
from semindex.store.catalog import Catalog

PATIENCE_SECONDS = 300

Event = TypeVar("Event", bound=WatchEvent)


class Following:
    """A watcher, and what it tells."""

    def __init__(self, watcher: Watcher, events: queue.Queue[WatchEvent]) -> None:
        self.watcher = watcher
        self.seen: list[WatchEvent] = []
        self._events = events

    def next(self) -> WatchEvent:
        """The next event."""
        event = self._events.get(timeout=PATIENCE_SECONDS)
        self.seen.append(event)
        return event

    def until(self, kind: type[Event], suits: Callable[[Event], bool] = lambda _: True) -> Event:
        """The next event of a kind that suits."""
        while True:
            event = self.next()
            if isinstance(event, kind) and suits(event):
                return event

    def until_true(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds, which is looked at after each event."""
        while not condition():
            self.next()

    def refreshed(self, *, looked_at: int | None) -> Refreshed:
        """The next refresh, which looked at so many paths."""
        event = self.until(Refreshed)
        assert event.looked_at == looked_at, event
        return event


@contextmanager
def following(
    root: Path,
    index_dir: Path | None = None,
    *,
    open_notices: OpenNotices = open_notices,
    clock: Callable[[], float] = time.time,
) -> Iterator[Following]:
    """A watcher of the root, stopped afterwards; what it fails with is raised."""
    failed: list[BaseException] = []
    events: queue.Queue[WatchEvent] = queue.Queue()
    with semindex.open(root, index_dir=index_dir, settings=Settings(enable_caching=False)) as index:
        watcher = Watcher(index, events.put, open_notices=open_notices, clock=clock)

        def run() -> None:
            try:
                watcher.run()
            except BaseException as error:  # noqa: BLE001 - raised where the test is
                failed.append(error)
                events.put(Stopped())

        thread = threading.Thread(target=run)
        thread.start()
        found = Following(watcher, events)
        try:
            yield found
        finally:
            watcher.stop()
            thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    if failed:
        raise failed[0]


@contextmanager
def up_to_date(root: Path, index_dir: Path | None = None, **options: Any) -> Iterator[Following]:
    """The same, when it has brought the index up to date and hears of changes."""
    with following(root, index_dir, **options) as found:
        found.until(Watching)
        yield found


def indexed(index_dir: Path) -> dict[str, int]:
    """The indexed files with their sizes; none if there is no index."""
    try:
        with Catalog.open_reader(index_dir) as catalog:
            return {file.ref.path: file.ref.size_bytes for file in catalog.files()}
    except NotIndexed:
        return {}


def on_disk(root: Path, *paths: str) -> dict[str, int]:
    """The sizes of files, as :func:`indexed` gives them when the index has them as they are."""
    return {path: (root / path).stat().st_size for path in paths}
