"""What the walk through a file notes, before names are settled."""

from __future__ import annotations

from typing import Any, Final

from tree_sitter import Node

from semindex.parse.facts.model import UNKNOWN, Builder

NOTHING: Final = -2
"""The draft of ``null``, ``undefined`` and types of which there is no value: unions leave it out."""
CYCLE: Final = -3
"""What a name means while its meaning is being looked for."""

Draft = tuple[int, Any, Any]
"""A kind of draft (below) with its two parts. Parts that are expressions are the numbers of drafts."""

NAME: Final = 0
"""The value named ``a``, as seen from scope ``b``."""
TYPE_NAME: Final = 1
"""The type named ``a``, as seen from scope ``b``."""
MEMBER: Final = 2
"""The member of ``a`` named ``b``."""
CALL: Final = 3
INSTANCE: Final = 4
"""A value of type ``a``."""
APPLY: Final = 5
"""Type ``a`` with the type argument ``b``, which is a value of that type."""
AWAIT: Final = 6
ITEM: Final = 7
ITERATE: Final = 8
PART: Final = 9
"""Part number ``b`` of ``a``."""
UNION: Final = 10
"""One of the drafts ``a``."""
TUPLE: Final = 11
"""A tuple of the drafts ``a``."""
IMPORT: Final = 12
"""Import number ``a``."""
FUNCTION: Final = 13
"""The :class:`Function` ``a``."""
OBJECT: Final = 14
"""The :class:`Shape` ``a``, as a value or class."""
THIS: Final = 15
"""``this`` in the :class:`Function` ``a``; of the file if None."""
SELF: Final = 16
"""An object of the :class:`Shape` ``a``."""
SUPER: Final = 17
"""The same, as seen by its bases."""
TYPE_OF: Final = 18
"""The type of the value ``a``."""
FREE: Final = 19
"""The name ``a``, which is not looked up."""
DEFINED: Final = 20
"""The definition number ``a``."""
BASE: Final = 21
"""The first base of the :class:`Shape` ``a``."""

STRING: Final = 1
NUMBER: Final = 3
BOOLEAN: Final = 5
ARRAY: Final = 6
REGEXP: Final = 8
"""The numbers of drafts that each file begins with."""
FIRST_DRAFTS: Final[tuple[Draft, ...]] = (
    (FREE, "String", 0),
    (INSTANCE, 0, 0),
    (FREE, "Number", 0),
    (INSTANCE, 2, 0),
    (FREE, "Boolean", 0),
    (INSTANCE, 4, 0),
    (FREE, "Array", 0),
    (FREE, "RegExp", 0),
    (INSTANCE, 7, 0),
)


class Bound:
    """What a scope binds to a name."""

    __slots__ = ("closed", "declared", "is_at_work", "number", "values")

    def __init__(self, values: list[int], declared: int = UNKNOWN, number: int = -1) -> None:
        """Take the drafts of all values it gets, of its declared type, and its definition if it has one."""
        self.values, self.declared, self.number = values, declared, number
        self.closed: int | None = None
        self.is_at_work = False


class Scope:
    """A part of the file in which names are bound."""

    __slots__ = ("top", "types", "up", "values")

    def __init__(self, up: Scope | None, *, is_top: bool) -> None:
        """Take the scope around it, and whether ``var`` binds here."""
        self.up = up
        self.top: Scope = self if is_top or up is None else up.top
        self.values: dict[str, Bound] = {}
        self.types: dict[str, Bound] = {}

    def value(self, name: str) -> Bound | None:
        """What a name means as a value."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.values.get(name)
            if found is not None:
                return found
            scope = scope.up
        return None

    def type(self, name: str) -> Bound | None:
        """What a name means as a type."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.types.get(name)
            if found is not None:
                return found
            scope = scope.up
        return None


class Function:
    """A function, method or signature."""

    __slots__ = (
        "declared", "end_line", "flags", "is_constructor", "line", "name", "number", "owner",
        "owner_is_class", "parameters", "returns", "signatures", "up",
    )  # fmt: skip

    def __init__(self, line: int, end_line: int, up: Function | None) -> None:
        """Take its place and the function around it."""
        self.line, self.end_line, self.up = line, end_line, up
        self.name, self.number, self.flags = "", -1, 0
        self.declared = UNKNOWN
        self.returns: list[int] = []
        self.parameters: list[int] = []
        """The drafts of parameters without a type, which a call may fill in; -1 for the others."""
        self.signatures: list[Function] = []
        """Its overloads, which say what it returns."""
        self.owner = -1
        """The definition whose member it is."""
        self.owner_is_class = False
        """Whether ``this`` is an object of the owner, not the owner itself."""
        self.is_constructor = False


class Attribute:
    """What objects hold under a name."""

    __slots__ = ("declared", "first", "later")

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.declared = UNKNOWN
        self.first: list[int] = []
        """Values where it is declared, or from the constructor: if there are any, they decide."""
        self.later: list[int] = []


class Shape:
    """Something with members: a class, an interface, an object that a literal writes down."""

    __slots__ = ("attributes", "bases", "end_line", "line", "members", "name", "number", "parent")

    def __init__(self, name: str, line: int, end_line: int, parent: int, number: int = -1) -> None:
        """Take its name and place; its definition where it has one already."""
        self.name, self.line, self.end_line, self.parent, self.number = name, line, end_line, parent, number
        self.attributes: dict[str, Attribute] = {}
        self.members: dict[str, Function] = {}
        self.bases: list[int] = []

    def attribute(self, name: str) -> Attribute:
        """What is known of an attribute."""
        found = self.attributes.get(name)
        if found is None:
            found = self.attributes[name] = Attribute()
        return found


class Attached:
    """An assignment to a member: ``target.name = value``."""

    __slots__ = ("function", "line", "name", "target", "value")

    def __init__(self, target: int, name: str, value: int, line: int, function: Function | None) -> None:
        """Take the drafts of target and value, and the function that it stands in."""
        self.target, self.name, self.value, self.line, self.function = target, name, value, line, function


class Sketch:
    """All that the walk found."""

    def __init__(self, made: Builder) -> None:
        """Begin with what every file has."""
        self.made = made
        self.drafts: list[Draft] = list(FIRST_DRAFTS)
        self.uses: list[tuple[Node, str, int, int]] = []
        """Node, name, draft and role of each use."""
        self.scope = Scope(None, is_top=True)
        self.shapes: list[Shape] = []
        """Those that have a definition."""
        self.functions: list[Function] = []
        """Those that have a definition."""
        self.variables: list[tuple[int, Bound]] = []
        """Definitions of variables, with what they hold."""
        self.aliases: list[tuple[int, int]] = []
        """Definitions of other names for types, with the draft of the type."""
        self.attached: list[Attached] = []
        self.assigned: list[tuple[str, Scope, int]] = []
        self.inherits: list[tuple[int, int]] = []
        """Drafts of a class and of a base that a call gives it."""
        self.offered: list[tuple[str, int, int]] = []
        """Names that the file offers, with the drafts of the value and of the type (or UNKNOWN)."""
