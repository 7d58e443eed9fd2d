"""SQL: what ``CREATE`` begins, in the dialects of all databases, and where it ends; constraints, and ``WITH``."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from semindex.parse.blanking import bracket_pairs
from semindex.parse.heads.base import Found, HeadTable
from semindex.types import Kind

_KINDS = {
    Kind.TABLE: "table view dictionary",
    Kind.FUNCTION: "function procedure proc",
    Kind.MACRO: "macro",
    Kind.TYPE: "type domain",
    Kind.MODULE: "schema package database keyspace module",
    Kind.OBJECT: "trigger index sequence policy event synonym rule stream task stage pipe publication statistics"
    " collation model projection aggregate format integration",
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_BODIED = frozenset({"function", "procedure", "proc", "trigger", "event", "package", "task"})
"""What may hold statements, so that its first semicolon is not its end."""
_MODIFIERS = """global local temp temporary transient volatile unlogged external foreign virtual materialized recursive
secure dynamic hybrid iceberg unique clustered nonclustered columnstore bitmap fulltext spatial xml aggregate
editionable noneditionable force noforce no public private force trusted constraint live streaming incremental interactive
multiset set row column access masking security text search managed snapshot event persistent concurrent vector
writable readable editioning file storage notification api"""
_CHANGES = """add alter cluster compile depends disable drop enable modify no owner rebuild refresh rename reset set unset
execute"""
"""What follows the name if a statement changes only a property: ``ALTER VIEW orders RENAME TO old_orders``."""
_PART = r"(?:\[[^\]\n]++\]|\"[^\"\n]++\"|`[^`\n]++`|\$\{[^}\n]*+\}|\{\{[^}\n]*+\}\}|\$\([^)\n]*+\)|[\w#@$:%&~][\w#@$%&-]*+)"
_NAME = rf"(?P<name>{_PART}(?:[ \t]*+\.{{1,2}}[ \t]*+{_PART}){{0,3}}+)"
_CREATE = re.compile(
    rf"(?:^|(?<=;))[ \t]*+(?P<create>create|(?P<alter>alter(?=\s++(?:proc|procedure|function|view|trigger)\b))"
    rf"|replace(?=\s++(?:recursive\s++)?+(?:view|macro|procedure|function)\b))\s++(?:or\s++(?:replace|alter|ignore|refresh)\s++)?+"
    rf"(?:(?:(?!(?:event|aggregate)\s++(?:if\b|[\w\"`\[]++\s*+(?:\(|on\s++(?:schedule|completion))))"
    rf"(?:{'|'.join(_MODIFIERS.split())})(?=\s)"
    rf"|(?:definer|algorithm)\s*+=\s*+[^\s]++|sql\s++security\s++\w++)\s++){{0,8}}+"
    rf"(?P<kind>{'|'.join(sorted(_KIND_OF, key=len, reverse=True))})\b(?:\s++(?P<body>body)\b(?=\s++\w))?+"
    rf"(?:\s++concurrently\b)?+(?:\s++if\s++not\s++exists\b)?+\s++{_NAME}"
    rf"(?(alter)(?!\s++(?:{'|'.join(_CHANGES.split())})\b)(?=[^;]{{0,3000}}?\bas\b(?!\s++(?:owner|caller|self)\b))|)".encode(),
    re.IGNORECASE | re.MULTILINE,
)
_MEMBER = re.compile(
    rb"^[ \t]*+(?P<create>(?:(?:static|member|map|order|final|overriding|constructor)[ \t]++)*+"
    rb"(?:(?P<kind>function|procedure)|(?:sub)?+type(?=[ \t]++[\"\w$#]++\s++is\b)))"
    rb"[ \t]++(?P<name>\"[^\"\n]++\"|[a-z][\w$#]*+)",
    re.IGNORECASE | re.MULTILINE,
)
"""A function or a type inside a package, or in the declarations of a block."""
_CONSTRAINT = re.compile(
    rf"\b(?P<create>constraint)\s++{_NAME}(?=\s++(?:primary|foreign|unique|check|not|default|references|exclude|key)\b)".encode(),
    re.IGNORECASE,
)
_WITH = re.compile(rb"\bwith(?:\s++recursive)?+(?=\s++[\w\"`\[])", re.IGNORECASE)
_QUERY = re.compile(
    rf"[\s,]*+(?P<create>{_NAME}(?:\s*+\([^()]{{0,2000}}+\))?+\s++as\s++(?:(?:not\s++)?+materialized\s++)?+)\(".encode(),
    re.IGNORECASE,
)
"""A query that ``WITH`` names, up to its parenthesis."""
_DECLARE = re.compile(rb"^[ \t]*+declare\b(?=[ \t\r]*+\n)", re.IGNORECASE | re.MULTILINE)
_NO_NAMES = frozenset("on authorization if not exists as using for from is in to body select".split())
_TEMPLATE = re.compile(r"^(?:\$\{|\{\{|\$\()")
_SPLIT = re.compile(_PART)
_BATCH_END = re.compile(rb"^[ \t]*+(?:go|/|\\g)[ \t]*+\r?$", re.IGNORECASE | re.MULTILINE)
_DELIMITER = re.compile(rb"^[ \t]*+delimiter[ \t]++(?P<mark>\S++)", re.IGNORECASE | re.MULTILINE)
_DOLLARS = re.compile(rb"\$(?:[A-Za-z_]\w*+)?\$")
_QUOTED = re.compile(rb"\bas\s++'(?:[^']++|'')*+'", re.IGNORECASE)
_WORD = re.compile(
    rb"(?P<open>\bbegin\b(?!\s*+(?:tran\b|transaction\b|work\b|dialog\b|conversation\b|;))|\bcase\b)"
    rb"|(?P<inner>\bend[ \t]++(?:if|loop|while|repeat|for)\b)|(?P<close>\bend\b(?:[ \t]++case\b)?+)|(?P<stop>;)",
    re.IGNORECASE,
)
_CONDITIONAL = re.compile(rb"/\*!\d*+(?P<held>(?:[^*]|\*(?!/))*+)\*/")
"""What only MySQL sees: ``/*!50003 TRIGGER name ... */``, as its dumps write it."""


def without_conditions(text: bytes) -> bytes:
    """The text with blanks for the marks around what only MySQL sees."""
    if b"/*!" not in text or b"*/" not in text:
        return text
    # No mark is closed behind the last end; looking there for an end from each mark takes quadratic time.
    closed = text.rfind(b"*/") + 2
    return (
        _CONDITIONAL.sub(
            lambda found: b" " * (len(found[0]) - len(found["held"]) - 2) + found["held"] + b"  ",
            text[:closed],
        )
        + text[closed:]
    )


class _Script:
    """A file, and what tells where its statements end."""

    def __init__(self, code: bytes, bare: bytes) -> None:
        self.code = code
        self.bare = bare
        self.heads = list(_CREATE.finditer(code))
        self.starts = [head.start("create") for head in self.heads]
        self.batches = [found.start() for found in _BATCH_END.finditer(bare)]
        self.delimiters = [(found.start(), found["mark"]) for found in _DELIMITER.finditer(code)]
        self.words = _Words(bare)
        self.marks: dict[bytes, tuple[int, int]] = {}
        """From where on each mark was looked for last, and where it was found."""
        self.closed_until = len(code)
        """Behind this offset no ``begin`` is closed, so that none is looked for twice."""

    def definitions(self) -> Iterator[Found]:
        """The definitions of the file; those inside the bodies of functions are left to the caller."""
        ends: list[tuple[int, int]] = []
        packages = [head.start() for head in self.heads if _holds_members(head)]
        for position, head in enumerate(self.heads):
            word = head["kind"].decode().lower()
            following = self.starts[position + 1] if position + 1 < len(self.starts) else len(self.code)
            end = self._end(head, word, following)
            yield from self._found(head, _KIND_OF[word], end)
            if _holds_members(head):
                yield from self._members(head.end(), min(end, self._next(packages, head.end())))
                ends.append((head.start(), end))
        for block in _DECLARE.finditer(self.bare):
            position = bisect_right(ends, (block.start(), len(self.code))) - 1
            if position < 0 or ends[position][1] <= block.start():
                end = min(self._next(self.batches, block.end()), self._next(self.starts, block.end()))
                ends.insert(position + 1, (block.start(), end))
                yield from self._members(block.end(), end)

        yield from self._constraints()
        yield from self._queries()

    def _constraints(self) -> Iterator[Found]:
        """The constraints that have names, each up to the end of its line."""
        for named in _CONSTRAINT.finditer(self.code):
            end = self.code.find(b"\n", named.end())
            yield from self._found(named, Kind.OBJECT, end if end >= 0 else len(self.code))

    def _queries(self) -> Iterator[Found]:
        """The queries that ``WITH`` names."""
        openings = list(_WITH.finditer(self.bare))
        closed = bracket_pairs(self.bare, b"(", b")") if openings else {}
        for opening in openings:
            query = _QUERY.match(self.code, opening.end())
            while query is not None and (end := closed.get(query.end() - 1, -1)) >= 0:
                yield from self._found(query, Kind.TABLE, end + 1)
                following = self.bare[end + 1 : end + 400].lstrip()[:1]
                query = _QUERY.match(self.code, end + 1) if following == b"," else None

    def _next(self, places: list[int], offset: int) -> int:
        """The first of some ascending places that is not before an offset; the end of the file without one."""
        position = bisect_left(places, offset)
        return places[position] if position < len(places) else len(self.code)

    def _found(self, head: re.Match[bytes], kind: Kind, end: int) -> Iterator[Found]:
        name = _name(head["name"].decode("utf-8", "replace"))
        if name and name.lower() not in _NO_NAMES:
            start = head.start("create")
            column = start - (self.code.rfind(b"\n", 0, start) + 1)
            yield Found(name, kind, start, max(end, head.end()), head.start("name"), column)

    def _members(self, start: int, end: int) -> Iterator[Found]:
        members = list(_MEMBER.finditer(self.code, start, end))
        for position, member in enumerate(members):
            last = members[position + 1].start() if position + 1 < len(members) else end
            if member["kind"]:
                kind, found = Kind.FUNCTION, self._closed(member.end(), last, declares=True)
            else:
                kind, found = Kind.TYPE, self.bare.find(b";", member.end(), last) + 1 or -1
            yield from self._found(member, kind, found if found >= 0 else last)

    def _end(self, head: re.Match[bytes], word: str, following: int) -> int:
        start = head.end()
        batch = self._next(self.batches, start)
        if word not in _BODIED and not (word == "type" and head["body"]):
            semicolon = self.bare.find(b";", start, min(following, batch))
            return semicolon + 1 if semicolon >= 0 else min(following, batch)
        mark = self._delimiter(start)
        if mark not in (b"", b";"):
            found = self._marked(mark, start)
            return found if found >= 0 else following
        quoted = self._quoted(start, following)
        if quoted >= 0:
            return quoted
        if batch < len(self.code):
            return batch
        if word == "package":
            closing = self.words.outer(start)
            return self._statement_end(closing) if closing >= 0 else following
        if not self.words.opens(start, following):
            semicolon = self.bare.find(b";", start, following)
            return semicolon + 1 if semicolon >= 0 else following
        closed = self._closed(start, len(self.code), declares=_declares(self.bare, start))
        return closed if closed >= 0 else following

    def _delimiter(self, offset: int) -> bytes:
        position = bisect_right(self.delimiters, (offset, b"")) - 1
        return self.delimiters[position][1] if position >= 0 else b""

    def _quoted(self, start: int, following: int) -> int:
        """The end of a statement whose body is quoted, by dollars or a string; -1 without one."""
        semicolon = self.bare.find(b";", start, following)
        text = _QUOTED.search(self.code, start, following)
        if text is not None and (semicolon < 0 or text.start() < semicolon):
            semicolon = self.bare.find(b";", text.end(), text.end() + 400)
            return semicolon + 1 if semicolon >= 0 else text.end()
        opened = _DOLLARS.search(self.code, start, semicolon if semicolon >= 0 else following)
        if opened is None:
            return -1
        closed = self.code.find(opened[0], opened.end())
        if closed < 0:
            return following
        closed += len(opened[0])
        semicolon = self.bare.find(b";", closed, closed + 400)
        return semicolon + 1 if semicolon >= 0 else closed

    def _marked(self, mark: bytes, start: int) -> int:
        """Where a mark that ends statements stands behind ``start``; -1 without one. Starts must ascend."""
        looked, found = self.marks.get(mark, (-1, 0))
        if looked < 0 or 0 <= found < start:
            found = self.bare.find(mark, start)
            self.marks[mark] = start, found
        return found

    def _closed(self, start: int, limit: int, *, declares: bool = False) -> int:
        """The end of the block that begins behind ``start``; the first semicolon without one; or -1.

        With ``declares`` declarations may stand before the block, each with its semicolon.
        """
        if start >= self.closed_until:
            return -1
        words = self.words
        first = -1
        for position in range(bisect_left(words.starts, start), bisect_left(words.starts, limit)):
            if words.kinds[position] == "open":
                closing = words.closing[position]
                if closing >= 0 and words.ends[closing] <= limit:
                    return self._statement_end(closing)
                if limit == len(self.code):
                    self.closed_until = start
                return first
            if words.kinds[position] == "stop":
                first = words.ends[position] if first < 0 else first
                if not declares:
                    return first
        return first

    def _statement_end(self, closing: int) -> int:
        """The end of the statement whose block the word at a position closes."""
        end = self.words.ends[closing]
        semicolon = self.bare.find(b";", end, end + 300)
        between = self.bare[end:semicolon] if semicolon >= 0 else b"\n\n"
        return semicolon + 1 if between.count(b"\n") < 2 and len(between.split()) < 2 else end


class _Words:
    """The words of a text that begin and end blocks, and its semicolons, ascending."""

    def __init__(self, bare: bytes) -> None:
        found = list(_WORD.finditer(bare))
        self.starts = [word.start() for word in found]
        self.ends = [word.end() for word in found]
        self.kinds = [word.lastgroup for word in found]
        self.closing = [-1] * len(found)
        """For each word that opens a block the position of the one that closes it; -1 without one."""
        waiting: list[int] = []
        for position, kind in enumerate(self.kinds):
            if kind == "open":
                waiting.append(position)
            elif kind == "close" and waiting:
                self.closing[waiting.pop()] = position
        self._opening = [start for start, kind in zip(self.starts, self.kinds, strict=True) if kind == "open"]
        self._outer = self._outer_closing()

    def _outer_closing(self) -> list[int]:
        """For each word the first at or behind it that closes a block begun before it; -1 without one."""
        outer = [-1] * (len(self.kinds) + 1)
        for position in range(len(self.kinds) - 1, -1, -1):
            kind = self.kinds[position]
            if kind == "close":
                outer[position] = position
            elif kind != "open":
                outer[position] = outer[position + 1]
            elif self.closing[position] >= 0:
                outer[position] = outer[self.closing[position] + 1]
        return outer

    def outer(self, start: int) -> int:
        """The position of the first word behind ``start`` that closes a block begun before; -1 without one."""
        return self._outer[bisect_left(self.starts, start)]

    def opens(self, start: int, end: int) -> bool:
        """Whether a block begins in a range of bytes."""
        position = bisect_left(self._opening, start)
        return position < len(self._opening) and self._opening[position] < end


def _holds_members(head: re.Match[bytes]) -> bool:
    word = head["kind"].lower()
    return word == b"package" or (word == b"type" and head["body"] is not None)


def _declares(bare: bytes, start: int) -> bool:
    """Whether a body in the manner of Oracle begins, with its declarations before ``begin``."""
    semicolon = bare.find(b";", start)
    head = bare[start : semicolon if semicolon >= 0 else start + 4000][:4000]
    found = re.search(rb"\b(?:is|as|declare)\b\s++(?!begin\b)\w", head, re.IGNORECASE)
    return found is not None and re.search(rb"\bbegin\b", head, re.IGNORECASE) is None


def _name(written: str) -> str:
    """The name without quotes, brackets and parts that a template fills in."""
    parts = [part for part in _SPLIT.findall(written) if not _TEMPLATE.match(part)]
    return ".".join(part.strip('[]"`') for part in parts).lstrip(":.").rstrip("$")


def _scan(code: bytes, bare: bytes) -> Iterable[Found]:
    return _Script(code, bare).definitions()


SQL = HeadTable((), masked=without_conditions, scan=_scan)
