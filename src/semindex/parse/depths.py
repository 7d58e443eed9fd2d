"""Tell how the definitions of a language are found, without loading a grammar or a table.

>>> depth_of("python"), depth_of("ada"), depth_of("csv")
(<Depth.GRAMMAR: 'grammar'>, <Depth.HEADS: 'line expressions'>, <Depth.NONE: 'none'>)
"""

from enum import StrEnum

from semindex.parse.heads.registry import HEADED
from semindex.parse.wheels import GRAMMARS, installed_version, wheels_of


class Depth(StrEnum):
    """How the definitions of a language are found. The values stand in JSON and in notes."""

    GRAMMAR = "grammar"
    """In the syntax tree of its grammar, or of the grammars of the scripts in it."""
    HEADS = "line expressions"
    """By the lines on which definitions begin."""
    SETTINGS = "settings"
    """The keys of a configuration file are its definitions."""
    HEADINGS = "headings"
    """The sections of a document are its definitions."""
    NONE = "none"
    """Not at all: its files are cut by lines, and searched as text."""


def depth_of(language: str) -> Depth:
    """How the definitions of a language are found; :attr:`Depth.NONE` if nothing finds any.

    A language whose grammar is not installed counts as if it had no grammar.
    """
    if any(installed_version(wheel) != "none" for wheel in wheels_of(language)):
        return Depth.GRAMMAR
    if language in GRAMMARS:
        # Its table of heads, if it has one, finds only what a syntax tree with errors lacks.
        return Depth.NONE
    if language in HEADED:
        return Depth.HEADS
    # Both import numpy, of which few who ask have any need.
    from semindex.parse.settings import CONFIGURED

    if language in CONFIGURED:
        return Depth.SETTINGS
    from semindex.parse.blocks import is_outlined

    return Depth.HEADINGS if is_outlined(language) else Depth.NONE
