"""Tell the package of each language's grammar and its version, without loading tree-sitter or a grammar.

Versions are taken from the names of the ``.dist-info`` folders, because asking :mod:`importlib.metadata` for
twenty packages takes longer than a search.
"""

import os
import sys
from functools import lru_cache
from typing import NamedTuple

PARSE_VERSION = 11
"""Raised when a change gives any file other symbols, comments or chunks; every index is then built anew."""


class Grammar(NamedTuple):
    """The package of a grammar."""

    wheel: str
    """The name of the distribution."""
    function: str = "language"
    """The function of its module that returns the grammar."""

    @property
    def module(self) -> str:
        """The import name."""
        return self.wheel.replace("-", "_")


_NAMED_ALIKE = """bash c cpp dart elixir go haskell java javascript kotlin lua python ruby rust scala
swift zig"""
GRAMMARS = {
    "csharp": Grammar("tree-sitter-c-sharp"),
    "php": Grammar("tree-sitter-php", "language_php"),
    "tsx": Grammar("tree-sitter-typescript", "language_tsx"),
    "typescript": Grammar("tree-sitter-typescript", "language_typescript"),
    **{language: Grammar(f"tree-sitter-{language}") for language in _NAMED_ALIKE.split()},
}

_WEB = ("javascript", "typescript")
EMBEDDED = {"vue": _WEB, "svelte": _WEB, "astro": _WEB, "html": _WEB, "ejs": _WEB, "erb": (*_WEB, "ruby")}
"""The languages of scripts in files of a language that has no grammar here itself."""

_DIST_INFO = ".dist-info"


@lru_cache(maxsize=1)
def _installed() -> dict[str, str]:
    """The version of each installed distribution; as in imports, the first one on the path counts."""
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = [entry.name for entry in os.scandir(folder or os.curdir)]
        except OSError:
            continue
        for name in names:
            if name.endswith(_DIST_INFO):
                wheel, _, version = name.removesuffix(_DIST_INFO).rpartition("-")
                found.setdefault(wheel.lower().replace("-", "_").replace(".", "_"), version)
    return found


def installed_version(wheel: str) -> str:
    """The version of an installed distribution, or ``none``."""
    return _installed().get(wheel.lower().replace("-", "_"), "none")


def wheels_of(language: str) -> tuple[str, ...]:
    """The distributions that have a language's grammar, or those of the scripts in it."""
    return tuple([GRAMMARS[each].wheel for each in EMBEDDED.get(language, (language,)) if each in GRAMMARS])


@lru_cache(maxsize=len(GRAMMARS) * 8)
def fingerprint(language: str) -> str:
    """Versions of the parser, tree-sitter and the grammar. With another fingerprint files are parsed anew."""
    wheel = ", ".join(f"{each} {installed_version(each)}" for each in wheels_of(language)) or "none"
    return f"parse {PARSE_VERSION}; tree-sitter {installed_version('tree-sitter')}; {wheel}"
