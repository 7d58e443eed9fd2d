"""The parts of a tree to which a question is limited: folders and files, by their root-relative paths."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path


def narrowed(root: Path, allowed: Sequence[str], asked: Iterable[str]) -> tuple[str, ...]:
    """What lies both in an allowed part of a tree and in one that is asked for; no part lies in another.

    Args:
        root: The tree.
        allowed: Root-relative paths; an empty one is the whole tree.
        asked: Absolute or root-relative paths of folders and plain files. One that is not there, or lies
            outside of the tree, be it by a link, selects nothing.

    Returns:
        Root-relative paths without links, in the order of their bytes; an empty one is the whole tree.
    """
    real = root.resolve()
    parts = {_joint(each, here) for path in asked for here in [_inside(real, path)] for each in allowed}
    known = {part for part in parts if part is not None}
    return tuple(
        part
        for part in sorted(known, key=os.fsencode)
        if not any(_holds(other, part) for other in known - {part})
    )


def _inside(root: Path, path: str) -> str | None:
    """The root-relative path of a folder or plain file without its links; None where there is none."""
    try:
        found = (root / path).resolve()
        is_there = found.is_dir() or found.is_file()
        inside = found.relative_to(root).as_posix()
    except (OSError, ValueError, RuntimeError):
        return None
    return None if not is_there else "" if inside == "." else inside


def _joint(allowed: str, asked: str | None) -> str | None:
    """The smaller of two parts, if one lies in the other."""
    if asked is None:
        return None
    return asked if _holds(allowed, asked) else allowed if _holds(asked, allowed) else None


def _holds(part: str, other: str) -> bool:
    return not part or other == part or other.startswith(f"{part}/")
