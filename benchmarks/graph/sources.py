"""The source files of a repository, and the places in their text."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PLAIN_CALL = re.compile(rb"[ \t]*\(")
"""Behind a name that is called, in a language where a new line ends a statement."""


class Sources:
    """The text of the files of one repository, by lines each of which a line feed ends."""

    def __init__(self, root: Path, suffixes: tuple[str, ...]) -> None:
        self.root = root
        self.paths = [path for path in tracked(root) if path.endswith(suffixes)]
        self._lines: dict[str, list[bytes]] = {}

    def lines(self, path: str) -> list[bytes]:
        """Return the lines of a file, without their ends; none if it cannot be read."""
        if path not in self._lines:
            try:
                data = (self.root / path).read_bytes()
            except OSError:
                data = b""
            self._lines[path] = data.split(b"\n")
        return self._lines[path]

    def line(self, path: str, line: int) -> bytes:
        """Return one line, from 1; empty if the file has no such line."""
        lines = self.lines(path)
        return lines[line - 1] if 0 < line <= len(lines) else b""

    def behind(self, path: str, line: int, column: int) -> bytes:
        """Return what follows a place (both from 1, the column in bytes), with the next four lines."""
        return b"\n".join([self.line(path, line)[column - 1 :], *self.lines(path)[line : line + 4]])

    def stands(self, name: str, path: str, line: int, column: int) -> bool:
        """Return whether ``name`` stands at a place."""
        return self.line(path, line)[column - 1 :].startswith(name.encode())


def tracked(root: Path) -> list[str]:
    """Return the files of a repository below ``root``: those of git if it is one, else all, in order."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=False)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode(errors="surrogateescape").split("\0") if name]
        return sorted(name for name in names if (root / name).is_file())
    files = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in files if ".git" not in path.parts)


def revision(root: Path) -> str:
    """Return the commit that is checked out in ``root``; empty outside git."""
    asked = subprocess.run(
        ["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() if asked.returncode == 0 else ""
