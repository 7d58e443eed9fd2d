"""The output of the oracles that are programs of their own: a JSON object a name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from benchmarks.graph.truth import Site, Target, Verdict, merged


class PrintedTarget(Struct, frozen=True):
    """A definition, as a program prints it."""

    path: str
    line: int


class PrintedSite(Struct, frozen=True):
    """A name, as a program prints it. Lines and columns (bytes) count from 1."""

    path: str
    line: int
    column: int
    name: str
    call: bool
    verdict: Verdict
    targets: tuple[PrintedTarget, ...]
    reason: str = ""


def sites_by_path(lines: Iterable[str]) -> dict[str, list[Site]]:
    """Return the sites of each file in order.

    Raises:
        msgspec.MsgspecError: A line is no such object.
    """
    decoder = msgspec.json.Decoder(PrintedSite)
    found: dict[str, list[Site]] = defaultdict(list)
    for line in lines:
        printed = decoder.decode(line)
        targets = tuple(sorted(Target(target.path, target.line) for target in printed.targets))
        place = (printed.line, printed.column, printed.name, printed.call)
        found[printed.path].append(Site(*place, printed.verdict, targets, printed.reason))
    return {path: merged(sites) for path, sites in found.items()}
