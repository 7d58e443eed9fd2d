"""The sessions of clients that shake hands over HTTP: bounded in number and in how long they may be idle."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semindex.present.mcp.exchange import Exchange
    from semindex.present.mcp.protocol import Tools

MOST_SESSIONS = 256
IDLE_SECONDS = 1800.0
"""After which a session is forgotten; its client is told to begin another."""


class ClientSession:
    """One client's: its tools, which remember what it was shown, and the requests that are being answered."""

    def __init__(self, tools: Tools, now: float) -> None:
        self.name = secrets.token_urlsafe(24)
        self.tools = tools
        self.exchanges: set[Exchange] = set()
        self.used = now

    def cancel(self, message: object) -> None:
        """Hand on the notification that a request is given up."""
        for exchange in tuple(self.exchanges):
            exchange.session.take(message)

    def close(self) -> None:
        """Give up all requests."""
        for exchange in tuple(self.exchanges):
            exchange.session.close()


class Sessions:
    """All of them. One thread uses it: that of the event loop."""

    def __init__(
        self,
        tools: Callable[[], Tools],
        *,
        most: int = MOST_SESSIONS,
        idle_seconds: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Sessions whose tools ``tools()`` makes."""
        self._make, self._most, self._idle, self._clock = tools, most, idle_seconds, clock
        self._sessions: dict[str, ClientSession] = {}  # the one that was used longest ago first

    def __len__(self) -> int:
        self._expire()
        return len(self._sessions)

    def begin(self) -> ClientSession | None:
        """A new one; None if there are too many, and all of them wait for answers.

        Where there are too many, the one goes that was used longest ago.
        """
        self._expire()
        if len(self._sessions) >= self._most:
            idle = next((each for each in self._sessions.values() if not each.exchanges), None)
            if idle is None:
                return None
            self.end(idle.name)
        session = ClientSession(self._make(), self._clock())
        self._sessions[session.name] = session
        return session

    def get(self, name: str) -> ClientSession | None:
        """The session of that name, which is used now; None if there is none any more."""
        self._expire()
        session = self._sessions.pop(name, None)
        if session is not None:
            session.used = self._clock()
            self._sessions[name] = session
        return session

    def end(self, name: str) -> None:
        """Forget a session, and give up what it waits for."""
        session = self._sessions.pop(name, None)
        if session is not None:
            session.close()

    def _expire(self) -> None:
        before = self._clock() - self._idle
        for session in tuple(self._sessions.values()):
            if session.used < before and not session.exchanges:
                self.end(session.name)
