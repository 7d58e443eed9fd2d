"""Find an ignore rule that leaves out nearly all source files, so that the user learns why little is indexed.

Only source files count. Folders that build tools and package managers make, such as ``node_modules``, do not
count: ignoring them is normal.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from semindex.source.collect import Excluded
from semindex.source.languages import is_source_name
from semindex.source.paths import join, name_of

MOST_LISTED_FILES = 5000
"""No rule is looked for when the walk listed more files than this."""
_SHARE = 0.9
_FEWEST_FILES = 10
_MOST_VISITED_ENTRIES = 50_000
_ORDINARY = (
    rb"(?s)\.[^/]*|node_modules|bower_components|jspm_packages|venv|env|virtualenv|site-packages|__pycache__"
    rb"|.*\.egg-info|vendor|third_party|Pods|Carthage|target|build|_build|dist|dist-.*|out|output|bin|obj"
    rb"|lib|libs|coverage|htmlcov|cmake-build-.*|bazel-.*|tmp|temp|logs?|cache|caches|deps|elm-stuff"
    rb"|zig-cache|zig-out|pkg|generated|gen|artifacts|Debug|Release|x64|x86|data|datasets|node"
)
"""Names of folders that are usually ignored."""


def is_ordinary(path: bytes, *, is_folder: bool) -> bool:
    """Whether nobody would miss the path: a folder of build products, or no source file."""
    name = name_of(path)
    return bool(re.fullmatch(_ORDINARY, name)) if is_folder else not is_source_name(os.fsdecode(name))


def warning(root: bytes, listed: Iterable[bytes], excluded: Iterable[Excluded]) -> str | None:
    """A sentence about the rule that leaves out over 90 % of the source files, if there is one."""
    left_out: Counter[str] = Counter()
    budget = _MOST_VISITED_ENTRIES
    counted = b"\0"  # the ignored folder whose files were counted last; what lies in it is not counted again
    for item in sorted(excluded, key=lambda item: item.path + b"/"):
        rule = f"`{item.rule.pattern}` ({item.rule.source}:{item.rule.line})"
        if item.path.startswith(counted) or is_ordinary(item.path, is_folder=item.is_folder):
            continue
        if item.is_folder:
            found, budget = _count(join(root, item.path), budget)
            left_out[rule] += found
            counted = item.path + b"/"
        else:
            left_out[rule] += 1
    if not left_out:
        return None
    worst, count = left_out.most_common(1)[0]
    shown = sum(is_source_name(os.fsdecode(name_of(path))) for path in listed)
    total = shown + left_out.total()
    if count <= _SHARE * total or (shown and count < _FEWEST_FILES):
        return None
    at_least = "" if budget > 0 else "at least "
    return (
        f"the ignore rule {worst} alone leaves out {at_least}{count} of {total} source files; "
        "a `.semindexignore` with negated patterns takes files back in"
    )


def _count(folder: bytes, budget: int) -> tuple[int, int]:
    """The number of source files below ``folder``, and the entries of ``budget`` left to visit."""
    found, waiting = 0, [folder]
    while waiting and budget > 0:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                budget -= 1
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_ordinary(entry.name, is_folder=is_folder):
                    continue
                if is_folder:
                    waiting.append(entry.path)
                else:
                    found += 1
    return found, budget
