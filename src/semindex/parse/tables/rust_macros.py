"""Show the grammar of Rust the items that macros enclose."""

from __future__ import annotations

import re

from semindex.parse.blanking import blanked, bracket_pairs
from semindex.parse.heads.finder import visible

_MACRO = re.compile(rb"^[ \t]*+(?!macro_rules\b)\w++(?:::\w++)*+![ \t]*+(?P<open>\{)", re.MULTILINE)
_ITEM = re.compile(
    rb"\s*+(?:#!?\[[^\n]*+\s*+)*+(?:(?:pub(?:\([^()\n]*+\))?|unsafe|async|default)[ \t]++)*+"
    rb"(?:fn|struct|enum|union|trait|impl|mod|static|const|type|use|extern|macro_rules!)\b"
)
"""What an item begins with; a macro whose braces hold something else is none of items."""
_BRANCH = re.compile(rb"\s*+(?:else[ \t]*+)?+(?:if[ \t]++#\[[^\n]*?\][ \t]*+)?+(?=\{)")
"""The head of a branch in ``cfg_if!``: ``if #[cfg(unix)]`` or ``else``."""
_FLAGS = re.compile(rb"\bstruct[ \t]++\w++(?P<type>[ \t]*+:[ \t]*+[\w:]++)[ \t]*+(?=\{)")
_REF = re.compile(rb"\bstatic[ \t]++(?P<ref>ref)[ \t]++\w")


def without_item_macros(text: bytes) -> bytes:
    """The text with blanks for ``name! {`` and its brace where they enclose items; offsets stay.

    Branches of ``cfg_if!`` are opened likewise, ``struct Flags: u32`` of ``bitflags!`` loses its type and its
    constants, and ``static ref`` of ``lazy_static!`` its ``ref``.
    """
    if b"!" not in text or _MACRO.search(text) is None:
        return text
    bare = visible("rust", text).bare
    pairs = {opened: closed for opened, closed in bracket_pairs(bare, b"{", b"}").items() if closed >= 0}
    found = bytearray(text)
    end = -1
    for macro in _MACRO.finditer(bare):
        start = macro.start("open")
        if start not in pairs:
            continue
        branches = _branches(bare, start, pairs)
        inner = branches or [(start, pairs[start])]
        if not any(_ITEM.match(bare, first + 1, last) for first, last in inner):
            continue
        _blank(found, macro.start(), start + 1)
        _blank(found, pairs[start], pairs[start] + 1)
        last_end = start + 1
        for first, last in branches:
            _blank(found, last_end, first + 1)
            _blank(found, last, last + 1)
            last_end = last + 1
        if start > end:
            end = pairs[start]
            _rewrite(found, bare, start, end, pairs)
    return bytes(found)


def _branches(bare: bytes, start: int, pairs: dict[int, int]) -> list[tuple[int, int]]:
    """The braces of each branch of a ``cfg_if!``; none if the macro has something else in it."""
    branches: list[tuple[int, int]] = []
    offset = start + 1
    while True:
        head = _BRANCH.match(bare, offset, pairs[start])
        if head is None or head.end() not in pairs or (not head[0].strip()):
            return branches
        branches.append((head.end(), pairs[head.end()]))
        offset = pairs[head.end()] + 1


def _rewrite(found: bytearray, bare: bytes, start: int, end: int, pairs: dict[int, int]) -> None:
    for flags in _FLAGS.finditer(bare, start, end):
        _blank(found, *flags.span("type"))
        if flags.end() in pairs:
            _blank(found, flags.end() + 1, pairs[flags.end()])
    for reference in _REF.finditer(bare, start, end):
        _blank(found, *reference.span("ref"))


def _blank(found: bytearray, start: int, end: int) -> None:
    found[start:end] = blanked(bytes(found[start:end]))
