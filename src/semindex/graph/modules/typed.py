"""How languages with packages and declared types name things across files.

A file says the package to which it belongs, and is found by it, wherever it stands: ``a.b.C.D`` is the type
``D`` in the type ``C`` that a file of the package ``a.b`` defines. Of several files that define one name (a
repository with several programs), the one nearest to the file that asks is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from semindex.graph.modules.base import Language
from semindex.graph.things import Sort, Thing, Value, external, joined
from semindex.parse.facts.model import Import, Op

if TYPE_CHECKING:
    from semindex.graph.corpus import Corpus, Unit
    from semindex.graph.evaluating import Evaluator

_ITERATOR = "Iterator"


class Typed(Language):
    """What holds for all of them."""

    methods_apart = True
    aliases_are_called = True
    builtins: frozenset[str] = frozenset()
    """Types that are there without an import."""
    elements: frozenset[str] = frozenset()
    """Methods of containers that give an element: of a mapping, a value."""
    same: frozenset[str] = frozenset()
    """Methods of containers that give a container of the same elements."""
    keys: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    entries: frozenset[str] = frozenset()
    """Methods of mappings that give their keys, values, and pairs of both."""
    of_key: frozenset[str] = frozenset()
    of_value: frozenset[str] = frozenset()
    """Methods of such a pair."""
    default_packages: Sequence[str] = ()
    """Packages that every file imports whole."""

    def __init__(self, corpus: Corpus) -> None:
        """Take the corpus; look at nothing yet."""
        super().__init__(corpus)
        self._naming: dict[str, tuple[int, ...]] = {}
        self._by_name: dict[tuple[str, str, str], tuple[Thing, ...]] = {}

    # Packages.

    def _files_naming(self, key: str) -> tuple[int, ...]:
        known = self._naming.get(key)
        if known is None:
            known = self._naming[key] = tuple(self.corpus.naming([key]).tolist())
        return known

    def is_package(self, name: str) -> bool:
        """Whether a file belongs to a package."""
        return bool(self._files_naming(name + "."))

    def in_package(self, package: str, name: str, asking: int) -> tuple[Thing, ...]:
        """The definitions of a name at the top of the files of a package, those nearest to a file."""
        folder = self.corpus.path(asking).rpartition("/")[0]
        key = (package, name, folder)
        known = self._by_name.get(key)
        if known is None:
            known = self._by_name[key] = tuple(self._nearest(package, name, folder))
        return known

    def _nearest(self, package: str, name: str, folder: str) -> list[Thing]:
        found: list[tuple[int, Thing]] = []
        for file in self._files_naming(f"{package}.{name}"):
            unit = self.corpus.unit(file)
            shared = _shared_folders(folder, self.corpus.path(file))
            for number in unit.by_parent.get(-1, {}).get(name, ()) if unit is not None else ():
                found.append((shared, Thing(Sort.DEFINITION, file, number)))
        most = max((shared for shared, _ in found), default=0)
        return [thing for shared, thing in found if shared == most]

    def _package(self, name: str, asking: int) -> Thing:
        # The number of a package is a file of its language.
        return Thing(Sort.MODULE, number=asking, name=name)

    def qualified(self, text: str, asking: int) -> Value:
        """What a whole name means: a package, a type in it, a type in that."""
        parts = text.split(".")
        for end in range(len(parts) - 1, -1, -1):
            found = self.in_package(".".join(parts[:end]), parts[end], asking)
            for inner in parts[end + 1 :]:
                found = self._directly_in(found, inner)
            if found:
                return found
        if self.is_package(text):
            return (self._package(text, asking),)
        return (external(parts[-1])._replace(file=asking),)

    def _directly_in(self, things: Sequence[Thing], name: str) -> tuple[Thing, ...]:
        found = []
        for thing in things:
            unit = self.corpus.unit(thing.file)
            for number in unit.by_parent.get(thing.number, {}).get(name, ()) if unit is not None else ():
                found.append(Thing(Sort.DEFINITION, thing.file, number))
        return tuple(found)

    def module(self, unit: Unit, each: Import) -> Value:
        """The package, or the type, that an import names."""
        return self.qualified(unit.facts.names[each.module], unit.file)

    def member(self, evaluator: Evaluator, module: Thing, name: str) -> Value:
        """What a package has."""
        if module.sort is Sort.DEFINITION:
            return evaluator.raw_member(module, name)
        if module.file >= 0:
            return evaluator.exported(module.file, name)
        found = self.in_package(module.name, name, module.number)
        if found:
            return found
        inner = f"{module.name}.{name}"
        return (self._package(inner, module.number),) if self.is_package(inner) else None

    # Names.

    def free(self, evaluator: Evaluator, unit: Unit, name: str) -> Value:
        """An import, a name of the same package, one of a package that is imported whole, or a builtin."""
        numbers = unit.imports.get(name)
        if numbers:
            return joined([evaluator.imported(unit, number) for number in numbers])
        found = self._in_own(unit, name)
        if found:
            return found
        if name in self.builtins:
            return (external(name)._replace(file=unit.file),)
        taken = evaluator.taken_whole(unit, name)
        if taken is not None and taken[0].sort is not Sort.EXTERNAL:
            return taken
        for package in self.default_packages:
            found = self.in_package(package, name, unit.file)
            if found:
                return found
        if taken is None or not (name[:1].isupper() or self._takes_members(unit)):
            return None
        return tuple(each._replace(file=unit.file) for each in taken)

    def _takes_members(self, unit: Unit) -> bool:
        """Whether a file imports all members of a type outside of the index, not only types of packages."""
        for number in unit.imports.get("", ()):
            each = unit.imported(number)
            if unit.facts.names[each.module].rpartition(".")[2][:1].isupper():
                found = self.module(unit, each)
                if found is not None and found[0].sort is Sort.EXTERNAL:
                    return True
        return False

    def _in_own(self, unit: Unit, name: str) -> tuple[Thing, ...]:
        own = unit.by_parent.get(-1, {}).get(name)
        if own:
            return tuple(Thing(Sort.DEFINITION, unit.file, number) for number in own)
        return self.in_package(unit.facts.package, name, unit.file)

    # Outside of the index.

    def external_member(self, evaluator: Evaluator, thing: Thing, name: str) -> Value:
        """A member of something outside; a method of a container keeps what that holds."""
        whole = external(name if thing.is_object else f"{thing.name}.{name}")._replace(file=thing.file)
        if thing.is_object and thing.arguments:
            whole = whole._replace(arguments=thing.arguments, receiver=thing._replace(receiver=None))
        return (whole,)

    def external_call(self, evaluator: Evaluator, thing: Thing) -> Value:
        """What a call of something outside gives."""
        receiver = thing.receiver
        if receiver is not None and thing.arguments:
            return self._of_container(evaluator, receiver, thing.name)
        return (external(f"{thing.name}()", is_object=True)._replace(file=thing.file),)

    def _of_container(self, evaluator: Evaluator, receiver: Thing, method: str) -> Value:
        arguments = receiver.arguments
        if len(arguments) == 2:
            if method in self.of_key:
                return evaluator.closure(arguments[0])
            if method in self.keys:
                return (receiver._replace(name=_ITERATOR, arguments=arguments[:1]),)
            if method in self.values:
                return (receiver._replace(name=_ITERATOR, arguments=arguments[1:]),)
            if method in self.entries:
                return (receiver._replace(name="Entries"),)
        if method in self.elements or (method in self.of_value and len(arguments) == 2):
            return evaluator.closure(arguments[-1]) if len(arguments) < 3 else None
        return (receiver,) if method in self.same else None

    def step(self, evaluator: Evaluator, op: Op, thing: Thing, part: int) -> Value:
        """What is taken out of a value; of the entries of a mapping one that has both."""
        if thing.sort is Sort.EXTERNAL and len(thing.arguments) == 2 and op is Op.ITERATE:
            return (thing._replace(name="Entry"),)
        if thing.sort is Sort.EXTERNAL and len(thing.arguments) == 2 and op is Op.ITEM:
            return evaluator.closure(thing.arguments[1])
        return super().step(evaluator, op, thing, part)


def _shared_folders(folder: str, path: str) -> int:
    """How many folders from the root on a folder and a path have in common."""
    pairs = zip(folder.split("/"), path.split("/")[:-1], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


class Java(Typed):
    """Java."""

    common_members = frozenset(
        "equals hashCode toString getClass notify notifyAll wait clone finalize".split()
    )
    elements = frozenset(
        """get remove next previous first last peek poll pop element take getFirst getLast removeFirst
        removeLast pollFirst pollLast peekFirst peekLast orElse orElseThrow orElseGet join getOrDefault put
        computeIfAbsent putIfAbsent call getNow set elementAt firstElement lastElement lower higher floor
        ceiling""".split()
    )
    same = frozenset(
        """iterator listIterator stream parallelStream subList filter sorted distinct limit skip peek
        descendingIterator findFirst findAny headSet tailSet subSet descendingSet reversed""".split()
    )
    keys = frozenset(("keySet", "navigableKeySet"))
    values = frozenset(("values",))
    entries = frozenset(("entrySet",))
    of_key = frozenset(("getKey",))
    of_value = frozenset(("getValue", "setValue"))

    @property
    def builtins(self) -> frozenset[str]:  # type: ignore[override]
        """The types of ``java.lang``."""
        from semindex.parse.facts.typed.java import BUILTINS

        return BUILTINS | {"[]", "null"}
