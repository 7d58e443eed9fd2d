"""The program of a worker process: it reads items from standard input and writes replies to standard output.

It does not import the caller's ``__main__``, so scripts need no guard. It ends when its input ends, at the
latest when the process that started it has ended.
"""

from __future__ import annotations

import gc
import os
import sys

from msgspec.structs import replace

from semindex.indexing.executors.wire import receive, reply_to, send
from semindex.process.streams import open_missing_streams

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def main() -> None:
    """Answer items until the input ends."""
    for name in _ONE_THREAD:  # one thread a worker, as there are as many workers as cores
        os.environ[name] = "1"  # noqa: TID251 - numpy reads nothing else, when it is imported
    open_missing_streams()
    incoming = sys.stdin.buffer
    outgoing = os.fdopen(os.dup(1), "wb", buffering=1 << 20)
    os.dup2(2, 1)  # what a library prints goes to standard error, not among the replies
    try:
        task, setup = receive(incoming)
        opened = reply_to(setup)
        send(outgoing, replace(opened, result=None))
        # What an item leaves behind is not cyclic, and looking for cycles costs a tenth of the time.
        gc.freeze()
        gc.disable()
        while True:
            item = receive(incoming)
            send(outgoing, reply_to(task, opened.result, item))
    except (EOFError, BrokenPipeError):
        return
