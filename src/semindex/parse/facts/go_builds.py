"""Whether an ordinary build takes a Go file: for Linux on amd64, without tags of the project's own."""

from __future__ import annotations

import re
from collections.abc import Callable

_PACKAGE = re.compile(rb"^package\b", re.MULTILINE)
_EXPRESSION = re.compile(rb"^//go:build[ \t]+([^\n]+)", re.MULTILINE)
_OLD_LINE = re.compile(rb"^//[ \t]*\+build[ \t]+([^\n]+)", re.MULTILINE)
_TOKEN = re.compile(r"&&|\|\||[!()]|[\w.]+")
_MOST_TOKENS = 200
_TRUE = frozenset(("linux", "amd64", "unix", "gc", "cgo"))
_RELEASE = re.compile(r"go1\.\d+")
_SYSTEMS = frozenset(
    "aix android darwin dragonfly freebsd hurd illumos ios js nacl netbsd openbsd plan9 solaris wasip1 "
    "windows zos 386 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm".split()
)
"""What a file's name may end with, other than Linux and amd64."""


def is_left_out(text: bytes, path: str) -> bool:
    """Whether an ordinary build leaves a file out, by its name or by the lines before ``package``."""
    parts = path.rpartition("/")[2].removesuffix(".go").removesuffix("_test").split("_")
    if len(parts) > 1 and (parts[-1] in _SYSTEMS or (len(parts) > 2 and parts[-2] in _SYSTEMS)):
        return True
    package = _PACKAGE.search(text)
    end = package.start() if package else len(text)
    found = _EXPRESSION.search(text, 0, end)
    if found:
        return not _holds(found[1].decode("utf-8", "replace"))
    lines = [line[1].decode("utf-8", "replace") for line in _OLD_LINE.finditer(text, 0, end)]
    return not all(any(map(_all_hold, line.split())) for line in lines)


def _all_hold(option: str) -> bool:
    """Whether one option of an old line holds: ``linux,!cgo``."""
    return all(_has(term.lstrip("!")) is not term.startswith("!") for term in option.split(","))


def _has(tag: str) -> bool:
    return tag in _TRUE or _RELEASE.fullmatch(tag) is not None


def _holds(expression: str) -> bool:
    """Whether an expression of tags with ``!``, ``&&``, ``||`` and parentheses holds.

    One that makes no sense holds.
    """
    tokens = _TOKEN.findall(expression)
    if len(tokens) > _MOST_TOKENS:
        return True
    tokens.reverse()
    try:
        return _either(tokens)
    except IndexError:
        return True


def _either(tokens: list[str]) -> bool:
    return _joined(tokens, "||", lambda: _joined(tokens, "&&", lambda: _term(tokens), all), any)


def _joined(
    tokens: list[str], sign: str, read: Callable[[], bool], join: Callable[[list[bool]], bool]
) -> bool:
    found = [read()]
    while tokens and tokens[-1] == sign:
        tokens.pop()
        found.append(read())
    return join(found)


def _term(tokens: list[str]) -> bool:
    token = tokens.pop()
    if token == "!":
        return not _term(tokens)
    if token != "(":
        return _has(token)
    found = _either(tokens)
    tokens.pop()
    return found
