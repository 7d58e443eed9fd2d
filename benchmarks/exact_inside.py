"""Asks an open index, within this process, what ripgrep is asked as a process, for ``benchmarks.exact``."""

from __future__ import annotations

import base64
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

import semindex
from benchmarks.exact_asking import Outcome, Ran, Tree, by_buffer, repeated
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
"""Of each file, where a question is about counts; not over several lines, where ``rg --json`` panics."""
_PAGES = ((0, 100), (0, 1), (3, 20), (150, 7), (0, 1000))
"""How many lines an answer leaves out and gives at most; the words of a question decide which."""
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
    asked["offset"], asked["limit"] = _PAGES[sum(map(len, question.words)) % len(_PAGES)]
    ask = partial(_found, index, question, asked)
    found, seconds = (None, 0.0) if rg_first and not tree.is_stale else _timed(ask)
    words = [*tree.words, *flags, *(f"--regexp={each}" for each in question.patterns)]
    theirs = tree.rg(["--null", "--line-number", *words], tree.root)
    if found is None:
        found, seconds = _timed(ask)
    is_plain = "-U" not in question.flags and not any("\n" in path for path in tree.paths)
    lines = _printed(theirs) if is_plain else _events(tree.rg(["--json", *words], tree.root))
    page = slice(asked["offset"], asked["offset"] + asked["limit"])
    difference = _difference(found, theirs, lines, page)
    rg_differs = False
    if difference:
        lines = _events(tree.rg(["--json", "--sort=path", *words], tree.root))
        if isinstance(found, Matches) and _difference(found, theirs, lines, page):
            lines = _by_file(tree, words[len(tree.words) :], found, lines)
        rg_differs = not _difference(found, theirs, lines, page)
        difference = "" if rg_differs else f"{difference}\n(in process, {asked})"
    if difference:
        difference += repeated(tree, words[len(tree.words) :], words)
    searched = found.plan.searched if isinstance(found, Matches) else 0
    files = len({path for path, _ in lines})
    return Outcome(question, difference, rg_differs, files, searched, seconds, theirs.seconds)


def _by_file(tree: Tree, words: Sequence[str], found: Matches, lines: Sequence[Line]) -> list[Line]:
    """Take ripgrep's lines; of a file with other counts those with the same count, if ripgrep gives them."""
    ours = {each.path: each.lines for each in found.counts}
    theirs = Counter(path for path, _ in lines)
    different = [path for path in {**ours, **theirs} if ours.get(path) != theirs.get(path)]
    told = [line for line in lines if line[0] not in different]
    for path in different[:20]:
        answers = map(_events, by_buffer(tree, ["--json", *words], path))
        own = ([line for line in answer if line[0] == path] for answer in answers)
        told += next((each for each in own if len(each) == ours.get(path, 0)), [])
    return told


def _timed(ask: Callable[[], Matches | str]) -> tuple[Matches | str, float]:
    began = time.perf_counter()
    return ask(), time.perf_counter() - began


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
        elif flag in _COUNTED and "-U" not in question.flags:
            asked["max_count"] = _MOST_LINES
            flags.append(f"--max-count={_MOST_LINES}")
    return asked, flags


def _found(index: semindex.Index, question: Question, asked: dict[str, Any]) -> Matches | str:
    first, *more = question.patterns
    try:
        return index.grep(first, regexp=more, **asked)
    except QueryError as error:
        return str(error)


def _printed(ran: Ran) -> list[Line]:
    parted = (line.partition(b"\0") for line in ran.out.split(b"\n"))
    return [(os.fsdecode(path), int(rest.partition(b":")[0])) for path, nul, rest in parted if nul]


class _Path(Struct):
    text: str | None = None
    bytes: str = ""

    @property
    def path(self) -> str:
        return self.text if self.text is not None else os.fsdecode(base64.b64decode(self.bytes))


class _Data(Struct):
    path: _Path | None = None
    line_number: int = 0


class _Event(Struct):
    type: str
    data: _Data


def _events(ran: Ran) -> list[Line]:
    decoder = msgspec.json.Decoder(_Event)
    events = map(decoder.decode, ran.out.split(b"\n")[:-1])
    found = (event.data for event in events if event.type == "match")
    return [(data.path.path, data.line_number) for data in found if data.path is not None]


def _difference(found: Matches | str, theirs: Ran, lines: Sequence[Line], page: slice) -> str:
    """What is unequal, for people; empty when nothing is."""
    if isinstance(found, str) or theirs.code == 2:
        error = theirs.told.decode("utf-8", "replace").strip()
        own = found.strip() if isinstance(found, str) else "no error"
        return "" if (own, theirs.code) == (error, 2) else f"semindex says {own!r}, ripgrep {error!r}"
    told = []
    lines = sorted(lines, key=lambda line: order_key(os.fsencode(line[0])))
    ours = [(match.path, match.line) for match in found.matches]
    for number, (one, other) in enumerate(zip(ours, lines[page], strict=False)):
        if one != other:
            told.append(f"line {number} of the answer is {one}, ripgrep's {other}")
            break
    counts = Counter(path for path, _ in lines)
    pairs = (
        ("lines", found.total_matches, len(lines)),
        ("files", found.total_files, len(counts)),
        ("lines given", len(ours), len(lines[page])),
        ("as the next offset", found.next_offset, page.stop if page.stop < len(lines) else None),
    )
    told += [f"{number} {what}, ripgrep's {other}" for what, number, other in pairs if number != other]
    if len(counts) <= _MOST_COUNTS and {each.path: each.lines for each in found.counts} != counts:
        told.append("the files have other counts")
    return "\n".join(told)
