"""The Model Context Protocol on one connection: JSON-RPC messages to results, in both eras of the protocol.

Up to 2025-11-25 a client shakes hands (``initialize``); from 2026-07-28 on every request says of itself which
version it speaks, and ``server/discover`` tells what there is. A server with tools alone needs few methods.
They are written here, because importing the official SDK takes seconds; tests hold them against its client.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from semindex.version import __version__

HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""Those that begin with ``initialize``, oldest first."""
MODERN_VERSIONS = ("2026-07-28",)
"""Those of which each request names its own."""
VERSION = "io.modelcontextprotocol/protocolVersion"
"""The name under which a request of the modern era tells its version."""
_SERVER = "io.modelcontextprotocol/serverInfo"
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
)
UNSUPPORTED_VERSION = -32022
CONCURRENT_CALLS = 4
MAX_MESSAGE_BYTES = 4_000_000
LISTED_SECONDS = 3600
"""How long a client of the modern era may keep the list of tools."""

Message = Mapping[str, Any]
SERVER = {"name": "semindex", "title": "semindex", "version": __version__}


class ProtocolError(Exception):
    """A request that cannot be answered; becomes an error message of JSON-RPC."""

    def __init__(self, code: int, message: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.data = code, data


class Call:
    """A call of a tool that is being answered."""

    def __init__(
        self, arguments: Mapping[str, Any], notify: Callable[[float, float | None, str], None]
    ) -> None:
        self.arguments = arguments
        self.progress = notify
        """Tells the client how far it is: done, of how many, in words; nothing if it did not ask for that."""
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether the client no longer waits for it."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Stop as soon as it can."""
        self._cancelled.set()


class Tools:
    """What a session offers: a protocol for :class:`Session`."""

    instructions: str = ""

    def listed(self) -> list[dict[str, Any]]:
        """The tools, as ``tools/list`` has them."""
        raise NotImplementedError

    def call(self, name: str, call: Call) -> dict[str, Any]:
        """The result of a call, as ``tools/call`` has it.

        Raises:
            ProtocolError: There is no such tool, or its arguments are no object.
        """
        raise NotImplementedError


def encoded(message: Message) -> bytes:
    """A message as one line, without the line's end."""
    # In ASCII, because a client may read lines as Python does, which ends them at U+2028 too.
    return json.dumps(message, separators=(",", ":")).encode("ascii")


def failure(number: object, error: ProtocolError) -> Message:
    """The message that tells an error; ``number`` is the request's, None where there was none to read."""
    told: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.data is not None:
        told["data"] = error.data
    return {"jsonrpc": "2.0", "id": number, "error": told}


def workers(most: int = CONCURRENT_CALLS) -> ThreadPoolExecutor:
    """Threads that answer calls of tools, at most so many at once; others wait."""
    return ThreadPoolExecutor(most, thread_name_prefix="semindex call")


class Session:
    """One client's connection. Messages go in, and come out by ``send`` from any thread."""

    def __init__(
        self,
        tools: Tools,
        send: Callable[[Message], None],
        *,
        pool: Executor | None = None,
        unanswered: Callable[[object], None] | None = None,
    ) -> None:
        """A session of its own.

        Args:
            tools: What it offers.
            send: Takes an answer, or what is told of a call that goes on. One at a time.
            pool: Threads that it shares with other sessions; it has its own without.
            unanswered: Told the id of a call that ended without an answer, because it was cancelled.
        """
        self._tools, self._send, self._unanswered = tools, send, unanswered
        self._lock = threading.Lock()
        self._calls: dict[object, Call] = {}
        self._pool = workers() if pool is None else pool

    def receive(self, line: bytes) -> None:
        """Answer one line; calls of tools are answered later, from other threads."""
        if not line.strip():
            return
        if len(line) > MAX_MESSAGE_BYTES:
            self._fail(
                None, ProtocolError(INVALID_REQUEST, f"a message has at most {MAX_MESSAGE_BYTES} bytes")
            )
            return
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._fail(None, ProtocolError(PARSE_ERROR, "the line is not JSON"))
            return
        # Batches were part of one version only; each of their messages is answered by itself.
        for each in message if isinstance(message, list) and message else [message]:
            self.take(each)

    def take(self, message: object) -> None:
        """Answer one message; calls of tools are answered later, from other threads."""
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            if not (isinstance(message, dict) and ("result" in message or "error" in message)):
                self._fail(None, ProtocolError(INVALID_REQUEST, "the message is no request"))
            return
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        if "id" not in message:
            self._notified(message["method"], params)
            return
        try:
            self._requested(message["id"], message["method"], params)
        except ProtocolError as error:
            self._fail(message["id"], error)

    def close(self) -> None:
        """Stop what is being answered, as soon as it can."""
        with self._lock:
            calls = list(self._calls.values())
        for call in calls:
            call.cancel()

    def wait(self) -> None:
        """Return once everything that was asked is answered."""
        self._pool.shutdown(wait=True)

    def _notified(self, method: str, params: Message) -> None:
        if method == "notifications/cancelled":
            with self._lock:
                call = self._calls.get(_key(params.get("requestId")))
            if call is not None:
                call.cancel()

    def _requested(self, number: object, method: str, params: Message) -> None:
        meta = params.get("_meta")
        meta = meta if isinstance(meta, dict) else {}
        modern = VERSION in meta
        if modern and meta[VERSION] not in MODERN_VERSIONS:
            raise ProtocolError(
                UNSUPPORTED_VERSION,
                f"this server does not speak {meta[VERSION]!r}",
                {"supported": [*MODERN_VERSIONS], "requested": str(meta[VERSION])},
            )
        if method == "tools/call":
            self._begin(number, params, meta, modern)
        else:
            self._answer(number, self._result(method, params), modern)

    def _result(self, method: str, params: Message) -> dict[str, Any]:
        listing = {"cacheScope": "public", "ttlMs": LISTED_SECONDS * 1000}
        match method:
            case "initialize":
                asked = params.get("protocolVersion")
                return {
                    "protocolVersion": asked if asked in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1],
                    "capabilities": {"tools": {"listChanged": False}},
                    "serverInfo": SERVER,
                    "instructions": self._tools.instructions,
                }
            case "server/discover":
                return {
                    "supportedVersions": [*MODERN_VERSIONS],
                    "capabilities": {"tools": {"listChanged": False}},
                    "instructions": self._tools.instructions,
                    **listing,
                }
            case "ping":
                return {}
            case "tools/list":
                return {"tools": self._tools.listed(), **listing}
        raise ProtocolError(METHOD_NOT_FOUND, f"this server has no method {method!r}")

    def _begin(self, number: object, params: Message, meta: Message, modern: bool) -> None:
        name, arguments = params.get("name"), params.get("arguments", {})
        if not isinstance(name, str):
            raise ProtocolError(INVALID_PARAMS, "name must be the name of a tool")
        if not isinstance(arguments, dict):
            raise ProtocolError(INVALID_PARAMS, "arguments must be an object")
        call = Call(arguments, self._progress(meta.get("progressToken")))
        with self._lock:
            self._calls[_key(number)] = call
        self._pool.submit(self._run, number, name, call, modern)

    def _run(self, number: object, name: str, call: Call, modern: bool) -> None:
        try:
            result = {} if call.cancelled else self._tools.call(name, call)
            if not call.cancelled:
                self._answer(number, result, modern)
            elif self._unanswered is not None:
                self._unanswered(number)
        except ProtocolError as error:
            self._fail(number, error)
        except Exception as error:  # noqa: BLE001 - the edge of a worker: the client is told, the server goes on
            self._fail(number, ProtocolError(INTERNAL, f"{type(error).__name__}: {error}"))
        finally:
            with self._lock:
                self._calls.pop(_key(number), None)

    def _progress(self, token: object) -> Callable[[float, float | None, str], None]:
        last = -1.0

        def notify(done: float, total: float | None, told: str) -> None:
            nonlocal last
            if token is None or done <= last:  # the protocol wants a number that rises
                return
            last = done
            params: dict[str, Any] = {"progressToken": token, "progress": done, "message": told}
            params |= {"total": total} if total else {}
            self._write({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})

        return notify

    def _answer(self, number: object, result: dict[str, Any], modern: bool) -> None:
        if modern:
            result = {**result, "resultType": "complete", "_meta": {_SERVER: SERVER}}
        else:
            result = {key: value for key, value in result.items() if key not in ("cacheScope", "ttlMs")}
        self._write({"jsonrpc": "2.0", "id": number, "result": result})

    def _fail(self, number: object, error: ProtocolError) -> None:
        self._write(failure(number, error))

    def _write(self, message: Message) -> None:
        with self._lock:
            self._send(message)


def _key(number: object) -> object:
    """The id of a request as something to look up by."""
    return number if isinstance(number, str | int | float) else None
