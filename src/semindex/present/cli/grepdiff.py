"""Shows what ``semindex grep --replace`` would change, as git shows a difference."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from semindex.present.safe import safe_path

if TYPE_CHECKING:
    from semindex.exact.replacing import FileChange, Hunk

_BOLD, _CYAN, _RED, _GREEN, _PLAIN = b"\x1b[1m", b"\x1b[36m", b"\x1b[31m", b"\x1b[32m", b"\x1b[m"
_COLOURS = {b"-": _RED, b"+": _GREEN}
_NO_END = b"\\ No newline at end of file\n"


def diff_of(change: FileChange, *, coloured: bool) -> bytes:
    """The change of one file, ready for ``git apply``."""
    path = os.fsdecode(change.path).removeprefix("./").lstrip("/")
    old, new = (safe_path(f"{side}/{path}") for side in "ab")
    head = os.fsencode(f"diff --git {old} {new}\n--- {old}\n+++ {new}\n")
    if coloured:
        head = b"".join(_BOLD + line + _PLAIN + b"\n" for line in head.splitlines())
    return head + b"".join(piece for hunk in change.hunks for piece in _lines(hunk, coloured=coloured))


def _lines(hunk: Hunk, *, coloured: bool) -> Iterator[bytes]:
    place = f"@@ -{_span(hunk.old_start, hunk.old_lines)} +{_span(hunk.new_start, hunk.new_lines)} @@"
    yield (_CYAN + place.encode() + _PLAIN if coloured else place.encode()) + b"\n"
    for line in hunk.lines:
        colour = _COLOURS.get(line[:1]) if coloured else None
        whole = line.endswith(b"\n")
        text = line.removesuffix(b"\n")
        yield (colour + text + _PLAIN if colour else text) + b"\n"
        if not whole:
            yield _NO_END


def _span(start: int, lines: int) -> str:
    return f"{start}" if lines == 1 else f"{start},{lines}"
