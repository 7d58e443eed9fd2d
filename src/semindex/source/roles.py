"""What a path says by itself: the words of its stem and of its folder, and the roles of the file."""

import re
from enum import IntEnum
from functools import lru_cache

from msgspec import Struct

from semindex.source.languages import kind_of
from semindex.tokens import path_parts, text_terms, whole_term, words

ROLES_VERSION = 2
"""Raised when any path gives other words or roles than before; part of the analysis fingerprint."""


class Role(IntEnum):
    """Why a file is seldom what was asked for, as bits; a query that names the role takes this back."""

    TESTS = 1
    EXAMPLES = 2
    LEGACY = 4
    BARREL = 8
    """A file that stands for its folder and mostly passes on names of others."""
    PROSE = 16
    DATA = 32
    PLATFORM = 64
    """For one system of those that most code is not written on, beside a file that does it for the others."""
    VERSIONED = 128
    """Below a folder of a version; by itself no reason for anything (:mod:`semindex.search.versions`)."""

    @property
    def label(self) -> str:
        """The lower-case name, as reasons show it."""
        return self.name.lower()


_FOLDERS = {
    Role.TESTS: frozenset(
        """test tests __tests__ __test__ spec specs testdata test_data e2e fixtures __fixtures__ mock
        mocks __mocks__ testsuite testsuites unittests unit_tests integration_tests androidtest
        commontest jvmtest jstest nativetest test-utils testutil testutils""".split()
    ),
    Role.EXAMPLES: frozenset(
        """example examples sample samples demo demos doc docs docs_src documentation tutorial tutorials
        bench benches benchmark benchmarks playground cookbook website site""".split()
    ),
    Role.LEGACY: frozenset(
        """legacy deprecated old obsolete attic vendor vendored _vendor third_party thirdparty third-party
        external node_modules contrib_old""".split()
    ),
    Role.PLATFORM: frozenset(
        """win win32 win64 winnt winrt uwp msvc mingw cygwin aix sunos solaris os390 zos haiku qnx
        vxworks""".split()
    ),
}
"""Names of folders that give all files below them a role."""
VERSION = r"v(?P<number>\d{1,3})(?:(?P<stage>alpha|beta)(?P<step>\d{0,3}))?"
"""The name of a folder that holds one version, in lower case: ``v2``, ``v1beta1``."""
# Patterns as text: re compiles each when it is first used, and keeps it.
_PLATFORM_FILE = (
    r"^(?:.*[._-])?(?:win|win32|win64|windows|winnt|mingw|cygwin|aix|sunos|solaris|os390|ibmi|haiku|qnx"
    r"|plan9|wasip1)$"
)
_TEST_FILE = (
    r"^(?:test_.*|.*_tests?|.*[._-](?:test|tests|spec|specs)|.*_spec|conftest"
    r"|.*(?:[a-z0-9])(?:Test|Tests|Spec|Specs|TestCase))$"
)


class PathFacts(Struct, frozen=True):
    """Terms of a path and the roles of its file."""

    stem: frozenset[str]
    """Terms of the file name without its extension, compounds left out."""
    folder: frozenset[str]
    """Terms of the parent folder's name, compounds left out."""
    whole: str
    """``=`` and the stem as one word: its compound term, or the term of its only part."""
    roles: int
    """Bits of :class:`Role`."""


def path_facts(path: str, language: str) -> PathFacts:
    """The words and roles of a root-relative path to a file of a language."""
    parts, name, kind = path_parts(path), path.rpartition("/")[2], kind_of(language)
    roles = set(_folder_roles(parts.folder))
    if re.match(_TEST_FILE, name.rpartition(".")[0] or name):
        roles.add(Role.TESTS)
    if re.match(_PLATFORM_FILE, name.partition(".")[0].lower()):
        roles.add(Role.PLATFORM)
    if parts.stands_for_folder:
        roles.add(Role.BARREL)
    if kind != "code":
        roles.add(Role.PROSE if kind == "prose" else Role.DATA)
    terms = text_terms(parts.stem)
    whole = f"={terms[0]}" if len(terms) == 1 else whole_term("".join(words(parts.stem)))
    return PathFacts(_plain(parts.stem), _plain(parts.parent), whole, sum(roles))


@lru_cache(maxsize=4096)
def _folder_roles(folder: str) -> frozenset[Role]:
    components = frozenset(folder.lower().split("/"))
    roles = {role for role, names in _FOLDERS.items() if components & names}
    if any(re.fullmatch(VERSION, name) for name in components):
        roles.add(Role.VERSIONED)
    return frozenset(roles)


@lru_cache(maxsize=4096)
def _plain(text: str) -> frozenset[str]:
    return frozenset(term for term in text_terms(text) if not term.startswith("="))
