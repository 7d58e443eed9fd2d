"""Counts the lines of each file that match, for answers that do not show them all."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from semindex.exact.asking import Asking, Look
from semindex.exact.batches import File
from semindex.exact.found import Lines
from semindex.exact.running import NOTHING, Outcome, run
from semindex.exact.veil import Veil

_COUNT = ("--count", "--null", "--with-filename", "--color=never", "--no-mmap")
_SHOW = ("--json", "--no-mmap")


def count(
    asking: Asking, files: Sequence[File], flags: Sequence[str], *, most_of_file: int
) -> tuple[dict[bytes, int], Outcome]:
    """How many lines of each file match, of those that have any, as :class:`Lines` counts them.

    ``rg --count`` tells it quickest. But it tells nothing of a file with a NUL byte behind its matches, and
    counts each of several matches over lines that touch, which are shown as one. Such are counted as shown.

    Args:
        asking: What is asked, whatever its look.
        files: Where.
        flags: Ripgrep's, that change which lines match.
        most_of_file: Of each file so many are counted; 0 for all.
    """
    shown = [file for file in files if file.by_walking or asking.pattern.multiline]
    others = [file for file in files if not (file.by_walking or asking.pattern.multiline)]
    counts, outcome = dict[bytes, int](), Outcome(NOTHING)
    if shown:
        lines = Lines(sys.maxsize, 0, (0, 0), _unveiled, most_of_file=most_of_file)
        outcome = run(replace(asking, look=Look((*_SHOW, *flags), is_json=True)), shown, lines.write)
        counts = lines.counts
    if others:
        printed: list[bytes] = []
        told = run(replace(asking, look=Look((*_COUNT, *flags))), others, printed.append)
        for found in re.finditer(rb"([^\0]+)\0([0-9]+)\n", b"".join(printed)):
            counts[found[1]] = min(int(found[2]), most_of_file or sys.maxsize)
        outcome = Outcome(told.code, (*outcome.errors, *told.errors))
    return counts, outcome


def _unveiled(path: bytes) -> Veil:
    return Veil(Path(), os.fsdecode(path), masks=False)
