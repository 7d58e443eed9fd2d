"""Scopes: which expression a name has at a place of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from semindex.parse.facts.model import UNKNOWN


class Scope:
    """The names that a file, a class or a function binds.

    In the scope itself the nearest binding before a use counts. Inside a function that stands in it, which
    runs later, all bindings count.
    """

    def __init__(
        self,
        outer: Scope | None,
        *,
        definition: int = -1,
        owner: int = -1,
        is_class: bool = False,
    ) -> None:
        """Begin without names.

        Args:
            outer: The scope around it, None for a file.
            definition: The definition that it belongs to, -1 for a file.
            owner: The class of whose objects ``self`` is one, -1 outside of methods.
            is_class: Whether it is the body of a class, whose names functions inside do not see.
        """
        self.outer, self.definition, self.owner, self.is_class = outer, definition, owner, is_class
        self.elsewhere: dict[str, Scope] = {}
        """Names that are bound in another scope (``global``, ``nonlocal``)."""
        self._bound: dict[str, list[tuple[int, int]]] = {}

    @property
    def file(self) -> Scope:
        """The scope of the file."""
        scope = self
        while scope.outer is not None:
            scope = scope.outer
        return scope

    def bind(self, name: str, at: int, expression: int) -> None:
        """Let a name have an expression from a byte on."""
        other = self.elsewhere.get(name)
        if other is not None:
            other.bind(name, at, expression)
        else:
            self._bound.setdefault(name, []).append((at, expression))

    def bound(self, name: str) -> Sequence[tuple[int, int]]:
        """The bindings of a name: from which byte on, and the expression."""
        return self._bound.get(name, ())

    @property
    def names(self) -> Sequence[str]:
        """The names that are bound, in their order."""
        return tuple(self._bound)

    def look_up(self, name: str, at: int, union: Callable[[list[int]], int]) -> int | None:
        """The expression of a name used at a byte; None if nothing in the file binds it."""
        own = self._bound.get(name)
        if own is not None:
            before = [expression for begin, expression in own if begin <= at]
            return before[-1] if before else union([expression for _, expression in own])
        scope = self.outer
        while scope is not None:
            own = scope._bound.get(name) if not scope.is_class else None
            if own is not None:
                return union([expression for _, expression in own]) if len(own) > 1 else own[0][1]
            scope = scope.outer
        return None


__all__ = ["UNKNOWN", "Scope"]
