"""What the code graph knows, as lines: a place each, with what stands around it and what it uses.

``shop/use.py:6: both: other.save()  [override]``: the path and line of the place, the definition around it,
the line of source, and in brackets what sets it apart: how it is known unless that is sure, its role unless
it is a call, how many places lie between unless it is the next, whether it stands in a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

from semindex.present.render import count, cut, where
from semindex.present.safe import safe_line, safe_message

if TYPE_CHECKING:
    from semindex.types import Link, Links, Meant

_SURE = ("resolved", "precise")
GONE = "(changed since it was indexed)"
_NOUNS = {
    "callers": "call",
    "callees": "call",
    "refs": "use",
    "imports": "import",
    "impact": "use",
    "path": "call",
}


def link_lines(answer: Links, base: PurePath | None) -> Iterator[str]:
    """A line for each place; of a name that may mean several definitions a line for each of them."""
    for each in answer.candidates:
        yield f"{_place(each, base)}: {safe_line(each.symbol)}"
    for link in answer.links:
        yield _line(answer, link, base)


def _line(answer: Links, link: Link, base: PurePath | None) -> str:
    here = f"{where(link.path, link.repository, base)}:{link.line}"
    if answer.what == "callees" and link.target is not None:
        called = f"{_place(link.target, base)}: {safe_line(link.target.symbol)}"
        return f"{called}  <- {here}: {source(link)}{marks(answer, link)}"
    return f"{here}: {told(answer, link, base)}"


def told(answer: Links, link: Link, base: PurePath | None) -> str:
    """What is told of a place behind its path and line."""
    around = f"{safe_line(link.symbol)}: " if link.symbol else ""
    return f"{around}{source(link)}{_leads_to(answer, link, base)}{marks(answer, link)}"


def source(link: Link) -> str:
    """The line of a place; what it names where the line is not what was indexed."""
    return cut(safe_line(link.text)) if link.text is not None else f"{safe_line(link.name)} {GONE}"


def _leads_to(answer: Links, link: Link, base: PurePath | None) -> str:
    """Where a place leads, where that is not what was asked for."""
    if link.target is None or answer.what not in ("path", "imports"):
        return ""
    asked = answer.definitions[0] if answer.definitions else None
    if answer.what == "imports" and (asked is None or link.target.path == asked.path):
        return ""
    name = f"{safe_line(link.target.symbol)} " if link.target.symbol else ""
    place = where(link.target.path, link.target.repository, base)
    return f"  -> {name}{place}:{link.target.line}" if name else f"  -> {place}"


def marks(answer: Links, link: Link) -> str:
    """What sets a place apart, in brackets; empty for nothing."""
    found = [] if link.tier in _SURE else [link.tier]
    found += [link.via] if link.via else []
    found += [link.role] if link.role not in ("call", "import") else []
    found += [f"distance {link.distance}"] if link.distance > 1 and answer.what != "path" else []
    found += ["test"] if link.test else []
    return f"  [{', '.join(found)}]" if found else ""


def _place(meant: Meant, base: PurePath | None) -> str:
    return f"{where(meant.path, meant.repository, base)}:{meant.line}"


def summary(answer: Links) -> str:
    """``callers of Base.save (shop/base.py:3): 6 calls, 1 of them in tests``."""
    if answer.candidates:
        return f"{safe_line(answer.name)} may mean {len(answer.candidates)} definitions; name one of them"
    if not answer.definitions:
        return f"nothing is known of {safe_line(answer.name)}"
    first = answer.definitions[0]
    name = (
        f"{safe_line(first.symbol)} ({safe_message(first.path)}:{first.line})" if first.symbol else first.path
    )
    if answer.what == "impact" and len(answer.definitions) > 1:
        name = f"{len(answer.definitions)} definitions"
    least = "at least " if answer.at_least else ""
    tests = f", {answer.tests:,} of them in tests" if answer.tests else ""
    shown = len(answer.links)
    more = f"; shown are {shown:,}, --limit shows more" if shown < answer.total else ""
    return f"{answer.what} of {name}: {least}{count(answer.total, _NOUNS[answer.what])}{tests}{more}"
