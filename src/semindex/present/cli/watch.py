"""``semindex watch``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from semindex.present.cli.opened import opened, refreshed
from semindex.present.cli.options import index_dir_option, path_argument, set_option
from semindex.present.cli.outcome import DONE, tell
from semindex.present.cli.signals import ended_by_signals
from semindex.present.render import count, duration
from semindex.present.safe import safe_message
from semindex.present.schema import record_object
from semindex.present.stream import flush, write, write_json

if TYPE_CHECKING:
    from semindex.service.events import WatchEvent


@click.command()
@path_argument
@index_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, one for each event.")
@set_option
def watch(path: Path, index_dir: Path | None, as_json: bool, overrides: Mapping[str, str]) -> int:
    """Keep an index up to date while files change.

    PATH is a folder, as in `semindex index`. What differs is indexed first; then whatever changes, mostly
    within a second. It runs until ^C, or until it is told to terminate, and prints a line for each thing
    that it does. Settings are read when it starts.
    """
    from semindex.service.watching import Watcher

    with opened(path, index_dir, overrides) as place:
        if place.location.passed_over:
            tell(place.location.passed_over)
        if sys.stdin.isatty() and sys.stderr.isatty() and not place.index.exists:
            refreshed(place.index)  # draws how far it is, and asks about a folder that nobody may have meant
        watcher = Watcher(place.index, _Lines(as_json=as_json))
        with ended_by_signals(watcher.stop):
            watcher.run()
    return DONE


class _Lines:
    """Prints events as they come."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._warned: set[str] = set()

    def __call__(self, event: WatchEvent) -> None:
        if self._as_json:
            name = event.__struct_config__.tag
            write_json({"event": name, "time": round(time.time(), 3), **record_object(event)})
        else:
            for line in (*_lines(event), *self._new_warnings(event)):
                write(f"{time.strftime('%H:%M:%S')} {safe_message(line)}")
        flush()

    def _new_warnings(self, event: WatchEvent) -> list[str]:
        """The warnings of a refresh that were not printed before."""
        warnings: tuple[str, ...] = getattr(event, "warnings", ())
        new = [f"note: {warning}" for warning in warnings if warning not in self._warned]
        self._warned.update(warnings)
        return new


def _lines(event: WatchEvent) -> Iterator[str]:
    """An event in words; none for a look that found nothing to do."""
    from semindex.service import events

    match event:
        case events.Started():
            yield f"bringing the index of {event.root} up to date"
        case events.Refreshed():
            done = [("added", event.added), ("changed", event.changed), ("removed", event.removed)]
            told = ", ".join(f"{number:,} {what}" for what, number in done if number)
            if told:
                yield f"{told} in {duration(event.seconds)}; {count(event.files, 'file')}"
        case events.Watching():
            yield f"up to date; watching {count(event.folders, 'folder')}"
        case events.Scanning():
            every = f"all files are looked at every {event.seconds:.0f} s"
            yield f"the system does not tell what changes, so {every}: {event.reason}"
        case events.Waiting():
            yield f"waiting: {event.holder} is writing the index"
        case events.Paused():
            yield f"paused until the folder is back: {event.reason}"
        case events.Resumed():
            yield "the folder is back"
        case events.Failed():
            yield f"{event.message}; trying again in {event.retry_seconds:.0f} s"
        case events.Stopped():
            yield "stopped; the index stays as it is"
