"""The functions that a worker of a cluster is sent to run: to do an item of a run, and to forget the run.

The workers of a cluster are started by others and may have another version of semindex. So their arguments
are strings and bytes, and a worker unpickles the bytes only if its version is the same.
"""

from __future__ import annotations

import pickle
import threading
from typing import Any

from semindex.indexing.executors.wire import pickle_parts, reply_to
from semindex.process.garbage import without_collection
from semindex.version import __version__

UNFIT = "unfit"
"""Kind of an answer: the worker cannot serve this run; the bytes say why, in UTF-8."""
OPENED = "opened"
"""Kind of an answer: a pickled :class:`Reply` to the setup. If there was an item, the setup has failed."""
DONE = "done"
"""Kind of an answer: a pickled :class:`Reply` to the item."""

Answer = tuple[Any, ...]
"""The kind of the answer, its bytes, and the payloads of what is pickled in them."""

_ONE_AT_A_TIME = threading.Lock()
"""The threads of a worker do one item after the other, as they share what was opened."""
_opened: dict[str, tuple[Any, Any]] = {}
"""The task and the state of the last run, by the run's name; at most one."""


def do_item(run: str, version: str, greeting: bytes, item: bytes | None, *payloads: Any) -> Answer:
    """Do an item, or only run the setup; gives the answer.

    Args:
        run: The name of the run; what another run had opened is dropped.
        version: The version of the semindex that asks.
        greeting: The task and its setup, pickled.
        item: The item, pickled; None to run the setup only.
        payloads: The payloads of what is pickled in the item.
    """
    if version != __version__:
        return UNFIT, f"it has semindex {__version__}, this is {version}".encode()
    with _ONE_AT_A_TIME, without_collection():
        if run not in _opened:
            _opened.clear()
            task, setup = pickle.loads(greeting)
            opened = reply_to(setup)
            if opened.failure is not None or opened.error is not None:
                return OPENED, pickle_parts(opened)[0]
            _opened[run] = (task, opened.result)
        if item is None:
            return OPENED, pickle_parts(reply_to(lambda: None))[0]
        task, state = _opened[run]
        content, made = pickle_parts(reply_to(task, state, pickle.loads(item, buffers=payloads)))
        return DONE, content, *made


def forget_run(run: str) -> None:
    """Drop what a run had opened."""
    with _ONE_AT_A_TIME:
        _opened.pop(run, None)
