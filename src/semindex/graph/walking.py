"""Goes from definitions along calls and uses: to who calls them, what they call, what may break.

Definitions of one distance are looked for together, so that each file is read once a distance.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from msgspec import Struct

from semindex.graph.edges import Target, Tier
from semindex.graph.importing import Imported, importers_of
from semindex.graph.relations import CALLS, EVERY_ROLE, MAX_PLACES, Place, Relations, Via
from semindex.parse.facts.model import Flag, Form, Role

MAX_REACHED = 2_000
"""Definitions that are gone on from."""
MAX_SEARCHED = 20_000
"""Definitions that are looked at for a chain of calls."""
_CALLING = CALLS | {Role.DECORATOR}
_WEAKNESS = {tier: number for number, tier in enumerate(Tier)}


class Step(Struct, frozen=True):
    """A place that was reached."""

    place: Place
    distance: int
    """How many places lie between the definition that was asked for and this, this one among them."""
    weakest: Tier
    """How the least sure of these places is known."""


class Walk:
    """What was reached, in the order of distance, path and place."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.is_cut = False
        """Whether there is more than was looked at."""


def users(
    relations: Relations,
    targets: Sequence[Target],
    *,
    depth: int = 1,
    calls_only: bool = True,
    guesses: bool = False,
) -> Walk:
    """The places that use definitions, those that use the definitions around these places, and so on."""
    walk = Walk()
    frontier, met = list(targets), dict.fromkeys(targets, Tier.PRECISE)
    for distance in range(1, depth + 1):
        found: dict[Target, Tier] = {}
        roles = _calling_roles(relations, frontier) if calls_only else EVERY_ROLE
        for place in relations.uses_of(frontier, roles, guesses=guesses and distance == 1):
            if len(walk.steps) >= MAX_PLACES:
                walk.is_cut = True
                break
            # What was reached by a surer way is known by that.
            before = met.get(place.target, Tier.PRECISE) if place.target is not None else Tier.PRECISE
            weakest = max(before, place.tier, key=_WEAKNESS.__getitem__)
            walk.steps.append(Step(place, distance, weakest))
            around = Target(place.file, place.around)
            if place.around >= 0 and around not in met and place.tier is not Tier.NAME:
                found[around] = min(found.get(around, weakest), weakest, key=_WEAKNESS.__getitem__)
        met |= found
        frontier = list(found)
        if not frontier or walk.is_cut:
            break
        if len(met) > MAX_REACHED:
            walk.is_cut = distance < depth
            break
    return walk


def whole(relations: Relations, targets: Sequence[Target]) -> tuple[Target, ...]:
    """Definitions and all that is defined in classes and files among them."""
    found = dict.fromkeys(targets)
    waiting = list(targets)
    for target in waiting:
        unit = relations.corpus.unit(target.file)
        is_function = (
            target.number >= 0 and unit is not None and unit.definition(target.number).form == Form.FUNCTION
        )
        for each in () if is_function else relations.families.members(target):
            if each not in found:
                found[each] = None
                waiting.append(each)
    return tuple(found)


def outside_of(steps: Sequence[Step], changed: Collection[Target]) -> list[Step]:
    """The places that stand in none of some definitions, which are known to change."""
    inside = frozenset(changed)
    return [step for step in steps if Target(step.place.file, step.place.around) not in inside]


def with_importers(relations: Relations, targets: Sequence[Target], steps: Sequence[Step]) -> list[Step]:
    """The places, and the imports of files among some definitions that are not among the places."""
    known = {(step.place.file, step.place.line) for step in steps}
    found = list(steps)
    for target in targets:
        for each in importers_of(relations, target.file) if target.number < 0 else ():
            if (each.file, each.line) not in known:
                found.append(step_of_import(relations, each))
    return found


def _calling_roles(relations: Relations, targets: Sequence[Target]) -> Collection[int]:
    """What calls definitions: reading a property does."""
    for target in targets:
        unit = relations.corpus.unit(target.file)
        if unit is not None and unit.definition(target.number).flags & Flag.PROPERTY:
            return _CALLING | {Role.READ}
    return _CALLING


def called(relations: Relations, targets: Sequence[Target], *, depth: int = 1) -> Walk:
    """What definitions call, what that calls, and so on; each place once."""
    walk = Walk()
    frontier, met = list(targets), dict.fromkeys(targets)
    for distance in range(1, depth + 1):
        found: dict[Target, None] = {}
        for target in frontier:
            for place in relations.calls_in(target):
                walk.steps.append(Step(place, distance, place.tier))
                for each in _entered(relations, place):
                    if each not in met:
                        found[each] = None
        walk.is_cut = len(met) + len(found) > MAX_REACHED and distance < depth
        met |= found
        frontier = list(found)
        if walk.is_cut or not frontier:
            break
    return walk


def _entered(relations: Relations, place: Place) -> Iterator[Target]:
    """The functions that a call runs."""
    if place.target is None or place.target.number < 0:
        return
    unit = relations.corpus.unit(place.target.file)
    if unit is not None and unit.definition(place.target.number).form == Form.FUNCTION:
        yield place.target
    else:
        yield from relations.families.makers(place.target)


def chain(relations: Relations, start: Sequence[Target], goal: Sequence[Target]) -> Walk:
    """The places of a shortest chain of calls from one definition to another, in their order.

    Calls that run an override instead of what they name are followed only where there is no other chain.
    """
    found = _chain(relations, start, goal, lambda place: _entered(relations, place))
    if found.steps or found.is_cut:
        return found

    def dispatched(place: Place) -> Iterator[Target]:
        for each in _entered(relations, place):
            yield each
            yield from relations.families.overriding(each)

    return _chain(relations, start, goal, dispatched)


def _chain(
    relations: Relations,
    start: Sequence[Target],
    goal: Sequence[Target],
    entered: Callable[[Place], Iterator[Target]],
) -> Walk:
    walk, wanted = Walk(), frozenset(goal)
    came_from: dict[Target, tuple[Target, Place] | None] = dict.fromkeys(start)
    waiting = list(start)
    for target in waiting:
        for place in relations.calls_in(target):
            reached = list(entered(place))
            if place.target is not None and place.target in wanted:
                reached.append(place.target)
            for each in reached:
                if each in came_from:
                    continue
                via = Via.DIRECT if _is_named(relations, each, place) else Via.OVERRIDE
                came_from[each] = target, _through(place, each, via)
                if each in wanted:
                    walk.steps = _back(came_from, each)
                    return walk
                waiting.append(each)
        if len(came_from) > MAX_SEARCHED:
            walk.is_cut = True
            break
    return walk


def _is_named(relations: Relations, target: Target, place: Place) -> bool:
    return target == place.target or target in tuple(_entered(relations, place))


def _through(place: Place, target: Target, via: Via) -> Place:
    return Place(
        place.file,
        place.line,
        place.column,
        place.name,
        place.role,
        place.tier,
        target,
        via,
        place.around,
        place.expression,
    )


def _back(came_from: dict[Target, tuple[Target, Place] | None], goal: Target) -> list[Step]:
    places: list[Place] = []
    here = came_from[goal]
    while here is not None:
        before, place = here
        places.append(place)
        here = came_from[before]
    return [Step(place, number, place.tier) for number, place in enumerate(reversed(places), 1)]


def step_of_import(relations: Relations, found: Imported) -> Step:
    """An import as a place that was reached."""
    unit = relations.corpus.unit(found.file)
    around = unit.around(found.line) if unit is not None else -1
    place = Place(
        found.file, found.line, 0, found.module, "import", found.tier, found.target, Via.DIRECT, around
    )
    return Step(place, 1, found.tier)
