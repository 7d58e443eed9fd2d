"""Brings an index up to date beside its searches, as far as that is quick.

What happens in a search that is to see the newest files:

1. The tree is walked on another thread. The search waits for it, but not longer than ``WAIT_MS``; not at all
   when the last walks were slower. A walk that nobody waits for goes on, and serves the next search.
2. Few changes are indexed at once. Of many, files that were only touched are told by reading them, and what
   they look like now is noted in the catalog, so that they are not read again.
3. What is left is told: ``fresh``, ``refreshed``, ``stale`` or ``unchecked``, as in
   :class:`semindex.types.Coverage`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from semindex.errors import IndexLocked, IndexUnwritable, SemindexError
from semindex.indexing.drift import Drift, planned, settled, walked
from semindex.indexing.plan import new_skips
from semindex.indexing.walktimes import WAIT_MS, WALKS, WalkTimes
from semindex.source.read import RULES, ReadRules
from semindex.store.catalog import Catalog
from semindex.store.lock import write_lock
from semindex.store.records import Change
from semindex.types import Upkept

if TYPE_CHECKING:
    from semindex.indexing.builder import Builder

_TRUSTED_NS = 60_000_000_000
"""What a walk of longer ago found unchanged is not called fresh."""
_PAUSE_SECONDS = 1.0
"""A walk that nobody waits for begins after the query, so that the two do not slow each other."""


class WalkAside(Protocol):
    """A walk on another thread."""

    def result(self, seconds: float) -> Drift | None:
        """What it found, waited for so long; None while it goes on.

        Raises:
            Exception: What went wrong on the other thread.
        """


Start = Callable[[Callable[[], Drift], Callable[[Drift], Drift], bool], WalkAside]
"""Begins a walk on another thread: given the walk, what makes its plan, and whether somebody waits for it."""


class Upkeep:
    """The upkeep of one index, in one process; threads may share it."""

    def __init__(
        self,
        root: Path,
        index_dir: Path,
        open_builder: Callable[[], Builder],
        *,
        rules: ReadRules = RULES,
        start: Start | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """``start`` and ``clock`` (in nanoseconds of the epoch) are others in tests."""
        self._root = root
        self._rules = rules
        self._index_dir = index_dir
        self._open_builder = open_builder
        self._start = start or _Thread
        self._clock = clock
        self._lock = threading.Lock()
        self._walk: WalkAside | None = None
        self._waits = False
        """Whether a search may wait for the walk."""
        self._earlier: Drift | None = None
        """What an earlier walk found, for which no search has waited."""
        self._times = WalkTimes()
        """Of the walks of this process, which need not be noted in the catalog."""

    def _begin(self, catalog: Catalog) -> None:
        """Begin a walk, unless one goes on; what an earlier one found is kept."""
        with self._lock:
            if self._walk is not None:
                with suppress(SemindexError):
                    found = self._walk.result(0)
                    if found is None:
                        return
                    self._earlier = found
            self._waits = self._walk_times(catalog).is_quick(self._clock())
            self._walk = self._start(partial(walked, self._root), self._planned_aside, self._waits)

    def catch_up(self, catalog: Catalog, model: str) -> Upkept:
        """Look for changes, index them when they are few; what a search may say then.

        Args:
            catalog: Of this index, open; not closed by others before this returns.
            model: Fingerprint of the model that the searching process has.

        Raises:
            RootError: The root is missing or not a folder.
            IndexCorrupt: The catalog is damaged.
        """
        if catalog.model != model:
            return Upkept("unchecked")
        self._begin(catalog)
        drift = self._found(catalog, model)
        if drift is not None and drift.stamp != catalog.stamp:
            # It is not planned yet, or somebody has committed since: after a later walk it is of no use.
            drift = (
                planned(drift, catalog, rules=self._rules) if drift.scan_ns >= catalog.last_scan_ns else None
            )
        return _NOT_LOOKED if drift is None else self._act(drift, catalog, model)

    def _planned_aside(self, drift: Drift) -> Drift:
        with Catalog.open_reader(self._index_dir) as catalog:
            return planned(drift, catalog, rules=self._rules)

    def close(self) -> None:
        """Forget walks that go on; what they find is of no use any more."""
        with self._lock:
            self._walk = self._earlier = None

    def _found(self, catalog: Catalog, model: str) -> Drift | None:
        """What the newest walk found that has come to an end, if any has."""
        with self._lock:
            walk, waits = self._walk, self._waits
        found = walk.result(WAIT_MS / 1000 if waits else 0) if walk is not None else None
        with self._lock:
            if found is None:
                found, self._earlier = self._earlier, None
                self._waits = False
            elif self._walk is walk:
                self._walk = self._earlier = None
        if waits and found is None:
            self._times = self._walk_times(catalog).after(self._clock(), (WAIT_MS + 1) / 1000)
            self._note(catalog.stamp, Change(meta={WALKS: self._times.note}), model)
        return found

    def _walk_times(self, catalog: Catalog) -> WalkTimes:
        """The times of the last walks that are known: those of this process or those in the catalog."""
        noted = WalkTimes.read(catalog.meta(WALKS))
        return noted if noted.newest_ms >= self._times.newest_ms else self._times

    def _act(self, drift: Drift, catalog: Catalog, model: str) -> Upkept:
        noted = False
        if not drift.cheap:
            found, drift = drift, settled(self._root, drift, rules=self._rules)
            noted = drift.plan != found.plan and not (drift.work and drift.cheap)
            if noted:
                times = drift.added_to(self._walk_times(catalog))
                self._note(drift.stamp, _what_was_settled(drift, times), model)
        if not drift.work:
            if not noted:
                self._note_time(drift, catalog, model)
            return Upkept("fresh") if self._clock() - drift.scan_ns < _TRUSTED_NS else _NOT_LOOKED
        known = Upkept("stale", drift.changed, (_STALE,)) if drift.changed else Upkept("unchecked")
        if not drift.cheap:
            return known
        try:
            report = self._open_builder().refresh(verify=False, drift=drift)
        except (IndexLocked, IndexUnwritable) as error:
            # What cannot be indexed is at least told apart: touched files are as they were.
            left = settled(self._root, drift, rules=self._rules)
            if not left.work:
                return Upkept("fresh")
            freshness = "stale" if left.changed else "unchecked"
            return Upkept(freshness, left.changed, (f"not refreshed: {error}",))
        did = report.added + report.changed + report.removed
        return Upkept("refreshed" if did else "fresh", 0, report.warnings)

    def _note_time(self, drift: Drift, catalog: Catalog, model: str) -> None:
        """Note how long the walk took, when that may decide about the next."""
        before = self._walk_times(catalog)
        self._times = drift.added_to(before)
        if self._times.tells_more(before, self._clock()):
            self._note(catalog.stamp, Change(meta={WALKS: self._times.note}), model)

    def _note(self, stamp: tuple[str, int, int], change: Change, model: str) -> None:
        """Commit something for which no file is to be indexed, if that can be done at once.

        Nothing is done when the catalog's stamp is another by now, as the change may not fit any more.
        """
        with (
            suppress(IndexLocked, IndexUnwritable),
            write_lock(self._index_dir),
            Catalog.open_writer(self._index_dir, model=model) as writer,
        ):
            if writer.stamp == stamp:
                writer.commit(change)


def _what_was_settled(drift: Drift, times: WalkTimes) -> Change:
    return Change(
        touched=drift.plan.touched,
        skipped=new_skips(drift.plan.skipped, drift.plan.failures),
        # All that is known was seen at the time of the walk, when nothing in doubt is left.
        scan_ns=None if drift.doubtful else drift.scan_ns,
        meta={WALKS: times.note},
    )


class _Thread:
    """A walk on a thread that ends with the process."""

    def __init__(
        self, walk: Callable[[], Drift], make_plan: Callable[[Drift], Drift], is_awaited: bool
    ) -> None:
        self._walk = walk
        self._make_plan = make_plan
        self._is_awaited = is_awaited
        self._done = threading.Event()
        self._found: Drift | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def result(self, seconds: float) -> Drift | None:
        """What was found, waited for so long; None while the walk goes on."""
        if not self._done.wait(seconds):
            self._is_awaited = False
            return None
        if self._error is not None:
            raise self._error
        return self._found

    def _run(self) -> None:
        if not self._is_awaited:
            time.sleep(_PAUSE_SECONDS)
        try:
            found = self._walk()
            # Who waits has the catalog open, and makes the plan; nobody waits for one that is made here.
            self._found = found if self._is_awaited else self._make_plan(found)
        except BaseException as error:  # noqa: BLE001 - the thread's edge: raised where the result is asked for
            self._error = error
        self._done.set()


_STALE = "files have changed since they were indexed; run 'semindex index' to catch up"
_NOT_LOOKED = Upkept(
    "unchecked",
    notes=(
        f"not compared with the files on disk, which takes longer than the {WAIT_MS} ms that a search waits; "
        "run 'semindex index' to catch up",
    ),
)
