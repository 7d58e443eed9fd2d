"""Who uses a definition: every place whose expression means it, and what is called inside one.

A place can use a definition under another name (``from a import b as c``), or through a base or a subclass of
the class that it belongs to. Example: with ::

    class Base:
        def save(self): ...
    class Sub(Base):
        def save(self): ...
    def run(some: Base, other: Sub):
        some.save(); other.save()

the uses of ``Base.save`` are ``some.save()``, and, by :attr:`Via.OVERRIDE`, ``other.save()``; those of
``Sub.save`` are ``other.save()``, and, by :attr:`Via.BASE`, ``some.save()``, as ``some`` may be a ``Sub``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum

from msgspec import Struct

from semindex.graph.corpus import Corpus, Unit
from semindex.graph.edges import Edges, Target, Tier
from semindex.graph.families import Families, is_led_by
from semindex.parse.facts.model import UNKNOWN, Role, Use
from semindex.source.roles import Role as FileRole

EVERY_ROLE = frozenset(Role)
CALLS = frozenset((Role.CALL,))
MAX_PLACES = 5_000
"""Of a definition that is used more often, the uses that come first by path are given."""


class Via(Enum):
    """Which definition of a member a place means."""

    DIRECT = ""
    """The one that was asked for."""
    OVERRIDE = "override"
    """One of a subclass that overrides it."""
    BASE = "base"
    """One of a base that it overrides: the object may be of this class."""


class Place(Struct, frozen=True):
    """A place that uses a definition."""

    file: int
    line: int
    """1-based."""
    column: int
    """Of the last name, 1-based, in bytes of UTF-8; 0 for an import, of which the line alone is known."""
    name: str
    """The last name, as it stands there."""
    role: str
    """``call``, ``read``, ``type``, ``base``, ``decorator``, ``import``."""
    tier: Tier
    target: Target | None
    """The definition that is meant; None where that is not known, or it is outside of the index."""
    via: Via
    around: int
    """The number of the definition that the place stands in; -1 for none."""
    expression: int = UNKNOWN


class Relations:
    """Asks the edges of a repository from their other end."""

    def __init__(self, edges: Edges) -> None:
        """Take the edges."""
        self.edges = edges
        self.corpus: Corpus = edges.corpus
        self.families = Families(edges)

    def is_test(self, file: int, number: int = -1) -> bool:
        """Whether a file is one of tests, or a definition is one."""
        return bool(self.corpus.file_roles[file] & FileRole.TESTS) or self.edges.is_test(file, number)

    def uses_of(
        self,
        targets: Sequence[Target],
        roles: Collection[int] = EVERY_ROLE,
        *,
        guesses: bool = False,
        dispatched: bool = True,
    ) -> Iterator[Place]:
        """The places that use some definitions, by path and place, each place once.

        Args:
            targets: The definitions, such as the overloads of one function.
            roles: Only places with one of these roles; imports come with :data:`Role.READ`.
            guesses: Whether places come, too, of which only the name is known to match.
            dispatched: Whether places come, too, that use a member through a base or a subclass.
        """
        wanted = dict.fromkeys(targets, Via.DIRECT)
        for target in targets:
            for other in self.families.aliases(target):
                wanted.setdefault(other, Via.DIRECT)
            if dispatched:
                for other in self.families.overriding(target):
                    wanted.setdefault(other, Via.OVERRIDE)
                for other in self.families.overridden(target):
                    wanted.setdefault(other, Via.BASE)
        made = self._made_by(targets)
        names = {name for each in (*wanted, *made) for name in self.families.names_of(each)}
        files = self.corpus.naming(sorted(names)).tolist()
        if any(self.families.is_called_by_object(each) for each in targets):
            files = sorted(self.corpus.path_of.values())
        search = _Search(self, names, wanted, made, frozenset(map(int, roles)), guesses=guesses)
        for file in sorted(files, key=self.corpus.path):
            unit = self.corpus.unit(file)
            if unit is not None:
                yield from search.of(unit)

    def _made_by(self, targets: Sequence[Target]) -> Mapping[Target, Target]:
        """The classes of which making an object calls one of some definitions, and which one that is."""
        made = {owner: target for target in targets for owner in self.families.made_by(target)}
        for owner, target in list(made.items()):
            made |= dict.fromkeys(self.families.aliases(owner), target)
        return made

    def calls_in(self, target: Target) -> Iterator[Place]:
        """What a definition calls, in the order of the places; a file with the number -1.

        A place that may mean several definitions is given once for each. One whose target is None leads out
        of the index, or is not known, as its tier tells.
        """
        unit = self.corpus.unit(target.file)
        if unit is None:
            return
        first, last = 0, 1 << 60
        if target.number >= 0:
            definition = unit.definition(target.number)
            first, last = definition.line, definition.end_line
        for use in unit.facts.each_use():
            if use.role == Role.CALL and first <= use.line <= last:
                tier, found = self.edges.resolved(unit, use)
                for each in found or (None,):
                    yield self.place(unit, use, tier, each, Via.DIRECT)

    def place(self, unit: Unit, use: Use, tier: Tier, target: Target | None, via: Via) -> Place:
        """A use as a place."""
        name = unit.facts.names[use.name]
        role = Role(use.role).name.lower()
        around = unit.around(use.line)
        return Place(unit.file, use.line, use.column, name, role, tier, target, via, around, use.expression)


class _Search:
    """Looks for uses of some definitions in one file after the other."""

    def __init__(
        self,
        relations: Relations,
        names: Collection[str],
        wanted: Mapping[Target, Via],
        made: Mapping[Target, Target],
        roles: Collection[int],
        *,
        guesses: bool,
    ) -> None:
        self._relations, self._edges = relations, relations.edges
        self._names, self._wanted, self._made = names, wanted, made
        self._roles, self._guesses = roles, guesses
        self._takes_objects = any(relations.families.is_called_by_object(each) for each in wanted)

    def of(self, unit: Unit) -> Iterator[Place]:
        """The places of a file."""
        found = list(self._uses(unit))
        if Role.READ in self._roles:
            found += self._imports(unit)
        found.sort(key=lambda place: (place.line, place.column))
        yield from found

    def _uses(self, unit: Unit) -> Iterator[Place]:
        named = frozenset(at for at, name in enumerate(unit.facts.names) if name in self._names)
        known: dict[int, tuple[Tier, Target | None, Via] | None] = {}
        line, flat = 0, iter(unit.facts.flat_uses)
        for step, column, name, expression, role in zip(flat, flat, flat, flat, flat, strict=True):
            line += step
            if role not in self._roles:
                continue
            is_named = name in named
            by_object = self._takes_objects and role == Role.CALL
            if not (is_named or by_object or is_led_by(unit, expression, named)):
                continue
            key = (expression << 2) | (role == Role.CALL) << 1 | is_named
            if expression == UNKNOWN or key not in known:
                use = Use(line, column, name, expression, role)
                known[key] = self._meant(unit, use, is_named=is_named)
            meant = known[key]
            if meant is not None:
                yield self._relations.place(unit, Use(line, column, name, expression, role), *meant)

    def _meant(self, unit: Unit, use: Use, *, is_named: bool) -> tuple[Tier, Target | None, Via] | None:
        tier, targets = self._edges.resolved(unit, use)
        best: tuple[Target, Via] | None = None
        for target in targets:
            via = self._wanted.get(target)
            if via is None and use.role == Role.CALL and target in self._made:
                target, via = self._made[target], Via.DIRECT
            if via is not None and (best is None or via is Via.DIRECT):
                best = target, via
        if best is not None:
            return tier, *best
        is_guess = self._guesses and is_named and tier is Tier.NAME and not targets
        return (tier, None, Via.DIRECT) if is_guess else None

    def _imports(self, unit: Unit) -> Iterator[Place]:
        names = unit.facts.names
        for number, each in enumerate(unit.facts.imports):
            if each.name < 0 or names[each.name] not in self._names or not each.line:
                continue
            for thing in self._edges.evaluator.imported(unit, number) or ():
                target = Target(thing.file, thing.number)
                via = self._wanted.get(target)
                if via is not None and not thing.is_object:
                    around = unit.around(each.line)
                    name = names[each.name]
                    yield Place(unit.file, each.line, 0, name, "import", Tier.RESOLVED, target, via, around)
                    break
