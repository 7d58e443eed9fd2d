r"""Globs of ignore files (``wildmatch.c``): their regular expressions, and texts that all matches have.

>>> matcher(b"doc/**/a*.txt", by_name=False).pattern
b'doc/(?:[^/]+/)*a[^/]*\\.txt'
>>> texts_of(b"doc/**/a*.txt")
GlobTexts(name=(b'/a', b'.txt/'), folders=(b'/doc/',))
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

MIDDLE_BYTES = 8
"""Of a text between two wildcards so many bytes at its start and at its end are given."""
_CLASSES = {
    b"alnum": rb"[0-9A-Za-z]",
    b"alpha": rb"[A-Za-z]",
    b"blank": rb"[ \t]",
    b"cntrl": rb"[\x00-\x1f\x7f]",
    b"digit": rb"[0-9]",
    b"graph": rb"[!-~]",
    b"lower": rb"[a-z]",
    b"print": rb"[ -~]",
    b"punct": rb"[!-/:-@\[-`{-~]",
    b"space": rb"[ \t-\r]",
    b"upper": rb"[A-Z]",
    b"xdigit": rb"[0-9A-Fa-f]",
}
_NAMED_CLASS = rb"\[:([^\]]*):\]"
_ONE_BYTE = rb"\\[^/]|\[(?![!^]\])[^\[\]\\/]+\]"
"""Something escaped, or simple brackets."""
_NOTHING = b"(?!)"
_ANY = b"[^/]"
_STAR, _GLOBSTAR, _SLASH = b"*", b"**", b"/"


class GlobTexts(NamedTuple):
    """Texts that stand in every path that a glob matches, with a slash before and behind the path."""

    name: tuple[bytes, ...] = ()
    """Of the last component: ``/all/`` of it, or its ``/start``, its ``end/`` and parts of it."""
    folders: tuple[bytes, ...] = ()
    """Other ``/components/`` as a whole."""


def texts_of(pattern: bytes) -> GlobTexts:
    """The texts of a glob; none at all, if it has brackets that are hard to read."""
    plain = re.sub(_ONE_BYTE, b"?", pattern) if b"[" in pattern or b"\\" in pattern else pattern
    if b"[" in plain or b"\\" in plain:
        return GlobTexts()
    *folders, name = plain.split(b"/")
    whole = [folder for folder in folders if folder and b"*" not in folder and b"?" not in folder]
    return GlobTexts(
        _name_texts(re.split(rb"[*?]+", b"/%b/" % name)), tuple([b"/%b/" % folder for folder in whole])
    )


def _name_texts(runs: list[bytes]) -> tuple[bytes, ...]:
    """The texts of a component, given as what stands between its wildcards, with a slash on both sides."""
    if len(runs) == 1:
        return tuple(runs)
    middle = [part for run in runs[1:-1] for part in (run[:MIDDLE_BYTES], run[-MIDDLE_BYTES:])]
    return (*[run for run in (runs[0], runs[-1]) if run != b"/"], *middle)


def matcher(pattern: bytes, *, by_name: bool) -> re.Pattern[bytes]:
    """What matches all of a name (``by_name``), or else all of a path."""
    regex = _translate(pattern, by_name=by_name)
    return re.compile(_NOTHING if regex is None else regex, re.DOTALL)


def _translate(pattern: bytes, *, by_name: bool) -> bytes | None:
    """A regular expression for a glob; None if the glob can match nothing.

    The text between two stars is matched where it first occurs and never tried again (atomic groups). A
    later occurrence could not match more, and so no pattern makes matching take exponential time.
    """
    tokens = list(_tokens(pattern))
    if None in tokens:
        return None
    segments: list[list[bytes]] = [[]]
    for token in tokens:
        if token == _SLASH and not by_name:
            segments.append([])
        else:
            segments[-1].append(token or b"")
    if by_name:
        return _segment(segments[0])
    return _path(segments)


def _path(segments: list[list[bytes]]) -> bytes:
    """The expression for the components of a path; ``**`` stands for any number of whole components."""
    out, group, after_globstar = b"", b"", False
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == [_GLOBSTAR]:
            if after_globstar and group:
                out += b"(?>(?:[^/]+/)*?%s)" % group
            else:
                out += group
            group, after_globstar = b"", True
            if last:
                return out + b".+"
        else:
            group += _segment(segment) + (b"" if last else b"/")
    return out + (b"(?:[^/]+/)*" if after_globstar else b"") + group


def _segment(tokens: list[bytes]) -> bytes:
    """The expression for one component, in which stars match anything but a slash."""
    pieces: list[bytes] = [b""]
    for token in tokens:
        if token in (_STAR, _GLOBSTAR):
            pieces.append(b"")
        else:
            pieces[-1] += token
    if len(pieces) == 1:
        return pieces[0]
    middle = b"".join(b"(?>[^/]*?%s)" % piece for piece in pieces[1:-1] if piece)
    return pieces[0] + middle + b"[^/]*" + pieces[-1]


def _tokens(pattern: bytes) -> Iterator[bytes | None]:
    """``*``, ``**``, ``/`` and regular expressions for one byte each; None where nothing can match."""
    position = 0
    while position < len(pattern):
        char = pattern[position : position + 1]
        if char == b"*":
            end = position
            while pattern[end : end + 1] == b"*":
                end += 1
            yield _STAR if end - position == 1 else _GLOBSTAR
            position = end
        elif char == b"[":
            regex, position = _bracket(pattern, position + 1)
            yield regex
        elif char == b"\\":
            following = pattern[position + 1 : position + 2]
            yield (_SLASH if following == b"/" else re.escape(following)) if following else None
            position += 2
        else:
            yield _SLASH if char == b"/" else _ANY if char == b"?" else re.escape(char)
            position += 1


def _bracket(pattern: bytes, position: int) -> tuple[bytes | None, int]:
    """A regular expression for the brackets whose inside starts at ``position``, and where they end."""
    negated = pattern[position : position + 1] in (b"!", b"^") and position < len(pattern)
    start = position + negated
    members: set[int] = set()
    previous: int | None = None
    position = start
    while position == start or pattern[position : position + 1] != b"]":
        named = re.compile(_NAMED_CLASS).match(pattern, position)
        if named:
            if named[1] not in _CLASSES:
                return None, len(pattern)
            members.update(b"".join(re.findall(_CLASSES[named[1]], bytes(range(256)))))
            previous, position = None, named.end()
            continue
        following = pattern[position + 1 : position + 2]
        is_range = previous is not None and pattern[position : position + 1] == b"-" and following not in b"]"
        char, position = _escaped(pattern, position + is_range)
        if char is None:
            return None, len(pattern)
        members.update(range(previous or 0, char + 1) if is_range else (char,))
        previous = None if is_range else char
    if negated:
        members = set(range(256)) - members
    members.discard(0x2F)  # as in git, no bracket matches a slash
    inside = _ranges(members)
    return (b"[%s]" % inside if inside else _NOTHING), position + 1


def _ranges(members: set[int]) -> bytes:
    """The inside of brackets for some bytes; compiling takes as long as this is, so neighbours are joined."""
    starts = [value for value in sorted(members) if value - 1 not in members]
    ends = [value for value in sorted(members) if value + 1 not in members]
    pairs = zip(starts, ends, strict=True)
    return b"".join(b"\\x%02x" % a if a == b else b"\\x%02x-\\x%02x" % (a, b) for a, b in pairs)


def _escaped(pattern: bytes, position: int) -> tuple[int | None, int]:
    if pattern[position : position + 1] == b"\\":
        position += 1
    return (pattern[position], position + 1) if position < len(pattern) else (None, position)
