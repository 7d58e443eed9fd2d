"""Which files are to be searched: what is decided before ripgrep is started."""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from semindex.types import GrepPlan


class Selection(Struct, frozen=True):
    """The files of one tree in which a pattern may be. Paths are relative to ``root``."""

    root: Path
    scanned: tuple[str, ...]
    """Files without a NUL byte, as of now; in the order of the bytes of their paths."""
    doubtful: tuple[str, ...]
    """Files of whose bytes nothing is known: new, changed, or not covered by the index; in the same order."""
    count: Callable[[], int]
    """Counts the files that the question is about; those that are in neither list cannot match."""
    notes: tuple[str, ...] = ()
    """What a reader should know, a sentence each."""
    grams: tuple[str, ...] = ()
    """What a file must hold to be searched."""
    freshness: str = "fresh"
    """As :attr:`semindex.types.Coverage.freshness`."""
    reason: str = ""
    """Why no file could be spared, or fewer than one may expect; empty if that needs no reason."""

    @property
    def plan(self) -> GrepPlan:
        """What was decided, for people and programs."""
        files, searched = self.count(), len(self.scanned) + len(self.doubtful)
        return GrepPlan(
            files=files,
            searched=searched,
            spared=files - searched,
            unsure=len(self.doubtful),
            grams=self.grams,
            reason=self.reason,
        )
