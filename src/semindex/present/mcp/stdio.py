"""Serves one client over standard input and output, until the client closes its end."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from semindex.present.mcp.protocol import Message, Session, encoded
from semindex.present.mcp.tools import CodeTools
from semindex.process.leaving import leave


def serve(roots: Sequence[Path], also: Sequence[str]) -> NoReturn:
    """Answer what comes by standard input, and end the process when it ends.

    Standard output belongs to the protocol: whatever else is printed goes to standard error.
    """
    out = os.dup(1)
    os.dup2(2, 1)
    tools = CodeTools(roots, also)
    lock = threading.Lock()

    def send(message: Message) -> None:
        data = encoded(message) + b"\n"
        with lock:
            try:
                while data:
                    data = data[os.write(out, data) :]
            except OSError:
                # The client is gone; nobody waits for what is being answered.
                leave(0)

    session = Session(tools, send)
    tools.warm()
    for line in iter(sys.stdin.buffer.readline, b""):
        session.receive(line)
    # What was asked in one go, as by a script with a pipe, is still answered.
    session.wait()
    tools.close()
    # A build may be at work on another thread; what it committed stays, and the next one goes on from there.
    leave(0)
