"""The server over HTTP: the official client in both eras, each error, attacks from pages, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import anyio
import httpx2
import psutil
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

import semindex
from semindex.errors import ServiceError, UsageError
from semindex.present.cli.serve import _token
from semindex.present.mcp import http
from semindex.present.mcp.access import (
    Access,
    Refused,
    checked_host,
    checked_origin,
    checked_token,
    host_name,
)
from semindex.present.mcp.exchange import REQUEST_CANCELLED
from semindex.present.mcp.http import HEADER_MISMATCH, McpEndpoint, header_text
from semindex.present.mcp.listening import WebServer, listening, looked_up
from semindex.present.mcp.protocol import (
    INTERNAL,
    INVALID_PARAMS,
    INVALID_REQUEST,
    MAX_MESSAGE_BYTES,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    UNSUPPORTED_VERSION,
    Call,
)
from semindex.present.mcp.sessions import Sessions
from semindex.present.mcp.tools import CodeTools
from tests.corpus import copy_package
from tests.present.servers import Served, begun, modern, request, sent, serving, session, whole
from tests.product import PATIENCE_SECONDS, environment, plant, semindex_command

ERAS = ("auto", "legacy")
TOKEN = "3f1c9a74d2b84e55a0c6"
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An indexed package."""
    root = copy_package("email", tmp_path_factory.mktemp("http") / "repo")
    with semindex.open(root) as index:
        index.refresh()
    return root


@pytest.fixture(scope="module")
def served(root: Path) -> Iterator[Served]:
    """A server of it."""
    with serving("--root", str(root)) as served:
        yield served


@pytest.fixture(scope="module")
def guarded(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of it with one more tool that asks for a token, and knows a page and a name of strangers."""
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    allowed = ("--allow-origin", "https://App.example", "--allow-host", "code.example", "--tool", "status")
    with serving("--root", str(root), "--token-file", str(file), *allowed) as served:
        yield served


# The official client


@pytest.mark.parametrize("mode", ERAS)
def test_the_official_client_lists_and_calls_the_tools(root: Path, served: Served, mode: str) -> None:
    seen: list[float] = []

    async def told(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async def work() -> Any:
        async with Client(served.url, mode=mode) as client:
            listed = await client.list_tools()
            queries = {"queries": ["parse the header of a message"]}
            return listed.tools, await client.call_tool("search", queries, progress_callback=told)

    tools, answer = anyio.run(work)
    assert [tool.name for tool in tools] == ["search", "grep", "symbol", "read"]
    assert not answer.is_error
    with semindex.open(root) as index:
        best = index.search("parse the header of a message")[0]
    first = answer.structured_content["hits"][0]
    assert (first["path"], first["start_line"], first["text"]) == (best.path, best.start_line, best.text)
    assert seen == sorted(seen)


def test_two_clients_at_once_have_been_shown_different_things(served: Served) -> None:
    wanted = {"queries": ["encode a message with base64"]}

    async def work() -> list[list[Any]]:
        answers: list[list[Any]] = [[], []]
        async with Client(served.url, mode="legacy") as one, Client(served.url, mode="legacy") as other:

            async def ask(client: Client, into: list[Any]) -> None:
                for _ in range(2):
                    into.append((await client.call_tool("search", wanted)).structured_content["hits"][0])

            async with anyio.create_task_group() as group:
                group.start_soon(ask, one, answers[0])
                group.start_soon(ask, other, answers[1])
        return answers

    for first, second in anyio.run(work):
        assert first["text"] and second["text"] is None
        assert first["start_line"] == second["start_line"]


def test_without_a_session_nothing_counts_as_shown(served: Served) -> None:
    async def work() -> list[Any]:
        async with Client(served.url) as client:
            return [
                (await client.call_tool("search", {"queries": ["base64"]})).structured_content["hits"][0]
                for _ in range(2)
            ]

    first, second = anyio.run(work)
    assert first == second and first["text"]


@pytest.mark.parametrize("mode", ERAS)
def test_the_official_client_needs_the_token_where_there_is_one(guarded: Served, mode: str) -> None:
    async def work(headers: dict[str, str]) -> list[str]:
        async with (
            httpx2.AsyncClient(headers=headers) as web,
            Client(streamable_http_client(guarded.url, http_client=web), mode=mode) as client,
        ):
            return [tool.name for tool in (await client.list_tools()).tools]

    assert anyio.run(work, {"Authorization": f"Bearer {TOKEN}"}) == [
        "search",
        "grep",
        "symbol",
        "read",
        "status",
    ]
    with pytest.raises(BaseException) as caught:
        anyio.run(work, {"Authorization": "Bearer wrong"})
    error: BaseException = caught.value
    while isinstance(error, BaseExceptionGroup):
        (error,) = error.exceptions
    assert isinstance(error, MCPError) and "asks for its token" in str(error)


def test_more_tools_are_offered_when_they_are_asked_for_and_only_the_roots_are_read(
    root: Path, guarded: Served
) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    mine = session(guarded.port, bearer) | bearer
    listed = sent(guarded.port, request(1, "tools/list"), mine).object["result"]
    assert [tool["name"] for tool in listed["tools"]] == ["search", "grep", "symbol", "read", "status"]
    outside = root.parent / "secret.py"
    outside.write_text("TOKEN = 'outside'\n")
    for span in (str(outside), "../secret.py", "a/../../secret.py"):
        call = request(1, "tools/call", name="read", arguments={"spans": [span]})
        result = sent(guarded.port, call, mine).object["result"]
        assert result["structuredContent"]["spans"] == []
        assert "outside'" not in json.dumps(result)


# Sessions


def test_a_session_is_named_by_each_request_and_ends_with_delete(served: Served) -> None:
    mine, other = session(served.port), session(served.port)
    assert mine != other and re.fullmatch(r"[\x21-\x7e]{20,}", mine["Mcp-Session-Id"])
    assert sent(served.port, {"jsonrpc": "2.0", "method": "notifications/initialized"}, mine).status == 202
    ping = request("one", "ping")
    answer = sent(served.port, ping, mine)
    assert (answer.status, answer.object) == (200, {"jsonrpc": "2.0", "id": "one", "result": {}})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert not any(name.startswith("access-control") for name in answer.headers)
    assert "server" not in answer.headers
    assert sent(served.port, ping).status == 400
    assert sent(served.port, ping, {"Mcp-Session-Id": "nonsense"}).status == 404
    assert sent(served.port, method="DELETE", headers=mine).status == 204
    assert sent(served.port, ping, mine).status == 404
    assert sent(served.port, method="DELETE", headers=mine).status == 404
    assert sent(served.port, ping, other).status == 200


def test_errors_of_requests_with_a_handshake_leave_the_session_alive(served: Served) -> None:
    mine = session(served.port)
    for message, code in (
        (request(1, "nothing"), METHOD_NOT_FOUND),
        (request(1, "tools/call", name="nothing"), INVALID_PARAMS),
        (request(1, "tools/call", name=4), INVALID_PARAMS),
    ):
        answer = sent(served.port, message, mine)
        assert (answer.status, answer.code, answer.object["id"]) == (200, code, 1)
    assert sent(served.port, request(1, "ping"), mine).status == 200
    assert sent(served.port, {"jsonrpc": "2.0", "id": 9, "result": {}}, mine).status == 202


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def made_sessions(clock: Clock) -> Sessions:
    return Sessions(CodeTools([]).apart, most=2, idle_seconds=10, clock=clock)


def test_sessions_that_are_forgotten_do_not_pile_up() -> None:
    clock = Clock()
    sessions = made_sessions(clock)
    names = []
    for _ in range(3):
        one = sessions.begin()
        assert one is not None
        names.append(one.name)
    assert [sessions.get(name) is not None for name in names] == [False, True, True]
    clock.now = 9
    assert sessions.get(names[1]) is not None
    clock.now = 12
    assert len(sessions) == 1 and sessions.get(names[2]) is None


def test_a_session_that_waits_for_an_answer_is_not_forgotten() -> None:
    clock = Clock()
    sessions = made_sessions(clock)
    for _ in range(2):
        one = sessions.begin()
        assert one is not None
        one.exchanges.add(object())  # type: ignore[arg-type]
    clock.now = 100
    assert len(sessions) == 2 and sessions.begin() is None


# The era without a handshake


def test_a_request_without_a_handshake_stands_by_itself(served: Served) -> None:
    answer = sent(served.port, *modern(1, "server/discover"))
    assert answer.status == 200 and answer.object["result"]["supportedVersions"] == ["2026-07-28"]
    assert "mcp-session-id" not in answer.headers
    message, headers = modern(2, "tools/call", name="symbol", arguments={"name": "EmailMessage"})
    assert sent(served.port, message, headers).object["result"]["structuredContent"]["definitions"]
    message, headers = modern(3, "tools/call", name="no such tool")
    answer = sent(served.port, message, headers | {"Mcp-Name": "=?base64?bm8gc3VjaCB0b29s?="})
    assert (answer.status, answer.code, answer.object["id"]) == (400, INVALID_PARAMS, 3)
    message, headers = modern(4, "nothing")
    assert (sent(served.port, message, headers).status, sent(served.port, message, headers).code) == (
        404,
        METHOD_NOT_FOUND,
    )
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    assert sent(served.port, cancel, {"MCP-Protocol-Version": "2026-07-28"}).status == 202
    assert sent(served.port, method="DELETE", headers={"MCP-Protocol-Version": "2026-07-28"}).status == 405


@pytest.mark.parametrize(
    "changed",
    [
        {"MCP-Protocol-Version": "2025-11-25"},
        {"MCP-Protocol-Version": None},
        {"Mcp-Method": "tools/list"},
        {"Mcp-Method": None},
        {"Mcp-Name": "read"},
        {"Mcp-Name": None},
        {"Mcp-Name": "=?base64?!?="},
    ],
)
def test_headers_that_say_something_else_than_the_body_are_refused(
    served: Served, changed: dict[str, str | None]
) -> None:
    message, headers = modern(1, "tools/call", name="search", arguments={"queries": ["a"]})
    given = {name: value for name, value in (headers | changed).items() if value is not None}
    answer = sent(served.port, message, given)
    assert (answer.status, answer.code) == (400, HEADER_MISMATCH)


def test_a_version_that_nobody_speaks_is_refused_with_those_that_are(served: Served) -> None:
    message, headers = modern(1, "tools/list")
    message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2031-01-01"
    for body in (message, request(1, "tools/list"), {"jsonrpc": "2.0", "method": "notifications/any"}):
        answer = sent(served.port, body, headers | {"MCP-Protocol-Version": "2031-01-01"})
        assert (answer.status, answer.code) == (400, UNSUPPORTED_VERSION)
        assert answer.object["error"]["data"] == {"supported": ["2026-07-28"], "requested": "2031-01-01"}
    answer = sent(
        served.port, request(1, "ping"), {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "ping"}
    )
    assert (answer.status, answer.code) == (400, INVALID_PARAMS)


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), ("=?base64?w6Q=?=", "ä"), ("=?base64?w6?=", None), ("=?base64?/w==?=", None)],
)
def test_a_header_may_be_in_base64(value: str, text: str | None) -> None:
    assert header_text(value) == text


# What is wrong with a request


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", PARSE_ERROR),
        (b"{", PARSE_ERROR),
        (b"\xff\xfe", PARSE_ERROR),
        (b"[" * 100_000, PARSE_ERROR),
        (b"9" * 10_000, PARSE_ERROR),
        (b"[]", INVALID_REQUEST),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', INVALID_REQUEST),
        (b"7", INVALID_REQUEST),
        (b"{}", INVALID_REQUEST),
        (b'{"id":1,"method":7}', INVALID_REQUEST),
        (b'{"id":null,"method":"ping"}', INVALID_REQUEST),
        (b'{"id":true,"method":"ping"}', INVALID_REQUEST),
        (b'{"id":{},"method":"ping"}', INVALID_REQUEST),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_message_gets_the_error_that_the_standard_names(
    served: Served, body: bytes, code: int
) -> None:
    answer = sent(served.port, body, session(served.port))
    assert (answer.status, answer.code, answer.object["id"]) == (400, code, None)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json-seq"}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Accept": "text/html"}, 406),
        ({"Accept": "application/json;q=0, text/html"}, 406),
        ({"Accept": "application/json"}, 200),
        ({"Accept": "*/*"}, 200),
        ({"Accept": ""}, 200),
        ({"Content-Length": str(MAX_MESSAGE_BYTES + 1)}, 413),
    ],
)
def test_kinds_and_sizes_are_checked(served: Served, headers: dict[str, str], status: int) -> None:
    assert sent(served.port, request(1, "ping"), session(served.port) | headers).status == status


def test_a_request_without_a_kind_is_refused_and_one_that_accepts_streams_only_gets_one(
    served: Served,
) -> None:
    mine = session(served.port)
    assert sent(served.port, request(1, "ping"), mine, without=("Content-Type",)).status == 415
    assert sent(served.port, request(1, "ping"), mine, without=("Accept",)).status == 200
    (event,) = sent(served.port, request(1, "ping"), mine | {"Accept": "text/event-stream"}).events
    assert event == {"jsonrpc": "2.0", "id": 1, "result": {}}


def test_a_body_whose_length_is_not_told_is_cut_off_too(served: Served) -> None:
    part = b"%x\r\n%s\r\n" % (500_000, b" " * 500_000)
    headers = {"Transfer-Encoding": "chunked", **session(served.port)}
    assert sent(served.port, part * 9 + b"0\r\n\r\n", headers).status == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/mcp", 405),
        ("PUT", "/mcp", 405),
        ("HEAD", "/mcp", 405),
        ("OPTIONS", "/mcp", 405),
        ("DELETE", "/mcp", 400),
        ("POST", "/", 404),
        ("POST", "/mcp/", 404),
        ("GET", "/.well-known/oauth-protected-resource", 404),
        ("POST", "/mcp/../../etc/passwd", 404),
        ("POST", "http://127.0.0.1/mcp", 404),
    ],
)
def test_nothing_else_is_served(served: Served, method: str, path: str, status: int) -> None:
    answer = sent(served.port, method=method, path=path)
    assert answer.status == status
    assert ("allow" in answer.headers) is (status == 405)


def test_what_is_no_http_is_refused_in_silence(served: Served) -> None:
    for said in (
        b"hello\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(said)
            assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


# Attacks


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1"}, 200),
        ({"Host": "LOCALHOST:1"}, 200),
        ({"Host": "[::1]:8740"}, 200),
        ({"Host": "evil.example:8740"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "localhost.evil.example"}, 421),
        ({"Host": "127.0.0.1@evil.example"}, 421),
        ({"Host": "10.0.0.1"}, 421),
        ({"Host": "2130706433"}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"Origin": "http://[::1]:3000"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
        ({"Origin": "http://evil.example/http://localhost"}, 403),
        ({"Origin": "http://evil.example#localhost"}, 403),
        ({"Origin": "http://localhost@evil.example"}, 403),
        ({"Origin": "file://localhost"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "https://app.example"}, 403),
    ],
    ids=str,
)
def test_pages_and_names_of_strangers_are_refused(
    served: Served, headers: dict[str, str], status: int
) -> None:
    mine = session(served.port)
    answer = sent(served.port, request(1, "ping"), mine | headers)
    assert answer.status == status
    assert not any(name.startswith("access-control") for name in answer.headers)
    asked_first = {"Access-Control-Request-Method": "POST", **headers}
    before = sent(served.port, method="OPTIONS", headers=asked_first)
    assert before.status == (405 if status == 200 else status)
    assert not any(name.startswith("access-control") for name in before.headers)


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        TOKEN,
        f"Basic {TOKEN}",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        "Bearer ä",
    ],
)
def test_nothing_is_answered_without_the_token(guarded: Served, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given}
    message, more = modern(1, "tools/list")
    for method, body in (("POST", message), ("GET", None), ("DELETE", None)):
        answer = sent(guarded.port, body, headers | more, method=method)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert sent(guarded.port, message, more | {"Authorization": f"bearer {TOKEN}"}).status == 200


def test_a_page_and_a_name_that_were_allowed_may_ask_with_the_token(guarded: Served) -> None:
    page = {"Origin": "https://app.example", "Host": "code.example"}
    before = sent(guarded.port, method="OPTIONS", headers=page | {"Access-Control-Request-Method": "POST"})
    assert before.status == 204
    assert before.headers["access-control-allow-origin"] == "https://app.example"
    assert {"authorization", "mcp-session-id", "mcp-protocol-version"} <= set(
        before.headers["access-control-allow-headers"].split(", ")
    )
    refused = sent(guarded.port, request(1, "ping"), page)
    assert refused.status == 401 and refused.headers["access-control-allow-origin"] == "https://app.example"
    mine = session(guarded.port, page | {"Authorization": f"Bearer {TOKEN}"})
    answer = sent(guarded.port, request(1, "ping"), mine | page | {"Authorization": f"Bearer {TOKEN}"})
    assert answer.status == 200 and answer.headers["vary"] == "origin"
    assert answer.headers["access-control-expose-headers"] == "mcp-session-id"
    other = {"Origin": "http://localhost:3000", "Authorization": f"Bearer {TOKEN}"}
    assert "access-control-allow-origin" not in sent(guarded.port, request(1, "ping"), mine | other).headers


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Code.local:1", "code.local"),
        ("[FE80::1]", "fe80::1"),
        ("a:b", None),
        ("a:1:2", None),
        ("[a", None),
        ("a b", None),
        ("ä", None),
        ("", None),
        ("a\n", None),
    ],
)
def test_hosts_are_read_strictly(header: str, name: str | None) -> None:
    assert host_name(header) == name


def test_a_server_at_every_address_is_asked_by_address_and_not_by_a_strangers_name() -> None:
    everywhere = Access(hosts=frozenset({"code.local"}), any_address=True)
    for host in ("192.168.1.7:8740", "[fe80::1]:8740", "code.local", "localhost"):
        everywhere.check_host([host])
    for hosts in (["evil.example"], [], ["a", "b"]):
        with pytest.raises(Refused):
            everywhere.check_host(hosts)


def test_what_is_allowed_must_be_a_name_or_an_origin() -> None:
    assert checked_host("[::1]") == "::1" and checked_host("Code.Local") == "code.local"
    assert checked_origin("HTTPS://App.example:8443/") == "https://app.example:8443"
    assert checked_origin("vscode-webview://abc") == "vscode-webview://abc"
    for host in ("code.local:80", "http://code.local", "*", "", "a/b"):
        with pytest.raises(UsageError, match="is no host"):
            checked_host(host)
    for origin in ("*", "https://*.example", "app.example", "https://a/b", "null", ""):
        with pytest.raises(UsageError, match="is no origin"):
            checked_origin(origin)


@pytest.mark.parametrize("text", ["", "short", "x" * 5000, "with spaces in the middle", "umlautümlautümlaut"])
def test_a_token_that_cannot_be_used_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(UsageError, match="here has no token") as caught:
        checked_token(text, "here")
    assert not text or text not in str(caught.value)


def test_the_token_is_read_from_the_variable_that_the_setting_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _token(None) is None
    monkeypatch.setenv("SEMINDEX_SERVE_TOKEN_VARIABLE", "CODE_TOKEN")
    with pytest.raises(UsageError, match=r"SERVE_TOKEN_VARIABLE names .* CODE_TOKEN, which is not set"):
        _token(None)
    monkeypatch.setenv("CODE_TOKEN", TOKEN)
    assert _token(None) == TOKEN


@POSIX
def test_a_token_that_others_may_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o644)
    assert _token(file) == TOKEN
    told = capsys.readouterr().err
    assert "other users of this machine may read" in told and TOKEN not in told


# Streams, and requests that are given up


class Steps(CodeTools):
    """Tools that tell how far they are, fail, or wait until they are cancelled."""

    def __init__(self) -> None:
        super().__init__([])
        self.begun = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)

    def call(self, name: str, call: Call) -> dict[str, Any]:
        if name == "fails":
            raise ZeroDivisionError("of the tool")
        if name == "tells":
            call.progress(1, 2, "half\u2028way")
            call.progress(2, 2, "nearly")
        if name == "waits":
            self.begun.release()
            while not call.cancelled:
                threading.Event().wait(0.01)
            self.ended.release()
        return {"content": [], "isError": False}


@contextmanager
def running(tools: CodeTools) -> Iterator[tuple[int, list[str]]]:
    """The port of a server in this process, and what it told of its own errors."""
    told: list[str] = []
    with listening(looked_up("127.0.0.1", 0)) as listener:
        server = WebServer(McpEndpoint(tools, Access(), told.append))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        port = listener.getsockname()[1]
        thread.start()
        try:
            yield port, told
        finally:
            server.stop()
            thread.join()


def tool_call(port: int, era: str, name: str, token: Any = None) -> tuple[dict[str, Any], dict[str, str]]:
    meta = {} if token is None else {"_meta": {"progressToken": token}}
    if era == "auto":
        return modern(1, "tools/call", name=name, **meta)
    return request(1, "tools/call", name=name, **meta), session(port)


@pytest.mark.parametrize("era", ERAS)
def test_progress_comes_as_a_stream_if_it_was_asked_for_and_is_accepted(era: str) -> None:
    with running(Steps()) as (port, _):
        message, headers = tool_call(port, era, "tells", "mine")
        *steps, last = sent(port, message, headers).events
        assert [step["params"]["progress"] for step in steps] == [1, 2]
        assert steps[0]["params"] == {
            "progressToken": "mine",
            "progress": 1,
            "total": 2,
            "message": "half\u2028way",
        }
        assert last["id"] == 1 and last["result"]["isError"] is False
        plain = sent(port, message, headers | {"Accept": "application/json"})
        assert plain.headers["content-type"] == "application/json" and plain.object["id"] == 1
        message, headers = tool_call(port, era, "tells")
        assert sent(port, message, headers).headers["content-type"] == "application/json"


@pytest.mark.parametrize("era", ERAS)
def test_a_client_that_disconnects_cancels_its_query(era: str) -> None:
    tools = Steps()
    with running(tools) as (port, told):
        message, headers = tool_call(port, era, "waits")
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        usual = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request("POST", "/mcp", json.dumps(message), usual | headers)
        assert tools.begun.acquire(timeout=PATIENCE_SECONDS)
        connection.close()
        assert tools.ended.acquire(timeout=PATIENCE_SECONDS)
        assert sent(port, *modern(1, "tools/list")).status == 200
        assert told == []


@pytest.mark.parametrize("by", ["a notification", "the end of its session"])
def test_a_request_with_a_handshake_is_cancelled_and_answered_so(by: str) -> None:
    tools = Steps()
    with running(tools) as (port, _):
        message, headers = tool_call(port, "legacy", "waits")
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        usual = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request("POST", "/mcp", json.dumps(message), usual | headers)
        assert tools.begun.acquire(timeout=PATIENCE_SECONDS)
        if by == "a notification":
            cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
            assert sent(port, cancel, session(port)).status == 202  # of another session: not its request
            assert not tools.ended.acquire(blocking=False)
            assert sent(port, cancel, headers).status == 202
        else:
            assert sent(port, method="DELETE", headers=headers).status == 204
        answer = whole(connection.getresponse())
        connection.close()
        assert (answer.status, answer.code, answer.object["id"]) == (200, REQUEST_CANCELLED, 1)


def test_a_server_that_is_told_twice_to_end_waits_for_no_answer() -> None:
    tools = Steps()
    with listening(looked_up("127.0.0.1", 0)) as listener:
        server = WebServer(McpEndpoint(tools, Access(), print))
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        message, headers = modern(1, "tools/call", name="waits")
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        usual = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request("POST", "/mcp", json.dumps(message), usual | headers)
        assert tools.begun.acquire(timeout=PATIENCE_SECONDS)
        server.stop()
        assert thread.is_alive()
        server.stop()
        thread.join()
        assert tools.ended.acquire(timeout=PATIENCE_SECONDS)
        connection.close()


def test_a_tool_that_fails_is_told_without_a_traceback() -> None:
    with running(Steps()) as (port, told):
        answer = sent(port, *modern(1, "tools/call", name="fails"))
        assert (answer.status, answer.code) == (200, INTERNAL)
        assert b"Traceback" not in answer.body and told == []


def test_a_failure_of_the_server_is_told_to_both_sides_without_its_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("a secret path")

    monkeypatch.setattr(http, "check_headers", fail)
    with running(Steps()) as (port, told):
        answer = sent(port, *modern(1, "tools/list"))
    assert (answer.status, answer.code) == (500, INTERNAL)
    assert b"secret" not in answer.body and b"Zero" not in answer.body
    assert told == ["a request failed: ZeroDivisionError"]


# Starting and ending


def test_a_port_in_use_is_an_error(tmp_path: Path) -> None:
    with listening(looked_up("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = semindex_command("serve", "--port", str(port), cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert f"127.0.0.1, port {port} is in use; choose another with --port" in done.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--root", "nowhere"), "nowhere is not a folder"),
        (("--port", "70000"), "70000"),
        (("--host", "0.0.0.0"), "other machines can reach 0.0.0.0, so a token is needed: give --token-file"),
        (("--host", "::"), "other machines can reach ::, so a token is needed"),
        (("--host", "code..local"), "code..local is no address of this machine"),
        (("--host", "192.0.2.1", "--token-file", "good"), "cannot listen at 192.0.2.1"),
        (("--token-file", "missing"), "the token cannot be read: missing: No such file"),
        (("--token-file", "bad"), "bad has no token that can be used"),
        (("--allow-origin", "*"), "'*' is no origin"),
        (("--allow-host", "a:1"), "'a:1' is no host"),
    ],
)
def test_mistakes_are_told_before_anything_listens(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    plant(tmp_path, {"good": TOKEN.encode(), "bad": b"x"})
    done = semindex_command("serve", *words, cwd=tmp_path)
    assert done.code == 2 and told in done.err and "listening" not in done.err
    assert TOKEN not in done.err


def test_connections_send_at_once_what_is_written() -> None:
    with (
        listening(looked_up("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_name_that_leads_here_is_listened_at_where_clients_try_first() -> None:
    assert looked_up("localhost", 0).host == "127.0.0.1"
    assert not looked_up("0.0.0.0", 0).is_loopback and looked_up("::", 0).is_every
    with pytest.raises(ServiceError):
        looked_up("code..local", 0)


def test_a_server_for_other_machines_says_what_it_gives_away(root: Path, tmp_path: Path) -> None:
    variables = {"SEMINDEX_SERVE_TOKEN_VARIABLE": "CODE_TOKEN", "CODE_TOKEN": TOKEN}
    with serving("--root", str(root), "--host", "0.0.0.0", variables=variables) as served:
        assert f"search and read the code in {root}; nothing that is sent is encrypted" in served.told
        assert TOKEN not in served.told
        assert sent(served.port, *modern(1, "tools/list")).status == 401
        message, headers = modern(1, "tools/list")
        known = headers | {"Authorization": f"Bearer {TOKEN}"}
        assert sent(served.port, message, known | {"Host": f"192.168.1.7:{served.port}"}).status == 200
        assert sent(served.port, message, known | {"Host": "evil.example"}).status == 421


@POSIX
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_server_that_ends_leaves_nothing(tmp_path: Path, how: signal.Signals) -> None:
    fresh = copy_package("email", tmp_path / "fresh")
    served = begun("--root", str(fresh))
    message, headers = modern(1, "tools/call", name="search", arguments={"queries": ["EmailMessage"]})
    assert sent(served.port, message, headers).object["result"]["structuredContent"]["hits"]
    children = psutil.Process(served.process.pid).children(recursive=True)
    served.process.send_signal(how)
    out, err = served.process.communicate(timeout=PATIENCE_SECONDS)
    assert (served.process.returncode, out, err) == (-how if how is signal.SIGKILL else 0, "", "")
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    with listening(looked_up("127.0.0.1", served.port)):
        pass  # the port is free


def test_nothing_but_serve_listens(root: Path, served: Served) -> None:
    sockets = psutil.Process(served.process.pid).net_connections("inet")
    listeners = [each for each in sockets if each.status == psutil.CONN_LISTEN]
    assert [tuple(each.laddr) for each in listeners] == [("127.0.0.1", served.port)]
    with subprocess.Popen(
        [sys.executable, "-m", "semindex", "mcp", "--root", str(root)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        call = request(1, "tools/call", name="search", arguments={"queries": ["EmailMessage"]})
        process.stdin.write(json.dumps(call).encode() + b"\n")
        process.stdin.flush()
        assert b"EmailMessage" in process.stdout.readline()
        assert psutil.Process(process.pid).net_connections("inet") == []
        process.stdin.close()


def test_only_what_serve_runs_may_open_a_socket_of_the_network() -> None:
    """Each import of what can listen needs an exemption (TID251) on its line; these are all there are."""
    source = Path(semindex.__file__).parent
    able = re.compile(
        r"^\s*(?:import|from) (?:socket|uvicorn|starlette|asyncio|http\.server|socketserver)\b", re.M
    )
    found = {
        file.relative_to(source).as_posix()
        for file in source.rglob("*.py")
        if able.search(file.read_text("utf-8"))
    }
    # A cluster is connected to, or listens inside of this machine, where a user asked for one.
    assert {name for name in found if not name.startswith("indexing/cluster/")} == {
        f"present/mcp/{name}.py" for name in ("exchange", "http", "listening")
    }
