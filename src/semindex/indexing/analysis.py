"""The analysis fingerprint: names everything that decides a file's content but its bytes and path."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from semindex.parse.facts.registry import FACTS_VERSION
from semindex.parse.wheels import fingerprint, installed_version
from semindex.source.read import SOURCE_VERSION
from semindex.source.roles import ROLES_VERSION
from semindex.tokens import TOKENS_VERSION

WORK_VERSION = 4
"""Raised when the same parsed file gives other content than before."""


@lru_cache(maxsize=512)
def file_analysis(language: str) -> str:
    """Names the rules by which a file of a language is analysed today."""
    versions = f"t{TOKENS_VERSION}.w{WORK_VERSION}.r{ROLES_VERSION}.g{FACTS_VERSION}"
    return f"{skip_analysis()}.{versions}.{_stemmer()}.{fingerprint(language)}"


@lru_cache(maxsize=1)
def _stemmer() -> str:
    return f"{installed_version('pystemmer')}.u{unicodedata.unidata_version}"


def skip_analysis() -> str:
    """Names the rules by which files are skipped today."""
    return f"s{SOURCE_VERSION}"
