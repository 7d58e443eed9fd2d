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
from semindex.exact.ordering import ordered
from semindex.exact.running import FAILED, NOTHING, Outcome, run
from semindex.exact.selection import Selection
from semindex.types import GrepPlan


class Part(Struct, frozen=True):
    """The files that one PATH selects."""

    selection: Selection
    wanted: Wanted

    def shown(self, paths: Iterable[str]) -> list[bytes]:
        """Root-relative paths as ripgrep is given them."""
        return [os.fsencode(self.wanted.path_shown(path)) for path in paths]


def named_part(path: str) -> Part:
    """A file that a user has named; it is searched whatever it is."""
    selection = Selection(Path(), scanned=(path,), doubtful=(), count=lambda: 1)
    return Part(selection, Wanted(path, path, is_file=True))


class Settled(Struct, frozen=True):
    """The files to search, in their order, and what went wrong when they were looked at."""

    files: tuple[File, ...]
    outcome: Outcome


def settled(parts: Sequence[Part], asking: Asking) -> Settled:
    """The files of all parts, part after part, each as it is to be searched."""
    files: list[File] = []
    errors: dict[bytes, None] = {}
    for part in parts:
        selection = part.selection
        scanned, doubtful = part.shown(selection.scanned), part.shown(selection.doubtful)
        if asking.output is not None and not part.wanted.is_file:
            scanned, doubtful = _without(scanned, asking), _without(doubtful, asking)
        found, outcome = settle(scanned, doubtful, asking)
        files += found
        errors |= dict.fromkeys(outcome.errors)
    return Settled(tuple(files), Outcome(FAILED if errors else NOTHING, tuple(errors)))


def _without(paths: Sequence[bytes], asking: Asking) -> list[bytes]:
    """The paths but for that of the file to which the answer is written."""
    return [path for path in paths if _identity(asking.folder, path) != asking.output]


def _identity(folder: bytes, path: bytes) -> tuple[int, int] | None:
    try:
        status = os.stat(os.path.join(folder, path))  # noqa: PTH116, PTH118 - bytes
    except OSError:
        return None
    return status.st_dev, status.st_ino


def plan_of(parts: Sequence[Part]) -> GrepPlan:
    """What was decided for all parts."""
    plans = [part.selection.plan for part in parts]
    return GrepPlan(
        files=sum(plan.files for plan in plans),
        searched=sum(plan.searched for plan in plans),
        spared=sum(plan.spared for plan in plans),
        unsure=sum(plan.unsure for plan in plans),
        grams=tuple(dict.fromkeys(gram for plan in plans for gram in plan.grams)),
        reason="; ".join(dict.fromkeys(plan.reason for plan in plans if plan.reason)),
    )


def stream(
    parts: Sequence[Part], asking: Asking, write: Callable[[bytes], None], *, descriptor: int | None = None
) -> Outcome:
    """Search the files of all parts; the arguments are those of :func:`semindex.exact.running.run`."""
    found = settled(parts, asking)
    look = asking.look
    files = ordered(found.files, lambda file: file.shown, asking.folder, look.order, reverse=look.reverse)
    outcome = run(asking, files, write, descriptor=descriptor)
    errors = tuple(dict.fromkeys((*found.outcome.errors, *outcome.errors)))
    has_failed = found.outcome.errors and not (asking.look.stops_early and outcome.code == 0)
    return Outcome(FAILED if has_failed else outcome.code, errors)
