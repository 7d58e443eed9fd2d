"""The commits of a repository as texts: what was said, which files changed, and the lines that changed.

git is asked by plumbing that starts no external program for differences, signatures or text conversion. Of a
commit a bounded part is kept, as a first import or a change of all line ends would fill an index by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from semindex.source import git

MOST_MESSAGE_BYTES = 8_000
MOST_PATHS = 200
MOST_LINES = 2_000
"""Changed lines of a commit that are kept."""
MOST_CHANGE_BYTES = 64_000
MOST_LINE_BYTES = 300
_BINARY_ABOVE = "core.bigFileThreshold=1m"
"""Larger files are compared as binary ones: that they differ, and not how."""
_BEGIN, _END = b"\0\0", b"\0\1\n"
_FORMAT = "--format=%x00%x00%H%n%aI%n%an%n%B%n%x00%x01"
"""No message has a NUL, and each line of a difference begins with a character of its own."""


class Commit(Struct, frozen=True):
    """A commit, as far as it is kept."""

    id: str
    date: str
    """When it was written, as ISO 8601 has it."""
    author: str
    """The name, without the address."""
    message: bytes
    paths: tuple[bytes, ...]
    """The files that it changed, from the root of the repository."""
    lines: tuple[bytes, ...]
    """What it added and took away, each line with ``+`` or ``-`` before it."""
    is_cut: bool
    """Whether it has more paths or lines."""


def newest(top: Path, commit: str, most: int) -> list[str]:
    """The ids of at most so many commits from ``commit`` back, the newest first; no merges.

    Raises:
        git.GitFailed: git cannot read them.
    """
    found = git.ask(top, "rev-list", "--no-merges", f"--max-count={most}", "--end-of-options", commit)
    return found.decode("ascii").split()


def read_commits(top: Path, ids: Sequence[str]) -> Iterator[Commit]:
    """The commits with some ids, in their order.

    Raises:
        git.GitFailed: git cannot read one; those before it were given.
    """
    lines = git.stream(
        top,
        "diff-tree",
        *("--stdin", "--always", "--root", "-r", "-p", "-U0", "--no-renames", "--no-color"),
        *("--no-ext-diff", "--no-textconv", "--submodule=short", "--encoding=UTF-8", "--no-show-signature"),
        _FORMAT,
        stdin="".join(f"{each}\n" for each in ids).encode("ascii"),
        configuration=(_BINARY_ABOVE, "core.quotePath=false"),
    )
    current: _Reading | None = None
    for line in lines:
        if line.startswith(_BEGIN):
            if current is not None:
                yield current.read()
            current = _Reading(line[2:].strip())
        elif current is not None:
            current.take(line)
    if current is not None:
        yield current.read()


class _Reading:
    """A commit that is being read, line by line."""

    def __init__(self, name: bytes) -> None:
        self._name = name
        self._head: list[bytes] = []
        self._in_head = True
        self._in_hunk = False
        self._held = 0
        self._message_bytes = 0
        self._paths: dict[bytes, None] = {}
        self._lines: list[bytes] = []
        self._is_cut = False

    def take(self, line: bytes) -> None:
        """Read a line of the message, or of the difference."""
        if self._in_head:
            if line == _END:
                self._in_head = False
            elif len(self._head) < 2 or self._message_bytes < MOST_MESSAGE_BYTES:
                self._message_bytes += len(line) if len(self._head) >= 2 else 0
                self._head.append(line)
        elif line.startswith(b"diff --git "):
            self._in_hunk = False
            self._add_path(line[11:].rstrip(b"\r\n"))
        elif line.startswith(b"@@ "):
            self._in_hunk = True
        elif self._in_hunk and line[:1] in (b"+", b"-"):
            self._add_line(line.rstrip())

    def _add_path(self, pair: bytes) -> None:
        # Without renames both halves of "a/PATH b/PATH" are the same.
        path = pair[2 : 2 + (len(pair) - 5) // 2]
        if len(self._paths) < MOST_PATHS:
            self._paths[path] = None
        else:
            self._is_cut = True

    def _add_line(self, line: bytes) -> None:
        if len(line) < 2:
            return
        if len(self._lines) >= MOST_LINES or self._held >= MOST_CHANGE_BYTES:
            self._is_cut = True
            return
        self._lines.append(line[:MOST_LINE_BYTES])
        self._held += min(len(line), MOST_LINE_BYTES)

    def read(self) -> Commit:
        """What was read."""
        date, author, *message = [*self._head, b"", b""][: max(2, len(self._head))]
        return Commit(
            id=self._name.decode("ascii"),
            date=date.decode("ascii", "replace").strip(),
            author=author.decode("utf-8", "replace").strip(),
            message=b"".join(message)[:MOST_MESSAGE_BYTES].strip(),
            paths=tuple(self._paths),
            lines=tuple(self._lines),
            is_cut=self._is_cut,
        )


def text_of(commit: Commit) -> bytes:
    """A commit as the Markdown that is indexed, in which the subject is a heading and so counts most.

    The first lines are the heading and ``DATE AUTHOR``; the message, the paths and, in a fence, the changed
    lines follow. What is not UTF-8 becomes U+FFFD.
    """
    subject, _, body = commit.message.partition(b"\n")
    parts = [
        b"# " + (subject.strip() or b"-") + f"\n{commit.date} {commit.author}".encode(),
        body.strip(),
        b"\n".join(commit.paths),
        b"\n".join((b"```", *commit.lines, b"```")) if commit.lines else b"",
    ]
    text = b"\n\n".join(part for part in parts if part) + b"\n"
    return text.replace(b"\0", b" ").decode("utf-8", "replace").replace("\r", " ").encode()
