"""Filters as other programs for searching code spell them: grep.app, GitHub, Sourcegraph, zoekt.

``ext:py`` is ``path:*.py``, ``file:cookie`` is ``path:*cookie*``, ``-file:test`` the same with ``-path:``,
``language:go`` is ``lang:go``, ``sym:parse`` is ``symbol:parse``. What has no counterpart is named in a note:
``branch:main`` is left out, as nobody searches for these words, and ``type:string`` is searched for as words,
which code may have.
"""

from __future__ import annotations

import re

from msgspec import Struct

CHOICES = {"lang": "lang", "language": "lang", "kind": "kind", "symbol": "symbol", "sym": "symbol"}
"""Filters by a name, and which of ours each is."""
PATHS = ("file", "filename", "ext", "extension")
"""Filters of other programs that are one by path here."""
REPOSITORIES = ("repo", "repository")
"""Names of the filter by repository, which takes names and globs."""
_LEFT_OUT = (
    *(*REPOSITORIES, "repohasfile", "repohascommitafter", "r", "org", "owner", "archived", "fork"),
    *("visibility", "branch", "rev", "revision", "patterntype", "select", "license", "stars", "topic"),
)
"""Names that code hardly has in front of a colon and a value without a blank."""
_SEARCHED = (
    *("author", "after", "before", "case", "commit", "committer", "content", "context", "count", "f", "has"),
    *("in", "is", "l", "message", "path-regex", "public", "regex", "since", "size", "timeout", "type"),
    *("until", "user"),
)
"""Names that code has there, too."""
_FILTERS = "lang:, path:, -path:, kind:, symbol: and repo:"

UNKNOWN = (
    rf"(?P<unknown>-(?:lang|language|kind|symbol|sym)|-?(?:{'|'.join((*_LEFT_OUT, *_SEARCHED))}))"
    r':(?P<what>"[^"]*"|\([\w./|-]+\)|[\w.*?^$\\/@+-]+)(?!\S)'
)
"""Matches a filter of another program that is none here, with a value that stands by itself."""


class Told(Struct, frozen=True):
    """What becomes of a filter that is none here."""

    words: str
    """What of it is searched for."""
    note: str


def glob_of(name: str, value: str) -> str:
    """The glob of a filter by path.

    >>> glob_of("ext", ".py"), glob_of("file", "cookie"), glob_of("file", "*.py"), glob_of("filename", "a.py")
    ('*.py', '*cookie*', '*.py', 'a.py')
    """
    if name in ("ext", "extension"):
        return f"*.{value.lstrip('*.')}"
    return f"*{value}*" if name == "file" and not re.search(r"[*?\[]", value) else value


def unknown(name: str, value: str) -> Told:
    """What becomes of ``name:value``, which is no filter here."""
    typed = f"{name}:{value}"
    if name.removeprefix("-") in REPOSITORIES:
        return Told("", f"{typed} was left out: {name}: takes the name of a repository, in which * may stand")
    if name.startswith("-") or name in _LEFT_OUT:
        return Told("", f"{name}: is no filter here, and {typed} was left out; filters are {_FILTERS}")
    return Told(typed, f"{name}: is no filter here, and {typed} was searched for; filters are {_FILTERS}")
