r"""Globs as ripgrep takes them with ``--glob``: those of ignore files, with ``{a,b}`` besides.

They become patterns for bytes, as ripgrep compares bytes: ``?`` is one byte, not one letter.
``src/*.{py,rs}`` becomes ``src/[^/]*\.(?:py|rs)``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from msgspec import Struct

_ANY, _ONE, _PREFIX, _SUFFIX, _BETWEEN = b"[^/]*", b"[^/]", b"(?:/?|(?:.*/))", b"/.*", b"(?:/|/.*/)"


class GlobError(ValueError):
    """A glob that ripgrep refuses."""


class Glob(Struct, frozen=True):
    """A glob, ready to be compared."""

    pattern: re.Pattern[bytes]
    excludes: bool
    """Whether it began with ``!``."""
    only_folders: bool
    """Whether it ended with a slash."""


class Globs:
    """Some globs of which the last that matches decides."""

    def __init__(self, globs: Iterable[str], any_case: Iterable[str] = ()) -> None:
        """Read them; those of ``any_case`` come last, and disregard case.

        Raises:
            GlobError: One cannot be read.
        """
        read = [
            *(parse_rule(each) for each in globs),
            *(parse_rule(each, any_case=True) for each in any_case),
        ]
        self._globs = [each for each in reversed(read) if each is not None]
        self._leaves_others = any(not each.excludes for each in self._globs)

    def __bool__(self) -> bool:
        return bool(self._globs)

    def verdict(self, path: bytes, *, is_folder: bool) -> bool | None:
        """Whether a file or folder is taken; None if the globs do not say."""
        for glob in self._globs:
            if (is_folder or not glob.only_folders) and glob.pattern.fullmatch(path):
                return not glob.excludes
        return False if self._leaves_others and not is_folder else None


def parse_rule(text: str, *, any_case: bool = False) -> Glob | None:
    """The glob of a line as in an ignore file; None for a comment or nothing.

    Raises:
        GlobError: It cannot be read.
    """
    line = text if text.endswith("\\ ") else text.rstrip()
    if not line or line.startswith("#"):
        return None
    excludes = is_anchored = False
    if line.startswith(("\\!", "\\#")):
        line = line[1:]
    else:
        if line.startswith("!"):
            excludes, line = True, line[1:]
        if line.startswith("/"):
            is_anchored, line = True, line[1:]
    only_folders = line.endswith("/")
    line = line.removesuffix("/")
    if not is_anchored and "/" not in line and not line.startswith("**/") and line != "**":
        line = f"**/{line}"
    if line.endswith("/**"):
        line += "/*"
    return Glob(compile_glob(line, any_case=any_case), excludes, only_folders)


def compile_glob(text: str, *, any_case: bool = False) -> re.Pattern[bytes]:
    """A pattern that matches what a whole glob matches.

    Raises:
        GlobError: A bracket or brace is not closed, or a range is reversed.
    """
    expression = _Reader(text).read()
    try:
        return re.compile(expression, re.DOTALL | (re.IGNORECASE if any_case else 0))
    except re.error as error:
        raise GlobError(text) from error


_MOST_DEPTH = 100
"""Braces in braces; each level takes several of Python's frames."""


class _Reader:
    """Reads one glob from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._depth = 0

    def read(self) -> bytes:
        found = self._alternative()
        if self._position < len(self._text):
            raise GlobError(self._text)  # a brace that closes nothing
        return b"".join(found) if found != [_PREFIX] else b".*"

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _next(self) -> str:
        character = self._peek()
        self._position += 1
        return character

    def _alternative(self) -> list[bytes]:
        """The pieces up to the end, or in braces up to a comma or the closing brace."""
        pieces: list[bytes] = []
        while character := self._peek():
            if self._depth and character in ",}":
                break
            if character == "}":
                raise GlobError(self._text)
            before = self._text[self._position - 1 : self._position] if self._position else ""
            self._position += 1
            if character == "?":
                pieces.append(_ONE)
            elif character == "*":
                self._star(pieces, before)
            elif character == "[":
                pieces.append(self._bracket())
            elif character == "{":
                pieces.append(self._braces())
            elif character == "\\":
                if not self._peek():
                    raise GlobError(self._text)
                pieces.append(_literal(self._next()))
            else:
                pieces.append(_literal(character))
        return pieces

    def _star(self, pieces: list[bytes], before: str) -> None:
        if self._peek() != "*":
            _add_any(pieces)
            return
        self._position += 1
        after = self._peek()
        if not pieces:
            if after not in ("", "/"):
                pieces.append(_ANY)
            else:
                self._position += 1
                pieces.append(_PREFIX)
            return
        ends = not after or (self._depth > 0 and after in ",}")
        if before != "/" or not (ends or after == "/"):
            _add_any(pieces)
            return
        if not ends:
            self._position += 1
        last = pieces.pop()
        pieces.append(last if last in (_PREFIX, _SUFFIX) else _SUFFIX if ends else _BETWEEN)

    def _bracket(self) -> bytes:
        members: list[bytes] = []
        is_negated = self._peek() in ("!", "^") and bool(self._next())
        first = True
        while True:
            character = self._next()
            if not character:
                raise GlobError(self._text)
            if character == "]" and not first:
                break
            first = False
            if self._peek() == "-" and self._text[self._position + 1 : self._position + 2] not in ("", "]"):
                self._position += 1
                last = self._next()
                if last < character:
                    raise GlobError(self._text)
                members.append(_literal(character) + b"-" + _literal(last))
            else:
                members.append(_literal(character))
        return b"[" + (b"^" if is_negated else b"") + b"".join(members) + b"]"

    def _braces(self) -> bytes:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise GlobError(self._text)
        found: list[bytes] = []
        while True:
            found.append(b"".join(self._alternative()))
            closing = self._next()
            if not closing:
                raise GlobError(self._text)
            if closing == "}":
                break
        self._depth -= 1
        some = [each for each in found if each]
        return b"(?:" + b"|".join(some) + b")" if some else b""


def _add_any(pieces: list[bytes]) -> None:
    """Add a star; several in a row match what one does, in a time that no longer depends on their number."""
    if pieces[-1:] != [_ANY]:
        pieces.append(_ANY)


def _literal(character: str) -> bytes:
    """The pattern of a character, in a class too."""
    return b"".join(b"\\x%02x" % byte for byte in os.fsencode(character))
