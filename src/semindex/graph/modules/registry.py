"""Which languages the code graph follows, and how."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from semindex.graph.modules.base import Language
from semindex.parse.facts.registry import extractor_of

if TYPE_CHECKING:
    from semindex.graph.corpus import Corpus

_SCRIPT = ("script", "Script")
_MODULES = {
    "c": ("c", "C"),
    "go": ("go", "Go"),
    "java": ("typed", "Java"),
    "javascript": _SCRIPT,
    "python": ("python", "Python"),
    "tsx": _SCRIPT,
    "typescript": _SCRIPT,
}
"""By language the module here, and the class in it."""


def language_of(name: str, corpus: Corpus) -> Language:
    """How a language is followed; what is not known of it leads nowhere."""
    found = _MODULES.get(name)
    if found is None:
        return Language(corpus)
    module, kind = found
    made: Language = getattr(importlib.import_module(f"semindex.graph.modules.{module}"), kind)(corpus)
    return made


def how_followed(language: str) -> str:
    """What the code graph does not know of a language, a sentence without full stop; empty for nothing."""
    if language in _MODULES:
        return ""
    if extractor_of(language) is not None:
        return f"the code graph follows {language} within each file only"
    return f"the code graph does not follow {language}"
