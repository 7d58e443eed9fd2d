"""The types of files that ripgrep knows, by the globs of their names."""

from __future__ import annotations

import os
import re
import subprocess  # noqa: TID251 - asks ripgrep, found by semindex.exact.ripgrep
from collections.abc import Mapping, Sequence
from functools import cache

from semindex.errors import QueryError
from semindex.exact.globs import compile_glob
from semindex.exact.ripgrep import clean_environment

ALL = "all"


class Types:
    """Which files are of the types that were asked for."""

    def __init__(self, program: str, asked: Sequence[tuple[str, bool]]) -> None:
        """Look types up that are to be taken, or left out; the last that fits a file counts.

        Raises:
            QueryError: Ripgrep knows no type of a name.
        """
        known = type_globs(program) if asked else {}
        self._selections = [(_patterns(known, name), takes) for name, takes in reversed(asked)]
        self._leaves_others = any(takes for _, takes in asked)

    def verdict(self, path: bytes) -> bool | None:
        """Whether a file is taken; None if the types do not say."""
        name = path.rpartition(b"/")[2]
        for globs, takes in self._selections:
            if any(glob.fullmatch(name) for glob in globs):
                return takes
        return False if self._leaves_others else None


def _patterns(known: Mapping[str, list[str]], name: str) -> list[re.Pattern[bytes]]:
    if name == ALL:
        return [compile_glob(glob) for globs in known.values() for glob in globs]
    if name not in known:
        raise QueryError(f"unrecognized file type: {name}")
    return [compile_glob(glob) for glob in known[name]]


@cache
def type_list(program: str) -> bytes:
    """What ``rg --type-list`` prints."""
    return subprocess.run(
        [program, "--no-config", "--type-list"],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    ).stdout


def type_globs(program: str) -> dict[str, list[str]]:
    """The globs of each type."""
    lines = os.fsdecode(type_list(program)).splitlines()
    pairs = (line.split(": ", 1) for line in lines if ": " in line)
    return {name: globs.split(", ") for name, globs in pairs}
