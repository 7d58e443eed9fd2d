"""Looks at files of whose bytes nothing is known, so that ripgrep can be given them by name.

ripgrep treats a file that it meets in a folder as binary from its first NUL byte on: it finds nothing in one
with a NUL byte among its first 65,536, unless a line ends in its first three, and stops at a later one. One
that it is given by name it searches to its end. An answer has to be that of a search of the folder, so files
with NUL bytes are searched as such (:mod:`semindex.exact.walkargs`) or left out.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Sequence

from semindex.exact.asking import Asking
from semindex.exact.batches import File
from semindex.exact.ordering import order_key
from semindex.exact.running import NOTHING, Outcome, listed
from semindex.source.read import is_silent
from semindex.source.regular import RegularFileError, read_regular

FEW_FILES = 48
"""So many are looked at here; of more ripgrep tells on all cores which of them have NUL bytes."""
_MOST_BYTES = 4_000_000
"""A larger file is searched as ripgrep meets it in its folder, whatever it holds."""
_STANDARD_INPUT = b"-"
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""Files that begin so are decoded by ripgrep first, and have no NUL bytes then."""


def settle(scanned: Sequence[bytes], doubtful: Sequence[bytes], asking: Asking) -> tuple[list[File], Outcome]:
    """How each file is to be searched, in the order of an answer; and what ripgrep said of doubtful ones.

    Doubtful files that cannot have any line in the answer are left out.
    """
    outcome, looked = Outcome(NOTHING), list[File]()
    # ripgrep takes a file that is called - for standard input, so it has to be met in its folder.
    apart = [path for path in (*scanned, *doubtful) if path == _STANDARD_INPUT]
    unsure = [path for path in doubtful if path != _STANDARD_INPUT]
    if asking.look.takes_binary:
        looked = list(map(File, unsure))
    elif len(unsure) <= FEW_FILES:
        looked = _few(unsure, asking)
    else:
        looked, outcome = _many(unsure, asking)
    sure = [File(path) for path in scanned if path != _STANDARD_INPUT]
    files = [*sure, *looked, *[File(path, by_walking=True) for path in apart]]
    return sorted(files, key=lambda file: order_key(file.shown)), outcome


def _few(paths: Sequence[bytes], asking: Asking) -> list[File]:
    verdicts = ((path, _verdict(path, asking)) for path in paths)
    return [File(path, by_walking=verdict) for path, verdict in verdicts if verdict is not None]


def _verdict(path: bytes, asking: Asking) -> bool | None:
    """Whether a file is to be met in its folder; None if nothing can be found in it."""
    try:
        file = read_regular(os.path.join(asking.folder, path), limit=_MOST_BYTES)  # noqa: PTH118 - bytes
    except (OSError, RegularFileError):
        return False  # ripgrep says why, or finds it gone
    data = file.data
    if len(data) != file.status.st_size:
        return True  # too large to be looked at here, or just being written
    if data.startswith(_WIDE):
        return "\0" in data.decode("utf-16", "replace")
    if b"\0" not in data:
        return False
    return None if is_silent(data) and asking.look.tells_matches_only else True


def _many(paths: Sequence[bytes], asking: Asking) -> tuple[list[File], Outcome]:
    """As :func:`_few`, by ripgrep: which files have a match at all, then which of these have NUL bytes."""
    outcome = Outcome(NOTHING)
    if asking.look.tells_matches_only:
        found, outcome = listed(asking.listing(), paths)
        paths = [path for path in paths if path in found]
    with_nul, _ = listed(asking.listing_nul(), paths)
    return [File(path, by_walking=path in with_nul) for path in paths], outcome
