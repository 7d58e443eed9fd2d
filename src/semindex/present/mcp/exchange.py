"""One request over HTTP, from its message to the last byte of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from contextlib import suppress
from typing import TYPE_CHECKING

from semindex.present.mcp.protocol import Message, ProtocolError, Session, Tools, encoded, failure

if TYPE_CHECKING:
    from starlette.types import Receive, Send  # noqa: TID251 - types

REQUEST_CANCELLED = -32800
_JSON = ((b"content-type", b"application/json"),)
_STREAM = ((b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no"))


class Exchange:
    """Answers a request as JSON, or as a stream of events if something is told before the answer.

    A client that closes the connection gives its request up: nobody could be given the answer.
    """

    def __init__(self, tools: Tools, pool: Executor, *, streams: bool, only_streams: bool = False) -> None:
        """An exchange that has not begun; made in a running event loop.

        Args:
            tools: What may be called.
            pool: The threads that call them.
            streams: Whether the client takes a stream.
            only_streams: Whether it takes nothing else.
        """
        self._streams, self._only_streams = streams, only_streams
        self._loop = asyncio.get_running_loop()
        self._told: asyncio.Queue[Message | None] = asyncio.Queue()
        self.session = Session(tools, self._tell, pool=pool, unanswered=self._unanswered)

    async def run(
        self,
        message: Message,
        receive: Receive,
        send: Send,
        *,
        headers: Mapping[str, str] | None = None,
        statuses: Mapping[int, int] | None = None,
    ) -> None:
        """Answer the message.

        Args:
            message: The request.
            receive: Tells that the client has gone; the body was read.
            send: Takes the response.
            headers: Of the response.
            statuses: The HTTP status for some codes of errors; it is 200 for others.
        """
        watching = asyncio.create_task(self._watch(receive))
        more = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        begun = False
        try:
            self.session.take(message)
            while (told := await self._told.get()) is not None:
                is_last = "method" not in told
                if begun or self._only_streams or (self._streams and not is_last):
                    if not begun:
                        await _start(send, 200, [*_STREAM, *more])
                        begun = True
                    data = b"event: message\ndata: " + encoded(told) + b"\n\n"
                    await send({"type": "http.response.body", "body": data, "more_body": not is_last})
                elif is_last:
                    code = told["error"]["code"] if "error" in told else 0
                    data = encoded(told)
                    length = (b"content-length", str(len(data)).encode())
                    await _start(send, (statuses or {}).get(code, 200), [*_JSON, length, *more])
                    await send({"type": "http.response.body", "body": data})
                if is_last:
                    return
        finally:
            watching.cancel()
            self.session.close()

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.session.close()
        self._told.put_nowait(None)

    def _tell(self, message: Message) -> None:
        """Called from any thread."""
        with suppress(RuntimeError):  # the loop has ended, because the server leaves
            self._loop.call_soon_threadsafe(self._told.put_nowait, message)

    def _unanswered(self, number: object) -> None:
        # HTTP wants an answer to each request, also to one that its client has given up.
        self._tell(failure(number, ProtocolError(REQUEST_CANCELLED, "the request was cancelled")))


async def _start(send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
