"""Plain lines for answers and reports: what a pipe gets, and what a terminal shows in the same words.

Of an answer, each hit is one header in the first column, its lines indented by four blanks::

    PATH:START-END: SYMBOL<TAB>KIND<TAB>LANGUAGE<TAB>SCORE[<TAB>REPOSITORY]
        LINE: text
        also: PATH:START-END: SYMBOL<TAB>KIND<TAB>LANGUAGE<TAB>SCORE
        why: SIGNAL<TAB>POINTS<TAB>DETAIL
        sum: POINTS

so that ``grep -v '^ '`` leaves the headers and ``cut -f1`` the places. A chunk without a symbol has
``-``. Nothing is wrapped or coloured; everything has passed :mod:`semindex.present.safe`.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from msgspec import Struct

from semindex.present.safe import safe_line, safe_message, safe_path, safe_text

if TYPE_CHECKING:
    from semindex.types import (
        Coverage,
        Definition,
        Definitions,
        FileFailure,
        Hit,
        Hits,
        Member,
        Query,
        Shared,
        Text,
        Texts,
    )

CONTEXT = 6
"""Lines of a hit's text that are shown before and after the middle of what matches best, by default."""
FAINT_SCORE, LIKELY_SCORE = 0.5, 50.0
"""Below the one a score reads 0; from the other on a hit is rather right than wrong."""
LINE_CHARS = 500
"""A longer line is cut, and ends in ``…``."""
COMMIT_CHARS = 12
"""Digits of a commit's id that are shown."""
INDENT = "    "
GONE = "(changed since it was indexed: no text)"


class View(Struct, frozen=True):
    """What is shown of an answer."""

    lines: int = 2 * CONTEXT + 1
    """How many lines of each hit's text are shown; 0 for none."""
    explain: bool = False
    links: bool = False
    """Whether a path in a terminal is a link."""
    base: PurePath | None = None
    """Paths are given so that they open from this folder; None leaves them relative to the root."""


class Window(Struct, frozen=True):
    """Some lines of a hit, safe to print, and what was left out."""

    numbers: tuple[int, ...]
    """The line of the file on which each stands."""
    lines: tuple[str, ...]
    before: int
    after: int


def place(hit: Hit | Definition | Text, base: PurePath | None) -> str:
    """A path as :func:`where` shows it; of a commit ``COMMIT:PATH``, as git takes it."""
    if hit.rev is not None:
        return safe_path(f"{hit.rev[:COMMIT_CHARS]}:{hit.path}")
    return where(hit.path, hit.repository, base)


def where(path: str, repository: str, base: PurePath | None) -> str:
    """A path as it is shown from ``base``: relative when one holds the other, else absolute."""
    if base is None:
        return safe_path(path)
    whole = PurePath(repository, path)
    if _is_near(repository, base):
        whole = PurePath(os.path.relpath(whole, base))
    return safe_path(whole.as_posix())


@lru_cache(maxsize=16)
def _is_near(repository: str, base: PurePath) -> bool:
    """Whether one of the two folders holds the other."""
    root = PurePath(repository)
    return root.is_relative_to(base) or base.is_relative_to(root)


def address(hit: Hit, base: PurePath | None) -> str:
    """``PATH:START-END``, for a notebook followed by `` (cell 57, line 3)``."""
    cell = f" (cell {hit.cell}, line {hit.cell_line})" if hit.cell is not None else ""
    return f"{place(hit, base)}:{hit.start_line}-{hit.end_line}{cell}"


def window(hit: Hit, most: int) -> Window:
    """At most ``most`` lines of the hit's text: those with most matching lines, the first on a tie.

    They hold the hit's :attr:`~semindex.types.Hit.line`, with a quarter of them before it, and behind it.
    """
    text = safe_text(hit.text or "").removesuffix("\n")
    lines = text.split("\n")
    matched = [0] * len(lines)
    for start, _ in hit.spans:
        matched[min(text.count("\n", 0, start), len(lines) - 1)] = 1
    most = max(0, min(most, len(lines)))
    starts = _starts(hit, len(lines), most)
    best = max(starts, key=lambda start: (sum(matched[start : start + most]), -start))
    end = best + most
    if hit.cell is not None:
        # Between the cells of a notebook stand empty lines, one for each of the file, which are not shown.
        full = [at for at in range(best, len(lines)) if lines[at].strip()]
        end = max(end, full[min(most, len(full)) - 1] + 1) if full and most else end
    numbers = tuple(_number(hit, at) for at in range(best, end))
    return Window(numbers, tuple(lines[best:end]), best, len(lines) - end)


def _starts(hit: Hit, size: int, most: int) -> range:
    """Where a window of ``most`` lines of ``size`` may begin so that it holds the line to be shown."""
    if hit.line is None or hit.cell is not None or not hit.start_line <= hit.line < hit.start_line + size:
        return range(size - most + 1)
    at, margin = hit.line - hit.start_line, most // 4
    first = min(max(0, at + margin + 1 - most), size - most)
    return range(first, min(max(first, at - margin), size - most) + 1)


def _number(hit: Hit, at: int) -> int:
    """The line of the file of a line of the hit's text; all lines of a notebook's cell may stand on one."""
    return min(hit.start_line + at, max(hit.start_line, hit.end_line)) if hit.cell else hit.start_line + at


def _first_match(hit: Hit, text: str) -> int:
    """Where the first match of a hit begins, on the line that it shows when there is one."""
    matches = [start for start, _ in hit.spans]
    if hit.line is not None and hit.cell is None:
        lines = text.split("\n")
        at = min(max(hit.line - hit.start_line, 0), len(lines) - 1)
        begin = sum(map(len, lines[:at])) + at
        end = begin + len(lines[at])
        return next((start for start in matches if begin <= start < end), begin)
    return matches[0] if matches else 0


def plain(answer: Hits, view: View) -> Iterator[str]:
    """The lines of an answer for a pipe; an empty line stands around hits that show more than a header."""
    if view.explain:
        yield understood(answer.query)
    before: list[str] = []
    for position, hit in enumerate(answer):
        body = [] if is_faint(hit, answer, view) else list(_body(hit, view))
        if (position or view.explain) and (body or before):
            yield ""
        yield _header(hit, view.base)
        yield from body
        before = body


def is_faint(hit: Hit, answer: Hits, view: View) -> bool:
    """Whether a hit is shown by its header alone: its score is 0, and the best hit is likely right.

    Of judged hits that are so nearly none is relevant (docs/ranking.md), and their lines bury the answer.
    """
    return hit.score < FAINT_SCORE and answer[0].score >= LIKELY_SCORE and not view.explain


def definition_lines(answer: Definitions, view: View) -> Iterator[str]:
    """The lines of definitions for a pipe: a header each, as hits have, with its text or its members.

    Where there is no text, the header ends with the signature.
    """
    for position, found in enumerate(answer.definitions):
        body = list(_definition_body(found, view))
        if position and body:
            yield ""
        fields = [safe_line(found.kind), safe_line(found.lang), *_called(found)]
        if found.text is None and found.signature:
            fields.append(one_line(found))
        yield "\t".join((f"{lines_of(found, view.base)}: {safe_line(found.symbol)}", *fields))
        yield from body


def _definition_body(found: Definition, view: View) -> Iterator[str]:
    if view.lines and found.stale:
        yield INDENT + GONE
    elif view.lines and found.text is not None:
        lines = safe_text(found.text).split("\n")
        for number, line in enumerate(lines, start=found.start_line):
            yield f"{INDENT}{number}: {cut(line)}".rstrip()
        if found.truncated:
            yield f"{INDENT}{rest(found)}"
    if shows_members(found, view):
        for member in found.members:
            yield f"{INDENT}member: {member.start_line}-{member.end_line}: " + "\t".join(
                (safe_line(member.symbol), safe_line(member.kind), one_line(member))
            )


def text_lines(answer: Texts, view: View) -> Iterator[str]:
    """The lines of spans of files for a pipe; those that cannot be given are left out."""
    given = [span for span in answer.spans if span.text is not None]
    for position, span in enumerate(given):
        if position:
            yield ""
        symbol = safe_line(span.symbol) if span.symbol else "-"
        yield "\t".join((f"{lines_of(span, view.base)}: {symbol}", safe_line(span.lang), *_called(span)))
        for number, line in enumerate(safe_text(span.text or "").split("\n"), start=span.start_line):
            yield f"{INDENT}{number}: {line}".rstrip()


def lines_of(shown: Definition | Text, base: PurePath | None) -> str:
    """``PATH:START-END``."""
    return f"{place(shown, base)}:{shown.start_line}-{shown.end_line}"


def shows_members(found: Definition, view: View) -> bool:
    """Whether the definitions inside one are listed: where its text does not show them."""
    return found.text is None or found.truncated or not view.lines


def one_line(member: Member | Definition) -> str:
    """The signature on one line, cut where it is long; empty when there is none."""
    return cut(safe_line(" ".join((member.signature or "").split())))


def rest(found: Definition) -> str:
    """How many lines of a definition are not shown."""
    shown = (found.text or "").count("\n") + 1
    return f"… {count(max(0, found.end_line - found.start_line + 1 - shown), 'line')} more"


def vimgrep(answer: Hits, view: View) -> Iterator[str]:
    """``PATH:LINE:COLUMN:TEXT`` of the first match on the line that each hit shows, else in its text.

    The column counts bytes from 1, as Vim does.
    """
    for hit in answer:
        text = hit.text or ""
        at = _first_match(hit, text)
        start = text.rfind("\n", 0, at) + 1
        line = text[start:].split("\n", 1)[0]
        column = len(text[start:at].encode("utf-8", "surrogatepass")) + 1
        number = _number(hit, text.count("\n", 0, at))
        yield f"{place(hit, view.base)}:{number}:{column}:{cut(safe_text(line).rstrip())}"


def paths_only(answer: Hits, view: View) -> Iterator[str]:
    """The path of each hit's file, each once, in the order of the hits."""
    return iter(dict.fromkeys(place(hit, view.base) for hit in answer))


def understood(query: Query) -> str:
    """``asked: stack trace (web.py:12, run.py:3)``: the kind of a query, and the places that it names."""
    named = [f"{place.path}:{place.line}" if place.line else place.path for place in query.places]
    told = f" ({', '.join(safe_line(name) for name in named)})" if named else ""
    return f"asked: {query.kind}{told}"


def summed(hit: Hit, decimals: int) -> str:
    """``+2.519 points, for a score of 61``: what the reasons of a hit add up to, which is not the score."""
    return f"{hit.points:+.{decimals}f} points, for a score of {hit.score:.0f}"


def cut(line: str) -> str:
    """``line``, shortened to its first characters and ``…`` when it is too long to show."""
    return line if len(line) <= LINE_CHARS else line[:LINE_CHARS] + "…"


def coverage_line(coverage: Coverage, seconds: float) -> str:
    """``312 of 318 files indexed, 6 skipped (4 binary, 2 too large), fresh; 23 ms``."""
    parts = [f"{coverage.indexed:,} of {count(coverage.seen, 'file')} indexed"]
    if coverage.skipped:
        parts.append(f"{sum(coverage.skipped.values()):,} skipped ({by_count(coverage.skipped)})")
    parts.append(freshness(coverage.freshness, coverage.changed))
    return f"{', '.join(parts)}; {duration(seconds)}"


def freshness(state: str, changed: int) -> str:
    """Whether the answer knows of changes, in words, with how many files changed where that is known."""
    if state == "unchecked":
        return "not checked for changes"
    return f"{state} ({count(changed, 'file')} changed)" if changed and state == "stale" else safe_line(state)


def by_count(counts: Mapping[str, int], limit: int = 1000) -> str:
    """``4 binary, 2 too large``: the most frequent first, then by name."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{number:,} {safe_line(name)}" for name, number in ordered[:limit]]
    return ", ".join([*shown, f"{len(ordered) - limit} more"] if len(ordered) > limit else shown)


def shared_lines(shared: Sequence[Shared], files: int) -> Iterator[str]:
    """A line for each index from which some of so many files were taken."""
    for each in shared:
        yield f"shared: {taken_from(each, files)}"


def taken_from(shared: Shared, files: int) -> str:
    """``4,812 of 5,003 files taken from the index of /code/app``."""
    return f"{shared.files:,} of {count(files, 'file')} taken from the index of {safe_message(shared.root)}"


def failure_lines(failures: Sequence[FileFailure], limit: int = 10) -> Iterator[str]:
    """One line for each failure up to ``limit``, then one that says how many are not listed."""
    for failure in failures[:limit]:
        detail = f" ({safe_line(failure.detail)})" if failure.detail else ""
        yield f"{safe_path(failure.path)}: {safe_line(failure.stage)}: {failure.reason.value}{detail}"
    if len(failures) > limit:
        yield f"and {len(failures) - limit:,} more (all of them with --json)"


def count(number: int, noun: str) -> str:
    """``1 file``, ``2,000 files``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def duration(seconds: float) -> str:
    """``23 ms``, ``1.24 s``, ``3 min 05 s``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def size(count_bytes: float) -> str:
    """``512 B``, ``3.2 MB``: powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if count_bytes < 999.5 or unit == "GB":
            break
        count_bytes /= 1000
    return f"{count_bytes:.0f} {unit}" if unit == "B" or count_bytes >= 99.95 else f"{count_bytes:.1f} {unit}"


def part(hit: Hit) -> str:
    """`` (part 2 of 4)``; empty for what is whole."""
    return f" (part {hit.part} of {hit.parts})" if hit.part is not None else ""


def _header(hit: Hit, base: PurePath | None) -> str:
    symbol = safe_line(hit.symbol) + part(hit) if hit.symbol else "-"
    fields = (safe_line(hit.kind), safe_line(hit.lang), f"{hit.score:.0f}", *_called(hit))
    return "\t".join((f"{address(hit, base)}: {symbol}", *fields))


def _called(shown: Hit | Definition | Text) -> tuple[str, ...]:
    """The name of the repository of what is shown, where repositories were asked for by name."""
    return (safe_line(shown.repo),) if shown.repo else ()


def _body(hit: Hit, view: View) -> Iterator[str]:
    if view.lines and hit.text is None:
        yield INDENT + GONE
    elif view.lines:
        shown = window(hit, view.lines)
        for number, line in zip(shown.numbers, shown.lines, strict=True):
            if hit.cell is not None and not line.strip():
                continue
            yield f"{INDENT}{number}: {cut(line)}".rstrip()
    for each in hit.more:
        yield f"{INDENT}also: {_header(each, view.base)}"
    if view.explain:
        for reason in hit.reasons:
            detail = safe_line(reason.detail)
            yield f"{INDENT}why: {safe_line(reason.signal)}\t{reason.contribution:+.4f}\t{detail}"
        yield f"{INDENT}sum: {summed(hit, 4)}"
