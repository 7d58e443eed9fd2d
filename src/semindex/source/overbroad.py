"""Find the one ignore rule that leaves out nearly everything, so that an empty index explains itself.

Only files that look like text worth finding count, and folders that every build or package manager
makes do not: an ignored ``node_modules`` is as it should be.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from semindex.source.languages import is_source_name
from semindex.source.paths import join, name_of

MOST_LISTED_FILES = 5000
"""With more files listed than this, nobody wonders where they are; it is not looked at."""
_SHARE = 0.9
_FEWEST_FILES = 10
_MOST_VISITED_ENTRIES = 50_000
_ORDINARY = re.compile(
    rb"\.[^/]*|node_modules|bower_components|jspm_packages|venv|env|virtualenv|site-packages|__pycache__"
    rb"|.*\.egg-info|vendor|third_party|Pods|Carthage|target|build|_build|dist|dist-.*|out|output|bin|obj"
    rb"|lib|libs|coverage|htmlcov|cmake-build-.*|bazel-.*|tmp|temp|logs?|cache|caches|deps|elm-stuff"
    rb"|zig-cache|zig-out|pkg|generated|gen|artifacts|Debug|Release|x64|x86|data|datasets|node",
    re.DOTALL,
)


class IgnoredPath(Struct, frozen=True):
    """A path that is ignored, by a rule with this name (``file:line`` and pattern)."""

    path: bytes
    is_folder: bool
    rule: str


def is_ordinary(path: bytes, *, is_folder: bool) -> bool:
    """Whether leaving it out is nothing to speak of."""
    name = name_of(path)
    return bool(_ORDINARY.fullmatch(name)) if is_folder else not is_source_name(os.fsdecode(name))


def warning(root: bytes, listed: Iterable[bytes], candidates: Iterable[IgnoredPath]) -> str | None:
    """A sentence naming the rule that alone leaves out over 90 % of the source files, if one does."""
    left_out: Counter[str] = Counter()
    budget = _MOST_VISITED_ENTRIES
    counted = b"\0"
    for candidate in sorted(candidates, key=lambda candidate: candidate.path + b"/"):
        if candidate.path.startswith(counted) or is_ordinary(candidate.path, is_folder=candidate.is_folder):
            continue
        if candidate.is_folder:
            found, budget = _count(join(root, candidate.path), budget)
            left_out[candidate.rule] += found
            counted = candidate.path + b"/"
        else:
            left_out[candidate.rule] += 1
    if not left_out:
        return None
    rule, count = left_out.most_common(1)[0]
    shown = sum(is_source_name(os.fsdecode(name_of(path))) for path in listed)
    total = shown + left_out.total()
    if count <= _SHARE * total or (shown and count < _FEWEST_FILES):
        return None
    at_least = "" if budget > 0 else "at least "
    return (
        f"the ignore rule {rule} alone leaves out {at_least}{count} of {total} source files; "
        "a `.semindexignore` with negated patterns takes files back in"
    )


def _count(folder: bytes, budget: int) -> tuple[int, int]:
    """Source files below ``folder``, and what is left of the number of entries to visit."""
    found, waiting = 0, [folder]
    while waiting and budget > 0:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    budget -= 1
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if is_ordinary(entry.name, is_folder=is_folder):
                        continue
                    if is_folder:
                        waiting.append(entry.path)
                    else:
                        found += 1
        except OSError:
            continue
    return found, budget
