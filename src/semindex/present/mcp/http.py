"""The Model Context Protocol over HTTP ("Streamable HTTP"), in both of its eras.

A client that shakes hands gets a session with ``initialize``, names it in each later request and ends it
with DELETE. From 2026-07-28 on a request stands by itself, and repeats in headers what its body says.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request  # noqa: TID251 - what `semindex serve` answers
from starlette.responses import Response  # noqa: TID251 - likewise

from semindex.present.mcp.access import Access, Refused
from semindex.present.mcp.exchange import Exchange
from semindex.present.mcp.protocol import (
    HANDSHAKE_VERSIONS,
    INTERNAL,
    INVALID_PARAMS,
    INVALID_REQUEST,
    MAX_MESSAGE_BYTES,
    METHOD_NOT_FOUND,
    MODERN_VERSIONS,
    PARSE_ERROR,
    UNSUPPORTED_VERSION,
    VERSION,
    Message,
    ProtocolError,
    Tools,
    encoded,
    failure,
    workers,
)
from semindex.present.mcp.sessions import ClientSession, Sessions

if TYPE_CHECKING:
    from starlette.datastructures import Headers  # noqa: TID251 - a type
    from starlette.types import Message as Event  # noqa: TID251 - types
    from starlette.types import Receive, Scope, Send  # noqa: TID251 - types

    from semindex.present.mcp.tools import CodeTools

PATH = "/mcp"
MOST_CALLS = 16
"""Calls of all clients that are answered at once: many of them wait for a build."""
BODY_SECONDS = 30.0
"""How long a client may take to send a message."""
HEADER_MISMATCH = -32020
SESSION_HEADER, VERSION_HEADER = "mcp-session-id", "mcp-protocol-version"
METHOD_HEADER, NAME_HEADER = "mcp-method", "mcp-name"
_STATUSES = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}
"""The status of errors in the modern era. Before, 404 says that the session is gone, and errors have 200."""
_EVERY = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_MAY_ASK = {
    "access-control-allow-methods": "POST, DELETE",
    "access-control-allow-headers": ", ".join(
        (
            "accept",
            "authorization",
            "content-type",
            METHOD_HEADER,
            NAME_HEADER,
            VERSION_HEADER,
            SESSION_HEADER,
        )
    ),
    "access-control-max-age": "600",
}


class McpEndpoint:
    """The application that a web server runs (ASGI): one endpoint, :data:`PATH`."""

    def __init__(self, tools: CodeTools, access: Access, on_error: Callable[[str], None]) -> None:
        """An endpoint for some tools.

        Args:
            tools: Each session has its own, made with ``apart()``.
            access: Who may ask.
            on_error: Is told of what went wrong in here, for whoever runs the server.
        """
        self._tools, self._access, self._on_error = tools, access, on_error
        self._sessions = Sessions(tools.apart)
        self._pool = workers(MOST_CALLS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever goes wrong becomes an error of JSON-RPC."""
        request = Request(scope, receive)
        started = False

        async def respond(event: Event) -> None:
            nonlocal started
            if event["type"] == "http.response.start":
                started = True
                every = [(name.encode(), value.encode()) for name, value in self._headers(request).items()]
                event = {**event, "headers": [*event["headers"], *every]}
            await send(event)

        try:
            response = await self._answer(request, respond)
        except ClientDisconnect:
            return
        except Refused as refused:
            response = _error(refused)
        except Exception as error:
            # The edge of the server: whoever runs it and the client are told, without a traceback.
            self._on_error(f"a request failed: {type(error).__name__}")
            if started:
                raise
            response = _error(Refused(500, "the request failed inside of the server", code=INTERNAL))
        if response is not None:
            await response(scope, receive, respond)

    def _headers(self, request: Request) -> dict[str, str]:
        """What every response has; a page that was named may read it."""
        origin = request.headers.get("origin")
        if origin is None or not self._access.names(origin):
            return _EVERY
        return _EVERY | {
            "access-control-allow-origin": origin,
            "access-control-expose-headers": SESSION_HEADER,
            "vary": "origin",
        }

    async def _answer(self, request: Request, send: Send) -> Response | None:
        """The response; None where it was sent already."""
        headers = request.headers
        self._access.check_host(headers.getlist("host"))
        self._access.check_origin(headers.getlist("origin"))
        if request.scope["path"] != PATH:
            raise Refused(404, f"there is nothing here; the endpoint is {PATH}")
        if request.method == "OPTIONS" and self._access.names(headers.get("origin")):
            return Response(status_code=204, headers=_MAY_ASK)  # a browser asks so before a page's request
        self._access.check_token(headers.get("authorization"))
        if request.method == "POST":
            return await self._post(request, send)
        if request.method == "DELETE" and headers.get(VERSION_HEADER) not in MODERN_VERSIONS:
            self._sessions.end(self._session(headers).name)
            return Response(status_code=204)
        raise Refused(
            405,
            "send requests with POST; this server begins no stream itself",
            headers={"Allow": "POST, DELETE"},
        )

    async def _post(self, request: Request, send: Send) -> Response | None:
        headers = request.headers
        as_json, as_stream = _accepted(headers)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refused(415, "a message is sent with Content-Type: application/json")
        message = _message(await _body(request))
        _check_version(headers)
        if is_modern(headers, message):
            return await self._modern(message, request, send, as_json=as_json, as_stream=as_stream)
        return await self._with_handshake(message, request, send, as_json=as_json, as_stream=as_stream)

    async def _modern(
        self, message: Message, request: Request, send: Send, *, as_json: bool, as_stream: bool
    ) -> Response | None:
        if "id" not in message:
            return Response(
                status_code=202
            )  # this era has no notification for us, and a client may send some
        check_headers(request.headers, message)
        exchange = self._exchange(self._tools.apart(), as_json=as_json, as_stream=as_stream)
        await exchange.run(message, request.receive, send, statuses=_STATUSES)
        return None

    async def _with_handshake(
        self, message: Message, request: Request, send: Send, *, as_json: bool, as_stream: bool
    ) -> Response | None:
        begins = message.get("method") == "initialize" and SESSION_HEADER not in request.headers
        session = self._begun() if begins else self._session(request.headers)
        if "id" not in message or "method" not in message:
            session.cancel(message)
            return Response(status_code=202)
        exchange = self._exchange(session.tools, as_json=as_json, as_stream=as_stream)
        session.exchanges.add(exchange)
        try:
            named = {SESSION_HEADER: session.name} if begins else {}
            await exchange.run(message, request.receive, send, headers=named)
        finally:
            session.exchanges.discard(exchange)
            self._sessions.get(session.name)  # it was in use until now
        return None

    def _exchange(self, tools: Tools, *, as_json: bool, as_stream: bool) -> Exchange:
        return Exchange(tools, self._pool, streams=as_stream, only_streams=not as_json)

    def _begun(self) -> ClientSession:
        session = self._sessions.begin()
        if session is None:
            raise Refused(503, "too many sessions wait for answers; try again in a moment", code=INTERNAL)
        return session

    def _session(self, headers: Headers) -> ClientSession:
        name = headers.get(SESSION_HEADER)
        if name is None:
            raise Refused(400, "the header Mcp-Session-Id is missing; initialize begins a session")
        session = self._sessions.get(name)
        if session is None:
            raise Refused(404, "there is no such session any more; initialize begins another")
        return session


def _error(refused: Refused) -> Response:
    told = failure(None, ProtocolError(refused.code, str(refused), refused.data))
    return Response(
        encoded(told),
        status_code=refused.status,
        headers={**(refused.headers or {}), "content-type": "application/json"},
    )


def _accepted(headers: Headers) -> tuple[bool, bool]:
    """Whether the client takes JSON, and a stream of events; JSON if it does not say what it takes.

    Raises:
        Refused: It takes neither.
    """
    kinds = set()
    for part in ",".join(headers.getlist("accept")).lower().split(","):
        kind, _, options = part.partition(";")
        if options.replace(" ", "") not in ("q=0", "q=0.0"):
            kinds.add(kind.strip())
    anything = "*/*" in kinds or kinds <= {""}
    as_json = anything or not kinds.isdisjoint({"application/json", "application/*"})
    as_stream = not kinds.isdisjoint({"text/event-stream", "text/*", "*/*"})
    if not as_json and not as_stream:
        raise Refused(406, "answers are application/json or text/event-stream; accept both")
    return as_json, as_stream


async def _body(request: Request) -> bytes:
    """The whole body.

    Raises:
        Refused: It is too large, or does not come.
    """
    too_large = Refused(
        413, f"a message has at most {MAX_MESSAGE_BYTES} bytes", headers={"Connection": "close"}
    )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_MESSAGE_BYTES:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_MESSAGE_BYTES:
                    raise too_large
    except TimeoutError:
        raise Refused(408, "the message did not come", headers={"Connection": "close"}) from None
    return bytes(body)


def _message(body: bytes) -> dict[str, Any]:
    """The message of a body: a request, a notification or an answer.

    Raises:
        Refused: It is no JSON, or something else.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON", code=PARSE_ERROR) from None
    if not isinstance(message, dict):
        raise Refused(400, "the body must be one message of JSON-RPC, an object; send several one by one")
    if "id" in message and (isinstance(message["id"], bool) or not isinstance(message["id"], str | int)):
        raise Refused(400, "the id of a request must be text or a whole number")
    if "method" in message and not isinstance(message["method"], str):
        raise Refused(400, "the method must be text")
    if "method" not in message and "result" not in message and "error" not in message:
        raise Refused(400, "the message is no request")
    return message


def _check_version(headers: Headers) -> None:
    """Refuse a version that nobody here speaks; a request need not name one."""
    named = headers.get(VERSION_HEADER)
    if named is not None and named not in (*HANDSHAKE_VERSIONS, *MODERN_VERSIONS):
        raise Refused(
            400,
            f"this server does not speak {named[:80]!r}",
            code=UNSUPPORTED_VERSION,
            data={"supported": [*MODERN_VERSIONS], "requested": named},
        )


def is_modern(headers: Mapping[str, str], message: Message) -> bool:
    """Whether a message is of the era without a handshake, by its header or by itself."""
    return headers.get(VERSION_HEADER) in MODERN_VERSIONS or VERSION in _meta(message)


def _meta(message: Message) -> Mapping[str, Any]:
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    return meta if isinstance(meta, dict) else {}


def check_headers(headers: Headers, message: Message) -> None:
    """Refuse a modern message whose headers say something else than its body.

    What stands between client and server may decide by the headers, so they have to be true.
    """
    if "method" not in message:
        raise Refused(400, "the message is no request")
    version = _meta(message).get(VERSION)
    if version is None:
        raise Refused(400, f"params._meta has no {VERSION!r}", code=INVALID_PARAMS)
    wanted: dict[str, object] = {VERSION_HEADER: version, METHOD_HEADER: message["method"]}
    if message["method"] == "tools/call" and "name" in message["params"]:
        wanted[NAME_HEADER] = message["params"]["name"]
    for name, value in wanted.items():
        given = headers.getlist(name)
        if len(given) != 1 or header_text(given[0]) != value:
            raise Refused(
                400, f"the header {name} must be there once, and say what the body says", code=HEADER_MISMATCH
            )


def header_text(value: str) -> str | None:
    """The text that a header holds, also one in base64 (``=?base64?...?=``); None if that cannot be read."""
    if not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[len("=?base64?") : -len("?=")], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
