"""What a worker of a cluster is sent: it opens what a run works with, once, and does one item of it.

A cluster's workers are not ours: they may have another semindex. So what travels is plain values, and what
is pickled in them is opened only where the version is the same.
"""

from __future__ import annotations

import pickle
import threading
from typing import Any

from semindex.indexing.executors.wire import outcome_of, pickle_parts, reply_of
from semindex.process.garbage import without_collection
from semindex.version import __version__

UNFIT = "unfit"
"""The worker cannot serve this run; why, in UTF-8."""
OPENED = "opened"
"""A pickled :class:`Reply` to the opening: it went well when there was no item, else it failed."""
DONE = "done"
"""A pickled :class:`Reply` to the item."""

Answer = tuple[Any, ...]
"""One of these, its bytes, and the loads of what is pickled in them."""

_ONE_AT_A_TIME = threading.Lock()
"""A worker with several threads does one errand after the other: they share what was opened."""
_opened: dict[str, tuple[Any, Any]] = {}
"""Task and state of the last run."""


def attend(run: str, version: str, greeting: bytes, item: bytes | None, *loads: Any) -> Answer:
    """Do an item, or only open what the run works with.

    Args:
        run: Names the run; what another one had opened is let go.
        version: Of the semindex that asks.
        greeting: The task and its setup, pickled.
        item: Pickled.
        loads: Of what is pickled in the item.
    """
    if version != __version__:
        return UNFIT, f"it has semindex {__version__}, this is {version}".encode()
    with _ONE_AT_A_TIME, without_collection():
        if run not in _opened:
            _opened.clear()
            task, setup = pickle.loads(greeting)
            state, failure, error = outcome_of(setup)
            if failure is not None or error is not None:
                return OPENED, pickle_parts(reply_of(None, failure, error))[0]
            _opened[run] = (task, state)
        if item is None:
            return OPENED, pickle_parts(reply_of(None, None, None))[0]
        task, state = _opened[run]
        content, made = pickle_parts(reply_of(*outcome_of(task, state, pickle.loads(item, buffers=loads))))
        return DONE, content, *made


def forget(run: str) -> None:
    """Let go what a run had opened."""
    with _ONE_AT_A_TIME:
        _opened.pop(run, None)
