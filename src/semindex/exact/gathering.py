"""Puts what one run of ``rg --json`` on all cores prints into the order of the files.

One run costs less than several, but its threads print the files in any order. So its output is gathered, and
taken apart at the lines with which files begin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from semindex.exact.batches import File
from semindex.exact.found import Encoded

MOST_FILES = 2048
"""Of more files the output may be large."""
MOST_BYTES = 16_000_000
"""Longer output is not gathered."""
_BEGIN = re.compile(rb'^\{"type":"begin"', re.MULTILINE)
_SUMMARY = b'{"data":{"elapsed_total"'


class _Begin(msgspec.Struct):
    data: dict[str, Encoded]


_DECODER = msgspec.json.Decoder(_Begin)


def gathered(chunks: Iterable[bytes]) -> bytes | None:
    """All that a run prints; None as soon as it is too much."""
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            return None
        parts.append(chunk)
    return b"".join(parts)


def in_order(printed: bytes, files: Sequence[File]) -> list[bytes]:
    """What was printed, file by file in their order, and then the summary, if there is one."""
    begins = [match.start() for match in _BEGIN.finditer(printed)]
    end = printed.rfind(b"\n", 0, len(printed) - 1) + 1
    if not printed[end:].startswith(_SUMMARY):
        end = len(printed)
    by_path: dict[bytes, list[bytes]] = {}
    for begin, stop in pairwise([*begins, end]):
        block = printed[begin:stop]
        told: Any = _DECODER.decode(block[: block.index(b"\n")])
        by_path.setdefault(told.data["path"].value(), []).append(block)
    found = [by_path[file.shown].pop(0) for file in files if by_path.get(file.shown)]
    return [*found, printed[end:]]
