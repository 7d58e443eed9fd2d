r"""Puts an entry into JSON with comments, and takes it out again, by changing nothing but that place.

The text is scanned for the places of keys and values; it is never written anew. The entry goes to the head of
its object, so that no comma of another member changes and what is put in is one contiguous piece::

    {                                     {
      // mine                               "semindex": {"command": ...},
      "a": {"command": "a"},   becomes      // mine
    }                                       "a": {"command": "a"},
                                          }

How the entry is laid out tells what stood there before, and :func:`without` takes out exactly that:

- In an object whose first member is on a later line, it has lines of its own (as above).
- In an object of one line, it follows the brace: ``{"semindex": {...}, "a": 1}``.
- In an empty object, nothing else is added: ``{"semindex": {...}}``.
- A table that did not exist has white space inside of its braces: ``{ "semindex": {...} }``.
- A text without any value gets a document whose root has that too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from semindex.agents.entries import NAME, Entry, Unsuitable, line_end

MAX_DEPTH = 100
_ENDS_LINE = re.compile(r"[ \t]*(?:\r?\n|$)")
_BEGUN_LINE = re.compile(r"\r?\n[ \t]*$")
_BLANK = re.compile(r"[ \t\r\n\ufeff]*")
_SCALAR = re.compile(r"-?\d[\d.eE+-]*|true|false|null")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_LINE_COMMENT = re.compile(r"//[^\r\n]*")
_HEAD_OF_LINES = re.compile(r"(?:[ \t]|/\*(?:(?!\*/)[^\r\n])*\*/)*(?://[^\r\n]*)?(?=\r?\n)")
"""What may follow a brace on its line when the members are on later ones: blanks and comments."""


class Member(NamedTuple):
    """A key with its value, by places in the text."""

    key: str
    start: int
    value: Node


class Node(NamedTuple):
    """A value, and where it stands: ``text[start:end]``."""

    start: int
    end: int
    value: Any
    members: tuple[Member, ...] = ()
    """Of an object, in order, those with the same key too."""


def parse(text: str) -> Node | None:
    """The document, or None where there is nothing but white space and comments.

    Comments, commas after the last member, and a byte order mark are allowed.

    Raises:
        Unsuitable: It is not of that form.
    """
    scanner = _Scanner(text)
    scanner.skip()
    if scanner.place == len(text):
        return None
    root = scanner.value(0)
    scanner.skip()
    if scanner.place != len(text):
        raise scanner.fault("has something after its end")
    return root


def value_of(text: str) -> Any:
    """What a text holds; an empty object where it has no value.

    Raises:
        Unsuitable: It is not JSON with comments.
    """
    root = parse(text)
    return {} if root is None else root.value


def with_entry(text: str, entry: Entry) -> str:
    """The text with the entry in it, which must not be there yet.

    Raises:
        Unsuitable: The text is not JSON with comments, or the entry has no place in it.
    """
    root = parse(text)
    end = line_end(text)
    if root is None:
        document = _rendered({entry.table: {NAME: entry.value}}, "", "  ", end)
        before = text.removeprefix("\ufeff")
        return text + end + document if before and not before.endswith("\n") else text + document + end
    found = _only(root, entry.table, "the document")
    if found is None:
        return _inserted(text, root, entry.table, {NAME: entry.value}, spaced=True)
    return _inserted(text, found.value, NAME, entry.value)


def found(text: str, entry: Entry) -> Any:
    """What our key holds; None where it is not there.

    Raises:
        Unsuitable: The text is not JSON with comments, or is not laid out as the client's settings.
    """
    member = _member(text, entry)
    return None if member is None else member.value.value


def with_value(text: str, entry: Entry) -> str:
    """The text with another value for our key, which must be there."""
    member = _member(text, entry)
    assert member is not None
    value = json.dumps(entry.value, ensure_ascii=False)
    return text[: member.value.start] + value + text[member.value.end :]


def with_text_of(text: str, entry: Entry, former: str) -> str:
    """The text with the value that our key has in a ``former`` one, letter for letter; both must have it."""
    member, source = _member(text, entry), _member(former, entry)
    assert member is not None and source is not None
    value = former[source.value.start : source.value.end]
    return text[: member.value.start] + value + text[member.value.end :]


def without(text: str, entry: Entry) -> str:
    """The text without our key, which must be there, and without the table that was made for it."""
    root = parse(text)
    assert root is not None
    table = _only(root, entry.table, "the document")
    assert table is not None
    member = _only(table.value, NAME, entry.table)
    assert member is not None
    if not _was_made_for(text, table.value, member):
        return _removed(text, table.value, member)
    if not _was_made_for(text, root, table):
        return _removed(text, root, table)
    head, tail = text[: root.start], text[root.end :]
    if not tail.strip("\r\n"):
        if tail:
            return head + tail[tail.index("\n") + 1 :]
        return head.removesuffix("\n").removesuffix("\r") if head.endswith("\n") else head
    return head + tail


def _member(text: str, entry: Entry) -> Member | None:
    root = parse(text)
    table = _only(root, entry.table, "the document") if root is not None else None
    return _only(table.value, NAME, entry.table) if table is not None else None


def _only(node: Node, key: str, what: str) -> Member | None:
    """The member of that key; None if there is none."""
    if not isinstance(node.value, dict):
        raise Unsuitable(f"has no object where {what} should be one")
    named = [member for member in node.members if member.key == key]
    if len(named) > 1:
        raise Unsuitable(f"has the key {key!r} more than once in {what}")
    if named and not isinstance(named[0].value.value, dict):
        raise Unsuitable(f"has something else than an object at the key {key!r}")
    return named[0] if named else None


def _inserted(text: str, node: Node, key: str, value: Mapping[str, Any], *, spaced: bool = False) -> str:
    """The text with a new first member of an object."""
    brace = node.start + 1
    lines = _HEAD_OF_LINES.match(text, brace)
    if node.members and lines:
        first = node.members[0].start
        indent = _indent_at(text, first)
        outer = _indent_at(text, node.start)
        unit = indent.removeprefix(outer) or "  "
        end = line_end(text)
        member = f"{json.dumps(key)}: {_rendered(value, indent, unit, end)}"
        return text[: lines.end()] + end + indent + member + "," + text[lines.end() :]
    inner = json.dumps(value, ensure_ascii=False)
    if spaced:
        inner = "{ " + inner[1:-1] + " }"
    member = f"{json.dumps(key)}: {inner}"
    if not node.members:
        return text[:brace] + member + text[brace:]
    blanks = re.compile(r"[ \t]*").match(text, brace)
    assert blanks is not None
    piece = f"{blanks[0]}{member}," if blanks[0] else f"{member}, "
    return text[:brace] + piece + text[brace:]


def _indent_at(text: str, place: int) -> str:
    """The white space with which the line of a place begins."""
    begin = text.rfind("\n", 0, place) + 1
    blanks = re.compile(r"[ \t]*").match(text, begin)
    assert blanks is not None
    return text[begin : min(blanks.end(), place)]


def _rendered(value: Mapping[str, Any], indent: str, unit: str, end: str) -> str:
    """An object over several lines, its lists on one line each; ``indent`` is that of its first line."""
    lines = []
    for key, each in value.items():
        shown = (
            _rendered(each, indent + unit, unit, end)
            if isinstance(each, Mapping)
            else json.dumps(each, ensure_ascii=False)
        )
        lines.append(f"{indent}{unit}{json.dumps(key)}: {shown}")
    return "{" + end + f",{end}".join(lines) + end + indent + "}"


def _was_made_for(text: str, node: Node, member: Member) -> bool:
    """Whether an object holds one member and white space on both sides of it, as we lay out new ones."""
    before, after = text[node.start + 1 : member.start], text[member.value.end : node.end - 1]
    return bool(before and after) and not before.strip() and not after.strip()


def _removed(text: str, node: Node, member: Member) -> str:
    """The text without a member: what :func:`_inserted` added, or else the member and one comma."""
    begin, end = member.start, member.value.end
    comma = _comma(text, end)
    rest = text[end:] if comma < 0 else text[end:comma] + text[comma + 1 :]
    position = node.members.index(member)
    if position:
        gap = node.members[position - 1].value.end
        head = _without_blanks(text[:begin], rest)
        if comma < 0:
            comma = _comma(text, gap)
            head = head[:comma] + head[comma + 1 :]
        return head + rest
    before = text[node.start + 1 : begin]
    if "\n" in before:
        return _without_line(text[:begin], rest) + rest
    if comma < 0:
        return text[:begin] + rest
    if before and not before.strip():
        return text[: node.start + 1] + rest
    return text[:begin] + rest.removeprefix(" ")


def _without_blanks(head: str, rest: str) -> str:
    """The head without white space at its end, unless a comment there would go on into the rest."""
    bare = head.rstrip(" \t\r\n")
    return bare if "\n" not in head[len(bare) :] or _ENDS_LINE.match(rest) else head


def _without_line(head: str, rest: str) -> str:
    """The head without the line that was begun for a member, in the same way."""
    begun = _BEGUN_LINE.search(head)
    return head[: begun.start()] if begun and _ENDS_LINE.match(rest) else head


def _comma(text: str, place: int) -> int:
    """Where the comma stands that follows a value, behind white space and comments; -1 if there is none."""
    scanner = _Scanner(text, place)
    scanner.skip()
    return scanner.place if text.startswith(",", scanner.place) else -1


class _Scanner:
    """Reads values from a place on."""

    def __init__(self, text: str, place: int = 0) -> None:
        self.text = text
        self.place = place

    def fault(self, what: str) -> Unsuitable:
        line = self.text.count("\n", 0, self.place) + 1
        return Unsuitable(f"{what}, in line {line}")

    def skip(self) -> None:
        """Go past white space and comments."""
        while True:
            blank = _BLANK.match(self.text, self.place)
            assert blank is not None
            self.place = blank.end()
            if comment := _LINE_COMMENT.match(self.text, self.place):
                self.place = comment.end()
            elif self.text.startswith("/*", self.place):
                end = self.text.find("*/", self.place + 2)
                if end < 0:
                    raise self.fault("has a comment without an end")
                self.place = end + 2
            else:
                return

    def value(self, depth: int) -> Node:
        start = self.place
        opening = self.text[start : start + 1]
        if depth > MAX_DEPTH:
            raise self.fault("is nested too deeply")
        if opening == "{":
            return self._object(depth)
        if opening == "[":
            return self._array(depth)
        if opening == '"':
            return Node(start, 0, self._string())._replace(end=self.place)
        found = _SCALAR.match(self.text, start)
        if found is None:
            raise self.fault("is not JSON")
        self.place = found.end()
        return Node(start, self.place, self._loaded(found[0]))

    def _object(self, depth: int) -> Node:
        start = self.place
        members: list[Member] = []
        self._enter("{")
        while not self._leaves("}", bool(members)):
            begin = self.place
            key = self._string()
            self.skip()
            self._take(":")
            self.skip()
            members.append(Member(key, begin, self.value(depth + 1)))
            self.skip()
        value = {member.key: member.value.value for member in members}
        return Node(start, self.place, value, tuple(members))

    def _array(self, depth: int) -> Node:
        start = self.place
        items: list[Any] = []
        self._enter("[")
        while not self._leaves("]", bool(items)):
            items.append(self.value(depth + 1).value)
            self.skip()
        return Node(start, self.place, items)

    def _enter(self, bracket: str) -> None:
        self._take(bracket)
        self.skip()

    def _leaves(self, bracket: str, needs_comma: bool) -> bool:
        """Go past a closing bracket, or past the comma that a further item needs."""
        if not self.text.startswith(bracket, self.place) and needs_comma:
            self._take(",")
            self.skip()
        if self.text.startswith(bracket, self.place):
            self.place += 1
            return True
        return False

    def _string(self) -> str:
        found = _STRING.match(self.text, self.place)
        if found is None:
            raise self.fault("is not JSON: a key or text is missing or has no end")
        value = self._loaded(found[0])
        self.place = found.end()
        assert isinstance(value, str)
        return value

    def _loaded(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise self.fault("is not JSON") from error

    def _take(self, char: str) -> None:
        if not self.text.startswith(char, self.place):
            raise self.fault(f"is not JSON: {char!r} is missing")
        self.place += 1
