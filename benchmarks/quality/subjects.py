"""A commit's subject line to a query, where it says what the commit is about.

Rules err towards leaving a commit out: there are more commits than are asked for, and a message
such as "release 2.1" asks for nothing that could be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

MIN_WORDS = 3
MAX_WORDS = 40

_WORD = re.compile(r"\w*[^\W\d_]\w*")
_TYPES = (
    "bug|bugfix|build|chore|cleanup|dep|deps|dev|doc|docs|enhancement|feat|feature|fix|hotfix|imp|impr|improve"
    "|improvement|internal|minor|misc|new|perf|performance|polish|ref|refac|refactor|refactoring|style|test"
    "|tests|types|typing"
)
_CONVENTIONAL = re.compile(rf"^(?:{_TYPES})(?:\(([^)]*)\))?!?:\s*", re.I)
_SHORTCODES = re.compile(r"^(?:\s*(?::[a-z][\w+-]*:|\[(?:" + _TYPES + r")\]))+\s*", re.I)
_REFERENCE = r"(?:[\w.-]+/[\w.-]+)?(?:[#]|\bgh-)\d+"
_TRAILER = re.compile(
    rf"""[(\[]?\b(?:(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?|ref(?:s|erences)?|see|related\s+to|part\s+of
    |addresses|issues?|prs?|pull\s+request|bug)\b[\s:]*)+(?:{_REFERENCE}[\s,;&]*(?:and\s+)?)+[)\]]?""",
    re.I | re.X,
)
_NUMBER = re.compile(rf"[(\[]\s*{_REFERENCE}(?:[\s,;&]+{_REFERENCE})*\s*[)\]]|{_REFERENCE}\b", re.I)
_TICKET = re.compile(r"\[[A-Z][A-Z\d]*-\d+\]|^[A-Z][A-Z\d]+-\d+(?=[\s:,-])")
_URL = re.compile(r"\(?https?://\S+")
_SYNTAX = re.compile(r"\b(lang|path|kind):(?=\S)")
"""Would be a filter in a query, as quotes would make a phrase; the author meant neither."""

_BOT = re.compile(
    r"\[bot\]|\bbot\b|[\w-]-bot\b|dependabot|renovate|greenkeeper|pre-commit-ci|github-actions|weblate|crowdin"
    r"|transifex|snyk|imgbot|allcontributors|pyup|steward",
    re.I,
)
_UNSUITABLE = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"^\W*(?:revert|reverts|reverted|reverting|reapply|un-?revert|back(?:ed|s)?[- ]?out|undo)\b",
        r"^\W*(?:automatic\s+)?merge[ds]?\s+(?:pull|pr|branch|remote|tag|commit|master|main|develop|upstream"
        r"|from|changes|in|into|with|origin|\S+/|#)",
        # versions and releases
        r"^\W*v?\d+(?:\.\d+)+\S*\s*$|\bbump(?:s|ed|ing)?\b|^\W*releas(?:e|ed|ing)\b|\[maven-release-plugin\]",
        r"\b(?:release|version)s?\b.*\bv?\d+\.\d+|\bv?\d+\.\d+\S*\s+(?:release|version)|-snapshot\b",
        r"^\W*(?:\w+:\s*)?(?:prep(?:are|aring)?|start|begin|set|update|increment|increase|new|next|cut|tag"
        r"|post|draft|back to|change)\b.*\b(?:releases?|version(?: number| string)?s?|snapshot"
        r"|dev(?:elopment)?)\W*$",
        r"^\W*(?:\w+:\s*)?prep(?:are|aring)?\b.*\breleas",
        # dependencies
        r"^\w+\([\w-]*(?:deps|dependencies)[^)]*\)|^(?:deps?|dependencies)\b",
        r"\b(?:dependabot|renovate|greenkeeper|pre-commit)\b",
        r"\b(?:updat|upgrad|pin|unpin|sync|refresh|roll|renew|regenerat|mov|switch|remov|drop|add)\w*\b.*\b"
        r"(?:deps?|dependenc\w+|dev-?dependenc\w+|lock ?files?|submodules?|requirements)\b",
        r"^\W*(?:\w+:\s*)?(?:updat|upgrad|roll)\w*\b.*\bto\s+(?:v|version )?\d",
        # text and looks only
        r"\b(?:change-?logs?|release notes|typos?|misspell\w*|mispell\w*|spelling|white-?spaces?|copyright"
        r"|gofmt|gofumpt|rustfmt|ktlint|prettier|clang-?format|clippy|eslint|tslint|golint|golangci\S*|rubocop"
        r"|checkstyle|spotless|scalafmt|stylua|luacheck|phpcs|php-?cs\S*|stylecop|swiftlint|credo|flake8"
        r"|pylint|isort|nits?|code style|coding style|readme)\b|\b(?:go|cargo|mix) (?:fmt|format)\b",
        r"\b(?:re)?(?:built|generated?|compiled) (?:files?|sources?|assets|code)\b",
        r"^\W*(?:re)?(?:build|generate) dist\b",
        # continuous integration
        r"^ci\b[(:]|\b(?:ci|travis\S*|appveyor|circle-?ci|github (?:actions?|workflows?)|gh actions?"
        r"|azure pipelines?|codecov|coveralls|jenkins|cirrus|semaphore)\b",
    )
)
_FILLER = frozenset(
    """a add added all an and apply as by clean cleaned cleaning cleanup code comment comments consistency
    consistent correct errors files fix fixed
    fixes fixing for format formats formatted formatting from improve in indent indentation issue issues lint
    linter linters linting lints make minor more of on other problems reformat reformatted remove run small
    some source style styles styling sources test tests the tidy to unused up update updated use various
    warning warnings with imports import sort sorted""".split()
)


def is_bot(author: str) -> bool:
    """Whether a commit's author, by name or address, is a program."""
    return _BOT.search(author) is not None


def to_query(subject: str) -> str | None:
    """What a subject asks for, without numbers, tags and types; None when it asks for nothing."""
    text = _clean(subject)
    if any(pattern.search(form) for pattern in _UNSUITABLE for form in (subject, text)):
        return None
    found = [word.lower() for word in _WORD.findall(text)]
    if not MIN_WORDS <= len(found) <= MAX_WORDS or _FILLER.issuperset(found):
        return None
    return text


def names_any(query: str, paths: Iterable[str]) -> bool:
    """Whether a query gives one of the paths away: by its file name with extension, or as a path."""
    lowered = query.lower()
    return any(_mentions(lowered, given) for path in paths for given in _giveaways(path.lower()))


def _clean(subject: str) -> str:
    text = _SHORTCODES.sub("", _URL.sub(" ", subject))
    text = _CONVENTIONAL.sub(lambda found: f"{found[1] or ''} ", text.strip(), count=1).strip()
    for pattern in (_TRAILER, _NUMBER, _TICKET):
        text = pattern.sub(" ", text)
    text = _SYNTAX.sub(r"\1: ", text.replace('"', " "))
    return " ".join(text.split()).strip(" -:;,.([/|")


def _giveaways(path: str) -> list[str]:
    pure = PurePosixPath(path)
    given = [pure.name] if pure.suffix else []
    return [*given, path, str(pure.with_suffix(""))] if "/" in path else given


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
