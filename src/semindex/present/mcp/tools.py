"""The tools that a coding agent is offered: how a call of each is answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from semindex.errors import SemindexError, UsageError
from semindex.present.mcp import answers, lines
from semindex.present.mcp.arguments import checked
from semindex.present.mcp.offered import ALWAYS, FILTERS, INSTRUCTIONS, LISTED
from semindex.present.mcp.protocol import INVALID_PARAMS, Call, ProtocolError, Tools
from semindex.present.safe import safe_message

if TYPE_CHECKING:
    from semindex.service.workspace import Place, Workspace
    from semindex.types import Progress

BUILD_WAIT_SECONDS = 2.0
"""How long a first call waits for an index that is being built, before it reads files itself."""
SCAN_SECONDS = 0.8
MOST_HITS = 50
"""Hits of a query that can be reached with cursors."""
_LEAST_TOKENS_A_LINE = 10
"""More lines are not looked for than there may be room for if each is so short."""
_OF_GREP = ("fixed_strings", "ignore_case", "word_regexp", "glob", "type", "context")


class _Indexes:
    """The indexes that a server asks, whatever the number of its sessions; opened when they are needed."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._lock = threading.Lock()
        self._workspace: Workspace | None = None

    def opened(self) -> Workspace:
        """All of them."""
        from semindex.service.workspace import Workspace

        with self._lock:
            if self._workspace is None:
                self._workspace = Workspace(self._roots)
            return self._workspace

    def close(self) -> None:
        """Close them."""
        with self._lock:
            if self._workspace is not None:
                self._workspace.close()
                self._workspace = None


class CodeTools(Tools):
    """The tools of one session."""

    instructions = INSTRUCTIONS

    def __init__(self, roots: Sequence[Path], also: Sequence[str] = ()) -> None:
        self._names = (*ALWAYS, *(name for name in LISTED if name in also and name not in ALWAYS))
        self._indexes = _Indexes(roots)
        self._shown = answers.Shown()

    def apart(self) -> CodeTools:
        """The same tools on the same indexes for another session, to which nothing was shown yet."""
        other = copy(self)
        other._shown = answers.Shown()
        return other

    def listed(self) -> list[dict[str, Any]]:
        """The tools that are offered."""
        return [LISTED[name] for name in self._names]

    def warm(self) -> None:
        """Load, on another thread, what the first call would wait for."""

        def load() -> None:
            with suppress(SemindexError, OSError):
                for place in self._indexes.opened().places():
                    if place.ready:
                        place.index.snapshot()

        threading.Thread(target=load, name="semindex warm", daemon=True).start()

    def close(self) -> None:
        """Close the indexes."""
        self._indexes.close()

    def call(self, name: str, call: Call) -> dict[str, Any]:
        """The result of a call; what is wrong with the arguments or the index is told in it."""
        if name not in self._names:
            raise ProtocolError(
                INVALID_PARAMS, f"there is no tool {name!r}; there are {', '.join(self._names)}"
            )
        try:
            given = checked(LISTED[name]["inputSchema"], call.arguments)
            ask: Callable[[Call, dict[str, Any]], answers.Answer] = getattr(self, f"_{name}")
            answer = ask(call, given)
        except SemindexError as error:
            return {"content": [{"type": "text", "text": safe_message(str(error))}], "isError": True}
        return {
            "content": [{"type": "text", "text": answer.text}],
            "structuredContent": answer.content,
            "isError": False,
        }

    def _places(self, call: Call) -> tuple[Sequence[Place], Sequence[Place]]:
        """The places that can be asked, and those that cannot yet."""

        def told(progress: Progress) -> None:
            call.progress(progress.done, progress.total, f"{progress.stage}: {progress.done} {progress.unit}")

        places = self._indexes.opened().prepared(
            seconds=BUILD_WAIT_SECONDS, on_progress=told, stopped=lambda: call.cancelled
        )
        return [place for place in places if place.ready], [place for place in places if not place.ready]

    def _search(self, call: Call, given: dict[str, Any]) -> answers.Answer:
        from semindex.service.workspace import asked_together

        queries = [query for query in given["queries"] if query.strip()]
        if not queries:
            raise UsageError("queries has no text; give a question, some words or a name")
        after = answers.position(given.get("cursor"))
        filters = {name: given.get(name, ()) for name in FILTERS}
        ready, waiting = self._places(call)
        found = []
        if ready:
            index = asked_together(ready)
            found = [
                index.search(query, limit=MOST_HITS, refresh=number == 0, **filters)
                for number, query in enumerate(queries)
            ]
        return answers.of_search(
            queries,
            found,
            _scanned(waiting, queries),
            states=[place.building for place in waiting],
            after=after,
            most=given["max_tokens"],
            shown=answers.Shown() if given["repeat"] else self._shown,
            several=len(ready) > 1,
        )

    def _grep(self, call: Call, given: dict[str, Any]) -> answers.Answer:
        from semindex.service.workspace import within

        after = answers.position(given.get("cursor"))
        # Files are searched as they are, so nothing has to wait for an index; it is built for the next call.
        places = self._indexes.opened().prepared(seconds=0.0)
        room = given["max_tokens"] // _LEAST_TOKENS_A_LINE
        asked = {name: given[name] for name in _OF_GREP if name in given}
        found = within(places, given.get("path", ())).grep(
            given["pattern"], limit=min(room, given.get("limit", room)), offset=after, **asked
        )
        return lines.of_grep(
            found,
            states=[place.building for place in places],
            after=after,
            most=given["max_tokens"],
            several=len({place.location.root for place in places}) > 1,
        )

    def _symbol(self, call: Call, given: dict[str, Any]) -> answers.Answer:
        from semindex.service.workspace import asked_together

        ready, waiting = self._places(call)
        if not ready:
            return self._search(call, {"queries": [given["name"]], **given})
        found = asked_together(ready).symbol(given["name"], kind=given.get("kind", ()))
        shown = answers.Shown() if given["repeat"] else self._shown
        states = [place.building for place in waiting]
        return answers.of_symbol(found, states=states, most=given["max_tokens"], shown=shown)

    def _read(self, call: Call, given: dict[str, Any]) -> answers.Answer:
        from semindex.service.workspace import asked_together

        ready, waiting = self._places(call)
        if not ready:
            raise UsageError(
                "the index is being built, so nothing can be read through it; ask again in a moment"
            )
        scopes = [(place.location.root, place.location.scope) for place in ready]
        for span in given["spans"]:
            _require_inside(span, scopes)
        found = asked_together(ready).read(given["spans"], context=given["context"])
        return answers.of_read(found, states=[place.building for place in waiting], most=given["max_tokens"])

    def _related(self, call: Call, given: dict[str, Any]) -> answers.Answer:
        from semindex.service.workspace import asked_together

        ready, waiting = self._places(call)
        if not ready:
            raise UsageError("the index is being built, so nothing can be compared; ask again in a moment")
        _require_inside(given["location"], [(place.location.root, place.location.scope) for place in ready])
        found = asked_together(ready).related(given["location"], limit=MOST_HITS)
        shown = answers.Shown() if given["repeat"] else self._shown
        return answers.of_search(
            [given["location"]],
            [found],
            [],
            states=[place.building for place in waiting],
            after=0,
            most=given["max_tokens"],
            shown=shown,
            several=len(ready) > 1,
        )

    def _status(self, call: Call, given: dict[str, Any]) -> answers.Answer:
        ready, waiting = self._places(call)
        states = [place.index.status() for place in ready]
        return answers.of_status(states, [place.building for place in waiting], most=given["max_tokens"])


def _scanned(waiting: Sequence[Place], queries: Sequence[str]) -> list[answers.Scanned]:
    """What the files themselves have of the queries, where no index can be asked yet."""
    from semindex.service.scanning import scan

    done = []
    for place in waiting:
        state = place.building
        if state is None or not state.failed:
            began = time.monotonic()
            for query in queries:
                left = SCAN_SECONDS - (time.monotonic() - began)
                if left > 0:
                    root, scope = place.location.root, place.location.scope
                    found = scan(root, query, limit=10, seconds=left, scope=scope)
                    done.append(answers.Scanned(root, query, found))
    return done


def _require_inside(span: str, scopes: Sequence[tuple[Path, str]]) -> None:
    """Refuse a span outside of every part of a repository that may be asked.

    Raises:
        UsageError: It lies outside.
    """
    if any(not scope for _, scope in scopes):
        return
    for root, scope in scopes:
        path = PurePosixPath(span)
        with suppress(ValueError):
            inside = path.relative_to(root.as_posix()) if path.is_absolute() else path
            if inside.is_relative_to(scope) and ".." not in inside.parts:
                return
    allowed = ", ".join(scope for _, scope in scopes)
    raise UsageError(f"{span} lies outside of what this server may read: {allowed}")
