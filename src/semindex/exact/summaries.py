"""Makes one summary of those with which several runs of ``rg --json`` end."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

_COUNTS = ("bytes_printed", "bytes_searched", "matched_lines", "matches", "searches", "searches_with_match")


class Summaries:
    """Takes the last line from each run's output, and adds them up."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.is_whole = True
        """Whether each run had a summary; one that failed in the middle has none."""
        self._counts = dict.fromkeys(_COUNTS, 0)
        self._nanos = 0

    def without(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """What a run has printed, but for the summary, its last line."""
        held = b""
        for chunk in chunks:
            held += chunk
            end = held.rfind(b"\n", 0, len(held) - 1) + 1
            if end:
                yield held[:end]
                held = held[end:]
        if held and not self._takes(held):
            self.is_whole = False
            yield held

    def line(self) -> bytes:
        """The summary of all runs, as ripgrep writes it."""
        total = round((time.perf_counter() - self._started) * 1e9)
        stats = {**self._counts, "elapsed": _elapsed(self._nanos)}
        data = {"elapsed_total": _elapsed(total), "stats": dict(sorted(stats.items()))}
        return msgspec.json.encode({"data": data, "type": "summary"}) + b"\n"

    def _takes(self, line: bytes) -> bool:
        """Whether a line is a summary; one is added to the others."""
        try:
            message = msgspec.json.decode(line)
        except msgspec.DecodeError:
            return False
        if message["type"] != "summary":
            return False
        self._add(message["data"]["stats"])
        return True

    def _add(self, stats: Any) -> None:
        for name in _COUNTS:
            self._counts[name] += stats[name]
        self._nanos += stats["elapsed"]["secs"] * 1_000_000_000 + stats["elapsed"]["nanos"]


def _elapsed(nanos: int) -> dict[str, object]:
    return {"human": f"{nanos / 1e9:.6f}s", "nanos": nanos % 1_000_000_000, "secs": nanos // 1_000_000_000}
