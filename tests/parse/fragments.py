"""Short texts made from a regular expression, and its loops that may run far."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

Items = list[tuple[Any, Any]]
"""The parts of an expression, as Python's own parser gives them: operation and argument."""
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)
_LOOKS = (sre.ASSERT, sre.ASSERT_NOT)
_MOST_CHARS = 60
_MANY = 5_000
_PREFERRED = "a1A \n([{<\"'"
_INK = "a1A_([{<;,.\"'@#"


def fragments_of(expression: str) -> set[str]:
    """What the expression matches, and each beginning of it; the body of each of its loops alone."""
    found: set[str] = set()
    _collect(list(_parser.parse(expression)), "", found)
    return {each for each in found if each.strip() and len(each) <= _MOST_CHARS}


def _collect(items: Items, before: str, found: set[str]) -> None:
    for operation, argument in items:
        for inner in _inner(operation, argument):
            _collect(inner, before, found)
            if operation in _REPEATS and before:
                _collect(inner, "", found)
        before += _written([(operation, argument)])
        found.add(before)


def _inner(operation: Any, argument: Any) -> Iterator[Items]:
    """The sequences of which a part consists."""
    if operation is sre.SUBPATTERN:
        yield list(argument[3])
    elif operation in _REPEATS:
        yield list(argument[2])
    elif operation is sre.ATOMIC_GROUP:
        yield list(argument)
    elif operation is sre.BRANCH:
        yield from map(list, argument[1])
    elif operation is sre.GROUPREF_EXISTS:
        yield list(argument[1])


def _written(items: Iterable[tuple[Any, Any]]) -> str:
    """A text that the sequence matches, as far as assertions allow."""
    parts: list[str] = []
    for operation, argument in items:
        if operation is sre.LITERAL:
            parts.append(chr(argument))
        elif operation in (sre.NOT_LITERAL, sre.IN, sre.ANY):
            parts.append(_char(operation, argument))
        elif operation in _REPEATS:
            parts.append(_written(argument[2]) * max(1, min(argument[0], 3)))
        else:
            parts += [_written(inner) for inner in list(_inner(operation, argument))[:1]]
    return "".join(parts)


def _char(operation: Any, argument: Any) -> str:
    tried = [*_PREFERRED]
    if operation is sre.IN:
        tried += [chr(value) for kind, value in argument if kind is sre.LITERAL]
        tried += [chr(value[0]) for kind, value in argument if kind is sre.RANGE]
    return next((each for each in tried if _is_in(each, operation, argument)), "")


def _is_in(char: str, operation: Any, argument: Any) -> bool:
    """Whether a part that is no sequence matches a character."""
    if operation is sre.ANY:
        return char != "\n"
    if operation in (sre.LITERAL, sre.NOT_LITERAL):
        return (ord(char) == argument) is (operation is sre.LITERAL)
    negated = argument[0][0] is sre.NEGATE
    return any(_is_member(char, kind, value) for kind, value in argument) is not negated


def _is_member(char: str, kind: Any, value: Any) -> bool:
    if kind is sre.LITERAL:
        return ord(char) == int(value)
    if kind is sre.RANGE:
        return int(value[0]) <= ord(char) <= int(value[1])
    if kind is sre.CATEGORY:
        name = str(value).rpartition("_")[2].lower()
        expression = {"digit": r"\d", "space": r"\s", "word": r"\w"}[name]
        return (re.match(expression, char) is not None) is not ("NOT" in str(value))
    return False


def far_loops_of(expression: str) -> list[Items]:
    """The bodies of loops without a bound that may cross lines, and pass more than blanks.

    If a head is on many lines, such a loop runs from each of them over all that follow. It may stand at the
    end of the expression, where what it passes belongs to the match, and behind a bracket that it does not
    match: a head on a later line has this bracket as well.
    """
    found: list[Items] = []
    _far(list(_parser.parse(expression)), "", found, is_last=True)
    return found


def _far(items: Items, bracket: str, found: list[Items], *, is_last: bool) -> None:
    for place, (operation, argument) in enumerate(items):
        ends = is_last and place == len(items) - 1
        if operation in _LOOKS:
            _far(list(argument[1]), bracket, found, is_last=False)
            continue
        body = list(argument[2]) if operation in _REPEATS else []
        if operation in _REPEATS and argument[1] > _MANY and not ends:
            passes = any(_passes(body, char) for char in _INK)
            if passes and _passes(body, "\n") and not (bracket and _begins_apart(body, bracket)):
                found.append(body)
        for inner in _inner(operation, argument):
            _far(inner, bracket, found, is_last=ends and operation not in _REPEATS)
        bracket = chr(argument) if operation is sre.LITERAL and chr(argument) in "([{<" else ""


def _passes(items: Items, char: str) -> bool:
    """Whether a character is one of those that a sequence may match."""
    for operation, argument in items:
        if operation in (sre.LITERAL, sre.NOT_LITERAL, sre.IN, sre.ANY):
            if _is_in(char, operation, argument):
                return True
        elif any(_passes(inner, char) for inner in _inner(operation, argument)):
            return True
    return False


def _begins_apart(items: Items, bracket: str) -> bool:
    """Whether a loop's body matches a bracket only together with the one that closes it."""
    operation, argument = items[0]
    if operation is sre.LITERAL:
        return True
    if operation in (sre.NOT_LITERAL, sre.IN, sre.ANY):
        return not _is_in(bracket, operation, argument)
    return all(_begins_apart(inner, bracket) for inner in _inner(operation, argument) if inner)
