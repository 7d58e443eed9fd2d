"""What a file imports, and which files import it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from semindex.graph.corpus import Unit
from semindex.graph.edges import Target, Tier
from semindex.graph.relations import Relations
from semindex.graph.things import Sort, Thing

MAX_LOOKED_THROUGH = 2_000
"""Files of a repository whose imports are all looked at; of more, those that name the file or folder."""


class Imported(Struct, frozen=True):
    """An import of a file, and what it brings."""

    file: int
    """The file that imports."""
    line: int
    module: str
    """The module as the file writes it, and what is taken from it."""
    tier: Tier
    target: Target | None
    """The file that is imported, as a module; None where it is outside of the index, or not known."""


def imports_of(relations: Relations, file: int) -> Iterator[Imported]:
    """What a file imports, by line; each file or module once a line."""
    unit = relations.corpus.unit(file)
    seen: set[tuple[int, Target | None, str]] = set()
    for number, each in sorted(enumerate(unit.facts.imports if unit else ()), key=lambda item: item[1].line):
        assert unit is not None
        names = unit.facts.names
        module = "." * each.level + names[each.module]
        files: tuple[Target, ...] = tuple(dict.fromkeys(_files(relations, unit, number)))
        taken = names[each.name] if each.name >= 0 else ""
        for target in files or (None,):
            key = (each.line, target, module if target is None else "")
            if key not in seen:
                seen.add(key)
                written = module or taken
                yield Imported(file, each.line, written, _tier(relations, unit, number, target), target)


def importers_of(relations: Relations, file: int) -> Iterator[Imported]:
    """The imports of a file in others, by path and line, each line once."""
    corpus = relations.corpus
    every = sorted(corpus.path_of.values(), key=corpus.path)
    names = _import_names(corpus.path(file))
    if len(every) > MAX_LOOKED_THROUGH:
        every = sorted(corpus.naming(names).tolist(), key=corpus.path)
    for other in every:
        unit = corpus.unit(other)
        if unit is None or other == file:
            continue
        lines: set[int] = set()
        for number, each in enumerate(unit.facts.imports):
            if each.line not in lines and any(
                found.file == file for found in _files(relations, unit, number)
            ):
                lines.add(each.line)
                module = "." * each.level + unit.facts.names[each.module]
                yield Imported(other, each.line, module, Tier.RESOLVED, Target(file, -1))


def _files(relations: Relations, unit: Unit, number: int) -> Iterator[Target]:
    """The files that an import brings, or takes something from."""
    evaluator = relations.edges.evaluator
    each = unit.imported(number)
    modules = evaluator.language(unit.file).module(unit, each) or ()
    if each.name >= 0:
        # ``from package import module`` brings a file, too.
        inner = evaluator.imported(unit, number) or ()
        brought = [thing for thing in inner if thing.sort is Sort.MODULE]
        modules = tuple(brought) or modules
    for thing in modules:
        if thing.sort is Sort.MODULE:
            yield from _of_module(relations, thing)


def _of_module(relations: Relations, thing: Thing) -> Iterator[Target]:
    if thing.file >= 0:
        yield Target(thing.file, -1)
        return
    for file in relations.corpus.folders.get(thing.name, ()):
        if relations.corpus.unit(file) is not None:
            yield Target(file, -1)


def _tier(relations: Relations, unit: Unit, number: int, target: Target | None) -> Tier:
    if target is not None:
        return Tier.RESOLVED
    modules = relations.edges.evaluator.language(unit.file).module(unit, unit.imported(number))
    return Tier.NAME if modules is None else Tier.EXTERNAL


def _import_names(path: str) -> list[str]:
    """Names by which the imports of a file are found: those of the file and of its folder."""
    folder, _, name = path.rpartition("/")
    words = {name.partition(".")[0], folder.rpartition("/")[2]} - {""}
    return sorted(words | {f"/{word}" for word in words})
