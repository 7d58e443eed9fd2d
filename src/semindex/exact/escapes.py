"""Reads what follows a backslash in a pattern, as Rust's regex syntax and PCRE2 mean it."""

from __future__ import annotations

import re
from enum import Enum

_HEX = {
    "x": re.compile(r"[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]+\}"),
    "u": re.compile(r"[0-9A-Fa-f]{4}|\{[0-9A-Fa-f]+\}"),
    "U": re.compile(r"[0-9A-Fa-f]{8}|\{[0-9A-Fa-f]+\}"),
}
_PROPERTY = re.compile(r"\{[^}]*\}|[^\\{]", re.DOTALL)
_BOUNDARY = re.compile(r"\{(?:start|end|start-half|end-half)\}")
_BOUNDARY_LIKE = re.compile(r"\{\s*[A-Za-z-]")
_BACK_REFERENCE = re.compile(r"[1-9](?![0-9])")
_SPACE = re.compile(r"[ \t\n\r\f\v]*")
_ODD_SPACE = re.compile("[\x85\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u3000]")
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BOTH_NOTHING = frozenset("AbBz")
_RUST_NOTHING = frozenset("<>")
_PCRE2_NOTHING = frozenset("GKZ")
_PCRE2_SOME = frozenset("hHNRvVX")


class NotUnderstoodError(Exception):
    """Something in a pattern that is not read here; the message is a sentence. It never leaves this room."""


class Meaning(Enum):
    """What an escape stands for when it is no literal."""

    NOTHING = "a place between characters"
    CHARACTER = "one character of a class"
    SOME = "some text, perhaps none"


class Cursor:
    """A place in a pattern, with what is in force there."""

    def __init__(self, text: str, *, pcre2: bool) -> None:
        self.text = text
        self.at = 0
        self.pcre2 = pcre2
        self.unicode = True  # (?-u) switches it off
        self.verbose = False  # (?x) switches it on
        self.upper = False  # whether a literal capital letter of ASCII was read

    def peek(self) -> str:
        """The next character, or an empty string at the end."""
        return self.text[self.at : self.at + 1]

    def next(self) -> str:
        """The next character, and the cursor behind it; an empty string at the end."""
        character = self.text[self.at : self.at + 1]
        self.at += 1
        return character

    def take(self, expression: re.Pattern[str]) -> str:
        """What ``expression`` matches from here on, and the cursor behind it; an empty string if nothing."""
        found = expression.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def skip_space(self) -> None:
        """Skip white space and comments where (?x) is in force.

        Raises:
            NotUnderstoodError: A comment has no end, or dialects differ about a space or the end of a line.
        """
        if not self.verbose:
            return
        while True:
            self.take(_SPACE)
            if self.peek() != "#":
                break
            end = self.text.find("\n", self.at)
            if end < 0 or "\r" in self.text[self.at : end]:
                raise NotUnderstoodError("A comment in the pattern has no clear end.")
            self.at = end + 1
        if _ODD_SPACE.match(self.text, self.at):
            raise NotUnderstoodError("The pattern has a rare kind of white space under (?x).")

    def skip_class_space(self) -> None:
        """Skip white space and comments in a class: Rust ignores them there, and PCRE2 does not."""
        if not self.pcre2:
            self.skip_space()


def read_escape(cursor: Cursor) -> str | bytes | Meaning:
    r"""What the escape means whose backslash is just before ``cursor``, which is then behind the escape.

    Returns a literal character, a raw byte (``\xFF`` where Unicode is switched off), or what else it means.

    Raises:
        NotUnderstoodError: The escape is unknown here, or the pattern ends in it.
    """
    letter = cursor.next()
    if letter in _CONTROLS:
        return _CONTROLS[letter]
    if letter in _HEX:
        return _hexadecimal(cursor, letter)
    if letter and letter in "dDsSwW":
        return Meaning.CHARACTER
    if letter in {"p", "P"}:
        return _property(cursor)
    if letter in _BOTH_NOTHING or letter in (_PCRE2_NOTHING if cursor.pcre2 else _RUST_NOTHING):
        return _boundary(cursor, letter)
    if letter == "v" and not cursor.pcre2:
        return "\v"
    if letter and letter < "\x80" and not letter.isalnum():
        return letter
    return _only_in_pcre2(cursor, letter)


def _hexadecimal(cursor: Cursor, letter: str) -> str | bytes:
    digits = cursor.take(_HEX[letter])
    code = int(digits.strip("{}").lstrip("0")[:8] or "0", 16) if digits else -1
    if (cursor.pcre2 and letter != "x") or not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise NotUnderstoodError(
            f"The escape \\{letter} in the pattern is not followed by a character's number."
        )
    if code >= 0x80 and letter == "x" and not cursor.unicode and "{" not in digits:
        return bytes([code])
    cursor.upper = cursor.upper or 0x41 <= code <= 0x5A
    return chr(code)


def _property(cursor: Cursor) -> Meaning:
    name = cursor.take(_PROPERTY)
    if not name or (cursor.verbose and re.search(r"[\s#]", name)):
        raise NotUnderstoodError("The escape \\p in the pattern names no property.")
    return Meaning.CHARACTER


def _boundary(cursor: Cursor, letter: str) -> Meaning:
    named = letter == "b" and not cursor.pcre2 and not cursor.take(_BOUNDARY)
    if named and _BOUNDARY_LIKE.match(cursor.text, cursor.at):
        raise NotUnderstoodError("The escape \\b in the pattern names an unknown kind of boundary.")
    return Meaning.NOTHING


def _only_in_pcre2(cursor: Cursor, letter: str) -> Meaning:
    if cursor.pcre2:
        if letter and letter in _PCRE2_SOME and cursor.peek() != "{":
            return Meaning.SOME
        cursor.at -= 1
        if cursor.take(_BACK_REFERENCE):
            return Meaning.SOME
    raise NotUnderstoodError(f"The escape \\{letter} in the pattern is not one that is read here.")
