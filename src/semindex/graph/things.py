"""What expressions mean: definitions, objects of them, modules, and what is not in this index."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Sort(IntEnum):
    """What a thing is."""

    DEFINITION = 0
    MODULE = 1
    """A file as a module, or, without a file, the folder :attr:`Thing.name` as a package."""
    EXTERNAL = 2
    """Something that is not in this index, by its :attr:`Thing.name` as far as that is known."""
    TUPLE = 3


class Closure(NamedTuple):
    """An expression of a file, to be evaluated when it is needed."""

    file: int
    expression: int


class Thing(NamedTuple):
    """One thing that an expression may mean."""

    sort: Sort
    file: int = -1
    number: int = -1
    """Of the definition in its file."""
    name: str = ""
    is_object: bool = False
    """Whether it is an object of the class, not the class itself."""
    arguments: tuple[Closure, ...] = ()
    """Type arguments of a generic type; the parts of a tuple."""
    receiver: Thing | None = None
    """Of a method: the object that it was taken from."""


Value = tuple[Thing, ...] | None
"""All things that an expression may mean; None when that is not known."""


def external(name: str, *, is_object: bool = False) -> Thing:
    """Something outside the index."""
    return Thing(Sort.EXTERNAL, name=name, is_object=is_object)


def joined(values: list[Value]) -> Value:
    """The union of several values; unknown if one is, or if nothing is in any."""
    found: dict[Thing, None] = {}
    for value in values:
        if value is None:
            return None
        found.update(dict.fromkeys(value))
    return tuple(found) or None
