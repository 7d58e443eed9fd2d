"""Path patterns to regular expressions that take linear time, whatever is typed."""

from __future__ import annotations

import re
from functools import lru_cache

# Strings, because few queries need these patterns: ``re`` compiles each when it is first used, and keeps it.
_PIECE = (
    r"(?s)(?P<folders>(?:(?<![^/])\*\*/)+)|(?P<star>\*+)|(?P<one>\?)|\[(?P<set>!?\]?[^\]]*)\]|(?P<plain>.)"
)
_MEMBER = r"(?s)(?P<low>.)-(?P<high>.)|(?P<one>.)"


@lru_cache(maxsize=256)
def compiled(glob: str) -> re.Pattern[str]:
    """The expression whose ``search`` tells whether a path passes.

    A pattern with ``*``, ``?`` or ``[`` is a glob over the whole path (``*`` crosses slashes, ``**/`` is
    any number of folders) or, without a slash, over any one component; another matches the file itself,
    everything below a folder of that name, or, without a slash, any component.
    """
    glob = glob.removeprefix("./").rstrip("/") or "*"
    if not re.search(r"[*?\[]", glob):
        border = r"(?:^|/)" if "/" not in glob else "^"
        return re.compile(border + re.escape(glob.lstrip("/")) + r"(?:/|\Z)")
    if "/" not in glob:
        return re.compile(r"(?:^|/)" + _body(glob, "[^/]") + r"(?:/|\Z)")
    return re.compile("^" + _body(glob.lstrip("/"), ".") + r"\Z", re.DOTALL)


def _body(glob: str, any_one: str) -> str:
    """The expression of a glob without its anchors.

    What lies between two stars is best found at its first place, so nothing is ever tried again there.
    """
    done, gap, fixed = "", "", ""
    for piece in re.finditer(_PIECE, glob):
        if piece["folders"] or piece["star"]:
            done += f"(?>{gap}{fixed})"
            gap, fixed = ("(?:.*?/)??" if piece["folders"] else f"{any_one}*?"), ""
        elif piece["one"]:
            fixed += any_one
        else:
            fixed += re.escape(piece["plain"]) if piece["plain"] else _one_of(piece["set"])
    return done + gap + fixed


def _one_of(members: str) -> str:
    """The expression of a set in brackets, given without them."""
    inside = members.removeprefix("!")
    found = "".join(
        re.escape(member["one"])
        if member["one"]
        else f"{re.escape(member['low'])}-{re.escape(member['high'])}"
        for member in re.finditer(_MEMBER, inside)
        if member["one"] or member["low"] <= member["high"]
    )
    if members.startswith("!"):
        return f"[^{found}]" if found else "."
    return f"[{found}]" if found else "(?!)"
