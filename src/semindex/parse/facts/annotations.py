"""Reads Python's type annotations, also those in quotes, into expressions of values that have the type."""

from __future__ import annotations

import re
from collections.abc import Callable

from semindex.parse.facts.model import UNKNOWN, Builder, Op

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[^\W\d]\w*)|(?P<text>'[^']*'|\"[^\"]*\")|(?P<sign>\.\.\.|[\[\],|.()])|(?P<rest>\S))"
)
_TRANSPARENT = frozenset(
    ("Optional", "Annotated", "ClassVar", "Final", "Required", "NotRequired", "ReadOnly", "Unpack", "InitVar")
)
_UNKNOWN = frozenset(("Any", "object", "Literal", "TypeVar", "Concatenate"))
MAX_CHARACTERS = 2000
MAX_DEPTH = 40

LookUp = Callable[[str, int], int]
"""Gives the expression of a name at an offset of the annotation's text, and may note that it is used."""
Member = Callable[[int, str, int], int]
"""Gives the expression of a member of one, and may note that it is used."""


class Annotation:
    """One annotation; :meth:`value` gives the expression of a value that has the type."""

    def __init__(
        self, made: Builder, text: str, look_up: LookUp, member: Member, none: int, own: int
    ) -> None:
        """Take the text.

        Args:
            made: Where expressions are made.
            text: Of the annotation.
            look_up: Of names.
            member: Of members.
            none: The expression of ``None``, which a union leaves out.
            own: What ``Self`` stands for.
        """
        self._made, self._look_up, self._member, self._none, self._own = made, look_up, member, none, own
        self._tokens = [
            (match.lastgroup or "", match[match.lastgroup or 0], match.start(match.lastgroup or 0))
            for match in _TOKEN.finditer(text[:MAX_CHARACTERS])
        ]
        self._at = 0
        self._depth = 0

    def value(self) -> int:
        """The expression of a value of the type; unknown where the text is no type."""
        found = self._union()
        return found if self._at >= len(self._tokens) else UNKNOWN

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _union(self) -> int:
        found = [self._one()]
        while self._peek() == "|":
            self._at += 1
            found.append(self._one())
        return self.either(found)

    def either(self, found: list[int]) -> int:
        """One of several values, ``None`` left out."""
        some = [each for each in found if each != self._none]
        return self._made.union(some) if some else self._none

    def _one(self) -> int:
        if self._at >= len(self._tokens):
            return UNKNOWN
        kind, word, offset = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            inner = Annotation(
                self._made,
                word[1:-1],
                lambda name, at: self._look_up(name, offset + 1 + at),
                lambda base, name, at: self._member(base, name, offset + 1 + at),
                self._none,
                self._own,
            )
            return inner.value()
        if kind == "name":
            return self._named(word, offset)
        if word == "(":
            found = self._union()
            self._at += self._peek() == ")"
            return found
        if word == "[":
            self._arguments("]")
        return UNKNOWN

    def _named(self, word: str, offset: int) -> int:
        base = self._look_up(word, offset)
        last = word
        while self._peek() == "." and self._at + 1 < len(self._tokens):
            _, last, at = self._tokens[self._at + 1]
            base = self._member(base, last, at)
            self._at += 2
        arguments: list[int] = []
        is_generic = self._peek() == "["
        if is_generic:
            self._at += 1
            arguments = self._arguments("]")
        if last == "None" and not is_generic:
            return self._none
        if last == "Self":
            return self._own
        if last in _UNKNOWN:
            return UNKNOWN
        if last == "Union" and is_generic:
            return self.either(arguments)
        if last in _TRANSPARENT and is_generic:
            return arguments[0] if arguments else UNKNOWN
        if last in ("type", "Type"):
            return self._class_of(arguments)
        whole = base
        for each in arguments:
            # An argument that is unknown still has its place.
            whole = self._made.node(Op.APPLY, whole, each if each >= 0 else self._made.free(""))
        return self._made.node(Op.INSTANCE, whole)

    def _class_of(self, arguments: list[int]) -> int:
        """The class itself of ``type[X]``, where X is a name."""
        if not arguments or arguments[0] < 0:
            return UNKNOWN
        return self._made.inner_of_instance(arguments[0])

    def _arguments(self, end: str) -> list[int]:
        """The arguments up to a bracket."""
        found: list[int] = []
        self._depth += 1
        while self._at < len(self._tokens) and self._peek() != end:
            before = self._at
            found.append(self._union() if self._depth < MAX_DEPTH else UNKNOWN)
            if self._peek() == ",":
                self._at += 1
            elif self._peek() != end:
                self._at = max(self._at, before + 1)
        self._at += self._peek() == end
        self._depth -= 1
        return found
