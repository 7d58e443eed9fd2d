"""Remembers in the catalog which files were indexed without their syntax tree, and tells the user."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

STOPPED = "stopped"
"""The key of the catalog's note."""
_NAMED = 10


def read_texts(note: str | None) -> dict[str, str]:
    """The texts of a note of the catalog, by their names; none of one that cannot be read."""
    try:
        found = json.loads(note or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: text for name, text in found.items() if isinstance(text, str)}


def read_stopped(note: str | None) -> dict[str, str]:
    """Why a grammar was stopped (:attr:`ParsedFile.stopped`), by the path of the file.

    A note that cannot be read tells of no file: another version of semindex wrote it.
    """
    return read_texts(note)


def stopped_note(stopped: Mapping[str, str]) -> str:
    """What the catalog keeps, in ASCII whatever bytes a path has."""
    return json.dumps(dict(sorted(stopped.items())))


def stopped_lines(stopped: Mapping[str, str]) -> Iterable[str]:
    """A sentence for the user with the number of such files and the names of the first; none without any."""
    if not stopped:
        return
    named = [f"{path} (its parsing {reason})" for path, reason in sorted(stopped.items())[:_NAMED]]
    more = f", and {len(stopped) - _NAMED:,} more" if len(stopped) > _NAMED else ""
    files = "1 file was" if len(stopped) == 1 else f"{len(stopped):,} files were"
    yield f"{files} indexed without a syntax tree, and may lack definitions: {', '.join(named)}{more}"
