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

    def __init__(self, program: str, taken: Sequence[str], left_out: Sequence[str]) -> None:
        """Look the types up.

        Raises:
            QueryError: Ripgrep knows no type of a name.
        """
        known = type_globs(program) if taken or left_out else {}
        self._selections = [
            *((_patterns(known, name), True) for name in taken),
            *((_patterns(known, name), False) for name in left_out),
        ]
        self._selections.reverse()
        self._leaves_others = bool(taken)

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
