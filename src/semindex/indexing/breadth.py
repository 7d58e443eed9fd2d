"""Tells that a folder is broader than anybody means to index, before its first index is made."""

from __future__ import annotations

from pathlib import Path

from semindex.source import git
from semindex.source.below import folders_with

MOST_FILES = 50_000
"""More files outside a git work tree are seldom one project."""
_NAMED = 3


def doubt(root: Path) -> str:
    """Why nobody may have meant this folder, as the end of a sentence about it; empty for no reason."""
    home = _home()
    if root == Path(root.anchor):
        return "is the root of the file system"
    if home is not None and root == home:
        return "is your home folder"
    if home is not None and root in home.parents:
        return "holds your home folder"
    if git.find_top(root) is not None:
        return ""
    below = folders_with(root, ".git")
    if len(below) < 2:
        return ""
    more = f" and {len(below) - _NAMED} more" if len(below) > _NAMED else ""
    named = ", ".join(path.relative_to(root).as_posix() for path in below[:_NAMED])
    return f"holds {len(below)} repositories ({named}{more})"


def doubt_of_many(root: Path, files: int) -> str:
    """The same, when a walk has found so many files."""
    if files <= MOST_FILES or git.find_top(root) is not None:
        return ""
    return f"has {files:,} files and is no git work tree"


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except (RuntimeError, OSError):
        return None
