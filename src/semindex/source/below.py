"""Find folders below another that hold something, as a repository holds ``.git``; a look at few folders."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

DEPTH = 3
"""How far below a folder one looks: ``code/OWNER/REPOSITORY`` is found from ``code``'s parent."""
MOST_ENTRIES = 20_000
"""Entries of folders looked at, so that a look at a home folder takes a tenth of a second at the most."""


def folders_with(root: Path, mark: str, *, depth: int = DEPTH) -> list[Path]:
    """The folders below ``root`` in which the path ``mark`` exists, in the order of their paths.

    Links, hidden folders, and folders below one that is found are not looked into.
    """
    found: list[Path] = []
    level, budget = [root], MOST_ENTRIES
    for _ in range(depth):
        below: list[Path] = []
        for folder in level:
            for path in _folders(folder):
                budget -= 1
                if budget < 0:
                    return sorted(found)
                holds = os.path.lexists(path / mark)
                (found if holds else below).append(path)
        level = below
    return sorted(found)


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                    yield Path(entry.path)
