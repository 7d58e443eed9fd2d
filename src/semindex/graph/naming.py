"""Which definitions of the code graph a name or a line means."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from semindex.graph.corpus import Corpus
from semindex.graph.edges import Target
from semindex.parse.facts.model import Flag, Form
from semindex.source.roles import Role
from semindex.store.generation import SymbolRecord

_ASIDE = int(Role.TESTS) | int(Role.EXAMPLES) | int(Role.LEGACY)
_LAST_WORD = re.compile(r"[^\W]+(?=\W*$)")


class Candidate(Struct, frozen=True):
    """A definition that a name may mean."""

    target: Target
    qualified: str
    is_whole: bool
    """Whether its qualified name is the one that was asked for."""
    is_aside: bool
    """Whether its file is one of tests, examples or old code."""
    is_declaration: bool
    """Whether it has no body."""


def candidate(corpus: Corpus, record: SymbolRecord, dotted: str) -> Candidate | None:
    """What the code graph knows of a definition of the index; None if it does not.

    ``dotted`` is the name that was asked for, its parts joined by dots.
    """
    unit = corpus.unit(record.file)
    if unit is None:
        return None
    last = _LAST_WORD.search(record.name)
    name = last[0] if last else record.name
    found = [
        number
        for number, each in enumerate(unit.facts.definitions)
        if record.start_line <= each.line <= record.end_line and unit.name(number) in (name, record.name)
    ]
    if not found:
        return None
    number = min(found, key=lambda each: (abs(unit.definition(each).end_line - record.end_line), each))
    qualified = unit.qualified(number)
    return Candidate(
        Target(record.file, number),
        qualified,
        dotted in (qualified, record.qualified),
        bool(corpus.file_roles[record.file] & _ASIDE),
        bool(unit.definition(number).flags & Flag.DECLARATION),
    )


def grouped(
    candidates: Sequence[Candidate], unfollowed: Sequence[int]
) -> tuple[list[list[Candidate]], Sequence[int]]:
    """The candidates in groups of variants of one definition, and the files that stay.

    Variants have one name in one file, as overloads and branches have; and a definition stands for what only
    declares it in other files.
    """
    by_name: dict[tuple[int, str], list[Candidate]] = {}
    for each in candidates:
        by_name.setdefault((each.target.file, each.qualified), []).append(each)
    groups = list(by_name.values())
    for name in {each.qualified for each in candidates}:
        same = [group for group in groups if group[0].qualified == name]
        whole = [group for group in same if not all(each.is_declaration for each in group)]
        if len(whole) == 1 and len(same) > 1:
            whole[0] += [each for group in same if group is not whole[0] for each in group]
            groups = [group for group in groups if group is whole[0] or group[0].qualified != name]
    return groups, unfollowed


def definitions_at(corpus: Corpus, file: int, line: int) -> list[Target]:
    """What is defined on a line of a file, else the innermost definition around it; none at the top."""
    unit = corpus.unit(file)
    if unit is None:
        return []
    here = [number for number, each in enumerate(unit.facts.definitions) if each.line == line]
    if here:
        named = [each for each in here if unit.definition(each).form != Form.VARIABLE]
        return [Target(file, (named or here)[0])]
    around = unit.around(line)
    return [Target(file, around)] if around >= 0 else []
