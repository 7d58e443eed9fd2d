"""The calls of the code graph, joined with a truth by their places, and counted by tier.

An edge is a call site and one of its targets. It is *right* if the truth names the target (the definition,
an overload of it, or the constructor of a class) for the name at that place, *wrong* if the truth names
others or says that the definition is in other code. Sites of which the oracle says nothing (``open``), where
it only knows a variable (``value``) and where it is known to err (``broken``) count neither way.

Recall is of the sites that the oracle takes for calls and whose definition is in the repository, whether the
graph has a call there or not. Such a site is found if one of its edges is right.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct, field

from benchmarks.graph.truth import Site, Target, Truth, Verdict

Place = tuple[str, int, int]
"""A path, a line and a column."""


class Tier(StrEnum):
    """How the graph knows the target of a call, the surest first."""

    PRECISE = "precise"
    RESOLVED = "resolved"
    SCOPED = "scoped"
    NAME = "name"
    EXTERNAL = "external"


EDGE_TIERS = (Tier.PRECISE, Tier.RESOLVED, Tier.SCOPED, Tier.NAME)
"""The tiers that name a target, in the order in which recall adds them up."""
STATED = (Tier.PRECISE, Tier.RESOLVED, Tier.SCOPED)
"""The tiers that the product shows as facts."""


class CallTarget(Struct, frozen=True):
    """A definition that a call may go to."""

    path: str
    line: int
    symbol: str = ""


class Call(Struct, frozen=True):
    """A call site, as ``semindex graph calls`` prints it."""

    path: str
    line: int
    column: int
    name: str
    tier: Tier
    targets: tuple[CallTarget, ...] = ()


class Edges(Struct):
    """The edges of one tier for which the truth has an answer."""

    right: int = 0
    wrong: int = 0
    found: int = 0
    """The sites of the truth's calls for which an edge is right."""


class Detail(Struct, frozen=True):
    """A wrong edge or a missed call, for those who improve the graph."""

    problem: str
    path: str
    line: int
    column: int
    name: str
    tier: str
    said: tuple[str, ...]
    truth: tuple[str, ...]


class Score(Struct):
    """The result for one repository."""

    repository: str
    language: str
    calls: int = 0
    """The calls of the graph in files that the oracle analysed."""
    internal: int = 0
    """The calls of the oracle whose definition is in the repository: what recall is of."""
    tiers: dict[Tier, Edges] = field(default_factory=lambda: {tier: Edges() for tier in EDGE_TIERS})
    external_right: int = 0
    external_wrong: int = 0
    open: int = 0
    value: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    """The calls of the graph where the oracle is known to err, by the fault."""
    elsewhere: int = 0
    """The calls of the graph in files of the language that the oracle did not analyse."""
    details: list[Detail] = field(default_factory=list)

    def precision(self, tiers: Iterable[Tier]) -> float | None:
        """Return the share of right edges, 0 to 1; none without edges."""
        edges = [self.tiers[tier] for tier in tiers]
        right, wrong = sum(each.right for each in edges), sum(each.wrong for each in edges)
        return right / (right + wrong) if right + wrong else None

    def recall(self, tiers: Iterable[Tier]) -> float | None:
        """Return the share of the truth's calls that are found, 0 to 1; none if it has no calls."""
        found = sum(self.tiers[tier].found for tier in tiers)
        return found / self.internal if self.internal else None


def read_calls(path: Path) -> list[Call]:
    """Return the calls in a file with a JSON object a line.

    Raises:
        OSError: The file cannot be read.
        msgspec.MsgspecError: A line is no call.
    """
    decoder = msgspec.json.Decoder(Call)
    return [decoder.decode(line) for line in path.read_bytes().splitlines() if line.strip()]


def score(calls: Iterable[Call], truth: Truth, suffixes: tuple[str, ...]) -> Score:
    """Return how the calls of one repository compare with a truth.

    Of the files that it did not analyse, those that end with ``suffixes`` are told.
    """
    result = Score(truth.repository, truth.language)
    sites = {path: {(site.line, site.column): site for site in found} for path, found in truth.files.items()}
    by_place: dict[Place, list[Call]] = defaultdict(list)
    for call in calls:
        if call.path in sites:
            by_place[call.path, call.line, call.column].append(call)
        elif call.path.endswith(suffixes):
            result.elsewhere += 1
    for (path, line, column), here in by_place.items():
        result.calls += 1
        _count(result, here, sites[path].get((line, column)))
    _count_found(result, sites, by_place)
    return result


def _count(result: Score, calls: list[Call], site: Site | None) -> None:
    if site is None or site.name != calls[0].name:
        result.open += 1
    elif site.verdict is Verdict.VALUE:
        result.value += 1
    elif site.verdict is Verdict.BROKEN:
        result.broken[site.reason] += 1
    else:
        for call in calls:
            _count_edges(result, call, site)


def _count_edges(result: Score, call: Call, site: Site) -> None:
    if call.tier is Tier.EXTERNAL:
        result.external_right += site.verdict is Verdict.EXTERNAL
        result.external_wrong += site.verdict is Verdict.INTERNAL
        return
    for target in call.targets:
        right = Target(target.path, target.line) in site.targets
        result.tiers[call.tier].right += right
        result.tiers[call.tier].wrong += not right
        if not right:
            result.details.append(_detail("wrong", call.path, site, call))


def _count_found(
    result: Score,
    sites: Mapping[str, dict[tuple[int, int], Site]],
    calls: Mapping[Place, list[Call]],
) -> None:
    for path, in_file in sites.items():
        for site in in_file.values():
            if site.verdict is not Verdict.INTERNAL or not site.call:
                continue
            result.internal += 1
            here = [call for call in calls.get((path, site.line, site.column), ()) if call.name == site.name]
            right = next((call for call in here if _is_right(call, site)), None)
            if right is not None:
                result.tiers[right.tier].found += 1
            if right is None or right.tier is Tier.NAME:
                result.details.append(_detail("missed", path, site, right or (here[0] if here else None)))


def _is_right(call: Call, site: Site) -> bool:
    targets = {Target(target.path, target.line) for target in call.targets}
    return call.tier in EDGE_TIERS and not targets.isdisjoint(site.targets)


def _detail(problem: str, path: str, site: Site, call: Call | None) -> Detail:
    said = (
        tuple(f"{target.path}:{target.line} {target.symbol}".strip() for target in call.targets)
        if call
        else ()
    )
    truth = tuple(f"{target.path}:{target.line}" for target in site.targets)
    tier = call.tier.value if call else "no call here"
    return Detail(
        problem, path, site.line, site.column, site.name, tier, said, truth or (site.verdict.value,)
    )
