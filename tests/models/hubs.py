"""A hub of models, in a thread of its own, that answers what the hub's client asks."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OLDER = "fedcba9876543210fedcba9876543210fedcba98"


@dataclass
class Hub:
    """Its models, by ``OWNER/NAME`` and revision, and what it was asked."""

    models: Mapping[str, Mapping[str, Path]]
    tags: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    address: str = ""

    @property
    def files(self) -> list[str]:
        """The files that were taken."""
        return [
            each.partition("/resolve/")[2].partition("/")[2] for each in self.asked if "/resolve/" in each
        ]


@contextmanager
def hub_of(models: Mapping[str, Mapping[str, Path]], *tags: str) -> Iterator[Hub]:
    """A hub with some folders as its models' revisions."""
    hub = Hub(models, list(tags))

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(send=False)

        def do_GET(self) -> None:
            hub.asked.append(self.path)
            self.answer(send=True)

        def answer(self, *, send: bool) -> None:
            parts = unquote(self.path.partition("?")[0]).strip("/").split("/")
            if parts[:2] == ["api", "models"]:
                name, revision = "/".join(parts[2:4]), parts[5] if len(parts) > 5 else "main"
                folder = self.folder(name, revision)
                if folder is not None:
                    files = [f for f in folder.rglob("*") if f.is_file()]
                    names = [f.relative_to(folder).as_posix() for f in files]
                    sizes = zip(names, files, strict=True)
                    tree = [
                        {"type": "file", "path": name, "size": file.stat().st_size, "oid": COMMIT}
                        for name, file in sizes
                    ]
                    told = {"id": name, "sha": commit(revision), "tags": hub.tags,
                            "siblings": [{"rfilename": each} for each in names]}  # fmt: skip
                    answer = json.dumps(tree if "tree" in parts[4:5] else told).encode()
                    self.reply(answer, "application/json", send=send)
            elif len(parts) > 4 and parts[2] == "resolve":
                folder = self.folder("/".join(parts[:2]), parts[3])
                if folder is not None:
                    file = folder.joinpath(*parts[4:])
                    if file.is_file():
                        self.reply(file.read_bytes(), "application/octet-stream", commit(parts[3]), send=send)
                    else:
                        self.refuse("EntryNotFound")
            else:
                self.refuse("RepoNotFound")

        def folder(self, name: str, revision: str) -> Path | None:
            revisions = hub.models.get(name)
            key = "main" if revision == COMMIT else revision
            if revisions is not None and key in revisions:
                return revisions[key]
            self.refuse("RepoNotFound" if revisions is None else "RevisionNotFound")
            return None

        def refuse(self, code: str) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def reply(self, body: bytes, kind: str, revision: str = "", *, send: bool) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            if revision:
                self.send_header("X-Repo-Commit", revision)
            self.end_headers()
            if send:
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def commit(revision: str) -> str:
    """What a revision's name stands for."""
    return {"main": COMMIT, "v1": OLDER}.get(revision, revision)
