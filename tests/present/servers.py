"""``semindex serve`` as a process, and raw requests to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.product import PATIENCE_SECONDS, environment

BOTH = "application/json, text/event-stream"
HEADERS = {"Content-Type": "application/json", "Accept": BOTH}
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Served(NamedTuple):
    """A server that listens."""

    process: subprocess.Popen[str]
    url: str
    told: str
    """What it had printed to standard error by then."""

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port


class Answer(NamedTuple):
    """A response, whole."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes

    @property
    def object(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> int:
        """That of the JSON-RPC error."""
        return int(self.object["error"]["code"])

    @property
    def events(self) -> list[Any]:
        """The messages of a stream."""
        assert self.headers["content-type"] == "text/event-stream"
        parts = self.body.decode("ascii").split("\n\n")
        assert parts.pop() == "" and all(part.startswith("event: message\ndata: ") for part in parts)
        return [json.loads(part.partition("data: ")[2]) for part in parts]


def begun(*words: str, variables: Mapping[str, str] | None = None) -> Served:
    """A server on a free port, once it listens; whoever calls this ends it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "semindex", "serve", "--port", "0", *words],
        env=environment() | dict(variables or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    told = ""
    for line in process.stderr:
        told += line
        if "listening at " in line:
            return Served(process, line.split()[-1], told)
    raise AssertionError(f"it did not listen: {told}")


@contextmanager
def serving(*words: str, variables: Mapping[str, str] | None = None) -> Iterator[Served]:
    """A server that prints nothing more, and ends with code 0 when it is told to terminate."""
    served = begun(*words, variables=variables)
    try:
        yield served
        served.process.terminate()
        out, err = served.process.communicate(timeout=PATIENCE_SECONDS)
        assert (served.process.returncode, out, err) == (0, "", "")
    finally:
        served.process.kill()
        served.process.communicate()


def sent(
    port: int,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    path: str = "/mcp",
    without: tuple[str, ...] = (),
) -> Answer:
    """The response to a request; ``body`` is bytes or becomes JSON, ``without`` are headers to leave out."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    usual = {name: value for name, value in HEADERS.items() if name not in without}
    given = {**usual, **(headers or {})}
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    try:
        connection.putrequest(method, path, skip_host="Host" in given, skip_accept_encoding=True)
        if method == "POST" and "Content-Length" not in given and "Transfer-Encoding" not in given:
            given["Content-Length"] = str(len(data))
        for name, value in given.items():
            connection.putheader(name, value)
        connection.endheaders(data)
        return whole(connection.getresponse())
    finally:
        connection.close()


def whole(response: HTTPResponse) -> Answer:
    """A response, read to its end."""
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def request(number: Any, method: str, **params: Any) -> dict[str, Any]:
    """A request of the era with a handshake."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def modern(number: Any, method: str, **params: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """A request of the era without, and its headers."""
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
    if "name" in params:
        headers["Mcp-Name"] = params["name"]
    meta = {**META, **params.pop("_meta", {})}
    return request(number, method, **params, _meta=meta), headers


def session(port: int, headers: Mapping[str, str] | None = None) -> dict[str, str]:
    """The headers of a new session."""
    hello = request(0, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={})
    answer = sent(port, hello, headers)
    assert answer.status == 200 and answer.object["result"]["protocolVersion"] == "2025-11-25"
    return {"Mcp-Session-Id": answer.headers["mcp-session-id"], "MCP-Protocol-Version": "2025-11-25"}
