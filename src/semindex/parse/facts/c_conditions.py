"""Which parts of a C file an ordinary build takes: by gcc, for Linux, without a project's own definitions.

Example: what stands between ``#ifdef _WIN32`` and ``#else`` is left out, what stands behind that is certain;
of ``#ifdef HAVE_OPENSSL`` neither is known.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import IntEnum


class Taken(IntEnum):
    """Whether a build takes a part; the greater one wins where parts are nested."""

    CERTAIN = 0
    MAYBE = 1
    LEFT_OUT = 2


_DIRECTIVE = re.compile(rb"\#[ \t]*+(ifdef|ifndef|if|elif|else|endif)\b((?:[^\\\n]++|\\\r?\n|\\)*+)")
_GUARDED = re.compile(rb"\s*+\#[ \t]*+define[ \t]++(\w++)")
_DEFINED = re.compile(rb"defined[ \t]*+(?:\([ \t]*+(\w++)[ \t]*+\)|(\w++))")
_ABSENT = frozenset(
    b"0 _WIN32 WIN32 _WIN64 __CYGWIN__ __MINGW32__ __MINGW64__ _MSC_VER __BORLANDC__ __APPLE__ __MACH__ "
    b"__FreeBSD__ __OpenBSD__ __NetBSD__ __DragonFly__ __sun sun _AIX __hpux __HAIKU__ __ANDROID__ "
    b"__EMSCRIPTEN__ __cplusplus NDEBUG __VMS VMS __OS2__ __DJGPP__ MSDOS".split()
)
_PRESENT = frozenset(b"1 __linux__ __linux linux __unix__ unix __GNUC__ __STDC__".split())
_LONGEST_BYTES = 1000


class Conditions:
    """The parts of a text that stand under conditions."""

    def __init__(self, code: bytes) -> None:
        """Take the text of a file without comments."""
        self._offsets = [0]
        self._taken = [Taken.CERTAIN]
        self._branches: list[tuple[Taken, Taken]] = []
        """Of each open condition: what is around it, and whether a branch before the current one is taken."""
        for found in _DIRECTIVE.finditer(code):
            now = self._after(found, code)
            if now is not None:
                self._offsets.append(found.end())
                self._taken.append(now)

    def at(self, offset: int) -> Taken:
        """Whether a build takes what stands at an offset."""
        return self._taken[bisect_right(self._offsets, offset) - 1]

    def _after(self, found: re.Match[bytes], code: bytes) -> Taken | None:
        word, branches = found[1], self._branches
        if word.startswith(b"if"):
            branches.append((self._taken[-1], Taken.LEFT_OUT))
        elif not branches:
            return None
        if word == b"endif":
            return branches.pop()[0]
        around, before = branches[-1]
        own = self._holds(found, code)
        branches[-1] = (around, min(before, own))
        return max(around, own, _OTHERWISE[before])

    def _holds(self, found: re.Match[bytes], code: bytes) -> Taken:
        word, written = found[1], found[2].strip()
        if word == b"else":
            return Taken.CERTAIN
        if word == b"ifdef":
            return _of_name(written)
        if word == b"ifndef":
            guarded = _GUARDED.match(code, found.end())
            if guarded is not None and guarded[1] == written:
                return Taken.CERTAIN
            return _OTHERWISE[_of_name(written)]
        return _of_expression(written) if len(written) < _LONGEST_BYTES else Taken.MAYBE


_OTHERWISE = {Taken.CERTAIN: Taken.LEFT_OUT, Taken.MAYBE: Taken.MAYBE, Taken.LEFT_OUT: Taken.CERTAIN}


def _of_name(name: bytes) -> Taken:
    return Taken.LEFT_OUT if name in _ABSENT else Taken.CERTAIN if name in _PRESENT else Taken.MAYBE


def _of_expression(written: bytes) -> Taken:
    """Whether an expression without inner parentheses holds; others are not known."""
    flat = _DEFINED.sub(lambda found: found[1] or found[2], written)
    return min(max(map(_of_term, each.split(b"&&"))) for each in flat.split(b"||"))


def _of_term(term: bytes) -> Taken:
    name = term.strip()
    is_not = name[:1] == b"!"
    found = _of_name(name.lstrip(b"! "))
    return _OTHERWISE[found] if is_not else found
