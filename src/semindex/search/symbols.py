"""Definitions that a query names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from semindex.search.weights import Weights
from semindex.store.generation import Generation, SymbolRecord
from semindex.tokens import defined_name, is_identifier, symbol_key, whole_term, word_terms, words
from semindex.types import Kind

MAX_DEFINITIONS = 400
"""A name defined more often than this tells nothing, and gets no boost."""
MAX_IDENTIFIERS = 8
_DOTTED = r"(?<![\w./:])[A-Za-z_]\w{0,99}(?:(?:\.|::|->|#)[A-Za-z_]\w{0,99}){1,8}(?![\w/:])"
"""Names of a sentence with those around them, as programs write them."""
_HEADINGS = frozenset(Kind) - {Kind.FIELD, Kind.VARIABLE, Kind.CONSTANT}
"""All kinds but those whose names say little of the code around them."""
MAX_HEADINGS = 50
"""A chunk with more definitions is a table of them."""
MAX_ONLY_FILES = 2
"""A name that more files define does not tell which definition is meant."""
_ADDING = frozenset((Kind.IMPLEMENTATION,))
"""Kinds that add to a definition of the same name elsewhere."""


class SymbolMatch(Struct, frozen=True):
    """A file's best definition of a name in the query."""

    boost: float
    symbol: int
    chunk: int
    exact: bool
    """Whether the definition has the very name, case and underscores included."""
    adds: bool = False
    """Whether it only adds to a definition of that name, such as ``impl`` of Rust."""


class Name(Struct, frozen=True):
    """A name in a query."""

    name: str
    outer: tuple[str, ...]
    """Names of enclosing definitions, as the query has them."""
    wanted: str
    """What its definitions are looked up by."""
    bare: bool
    """Whether the query is nothing else."""

    @property
    def key(self) -> int:
        """The key of its definitions; others may have it too."""
        return symbol_key(self.wanted)


def names_in(text: str) -> list[Name]:
    """The names in a query.

    A query without blanks is a name, its earlier components those of enclosing definitions
    (``Flask.run``, ``std::move``); in a sentence words that look like identifiers are names, and those
    that are joined like them (``res.redirect``).
    """
    bare = len(text.split()) == 1
    found = words(text)
    if not found:
        return []
    if bare and text.rstrip().endswith(":"):
        return [Name(found[0], (), whole_term(found[0]), True)]  # a selector: load:into:
    if bare:
        return [Name(found[-1], tuple(found[:-1]), whole_term(found[-1]), True)]
    dotted = {match[0] for match in re.finditer(_DOTTED, text)}
    inside = [words(name) for name in sorted(dotted, key=text.index)]
    named = [
        Name(each[-1], tuple(each[:-1]), whole_term(each[-1]), False) for each in inside if len(each) > 1
    ]
    known = {name.name for name in named}
    named += [
        Name(word, (), whole_term(word), False) for word in found if is_identifier(word) and word not in known
    ]
    return named[:MAX_IDENTIFIERS]


def symbol_matches(
    generation: Generation, names: Sequence[Name], weights: Weights, kinds: Collection[Kind] = ()
) -> dict[int, SymbolMatch]:
    """The best match of each file that defines one of some names, by file id.

    With ``kinds`` only definitions of these count.
    """
    best: dict[int, SymbolMatch] = {}
    for name in names:
        symbols = generation.defined(name.key)
        if len(symbols) > MAX_DEFINITIONS:
            continue
        base = weights.symbol if name.bare else weights.symbol_inside
        records = [(symbol, generation.symbol(symbol)) for symbol in symbols.tolist()]
        records = [
            (symbol, record)
            for symbol, record in records
            if defined_name(record.name) == name.wanted and (not kinds or record.kind in kinds)
        ]
        meant = {symbol: record.file for symbol, record in records if _is_meant(record, name)}
        only = weights.symbol_only if name.bare and len({*meant.values()}) <= MAX_ONLY_FILES else 0.0
        for symbol, record in records:
            exact = _is_exact(record, name)
            boost = base * _closeness(record, exact, name.outer, weights)
            if symbol in meant:
                boost += only
            found_here = SymbolMatch(boost, symbol, record.chunk, exact, record.kind in _ADDING)
            known = best.get(record.file)
            best[record.file] = found_here if known is None else _better(known, found_here)
    return best


def meant_chunks(
    generation: Generation, names: Sequence[Name], matches: Mapping[int, SymbolMatch]
) -> list[int]:
    """The chunks of those matches that stand where a dotted name says: ``Flask.run`` inside ``Flask``."""
    dotted = [name for name in names if name.bare and name.outer]
    records = [generation.symbol(match.symbol) for match in matches.values()] if dotted else []
    return [record.chunk for record in records if any(_is_meant(record, name) for name in dotted)]


def setting_matches(
    generation: Generation, text: str, weights: Weights, kinds: Collection[Kind] = ()
) -> dict[int, SymbolMatch]:
    """The best match of each file that has a setting whose key path the words of a query spell.

    ``redis host`` spells ``spring.redis.host``: the last key and at least one around it are named, or two
    parts of the key itself, as in ``maxmemory-policy``.
    """
    if kinds and not {Kind.SETTING, Kind.CONFIG} & {*kinds}:
        return {}
    asked = {word.lower() for word in words(text)[:MAX_IDENTIFIERS]}
    best: dict[int, SymbolMatch] = {}
    for word in sorted(asked):
        symbols = generation.defined(symbol_key(whole_term(word)))
        for symbol in symbols.tolist() if len(symbols) <= MAX_DEFINITIONS else ():
            record = generation.symbol(symbol)
            path = {part.lower() for part in words(record.qualified)}
            spelled = len(path & asked)
            if record.kind is not Kind.SETTING or spelled < 2:
                continue
            boost = weights.setting_path * min(1.0, spelled / min(len(path), 3))
            known = best.get(record.file)
            if known is None or boost > known.boost:
                best[record.file] = SymbolMatch(boost, symbol, record.chunk, False)
    return best


def closest(
    generation: Generation, chunk: int, terms: Collection[str], kinds: Collection[Kind]
) -> int | None:
    """Of the definitions of some kinds that begin in a chunk, the one whose name has most of some terms.

    Of equals it is the first. None when the chunk has none of these kinds.
    """
    found = [symbol for symbol in generation.starting(chunk) if generation.symbol(symbol).kind in kinds]
    return max(found, key=lambda symbol: name_share(generation.symbol(symbol).name, terms), default=None)


def heading(generation: Generation, chunk: int, owner: str | None, terms: Collection[str]) -> int | None:
    """The definition that a chunk is shown under, in place of its ``owner``; None to keep that.

    It is one that begins in the chunk and whose name has more of some terms than the owner's.
    """
    if not 1 < len(generation.starting(chunk)) <= MAX_HEADINGS:
        return None
    best = closest(generation, chunk, terms, _HEADINGS)
    own = name_share(owner.rpartition(".")[2], terms) if owner is not None else 0.0
    return best if best is not None and name_share(generation.symbol(best).name, terms) > own else None


def name_share(name: str, terms: Collection[str]) -> float:
    """The share of the terms of a name that are among some terms."""
    own = [term for word in words(name) for term in word_terms(word) if not term.startswith("=")]
    return sum(term in terms for term in own) / max(1, len(own))


def _better(one: SymbolMatch, other: SymbolMatch) -> SymbolMatch:
    """The nearer definition, the very name before a like one, with the higher boost of the two."""
    nearer = max(one, other, key=lambda match: (match.exact, not match.adds, match.boost, -match.chunk))
    return replace(nearer, boost=max(one.boost, other.boost))


def _is_exact(record: SymbolRecord, name: Name) -> bool:
    return record.name == name.name or _last_word(record.name) == name.name


def _is_meant(record: SymbolRecord, name: Name) -> bool:
    """Whether a definition is surely meant: it has the very name, and stands where the query says."""
    if record.kind in _ADDING or record.kind is Kind.SECTION or not _is_exact(record, name):
        return False
    return _enclosing(record).issuperset(word.lower() for word in name.outer)


def _enclosing(record: SymbolRecord) -> set[str]:
    """The words of the names around a definition, in lower case."""
    return {word.lower() for word in words(record.qualified)[:-1]}


def _last_word(name: str) -> str:
    found = words(name)
    return found[-1] if found else ""


def _closeness(record: SymbolRecord, exact: bool, outer: Sequence[str], weights: Weights) -> float:
    """1 for the very name of a definition of 20 lines or more; less for small ones and other cases."""
    lines = record.end_line - record.start_line + 1
    value = min(1.0, 0.5 + lines / 40)
    if not exact:
        value *= weights.symbol_other_case
    if record.kind in _ADDING:
        value *= weights.symbol_adding
    if outer:
        enclosing = _enclosing(record)
        value *= (1 + sum(word.lower() in enclosing for word in outer)) / (1 + len(outer))
    return value
