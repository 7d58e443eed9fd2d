r"""Find the definitions of a file by their heads, with the table of its language.

>>> from semindex.parse.heads.base import Ends, Head, HeadTable
>>> table = HeadTable((Head(Kind.FUNCTION, r"sub[ \t]++(?P<name>\w++)", Ends.BRACES),))
>>> text = b"# sub old {\nsub run {\n  go();\n}\n"
>>> [(each.name, each.start, each.end) for each in heads_of(table, visible("perl", text))]
[('run', 12, 31)]
"""

import re
from bisect import bisect_left, bisect_right
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from semindex.parse.blanking import bracket_pairs
from semindex.parse.comments import Ranges, comments_and_strings
from semindex.parse.drafts import CONTAINERS, FUNCTIONS, MAX_SYMBOLS, Draft, lengthened, placed
from semindex.parse.heads.base import NAME_MAX_CHARS, Ends, Found, Head, HeadTable
from semindex.parse.heads.margins import IndentedLines
from semindex.types import Kind, Mask

_LOCAL_LEAST_LINES = 3
_DEEPEST = 100
"""A closing word is looked for among so many definitions that are open."""
_VALUES = FUNCTIONS | {Kind.VARIABLE, Kind.CONSTANT}
_GROUP = re.compile(r"\(\?P(<|=)")
_BRACKETS = {Ends.BRACES: (b"{", b"}"), Ends.PARENTHESES: (b"(", b")")}


class Visible(NamedTuple):
    """A text as expressions see it. Both have the length and the lines of the file."""

    code: bytes
    """Without comments, and without what strings of several lines contain."""
    bare: bytes
    """Without any strings."""


def visible(language: str, text: bytes, table: HeadTable | None = None) -> Visible:
    """The text with blanks for what is no code, by the comments and strings of its language."""
    if table is not None and table.masked is not None:
        text = table.masked(text)
    if text.startswith(b"\xef\xbb\xbf"):
        text = b"\n\n\n" + text[3:]  # what follows stands at the margin
    text = text.replace(b"\r\n", b" \n")  # so that blanks up to the end of a line match
    comments, strings = comments_and_strings(language, text)
    strings = strings[_hides_brackets(text, strings)]
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 10)
    if len(strings):
        tall = np.searchsorted(ends, strings[:, 0]) < np.searchsorted(ends, strings[:, 1])
        code = _blanked(text, np.concatenate((comments, strings[tall])))
        return Visible(code, _blanked(code, strings))
    code = _blanked(text, comments)
    return Visible(code, code)


def _hides_brackets(text: bytes, strings: Ranges) -> Mask:
    """Which strings are more than an escape of something else than a bracket, such as a line's end."""
    second = np.frombuffer(text + b" ", dtype=np.uint8)[strings[:, 0] + 1]
    wide: Mask = strings[:, 1] - strings[:, 0] > 2
    return wide | np.isin(second, np.frombuffer(b"()[]{}", dtype=np.uint8))


def _blanked(text: bytes, ranges: Ranges) -> bytes:
    """The text with a blank for each byte in the ranges that ends no line."""
    if not len(ranges):
        return text
    edges = np.zeros(len(text) + 1, dtype=np.int32)
    np.add.at(edges, ranges[:, 0], 1)
    np.add.at(edges, ranges[:, 1], -1)
    found = np.frombuffer(text, dtype=np.uint8).copy()
    found[(np.cumsum(edges[:-1]) > 0) & (found != 10) & (found != 13)] = 32
    return found.tobytes()


def heads_of(table: HeadTable, text: Visible) -> list[Found]:
    """What the heads of a text define, ascending by start. Never raises, whatever the text holds."""
    found = _Ends(table, text, _matches(table, text)).found()
    if table.scan is not None:
        found = sorted([*found, *table.scan(text.code, text.bare)], key=lambda each: (each.start, -each.end))
    return found[:MAX_SYMBOLS]


class _Match(NamedTuple):
    rule: int
    head: Head
    names: list[str]
    owner: str
    start: int
    at: int
    after: int
    """Where the head's match ends."""
    column: int
    what: str
    """The group ``what`` of the rule, in lower case; a closing word may repeat it."""


@lru_cache(maxsize=128)
def _expression(rules: tuple[Head, ...], ignores_case: bool) -> re.Pattern[bytes]:
    """One expression of all rules, in which the groups of rule 3 are ``r3`` and ``r3_name``."""
    at_margin = r"(?<![ \t])"
    parts = [
        f"(?P<r{number}>{at_margin if head.margin else ''}{_renamed(head.expression, number)})"
        for number, head in enumerate(rules)
    ]
    pattern = rf"^(?P<indent>[ \t]*+)(?:{'|'.join(parts)})"
    return re.compile(pattern.encode("utf-8"), re.MULTILINE | (re.IGNORECASE if ignores_case else 0))


def _renamed(expression: str, number: int) -> str:
    named = _GROUP.sub(lambda found: f"(?P{found[1]}r{number}_", expression)
    return re.sub(r"\(\?\(([a-z]\w*)\)", rf"(?(r{number}_\1)", named)


def _matches(table: HeadTable, text: Visible) -> list[_Match]:
    if not table.rules:
        return []
    found: list[_Match] = []
    reserved = _reserved(table)
    for match in _expression(table.rules, table.ignores_case).finditer(text.code):
        number = int((match.lastgroup or "r0")[1:])
        head = table.rules[number]
        names = _names(head, number, match)
        kept = [
            name for name in names if name and (name.lower() if table.ignores_case else name) not in reserved
        ]
        if kept or not any(names) or head.ends is Ends.WORDS:
            groups = match.re.groupindex
            owner = match[f"r{number}_owner"] if f"r{number}_owner" in groups else None
            what = match[f"r{number}_what"] if f"r{number}_what" in groups else None
            written, closing = _text(owner or b""), _text(what or b"").lower()
            start, column = match.end("indent"), match.end("indent") - match.start()
            at = match.start(f"r{number}_name")
            found.append(
                _Match(number, head, kept, written, start, max(at, start), match.end(), column, closing)
            )
        if len(found) >= MAX_SYMBOLS:
            break
    return found


def _reserved(table: HeadTable) -> frozenset[str]:
    return frozenset(map(str.lower, table.reserved)) if table.ignores_case else table.reserved


class _Renumbered:
    """A match of the joined expression, with the groups as the rule names them."""

    __slots__ = ("_match", "_prefix")

    def __init__(self, match: re.Match[bytes], number: int) -> None:
        self._match = match
        self._prefix = f"r{number}_"

    def __getitem__(self, group: str) -> str:
        return (self._match[self._prefix + group] or b"").decode("utf-8", "replace")


def _names(head: Head, number: int, match: re.Match[bytes]) -> list[str]:
    if head.titles is None:
        return [_text(match[f"r{number}_name"] or b"")]
    titles = head.titles(_Renumbered(match, number))
    return [titles] if isinstance(titles, str) else titles


def _text(name: bytes) -> str:
    if len(name) > 4 * NAME_MAX_CHARS:
        return ""
    return " ".join(name.decode("utf-8", "replace").split())[:NAME_MAX_CHARS]


@lru_cache(maxsize=1024)
def _compiled(expression: str, flags: re.RegexFlag) -> re.Pattern[bytes]:
    return re.compile(expression.encode("ascii"), flags)


class _Ends:
    """Finds where the definitions of a file end."""

    def __init__(self, table: HeadTable, text: Visible, matches: list[_Match]) -> None:
        self.table = table
        self.text = text
        self.matches = matches
        self.starts = [match.start for match in matches]
        self.size = len(text.code)
        case = re.IGNORECASE if table.ignores_case else re.RegexFlag(0)
        self.opening, self.closing, self.passing = (
            _compiled(each, case) for each in (table.opening, table.closing, table.passing)
        )
        self.stop, self.opens, self.closes = (
            _compiled(each, case | re.MULTILINE) for each in (table.stop, table.opens, table.closes)
        )
        self._ends_runs: dict[int, int] = {}
        """For lines that continue a head at their indentation, the first behind that does not."""
        self._paired: dict[Ends, tuple[dict[int, int], list[int]]] = {}

    def found(self) -> list[Found]:
        """A record for each name of each match."""
        following = self._following()
        return [
            Found(
                name,
                match.head.kind,
                match.start,
                max(end, match.after),
                match.at,
                match.column,
                match.owner,
                match.head.merges,
                match.head.local,
            )
            for position, match in enumerate(self.matches)
            for end in (self._end(match, following.get(position, self.size)),)
            for name in match.names or ("",)
        ]

    def _following(self) -> dict[int, int]:
        """For each match with ``Ends.NEXT``, by its position, where the next one of its rank begins."""
        following: dict[int, int] = {}
        waiting: list[tuple[int, int]] = []
        for position, match in enumerate(self.matches):
            if match.head.ends is not Ends.NEXT:
                continue
            rank = match.rule
            while rank and self.table.rules[rank].beside:
                rank -= 1
            while waiting and waiting[-1][1] >= rank:
                following[waiting.pop()[0]] = match.start - match.column
            waiting.append((position, rank))
        return following

    def _end(self, match: _Match, following: int) -> int:
        ends = match.head.ends
        if ends is Ends.NEXT:
            return self._inked(following, match.after)
        if ends is Ends.LINE:
            return self._line_end(match.after)
        if ends is Ends.WORDS:
            end = self._worded.get(match.start, -1)
            return end if end >= 0 else self._dedented(match)
        if ends is Ends.STOP:
            return self._stop(match)
        if ends in _BRACKETS:
            end = self._closed(match, ends)
            if end >= 0:
                return end
        return self._dedented(match)

    def _line_end(self, offset: int) -> int:
        end = self.text.code.find(b"\n", offset)
        return self.size if end < 0 else end

    @cached_property
    def _stops(self) -> list[tuple[int, int]]:
        return [found.span() for found in self.stop.finditer(self.text.bare)]

    def _stop(self, match: _Match) -> int:
        position = bisect_left(self._stops, (match.after, 0))
        return self._stops[position][1] if position < len(self._stops) else self._dedented(match)

    @cached_property
    def _worded(self) -> dict[int, int]:
        """Where each match with ``Ends.WORDS`` ends, by its start; without those that nothing closes."""
        heads = [match for match in self.matches if match.head.ends is Ends.WORDS]
        events: list[tuple[int, int, _Match | re.Match[bytes] | None]] = []
        events.extend((match.start, 0, match) for match in heads)
        events.extend((found.start(), 1, found) for found in self.closes.finditer(self.text.bare))
        events.extend((found.start(), 2, None) for found in self.opens.finditer(self.text.bare))
        events.sort(key=lambda event: event[:2])
        closed: dict[int, int] = {}
        waiting: list[_Match | None] = []
        covered = 0
        for position, _, event in events:
            if isinstance(event, _Match):
                waiting.append(event)
                covered = event.after
            elif event is None:
                if position >= covered:
                    waiting.append(None)
            elif position >= covered:
                self._close(event, waiting, closed)
        return closed

    def _close(self, stop: re.Match[bytes], waiting: list[_Match | None], closed: dict[int, int]) -> None:
        what = _text(stop["what"] or b"").lower() if "what" in stop.re.groupindex else ""
        depth = len(waiting) - 1
        if what:
            nearest = range(depth, max(-1, depth - _DEEPEST), -1)
            depth = next((each for each in nearest if _is_meant(waiting[each], what)), -1)
        if depth < 0:
            return
        for inner in waiting[depth + 1 :]:
            if inner is not None:
                closed[inner.start] = self._line_end(inner.after)
        match = waiting[depth]
        if match is not None:
            closed[match.start] = self._line_end(stop.end())
        del waiting[depth:]

    @cached_property
    def _semicolons(self) -> list[int]:
        return [match.start() for match in re.finditer(rb";", self.text.bare)]

    def _closed(self, match: _Match, ends: Ends) -> int:
        """Where the first bracket after the head's beginning is closed; -1 if it is not."""
        pairs, openers = self._brackets(ends)
        position = bisect_left(openers, match.start)
        first = openers[position] if position < len(openers) else self.size
        if ends is Ends.BRACES and self.text.bare[match.after - 1 : match.after] == b"{":
            return _behind(pairs.get(match.after - 1, -1))
        if ends is Ends.BRACES:
            position = bisect_left(self._semicolons, match.start)
            semicolon = self._semicolons[position] if position < len(self._semicolons) else self.size
            next_head = bisect_right(self.starts, match.start)
            limit = self.starts[next_head] if next_head < len(self.starts) else self.size
            if min(semicolon, first) >= max(limit, match.after):
                return -1
            if semicolon < first:
                return semicolon + 1
        return _behind(pairs.get(first, -1))

    def _brackets(self, ends: Ends) -> tuple[dict[int, int], list[int]]:
        """The pairs of the brackets by which a head ends, and where these open."""
        if ends not in self._paired:
            pairs = bracket_pairs(self.text.bare, *_BRACKETS[ends])
            self._paired[ends] = pairs, list(pairs)
        return self._paired[ends]

    @cached_property
    def _lines(self) -> IndentedLines:
        return IndentedLines(self.text.code, self.passing)

    @cached_property
    def _heads(self) -> frozenset[int]:
        return frozenset(self.starts)

    def _dedented(self, match: _Match) -> int:
        """The end of the last line before the next that is indented no deeper than the head."""
        lines = self._lines
        position = self._uncontinued(lines.behind(match.after, match.column), match.column)
        if position == len(lines.starts):
            return self._inked(self.size, match.after)
        start = lines.starts[position]
        if lines.columns[position] == match.column and self.closing.match(self.text.code, start):
            return self._line_end(start)
        return self._inked(lines.breaks[position], match.after)

    def _uncontinued(self, position: int, column: int) -> int:
        """The first line from ``position`` on that is no deeper than a head and does not continue it.

        What is found is kept for the lines passed, which other heads may pass again.
        """
        lines = self._lines
        passed: list[int] = []
        while position < len(lines.starts) and lines.columns[position] == column:
            if position in self._ends_runs:
                position = self._ends_runs[position]
                break
            if not self._continues(lines.starts[position]):
                break
            passed.append(position)
            position = lines.behind(lines.starts[position], column)
        self._ends_runs.update(dict.fromkeys(passed, position))
        return position

    def _continues(self, start: int) -> bool:
        return start not in self._heads and self.opening.match(self.text.code, start) is not None

    def _inked(self, end: int, least: int) -> int:
        """Where the last code before ``end`` ends: without the comment of the definition that follows."""
        while end > least:
            begin = max(least, end - 4096)
            inked = len(self.text.code[begin:end].rstrip())
            if inked:
                return begin + inked
            end = begin
        return least


def _behind(bracket: int) -> int:
    return bracket + 1 if bracket >= 0 else -1


def _is_meant(match: _Match | None, what: str) -> bool:
    return match is not None and (match.what == what or any(name.lower() == what for name in match.names))


def drafts_of(table: HeadTable, text: Visible) -> list[Draft]:
    """The definitions of a file with their parents, ascending by start.

    Those inside of functions and of values are local, and left out.
    """
    drafts: list[Draft] = []
    types: dict[str, int] = {}
    around: list[int] = []
    unnamed = 0  # where the last function without a name ends; what is inside of it is local, too
    for found in heads_of(table, text):
        while around and (drafts[around[-1]].end <= found.start or _beside(found, drafts[around[-1]])):
            around.pop()
        parent = around[-1] if around else -1
        if not found.name:
            unnamed = max(unnamed, found.end if found.kind in _VALUES else 0)
            continue
        if parent >= 0 and drafts[parent].start == found.start and drafts[parent].kind not in CONTAINERS:
            parent = drafts[around.pop()].parent  # another name of the same head
        inside = found.start < unnamed or (parent >= 0 and drafts[parent].kind in _VALUES)
        if inside and not counts_inside(found, text.code):
            continue
        if found.merges and lengthened(drafts, found.name, parent, found.end):
            continue
        owner = types.get(found.owner, -1) if found.owner else -1
        end = min(found.end, drafts[parent].end) if parent >= 0 else found.end
        name, kind, parent = placed(
            drafts, found.name, found.kind, parent, found.owner, table.separator, owner
        )
        draft = Draft(name, kind, found.start, end, parent, merges=found.merges)
        if draft.kind not in FUNCTIONS:
            types.setdefault(draft.name, len(drafts))
        around.append(len(drafts))
        drafts.append(draft)
    return drafts


def _beside(found: Found, last: Draft) -> bool:
    """Whether both are names of the same head, and neither holds the other: ``ENV A=1 B=2``."""
    same = last.start == found.start and last.end == found.end and last.kind is found.kind
    return same and last.kind not in CONTAINERS


def counts_inside(found: Found, code: bytes) -> bool:
    """Whether a definition inside a function is to be kept: its rule says so, and it is not tiny."""
    return found.local and _has_newlines(code, found.start, found.end - 1, _LOCAL_LEAST_LINES - 1)


def _has_newlines(code: bytes, start: int, end: int, least: int) -> bool:
    """Whether there are so many, without looking at all of a long range."""
    at = start - 1
    for _ in range(least):
        at = code.find(b"\n", at + 1, end)
        if at < 0:
            return False
    return True
