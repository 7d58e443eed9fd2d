"""What packages offer: the definitions that their outermost ``__init__``, ``index`` or ``mod`` file has.

Example: with ``shop/__init__.py`` that says ``from .cart import Cart``, ``Cart`` of ``shop/cart.py`` is
offered. What ``shop/parts/__init__.py`` has is not, unless ``shop/__init__.py`` takes it from there.
"""

from __future__ import annotations

from collections.abc import Iterator

from semindex.graph.corpus import Unit
from semindex.graph.network import Network
from semindex.graph.things import Sort, Thing
from semindex.parse.facts.model import Flag
from semindex.source.roles import Role as FileRole

_STARS = 8
"""How often an import of everything is followed through others."""


def exported_by_packages(network: Network) -> frozenset[tuple[int, int]]:
    """The definitions that packages offer, each as its file and its number there."""
    return frozenset(
        target
        for file in _outermost(network)
        for target in _offered(network, network.corpus.unit(file), _STARS)
    )


def _outermost(network: Network) -> Iterator[int]:
    """The files that stand for a folder, in no folder below another such one; none of tests."""
    path = network.corpus.path
    barrels = {
        path(file).rpartition("/")[0]: file
        for file in network.files
        if network.roles[file] & FileRole.BARREL and not network.is_aside(file)
    }
    for folder, file in sorted(barrels.items()):
        parts = folder.split("/")
        if not any("/".join(parts[:end]) in barrels for end in range(1, len(parts))):
            yield file


def _offered(network: Network, unit: Unit | None, stars: int) -> Iterator[tuple[int, int]]:
    if unit is None:
        return
    evaluator = network.edges.evaluator
    for number, each in enumerate(unit.facts.definitions):
        if each.parent < 0 and _is_public(unit, number):
            yield unit.file, number
    for name, expression in unit.bindings.items():
        if not name.startswith("_"):
            yield from _definitions(evaluator.value(unit.file, expression))
    for name, numbers in unit.imports.items():
        for number in numbers if not name.startswith("_") else ():
            if name:
                yield from _imported(network, unit, number)
            elif stars:
                yield from _starred(network, unit, number, stars - 1)


def _imported(network: Network, unit: Unit, number: int) -> Iterator[tuple[int, int]]:
    variable = network.variables.imported(unit, number)
    if variable is not None:
        yield variable.file, variable.number
    else:
        yield from _definitions(network.edges.evaluator.imported(unit, number))


def _starred(network: Network, unit: Unit, number: int, stars: int) -> Iterator[tuple[int, int]]:
    language = network.edges.evaluator.language(unit.file)
    for module in language.module(unit, unit.imported(number)) or ():
        if module.file >= 0 and module.file != unit.file:
            yield from _offered(network, network.corpus.unit(module.file), stars)


def _definitions(things: tuple[Thing, ...] | None) -> Iterator[tuple[int, int]]:
    for thing in things or ():
        if thing.sort is Sort.DEFINITION and not thing.is_object:
            yield thing.file, thing.number


def _is_public(unit: Unit, number: int) -> bool:
    return not unit.definition(number).flags & (Flag.PRIVATE | Flag.TEST)
