"""Reads a class in square brackets: its few members, or no more than where it ends."""

from __future__ import annotations

import re

from semindex.exact.escapes import Cursor, Meaning, NotUnderstoodError, read_escape

MAX_MEMBERS = 16
_NAMED = re.compile(
    r"\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]"
)


class _Class:
    """The members of one class while it is read."""

    def __init__(self) -> None:
        self.members: set[str | bytes] = set()
        self.many = False  # it has members that are not in the set, or is negated

    def add(self, first: str | bytes, last: str | bytes) -> None:
        low, high = _number(first), _number(last)
        if high - low >= MAX_MEMBERS:
            self.many = True
        else:
            self.members.update(_between(low, high, raw=bytes in {type(first), type(last)}))


def read_class(cursor: Cursor) -> tuple[str | bytes, ...] | None:
    """The members of the class whose bracket is just before ``cursor``, which is then behind the class.

    Members are characters or raw bytes, sorted. None stands for any character: the class has more than
    :data:`MAX_MEMBERS` members, is negated, or is made by set operations or of named classes. Classes in
    classes are read without recursion.

    Raises:
        NotUnderstoodError: The class has no end or is not valid, or the dialects of patterns differ about it.
    """
    read = _Class()
    _open(cursor, read)
    depth = 1
    while depth:
        cursor.skip_class_space()
        character = cursor.next()
        if not character:
            raise NotUnderstoodError("A class of the pattern has no closing bracket.")
        if character == "]":
            depth -= 1
        elif character == "[":
            depth += _nested(cursor, read)
        elif character in "&-~" and cursor.peek() == character:
            _operation(cursor, read)
        else:
            _item(cursor, read, character)
    if read.many or len(read.members) > MAX_MEMBERS:
        return None
    return tuple(sorted(read.members, key=_order))


def _open(cursor: Cursor, read: _Class) -> None:
    """Read what has a meaning of its own right behind an opening bracket."""
    cursor.skip_class_space()
    if cursor.peek() == "^":
        cursor.at += 1
        read.many = True
        cursor.skip_class_space()
    dashes = 0
    while cursor.peek() == "-" and not cursor.pcre2:
        cursor.at += 1
        dashes += 1
        read.members.add("-")
        cursor.skip_class_space()
    if cursor.peek() == "]" and not dashes:
        cursor.at += 1
        if cursor.pcre2:
            _item(cursor, read, "]")
        else:
            read.members.add("]")  # a dash behind it begins no range


def _nested(cursor: Cursor, read: _Class) -> int:
    """Read what begins with a bracket within a class, and tell how many levels deeper the cursor is then."""
    cursor.at -= 1
    if cursor.take(_NAMED):
        read.many = True
        return 0
    cursor.at += 1
    if cursor.pcre2:
        if cursor.peek() in {":", ".", "="}:
            raise NotUnderstoodError("A class of the pattern has a named class that is not known.")
        _item(cursor, read, "[")
        return 0
    read.many = True
    _open(cursor, read)
    return 1


def _operation(cursor: Cursor, read: _Class) -> None:
    if cursor.pcre2:
        raise NotUnderstoodError("A class of the pattern has a doubled sign in it.")
    cursor.at += 1
    read.many = True


def _item(cursor: Cursor, read: _Class, character: str) -> None:
    """Read a member that begins with ``character``, or a range."""
    first = _member(cursor, character)
    cursor.skip_class_space()
    if cursor.peek() != "-" or _after_dash(cursor) in {"]", "-"}:
        if isinstance(first, Meaning):
            read.many = True
        else:
            read.add(first, first)
        return
    cursor.at += 1
    cursor.skip_class_space()
    if cursor.pcre2 and cursor.peek() == "[":
        raise NotUnderstoodError("A class of the pattern has a bracket behind a dash.")
    last = _member(cursor, cursor.next())
    if isinstance(first, Meaning) or isinstance(last, Meaning) or _number(first) > _number(last):
        raise NotUnderstoodError("A range in a class of the pattern is not one.")
    read.add(first, last)


def _member(cursor: Cursor, character: str) -> str | bytes | Meaning:
    if character == "\\":
        meaning = read_escape(cursor)
        if meaning in {Meaning.NOTHING, Meaning.SOME}:
            raise NotUnderstoodError("An escape in a class of the pattern stands for no character.")
        return meaning
    if not character or (not cursor.unicode and character >= "\x80"):
        raise NotUnderstoodError("A class of the pattern is not valid.")
    cursor.upper = cursor.upper or "A" <= character <= "Z"
    return character


def _after_dash(cursor: Cursor) -> str:
    """The character behind the dash at the cursor, without moving the cursor."""
    at = cursor.at
    cursor.at += 1
    cursor.skip_class_space()
    character = cursor.peek()
    cursor.at = at
    return character


def _number(member: str | bytes) -> int:
    return ord(member)


def _between(low: int, high: int, *, raw: bool) -> list[str | bytes]:
    """Members from ``low`` to ``high``: raw bytes or characters."""
    if raw:
        return [bytes([code]) for code in range(low, high + 1)]
    return [chr(code) for code in range(low, high + 1) if not 0xD800 <= code <= 0xDFFF]


def _order(member: str | bytes) -> tuple[int, bool]:
    return ord(member), isinstance(member, bytes)
