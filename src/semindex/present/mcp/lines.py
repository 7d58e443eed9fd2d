"""Lines that match a pattern, as a coding agent reads them: by file, with their numbers, within a budget."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from semindex.present.mcp.answers import CURSOR, DATA, KEPT_TOKENS, Answer, finished, noted
from semindex.present.mcp.budget import CHARS_PER_TOKEN, Budget, characters, fenced, tokens
from semindex.present.render import count
from semindex.present.safe import safe_line, safe_message, safe_path, whole_path

if TYPE_CHECKING:
    from semindex.service.workspace import Building
    from semindex.types import FileMatches, Match, Matches

MOST_LINE_CHARS = 240
"""Of a longer line the part around its first match is shown."""
_BEFORE_MATCH_CHARS = 60
MARK = "…"
"""Stands where a line was cut."""
MOST_COUNTS = 20
"""Files of which is told how many lines match, where there is no room for all lines."""
_COUNTS_SHARE = 4
"""Counts have at most this fraction of the tokens."""


def of_grep(
    found: Matches, *, states: Sequence[Building | None], after: int, most: int, several: bool
) -> Answer:
    """The lines that match, as far as there is room; where there is none for all, first counts by file.

    Args:
        found: Lines ``after`` and on.
        states: The builds that go on, or failed.
        after: How many lines were given before.
        most: Tokens of the text.
        several: Whether the lines are of several repositories.
    """
    budget = Budget(most, kept=KEPT_TOKENS)
    failed = [f"not indexed: {state.failed}" for state in states if state is not None and state.failed]
    coverage = safe_message("; ".join((f"{count(found.plan.files, 'file')} searched", *failed)))
    budget.take(f"coverage: {coverage}")
    notes = noted(budget, found.coverage.notes)
    total = f"{count(found.total_matches, 'matching line')} in {count(found.total_files, 'file')}"
    budget.take(total if found.matches or not found.total_matches else f"{total}, of which you have seen all")
    counts: list[FileMatches] = []
    shown = _laid_out(found.matches, budget.left, several=several) if found.matches else _Page()
    if found.matches and after + shown.matches < found.total_matches:
        counts = _counted(found, budget, several=several) if not after else []
        shown = _laid_out(found.matches, budget.left, several=several)
    if shown.matches:
        budget.take(f"{DATA}\n{fenced(shown.text, '')}")
    at = after + shown.matches
    left = found.total_matches - at if found.matches else 0
    cursor = f"{CURSOR}{at}" if left > 0 else None
    if cursor and not shown.matches:
        hint = "next: there is no room for a line; give a larger max_tokens."
    elif cursor:
        hint = f'next: {count(left, "more line")} with "cursor": "{cursor}"; or narrow by path, glob or type.'
    elif found.matches:
        hint = "next: read shows the lines around a place (path:line)."
    elif found.total_matches:
        hint = "next: ask without a cursor for the first lines."
    else:
        hint = "next: try ignore_case, a shorter pattern or fewer filters; search finds by meaning."
    return finished(
        budget,
        hint,
        coverage,
        notes,
        files=shown.files,
        counts=[{"path": _path(each, several=several), "lines": each.lines} for each in counts],
        total_matches=found.total_matches,
        total_files=found.total_files,
        cursor=cursor,
    )


def _counted(found: Matches, budget: Budget, *, several: bool) -> list[FileMatches]:
    """Adds the files with most lines, as far as a share of the budget goes."""
    rows: list[str] = []
    room = budget.left // _COUNTS_SHARE * CHARS_PER_TOKEN
    for each in found.counts[:MOST_COUNTS]:
        row = f"{each.lines} {_shown_path(each, several=several)}"
        room -= characters(row) + 1
        if room < 0:
            break
        rows.append(row)
    counts = list(found.counts[: len(rows)])
    left = found.total_files - len(rows)
    if rows and left:
        rows.append(f"({count(left, 'more file')})")
    return counts if rows and budget.take("\n".join(rows)) else []


class _Page(Struct):
    """The lines for which there is room."""

    text: str = ""
    matches: int = 0
    files: list[dict[str, Any]] = []


class _Row(Struct, frozen=True):
    """A line of a file."""

    number: int
    text: str
    is_match: bool


def _laid_out(matches: Sequence[Match], room: int, *, several: bool) -> _Page:
    """As many matches as fit with their fence; the first one without its context if need be."""
    page, rows = _Page(), []
    left = (room - tokens(f"{DATA}\n") - 1) * CHARS_PER_TOKEN
    longest, last = 2, 0
    for number, match in enumerate(matches):
        path = _shown_path(match, several=several)
        is_new = not number or _place(match) != _place(matches[number - 1])
        last = 0 if is_new else last
        following = matches[number + 1] if number + 1 < len(matches) else None
        stop = following.line if following is not None and _place(following) == _place(match) else None
        own = list(_rows(match, last, stop))
        lines = [*(["", path] if number and is_new else [path] if is_new else []), *_printed(own, last)]
        wide = max(longest, *(len(run) for line in lines for run in re.findall("`{3,}", line)), 2)
        if _size(lines) + 2 * (wide + 2) > left:
            if number:
                break
            own = [row for row in own if row.is_match][:1]
            lines = [path, *_printed(own, 0)]
            if _size(lines) + 2 * (wide + 2) > left:
                break
        left, longest, last = left - _size(lines), wide, own[-1].number
        rows += lines
        page.matches += 1
        if is_new:
            page.files.append({"path": _path(match, several=several), "lines": []})
        page.files[-1]["lines"] += map(_row_object, own)
    page.text = "\n".join(rows)
    return page


def _size(lines: Sequence[str]) -> int:
    return sum(characters(line) + 1 for line in lines)


def _rows(match: Match, last: int, stop: int | None) -> Iterator[_Row]:
    """A match with those lines around it that were not shown yet (up to ``last``), and do not match later."""
    for number, text in enumerate(match.before, match.line - len(match.before)):
        if number > last:
            yield _Row(number, _cut(text, 0), is_match=False)
    yield _Row(match.line, _cut(match.text, _first(match), match.text_begin), is_match=True)
    for number, text in enumerate(match.after, match.line + 1):
        if stop is None or number < stop:
            yield _Row(number, _cut(text, 0), is_match=False)


def _printed(rows: Sequence[_Row], last: int) -> list[str]:
    """Lines as ripgrep prints them below a path; dashes stand where lines are left out."""
    has_context = any(not row.is_match for row in rows)
    gap = ["--"] if has_context and last and rows[0].number > last + 1 else []
    return [*gap, *(f"{row.number}{':' if row.is_match else '-'}{row.text}" for row in rows)]


def _row_object(row: _Row) -> dict[str, Any]:
    shown: dict[str, Any] = {"line": row.number, "text": row.text}
    return shown if row.is_match else shown | {"match": False}


def _first(match: Match) -> int:
    """The character of the text at which its first match begins."""
    before = match.ranges[0][0] - match.text_begin if match.ranges else 0
    return len(match.text.encode("utf-8", "replace")[: max(before, 0)].decode("utf-8", "ignore"))


def _cut(text: str, first: int, begun: int = 0) -> str:
    """A line, of a long one the part around a character; ``begun`` tells that something was before it."""
    text = safe_line(text)
    if len(text) <= MOST_LINE_CHARS and not begun:
        return text
    begin = max(0, min(first - _BEFORE_MATCH_CHARS, len(text) - MOST_LINE_CHARS))
    end = begin + MOST_LINE_CHARS
    return (MARK if begin or begun else "") + text[begin:end] + (MARK if end < len(text) else "")


def _place(match: Match) -> tuple[str, str]:
    return match.repository, match.path


def _path(item: Match | FileMatches, *, several: bool) -> str:
    return whole_path(f"{item.repository}/{item.path}" if several else item.path)


def _shown_path(item: Match | FileMatches, *, several: bool) -> str:
    return safe_path(f"{item.repository}/{item.path}" if several else item.path)
