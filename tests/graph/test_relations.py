"""Who uses a definition, in full, over a small repository."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import semindex
from semindex.graph.edges import Target
from semindex.graph.relations import CALLS, Place, Relations
from tests.product import plant

FILES: dict[str | bytes, bytes] = {
    "shop/__init__.py": b"from .store import Store as Shelf\n",
    "shop/base.py": (
        b"class Base:\n"
        b"    def __init__(self, name): ...\n"
        b"    def save(self): ...\n"
        b"    def again(self):\n        self.save()\n"
    ),
    "shop/store.py": (
        b"from shop.base import Base\n"
        b"class Store(Base):\n"
        b"    def save(self):\n        super().save()\n"
        b"class Large(Store): ...\n"
        b"Alias = Store\n"
    ),
    "shop/use.py": (
        b"from shop import Shelf\n"
        b"from shop.store import Alias, Large\n"
        b"from shop.base import Base\n"
        b"def both(one: Base, other: Shelf):\n"
        b"    one.save()\n    other.save()\n    Large('a').save()\n    unknown().save()\n"
        b"def make():\n    return Alias('b'), Shelf\n"
    ),
    "tests/test_store.py": b"from shop import Shelf\ndef test_save():\n    Shelf('c').save()\n",
}


@pytest.fixture(scope="module")
def relations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relations]:
    root = plant(tmp_path_factory.mktemp("shop"), FILES)
    with semindex.open(root) as index:
        index.refresh()
        yield Relations(index.snapshot().graph())


def target(relations: Relations, path: str, name: str) -> Target:
    file = relations.corpus.path_of[path]
    unit = relations.corpus.unit(file)
    assert unit is not None
    (number,) = (n for n in range(len(unit.facts.definitions)) if unit.qualified(n) == name)
    return Target(file, number)


def told(relations: Relations, places: Iterator[Place]) -> list[str]:
    def around(place: Place) -> str:
        unit = relations.corpus.unit(place.file)
        return unit.qualified(place.around) if unit is not None and place.around >= 0 else "-"

    return [
        f"{relations.corpus.path(each.file)}:{each.line} {each.name} {each.role} {around(each)}"
        + (f" {each.via.value}" if each.via.value else "")
        + (f" {each.tier.value}" if each.tier.value != "resolved" else "")
        for each in places
    ]


def test_calls_of_a_member_come_with_those_of_what_overrides_it(relations: Relations) -> None:
    save = target(relations, "shop/base.py", "Base.save")
    assert told(relations, relations.uses_of([save], CALLS)) == [
        "shop/base.py:5 save call Base.again",
        "shop/store.py:4 save call Store.save",
        "shop/use.py:5 save call both",
        "shop/use.py:6 save call both override",
        "shop/use.py:7 save call both override",
        "tests/test_store.py:3 save call test_save override",
    ]


def test_calls_through_a_base_are_marked(relations: Relations) -> None:
    save = target(relations, "shop/store.py", "Store.save")
    found = told(relations, relations.uses_of([save], CALLS))
    assert [each for each in found if each.endswith(" base")] == [
        "shop/base.py:5 save call Base.again base",
        "shop/store.py:4 save call Store.save base",
        "shop/use.py:5 save call both base",
    ]
    assert len(found) == 6
    alone = told(relations, relations.uses_of([save], CALLS, dispatched=False))
    assert alone == [each for each in found if not each.endswith(" base")]


def test_a_class_is_found_under_its_other_names(relations: Relations) -> None:
    store = target(relations, "shop/store.py", "Store")
    assert told(relations, relations.uses_of([store])) == [
        "shop/__init__.py:1 Store import -",
        "shop/store.py:5 Store base Large",
        "shop/store.py:6 Store read -",
        "shop/use.py:1 Shelf import -",
        "shop/use.py:2 Alias import -",
        "shop/use.py:4 Shelf type both",
        "shop/use.py:10 Alias call make",
        "shop/use.py:10 Shelf read make",
        "tests/test_store.py:1 Shelf import -",
        "tests/test_store.py:3 Shelf call test_save",
    ]


def test_making_an_object_calls_the_constructor_that_a_class_has_or_inherits(relations: Relations) -> None:
    made = target(relations, "shop/base.py", "Base.__init__")
    assert told(relations, relations.uses_of([made], CALLS)) == [
        "shop/use.py:7 Large call both",
        "shop/use.py:10 Alias call make",
        "tests/test_store.py:3 Shelf call test_save",
    ]


def test_places_where_only_the_name_matches_come_when_asked_for(relations: Relations) -> None:
    save = target(relations, "shop/base.py", "Base.save")
    certain = set(told(relations, relations.uses_of([save], CALLS)))
    with_guesses = told(relations, relations.uses_of([save], CALLS, guesses=True))
    assert set(with_guesses) - certain == {"shop/use.py:8 save call both name"}


def test_what_a_definition_calls(relations: Relations) -> None:
    both = target(relations, "shop/use.py", "both")
    assert told(relations, relations.calls_in(both)) == [
        "shop/use.py:5 save call both",
        "shop/use.py:6 save call both",
        "shop/use.py:7 Large call both",
        "shop/use.py:7 save call both",
        "shop/use.py:8 unknown call both name",
        "shop/use.py:8 save call both name",
    ]


def test_every_call_is_found_from_its_other_end(relations: Relations) -> None:
    forth: dict[Target, set[tuple[int, int, int]]] = {}
    for file in relations.corpus.path_of.values():
        for edge in relations.edges.of_file(file):
            for each in edge.targets:
                forth.setdefault(each, set()).add((file, edge.use.line, edge.use.column))
    assert len(forth) >= 5
    for each, sites in forth.items():
        for alias in relations.families.aliases(each):
            sites = sites | forth.get(alias, set())
        back = relations.uses_of([each], CALLS, dispatched=False)
        assert {(place.file, place.line, place.column) for place in back} == sites


def test_tests_are_told_by_their_paths(relations: Relations) -> None:
    paths = relations.corpus.path_of
    assert relations.is_test(paths["tests/test_store.py"])
    assert not relations.is_test(paths["shop/use.py"])
