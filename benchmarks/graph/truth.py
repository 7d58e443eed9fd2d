"""What a type checker says about the names in a repository, as a file that any graph can be scored with."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct, field


class Verdict(StrEnum):
    """What the oracle says about a name that stands at a place."""

    INTERNAL = "internal"
    """A function, method, class or macro that this repository defines."""
    EXTERNAL = "external"
    """Something that other code defines."""
    VALUE = "value"
    """A parameter, variable or field: what it calls is not known from its type. Counts neither way."""
    BROKEN = "broken"
    """A known fault of the oracle. Counts neither way."""


class Target(Struct, frozen=True, array_like=True, order=True):
    """A definition: its path below the repository and the line of its name, from 1."""

    path: str
    line: int


class Site(Struct, frozen=True, array_like=True):
    """A name that the oracle has an answer for."""

    line: int
    """From 1."""
    column: int
    """Of the name's first byte, from 1, in bytes of UTF-8."""
    name: str
    call: bool
    """Whether it is called here, by the text behind it or by the oracle's syntax tree."""
    verdict: Verdict
    targets: tuple[Target, ...] = ()
    """All answers that are right: the definition, its overloads, and the constructor of a class."""
    reason: str = ""
    """The fault, if the verdict is ``broken``."""


class Truth(Struct, frozen=True):
    """The answer of one oracle about one repository."""

    language: str
    oracle: str
    """The program and its version."""
    repository: str
    revision: str
    """The commit, or the empty string outside git."""
    files: dict[str, list[Site]] = field(default_factory=dict)
    """By path, the sites in order of their place. A file that is absent was not analysed."""


def read_truth(path: Path) -> Truth:
    """Return the truth in a file that ``write_truth`` wrote.

    Raises:
        OSError: The file cannot be read.
        msgspec.MsgspecError: The file is no truth.
    """
    return msgspec.json.decode(path.read_bytes(), type=Truth)


def write_truth(truth: Truth, path: Path) -> None:
    """Write ``truth`` as JSON, a line a file of the repository."""
    head = msgspec.to_builtins(truth)
    files = head.pop("files")
    rows = ",\n".join(f"{_json(name)}:{_json(sites)}" for name, sites in sorted(files.items()))
    path.write_text(f'{_json(head)[:-1]},"files":{{\n{rows}\n}}}}\n', "utf-8")


def merged(sites: Iterable[Site]) -> list[Site]:
    """Return one site a place, in order: an oracle may name several definitions of a union at one place.

    A definition of the repository outranks one outside it, and both outrank a value and a fault.
    """
    by_place: dict[tuple[int, int], Site] = {}
    for site in sites:
        place = (site.line, site.column)
        by_place[place] = _joined(by_place[place], site) if place in by_place else site
    return [by_place[place] for place in sorted(by_place)]


def _joined(first: Site, second: Site) -> Site:
    order = list(Verdict)
    best, other = sorted((first, second), key=lambda site: order.index(site.verdict))
    targets = set(best.targets)
    if other.verdict is best.verdict:
        targets |= set(other.targets)
    return msgspec.structs.replace(best, targets=tuple(sorted(targets)), call=best.call or other.call)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
