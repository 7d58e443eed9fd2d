"""How Python names modules, and what its builtins do.

A module ``a.b`` is ``a/b.py`` or ``a/b/__init__.py`` below one of the *roots*: the folders that hold packages
or modules of the top level. A folder is one if the file's own packages end there, and so are ``src``, ``lib``
and what stands at the top of the repository. Example: for ``import shop.cart`` in ``tests/test_cart.py``, of
a repository with ``src/shop/cart.py``, the roots are ``tests``, the repository itself and ``src``.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from semindex.graph.modules.base import Language
from semindex.graph.things import Sort, Thing, Value, external, joined
from semindex.parse.facts.model import Import, Op

if TYPE_CHECKING:
    from semindex.graph.corpus import Unit
    from semindex.graph.evaluating import Evaluator

_BUILTINS = frozenset(dir(builtins)) | {
    "__file__",
    "__name__",
    "__path__",
    "__doc__",
    "WindowsError",
    "unicode",
}
_ENDS = (".py", ".pyi")
_DUNDER = {Op.ITEM: "__getitem__", Op.ITERATE: "__iter__", Op.AWAIT: "__await__", Op.ENTER: "__enter__"}
_SELF_GIVING = frozenset(("copy", "reverse", "union", "intersection", "difference"))
"""Methods of containers that give a container of the same elements."""
_ELEMENT_GIVING = frozenset(("pop", "popleft", "get", "setdefault", "get_nowait", "popitem"))
_VALUES, _ITEMS, _KEYS = "values", "items", "keys"
_OPAQUE = frozenset(
    "next max min iter reversed sorted getattr copy deepcopy cast sum map filter zip eval vars".split()
)
"""Functions of the language and its library that may give back what they were given."""


class Python(Language):
    """Python, for one repository."""

    call_name = "__call__"
    makers = ("__init__", "__new__")
    mappings = frozenset(
        ("dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict", "Counter")
    )

    @cached_property
    def _packages(self) -> frozenset[str]:
        """Folders with an ``__init__`` file."""
        return frozenset(
            path.rpartition("/")[0]
            for path in self.corpus.path_of
            if path.rpartition("/")[2] in ("__init__.py", "__init__.pyi")
        )

    @cached_property
    def _common_roots(self) -> tuple[str, ...]:
        """Folders below which any file may find modules, the most likely first."""
        found = dict.fromkeys(("", "src", "lib", "python"))
        for package in sorted(self._packages, key=lambda each: (each.count("/"), each)):
            above = package.rpartition("/")[0]
            if above not in self._packages:
                found.setdefault(above)
        return tuple(root for root in found if not root or root in self.corpus.folders)

    def _roots(self, path: str) -> Iterator[str]:
        folder = path.rpartition("/")[0]
        while folder in self._packages:
            folder = folder.rpartition("/")[0]
        yield folder
        yield from self._common_roots

    def _found(self, path: str) -> Value:
        """The module whose file or folder has a path without an extension."""
        files = self.corpus.path_of
        for name in (*(f"{path}{end}" for end in _ENDS), *(f"{path}/__init__{end}" for end in _ENDS)):
            if name in files:
                return (Thing(Sort.MODULE, files[name]),)
        if path in self.corpus.folders:
            return (Thing(Sort.MODULE, name=path),)
        return None

    @cached_property
    def _modules(self) -> dict[tuple[str, int, str], Value]:
        """What imports name, by the folder of their file, their level and their text; None for no module."""
        return {}

    def module(self, unit: Unit, each: Import) -> Value:
        """The module that an import names."""
        text = unit.facts.names[each.module]
        path = self.corpus.path(unit.file)
        key = path.rpartition("/")[0], each.level, text
        if key not in self._modules:
            self._modules[key] = self._named(path, each.level, text)
        found = self._modules[key]
        return found if found is not None or each.level else (external(text)._replace(file=unit.file),)

    def _named(self, path: str, level: int, text: str) -> Value:
        if level:
            folder = path.rpartition("/")[0]
            for _ in range(level - 1):
                folder = folder.rpartition("/")[0]
            inner = "/".join(filter(None, (folder, text.replace(".", "/"))))
            return self._found(inner) if text else self._package(folder)
        inner = text.replace(".", "/")
        first = inner.partition("/")[0]
        for root in self._roots(path):
            top = f"{root}/{first}" if root else first
            if self._found(top) is None:
                continue
            found = self._found(f"{root}/{inner}" if root else inner)
            if found is not None and not self._is_bare_folder(found):
                return found
        return None

    def _is_bare_folder(self, found: tuple[Thing, ...]) -> bool:
        """Whether a folder without Python files was found, such as ``docs``."""
        thing = found[0]
        if thing.file >= 0:
            return False
        below = thing.name + "/"
        return not any(path.startswith(below) and path.endswith(_ENDS) for path in self.corpus.path_of)

    def _package(self, folder: str) -> Value:
        files = self.corpus.path_of
        for end in _ENDS:
            name = f"{folder}/__init__{end}" if folder else f"__init__{end}"
            if name in files:
                return (Thing(Sort.MODULE, files[name]),)
        return (Thing(Sort.MODULE, name=folder),)

    def member(self, evaluator: Evaluator, module: Thing, name: str) -> Value:
        """A name of a module, or a module in a package."""
        path = self.corpus.path(module.file) if module.file >= 0 else ""
        if module.file >= 0:
            found = evaluator.exported(module.file, name)
            if found is not None:
                return found
        is_package = path.rpartition("/")[2] in ("__init__.py", "__init__.pyi")
        if module.file < 0 or is_package:
            folder = module.name if module.file < 0 else path.rpartition("/")[0]
            return self._found(f"{folder}/{name}" if folder else name)
        return None

    def free(self, evaluator: Evaluator, unit: Unit, name: str) -> Value:
        """A builtin, or what an import of everything brings."""
        if unit.imports.get(""):
            found = evaluator.taken_whole(unit, name)
            if found is not None and (name not in _BUILTINS or found[0].sort is not Sort.EXTERNAL):
                return found
        return (external(name)._replace(file=unit.file),) if name in _BUILTINS else None

    def external_member(self, evaluator: Evaluator, thing: Thing, name: str) -> Value:
        """A member of something outside, with what is known of containers."""
        whole = external(f"{thing.name}.{name}")._replace(file=thing.file)
        if thing.is_object and thing.arguments:
            # A method of a container keeps what the container holds, for its call.
            whole = whole._replace(arguments=thing.arguments, receiver=thing._replace(receiver=None))
        return (whole,)

    def external_call(self, evaluator: Evaluator, thing: Thing) -> Value:
        """What a call of something outside gives."""
        receiver = thing.receiver
        last = thing.name.rpartition(".")[2]
        if receiver is not None and thing.arguments:
            return self._of_container(receiver, last, evaluator)
        if last == "Callable" and thing.arguments:
            return evaluator.closure(thing.arguments[-1])
        if last in _OPAQUE:
            return None
        if last[:1].isupper() or thing.name in _BUILTINS:
            return (thing._replace(is_object=True),)
        return (external(f"{thing.name}()", is_object=True)._replace(file=thing.file),)

    def _of_container(self, receiver: Thing, method: str, evaluator: Evaluator) -> Value:
        arguments = receiver.arguments
        is_mapping = receiver.name.rpartition(".")[2] in self.mappings
        if method in _SELF_GIVING:
            return (receiver,)
        if method in _ELEMENT_GIVING and method != "popitem":
            return evaluator.closure(arguments[-1])
        iterator = external("Iterator", is_object=True)._replace(file=receiver.file)
        if is_mapping and method == _VALUES:
            return (iterator._replace(arguments=arguments[-1:]),)
        if is_mapping and method == _KEYS:
            return (iterator._replace(arguments=arguments[:1]),)
        if is_mapping and method == _ITEMS and len(arguments) == 2:
            return (iterator._replace(name="Items", arguments=arguments),)
        return None

    def step(self, evaluator: Evaluator, op: Op, thing: Thing, part: int) -> Value:
        """As everywhere, with what ``dict.items()`` gives."""
        if thing.sort is Sort.EXTERNAL:
            last = thing.name.rpartition(".")[2]
            if last == "Items" and op is Op.ITERATE:
                return (Thing(Sort.TUPLE, thing.file, arguments=thing.arguments),)
            if last != thing.name:
                thing = thing._replace(name=last)
            if not thing.is_object:
                # ``Box[int]`` of a generic class is the class.
                return (thing,) if op is Op.ITEM else None
        return super().step(evaluator, op, thing, part)

    def own_step(self, evaluator: Evaluator, op: Op, thing: Thing) -> Value:
        """What the special methods of a class of the index give."""
        if thing.sort is not Sort.DEFINITION:
            return None
        if not thing.is_object:
            return (thing,) if op is Op.ITEM else None
        name = _DUNDER.get(op)
        found = evaluator.member(thing, name) if name is not None else None
        if op is Op.ENTER and (found is None or found[0].sort is Sort.EXTERNAL):
            found = evaluator.member(thing, "__aenter__")
        if op is Op.ITERATE and (found is None or found[0].sort is Sort.EXTERNAL):
            found = evaluator.member(thing, "__aiter__")
        if found is None or any(each.sort is Sort.EXTERNAL for each in found):
            return None
        given = joined([evaluator.called(each) for each in found])
        if given is None or op is Op.ITEM:
            return given
        if op is Op.ENTER:
            return joined([self._awaited(evaluator, each) for each in given])
        if op is Op.ITERATE:
            return joined([self._next(evaluator, each) for each in given])
        return joined([self.step(evaluator, Op.ITERATE, each, 0) for each in given])

    def _awaited(self, evaluator: Evaluator, thing: Thing) -> Value:
        if thing.sort is Sort.EXTERNAL and thing.name == "Awaitable":
            return self.step(evaluator, Op.AWAIT, thing, 0)
        return (thing,)

    def _next(self, evaluator: Evaluator, thing: Thing) -> Value:
        if thing.sort is Sort.DEFINITION:
            for name in ("__next__", "__anext__"):
                found = evaluator.member(thing, name)
                if found is not None and found[0].sort is Sort.DEFINITION:
                    given = joined([evaluator.called(each) for each in found])
                    return joined([self._awaited(evaluator, each) for each in given]) if given else None
            return None
        return self.step(evaluator, Op.ITERATE, thing, 0)
