"""Queries of n-grams: what a text must have, as conjunctions of n-grams and of disjunctions.

An n-gram is ``b0 << 16 | b1 << 8 | b2`` of three consecutive bytes of UTF-8 text, capital letters of ASCII
made small, none of them a newline.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

MAX_GRAMS = 64  # in one conjunction: more would not narrow further, but each has to be looked up
MAX_PARTS = 64
MAX_ALL_GRAMS = 512
_NEWLINE = 10


class All(Struct, frozen=True):
    """Holds for a text that has every n-gram, and for which each disjunction holds; empty, for every text."""

    grams: tuple[int, ...]
    either: tuple[Either, ...] = ()


class Either(Struct, frozen=True):
    """Holds for a text for which at least one part holds; no part is empty."""

    parts: tuple[All, ...]


ANY = All(())


def has_all(query: All, grams: Collection[int]) -> bool:
    """Whether a text that has ``grams`` can be what ``query`` asks for."""
    if not all(gram in grams for gram in query.grams):
        return False
    return all(any(has_all(part, grams) for part in each.parts) for each in query.either)


def written(query: All) -> str:
    """The query as people read it: ``foo oob (bar | baz)``; an empty one gives an empty text."""
    words = [gram.to_bytes(3, "big").decode("utf-8", "backslashreplace") for gram in query.grams]
    words += ["(" + " | ".join(written(part) for part in each.parts) + ")" for each in query.either]
    return " ".join(words)


def grams_of(text: bytes) -> tuple[int, ...]:
    """The distinct n-grams of a text in their order; of many, :data:`MAX_GRAMS` from all over the text."""
    found = dict.fromkeys(
        a << 16 | b << 8 | c
        for a, b, c in zip(text, text[1:], text[2:], strict=False)
        if _NEWLINE not in (a, b, c)
    )
    return _spread(tuple(found))


def having(texts: Collection[bytes]) -> All:
    """The query for texts of which at least one is there."""
    return either([All(grams_of(text)) for text in sorted(texts)])


def either(parts: Sequence[All]) -> All:
    """The query for which one of ``parts`` has to hold, with what all of them have taken out of them."""
    parts = tuple(dict.fromkeys(parts))
    if len(parts) == 1:
        return parts[0]
    common = set(parts[0].grams).intersection(*(part.grams for part in parts[1:])) if parts else ()
    shared = tuple(gram for gram in parts[0].grams if gram in common) if parts else ()
    if len(parts) > MAX_PARTS:
        return All(shared)
    rest = _without(Either(parts), common)
    return All(shared, (rest,) if rest else ())


def both(queries: Iterable[All]) -> All:
    """The query for which each of ``queries`` has to hold."""
    grams: dict[int, None] = {}
    disjunctions: dict[Either, None] = {}
    for query in queries:
        grams.update(dict.fromkeys(query.grams))
        disjunctions.update(dict.fromkeys(query.either))
    kept = (_without(each, grams) for each in disjunctions)
    return All(_spread(tuple(grams)), tuple(each for each in kept if each))


def bounded(query: All) -> All:
    """A query that is no stronger and has at most :data:`MAX_ALL_GRAMS` n-grams; small disjunctions stay."""
    left = MAX_ALL_GRAMS - len(query.grams)
    kept = []
    for size, place in sorted((_size(each), place) for place, each in enumerate(query.either)):
        left -= size
        if left >= 0:
            kept.append(place)
    return All(tuple(sorted(query.grams)), tuple(query.either[place] for place in sorted(kept)))


def _without(disjunction: Either, grams: Collection[int]) -> Either | None:
    """The disjunction for a text that has ``grams``; None if it then always holds."""
    parts = [
        All(tuple(gram for gram in part.grams if gram not in grams), part.either)
        for part in disjunction.parts
    ]
    return None if ANY in parts else Either(tuple(dict.fromkeys(parts)))


def _size(disjunction: Either) -> int:
    return sum(len(part.grams) + sum(map(_size, part.either)) for part in disjunction.parts)


def _spread(grams: tuple[int, ...]) -> tuple[int, ...]:
    if len(grams) <= MAX_GRAMS:
        return grams
    return tuple(grams[len(grams) * place // MAX_GRAMS] for place in range(MAX_GRAMS))
