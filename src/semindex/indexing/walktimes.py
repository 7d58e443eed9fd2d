"""How long the last few walks of a tree took, from which a search tells whether it can wait for another.

Example: the catalog's note ``walks`` is ``1700000000000:900 1700000060000:20`` after a first walk of 900 ms,
when nothing was in the system's cache yet, and one of 20 ms a minute later. One of the two was slow, so the
next search waits for a walk; after a second slow one among the last three it would not.
"""

from __future__ import annotations

import re

from msgspec import Struct

WALKS = "walks"
"""The name of the note in the catalog."""
WAIT_MS = 150
"""A search waits so long for a walk; one that takes longer is slow."""
_KEPT = 3
_NUMBER = re.compile(r"[0-9]{1,18}")
_MOST_SLOW = 1
_RETRY_MS = 600_000
"""After so long a search waits again, however slow the last walks were."""


class WalkTimes(Struct, frozen=True):
    """When the last few walks ended, and how long they took, newest last."""

    walks: tuple[tuple[int, int], ...] = ()
    """Milliseconds of the epoch, and milliseconds."""

    @classmethod
    def read(cls, note: str | None) -> WalkTimes:
        """The times that a catalog's note tells; none when there is no note, or one that makes no sense."""
        pairs = [pair.partition(":") for pair in (note or "").split()]
        if not all(_NUMBER.fullmatch(end) and _NUMBER.fullmatch(took) for end, _, took in pairs):
            return cls()
        return cls(tuple((int(end), int(took)) for end, _, took in pairs)[-_KEPT:])

    @property
    def newest_ms(self) -> int:
        """When the last walk ended; 0 when none is known."""
        return self.walks[-1][0] if self.walks else 0

    @property
    def note(self) -> str:
        """What :meth:`read` reads."""
        return " ".join(f"{end}:{took}" for end, took in self.walks)

    def after(self, end_ns: int, seconds: float) -> WalkTimes:
        """These and one more walk, that ended at ``end_ns`` of the epoch."""
        return WalkTimes((*self.walks, (end_ns // 1_000_000, round(seconds * 1000)))[-_KEPT:])

    def is_quick(self, now_ns: int) -> bool:
        """Whether a search should wait for a walk: most of the last ones were quick, or they are long ago."""
        return sum(self._slow) <= _MOST_SLOW or self._is_old(now_ns)

    def tells_more(self, than: WalkTimes, now_ns: int) -> bool:
        """Whether these are worth a commit when ``than`` are noted.

        Quick walks after quick ones are not, and slow ones after slow ones no more often than a search tries
        again.
        """
        if not any((*self._slow, *than._slow)):
            return False
        return self._slow != than._slow or than._is_old(now_ns)

    @property
    def _slow(self) -> list[bool]:
        return [took > WAIT_MS for _, took in self.walks]

    def _is_old(self, now_ns: int) -> bool:
        return now_ns // 1_000_000 - self.newest_ms > _RETRY_MS
