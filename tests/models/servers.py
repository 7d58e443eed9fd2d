"""A real server of vectors, in a thread of its own, that speaks as OpenAI's and Ollama's do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from semindex.models.texts import Side

KNOWN = ("red", "green", "blue", "zebra", "query:", "passage:", "search_query:", "search_document:")
SIDES = Side


def vector(text: str) -> list[float]:
    """How often each known word stands in a text, and a constant, as what all texts have in common."""
    words = text.split()
    return [float(words.count(word)) for word in KNOWN] + [0.5]


@dataclass
class Told:
    """What a server was asked, and how it is to answer."""

    texts: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    most_characters: int = 100_000
    """Of a text; longer ones are refused."""
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    """Given first, one a request: status, headers, body."""
    turned: int = 0
    """Places by which vectors are turned: another model."""
    dropped: int = 0
    """Numbers that vectors lack at their end: another one."""
    address: str = ""


@contextmanager
def serving() -> Iterator[Told]:
    """A server on this machine, and what it was told."""
    told = Told()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.requests.append(request)
            told.paths.append(self.path)
            told.keys.append(self.headers.get("Authorization", ""))
            if told.answers:
                self.answer(*told.answers.pop(0))
            elif any(len(text) > told.most_characters for text in request["input"]):
                self.answer(400, {}, b'{"error": "the input length exceeds the context length"}')
            else:
                told.texts += request["input"]
                self.answer(200, {}, json.dumps(self.reply(request["input"])).encode())

        def reply(self, texts: list[str]) -> dict[str, Any]:
            rows = [vector(text) for text in texts]
            rows = [[*row[told.turned :], *row[: told.turned]] for row in rows]
            rows = [row[: len(row) - told.dropped] for row in rows]
            if self.path.endswith("/api/embed"):
                return {"model": "tiny", "embeddings": rows}
            data = [{"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(rows)]
            return {"object": "list", "data": data[::-1], "usage": {"prompt_tokens": 1}}

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
