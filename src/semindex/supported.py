"""The languages that are known, and how the definitions of each are found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from semindex.parse.depths import depth_of
from semindex.parse.wheels import installed_version, wheels_of
from semindex.source.language_table import languages as table
from semindex.source.languages import language_named


class Language(Struct, frozen=True):
    """A language, what tells that a file is of it, and how its definitions are found.

    Names and extensions are in lower case, in the order in which they are looked for.
    """

    lang: str
    kind: str
    """``code``, ``prose``, ``config`` or ``data``."""
    definitions: str
    """``grammar``, ``line expressions``, ``settings`` (the keys of configuration), ``headings``, or ``none``:
    cut by lines, and searched as text."""
    grammar: tuple[str, ...]
    """The grammar's distribution, or those of the scripts in such a file, each with its version, as in
    ``tree-sitter-go 0.23.4``; ``none`` for the version of one that is not installed."""
    extensions: tuple[str, ...]
    file_names: tuple[str, ...]
    interpreters: tuple[str, ...]
    """Programs in a ``#!`` line."""
    aliases: tuple[str, ...]
    """Other names that a filter takes."""


def languages(names: Iterable[str] = ()) -> tuple[Language, ...]:
    """The languages with some names (any name, alias or extension that a filter takes), or all; by name.

    >>> from semindex.supported import languages
    >>> [(each.lang, each.definitions) for each in languages(["c++", ".tf"])]
    [('cpp', 'grammar'), ('hcl', 'line expressions')]

    Raises:
        UsageError: No language has one of the names, or one is no text.
    """
    several = [names] if isinstance(names, str) or not isinstance(names, Iterable) else names
    wanted = {language_named(name) for name in several}
    return tuple([_described(name) for name in sorted(wanted or table().kinds)])


def _described(language: str) -> Language:
    known = table()
    return Language(
        lang=language,
        kind=known.kinds[language],
        definitions=depth_of(language).value,
        grammar=tuple([f"{wheel} {installed_version(wheel)}" for wheel in wheels_of(language)]),
        extensions=_telling(known.by_extension, language),
        file_names=_telling(known.by_name, language),
        interpreters=_telling(known.by_interpreter, language),
        aliases=tuple([name for name in _telling(known.canonical, language) if name != language]),
    )


def _telling(by: Mapping[str, str], language: str) -> tuple[str, ...]:
    return tuple([word for word, name in by.items() if name == language])
