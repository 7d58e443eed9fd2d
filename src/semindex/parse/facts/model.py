"""The facts of one file that the code graph is made of, closed within the file.

All that needs only the file is settled when it is parsed: scopes, shadowing, what a local variable holds. All
that needs another file (what an import leads to, members, bases, what a function returns) is followed when a
question comes, through the other files' facts. So nothing stored depends on the rest of the corpus.

An *expression* says where a value comes from: a root (a definition of this file, an import, ``self``, a name
that nothing here binds) and steps (a member, a call, an element). Equal expressions are stored once.

Example: in ::

    from a import Box            # import 0
    class Shop:                  # definition 0, its attribute box has the type of expression 2
        def __init__(self, box: Box): self.box = box
        def sell(self): self.box.open()

the call of ``open`` has the expression ``MEMBER(MEMBER(SELF(0), box), open)``, and the attribute ``box`` the
expression ``INSTANCE(IMPORT(0))``.

>>> made = Builder()
>>> shop = made.define("Shop", Form.CLASS, line=2, end_line=4)
>>> box = made.node(Op.IMPORT, made.import_("Box", "a", "Box", line=1))
>>> made.set_attribute(shop, "box", made.node(Op.INSTANCE, box))
>>> own = made.member(made.node(Op.SELF, shop), "box")
>>> made.use(4, 29, "open", made.member(own, "open"), Role.CALL)
>>> facts = unpacked(made.packed())
>>> facts.written(facts.uses[0].expression)
'self(Shop).box.open'
>>> sorted(made.named)
['/a', 'Box', 'Shop', 'open']
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from enum import IntEnum, IntFlag

import msgspec
import numpy as np
from msgspec import Struct

UNKNOWN = -1
"""The expression of which nothing is known."""
MAX_NODES = 200_000
MAX_USES = 200_000
"""A file with more is data or generated; what is beyond is left out, and :attr:`Facts.is_cut` says so."""
_COMPRESSION = 6
_WORDS = re.compile(r"[\w-]+")


class Op(IntEnum):
    """What a node of an expression is; ``a`` and ``b`` are its two numbers."""

    DEFINITION = 0
    """A definition of this file, by its number ``a``: the function or class itself."""
    IMPORT = 1
    """What import ``a`` of this file brings."""
    FREE = 2
    """The name ``a``, which nothing in this file binds: the language's, or another file's of the package."""
    SELF = 3
    """The object on which a method of the class ``a`` (a definition) was called."""
    SUPER = 4
    """The same, seen as one of the bases of the class ``a``."""
    MEMBER = 5
    """The member named ``b`` of expression ``a``."""
    CALL = 6
    """What calling expression ``a`` gives; of a class an object of it."""
    INSTANCE = 7
    """A value whose type is expression ``a``."""
    APPLY = 8
    """The generic type ``a`` with the type argument ``b``; several arguments are applied one by one."""
    AWAIT = 9
    """What awaiting ``a`` gives."""
    ITEM = 10
    """An element of ``a`` by a key: ``a[...]``."""
    ITERATE = 11
    """An element of ``a``, as a loop takes them."""
    ENTER = 12
    """What a context manager ``a`` gives."""
    PART = 13
    """The part number ``b`` (from 0) of the tuple ``a``."""
    UNION = 14
    """Either ``a`` or ``b``. If one is unknown, the whole is."""
    TUPLE = 15
    """The tuple whose parts before the last are ``a`` (a tuple, or -1), and whose last part is ``b``."""
    MODULE = 16
    """This file as a module, or its package."""
    OWNED = 17
    """The member named ``b`` of the type named ``a``, which stands in any file of the same package (Go's
    methods, extensions)."""
    PICK = 18
    """Of the functions named ``a`` those that take ``b - 1`` arguments; any, where ``b`` is 0."""
    WITHIN = 19
    """The name ``b`` as the class ``a`` (a definition) sees it: a member of it or of its bases, of a class
    around it, and else a free name."""


class Form(IntEnum):
    """What a definition is, as far as the graph cares."""

    FUNCTION = 0
    CLASS = 1
    """Anything with members of which there are objects: classes, structs, traits, enumerations."""
    INTERFACE = 2
    """As ``CLASS``; its methods may have no body."""
    TYPE = 3
    """Another name for a type; :attr:`Definition.value` is that type. Never what a call calls."""
    VARIABLE = 4
    """A variable, constant or field that is worth naming."""
    MODULE = 5
    """A namespace inside a file."""
    OBJECT = 6
    """An object that a literal writes down: its attributes are its members."""


class Flag(IntFlag):
    """What else is to be known of a definition."""

    STATIC = 1
    """Belongs to the class, not to its objects."""
    PROPERTY = 2
    """A method that is read like an attribute."""
    ASYNC = 4
    """Calling it gives something to be awaited."""
    GENERATOR = 8
    """Calling it gives something to iterate over, of what ``returns`` says."""
    CONTEXT = 16
    """Calling it gives a context manager, that gives what ``returns`` says."""
    DECLARATION = 32
    """It has no body here: a prototype, an abstract method, an overload."""
    PRIVATE = 64
    """Not to be used from outside its file or class."""
    LOCAL = 128
    """Inside a function."""
    EXPORTED = 256
    """Named by the file as part of what it offers."""
    TEST = 512
    """A test, or in one."""
    MACRO = 1024
    """Its text replaces its name before anything is compiled."""
    LEFT_OUT = 2048
    """An ordinary build leaves it out."""
    MAYBE = 4096
    """Some builds leave it out."""


class Role(IntEnum):
    """How a place uses what its expression means."""

    CALL = 0
    READ = 1
    """It is named, and not called: handed over, assigned, compared."""
    TYPE = 2
    BASE = 3
    DECORATOR = 4


class Definition(Struct, array_like=True, omit_defaults=True):
    """A definition of a file. Lines are 1-based; expressions are numbers of nodes, or :data:`UNKNOWN`."""

    name: int
    """The number of the name."""
    form: int
    """A :class:`Form`."""
    line: int
    """The line of the name."""
    end_line: int
    """Its last line."""
    parent: int = -1
    """The definition around it, or -1."""
    flags: int = 0
    returns: int = UNKNOWN
    """What calling it gives: before ``ASYNC``, ``GENERATOR`` and ``CONTEXT`` are taken into account."""
    value: int = UNKNOWN
    """What a variable holds, or the type that a ``TYPE`` is another name for."""
    bases: tuple[int, ...] = ()
    attributes: tuple[int, ...] = ()
    """Names and expressions, one after the other: what the objects of a class hold."""
    owner: int = -1
    """The number of the name of the type that it is a member of, where that may stand in another file."""
    least: int = 0
    most: int = -1
    """How many arguments a function takes, at least and at most; -1 for any number."""


class Import(Struct, array_like=True, omit_defaults=True):
    """Something that a file takes from another one."""

    local: int
    """The number of the name that it has in this file; of the empty name where all is taken (``*``)."""
    module: int
    """The number of the text that names the module, as the language writes it, relative dots left out."""
    name: int = -1
    """The number of the name that it has there; -1 for the module itself."""
    level: int = 0
    """Python: how many dots stand before the module."""
    line: int = 0
    scope: int = -1
    """The definition inside which it stands; -1 for the file."""
    exported: bool = False
    """Whether the file offers it to others (``export * from``)."""


class Use(Struct, frozen=True, array_like=True):
    """A place that names something."""

    line: int
    """1-based."""
    column: int
    """1-based, in bytes of UTF-8, of the last name."""
    name: int
    """The number of the last name, as it stands there."""
    expression: int
    role: int


class Facts(Struct, array_like=True):
    """All facts of a file."""

    names: tuple[str, ...]
    nodes: tuple[int, ...]
    """``op, a, b`` of each node, one after the other; a node refers to earlier ones only."""
    definitions: tuple[Definition, ...]
    imports: tuple[Import, ...]
    bindings: tuple[int, ...]
    """Names and expressions: what the file binds at its top besides definitions and imports, or offers under
    another name."""
    flat_uses: tuple[int, ...]
    """The five numbers of each use, one after the other, ordered by place; lines as differences."""
    package: str = ""
    """The package that the file says it belongs to."""
    is_cut: bool = False
    """Whether something was left out because the file is too large."""

    @property
    def uses(self) -> list[Use]:
        """The uses in the order of their places."""
        return list(self.each_use())

    def each_use(self) -> Iterator[Use]:
        """One use after the other."""
        line, flat = 0, iter(self.flat_uses)
        for step, column, name, expression, role in zip(flat, flat, flat, flat, flat, strict=True):
            line += step
            yield Use(line, column, name, expression, role)

    def node(self, expression: int) -> tuple[int, int, int]:
        """``op, a, b`` of an expression."""
        at = 3 * expression
        return self.nodes[at], self.nodes[at + 1], self.nodes[at + 2]

    def _picked(self, op: int, a: int, b: int) -> str:
        if op == Op.WITHIN:
            return f"{self.names[self.definitions[a].name]}~{self.names[b]}"
        return self.written(a) + (f"/{b - 1}" if b else "")

    def written(self, expression: int) -> str:
        """An expression as people read it."""
        if expression == UNKNOWN:
            return "?"
        op, a, b = self.node(expression)
        match op:
            case Op.DEFINITION:
                return self.names[self.definitions[a].name]
            case Op.IMPORT:
                each = self.imports[a]
                return f"import({self.names[each.module]}:{self.names[each.name] if each.name >= 0 else ''})"
            case Op.FREE:
                return self.names[a]
            case Op.SELF | Op.SUPER:
                return f"{Op(op).name.lower()}({self.names[self.definitions[a].name]})"
            case Op.MEMBER:
                return f"{self.written(a)}.{self.names[b]}"
            case Op.WITHIN | Op.PICK:
                return self._picked(op, a, b)
            case Op.MODULE:
                return "module"
            case Op.OWNED:
                return f"{self.names[a]}::{self.names[b]}"
            case Op.PART:
                return f"part({self.written(a)}, {b})"
            case Op.UNION | Op.TUPLE | Op.APPLY:
                return f"{Op(op).name.lower()}({self.written(a)}, {self.written(b)})"
        return f"{Op(op).name.lower()}({self.written(a)})"


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Facts)


def unpacked(data: bytes) -> Facts:
    """The facts that :meth:`Builder.packed` stored.

    Raises:
        ValueError: The bytes are none.
    """
    try:
        return _DECODER.decode(zlib.decompress(data))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise ValueError(f"no facts: {error}") from error


class Builder:
    """Collects the facts of one file."""

    def __init__(self) -> None:
        self.package = ""
        self.named: set[str] = set()
        """The names by which somebody may look for a use in this file, or an import of it."""
        self.is_cut = False
        self._names: dict[str, int] = {}
        self._nodes: dict[tuple[int, int, int], int] = {}
        self._by_number: list[tuple[int, int, int]] = []
        self._definitions: list[Definition] = []
        self._attributes: dict[int, dict[int, int]] = {}
        self._imports: list[Import] = []
        self._bindings: dict[int, int] = {}
        self._uses: list[tuple[int, int, int, int, int]] = []

    def name(self, text: str) -> int:
        """The number of a name or of another text."""
        return self._names.setdefault(text, len(self._names))

    def node(self, op: Op, a: int = 0, b: int = 0) -> int:
        """The number of an expression. One that is made of the unknown is unknown, but for generic types."""
        if a < 0 and op is not Op.TUPLE:
            return UNKNOWN
        if b < 0:
            return a if op is Op.APPLY else UNKNOWN
        known = self._nodes.get((op, a, b))
        if known is None:
            key = (int(op), a, b)
            if len(self._nodes) >= MAX_NODES:
                self.is_cut = True
                return UNKNOWN
            known = self._nodes[key] = len(self._nodes)
            self._by_number.append(key)
        return known

    def inner_of_instance(self, expression: int) -> int:
        """The type that a value has by its expression alone; unknown where that does not tell."""
        found = self._by_number[expression] if expression >= 0 else None
        return found[1] if found is not None and found[0] == Op.INSTANCE else UNKNOWN

    def first_of(self, expression: int) -> int:
        """The expression that a node's step is taken from."""
        return self._by_number[expression][1]

    def op_of(self, expression: int) -> Op | None:
        """What the last node of an expression is; None for the unknown."""
        return _OPS[self._by_number[expression][0]] if expression >= 0 else None

    def member(self, expression: int, name: str) -> int:
        """The expression of a member."""
        return self.node(Op.MEMBER, expression, self.name(name))

    def free(self, name: str) -> int:
        """The expression of a name that nothing in the file binds."""
        return self.node(Op.FREE, self.name(name))

    def union(self, expressions: Sequence[int]) -> int:
        """One of several, each once; unknown if one is, or if there is none."""
        found = list(dict.fromkeys(expressions))
        if not found or UNKNOWN in found:
            return UNKNOWN
        whole = found[0]
        for each in found[1:]:
            whole = self.node(Op.UNION, whole, each)
        return whole

    def tuple_of(self, expressions: Sequence[int]) -> int:
        """A tuple; parts may be unknown."""
        whole = -1
        for each in expressions:
            key = each if each >= 0 else self.node(Op.FREE, self.name(""))
            whole = self.node(Op.TUPLE, whole, key)
        return whole

    def define(
        self,
        name: str,
        form: Form,
        *,
        line: int,
        end_line: int,
        parent: int = -1,
        flags: int = 0,
        owner: str = "",
    ) -> int:
        """The number of a new definition."""
        self.named.add(name)
        self._definitions.append(
            Definition(
                self.name(name),
                int(form),
                line,
                end_line,
                parent,
                flags,
                owner=self.name(owner) if owner else -1,
            )
        )
        return len(self._definitions) - 1

    def definition(self, number: int) -> Definition:
        """A definition, to set what is known of it later: ``returns``, ``value``, ``bases``, ``flags``."""
        return self._definitions[number]

    def set_attribute(self, definition: int, name: str, expression: int) -> None:
        """What the objects of a class hold under a name; several values are a union."""
        attributes = self._attributes.setdefault(definition, {})
        key = self.name(name)
        before = attributes.get(key)
        attributes[key] = expression if before is None else self.union([before, expression])

    def import_(
        self,
        local: str,
        module: str,
        name: str | None = None,
        *,
        level: int = 0,
        line: int = 0,
        scope: int = -1,
        exported: bool = False,
    ) -> int:
        """The number of a new import; ``local`` is empty where everything is taken."""
        self.named.update(filter(None, (local, name)))
        # So that who imports a file is found by its name: the last words of ``a.b``, ``./a/b.js``, ``b.h``.
        self.named.update(f"/{word}" for word in _WORDS.findall(module.rpartition("/")[2])[-2:])
        self._imports.append(
            Import(
                self.name(local),
                self.name(module),
                -1 if name is None else self.name(name),
                level,
                line,
                scope,
                exported,
            )
        )
        return len(self._imports) - 1

    def bind(self, name: str, expression: int) -> None:
        """Let the file have a name at its top."""
        self.named.add(name)
        self._bindings[self.name(name)] = expression

    def use(self, line: int, column: int, name: str, expression: int, role: int) -> None:
        """Note a place that names something; line and column (in bytes) are 1-based."""
        if len(self._uses) >= MAX_USES:
            self.is_cut = True
            return
        self.named.add(name)
        self._uses.append((line, column, self.name(name), expression, int(role)))

    def uses_at(self, text: bytes, flat: Sequence[int]) -> None:
        """Note many places at once.

        Args:
            text: The text of the file.
            flat: Of each place the byte offset of its name, the name's number, the expression and the role.
        """
        spots = np.array(flat, dtype=np.int64).reshape(-1, 4)
        if len(self._uses) + len(spots) > MAX_USES:
            self.is_cut = True
            spots = spots[: MAX_USES - len(self._uses)]
        ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 10)
        rows = np.searchsorted(ends, spots[:, 0])
        begins = np.concatenate((np.zeros(1, np.int64), ends + 1))[rows]
        names = list(self._names)
        self.named.update([names[number] for number in np.unique(spots[:, 1]).tolist()])
        columns = (rows + 1, spots[:, 0] - begins + 1, spots[:, 1], spots[:, 2], spots[:, 3])
        self._uses += zip(*(column.tolist() for column in columns), strict=True)

    def packed(self) -> bytes:
        """The facts as they are stored."""
        for number, attributes in self._attributes.items():
            flat = [value for pair in attributes.items() for value in pair]
            self._definitions[number].attributes = tuple(flat)
        self._uses.sort()
        flat_uses: list[int] = []
        line = 0
        for use in self._uses:
            flat_uses += (use[0] - line, *use[1:])
            line = use[0]
        facts = _Trimmed(self._by_number, list(self._names)).facts(
            self._definitions, self._imports, self._bindings, flat_uses
        )
        facts.package, facts.is_cut = self.package, self.is_cut
        # What is empty needs no room, and says that there is nothing.
        is_empty = not (facts.definitions or facts.imports or facts.flat_uses or facts.bindings)
        return b"" if is_empty else zlib.compress(_ENCODER.encode(facts), _COMPRESSION)


_OPS = tuple(Op)
_OF_EXPRESSION = frozenset((Op.UNION, Op.TUPLE)) | frozenset(
    (Op.MEMBER, Op.CALL, Op.INSTANCE, Op.APPLY, Op.AWAIT, Op.ITEM, Op.ITERATE, Op.ENTER, Op.PART, Op.PICK)
)
"""Ops whose ``a`` is an expression."""
_TWO_EXPRESSIONS = frozenset((Op.APPLY, Op.UNION, Op.TUPLE))
_NAME_FIRST = frozenset((Op.FREE, Op.OWNED))
_NAME_SECOND = frozenset((Op.MEMBER, Op.OWNED, Op.WITHIN))


class _Trimmed:
    """Leaves out the expressions and names that nothing refers to, and numbers the others anew."""

    def __init__(self, nodes: Sequence[tuple[int, int, int]], names: Sequence[str]) -> None:
        self._all, self._all_names = nodes, names
        self._nodes: list[int] = []
        self._numbers: dict[int, int] = {UNKNOWN: UNKNOWN}
        self._names: dict[int, int] = {-1: -1}

    def facts(
        self,
        definitions: Sequence[Definition],
        imports: Sequence[Import],
        bindings: dict[int, int],
        flat_uses: list[int],
    ) -> Facts:
        """The facts, numbered anew."""
        name, node = self._name, self._node
        for at in range(0, len(flat_uses), 5):
            flat_uses[at + 2], flat_uses[at + 3] = name(flat_uses[at + 2]), node(flat_uses[at + 3])
        for each in definitions:
            each.name, each.owner = name(each.name), name(each.owner)
            each.returns, each.value = node(each.returns), node(each.value)
            each.bases = tuple(map(node, each.bases))
            flat = each.attributes
            each.attributes = tuple([node(value) if at % 2 else name(value) for at, value in enumerate(flat)])
        for one in imports:
            one.local, one.module, one.name = name(one.local), name(one.module), name(one.name)
        bound = [number for key, value in bindings.items() for number in (name(key), node(value))]
        names = [self._all_names[number] for number in self._names if number >= 0]
        return Facts(
            tuple(names),
            tuple(self._nodes),
            tuple(definitions),
            tuple(imports),
            tuple(bound),
            tuple(flat_uses),
        )

    def _name(self, number: int) -> int:
        return self._names.setdefault(number, len(self._names) - 1)

    def _node(self, number: int) -> int:
        known = self._numbers.get(number)
        if known is not None:
            return known
        waiting = [number]
        while waiting:
            top = waiting[-1]
            op, a, b = self._all[top]
            inner = [a] if op in _OF_EXPRESSION else []
            inner += [b] if op in _TWO_EXPRESSIONS else []
            missing = [each for each in inner if each not in self._numbers]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if top in self._numbers:
                continue
            a = self._numbers[a] if op in _OF_EXPRESSION else self._name(a) if op in _NAME_FIRST else a
            b = self._numbers[b] if op in _TWO_EXPRESSIONS else self._name(b) if op in _NAME_SECOND else b
            self._numbers[top] = len(self._nodes) // 3
            self._nodes += (op, a, b)
        return self._numbers[number]
