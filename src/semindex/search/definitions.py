"""A name to its definitions, and a file to its outline."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from semindex.parse.lines import TextLines
from semindex.search.hits import MAX_TEXT_BYTES, Reader, first_named
from semindex.search.signatures import MAX_LINES as SIGNATURE_LINES
from semindex.search.signatures import signature
from semindex.source.notebooks import is_notebook, is_packed
from semindex.source.roles import Role
from semindex.store.generation import Generation, SymbolRecord
from semindex.tokens import defined_name, symbol_key, whole_term, words
from semindex.types import Definition, Ids, Kind, Mask, Member

MAX_TEXT_LINES = 200
"""A definition is given whole up to here."""
MAX_RANKED = 4000
"""Of a name that is defined more often, those that lie in what the name says are ordered, or the first."""
_MAX_NEAR_CHARS = 40
"""Of a longer name no misspellings are looked up."""
_MAX_NEAR = 20
"""Definitions of each misspelling that are looked at."""
_STANDING_FOR_FOLDER = frozenset(("__init__", "index", "mod"))
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_LATE_ROLES = int(Role.TESTS) | int(Role.EXAMPLES) | int(Role.LEGACY)
_ADDING = frozenset((Kind.IMPLEMENTATION,))
_MINOR = frozenset((Kind.SECTION, Kind.SETTING, Kind.FIELD, Kind.VARIABLE, Kind.CONSTANT))
"""Kinds that come behind the others of the same name."""
_JOINTS = re.compile(r"\.|::|->|#|/|\\")
_CALL = re.compile(r"\([^()]*\)$")


class Asked(Struct, frozen=True):
    """A name that is looked for."""

    text: str
    """As it was asked for."""
    dotted: str
    """The same with dots between its parts."""
    last: str
    """Its last word."""
    outer: tuple[str, ...]
    """The words before that."""
    wanted: tuple[str, ...]
    """What its definitions are looked up by."""


class Found(Struct, frozen=True):
    """What a name means."""

    symbols: tuple[int, ...]
    """The ids of its definitions, best first."""
    total: int
    notes: tuple[str, ...] = ()


def asked_name(text: str) -> Asked | None:
    """The name that was asked for; None if there is none.

    >>> asked_name("Flask.run()")
    Asked(text='Flask.run()', dotted='Flask.run', last='run', outer=('Flask',), wanted=('=run',))
    """
    text = text.strip()
    plain = _CALL.sub("", text) or text
    if not plain:
        return None
    found = words(plain)
    operator = plain.rpartition(".")[2]
    if operator and not re.search(r"\w", operator):
        return Asked(text, plain, operator, tuple(found), (whole_term(operator),))
    is_selector = plain.endswith(":") and not plain.endswith("::")
    last = (found[0] if is_selector else found[-1]) if found else plain
    outer = tuple(found[:-1]) if found and not is_selector else ()
    wanted = dict.fromkeys((whole_term(last), defined_name(plain), defined_name(text)))
    return Asked(text, _JOINTS.sub(".", plain).strip("."), last, outer, tuple(wanted))


def definitions_of(generation: Generation, asked: Asked, files: Mask, kinds: Sequence[Kind] = ()) -> Found:
    """The definitions that a name means, best first.

    They are ordered by: whether their qualified name is the one asked for; how many of the names around them
    that were asked for they have; the very name before one of another case; those right inside what was
    named; tests, examples and headings behind the rest; what only adds to a definition; path and line. When
    some have all names around them, the others are left out.

    Args:
        generation: The index.
        asked: The name.
        files: The files that may have them, shape ``(files,)``.
        kinds: Only definitions of these; any, if none is given.
    """
    ids = np.unique(np.concatenate([generation.defined(symbol_key(wanted)) for wanted in asked.wanted]))
    ids = ids[files[generation.files_of(ids)]]
    ids, notes = _fewer(generation, ids, asked)
    records = [(symbol, generation.symbol(symbol)) for symbol in ids.tolist()]
    records = [
        (symbol, record)
        for symbol, record in records
        if (not kinds or record.kind in kinds) and _has_name(record, asked)
    ]
    roles = generation.column("file_roles")
    places = {symbol: _around(generation, record) for symbol, record in records}
    lacking = {symbol: _lacking(asked.outer, places[symbol]) for symbol, _ in records}
    least = min(lacking.values(), default=0)
    if least == 0:
        records = [(symbol, record) for symbol, record in records if lacking[symbol] == 0]
    else:
        told = ".".join(asked.outer)
        notes += (f"no definition of {asked.last} was found in {told}; shown are others of that name",)

    def order(item: tuple[int, SymbolRecord]) -> tuple[object, ...]:
        symbol, record = item
        late = bool(roles[record.file] & _LATE_ROLES) or record.kind is Kind.SECTION
        return (
            not (asked.outer and _is_whole(record, asked)),
            lacking[symbol],
            not _is_very_name(record.name, asked),
            sum(word not in places[symbol] for word in asked.outer),
            bool(asked.outer) and not _is_end(generation.path(record.file), record, asked),
            late,
            record.kind in _ADDING,
            not _is_whole(record, asked),
            record.kind in _MINOR,
            generation.path(record.file),
            record.start_line,
            symbol,
        )

    records.sort(key=order)
    return Found(tuple(symbol for symbol, _ in records), len(records), notes if records else ())


def _has_name(record: SymbolRecord, asked: Asked) -> bool:
    """Whether a definition is one of those that are asked for; others may have the same key."""
    if _is_whole(record, asked):
        return True
    if record.kind is Kind.SECTION:
        return _folded(record.name) in (_folded(asked.last), _folded(asked.dotted))
    return defined_name(record.name) in asked.wanted or record.name == asked.last


def _is_whole(record: SymbolRecord, asked: Asked) -> bool:
    """Whether the qualified name of a definition is the one that was asked for."""
    return record.qualified == asked.text or _JOINTS.sub(".", record.qualified) == asked.dotted


def _is_end(path: str, record: SymbolRecord, asked: Asked) -> bool:
    """Whether the path and the qualified name of a definition end with the name that was asked for.

    ``cookies.parse`` is the end of ``src/cookies.py`` and ``parse``, and not of ``Jar.parse`` there.
    """
    stem = path.rpartition(".")[0] or path
    folder, _, last = stem.rpartition("/")
    module = folder if last in _STANDING_FOR_FOLDER else stem
    whole = _JOINTS.sub(".", f"{module}.{record.qualified}").lower()
    return f".{whole}".endswith(f".{asked.dotted.lower()}")


def _folded(text: str) -> str:
    return " ".join(words(text)).lower()


def _fewer(generation: Generation, ids: Ids, asked: Asked) -> tuple[Ids, tuple[str, ...]]:
    """At most :data:`MAX_RANKED` of some definitions: those in what is named around them, if it is."""
    if len(ids) <= MAX_RANKED:
        return ids, ()
    if asked.outer:
        near = asked.outer[-1].lower()
        inside = generation.inside(ids, symbol_key(whole_term(near)))
        files, place = np.unique(generation.files_of(ids), return_inverse=True)
        named = np.array([near in _path_words(generation.path(file)) for file in files.tolist()])
        chosen = ids[inside | named[place]]
        ids = chosen if len(chosen) else ids
    if len(ids) <= MAX_RANKED:
        return ids, ()
    note = f"{len(ids):,} definitions have that name; ordered were {MAX_RANKED:,} of them"
    return ids[:MAX_RANKED], (note,)


def _around(generation: Generation, record: SymbolRecord) -> frozenset[str]:
    """The words of the names around a definition, its path's among them, as they are and in lower case."""
    inner = words(record.qualified)[: -max(1, len(words(record.name)))]
    own = words(record.name)[:-1]
    return frozenset([*inner, *own, *(word.lower() for word in (*inner, *own))]) | _path_words(
        generation.path(record.file)
    )


def _path_words(path: str) -> frozenset[str]:
    """The words of a path without its extension, as they are and in lower case."""
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    found = words(f"{folder}/{stem}")
    return frozenset([*found, *(word.lower() for word in found)])


def _lacking(outer: Sequence[str], around: frozenset[str]) -> int:
    return sum(word.lower() not in around for word in outer)


def _is_very_name(name: str, asked: Asked) -> bool:
    if name in (asked.last, asked.dotted) or asked.dotted.endswith("." + name):
        return True
    found = words(name)
    return bool(found) and (found[0] if name.endswith(":") else found[-1]) == asked.last


def near_names(generation: Generation, asked: Asked, files: Mask) -> list[str]:
    """The qualified names of definitions whose name differs by one letter, or by two that are swapped.

    Names in an index are found by keys alone, so all such misspellings are looked up. Those that stand in
    what the name says come first.
    """
    name = asked.wanted[0].removeprefix("=")
    if not 3 <= len(name) <= _MAX_NEAR_CHARS:
        return []
    found: dict[str, tuple[object, ...]] = {}
    for each in _misspelt(name):
        wanted = f"={each}"
        symbols = generation.defined(symbol_key(wanted))[:_MAX_NEAR]
        for record in map(generation.symbol, symbols.tolist()):
            if files[record.file] and record.kind is not Kind.SECTION and defined_name(record.name) == wanted:
                lacking = _lacking(asked.outer, _around(generation, record))
                found.setdefault(record.qualified, (lacking, record.kind in _MINOR, record.qualified))
    return sorted(found, key=lambda qualified: found[qualified])


def _misspelt(name: str) -> dict[str, None]:
    """A name with a letter missing, added or replaced, or with two neighbours swapped."""
    near: dict[str, None] = {}
    for at in range(len(name) + 1):
        before, behind = name[:at], name[at:]
        near[before + behind[1:]] = None
        near[before + behind[1:2] + behind[:1] + behind[2:]] = None
        for letter in _LETTERS:
            near[before + letter + behind] = None
            near[before + letter + behind[1:]] = None
    near.pop(name, None)
    return near


def near_paths(generation: Generation, path: str, most: int = 3) -> tuple[str, ...]:
    """Indexed paths near to one that is not: of the same name, of the same name but its case, or like it."""
    folder, _, name = path.rpartition("/")
    same = [known for known, _ in generation.named.get(name, ())]
    if not same:
        folded = {known.lower(): known for known in generation.named}
        alike = difflib.get_close_matches(name.lower(), _like(name.lower(), folded), n=most, cutoff=0.75)
        same = [known for each in alike for known, _ in generation.named[folded[each]]]
    parts = folder.split("/")
    same.sort(key=lambda known: -len({*parts} & {*known.split("/")}))
    return tuple(same[:most])


def _like(name: str, known: dict[str, str]) -> list[str]:
    """Those of some names that a measure of likeness is worth asking for."""
    return [each for each in known if abs(len(each) - len(name)) <= 3 and (each[:1] == name[:1])][:5000]


class Shower:
    """Makes definitions and members of ids, and reads each file once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._generation = reader.generation
        self._lines: dict[int, TextLines | None] = {}

    def definition(self, symbol: int, *, with_text: bool = True) -> Definition:
        """A definition with its members."""
        generation, reader = self._generation, self._reader
        record = generation.symbol(symbol)
        facts = generation.facts(record.file)
        lines = self._lines_of(record.file)
        text, masked, truncated = None, 0, False
        if lines is not None and with_text:
            text, masked, truncated = self._text(record, lines)
        return Definition(
            path=facts.path,
            start_line=record.start_line,
            end_line=record.end_line,
            symbol=record.qualified,
            name=record.name,
            kind=record.kind.label,
            lang=facts.language,
            repository=reader.root(facts),
            repo=reader.called(facts),
            digest=facts.digest_hex,
            stale=lines is None,
            signature=self._signature(record, lines),
            text=text,
            truncated=truncated,
            masked=masked,
            members=self._members(record.file, symbol),
        )

    def signature(self, symbol: int, most_lines: int = SIGNATURE_LINES) -> str | None:
        """The head of a definition; None when its file is not what was indexed."""
        record = self._generation.symbol(symbol)
        return self._signature(record, self._lines_of(record.file), most_lines)

    def outline(self, file: int) -> tuple[Definition, ...]:
        """The definitions at the top level of a file, with their members and without their texts."""
        return tuple(self.definition(each, with_text=False) for each in self._generation.members(file))

    def _members(self, file: int, symbol: int) -> tuple[Member, ...]:
        generation, lines = self._generation, self._lines_of(file)
        records = map(generation.symbol, generation.members(file, symbol))
        return tuple(
            Member(
                symbol=record.qualified,
                name=record.name,
                kind=record.kind.label,
                start_line=record.start_line,
                end_line=record.end_line,
                signature=self._signature(record, lines),
            )
            for record in records
        )

    def _lines_of(self, file: int) -> TextLines | None:
        if file not in self._lines:
            text = self._reader.text(file)
            self._lines[file] = None if text is None else TextLines(text)
        return self._lines[file]

    def _text(self, record: SymbolRecord, lines: TextLines) -> tuple[str | None, int, bool]:
        """The lines of a definition, how many secrets are masked in them, and whether they are cut."""
        begin, end = self._bytes(record, lines, record.end_line)
        _, stop = self._bytes(record, lines, record.start_line + MAX_TEXT_LINES - 1)
        text, masked = self._reader.shown(record.file, begin, min(end, stop))
        return text, masked, stop < end or min(end, stop) - begin > MAX_TEXT_BYTES

    def _signature(
        self, record: SymbolRecord, lines: TextLines | None, most_lines: int = SIGNATURE_LINES
    ) -> str | None:
        if lines is None:
            return None
        last = min(record.end_line, record.start_line + most_lines - 1)
        begin, end = self._bytes(record, lines, last)
        text, _ = self._reader.shown(record.file, begin, end)
        language = self._generation.language(record.file)
        if record.kind in _MINOR:
            language = ""
        return signature(text or "", language, most_lines)

    def _bytes(self, record: SymbolRecord, lines: TextLines, last: int) -> tuple[int, int]:
        """The bytes from the first line of a definition to one of its lines."""
        path = self._generation.path(record.file)
        begin, end = self._generation.byte_range(record.chunk)
        if is_notebook(path) and is_packed(lines.text, begin):
            # All lines of a cell may be on one line of the file.
            return first_named(lines.text, record.name, begin, end), end
        first = min(record.start_line, lines.count) - 1
        last = min(max(record.start_line, min(last, record.end_line)), lines.count)
        return int(lines.starts[first]), int(lines.starts[last])
