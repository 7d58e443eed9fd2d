"""Calls of functions that the language or its library has, which say more than others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tree_sitter import Node

from semindex.parse.facts.script import records as of
from semindex.parse.facts.script.functions import FunctionReader

_ELEMENTS: Final = frozenset(
    ("map", "forEach", "filter", "find", "findIndex", "findLast", "some", "every", "flatMap")
)
"""Methods of arrays whose callback gets an element first."""
_COPIES: Final = frozenset(("freeze", "seal", "assign", "setPrototypeOf"))
"""Functions of ``Object`` that give their first argument."""


WHOLE: Final = "export="
"""What a file offers as a whole: ``module.exports = a``, ``export = a``."""


def _require(self: FunctionReader, node: Node, callee: int, arguments: list[int]) -> int | None:
    """``require("a")`` and ``import("a")``."""
    kind, name, _ = self.drafts[callee]
    if kind != of.NAME or self.scope.value(name) is not None or arguments[0] != of.STRING:
        return None
    given = node.child_by_field_name("arguments")
    text = (
        next((each for each in given.named_children if each.kind_id == self.kinds.string), None)
        if given
        else None
    )
    if text is None:
        return None
    taken = None if name == "import" else WHOLE
    number = self.made.import_(
        f"{name}()", self.word(text)[1:-1], taken, line=node.start_point.row + 1, scope=self.parent
    )
    return self.draft(of.IMPORT, number)


def _of_object(self: FunctionReader, callee: int) -> bool:
    """Whether a callee is a member of ``Object``."""
    kind, owner, _ = self.drafts[callee]
    return kind == of.MEMBER and owner >= 0 and self.drafts[owner][:2] == (of.NAME, "Object")


def _copied(self: FunctionReader, node: Node, callee: int, arguments: list[int]) -> int | None:
    """``Object.assign(a, b)`` gives a."""
    if not _of_object(self, callee):
        return None
    if len(arguments) > 1 and self.drafts[callee][2] == "setPrototypeOf":
        self.sketch.inherits.append((arguments[0], arguments[1]))
    return arguments[0]


def _created(self: FunctionReader, node: Node, callee: int, arguments: list[int]) -> int | None:
    """``Object.create(A.prototype)`` gives an object of A."""
    return arguments[0] if _of_object(self, callee) and arguments[0] >= 0 else None


def _inherits(self: FunctionReader, node: Node, callee: int, arguments: list[int]) -> int | None:
    """``util.inherits(A, B)``."""
    if len(arguments) == 2:
        self.sketch.inherits.append((arguments[0], arguments[1]))
    return None


def _bound(self: FunctionReader, node: Node, callee: int, arguments: list[int]) -> int | None:
    """``f.bind(this)`` gives f."""
    kind, owner, _ = self.drafts[callee]
    return owner if kind == of.MEMBER and len(arguments) == 1 else None


def _elements(self: FunctionReader, node: Node, callee: int, arguments: list[int]) -> int | None:
    """``a.map(b => ...)``: b is an element of a."""
    kind, owner, _ = self.drafts[callee]
    if kind == of.MEMBER and owner >= 0:
        self.fill(arguments[0], 0, lambda: self.draft(of.ITERATE, owner))
    return None


def _then(self: FunctionReader, node: Node, callee: int, arguments: list[int]) -> int | None:
    """``a.then(b => ...)``: b is what awaiting a gives."""
    kind, owner, _ = self.drafts[callee]
    if kind == of.MEMBER and owner >= 0:
        self.fill(arguments[0], 0, lambda: self.draft(of.AWAIT, owner))
    return None


SPECIAL: Final[dict[str, Callable[[FunctionReader, Node, int, list[int]], int | None]]] = {
    "require": _require,
    "import": _require,
    "create": _created,
    "inherits": _inherits,
    "bind": _bound,
    "then": _then,
    **dict.fromkeys(_COPIES, _copied),
    **dict.fromkeys(_ELEMENTS, _elements),
}
"""By the callee's last name, what else a call says; None if it is a call like others."""
