"""Asks an open index, within this process, what ripgrep is asked as a process, for ``benchmarks.exact``."""

from __future__ import annotations

import base64
import os
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

import semindex
from benchmarks.exact_asking import Outcome, Ran, Tree, repeated
from benchmarks.exact_patterns import Question
from semindex.errors import QueryError
from semindex.exact.ordering import order_key
from semindex.types import Matches

_SWITCHES = {
    "-w": "word_regexp",
    "-F": "fixed_strings",
    "-i": "ignore_case",
    "-S": "smart_case",
    "-x": "line_regexp",
    "-U": "multiline",
    "--multiline-dotall": "multiline_dotall",
    "-v": "invert_match",
    "--hidden": "hidden",
}
_LISTS = {"-g": "glob", "-T": "type_not", "--type-not=": "type_not"}
_ABSENT = ("-P", "-a", "--files-without-match")
_COUNTED = ("-c", "-l", "--count", "--files-with-matches", "--max-count=2", "-m1", "-m3")
_MOST_LINES = 2
"""Of each file, where a question is about counts."""
_LIMIT = 100
_MOST_COUNTS = 1000

Line = tuple[str, int]
"""The path and the number of a line."""


def compare_inside(
    tree: Tree, question: Question, index: semindex.Index, *, rg_first: bool = False
) -> Outcome | None:
    """Compare lines and counts, or the error; None for what ``Index.grep`` has no argument for."""
    if set(_ABSENT).intersection(question.flags):
        return None
    asked, flags = _arguments(question)
    words = [*tree.words, *flags, *(f"--regexp={each}" for each in question.patterns)]
    plain = ["--null", "--line-number"]
    if rg_first:
        theirs = tree.rg([*plain, *words], tree.root)
    began = time.perf_counter()
    found = _found(index, question, asked)
    seconds = time.perf_counter() - began
    if not rg_first:
        theirs = tree.rg([*plain, *words], tree.root)
    is_plain = "-U" not in question.flags and not any("\n" in path for path in tree.paths)
    lines = _printed(theirs) if is_plain else _events(tree.rg(["--json", *words], tree.root))
    difference = _difference(found, theirs, lines)
    rg_differs = False
    if difference:
        lines = _events(tree.rg(["--json", "--sort=path", *words], tree.root))
        rg_differs = not _difference(found, theirs, lines)
        difference = "" if rg_differs else f"{difference}\n(in process, {asked})"
    if difference:
        difference += repeated(tree, words[len(tree.words) :], words)
    searched = found.plan.searched if isinstance(found, Matches) else 0
    files = len({path for path, _ in lines})
    return Outcome(question, difference, rg_differs, files, searched, seconds, theirs.seconds)


def _arguments(question: Question) -> tuple[dict[str, Any], list[str]]:
    """The arguments that flags stand for, and ripgrep's flags for the same."""
    asked: dict[str, Any] = {}
    flags: list[str] = []
    for flag in question.flags:
        listed = next((start for start in _LISTS if flag.startswith(start)), None)
        if flag in _SWITCHES:
            asked[_SWITCHES[flag]] = True
            flags.append(flag)
        elif listed is not None:
            asked[_LISTS[listed]] = [flag.removeprefix(listed)]
            flags.append(flag)
        elif flag in _COUNTED:
            asked["max_count"] = _MOST_LINES
            flags.append(f"--max-count={_MOST_LINES}")
    return asked, flags


def _found(index: semindex.Index, question: Question, asked: dict[str, Any]) -> Matches | str:
    first, *more = question.patterns
    try:
        return index.grep(first, regexp=more, limit=_LIMIT, **asked)
    except QueryError as error:
        return str(error)


def _printed(ran: Ran) -> list[Line]:
    parted = (line.partition(b"\0") for line in ran.out.split(b"\n"))
    return [(os.fsdecode(path), int(rest.partition(b":")[0])) for path, nul, rest in parted if nul]


def _events(ran: Ran) -> list[Line]:
    events = map(msgspec.json.decode, ran.out.splitlines())
    found = [event["data"] for event in events if event["type"] == "match"]
    return [(_path(**each["path"]), each["line_number"]) for each in found]


def _path(text: str | None = None, bytes: str = "") -> str:
    return text if text is not None else os.fsdecode(base64.b64decode(bytes))


def _difference(found: Matches | str, theirs: Ran, lines: Sequence[Line]) -> str:
    """What is unequal, for people; empty when nothing is."""
    if isinstance(found, str) or theirs.code == 2:
        error = theirs.told.decode("utf-8", "replace").strip()
        own = found.strip() if isinstance(found, str) else "no error"
        return "" if (own, theirs.code) == (error, 2) else f"semindex says {own!r}, ripgrep {error!r}"
    told = []
    lines = sorted(lines, key=lambda line: order_key(os.fsencode(line[0])))
    ours = [(match.path, match.line) for match in found.matches]
    for number, (one, other) in enumerate(zip(ours, lines, strict=False)):
        if one != other:
            told.append(f"line {number} of the answer is {one}, ripgrep's {other}")
            break
    counts = Counter(path for path, _ in lines)
    pairs = (
        ("lines", found.total_matches, len(lines)),
        ("files", found.total_files, len(counts)),
        ("lines given", len(ours), min(len(lines), _LIMIT)),
    )
    told += [f"{number} {what}, ripgrep's {other}" for what, number, other in pairs if number != other]
    if len(counts) <= _MOST_COUNTS and {each.path: each.lines for each in found.counts} != counts:
        told.append("the files have other counts")
    return "\n".join(told)
