"""The revision of a checked-out repository, read from git's own files."""

from __future__ import annotations

from pathlib import Path


def revision(checkout: Path) -> str | None:
    """The commit that is checked out at ``checkout``, 40 hex digits; None where that cannot be told.

    Understands linked worktrees and packed references, and starts no process: a repository's own
    configuration can make git run programs.
    """
    git_dir = _git_dir(checkout)
    head = _first_line(git_dir / "HEAD")
    if not head.startswith("ref: "):
        return head or None
    name = head.removeprefix("ref: ")
    shared = git_dir / (_first_line(git_dir / "commondir") or ".")
    return _first_line(git_dir / name) or _first_line(shared / name) or _packed(shared / "packed-refs", name)


def _git_dir(checkout: Path) -> Path:
    dot_git = checkout / ".git"
    link = _first_line(dot_git)
    return checkout / link.removeprefix("gitdir: ") if link.startswith("gitdir: ") else dot_git


def _first_line(file: Path) -> str:
    """The first line without its end; empty when there is no such file."""
    try:
        return file.read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _packed(file: Path, name: str) -> str | None:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return next((line.split(" ")[0] for line in lines if line.endswith(f" {name}")), None)
