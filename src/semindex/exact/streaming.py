"""A search from the files that were chosen to what ripgrep prints."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from semindex.exact.asking import Asking
from semindex.exact.batches import File
from semindex.exact.doubt import settle
from semindex.exact.files import Wanted
from semindex.exact.running import FAILED, Outcome, run
from semindex.exact.selection import Selection


class Part(Struct, frozen=True):
    """The files that one PATH selects."""

    selection: Selection
    wanted: Wanted

    def shown(self, paths: Iterable[str]) -> list[bytes]:
        """Root-relative paths as ripgrep is given them."""
        return [os.fsencode(self.wanted.path_shown(path)) for path in paths]


def named_part(path: str) -> Part:
    """A file that a user has named; it is searched whatever it is."""
    selection = Selection(Path(), scanned=(path,), doubtful=(), files=1)
    return Part(selection, Wanted(path, path, is_file=True))


class Settled(Struct, frozen=True):
    """The files to search, in their order, and what went wrong when they were looked at."""

    files: tuple[File, ...]
    errors: tuple[bytes, ...]


def settled(parts: Sequence[Part], asking: Asking) -> Settled:
    """The files of all parts, part after part, each as it is to be searched."""
    files: list[File] = []
    errors: dict[bytes, None] = {}
    for part in parts:
        selection = part.selection
        found, outcome = settle(part.shown(selection.scanned), part.shown(selection.doubtful), asking)
        files += found
        errors |= dict.fromkeys(outcome.errors)
    return Settled(tuple(files), tuple(errors))


def stream(
    parts: Sequence[Part], asking: Asking, write: Callable[[bytes], None], *, descriptor: int | None = None
) -> Outcome:
    """Search the files of all parts; the arguments are those of :func:`semindex.exact.running.run`."""
    found = settled(parts, asking)
    outcome = run(asking, found.files, write, descriptor=descriptor)
    errors = tuple(dict.fromkeys((*found.errors, *outcome.errors)))
    has_failed = found.errors and not (asking.look.stops_early and outcome.code == 0)
    return Outcome(FAILED if has_failed else outcome.code, errors)
