"""How Go names packages, and what its own types do.

The module of a file is that of the nearest ``go.mod`` above it. Example: with ``module example.org/shop`` in
``go.mod``, the import ``example.org/shop/cart`` is the folder ``cart``. Folders called ``vendor`` hold other
modules' packages. All other imports are outside of the index.

A package is the files of a folder that name the same package. What one of them defines, all of them see.
Files for other systems define the same functions again; all of these are meant.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from semindex.graph.modules.base import Language
from semindex.graph.things import Closure, Sort, Thing, Value, external, joined
from semindex.parse.facts.go import LEFT_OUT
from semindex.parse.facts.go_names import PREDECLARED
from semindex.parse.facts.model import UNKNOWN, Form, Import, Op

if TYPE_CHECKING:
    from semindex.graph.corpus import Corpus, Unit
    from semindex.graph.evaluating import Evaluator

_BUILT = frozenset(("[]", "map", "chan", "func"))
_GENERIC = ("sync.Once", "slices.", "maps.", "iter.", "cmp.", "github.com/samber/lo")
"""Packages and functions that give back what they were given."""
_PREDECLARED = frozenset(name.decode() for name in PREDECLARED) | _BUILT


class Go(Language):
    """Go, for one repository."""

    aliases_are_called = True

    def __init__(self, corpus: Corpus) -> None:
        """Take the corpus; look at nothing yet."""
        super().__init__(corpus)
        self._packages: dict[str, dict[str, list[int]]] = {}

    # Which folders are which packages

    @cached_property
    def _modules(self) -> dict[str, str]:
        """The paths of modules by their folders."""
        found = {}
        for path, unit in self._files_named("go.mod"):
            for each in unit.facts.definitions:
                found[path] = unit.facts.names[each.name]
        return found

    @cached_property
    def _replaced(self) -> dict[str, dict[str, str]]:
        """By the folder of a ``go.mod``, the folders that stand for other modules, by the paths of these."""
        found: dict[str, dict[str, str]] = {}
        for path, unit in self._files_named("go.mod"):
            for local, folder in self._imported_folders(path, unit):
                found.setdefault(path, {})[local] = folder
        for path, unit in self._files_named("go.work"):
            used = [folder for _, folder in self._imported_folders(path, unit) if folder in self._modules]
            for folder in used:
                own = found.setdefault(folder, {})
                for other in used:
                    own.setdefault(self._modules[other], other)
        return found

    def _files_named(self, name: str) -> Iterator[tuple[str, Unit]]:
        for path, file in self.corpus.path_of.items():
            if path == name or path.endswith("/" + name):
                unit = self.corpus.unit(file)
                if unit is not None:
                    yield path.rpartition("/")[0], unit

    @staticmethod
    def _imported_folders(path: str, unit: Unit) -> Iterator[tuple[str, str]]:
        names = unit.facts.names
        for each in unit.facts.imports:
            folder = posixpath.normpath(posixpath.join(path, names[each.module]))
            yield names[each.local], "" if folder == "." else folder

    def _folder_of(self, text: str, path: str) -> str | None:
        """The folder of the package that an import of the file at a path names; None if it is outside."""
        for folder in _folders_above(path):
            vendored = posixpath.join(folder, "vendor", text)
            if vendored in self.corpus.folders:
                return vendored
            if folder not in self._modules:
                continue
            known = {self._modules[folder]: folder} | self._replaced.get(folder, {})
            for module in sorted(known, key=len, reverse=True):
                if text == module or text.startswith(module + "/"):
                    return posixpath.join(known[module], text[len(module) + 1 :]).rstrip("/")
            return None
        return None

    def _packages_in(self, folder: str) -> dict[str, list[int]]:
        """The files of each package in a folder, by its name."""
        found = self._packages.get(folder)
        if found is None:
            found = self._packages[folder] = {}
            for file in self.corpus.folders.get(folder, ()):
                unit = self.corpus.unit(file) if self.corpus.language(file) == "go" else None
                if unit is not None:
                    found.setdefault(unit.facts.package, []).append(file)
        return found

    def _is_test(self, file: int) -> bool:
        return self.corpus.path(file).endswith("_test.go")

    def peers(self, file: int) -> Sequence[int]:
        """The files of the same package."""
        unit = self.corpus.unit(file)
        folder = self.corpus.path(file).rpartition("/")[0]
        return self._packages_in(folder).get(unit.facts.package, ()) if unit is not None else (file,)

    def module(self, unit: Unit, each: Import) -> Value:
        """The package that an import names; its first file stands for it."""
        text = unit.facts.names[each.module]
        folder = self._folder_of(text, self.corpus.path(unit.file))
        packages = self._packages_in(folder) if folder is not None else {}
        counts = Counter(
            {
                name: sum(not self._is_test(file) for file in files)
                for name, files in packages.items()
                if name != "main" and not name.endswith("_test")
            }
        )
        for name, _ in counts.most_common(1):
            return (Thing(Sort.MODULE, packages[name][0]),)
        return (external(text)._replace(file=unit.file),)

    # What names mean

    def member(self, evaluator: Evaluator, module: Thing, name: str) -> Value:
        """A name of a package; those of its tests, where nothing else has it."""
        files = self.peers(module.file)
        return self._defined([file for file in files if not self._is_test(file)], name) or self._defined(
            [file for file in files if self._is_test(file)], name
        )

    def _defined(self, files: Iterable[int], name: str) -> Value:
        found: list[Thing] = []
        for file in files:
            unit = self.corpus.unit(file)
            for number in unit.by_parent.get(-1, {}).get(name, ()) if unit is not None else ():
                if unit is not None and unit.definition(number).owner < 0:
                    found.append(Thing(Sort.DEFINITION, file, number))
        if len(found) > 1:
            found = self._of_ordinary_builds(found)
        return tuple(found) or None

    def _of_ordinary_builds(self, found: list[Thing]) -> list[Thing]:
        """Of definitions with one name: all functions, but types and variables of ordinary builds only."""
        first = self.corpus.unit(found[0].file)
        if first is None or first.definition(found[0].number).form == Form.FUNCTION:
            return found
        units = [(thing, self.corpus.unit(thing.file)) for thing in found]
        return [thing for thing, unit in units if unit is not None and LEFT_OUT not in unit.bindings] or found

    def free(self, evaluator: Evaluator, unit: Unit, name: str) -> Value:
        """A name of another file of the package, of the language, or of a package with an unusual path."""
        if name in _BUILT:
            return (external(name)._replace(file=unit.file),)
        sees_tests = self._is_test(unit.file)
        peers = [file for file in self.peers(unit.file) if sees_tests or not self._is_test(file)]
        found = self._defined(peers, name) or evaluator.taken_whole(unit, name)
        if found is not None:
            return found
        if name in _PREDECLARED:
            return (external(name)._replace(file=unit.file),)
        return self._by_its_own_name(unit, name)

    def _by_its_own_name(self, unit: Unit, name: str) -> Value:
        """The import whose package has another name than its path lets expect."""
        outside: Value = None
        for each in unit.facts.imports:
            if unit.facts.names[each.local] in ("", "_"):
                continue
            for module in self.module(unit, each) or ():
                if module.sort is Sort.EXTERNAL:
                    outside = (module,) if name in module.name else outside
                    continue
                inner = self.corpus.unit(module.file)
                if inner is not None and inner.facts.package == name:
                    return (module,)
        return outside

    # What values give

    def external_member(self, evaluator: Evaluator, thing: Thing, name: str) -> Value:
        """A member of something outside, which keeps the type arguments of that."""
        return (thing._replace(name=f"{thing.name}.{name}"),)

    def external_call(self, evaluator: Evaluator, thing: Thing) -> Value:
        """What a call of something outside gives: what a function type says; unknown of generic types."""
        if thing.arguments:
            return evaluator.closure(thing.arguments[-1]) if thing.name == "func" else None
        if thing.name == "func" or thing.name.startswith(_GENERIC):
            return None
        return (thing._replace(name=f"{thing.name}()", is_object=True),)

    def call_of(self, evaluator: Evaluator, thing: Thing) -> Value:
        """What calling an object gives whose type is made of a function type."""
        inner = self._underlying(evaluator, thing)
        return joined([evaluator.called(each) for each in inner]) if inner is not None else None

    def own_step(self, evaluator: Evaluator, op: Op, thing: Thing) -> Value:
        """What comes out of a variable, or of an object whose type is made of a slice, map or channel."""
        inner = self._underlying(evaluator, thing)
        return joined([self.step(evaluator, op, each, 0) for each in inner]) if inner is not None else None

    def _underlying(self, evaluator: Evaluator, thing: Thing) -> Value:
        """What a variable holds, or an object as one of the type that its type is made of."""
        unit = self.corpus.unit(thing.file) if thing.sort is Sort.DEFINITION else None
        definition = unit.definition(thing.number) if unit is not None else None
        if definition is None or definition.value == UNKNOWN:
            return None
        value = evaluator.value(thing.file, definition.value)
        if definition.form == Form.VARIABLE:
            return value
        if not thing.is_object or value is None:
            return None
        return joined([evaluator.object_of(each) for each in value])

    def step(self, evaluator: Evaluator, op: Op, thing: Thing, part: int) -> Value:
        """Elements of slices, maps and channels; what comes out of what is outside is outside as well."""
        if thing.sort is not Sort.EXTERNAL:
            return super().step(evaluator, op, thing, part)
        if thing.name not in _BUILT:
            return None if thing.arguments else (thing._replace(name=f"{thing.name}[]", is_object=True),)
        if op is Op.ITERATE and thing.name == "[]":
            return (external("int", is_object=True)._replace(file=thing.file),)
        takes = {"[]": Op.ITEM, "map": Op.ITEM, "chan": Op.ITERATE}.get(thing.name)
        if op is takes and thing.arguments:
            return self._object(evaluator, thing.arguments[-1])
        if op is Op.ITERATE and thing.name == "map" and len(thing.arguments) == 2:
            return self._object(evaluator, thing.arguments[0])
        return None

    @staticmethod
    def _object(evaluator: Evaluator, argument: Closure) -> Value:
        value = evaluator.closure(argument)
        return joined([evaluator.object_of(each) for each in value]) if value is not None else None


def _folders_above(path: str) -> Iterator[str]:
    """The folder of a path and those around it, the nearest first."""
    while path:
        path = path.rpartition("/")[0]
        yield path
